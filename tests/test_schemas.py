"""What programs read, checked against its published schema: events, reports, and JSON on standard output."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import wave
from contextlib import chdir
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.zygote import forked

ROOT = Path(__file__).parent.parent
DIGITS = ROOT / "tests/data/digits/string00.wav"


def load(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((ROOT / f"docs/{name}.schema.json").read_text())
    return schema


def check(name: str, records: list[dict[str, Any]]) -> None:
    """Fail when a record does not fit the schema, or has a key that the schema does not describe."""
    schema = load(name)
    validator = jsonschema.Draft202012Validator(schema)
    for record in records:
        validator.validate(record)
        kind = record["status"] if name == "report" else record["type"]
        check_described(record, schema["$defs"][kind], schema)


def check_described(value: Any, described: dict[str, Any], schema: dict[str, Any]) -> None:
    if "$ref" in described:
        described = schema["$defs"][described["$ref"].rpartition("/")[2]]
    if isinstance(value, dict) and "properties" in described:
        assert set(value) <= set(described["properties"])
        for key, inner in value.items():
            check_described(inner, described["properties"][key], schema)
    elif isinstance(value, list):
        for inner in value:
            check_described(inner, described.get("items", {}), schema)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of recordings: speech, no audio, two channels, and one with a damaged tail."""
    inputs = tmp_path / "in"
    inputs.mkdir()
    shutil.copy(DIGITS, inputs / "good-words.wav")
    (inputs / "text.wav").write_text("this is no recording")
    with wave.open(str(DIGITS), "rb") as source:
        frames = source.readframes(source.getnframes())
    with wave.open(str(inputs / "two-sides.wav"), "wb") as target:
        target.setnchannels(2)
        target.setsampwidth(2)
        target.setframerate(16000)
        target.writeframes(b"".join(frames[at : at + 2] * 2 for at in range(0, len(frames), 2)))
    return tmp_path


def asr(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASR_")}
    environment |= {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with chdir(folder):
        return forked(["transcribe", *words], environment)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def run(folder: Path, *words: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Run with every record on; return the events, the report, and standard output, each checked."""
    asr(folder, *words, "--events", "e.jsonl", "--report", "r.jsonl", "--json", "-o", "out")
    done = lines((folder / "e.jsonl").read_text()), lines((folder / "r.jsonl").read_text())
    out = asr(folder, *words, "--json", "-o", "out2")
    printed = lines(out.stdout)
    check("events", done[0])
    check("report", done[1])
    check("report", printed)
    return *done, printed


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("timings", "outputs", "time")}


@pytest.mark.parametrize("name", ["events", "report", "transcript"])
def test_schemas_are_schemas_and_describe_every_property(name: str) -> None:
    schema = load(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:asrcli:{name}:1"
    assert list(undescribed(schema, schema, name)) == []


def undescribed(node: Any, schema: dict[str, Any], where: str) -> Any:
    """Yield the properties, at any depth, without a description of their own or of what they refer to."""
    if isinstance(node, list):
        for inner in node:
            yield from undescribed(inner, schema, where)
    if not isinstance(node, dict):
        return
    for key, inner in node.get("properties", {}).items():
        target = schema["$defs"][inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner
        if not (inner.get("description") or target.get("description")):
            yield f"{where}.{key}"
    for key, inner in node.items():
        yield from undescribed(inner, schema, f"{where}.{key}")


def test_done_and_failed(folder: Path) -> None:
    events, report, printed = run(folder, "in", "-e", "fake", "-f", "txt")
    assert events[0]["type"] == "start"
    assert events[-1] | {"time": 0} == {
        "v": 1, "type": "end", "time": 0, "done": 2, "up_to_date": 0, "kept": 0, "failed": 1, "not_done": 0,
    }  # fmt: skip
    by_input = {record["input"]: record for record in report}
    assert by_input["in/good-words.wav"]["status"] == "done"
    assert by_input["in/good-words.wav"]["outputs"] == ["out/good-words.txt"]
    assert by_input["in/text.wav"]["status"] == "failed"
    assert by_input["in/text.wav"]["error"] == "InputError"
    failed = [event for event in events if event["type"] == "file_failed"]
    assert [(event["input"], event["error"]) for event in failed] == [("in/text.wav", "InputError")]
    spoken = [event for event in events if event["type"] == "segment" and event["input"] == "in/good-words.wav"]
    assert " ".join(event["text"] for event in spoken) == "good words"
    order = [event["type"] for event in events if event.get("input") == "in/good-words.wav"]
    assert order[-1] == "file_done"
    assert {without_times(one)["input"]: without_times(one) for one in printed} == {
        one["input"]: without_times(one) for one in report
    }


def test_up_to_date(folder: Path) -> None:
    run(folder, "in/good-words.wav", "-e", "fake")
    events, report, printed = run(folder, "in/good-words.wav", "-e", "fake")
    assert report == [
        {
            "v": 1,
            "type": "input",
            "input": "in/good-words.wav",
            "status": "up_to_date",
            "outputs": ["out/good-words.txt"],
        }
    ]
    assert [event["type"] for event in events] == ["start", "end"]
    assert events[0]["up_to_date"] == events[1]["up_to_date"] == 1
    assert printed[0]["status"] == "up_to_date"


def test_words_channels_and_speakers(folder: Path) -> None:
    events, report, _ = run(
        folder, "in/two-sides.wav", "-e", "fake", "-f", "json", "--channels", "split", "--word-timestamps"
    )
    segments = [event for event in events if event["type"] == "segment"]
    assert {event["channel"] for event in segments} == {0, 1}
    assert all([word["text"] for word in event["words"]] == event["text"].split() for event in segments)
    assert report[0]["segments"] == len(segments)
    written = json.loads((folder / "out/two-sides.json").read_text())
    jsonschema.validate(written, load("transcript"))
    assert {segment["speaker"] for segment in written["segments"]} == {"channel 0", "channel 1"}


def test_flags_gaps_and_warnings(folder: Path) -> None:
    whole = DIGITS.read_bytes()
    (folder / "in/cut-short.wav").write_bytes(whole[: len(whole) * 3 // 4])
    events, report, _ = run(folder, "in/cut-short.wav", "-e", "fake", "-m", "loop=20")
    assert report[0]["flags"]["repeat_loop"] >= 1
    assert any("repeat_loop" in event.get("flags", ()) for event in events if event["type"] == "segment")
    assert len(report[0]["warnings"]) >= 1
    warnings = [event for event in events if event["type"] == "warning"]
    assert {"in/cut-short.wav"} <= {event["input"] for event in warnings}


def test_gaps(folder: Path) -> None:
    _, report, _ = run(folder, "in/good-words.wav", "-e", "fake", "-m", "truncate=0.4")
    assert report[0]["gaps"], "speech after the first 0.4 s has no text"


def test_a_bug_is_reported_as_unexpected(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asrcli.runs import records as report

    record = report.failed_record(ValueError("boom"))
    assert record == {"error": "unexpected", "message": "boom"}
    check("report", [{"v": 1, "type": "input", "input": "a", "status": "failed", **record}])


def test_a_name_that_is_no_utf8(folder: Path) -> None:
    shutil.copy(DIGITS, os.fsencode(folder / "in") + b"/bad-\xff.wav")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "asrcli",
            "transcribe",
            "in",
            "-e",
            "fake",
            "--json",
            "-o",
            "out",
            "--report",
            "r.jsonl",
        ],
        cwd=folder,
        capture_output=True,
        timeout=60,
    )
    printed = lines(done.stdout.decode("utf-8"))
    assert "in/bad-\udcff.wav" in {record["input"] for record in printed}
    assert {record["input"] for record in lines((folder / "r.jsonl").read_text())} == {one["input"] for one in printed}


@pytest.mark.slow
def test_events_on_an_inherited_descriptor(folder: Path) -> None:
    reader, writer = os.pipe()
    command = [
        sys.executable,
        "-m",
        "asrcli",
        "transcribe",
        "in/good-words.wav",
        "-e",
        "fake",
        "--events",
        f"fd:{writer}",
    ]
    done = subprocess.run(command, cwd=folder, pass_fds=[writer], capture_output=True, text=True, timeout=60)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        found = lines(pipe.read())
    assert (done.returncode, done.stdout) == (0, "good words\n")
    check("events", found)
    assert found[-1]["type"] == "end"


@pytest.mark.parametrize("broken", [{"type": "segment"}, {"v": 2, "type": "end"}, {"v": 1, "type": "nothing"}])
def test_the_schema_can_refuse(broken: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, load("events"))
