"""Tables of text cells, whatever they are of, as Markdown, CSV, JSON and HTML; `terminal` shows them on a screen."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from asrcli.base.cells import safe_cell


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: the first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    spare: tuple[str, ...] = ()  # columns that a narrow terminal goes without, in this order


def without_empty(grid: Grid, keep: int) -> Grid:
    """Return a table without the columns that are blank in every row, but for the first ones."""
    return with_columns(grid, [at for at in range(len(grid.columns)) if at < keep or any(row[at] for row in grid.rows)])


def narrowed(grid: Grid, width: int) -> Grid:
    """Return a table that a terminal of ``width`` characters can show, without spare columns if need be."""
    spare = [name for name in grid.spare if name in grid.columns]
    while spare and needed(grid) > width:
        gone = grid.columns.index(spare.pop(0))
        grid = with_columns(grid, [at for at in range(len(grid.columns)) if at != gone])
    return grid


def needed(grid: Grid) -> int:
    """Return how many characters a table takes when no cell is broken."""
    return sum(max(map(len, column)) + 3 for column in zip(grid.columns, *grid.rows, strict=True))


def with_columns(grid: Grid, kept: Sequence[int]) -> Grid:
    """Return a table with some of its columns."""
    rows = tuple(tuple(row[at] for at in kept) for row in grid.rows)
    return replace(grid, columns=tuple(grid.columns[at] for at in kept), rows=rows)


def cell(text: str) -> str:
    """Return text for a cell of a Markdown table: it stays inside its cell and its line, and is no markup."""
    for char in "\\`*_|<>[]":
        text = text.replace(char, f"\\{char}")
    return " ".join(text.split())


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Return the lines of a table.

    Args:
        rows: cells in Markdown, see `cell`.
        left: which columns are aligned to the left; the others hold numbers.
    """
    rule = "|".join("---" if at in left else "--:" for at in range(len(columns)))
    head, *body = (f"| {' | '.join(row)} |" for row in (columns, *rows))
    return [head, f"|{rule}|", *body]


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table for spreadsheets; no cell is taken for a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def json_text(data: Any) -> str:
    """Return a report for programs."""
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def html_table(grid: Grid) -> str:
    """Return a section with the table, its title and its note."""
    head = "".join(f"<th scope=col>{html.escape(name)}</th>" for name in grid.columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in grid.rows)
    note = f'<p class="quiet">{html.escape(grid.note)}.</p>' if grid.note else ""
    title = html.escape(grid.title)
    inner = f"<table><tr>{head}</tr>{body}</table>{note}"
    return f"<section><h2>{title}</h2>{scroller('grid', title, inner)}</section>"


def scroller(kind: str, title: str, inner: str) -> str:
    """Return what is wider than a phone in a box that a keyboard scrolls too; all are HTML."""
    return f'<div class="{kind}" tabindex="0" role="region" aria-label="{title}">{inner}</div>'
