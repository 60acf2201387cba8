"""How sure a rate and the difference of two are: 95 % confidence intervals over independent units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL = 0.05
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
    skew distribution, with Student's t on the effective number of units less one. The ends of those of differences are
    the means of two: put together from those of both rates and their correlation (Zou and Donner, Statistics in
    Medicine 27, 2008), which keeps the skew, and plain. By themselves they cover 91 to 93 % of long recordings, and
    miss on different sides. Coverage is measured in ``benchmarks/intervals.py``.
    """

    rates: NDArray[np.float64]  # (systems,)
    shares: NDArray[np.float64]  # (systems, systems), covariance of the rates
    words: NDArray[np.int64]  # (systems,)
    effective: NDArray[np.float64]  # (systems, systems), units that a difference rests on; a rate on the diagonal
    units: int
    differing: NDArray[np.bool_]  # (systems, systems): some unit has other errors in one than in the other

    def interval(self, system: int) -> Interval | None:
        """Return the interval of one system's rate; ``None`` where there are too few units for one."""
        return self._rate(system, float(self.effective[system, system]))

    def _rate(self, system: int, effective: float) -> Interval | None:
        rate, variance = float(self.rates[system]), float(self.shares[system, system])
        if self.units < FEWEST_FOR_INTERVAL or not self.words[system] or not math.isfinite(variance):
            return None
        if rate == 0:
            return Interval(0.0, upper_bound(int(self.words[system])))
        stretch = math.exp(min(factor(effective) * math.sqrt(variance) / rate, 50.0))
        return Interval(rate / stretch, rate * stretch)

    def difference(self, first: int, second: int) -> Interval | None:
        """Return the interval of the first rate less the second, paired."""
        effective = float(self.effective[first, second])
        one, two = self._rate(first, effective), self._rate(second, effective)
        if one is None or two is None:
            return None
        if not self.differing[first, second]:
            most = upper_bound(int(min(self.words[first], self.words[second])))
            return Interval(-most, most)
        rates = float(self.rates[first]), float(self.rates[second])
        spread = math.sqrt(self.shares[first, first] * self.shares[second, second])
        alike = max(-1.0, min(1.0, float(self.shares[first, second]) / spread)) if spread else 0.0

        def end(mine: float, theirs: float) -> float:
            """Return how far the end of the interval of a difference is from it (MOVER)."""
            return math.sqrt(max(0.0, mine * mine + theirs * theirs - 2 * alike * mine * theirs))

        variance = self.shares[first, first] + self.shares[second, second] - 2 * self.shares[first, second]
        plain = factor(effective) * math.sqrt(max(0.0, float(variance)))
        low = (end(rates[0] - one.low, two.high - rates[1]) + plain) / 2
        high = (end(one.high - rates[0], rates[1] - two.low) + plain) / 2
        return Interval(rates[0] - rates[1] - low, rates[0] - rates[1] + high)


def upper_bound(words: int) -> float:
    """Return what a rate without an error is below, with 95 %: twice 3 / words, because errors come in bunches."""
    return min(1.0, -2 * math.log(LEVEL) / words)


def jackknife(
    errors: NDArray[np.int64 | np.float64], lengths: NDArray[np.int64], groups: NDArray[np.int64] | None = None
) -> Spread:
    """Leave every unit out once, the same ones for every system.

    Units of very different lengths count as fewer (Kish's effective number), so that one long recording among short
    ones does not look like many; and so do units of which few make the difference (by the kurtosis).

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
        alike = float((words.astype(np.float64) ** 2 / (lengths.astype(np.float64) ** 2).sum(axis=1)).min())
        effective = np.array([[min(alike, tailed(one - two)) for two in away] for one in away])
        np.fill_diagonal(effective, alike)
    shares = np.einsum("iu,ju->ij", away, away) * (units - 1) / units
    differing = np.array([[bool((one != two).any()) for two in errors] for one in errors])
    return Spread(rates, shares, words, effective, units, differing)


def tailed(away: NDArray[np.float64]) -> float:
    """Return how many normally distributed values are as uncertain about their variance as these, by their kurtosis."""
    squares = away * away
    fourth = float((squares * squares).sum())
    return 3 * float(squares.sum()) ** 2 / fourth if fourth else math.inf


def factor(effective: float) -> float:
    """Return how many standard errors 95 % are, for a number of units."""
    return student_t(max(1.0, effective - 1)) if math.isfinite(effective) else math.nan


@lru_cache(maxsize=1024)
def student_t(freedom: float) -> float:
    """Return the 97.5 % point of Student's t, for any number of degrees of freedom from 1 on."""
    import numpy as np

    if freedom > MOST_FREEDOM:
        return 1.959964 * (1 + (1.959964**2 + 1) / (4 * freedom))
    angles = np.linspace(0, math.pi / 2, 40_001)  # t is the tangent of an angle with the density cos ** (freedom - 1)
    heights = np.cos(angles) ** (freedom - 1)
    shares = np.concatenate([[0.0], np.cumsum(heights[1:] + heights[:-1])])
    return math.sqrt(freedom) * math.tan(float(np.interp(1 - LEVEL, shares / shares[-1], angles)))
