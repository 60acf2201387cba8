"""A run that is killed leaves whole files or none, and the same command finishes it to the same bytes."""

from __future__ import annotations

import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from support.command import Run, quiet_environment, write_wav

from asrcli.pipeline.assembly import RecognisedClip
from asrcli.pipeline.events import Known
from asrcli.runs.journal import Journal

NAMES = ("one", "two-words", "three-words-here", "a-long-recording-with-ten-words-in-its-name")
COMMAND = ("transcribe", "-e", "fake", "--no-vad", "in", "-f", "txt,srt,json", "-o", "out", "--batch-size", "2")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    for name in NAMES:
        write_wav(tmp_path / f"in/{name}.wav", 200.0 if name.startswith("a-long") else 3.0)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*.*")}


def heard(folder: Path) -> bool:
    """Tell whether the journal of a recording that is not finished has a clip."""
    with suppress(FileNotFoundError):  # it is finished
        return any('"clip"' in path.read_text() for path in folder.glob("out/.asr/journal/*.jsonl"))
    return False


def killed_after(folder: Path, model: str, seconds: float | None) -> int:
    """Start the run, kill it outright after some seconds, or when it has heard a clip, and return its exit code."""
    run = subprocess.Popen(
        [sys.executable, "-m", "asrcli", *COMMAND, "-m", model],
        cwd=folder,
        env=quiet_environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while seconds is None and run.poll() is None and not heard(folder):
        time.sleep(0.01)
    try:
        return run.wait(seconds or 0.0)
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGKILL)
        return run.wait()


def uninterrupted(asr: Run, folder: Path, model: str) -> dict[str, bytes]:
    assert asr(*COMMAND, "-m", model).code == 0
    whole = contents(folder / "out")
    assert len(whole) == 3 * len(NAMES)
    shutil.rmtree(folder / "out")
    return whole


def kill_and_resume(asr: Run, folder: Path, moments: Sequence[float | None], model: str = "sleep=0.3") -> None:
    whole = uninterrupted(asr, folder, model)
    kills = 0
    chance = random.Random(len(moments))
    for moment in moments:
        killed = killed_after(folder, model, moment) == -signal.SIGKILL
        kills += killed
        for name, content in contents(folder / "out").items():
            assert content == whole[name], f"{name} is not whole after a kill at {moment} s"
        # Some runs are killed again where the one before was; the others are finished, and the next begins anew.
        if not killed or moment == moments[-1] or chance.random() < 0.5:
            assert asr(*COMMAND, "-m", model).code == 0
            assert contents(folder / "out") == whole
            assert not list((folder / "out/.asr").glob("journal/*")), "a finished recording needs no journal"
            shutil.rmtree(folder / "out")
    assert kills >= len(moments) / 2, f"only {kills} of {len(moments)} moments were within a run"


def test_killed_run_resumes_to_the_same_bytes(asr: Run, recordings: Path) -> None:
    kill_and_resume(asr, recordings, [None], "sleep=0.15")


@pytest.mark.slow
def test_thirty_kills(asr: Run, recordings: Path) -> None:
    chance = random.Random(30)
    kill_and_resume(asr, recordings, [chance.uniform(0.3, 2.2) for _ in range(30)])


@pytest.mark.slow
def test_long_recording_resumes_where_it_was(asr: Run, tmp_path: Path) -> None:
    """The second run must not hear again what the first one heard."""
    write_wav(tmp_path / "in/a-long-recording.wav", 170.0)  # six clips of at most 30 s
    words = ("transcribe", "-e", "fake", "--no-vad", "in", "-o", "out", "--batch-size", "1")
    # The process ends itself at the fifth call; the model's name is part of what is remembered, so it stays.
    crashed = asr(*words, "-m", "crash=5,sleep=0.2")
    assert crashed.code == 77
    journal = next((tmp_path / "out/.asr/journal").glob("*.jsonl"))
    heard = sum('"clip"' in line for line in journal.read_text().splitlines())
    assert heard in (3, 4)  # the end came while the fourth result was on its way to the journal
    resumed = asr(*words, "-m", "crash=5,sleep=0.2", "--events", "-")  # too few clips are left for a fifth call
    assert resumed.code == 0
    assert (tmp_path / "out/a-long-recording.txt").read_text().split() == ["a", "long", "recording"]
    said = re.search(
        r"an interrupted run got to (\d):(\d\d); this one goes on there(?:.|\n)*done; (?:(\d):)?(\d\d)", resumed.err
    )
    assert said, resumed.err
    reached, rest = (60 * int(minutes or 0) + int(seconds) for minutes, seconds in (said.group(1, 2), said.group(3, 4)))
    assert 30 * heard - 10 < reached <= 30 * heard and reached + rest == pytest.approx(170, abs=1)


def test_a_journal_says_how_far_it_goes(tmp_path: Path) -> None:
    recording = write_wav(tmp_path / "a.wav", 1.0)
    journal = Journal(str(tmp_path / "out"), str(recording), {})
    assert journal.known() == Known() and Known().until == 0
    for start, length in ((160_000, 320_000), (0, 160_000)):
        journal.add_clip(RecognisedClip((start, length), ()))
    with journal.path.open("a") as file:
        file.write('{"clip": ["a", "b"], "segments": []}\n{"clip": [1], "segments": []}\n')
    assert journal.known().until == 30 and len(journal.known().clips) == 2


@pytest.mark.slow
def test_broken_last_line_of_the_journal_is_passed_over(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "in/a-long-recording.wav", 170.0)
    words = ("transcribe", "-e", "fake", "--no-vad", "in", "-o", "out", "--batch-size", "1", "-m", "crash=5,sleep=0.2")
    assert asr(*words).code == 77
    journal = next((tmp_path / "out/.asr/journal").glob("*.jsonl"))
    journal.write_bytes(journal.read_bytes()[:-20])
    assert asr(*words).code == 0
    assert (tmp_path / "out/a-long-recording.txt").read_text().split() == ["a", "long", "recording"]


@pytest.mark.slow
def test_two_runs_at_once_write_whole_files(tmp_path: Path) -> None:
    for number in range(10):
        write_wav(tmp_path / f"in/word-{number}.wav", 1.0)
    command = [
        sys.executable,
        "-m",
        "asrcli",
        "transcribe",
        "-e",
        "fake",
        "--no-vad",
        "in",
        "-o",
        "out",
        "-f",
        "txt,json",
    ]
    started = time.monotonic()
    runs = [
        subprocess.Popen(
            command, cwd=tmp_path, env=quiet_environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    codes = [(run.communicate(timeout=60)[1], run.returncode) for run in runs]
    assert time.monotonic() - started < 60
    assert [code for _, code in codes] == [0, 0, 0], codes
    for number in range(10):
        assert (tmp_path / f"out/word-{number}.txt").read_text() == f"word {number}\n"
