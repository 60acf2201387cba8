"""SubRip and WebVTT."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

from asrcli.formats.cues import Cue, shape
from asrcli.formats.text import clean, label

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Transcript


def timestamp(seconds: float, mark: str = ".") -> str:
    """Return ``HH:MM:SS.mmm`` with the decimal mark of the format."""
    total = round(seconds * 1000)
    minutes, millis = divmod(total, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{millis // 1000:02d}{mark}{millis % 1000:03d}"


def render_srt(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write SubRip: numbered cues, a comma before the milliseconds. The format has no escapes and no header."""
    cues = _timed(transcript, layout, _srt_text)
    blocks = (
        f"{number}\n{timestamp(start, ',')} --> {timestamp(end, ',')}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, 1)
    )
    return "\n".join(blocks)


def render_vtt(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write WebVTT (W3C): speakers as voice spans, ``&``, ``<`` and ``>`` as character references."""
    cues = _timed(transcript, layout, vtt_text)
    blocks = (f"\n{timestamp(start)} --> {timestamp(end)}\n{text}\n" for start, end, text in cues)
    return "WEBVTT\n" + "".join(blocks)


MARKUP = re.compile(r"<(?=[a-z/])|\{(?=\\)|\\(?=N)", re.IGNORECASE)  # what players take for HTML tags and ASS codes


def _srt_text(text: str) -> str:
    """Keep text from being read as times or markup: SubRip has no escapes, an invisible word joiner has to do."""
    arrow = text.replace("-->", "->")  # as openai-whisper does
    return MARKUP.sub(lambda found: found[0] + "\u2060", arrow)


def vtt_text(text: str) -> str:
    """Return text for a cue of WebVTT: markup becomes text, and ``-->`` cannot stand in it."""
    return escape(text, quote=False)


def _timed(transcript: Transcript, layout: Layout, write: Callable[[str], str]) -> Iterator[tuple[float, float, str]]:
    """Yield start, end and text of what is shown: cues, or one frame per word with ``highlight_words``."""
    voice = write is vtt_text
    shown: list[tuple[float, float, str]] = []
    for cue in shape(transcript, layout)[0]:
        frames = _highlighted(cue, write) if layout.highlight_words else [(cue.start, cue.end, _plain(cue, write))]
        for start, end, text in frames:
            shown.append((start, end, _voice(cue.speaker, text) if voice else write(label(cue.speaker)) + text))
    # Frames of speakers who talk at once go in the order of time; of one speaker they are in it.
    yield from sorted(shown, key=lambda frame: frame[0])


def _voice(speaker: str | None, text: str) -> str:
    return f"<v {escape(clean(speaker), quote=False)}>{text}" if speaker else text


def _plain(cue: Cue, write: Callable[[str], str]) -> str:
    return "\n".join(map(write, cue.lines))


def _highlighted(cue: Cue, write: Callable[[str], str]) -> Iterator[tuple[float, float, str]]:
    """Yield the cue once per word with that word underlined, and bare in between, as openai-whisper does.

    A word whose times are interpolated is not underlined: its time is a guess.
    """
    last = cue.start
    for row, line in enumerate(cue.words):
        for place, word in enumerate(line):
            if word.end <= word.start or word.source == "interpolated":
                continue
            if word.start > last:
                yield last, word.start, _plain(cue, write)
            yield word.start, word.end, _underlined(cue, row, place, write)
            last = word.end
    if last < cue.end:
        yield last, cue.end, _plain(cue, write)


def _underlined(cue: Cue, row: int, place: int, write: Callable[[str], str]) -> str:
    lines = []
    for number, line in enumerate(cue.words):
        texts = [write(word.text) for word in line]
        if number == row:
            bare = texts[place].lstrip(" ")
            lead = texts[place][: len(texts[place]) - len(bare)]
            texts[place] = f"{lead}<u>{bare}</u>"
        lines.append("".join(texts))
    return "\n".join(lines)
