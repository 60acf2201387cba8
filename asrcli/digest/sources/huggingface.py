"""The Hugging Face hub: new and trending models, new datasets, the daily papers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from asrcli.base.counts import count_of
from asrcli.digest.items import TEMPLATE_PAPERS, Item, Kind, Report, State, arxiv_id
from asrcli.digest.latex import as_text
from asrcli.digest.sources import Task, ask, ask_json, combine, decode, signals_of, text_of, texts_of
from asrcli.web.cleaning import clean, clean_title, safe_url
from asrcli.web.client import Answer, Call

HUB = "https://huggingface.co"
EXPAND = "author baseModels createdAt downloads likes pipeline_tag safetensors tags trendingScore".split()
PAGE = 100
PAGES = 5
NAME = re.compile(r"[\w.-]{1,96}(?:/[\w.-]{1,96})?", re.ASCII)
Reader = Callable[[Any], Item | None]


def collect(task: Task) -> Report:
    """Ask for everything of the hub."""
    parts = []
    for pipeline_tag in task.settings.pipeline_tags:
        short = clean(pipeline_tag, 60)
        new = models_url(pipeline_tag=pipeline_tag, sort="createdAt", limit=PAGE)
        parts.append(read_pages(task, new, f"hf new models {short}", read_repository))
        trending = models_url(pipeline_tag=pipeline_tag, sort="trendingScore", limit=20)
        parts.append(read_pages(task, trending, f"hf trending models {short}", read_repository, pages=1))
        datasets = f"{HUB}/api/datasets?" + urlencode(
            {"filter": f"task_categories:{pipeline_tag}", "sort": "createdAt", "limit": PAGE, "full": "true"}
        )
        parts.append(read_pages(task, datasets, f"hf datasets {short}", partial(read_repository, kind=Kind.DATASET)))
    parts.append(daily_papers(task))
    return combine("hf", parts)


def models_url(**parameters: object) -> str:
    """Return the address of a list of models."""
    return f"{HUB}/api/models?" + urlencode([*parameters.items(), *(("expand[]", name) for name in EXPAND)])


def read_pages(task: Task, url: str, name: str, reader: Reader, pages: int = PAGES) -> Report:
    """Read a list, newest first, until a page holds something known."""
    items: list[Item] = []
    for page in range(pages):
        answer = ask(task, Call(url, "application/json"), name)
        if isinstance(answer, Report):
            return Report(
                name, State.PARTIAL if items else answer.state, f"page {page + 1}: {answer.evidence}", tuple(items)
            )
        values = decode(answer, name, list)
        if isinstance(values, Report):
            return values
        found = list(filter(None, map(reader, values)))
        items += found
        if len(found) < len(values):
            evidence = f"{len(values) - len(found)} of {len(values)} entries have another shape than expected"
            return Report(name, State.PARTIAL, evidence, tuple(items))
        following = next_page(answer)
        if not following or not task.marks or any(task.known(item.id) for item in found):
            break
        url = following
    if not items:
        return Report(name, State.EMPTY, "HTTP 200 with an empty list")
    return Report(name, State.OK, f"{count_of(items, 'entry', 'entries')}", tuple(items))


def next_page(answer: Answer) -> str:
    """Return the address of the next page, as the Link header says, when it is one of the hub's own."""
    found = re.search(r'<([^<>]+)>;\s*rel="next"', answer.header("link"))
    url = safe_url(found[1]) if found else ""
    return url if url.startswith(f"{HUB}/api/") else ""


def read_repository(value: Any, kind: Kind = Kind.MODEL) -> Item | None:
    """Turn a repository of the API into an item; ``None`` when its name is none."""
    if not isinstance(value, dict):
        return None
    name = text_of(value.get("id")) or text_of(value.get("modelId"))
    if not NAME.fullmatch(name):
        return None
    prefix, path = ("hf", "") if kind is Kind.MODEL else ("hf-dataset", "datasets/")
    tags = tuple(clean(tag, 120) for tag in texts_of(value.get("tags"))[:60])
    bases = value.get("baseModels")
    models = bases.get("models") if isinstance(bases, dict) else None
    parents = texts_of([one.get("id") for one in models if isinstance(one, dict)] if isinstance(models, list) else [])
    tags += tuple(f"base_model:{clean(parent, 120)}" for parent in parents if f"base_model:{parent}" not in tags)
    created = clean(text_of(value.get("createdAt")), 30)
    weights = value.get("safetensors")
    numbers = (
        ("downloads", value.get("downloads")),
        ("likes", value.get("likes")),
        ("parameters", weights.get("total") if isinstance(weights, dict) else None),
        ("trending", value.get("trendingScore")),
    )
    owner = clean(text_of(value.get("author")) or name.partition("/")[0], 96)
    text = clean(text_of(value.get("description")), 2000)
    made = Item(f"{prefix}:{name}", kind, name, f"{HUB}/{path}{name}", "hf", text, (owner,), created, tags=tags)
    return replace(made, signals=signals_of(numbers), about=papers_of(tags))


def papers_of(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the papers that a repository's tags name, without the one every template names."""
    found = (arxiv_id(tag) for tag in tags if tag.startswith("arxiv:"))
    return tuple(sorted({f"arxiv:{one[0]}" for one in found if one and one[0] not in TEMPLATE_PAPERS}))


def daily_papers(task: Task) -> Report:
    """Read the papers that the hub's readers put forward on the day before, and their votes.

    The list of a day grows until its end: asked for in the morning, today's is empty without being quiet.
    """
    name = "hf daily papers"
    day = task.day - timedelta(days=1)
    url = f"{HUB}/api/daily_papers?" + urlencode({"date": day.isoformat(), "limit": PAGE})
    values = ask_json(task, Call(url, "application/json"), name, list)
    if isinstance(values, Report):
        return values
    items = tuple(filter(None, map(read_daily, values)))
    if not values:
        weekend = day.weekday() >= 5
        return Report(name, State.QUIET if weekend else State.EMPTY, f"HTTP 200 with an empty list for a {day:%A}")
    if len(items) < len(values):
        evidence = f"{len(values) - len(items)} of {len(values)} entries have another shape"
        return Report(name, State.PARTIAL, evidence, items)
    return Report(name, State.OK, f"{count_of(items, 'entry', 'entries')}", items)


def read_daily(value: Any) -> Item | None:
    """Turn a daily paper into an item: the same id as arXiv's, so that the two become one."""
    paper = value.get("paper") if isinstance(value, dict) else None
    found = arxiv_id(text_of(paper.get("id"))) if isinstance(paper, dict) else None
    if not isinstance(paper, dict) or found is None:
        return None
    authors = paper.get("authors")
    names = texts_of([one.get("name") for one in authors if isinstance(one, dict)]) if isinstance(authors, list) else ()
    numbers = (
        ("upvotes", paper.get("upvotes")),
        ("comments", value.get("numComments")),
        ("stars", paper.get("githubStars")),
    )
    title = clean_title(as_text(clean_title(text_of(paper.get("title")))))
    text = clean(as_text(clean(text_of(paper.get("summary")))))
    people, day = tuple(clean(one, 200) for one in names), clean(text_of(paper.get("publishedAt")), 30)
    made = Item(f"arxiv:{found[0]}", Kind.PAPER, title, f"https://arxiv.org/abs/{found[0]}", "hf", text, people, day)
    return replace(made, version=0, signals=signals_of(numbers))  # arXiv's own words win when both are there
