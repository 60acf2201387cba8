"""Whether two systems differ: paired tests over the same utterances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asrcli.scoring.intervals import LEVEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]  # (utterances,)

POWER = 0.8416  # standard errors: the normal quantile of 80 %


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
    """Return the two-sided probability of at most this many heads among fair coins."""
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


def sign_test(differences: NDArray[np.float64]) -> float:
    """Return the exact two-sided probability of this split of units if both sides are equally likely; zeros are out."""
    above, below = int((differences > 0).sum()), int((differences < 0).sum())
    return binomial_p(min(above, below), above + below)


def wilcoxon(differences: NDArray[np.float64]) -> float:
    """Return the exact two-sided probability of Wilcoxon's signed ranks, (units,): ties at their mean, no zeros."""
    import numpy as np

    known = differences[differences != 0]
    _, place, count = np.unique(np.abs(known), return_inverse=True, return_counts=True)
    twice = 2 * np.cumsum(count) - count + 1  # of the mean rank of each size
    return flipped_signs((np.sign(known) * twice[place.reshape(-1)]).astype(np.int64))


def fewest_units(tests: int) -> int:
    """Return the least number of units on which `flipped_signs` can be below 0.05 after correction for all tests.

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
