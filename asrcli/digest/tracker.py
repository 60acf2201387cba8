"""What others keep, taken over: the days of a tracker (daily JSON files of the awesome-asr list), BibTeX's authors."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from asrcli.base.files import cause, reason
from asrcli.base.whole import read_text, read_whole
from asrcli.digest.items import Item, Report, State, arxiv_id
from asrcli.digest.latex import as_text
from asrcli.digest.run import Plan, make_day, reasons_not_to_report, task_of
from asrcli.digest.settings import Settings
from asrcli.digest.sources import number_of, text_of, texts_of
from asrcli.digest.sources.arxiv import paper
from asrcli.digest.sources.huggingface import read_repository
from asrcli.digest.store import Store
from asrcli.digest.versions import Files
from asrcli.errors import InputError
from asrcli.web.cleaning import clean, clean_title
from asrcli.web.client import RecordedWeb


def read_day(path: Path) -> tuple[date, list[Report]]:
    """Return the day of a file and what its sources had; raise `InputError` where it has another shape."""
    try:
        values = json.loads(read_text(path))
        day = date.fromisoformat(values["date"])
        papers = [item for one in values["papers"] for item in [read_paper(one)] if item is not None]
        models = [item for one in values["models"] for item in [read_listed(one)] if item is not None]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: not a day of the tracker ({type(error).__name__}: {cause(error)[:80]})") from error
    said = f"from {clean(path.name, 60)}"
    return day, [
        Report("arxiv", State.OK, f"{len(papers)} papers {said}", tuple(papers)),
        Report("hf", State.OK, f"{len(models)} models {said}", tuple(models)),
    ]


def read_paper(value: Any) -> Item | None:
    """Return a paper of the tracker; ``None`` when it has no arXiv id."""
    found = arxiv_id(text_of(value.get("id")))
    if found is None:
        return None
    made = paper(*found, clean_title(text_of(value.get("title"))), clean(text_of(value.get("abstract"))))
    return replace(
        made,
        authors=tuple(clean(name, 200) for name in texts_of(value.get("authors"))),
        published=clean(text_of(value.get("published")), 30),
        tags=tuple(clean(tag, 40) for tag in texts_of(value.get("categories"))[:12]),
        announced="new",
    )


def read_listed(value: Any) -> Item | None:
    """Return a model of the tracker as one of the hub."""
    return read_repository(
        {
            "id": value.get("model_id"),
            "author": value.get("author"),
            "createdAt": value.get("created_at"),
            "downloads": number_of(value.get("downloads")),
            "likes": number_of(value.get("likes")),
            "tags": [],
        }
    )


def import_days(folder: Path, out: Path, settings: Settings, files: Files | None = None) -> Iterator[tuple[str, int]]:
    """Take over every day of a folder, oldest first; yield each day with the number of its papers.

    Raises:
        InputError: no file there, or one of another shape (the days before it are written).
    """
    paths = sorted(folder.glob("????-??-??.json")) or sorted(folder.glob("daily/????-??-??.json"))
    if not paths:
        raise InputError(f"{folder} holds no YYYY-MM-DD.json")
    with closing(Store(out / "digest.sqlite")) as store:
        for path in paths:
            day, reports = read_day(path)
            plan = Plan(out, day, RecordedWeb([]), settings, files=files or Files())
            edition = make_day(plan, store, reports, reasons_not_to_report(reports, task_of(plan, store)))
            yield edition.day, len(edition.papers)


LONGEST = 50_000  # characters of a value; the authors of the largest collaborations have 40 000
_AUTHOR = re.compile(r"\bauthor\s*=\s*(?=[{\"])", re.I)


def read_authors(path: Path) -> list[str]:
    """Return every author as "First Last"; raise `InputError` where the file cannot be read or holds no author."""
    try:
        text = read_whole(path).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    found: Counter[str] = Counter()
    for field in _AUTHOR.finditer(text):
        for name in re.split(r"\s+and\s+", re.sub(r"[{}\\]", "", as_text(value_at(text, field.end())))):
            last, comma, first = name.partition(",")
            plain = clean(f"{first} {last}" if comma else name, 200)
            if plain and plain.casefold() != "others":
                found[plain] += 1
    if not found:
        raise InputError(f"{path} holds no author")
    return sorted(found, key=lambda name: (-found[name], name))


def value_at(text: str, start: int) -> str:
    """Return what a pair of braces or quotation marks holds; braces within are balanced (``{\\v{r}}``)."""
    level = 0
    for at in range(start + 1, min(len(text), start + LONGEST)):
        char, escaped = text[at], text[at - 1] == "\\"
        if level == 0 and char == ("}" if text[start] == "{" else '"') and not (escaped and char == '"'):
            return text[start + 1 : at]
        level += (char == "{") - (char == "}")
    return ""
