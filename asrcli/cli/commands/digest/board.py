"""The leaderboard that `asr digest` sets claims against: that of `asr leaderboard`, or of a file."""

from __future__ import annotations

from pathlib import Path

from asrcli.digest.board import Board, BoardRow, read_board
from asrcli.leaderboard.ranking import arrange
from asrcli.leaderboard.snapshot import newest
from asrcli.leaderboard.view import View
from asrcli.reports.blocks import two_digits


def load_board(path: Path | None = None) -> Board:
    """Return the newest English table of `asr leaderboard`, or read a board from a file.

    Raises:
        InputError: the file has another shape, or no model in it.
    """
    return newest_board() if path is None else read_board(path)


def newest_board() -> Board:
    """Return the models that have a rank, with the averages that were computed; those that lack a test set have none.

    A fetched version that is damaged is passed over for the one before it: the digest of a day does not hang on it.
    """
    table, _ = newest("english")
    assert table is not None, "one comes with asr"
    board = arrange([table], View())
    ranked = [one for one in board.standings if one.rank is not None and one.average is not None]
    rows = [
        BoardRow(
            one.row.model,
            float(two_digits(one.average or 0.0)),
            one.row.rtfx,
            one.row.is_open is True,
            tuple(sorted(one.row.rates.items())),
        )
        for one in ranked
    ]
    return Board(table.day, tuple(rows), board.source)
