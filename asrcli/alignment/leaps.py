"""Passages of the text that are not in the audio, and how sure that is: by the words on both sides of each."""

from __future__ import annotations

from collections.abc import Sequence

from asrcli.alignment.confidence import is_spoken, told_by
from asrcli.types import Leap, Word

SIDE = 8  # words on each side that are asked
HALF = 1.0  # evidence, in log odds times seconds, that makes a leap as likely true as not


def leaps_of(words: Sequence[Word], sure: frozenset[int]) -> tuple[Leap, ...]:
    """Return the leaps of an alignment.

    Args:
        words: all words of a text, with status.
        sure: the numbers of those that are found with confidence.
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
            found.append(Leap(first, count, words[first].start, _confidence(words, first, last, sure)))
        first = last
    return tuple(found)


def _confidence(words: Sequence[Word], first: int, last: int, sure: frozenset[int]) -> float:
    """Return how sure it is that words ``[first, last)`` are not said: by the side that tells less."""
    sides = ([*range(first - 1, -1, -1)], [*range(last, len(words))])
    told = [told_by([words[number] for number in _beside(own, sure)]) for own in sides if own]
    return round(1.0 - 2.0 ** (-max(0.0, min(told)) / HALF), 3) if told else 0.0


def _beside(numbers: Sequence[int], sure: frozenset[int]) -> list[int]:
    """Return the first numbers as long as they are sure."""
    found = []
    for number in numbers[:SIDE]:
        if number not in sure:
            break
        found.append(number)
    return found
