"""The sentences and figures that every report shares, so that no two of them say different things."""

from __future__ import annotations

from collections.abc import Sequence

from asrcli.base.counts import count_of
from asrcli.compare.scores import FEW_UNITS, Comparison, PairScore, Share, SystemScore
from asrcli.scoring.intervals import LEVEL, Interval
from asrcli.scoring.significance import MatchedPairs

RULE = (
    "A difference is significant when no interval of it covers zero and both the matched-pairs test (MAPSSWE) and the "
    f"randomisation test over speakers or sessions, or else utterances, are below {LEVEL} after correction for the "
    f"number of pairs. On fewer than {FEW_UNITS} of them the verdict says so."
)


def percent(rate: float | None, digits: int = 2) -> str:
    """Return a rate as a percentage; a dash where there is none."""
    return "–" if rate is None else f"{100 * rate:.{digits}f} %"


def signed(rate: float) -> str:
    """Return a difference of rates in percentage points, with its sign."""
    return f"{100 * rate:+.2f}".replace("-", "−")


def span(interval: Interval | None, *, plus: bool = False) -> str:
    """Return an interval of rates, in percent."""
    if interval is None:
        return "–"
    if interval.low == 0 and not plus:  # no error: an upper bound
        return f"≤ {100 * interval.high:.2f}"
    if plus:
        return f"[{signed(interval.low)}, {signed(interval.high)}]"
    return f"[{100 * interval.low:.2f}, {100 * interval.high:.2f}]"


def z_value(test: MatchedPairs) -> str:
    """Return the Z of MAPSSWE; infinite where all segments differ by the same number."""
    return f"{'−' if test.mean < 0 else ''}∞" if test.constant else f"{test.z:.3f}"


def rates(shares: Sequence[Share], intervals: Sequence[Interval | None]) -> list[str]:
    """Return rates with their intervals, where they have one."""
    both = zip(shares, intervals, strict=True)
    return [percent(share.rate) + behind(interval) for share, interval in both]


def behind(interval: Interval | None) -> str:
    """Return what stands behind a rate: a space and its interval, or nothing."""
    return f" {span(interval)}" if interval else ""


def p_value(value: float) -> str:
    """Return a probability, no more exact than it is meant."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def verdict(comparison: Comparison, pair: PairScore) -> str:
    """Return in one sentence whether two systems can be told apart."""
    first, second = comparison.systems[pair.first], comparison.systems[pair.second]
    better, worse = (first, second) if pair.difference < 0 else (second, first)
    if pair.significant:
        only = "" if pair.units >= FEW_UNITS else f", on {units(comparison, pair)} only"
        return f"{better.name} makes fewer errors than {worse.name}{only}"
    if pair.difference == 0:
        return f"{first.name} and {second.name} make equally many errors"
    if not pair.enough:
        are = "is" if pair.units == 1 else "are"
        more = f"{units(comparison, pair)} {are} too few to tell, {pair.fewest} are the least"
    elif pair.more_needed:
        of = f" of {pair.more_units:,} more speakers or sessions" if comparison.groups else ""
        more = (
            f"about {pair.more_needed:,} more utterances like these{of} would show the difference in 8 of 10 cases, "
            "if it is real"
        )
    else:
        more = "the tests do not agree; more speakers or sessions are needed"
    return f"{first.name} and {second.name} are not distinguishable: {more}"


def units(comparison: Comparison, pair: PairScore) -> str:
    """Return on how many independent units a verdict rests."""
    if comparison.groups:
        return count_of(pair.units, "speaker or session", "speakers or sessions")
    return count_of(pair.units, "utterance")


def winner(comparison: Comparison) -> int | None:
    """Return the system that is significantly better than every other one; ``None`` without such a one."""
    for index in range(len(comparison.systems)):
        against = [pair for pair in comparison.pairs if index in (pair.first, pair.second)]
        decided = all(pair.significant and pair.units >= FEW_UNITS for pair in against)  # without a reservation
        if against and decided and all((pair.difference < 0) == (pair.first == index) for pair in against):
            return index
    return None


def convention(comparison: Comparison) -> str:
    """Return how errors were counted, in one line."""
    settings = comparison.settings
    language = f", language {settings.language}" if settings.language else ""
    return f"normaliser {comparison.normalizer}{language}; convention {settings.convention.value}; intervals 95 %"


def unmatched(one: SystemScore, most: int = 5) -> list[str]:
    """Return what one system has no counterpart for."""
    said = []
    if one.missing:
        names = first_names(one.missing, most)
        said.append(
            f"{one.name}: {count_of(one.missing, 'reference')} without a hypothesis, counted as missed: {names}"
        )
    if one.extra:
        said.append(
            f"{one.name}: {count_of(one.extra, 'hypothesis', 'hypotheses')} without a reference, ignored: "
            f"{first_names(one.extra, most)}"
        )
    return said


def first_names(names: tuple[str, ...], most: int) -> str:
    """Return the first names of many."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
