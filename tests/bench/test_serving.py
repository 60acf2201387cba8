"""Several callers at once, on a clock that only the engine moves: every figure is known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from asrcli.bench import figures, serving
from asrcli.bench import messages as say
from asrcli.datasets.results import RequestTime
from asrcli.errors import OutOfMemory
from asrcli.types import Clip, Options, Recording, Utterance


class Metronome:
    """Hears any batch in one second, and has its first tokens after a tenth of it."""

    on_first: Callable[[int], None] | None = None

    def __init__(self) -> None:
        self.now = 100.0
        self.batches: list[int] = []

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[object]]:
        self.batches.append(len(clips))
        self.now += 0.1
        for number in range(len(clips)) if self.on_first else ():
            self.on_first(number)
        self.now += 0.9
        if any(clip.recording.path == "bad" for clip in clips):
            raise ValueError("broken")
        if any(clip.recording.path == "big" for clip in clips):
            raise OutOfMemory("too big")
        return [[] for _ in clips]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Metronome:
    metronome = Metronome()
    monkeypatch.setattr(serving, "TellsFirst", Metronome)
    monkeypatch.setattr(serving.time, "perf_counter", lambda: metronome.now)
    return metronome


def waiting(*names: str, clips: int = 1, seconds: float = 2.0) -> list[serving.Waiting]:
    sound = np.zeros(round(16_000 * seconds), np.float32)
    return [
        (Utterance(name, "", seconds=seconds * clips), [Clip(Recording(name), 0.0, sound)] * clips) for name in names
    ]


def ask(engine: Metronome, rows: list[serving.Waiting], callers: int, budget: float = 60.0) -> list[RequestTime]:
    return serving.in_turns(engine, rows, callers, budget, Options())  # type: ignore[arg-type]


def test_four_callers_with_eight_requests_take_two_batches(engine: Metronome) -> None:
    asked = ask(engine, waiting(*"abcdefgh"), 4)
    assert engine.batches == [4, 4]
    assert [one.id for one in asked] == list("abcdefgh")
    assert all((one.first, one.total) == pytest.approx((0.1, 1.0)) and one.batch == 4 for one in asked)
    measures = {one.name: one.value for one in figures.serving(4, say.Served((1.0,) * 8, 2.0, 16.0, 0, tuple(asked)))}
    assert (measures["rtfx"], measures["throughput"], measures["rtf"]) == pytest.approx((8.0, 4.0, 0.5))
    assert (measures["ttft_p50"], measures["ttft_p95"], measures["ttft_mean"]) == pytest.approx((0.1, 0.1, 0.1))


def test_what_does_not_fit_into_a_batch_waits_for_the_next(engine: Metronome) -> None:
    asked = ask(engine, waiting(*"abcdef"), 6, budget=4.0)  # two clips of 2 s at once
    assert engine.batches == [2, 2, 2]
    assert [one.total for one in asked] == pytest.approx([1, 1, 2, 2, 3, 3])
    assert [one.first for one in asked] == pytest.approx([0.1, 0.1, 1.1, 1.1, 2.1, 2.1])


def test_a_request_of_several_clips_is_answered_with_the_last(engine: Metronome) -> None:
    (one,) = ask(engine, waiting("long", clips=3), 1, budget=2.0)
    assert engine.batches == [1, 1, 1]
    assert (one.first, one.total, one.seconds) == pytest.approx((0.1, 3.0, 6.0))


def test_a_request_without_speech_is_answered_at_once_and_a_failure_is_of_its_batch(engine: Metronome) -> None:
    asked = ask(engine, [*waiting("still", clips=0), *waiting("bad", "good")], 1)
    assert [(one.id, one.error) for one in asked] == [("still", ""), ("bad", "ValueError: broken"), ("good", "")]
    assert asked[0].total == 0.0 and engine.on_first is None
    with pytest.raises(OutOfMemory, match="1 clips at once do not fit"):
        ask(engine, waiting("big"), 1)


def test_there_are_requests_enough_for_all_callers() -> None:
    some = [Utterance(name, "") for name in "abc"]
    assert [one.id for one in serving.enough(some, 4)] == list("abcabcab")
    assert [one.id for one in serving.enough(some, 1)] == list("abc")
    assert serving.enough([], 4) == ()
