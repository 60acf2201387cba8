"""``asr digest mindmap``, ``feed`` and ``readme``: what is made of days that are already written."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.digest.verbs import OUT, Out, app
from asrcli.errors import InputError
from asrcli.main import Command

if TYPE_CHECKING:
    from asrcli.digest.edition import Edition


def editions_in(out: Path, days: int = 0) -> list[Edition]:
    """Return the editions of a folder, newest first; ``days`` > 0 counts back from the newest.

    Raises:
        InputError: there is none.
    """
    from asrcli.digest.run import load_editions

    found = load_editions(out, days)
    if not found:
        raise InputError(f"no digest in {out}: start one with `asr digest run --out {out}`")
    if days:
        first = (date.fromisoformat(found[0].day) - timedelta(days=days - 1)).isoformat()
        found = [edition for edition in found if edition.day >= first]
    return found


@app.command("mindmap", cls=Command)
def mindmap(
    out: Out = OUT,
    days: Annotated[int, typer.Option(min=1, help="How many days, counted back from the newest.")] = 30,
) -> None:
    """Draw the days as a tree: mindmap.html (one file, no request), mindmap.md (opens in markmap) and mindmap.opml."""
    from asrcli.digest.files import write_text
    from asrcli.digest.mindmap import build_tree, mindmap_html, outline_markdown, outline_opml

    editions = editions_in(out, days)
    tree = build_tree(editions, f"{editions[0].title}: {editions[-1].day} to {editions[0].day}")
    pages = {
        "mindmap.html": mindmap_html(tree, editions[0].language),
        "mindmap.md": outline_markdown(tree),
        "mindmap.opml": outline_opml(tree),
    }
    for name, text in pages.items():
        write_text(out / name, text)
        print(out / name)


@app.command("feed", cls=Command)
def feed(
    out: Out = OUT,
    opml: Annotated[bool, typer.Option("--opml", help="Also write sources.opml, the feeds that are followed.")] = False,
) -> None:
    """Write feed.xml (Atom), feed.json and the rolling pages again from the days that are there."""
    from asrcli.digest.files import write_text
    from asrcli.digest.pages.feeds import sources_opml
    from asrcli.digest.pages.rolling import write_rolling
    from asrcli.digest.verbs.daily import settings_for

    editions_in(out, 1)
    write_rolling(out)
    names = ["feed.xml", "feed.json", "ideas.md", "papers.md"]
    if opml:
        write_text(out / "sources.opml", sources_opml(settings_for(out, None)))
        names.append("sources.opml")
    for name in names:
        print(out / name)


@app.command("readme", cls=Command)
def readme(
    file: Annotated[
        Path, typer.Argument(help="A README with <!-- digest:NAME:start --> and <!-- digest:NAME:end -->.")
    ],
    out: Out = OUT,
    leaderboard: Annotated[Path | None, typer.Option(help="Leaderboard (JSON) for the block `leaderboard`.")] = None,
) -> None:
    """Replace the blocks papers, models, ideas, status and leaderboard of a README."""
    from asrcli.digest.board import load_board
    from asrcli.digest.pages.readme import update_readme

    board = load_board(leaderboard) if leaderboard else None
    done = update_readme(file, editions_in(out, 30), board)
    print(f"asr: {file}: {', '.join(done)}", file=sys.stderr)
