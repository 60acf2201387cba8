"""A paper's HTML from arXiv, which has one for most papers since December 2023."""

from __future__ import annotations

from dataclasses import replace

from asrcli.digest.papers.hypertext import is_html, read_html
from asrcli.digest.papers.reading import Reading
from asrcli.digest.sources import Task, ask
from asrcli.digest.states import Report
from asrcli.errors import InputError
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
