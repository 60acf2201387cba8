"""Plain text, and what all writers do to text before they write it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Segment, Transcript


def clean(text: str) -> str:
    """Return the text on one line, single-spaced, without control characters and lone surrogates.

    A line break, tab or NUL inside a text would break every line-based format; a lone surrogate (from a file name or
    a broken tokeniser) cannot be encoded.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    kept = (" " if char.isspace() else char for char in text if char.isspace() or not _is_control(char))
    return " ".join("".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in kept).split())


def _is_control(char: str) -> bool:
    return char == "\ufeff" or unicodedata.category(char) == "Cc"


def label(speaker: str | None) -> str:
    """Return what stands before the words of a speaker in formats without markup for it: ``[S1] ``."""
    return f"[{clean(speaker)}] " if speaker else ""


def render_txt(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write one segment per line as openai-whisper does, after its speaker where one is known."""
    return "".join(text_line(segment) for segment in transcript.segments)


def text_line(segment: Segment) -> str:
    """Return the line of one segment; nothing for one without text."""
    text = clean(segment.text)
    return f"{label(segment.speaker)}{text}\n" if text else ""
