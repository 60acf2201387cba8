"""Read LRC, the format of lyrics, and give its lines other times."""

from __future__ import annotations

import re
from collections.abc import Sequence

from asrcli.errors import InputError
from asrcli.formats import reading
from asrcli.formats.cues import Cue

LAST = 5.0  # seconds that the last line is shown
STAMP = re.compile(r"(\[[\d:.]+\])")
LRC_LINE = re.compile(r"\s*((?:\[\d{1,6}:\d{1,2}(?:[.:]\d{1,3})?\]\s*)+)(.*)")
LRC_WORD = re.compile(r"<\d{1,6}:\d{1,2}(?:[.:]\d{1,3})?>")
LRC_BEHIND = re.compile(r"\s*\[bg:(.*)\]\s*")  # the voices behind, in enhanced LRC
LRC_VOICE = re.compile(r"\A\s*v\d{1,2}:\s*")


def parse_lrc(text: str) -> list[Cue]:
    """Return the lines of lyrics in order of time, each until the next one.

    Raises:
        InputError: there are none.
    """
    found = _lyrics(reading.lines_of(text))
    if not found:
        raise InputError("line 1: no times of LRC ([00:01.00])")
    ends = [start for start, *_ in found[1:]] + [found[-1][0] + LAST]
    shown = ((start, end, *reading.labelled(said)) for (start, said, *_), end in zip(found, ends, strict=True) if said)
    return [Cue(start, end, (said,), speaker) for start, end, speaker, said in shown]


def _lyrics(rows: Sequence[str]) -> list[tuple[float, str, int, str]]:
    """Return the lines of an LRC in order of time: start, text, row from 0, and the start as it is written."""
    found: list[tuple[float, str, int, str]] = []
    for number, row in enumerate(rows):
        if behind := LRC_BEHIND.fullmatch(row):
            first = LRC_WORD.search(behind[1])
            said = " ".join(LRC_WORD.sub("", behind[1]).split())
            found += [(_lyric(first[0][1:-1]) if first else found[-1][0] if found else 0.0, said, number, "")]
        elif match := LRC_LINE.fullmatch(row):
            said = " ".join(LRC_VOICE.sub("", LRC_WORD.sub("", match[2])).split())
            found += [(_lyric(stamp), said, number, stamp) for stamp in re.findall(r"\[([^\]]+)\]", match[1])]
    return sorted(found, key=lambda one: one[0])


def retimed_lyrics(text: str, times: Sequence[tuple[float, float] | None]) -> str | None:
    """Return an LRC file with other times for its lines; ``None`` where words have theirs, or all are shifted."""
    from asrcli.formats.subtitles import lrc_time

    if LRC_WORD.search(text) or "[bg:" in text or re.search(r"\[offset:[+-]?0*[1-9]", text):
        return None
    rows, following, ended = reading.lines_of(text), iter(times), None
    changed: dict[int, dict[str, str]] = {}
    for _, said, row, stamp in _lyrics(rows):
        new = next(following) if said else ended and (ended, ended)  # a line without text ends the one before it
        if new:
            changed.setdefault(row, {})[f"[{stamp}]"] = f"[{lrc_time(new[0])}]"
            ended = new[1]
    new_rows = {}
    for row, stamps in changed.items():
        pieces = STAMP.split(rows[row])
        new_rows[row] = "".join(stamps.get(piece, piece) for piece in pieces)
    return reading.with_rows(text, new_rows)


def _lyric(stamp: str) -> float:
    minutes, _, rest = stamp.partition(":")
    return round(int(minutes) * 60 + float(rest.replace(":", ".")), 3)
