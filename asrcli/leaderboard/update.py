"""The live tables of the hub, each kept as a version of its own when it has changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from asrcli.base.languages import NAMES
from asrcli.errors import InputError
from asrcli.leaderboard.published import Origin, read_published
from asrcli.leaderboard.snapshot import keep, newest
from asrcli.leaderboard.tables import Protocol, Table
from asrcli.web.cleaning import clean
from asrcli.web.client import Call, Web, WebError

HOST = "huggingface.co"
HUB = f"https://{HOST}"
H200 = "NVIDIA H200 (HF Jobs), best-case batches"
SCORER = "kaldialign, compounds merged"
LANGUAGES = ("de", "fr", "it", "es", "pt", "nl", "hi", "hy")


@dataclass(frozen=True, slots=True)
class Feed:
    """One live table: a file in a data set of the hub."""

    name: str
    title: str
    repository: str
    file: str
    protocol: Protocol
    language: str = ""


def feeds() -> tuple[Feed, ...]:
    """Return the live tables (state of 2026-10: the leaderboard's Space, `init.py`)."""
    rules = {language: f"Open ASR Leaderboard, {language}" for language in ("English", "multilingual")}
    english = Protocol("oal-english-live", SCORER, rules["English"], H200, "as the leaderboard's code says")
    long_form = Protocol("oal-long-live", SCORER, rules["English"], H200, "whole recordings; as the code says")
    joined = "compounds joined before aligning"
    spoken = Protocol("oal-multilingual-live", SCORER, rules["multilingual"], H200, joined)
    lattice = Protocol("oal-hindi-live", "lattice WER (voi_oiwer)", rules["multilingual"], H200)
    short, results = "english_short_latest.csv", "hf-audio/open-asr-leaderboard-results"
    long, whole = "longform_latest.csv", "hf-audio/leaderboard_longform"
    return (
        Feed("english", f"{rules['English']}, short recordings", results, short, english, "en"),
        Feed("long-form", f"{rules['English']}, long recordings", whole, long, long_form, "en"),
        *(in_language(code, lattice if code == "hi" else spoken) for code in LANGUAGES),
    )


def in_language(code: str, protocol: Protocol) -> Feed:
    """Return the live table of a language."""
    title = f"Open ASR Leaderboard, {NAMES[code].capitalize()}"
    return Feed(
        f"multilingual-{code}", title, "hf-audio/multilingual_evals", f"multilingual_{code}.csv", protocol, code
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one live table: ``new``, ``unchanged`` or ``failed``, and the evidence."""

    name: str
    state: str
    text: str
    path: Path | None = None


def update(web: Web, names: tuple[str, ...] = ()) -> Iterator[Outcome]:
    """Read the live tables, all or those that are named, one after the other and keep what is new.

    Raises:
        InputError: the hub cannot be reached at all.
    """
    revisions: dict[str, tuple[str, str]] = {}
    for feed in feeds():
        if names and feed.name not in names:
            continue
        try:
            if feed.repository not in revisions:
                revisions[feed.repository] = read_revision(web, feed.repository)
            yield take_in(feed, web, *revisions[feed.repository])
        except (WebError, InputError) as error:
            if HOST in getattr(web, "given_up", ()):  # it would say the same of every table
                raise InputError(f"the hub does not answer; the versions that are here are kept: {error}") from error
            yield Outcome(feed.name, "failed", str(error))


def read_revision(web: Web, repository: str) -> tuple[str, str]:
    """Return the commit of a data set and its day.

    Raises:
        WebError: no answer.
        InputError: an answer that is something else.
    """
    url = f"{HUB}/api/datasets/{repository}"
    facts = parse_json(fetch(web, url, "application/json"), url)
    commit, changed = str(facts.get("sha", "")), str(facts.get("lastModified", ""))
    try:
        day = date.fromisoformat(changed[:10]).isoformat()
    except ValueError:
        day = ""
    if not re.fullmatch("[0-9a-f]{40}", commit) or not day:
        raise InputError(f"{url}: no commit and day in the answer (sha '{clean(commit, 50)}', {clean(changed, 40)})")
    return commit, day


def parse_json(body: bytes, url: str) -> dict[str, Any]:
    """Return the object in an answer; raise `InputError` where there is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{url}: not JSON but {clean(body[:200].decode('utf-8', 'replace'), 40) or 'nothing'}")
    return found


def fetch(web: Web, url: str, accept: str) -> bytes:
    """Return what lies at an address; raise `WebError` where there is no answer, or another status than 200."""
    try:
        answer = web.get(Call(url, accept))
    except WebError as error:
        raise WebError(f"{url}: {error}") from error
    if answer.status != 200:
        why = {401: "not public", 403: "not public", 404: "there is no such file", 429: "asked too often; try later"}
        raise WebError(f"{url}: HTTP {answer.status} ({why.get(answer.status, 'no table')})")
    return answer.body


def take_in(feed: Feed, web: Web, commit: str, day: str) -> Outcome:
    """Read one live table and keep it unless the newest version says the same."""
    url = f"{HUB}/datasets/{feed.repository}/resolve/{commit}/{quote(feed.file)}"
    source = f"{feed.repository} {feed.file}@{commit[:8]}"
    origin = Origin(feed.name, feed.title, day, source, feed.protocol, commit, feed.language)
    table = read_published(fetch(web, url, "text/csv, text/plain"), origin)
    last, problem = newest(feed.name)
    if last is not None and content(last) == content(table):
        return Outcome(feed.name, "unchanged", f"unchanged since {last.version} ({len(table.rows)} models)")
    path = keep(table)
    told = f"{len(table.rows)} models of {table.version}{told_changes(last, table)}{problem}"
    return Outcome(feed.name, "new", told, path)


def content(table: Table) -> frozenset[tuple[object, ...]]:
    """Return what a table says, whatever its order, day and source."""
    return frozenset(
        (row.model, frozenset(row.rates.items()), row.average, row.rtfx, row.parameters, row.licence)
        for row in table.rows
    )


def told_changes(last: Table | None, table: Table) -> str:
    """Return in words what is different from the version before."""
    if last is None:
        return ""
    before, after = ({row.model for row in one.rows} for one in (last, table))
    return f"; {len(after - before)} models more and {len(before - after)} fewer than {last.version}, which is kept"
