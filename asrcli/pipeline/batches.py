"""Clips on their way from the decoding threads to the engine: a queue bounded in seconds, and batches by length."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

from asrcli.types import Clip

Item = TypeVar("Item")


class Closed(Exception):
    """The run is over; a thread that waits in a queue ends."""


class SecondsQueue(Generic[Item]):
    """A first-in first-out queue whose size is measured in seconds of audio.

    Memory is what it bounds: an hour of samples takes 230 MB however many clips it is cut into. An item that alone is
    larger than the limit passes when the queue is empty. Whoever takes from it may guard more with `changed`, which is
    notified of every item and of the end, and wait on it for either.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.changed = threading.Condition(threading.RLock())
        self._items: deque[tuple[Item, float]] = deque()
        self._seconds = 0.0
        self._closed = False

    def put(self, item: Item, seconds: float) -> None:
        """Add an item, waiting for room. Raises `Closed` when the queue is closed."""
        with self.changed:
            while not self._closed and self._items and self._seconds + seconds > self.limit:
                self.changed.wait()
            if self._closed:
                raise Closed
            self._items.append((item, seconds))
            self._seconds += seconds
            self.changed.notify_all()

    def take(self, wanted: float, wait: bool = False) -> list[Item]:
        """Return waiting items up to about `wanted` seconds; with `wait`, at least one. Raises `Closed`."""
        with self.changed:
            while wait and not self._items and not self._closed:
                self.changed.wait()
            if self._closed:
                raise Closed
            taken: list[Item] = []
            total = 0.0
            while self._items and (total < wanted or not taken):
                item, seconds = self._items.popleft()
                taken.append(item)
                total += seconds
            self._seconds -= total
            if taken:
                self.changed.notify_all()
            return taken

    @property
    def seconds(self) -> float:
        """What waits."""
        return self._seconds

    def check_open(self) -> None:
        """Raise `Closed` when the queue is closed."""
        if self._closed:
            raise Closed

    def close(self) -> None:
        """Wake every waiting thread with `Closed`."""
        with self.changed:
            self._closed = True
            self.changed.notify_all()


def choose_batch(lengths: Iterable[float], budget: float, most: int) -> list[int]:
    """Return the indices of one batch: clips of like length around the oldest, which is always among them.

    Args:
        lengths: seconds of the clips that wait, the oldest first.
        budget: seconds of audio the engine likes at once, padding included: count times the longest.
        most: greatest number of clips.
    """
    seconds = list(lengths)
    order = sorted(range(len(seconds)), key=lambda index: (-seconds[index], index))
    anchor = order.index(0)
    first = last = anchor  # the window [first, last] of `order`; its longest clip is at `first`
    while last - first + 1 < most:
        count = last - first + 2
        shorter = last + 1 < len(order) and count * seconds[order[first]] <= budget
        longer = first > 0 and count * seconds[order[first - 1]] <= budget
        if not shorter and not longer:
            break
        if shorter and longer:
            down = seconds[order[last]] - seconds[order[last + 1]]
            up = seconds[order[first - 1]] - seconds[order[first]]
            shorter = down <= up
        last, first = (last + 1, first) if shorter else (last, first - 1)
    return order[first : last + 1]


def total_seconds(clips: Iterable[Clip]) -> float:
    """Return the length of all clips together."""
    return sum(clip.seconds for clip in clips)
