"""Read the cues of subtitles by the kind of file: SubRip and WebVTT (`reading`), ASS, SSA, SBV, LRC and TTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from asrcli.errors import InputError
from asrcli.formats import reading
from asrcli.formats.cues import Cue

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LAST = 5.0  # seconds that the last line of an LRC is shown
DIALOGUE = re.compile(r"(Dialogue:\s*[^,]*,\s*)(\d+:\d+:\d+(?:[.:]\d+)?)(\s*,\s*)(\d+:\d+:\d+(?:[.:]\d+)?)(\s*,.*)")
BRACES = r"[^{}]{0,500}"  # of a pair of them, so that an open one is not followed to the end of the text
OVERRIDES = re.compile(rf"\{{{BRACES}\}}")
DRAWING = re.compile(rf"\{{{BRACES}\\p[1-9]{BRACES}\}}.*?(?:\{{{BRACES}\\p0{BRACES}\}}|$)")
KARAOKE = re.compile(rf"\{{{BRACES}\\[kK][fo]?\d")
SBV_TIMES = re.compile(r"\s*(\d+:\d{1,2}:\d{1,2}[.,]\d{1,3})\s*,\s*(\d+:\d{1,2}:\d{1,2}[.,]\d{1,3})\s*")
LRC_LINE = re.compile(r"\s*((?:\[\d+:\d{1,2}(?:[.:]\d{1,3})?\]\s*)+)(.*)")
LRC_WORD = re.compile(r"<\d+:\d{1,2}(?:[.:]\d{1,3})?>")
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def read_cues(text: str, kind: str) -> list[Cue]:
    """Return the cues of subtitles, without markup, in the order in which they are shown.

    Args:
        text: the file.
        kind: of `asrcli.formats.SUBTITLES`.

    Raises:
        InputError: it cannot be read: the line is named.
    """
    if kind in (".ass", ".ssa"):
        return [one.cue for one in events(text)]
    if kind == ".sbv":
        return list(_sbv(reading.lines_of(text)))
    if kind == ".lrc":
        return _lrc(reading.lines_of(text))
    if kind in (".ttml", ".dfxp"):
        return _ttml(text)
    return reading.parse_vtt(text) if kind == ".vtt" else reading.parse_srt(text)


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


def seconds_of(clock: str) -> float:
    """Return hours, minutes and seconds as seconds; a last colon is a decimal point."""
    parts = clock.strip().replace(",", ".").split(":")
    if len(parts) == 4:
        parts[2:] = [f"{parts[2]}.{parts[3]}"]
    total = 0.0
    for part in parts:
        total = total * 60 + float(part)
    return round(total, 3)


def _sbv(rows: Sequence[str]) -> Iterator[Cue]:
    places = [(number, match) for number, row in enumerate(rows) if (match := SBV_TIMES.fullmatch(row))]
    if not places:
        raise InputError("line 1: no times of SBV (0:00:01.000,0:00:02.500)")
    for (place, times), (following, _) in pairwise([*places, (len(rows), places[-1][1])]):
        lines = [line.strip() for row in rows[place + 1 : following] for line in row.split("[br]")]
        yield Cue(seconds_of(times[1]), seconds_of(times[2]), tuple(line for line in lines if line))


def _lrc(rows: Sequence[str]) -> list[Cue]:
    found = []
    for row in rows:
        if match := LRC_LINE.fullmatch(row):
            said = " ".join(LRC_WORD.sub("", match[2]).split())
            found += [(_lyric(stamp), said) for stamp in re.findall(r"\[([^\]]+)\]", match[1])]
    if not found:
        raise InputError("line 1: no times of LRC ([00:01.00])")
    found.sort(key=lambda one: one[0])
    ends = [start for start, _ in found[1:]] + [found[-1][0] + LAST]
    return [Cue(start, end, (said,)) for (start, said), end in zip(found, ends, strict=True) if said]


def _lyric(stamp: str) -> float:
    minutes, _, rest = stamp.partition(":")
    return round(int(minutes) * 60 + float(rest.replace(":", ".")), 3)


def _ttml(text: str) -> list[Cue]:
    from asrcli.web.markup import MarkupError, read_xml

    bare = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.removeprefix("\ufeff"))  # its encoding is no longer that of the text
    try:
        document = read_xml(bare.encode())
    except MarkupError as error:
        raise InputError(f"line 1: not TTML ({error})") from None
    if not document.complete or _local(document.root.tag) != "tt":
        raise InputError(f"line 1: not TTML ({document.problem or 'its first element is no tt'})")
    root = document.root
    rates = {_local(name): value for name, value in root.attrib.items()}
    frames = _number(rates.get("frameRate"), 30.0)
    ticks = _number(rates.get("tickRate"), 1.0)
    found = [cue for cue in _timed(root, 0.0, {**UNITS, "f": 1 / frames, "t": 1 / ticks}) if cue.lines]
    return sorted(found, key=lambda cue: cue.start)


def _timed(element: Element, base: float, units: dict[str, float]) -> Iterator[Cue]:
    """Yield the cues in an element: what has times and holds nothing else that has them."""
    begin, end, length = (element.get(name) for name in ("begin", "end", "dur"))
    start = base + (_ttml_seconds(begin, units) if begin else 0.0)
    inner = [one for one in element.iter() if one is not element and one.get("begin")]
    if (begin or _local(element.tag) == "p") and not inner:
        stop = base + _ttml_seconds(end, units) if end else start + (_ttml_seconds(length, units) if length else 0.0)
        lines = (" ".join(line.split()) for line in "".join(_texts(element)).split("\u2028"))
        yield Cue(round(start, 3), round(max(start, stop), 3), tuple(line for line in lines if line))
        return
    for child in element:
        yield from _timed(child, start, units)


def _texts(element: Element) -> Iterator[str]:
    """Yield the text in an element, with a separator of lines for each break."""
    if _local(element.tag) in ("metadata", "set"):
        return
    yield element.text or ""
    for child in element:
        yield from ["\u2028"] if _local(child.tag) == "br" else _texts(child)
        yield child.tail or ""


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _number(text: str | None, default: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return default
    return value if 0 < value < float("inf") else default


def _ttml_seconds(text: str, units: dict[str, float]) -> float:
    """Return a time of TTML: 00:00:01.500, 00:00:01:12 with frames, 1.5s, 15000000t."""
    offset = re.fullmatch(r"\s*(\d+(?:\.\d+)?)(h|ms|m|s|f|t)\s*", text)
    if offset:
        return float(offset[1]) * units[offset[2]]
    clock = re.fullmatch(r"\s*(\d+):(\d+):(\d+(?:[.,]\d+)?)(?::(\d+(?:\.\d+)?))?\s*", text)
    if not clock:
        raise InputError(f"line 1: no time of TTML: '{text[:40]}'")
    return seconds_of(":".join(clock.groups()[:3])) + float(clock[4] or 0) * units["f"]
