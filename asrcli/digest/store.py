"""What has been seen and reported, in one SQLite file.

A piece of news belongs to the first day it is reported on and to no other; a later version of a paper is an update
line of the day it is seen. Time windows play no part: a paper that arXiv held back for a month is as new as today's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from asrcli.base.files import cause
from asrcli.digest.items import USABLE, Item, Kind, Report, merge
from asrcli.errors import InputError

SCHEMA = 3
PAGE = "PRAGMA page_size = 8192;"
# With row ids: a table without them keeps no more than a quarter of a page of a row beside its neighbours, and an
# abstract took a page of its own (25 MB for 10 MB of items).
ITEMS = """
CREATE TABLE items (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, first_seen TEXT NOT NULL, reported TEXT NOT NULL, why TEXT NOT NULL,
    payload TEXT NOT NULL
);
CREATE INDEX reported ON items (reported, kind);
"""
TABLES = f"""{ITEMS}
CREATE TABLE versions (
    id TEXT NOT NULL, version INTEGER NOT NULL, seen TEXT NOT NULL, PRIMARY KEY (id, version)
) WITHOUT ROWID;
CREATE TABLE sightings (
    id TEXT NOT NULL, source TEXT NOT NULL, day TEXT NOT NULL, PRIMARY KEY (id, source, day)
) WITHOUT ROWID;
CREATE TABLE watermarks (
    name TEXT NOT NULL, day TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, day)
) WITHOUT ROWID;
CREATE TABLE runs (
    day TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, evidence TEXT NOT NULL, PRIMARY KEY (day, source)
) WITHOUT ROWID;
CREATE TABLE editions (day TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE passed (id TEXT PRIMARY KEY, first_seen TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE feedback (id TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID;
"""
# Schema 1 kept the abstracts of what no phrase matches, nine tenths of the file.
FROM_1 = """
CREATE TABLE passed (id TEXT PRIMARY KEY, first_seen TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO passed SELECT id, first_seen FROM items WHERE why = 'no phrase';
DELETE FROM sightings WHERE id IN (SELECT id FROM passed);
DELETE FROM versions WHERE id IN (SELECT id FROM passed);
DELETE FROM items WHERE why = 'no phrase';
"""
FROM_2 = " ".join(
    [
        "ALTER TABLE items RENAME TO old; DROP INDEX reported;",
        ITEMS,
        "INSERT INTO items SELECT * FROM old; DROP TABLE old;",
    ]
)

NO_PHRASE = "no phrase"
WITHDRAWN = "withdrawn"
OLDER = "older than the first run reports"
KNOWN = "SELECT payload, first_seen, reported, why FROM items"
NEVER = "-"  # in `reported`: kept, but not news (no phrase matches, or older than a first run reports)


@dataclass(frozen=True, slots=True)
class Known:
    """An item and what the store knows about it."""

    item: Item
    first_seen: str
    reported: str  # the day, or "-"
    why: str  # why it is not reported, "" when it is

    @property
    def day(self) -> str:
        """The day it was reported on, "" when it was not."""
        return "" if self.reported == NEVER else self.reported


class Store:
    """An open digest.sqlite. Use it as a context: what is done inside is one transaction."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; raise `InputError` where it is not a store of this schema."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.base = sqlite3.connect(path, timeout=30, isolation_level=None)
            try:
                self._bring_up(path)
            except BaseException:
                self.base.close()
                raise
        except (sqlite3.DatabaseError, OSError) as error:
            raise InputError(f"{path} cannot be opened as a digest store ({cause(error)})") from error

    def _bring_up(self, path: Path) -> None:
        """Make the tables of a new file, and bring those of an older store up to this schema."""
        found = self.base.execute("PRAGMA user_version").fetchone()[0]
        if found == 0 and not self.base.execute("SELECT 1 FROM sqlite_master").fetchone():
            self.base.executescript(f"{PAGE} BEGIN; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
            found = SCHEMA
        named = {name for (name,) in self.base.execute("SELECT name FROM sqlite_master")}
        if not {"items", "editions"} <= named:  # another program's file may have any number
            raise InputError(f"{path} is a database of another program: name another folder")
        if found in (1, 2):
            steps = (FROM_1 if found == 1 else "") + FROM_2
            self.base.executescript(f"BEGIN; {steps} PRAGMA user_version = {SCHEMA}; COMMIT; {PAGE} VACUUM;")
            found = SCHEMA
        if found != SCHEMA:
            raise InputError(f"{path} has schema {found}, and this version reads schema {SCHEMA}")

    def __enter__(self) -> Store:
        self.base.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: type[BaseException] | None, *unused: object) -> None:
        self.base.execute("ROLLBACK" if kind else "COMMIT")

    def close(self) -> None:
        """Close the file."""
        self.base.close()

    # --- reading ---

    def known_before(self, identity: str, day: date) -> bool:
        """Tell whether an item was seen before a day."""
        query = (
            "SELECT 1 FROM items WHERE id = ?1 AND first_seen < ?2 UNION ALL "
            "SELECT 1 FROM passed WHERE id = ?1 AND first_seen < ?2"
        )
        return self._value(query, identity, day.isoformat()) is not None

    def _value(self, query: str, *values: str) -> Any:
        """Return the first value that a query gives; ``None`` when it gives none."""
        row = self.base.execute(query, values).fetchone()
        return row[0] if row else None

    def passed_on(self, identity: str) -> str:
        """Return the day on which an item was seen that no phrase matches, "" when there is none."""
        return str(self._value("SELECT first_seen FROM passed WHERE id = ?", identity) or "")

    def marks_before(self, day: date) -> dict[str, str]:
        """Return every watermark as it stood before a day."""
        rows = self.base.execute(
            "SELECT name, value, max(day) FROM watermarks WHERE day < ? GROUP BY name ORDER BY name", (day.isoformat(),)
        )
        return {name: value for name, value, _ in rows}

    def find(self, identity: str) -> Known | None:
        """Return one item."""
        row = self.base.execute(f"{KNOWN} WHERE id = ?", (identity,)).fetchone()
        return Known(Item.from_json(row[0]), *row[1:]) if row else None

    def reported(self, day: date) -> list[Item]:
        """Return what was reported on a day, by id."""
        rows = self.base.execute("SELECT payload FROM items WHERE reported = ? ORDER BY id", (day.isoformat(),))
        return [Item.from_json(payload) for (payload,) in rows]

    def updates(self, day: date) -> list[tuple[Item, int]]:
        """Return the papers of which a later version was seen on a day, after the day they were first seen."""
        rows = self.base.execute(
            "SELECT items.payload, max(versions.version) FROM versions JOIN items USING (id) "
            "WHERE versions.seen = ? AND items.first_seen < ? AND items.reported != ? AND versions.version > 1 "
            "GROUP BY id ORDER BY id",
            (day.isoformat(), day.isoformat(), NEVER),
        )
        return [(Item.from_json(payload), int(version)) for payload, version in rows]

    def everything(self) -> Iterator[Known]:
        """Yield every item by id."""
        rows = self.base.execute(f"{KNOWN} ORDER BY id")
        return (Known(Item.from_json(row[0]), *row[1:]) for row in rows)

    def sources_of(self, day: date) -> dict[str, set[str]]:
        """Return source -> ids seen on a day."""
        found: dict[str, set[str]] = {}
        for identity, source in self.base.execute("SELECT id, source FROM sightings WHERE day = ?", (day.isoformat(),)):
            found.setdefault(source, set()).add(identity)
        return found

    def unmatched(self, day: date) -> int:
        """Count the papers first seen on a day that no phrase matches."""
        return int(self._value("SELECT count(*) FROM passed WHERE first_seen = ?", day.isoformat()))

    def count_why(self, day: date, why: str) -> int:
        """Count what was first seen on a day and is no news for one reason."""
        return int(self._value("SELECT count(*) FROM items WHERE first_seen = ? AND why = ?", day.isoformat(), why))

    def feedback(self, mark: str) -> frozenset[str]:
        """Return the ids that carry a mark ("star" or "hide")."""
        return frozenset(row[0] for row in self.base.execute("SELECT id FROM feedback WHERE mark = ?", (mark,)))

    def starred(self) -> list[Item]:
        """Return what the user starred, by id."""
        found = (self.find(identity) for identity in sorted(self.feedback("star")))
        return [known.item for known in found if known is not None]

    def edition_hash(self, day: str) -> str | None:
        """Return the SHA-256 of a day's JSON as it was written; ``None`` when the store does not know the day."""
        found: str | None = self._value("SELECT sha256 FROM editions WHERE day = ?", day)
        return found

    def days(self) -> list[str]:
        """Return every day that has an edition."""
        return [row[0] for row in self.base.execute("SELECT day FROM editions ORDER BY day")]

    def runs(self, day: str) -> list[tuple[str, str, str]]:
        """Return source, state and evidence of a day."""
        return self.base.execute(
            "SELECT source, state, evidence FROM runs WHERE day = ? ORDER BY source", (day,)
        ).fetchall()

    # --- writing ---

    def take_in(self, reports: Sequence[Report], day: date, why_not: dict[str, str]) -> None:
        """Store what the sources gave on a day; ``why_not`` has reasons by id, for what is kept but is no news."""
        stamp = day.isoformat()
        for report in reports:
            self.base.execute(
                "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", (stamp, report.name, report.state, report.evidence)
            )
            for name, value in report.marks:
                self.base.execute("INSERT OR REPLACE INTO watermarks VALUES (?, ?, ?)", (name, stamp, value))
            for part in own_parts(report):
                if part.state in USABLE:
                    self.base.execute(
                        "INSERT OR REPLACE INTO watermarks VALUES (?, ?, ?)", (seen_mark(part.name), stamp, stamp)
                    )
            for item in report.items:
                self._take(item, report.name, stamp, why_not.get(item.id, ""))
        self.base.execute("INSERT OR REPLACE INTO watermarks VALUES ('run', ?, ?)", (stamp, stamp))

    def _take(self, item: Item, source: str, stamp: str, why: str) -> None:
        row = self.base.execute(f"{KNOWN} WHERE id = ?", (item.id,)).fetchone()
        if why == NO_PHRASE and row is None:  # only that it was seen: its words are not needed again
            self.base.execute(
                "INSERT INTO passed VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET first_seen = min(first_seen, ?)",
                (item.id, stamp, stamp),
            )
            return
        self.base.execute("DELETE FROM passed WHERE id = ?", (item.id,))
        self.base.execute("INSERT OR IGNORE INTO sightings VALUES (?, ?, ?)", (item.id, source, stamp))
        if item.version:
            self.base.execute("INSERT OR IGNORE INTO versions VALUES (?, ?, ?)", (item.id, item.version, stamp))
        if row is None:
            stored = merge(item, item).to_json()  # in the order that a second sighting leaves
            values = (item.id, item.kind, stamp, NEVER if why else stamp, why, stored)
            self.base.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)", values)
            return
        merged = merge(Item.from_json(row[0]), item).to_json()
        # An older day may be run after a newer one.
        self.base.execute(
            "UPDATE items SET first_seen = ?, payload = ? WHERE id = ?", (min(row[1], stamp), merged, item.id)
        )

    def prune(self, before: date) -> None:
        """Forget what only re-running days before one needs: sightings, and the words of models nobody is shown.

        Ids, papers and what was reported stay: nothing becomes news again.
        """
        stamp = before.isoformat()
        with self:
            self.base.execute("DELETE FROM sightings WHERE day < ?", (stamp,))
            self.base.execute("DELETE FROM watermarks WHERE day < ? AND name = 'run'", (stamp,))
            rows = self.base.execute(
                "SELECT id, payload FROM items WHERE first_seen < ? AND kind IN ('model', 'dataset')", (stamp,)
            ).fetchall()
            for identity, payload in rows:
                slim = slimmer(Item.from_json(payload)).to_json()
                self.base.execute("UPDATE items SET payload = ? WHERE id = ?", (slim, identity))
        self.base.execute("VACUUM")

    def keep_edition(self, day: str, sha256: str) -> None:
        """Remember the hash of a day's JSON."""
        self.base.execute("INSERT OR REPLACE INTO editions VALUES (?, ?)", (day, sha256))

    def give_feedback(self, identity: str, mark: str) -> None:
        """Put a mark on an item ("star" or "hide"), or take it off ("")."""
        if mark:
            self.base.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?)", (identity, mark))
        else:
            self.base.execute("DELETE FROM feedback WHERE id = ?", (identity,))


def slimmer(item: Item) -> Item:
    """Return an item with the tags that are shown, and no text."""
    kept = tuple(tag for tag in item.tags if tag.startswith(("license:", "base_model:", "arxiv:")))
    return replace(item, text="", tags=kept)


def own_parts(report: Report) -> tuple[Report, ...]:
    """Return what is read for the first time by itself: each feed and list, but arXiv's ways as one."""
    return report.parts if report.parts and report.name != "arxiv" else (report,)


def seen_mark(name: str) -> str:
    """Return the name of the watermark that says a source, or one transport of it, was read before."""
    return f"seen {name}"


def older_than(items: Iterable[Item], day: date, days: int) -> set[str]:
    """Return the ids of items published more than some days before a day, for a first run."""
    limit = (day - timedelta(days=days)).isoformat()
    old = (item for item in items if item.published and item.published[:10] < limit)
    # What arXiv announced just now is new, whenever it was submitted.
    return {item.id for item in old if item.kind is not Kind.PAPER or item.announced not in ("new", "cross")}


def open_store(path: Path) -> Store:
    """Open a store that is there; raise `InputError` where there is none."""
    if not path.is_file():
        raise InputError(f"no digest in {path.parent}: start one with `asr digest run --out {path.parent}`")
    return Store(path)
