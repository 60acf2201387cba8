"""LRC, the format of lyrics: one line, one time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asrcli.formats.cues import Cue, shape
from asrcli.formats.text import label

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Transcript

CLEAR_AFTER = 5.0  # seconds of silence after which the display is cleared by an empty line


def render_lrc(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write LRC with one line per cue; enhanced LRC (a time per word) with ``highlight_words``."""
    cues = shape(transcript, replace(layout, max_lines=1, keep_breaks=False))[0]
    lines = [f"[length:{_timestamp(transcript.seconds)[:5]}]"] if transcript.seconds > 0 else []
    for number, cue in enumerate(cues):
        text = _timed_words(cue) if layout.highlight_words else " ".join(cue.lines)
        lines.append(f"[{_timestamp(cue.start)}]{label(cue.speaker)}{text}")
        if number + 1 < len(cues) and cues[number + 1].start - cue.end > CLEAR_AFTER:
            lines.append(f"[{_timestamp(cue.end)}]")
    return "".join(f"{line}\n" for line in lines)


def _timestamp(seconds: float) -> str:
    minutes, centis = divmod(round(seconds * 1000) // 10, 6000)
    return f"{minutes:02d}:{centis // 100:02d}.{centis % 100:02d}"


def _timed_words(cue: Cue) -> str:
    """Return the text with a time before each word; one whose times are interpolated has none."""
    words = [(word.source != "interpolated", word) for line in cue.words for word in line]
    text = "".join((f"<{_timestamp(word.start)}>" if timed else "") + word.text for timed, word in words)
    return text + (f"<{_timestamp(cue.end)}>" if any(timed for timed, _ in words) else "")
