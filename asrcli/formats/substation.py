"""Advanced SubStation Alpha (ASS), with karaoke timing when words are highlighted."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from asrcli.formats.cues import Cue, shape
from asrcli.formats.text import clean

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Transcript

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
        text = _karaoke(cue) if layout.highlight_words else "\\N".join(map(escape, cue.lines))
        name = clean(cue.speaker or "").replace(",", ";")
        lines.append(f"Dialogue: 0,{timestamp(cue.start)},{timestamp(cue.end)},Default,{name},0,0,0,,{text}\n")
    return HEADER + "".join(lines)


def escape(text: str) -> str:
    """Return text that no ASS reader takes for markup.

    A backslash has no escape; a word joiner after it keeps ``\\N`` from being read as a code, as FFmpeg does.
    """
    return text.replace("\\", "\\\u2060").replace("{", "\\{")


def _centis(seconds: float) -> int:
    return round(seconds * 1000) // 10


def timestamp(seconds: float) -> str:
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
                text = escape("".join(word.text for word in syllable))
                start, end = max(last, _centis(syllable[0].start)), max(last, _centis(syllable[-1].end))
                row += f"{{\\k{start - last}}}" * (start > last) + f"{{\\k{end - start}}}{text}"
                last = end
        rows.append(row)
    return "\\N".join(rows)
