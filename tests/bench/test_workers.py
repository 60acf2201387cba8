"""`asr bench` with several workers: what is measured for each number of them, and what cannot be."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import Run, quiet_environment, write_wav

from asrcli.bench import figures
from asrcli.bench import messages as say
from asrcli.bench.gauges import Reading
from asrcli.bench.tables import workers
from asrcli.bench.verdicts import told_apart
from asrcli.datasets.results import Measure, RunRecord, read_run

FEW = ("--repeats", "2", "--batches", "none", "--no-vad")


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Return a small dataset."""
    for name in ("one-two", "three", "four-five", "six"):
        write_wav(tmp_path / f"data/{name}.wav", 0.5)
        (tmp_path / f"data/{name}.txt").write_text(name.replace("-", " ") + "\n")
    return tmp_path


def record_of(folder: Path) -> RunRecord:
    (path,) = folder.glob("runs/*.jsonl")
    return read_run(path)


def figure(record: RunRecord, name: str, count: int) -> float:
    one = record.measure(name, figures.condition_of(count))
    assert one is not None and one.value is not None, (name, count)
    return one.value


@pytest.mark.slow
def test_each_number_of_workers_is_measured_and_is_in_record_and_tables(asr: Run, words: Path) -> None:
    few = ("--repeats", "1", "--batches", "none", "--no-vad", "-o", "runs")
    done = asr("bench", "data", "-e", "fake:sleep=0.05", "--device", "cpu,cuda:1", *few)
    assert done.code == 0, done.err
    record = record_of(words)
    facts = [record.fact(name) for name in ("workers", "worker_devices", "device")]
    assert facts == ["2", "cpu, cuda:1", "cpu (auto)"]
    for count in (1, 2):
        speed = record.measure("rtfx", figures.condition_of(count))
        assert speed is not None and speed.count == 1 and speed.value and figure(record, "failed", count) == 0
        assert figure(record, "cold_start", count) > 0
    assert 0 < figure(record, "memory_peak", 1) < figure(record, "memory_peak", 2)
    gain = figure(record, "rtfx", 2) / figure(record, "rtfx", 1)
    assert figure(record, "speedup", 2) == pytest.approx(gain) == pytest.approx(2 * figure(record, "efficiency", 2))
    rows = [("1 × fake:sleep=0.05", "cpu"), ("2 × fake:sleep=0.05", "cpu, cuda:1")]
    assert [row[:2] for row in workers([record]).rows] == rows
    assert "Several workers" in done.out
    alone = RunRecord("fake", (), (), (), model="sleep=0.05", started="x", facts=(("device", "cpu (auto)"),))
    assert workers([alone]).rows == ()
    compared = asr("compare", "data", *(words / "runs").glob("*.jsonl"))
    assert "measured with 2 workers on cpu, cuda:1, too (asr bench --with" in compared.err + compared.out
    assert [one.system for one in told_apart([record, alone])] == [
        "fake:sleep=0.05 (2 workers on cpu, cuda:1)",
        "fake:sleep=0.05 (cpu (auto))",
    ]
    head = json.loads(next((words / "runs").glob("*.jsonl")).read_text().splitlines()[0])
    assert '"workers": 0' in head["facts"]["replay"] and '"device": "cpu,cuda:1"' in head["facts"]["replay"]


@pytest.mark.slow
@pytest.mark.parametrize("behaviour", ["kill", "fail"])
def test_what_was_not_transcribed_makes_nothing_faster(asr: Run, words: Path, behaviour: str) -> None:
    done = asr("bench", "data", "-e", f"fake:{behaviour}=six", "--workers", "2", *FEW, "-o", "runs")
    record = record_of(words)
    assert done.code == 1 and figure(record, "failed", 1) == figure(record, "failed", 2) == 1, done.err
    speed = record.measure("rtfx", figures.condition_of(2))
    assert speed is not None and speed.value is None


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("-e", "fake:stream", "--workers", "2"), 2, "2 workers cannot share a stream, and engine 'fake:stream'"),
        (("-e", "fake", "--workers", "2", "--concurrency", "4"), 2, "--concurrency asks one process"),
        (("-e", "fake", "--device", "cuda:0,cuda:1", "--concurrency", "4"), 2, "--concurrency asks one process"),
        (("-e", "fake", "--workers", "257"), 2, "--workers 257: choose 0 to 256"),
        (("-e", "fake", "--workers", "1", "--device", "cpu,cuda:1"), 2, "--workers 1 are too few for 2 devices"),
        (("-e", "fake", "--device", "cpu,cpu"), 2, "cpu is named twice"),
        pytest.param(
            ("-e", "whisper:tiny.en", "--device", "cpu,cuda:99"),
            4,
            "device 'cuda:99' is not there",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_measured(
    asr: Run, words: Path, more: tuple[str, ...], code: int, said: str
) -> None:
    if "whisper" in more[1]:
        pytest.importorskip("faster_whisper")
    done = asr("bench", "data", *more, *FEW, "-o", "runs")
    assert (done.code, said in done.err, done.err.count("\n")) == (code, True, 1), done.err
    assert not (words / "runs").exists()


@pytest.mark.parametrize("said", ["x", "-1", "1e9", "", "99999999999"])
def test_what_a_stranger_says_of_his_workers_is_no_number(said: str) -> None:
    facts = (("device", "cpu"), ("workers", said), ("worker_devices", "cpu"))
    record = RunRecord("fake", (), (), (), facts=facts, measures=(Measure("rtfx", 1.0, "x", f"{said} workers"),))
    assert workers([record]).rows == () and [one.system for one in told_apart([record, record])] == ["fake ()"] * 2


def test_counts_and_gains() -> None:
    assert [figures.team_sizes(most) for most in (0, 1, 2, 3, 8)] == [[], [1], [1, 2], [1, 2, 3], [1, 2, 4, 8]]
    ended = say.Ended(1.0, 1.0, 100, None, None)
    known = [
        one
        for count, times in ((1, (10.0, 20.0)), (4, (5.0, 5.0)))
        for one in figures.together(
            say.Pooled(count, times, 30.0, 0), Reading(1.0, 2 << 20, None, None, None), ended, 3.0, None
        )
    ]
    rates = {one.condition: (one.value, one.low, one.high) for one in known if one.name == "rtfx"}
    assert rates == {"1 worker": (2.25, 1.5, 3.0), "4 workers": (6.0, 6.0, 6.0)}
    assert Measure("memory_peak", 2.0, "MiB", "4 workers") in known and not any(one.name == "cpu_load" for one in known)
    assert {one.name: one.value for one in figures.gains(known)} == {
        "speedup": pytest.approx(6 / 2.25),
        "efficiency": pytest.approx(6 / 2.25 / 4),
    }
    assert figures.gains(known[1:]) == [], "without the speed of one there is nothing to hold it against"


@pytest.mark.slow
def test_workers_that_do_not_start_cost_their_part_alone(asr: Run, words: Path) -> None:
    """They die when they start; the measuring processes do not."""
    (words / "sitecustomize.py").write_text(
        "import os, sys\nif sys.orig_argv[3:4] == ['asrcli.workers']:\n    os._exit(9)\n"
    )
    done = asr("bench", "data", "-e", "fake", "--workers", "1", *FEW, "-o", "runs", PYTHONPATH=str(words))
    assert done.code == 0 and "1 worker was not measured: the process of engine 'fake' died twice" in done.err, done.err
    record = record_of(words)
    assert record.measure("rtfx", "1 worker") is None and record.measure("wer") is not None


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_a_killed_bench_leaves_no_worker_and_goes_on(asr: Run, words: Path) -> None:
    command = ["bench", "data", "-e", "fake:sleep=0.3", "--workers", "2", *FEW, "-o", "runs"]
    around = quiet_environment(words)
    null = subprocess.DEVNULL
    run = subprocess.Popen([sys.executable, "-m", "asrcli", *command], cwd=words, env=around, stdout=null, stderr=null)
    while len(found := below(run.pid)) < 3:
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    until = time.monotonic() + 60
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in found):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert asr(*command).code == 0 and figure(record_of(words), "failed", 2) == 0


def below(pid: int) -> list[int]:
    """Return the processes that one has started, and theirs."""
    try:
        ours = [int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]
    except OSError:
        return []
    return [*ours, *(each for one in ours for each in below(one))]
