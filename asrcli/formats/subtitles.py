"""SubRip, WebVTT, Advanced SubStation Alpha with karaoke, and LRC, the format of lyrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import escape
from itertools import groupby
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


HEADER = """\
[Script Info]
ScriptType: v4.00+
PlayResX: 1920
PlayResY: 1080
WrapStyle: 2
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,64,&H00FFFFFF,&H0000FFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,96,96,54,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def render_ass(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write ASS: times in centiseconds, the speaker in the Name field, ``\\k`` per word with ``highlight_words``."""
    lines = []
    for cue in shape(transcript, layout)[0]:
        text = _karaoke(cue) if layout.highlight_words else "\\N".join(map(ass_text, cue.lines))
        name = clean(cue.speaker or "").replace(",", ";")
        lines.append(f"Dialogue: 0,{ass_time(cue.start)},{ass_time(cue.end)},Default,{name},0,0,0,,{text}\n")
    return HEADER + "".join(lines)


def ass_text(text: str) -> str:
    """Return text that no ASS reader takes for markup.

    A backslash has no ass_text; a word joiner after it keeps ``\\N`` from being read as a code, as FFmpeg does.
    """
    return text.replace("\\", "\\\u2060").replace("{", "\\{")


def _centis(seconds: float) -> int:
    return round(seconds * 1000) // 10


def ass_time(seconds: float) -> str:
    """Return a time as ASS writes it: 0:00:01.50."""
    minutes, centis = divmod(_centis(seconds), 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{centis // 100:02d}.{centis % 100:02d}"


def _karaoke(cue: Cue) -> str:
    """Return the text with the length of each word before it; silence is a syllable without text.

    Words whose times are interpolated are one syllable together, from the word before them to the word after them.
    """
    rows = []
    last = _centis(cue.start)
    for line in cue.words:
        row = ""
        for timed, run in groupby(line, key=lambda word: word.source != "interpolated"):
            words = list(run)
            for syllable in [[word] for word in words] if timed else [words]:
                text = ass_text("".join(word.text for word in syllable))
                start, end = max(last, _centis(syllable[0].start)), max(last, _centis(syllable[-1].end))
                row += f"{{\\k{start - last}}}" * (start > last) + f"{{\\k{end - start}}}{text}"
                last = end
        rows.append(row)
    return "\\N".join(rows)


CLEAR_AFTER = 5.0  # seconds of silence after which the display is cleared by an empty line


def render_lrc(transcript: Transcript, layout: Layout, header: bool) -> str:
    """Write LRC with one line per cue; enhanced LRC (a time per word) with ``highlight_words``."""
    cues = shape(transcript, replace(layout, max_lines=1, keep_breaks=False))[0]
    lines = [f"[length:{lrc_time(transcript.seconds)[:5]}]"] if transcript.seconds > 0 else []
    for number, cue in enumerate(cues):
        text = _timed_words(cue) if layout.highlight_words else " ".join(cue.lines)
        lines.append(f"[{lrc_time(cue.start)}]{label(cue.speaker)}{text}")
        if number + 1 < len(cues) and cues[number + 1].start - cue.end > CLEAR_AFTER:
            lines.append(f"[{lrc_time(cue.end)}]")
    return "".join(f"{line}\n" for line in lines)


def lrc_time(seconds: float) -> str:
    """Return a time as LRC writes it."""
    minutes, centis = divmod(round(seconds * 1000) // 10, 6000)
    return f"{minutes:02d}:{centis // 100:02d}.{centis % 100:02d}"


def _timed_words(cue: Cue) -> str:
    """Return the text with a time before each word; one whose times are interpolated has none."""
    words = [(word.source != "interpolated", word) for line in cue.words for word in line]
    text = "".join((f"<{lrc_time(word.start)}>" if timed else "") + word.text for timed, word in words)
    return text + (f"<{lrc_time(cue.end)}>" if any(timed for timed, _ in words) else "")
