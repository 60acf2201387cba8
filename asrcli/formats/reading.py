"""Read SubRip and WebVTT, to check what was written by what a player will see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import unescape

from asrcli.errors import InputError
from asrcli.formats.cues import Cue

STAMP = re.compile(r"(?:(\d{1,6}):)?([0-5]?\d):([0-5]?\d)[,.](\d{3})")
TIMES = re.compile(rf"\s*({STAMP.pattern})\s*-->\s*({STAMP.pattern})(?:\s.*)?")
# A tag ends before the next one begins: else each of many open ones would be followed to the end of the text.
VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]([^<>]*)>")
LABEL = re.compile(r"\[([^\[\]]+)\] (?=\S)")  # of the speaker, as SubRip has no markup for it
TAG = re.compile(r"</?[a-z][^<>]*>|<[\d:.]+>", re.IGNORECASE)


def parse_srt(text: str) -> list[Cue]:
    """Return the cues of a SubRip file, without markup; a name in brackets before the text is the speaker.

    Raises:
        InputError: a block has no times.
    """
    cues = []
    for times, lines in _blocks(text):
        shown = [_srt_line(line) for line in lines]
        named = LABEL.match(shown[0]) if shown else None
        rest = [shown[0][named.end() :], *shown[1:]] if named else shown
        cues.append(_cue(times, rest, named[1] if named else None))
    return cues


def _srt_line(line: str) -> str:
    return (
        TAG.sub("", line).replace("<\u2060", "<").replace("{\u2060", "{")
    )  # as our writer keeps text from being markup


def parse_vtt(text: str) -> list[Cue]:
    """Return the cues of a WebVTT file, without markup; notes, styles and regions are left out.

    Raises:
        InputError: the file does not begin with WEBVTT, or a block has no times.
    """
    first, _, rest = text.removeprefix("\ufeff").partition("\n")
    if not re.fullmatch(r"WEBVTT([ \t].*)?", first.rstrip("\r")):
        raise InputError(f"not WebVTT: it begins with '{first[:20]}'")
    cues = []
    for times, lines in _blocks(rest):
        voice = VOICE.match(lines[0]) if lines else None
        speaker = unescape(voice[1]).strip() if voice else None
        cues.append(_cue(times, [unescape(TAG.sub("", line)) for line in lines], speaker))
    return cues


def _blocks(text: str) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Yield the times and the lines of every block between blank lines."""
    for block in re.split(r"\n[ \t]*\n", text.removeprefix("\ufeff").replace("\r\n", "\n").strip("\n")):
        lines = block.strip("\n").split("\n")
        if not block.strip() or re.match(r"(NOTE|STYLE|REGION)\b", lines[0]):
            continue
        place = next((number for number, line in enumerate(lines[:2]) if TIMES.fullmatch(line)), None)
        if place is None:
            raise InputError(f"a cue without times: '{lines[0][:40]}'")
        times = TIMES.fullmatch(lines[place])
        assert times is not None
        yield times, lines[place + 1 :]


def _cue(times: re.Match[str], lines: Iterable[str], speaker: str | None = None) -> Cue:
    return Cue(_seconds(times[1]), _seconds(times[6]), tuple(lines), speaker)


def _seconds(stamp: str) -> float:
    found = STAMP.fullmatch(stamp)
    assert found is not None
    hours, minutes, seconds, millis = (int(group or 0) for group in found.groups())
    return (hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + millis) / 1000


def join_frames(cues: Iterable[Cue]) -> list[Cue]:
    """Put cues together that follow one another without a gap and show the same text: the words of one highlighted."""
    joined: list[Cue] = []
    latest: dict[str | None, int] = {}  # of each speaker, since several may be shown at once
    for cue in cues:
        place = latest.get(cue.speaker)
        if place is not None and joined[place].end == cue.start and joined[place].text == cue.text:
            joined[place] = replace(joined[place], end=cue.end)
        else:
            latest[cue.speaker] = len(joined)
            joined.append(cue)
    return joined
