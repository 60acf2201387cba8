"""`asr bench` and `asr transcribe --manifest` as a user runs them: whole runs, killed ones, and what goes wrong."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.browser import Tab
from support.command import Run, quiet_environment, write_wav

from asrcli.bench import session
from asrcli.cli.main import main
from asrcli.datasets.results import RunRecord, read_run

DOCS = Path(__file__).parents[2] / "docs"
QUICK = ("--repeats", "1", "--batches", "none", "--no-vad")  # the fake engine hears tones


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Return a small dataset: the fake engine hears the names, so some are right and some are wrong."""
    folder = tmp_path / "digits"
    for number, (name, text) in enumerate(
        [("one-two", "one two"), ("three", "three"), ("four-five", "four nine"), ("six", "Six."), ("seven", "seven")]
    ):
        write_wav(folder / f"{name}.wav", 0.5 + number / 10)
        (folder / f"{name}.txt").write_text(text + "\n")
    return folder


def records(folder: Path) -> list[RunRecord]:
    return [
        read_run(path)
        for path in sorted(folder.glob("*.jsonl"), key=lambda path: path.stem)
        if "robustness" not in path.name
    ]


def under_way(folder: Path) -> list[Path]:
    return sorted((folder / ".under-way").glob("*.jsonl"), key=lambda path: path.stem)


def test_a_whole_run_scores_records_and_reports(asr: Run, digits: Path, tmp_path: Path) -> None:
    reports = [f"--{name}={tmp_path / name}" for name in ("json", "csv", "markdown", "html")]
    done = asr("bench", digits, "-e", "fake", "-e", "fake:fail=three", *QUICK, "--out", tmp_path / "runs", *reports)
    assert done.code == 1, done.err  # one utterance of the second engine failed
    assert "fake:fail=three: three: AsrError: fake: told to fail on 'three'" in done.err
    first, second = records(tmp_path / "runs")
    wer = first.measure("wer")
    assert wer is not None and wer.value == pytest.approx(1 / 7) and wer.count == 7
    raw = first.measure("wer_raw")
    assert raw is not None and raw.value == pytest.approx(2 / 7)  # "Six." is an error only as it stands
    assert [one.text for one in first.utterances] == ["four nine", "one two", "seven", "Six.", "three"]  # kept raw
    assert second.hypotheses[-1] is None and second.times[-1] is None
    assert all(value and 0 < value < 5 for value in first.times)
    for name in ("asr", "python", "dataset_sha256", "command", "seed", "version numpy", "system", "cores"):
        assert first.fact(name), name
    assert under_way(tmp_path / "runs") == [] and "fresh processes; each started once" in done.out
    data = json.loads((tmp_path / "json").read_text())
    assert [run["system"] for run in data["runs"]] == ["fake", "fake:fail=three"]
    rows = list(csv.DictReader((tmp_path / "csv").read_text().splitlines()))
    assert float(next(row["value"] for row in rows if row["name"] == "wer")) == pytest.approx(1 / 7)
    assert "14.29 %" in (tmp_path / "markdown").read_text()
    page = (tmp_path / "html").read_text()
    assert "14.29 %" in page and "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert "Accuracy and speed" in done.out and "14.29 %" in done.out


@pytest.mark.slow
def test_compare_reads_the_records(asr: Run, digits: Path, tmp_path: Path) -> None:
    assert asr("bench", digits, "-e", "fake", "-e", "fake:loop=2", *QUICK, "-o", tmp_path / "runs").code == 0
    first, second = sorted((tmp_path / "runs").glob("*.jsonl"), key=lambda path: path.stem)
    done = asr("compare", first, first, second, "--json", "-")
    assert done.code == 0, done.err
    systems = json.loads(done.out)["systems"]
    assert [one["wer"] for one in systems] == [
        pytest.approx(record.measure("wer").value)  # type: ignore[union-attr]
        for record in (read_run(first), read_run(second))
    ]


@pytest.mark.slow
def test_a_quiet_run_is_in_the_store_and_is_shown_later(asr: Run, digits: Path, tmp_path: Path) -> None:
    done = asr("bench", digits, "-e", "fake", *QUICK, "-q", XDG_DATA_HOME=str(tmp_path / "data"))
    assert (done.code, done.out, done.err) == (0, "", "")
    (path,) = (tmp_path / "data/asr/runs").glob("*.jsonl")
    assert read_run(path).system == "fake"
    done = asr("bench", "--with", path, "--markdown", "-")
    assert done.code == 0 and "14.29 %" in done.out and done.out.startswith("# 1 system on digits")
    assert list(path.parent.glob("*.jsonl")) == [path]


def start(tmp_path: Path, *words: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "asrcli", *map(str, words)]
    return subprocess.Popen(
        command,
        cwd=tmp_path,
        env=quiet_environment(tmp_path / "home"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_after(
    process: subprocess.Popen[bytes], folder: Path, count: int, mark: str, number: int = signal.SIGKILL
) -> int:
    """Kill a process as soon as the journals of a folder hold so many marks; return its exit code."""
    try:
        for _ in range(1200):
            text = "".join(path.read_text() for path in folder.glob("*.jsonl")) if folder.exists() else ""
            if text.count(mark) >= count:
                process.send_signal(number)
                return process.wait(60)
            time.sleep(0.05)
        raise AssertionError(f"{folder} never had {count} lines")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("extra", [(), ("--robustness", "--robustness-sample", "1")], ids=["", "card"])
def test_a_killed_run_goes_on_and_equals_an_uninterrupted_one(
    asr: Run, digits: Path, tmp_path: Path, extra: tuple[str, ...]
) -> None:
    words = ("bench", digits, "-e", "fake:sleep=0.2", *QUICK, *extra, "-o")
    process = start(tmp_path, *words, tmp_path / "killed")
    kill_after(process, tmp_path / "killed/.under-way", 2, '"part":"utterances"')
    half = under_way(tmp_path / "killed")
    assert len(half) == 1
    half[0].write_bytes(half[0].read_bytes() + b'{"part": "utterances", "row": {"id": "sev')  # torn
    again = asr(*words, tmp_path / "killed")
    assert again.code == 0 and "going on with an interrupted run" in again.err, again.err
    assert asr(*words, tmp_path / "whole").code == 0
    (killed,), (whole,) = records(tmp_path / "killed"), records(tmp_path / "whole")
    assert (killed.utterances, killed.hypotheses) == (whole.utterances, whole.hypotheses)
    assert [(one.name, one.condition) for one in killed.measures] == [
        (one.name, one.condition) for one in whole.measures
    ]
    exact = [one for one in whole.measures if one.unit in ("errors/word", "words", "characters/min", "utterances")]
    assert [killed.measure(one.name, one.condition) for one in exact] == exact
    if extra:
        cards = [next((tmp_path / name).glob("*.robustness.jsonl")) for name in ("killed", "whole")]
        assert read_run(cards[0]).hypotheses == read_run(cards[1]).hypotheses
        assert asr("compare", cards[0], cards[0], "--by", "condition").code == 0
    assert under_way(tmp_path / "killed") == []


@pytest.mark.slow
def test_what_a_killed_command_has_finished_is_not_measured_again(asr: Run, digits: Path, tmp_path: Path) -> None:
    words = ("bench", digits, "-e", "fake", "-e", "fake:sleep=0.3", *QUICK, "-o", tmp_path / "runs")
    process = start(tmp_path, *words)
    kill_after(process, tmp_path / "runs/.under-way", 1, '"run":0')
    (finished,) = records(tmp_path / "runs")
    again = asr(*words)
    assert again.code == 0 and "asr: fake: measured before the interruption" in again.err, again.err
    first, second = records(tmp_path / "runs")
    assert first == finished and second.model == "sleep=0.3" and second.hypotheses == first.hypotheses
    assert under_way(tmp_path / "runs") == []
    assert (
        asr(*words).code == 0 and len(records(tmp_path / "runs")) == 4
    )  # a command that was not cut short is done anew


@pytest.mark.slow
def test_the_engines_process_may_die(asr: Run, digits: Path, tmp_path: Path) -> None:
    """A crash at its third call, in every process: the first three are heard by the first, the rest by the others."""
    done = asr("bench", digits, "-e", "fake:crash=4", *QUICK, "-o", tmp_path / "runs")
    (record,) = records(tmp_path / "runs")
    assert "the engine's process died at 'seven', it ended with exit code 77; it is tried once more" in done.err
    assert done.code == 0 and None not in record.hypotheses
    done = asr("bench", digits, "-e", "fake:crash=2", "--sample", "1", *QUICK, "-o", tmp_path / "other")
    (record,) = records(tmp_path / "other")
    assert done.code == 1 and set(record.hypotheses) == {None}  # each takes it down twice


@pytest.mark.slow
def test_engines_that_cannot_be_measured_do_not_stop_the_others(asr: Run, digits: Path, tmp_path: Path) -> None:
    done = asr("bench", digits, "-e", "fake:nonsense=1", "-e", "fake", *QUICK, "-o", tmp_path / "runs")
    assert done.code == 1 and "fake:nonsense=1: fake: unknown behaviour 'nonsense'" in done.err
    assert [one.system for one in records(tmp_path / "runs")] == ["fake"]
    done = asr("bench", digits, "-e", "fake:crash=1", *QUICK, "-o", tmp_path / "alone")
    assert done.code == 3 and "does not get as far as its first result" in done.err


@pytest.mark.slow
def test_a_bug_of_an_engine_costs_the_part_that_it_is_in(asr: Run, digits: Path, tmp_path: Path) -> None:
    """Alone, an utterance with a bug is a failed one; in a batch nobody can tell which, and batches stay blank."""
    words = ("--repeats", "1", "--batches", "2", "--no-vad", "-o", tmp_path / "runs")
    done = asr("bench", digits, "-e", "fake:bug=three", "-e", "fake", *words)
    assert done.code == 1
    assert (
        "fake:bug=three: batches was not measured: ZeroDivisionError: fake: told to have a bug in fake.py line"
        in done.err
    )
    first, second = records(tmp_path / "runs")
    if first.system == "fake":
        first, second = second, first
    assert first.hypotheses.count(None) == 1 and first.measure("rtfx_best", "batch 2") is None
    assert "batches was not measured" in first.fact("notes") and first.measure("cold_start") is not None
    assert None not in second.hypotheses and second.measure("rtfx_best", "batch 2") is not None


def test_where_nobody_looks_on_every_part_is_one_line(asr: Run, digits: Path, tmp_path: Path) -> None:
    done = asr("bench", digits, "-e", "fake", "--repeats", "3", "--batches", "1", "--no-vad", "-o", tmp_path / "runs")
    (path,) = (tmp_path / "runs").glob("*.jsonl")
    said = [f"asr: fake: {part}" for part in ("starting", "utterances", "repeat", "batches", "cold starts", path)]
    assert done.err.splitlines() == said


@pytest.mark.slow
def test_runs_of_one_system_are_told_apart(asr: Run, digits: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert asr("bench", digits, "-e", "fake", *QUICK, "-q", "-o", tmp_path / "runs").code == 0
        time.sleep(1)  # they are told apart by the second
    shown = json.loads(asr("bench", "--with", tmp_path / "runs", "--json", "-").out)["runs"]
    assert [run["system"] for run in shown] == [f"fake ({run['started'][:19]})" for run in shown]
    assert shown[0]["system"] != shown[1]["system"]


@pytest.mark.slow
def test_replay_reproduces_and_names_drift(asr: Run, digits: Path, tmp_path: Path) -> None:
    assert asr("bench", digits, "-e", "fake", *QUICK, "-o", tmp_path / "runs").code == 0
    path = next((tmp_path / "runs").glob("*.jsonl"))
    unasked = asr("bench", "--replay", path)
    assert unasked.code == 2 and f"names dataset.source: {digits}" in unasked.err and "give --yes" in unasked.err
    same = asr("bench", "--replay", path, "--yes")
    assert same.code == 0 and "reproduced: all 5 texts are the same" in same.err, same.err
    text = path.read_text().replace('"pred_text": "seven"', '"pred_text": "eleven"')
    path.write_text(text.replace('"python": "3', '"python": "2'))
    drifted = asr("bench", "--replay", path, "-q", "--yes")
    assert drifted.code == 1 and "was not reproduced: texts have changed" in drifted.err
    drifted = asr("bench", "--replay", path, "--yes")
    assert "drifted: around it: python was 2." in drifted.err
    assert "drifted: texts: 1 utterances differ: seven" in drifted.err
    (digits / "three.txt").write_text("changed\n")
    assert "the data has changed" in asr("bench", "--replay", path, "--yes").err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "nothing to measure"),
        (("DIGITS",), 2, "no engine to measure on"),
        (("DIGITS", "-e", "fak"), 2, "did you mean 'fake'"),
        (("DIGITS", "-e", "fake", "--batches", "1,x"), 2, "--batches 1,x: give whole numbers above 0"),
        (("DIGITS", "-e", "fake", "--plot", "x.gif"), 2, "must end in .png, .svg"),
        (("DIGITS", "-e", "fake", "-n", "mine"), 2, "there is no normaliser 'mine'"),
        (("nowhere", "-e", "fake"), 1, "dataset 'nowhere' is not there"),
        (("esb:librispeech", "-e", "fake"), 2, "did you mean 'esb:librispeech-"),
        (("esb:nothing", "-e", "fake"), 2, "esb: has ami, earnings22"),
        (("DIGITS/t.csv", "-e", "fake"), 1, "t.csv line 2: no text; one of text, "),
        (("DIGITS/t.csv", "-e", "fake"), 1, "not file, words; --text-column names another"),
        (("DIGITS/t.csv", "-e", "fake", "--text-column", "word"), 1, "no text; 'word' must be there, not file, words"),
        (
            ("DIGITS", "-e", "fake", "--html", "DIGITS/three.txt/x.html"),
            2,
            "three.txt' is a file",
        ),
        (("oal:earnings22", "-e", "fake"), 2, "cannot be measured here: its 341 pieces"),
        (("DIGITS", "-e", "fake@native"), 2, "has one implementation only: leave @native out"),
        (("DIGITS", "-e", "fake@"), 2, "or ENGINE@BACKEND:MODEL"),
        (("DIGITS", "-e", "canary@other"), 2, "engine 'canary' has no backend 'other', only: nemo, native"),
        (("esb:ami", "-e", "fake", "--offline"), 1, "--offline forbids to fetch it"),
        (("--replay", "DIGITS/three.txt"), 1, "not JSON"),
        (("DIGITS", "-e", "fake", "--text-column", "x", "--csv", "-", "--json", "-"), 2, "only one of"),
    ],
)
def test_mistakes_are_one_line(asr: Run, digits: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (digits / "t.csv").write_text("file,words\nthree.wav,three\n")
    done = asr("bench", *(word.replace("DIGITS", str(digits)) for word in words))
    assert (done.code, said in done.err, len(done.err.splitlines())) == (code, True, 1), done.err


def test_missing_audio_is_named_and_the_rest_is_measured(asr: Run, digits: Path, tmp_path: Path) -> None:
    rows = [{"audio_filepath": f"{name}.wav", "text": name} for name in ("three", "gone", "seven")]
    manifest = digits / "m.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = asr("bench", manifest, "-e", "fake", *QUICK, "-o", tmp_path / "runs", "-q")
    assert done.code == 1 and "left out: gone" in done.err
    (record,) = records(tmp_path / "runs")
    assert [one.id for one in record.utterances] == ["three", "seven"]
    assert "gone" in record.fact("dataset_missing")


def test_a_hub_that_does_not_answer_is_one_sentence(asr: Run, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    environment = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = asr("bench", "hf:owner/name", "-e", "fake", "-o", tmp_path / "runs", **environment)
    assert done.code == 1 and "dataset 'hf:owner/name': the hub did not answer" in done.err, done.err
    assert len(done.err.splitlines()) == 2  # what is being fetched, and why it is not


@pytest.mark.slow
def test_several_callers_at_once(asr: Run, digits: Path, tmp_path: Path) -> None:
    words = ("--repeats", "1", "--batches", "none", "--concurrency", "1,5", "--no-vad", "-o", tmp_path / "runs")
    assert asr("bench", digits, "-e", "fake:sleep=0.3", *words).code == 0
    (record,) = records(tmp_path / "runs")
    one, five = (record.measure("throughput", f"{callers} callers") for callers in (1, 5))
    assert one is not None and five is not None and one.value and five.value
    assert five.value > 2 * one.value
    assert len(record.requests) == 5 + 10 and {one.callers for one in record.requests} == {1, 5}
    assert all(one.total >= 0.3 and not one.error for one in record.requests)


def test_streams_are_measured_where_engines_have_them(asr: Run, digits: Path, tmp_path: Path) -> None:
    """The fake stream says its first word after half a second, and it is fed pieces of 0.32 s."""
    assert asr("bench", digits, "-e", "fake:stream=1", *QUICK, "-o", tmp_path / "runs").code == 0
    (record,) = records(tmp_path / "runs")
    first, after = record.measure("first_text_p50"), record.measure("after_end_p50")
    assert first is not None and first.value == pytest.approx(0.64, abs=0.05)  # of 0.5, 0.6, 0.64, 0.64 and 0.64
    assert after is not None and after.value == pytest.approx(0.0, abs=0.05)


CLOCK = """
import sys, time

if "asrcli.bench.worker" in sys.orig_argv:
    now = 0.0

    def sleep(seconds):
        global now
        now += seconds

    time.sleep, time.perf_counter = sleep, lambda: now
"""  # the clock of the measuring process goes on when the engine sleeps, and at no other time


@pytest.mark.slow
def test_known_times_are_reported(asr: Run, digits: Path, tmp_path: Path) -> None:
    """The fake engine sleeps known times, on a clock that shows these alone: a busy machine changes nothing."""
    pytest.importorskip("psutil")
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock/sitecustomize.py").write_text(CLOCK)
    words = ("--sample", "3", "--repeats", "2", "--batches", "1,3", "--no-vad", "-o", tmp_path / "runs")
    places = os.pathsep.join([str(tmp_path / "clock"), *filter(None, [os.environ.get("PYTHONPATH")])])
    assert asr("bench", digits, "-e", "fake:sleep=200,load=30", *words, PYTHONPATH=places).code == 0
    (record,) = records(tmp_path / "runs")
    audio = sum(one.seconds or 0.0 for one in record.utterances)
    known = {
        ("load", ""): 30.0,
        ("latency_p50", ""): 200.0,
        ("latency_p95", ""): 200.0,
        ("repeat_p50", ""): 200.0,
        ("rtfx", "batch 1"): audio / 600,
        ("share_model", "batch 1"): 1.0,
        ("rtfx_model", "batch 1, swept"): audio / 600,
        ("rtfx_model", "batch 3, swept"): audio / 200,
    }
    found = {key: record.measure(*key) for key in known}
    assert {key: one and one.value for key, one in found.items()} == pytest.approx(known, rel=1e-3)


# asr transcribe --manifest


@pytest.fixture
def manifest(digits: Path) -> Path:
    rows = [{"audio_filepath": f"{path.stem}.wav", "text": "x", "deep": [1]} for path in sorted(digits.glob("*.wav"))]
    path = digits / "m.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_manifest_comes_back_with_hypotheses(asr: Run, manifest: Path, tmp_path: Path) -> None:
    done = asr("transcribe", "--manifest", manifest, "--no-vad", "-e", "fake")
    assert done.code == 0
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert rows[0] == {"audio_filepath": "four-five.wav", "text": "x", "deep": [1], "pred_text": "four five"}
    assert [row["pred_text"] for row in rows] == ["four five", "one two", "seven", "six", "three"]
    done = asr("transcribe", "--manifest", manifest, "--no-vad", "-e", "fake", "--output", tmp_path / "out.jsonl")
    assert rows_of(tmp_path / "out.jsonl") == rows
    assert (
        "up to date"
        in asr("transcribe", "--manifest", manifest, "--no-vad", "-e", "fake", "--output", tmp_path / "out.jsonl").err
    )
    assert asr("compare", tmp_path / "out.jsonl", tmp_path / "out.jsonl").code == 0


def test_failures_are_named_and_only_they_are_tried_again(asr: Run, manifest: Path, tmp_path: Path) -> None:
    (manifest.parent / "six.wav").rename(tmp_path / "away.wav")
    words = ("transcribe", "--manifest", manifest, "--no-vad", "-e", "fake", "-o", tmp_path / "out")
    done = asr(*words)
    assert done.code == 1 and "six: there is no file" in done.err and "4 done, 1 failed" in done.err
    assert [row.get("pred_text") for row in rows_of(tmp_path / "out/m.jsonl")][3] is None
    (tmp_path / "away.wav").rename(manifest.parent / "six.wav")
    done = asr(*words)
    assert done.code == 0 and "1 done, 4 done before" in done.err
    assert [row["pred_text"] for row in rows_of(tmp_path / "out/m.jsonl")][3] == "six"


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143)])
def test_a_killed_manifest_goes_on(asr: Run, manifest: Path, tmp_path: Path, number: int, code: int) -> None:
    words = (
        "transcribe",
        "--manifest",
        manifest,
        "-e",
        "fake",
        "-m",
        "sleep=0.5",
        "--no-vad",
        "--batch-size",
        "1",
        "-o",
        tmp_path / "out",
    )
    process = start(tmp_path, *words)
    assert kill_after(process, tmp_path / "out/.asr/manifests", 2, '"text"', number) == code
    assert not (tmp_path / "out/m.jsonl").exists()
    done = asr(*words)
    assert done.code == 0 and "done before" in done.err
    assert [row["pred_text"] for row in rows_of(tmp_path / "out/m.jsonl")] == [
        *("four five", "one two", "seven", "six", "three"),
    ]
    assert os.listdir(tmp_path / "out/.asr/manifests") == []


def test_a_manifest_has_records_like_any_run(asr: Run, manifest: Path, tmp_path: Path) -> None:
    (manifest.parent / "six.wav").rename(tmp_path / "away.wav")
    words = ("transcribe", "--manifest", manifest, "--no-vad", "-e", "fake", "--output", "out.jsonl")
    done = asr(*words, "--report", "r.jsonl", "--events", "e.jsonl", "--json")
    assert done.code == 1
    report, events = rows_of(tmp_path / "r.jsonl"), rows_of(tmp_path / "e.jsonl")
    for name, lines in (("report", report), ("events", events)):
        validator = jsonschema.Draft202012Validator(json.loads((DOCS / f"{name}.schema.json").read_text()))
        for line in lines:
            validator.validate(line)
    assert [json.loads(line) for line in done.out.splitlines()] == report
    assert {str(line["input"]): line["status"] for line in report} == {
        **dict.fromkeys(("four-five", "one-two", "seven", "three"), "done"), "six": "failed",
    }  # fmt: skip
    assert {line["text"] for line in events if line["type"] == "segment"} == {"four five", "one two", "seven", "three"}
    assert [events[-1][name] for name in ("done", "up_to_date", "failed", "not_done")] == [4, 0, 1, 0]
    (tmp_path / "away.wav").rename(manifest.parent / "six.wav")
    assert asr(*words, "--report", "r.jsonl").out == "out.jsonl\n"
    assert sorted(str(line["status"]) for line in rows_of(tmp_path / "r.jsonl")) == ["done", *["up_to_date"] * 4]
    assert asr(*words, "--report", "r.jsonl").code == 0
    assert [line["status"] for line in rows_of(tmp_path / "r.jsonl")] == ["up_to_date"] * 5
    assert asr(*words, "--dry-run", "--force").out == "make\tout.jsonl\t--force\n"


def test_a_manifest_ends_at_the_first_failure_when_asked(asr: Run, manifest: Path) -> None:
    (manifest.parent / "six.wav").unlink()
    done = asr("transcribe", "--manifest", manifest, "--no-vad", "-e", "fake", "--output", "out.jsonl", "--fail-fast")
    assert (done.code, done.out) == (1, "") and "0 done, 1 failed, 4 not done" in done.err


def test_kaldi_gets_a_text_file_and_keeps_its_own(asr: Run, digits: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "wav.scp").write_text(f"r1 {digits}/one-two.wav\n")
    (data / "segments").write_text("u1 r1 0 0.25\nu2 r1 0.25 -1\n")
    (data / "text").write_text("u1 reference\nu2 reference\n")
    done = asr("transcribe", "--manifest", data, "--no-vad", "-e", "fake", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    assert [line.split()[0] for line in (tmp_path / "out/text").read_text().splitlines()] == ["u1", "u2"]
    done = asr("transcribe", "--manifest", data, "--no-vad", "-e", "fake", "-o", data, "--force")
    assert done.code == 2 and "is part of the manifest itself" in done.err
    assert (data / "text").read_text() == "u1 reference\nu2 reference\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-f", "srt"), "--format and --manifest do not go together"),
        (("--json",), "--json and the manifest cannot share standard output"),
        (("--events", "-"), "--events - and the text cannot share standard output"),
        (("x.wav",), "INPUT and --manifest do not go together"),
        (("--output", "m.jsonl"), "asr did not make it"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    asr: Run, manifest: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "m.jsonl").write_text("mine\n")
    done = asr("transcribe", "--manifest", manifest, "--no-vad", "-e", "fake", *words)
    assert done.code == 2 and said in done.err
    assert (tmp_path / "m.jsonl").read_text() == "mine\n"


@pytest.mark.slow
def test_the_report_is_readable_on_phones_and_at_a_desk(asr: Run, digits: Path, tmp_path: Path, tab: Tab) -> None:
    path = tmp_path / "report.html"
    assert asr("bench", digits, "-e", "fake", *QUICK, "-o", tmp_path / "runs", "--html", path).code == 0
    assert tab.faults(path) == []


@pytest.mark.parametrize("change", ["replaced", "gone"])
def test_recordings_that_change_while_they_are_heard_make_no_record(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was heard belongs to no content that the record could name."""
    path = write_wav(tmp_path / "talks/one.wav", 0.5)
    (tmp_path / "talks/one.txt").write_text("one\n")
    whole = session.EngineRun.run

    def run(self: session.EngineRun) -> Any:
        outcome = whole(self)
        path.unlink()
        if change == "replaced":
            write_wav(path, 0.7)
        return outcome

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session.EngineRun, "run", run)
    quick = ("--no-vad", "--batches", "none", "--repeats", "1", "-o", "runs", "-q")
    with pytest.raises(SystemExit) as ended:
        main(["bench", "talks", "-e", "fake", *quick])
    said = capsys.readouterr().err
    assert ended.value.code == 1 and len(said.splitlines()) == 1, said
    assert "'talks' changed while it was transcribed" in said or "one.wav: no such file" in said
    assert not list((tmp_path / "runs").glob("*.jsonl"))
