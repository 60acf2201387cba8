"""Where a number of a sentence stands in the paper's own tables."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from asrcli.digest.papers.reading import Table

# A number that is told apart from others: with a decimal point. "12" stands everywhere.
_TELLING = re.compile(
    r"(?<![\w.,-])(?P<number>\d{1,3}\.\d{1,3})(?![\d.]*\d)(?P<unit>\s?[BMKk]\b)?(?P<change>\s?(?:%|points?|pp)?\s*"
    r"(?:relative|absolute|(?:\w+ )?(?:reduc|improv|gain|decreas|drop|lower|higher|CERR|WERR)))?"
)
_CELL = re.compile(r"^[^\w+-]*(?P<sign>[+\-−]?)(?P<number>\d{1,3}\.\d{1,3})(?!\d)(?P<unit>[BMKk]\b)?")
_CHANGES = re.compile(r"reduc|improv|rel\b|relative|gain|CERR|WERR|Δ|delta|diff", re.I)
LINKS = 6  # of one quote


@dataclass(frozen=True, slots=True)
class Link:
    """A number of a quote and the cell of a table that holds it."""

    number: str
    table: str
    row: str
    column: str

    @property
    def place(self) -> str:
        """Where it stands, in words: "Table 2, FireRedASR-LLM, Average-4"."""
        return ", ".join(filter(None, (self.table, self.row, self.column)))


def links_of(quote: str, tables: Sequence[Table], own: Collection[str] = ()) -> tuple[Link, ...]:
    """Return the cells that hold the numbers of a quote.

    A number is linked where only one row can be meant: in a table that the quote names, in a row that it names, or
    in all of the tables. Of several places nothing is said.

    Args:
        own: numbers that the sentence says the authors' own system reaches: no row that it does not name has them.
    """
    found = []
    for told_number in {match["number"]: match for match in _TELLING.finditer(quote)}.values():
        version = told_number["number"].endswith(".0") and not re.match(r"\s?%", quote[told_number.end("number") :])
        places = [] if version else list(places_of(told_number, tables))  # "wav2vec 2.0"
        named = [link for link in places if re.search(rf"\b{re.escape(link.table)}\b", quote)]
        told = [link for link in named or places if names_row(quote, link.row)]
        rest = quote[told_number.end() :].lstrip("% ")
        listed = rest.startswith("/") or quote[: told_number.start()].endswith("/")
        if not told and (listed or told_number["unit"] or told_number["number"] in own):
            continue
        chosen = told or named or places
        if len({(link.table, link.row) for link in chosen}) == 1 or (told and len({one.row for one in told}) == 1):
            found.append(chosen[0])
    return tuple(found[:LINKS])


def places_of(told: re.Match[str], tables: Sequence[Table]) -> Iterator[Link]:
    """Yield every cell that is a number, as a size, a change or a level."""
    number, unit = told["number"], (told["unit"] or "").strip()
    rows = [(table, row) for table in tables if table.label for row in table.rows]
    for table, row in rows:
        name = row_name(row)
        for at, cell in enumerate(row[1:], 1):
            held = _CELL.match(cell)
            if not held or held["number"] != number or (held["unit"] or "") != unit:
                continue
            column = table.head[at] if at < len(table.head) else ""
            is_change = bool(held["sign"] or _CHANGES.search(column))
            if bool(told["change"]) == is_change or not (told["change"] or column):
                yield Link(number, capital(table.label), name, short(column))


def row_name(row: Sequence[str]) -> str:
    """Return what a row is about: its cells before the first number, at most two."""
    words = list(takewhile(lambda cell: not re.match(r"\W*\d+(?:[.,]\d+)*\W*[BMKk]?\W*$", cell), row[:4]))
    return " ".join(filter(None, dict.fromkeys(map(short, words[:2])))) if words else ""


def names_row(quote: str, row: str) -> bool:
    """Tell whether a quote names what a row is about."""
    parts = [word for word in row.split() if len(word) > 2 and re.search(r"[A-Z0-9].*[A-Z0-9]", word)]
    return any(
        len(name) > 2 and re.search(rf"(?<!\w){re.escape(name)}(?!\w|-\w)", quote, re.I) for name in (row, *parts)
    )


def capital(label: str) -> str:
    """Return "Table 2" for "TABLE 2"."""
    return f"{label[:1].upper()}{label[1:].lower()}" if label.isupper() else label


def short(words: str) -> str:
    """Return a cell without marks of notes, cut to what a line holds."""
    plain = re.sub(r"[↑↓]|\s*(?:\[[\d, ]+\]|[†‡*]+|[¹²³]+.*)\s*$", "", words).strip()
    return plain if len(plain) <= 60 else f"{plain[:59].rstrip()}…"
