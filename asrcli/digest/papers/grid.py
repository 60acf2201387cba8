"""The cells of a table in HTML, put where they stand: over several columns, and over several rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NUMBER_CELL = re.compile(r"^\W*\d+(?:[.,]\d+)*\W*(?:[BMKk]|h|±.*|\(.*)?\W*$")
MAX_COLUMNS = 30


@dataclass(slots=True)
class Grid:
    """A figure or table that is being read."""

    rows: list[list[str]] = field(default_factory=list)
    caption: str = ""
    spans: dict[int, tuple[int, str]] = field(default_factory=dict)  # column -> rows it still fills, and with what

    def fill(self) -> None:
        """Put into the row what cells of earlier rows hold for it."""
        row = self.rows[-1]
        while (held := self.spans.get(len(row))) and held[0] > 0:
            self.spans[len(row)] = (held[0] - 1, held[1])
            row.append(held[1])

    def add(self, words: str, width: int, height: int) -> None:
        """Put a cell into the row."""
        self.fill()
        for _ in range(width):
            if height > 1:
                self.spans[len(self.rows[-1])] = (height - 1, words)
            self.rows[-1].append(words)


def spanned(values: dict[str, str], name: str) -> int:
    """Return over how many columns or rows a cell goes."""
    written = values.get(name, "")
    return max(1, min(int(written), MAX_COLUMNS)) if written.isascii() and written.isdigit() and len(written) < 4 else 1


def split_head(rows: list[tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return one name per column from the rows above the first one with numbers, and the other rows."""
    width = max(map(len, rows))
    first = next((at for at, row in enumerate(rows) if any(NUMBER_CELL.match(cell) for cell in row[1:])), 0)
    heads = [row for row in rows[: min(first, 3)] if len(row) == width]
    names = tuple(" ".join(dict.fromkeys(filter(None, column))) for column in zip(*heads, strict=True))
    return names, tuple(rows[first:])
