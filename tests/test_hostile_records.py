"""Run records of a stranger, drawn at random from fixed seeds: a line or a report, nothing sent or run unasked."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command import Run, write_wav
from support.fuzz import seeded

from asrcli.bench.replay import named, request_of
from asrcli.bench.tables import grids
from asrcli.datasets.results import read_run
from asrcli.errors import AsrError, InputError, UsageError

CASES, COMMANDS = 1200, 120
NASTY = [
    None, True, 0, -1, 1.5, 1e308, float("nan"), float("inf"), 2**63, 10**30, "", "x", "\x1b[2J", "=cmd()", "\ud800",
    "../../x", "/etc/passwd", "a" * 3000, [], [1], ["a"], [[]], {}, {"a": 1}, [{"name": "x"}], "http://127.0.0.1:1/v1",
]  # fmt: skip
INNER = ("replay", "options", "weights_sha256", "notes", "dataset_missing")  # facts that are JSON themselves
LINES = (
    "bench --with r.jsonl --json b.json --html b.html --csv b.csv --markdown b.md --force",
    "compare data r.jsonl --html c.html --json c.json --csv c.csv --force",
    "leaderboard score r.jsonl",
    "leaderboard export r.jsonl -o exported --model owner/name --dataset mine_en_test",
    "bench --replay r.jsonl",
    "bench --replay r.jsonl --yes --out runs",
)

Rows = list[Any]


@pytest.fixture(scope="module")
def whole() -> Rows:
    """Return the rows of a record as `asr bench` writes them."""
    plan = {"repeats": 1, "speed_sample": 32, "batches": [1], "callers": [], "chunk": 0.32, "robustness": False}
    plan |= {"robustness_sample": 24, "seed": 0, "normalizer": "asr", "diarize": False, "diarize_model": None}
    dataset = {"source": "data", "sample": None, "seed": 0, "language": None, "offline": False, "text_column": None}
    replay = {"engine": "fake:default", "dataset": {**dataset, "cache": None}, "options": {}, "plan": plan}
    replay |= {"vad": False, "told": True, "device": "auto", "dtype": "auto", "threads": 0}
    facts = {"command": "asr bench data", "python": "3.11", "options": '{"language": "en"}', "weights_sha256": "{}"}
    facts |= {"notes": '["a note"]', "dataset_missing": '["gone"]', "normalizer": "asr", "replay": json.dumps(replay)}
    measure = {"name": "wer", "value": 0.5, "unit": "errors/word", "condition": "", "low": 0.4, "high": 0.6, "count": 2}
    speed = {**measure, "name": "rtfx", "unit": "x", "condition": "batch 1"}
    asked = {"callers": 1, "id": "one", "seconds": 1.0, "total": 0.5, "first": 0.1, "batch": 1, "error": ""}
    head = {"asr_run": 1, "engine": "fake", "model": "default", "revision": None, "dataset": "data"}
    head |= {"started": "2026-01-01T00:00:00+00:00", "facts": facts, "measures": [measure, speed], "requests": [asked]}
    rows = [
        {
            "id": name,
            "audio_filepath": f"data/{name}.wav",
            "duration": 0.5,
            "time": 0.1,
            "text": name,
            "pred_text": name,
        }
        for name in ("one", "two")
    ]
    return [head, *rows]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*at, key))


def changed(value: Any, draw: random.Random) -> Any:
    """Return a value with something else at one of its places."""
    at, new = draw.choice(list(places(value))), copy.deepcopy(draw.choice(NASTY))
    if not at:
        return new
    inside = value
    for key in at[:-1]:
        inside = inside[key]
    inside[at[-1]] = new
    return value


def drawn(whole: Rows, case: int, path: Path) -> random.Random:
    """Write a record with one or two values changed."""
    draw, rows = random.Random(seeded(f"record {case}")), copy.deepcopy(whole)
    for _ in range(draw.randint(1, 2)):
        at, name = draw.choice([0, 0, 0, 1, 2]), draw.choice(INNER)
        try:
            if draw.random() < 0.5:
                rows[0]["facts"][name] = json.dumps(changed(json.loads(rows[0]["facts"][name]), draw))
            else:
                rows[at] = changed(rows[at], draw)
        except (TypeError, KeyError, ValueError):  # it is none any more
            continue
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return draw


@pytest.mark.parametrize("cases", [CASES // 8, pytest.param(CASES, marks=pytest.mark.slow)])
def test_a_record_is_read_or_refused(whole: Rows, cases: int, tmp_path: Path) -> None:
    """What was read can be shown, and what can be replayed has everything of its own kind."""
    read = replayed = 0
    for case in range(cases):
        drawn(whole, case, tmp_path / "r.jsonl")
        try:
            record = read_run(tmp_path / "r.jsonl")
            grids([record])
            read += 1
            wanted = request_of(record, tmp_path)
        except AsrError as error:
            assert "\n" not in str(error), case
            continue
        replayed += 1
        told = named(record)
        assert f"engine: {wanted.engines[0]}" in told and f"dataset.source: {wanted.dataset.source}" in told, case
        assert wanted.dataset.cache is None and not wanted.offline
        assert all(isinstance(one, str) for one in (wanted.device, wanted.dtype, wanted.plan.normalizer)), case
        assert isinstance(wanted.threads, int | float) and wanted.plan.repeats <= 1000, case
    assert read > cases // 3 and cases // 10 < replayed < read


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_commands_with_a_strangers_record(whole: Rows, asr: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_wav(tmp_path / "data" / f"{name}.wav", 0.5)
        (tmp_path / "data" / f"{name}.txt").write_text(f"{name}\n")
    for case in range(COMMANDS):
        draw = drawn(whole, 100_000 + case, tmp_path / "r.jsonl")
        done = asr(*draw.choice(LINES).split())
        assert done.code in (0, 1, 2, 3), (case, done.err)
        assert "Traceback" not in done.err and "\x1b" not in done.out + done.err, (case, done.err)


@pytest.mark.parametrize(
    "part, name, value, said",
    [
        ("plan", "repeats", 10**6, "--repeats 1000000: give whole numbers from 1 to 1000"),
        ("plan", "batches", [0], "--batches 0: give whole numbers from 1 to 4096"),
        ("plan", "callers", [10**6], "--concurrency 1000000"),
        ("plan", "normalizer", "mine", "there is no normaliser 'mine'"),
        ("plan", "chunk", 1e-9, "chunks of 1e-09 s"),
        ("dataset", "cache", "/somewhere", "does not say how it was made"),  # where audio of the hub would be written
        ("dataset", "sample", 0, "a sample of 0"),
        ("dataset", "sample", "x", "does not say how it was made"),
        ("options", "beam_size", "5", "does not say how it was made"),
        ("options", "hotwords", "a", "does not say how it was made"),
    ],
)
def test_what_no_run_has_is_not_replayed(
    whole: Rows, part: str, name: str, value: object, said: str, tmp_path: Path
) -> None:
    rows = copy.deepcopy(whole)
    replay = json.loads(rows[0]["facts"]["replay"])
    replay[part][name] = value
    rows[0]["facts"]["replay"] = json.dumps(replay)
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        request_of(read_run(tmp_path / "r.jsonl"), None)


@pytest.mark.parametrize("place", ["facts", "measures", "group", "speaker"])
def test_half_a_character_is_the_line_that_has_it(whole: Rows, place: str, tmp_path: Path) -> None:
    """It was a traceback where a report was written."""
    rows = copy.deepcopy(whole)
    if place in ("facts", "measures"):
        (rows[0]["facts"] if place == "facts" else rows[0]["measures"][0])["condition"] = "a\ud800"
    else:
        rows[2][place] = "a\ud800"
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    line = 1 if place in ("facts", "measures") else 3
    with pytest.raises(InputError, match=f"r.jsonl line {line}: half of a surrogate pair"):
        read_run(tmp_path / "r.jsonl")


def test_a_plain_name_is_shown_too_and_offline_holds(whole: Rows, asr: Run, tmp_path: Path) -> None:
    """The engine without an address is the server that the user has, and the data's name may be one of the hub."""
    rows = copy.deepcopy(whole)
    replay = json.loads(rows[0]["facts"]["replay"]) | {"engine": "openai_server:default"}
    replay["dataset"]["source"] = "esb:ami"
    rows[0]["facts"]["replay"] = json.dumps(replay)
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = asr("bench", "--replay", "r.jsonl", ASR_SERVER_URL="http://127.0.0.1:9/v1")
    assert asked.code == 2 and "names engine: openai_server:default" in asked.err, asked.err
    assert "names dataset.source: esb:ami" in asked.err
    rows[0]["facts"]["replay"] = json.dumps(replay | {"engine": "fake:default"})
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    offline = asr("bench", "--replay", "r.jsonl", "--yes", "--offline")
    assert offline.code == 1 and "--offline forbids to fetch it" in offline.err, offline.err
