"""Boards, findings and scores on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from asrcli.compare.tables import printable
from asrcli.compare.terminal import Sheet, table
from asrcli.leaderboard.markdown import protocol_sentences
from asrcli.leaderboard.ranking import Board, Standing
from asrcli.leaderboard.runs import Measured, grouped, summary
from asrcli.leaderboard.tables import Kind
from asrcli.reports.blocks import two_digits

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from asrcli.leaderboard.defects import Defect
    from asrcli.leaderboard.scores import Score

WIDTH = 125  # characters that a board takes without the columns of the test sets
WORDED = ("model", "licence", "protocol", "day", "")  # columns that wrap
NARROWEST = 72  # below this, columns come one group under the other


def show(board: Board, console: Console, top: int, runs: Sequence[Measured] = ()) -> None:
    """Print a board with its notes and protocols."""
    for renderable in parts(board, console.width, top, runs):
        console.print(renderable)


def parts(board: Board, width: int, top: int, runs: Sequence[Measured]) -> Iterator[RenderableType]:
    """Yield the table and the lines below it."""
    from rich.text import Text

    titles = "; ".join(f"{one.title}, data of {one.version} ({one.kind})" for one in board.tables)
    yield Text(printable(titles), "bold")
    fit = WIDTH + sum(len(one.name) + 2 for one in board.columns) <= width
    sets = board.columns if fit or len(board.columns) == 1 else ()
    columns = ["rank", "95 %", "model", f"average {board.unit}", *(one.name for one in sets), "RTFx", "size", "licence"]
    shown = (
        [*board.standings[:top], *(one for one in board.standings[top:] if measured(one))] if top else board.standings
    )
    rows = [cells_of(one, [column.name for column in sets]) for one in shown]
    if board.unit == "CER":
        columns.insert(4, "CERR")
        rows = [[*row[:4], cell, *row[4:]] for row, cell in zip(rows, reductions(board, shown), strict=True)]
    columns, rows = told([*columns, "protocol", "day", ""], rows, width)
    if width < NARROWEST:
        order = sorted(range(len(columns)), key=lambda at: columns[at] != "model")
        yield Sheet([columns[at] for at in order], [[row[at] for at in order] for row in rows])
    else:
        yield in_one_piece(columns, rows)
    if len(shown) < len(board.standings):
        yield Text(f"{len(shown)} of {len(board.standings)} rows (--top 0 shows all)", "dim")
    for lines, alike in grouped(runs):
        for run in alike:
            yield Text(printable(summary(run)), "bold")
        for line in lines:
            yield Text(printable(f"  {line}"), "yellow" if "NOT" in line or "DIFFERS" in line else "")
    for note in board.notes:
        yield Text(printable(f"note: {note}"), "yellow")
    if any(one.interval for one in shown):
        yield Text("95 %: where the rank lies when the test sets are drawn again; no intervals are published", "dim")
    for sentence in protocol_sentences(board):
        yield Text(printable(sentence), "dim")


def told(columns: list[str], rows: list[list[str]], width: int) -> tuple[list[str], list[list[str]]]:
    """Make a board narrower where it has to be.

    Columns that say nothing go, and a protocol or day that all rows have: they stand around the table.
    """
    if width >= WIDTH:
        return columns, rows
    seen = [{row[at] for row in rows} for at in range(len(columns))]
    alike = {at for at, cells in enumerate(seen) if len(cells) == 1 and columns[at] in ("protocol", "day")}
    kept = [at for at, cells in enumerate(seen) if cells != {""} and at not in alike]
    return [columns[at] for at in kept], [[row[at] for at in kept] for row in rows]


def reductions(board: Board, shown: Sequence[Standing]) -> list[str]:
    """Return by which share of its errors each row has more than the best one: what reports call CERR."""
    known = [one.average for one in board.standings if one.average]
    best = min(known, default=None)
    return [f"{100 * (1 - best / one.average):.1f} %" if best and one.average else "" for one in shown]


def in_one_piece(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return the table of a board, in which what is said in words wraps."""
    made = table("", columns, rows)
    made.padding = (0, 1, 0, 0)
    for name, column in zip(columns, made.columns, strict=True):
        worded = name in WORDED
        column.min_width = 24 if name == "model" else None
        column.no_wrap = not worded
        column.justify = "left" if worded else "right"
    return made


def measured(one: Standing) -> bool:
    """Tell whether a row was measured here: it is shown wherever it stands."""
    return one.row.kind is Kind.MEASURED


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


def show_defects(found: Sequence[tuple[str, Defect]], console: Console) -> None:
    """Print the findings of several tables."""
    made = table("", ["table", "finding", "model", ""], [[n, d.fault, d.model, d.text] for n, d in found])
    for column in made.columns:
        column.justify = "left"
    console.print(made)


def show_scores(scores: Sequence[Score], console: Console) -> None:
    """Print what the leaderboard makes of manifests, and the totals of each model."""
    from asrcli.leaderboard.scores import totals

    rows = [
        [
            one.model,
            one.dataset,
            f"{one.utterances:,}",
            "–" if one.wer is None else f"{one.wer:.2f}",
            *(f"{n:,}" for n in (one.counts.substitutions, one.counts.deletions, one.counts.insertions)),
            "–" if one.rtfx is None else f"{one.rtfx:.2f}",
        ]
        for one in scores
    ]
    rows += [
        [
            one.model,
            f"all {one.datasets}",
            "",
            "–" if one.wer is None else f"{one.wer:.2f}",
            "",
            "",
            "",
            "–" if one.rtfx is None else f"{one.rtfx:.2f}",
        ]
        for one in totals(scores)
    ]
    made = table("", ["model", "data set", "utterances", "WER %", "sub", "del", "ins", "RTFx"], rows)
    made.columns[1].justify = "left"
    console.print(made)
