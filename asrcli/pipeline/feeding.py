"""Whether recognisers wait for sound: several together may take more than this machine reads and decodes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

SHARE = 0.25  # of their time, from which it is worth a line
SECONDS = 10.0  # of waiting of each


class Feeding:
    """How long recognisers work, and wait between two batches. What comes before the first and after the last is none.

    Args:
        clock: seconds, from any beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._batches = Counter[object]()  # that each recogniser works on now
        self._since: dict[object, float] = {}  # when that became none, or one
        self.worked = self.waited = 0.0  # seconds of all together

    def begin(self, recogniser: object) -> None:
        """Note that a recogniser takes a batch."""
        self._batches[recogniser] += 1
        if self._batches[recogniser] == 1:
            self.waited += self._turn(recogniser)

    def end(self, recogniser: object, more: bool = True) -> None:
        """Note that it has finished one; if no more is to be decoded, it does not wait for sound from then on."""
        self._batches[recogniser] -= 1
        if not self._batches[recogniser]:
            self.worked += self._turn(recogniser)
            if not more:
                del self._since[recogniser]

    def busy(self, recogniser: object) -> bool:
        """Return whether it works on a batch now."""
        return self._batches[recogniser] > 0

    def verdict(self) -> str:
        """Return what there is to say about it; "" when all had enough to do."""
        whole, count = self.worked + self.waited, len(self._batches)
        if count < 2 or self.waited < max(SECONDS * count, SHARE * whole):
            return ""
        return (
            f"the workers have waited for sound for {100 * self.waited / whole:.0f} % of their time: this machine "
            "reads and decodes no faster; more of them need asr on more machines (--shard)"
        )

    def _turn(self, recogniser: object) -> float:
        """Return the seconds since the last turn; 0 at the first."""
        now = self._clock()
        before = self._since.get(recogniser, now)
        self._since[recogniser] = now
        return now - before
