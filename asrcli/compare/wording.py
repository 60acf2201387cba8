"""The sentences and figures that every report shares, so that no two of them say different things."""

from __future__ import annotations

from asrcli.compare.scores import FEWEST_SEGMENTS, Comparison, PairScore, SystemScore
from asrcli.scoring.significance import Interval


def percent(rate: float | None, digits: int = 2) -> str:
    """Return a rate as a percentage; a dash where there is none."""
    return "–" if rate is None else f"{100 * rate:.{digits}f} %"


def signed(rate: float, digits: int = 2) -> str:
    """Return a difference of rates in percentage points, with its sign."""
    return f"{100 * rate:+.{digits}f}".replace("-", "−")


def span(interval: Interval | None, *, plus: bool = False) -> str:
    """Return an interval of rates, in percent."""
    if interval is None:
        return "–"
    if plus:
        return f"[{signed(interval.low)}, {signed(interval.high)}]"
    return f"[{100 * interval.low:.2f}, {100 * interval.high:.2f}]"


def p_value(value: float) -> str:
    """Return a probability, no more exact than it is meant."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def verdict(comparison: Comparison, pair: PairScore) -> str:
    """Return in one sentence whether two systems can be told apart."""
    first, second = comparison.systems[pair.first], comparison.systems[pair.second]
    if pair.significant:
        better, worse = (first, second) if pair.difference < 0 else (second, first)
        return f"{better.name} makes fewer errors than {worse.name}"
    if pair.difference == 0:
        return f"{first.name} and {second.name} make equally many errors"
    if pair.matched_pairs.segments < FEWEST_SEGMENTS:
        more = (
            f"{pair.matched_pairs.segments} stretches with errors are too few to tell, {FEWEST_SEGMENTS} are the least"
        )
    elif pair.more_needed:
        more = f"about {pair.more_needed:,} more utterances like these would settle it, if the difference is real"
    else:
        more = "the tests do not agree; more speakers or sessions are needed"
    return f"{first.name} and {second.name} are not distinguishable: {more}"


def winner(comparison: Comparison) -> int | None:
    """Return the system that is significantly better than every other one; ``None`` without such a one."""
    for index in range(len(comparison.systems)):
        against = [pair for pair in comparison.pairs if index in (pair.first, pair.second)]
        if against and all(pair.significant and (pair.difference < 0) == (pair.first == index) for pair in against):
            return index
    return None


def convention(comparison: Comparison) -> str:
    """Return how errors were counted, in one line."""
    settings = comparison.settings
    language = f", language {settings.language}" if settings.language else ""
    return (
        f"normaliser {comparison.normalizer}{language}; convention {settings.convention.value}; intervals 95 %, "
        f"{settings.replicates:,} bootstrap replicates, seed {settings.seed}"
    )


def unmatched(one: SystemScore, most: int = 5) -> list[str]:
    """Return what one system has no counterpart for."""
    said = []
    if one.missing:
        names = few(one.missing, most)
        said.append(f"{one.name}: {len(one.missing)} references without a hypothesis, counted as missed: {names}")
    if one.extra:
        said.append(f"{one.name}: {len(one.extra)} hypotheses without a reference, ignored: {few(one.extra, most)}")
    return said


def few(names: tuple[str, ...], most: int) -> str:
    """Return the first names of many."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
