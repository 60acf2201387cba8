"""The leaderboard's figures, read from the file that it publishes, to set a paper's claim against."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from asrcli.digest.cleaning import clean
from asrcli.errors import InputError


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One model of the board."""

    model: str
    wer: float  # per cent, averaged over the board's test sets
    rtfx: float | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """A snapshot of a leaderboard; ``day`` is the day of its data, never the day it was read."""

    day: str
    rows: tuple[BoardRow, ...]

    @property
    def best(self) -> BoardRow:
        """The row with the lowest word error rate."""
        return min(self.rows, key=lambda row: (row.wer, row.model))


def load_board(path: Path) -> Board:
    """Read ``{"last_updated": day, "models": [{"model_id", "avg_wer", "rtfx"}]}``.

    Raises:
        InputError: another shape, or no model in it.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        rows = tuple(
            BoardRow(
                clean(str(row["model_id"]), 120), float(row["avg_wer"]), float(row["rtfx"]) if row.get("rtfx") else None
            )
            for row in values["models"]
        )
        day = clean(str(values["last_updated"]), 30)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a leaderboard ({type(error).__name__}: {error})") from error
    if not rows:
        raise InputError(f"{path}: a leaderboard without a model")
    return Board(day, tuple(sorted(rows, key=lambda row: (row.wer, row.model))))
