"""What grows from day to day: ideas, papers, topics and the feeds. All of it is made from the days' JSON alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asrcli.base.console import complain
from asrcli.digest.edition import Edition
from asrcli.digest.files import Files
from asrcli.digest.pages.markdown import idea_markdown
from asrcli.digest.pages.weekly import before, topics_table, week_of_day
from asrcli.errors import InputError
from asrcli.web.cleaning import escape_markdown, markdown_link

DAYS = 90  # in the rolling pages
FEED_DAYS = 30
WEEKS = 13
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
    head = f"# Topics\n\nPapers by topic and week; the last {WEEKS} weeks. The newest may not be over."
    if not editions:
        return head + "\n"
    newest = week_of_day(editions[0].day)
    first = week_of_day(editions[-1].day)
    count = 1 + next((back for back in range(WEEKS) if before(newest, back) <= first), WEEKS - 1)
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
