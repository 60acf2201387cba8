"""Blocks of a text file between two markers, and the block that leaderboard and digest both write: the first ten."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from asrcli.errors import InputError
from asrcli.reports.table import markdown_table
from asrcli.web.cleaning import escape_markdown, markdown_link

# The second pair is that of `asr digest readme`, which writes the same block.
MARKERS = (
    ("<!-- leaderboard-top10-start -->", "<!-- leaderboard-top10-end -->"),
    ("<!-- digest:leaderboard:start -->", "<!-- digest:leaderboard:end -->"),
)
TOP = 10


class TopRow(NamedTuple):
    """One line of a README's block."""

    model: str
    average: float  # per cent
    on_hub: bool  # whether there are weights to link to


def model_link(name: str, on_hub: bool) -> str:
    """Return a link to a model of the hub, or only its name where the weights are not there."""
    linked = on_hub and name.count("/") == 1 and " " not in name
    return markdown_link(name, f"https://huggingface.co/{name}" if linked else "")


def top_block(rows: Sequence[TopRow], day: str, source: str = "") -> str:
    """Return the first ten of a ranking (the best first) with source and day of its data, not of its reading."""
    cells = [
        (str(rank), model_link(one.model, one.on_hub), f"{two_digits(one.average)} %")
        for rank, one in enumerate(rows[:TOP], 1)
    ]
    origin = f"Data of {escape_markdown(day)}." + (f" Source: {escape_markdown(source)}." if source else "")
    return "\n".join([*markdown_table(("Rank", "Model", "Avg WER"), cells, range(3)), "", origin])


def two_digits(value: float) -> str:
    """Return a rate or an average with two digits, halves rounded up as people do it."""
    return str(Decimal(repr(value)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def replace_block(text: str, start: str, end: str, content: str) -> str:
    """Return the text with what stands between two markers replaced.

    Raises:
        InputError: a marker stands there twice, alone, or in the wrong order; or the content holds one.
    """
    if text.count(start) != 1 or text.count(end) != 1:
        raise InputError(f"{start} and {end} must each stand there exactly once")
    first, last = text.index(start) + len(start), text.index(end)
    if first > last:
        raise InputError(f"{end} stands before {start}")
    if "<!--" in content:
        raise InputError("a comment in the content of a block")
    return f"{text[:first]}\n{content.strip()}\n{text[last:]}"
