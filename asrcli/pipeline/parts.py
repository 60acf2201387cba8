"""Segments cut at their words: where speech without text lies between two, and where a second pass repeats some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from asrcli.base.join import is_unspaced
from asrcli.types import Region, Segment

UNWRITTEN = 1.4  # seconds of speech between two words that keep them apart
EDGE = 0.05  # seconds by which a segment may reach into a gap


def parted(segment: Segment, speech: Sequence[Region]) -> Iterator[Segment]:
    """Yield a segment in parts, between which there is speech that no word of it is said in.

    Args:
        segment: with times of words, or whole.
        speech: as it was detected, on the same clock.
    """
    words = "".join(one.text for one in segment.words)
    bounds = [0]
    for number, (left, right) in enumerate(pairwise(segment.words), 1):
        between = sum(max(0.0, min(one.end, right.start) - max(one.start, left.end)) for one in speech)
        if between >= UNWRITTEN:
            bounds.append(number)
    if len(bounds) == 1 or "".join(words.split()) != "".join(segment.text.split()):
        yield segment
        return
    for first, end in pairwise([*bounds, len(segment.words)]):
        yield from within_words(segment, first, end)


def without_repeats(found: Sequence[Segment], kept: Sequence[Segment], gap: Region) -> list[Segment]:
    """Return what was recognised in a gap, without the words at its edges that are in the text before or behind it
    already.

    A gap is recognised with a little of the sound around it, and begins where a word is thought to end: the last word
    may be recognised once more. One that begins within the gap was said twice.
    """
    new = list(found)
    before = [one for one in kept if one.end <= gap.start + EDGE]
    after = [one for one in kept if one.start >= gap.end - EDGE]
    if new and before and new[0].start < gap.start:
        shared = _shared(tokens_of(before[-1]), tokens_of(new[0]))
        new[:1] = within_words(new[0], shared, len(tokens_of(new[0])))
    if new and after and new[-1].end > gap.end:
        tokens = tokens_of(new[-1])
        new[-1:] = within_words(new[-1], 0, len(tokens) - _shared(tokens, tokens_of(after[0])))
    return new


def tokens_of(segment: Segment) -> list[str]:
    """Return the words of a segment as they stand in its text; characters where no spaces part them."""
    if segment.words:
        return [word.text for word in segment.words]
    return [token for part in segment.text.split() for token in (part if is_unspaced(part[0]) else [part])]


def _shared(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many tokens at the end of one text are those at the beginning of the other, whatever their case."""

    def plain(tokens: Sequence[str]) -> str:
        """Return the letters and digits of words, in lower case."""
        return "".join(char for token in tokens for char in token.casefold() if char.isalnum())

    lengths = range(min(len(first), len(second)), 0, -1)
    return next((n for n in lengths if plain(second[:n]) and plain(first[-n:]) == plain(second[:n])), 0)


def within_words(segment: Segment, first: int, end: int) -> list[Segment]:
    """Return a segment with its tokens from `first` to before `end` only, or nothing."""
    tokens = tokens_of(segment)
    if first == 0 and end == len(tokens):
        return [segment]
    if first >= end:
        return []
    places, at = [], 0
    for token in tokens:
        at = segment.text.index(token, at) + len(token)
        places.append(at)
    text = segment.text[places[first - 1] if first else 0 : places[end - 1]].strip()
    words = segment.words[first:end]
    start, stop = (words[0].start, words[-1].end) if words else (segment.start, segment.end)
    return [replace(segment, text=text, words=words, start=start, end=stop, tokens=(), alternatives=())]
