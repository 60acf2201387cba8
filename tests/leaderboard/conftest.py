"""What the tests of the leaderboard share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from asrcli.cli.main import main
from asrcli.leaderboard.tables import EvalSet, Kind, Protocol, Row, Table

Called = Callable[..., tuple[int, str, str]]
PROTOCOL = Protocol("p", "counting", "normaliser", "hardware", "note")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep fetched versions of every test apart, and the terminal wide."""
    folder = tmp_path / "kept"
    monkeypatch.setenv("ASR_LEADERBOARD", str(folder))
    monkeypatch.setenv("COLUMNS", "250")
    return folder


@pytest.fixture
def called(capsys: pytest.CaptureFixture[str]) -> Called:
    """Return a function that runs ``asr leaderboard`` here and returns code, output and talk."""

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["leaderboard", *map(str, words)])
        shown = capsys.readouterr()
        return int(left.value.code or 0), shown.out, shown.err

    return run


def make_row(model: str, rates: dict[str, float], **facts: object) -> Row:
    """Return a row with little in it."""
    return replace(Row(model, PROTOCOL, "source", "2026-01-01", Kind.PUBLISHED, rates), **facts)


def make_table(*rows: Row, sets: str = "a b") -> Table:
    """Return a table of test sets with short names."""
    columns = tuple(EvalSet(name, name.upper(), "en") for name in sets.split())
    return Table("own", "Own table", "2026-01-01", Kind.PUBLISHED, columns, tuple(rows))
