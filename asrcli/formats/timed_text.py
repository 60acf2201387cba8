"""Read TTML and its profiles: DFXP, Netflix's, iTunes', EBU-TT-D, IMSC; and YouTube's timed text (srv1 to srv3).

See https://www.w3.org/TR/ttml2/ for the expressions of time, and for `timeContainer` and ruby.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from asrcli.errors import InputError
from asrcli.formats.cues import Cue

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TIMED_TEXT = (".ttml", ".dfxp", ".itt", ".srv1", ".srv2", ".srv3")
YOUTUBE = {"transcript": ("start", "dur", 1.0), "timedtext": ("t", "d", 1000.0)}  # attributes, and parts of a second
RUBY = ("text", "textContainer", "delimiter")  # how the text below is read aloud: said once
OFFSET = re.compile(r"\s*(\d+(?:\.\d+)?)(h|ms|m|s|f|t|)\s*")  # seconds without a unit, as YouTube once wrote them
CLOCK = re.compile(r"\s*(?:(\d+):)?(\d+):(\d+(?:[.,]\d+)?)\s*")
FRAMES = re.compile(r"\s*(\d+):(\d+):(\d+):(\d+)(?:\.(\d+))?\s*")


def seconds_of(clock: str) -> float:
    """Return hours, minutes and seconds as seconds; a last colon is a decimal point."""
    parts = clock.strip().replace(",", ".").split(":")
    if len(parts) == 4:
        parts[2:] = [f"{parts[2]}.{parts[3]}"]
    total = 0.0
    for part in parts:
        total = total * 60 + float(part)
    return round(total, 3)


@dataclass(frozen=True, slots=True)
class Timing:
    """What a document says about its times, and which styles are ruby."""

    units: dict[str, float]  # seconds
    parts: float  # of a frame
    ruby: frozenset[str]


def parse_ttml(text: str) -> list[Cue]:
    """Return the cues of a document, in order of time.

    Raises:
        InputError: it is no TTML, or has a time that is none.
    """
    from asrcli.web.markup import MarkupError, read_xml

    bare = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.removeprefix("\ufeff"))  # its encoding is no longer that of the text
    try:
        document = read_xml(bare.encode())
    except MarkupError as error:
        raise InputError(f"line 1: not TTML ({error})") from None
    root = document.root
    if document.complete and _local(root.tag) in YOUTUBE:
        return list(_youtube(root))
    if not document.complete or _local(root.tag) != "tt":
        raise InputError(f"line 1: not TTML ({document.problem or 'its first element is no tt'})")
    found = [cue for cue in _timed(root, 0.0, _timing(root)) if cue.lines]
    return sorted(found, key=lambda cue: cue.start)


def _youtube(root: Element) -> Iterator[Cue]:
    """Yield the cues of YouTube's timed text."""
    begin, length, parts = YOUTUBE[_local(root.tag)]
    for element in root.iter():
        if _local(element.tag) not in ("text", "p") or not re.fullmatch(r"\d+(?:\.\d+)?", element.get(begin, "")):
            continue
        start = float(element.get(begin, "")) / parts
        end = start + _number(element.get(length), 0.0) / parts
        lines = (" ".join(line.split()) for line in unescape("".join(element.itertext())).split("\n"))
        if shown := tuple(line for line in lines if line):
            yield Cue(round(start, 3), round(end, 3), shown)


def _timing(root: Element) -> Timing:
    """Return how a document counts: frames are multiplied, ticks are parts of frames where only those are given."""
    rates = {_local(name): value for name, value in root.attrib.items()}
    above, _, below = rates.get("frameRateMultiplier", "1").replace(":", " ").partition(" ")
    frames = _number(rates.get("frameRate"), 30.0) * _number(above, 1.0) / _number(below, 1.0)
    parts = _number(rates.get("subFrameRate"), 1.0)
    ticks = _number(rates.get("tickRate"), frames * parts if "frameRate" in rates else 1.0)
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "": 1.0, "ms": 0.001, "f": 1 / frames, "t": 1 / ticks}
    styles = (one for one in root.iter() if _local(one.tag) == "style" and _attribute(one, "ruby") in RUBY)
    return Timing(units, parts, frozenset(_attribute(one, "id") or "" for one in styles))


def _timed(element: Element, base: float, timing: Timing) -> Iterator[Cue]:
    """Yield the cues in an element: what has times and holds nothing else that has them."""
    begin, end, length = (element.get(name) for name in ("begin", "end", "dur"))
    start = base + (_seconds(begin, timing) if begin else 0.0)
    inner = [one for one in element.iter() if one is not element and one.get("begin") and _local(one.tag) != "set"]
    if (begin or _local(element.tag) == "p") and not inner:
        stop = base + _seconds(end, timing) if end else start + (_seconds(length, timing) if length else 0.0)
        lines = (" ".join(line.split()) for line in "".join(_texts(element, timing.ruby)).split("\u2028"))
        yield Cue(round(start, 3), round(max(start, stop), 3), tuple(line for line in lines if line))
        return
    after = start
    for child in element:
        for cue in _timed(child, after if element.get("timeContainer") == "seq" else start, timing):
            after = max(after, cue.end)
            yield cue


def _texts(element: Element, ruby: frozenset[str]) -> Iterator[str]:
    """Yield the text in an element, with a separator of lines for each break, and without its ruby."""
    style = element.get("style") or ""
    if (
        _local(element.tag) in ("metadata", "set")
        or _attribute(element, "ruby") in RUBY
        or not ruby.isdisjoint(style.split())
    ):
        return
    yield element.text or ""
    for child in element:
        yield from ["\u2028"] if _local(child.tag) == "br" else _texts(child, ruby)
        yield child.tail or ""


def _attribute(element: Element, name: str) -> str | None:
    """Return an attribute of any namespace."""
    return next((value for key, value in element.attrib.items() if _local(key) == name), None)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _number(text: str | None, default: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return default
    return value if 0 < value < float("inf") else default


def _seconds(text: str, timing: Timing) -> float:
    """Return a time: 00:00:01.500, 00:00:01:12 with frames, 1.5s, 15000000t."""
    if offset := OFFSET.fullmatch(text):
        return float(offset[1]) * timing.units[offset[2]]
    if clock := CLOCK.fullmatch(text):
        return seconds_of(":".join(part or "0" for part in clock.groups()))
    if frames := FRAMES.fullmatch(text):
        count = float(frames[4]) + float(frames[5] or 0) / timing.parts
        return seconds_of(":".join(frames.groups()[:3])) + count * timing.units["f"]
    raise InputError(f"line 1: no time of TTML: '{text[:40]}'")
