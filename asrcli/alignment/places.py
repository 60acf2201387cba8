"""Words with places: which of them are trusted, which belong together, and the sound around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from asrcli.aligner import AlignedWord
from asrcli.types import SAMPLE_RATE, Clip, Phone

# An island of words after a leap in the text is trusted when it is long enough: (words passed over, words needed).
TRUST = ((2, 1), (5, 2), (12, 3), (60, 5), (10**9, 8))
LOW = 0.3  # a word with a lower score counts for no island
SURE = 0.5  # from which on a word is believed that nobody but the aligner itself has found
STRETCH = 1.0  # seconds; words further apart are given to an aligner as texts of their own, after another found them
MARGIN = 0.5  # seconds of sound kept around speech: detectors open late on a hesitation


@dataclass(frozen=True, slots=True)
class Placed:
    """When a spoken word is said, in seconds from the start of the recording."""

    start: float
    end: float
    score: float | None
    phones: tuple[Phone, ...] = ()


Numbered = tuple[int, Placed]  # a word's number, and when it is said


def cut(clip: Clip, start: float, end: float) -> Clip:
    """Return a stretch of a clip, in seconds of the recording."""
    first, last = (max(0, round((time - clip.start) * SAMPLE_RATE)) for time in (start, end))
    inside = tuple(one for one in clip.speech if one.end > start and one.start < end)
    return Clip(clip.recording, max(start, clip.start), clip.samples[first:last], inside)


def apart(words: Sequence[Numbered]) -> list[list[Numbered]]:
    """Part words where some are missing between them, or where there is time for something else."""
    stretches: list[list[Numbered]] = []
    for number, word in words:
        before = stretches[-1][-1] if stretches else None
        if before is None or number > before[0] + 1 or word.start - before[1].end > STRETCH:
            stretches.append([])
        stretches[-1].append((number, word))
    return stretches


def is_spoken(clip: Clip, word: AlignedWord) -> bool:
    """Tell whether a word lies in detected speech, or near it."""
    start, end = word.start + clip.start, word.end + clip.start
    return any(start < one.end + MARGIN and end > one.start - MARGIN for one in clip.speech)


def is_sure(word: AlignedWord | None) -> bool:
    """Tell whether an aligner believes more than not in the time it gives."""
    return word is not None and (word.score is None or word.score >= SURE)


def widest_pause(words: Sequence[Placed]) -> int:
    """Return before which word of the later half of some the longest pause is; all of them when there are few."""
    later = range(len(words) // 2, len(words))
    return max(later, key=lambda number: words[number].start - words[number - 1].end) if len(words) > 3 else len(words)


def islands(aligned: Sequence[AlignedWord | None]) -> Iterator[tuple[int, AlignedWord]]:
    """Yield number and time of the words that are trusted: those that agree with enough of their neighbours."""
    expected = 0  # the word after the last trusted one
    start = 0
    while start < len(aligned):
        if aligned[start] is None:
            start += 1
            continue
        end = start
        while end < len(aligned) and aligned[end] is not None:
            end += 1
        island = [(number, word) for number, word in enumerate(aligned[start:end], start) if word is not None]
        sure = sum(word.score is None or word.score >= LOW for _, word in island)
        needed = next(words for leap, words in TRUST if start - expected <= leap)
        if sure >= needed:
            yield from island
            expected = end
        start = end


def nearest(words: Sequence[str], found: Sequence[tuple[int, AlignedWord]]) -> list[tuple[int, AlignedWord]]:
    """Return found words with the numbers of the nearest words in the text that are the same, stretch by stretch.

    In a text that repeats itself one repetition fits as well as the next, and a chance (half a word at the start of the
    window) decides how many are leapt over. None of them has to be.
    """
    plain = [word.lower() for word in words]
    near: list[tuple[int, AlignedWord]] = []
    first = 0  # the first word that the stretch may be
    for _, group in groupby(enumerate(found), key=lambda item: item[1][0] - item[0]):
        stretch = [one for _, one in group]
        start, size = stretch[0][0], len(stretch)
        same = (at for at in range(first, start) if plain[at : at + size] == plain[start : start + size])
        place = next(same, start)
        near += [(place + number, word) for number, (_, word) in enumerate(stretch)]
        first = place + size
    return near


def moved(word: AlignedWord, seconds: float) -> Placed:
    """Return a word of a clip on the clock of the recording."""
    phones = tuple(
        Phone(phone.text, round(phone.start + seconds, 3), round(phone.end + seconds, 3)) for phone in word.phones
    )
    return Placed(round(word.start + seconds, 3), round(word.end + seconds, 3), word.score, phones)
