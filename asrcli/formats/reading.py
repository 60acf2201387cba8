"""Read SubRip and WebVTT as people have them, as forgivingly as players do; and give their cues other times.

A cue is a line with times and what follows, up to the number, id or times of the next. Blank lines may be missing
between cues and stand inside them; hours, fractions and the header of a WebVTT may be missing; times may be negative
or have 60 seconds. What no player could place is an error with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import unescape
from itertools import groupby, pairwise

from asrcli.errors import InputError
from asrcli.formats.cues import Cue

_COLON = r"\s?[:：]\s?"
# Behind three digits may stand more, as of 249.0999 ms, or a colon behind any, as programs with a slip write them.
_FRACTION = r"\s?[,.:;，．]\s?(\d{0,6})(?:(?<=\D\d\d\d)[,.]\d{1,20}|:)?"
STAMP = rf"(-?)(?:(\d{{1,6}}){_COLON})?(\d{{1,2}}){_COLON}(\d{{1,2}})(?:{_FRACTION})?"
POINTER = r"(?:-{1,3}\s?>|[–—]\s?>|→|--&gt;)"  # as word processors and web pages leave it
TIMES = re.compile(
    rf"(\s*(?:#?\d{{1,9}}[.)]?[ \t]+)??)({STAMP})(\s*{POINTER}\s*)({STAMP})((?:(?:\s|(?=[a-z])).*)?)"
)  # no blank need stand before settings
ARROW = re.compile(r"\s{0,9}-?\d[^>]{0,40}-->")  # a line that is meant to hold times
SETTINGS = re.compile(r"(?:\s*[\w-]{1,20}[:：]\S{0,99}(?!\S))*\s*")  # what else stands behind times is shown
NUMBER = re.compile(r"\s*#?(\d+)\s*")
END = re.compile("(\r\n|\r|\n)")
CONTROLS = dict.fromkeys((*range(9), *range(14, 32), 127)) | dict.fromkeys(
    (11, 12), " "
)  # as at the end of files of old systems
ASIDE = re.compile(r"(NOTE|STYLE|REGION|WEBVTT)\b")  # blocks of WebVTT that show nothing; HLS has a head in each part
# A tag ends before the next one begins: else each of many open ones would be followed to the end of the text.
VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]([^<>]*)>")
LABEL = re.compile(r"\[([^\[\]]+)\] (?=\S)")  # of the speaker, as SubRip has no markup for it
# Of what such brackets hold in the subtitles of others: sounds, in the languages that have most of them. No names.
SOUNDS = re.compile(
    r"[\s_♪♫♬]*|.*\b(?:music|musik|musique|m[úu]sica|muziek|музыка|singing|instrumental|applau[sd]\w*|applaudissements"
    r"|aplausos|аплодисменты|cheer(?:s|ing)|laugh(?:s|ter|ing)|chuckl(?:es|ing)|giggl(?:es|ing)|gelächter|lachen|rires"
    r"|risas|risate|смех|foreign|inaudible|unintelligible|crosstalk|silence|noise|ringing|sigh(?:s|ing)|gasps?|gasping"
    r"|cough(?:s|ing)|groan(?:s|ing)|grunt(?:s|ing)|scream(?:s|ing)|crying|sobbing|barking|footsteps|gunshots?"
    r"|explosions?|whistling|humming|clapping|snoring)\b.*|.*(?:音楽|音乐|音樂|拍手|掌声|掌聲|笑|음악|박수|웃음).*",
    re.IGNORECASE,
)
TAG = re.compile(r"</?[a-z][^<>]*>|<[\d:.]+>", re.IGNORECASE)
RUBY = re.compile(r"<rt\b[^<>]*>[^<>]*(?:</rt>)?", re.IGNORECASE)  # how what is before it is read aloud: said once
BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
BREAK = re.compile(rf"{BREAK_TAG.pattern}|\\N", re.IGNORECASE)  # in SubRip, as players take it from ASS
JOINED = re.compile("([<{\\\\])\u2060")  # as our writer keeps text from being markup
OVERRIDE = re.compile(r"\{\\[^{}]*\}|\{/?[ibu]\}|\{[ycsfp]:[^{}]*\}", re.IGNORECASE)  # of ASS and MicroDVD in SubRip
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|lrm|rlm|#\d{1,7}|#x[\da-f]{1,6});", re.IGNORECASE)
MOST_AGAIN = 0.8  # of cues
ROLLING = re.compile(r"<[\d:.]+><c>")  # YouTube's captions, in which each line is shown twice


@dataclass(frozen=True, slots=True)
class Block:
    """A cue as it stands in a file."""

    line: int  # of the times, from 0
    times: re.Match[str]
    lines: tuple[str, ...]  # with their markup


def parse_srt(text: str) -> list[Cue]:
    """Return the cues of a SubRip file, without markup; a name in brackets before the text, no sound, is the speaker.

    Raises:
        InputError: times cannot be read, or there is text before any: the line is named.
    """
    cues = []
    for block in blocks(text, vtt=False):
        shown = [_srt_line(part) for line in block.lines for part in BREAK.split(line)]
        speaker, first = labelled(shown[0] if shown else "")
        cues.append(_cue(block, [first, *shown[1:]], speaker))
    return unrolled(cues) if _rolls(cues) else cues


def labelled(line: str) -> tuple[str | None, str]:
    """Return the speaker that a label in brackets names, if it is none of a sound, and the rest of the line."""
    named = LABEL.match(line)
    return (named[1], line[named.end() :]) if named and not is_sound(named[1]) else (None, line)


def is_sound(note: str) -> bool:
    """Tell whether a note in brackets names a sound, or nothing (``__``), and not who speaks."""
    return SOUNDS.fullmatch(note) is not None


def _srt_line(line: str) -> str:
    bare = TAG.sub("", OVERRIDE.sub("", line)).replace("\\h", " ")  # a hard blank of ASS
    bare = ENTITY.sub(lambda found: unescape(found[0]), bare)
    return JOINED.sub(r"\1", bare)


def parse_vtt(text: str) -> list[Cue]:
    """Return the cues of a WebVTT file, without markup; notes, styles and regions are left out.

    Raises:
        InputError: as `parse_srt`, or it is no WebVTT.
    """
    cues = []
    for block in blocks(text, vtt=True):
        shown = [line for line in block.lines if line.strip()]
        voice = VOICE.match(shown[0].lstrip()) if shown else None
        speaker = unescape(voice[1]).strip() if voice else None
        parts = [part for line in block.lines for part in BREAK_TAG.split(RUBY.sub("", line))]
        cues.append(_cue(block, [unescape(TAG.sub("", part)) for part in parts], speaker))
    cues = list(dict.fromkeys(cues)) if text.count("WEBVTT") > 1 else cues  # HLS has what goes on in two parts in both
    return unrolled(cues) if ROLLING.search(text) or _rolls(cues) else cues


def blocks(text: str, *, vtt: bool) -> list[Block]:
    """Return the cues of a file with their markup.

    Raises:
        InputError: as `parse_srt` and `parse_vtt`.
    """
    rows = lines_of(text)
    places = [number for number, row in enumerate(rows) if TIMES.fullmatch(row)]
    known = set(places)
    for number, row in enumerate(rows):
        if number not in known and ARROW.match(row) and _means_times(rows, number):
            raise InputError(f"line {number + 1}: no times of a cue: '{row.strip()[:60]}'")
    _check_head(rows, places, vtt=vtt)
    ends = [
        _end_of(rows, place, following, number, vtt=vtt)
        for number, (place, following) in enumerate(pairwise([*places, len(rows)]), start=1)
    ]
    return [
        Block(place, times, (*_behind(times, vtt=vtt), *_shown(rows[place + 1 : end], vtt=vtt)))
        for place, end in zip(places, ends, strict=True)
        if (times := TIMES.fullmatch(rows[place]))
    ]


def _behind(times: re.Match[str], *, vtt: bool) -> Iterator[str]:
    """Yield the text of a cue of SubRip that stands in the line of its times."""
    if not vtt and not SETTINGS.fullmatch(times.groups()[-1]):
        yield times.groups()[-1].strip()


def _means_times(rows: Sequence[str], number: int) -> bool:
    """Tell whether a line with an arrow stands where times do, or looks like them: "5 --> 6 is up" in a cue is text."""
    before = rows[number - 1] if number else ""
    return not before.strip() or NUMBER.fullmatch(before) is not None or rows[number].count(":") > 1


def lines_of(text: str) -> list[str]:
    """Return the lines of a file, whatever ends them, without byte-order marks: files put together have several."""
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [row.lstrip("\ufeff") for row in rows] if "\ufeff" in text else rows


def _check_head(rows: Sequence[str], places: Sequence[int], *, vtt: bool) -> None:
    """Raise `InputError` for text that stands before all cues and is neither a header nor a number."""
    first = places[0] if places else len(rows)
    head = [(number, row) for number, row in enumerate(rows[:first]) if row.strip()]
    if vtt and (re.match(r"WEBVTT(\s|$)", rows[0]) or not head):
        return
    if vtt and not places:
        raise InputError(f"line 1: not WebVTT: it begins with '{rows[0][:20]}'")
    head = [one for one in head if not NUMBER.fullmatch(one[1])] if places else head
    if head:
        raise InputError(f"line {head[0][0] + 1}: a cue without times: '{head[0][1].strip()[:40]}'")


def _end_of(rows: Sequence[str], place: int, following: int, number: int, *, vtt: bool) -> int:
    """Return where the text of a cue, counted from 1, ends: before the number or id of the next one."""
    last = following - 1
    while last > place and not rows[last].strip():
        last -= 1
    if last < following - 1 or following == len(rows):  # the number may stand apart where every second line is blank
        apart = not vtt and last - place > 1 and not rows[last - 1].strip()
        counted = NUMBER.fullmatch(rows[last]) if apart else None
        return last if counted and int(counted[1]) == number + 1 else following
    before = rows[following - 1]
    named = vtt and following - place > 2 and before.strip() and not rows[following - 2].strip()
    numbered = following - 1 > place and NUMBER.fullmatch(before)
    return following - 1 if named or numbered else following


def _shown(rows: Sequence[str], *, vtt: bool) -> Iterator[str]:
    """Yield the lines of a cue without the blocks of WebVTT that show nothing."""
    aside = False
    for number, row in enumerate(rows):
        if vtt and ASIDE.match(row) and (number == 0 or not rows[number - 1].strip()):
            aside = number > 0
        aside = aside and bool(row)
        if not aside:
            yield row


def _cue(block: Block, lines: Iterable[str], speaker: str | None = None) -> Cue:
    kept = [line for line in (row.translate(CONTROLS) for row in lines) if line.strip()]
    start = seconds_of(block.times, 2)
    return Cue(start, max(start, seconds_of(block.times, 9)), tuple(kept), speaker)


def seconds_of(times: re.Match[str], group: int) -> float:
    """Return a time of a cue; a negative one is the start of the recording."""
    sign, hours, minutes, seconds, fraction = times.groups()[group : group + 5]
    millis = round(float(f"0.{fraction or 0}") * 1000)
    whole = int(hours or 0) * 3_600_000 + int(minutes) * 60_000 + int(seconds) * 1000 + millis
    return 0.0 if sign else whole / 1000


def retimed(text: str, times: Sequence[tuple[float, float] | None], *, vtt: bool) -> str:
    """Return a file with other times for its cues, and all else as it is: numbers, ids, settings, markup, notes.

    Args:
        text: the file.
        times: start and end (seconds) of each cue, in the order of time; ``None`` keeps those that it has.
        vtt: WebVTT, whose decimal mark is a point; in SubRip it is a comma.
    """
    from asrcli.formats.subtitles import timestamp

    rows: dict[int, str] = {}
    mark = "." if vtt else ","
    shown = sorted(blocks(text, vtt=vtt), key=lambda block: seconds_of(block.times, 2))
    for block, new in zip(shown, times, strict=True):
        if new is not None:
            start, end = (timestamp(seconds, mark) for seconds in new)
            rows[block.line] = f"{block.times[1]}{start} --> {end}{block.times.groups()[-1]}"
    return with_rows(text, rows)


def with_rows(text: str, rows: Mapping[int, str]) -> str:
    """Return a file with other rows, by their numbers from 0, and the ends of lines that it has."""
    parts = END.split(text)
    for number, row in rows.items():
        parts[2 * number] = row
    return "".join(parts)


def _rolls(cues: Iterable[Cue]) -> bool:
    """Tell whether captions roll: nearly every cue begins with the line that the one before it ended with."""
    shown = [lines for lines, _ in groupby(tuple(line.strip() for line in cue.lines) for cue in cues if cue.lines)]
    again = sum(before[-1] == after[0] for before, after in pairwise(shown))
    return again > 1 and again >= MOST_AGAIN * (len(shown) - 1) and any(len(lines) > 1 for lines in shown)


def unrolled(cues: Iterable[Cue]) -> list[Cue]:
    """Return captions that roll with each line once: a cue repeats the lines that the one before it ended with."""
    kept: list[Cue] = []
    shown: tuple[str, ...] = ()
    for cue in cues:
        lines = tuple(line.strip() for line in cue.lines)
        overlap = next((size for size in range(min(len(shown), len(lines)), 0, -1) if shown[-size:] == lines[:size]), 0)
        if lines[overlap:]:
            kept.append(replace(cue, lines=lines[overlap:]))
        shown = lines or shown
    return kept


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
