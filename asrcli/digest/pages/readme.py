"""Blocks of a README between markers, replaced in one atomic write and never by a pattern with content in it.

A block is ``<!-- digest:NAME:start -->`` to ``<!-- digest:NAME:end -->``, each marker once and on a line of its own.
What stands outside is kept byte for byte, and the block takes over the line ends and the indentation of its markers.
Markers in a code fence are text. What is put between can hold no marker: ``<`` and ``!`` of strangers are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from asrcli.base.files import cause, write_bytes
from asrcli.base.whole import read_whole
from asrcli.digest.board import Board
from asrcli.digest.edition import Edition, Paper
from asrcli.digest.families import Family
from asrcli.digest.pages.markdown import facts_of, own_markdown, source_status
from asrcli.errors import InputError
from asrcli.reports.blocks import MARKERS, TopRow, top_block
from asrcli.web.cleaning import escape_markdown, markdown_link

PAPERS = 20
_MARKER = re.compile(r"^[ \t>]*<!--\s*digest:(?P<name>[\w-]+):(?P<side>start|end)\s*-->[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})")
ALIASES = {MARKERS[0][0]: ("leaderboard", "start"), MARKERS[0][1]: ("leaderboard", "end")}  # of the awesome-asr list


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker and the line it stands on."""

    name: str
    side: str  # start or end
    line: int
    indent: str
    newline: str


def markers(name: str) -> tuple[str, str]:
    """Return the markers of a block."""
    return f"<!-- digest:{name}:start -->", f"<!-- digest:{name}:end -->"


def paper_line(day: str, paper: Paper) -> str:
    """Return one paper as lists of links write an entry: a link, a dash, a sentence."""
    by = f"{paper.authors[0]}{' et al.' if len(paper.authors) > 1 else ''}, " if paper.authors else ""
    said = " ".join([escape_markdown(f"{by}{day}."), *own_markdown(paper)])
    return f"- {markdown_link(paper.title, paper.url)} - {said}"


def papers_block(editions: Sequence[Edition], _: Callable[[], Board]) -> str:
    """Return the newest papers, each with what the digest says of it and the sentence that this rests on."""
    rows = [paper_line(one.day, paper) for one in editions for paper in one.papers]
    return "\n".join(rows[:PAPERS]) or "No papers yet."


def model_line(day: str, row: Family) -> str:
    """Return one model family."""
    size, licence, base, created, *_ = facts_of(row)
    facts = ", ".join(filter(None, (size, licence, f"made from {base}" if base else "", created or day)))
    return f"- {markdown_link(row.title, row.url)} - {escape_markdown(facts)}."


def models_block(editions: Sequence[Edition], _: Callable[[], Board]) -> str:
    """Return the newest model families."""
    rows = [model_line(one.day, row) for one in editions for row in one.models]
    return "\n".join(rows[:PAPERS]) or "No models yet."


def pdf_of(url: str) -> str:
    """Return the address of a paper's PDF: a list may name a link once, and the block of papers has the other."""
    return url.replace("https://arxiv.org/abs/", "https://arxiv.org/pdf/", 1)


def ideas_block(editions: Sequence[Edition], _: Callable[[], Board]) -> str:
    """Return the last day's ideas: titles and sentences."""
    lines = []
    for idea in editions[0].ideas if editions else ():
        said = " ".join(escape_markdown(claim.text) for claim in idea.claims)
        lines.append(f"- {markdown_link(idea.title, pdf_of(idea.url))} - {said}")
    return "\n".join(lines) or "No ideas yet."


def status_block(editions: Sequence[Edition], _: Callable[[], Board]) -> str:
    """Return how the last day's sources ended."""
    return f"{editions[0].day}: {source_status(editions[0])}" if editions else "No day yet."


def leaderboard_block(_: Sequence[Edition], load: Callable[[], Board]) -> str:
    """Return the board's top ten, as `asr leaderboard readme` writes it."""
    board = load()
    return top_block([TopRow(row.model, row.wer, row.on_hub) for row in board.rows], board.day, board.source)


BLOCKS: dict[str, Callable[[Sequence[Edition], Callable[[], Board]], str]] = {
    "papers": papers_block,
    "models": models_block,
    "ideas": ideas_block,
    "status": status_block,
    "leaderboard": leaderboard_block,
}


def update_readme(path: Path, editions: Sequence[Edition], board: Callable[[], Board]) -> list[str]:
    """Replace every block that the file has; return their names.

    Args:
        editions: the days, newest first.
        board: reads the leaderboard; called only where a block needs it.

    Raises:
        InputError: the file cannot be read, has no block, an unknown or a broken one; nothing is written then.
    """
    try:
        text = read_whole(path).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {cause(error)}") from error
    lines = text.splitlines(keepends=True)
    try:
        blocks = blocks_of(find_markers(lines))
        if not blocks:
            raise InputError(f"has no block: put {' '.join(markers('papers'))} into it (blocks: {', '.join(BLOCKS)})")
        for start, end in sorted(blocks, key=lambda pair: -pair[0].line):
            lines[start.line + 1 : end.line] = fitted(BLOCKS[start.name](editions, board), start)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    write_bytes(path, "".join(lines).encode("utf-8"))
    return [start.name for start, _ in blocks]


def find_markers(lines: Sequence[str]) -> list[Marker]:
    """Return the markers of a file that stand outside of code fences."""
    found = []
    fence = ""
    for number, line in enumerate(lines):
        bare = line.rstrip("\r\n")
        if opened := _FENCE.match(bare):
            mark = opened["fence"]
            closes = fence and mark[0] == fence[0] and len(mark) >= len(fence) and not bare.strip(" " + mark[0])
            fence = "" if closes else fence or mark
            continue
        side = ALIASES.get(bare.strip())
        match = _MARKER.match(bare)
        if match and not side:
            side = match["name"], match["side"]
        if fence or not side:
            continue
        name, which = side
        found.append(Marker(name, which, number, bare[: len(bare) - len(bare.lstrip())], line[len(bare) :] or "\n"))
    return found


def blocks_of(found: Sequence[Marker]) -> list[tuple[Marker, Marker]]:
    """Return start and end of every block, in the order of `BLOCKS`.

    Raises:
        InputError: an unknown name, or a marker that is missing, doubled, in the wrong order or within another block.
    """
    for one in found:
        if one.name not in BLOCKS:
            raise InputError(f"line {one.line + 1}: no block is called {one.name!r}; there are {', '.join(BLOCKS)}")
    pairs = []
    for name in dict.fromkeys(one.name for one in found):
        mine = [one for one in found if one.name == name]
        if [one.side for one in mine] != ["start", "end"]:
            raise InputError(f"{' and '.join(markers(name))} must each stand there exactly once, the first one first")
        pairs.append((mine[0], mine[1]))
    ordered = sorted(pairs, key=lambda pair: pair[0].line)
    for (_, end), (start, _) in pairwise(ordered):
        if start.line < end.line:
            raise InputError(f"line {start.line + 1}: the block {start.name} begins within the block {end.name}")
    return sorted(pairs, key=lambda pair: list(BLOCKS).index(pair[0].name))


def fitted(content: str, marker: Marker) -> list[str]:
    """Return the lines of a block with the indentation and the line end of its marker.

    Raises:
        InputError: a comment in the content, which could end or bend the block.
    """
    if "<!--" in content:
        raise InputError(f"the block {marker.name} would hold a comment")
    return [(marker.indent + line if line else "") + marker.newline for line in content.strip().splitlines()]
