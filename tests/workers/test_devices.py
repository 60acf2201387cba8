"""Several GPUs without a GPU: which worker gets which, who takes the next batch, what is refused before any work."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.fake import Fake
from support.command import write_silence
from support.working import QUICK

import asrcli
from asrcli.audio.cut import CutOptions
from asrcli.engine import Device, Weights
from asrcli.engines import device as devices
from asrcli.engines import selection
from asrcli.engines.recogniser import Choice, LocalRecogniser, Results
from asrcli.errors import DeviceError, EngineUnavailable
from asrcli.pipeline.events import Finished, Notice
from asrcli.pipeline.run import run
from asrcli.pipeline.settings import Settings
from asrcli.types import Clip, Options, Recording
from asrcli.workers.messages import Ready, Start, Transcribed
from asrcli.workers.recogniser import WorkerRecogniser
from asrcli.workers.remote import remote
from asrcli.workers.wanted import Limits

CHOICE = Choice(Fake, Weights("default", None), Device())
WAIT = 60.0  # seconds, after which a test has failed


def test_each_process_sees_its_gpu_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    seen = []
    for index in (0, 1):
        worker = WorkerRecogniser(Choice(Fake, CHOICE.weights, Device("cuda", index)), QUICK)
        worker.load()
        assert worker._remote is not None
        variables = Path(f"/proc/{worker._remote.child.pid}/environ").read_bytes().split(b"\0")  # type: ignore[attr-defined]
        seen.append([one for one in variables if one.startswith(b"CUDA_VISIBLE_DEVICES=")])
        worker.close()
    assert seen == [[b"CUDA_VISIBLE_DEVICES=4"], [b"CUDA_VISIBLE_DEVICES=7"]]

    class Listening:
        """A process that is asked to load."""

        asked: Any = None

        def greet(self, seconds: float | None = None) -> None: ...

        def send(self, message: Any, seconds: float | None = None) -> None:
            self.asked = message

        def receive(self, kinds: Sequence[type], seconds: float | None = None) -> Any:
            return Ready(1)

        def close(self, seconds: float = 0.0) -> None: ...

        def kill(self) -> None: ...

    remote(CHOICE, Device("cuda", 1, "float16", 2), QUICK, process := Listening()).load()
    assert isinstance(process.asked, Start) and process.asked.device == Device("cuda", 0, "float16", 2)


class Counting(LocalRecogniser):
    """Meets others in its calls."""

    def __init__(self, meet: Any, lanes: int = 1) -> None:
        super().__init__(CHOICE)
        self.meet, self.lanes, self.calls = meet, lanes, 0

    def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
        """Say that a call begins, and wait for whoever has to come."""
        self.calls += 1
        self.meet(self)
        return super().transcribe(clips, options)


def texts(paths: Sequence[Path], recognisers: Sequence[LocalRecogniser], said: list[str] | None = None) -> list[str]:
    """Transcribe, a clip of ten seconds in each call."""
    settings = Settings(cut=CutOptions(max_seconds=10.0, vad=None), batch_size=1, batch_seconds=0.01)
    found = []
    for one in run([Recording(str(path)) for path in paths], recognisers, Options(language="en"), settings):
        if isinstance(one, Finished):
            found.append(one.transcript.text)
        elif isinstance(one, Notice) and said is not None:
            said.append(one.text)
    return found


def test_one_recording_uses_all_and_the_next_clip_goes_to_who_is_free(tmp_path: Path) -> None:
    path = write_silence(tmp_path / "a-b.wav", 100.0)
    expected = texts([path], [alone := Counting(lambda one: None)])
    met, done = threading.Barrier(2), threading.Event()

    def slow(one: Counting) -> None:
        met.wait(WAIT)
        assert done.wait(WAIT)

    def quick(one: Counting) -> None:
        if one.calls == 1:
            met.wait(WAIT)
        if one.calls == alone.calls - 1:
            done.set()

    first, second = Counting(slow), Counting(quick)
    assert texts([path], [first, second]) == expected
    assert (first.calls, second.calls) == (1, alone.calls - 1) and alone.calls > 5


def test_one_batch_is_ahead_of_each_worker(tmp_path: Path) -> None:
    path = write_silence(tmp_path / "a-b.wav", 60.0)
    texts([path], [alone := Counting(lambda one: None)])
    changed, inside, most = threading.Condition(), 0, 0

    def meet(one: Counting) -> None:
        """Go on when the next call has come, too; the last has none behind it."""
        nonlocal inside, most
        with changed:
            inside += 1
            most = max(most, inside)
            changed.notify_all()
            assert changed.wait_for(lambda: inside > 1 or one.calls == alone.calls, WAIT)
            inside -= 1

    worker = Counting(meet, WorkerRecogniser.lanes)
    assert texts([path], [worker]) and (worker.calls, most) == (alone.calls, 2)


@pytest.mark.parametrize("kinds", ["cuda:9", "cuda:0,cuda:1", "cuda:all", "cpu,cuda:3", "cuda"])
def test_a_gpu_that_is_not_there_is_said_before_weights_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: str
) -> None:
    pytest.importorskip("faster_whisper")
    monkeypatch.setattr(devices, "available", lambda engine, kind: int(kind == "cpu"))
    monkeypatch.setattr(selection.models, "resolve", lambda *words, **more: pytest.fail("weights were looked for"))
    with pytest.raises(DeviceError, match=r"'cuda:\d' is not there|cuda:all: .* finds no GPU"):
        list(asrcli.transcribe(write_silence(tmp_path / "a.wav"), engine="whisper", model="large-v3", device=kinds))


class Failing(Counting):
    """Cannot load."""

    def __init__(self, error: Exception, before: threading.Event | None = None) -> None:
        super().__init__(lambda one: None)
        self.error, self.before = error, before or threading.Event()

    def load(self) -> Any:
        """Fail, and let the others go on."""
        self.before.set()
        raise self.error

    def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
        """Fail likewise."""
        return self.load()


def test_one_that_does_not_load_is_left_out_and_said_when_another_has_recognised_something(tmp_path: Path) -> None:
    path = write_silence(tmp_path / "a-b.wav", 60.0)
    expected = texts([path], [Counting(lambda one: None)])
    for error in (EngineUnavailable("no library"), DeviceError("no memory")):
        bad = Failing(error)
        good = Counting(lambda one: bad.before.wait(WAIT))  # noqa: B023 -- called at once
        said: list[str] = []
        assert texts([path], [bad, good], said) == expected
        assert said == [f"cpu: {error}; the other workers go on"]


def test_what_all_suffer_from_is_said_once(tmp_path: Path) -> None:
    path, said = write_silence(tmp_path / "a-b.wav", 60.0), list[str]()
    with pytest.raises(EngineUnavailable, match="no library"):
        texts([path], [Failing(EngineUnavailable("no library")) for _ in range(3)], said)
    assert said == []
    one, other = Failing(DeviceError("no memory")), Failing(EngineUnavailable("no library"))
    with pytest.raises((DeviceError, EngineUnavailable)) as raised:
        texts([path], [one, other], said)
    assert {*said, f"cpu: {raised.value}"} == {"cpu: no memory", "cpu: no library"}


def test_a_time_that_was_typed_is_the_time_of_every_call() -> None:
    """However slow the calls before were; without one it grows with them."""

    class Slow:
        """A process that answers, and keeps how long it may take."""

        limits: list[float]

        def __init__(self) -> None:
            self.limits = []

        def greet(self, seconds: float | None = None) -> None: ...

        def send(self, message: Any, seconds: float | None = None) -> None: ...

        def receive(self, kinds: Sequence[type], seconds: float | None = None) -> Any:
            self.limits.append(seconds or 0.0)
            return Transcribed((), 1)

        def close(self, seconds: float = 0.0) -> None: ...

        def kill(self) -> None: ...

    clip = Clip(Recording("a.wav"), 0.0, np.zeros(16_000, np.float32))
    for limits, first, second in ((Limits.of(15.0, None), 15.0, 15.0), (Limits(), 360.0, 500.0)):
        one = remote(CHOICE, Device(), limits, process := Slow())
        one.transcribe([clip], Options())
        one._slowest = 10.0  # seconds for each second of audio
        one.transcribe([clip], Options())
        assert process.limits == [first, second]
