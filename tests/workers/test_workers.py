"""Engines in processes of their own: the same results, and what becomes of those that die, hang, leak and print."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.fake import Fake
from support.command import Run, write_silence
from support.working import HERE, QUICK, Heard, five

import asrcli
from asrcli.audio.cut import CutOptions
from asrcli.engine import Device, Weights
from asrcli.engines import device as devices
from asrcli.engines.recogniser import Choice, LocalRecogniser, Results
from asrcli.errors import AsrError, DeviceError, EngineUnavailable, UsageError
from asrcli.pipeline.events import Finished, Notice, Worked
from asrcli.pipeline.run import run
from asrcli.pipeline.settings import Settings
from asrcli.types import Clip, Options, Recording
from asrcli.workers.pool import assemble
from asrcli.workers.recogniser import WorkerRecogniser
from asrcli.workers.remote import environment, spelled
from asrcli.workers.wanted import Limits, Workers, cores


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    return five(tmp_path)


def clips(*names: str, seconds: float = 1.0) -> list[Clip]:
    sound = np.zeros(int(seconds * 16_000), np.float32)
    return [Clip(Recording(f"{name}.wav", seconds=seconds), 0.0, sound) for name in names]


@pytest.fixture
def worker() -> Iterator[list[WorkerRecogniser]]:
    made: list[WorkerRecogniser] = []
    yield made
    for one in made:
        one.close()


def recogniser(made: list[WorkerRecogniser], model: str, limits: Limits = QUICK) -> tuple[WorkerRecogniser, list[str]]:
    """Return a recogniser in a worker, and what it says."""
    said: list[str] = []
    made.append(WorkerRecogniser(Choice(Fake, Weights(model, None), Device()), limits, announce=said.append))
    return made[-1], said


def test_two_workers_give_the_bytes_of_none(recordings: list[Path]) -> None:
    alone = Heard(recordings, 0, word_timestamps=True, n_best=2)
    assert Heard(recordings, 2, word_timestamps=True, n_best=2).texts == alone.texts and len(alone.texts) == len(HERE)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3])
def test_any_number_of_workers_gives_the_same_bytes(asr: Run, recordings: list[Path], count: int) -> None:
    words = ["transcribe", "in", "-e", "fake", "--no-vad", "-f", "json,srt,txt", "--languages", "de,en"]
    assert asr(*words, "-o", "none").code == asr(*words, "-o", "some", "--workers", count).code == 0
    for path in Path("none").glob("*.*"):
        assert path.read_bytes() == Path("some", path.name).read_bytes()


def test_only_the_recording_that_kills_fails(worker: list[WorkerRecogniser]) -> None:
    engine, said = recogniser(worker, "segv=bad,print=last words")
    found = engine.transcribe(clips("alpha", "bad", "bad", "beta"), Options())
    assert [one[0].text for one in found if isinstance(one, list)] == ["alpha", "beta"]
    assert str(found[1]) == "bad.wav: the engine died twice at 0.0 s: it was ended by SIGSEGV: last words"
    assert found[2] is found[1]
    assert [line.partition(":")[0] for line in said] == [
        "the engine's process died with 4 clips of alpha.wav and 2 more",
        "the engine's process died at bad.wav at 0.0 s",
    ]
    assert engine.transcribe(clips("gamma"), Options())[0][0].text == "gamma"  # type: ignore[index]


def test_a_death_by_accident_fails_nothing(worker: list[WorkerRecogniser], tmp_path: Path) -> None:
    engine, said = recogniser(worker, f"exit=bad,once={tmp_path / 'once'}")
    found = engine.transcribe(clips("bad"), Options())
    assert found[0][0].text == "bad" and len(said) == 1  # type: ignore[index]


@pytest.mark.slow
def test_an_engine_that_dies_of_everything_ends_the_run(worker: list[WorkerRecogniser]) -> None:
    engine, said = recogniser(worker, "exit=wav,print=no driver")
    with pytest.raises(EngineUnavailable, match=r"of everything, 3 recordings in a row: .*code 77: no driver"):
        engine.transcribe(clips(*HERE), Options())
    assert len(said) == 3


@pytest.mark.slow
def test_loading_dies_twice_before_it_is_given_up(worker: list[WorkerRecogniser], tmp_path: Path) -> None:
    engine, said = recogniser(worker, "die-loading=segv")
    with pytest.raises(EngineUnavailable, match="died twice while loading: it was ended by SIGSEGV"):
        engine.load()
    once, _ = recogniser(worker, f"die-loading=kill,once={tmp_path / 'once'}")
    once.load()
    assert len(said) == 1


@pytest.mark.slow
def test_a_hang_is_a_death(worker: list[WorkerRecogniser]) -> None:
    engine, said = recogniser(worker, "hang=bad", Limits(load=60.0, call=1.0, first_call=0.0))
    (found,) = engine.transcribe(clips("bad"), Options())
    assert "the engine died twice at 0.0 s: no answer within 1 s" in str(found) and len(said) == 1


@pytest.mark.slow
def test_a_process_that_grows_is_replaced_between_calls(worker: list[WorkerRecogniser]) -> None:
    engine, said = recogniser(worker, "leak=300", Limits(memory=500_000_000))
    texts = [engine.transcribe(clips(name), Options())[0][0].text for name in HERE]  # type: ignore[index]
    assert texts == list(HERE)
    assert said and all("a fresh one goes on" in line for line in said)


def test_out_of_memory_goes_down_the_ladder_on_a_fresh_process(worker: list[WorkerRecogniser]) -> None:
    engine, said = recogniser(worker, "oom-on=cuda")
    engine.choice = Choice(Fake, engine.choice.weights, Device("cuda", 1))
    cuda = WorkerRecogniser(engine.choice, QUICK, announce=said.append)
    worker.append(cuda)
    assert cuda.transcribe(clips("a", "b"), Options())[1][0].text == "b"  # type: ignore[index]
    assert [line.partition(":")[0] for line in said] == ["out of memory on cuda"] * len(said) and len(said) == 3
    assert str(cuda.device) == "cpu"


def test_languages_and_answers_come_from_the_worker(worker: list[WorkerRecogniser], tmp_path: Path) -> None:
    engine, _ = recogniser(worker, "default")
    assert engine.identify_language(clips("de-a", "b")) == [{"de": 0.9, "en": 0.1}, {"en": 0.9, "de": 0.1}]
    assert engine.generate(["[1] x"], 5) == ["It says: x [1]"]
    assert engine.prompt_characters == 48_000


class Watched:
    """A lock that counts who has come to it."""

    def __init__(self, lock: Any) -> None:
        self.lock, self.come = lock, threading.Semaphore(0)

    def __enter__(self) -> None:
        self.come.release()
        self.lock.acquire()

    def __exit__(self, *error: object) -> None:
        self.lock.release()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.lock, name)


def test_closing_ends_the_call_under_way_and_those_that_wait(worker: list[WorkerRecogniser]) -> None:
    engine, said = recogniser(worker, "hang=bad", Limits())
    engine.load()
    engine._loading = watched = Watched(engine._loading)  # type: ignore[assignment]
    failures: list[AsrError] = []

    def work() -> None:
        try:
            engine.transcribe(clips("bad"), Options())
        except AsrError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(4):  # one comes to the lock three times, to call and to load; the other waits for it
        watched.come.acquire()
    engine.close()
    for thread in threads:
        thread.join(60)
    assert len(failures) == 2 and all("closed" in str(one) for one in failures) and said == []
    assert engine._remote is None


def test_a_worker_that_is_lost_leaves_its_clips_to_the_others(recordings: list[Path]) -> None:
    """One of two is gone after the other has heard something: a GPU that has fallen off the bus."""
    choice = Choice(Fake, Weights("default", None), Device())
    heard = threading.Event()

    class Well(LocalRecogniser):
        def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
            if heard.is_set():
                taken.wait(60)
            heard.set()
            return super().transcribe(clips, options)

    class Sick(LocalRecogniser):
        def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
            taken.set()
            while not lines and len(texts) < 1:
                time.sleep(0.01)
            raise EngineUnavailable("it is gone")

    taken = threading.Event()
    lines: list[str] = []
    texts: list[str] = []
    settings = Settings(cut=CutOptions(max_seconds=10.0, vad=None), batch_size=1)
    for event in run(
        [Recording(str(path), seconds=40.0) for path in recordings], [Well(choice), Sick(choice)], Options(), settings
    ):
        if isinstance(event, Finished):
            texts.append(event.transcript.text)
        elif isinstance(event, Worked):
            texts.append("")
        elif isinstance(event, Notice):
            lines.append(event.text)
    assert lines == ["cpu: it is gone; the other workers go on"]
    assert sorted(filter(None, texts)) == sorted(f"{name} b c" for name in HERE)


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        ({"workers": -1}, UsageError, "--workers -1: choose 0 to 256"),
        ({"workers": 1, "device": "cuda:0,cuda:1"}, UsageError, "--workers 1 are too few for 2 devices"),
        ({"device": "cuda:0,cuda:0"}, UsageError, "cuda:0 is named twice"),
        ({"device": "cuda:0,tpu"}, UsageError, "unknown device 'tpu'"),
        ({"device": "cuda:all"}, DeviceError, "--device cuda:all: engine 'fake' finds no GPU"),
        ({"workers": 2, "seed": 1}, UsageError, "--seed 1 holds for one engine"),
    ],
)
def test_workers_that_cannot_be(
    tmp_path: Path, words: dict[str, object], kind: type[Exception], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "driver_gpus", lambda: 0)
    path = write_silence(tmp_path / "a.wav", 1.0)
    with pytest.raises(kind, match=sentence):
        list(asrcli.transcribe(path, engine="fake", **words))  # type: ignore[arg-type]
    for seconds, gigabytes in ((0.0, None), (None, 0.0)):
        with pytest.raises(UsageError, match="above 0"):
            Limits.of(seconds, gigabytes)


def test_workers_share_devices_threads_and_see_one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(kind: str, threads: int) -> Choice:
        return Choice(Fake, Weights("default", None), devices.choose(Fake, kind, "auto", threads))

    crew = assemble(Fake, Workers(5), "cuda:0,cuda:1", 10, choose)
    assert crew.names == ("cuda:0 1", "cuda:1 1", "cuda:0 2", "cuda:1 2", "cuda:0 3")
    assert {one.choice.device.threads for one in crew.recognisers} == {2}
    assert assemble(Fake, Workers(2), "cpu", 0, choose).recognisers[0].choice.device.threads == max(1, cores() // 2)
    assert assemble(Fake, Workers(), "cpu", 0, choose).names == ()
    monkeypatch.setattr(devices, "available", lambda engine, kind: 2)
    monkeypatch.setattr(devices, "driver_gpus", lambda: 2)
    assert assemble(Fake, Workers(), "cuda:all", 0, choose).names == ("cuda:0", "cuda:1")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert environment(Device("cuda", 1)) == {"CUDA_VISIBLE_DEVICES": "1"} and environment(Device()) == {}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4, GPU-abc")
    assert environment(Device("cuda", 1)) == {"CUDA_VISIBLE_DEVICES": "GPU-abc"}


def test_an_engine_of_a_script_cannot_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(Fake):
        pass

    with pytest.raises(UsageError, match="in a module of its own"):
        spelled(Own)
    assert spelled(Fake) == f"{Fake.__module__}:Fake"
