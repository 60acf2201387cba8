"""Passages of the text that are not in the audio, and how sure that is: by the words and the speech around each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from asrcli.alignment.confidence import is_spoken, seconds_of, told_by
from asrcli.types import Leap, Region, Word

SIDE = 8  # words on each side that are asked
HALF = 1.0  # evidence, in log odds times seconds, that makes a leap as likely true as not
ROOM = 0.04  # seconds of speech for each letter, at least, where words may be said that nobody could hear
MUMBLED = 15  # words in a row, about, that a speaker mumbles whose words are often low


def leaps_of(words: Sequence[Word], sure: frozenset[int], speech: Sequence[Region] = ()) -> tuple[Leap, ...]:
    """Return the leaps of an alignment.

    Args:
        words: all words of a text, with status.
        sure: the numbers of those that are found with confidence.
        speech: of the recording.
    """
    found = []
    first = 0
    while first < len(words):
        last = first + 1
        if words[first].status == "not_in_audio":
            while last < len(words) and (words[last].status == "not_in_audio" or not is_spoken(words[last])):
                last += 1
            while not is_spoken(words[last - 1]):
                last -= 1
            count = sum(map(is_spoken, words[first:last]))
            confidence = min(_confidence(words, first, last, sure), _audibility(words, first, last, speech))
            found.append(Leap(first, count, words[first].start, confidence))
        first = last
    return tuple(found)


def _confidence(words: Sequence[Word], first: int, last: int, sure: frozenset[int]) -> float:
    """Return how sure it is that words ``[first, last)`` are not said: by the side that tells less."""
    sides = ([*range(first - 1, -1, -1)], [*range(last, len(words))])
    told = [told_by([words[number] for number in _beside(own, sure)]) for own in sides if own]
    return round(1.0 - 2.0 ** (-max(0.0, min(told)) / HALF), 3) if told else 0.0


def _audibility(words: Sequence[Word], first: int, last: int, speech: Sequence[Region]) -> float:
    """Return how sure it is that words ``[first, last)`` would be found if they were said, 0 to 1.

    Without speech that has no text and room for them they cannot be said. Where there is some, they may be in it,
    mumbled: the more so the more of the words around are doubtful, and the fewer they are.
    """
    start = words[first - 1].end if first else 0.0
    end = words[last].start if last < len(words) else math.inf
    missing = [word for word in words[first:last] if is_spoken(word)]
    if seconds_of(speech, start, end) < ROOM * sum(len(word.text) for word in missing):
        return 1.0
    near = [word for word in (*words[max(0, first - SIDE) : first], *words[last : last + SIDE]) if is_spoken(word)]
    clear = sum(word.status == "ok" for word in near)
    doubtful = (len(near) - clear + 1) / (len(near) + 2)
    return round(1.0 - math.pow(doubtful, len(missing) / MUMBLED), 3)


def _beside(numbers: Sequence[int], sure: frozenset[int]) -> list[int]:
    """Return the first numbers as long as they are sure."""
    found = []
    for number in numbers[:SIDE]:
        if number not in sure:
            break
        found.append(number)
    return found
