"""Plain text and tables of segments, tsv as openai-whisper writes it and csv, and what all writers do to text."""

from __future__ import annotations

import csv
import io
import unicodedata
from typing import TYPE_CHECKING

from asrcli.base.cells import safe_cell

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


CSV_COLUMNS = (
    *("file", "channel", "id", "start", "end", "speaker", "language", "language_score", "score", "flags", "text"),
)


def render_tsv(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write start, end and text, times as whole **milliseconds**, which is what openai-whisper's readers expect."""
    rows = ["start\tend\ttext"] if header else []
    for segment in transcript.segments:
        rows.append(f"{round(segment.start * 1000)}\t{round(segment.end * 1000)}\t{safe_cell(clean(segment.text))}")
    return "".join(f"{row}\n" for row in rows)


def render_csv(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write RFC 4180 (comma, CRLF, doubled quotes), times in seconds with three decimals."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    if header:
        writer.writerow(CSV_COLUMNS)
    recording = transcript.recording
    for number, segment in enumerate(transcript.segments):
        writer.writerow(
            (
                safe_cell(recording.path.encode(errors="backslashreplace").decode()),
                "" if recording.channel is None else recording.channel,
                number,
                f"{segment.start:.3f}",
                f"{segment.end:.3f}",
                safe_cell(clean(segment.speaker or "")),
                safe_cell(segment.language or transcript.language or ""),
                _share(transcript.language_score if segment.language_score is None else segment.language_score),
                _share(segment.score),
                " ".join(segment.flags),
                safe_cell(clean(segment.text)),
            )
        )
    return table.getvalue()


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
