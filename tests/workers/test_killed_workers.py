"""Every death at every place, and processes that are killed at any moment: nothing is lost, nothing is left."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from asr_plugins.fake import DEATHS
from support.command import quiet_environment
from support.working import QUICK, Heard, five

from asrcli.workers.wanted import Limits, Workers

pytestmark = pytest.mark.slow
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
SLEEPY = ("-m", "sleep=0.4", "--batch-size", "2")


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    return five(tmp_path)


@pytest.mark.parametrize("place", ["alpha", "bad", "delta"])
@pytest.mark.parametrize("death", sorted(DEATHS))
def test_every_death_at_every_place(recordings: list[Path], death: str, place: str) -> None:
    """In one batch of five recordings: at its first, in its middle, at its last."""
    alone = Heard(recordings, 0).texts
    workers = Workers(1, QUICK if death == "hang" else Limits())
    run = Heard(recordings, workers, model=f"{death}={place}")
    assert set(run.failed) == {f"{place}-b-c"} and "the engine died twice at" in run.failed[f"{place}-b-c"]
    assert run.texts == {name: text for name, text in alone.items() if not name.startswith(place)}


@pytest.mark.parametrize("death", sorted(DEATHS))
def test_every_death_once_fails_nothing(recordings: list[Path], tmp_path: Path, death: str) -> None:
    alone = Heard(recordings, 0).texts
    for number, behaviour in enumerate((f"{death}=bad", f"die-loading={death}")):
        workers = Workers(2, Limits(load=5.0, call=5.0, first_call=0.0) if death == "hang" else Limits())
        run = Heard(recordings, workers, model=f"{behaviour},once={tmp_path / str(number)}")
        assert run.failed == {} and run.texts == alone and run.said


def children_of(pid: int) -> list[int]:
    """Return the workers of a process."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for path in found for one in path.read_text().split()]


def running(pid: int) -> bool:
    """Return whether a process is there and no corpse."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "asrcli", "transcribe", "-e", "fake", "--no-vad", "in", "-f", "json,srt", *words]
    null = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, env=quiet_environment(folder), stdout=null, stderr=null)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*.*")}


@needs_proc
def test_workers_killed_at_any_moment_change_nothing(recordings: list[Path], tmp_path: Path) -> None:
    """Fifty kills, of either of two workers; what fails is a clip hit twice while it is alone, and is made again."""
    assert start(tmp_path, *SLEEPY, "-o", "whole").wait(120) == 0
    whole, chance, kills = contents(tmp_path / "whole"), random.Random(24), 0
    assert len(whole) == 2 * len(recordings)
    while kills < 50:
        command = start(tmp_path, *SLEEPY, "-o", "out", "--workers", "2")
        while command.poll() is None:
            time.sleep(chance.uniform(0.2, 2.0))
            if workers := children_of(command.pid):
                os.kill(chance.choice(workers), signal.SIGKILL)
                kills += 1
        assert command.returncode in (0, 1, 3)
        assert all(whole[name] == data for name, data in contents(tmp_path / "out").items())
        assert start(tmp_path, *SLEEPY, "-o", "out").wait(120) == 0 and contents(tmp_path / "out") == whole
        shutil.rmtree(tmp_path / "out")


@needs_proc
@pytest.mark.timeout(1200)  # thirty runs and more, each with two workers
def test_a_parent_killed_at_any_moment_leaves_whole_files_and_no_worker(recordings: list[Path], tmp_path: Path) -> None:
    assert start(tmp_path, *SLEEPY, "-o", "whole").wait(120) == 0
    whole, chance, kills = contents(tmp_path / "whole"), random.Random(30), 0
    while kills < 30:
        command = start(tmp_path, *SLEEPY, "-o", "out", "--workers", "2")
        kills += killed_with_workers(command, chance.uniform(0.5, 4.0))
        assert all(whole[name] == data for name, data in contents(tmp_path / "out").items())
        if chance.random() < 0.3:
            assert start(tmp_path, *SLEEPY, "-o", "out", "--workers", "2").wait(120) == 0
            assert contents(tmp_path / "out") == whole
            shutil.rmtree(tmp_path / "out")


@needs_proc
def test_a_worker_that_holds_the_interpreters_lock_dies_with_its_parent(recordings: list[Path], tmp_path: Path) -> None:
    command = start(tmp_path, "-m", "hang=wav", "-o", "out", "--workers", "2")
    while len(children_of(command.pid)) < 2:
        time.sleep(0.05)
    killed_with_workers(command, 3.0)


def killed_with_workers(command: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill a run after so many seconds, wait for its workers to go, and return whether it was still at work."""
    time.sleep(seconds)
    workers = children_of(command.pid)
    command.kill()
    killed = command.wait() == -signal.SIGKILL
    until = time.monotonic() + 60
    while left := [one for one in workers if running(one)]:
        assert time.monotonic() < until, left
        time.sleep(0.05)
    return killed
