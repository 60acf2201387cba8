"""Words on tiers: what the formats of phonetics and scoring need, where nothing overlaps and nothing is without length.

Times are whole **milliseconds** here, as in `asrcli.formats.units`, so that no rounding can make intervals overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.diarization.speakers import UNKNOWN
from asrcli.formats.text import clean
from asrcli.formats.units import interpolated_words, milliseconds, recording_end

if TYPE_CHECKING:
    from asrcli.types import Segment, Transcript, Word


@dataclass(frozen=True, slots=True)
class Interval:
    """Text with its times; ``start < end``."""

    text: str
    start: int
    end: int
    score: float | None = None
    phones: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Tier:
    """The words of one speaker in the order of time; no two overlap."""

    speaker: str | None
    words: tuple[Interval, ...]

    @property
    def phones(self) -> tuple[Interval, ...]:
        """The speech sounds of all words."""
        return tuple(phone for word in self.words for phone in word.phones)


def tiers(transcript: Transcript) -> list[Tier]:
    """Return the words of each speaker, in the order of first speaking.

    A segment without words gets interpolated ones. Words that `asr align` did not find in the audio are left out: a
    tier says what is heard when. Words that share their times, or go back, are given at least a millisecond each.
    """
    spoken: dict[str | None, list[Word]] = {}
    names = speaker_names(transcript)
    for segment in sorted(transcript.segments, key=lambda one: (one.start, one.end)):
        for word in spoken_words(segment):
            spoken.setdefault(names[word.speaker or segment.speaker], []).append(word)
    last = recording_end(transcript)
    return [Tier(speaker, _intervals(words, last)) for speaker, words in spoken.items()]


def speaker_names(transcript: Transcript) -> dict[str | None, str | None]:
    """Return what each speaker is called on a tier; where none has a name, that is ``None``."""
    named = {word.speaker or segment.speaker for segment in transcript.segments for word in segment.words}
    named |= {segment.speaker for segment in transcript.segments}
    cleaned = {speaker: clean(speaker or "") for speaker in named}
    nobody = UNKNOWN if any(cleaned.values()) else None
    return {speaker: name or nobody for speaker, name in cleaned.items()}


def spoken_words(segment: Segment) -> list[Word]:
    """Return the words that are in the audio, or interpolated ones where the engine gave none, without empty ones."""
    found = segment.words or interpolated_words(segment)
    cleaned = (replace(word, text=clean(word.text)) for word in found if word.status != "not_in_audio")
    return [word for word in cleaned if word.text]


def end_of(transcript: Transcript) -> int:
    """Return the millisecond where the tiers end: the end of the file, or of what was heard where that is later."""
    ends = [milliseconds(segment.end) for segment in transcript.segments]
    ends += [milliseconds(word.end) for segment in transcript.segments for word in segment.words]
    return max(milliseconds(transcript.recording.seconds or 0.0), recording_end(transcript) or 0, *ends, 1)


def file_label(transcript: Transcript) -> str:
    """Return what files of many recordings call this one: its name without folder, extension and white space."""
    path = transcript.recording.path
    return "stdin" if path == "-" else field(Path(path).stem)


def field(text: str) -> str:
    """Return a text as one field of a line that is split at white space; it cannot begin a comment."""
    joined = "_".join(clean(text).split())
    return joined.lstrip(";") or "_"


def _intervals(words: Sequence[Word], last: int | None) -> tuple[Interval, ...]:
    ordered = sorted(words, key=lambda word: word.start)
    spans = [(milliseconds(word.start), milliseconds(word.end)) for word in ordered]
    intervals = []
    for word, (start, end) in zip(ordered, lay_out(spans, 0, last), strict=True):
        sounds = [(milliseconds(phone.start), milliseconds(phone.end)) for phone in word.phones]
        times = lay_out(sounds, start, end) if len(sounds) <= end - start else []
        phones = tuple(Interval(clean(phone.text), *span) for phone, span in zip(word.phones, times, strict=False))
        intervals.append(Interval(word.text, start, end, word.score, phones))
    return tuple(intervals)


Span = tuple[int, int]


def lay_out(spans: Sequence[Span], first: int, last: int | None) -> list[Span]:
    """Return spans, given in the order of their starts, changed as little as makes each last and none overlap.

    Those that start together share their time. What ends after the start of the next is cut there. All lie between
    ``first`` and ``last``, unless there are more than fit in at a millisecond each.
    """
    starts = _part(_share_starts(spans), first, last)
    laid = []
    for (_, end), start, stop in zip(spans, starts, [*starts[1:], last][: len(starts)], strict=True):
        laid.append((start, max(start + 1, end if stop is None else min(end, stop))))
    return laid


def _share_starts(spans: Sequence[Span]) -> list[int]:
    """Return the starts; equal ones are spread evenly over their time, which ends where the next start is."""
    groups = [list(group) for _, group in groupby(spans, key=lambda span: span[0])]
    starts: list[int] = []
    for group, following in zip_longest(groups, groups[1:]):
        begin = group[0][0]
        end = max(end for _, end in group)
        room = max(0, (min(end, following[0][0]) if following else end) - begin)
        starts += (begin + room * number // len(group) for number in range(len(group)))
    return starts


def _part(starts: Sequence[int], first: int, last: int | None) -> list[int]:
    """Return starts that increase by at least one, in the bounds where they fit."""
    parted: list[int] = []
    for start in starts:
        parted.append(max(start, parted[-1] + 1 if parted else first))
    if last is not None and len(starts) <= last - first:
        for back, position in enumerate(reversed(range(len(parted))), 1):
            parted[position] = min(parted[position], last - back)
    return parted
