"""How often the intervals of `asr compare` cover, and its verdicts are wrong: on sets made up with a seed.

``python -m benchmarks intervals`` writes the tables of docs/compare.md, ``python -m benchmarks.intervals`` prints them.
A set has speakers, their utterances (or each utterance its own speaker, or long recordings), and two systems. Errors
come in bunches; speakers, utterances and, for each system, speakers once more differ in how hard they are (gamma
distributions), so that errors of both systems go together and utterances of one speaker are alike. What is measured is
the code that reports use. Each row has a seed of its own, so that rows may be made in any order, one process a core:
five minutes of one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asrcli.scoring import significance as signs
from asrcli.scoring.intervals import LEVEL, Interval, jackknife

SEED = 20261129
WORKERS = os.cpu_count() or 1
SETS = 1000
MOST, MORE = 0.06, 10  # a cell with more false verdicts is drawn again, so many times as large
BUNCH = 1.4  # errors that come together, on average
SPEAKERS, UTTERANCES, SYSTEMS = 0.5, 0.6, 0.3  # coefficients of variation of the error rates
LENGTHS = 0.6  # deviation of the logarithm of an utterance's words
COMMON = 0.5  # share of the better system's errors that both make
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of set; every unit is independent of the others."""

    name: str
    utterances: int  # of each unit
    words: int  # of each utterance, on average

    @property
    def grouped(self) -> bool:
        """Whether a unit is a speaker with several utterances."""
        return self.utterances > 1


KINDS = (Kind("utterances", 1, 15), Kind("speakers, 20 utterances each", 20, 12), Kind("long recordings", 1, 2000))


@dataclass(frozen=True, slots=True)
class Drawn:
    """One set: errors of both systems, words, and the speaker of each utterance."""

    errors: Counts  # (2, utterances)
    lengths: Counts  # (utterances,)
    groups: Counts | None


def gamma(chance: np.random.Generator, variation: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return positive numbers with a mean of 1 and this coefficient of variation."""
    return chance.gamma(variation**-2, variation**2, shape)


def bunches(chance: np.random.Generator, expected: NDArray[np.float64]) -> Counts:
    """Return errors that come in bunches, so many on average."""
    starts = chance.poisson(expected / BUNCH)
    more = chance.negative_binomial(np.maximum(starts, 1), 1 / BUNCH)
    return np.asarray(starts + np.where(starts > 0, more, 0), np.int64)


def draw(chance: np.random.Generator, kind: Kind, units: int, rates: tuple[float, float]) -> Drawn:
    """Make up one set; these are the rates that a set without end would have."""
    shape = (units, kind.utterances)
    spread = np.log(kind.words) - LENGTHS**2 / 2
    lengths = np.maximum(1, np.round(chance.lognormal(spread, LENGTHS, shape))).astype(np.int64)
    hard = lengths * gamma(chance, UTTERANCES, shape)
    if kind.grouped:
        hard = hard * gamma(chance, SPEAKERS, (units, 1))
    shared = COMMON * min(rates)
    both = bunches(chance, hard * shared)
    own = [both + bunches(chance, hard * (rate - shared) * gamma(chance, SYSTEMS, (units, 1))) for rate in rates]
    groups = np.repeat(np.arange(units), kind.utterances) if kind.grouped else None
    return Drawn(np.stack([one.reshape(-1) for one in own]), lengths.reshape(-1), groups)


def covers(interval: Interval | None, truth: float) -> float:
    """Return 1 where an interval covers the truth, 0 where it does not, and not a number where there is none."""
    return np.nan if interval is None else float(interval.low <= truth <= interval.high)


def judged(one: Drawn) -> tuple[Interval | None, Interval | None, bool]:
    """Return the interval of the first system, that of the difference, and whether that is called significant.

    MAPSSWE, which a verdict needs besides, is left out: with it there are never more significant differences.
    """
    lengths = np.stack([one.lengths, one.lengths])
    found = jackknife(one.errors, lengths, one.groups)
    apart = one.errors[0] - one.errors[1]
    units = apart if one.groups is None else np.bincount(one.groups, apart).astype(np.int64)
    difference = found.difference(0, 1)
    enough = difference is not None and len(units) >= signs.fewest_units(1)
    shown = enough and difference is not None and not difference.covers_zero
    shown = shown and signs.flipped_signs(units) < LEVEL
    if shown and one.groups is not None:
        single = jackknife(one.errors, lengths).difference(0, 1)
        shown = single is not None and not single.covers_zero
    return found.interval(0), difference, shown


def percentiles(chance: np.random.Generator, one: Drawn) -> Interval:
    """Return the percentile interval of a bootstrap over the units, which stands beside for comparison."""
    groups = np.arange(len(one.lengths)) if one.groups is None else one.groups
    errors, words = np.bincount(groups, one.errors[0]), np.bincount(groups, one.lengths)
    drawn = chance.integers(0, len(words), (400, len(words)))
    low, high = np.percentile(errors[drawn].sum(1) / words[drawn].sum(1), [2.5, 97.5])
    return Interval(float(low), float(high))


def share(values: list[Any]) -> str:
    """Return a share in percent; a dash where nothing is printed."""
    known = [float(value) for value in values if not np.isnan(value)]
    return f"{100 * np.mean(known):.1f}" if known else "–"


def coverage(kind: Kind, units: int) -> str:
    """Return a row of the table of coverage."""
    chance = np.random.default_rng((SEED, 1, KINDS.index(kind), units))
    cells, before = [], []
    for rate in (0.002, 0.02, 0.1, 0.3):
        sets = [draw(chance, kind, units, (rate, rate)) for _ in range(SETS if units < 1000 else SETS // 4)]
        cells.append(share([covers(judged(one)[0], rate) for one in sets]))
        before.append(share([covers(percentiles(chance, one), rate) for one in sets[: SETS // 5]]))
    return f"| {kind.name} | {units:,} | {' | '.join(cells)} | {', '.join(before)} |"


def verdicts(kind: Kind, units: int) -> str:
    """Return a row of the table of verdicts: false ones, coverage of the difference, and true ones."""
    chance = np.random.default_rng((SEED, 2, KINDS.index(kind), units))
    cells = []
    for number, rates in enumerate(((0.02, 0.02), (0.1, 0.1), (0.02, 0.03), (0.1, 0.15))):
        sets = SETS if units < 1000 else SETS // 4
        found = [judged(draw(chance, kind, units, rates)) for _ in range(sets)]
        is_doubtful = rates[0] == rates[1] and np.mean([one[2] for one in found]) > MOST
        if is_doubtful:
            others = np.random.default_rng((SEED, 4, KINDS.index(kind), units, number))
            found = [judged(draw(others, kind, units, rates)) for _ in range(MORE * sets)]
        covered = share([covers(one[1], rates[0] - rates[1]) for one in found])
        cells.append(f"{share([one[2] for one in found])}{'*' if is_doubtful else ''} ({covered})")
    return f"| {kind.name} | {units:,} | {' | '.join(cells)} |"


def rows(table: Callable[[Kind, int], str], fewest: tuple[int, ...]) -> list[str]:
    """Return the rows of a table, by kind and number of units, of which these are the first few."""
    sizes = {
        kind: (*fewest, 10, 20, *((40,) if kind.grouped or kind.words > 1000 else (50, 200, 1000))) for kind in KINDS
    }
    todo = [(kind, units) for kind, own in sizes.items() for units in own]
    with ProcessPoolExecutor(WORKERS) as pool:
        return list(pool.map(table, *zip(*todo, strict=True)))


def settled() -> str:
    """Return how often a difference that was open is shown after as many units more as were said to be needed."""
    chance = np.random.default_rng((SEED, 3))
    done: list[bool] = []
    rates = (0.1, 0.12)
    for _ in range(SETS):
        before = draw(chance, KINDS[0], 100, rates)
        more = signs.more_needed(before.errors[0], before.errors[1])
        if judged(before)[2] or not more or more > 5_000:
            continue
        after = draw(chance, KINDS[0], more, rates)
        errors = np.concatenate([before.errors, after.errors], axis=1)
        done.append(judged(Drawn(errors, np.concatenate([before.lengths, after.lengths]), None))[2])
    shown = f"{100 * np.mean(done):.0f} % of {len(done)} sets"
    return (
        f"Where 100 utterances at {rates[0]:.0%} against {rates[1]:.0%} left a difference open, it was shown after as "
        f"many utterances more as the report named in {shown}."
    )


def section() -> str:
    """Return the Markdown section."""
    lines = [
        f"{SETS:,} sets a cell ({SETS // 4} where units are 1,000); `python -m benchmarks intervals`, seed {SEED}. "
        "Speakers, utterances and (for",
        "each system) speakers again differ in difficulty (coefficients of variation "
        f"{SPEAKERS}, {UTTERANCES}, {SYSTEMS}), recordings in length, and errors",
        f"come in bunches of {BUNCH} on average.",
        "",
        "Coverage of the 95 % interval of a rate, per cent, by the true rate; a dash where no interval is printed. "
        "With fewer than about five errors",
        "it is more than 95, because few errors are discrete. The last column is what a percentile bootstrap over the "
        "same units covers.",
        "",
        "| units | number | 0.2 % | 2 % | 10 % | 30 % | bootstrap |",
        "|---|--:|--:|--:|--:|--:|---|",
        *rows(coverage, (4, 5)),
        "",
        "Share of sets with a difference called significant, per cent: false where both rates are the same, true (the "
        "power) where they differ; in",
        "parentheses the coverage of the interval of the difference. MAPSSWE, which a verdict needs besides, is left "
        f"out; with it both shares are smaller. *: of {MORE * SETS:,} other sets, because {SETS:,} had more than "
        f"{MOST:.0%}.",
        "",
        "| units | number | 2 % both | 10 % both | 2 % against 3 % | 10 % against 15 % |",
        "|---|--:|--:|--:|--:|--:|",
        *rows(verdicts, (5, 6)),
        "",
        settled(),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(section())
