"""Which calls go to an engine together, whose turn it is, and whose fault a failure is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from asrcli.engine import Weights, load_class
from asrcli.engines.device import Device
from asrcli.engines.recogniser import Choice
from asrcli.errors import EngineUnavailable, InputError
from asrcli.serve.scheduler import Cancelled, Scheduler, Seat
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Segment

PATIENCE = 60.0


def clips(name: str, *seconds: float) -> list[Clip]:
    return [Clip(Recording(name), 0.0, np.zeros(round(one * SAMPLE_RATE), np.float32)) for one in seconds]


class Recognising:
    """Says the name of each clip's recording; waits in each call until it is let go on."""

    def __init__(self) -> None:
        self.choice = Choice(load_class("fake"), Weights("default", None), Device())
        self.calls: list[list[str]] = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.busy = 0.0

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[Any]:
        self.calls.append([clip.recording.path for clip in clips])
        self.begun.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        if any(clip.recording.path == "gone" for clip in clips):
            raise EngineUnavailable("it dies of everything")
        return [[Segment(clip.recording.path, 0.0, clip.seconds)] for clip in clips]

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        self.calls.append([clip.recording.path for clip in clips])
        self.begun.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        if any(clip.recording.path == "bad" for clip in clips):
            raise InputError("bad")
        return [{clip.recording.path: 1.0} for clip in clips]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


class Setting:
    """A scheduler with one recogniser that is in the middle of a call."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.engine = Recognising()
        self.scheduler = Scheduler([self.engine])  # type: ignore[list-item]
        self.scheduler.budget = 30.0
        self.pool = pool
        self.first = self.ask("first", 1.0)
        assert self.engine.begun.acquire(timeout=PATIENCE)

    def ask(self, name: str, *seconds: float, seat: Seat | None = None, options: Options | None = Options()) -> Any:  # noqa: B008
        """Make a call; return when it waits."""
        seat = seat or Seat(self.scheduler)
        before = len(self.scheduler.waiting) + len(self.engine.calls)
        work: Callable[[], Any] = lambda: seat.transcribe(clips(name, *seconds), options)  # noqa: E731
        if options is None:
            work = lambda: seat.identify_language(clips(name, *seconds))  # noqa: E731
        result = self.pool.submit(work)
        until = time.monotonic() + PATIENCE
        while len(self.scheduler.waiting) + len(self.engine.calls) <= before and time.monotonic() < until:
            time.sleep(0.001)
        return result

    def end(self, calls: int) -> None:
        """Let so many calls end."""
        for number in range(calls):
            self.engine.go_on.release()
            if number < calls - 1:
                assert self.engine.begun.acquire(timeout=PATIENCE)


def said(result: Any) -> list[str]:
    return [segments[0].text for segments in result.result(PATIENCE)]


def test_what_waits_goes_together_and_everybody_gets_their_own(pool: ThreadPoolExecutor) -> None:
    setting = Setting(pool)
    waiting = [setting.ask(name, 1.0, 2.0) for name in ("a", "b", "c")]
    setting.end(2)
    assert [said(one) for one in waiting] == [["a", "a"], ["b", "b"], ["c", "c"]]
    assert setting.engine.calls == [["first"], ["a", "a", "b", "b", "c", "c"]]
    assert (setting.scheduler.clips, setting.scheduler.calls) == (7, 2)


def test_no_call_is_longer_than_the_engine_likes_padding_included(pool: ThreadPoolExecutor) -> None:
    setting = Setting(pool)
    for name, seconds in (("a", 10.0), ("b", 10.0), ("c", 20.0), ("d", 10.0), ("e", 1.0)):
        setting.ask(name, seconds)
    setting.end(4)
    assert setting.engine.calls == [["first"], ["a", "b", "d"], ["c"], ["e"]]


def test_other_options_are_another_call(pool: ThreadPoolExecutor) -> None:
    setting = Setting(pool)
    for name, options in (("a", Options()), ("b", Options(prompt="x")), ("c", Options()), ("d", None)):
        setting.ask(name, 1.0, options=options)
    setting.end(4)
    assert setting.engine.calls == [["first"], ["a", "c"], ["b"], ["d"]]


def test_a_short_request_waits_for_the_call_that_runs_and_no_other(pool: ThreadPoolExecutor) -> None:
    """A long recording always has a further call waiting."""
    engine_busy = Setting(pool)
    long = Seat(engine_busy.scheduler)
    engine_busy.end(1)
    engine_busy.first.result(PATIENCE)
    running = engine_busy.ask("long", 30.0, seat=long)
    assert engine_busy.engine.begun.acquire(timeout=PATIENCE)
    engine_busy.ask("long", 30.0, seat=long)
    engine_busy.ask("short", 1.0)
    engine_busy.end(3)
    running.result(PATIENCE)
    assert engine_busy.engine.calls == [["first"], ["long"], ["short"], ["long"]]


def test_long_requests_take_turns(pool: ThreadPoolExecutor) -> None:
    setting = Setting(pool)
    seats = {name: Seat(setting.scheduler) for name in "ab"}
    for name in "aabb":
        setting.ask(name, 30.0, seat=seats[name])
    setting.end(5)
    assert setting.engine.calls == [["first"], ["a"], ["b"], ["a"], ["b"]]


def test_what_is_cancelled_is_not_recognised(pool: ThreadPoolExecutor) -> None:
    setting = Setting(pool)
    seat = Seat(setting.scheduler)
    waiting = [setting.ask("a", 1.0, seat=seat), setting.ask("b", 1.0)]
    seat.cancel()
    with pytest.raises(Cancelled):
        waiting[0].result(PATIENCE)
    with pytest.raises(Cancelled):
        seat.transcribe(clips("a", 1.0), Options())
    setting.end(2)
    assert said(waiting[1]) == ["b"] and setting.engine.calls == [["first"], ["b"]]


def test_a_failure_is_that_of_one_request(pool: ThreadPoolExecutor) -> None:
    setting = Setting(pool)
    waiting = [setting.ask(name, 1.0, options=None) for name in ("a", "bad", "b")]
    setting.end(5)
    assert waiting[0].result(PATIENCE) == [{"a": 1.0}] and waiting[2].result(PATIENCE) == [{"b": 1.0}]
    with pytest.raises(InputError):
        waiting[1].result(PATIENCE)


def test_an_engine_that_is_gone_is_gone_for_all_who_wait_for_the_call(pool: ThreadPoolExecutor) -> None:
    setting = Setting(pool)
    waiting = [setting.ask(name, 1.0) for name in ("a", "gone")]
    after = setting.ask("c", 30.0)
    setting.end(3)
    for one in waiting:
        with pytest.raises(EngineUnavailable):
            one.result(PATIENCE)
    assert said(after) == ["c"]
