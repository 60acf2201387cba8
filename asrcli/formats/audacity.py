"""Label tracks of Audacity: start, end and text, parted by tabs, times in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asrcli.formats.text import clean, label
from asrcli.formats.timeline import Interval, tiers
from asrcli.formats.units import milliseconds

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Segment, Transcript


def render_audacity(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write a label per word where words have times, else per segment; the speaker stands before the text.

    To import it: File > Import > Labels.
    """
    worded = any(segment.words for segment in transcript.segments)
    rows = [
        (interval.start, interval.end, f"{label(speaker)}{interval.text}")
        for speaker, intervals in (_words(transcript) if worded else _segments(transcript))
        for interval in intervals
    ]
    return "".join(f"{start / 1000:.6f}\t{end / 1000:.6f}\t{text}\n" for start, end, text in sorted(rows))


Labelled = list[tuple[str | None, tuple[Interval, ...]]]


def _words(transcript: Transcript) -> Labelled:
    return [(tier.speaker, tier.words) for tier in tiers(transcript)]


def _segments(transcript: Transcript) -> Labelled:
    return [(segment.speaker, (_interval(segment),)) for segment in transcript.segments if clean(segment.text)]


def _interval(segment: Segment) -> Interval:
    start = milliseconds(segment.start)
    return Interval(clean(segment.text), start, max(start, milliseconds(segment.end)))
