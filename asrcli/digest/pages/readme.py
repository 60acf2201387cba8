"""Blocks of a README between markers, replaced in one atomic write and never by a pattern with content in it.

A block is ``<!-- digest:NAME:start -->`` to ``<!-- digest:NAME:end -->``; each marker must stand there exactly once,
and what is put between can hold no marker, because ``<`` and ``!`` of strangers are escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from asrcli.base.files import write_text
from asrcli.digest.board import Board, load_board
from asrcli.digest.edition import Edition
from asrcli.digest.pages.markdown import claim_markdown, source_status
from asrcli.errors import InputError
from asrcli.leaderboard.markdown import MARKERS, TopRow, top_block
from asrcli.reports.blocks import replace_block
from asrcli.web.cleaning import markdown_link

PAPERS = 20
ALIASES = {"leaderboard": MARKERS[0]}  # the awesome-asr list's own markers are read as well


def markers(name: str) -> tuple[str, str]:
    """Return the markers of a block."""
    return f"<!-- digest:{name}:start -->", f"<!-- digest:{name}:end -->"


def papers_block(editions: Sequence[Edition], _: Board | None) -> str:
    """Return the newest papers."""
    rows = [f"- {one.day} {markdown_link(paper.title, paper.url)}" for one in editions for paper in one.papers]
    return "\n".join(rows[:PAPERS]) or "No papers yet."


def models_block(editions: Sequence[Edition], _: Board | None) -> str:
    """Return the newest model families."""
    rows = [f"- {one.day} {markdown_link(row.title, row.url)}" for one in editions for row in one.models]
    return "\n".join(rows[:PAPERS]) or "No models yet."


def ideas_block(editions: Sequence[Edition], _: Board | None) -> str:
    """Return the last day's ideas with their sources."""
    lines = [f"- {claim_markdown(claim)}" for claim in editions[0].ideas] if editions else []
    return "\n".join(lines) or "No ideas yet."


def status_block(editions: Sequence[Edition], _: Board | None) -> str:
    """Return how the last day's sources ended."""
    return f"{editions[0].day}: {source_status(editions[0])}" if editions else "No day yet."


def leaderboard_block(_: Sequence[Edition], board: Board | None) -> str:
    """Return the board's top ten, as `asr leaderboard readme` writes it."""
    board = board or load_board()
    return top_block([TopRow(row.model, row.wer, row.on_hub) for row in board.rows], board.day)


BLOCKS: dict[str, Callable[[Sequence[Edition], Board | None], str]] = {
    "papers": papers_block,
    "models": models_block,
    "ideas": ideas_block,
    "status": status_block,
    "leaderboard": leaderboard_block,
}


def update_readme(path: Path, editions: Sequence[Edition], board: Board | None) -> list[str]:
    """Replace every block that the file has; return their names.

    Raises:
        InputError: the file cannot be read, has no block, or a broken one; nothing is written then.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    done = []
    for name, start, end in _places(text):
        try:
            text = replace_block(text, start, end, BLOCKS[name](editions, board))
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        done.append(name)
    if not done:
        raise InputError(
            f"{path} has no block: put {' '.join(markers('papers'))} into it (blocks: {', '.join(BLOCKS)})"
        )
    write_text(path, text)
    return done


def _places(text: str) -> list[tuple[str, str, str]]:
    """Return the name and the markers of every block that a text has, whole or broken."""
    known = ((name, pair) for name in BLOCKS for pair in (markers(name), ALIASES.get(name)) if pair)
    return [(name, start, end) for name, (start, end) in known if start in text or end in text]
