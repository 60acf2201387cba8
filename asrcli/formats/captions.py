"""Read the cues of subtitles by the kind of file.

SubRip and WebVTT are read by `reading`, TTML by `timed_text`, LRC by `lyrics`, ASS, SSA and SBV here, and by FFmpeg
MicroDVD, MPL2, SAMI, Spruce's STL, SCC, RealText, VPlayer and PJS. A file is known by its first lines, whatever it is
called: subtitles often end in `.txt`, and `.sub` is three formats.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import pairwise
from typing import Any

from asrcli.errors import InputError
from asrcli.formats import OWN_SUBTITLES, reading
from asrcli.formats.cues import Cue
from asrcli.formats.lyrics import parse_lrc
from asrcli.formats.reading import TIMES, lines_of, unrolled
from asrcli.formats.timed_text import TIMED_TEXT, parse_ttml, seconds_of

ASS_TIME = re.compile(r"(\s*)\d+:\d+:\d+(?:[.:]\d+)?(\s*)")
BRACES = r"[^{}]{0,500}"  # of a pair of them, so that an open one is not followed to the end of the text
OVERRIDES = re.compile(r"(?<!\\)\{[^}]{0,500}(?<!\\)\}")  # an open brace in one is a part of it
DRAWING = re.compile(rf"\{{{BRACES}\\p[1-9]{BRACES}\}}.*?(?:\{{{BRACES}\\p0{BRACES}\}}|$)")
KARAOKE = re.compile(rf"\{{{BRACES}\\[kK][fo]?\d")
SBV_TIMES = re.compile(r"\s*(\d+:\d{1,2}:\d{1,2}[.,]\d{1,3})\s*,\s*(\d+:\d{1,2}:\d{1,2}[.,]\d{1,3})\s*")


def read_cues(text: str, kind: str) -> list[Cue]:
    """Return the cues of subtitles, without markup, in the order in which they are shown.

    Args:
        text: the file.
        kind: of `asrcli.formats.SUBTITLES`.

    Raises:
        InputError: it cannot be read: the line is named.
    """
    kind = kind_of(text, kind)
    if kind in (".ass", ".ssa"):
        return [one.cue for one in events(text)]
    if kind == ".sbv":
        return list(_sbv(reading.lines_of(text)))
    if kind == ".lrc":
        return parse_lrc(text)
    if kind in TIMED_TEXT:
        return parse_ttml(text)
    if not kind.startswith("."):
        return read_played(text, kind)
    if kind not in (".srt", ".vtt"):
        raise InputError(f"line 1: no subtitles that are read (SubRip, WebVTT, ASS, {', '.join(NAMES)} ...)")
    cues = reading.parse_vtt(text) if kind == ".vtt" else reading.parse_srt(text)
    return sorted(cues, key=lambda one: one.start)


def kind_of(text: str, suffix: str) -> str:
    """Return how subtitles are written: as their first lines say, or else their suffix."""
    found = format_of(text)
    return suffix if found is None or (suffix in OWN_SUBTITLES and found == ".srt") else found


@dataclass(frozen=True, slots=True)
class Event:
    """A line of dialogue of an ASS file."""

    line: int  # from 0
    cue: Cue
    cells: tuple[str, ...]
    times: tuple[int, int]  # which of the cells are


def events(text: str) -> list[Event]:
    """Return what is said in an ASS or SSA file in order of time, without comments, drawings and overrides.

    Raises:
        InputError: it holds no events, or one without times.
    """
    fields = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
    found, inside = [], False
    for number, row in enumerate(reading.lines_of(text)):
        if row.startswith("["):
            inside = row.strip().lower() == "[events]"
        if not inside:
            continue
        if row.lower().startswith("format:"):
            fields = [name.strip().lower() for name in row.partition(":")[2].split(",")]
        elif row.lower().startswith("dialogue:"):
            found.append(_event(number, row, fields))
    if not found:
        raise InputError("line 1: no events of SubStation Alpha")
    return sorted((one for one in found if one.cue.lines), key=lambda one: one.cue.start)


def _event(number: int, row: str, fields: list[str]) -> Event:
    cells = tuple(row.partition(":")[2].split(",", len(fields) - 1))
    named = dict(zip(fields, cells, strict=False))
    if not all(ASS_TIME.fullmatch(named.get(name, "")) for name in ("start", "end")):
        raise InputError(f"line {number + 1}: no start and end where the Format has them: '{row[:60]}'")
    return Event(number, _spoken(named), cells, (fields.index("start"), fields.index("end")))


def _spoken(cells: Mapping[str, str]) -> Cue:
    """Return what a line of dialogue shows, with the name in it as the speaker."""
    said = OVERRIDES.sub("", DRAWING.sub("", cells.get("text", "")))
    lines = re.split(r"\\[Nn]", said.replace("\\h", " ").replace("\\\u2060", "\\"))
    lines = [re.sub(r"\\([{}])", r"\1", line) for line in lines]
    start, end = seconds_of(cells["start"]), seconds_of(cells["end"])
    name = (cells.get("name") or cells.get("actor") or "").strip() or None
    return Cue(start, max(start, end), tuple(line.strip() for line in lines if line.strip()), name)


def retimed_events(text: str, times: Sequence[tuple[float, float] | None]) -> str | None:
    """Return an ASS file with other times for its events, in the order of `events`; ``None`` where it is karaoke."""
    from asrcli.formats.subtitles import ass_time

    rows, new_rows = reading.lines_of(text), {}
    for event, new in zip(events(text), times, strict=True):
        if KARAOKE.search(rows[event.line]):
            return None
        if new is not None:
            cells = list(event.cells)
            for place, time in zip(event.times, new, strict=True):
                cells[place] = ASS_TIME.sub(rf"\g<1>{ass_time(time)}\g<2>", cells[place])
            new_rows[event.line] = f"{rows[event.line].partition(':')[0]}:{','.join(cells)}"
    return reading.with_rows(text, new_rows)


def _sbv(rows: Sequence[str]) -> Iterator[Cue]:
    places = [(number, match) for number, row in enumerate(rows) if (match := SBV_TIMES.fullmatch(row))]
    if not places:
        raise InputError("line 1: no times of SBV (0:00:01.000,0:00:02.500)")
    for (place, times), (following, _) in pairwise([*places, (len(rows), places[-1][1])]):
        lines = [line.strip() for row in rows[place + 1 : following] for line in row.split("[br]")]
        yield Cue(seconds_of(times[1]), seconds_of(times[2]), tuple(line for line in lines if line))


NAMES = ("SBV", "LRC", "TTML", "MicroDVD", "MPL2", "SubViewer", "SAMI", "Spruce's STL", "SCC")
SEEN = 20_000  # characters of a file that tell its format
UNENDED = 5.0  # seconds that a cue is shown which has no end
FIRST_LINES = 12  # in which a format shows itself
LINEWISE = ("microdvd", "mpl2", "vplayer", "pjs", ".lrc")  # of which each line has its times
MOST_LINES = 0.8  # that have them
_NUMBER = r"\s{0,9}\d{1,9}\s{0,9}"
# The first line that is no comment and no header, by FFmpeg's name of the format, or our suffix.
FORMATS = (
    ("microdvd", rf"\{{{_NUMBER}\}}\{{(?:{_NUMBER})?\}}|\{{DEFAULT\}}\{{"),
    ("mpl2", rf"\[{_NUMBER}\]\[(?:{_NUMBER})?\]"),
    ("stl", r"\d\d:\d\d:\d\d:\d\d\s*,\s*\d\d:\d\d:\d\d:\d\d\s*,"),
    (".sbv", r"\d{1,3}:\d\d:\d\d[.,]\d{1,3}\s*,\s*\d{1,3}:\d\d:\d\d[.,]\d{1,3}[ \t]*(?:\n|$)"),
    ("vplayer", r"\d{1,3}:\d\d:\d\d[: =](?![^\n]*-->)"),
    ("pjs", rf'{_NUMBER},{_NUMBER},\s*"'),
    ("sami", r"<sami\b"),
    ("scc", r"scenarist_scc\b"),
    ("realtext", r"<window\b"),
    (".vtt", r"WEBVTT(?:\s|$)"),
    (".ass", r"\[script info\]"),
    (".lrc", r"\[(?:\d{1,3}:\d\d(?:[.:]\d{1,3})?|(?:ti|ar|al|by|bg|re|ve|la|length|offset):[^\]]*)\]"),
    (".ttml", r"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:(?:\w+:)?tt|timedtext|transcript)[\s>]"),
)
STARTS = tuple((name, re.compile(rf"\s*(?:{pattern})", re.IGNORECASE)) for name, pattern in FORMATS)
HEADERS = re.compile(  # comments, and what SubViewer and Spruce write first
    r"\s*(?:$|//|\$\w|;|\[(?:INFORMATION|TITLE|AUTHOR|SOURCE|PRG|FILEPATH|DELAY|CD TRACK|COMMENT|BEGIN|END|SUBTITLE"
    r"|COLF|END INFORMATION)\])",
    re.IGNORECASE,
)
CLASS = re.compile(rb"<P[^>]*\bClass\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)  # the language of a block of SAMI
SCC_TIME = re.compile(r"^\s*(\d\d):(\d\d):(\d\d)[:;.]\d\d\s", re.MULTILINE)
ROLLED = re.compile(r"\b94(?:25|26|a7)\b", re.IGNORECASE)  # the codes of captions that roll, which show a line anew
MARKUP = re.compile(r"\{[^{}]{0,500}\}")


def format_of(text: str) -> str | None:
    """Return the format of subtitles by their first lines, our suffix or FFmpeg's name; ``None`` for others."""
    rows = lines_of(text[:SEEN])
    for number, row in enumerate(rows[:FIRST_LINES]):
        if HEADERS.match(row):
            continue
        if TIMES.fullmatch(row) or (
            row.strip().isdecimal() and number + 1 < len(rows) and TIMES.fullmatch(rows[number + 1])
        ):
            return ".srt"
        whole = "\n".join(rows[number : number + FIRST_LINES])
        found = next(((name, start) for name, start in STARTS if start.match(whole)), None)
        return None if found is None or (found[0] in LINEWISE and not _has_times(rows, found[1])) else found[0]
    return None


def _has_times(rows: Sequence[str], start: re.Pattern[str]) -> bool:
    """Tell whether nearly every line begins as those of a format do: a text may have a time in its first line."""
    filled = [row for row in rows if not HEADERS.match(row)]
    return sum(start.match(row) is not None for row in filled) >= MOST_LINES * len(filled)


def read_played(text: str, kind: str) -> list[Cue]:
    """Return the cues of subtitles by FFmpeg.

    Args:
        text: the file.
        kind: FFmpeg's name of the format, as `format_of` has it.

    Raises:
        InputError: FFmpeg finds no cues in it.
    """
    import av

    try:
        whole = "\n".join(lines_of(text)) + (_erasing(text) if kind == "scc" else "")
        with av.open(io.BytesIO(whole.encode()), format=kind) as container:
            cues = [one for one in (_captions if kind == "scc" else _cues)(container) if one.lines]
    except (av.FFmpegError, IndexError) as error:
        raise InputError(f"line 1: not {kind} that FFmpeg reads ({error})") from None
    if not cues:
        raise InputError(f"line 1: no cues of {kind}")
    return unrolled(cues) if kind == "scc" and ROLLED.search(text) else sorted(cues, key=lambda one: one.start)


def _erasing(text: str) -> str:
    """Return a line of SCC that takes the last caption from the screen, which many files leave there."""
    *_, (hours, minutes, seconds) = SCC_TIME.findall(text) or [("0", "0", "0")]
    minute, second = divmod(int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(UNENDED), 60)
    return f"\n\n{minute // 60:02d}:{minute % 60:02d}:{second:02d}:29\t942c 942c\n"


def _captions(container: Any) -> Iterator[Cue]:
    """Yield the captions of a television signal, of which each is known when the next one takes its place."""
    context = container.streams.subtitles[0].codec_context
    for packet in container.demux(container.streams.subtitles[0]):
        if (shown := context.decode2(packet)) and shown.pts is not None:
            start = shown.pts / 1e6
            yield from (_cue(one.ass.decode(), start, start + shown.end_display_time / 1000) for one in shown)


def _cues(container: Any) -> Iterator[Cue]:
    """Yield the cues of the first subtitles in a file, of those in several languages the first language."""
    import av
    from av.subtitles.subtitle import AssSubtitle

    language: bytes | None = None
    for packet in container.demux(container.streams.subtitles[0]):
        if packet.pts is None or not packet.size or packet.time_base is None:
            continue
        own = CLASS.search(bytes(packet))
        try:
            shown = [one.ass.decode() for one in packet.decode() if isinstance(one, AssSubtitle)]
        except av.FFmpegError:  # of SAMI, a block without text
            continue
        language = language or (own[1].lower() if own and shown else None)
        if own and own[1].lower() != language:
            continue
        start = float(packet.pts * packet.time_base)
        length = float((packet.duration or 0) * packet.time_base)
        yield from (_cue(line, start, start + length if length > 0 else start + UNENDED) for line in shown)


def _cue(dialogue: str, start: float, end: float) -> Cue:
    """Return what a dialogue of ASS shows, as FFmpeg writes it: eight fields and the text."""
    said = MARKUP.sub("", dialogue.split(",", 8)[-1]).replace("\\h", " ")
    lines = (unescape(line).strip() for line in re.split(r"\\[Nn]", said))
    return Cue(round(start, 3), round(end, 3), tuple(line for line in lines if line))
