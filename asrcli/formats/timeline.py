"""Words on tiers: what the formats of phonetics and scoring need, where nothing overlaps and nothing is without length.

Times are whole **milliseconds** here, as in `asrcli.formats.units`, so that no rounding can make intervals overlap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.base.counts import count_of
from asrcli.formats import worded
from asrcli.formats.text import clean
from asrcli.formats.turns import UNKNOWN
from asrcli.formats.units import milliseconds, recording_end
from asrcli.types import Word

if TYPE_CHECKING:
    from asrcli.types import Segment, Transcript


@dataclass(frozen=True, slots=True)
class Interval:
    """Text with its times; ``start < end``."""

    text: str
    start: int
    end: int
    score: float | None = None
    phones: tuple[Interval, ...] = ()
    timed: bool = True  # False: a word whose times are interpolated between its neighbours


@dataclass(frozen=True, slots=True)
class Tier:
    """What one speaker says, in the order of time; no two words overlap, nor two utterances."""

    speaker: str | None
    words: tuple[Interval, ...]
    utterances: tuple[Interval, ...] = ()  # segments whose words nobody has timed; they stand nowhere else

    @property
    def phones(self) -> tuple[Interval, ...]:
        """The speech sounds of all words."""
        return tuple(phone for word in self.words for phone in word.phones)

    @property
    def interpolated(self) -> tuple[Interval, ...]:
        """The stretches of words whose times are interpolated, each with the text ``interpolated``."""
        runs = [list(run) for timed, run in groupby(self.words, key=lambda word: word.timed) if not timed]
        return tuple(Interval("interpolated", run[0].start, run[-1].end) for run in runs)


def tiers(transcript: Transcript) -> list[Tier]:
    """Return the words of each speaker, in the order of first speaking.

    A segment whose words have no times is an utterance: no word gets a time that is made up. Words that `asr align` did
    not find in the audio are left out: a tier says what is said when. Words that share their times, or go back, are
    given at least a millisecond each.
    """
    spoken: dict[str | None, list[Word]] = {}
    whole: dict[str | None, list[Word]] = {}
    names = speaker_names(transcript)
    for segment in sorted(transcript.segments, key=lambda one: (one.start, one.end)):
        for word in spoken_words(segment):
            spoken.setdefault(names[word.speaker or segment.speaker], []).append(word)
        if is_untimed(segment):
            said = Word(clean(segment.text), segment.start, segment.end)
            whole.setdefault(names[segment.speaker], []).append(said)
    last = recording_end(transcript)
    return [
        Tier(speaker, _intervals(spoken.get(speaker, ()), last), _intervals(whole.get(speaker, ()), last))
        for speaker in {**spoken, **whole}
    ]


def speaker_names(transcript: Transcript) -> dict[str | None, str | None]:
    """Return what each speaker is called on a tier; where none has a name, that is ``None``."""
    named = {word.speaker or segment.speaker for segment in transcript.segments for word in segment.words}
    named |= {segment.speaker for segment in transcript.segments}
    cleaned = {speaker: clean(speaker or "") for speaker in named}
    nobody = UNKNOWN if any(cleaned.values()) else None
    return {speaker: name or nobody for speaker, name in cleaned.items()}


def is_timed(word: Word) -> bool:
    """Return whether an engine or an aligner has found when a word is said."""
    return word.source != "interpolated"


def is_untimed(segment: Segment) -> bool:
    """Return whether the words of a segment have no times; one that is not in the audio has no times to miss."""
    missing = any(word.status == "not_in_audio" for word in segment.words)
    return bool(clean(segment.text)) and not missing and not any(map(is_timed, segment.words))


def spoken_words(segment: Segment) -> list[Word]:
    """Return the words that are in the audio, without empty ones; none where all their times are interpolated."""
    if not any(is_timed(word) for word in segment.words):
        return []
    cleaned = (replace(word, text=clean(word.text)) for word in segment.words if word.status != "not_in_audio")
    return [word for word in cleaned if word.text]


def time_doubts(transcript: Transcript, formats: Collection[str], highlight: bool) -> Iterator[str]:
    """Yield a line about segments without word times, and one about words whose times are interpolated.

    Args:
        transcript: what is written.
        formats: in which formats; those without words have no such times.
        highlight: whether subtitles mark words as they are said.
    """
    listed = bool({"json", "jsonl"} & set(formats))  # they hold all words, and say which are interpolated
    by_words = bool(worded(formats, highlight)) or "audacity" in formats
    if not listed and not by_words:
        return
    whole = [segment for segment in transcript.segments if is_untimed(segment)]
    if whole and by_words:
        yield f"{len(whole)} of {count_of(transcript.segments, 'segment')} without word times, written whole"
    words = [
        word
        for segment in transcript.segments
        if listed or not is_untimed(segment)
        for word in segment.words
        if word.status != "not_in_audio" and any(map(str.isalnum, word.text))
    ]
    guessed = sum(not is_timed(word) for word in words)
    if guessed:
        yield f"the times of {guessed} of {count_of(words, 'word')} are interpolated: no aligner has found them there"


def end_of(transcript: Transcript) -> int:
    """Return the millisecond where the tiers end: the end of the file, or of the text where that is later."""
    ends = [milliseconds(segment.end) for segment in transcript.segments]
    ends += [milliseconds(word.end) for segment in transcript.segments for word in segment.words]
    return max(milliseconds(transcript.recording.seconds or 0.0), recording_end(transcript) or 0, *ends, 1)


def file_label(path: str) -> str:
    """Return what files of many recordings call one: its name without folder, extension and white space."""
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
        intervals.append(Interval(word.text, start, end, word.score, phones, is_timed(word)))
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
