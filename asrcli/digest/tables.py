"""The tables of digest.sqlite, and the way to them from earlier ones."""

from __future__ import annotations

SCHEMA = 2
TABLES = """
CREATE TABLE items (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, first_seen TEXT NOT NULL, reported TEXT NOT NULL, why TEXT NOT NULL,
    payload TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX reported ON items (reported, kind);
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
