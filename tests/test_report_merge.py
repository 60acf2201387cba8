"""`asr report merge`: reports of the jobs of an array as one, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import Run, write_wav

from asrcli.errors import InputError
from asrcli.runs import merging
from asrcli.runs.merging import STATUSES, merge


def write(path: Path, *records: tuple[str, str]) -> str:
    lines = [json.dumps({"v": 1, "type": "input", "input": name, "status": status}) for name, status in records]
    path.write_text("".join(line + "\n" for line in lines))
    return str(path)


def test_the_jobs_of_an_array(asr: Run, tmp_path: Path) -> None:
    for number in range(6):
        write_wav(tmp_path / f"in/talk-{number}.wav", 1.0)
    (tmp_path / "in/bad.wav").write_bytes(b"nothing")
    words = ("transcribe", "-e", "fake", "--no-vad", "in", "-f", "txt", "-o", "out", "--report", "run-{shard}.jsonl")
    for number in (1, 2):
        asr(*words, "--shard", f"{number}/3")
    reports = sorted(path.name for path in tmp_path.glob("run-*.jsonl"))
    first = asr("report", "merge", *reports, "--of", "in", "--output", "run.jsonl")
    assert first.code == 1 and "no report of shard 3/3" in first.err
    named = asr("report", "merge", *reports, "--of", "in", "--missing", "-0")
    (tmp_path / "left").write_text(named.out)
    rest = asr("transcribe", "-e", "fake", "--no-vad", "-0", "--files-from", "left", "-f", "txt", "-o", "out",
               "--report", "run-3-of-3.jsonl")  # fmt: skip
    assert rest.code == 1, "one is no recording"
    last = asr("report", "merge", *reports, "run-3-of-3.jsonl", "--of", "in", "--output", "run.jsonl")
    assert last.code == 1 and last.err == "asr: 3 reports, 7 inputs: 6 done, 1 failed\n"
    rows = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert {row["input"] for row in rows} == {f"in/{path.name}" for path in (tmp_path / "in").iterdir()}
    assert asr("report", "merge", "run.jsonl", "--missing").out == "in/bad.wav\n"
    refused = asr("report", "merge", "run.jsonl", "--output", "run.jsonl")
    assert refused.code == 2 and "is a report, which it would overwrite" in refused.err
    (tmp_path / "run.jsonl").write_text("mine")
    edited = asr("report", "merge", *reports, "--output", "run.jsonl")
    assert edited.code == 2 and (tmp_path / "run.jsonl").read_text() == "mine"


def test_the_best_of_several_records_counts(tmp_path: Path) -> None:
    one = write(tmp_path / "a-1-of-4.jsonl", ("x", "failed"), ("y", "done"))
    other = write(tmp_path / "a-4-of-4.jsonl", ("x", "up_to_date"), ("y", "failed"), ("z", "kept"))
    merged = merge([one, other], ["x", "y", "z", "w", "w"])
    assert {record["input"]: record["status"] for record in merged.records} == {
        "x": "up_to_date", "y": "done", "z": "kept",
    }  # fmt: skip
    assert merged.shards == ("2/4", "3/4") and merged.missing == ("w",) and not merged.complete
    assert merge([write(tmp_path / "2026-of-notes.jsonl", ("x", "done"))]).complete


def test_what_a_killed_run_has_left_and_what_is_no_report(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    write(path, ("x", "done"))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"v": 1, "type": "summ')
    merged = merge([str(path)])
    assert len(merged.records) == 1 and "cut short" in merged.notes[0]
    path.write_bytes(whole + b'{"v": 1, "type": "later", "more": 1}\n')
    assert len(merge([str(path)]).records) == 1, "records of later versions are passed over"
    for bad in (b"RIFF$WAVEfmt", b'{"segments": []}',
                b"text\n", b"[]\n", b'{"v": 2, "type": "input"}\n', b'{"v": 1, "type": "input", "input": 1}\n',
                b'{"v": 1, "type": "input", "input": "x", "status": "odd"}\n', b"[" * 99_999 + b"\n",
                b'{"v": 1, "type": "input", "input": "x", "status": "done", "seconds": NaN}\n',
                b'{"v": 1, "type": "input", "input": "x", "status": "done", "seconds": 1e999}\n'):  # fmt: skip
        path.write_bytes(whole + bad)
        with pytest.raises(InputError, match="line 2: no record of asr"):
            merge([str(path)])


def test_what_never_ends_and_what_a_terminal_would_obey(
    asr: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(tmp_path / "sparse.jsonl", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InputError, match=r"sparse\.jsonl: larger than a text may be"):
        merge([str(tmp_path / "sparse.jsonl")])
    monkeypatch.setattr(merging, "MOST_ROWS", 1 << 20)
    with pytest.raises(InputError, match="/dev/zero: larger than a text may be"):
        merge(["/dev/zero"])
    write(tmp_path / "evil.jsonl", ("a\x1b]0;owned\x07\n", "failed"))
    done = asr("report", "merge", "evil.jsonl", "--missing")
    assert (done.code, done.out) == (1, "a\\x1b]0;owned\\x07\\n\n")
    assert "\x1b" not in asr("report", "merge", "evil.jsonl").out


@given(st.lists(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(STATUSES)), max_size=6), max_size=4))
def test_order_does_not_matter_and_merging_again_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[tuple[str, str]]]
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    paths = [write(folder / f"{number}.jsonl", *run) for number, run in enumerate(runs)]
    merged = merge(paths)
    statuses = {record["input"]: record["status"] for record in merged.records}
    assert statuses == {record["input"]: record["status"] for record in merge(paths[::-1]).records}
    (folder / "all").write_text("".join(merged.lines()))
    assert merge([str(folder / "all")]).records == merged.records
