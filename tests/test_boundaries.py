"""A bug met with one input fails that input alone, with its traceback and exit code 1; the others go on."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command import Run, write_wav
from support.source import nodes

import asrcli
from asrcli.cli.main import main
from asrcli.datasets.results import read_run
from asrcli.digest.board import read_board
from asrcli.digest.settings import load_settings
from asrcli.errors import AsrError

BUGGY = ("-e", "fake", "-m", "bug=bad", "--no-vad")
NAMES = ("a-bad", "b-good", "c-good")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the folder with three recordings, of which the first meets a bug, and a manifest of them."""
    for name in NAMES:
        write_wav(tmp_path / f"{name}.wav")
        (tmp_path / f"{name}.txt").write_text(f"{name}\n")
    rows = [{"id": name, "audio_filepath": f"{name}.wav", "text": name, "duration": 1.0} for name in NAMES]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def check_said(err: str) -> None:
    assert "ZeroDivisionError: fake: told to have a bug" in err and "Traceback (most recent call last)" in err
    assert 'raise ZeroDivisionError("fake: told to have a bug")' in err, "where it was raised"


def test_a_bug_while_a_recording_is_transcribed(place: Path, asr: Run) -> None:
    done = asr("transcribe", *(f"{name}.wav" for name in NAMES), *BUGGY, "-o", "out", "--report", "r.jsonl")
    assert done.code == 1
    check_said(done.err)
    assert "a-bad.wav: unexpected ZeroDivisionError" in done.err
    assert sorted(path.name for path in (place / "out").glob("*.txt")) == ["b-good.txt", "c-good.txt"]
    found = [json.loads(line) for line in (place / "r.jsonl").read_text().splitlines()]
    assert {one["input"]: one["status"] for one in found} == {
        "a-bad.wav": "failed",
        "b-good.wav": "done",
        "c-good.wav": "done",
    }


def test_a_bug_while_a_manifest_is_heard(place: Path, asr: Run) -> None:
    done = asr("transcribe", "--manifest", "all.jsonl", *BUGGY, "--output", "heard.jsonl")
    assert done.code == 1
    check_said(done.err)
    rows = [json.loads(line) for line in (place / "heard.jsonl").read_text().splitlines()]
    assert ["pred_text" in row for row in rows] == [False, True, True]


def test_a_bug_while_an_utterance_is_measured(place: Path, asr: Run) -> None:
    done = asr(
        "bench", "all.jsonl", "-e", "fake:bug=bad", "--no-vad", "--batches", "1", "--repeats", "1", "--out", "runs"
    )
    assert done.code == 1, done.err
    check_said(done.err)
    (record,) = (read_run(path) for path in (place / "runs").glob("*.jsonl"))
    assert [text is None for text in record.hypotheses] == [True, False, False]


def test_a_bug_while_a_recording_is_aligned(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from asrcli.runs import align as run

    real: Callable[..., Any] = run.alignment
    aligned = []

    def buggy(name: str, *given: Any) -> Any:
        aligned.append(name)
        if "bad" in name:
            raise ZeroDivisionError("fake: told to have a bug")
        return real(name, *given)

    monkeypatch.setattr(run, "alignment", buggy)
    monkeypatch.setattr("signal.signal", lambda *unused: None)
    monkeypatch.chdir(place)
    with pytest.raises(SystemExit) as end:
        main(("align", ".", "-a", "pocketsphinx", "--listener", "none", "-l", "en", "-o", "out", "-f", "json"))
    err = capsys.readouterr().err
    assert end.value.code == 1, err
    check_said(err)
    assert [Path(name).stem for name in aligned] == list(NAMES)


def test_no_sentence_holds_the_numbers_of_the_system() -> None:
    """What catches errors of the system says them by `cause` or `reason`: as text they begin with ``[Errno 2]``."""
    found = []
    for path in Path(asrcli.__file__).parent.rglob("*.py"):
        for handler in nodes(path):
            if isinstance(handler, ast.ExceptHandler) and handler.type and "OSError" in ast.unparse(handler.type):
                values = [ast.unparse(one.value) for one in ast.walk(handler) if isinstance(one, ast.FormattedValue)]
                found += [f"{path}:{handler.lineno}"] * (handler.name in values)
    assert found == []


@pytest.mark.parametrize("name", ["none.json", "."])
def test_what_a_digest_cannot_read_is_named_with_the_words_of_the_system(tmp_path: Path, name: str) -> None:
    for read in (load_settings, read_board):
        with pytest.raises(AsrError) as refused:
            read(tmp_path / name)
        assert "cannot read" in str(refused.value) and "Errno" not in str(refused.value)
