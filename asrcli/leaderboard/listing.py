"""The tables and their versions, listed."""

from __future__ import annotations

import json

from asrcli.base.console import complain, table_console
from asrcli.errors import InputError
from asrcli.leaderboard.snapshot import Version, read, versions
from asrcli.leaderboard.tables import Table
from asrcli.reports.terminal import table

Found = list[tuple[Version, Table]]


def show_tables(*, as_json: bool) -> None:
    """Print every version of every table; one that cannot be read is named."""
    found: Found = []
    for version in versions():
        try:
            found.append((version, read(version.path)))
        except InputError as error:
            complain(f"asr: {error}")
    if as_json:
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


def newer_than(table: Table) -> str:
    """Say which table about the same is the newest, "" when this one is."""
    days = {one.table: one.day for one in versions() if one.table.startswith(f"{table.name}-")}
    name = max(days, key=lambda one: (days[one], one), default="")
    if not name or days[name] <= table.day:
        return ""
    return f"newest: {name}, data of {days[name]}, quoted by others: asr leaderboard -t {name}"


def tables_json(found: Found) -> str:
    """Return the facts of tables as JSON."""
    facts = [
        {"name": one.name, "day": one.day, "revision": one.revision, "kind": one.kind, "title": one.title,
         "models": len(one.rows), "sets": [own.name for own in one.sets], "shipped": version.shipped,
         "path": str(version.path)}
        for version, one in found
    ]  # fmt: skip
    return json.dumps(facts, ensure_ascii=False, indent=1)
