"""The leaderboard's figures, to set a paper's claim against: those of `asr leaderboard`, or of a file."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from asrcli.errors import InputError
from asrcli.web.cleaning import clean


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One model of the board."""

    model: str
    wer: float  # per cent, averaged over the board's test sets
    rtfx: float | None = None
    on_hub: bool = True  # whether its weights are there, under its name


@dataclass(frozen=True, slots=True)
class Board:
    """A snapshot of a leaderboard; ``day`` is the day of its data, never the day it was read."""

    day: str
    rows: tuple[BoardRow, ...]

    @property
    def best(self) -> BoardRow:
        """The row with the lowest word error rate."""
        return min(self.rows, key=lambda row: (row.wer, row.model))


def load_board(path: Path | None = None) -> Board:
    """Return the newest English table of `asr leaderboard`, or read a board from a file.

    Raises:
        InputError: the file has another shape, or no model in it.
    """
    return from_leaderboard() if path is None else read_board(path)


def from_leaderboard() -> Board:
    """Return the models that have a rank, with the averages that were computed; those that lack a test set have none.

    A fetched version that is damaged is passed over for the one before it: the digest of a day does not hang on it.
    """
    from asrcli.leaderboard.ranking import arrange, two_digits
    from asrcli.leaderboard.snapshot import newest
    from asrcli.leaderboard.view import View

    table, _ = newest("english")
    assert table is not None, "one comes with asr"
    board = arrange([table], View())
    ranked = [one for one in board.standings if one.rank is not None and one.average is not None]
    rows = [
        BoardRow(one.row.model, float(two_digits(one.average or 0.0)), one.row.rtfx, one.row.is_open is True)
        for one in ranked
    ]
    return Board(table.day, tuple(rows))


def read_board(path: Path) -> Board:
    """Read a board: JSON ``{"last_updated", "models": [{"model_id", "avg_wer", "rtfx"}]}``, or CSV.

    The CSV has the columns model, avg_wer, rtfx, snapshot_date and track (of which the first row's counts), and may
    hold a model several times, once per test set.

    Raises:
        InputError: another shape, or no model in it.
    """
    try:
        text = path.read_text("utf-8")
        day, rows = read_csv(text) if path.suffix == ".csv" else read_json(text)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a leaderboard ({type(error).__name__}: {error})") from error
    if not rows:
        raise InputError(f"{path}: a leaderboard without a model")
    unique = {row.model: row for row in rows}
    return Board(day, tuple(sorted(unique.values(), key=lambda row: (row.wer, row.model))))


def read_json(text: str) -> tuple[str, list[BoardRow]]:
    """Return the day of the data and the rows."""
    values = json.loads(text)
    rows = [board_row(row["model_id"], row["avg_wer"], row.get("rtfx")) for row in values["models"]]
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
