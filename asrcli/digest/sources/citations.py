"""Who cites a paper: Semantic Scholar, asked only when a page is made, and never in the way of one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from asrcli.digest.items import arxiv_id
from asrcli.digest.sources import Task, ask_json, text_of
from asrcli.digest.states import Report
from asrcli.web.cleaning import clean, clean_title, markdown_link
from asrcli.web.client import Call

SHOWN = 20


def citations(task: Task, base: str) -> tuple[str, ...]:
    """Return one markdown line per citing paper, newest first; one line that says why when none could be read."""
    name = "citations"
    url = (
        f"https://api.semanticscholar.org/graph/v1/paper/ARXIV:{quote(base, safe='')}/citations"
        "?fields=title,externalIds,publicationDate&limit=1000"
    )
    values = ask_json(task, Call(url, "application/json"), name, dict)
    if isinstance(values, Report):
        return (f"Could not be read: Semantic Scholar, {clean(values.evidence, 120)}.",)
    rows = [one.get("citingPaper") for one in values.get("data") or [] if isinstance(one, dict)]
    found = sorted(
        (citing for row in rows if isinstance(row, dict) for citing in [cited_by(row)] if citing), reverse=True
    )
    more = "at least " if values.get("next") else ""
    head = f"{more}{len(found)} papers (Semantic Scholar, {task.day})."
    return (head, *(line for _, line in found[:SHOWN]))


def cited_by(row: dict[str, Any]) -> tuple[str, str] | None:
    """Return day and markdown line of one citing paper."""
    title, day = clean_title(text_of(row.get("title"))), clean(text_of(row.get("publicationDate")), 10)
    ids = row.get("externalIds")
    found = arxiv_id(text_of(ids.get("ArXiv"))) if isinstance(ids, dict) else None
    url = f"https://arxiv.org/abs/{found[0]}" if found else ""
    return (day, f"{day or 'no date'} {markdown_link(title, url)}") if title else None
