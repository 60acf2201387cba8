"""What grows from day to day: ideas.md, papers.md, and the feeds. All of it is made from the days' JSON alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asrcli.base.console import complain
from asrcli.digest.edition import Edition
from asrcli.digest.files import Files
from asrcli.digest.pages.markdown import idea_markdown
from asrcli.errors import InputError
from asrcli.web.cleaning import escape_markdown, markdown_link

DAYS = 90  # in the rolling pages
FEED_DAYS = 30
ROLLING = ("ideas.md", "papers.md", "feed.xml", "feed.json")


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
    texts = (ideas_page(editions), papers_page(editions), atom_feed(recent), json_feed(recent))
    return dict(zip(ROLLING, texts, strict=True))


def ideas_page(editions: Sequence[Edition]) -> str:
    """Return the ideas, newest first, each with its source."""
    blocks = [f"# Ideas\n\nWhat was done and what came of it, in the papers' words; the last {DAYS} days."]
    for edition in editions:
        if edition.ideas:
            blocks += [f"## {edition.day}", "\n".join(idea_markdown(idea) for idea in edition.ideas)]
    return "\n\n".join(blocks) + "\n"


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
