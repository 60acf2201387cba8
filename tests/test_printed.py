"""What others wrote, on a terminal and in spreadsheets: no sequence is obeyed, no formula computed."""

from __future__ import annotations

import csv
import io
import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table
from rich.text import Text

from asrcli.base import console
from asrcli.cli.main import main
from asrcli.formats import Layout, render
from asrcli.types import Recording, Segment, Transcript

EVIL = "a\x1b]0;owned\x07\x1b[2J\x9b31m\rb\x08"
FORMULAS = ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)"]


def controls(text: str) -> set[str]:
    return {char for char in text if not char.isprintable() and char != "\n"}


def test_data_for_a_terminal_holds_nothing_that_it_obeys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_at_terminal", lambda: True)
    assert controls(console.for_terminal(f"{EVIL}\tx\n{EVIL}")) == set()
    assert console.for_terminal("one\ntwo") == "one\ntwo"
    monkeypatch.setattr(console, "_at_terminal", lambda: False)
    assert console.for_terminal(EVIL) == EVIL  # a program gets the name as it is


def test_texts_at_a_terminal_keep_the_signs_of_their_script(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "می\u200cخواهم\ta\u00a0b\u3000c\n"  # a joiner, and spaces that do not break
    monkeypatch.setattr(console, "_at_terminal", lambda: True)
    assert console.harmless(text) == text
    assert controls(console.harmless(EVIL)) == set()
    monkeypatch.setattr(console, "_at_terminal", lambda: False)
    assert console.harmless(EVIL) == EVIL


@pytest.mark.parametrize("option", ["--csv", "--markdown", "--json"])
def test_reports_at_a_terminal(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "_at_terminal", lambda: True)
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"id": EVIL, "text": f"{EVIL} {name}"}) + "\n")
    with pytest.raises(SystemExit):
        main(["compare", str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"), option, "-"])
    out = capsys.readouterr().out
    assert out and controls(out) == set()


def test_lines_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    console.complain(EVIL)
    assert controls(capsys.readouterr().err) == set()


def test_logs_and_tracebacks_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What libraries say with -v, and what a bug quotes."""
    log = logging.getLogger("asr_plugins")
    monkeypatch.setattr(log, "handlers", [])
    monkeypatch.setattr(log, "level", log.level)
    console.show_logs()
    log.debug("two\nlines of %s at https://me:planted@host", EVIL)
    try:
        raise ZeroDivisionError(EVIL)
    except ZeroDivisionError as error:
        console.Console(quiet=False).raw("".join(traceback.format_exception(error)))
        console.say_bug(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert controls(said) == set() and "planted" not in said
    assert said.count("Traceback") == 2 and "two\nlines of a\\x1b]0;owned" in said


@pytest.mark.parametrize("colours", [False, True])
def test_tables(colours: bool, capsys: pytest.CaptureFixture[str]) -> None:
    printer = console.table_console()
    if colours:
        printer._force_terminal, printer._color_system = True, console_colours()
    table = Table(title=EVIL)
    table.add_column(EVIL)
    table.add_row(Text(EVIL, "red"))
    printer.print(table)
    printer.print(Text(EVIL))
    out = capsys.readouterr().out
    for sequence in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\x08"):
        assert sequence not in out
    assert "owned" in out


def console_colours() -> Any:
    from rich.console import ColorSystem

    return ColorSystem.STANDARD


@pytest.mark.parametrize("name", ["csv", "tsv"])
@pytest.mark.parametrize("text", FORMULAS)
def test_cells_of_transcripts_are_no_formulas(name: str, text: str) -> None:
    transcript = Transcript(Recording(f"{text}.wav"), (Segment(text, 0.0, 1.0, speaker=text),), 1.0, "fake", "fake")
    out = render(transcript, name, Layout())
    rows = list(csv.reader(io.StringIO(out), delimiter="\t" if name == "tsv" else ","))
    assert rows[1][-1] == f"'{text}"
    assert not [cell for cell in rows[1] if cell[:1] in ("=", "+", "-", "@")]


def test_a_manifest_is_data_for_programs_and_has_every_text_as_it_is() -> None:
    from asrcli.datasets.manifests import to_table

    rows = [{"path": "a.wav", "text": "-5", "pred_text": "=1"}]
    assert list(csv.DictReader(io.StringIO(to_table(rows, rows, ",")))) == rows


def test_a_line_is_never_longer_than_anybody_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list").write_text("x" * 40_000 + ".wav\n")
    with pytest.raises(SystemExit):
        main(["transcribe", "-e", "fake", "--files-from", str(tmp_path / "list")])
    lines = capsys.readouterr().err.splitlines()
    assert lines and all(len(line) < 1000 and "characters left out" in line for line in lines if "xx" in line)
    path = "/" + "p" * 4094  # as long as one can be: it has to be read, and copied, whole
    console.complain(path)
    assert capsys.readouterr().err == f"{path}\n"


def test_durations_are_as_people_read_them() -> None:
    assert [console.clock(seconds) for seconds in (0, 0.05, 7.26, 59.94)] == ["0.0 s", "0.05 s", "7.3 s", "59.9 s"]
    assert [console.clock(seconds) for seconds in (59.96, 725.2, 3723)] == ["1:00", "12:05", "1:02:03"]
