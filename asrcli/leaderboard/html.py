"""A board as one HTML file, a chart and a sortable table: nothing is fetched, no text of the data becomes a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asrcli.leaderboard.markdown import protocol_sentences
from asrcli.leaderboard.plot import colour_of
from asrcli.leaderboard.ranking import Board, Standing, front
from asrcli.leaderboard.runs import Measured, grouped, summary
from asrcli.reports.page import dump, page_pieces


def page(board: Board, runs: Sequence[Measured] = ()) -> str:
    """Return the page; all rows are in it, whatever the terminal shows."""
    return "".join(page_pieces("asrcli.leaderboard.page", title(board), [dump(page_data(board, runs))]))


def title(board: Board) -> str:
    """Return the headline."""
    return "; ".join(f"{one.title}, {one.day}" for one in board.tables)


def page_data(board: Board, runs: Sequence[Measured]) -> dict[str, Any]:
    """Return what the script shows."""
    best = {id(one) for one in front(board.standings)}
    return {
        "title": title(board),
        "unit": board.unit,
        "sets": [{"name": one.name, "label": one.label, "unit": one.unit} for one in board.columns],
        "rows": [row_data(one, board, on_front=id(one) in best) for one in board.standings],
        "notes": list(board.notes),
        "protocols": protocol_sentences(board),
        "runs": [{"titles": [summary(run) for run in alike], "lines": list(lines)} for lines, alike in grouped(runs)],
    }


def row_data(one: Standing, board: Board, *, on_front: bool) -> dict[str, Any]:
    """Return one row."""
    row = one.row
    return {
        "rank": one.rank,
        "interval": list(one.interval) if one.interval else None,
        "model": row.model,
        "average": one.average,
        "rates": [row.rates.get(column.name) for column in board.columns],
        "rtfx": row.rtfx,
        "size": row.parameters,
        "licence": row.licence,
        "group": colour_of(row.kind, row.is_open),
        "kind": row.kind,
        "protocol": row.protocol.name,
        "day": row.day,
        "source": row.source,
        "remark": one.remark,
        "front": on_front,
    }
