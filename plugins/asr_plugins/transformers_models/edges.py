"""From frames to the times of words.

CTC and transducer models are trained to name a token once, somewhere in its sound: their frames say where a word is,
not where it begins and ends. The edges are looked for in the sound between two words: at the longest quiet stretch, or
where it is quietest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asrcli.types import SAMPLE_RATE, Samples

RATE = 100  # levels per second
QUIET = 30.0  # dB below the loudest of the words beside it: a pause
FLOOR = 6.0  # dB above the quietest of the gap: still its background
CONTRAST = 15.0  # dB between word and background; with less there is no pause to see
SHORTEST = 3  # levels; shorter stretches are closures of plosives
REACH = 0.5  # seconds that a word may reach beyond its frames
CLOSURE = 8  # levels; shorter quiet is inside a word


def find_edges(frames: Sequence[tuple[float, float]], samples: Samples) -> list[tuple[float, float]]:
    """Return start and end of each word in seconds, within the clip and in order, from those of its frames."""
    seconds = len(samples) / SAMPLE_RATE
    levels = decibels(samples)
    anchors = [(min(start, seconds), min(end, seconds)) for start, end in frames]
    edges: list[list[float]] = [list(anchor) for anchor in anchors]
    for number in range(len(anchors) + 1):
        left = anchors[number - 1] if number else None
        right = anchors[number] if number < len(anchors) else None
        end, start = _part(levels, left, right, seconds)
        if left is not None:
            edges[number - 1][1] = end
        if right is not None:
            edges[number][0] = start
    return _in_order(edges, seconds)


def sounding(starts: Sequence[float], samples: Samples) -> list[tuple[float, float]]:
    """Return the longest stretch of sound of each word, for `find_edges`, where only beginnings are known, and roughly.

    A word is looked for between its start and that of the next one. Where nothing stands out there it has all of it.

    Args:
        starts: seconds, never going back; 0.1 s too early or too late does no harm.
    """
    levels = decibels(samples)
    ends = [*starts[1:], len(samples) / SAMPLE_RATE]
    floor = float(levels.min()) if len(levels) else 0.0
    found = []
    for start, end in zip(starts, ends, strict=True):
        first = round(start * RATE)
        own = levels[first : round(end * RATE)]
        if not len(own) or float(own.max()) < floor + CONTRAST:
            found.append((start, max(start, end)))
            continue
        loud = np.flatnonzero(own > max(float(own.max()) - QUIET, floor + FLOOR))
        runs = np.split(loud, np.flatnonzero(np.diff(loud) > CLOSURE) + 1)
        longest = max(runs, key=len)
        found.append(((first + int(longest[0])) / RATE, (first + int(longest[-1]) + 1) / RATE))
    return found


def decibels(samples: Samples) -> NDArray[Any]:
    """Return the level of each 10 ms of sound."""
    hop = SAMPLE_RATE // RATE
    count = len(samples) // hop
    power = np.square(samples[: count * hop].reshape(count, hop)).mean(1) if count else np.zeros(0)
    return 10.0 * np.log10(power + 1e-10)


def _part(
    levels: NDArray[Any], left: tuple[float, float] | None, right: tuple[float, float] | None, seconds: float
) -> tuple[float, float]:
    """Return where the word on the left ends and the one on the right begins."""
    low = left[1] if left else max(0.0, right[0] - REACH) if right else 0.0
    high = right[0] if right else min(seconds, low + REACH)
    gap = levels[round(low * RATE) : round(high * RATE)]
    if not len(gap):
        return low, high
    loudest = max((_peak(levels, word) for word in (left, right) if word), default=0.0)
    quiet = _quiet_run(gap, loudest)
    if quiet is None:
        # Between two words the quietest place parts them; at the rim of the clip nothing tells more than the frames do.
        middle = low + (int(gap.argmin()) + 0.5) / RATE
        return (middle, middle) if left and right and high - low <= REACH else (low, high)
    first, past = low + quiet[0] / RATE, low + quiet[1] / RATE
    end = first if left and first - low <= REACH else low
    return end, past if right and high - past <= REACH else high


def _peak(levels: NDArray[Any], word: tuple[float, float]) -> float:
    first = int(word[0] * RATE)
    own = levels[first : max(first + 1, round(word[1] * RATE))]
    return float(own.max()) if len(own) else -100.0


def _quiet_run(gap: NDArray[Any], loudest: float) -> tuple[int, int] | None:
    """Return first and one past the last of the longest quiet stretch of a gap."""
    floor = float(gap.min())
    if floor > loudest - CONTRAST:
        return None
    quiet = np.concatenate(([False], gap < max(loudest - QUIET, floor + FLOOR), [False])).astype(np.int8)
    edges = np.diff(quiet)
    starts, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    best = int((ends - starts).argmax())
    return (int(starts[best]), int(ends[best])) if ends[best] - starts[best] >= SHORTEST else None


def _in_order(edges: Sequence[Sequence[float]], seconds: float) -> list[tuple[float, float]]:
    clock = 0.0
    ordered = []
    for start, end in edges:
        start = min(max(clock, round(start, 3)), seconds)
        clock = min(max(start, round(end, 3)), seconds)
        ordered.append((start, clock))
    return ordered
