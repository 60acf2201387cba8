"""Hacker News stories, through the search that Algolia runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from asrcli.digest.items import Item, Kind, Report, State, arxiv_id
from asrcli.digest.sources import Task, ask_json, combine, signals_of, text_of
from asrcli.web.cleaning import clean, clean_title, safe_url
from asrcli.web.client import Call

REACH = timedelta(days=7)  # a story may need days to gather its points


def collect(task: Task) -> Report:
    """Ask for every query of the settings; a story found twice is one."""
    parts = [search(task, query) for query in task.settings.hacker_news]
    return combine("hn", parts) if parts else Report("hn", State.OFF, "no queries in the settings")


def search(task: Task, query: str) -> Report:
    """Read the stories of the last week that match one query. No story at all is a quiet week, not a failure."""
    name = f"hn {clean(query, 40)}"
    since = int((datetime.combine(task.day, time(), UTC) - REACH).timestamp())
    filters = f"created_at_i>{since},points>{task.settings.hacker_news_points}"
    parameters = {"query": f'"{query}"', "tags": "story", "numericFilters": filters, "hitsPerPage": 100}
    call = Call("https://hn.algolia.com/api/v1/search_by_date?" + urlencode(parameters), "application/json")
    values = ask_json(task, call, name, dict)
    if isinstance(values, Report):
        return values
    hits = values.get("hits")
    if not isinstance(hits, list):
        return Report(name, State.FAILED, "HTTP 200 without a list of hits")
    items = tuple(filter(None, map(read_hit, hits)))
    if hits and not items:
        return Report(name, State.FAILED, f"{len(hits)} hits of another shape than expected")
    return Report(name, State.OK if items else State.QUIET, f"{len(items)} stories", items)


def read_hit(hit: Any) -> Item | None:
    """Turn a story into an item; ``None`` for comments and broken entries."""
    if not isinstance(hit, dict):
        return None
    number, title = text_of(hit.get("objectID")), clean_title(text_of(hit.get("title")))
    if not number.isdigit() or not number.isascii() or len(number) > 12 or not title:
        return None
    link = safe_url(text_of(hit.get("url")))
    paper = arxiv_id(link)
    discussion = f"https://news.ycombinator.com/item?id={number}"
    author, created = clean(text_of(hit.get("author")), 40), clean(text_of(hit.get("created_at")), 30)
    signals = signals_of((("points", hit.get("points")), ("comments", hit.get("num_comments"))))
    tags, about = (f"discussion: {discussion}",), (f"arxiv:{paper[0]}",) if paper else ()
    story = Item(f"hn:{number}", Kind.STORY, title, link or discussion, "hn", "", (author,), created, tags=tags)
    return replace(story, signals=signals, about=about)
