"""Answers made up for tests, in the shapes of the real services."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from pathlib import Path

from asrcli.digest.edition import Edition
from asrcli.digest.run import Plan, run_day
from asrcli.digest.settings import Settings
from asrcli.digest.sources import Task, hackernews, huggingface
from asrcli.digest.sources import arxiv as arxiv_source
from asrcli.digest.store import Store
from asrcli.web.client import Answer, Call, RecordedWeb, WebError, write_record

FRIDAY = date(2026, 4, 17)
SETTINGS = Settings(categories=("eess.AS",), releases=("openai/whisper",), hacker_news=("speech recognition",))
ABSTRACT = (
    "Streaming speech recognition trades latency for accuracy. "
    "We propose a chunked encoder that looks ahead by 320 ms. "
    "It reaches a WER of 5.2% on LibriSpeech test-other with 120M parameters. "
    "The model was trained on 10,000 hours of speech in 12 languages. Code and weights are public."
)


@dataclass(frozen=True)
class Made:
    """A paper as a test wants it."""

    id: str
    title: str = "Streaming speech recognition with a chunked encoder"
    abstract: str = ABSTRACT
    submitted: str = "2026-04-16"
    version: int = 1
    announced: str = "new"
    authors: tuple[str, ...] = ("Ada Example", "Ben Sample")


def arxiv_feed(papers: Iterable[Made], built: date, category: str = "eess.AS") -> str:
    """An Atom feed of rss.arxiv.org."""
    entries = "".join(
        f"<entry><id>oai:arXiv.org:{one.id}v{one.version}</id><title>{escape(one.title)}</title>"
        f'<link href="https://arxiv.org/abs/{one.id}" rel="alternate" type="text/html"/>'
        f"<summary>arXiv:{one.id}v{one.version} Announce Type: {one.announced} \n"
        f"Abstract: {escape(one.abstract)}</summary>"
        f'<category term="{category}"/><published>{built}T00:00:00-04:00</published>'
        f"<arxiv:announce_type>{one.announced}</arxiv:announce_type>"
        f"<dc:creator>{escape(', '.join(one.authors))}</dc:creator></entry>"
        for one in papers
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<id>http://rss.arxiv.org/atom/{category}</id><title>{category} updates</title>"
        f"<updated>{built}T04:00:00+00:00</updated>{entries}</feed>"
    )


def arxiv_api(papers: Sequence[Made], total: int | None = None, start: int = 0, size: int = 300) -> str:
    """An answer of the query API."""
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{one.id}v{one.version}</id><title>{escape(one.title)}</title>"
        f"<updated>{one.submitted}T12:00:00Z</updated><summary>{escape(one.abstract)}</summary>"
        f'<category term="eess.AS" scheme="http://arxiv.org/schemas/atom"/><published>{one.submitted}T12:00:00Z</published>'
        + "".join(f"<author><name>{escape(name)}</name></author>" for name in one.authors)
        + "</entry>"
        for one in papers
    )
    count = len(papers) if total is None else total
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/x</id>'
        f"<title>arXiv Query</title><opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>"
        f"<opensearch:totalResults>{count}</opensearch:totalResults><opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
    )


def listing(days: dict[date, Sequence[str]]) -> str:
    """A "past week" page."""
    blocks = "".join(
        f"<h3>{day:%a, %-d %b %Y} (showing {len(ids)} of {len(ids)} entries )</h3>"
        + "".join(
            f'<dt><a name=\'item\'>[1]</a> <a href ="/abs/{one}" title="Abstract" id="{one}">arXiv:{one}</a></dt>'
            for one in ids
        )
        for day, ids in days.items()
    )
    return f"<html><body><dl id='articles'>{blocks}</dl></body></html>"


def answer(url: str, body: str | bytes, day: date = FRIDAY, status: int = 200, **headers: str) -> Answer:
    """One answer, given at noon (UTC) of a day."""
    stamp = datetime.combine(day, time(12), UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    data = body if isinstance(body, bytes) else body.encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(url, status, data, tuple(sorted({"date": stamp, **named}.items())))


def task(day: date = FRIDAY, settings: Settings = SETTINGS) -> Task:
    """A task without answers, for its addresses."""
    return Task(day, RecordedWeb([]), settings)


def api_address(settings: Settings = SETTINGS, start: int = 0) -> str:
    """The address of the topic query."""
    return arxiv_source.api_url(
        search_query=arxiv_source.search_query(task(settings=settings)),
        sortBy="submittedDate",
        sortOrder="descending",
        start=start,
        max_results=arxiv_source.PAGE,
    )


def arxiv_answers(
    feed: str | bytes, api: str | bytes, day: date = FRIDAY, settings: Settings = SETTINGS
) -> list[Answer]:
    """What arXiv answers on a day."""
    return [
        answer(f"https://rss.arxiv.org/atom/{settings.categories[0]}", feed, day),
        answer(api_address(settings), api, day),
    ]


def model(
    name: str, downloads: int = 0, likes: int = 0, created: str = "2026-04-16T08:00:00.000Z", tags: Sequence[str] = ()
) -> dict[str, object]:
    """A model as the hub's API lists it (synthetic)."""
    return {
        "id": name, "author": name.partition("/")[0], "createdAt": created, "downloads": downloads, "likes": likes,
        "pipeline_tag": "automatic-speech-recognition", "tags": ["automatic-speech-recognition", *tags],
    }  # fmt: skip


def hub_answers(
    models: Sequence[object], papers: Sequence[object] = (), day: date = FRIDAY, settings: Settings = SETTINGS
) -> list[Answer]:
    """What the hub answers on a day."""
    tag = settings.pipeline_tags[0]
    datasets = (
        f"{huggingface.HUB}/api/datasets?filter=task_categories:{tag}&sort=createdAt&limit={huggingface.PAGE}&full=true"
    )
    some = [
        {
            "id": "someone/hours-of-speech",
            "author": "someone",
            "createdAt": "2026-04-16T09:00:00.000Z",
            "downloads": 3,
            "tags": [],
        }
    ]
    listed = list(papers) or [
        {"paper": {"id": "2604.00001", "title": "A paper about pictures", "summary": "Pictures.", "upvotes": 3}}
    ]
    return [
        answer(
            huggingface.models_url(pipeline_tag=tag, sort="createdAt", limit=huggingface.PAGE), json.dumps(models), day
        ),
        answer(
            huggingface.models_url(pipeline_tag=tag, sort="trendingScore", limit=20), json.dumps(list(models)[:3]), day
        ),
        answer(datasets, json.dumps(some), day),
        answer(f"{huggingface.HUB}/api/daily_papers?date={day - timedelta(days=1)}&limit=100", json.dumps(listed), day),
    ]


def release_answer(day: date = FRIDAY, repository: str = "openai/whisper") -> Answer:
    """A feed of releases."""
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><id>tag:github.com,2008:/x/releases</id><title>Release notes</title>'
        f"<updated>2026-04-16T10:00:00Z</updated><entry><id>tag:github.com,2008:Repository/1/v20260416</id><updated>2026-04-16T10:00:00Z</updated>"
        f'<link rel="alternate" type="text/html" href="https://github.com/{repository}/releases/tag/v20260416"/><title>v20260416</title>'
        '<content type="html">&lt;p&gt;Faster decoding.&lt;/p&gt;</content>'
        "<author><name>someone</name></author></entry></feed>"
    )
    return answer(f"https://github.com/{repository}/releases.atom", body, day)


def story_answers(hits: Sequence[object], day: date = FRIDAY, settings: Settings = SETTINGS) -> list[Answer]:
    """What the search of Hacker News answers."""
    taker = Addresses()
    hackernews.collect(Task(day, taker, settings))
    return [answer(url, json.dumps({"hits": list(hits)}), day) for url in taker.urls]


class Addresses:
    """A web that answers nothing and remembers what it was asked."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    def get(self, call: Call) -> Answer:
        self.urls.append(call.url)
        raise WebError("nothing here")


STORY = {
    "objectID": "4242",
    "title": "Show HN: speech recognition in a shell",
    "url": "https://example.org/asr",
    "author": "someone",
    "points": 120,
    "num_comments": 33,
    "created_at": "2026-04-16T11:00:00.000Z",
}


def whole_day(papers: Sequence[Made] | None = None, day: date = FRIDAY, settings: Settings = SETTINGS) -> list[Answer]:
    """Everything that all sources answer on an ordinary day."""
    papers = (
        [Made("2604.12345"), Made("2604.12346", "Diarisation of meetings with speech recognition")]
        if papers is None
        else papers
    )
    models = [
        model("nvidia/parakeet-next", 1200, 40, tags=["arxiv:2604.12345", "arxiv:1910.09700"]),
        model("someone/parakeet-next-gguf", 3, 0),
        model("someone/parakeet-next-int8-onnx", 0, 0),
        model("nobody/whisper-tiny-test-7", 0, 0),
    ]
    return [
        *arxiv_answers(arxiv_feed(papers, day), arxiv_api(papers), day, settings),
        *hub_answers(models, (), day, settings),
        release_answer(day),
        *story_answers([STORY], day, settings),
    ]


def record(folder: Path, answers: Iterable[Answer]) -> Path:
    """Write answers as records."""
    for one in answers:
        write_record(folder, one.url, one, "2026-04-17T12:00:00+00:00")
    return folder


def days_after(day: date, count: int) -> date:
    """A later day."""
    return day + timedelta(days=count)


def run_one_day(
    out: Path,
    answers: Sequence[Answer],
    day: date = FRIDAY,
    sources: Sequence[str] = ("arxiv", "hf", "github", "hn"),
    settings: Settings = SETTINGS,
) -> Edition:
    """Run one day from answers into a folder."""
    with closing(Store(out / "digest.sqlite")) as store:
        return run_day(Plan(out, day, RecordedWeb(answers), settings, sources), store)
