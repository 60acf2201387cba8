"""The tables of digest.sqlite, and the way to them from earlier ones."""

from __future__ import annotations

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
