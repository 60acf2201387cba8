"""Boards as Markdown, and how the block of a README is written."""

from __future__ import annotations

from pathlib import Path

from asrcli.base.files import cause, write_atomic
from asrcli.base.whole import read_whole
from asrcli.errors import InputError
from asrcli.leaderboard.ranking import Board, Standing
from asrcli.reports.blocks import MARKERS, model_link, replace_block, two_digits
from asrcli.reports.table import markdown_table
from asrcli.web.cleaning import escape_markdown


def board_markdown(board: Board, top: int) -> str:
    """Return a board as a table, with what has to be said about it below."""
    header = ["Rank", "95 %", "Model", f"Avg {board.unit}", *(one.label for one in board.columns)]
    shown = board.first(top)
    heads = [*map(escape_markdown, header), "RTFx", "Size", "Licence", "Protocol"]
    lines = markdown_table(heads, (cells_of(one, board) for one in shown), (2, len(heads) - 2, len(heads) - 1))
    notes = [f"- {escape_markdown(note)}" for note in board.notes]
    notes += [f"- {escape_markdown(one.row.model)}: {escape_markdown(one.remark)}" for one in shown if one.remark]
    notes += [f"- {escape_markdown(sentence)}" for sentence in protocol_sentences(board)]
    return "\n".join([*lines, "", *notes]) + "\n"


def cells_of(one: Standing, board: Board) -> list[str]:
    """Return the cells of one row."""
    row = one.row
    rates = [row.rates.get(column.name) for column in board.columns]
    return [
        str(one.rank or "–"),
        f"{one.interval[0]}–{one.interval[1]}" if one.interval else "–",
        model_link(row.model, row.is_open is True),
        "–" if one.average is None else two_digits(one.average),
        *("–" if rate is None else f"{rate:g}" for rate in rates),
        "–" if row.rtfx is None else f"{row.rtfx:,.0f}",
        "–" if row.parameters is None else f"{row.parameters:g} B",
        escape_markdown(row.licence or "–"),
        escape_markdown(f"{row.protocol.name}, {row.kind}, {row.day}"),
    ]


def protocol_sentences(board: Board) -> list[str]:
    """Return how the numbers of each protocol came about, and where they were read."""
    sentences = []
    for protocol in board.protocols:
        facts = {
            "counting": protocol.scorer,
            "normaliser": protocol.normalizer,
            "speed on": protocol.hardware,
            "note": protocol.note,
        }
        told = "; ".join(f"{name} {value or 'not said'}" for name, value in facts.items())
        own = [one.row for one in board.standings if one.row.protocol.name == protocol.name]
        sources = ", ".join(dict.fromkeys(row.source for row in own))
        days = sorted({row.day for row in own})
        span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
        kind = "" if own[0].kind == protocol.name else f"{own[0].kind}, "
        sentences.append(f"{protocol.name} ({kind}data of {span}): {told}; read in {sources}")
    return sentences


def write_block(path: Path, content: str, *, create: bool = False) -> bool:
    """Put content between the markers of a file, which ``create`` makes if need be; return whether anything changed.

    Raises:
        InputError: the file cannot be read, or has no markers or broken ones; it is left as it is.
    """
    try:
        text = read_whole(path).decode("utf-8")
    except FileNotFoundError:
        if not create:
            raise InputError(f"{path} does not exist") from None
        text = "\n".join(MARKERS[0]) + "\n"
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {cause(error)}") from error
    changed, found = text, False
    for start, end in MARKERS:
        if start in text or end in text:
            found = True
            try:
                changed = replace_block(changed, start, end, content)
            except InputError as error:
                raise InputError(f"{path}: {error}") from error
    if not found:
        raise InputError(f"{path} has no block: put {' '.join(MARKERS[0])} where the table belongs")
    if path.exists() and changed == text:
        return False
    write_atomic(path, changed)
    return True
