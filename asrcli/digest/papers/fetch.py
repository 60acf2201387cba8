"""What the network says of one paper: its HTML from arXiv, which has one since December 2023, and who cites it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from asrcli.digest.items import Report, arxiv_id
from asrcli.digest.papers.hypertext import is_html, read_html
from asrcli.digest.papers.reading import Reading
from asrcli.digest.sources import Task, ask, ask_json, text_of
from asrcli.errors import InputError
from asrcli.web.cleaning import clean, clean_title, markdown_link
from asrcli.web.client import Call


def read_whole_paper(task: Task, reading: Reading) -> Reading:
    """Return the whole of a paper whose abstract is known; the abstract, and why, when there is no page of it."""
    url = f"https://arxiv.org/html/{reading.identity}v{reading.version}"
    answer = ask(task, Call(url, "text/html"), "arxiv HTML")
    if isinstance(answer, Report):
        return replace(reading, what=f"abstract (arXiv's HTML could not be read: {answer.evidence})")
    text = answer.body.decode("utf-8", "replace")
    try:
        if not is_html(text):
            raise InputError(f"{url}: not a page of HTML")
        whole = read_html(text, url)
    except InputError as error:
        return replace(reading, what=f"abstract (arXiv's HTML holds no paper: {error})")
    return replace(whole, title=reading.title, url=reading.url, identity=reading.identity, version=reading.version)


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
