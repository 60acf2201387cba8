"""How sure a rate is, and whether two systems differ: intervals and paired tests over the same utterances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]  # (utterances,)

LEVEL = 0.05
POWER = 0.8416  # standard errors: the normal quantile of 80 %
FEWEST_FOR_INTERVAL = 5  # independent units
MOST_FREEDOM = 10_000  # degrees of freedom: beyond, Student's t is an expansion round the normal distribution


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float

    @property
    def covers_zero(self) -> bool:
        """Whether no difference is among the plausible values."""
        return self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How the rates of all systems depend on single units: utterances, speakers or sessions.

    Every unit is left out once (jackknife). Intervals of rates are made on the logarithm, because few errors have a
    skew distribution, with Student's t on the effective number of units less one. Intervals of differences are put
    together from those of both rates and their correlation (Zou and Donner, Statistics in Medicine 27, 2008), which
    keeps the skew. Coverage is measured in ``benchmarks/intervals.py``.
    """

    rates: NDArray[np.float64]  # (systems,)
    shares: NDArray[np.float64]  # (systems, systems), covariance of the rates
    words: NDArray[np.int64]  # (systems,)
    factor: float  # of a standard error, for 95 %
    units: int
    differing: NDArray[np.bool_]  # (systems, systems): some unit has other errors in one than in the other

    def interval(self, system: int) -> Interval | None:
        """Return the interval of one system's rate; ``None`` where there are too few units for one."""
        rate, variance = float(self.rates[system]), float(self.shares[system, system])
        if self.units < FEWEST_FOR_INTERVAL or not self.words[system] or not math.isfinite(variance):
            return None
        if rate == 0:
            return Interval(0.0, upper_bound(int(self.words[system])))
        stretch = math.exp(min(self.factor * math.sqrt(variance) / rate, 50.0))
        return Interval(rate / stretch, rate * stretch)

    def difference(self, first: int, second: int) -> Interval | None:
        """Return the interval of the first rate less the second, paired."""
        one, two = self.interval(first), self.interval(second)
        if one is None or two is None:
            return None
        if not self.differing[first, second]:
            most = upper_bound(int(min(self.words[first], self.words[second])))
            return Interval(-most, most)
        rates = float(self.rates[first]), float(self.rates[second])
        spread = math.sqrt(self.shares[first, first] * self.shares[second, second])
        alike = max(-1.0, min(1.0, float(self.shares[first, second]) / spread)) if spread else 0.0

        def end(mine: float, theirs: float) -> float:
            return math.sqrt(max(0.0, mine * mine + theirs * theirs - 2 * alike * mine * theirs))

        low = end(rates[0] - one.low, two.high - rates[1])
        high = end(one.high - rates[0], rates[1] - two.low)
        return Interval(rates[0] - rates[1] - low, rates[0] - rates[1] + high)


def upper_bound(words: int) -> float:
    """Return what a rate without an error is below, with 95 %: twice 3 / words, because errors come in bunches."""
    return min(1.0, -2 * math.log(LEVEL) / words)


def jackknife(errors: NDArray[np.int64], lengths: NDArray[np.int64], groups: NDArray[np.int64] | None = None) -> Spread:
    """Leave every unit out once, the same ones for every system.

    Units of very different lengths count as fewer (Kish's effective number), so that one long recording among short
    ones does not look like many.

    Args:
        errors: (systems, utterances).
        lengths: reference words, (systems, utterances).
        groups: speaker or session of each utterance, numbered from 0; utterances of one are no independent units.
    """
    import numpy as np

    if groups is not None:
        errors, lengths = (np.stack([np.bincount(groups, row) for row in side]) for side in (errors, lengths))
    units = errors.shape[1]
    words, wrong = lengths.sum(axis=1), errors.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = wrong / words
        without = (wrong[:, None] - errors) / (words[:, None] - lengths)
        away = without - without.mean(axis=1, keepdims=True)
        effective = float((words.astype(np.float64) ** 2 / (lengths.astype(np.float64) ** 2).sum(axis=1)).min())
    factor = student_t(max(1.0, effective - 1)) if math.isfinite(effective) else math.nan
    shares = np.einsum("iu,ju->ij", away, away) * (units - 1) / units
    differing = np.array([[bool((one != two).any()) for two in errors] for one in errors])
    return Spread(rates, shares, words, factor, units, differing)


def student_t(freedom: float) -> float:
    """Return the 97.5 % point of Student's t, for any number of degrees of freedom from 1 on."""
    import numpy as np

    if freedom > MOST_FREEDOM:
        return 1.959964 * (1 + (1.959964**2 + 1) / (4 * freedom))
    angles = np.linspace(0, math.pi / 2, 40_001)  # t is the tangent of an angle with the density cos ** (freedom - 1)
    heights = np.cos(angles) ** (freedom - 1)
    shares = np.concatenate([[0.0], np.cumsum(heights[1:] + heights[:-1])])
    return math.sqrt(freedom) * math.tan(float(np.interp(1 - LEVEL, shares / shares[-1], angles)))


@dataclass(frozen=True, slots=True)
class MatchedPairs:
    """Outcome of the matched-pairs sentence-segment word error test (MAPSSWE)."""

    segments: int
    mean: float  # errors of the first system less those of the second, per segment
    deviation: float
    z: float
    p: float  # two-sided

    @property
    def constant(self) -> bool:
        """Whether all segments differ by the same number: without a deviation there is no Z."""
        return self.deviation == 0 and self.mean != 0

    @property
    def chance(self) -> float:
        """The probability that counts: where there is no Z, that of all segments on the same side (sign test)."""
        return 2.0 ** (1 - self.segments) if self.constant else self.p


def matched_pairs(first: Sequence[bytes], second: Sequence[bytes]) -> MatchedPairs:
    """Compare two systems' errors on the segments between stretches that both got right.

    Gillick and Cox, "Some statistical issues in the comparison of speech recognition algorithms", ICASSP 1989, as
    NIST's sc_stats does it (SCTK, src/sclite/mtchprs.c): a segment ends after two consecutive words that both systems
    have right with no insertion between them; a segment without an error is ignored; the deviation has n - 1 below it.
    Equal to sc_stats for alignments of the ``sclite`` convention.

    Args:
        first: alignments of one system, an utterance each.
        second: those of the other, to the same references.
    """
    import numpy as np

    one, two = slots(first), slots(second)
    if len(one.right) != len(two.right):
        one, two = (slots(side) for side in without_readings(first, second))
    right = one.right & two.right
    inserted = (one.insertions + two.insertions) > 0
    closing = np.zeros(len(right), np.bool_)
    closing[1:] = right[1:] & right[:-1] & ~inserted[1:]
    opens = np.concatenate([[True], one.last[:-1]])  # a new utterance opens a new segment
    segment = np.cumsum(closing | opens)
    errors = [np.bincount(segment, side.insertions + side.wrong) for side in (one, two)]
    with_errors = (errors[0] + errors[1]) > 0
    differences = (errors[0] - errors[1])[with_errors]
    number = len(differences)
    mean = float(differences.mean()) if number else 0.0
    deviation = float(differences.std(ddof=1)) if number > 1 else 0.0
    z = mean / (deviation / math.sqrt(number)) if deviation else 0.0
    return MatchedPairs(number, mean, deviation, z, math.erfc(abs(z) / math.sqrt(2)))


def without_readings(first: Sequence[bytes], second: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Make one segment of every utterance whose reference was read in two ways: its words do not correspond."""
    sides: tuple[list[bytes], list[bytes]] = ([], [])
    for pair in zip(first, second, strict=True):
        words = [len(moves) - moves.count(b"I") - moves.count(b">") for moves in pair]
        for side, moves in zip(sides, pair, strict=True):
            errors = sum(moves.count(letter) for letter in (b"S", b"D", b"I"))
            side.append(moves if words[0] == words[1] else b"I" * errors)
    return sides


@dataclass(frozen=True, slots=True)
class Slots:
    """One place per reference word and one for the end of each utterance, over many alignments."""

    right: NDArray[np.bool_]  # False at an end
    wrong: NDArray[np.bool_]  # substituted or deleted
    insertions: NDArray[np.int64]  # words inserted before this place
    last: NDArray[np.bool_]


def slots(alignments: Sequence[bytes]) -> Slots:
    """Lay out alignments along their reference words."""
    import numpy as np

    moves = np.frombuffer(b"|".join(alignments) + b"|", np.uint8)
    moves = moves[moves != ord(">")]  # a merged hypothesis word is part of the match after it
    inserted = moves == ord("I")
    places = np.cumsum(~inserted)  # an insertion has the number of the place before it
    kept = moves[~inserted]
    insertions = np.bincount(places[inserted], minlength=len(kept))[: len(kept)]
    wrong = (kept == ord("S")) | (kept == ord("D"))
    last = kept == ord("|")
    return Slots(~wrong & ~last, wrong, insertions, last)


@dataclass(frozen=True, slots=True)
class McNemar:
    """Outcome of McNemar's test on whole utterances."""

    only_first: int  # utterances that only the first system has right
    only_second: int
    p: float  # exact, two-sided


def mcnemar(first: Counts, second: Counts) -> McNemar:
    """Test whether two systems get different numbers of utterances entirely right, as sc_stats does.

    Args:
        first: errors of one system, (utterances,).
        second: errors of the other.
    """
    only_first = int(((first == 0) & (second > 0)).sum())
    only_second = int(((first > 0) & (second == 0)).sum())
    return McNemar(only_first, only_second, binomial_p(min(only_first, only_second), only_first + only_second))


def binomial_p(successes: int, trials: int) -> float:
    """Return the two-sided probability of at most so many heads among fair coins."""
    if successes * 2 >= trials:
        return 1.0
    log_all = trials * math.log(2)
    terms = (
        math.exp(math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) - log_all)
        for k in range(successes + 1)
    )
    return min(1.0, 2 * math.fsum(terms))


MOST_FLIPPED = 200  # units that differ: beyond, their sum of random signs is normally distributed


def flipped_signs(differences: Counts) -> float:
    """Return the two-sided probability of a difference this big if either system could have made either's errors.

    The randomisation test of matched pairs: the sign of every unit's difference is flipped at random, which is exact
    for any number of units. Zero differences change nothing.

    Args:
        differences: errors of one system less those of the other in each independent unit, (units,).
    """
    import numpy as np

    sizes = np.abs(differences[differences != 0])
    observed = abs(int(differences.sum()))
    if observed == 0:
        return 1.0
    if len(sizes) > MOST_FLIPPED:
        step = int(np.gcd.reduce(sizes))  # sums are two of it apart
        return math.erfc((observed - step) / math.sqrt(2 * float((sizes.astype(np.float64) ** 2).sum())))
    total = int(sizes.sum())
    chances = np.zeros(2 * total + 1)  # of every sum from -total to total
    chances[total] = 1.0
    for size in sizes.tolist():
        chances = (np.roll(chances, size) + np.roll(chances, -size)) / 2  # no sum beyond the ends is reached
    return min(1.0, float(chances[total + observed :].sum() + chances[: total - observed + 1].sum()))


def fewest_units(tests: int) -> int:
    """Return the least number of units on which `flipped_signs` can be below 0.05 after correction for so many tests.

    All of n units on one side have a probability of 2 ** (1 - n): for one test six units, for three seven.
    """
    return math.floor(math.log2(tests / LEVEL)) + 2


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values corrected for testing several hypotheses at once (Holm 1979)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def more_needed(first: Counts, second: Counts) -> int | None:
    """Return how many more units of this kind would show the observed difference in eight of ten cases, if it is real.

    From the spread of the paired differences: n grows until 1.96 standard errors, and 0.84 for the power, fit into the
    mean. ``None`` when there is no difference to confirm.

    Args:
        first: errors of one system, (units,).
        second: those of the other.
    """
    differences = first - second
    number = len(differences)
    mean = float(differences.mean()) if number else 0.0
    if number < 2 or mean == 0:
        return None
    wanted = math.ceil(float(differences.var(ddof=1)) * ((1.959964 + POWER) / mean) ** 2)
    return max(0, wanted - number)
