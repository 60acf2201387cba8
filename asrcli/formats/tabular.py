"""Tables of segments: tsv as openai-whisper writes it, and csv with everything a segment says about itself."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from asrcli.base.cells import safe_cell
from asrcli.formats.text import clean

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Transcript

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
