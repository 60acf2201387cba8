"""Several runs over one folder: each recording is heard by one of them, and all of them end when all is done."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import PYTHON, Run, quiet_environment, write_silence, write_wav
from support.recipes import ROOT

from asrcli.audio.inputs import Found
from asrcli.errors import UsageError
from asrcli.outputs.claims import Claims
from asrcli.runs.shards import Shard, shard_of

COUNT = 6
COMMAND = ("transcribe", "-e", "fake", "-m", "sleep=0.1,load=0.2", "--no-vad", "in", "-f", "txt,json", "-o", "out")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    for number in range(COUNT):
        write_wav(tmp_path / f"in/talk-{number}.wav", 2.0)
    return tmp_path


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "asrcli", *COMMAND, "--batch-size", "1", "--json", *more]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=quiet_environment(folder), stdout=pipe, stderr=pipe, text=True)


def statuses(records: str) -> Counter[str]:
    return Counter(record["status"] for record in map(json.loads, records.splitlines()) if record["type"] == "input")


def made(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "out").glob("[!.]*")}


@pytest.mark.parametrize("more", [(), pytest.param(("--channels", "split"), marks=pytest.mark.slow)])
def test_two_runs_share_a_folder(asr: Run, recordings: Path, more: tuple[str, ...]) -> None:
    runs = [start(recordings, *more) for _ in range(2)]
    results = [run.communicate(timeout=100) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], results
    found = [statuses(out) for out, _ in results]
    assert sum(one["done"] for one in found) == COUNT, "each recording is heard once"
    assert all(one["done"] + one["up_to_date"] == COUNT for one in found), "and both say that all is done"
    shared = made(recordings)
    assert len(shared) == 2 * COUNT
    assert asr(*COMMAND, *more, "--force").code == 0 and made(recordings).keys() == shared.keys()
    assert {name: text for name, text in made(recordings).items() if name.endswith("txt")} == {
        name: text for name, text in shared.items() if name.endswith("txt")
    }


MEETING = """
import os, runpy, time
from pathlib import Path
from asr_plugins.fake import Fake

def meet(self, clips, options, transcribe=Fake.transcribe):
    Path("met", str(os.getpid())).touch()
    while len(list(Path("met").iterdir())) < 2:
        time.sleep(0.01)
    return transcribe(self, clips, options)

Fake.transcribe = meet
runpy.run_module("asrcli", run_name="__main__")
"""


def meet(folder: Path, *languages: str) -> list[tuple[int, str, str]]:
    """Start runs over ten recordings whose engines wait for each other in a first call; return code and output."""
    (folder / "met").mkdir()
    for number in range(10):
        write_silence(folder / f"in/talk-{number}.wav", 45.0)
    words = ["transcribe", "-e", "fake", "--no-vad", "in", "-f", "txt", "-o", "out", "--json", "--batch-size", "2"]
    command, around, pipe = [sys.executable, "-c", MEETING, *words], quiet_environment(folder), subprocess.PIPE
    runs = [
        subprocess.Popen([*command, "-l", one], cwd=folder, env=around, stdout=pipe, stderr=pipe, text=True)
        for one in languages
    ]
    results = [run.communicate(timeout=100) for run in runs]
    return [(run.returncode, *result) for run, result in zip(runs, results, strict=True)]


@pytest.mark.slow
def test_two_runs_share_a_small_folder_evenly(tmp_path: Path) -> None:
    """In a call of its engine each waits for the other: by then it has begun what two more batches need."""
    results = meet(tmp_path, "en", "en")
    done = sorted(statuses(out)["done"] for _, out, _ in results)
    assert [code for code, _, _ in results] == [0, 0] and sum(done) == 10 and done[0] >= 4, results


@pytest.mark.slow
def test_of_two_runs_with_other_options_none_replaces_what_the_other_makes(asr: Run, tmp_path: Path) -> None:
    results = meet(tmp_path, "en", "de")
    found = [statuses(out) for _, out, _ in results]
    assert [code for code, _, _ in results] == [1, 1] and sum(one["done"] for one in found) == 10, results
    assert all(one["done"] >= 4 and one["done"] + one["failed"] == 10 for one in found), found
    for (_, _, err), (mine, other) in zip(results, (("en", "de"), ("de", "en")), strict=True):
        said = f"another run has made it meanwhile with other options (language was {other}, now {mine})"
        assert said in err and "let each write to a folder of its own" in err, err
    words = ("transcribe", "-e", "fake", "--no-vad", "in", "-f", "txt", "-o", "out", "--json", "--batch-size", "2")
    again = asr(*words, "-l", "en")
    assert again.code == 0 and statuses(again.out)["done"] == found[0]["failed"], "later it is as asked for"


@pytest.mark.slow  # quick for a claim alone: the next one
def test_what_a_killed_run_had_claimed_is_done_by_the_other(recordings: Path) -> None:
    first, second = start(recordings), start(recordings)
    assert first.stdout is not None
    first.stdout.readline()  # it is at work
    first.send_signal(signal.SIGKILL)
    before = statuses(first.communicate(timeout=100)[0])["done"]
    out, err = second.communicate(timeout=100)
    assert second.returncode == 0, err
    assert before < COUNT and statuses(out)["done"] >= COUNT - before - 2, "one under way, and one not yet printed"
    assert len(made(recordings)) == 2 * COUNT


def test_a_claim_goes_with_its_process(tmp_path: Path) -> None:
    claims = Claims(str(tmp_path))
    code = f"""
import sys
from asrcli.outputs.claims import Claims
claims = Claims({str(tmp_path)!r})
print(claims.take([{str(tmp_path / "b.txt")!r}, {str(tmp_path / "a.txt")!r}]), flush=True)
input()
"""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "True\n"
        paths = [str(tmp_path / f"{name}.txt") for name in "cab"]
        assert claims.take(paths[:1]) and not claims.take(paths[1:2])
        assert not claims.take([paths[0], paths[1]]), "all or none"
        other.kill()
        other.wait()
        assert claims.take(paths)
        claims.give_back(paths)


@given(names=st.lists(st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1)),
       count=st.integers(1, 9))  # fmt: skip
def test_every_input_is_in_one_shard_wherever_its_folder_is(names: list[str], count: int) -> None:
    shards = [Shard(number, count) for number in range(1, count + 1)]
    for name in names:
        here, there = Found(f"/here/in/{name}", "/here/in"), Found(f"in/{name}", "in")
        assert [one.has(here) for one in shards] == [one.has(there) for one in shards]
        assert sum(one.has(here) for one in shards) == 1


@pytest.mark.slow
def test_shards_of_many_inputs_are_alike() -> None:
    found = [Found(f"in/{number:05}.wav", "in") for number in range(8000)]
    sizes = [len(Shard(number, 8).of(found)) for number in range(1, 9)]
    assert sum(sizes) == 8000 and min(sizes) > 900 and max(sizes) < 1100  # 3.3 standard deviations of chance


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SLURM_ARRAY_TASK_ID": "12", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "10"}, "3/8"),
        ({"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "0"}, "1/8"),
        ({"JOB_COMPLETION_INDEX": "7", "JOB_COMPLETIONS": "8"}, "8/8"),
        ({"PARALLEL_SEQ": "1", "PARALLEL_JOBS": "4"}, "1/4"),
    ],
)
def test_schedulers_say_which_part(environment: dict[str, str], expected: str) -> None:
    assert str(shard_of("auto", environment)) == expected


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("0/4", {}, "--shard 0/4: give I/N"),
        ("5/4", {}, "--shard 5/4: give I/N"),
        ("3", {}, "--shard 3: give I/N"),
        ("x", {}, "--shard x: give I/N"),
        (f"1/{'9' * 5000}", {}, "--shard 1/9+: give I/N"),
        ("auto", {"SLURM_ARRAY_TASK_ID": "", "SLURM_ARRAY_TASK_COUNT": ""}, "none of SLURM_ARRAY_TASK_ID"),
        ("auto", {"PARALLEL_SEQ": "9" * 5000, "PARALLEL_JOBS": "4"}, "are no numbers"),
        ("auto", {}, "none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, PARALLEL_SEQ is set"),
        ("auto", {"JOB_COMPLETION_INDEX": "1"}, "set JOB_COMPLETIONS"),
        (
            "auto",
            {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "4"},
            "where they begin: set SLURM_ARRAY_TASK_MIN",
        ),
        (
            "auto",
            {"SLURM_ARRAY_TASK_ID": "20", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "0"},
            "SLURM_ARRAY_TASK_ID=20 is not one of 4 in a row",
        ),
    ],
)
def test_what_is_no_part_is_said(text: str, environment: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        shard_of(text, environment)


@pytest.mark.slow
def test_the_recipe_for_gnu_parallel_does_all_of_it(recordings: Path) -> None:
    """With five jobs, of which one would find the number that parallel gives it among its own inputs."""
    if shutil.which("parallel") is None:
        pytest.skip("GNU parallel is not installed")
    (line,) = [one for one in (ROOT / "docs/clusters.md").read_text().splitlines() if one.startswith("seq 8 | ")]
    line = line.replace("seq 8", "seq 5").replace("JOBS=8", "JOBS=5").replace("recordings", "in -e fake --no-vad")
    line = line.replace(" asr ", f" {PYTHON} -m asrcli ")
    done = subprocess.run(["sh", "-c", line], cwd=recordings, env=quiet_environment(recordings), capture_output=True)
    assert done.returncode == 0 and len(made(recordings)) == COUNT, done.stderr


@pytest.mark.slow
def test_the_shards_of_a_folder_make_all_of_it_once(asr: Run, recordings: Path) -> None:
    done: Counter[str] = Counter()
    for number in (1, 2, 3):
        result = asr(*COMMAND, "--shard", f"{number}/3", "--report", "run-{shard}.jsonl")
        assert result.code == 0 and f"shard {number}/3: " in result.err
        report = recordings / f"run-{number}-of-3.jsonl"
        lines = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
        done.update(line["input"] for line in lines if line["type"] == "input")
    assert set(done.values()) == {1} and len(done) == COUNT and len(made(recordings)) == 2 * COUNT
    result = asr(*COMMAND, "--shard", "1/3", "--report", "run.jsonl")
    assert result.code == 2 and "'run-{shard}.jsonl'" in result.err


def test_the_name_of_a_report_has_the_part() -> None:
    shard = Shard(3, 8)
    assert shard.named("out/run-{shard}.jsonl") == shard.named("out/run-3-of-8.jsonl") == "out/run-3-of-8.jsonl"
    for shared in ("run.jsonl", "run-13-of-8.jsonl", "run-3-of-80.jsonl", "run-2-of-8.jsonl"):
        with pytest.raises(UsageError, match=r"all 8 shards: write 'run.*-\{shard\}\.jsonl'"):
            shard.named(shared)


def test_shards_whose_outputs_would_meet_are_refused(asr: Run, recordings: Path) -> None:
    write_wav(recordings / "in/more/talk-1.wav", 1.0)
    for number in (1, 2):
        result = asr(*COMMAND, "--shard", f"{number}/2")
        assert result.code == 2 and "talk-1" in result.err and not made(recordings)
