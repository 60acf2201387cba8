"""Put times in order that a model gave one by one and without looking at each other.

The rule is that of Qwen3-ForcedAligner: the longest non-decreasing subsequence is right, one or two outliers take the
time of their nearer neighbour, and more of them are spread evenly. The official code finds the subsequence by comparing
all pairs; this takes O(n log n) (Schensted 1961; Fredman 1975) and gives the same one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

SNAPPED = 2  # outliers in a row that take a neighbour's time


def repair(values: Sequence[float]) -> list[float]:
    """Return the values without a step back: those of `in_order` as they are, the others from their neighbours."""
    kept = in_order(values)
    repaired = list(values)
    for left, right in zip([-1, *kept], [*kept, len(values)], strict=True):
        between = range(left + 1, right)
        first = values[left] if left >= 0 else values[right] if kept else 0.0
        last = values[right] if right < len(values) else first
        for place in between:
            if len(between) <= SNAPPED:
                repaired[place] = first if place - left <= right - place else last
            else:
                repaired[place] = first + (last - first) * (place - left) / (right - left)
    return repaired


def in_order(values: Sequence[float]) -> list[int]:
    """Return the places of the longest non-decreasing subsequence; of several, the official code's choice.

    A value has the rank n when n values are the most that a subsequence ending in it can hold. Values of one rank fall
    from left to right, so that the leftmost one that a later value can follow is found by bisection.
    """
    lowest: list[float] = []  # last value of each rank: the lowest so far; these rise
    falling: list[list[float]] = []  # of each rank, the values so far, negated so that they rise
    places: list[list[int]] = []  # and where they are
    before: list[int] = []  # for each value, the place of the one before it in its subsequence
    for place, value in enumerate(values):
        rank = bisect_right(lowest, value)
        if rank == len(lowest):
            lowest.append(value)
            falling.append([])
            places.append([])
        lowest[rank] = value
        falling[rank].append(-value)
        places[rank].append(place)
        before.append(places[rank - 1][bisect_left(falling[rank - 1], -value)] if rank else -1)
    kept: list[int] = []
    place = places[-1][0] if places else -1
    while place >= 0:
        kept.append(place)
        place = before[place]
    return kept[::-1]
