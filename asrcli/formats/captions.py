"""Read the cues of subtitles by the kind of file: ASS, SSA, SBV and LRC here.

SubRip and WebVTT are read by `reading`, TTML by `timed_text`, what FFmpeg knows besides by `players`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from asrcli.errors import InputError
from asrcli.formats import OWN_SUBTITLES, players, reading
from asrcli.formats.cues import Cue
from asrcli.formats.timed_text import TIMED_TEXT, parse_ttml, seconds_of

LAST = 5.0  # seconds that the last line of an LRC is shown
DIALOGUE = re.compile(r"(Dialogue:\s*[^,]*,\s*)(\d+:\d+:\d+(?:[.:]\d+)?)(\s*,\s*)(\d+:\d+:\d+(?:[.:]\d+)?)(\s*,.*)")
BRACES = r"[^{}]{0,500}"  # of a pair of them, so that an open one is not followed to the end of the text
OVERRIDES = re.compile(rf"\{{{BRACES}\}}")
DRAWING = re.compile(rf"\{{{BRACES}\\p[1-9]{BRACES}\}}.*?(?:\{{{BRACES}\\p0{BRACES}\}}|$)")
KARAOKE = re.compile(rf"\{{{BRACES}\\[kK][fo]?\d")
SBV_TIMES = re.compile(r"\s*(\d+:\d{1,2}:\d{1,2}[.,]\d{1,3})\s*,\s*(\d+:\d{1,2}:\d{1,2}[.,]\d{1,3})\s*")
LRC_LINE = re.compile(r"\s*((?:\[\d+:\d{1,2}(?:[.:]\d{1,3})?\]\s*)+)(.*)")
LRC_WORD = re.compile(r"<\d+:\d{1,2}(?:[.:]\d{1,3})?>")
LRC_BEHIND = re.compile(r"\s*\[bg:(.*)\]\s*")  # the voices behind, in enhanced LRC
LRC_VOICE = re.compile(r"v\d{1,2}:\s*")


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
        return _lrc(reading.lines_of(text))
    if kind in TIMED_TEXT:
        return parse_ttml(text)
    if not kind.startswith("."):
        return players.read_played(text, kind)
    if kind not in (".srt", ".vtt"):
        raise InputError(f"line 1: no subtitles that are read (SubRip, WebVTT, ASS, {', '.join(players.NAMES)} ...)")
    cues = reading.parse_vtt(text) if kind == ".vtt" else reading.parse_srt(text)
    return sorted(cues, key=lambda one: one.start)


def kind_of(text: str, suffix: str) -> str:
    """Return how subtitles are written: as their first lines say, or else their suffix."""
    found = players.format_of(text)
    return suffix if found is None or (suffix in OWN_SUBTITLES and found == ".srt") else found


@dataclass(frozen=True, slots=True)
class Event:
    """A line of dialogue of an ASS file."""

    line: int  # from 0
    cue: Cue


def events(text: str) -> list[Event]:
    """Return what is said in an ASS or SSA file in order of time, without comments, drawings and overrides.

    Raises:
        InputError: it holds no events.
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
        elif match := DIALOGUE.fullmatch(row):
            found.append(Event(number, _spoken(match, fields)))
    if not found:
        raise InputError("line 1: no events of SubStation Alpha")
    return sorted((one for one in found if one.cue.lines), key=lambda one: one.cue.start)


def _spoken(match: re.Match[str], fields: Sequence[str]) -> Cue:
    """Return what a line of dialogue shows, with the name in it as the speaker."""
    cells = dict(zip(fields, match[0].partition(":")[2].split(",", len(fields) - 1), strict=False))
    said = OVERRIDES.sub("", DRAWING.sub("", cells.get("text", "")))
    lines = re.split(r"\\[Nn]", said.replace("\\h", " ").replace("\\\u2060", "\\"))
    start, end = seconds_of(match[2]), seconds_of(match[4])
    name = (cells.get("name") or cells.get("actor") or "").strip() or None
    return Cue(start, max(start, end), tuple(line.strip() for line in lines if line.strip()), name)


def retimed_events(text: str, times: Sequence[tuple[float, float] | None]) -> str | None:
    """Return an ASS file with other times for its events, in the order of `events`; ``None`` where it is karaoke."""
    from asrcli.formats.substation import timestamp

    rows = reading.lines_of(text)
    for event, new in zip(events(text), times, strict=True):
        if KARAOKE.search(rows[event.line]):
            return None
        if new is not None and (match := DIALOGUE.fullmatch(rows[event.line])):
            rows[event.line] = f"{match[1]}{timestamp(new[0])}{match[3]}{timestamp(new[1])}{match[5]}"
    return "\n".join(rows)


def _sbv(rows: Sequence[str]) -> Iterator[Cue]:
    places = [(number, match) for number, row in enumerate(rows) if (match := SBV_TIMES.fullmatch(row))]
    if not places:
        raise InputError("line 1: no times of SBV (0:00:01.000,0:00:02.500)")
    for (place, times), (following, _) in pairwise([*places, (len(rows), places[-1][1])]):
        lines = [line.strip() for row in rows[place + 1 : following] for line in row.split("[br]")]
        yield Cue(seconds_of(times[1]), seconds_of(times[2]), tuple(line for line in lines if line))


def _lrc(rows: Sequence[str]) -> list[Cue]:
    found: list[tuple[float, str]] = []
    for row in rows:
        if behind := LRC_BEHIND.fullmatch(row):
            first = LRC_WORD.search(behind[1])
            said = " ".join(LRC_WORD.sub("", behind[1]).split())
            found += [(_lyric(first[0][1:-1]) if first else found[-1][0] if found else 0.0, said)]
        elif match := LRC_LINE.fullmatch(row):
            said = " ".join(LRC_VOICE.sub("", LRC_WORD.sub("", match[2]), count=1).split())
            found += [(_lyric(stamp), said) for stamp in re.findall(r"\[([^\]]+)\]", match[1])]
    if not found:
        raise InputError("line 1: no times of LRC ([00:01.00])")
    found.sort(key=lambda one: one[0])
    ends = [start for start, _ in found[1:]] + [found[-1][0] + LAST]
    return [Cue(start, end, (said,)) for (start, said), end in zip(found, ends, strict=True) if said]


def _lyric(stamp: str) -> float:
    minutes, _, rest = stamp.partition(":")
    return round(int(minutes) * 60 + float(rest.replace(":", ".")), 3)
