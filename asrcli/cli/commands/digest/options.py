"""What the verbs of ``asr digest`` share: the Typer app, options that several have, days, a folder, the board."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.cli import apps
from asrcli.cli.groups import day_in
from asrcli.errors import InputError

if TYPE_CHECKING:
    from asrcli.digest.board import Board
    from asrcli.digest.edition import Edition
    from asrcli.digest.store import Store

EPILOG = (
    "Exit codes: 0: every source was read; 1: a check failed; 2: wrong usage; 3: some sources failed (the digest says "
    "which); 4: no source was usable."
)
app = apps.app(
    no_args_is_help=True,
    epilog=EPILOG,
    help="Follow the field: a verified digest of each day, with feeds, a podcast and a mindmap.",
)

Out = Annotated[Path, typer.Option("--out", "-o", help="The folder of the digest.", envvar="ASR_DIGEST")]
Day = Annotated[str | None, typer.Option("--date", help="The day, YYYY-MM-DD. Default: today (UTC).")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that were edited, and files of others.")]
OUT = Path("digest")


def day_of(text: str | None, option: str = "--date") -> date:
    """Return the day that an option names, or today."""
    return datetime.now(UTC).date() if text is None else day_in(text, option)


def store_in(out: Path) -> closing[Store]:
    """Return the store of a digest's folder, as a context that closes it; raise `InputError` where there is none."""
    from asrcli.digest.store import open_store

    return closing(open_store(out / "digest.sqlite"))


def editions_in(out: Path, days: int = 0) -> list[Edition]:
    """Return the editions of a folder, newest first; ``days`` > 0 counts back from the newest.

    Raises:
        InputError: there is none.
    """
    from asrcli.digest.run import load_editions

    found = load_editions(out, days)
    if not found:
        raise InputError(f"no digest in {out}: start one with `asr digest run --out {out}`")
    if days:
        first = (date.fromisoformat(found[0].day) - timedelta(days=days - 1)).isoformat()
        found = [edition for edition in found if edition.day >= first]
    return found


def load_board(path: Path | None = None) -> Board:
    """Return the newest English table of `asr leaderboard`, or read a board from a file.

    Raises:
        InputError: the file has another shape, or no model in it.
    """
    from asrcli.digest.board import read_board

    return newest_board() if path is None else read_board(path)


def newest_board() -> Board:
    """Return the models that have a rank, with the averages that were computed; those that lack a test set have none.

    A fetched version that is damaged is passed over for the one before it: the digest of a day does not hang on it.
    """
    from asrcli.digest.board import Board, BoardRow
    from asrcli.leaderboard.ranking import arrange
    from asrcli.leaderboard.snapshot import newest
    from asrcli.leaderboard.view import View
    from asrcli.reports.blocks import two_digits

    table, _ = newest("english")
    assert table is not None, "one comes with asr"
    board = arrange([table], View())
    ranked = [one for one in board.standings if one.rank is not None and one.average is not None]
    rows = []
    for one in ranked:
        row, average = one.row, float(two_digits(one.average or 0.0))
        rows.append(BoardRow(row.model, average, row.rtfx, row.is_open is True, tuple(sorted(row.rates.items()))))
    return Board(table.day, tuple(rows), board.source)
