"""Pages over several days: a week in one, and what grows, ideas, papers, topics and feeds; all from the days' JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from asrcli.base.console import complain
from asrcli.base.counts import count_of
from asrcli.digest.edition import Edition
from asrcli.digest.pages.markdown import BAD, idea_markdown, own_markdown
from asrcli.digest.topics import TOPICS
from asrcli.digest.versions import Files
from asrcli.errors import InputError
from asrcli.reports.table import markdown_table
from asrcli.web.cleaning import escape_markdown, markdown_link

WEEKS = 4  # side by side in the table of topics
IDEAS = 12
Week = tuple[int, int]  # ISO year and number


def week_of_day(day: str) -> Week:
    """Return the ISO week of a day."""
    year, number, _ = date.fromisoformat(day).isocalendar()
    return year, number


def name_of(week: Week) -> str:
    """Return "2026-W17"."""
    return f"{week[0]}-W{week[1]:02}"


def before(week: Week, count: int) -> Week:
    """Return the week some weeks earlier."""
    return week_of_day((date.fromisocalendar(*week, 1) - timedelta(weeks=count)).isoformat())


def week_page(editions: Sequence[Edition], week: Week) -> str:
    """Return the page of one week; ``editions`` may hold other weeks, which fill the table of topics."""
    mine = sorted((one for one in editions if week_of_day(one.day) == week), key=lambda one: one.day)
    papers = [paper for one in mine for paper in one.papers]
    families = {row.name for one in mine for row in one.models}
    bad = [f"{one.day} {source.name} {source.state}" for one in mine for source in one.sources if source.state in BAD]
    blocks = [
        f"# {escape_markdown(mine[0].title)}: {name_of(week)}",
        f"{count_of(mine, 'day')}, {count_of(papers, 'paper')}, "
        f"{count_of(families, 'model family', 'model families')}. "
        + (f"**Not everything was read:** {escape_markdown('; '.join(bad))}." if bad else "All sources were read."),
        "## Topics",
        topics_table(editions, week),
    ]
    ideas = sorted(
        ((paper.score, idea) for one in mine for idea in one.ideas for paper in one.papers if paper.id == idea.id),
        key=lambda pair: (-pair[0], pair[1].id),
    )
    if ideas:
        blocks += ["## Ideas", "\n".join(idea_markdown(idea) for _, idea in ideas[:IDEAS])]
    told = [f"- {markdown_link(one.title, one.url)} {' '.join(own_markdown(one))}" for one in papers if one.own]
    if told:
        blocks += ["## What was reported", "\n".join(told)]
    return "\n\n".join(blocks) + "\n"


def topics_table(editions: Sequence[Edition], week: Week, count: int = WEEKS) -> str:
    """Return how many papers each topic had in this week and in those before it, ``count`` weeks in all."""
    weeks = [before(week, back) for back in range(count - 1, -1, -1)]
    counts = {
        one: Counter(paper.topic for e in editions if week_of_day(e.day) == one for paper in e.papers) for one in weeks
    }
    rows = [
        (escape_markdown(topic), *(str(counts[one][topic]) for one in weeks))
        for topic in TOPICS
        if any(counts[one][topic] for one in weeks)
    ]
    return "\n".join(markdown_table(("Topic", *map(name_of, weeks)), rows))


DAYS = 90  # in the rolling pages
FEED_DAYS = 30
ALL_WEEKS = 13
ROLLING = ("ideas.md", "papers.md", "topics.md", "feed.xml", "feed.json")


def write_rolling(out: Path, files: Files) -> list[str]:
    """Write every rolling file of a folder that may be written; return their names."""
    from asrcli.digest.run import load_editions

    pages = rolling_pages(load_editions(out, DAYS, leave_out))
    return [name for name, text in pages.items() if files.write(out / name, text)]


def leave_out(error: InputError) -> None:
    """Say that a day is left out: one spoiled file of the past must not stop today's digest."""
    complain(f"asr: left out of the rolling pages: {error}")


def rolling_pages(editions: Sequence[Edition]) -> dict[str, str]:
    """Return file name -> text; ``editions`` are newest first."""
    from asrcli.digest.pages.feeds import atom_feed, json_feed

    recent = editions[:FEED_DAYS]
    pages = (ideas_page(editions), papers_page(editions), topics_page(editions))
    texts = (*pages, atom_feed(recent), json_feed(recent))
    return dict(zip(ROLLING, texts, strict=True))


def ideas_page(editions: Sequence[Edition]) -> str:
    """Return the ideas, newest first, each with its source."""
    blocks = [f"# Ideas\n\nWhat was done and what came of it, in the papers' words; the last {DAYS} days."]
    for edition in editions:
        if edition.ideas:
            blocks += [f"## {edition.day}", "\n".join(idea_markdown(idea) for idea in edition.ideas)]
    return "\n\n".join(blocks) + "\n"


def topics_page(editions: Sequence[Edition]) -> str:
    """Return how many papers each topic had, week by week up to the newest day's."""
    head = f"# Topics\n\nPapers by topic and week; the last {ALL_WEEKS} weeks. The newest may not be over."
    if not editions:
        return head + "\n"
    newest = week_of_day(editions[0].day)
    first = week_of_day(editions[-1].day)
    count = 1 + next((back for back in range(ALL_WEEKS) if before(newest, back) <= first), ALL_WEEKS - 1)
    return f"{head}\n\n{topics_table(editions, newest, count)}\n"


def papers_page(editions: Sequence[Edition]) -> str:
    """Return the papers by topic, newest first within one."""
    topics: dict[str, list[str]] = {}
    for edition in editions:
        for paper in edition.papers:
            authors = escape_markdown(", ".join(paper.authors[:3]))
            line = f"- {edition.day} {markdown_link(paper.title, paper.url)} — {authors}"
            topics.setdefault(paper.topic, []).append(line)
    blocks = [f"# Papers\n\nBy topic; the last {DAYS} days."]
    for topic in sorted(topics):
        blocks += [f"## {escape_markdown(topic)} ({len(topics[topic])})", "\n".join(topics[topic])]
    return "\n\n".join(blocks) + "\n"
