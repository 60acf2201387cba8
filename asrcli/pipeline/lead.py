"""How many recordings are begun ahead of the engines: another run over the folder takes those that are not begun."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from asrcli.pipeline.batches import SecondsQueue
from asrcli.pipeline.settings import Settings
from asrcli.types import Recording


def limit(settings: Settings, budget: float, recognisers: int) -> float:
    """Return how many seconds may wait: where other runs share the work, two batches of each recogniser."""
    batch = min(budget, settings.batch_size * settings.cut.max_seconds)
    return 2 * recognisers * batch if settings.shared else math.inf


class Lead:
    """What has been begun and waits for an engine, in seconds of audio: decoded, or still to be.

    Args:
        queue: of what is decoded; its `changed` guards this too.
        limit: when so much waits, no further recording is begun, unless an engine has nothing to do.
        waiting: returns the seconds that have left the queue, and are in no call of an engine yet.
    """

    def __init__(self, queue: SecondsQueue[Any], limit: float, waiting: Callable[[], float]) -> None:
        self.queue, self._limit, self._waiting = queue, limit, waiting
        self._to_come: dict[int, float] = {}  # seconds of each recording that is being decoded
        self._blocked = 0  # decoders that wait
        self._asked = False  # an engine has nothing to do: one decoder more than the limit allows

    def begin(self, index: int, recording: Recording) -> None:
        """Wait until a recording may be begun. Raises `Closed`."""
        with self.queue.changed:
            self._blocked += 1
            try:
                while not self._open():
                    self.queue.check_open()
                    self.queue.changed.wait()
            finally:
                self._blocked -= 1
            self._asked = False
            self.decoded(index, recording, recording.start)

    def decoded(self, index: int, recording: Recording, until: float) -> None:
        """Note how far a recording is decoded."""
        last = recording.end if recording.end is not None else recording.seconds or 0.0
        with self.queue.changed:  # others add them up
            self._to_come[index] = max(0.0, min(last, recording.seconds or last) - until)

    def end(self, index: int) -> None:
        """Note that a recording is decoded."""
        with self.queue.changed:
            self._to_come.pop(index, None)

    def ask(self, hungry: bool) -> None:
        """Let a decoder that waits go on if it may; of a recogniser that has nothing to do, also if much is to come."""
        self._asked |= hungry
        if self._blocked and self._open():  # else those who have nothing to do would wake each other for ever
            self.queue.changed.notify_all()

    def _open(self) -> bool:
        return self._asked or sum(self._to_come.values()) + self.queue.seconds + self._waiting() < self._limit
