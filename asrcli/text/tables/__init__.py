"""Word tables of the normalisers: facts with their sources, read when they are needed."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def lines(name: str) -> list[str]:
    """Return the lines of a table, without comments."""
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def spellings() -> dict[str, str]:
    """Return British -> American spellings."""
    found: dict[str, str] = {}
    heading = ""
    for line in lines("spellings.txt"):
        if line.startswith("["):
            heading = line[1:-1]
            continue
        for entry in line.split():
            if heading == "pairs":
                old, new = entry.split("=")
            else:
                changed, kept = heading.split(">")
                old, new = entry.replace("-", changed), entry.replace("-", kept)
            found[old] = new
    return found


@cache
def names() -> dict[str, str]:
    """Return spellings of first names -> the one that stands for them."""
    found: dict[str, str] = {}
    for line in lines("names.txt"):
        kept, others = line.split(": ")
        found.update(dict.fromkeys(others.split(), kept))
    return found


def named(table: str) -> dict[str, dict[str, str]]:
    """Return the rows of a table: name, key and value, such as words by language (with low lines for blanks)."""
    found: dict[str, dict[str, str]] = {}
    for line in lines(table):
        name, *entries = line.split(" ")
        pairs = (entry.replace("_", " ").split("=", 1) for entry in entries)
        found.setdefault(name, {}).update({key: value for key, value in pairs})
    return found
