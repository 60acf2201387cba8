"""Files of tables: those that come with asr, and the versions that were fetched since.

A file is JSON Lines: the first line describes the table, its sources and protocols and carries the number and the
SHA-256 of the lines after it, one per row. Versions are never overwritten and never deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from asrcli.base.files import reason, write_atomic
from asrcli.base.lines import json_lines
from asrcli.base.whole import read_text
from asrcli.errors import InputError, UsageError
from asrcli.leaderboard.tables import EvalSet, Kind, Protocol, Row, Table

VERSION = 1
KEY = "asr_leaderboard"
NAME = re.compile(r"(?P<table>[a-z0-9-]+)_(?P<day>\d{4}-\d\d-\d\d)(?:_(?P<mark>[0-9a-z]+))?\.jsonl")
FOLDER = "ASR_LEADERBOARD"  # environment variable: where versions are kept
FIGURES = ("average", "rtfx", "parameters")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A file of a table, not read yet; the newest sorts last."""

    table: str
    day: str
    shipped: bool
    mark: str
    path: Path


def shipped_folder() -> Path:
    """Return where the tables lie that come with asr."""
    return Path(str(files("asrcli.leaderboard") / "data"))


def user_folder() -> Path:
    """Return where fetched versions are kept: ``$ASR_LEADERBOARD``, or ``leaderboard`` in the user's data folder."""
    from platformdirs import user_data_path

    return Path(os.environ.get(FOLDER) or user_data_path("asr", appauthor=False) / "leaderboard")


def versions(table: str | None = None) -> list[Version]:
    """Return the versions that are here, of one table or of all, by table and from old to new."""
    found = []
    for folder, shipped in ((shipped_folder(), True), (user_folder(), False)):
        for path in folder.glob("*.jsonl"):
            match = NAME.fullmatch(path.name)
            if match and table in (None, match["table"]):
                found.append(Version(match["table"], match["day"], shipped, match["mark"] or "", path))
    return sorted(found)


def load(name: str, day: str | None = None) -> Table:
    """Read a table: the newest version, or the one of a day (the last one up to that day).

    Raises:
        UsageError: there is no such table, or none that old.
        InputError: the file is damaged.
    """
    every = versions()
    known = list(dict.fromkeys(one.table for one in every))
    if name not in known:
        raise UsageError(f"there is no table '{name}': choose {', '.join(known)}")
    found = [one for one in every if one.table == name and (day is None or one.day <= day)]
    if not found:
        first = next(one.day for one in every if one.table == name)
        raise UsageError(f"--date {day}: the oldest version of '{name}' is of {first}")
    return read(found[-1].path)


def newer_than(table: Table) -> str:
    """Say which table about the same is the newest, "" when this one is."""
    days = {one.table: one.day for one in versions() if one.table.startswith(f"{table.name}-")}
    name = max(days, key=lambda one: (days[one], one), default="")
    if not name or days[name] <= table.day:
        return ""
    return f"newest: {name}, data of {days[name]}, quoted by others: asr leaderboard -t {name}"


def newest(name: str) -> tuple[Table | None, str]:
    """Return the newest version that can be read, and what to say when that is not the newest there is."""
    for number, version in enumerate(reversed(versions(name))):
        try:
            return read(version.path), f"; {number} newer files are damaged and were left alone" if number else ""
        except InputError:
            continue
    return None, ""


def read(path: Path) -> Table:
    """Read one file; raise `InputError` where it cannot be opened, is damaged, or is of another layout."""
    try:
        head_line, _, body = read_text(path).partition("\n")
        head = json.loads(head_line)
        if head[KEY] != VERSION:
            raise InputError(f"{path}: layout {head[KEY]}; this asr reads {VERSION}: upgrade asr")
        lines = body.splitlines()
        if len(lines) != head["rows"] or checksum(body) != head["sha256"]:
            raise ValueError(f"{len(lines)} rows or what is in them are not the {head['rows']} that were written")
        return table_of(head, [json.loads(line) for line in lines])
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path}: damaged ({type(error).__name__}: {error}); move it away, or choose another version with --date"
        ) from error


def checksum(body: str) -> str:
    """Return the SHA-256 of the lines of the rows."""
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def table_of(head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Table:
    """Build a table from the objects of its file."""
    protocols = {key: Protocol(name=key, **facts) for key, facts in head["protocols"].items()}
    kind = Kind(head["kind"])
    sets = tuple(EvalSet(**facts) for facts in head["sets"])
    made = tuple(
        Row(
            model=row["model"],
            protocol=protocols[row["protocol"]],
            source=head["sources"][row["source"]],
            day=row["day"],
            kind=kind,
            rates={name: float(rate) for name, rate in row["rates"].items()},
            licence=row.get("licence", ""),
            **{name: float(row[name]) for name in FIGURES if name in row},
        )
        for row in rows
    )
    return Table(head["table"], head["title"], head["day"], kind, sets, made, head["note"], head["revision"])


def render(table: Table) -> str:
    """Return the text of a table's file."""
    sources = {text: str(number) for number, text in enumerate(dict.fromkeys(row.source for row in table.rows), 1)}
    protocols = {row.protocol.name: row.protocol for row in table.rows}
    rows = []
    for row in table.rows:
        facts: dict[str, Any] = {"model": row.model, "day": row.day, "protocol": row.protocol.name}
        facts |= {"source": sources[row.source]}
        facts |= {"licence": row.licence} if row.licence else {}
        facts |= {name: value for name in FIGURES if (value := getattr(row, name)) is not None}
        rows.append({**facts, "rates": dict(row.rates)})
    body = json_lines(rows)
    head = {
        KEY: VERSION,
        "table": table.name,
        "title": table.title,
        "day": table.day,
        "kind": table.kind,
        "note": table.note,
        "revision": table.revision,
        "sets": [asdict(one) for one in table.sets],
        "protocols": {
            key: {name: value for name, value in asdict(one).items() if name != "name"}
            for key, one in protocols.items()
        },
        "sources": {key: text for text, key in sources.items()},
        "rows": len(rows),
        "sha256": checksum(body),
    }
    return json_lines([head]) + body


def keep(table: Table, folder: Path | None = None) -> Path:
    """Write a version under a name that no other version has; return its path.

    Raises:
        OutputError: it cannot be written.
    """
    folder = folder or user_folder()
    stem = f"{table.name}_{table.day}" + (f"_{table.revision[:8]}" if table.revision else "")
    path, number = folder / f"{stem}.jsonl", 1
    while path.exists():
        number += 1
        path = folder / f"{stem if table.revision else stem + '_'}x{number}.jsonl"
    write_atomic(path, render(table))
    return path
