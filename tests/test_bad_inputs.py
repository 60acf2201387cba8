"""One bad input is one line: numbers, names, records and files that nobody meant."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.command import Run, write_wav

from asrcli.alignment.script import read_script
from asrcli.cli.commands.options import _time
from asrcli.compare.sources import read_json
from asrcli.datasets import manifests
from asrcli.errors import AsrError, InputError, UsageError
from asrcli.outputs.ledger import Ledger
from asrcli.outputs.naming import check_template
from asrcli.reports import plot
from asrcli.runs.execute import _probe_all as probe_all
from asrcli.runs.execute import execute
from asrcli.runs.journal import Journal
from asrcli.runs.records import Lines

DEEP = "[" * 200_000


@pytest.mark.parametrize("text", ["1e308", "1e308:00", "nan", "inf", "-1", "1:nan", "9" * 400, "1e10"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="--start"):
        _time(text, "--start")


@pytest.mark.parametrize("name", ["fd:999999999999", "fd:" + "9" * 400, "fd:-1", "fd:x", "fd:"])
def test_descriptors_that_are_none(name: str) -> None:
    with pytest.raises(UsageError, match="--events"):
        Lines(name, "--events")


@pytest.mark.parametrize(
    "template",
    ["{stem:>999999999}", "{stem!r}", "{stem!s:x}", "{stem.x}", "{stem[0]}", "{0}", "{}", "{stem"],
)
def test_templates_that_name_more_than_a_field(template: str) -> None:
    with pytest.raises(UsageError, match="--output-template"):
        check_template(template, ["txt"])


@pytest.mark.parametrize(
    "line",
    [
        {"output": "a.txt", "audio": {"size": 1}, "recipe": {}},
        {"output": "a.txt", "audio": None, "recipe": {}},
        {"output": "a.txt", "audio": {"size": "x", "mtime_ns": 1, "digest": ""}, "recipe": {}},
        {"output": "a.txt", "audio": {"size": 1, "mtime_ns": 1, "digest": ""}},
        {"output": "a.txt", "audio": {"size": 1, "mtime_ns": 1, "digest": ""}, "recipe": [1]},
        {"output": "a.txt", "audio": {"size": 1, "mtime_ns": 1, "digest": ""}, "recipe": {"engine": 5}},
        {"output": ["a.txt"]},
        {"output": 7},
        {},
        [],
        "x",
    ],
)
def test_lines_of_a_ledger_that_asr_did_not_write_are_passed_over(line: Any, tmp_path: Path) -> None:
    (tmp_path / ".asr").mkdir()
    (tmp_path / "a.txt").write_text("text")
    wav = write_wav(tmp_path / "a.wav")
    (tmp_path / ".asr/made.jsonl").write_text(f"{json.dumps(line)}\n{DEEP}\n\xff\n")
    ledger = Ledger(str(tmp_path))
    assert ledger.stale(str(tmp_path / "a.txt"), str(wav), {}) == "not made by asr, or its record is gone"


@pytest.mark.parametrize(
    "line", ['{"clip": 5}', '{"clip": []}', '{"clip": [1, 2], "segments": [{}]}', '{"language": 1}', DEEP]
)
def test_lines_of_a_journal_that_asr_did_not_write_are_heard_again(line: str, tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), str(write_wav(tmp_path / "a.wav")), {})
    journal.path.parent.mkdir(parents=True)
    journal.path.write_text(line + "\n")
    assert not journal.known().clips


@pytest.mark.parametrize("text", [DEEP, '{"segments": [[1], 5]}', '{"recording": 5}', "[1, 2]", "nonsense"])
def test_foreign_json_is_a_mistake_of_its_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    for read in (lambda: read_script(str(path)), lambda: read_json(path, "a", hypotheses=True)):
        try:
            read()
        except AsrError as error:
            assert str(path) in str(error)


def test_a_gzipped_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cuts.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": "a"}\n' * 10))
    assert len(manifests.read_rows(path)) == 10
    monkeypatch.setattr(manifests, "MOST_UNPACKED", 100)
    with pytest.raises(InputError, match="unpacks to more than"):
        manifests.read_rows(path)


@pytest.mark.parametrize("name", [r"$\frac{$", r"$\bad$", r"\$x\$", "$$", "a_b^c"])
def test_a_name_is_no_formula_in_a_plot(name: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot().set_title(plot.without_mathtext(name))
    FigureCanvasAgg(figure).draw()


def test_an_unexpected_error_in_one_input_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asrcli.audio import decode

    real = decode.probe

    def broken(path: str, *more: Any) -> Any:
        if path == "bad":
            raise IndexError("late video in FLV")
        return real(path, *more)

    monkeypatch.setattr(decode, "probe", broken)
    good = str(write_wav(tmp_path / "a.wav"))
    jobs: Any = [SimpleNamespace(name=name) for name in ("bad", good, "gone")]
    wanted: Any = SimpleNamespace(track=None, track_language=None)
    found = [info for _, info in probe_all(jobs, wanted)]
    assert isinstance(found[0], IndexError)
    assert getattr(found[1], "channels", None) == 1
    assert isinstance(found[2], InputError)


def test_an_input_that_goes_during_planning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asrcli.audio.inputs import Found
    from asrcli.outputs.naming import Naming
    from asrcli.runs.execute import Done, JobFailed
    from asrcli.runs.plan import Request, plan

    names = [str(write_wav(tmp_path / f"{name}.wav")) for name in "abc"]
    planned = plan(
        Request(tuple(map(Found, names)), "fake", formats=("txt",), naming=Naming(folder=str(tmp_path / "out")))
    )
    running = execute(planned)
    next(running)  # all inputs have been looked into
    os.unlink(names[1])
    events = list(running)
    assert sorted(one.job.name for one in events if isinstance(one, Done)) == [names[0], names[2]]
    assert [one.job.name for one in events if isinstance(one, JobFailed)] == [names[1]]


@pytest.mark.parametrize(
    "words",
    [
        ("transcribe", "ftp://example.org/talk.wav"),
        ("transcribe", "hdfs://bucket/talks"),
        ("transcribe", "talk.wav", "-o", "ftp://bucket/out"),
        ("transcribe", "talk.wav", "--report", "az://box/run.jsonl"),
        ("transcribe", "talk.wav", "--rttm-in", "s3://box/talk.rttm"),
        ("transcribe", "--manifest", "s3://box/talks.jsonl"),
        ("transcribe", "--files-from", "https://example.org/talks"),
        ("compare", "s3://bucket/out", "talk.txt"),
        ("compare", "talk.txt", "talk.txt", "--json", "s3://bucket/out.json"),
        ("align", "ftp://bucket/talk.wav", "talk.txt"),
        ("align", "talk.wav", "ftp://example.org/talk.txt"),
        ("bench", "s3://bucket/talks", "-e", "fake"),
    ],
)
def test_an_address_is_no_file(asr: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    write_wav(tmp_path / "talk.wav", 1.0)
    (tmp_path / "talk.txt").write_text("one")
    more = ("-e", "fake") if words[0] == "transcribe" else ()
    result = asr(*words, *more)
    address = next(word for word in words if "://" in word)
    assert result.code == 2 and len(result.err.splitlines()) == 1
    assert f"'{address}" in result.err and "is an address" in result.err
    assert {path.name for path in tmp_path.iterdir()} == {"talk.wav", "talk.txt"}


@pytest.mark.parametrize("option", ["--manifest", "--files-from"])
def test_a_list_that_is_not_there_is_wrong_usage(asr: Run, tmp_path: Path, option: str) -> None:
    result = asr("transcribe", option, "absent.jsonl", "-e", "fake")
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1 and "absent.jsonl" in result.err
