"""Praat's TextGrid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from asrcli.formats.timeline import Interval, end_of, tiers

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Transcript


def render_textgrid(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write a TextGrid (long text format): a tier ``words``, and ``phones`` where an aligner gave some.

    With several speakers each has tiers of their own, ``NAME - words`` and ``NAME - phones``, as the Montreal Forced
    Aligner names them. Intervals fill the whole file, as Praat wants it; those without a word have no text.
    """
    found = tiers(transcript)
    end = max([end_of(transcript), *(tier.words[-1].end for tier in found)])
    named = []
    for tier in found:
        lead = f"{tier.speaker} - " if len(found) > 1 else ""
        named.append((f"{lead}words", tier.words))
        if tier.phones:
            named.append((f"{lead}phones", tier.phones))
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_seconds(end)}"]
    lines += ["tiers? <exists>", f"size = {len(named) or 1}", "item []:"]
    for number, (name, intervals) in enumerate(named or [("words", ())], 1):
        lines += _tier(number, name, list(fill(intervals, end)), end)
    return "\n".join(lines) + "\n"


def fill(intervals: Sequence[Interval], end: int) -> Iterator[Interval]:
    """Yield the intervals with empty ones between them, so that nothing from zero to the end is left out."""
    last = 0
    for interval in intervals:
        if interval.start > last:
            yield Interval("", last, interval.start)
        yield interval
        last = interval.end
    if last < end:
        yield Interval("", last, end)


def _tier(number: int, name: str, intervals: Sequence[Interval], end: int) -> Iterator[str]:
    yield f"    item [{number}]:"
    yield '        class = "IntervalTier"'
    yield f"        name = {_quoted(name)}"
    yield "        xmin = 0"
    yield f"        xmax = {_seconds(end)}"
    yield f"        intervals: size = {len(intervals)}"
    for place, interval in enumerate(intervals, 1):
        yield f"        intervals [{place}]:"
        yield f"            xmin = {_seconds(interval.start)}"
        yield f"            xmax = {_seconds(interval.end)}"
        yield f"            text = {_quoted(interval.text)}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
