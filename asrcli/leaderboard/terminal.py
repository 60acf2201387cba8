"""Boards, the tables that there are, findings and scores on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from asrcli.base.console import complain, printable, table_console
from asrcli.errors import InputError
from asrcli.leaderboard.markdown import protocol_sentences
from asrcli.leaderboard.ranking import Board, Standing
from asrcli.leaderboard.runs import Measured, grouped, summary
from asrcli.leaderboard.scores import Score, totals
from asrcli.leaderboard.snapshot import read, versions
from asrcli.leaderboard.tables import EvalSet, Kind
from asrcli.reports.blocks import two_digits
from asrcli.reports.terminal import Sheet, table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from asrcli.leaderboard.defects import Defect

WIDTH = 125  # characters that a board takes without the columns of the test sets
BARE = 44  # what a board takes at the least when words wrap
NARROWEST = 72  # below this, columns come one group under the other
MODEL = 24  # characters of a model's name that stand in one line, at the least
BESIDE = 2  # characters between two columns, or at both edges
WORDED = ("model", "licence", "protocol", "day", "remark")  # columns whose words wrap
SPARE = ("remark", "day", "licence", "protocol")  # that go, in this order, where a word would be broken


def show(board: Board, console: Console, top: int, runs: Sequence[Measured] = ()) -> None:
    """Print a board with its notes and protocols."""
    for renderable in parts(board, console.width, top, runs):
        console.print(renderable)


def parts(board: Board, width: int, top: int, runs: Sequence[Measured]) -> Iterator[RenderableType]:
    """Yield the table and the lines below it."""
    from rich.text import Text

    titles = "; ".join(f"{one.title}, data of {one.version} ({one.kind})" for one in board.tables)
    yield Text(printable(titles), "bold")
    sets = sets_shown(board, width)
    columns = ["rank", "95 %", "model", f"average {board.unit}", *(one.name for one in sets), "RTFx", "size", "licence"]
    shown = board.first(top)
    rows = [cells_of(one, [column.name for column in sets]) for one in shown]
    if board.unit == "CER":
        columns.insert(4, "CERR")
        rows = [[*row[:4], cell, *row[4:]] for row, cell in zip(rows, reductions(board, shown), strict=True)]
    columns += ["protocol", "day", "remark"]
    yield from drawn(columns, rows, width)
    if hidden := len(board.columns) - len(sets):
        yield Text(f"{hidden} of {len(board.columns)} test sets do not fit: --sort SET shows one, --csv - all", "dim")
    if len(shown) < len(board.standings):
        yield Text(f"{len(shown)} of {len(board.standings)} rows (--top 0 shows all)", "dim")
    for lines, alike in grouped(runs):
        for run in alike:
            yield Text(printable(summary(run)), "bold")
        for line in lines:
            yield Text(printable(f"  {line}"), "bold" if "NOT" in line or "DIFFERS" in line else "")
    for note in board.notes:
        yield Text(printable(f"note: {note}"))
    if any(one.interval for one in shown):
        yield Text("95 %: where the rank lies when the test sets are drawn again; no intervals are published", "dim")
    for sentence in protocol_sentences(board):
        yield Text(printable(sentence), "dim")


def columns_kept(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return the places of the columns that are shown: on a narrow terminal those that tell rows from each other."""
    cells = [[name, *(row[at] for row in rows)] for at, name in enumerate(columns)]
    kept = [at for at, name in enumerate(columns) if width >= WIDTH or telling(name, cells[at][1:])]
    for name in SPARE:
        if sum(least_width(columns[at], cells[at]) + BESIDE for at in kept) <= width:
            break
        kept = [at for at in kept if columns[at] != name]
    return kept


def least_width(column: str, cells: Sequence[str]) -> int:
    """Return how many characters a column takes at the least when no word but a long name is broken."""
    if column == "model":
        return min(MODEL, max(map(len, cells)))
    return max(len(part) for cell in cells for part in (cell.split() or [""] if column in WORDED else [cell]))


def drawn(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[RenderableType]:
    """Yield the table, on a narrow terminal in groups of columns, and which columns there was no room for."""
    from rich.text import Text

    if width < NARROWEST:
        order = [2, 0, 1, *range(3, len(columns))]
        yield Sheet([columns[at] for at in order], [[row[at] for at in order] for row in rows])
        return
    kept = columns_kept(columns, rows, width)
    yield in_one_piece([columns[at] for at in kept], [[row[at] for at in kept] for row in rows])
    if gone := [name for at, name in enumerate(columns) if at not in kept and telling(name, [row[at] for row in rows])]:
        yield Text(f"no room for {', '.join(gone)}: --csv - has all", "dim")


def telling(column: str, cells: Sequence[str]) -> bool:
    """Tell whether a column says something: a day and a protocol that all rows share stand below the table."""
    different = set(cells)
    return not different <= {"", "–"} and not (column in ("protocol", "day", "remark") and len(different) == 1)


def sets_shown(board: Board, width: int) -> tuple[EvalSet, ...]:
    """Return the test sets whose rates have a column.

    All where they fit; the one that orders the rows always; and where nothing is averaged, as many as there is room
    for, since a row has no other number.
    """
    if WIDTH + sum(len(one.name) + 2 for one in board.columns) <= width or len(board.columns) == 1:
        return board.columns
    room = max(width - BARE, 0) if all(one.average is None for one in board.standings) else 0
    kept = []
    for one in board.columns:
        room -= len(one.name) + 2
        if room >= 0 or one.name == board.sorted_by:
            kept.append(one)
    return tuple(kept)


def reductions(board: Board, shown: Sequence[Standing]) -> list[str]:
    """Return by which share of its errors each row has more than the best one: what reports call CERR."""
    known = [one.average for one in board.standings if one.average]
    best = min(known, default=None)
    return [f"{100 * (1 - best / one.average):.1f} %" if best and one.average else "" for one in shown]


def in_one_piece(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return the table of a board, in which what is said in words wraps."""
    made = table("", columns, rows)
    made.padding = (0, 1, 0, 0)
    at = columns.index("model")
    made.columns[at].min_width = least_width("model", ["model", *(row[at] for row in rows)])
    for name, column in zip(columns, made.columns, strict=True):
        column.no_wrap = name not in WORDED
        column.justify = "left" if name in WORDED else "right"
    return made


def cells_of(one: Standing, sets: Sequence[str]) -> list[str]:
    """Return the cells of one row."""
    row = one.row
    return [
        str(one.rank or "–"),
        f"{one.interval[0]}–{one.interval[1]}" if one.interval else "",
        row.model,
        "–" if one.average is None else two_digits(one.average),
        *(two_digits(row.rates[name]) if name in row.rates else "–" for name in sets),
        "" if row.rtfx is None else f"{row.rtfx:,.0f}" if row.rtfx >= 10 else f"{row.rtfx:.2f}",
        "" if row.parameters is None else f"{row.parameters:g} B",
        row.licence,
        row.protocol.name,
        row.day,
        ", ".join(filter(None, ["" if row.kind is Kind.PUBLISHED else str(row.kind), one.remark])),
    ]


def show_tables(*, as_json: bool) -> None:
    """Print every version of every table; one that cannot be read is named."""
    found = []
    for version in versions():
        try:
            found.append((version, read(version.path)))
        except InputError as error:
            complain(f"asr: {error}")
    if as_json:
        from asrcli.leaderboard.reports import tables_json

        print(tables_json(found))
        return
    rows = [
        [one.name, one.version, "with asr" if version.shipped else "fetched", one.kind, f"{len(one.rows)}",
         f"{len(one.sets)}", one.title]
        for version, one in found
    ]  # fmt: skip
    made = table("", ["table", "version", "", "", "models", "sets", ""], rows)
    for column in made.columns:
        column.justify = "left"
    table_console().print(made)


def show_defects(found: Sequence[tuple[str, Defect]], console: Console) -> None:
    """Print the findings of several tables."""
    made = table("", ["table", "finding", "model", ""], [[n, d.fault, d.model, d.text] for n, d in found])
    for column in made.columns:
        column.justify = "left"
    console.print(made)


def show_scores(scores: Sequence[Score], console: Console) -> None:
    """Print what the leaderboard makes of manifests, and the totals of each model."""

    def two(value: float | None) -> str:
        """Return a figure with two decimals."""
        return "–" if value is None else f"{value:.2f}"

    rows = []
    for one in scores:
        counts = (one.counts.substitutions, one.counts.deletions, one.counts.insertions)
        figures = [two(one.wer), *(f"{count:,}" for count in counts), two(one.rtfx)]
        rows.append([one.model, one.dataset, f"{one.utterances:,}", *figures])
    rows += [[one.model, f"all {one.datasets}", "", two(one.wer), "", "", "", two(one.rtfx)] for one in totals(scores)]
    made = table("", ["model", "data set", "utterances", "WER %", "sub", "del", "ins", "RTFx"], rows)
    made.columns[1].justify = "left"
    console.print(made)
