"""Words with places: which of them are trusted, which belong together, and the sound around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asrcli.aligner import AlignedWord
from asrcli.types import SAMPLE_RATE, Clip, Phone

# An island of words after a leap in the text is trusted when it is long enough: (words passed over, words needed).
TRUST = ((2, 1), (5, 2), (12, 3), (60, 5), (10**9, 8))
LOW = 0.3  # a word with a lower score counts for no island
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
    """Tell whether a word lies where somebody speaks, or near it."""
    start, end = word.start + clip.start, word.end + clip.start
    return any(start < one.end + MARGIN and end > one.start - MARGIN for one in clip.speech)


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


def moved(word: AlignedWord, seconds: float) -> Placed:
    """Return a word of a clip on the clock of the recording."""
    phones = tuple(
        Phone(phone.text, round(phone.start + seconds, 3), round(phone.end + seconds, 3)) for phone in word.phones
    )
    return Placed(round(word.start + seconds, 3), round(word.end + seconds, 3), word.score, phones)
