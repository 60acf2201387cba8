"""A leaderboard's figures, to set a paper's claim against, and how a file with them is read."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path

from asrcli.base.files import reason
from asrcli.base.whole import read_text
from asrcli.errors import InputError
from asrcli.web.cleaning import clean

LABELS = {
    "ami": "AMI", "earnings22": "Earnings-22", "gigaspeech": "GigaSpeech",
    "librispeech-clean": "LibriSpeech test-clean", "librispeech-other": "LibriSpeech test-other",
    "spgispeech": "SPGISpeech", "tedlium": "TED-LIUM", "voxpopuli": "VoxPopuli",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One model of the board."""

    model: str
    wer: float  # per cent, averaged over the board's test sets
    rtfx: float | None = None
    on_hub: bool = True  # whether its weights are there, under its name
    tests: tuple[tuple[str, float], ...] = ()  # name of a test set -> word error rate, per cent


@dataclass(frozen=True, slots=True)
class Best:
    """The lowest word error rate of a board on one of its tests."""

    test: str  # its name in the table: "librispeech-other"
    label: str  # as people write it
    model: str
    wer: float
    day: str  # of the board's data


@dataclass(frozen=True, slots=True)
class Board:
    """A snapshot of a leaderboard; ``day`` is the day of its data, never the day it was read."""

    day: str
    rows: tuple[BoardRow, ...]
    source: str = ""  # whose it is and where it was read

    @property
    def best(self) -> BoardRow:
        """The row with the lowest word error rate."""
        return min(self.rows, key=lambda row: (row.wer, row.model))

    @property
    def best_by_test(self) -> tuple[Best, ...]:
        """The lowest rate on each test set, by name; nothing where the board has averages only."""
        found: dict[str, Best] = {}
        for row in sorted(self.rows, key=lambda one: one.model):
            for test, wer in row.tests:
                if test not in found or wer < found[test].wer:
                    found[test] = Best(test, LABELS.get(test, test), row.model, wer, self.day)
        return tuple(found[test] for test in sorted(found))


def read_board(path: Path) -> Board:
    """Read a board: JSON ``{"last_updated", "models": [{"model_id", "avg_wer", "rtfx", "tests"}]}``, or CSV.

    The CSV has the columns model, avg_wer, rtfx, snapshot_date and track (of which the first row's counts), and may
    hold a model several times, once per test set.

    Raises:
        InputError: another shape, or no model in it.
    """
    try:
        text = read_text(path)
        day, rows = read_csv(text) if path.suffix == ".csv" else read_json(text)
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: not a leaderboard ({type(error).__name__}: {error})") from error
    if not rows:
        raise InputError(f"{path}: a leaderboard without a model")
    unique = {row.model: row for row in rows}
    return Board(day, tuple(sorted(unique.values(), key=lambda row: (row.wer, row.model))))


def read_json(text: str) -> tuple[str, list[BoardRow]]:
    """Return the day of the data and the rows."""
    values = json.loads(text)
    rows = [
        replace(
            board_row(row["model_id"], row["avg_wer"], row.get("rtfx")),
            tests=tuple(sorted((clean(str(test), 40), float(wer)) for test, wer in row.get("tests", {}).items())),
        )
        for row in values["models"]
    ]
    return clean(str(values["last_updated"]), 30), rows


def read_csv(text: str) -> tuple[str, list[BoardRow]]:
    """Return the day of the data and the rows of the first track."""
    lines = list(csv.DictReader(text.splitlines()))
    if not lines:
        return "", []
    chosen = [line for line in lines if line.get("track") == lines[0].get("track") and line["avg_wer"]]
    rows = [board_row(line["model"], line["avg_wer"], line["rtfx"]) for line in chosen]
    return clean(lines[0]["snapshot_date"], 30), rows


def board_row(model: object, wer: object, rtfx: object) -> BoardRow:
    """Return one row with its values checked."""
    return BoardRow(clean(str(model), 120), float(str(wer)), float(str(rtfx)) if rtfx else None)
