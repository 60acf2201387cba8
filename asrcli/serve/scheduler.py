"""One pool of calls for all requests: clips of several go to the engine together, and none waits for long.

Each request runs a pipeline of its own, whose recogniser is a `Seat` here. A recogniser that is free takes the call of
the request that has gone without for the longest time, and with it what else waits and fits. It never waits for more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from asrcli.engines.recogniser import Announce, Choice, LocalRecogniser, Results, silently
from asrcli.errors import AsrError, DeviceError, EngineUnavailable, UsageError
from asrcli.pipeline.settings import MOST_CLIPS
from asrcli.types import Clip, Options


class Cancelled(AsrError):
    """The request was cancelled."""


class _Call:
    """Clips of one request, which are recognised in one go; without options, whose language is asked for."""

    def __init__(self, seat: Seat, clips: Sequence[Clip], options: Options | None) -> None:
        self.seat, self.clips, self.options = seat, clips, options
        self.result: Future[list[Any]] = Future()


class Scheduler:
    """The recognisers of one engine and weights, each with a thread that takes calls."""

    def __init__(self, recognisers: Sequence[LocalRecogniser]) -> None:
        self.recognisers = recognisers
        self.choice = recognisers[0].choice
        self.budget = self.choice.engine.batch_length(self.choice.device)
        self.clips = self.calls = 0  # how many were recognised, in how many calls of an engine
        self.changed = threading.Condition()
        self.waiting: list[_Call] = []
        for number, one in enumerate(recognisers):
            threading.Thread(target=self._work, args=(one,), name=f"asr-engine-{number}", daemon=True).start()

    def _work(self, recogniser: LocalRecogniser) -> None:
        while True:
            with self.changed:
                while not self.waiting:
                    self.changed.wait()
                calls = self._take()
            self._do(recogniser, calls)

    def _take(self) -> list[_Call]:
        """Return the call whose turn it is, and those that go with it."""
        order = sorted(self.waiting, key=lambda call: call.seat.served)
        taken, count, longest = [order[0]], len(order[0].clips), _longest(order[0])
        for call in order[1:]:
            together, length = count + len(call.clips), max(longest, _longest(call))
            if call.options == taken[0].options and together <= MOST_CLIPS and together * length <= self.budget:
                taken, count, longest = [*taken, call], together, length
        self.waiting = [call for call in self.waiting if call not in taken]
        return taken

    def _do(self, recogniser: LocalRecogniser, calls: Sequence[_Call]) -> None:
        clips = [clip for call in calls for clip in call.clips]
        options = calls[0].options
        found: list[Any]
        try:
            found = recogniser.identify_language(clips) if options is None else recogniser.transcribe(clips, options)
        except BaseException as error:
            if len(calls) > 1 and not isinstance(error, EngineUnavailable | DeviceError):
                for call in calls:  # it is the fault of one of them
                    self._do(recogniser, [call])
                return
            for call in calls:
                call.result.set_exception(error)
        else:
            if options is not None:
                self.clips, self.calls = self.clips + len(clips), self.calls + 1
            at = 0
            for call in calls:
                call.result.set_result(found[at : at + len(call.clips)])
                at += len(call.clips)
        now = time.monotonic()
        for call in calls:
            call.seat.served = now


def _longest(call: _Call) -> float:
    return max((clip.seconds for clip in call.clips), default=0.0)


class Seat:
    """What the pipeline of one request recognises with."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.announce: Announce = silently  # the recognisers' own go to the server
        self.lanes = len(scheduler.recognisers) + 1
        self.served = time.monotonic()  # when it came, or was last served
        self.cancelled = False

    @property
    def choice(self) -> Choice:
        """Which engine, weights and device these are."""
        return self._scheduler.choice

    def load(self) -> None:
        """Do nothing: they are loaded, or will be by who calls them."""

    def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
        """Return what was recognised in each clip. Raises `Cancelled`, and as `LocalRecogniser.transcribe`."""
        return self._call(clips, options)

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return the probability of each language for each clip. Raises `Cancelled`."""
        return self._call(clips, None)

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Raise `UsageError`: questions are not served."""
        raise UsageError("questions are not served: use asr ask")

    @property
    def prompt_characters(self) -> int:
        """None are taken."""
        return 0

    def close(self) -> None:
        """Leave the weights to the other requests."""

    def cancel(self) -> None:
        """Take back what waits; what is being recognised is not waited for."""
        with self._scheduler.changed:
            self.cancelled = True
            mine = [call for call in self._scheduler.waiting if call.seat is self]
            self._scheduler.waiting = [call for call in self._scheduler.waiting if call.seat is not self]
        for call in mine:
            call.result.set_exception(Cancelled("cancelled"))

    def check(self) -> None:
        """Raise `Cancelled` when the request was cancelled."""
        if self.cancelled:
            raise Cancelled("cancelled")

    def _call(self, clips: Sequence[Clip], options: Options | None) -> list[Any]:
        call = _Call(self, clips, options)
        with self._scheduler.changed:
            self.check()
            self._scheduler.waiting.append(call)
            self._scheduler.changed.notify()
        return call.result.result()
