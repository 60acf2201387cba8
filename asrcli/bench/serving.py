"""Several callers at once: each has the next request as soon as it has the answer to the one before (a closed loop).

A client of a server is called from as many threads. Any other engine transcribes one batch at a time: what waits when
it is free goes together, the oldest first, as much as it likes at once. That is what a server around it would do, and
is computed here without one: nothing waits for a lock, and the engine computes all the time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

from asrcli.base.files import cause
from asrcli.bench import messages as say
from asrcli.capabilities import TellsFirst
from asrcli.datasets.results import RequestTime
from asrcli.engine import Engine
from asrcli.errors import OutOfMemory
from asrcli.types import Clip, Options, Utterance

Waiting = tuple[Utterance, Sequence[Clip]]
ROUNDS = 2  # requests of each caller at the least: with fewer, most of the time not all of them would be calling


def enough(some: Sequence[Utterance], callers: int) -> tuple[Utterance, ...]:
    """Return the utterances to ask for, each as often as it takes to keep all callers busy."""
    return tuple(islice(cycle(some), max(len(some), ROUNDS * callers))) if some else ()


@dataclass(slots=True)
class _Request:
    """A request under way."""

    utterance: Utterance
    left: int  # clips that have not been transcribed
    made: float
    first: float | None = None
    batch: int = 1
    error: str = ""

    def answered(self, callers: int, now: float) -> RequestTime:
        """Return it as it is measured."""
        first = None if self.first is None else self.first - self.made
        seconds = self.utterance.seconds or 0.0
        return RequestTime(callers, self.utterance.id, seconds, now - self.made, first, self.batch, self.error)


@dataclass(slots=True)
class _Desk:
    """The requests that wait, and what the engine transcribes next."""

    engine: Engine
    options: Options
    budget: float  # seconds of audio at once
    queue: deque[tuple[_Request, Clip]] = field(default_factory=deque)

    def ask(self, one: Waiting, now: float) -> _Request:
        """Make a request."""
        utterance, clips = one
        made = _Request(utterance, len(clips), now)
        self.queue.extend((made, clip) for clip in clips)
        return made

    def batch(self) -> list[tuple[_Request, Clip]]:
        """Take the oldest clips that wait, up to the budget, one at the least."""
        chosen = [self.queue.popleft()]
        longest = chosen[0][1].seconds
        while self.queue:
            longest = max(longest, self.queue[0][1].seconds)
            if longest * (len(chosen) + 1) > self.budget:
                break
            chosen.append(self.queue.popleft())
        return chosen

    def transcribe(self) -> list[_Request]:
        """Transcribe a batch; return the requests that are answered with it."""
        chosen = self.batch()

        def first(number: int) -> None:
            """Note when the first text of a request was there."""
            request = chosen[number][0]
            request.first = request.first or time.perf_counter()

        if isinstance(self.engine, TellsFirst):
            self.engine.on_first = first
        try:
            self.engine.transcribe([clip for _, clip in chosen], self.options)
            error = ""
        except Exception as problem:
            from asrcli.engines.device import is_out_of_memory

            if is_out_of_memory(problem):
                raise OutOfMemory(f"{len(chosen)} clips at once do not fit: {cause(problem)}") from problem
            error = f"{type(problem).__name__}: {cause(problem)}"
        finally:
            if isinstance(self.engine, TellsFirst):
                self.engine.on_first = None
        done = []
        for request, _ in chosen:
            request.left -= 1
            request.batch = max(request.batch, len(chosen))
            request.error = request.error or error
            if not request.left:
                done.append(request)
        return done


def in_turns(
    engine: Engine, waiting: Sequence[Waiting], callers: int, budget: float, options: Options
) -> list[RequestTime]:
    """Answer requests of several callers with an engine that transcribes one batch at a time.

    Args:
        waiting: the utterances to ask for, decoded and cut.
        callers: requests under way at the same time.
        budget: seconds of audio that the engine likes at once, padding included.

    Raises:
        OutOfMemory: a batch does not fit.
    """
    desk = _Desk(engine, options, budget)
    left = iter(waiting)
    answered: list[RequestTime] = []

    def next_caller(now: float) -> None:
        """Give a caller whose answer has come the next utterance that holds speech."""
        for one in left:
            made = desk.ask(one, now)
            if made.left:
                return
            answered.append(made.answered(callers, now))  # no speech: the answer is there at once

    begun = time.perf_counter()
    for _ in range(callers):
        next_caller(begun)
    while desk.queue:
        done = desk.transcribe()
        now = time.perf_counter()
        for request in done:
            answered.append(request.answered(callers, now))
            next_caller(now)
    return answered


def from_threads(
    utterances: Sequence[Utterance], callers: int, transcribe: Callable[[Utterance], say.Transcribed]
) -> list[RequestTime]:
    """Ask for utterances from several threads at once, as clients of a server."""
    waiting = iter(utterances)
    lock = threading.Lock()
    asked: list[RequestTime] = []

    def call() -> None:
        """Ask for utterances until none is left, one after the other."""
        while True:
            with lock:
                one = next(waiting, None)
            if one is None:
                return
            transcribed = transcribe(one)
            with lock:
                seconds, error = one.seconds or 0.0, transcribed.error
                asked.append(RequestTime(callers, one.id, seconds, transcribed.total, error=error))

    threads = [threading.Thread(target=call, daemon=True) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return asked
