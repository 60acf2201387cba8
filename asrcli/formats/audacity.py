"""Label tracks of Audacity: start, end and text, parted by tabs, times in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asrcli.formats.text import label
from asrcli.formats.timeline import tiers

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Transcript


def render_audacity(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write a label per word where words have times, a label per segment elsewhere; the speaker stands before the text.

    To import it: File > Import > Labels.
    """
    rows = [
        (interval.start, interval.end, f"{label(tier.speaker)}{interval.text}")
        for tier in tiers(transcript)
        for interval in (*tier.words, *tier.utterances)
    ]
    return "".join(f"{start / 1000:.6f}\t{end / 1000:.6f}\t{text}\n" for start, end, text in sorted(rows))
