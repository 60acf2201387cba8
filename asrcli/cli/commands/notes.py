"""Lines on standard error about one input: what is doubtful in its transcript, and why it failed."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

from asrcli.base.console import Console, clock
from asrcli.base.counts import count_of
from asrcli.base.files import cause, refusal
from asrcli.errors import AsrError
from asrcli.types import Flag

if TYPE_CHECKING:
    from asrcli.formats import Layout
    from asrcli.types import Transcript

APART = "its two channels have nothing in common: --channels split transcribes each by itself"
SERIOUS = frozenset(Flag)  # worth a line on standard error: what docs/accuracy.md measures; not those of an engine


def say_failure(console: Console, name: str, error: Exception) -> None:
    """Say why an input failed, and which one; of a bug nothing is hidden."""
    if isinstance(error, AsrError):
        text = cause(error)
        console.error(text if _names(text, name) else f"{name}: {text}")
    elif said := refusal(error):
        console.error(said if name in said else f"{name}: {said}")
    else:
        console.error(f"{name}: unexpected {type(error).__name__}: {cause(error)}")
        console.raw("".join(traceback.format_exception(error)))


def _names(text: str, name: str) -> bool:
    """Return whether a sentence names an input: the whole name, and not only a longer one with it inside."""
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w./-]*[\w/-])", text) is not None


def say_doubts(
    console: Console, name: str, transcript: Transcript, formats: tuple[str, ...], layout: Layout, mixed: bool = False
) -> None:
    """Say on stderr what the reader of the text alone would not see; `mixed` means that channels were not asked for."""
    from asrcli.formats.timeline import time_doubts

    for text in time_doubts(transcript, formats, layout.highlight_words):
        console.note(f"{name}: {text}")
    said = [*_without_text(transcript), *_suspicious(transcript)]
    for place, text in enumerate(said, 1):
        more = f"; {APART}" if mixed and place == len(said) and _apart(transcript) else ""
        console.note(f"{name}: {text}{more}")


def _without_text(transcript: Transcript) -> list[str]:
    """Return the line about speech that has no text."""
    from asrcli.pipeline.flags import gaps

    told = set(gaps(transcript.gaps, transcript.speech or (), 0.0))  # what is no speech: a warning speaks of it
    spoken = [gap for gap in transcript.gaps if gap not in told]
    if not spoken:
        return []
    missing = clock(sum(gap.seconds for gap in spoken))
    return [f"{missing} of speech in {count_of(spoken, 'place')} has no text, first at {clock(spoken[0].start)}"]


def _suspicious(transcript: Transcript) -> list[str]:
    """Return the line about flagged segments."""
    flagged = [segment for segment in transcript.segments if set(segment.flags) & SERIOUS]
    if not flagged:
        return []
    kinds = ", ".join(sorted({flag for segment in flagged for flag in segment.flags if flag in SERIOUS}))
    said = f"{len(flagged)} of {count_of(transcript.segments, 'segment')} {'is' if len(flagged) == 1 else 'are'}"
    return [f"{said} suspicious ({kinds}), first at {clock(flagged[0].start)}"]


def _apart(transcript: Transcript) -> bool:
    from asrcli.audio.channels import apart

    return apart(transcript.recording)
