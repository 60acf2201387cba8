"""Workers on the nodes of Ray: the same bytes, whatever goes there. Quick tests have a stand-in for Ray."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from asr_plugins.fake import Fake
from support.command import Run, write_silence
from support.ray_nodes import AROUND, running
from support.working import HERE, QUICK, Heard, five

import asrcli
from asrcli.errors import DeviceError, EngineUnavailable, MissingExtra, UsageError
from asrcli.formats import Layout, render
from asrcli.pipeline.feeding import Feeding
from asrcli.pipeline.settings import decode_threads
from asrcli.transport.codec import decode, encode
from asrcli.transport.messages import Hello, Trouble, hello
from asrcli.types import Options
from asrcli.workers.messages import Joined, Lacks, Lost, Open
from asrcli.workers.ray_cluster import divide
from asrcli.workers.ray_driver import check_reachable, failure, room_on
from asrcli.workers.ray_host import Host
from asrcli.workers.wanted import Workers

SUPPORT = Path(__file__).parent.parent / "support"
real = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed (extra 'ray')")


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    return five(tmp_path)


class StandIn:
    """A cluster that is not there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log, self.patch = folder / "ray.log", monkeypatch
        monkeypatch.syspath_prepend(SUPPORT / "stand_in_ray")
        monkeypatch.setenv("PYTHONPATH", str(SUPPORT / "stand_in_ray"))
        self.be()

    def be(self, nodes: tuple[int, ...] = (1, 1), **more: str | tuple[int, ...]) -> None:
        """Be like this from now on."""
        self.patch.setenv("STAND_IN_RAY", json.dumps({"nodes": nodes, "log": str(self.log), **more}))

    @property
    def told(self) -> list[dict[str, Any]]:
        """What Ray was told."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    return StandIn(tmp_path, monkeypatch)


def test_workers_on_a_cluster_give_the_bytes_of_none(
    ray: StandIn, recordings: list[Path], capfd: pytest.CaptureFixture[str]
) -> None:
    alone = Heard(recordings, 0, word_timestamps=True, n_best=2)
    there = Heard(recordings, Workers(0, QUICK, "local"), word_timestamps=True, n_best=2)
    assert there.texts == alone.texts and len(alone.texts) == len(HERE) and there.said == []
    assert capfd.readouterr() == ("", "")  # nothing of what Ray says
    begun, *made, over = ray.told
    assert not begun["init"]["log_to_driver"] and not begun["init"]["include_dashboard"] and over == {"shutdown": True}
    assert begun["variables"]["RAY_USAGE_STATS_ENABLED"] == "0" and len(begun["variables"]["RAY_AUTH_TOKEN"]) == 64
    assert begun["variables"]["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
    assert not os.path.exists(begun["init"]["_temp_dir"])
    once = {"max_restarts": 0, "max_task_retries": 0, "num_cpus": 1.0, "num_gpus": 0.0, "scheduling_strategy": "SPREAD"}
    assert [one["remote"] for one in made] == [once, once]


@pytest.mark.slow
def test_a_death_there_is_told_like_one_here(ray: StandIn, recordings: list[Path]) -> None:
    there = Heard(recordings, Workers(1, QUICK, "local"), model="segv=bad")
    here = Heard(recordings, Workers(1, QUICK), model="segv=bad")
    assert there.texts == here.texts and len(there.said) == len(here.said) == 2
    assert (there.said[-1], there.failed) == (here.said[-1], here.failed)
    assert "died twice at 0.0 s: it was ended by SIGSEGV" in there.failed["bad-b-c"]


@pytest.mark.slow
def test_a_node_that_goes_leaves_its_clips_to_the_others(ray: StandIn, recordings: list[Path]) -> None:
    alone = Heard(recordings, 0)
    ray.be((1, 1), lose="gamma")
    there = Heard(recordings, Workers(0, QUICK, "local"))
    assert there.failed == {} and there.texts == alone.texts
    assert any("Ray has lost it, or its node (ActorDiedError)" in line for line in there.said), there.said
    assert any("room for 1 workers, and this is one more; the other workers go on" in line for line in there.said)


@pytest.mark.slow
@pytest.mark.parametrize("lacking", [(0, 2), (0,), (1,)])
def test_a_node_that_lacks_something_is_left_out(
    ray: StandIn, recordings: list[Path], lacking: tuple[int, ...]
) -> None:
    """Before anything was transcribed; a worker moves to a node that is free, and else its clips are for the others."""
    ray.be((1, 1, 1), lacking=lacking)
    for count in (0, 1):
        there = Heard(recordings, Workers(count, QUICK, "local"))
        assert there.failed == {} and len(there.texts) == len(HERE)
        if count:
            assert [line.partition("; ")[2] for line in there.said] == ["it is left out"] * (lacking[0] == 0)
        else:  # one that lacks it may find a place before another does, which is then the one that has none
            ends = [line.rpartition("; ")[2] for line in there.said]
            assert ends.count("the other workers go on") == len(lacking), there.said
            assert set(ends) <= {"the other workers go on", "it is left out"}
        assert all("has no '/nowhere/weights': every node needs it there" in line for line in there.said), there.said


@pytest.mark.slow
def test_no_node_that_has_it_ends_the_run(ray: StandIn, recordings: list[Path]) -> None:
    ray.be((1, 1), lacking=(0, 1))
    with pytest.raises(EngineUnavailable, match=r"room for 0 workers.*; 2 nodes left out: node .* has no '/nowhere"):
        Heard(recordings, Workers(0, QUICK, "local"))


def test_a_driver_that_ends_is_one_line(ray: StandIn, recordings: list[Path]) -> None:
    ray.be((1,), crash="gamma")
    with pytest.raises(EngineUnavailable, match="driver of Ray has gone: it ended with exit code 3"):
        Heard(recordings, Workers(0, QUICK, "local"))
    with pytest.raises(EngineUnavailable, match="--ray auto: there is none on this machine: ray start --head"):
        Heard(recordings, Workers(0, QUICK, "auto"))


def test_how_many_workers_a_cluster_has() -> None:
    mixed = Joined((8.0, 4.0, 0.0), 3.0)
    assert divide(mixed, "cuda", 0, 0) == (3, 1) and divide(mixed, "cuda", 2, 6) == (2, 6)
    assert divide(mixed, "cpu", 0, 0) == (2, 4) and divide(mixed, "cpu", 6, 0) == (6, 2)
    assert divide(mixed, "cpu", 50, 0) == (50, 1) and divide(mixed, "cpu", 0, 3) == (2, 3)
    for count in (0, 1):
        with pytest.raises(DeviceError, match="has 0 GPUs free, and 1 workers"):
            divide(Joined((1.0,), 0.0), "cuda", count, 0)


def test_what_cannot_be_is_said_before_anything_is_joined(monkeypatch: pytest.MonkeyPatch, ray: StandIn) -> None:
    for address, kind, options, said in (
        ("here", "auto", Options(), "--ray 'here': give auto, local, or HOST:PORT"),
        ("auto", "cuda:1", Options(), "--device cuda:1: with --ray choose one of: auto, cuda, cpu"),
        ("auto", "cpu", Options(seed=1), "--seed 1 holds .* say --workers 1$"),
    ):
        with pytest.raises(UsageError, match=said):
            Workers(0, ray=address).check(Fake, kind, options)
    Workers(1, ray="auto").check(Fake, "cuda", Options(seed=1))
    with pytest.raises(EngineUnavailable, match=r"--ray 127.0.0.1:1: nobody answers there \(connection refused\)"):
        check_reachable("127.0.0.1:1")
    monkeypatch.setattr("asrcli.workers.wanted.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"--ray needs ray: pip install 'asrcli\[ray\]'"):
        Workers(0, ray="auto").check(Fake, "cpu", Options())


def test_what_an_exception_of_ray_means() -> None:
    kinds = (Lost, Trouble)
    lost = decode(failure(RuntimeError("x"), False).encode(), bytearray(), kinds)
    assert lost == Lost("Ray has lost it, or its node (RuntimeError)", False)
    told = "ray::Host.__init__()\nModuleNotFoundError: No module named 'asrcli'\n"
    trouble = decode(failure(RuntimeError(told), True).encode(), bytearray(), kinds)
    assert trouble.kind == "NoPlace" and trouble.text.endswith("No module named 'asrcli'")
    wanted = Open(1, 2.0, 1.0, None, {})
    assert room_on({"CPU": 8.0, "GPU": 3.0}, wanted) == 3 and room_on({"CPU": 5.0, "GPU": 8.0}, wanted) == 2
    assert room_on({"CPU": 5.0}, wanted) == 0


def test_a_node_says_what_it_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asrcli.workers.ray_host.node_id", lambda: "here")
    monkeypatch.setenv("DEEPGRAM_API_KEY", "planted")

    def asked(host: Host, message: Any) -> Any:
        return decode(host.ask(encode(message)[0].decode(), b"").encode(), bytearray(), (Hello, Lacks))

    for needs, lacks in ((("/nowhere/python",), "/nowhere/python"), ((str(tmp_path), "/nowhere/x"), "/nowhere/x")):
        told = asked(Host(None, {}, needs), hello())
        assert told.node == "here" and f"has no '{lacks}': every node needs it there" in told.why
    told = asked(Host(None, {}), replace(hello(), version="0.0.1"))
    assert ": the process of the engine is of asr 0.0.1" in told.why
    for keys in ((), ("DEEPGRAM_API_KEY",)):
        host = Host(None, {}, (str(tmp_path),), keys)
        assert asked(host, hello()) == hello()
        assert host._child is not None
        assert (b"planted" in Path(f"/proc/{host._child.pid}/environ").read_bytes()) == bool(keys)
        host._child.close()


def test_workers_that_wait_for_sound_are_said() -> None:
    now = 0.0
    feeding = Feeding(lambda: now)

    def work(worker: str, wait: float, seconds: float) -> None:
        nonlocal now
        now += wait
        feeding.begin(worker)
        feeding.begin(worker)  # the next batch is ready
        now += seconds
        feeding.end(worker)
        assert feeding.busy(worker)
        feeding.end(worker)

    work("a", 500.0, 10.0)  # before the first batch weights are loaded
    work("a", 30.0, 10.0)
    assert (feeding.worked, feeding.waited, feeding.verdict()) == (20.0, 30.0, "")  # one alone: as ever
    work("b", 0.0, 10.0)
    assert "have waited for sound for 50 % of their time" in feeding.verdict()
    work("b", 0.0, 70.0)
    assert feeding.verdict() == ""
    before = feeding.waited
    feeding.begin("a")
    waited = feeding.waited
    feeding.end("a", more=False)
    work("a", 1000.0, 1.0)
    assert before < waited == feeding.waited, "all is decoded: what is left was with another worker"


def test_more_threads_decode_for_more_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert [decode_threads(1, False), decode_threads(2, False), decode_threads(8, False)] == [8, 16, 32]
    assert [decode_threads(1, True), decode_threads(24, True)] == [8, 64]


# With Ray itself


@real
@pytest.mark.slow
def test_a_node_of_three_is_removed_in_the_middle(recordings: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in AROUND.items():
        monkeypatch.setenv(name, value)
    alone = Heard(recordings, 0, batch_size=1)
    said: list[str] = []
    more: dict[str, Any] = {"engine": "fake", "model": "sleep=3", "vad": False, "batch_size": 1}
    texts: dict[str, str] = {}
    with running(3) as (nodes, address):
        for one in asrcli.transcribe(recordings, workers=Workers(0, ray=address), on_note=said.append, **more):
            if not texts:
                print("remove", file=nodes.stdin, flush=True)
            texts[Path(one.recording.path).stem] = render(replace(one, model=None), "json", Layout())
        # Two are left, and one of them is enough for what kills an engine.
        dying = Heard(recordings, Workers(2, ray=address), model="kill=bad")
    assert texts == alone.texts
    assert sum("the other workers go on" in line for line in said) == 1, said
    assert list(dying.failed) == ["bad-b-c"] and "SIGKILL" in dying.failed["bad-b-c"] and len(dying.texts) == 4


@real
@pytest.mark.slow
def test_a_cluster_of_its_own_leaves_nothing(asr: Run, tmp_path: Path) -> None:
    write_silence(tmp_path / "a-b.wav", 2.0)
    (home := tmp_path / "home").mkdir()
    before = set(Path("/tmp").glob("asr-ray-*"))
    words = ("transcribe", "a-b.wav", "-e", "fake", "--no-vad", "--ray", "local", "--workers", "1")
    done = asr(*words, HOME=str(home))
    assert (done.code, done.out, done.err) == (0, "a b\n", "")
    assert not (home / ".ray").exists() and set(Path("/tmp").glob("asr-ray-*")) <= before
