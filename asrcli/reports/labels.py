"""Where the names of points go in a plot, so that none covers another; of many points it is numbers and a key."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FIRST, STEP, LAST = 11.0, 6.0, 400.0  # pixels between a point and its name: tried from the first on
DIRECTIONS = 24
AROUND = 7.0  # half of the square that a point takes
NEAR = 24.0  # beyond it a line leads from the name to its point
GAP = 1.0
MOST_NAMED = 6  # of more points the plot has numbers, and a key beside it


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; y counts downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Return whether two boxes have anything in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        """Return whether it lies wholly in another."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name is, and whether a line has to lead to its point."""

    box: Box
    far: bool


def place_names(
    points: Sequence[tuple[float, float]], widths: Sequence[float], height: float, frame: Box
) -> list[Place]:
    """Return a place for every name, as near to its point as the others leave room for.

    Args:
        points: x and y, downwards.
        widths: of the names.
        height: of all of them.
        frame: what they must stay in; a name for which it has no room stands at its point.
    """
    taken = [Box(x - AROUND, y - AROUND, x + AROUND, y + AROUND) for x, y in points]
    found = []
    for point, width in zip(points, widths, strict=True):
        tried = candidates(point, width, height)
        nearest = next(candidates(point, width, height))
        place = next(
            (one for one in tried if one.box.within(frame) and not any(one.box.meets(box) for box in taken)), nearest
        )
        taken.append(place.box)
        found.append(place)
    return found


def candidates(point: tuple[float, float], width: float, height: float) -> Iterator[Place]:
    """Yield the places around a point, the nearest first, beginning at its upper right."""
    x, y = point
    distance = FIRST
    while distance <= LAST:
        for turn in range(DIRECTIONS):
            angle = math.pi / 6 + 2 * math.pi * turn / DIRECTIONS
            middle = y - distance * math.sin(angle)
            start = x + distance * math.cos(angle)
            left = start if math.cos(angle) >= 0 else start - width
            box = Box(left, middle - height / 2 - GAP, left + width, middle + height / 2 + GAP)
            yield Place(box, far=distance > NEAR)
        distance += STEP


def end_of_line(box: Box, point: tuple[float, float]) -> tuple[float, float]:
    """Return where a line from a point meets its name: the nearest spot of the box."""
    x, y = point
    return min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
