"""The same recordings in other roundings, and the errors of systems in several hearings with paired intervals.

What 8 bits recognise hangs on single bits of the sound: one hearing of a recording is a toss of a coin wherever two
texts are nearly as likely, so systems are held against each other by their means over several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from asrcli.bench.sounds import read_samples, write_samples
from asrcli.scoring.alignment import align
from asrcli.scoring.intervals import Interval, Spread, jackknife
from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from asrcli.types import Samples

DITHER = 10 ** (-80 / 20)  # RMS
SHIFT = 0.01  # seconds, at most
STRETCH = 10  # words or characters: the units of intervals, since eight recordings are too few


def rounded(samples: Samples, number: int) -> Samples:
    """Return what sounds the same: in noise of −80 dB, begun up to 10 ms earlier or later; number 0 is as it is."""
    if not number:
        return samples
    choice = np.random.default_rng(number)
    most = round(SHIFT * SAMPLE_RATE)
    shift = int(choice.integers(-most, most + 1))
    moved = np.pad(samples, (shift, 0)) if shift > 0 else samples[-shift:]
    return moved + np.float32(DITHER) * choice.standard_normal(len(moved)).astype(np.float32)


def write_rounded(folder: Path, originals: Sequence[Path], times: int) -> list[Path]:
    """Write all recordings so many times, each time in another rounding; return their paths, one time after another."""
    sounds = [read_samples(str(path)) for path in originals]
    return [
        write_samples(folder / f"{path.stem}-{number}.wav", rounded(sound, number))
        for number in range(times)
        for path, sound in zip(originals, sounds, strict=True)
    ]


def attributed(units: Sequence[Sequence[str]], heard: Sequence[str]) -> list[int]:
    """Return the errors of each unit of a text; what is inserted is the error of the one before it."""
    owners = np.repeat(np.arange(len(units)), [len(own) for own in units])
    (moves,) = align([[word for own in units for word in own]], [heard])
    wrong, at = [0] * len(units), 0
    for move in moves:
        if move != ord("="):
            wrong[owners[max(0, at - 1) if move == ord("I") else at]] += 1
        at += move != ord("I")
    return wrong


@dataclass(frozen=True, eq=False)
class Scores:
    """The errors of systems in several hearings of the same recordings."""

    totals: NDArray[np.int64]  # (systems, hearings)
    words: int  # in one hearing
    spread: Spread  # of the means over hearings, over stretches of the texts

    @classmethod
    def of(
        cls, cut: Callable[[str], list[str]], heard: Sequence[Sequence[Sequence[str]]], references: Sequence[str]
    ) -> Scores:
        """Count errors in texts, (systems, hearings, recordings), each cut into words or characters."""
        right = [cut(text) for text in references]
        units = [[own[at : at + STRETCH] for at in range(0, len(own), STRETCH)] for own in right]
        wrong = np.array(
            [
                [
                    list(chain(*(attributed(own, cut(text)) for own, text in zip(units, once, strict=True))))
                    for once in all_
                ]
                for all_ in heard
            ],
            np.int64,
        )
        lengths = np.array([[len(one) for one in chain(*units)]] * len(heard), np.int64)
        return cls(wrong.sum(axis=2), int(lengths[0].sum()), jackknife(wrong.mean(axis=1), lengths))

    def rate(self, system: int) -> str:
        """Return a mean rate with its interval, in per cent."""
        return f"{100 * float(self.spread.rates[system]):.1f} ({ends(self.spread.interval(system))})"

    def minus(self, system: int, other: int) -> str:
        """Return the rate of a system minus that of another one, in points, with its interval."""
        points = 100 * float(self.spread.rates[system] - self.spread.rates[other])
        return f"{points:+.1f} ({ends(self.spread.difference(system, other))})"


def ends(interval: Interval | None) -> str:
    """Return the ends of an interval in per cent."""
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}" if interval else "too few"
