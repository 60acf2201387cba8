"""Tables on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from asrcli.base.console import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.containers import Lines
    from rich.table import Table
    from rich.text import Text

# After these a name may go on in the next line: "ibm-granite/granite-" "speech-3.3-8b".
_JOINT = re.compile(r"(?<=[-/_:@+])(?=\w)|(?<=[^\W\d]\.)(?=\w)")
BETWEEN = 3  # columns of a table: a space from each and one more


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """Return a table whose columns but the first are aligned to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        made.add_column(Text(printable(column)), justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        made.add_row(*(cell_type()(printable(cell)) if isinstance(cell, str) else cell for cell in row))
    return made


@cache
def cell_type() -> type[Text]:
    """Return the type of cells whose names break where their parts are joined; Rich is loaded when a table is made."""
    from rich.text import Text

    class Cell(Text):
        """Text that is broken at places of its own."""

        def wrap(self, console: Console, width: int, **how: Any) -> Lines:
            """Break words that are too long for the column between their parts, and all others at spaces."""
            if how.get("no_wrap") or not (places := breaks(self.plain, width)):
                return super().wrap(console, width, **how)
            return Text("\n").join(self.divide(places)).wrap(console, width, **how)

    return Cell


def breaks(text: str, width: int) -> list[int]:
    """Return where words wider than a column are broken, so that each piece has as many parts as fit."""
    from rich.cells import cell_len

    places = []
    for word in re.finditer(r"\S+", text):
        begin = word.start()
        joints = [word.start() + one.start() for one in _JOINT.finditer(word[0])] if cell_len(word[0]) > width else []
        for at, until in pairwise([*joints, word.end()]):
            if cell_len(text[begin:until]) > width:
                places.append(at)
                begin = at
    return places


class Sheet:
    """A table that goes on below itself, the first column again, where a terminal is too narrow for all columns."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str | Text]], title: str = "") -> None:
        self.columns, self.rows, self.title = columns, rows, title

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        """Yield one table after the other; no number is broken."""
        from rich.cells import cell_len

        cells = [[str(row[place]) for row in self.rows] for place in range(len(self.columns))]
        widths = [BETWEEN + max(map(cell_len, [name, *own])) for name, own in zip(self.columns, cells, strict=True)]
        room = options.max_width - min(widths[0], options.max_width // 2)
        places: list[int] = []
        for place in range(1, len(widths)):
            if places and sum(widths[one] for one in places) + widths[place] > room:
                yield self._part(places)
                places = []
            places.append(place)
        yield self._part(places)

    def _part(self, places: Sequence[int]) -> Table:
        chosen = [0, *places]
        title = self.title if places[:1] in ([], [1]) else ""  # above the first part only
        return table(title, [self.columns[one] for one in chosen], [[row[one] for one in chosen] for row in self.rows])
