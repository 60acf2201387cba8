"""The ways to say a number, and which of them is said: ``9825`` may be a count, two pairs, or four digits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from asrcli.aligner import AlignedWord, Aligner
from asrcli.alignment.confidence import told_by
from asrcli.alignment.places import LOW, cut
from asrcli.alignment.spoken import DIGITS, MOST_DIGITS, han_number, spoken_words
from asrcli.text.cardinals import SMALL, number
from asrcli.types import Clip, Word

if TYPE_CHECKING:
    from asrcli.alignment.result import Spelling

RUN = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")
CHAIN = re.compile(r"(\d+(?:-\d+)+)[.,;:!?]*")
MOST_READINGS = 8
NEAR = 3  # words between a number and its neighbours that may be missing, for its place to be known
MOST_SECONDS = 8.0  # of sound in which a number is looked for
LEAST_SECONDS = 0.2
ABSENT = 0.5  # what a word that is not found costs, in log odds times seconds


@lru_cache(maxsize=4096)
def readings(token: str, language: str | None) -> tuple[tuple[str, ...], ...]:
    """Return the ways to say a written word, the most likely first; one where it holds no number.

    Every run of digits may be a count, a year or other pairs, or single digits; no two ways are the same.
    """
    first = spoken_words(token, language)
    code = (language or "en").split("-")[0]
    if chain := CHAIN.fullmatch(token):  # 9-8-2-5, 555-0199: rather a number digit by digit than "nine to eight to"
        single = tuple(word for digit in chain[1] if digit != "-" for word in spoken_words(digit, language))
        return (first, single) if single and single != first else (first,)
    runs = list(RUN.finditer(token))
    if not first or len(runs) != 1:
        return (first,)
    (run,) = runs
    before = spoken_words(token[: run.start()], language)
    after = spoken_words(token[run.end() :], language)
    ways = [first]
    for said in _ways(run[0].replace(",", ""), code):
        way = (*before, *said, *after)
        if way not in ways:
            ways.append(way)
    return tuple(ways[:MOST_READINGS])


def _ways(digits: str, code: str) -> Iterator[tuple[str, ...]]:
    if code in ("zh", "yue", "ja"):
        yield tuple(DIGITS[int(digit)] for digit in digits)
        count = tuple(han_number(digits))
        yield count
        yield tuple("两" if char == "二" and after in ("百", "千") else char for char, after in pairwise((*count, "")))
    elif code == "en":
        yield from _english(digits)
    else:
        each = [spoken_words(digit, code) for digit in digits]
        if all(each):
            yield tuple(word for own in each for word in own)


def _english(digits: str) -> Iterator[tuple[str, ...]]:
    single = tuple(SMALL[int(digit)] for digit in digits)
    yield single
    if len(digits) > MOST_DIGITS:
        return
    if "0" in digits:
        yield tuple("oh" if word == "zero" else word for word in single)
    value = int(digits)
    if digits[0] != "0":
        count = tuple(number(value))
        yield count
        if value > 100 and value % 100:
            yield (*number(value - value % 100), "and", *number(value % 100))
        if count[0] == "one" and len(count) > 1:
            yield ("a", *count[1:])
        if len(digits) == 4 and value % 100 == 0 and value % 1000:
            yield (*number(value // 100), "hundred")
    if len(digits) in (3, 4, 6):
        yield _in_pairs(digits)


def _in_pairs(digits: str) -> tuple[str, ...]:
    """Say digits two by two, the first alone where their number is odd: one oh five, ninety eight twenty five."""
    said: list[str] = []
    at = len(digits) % 2
    if at:
        said.append(SMALL[int(digits[0])])
    for start in range(at, len(digits), 2):
        tens, ones = int(digits[start]), int(digits[start + 1])
        said += number(10 * tens + ones) if tens else ("oh", SMALL[ones] if ones else "oh")
    return tuple(said)


@dataclass(slots=True)
class Number:
    """A written word with several readings, and which spoken words it is at present: ``[first, last)``."""

    token: int
    first: int
    last: int
    ways: tuple[tuple[str, ...], ...]
    settled: bool = False


def numbers_in(spelling: Spelling, language: str | None) -> list[Number]:
    """Return the written words of a text that are said and have several readings; each is spelled the first way."""
    tokens = [token for piece in spelling.tokens for token in piece]
    ways = {token: readings(own.text, language) for token, own in enumerate(tokens) if own.last > own.first}
    return [Number(token, tokens[token].first, tokens[token].last, own) for token, own in ways.items() if len(own) > 1]


def better_reading(
    clip: Clip, one: Number, first: int, aligned: Sequence[AlignedWord | None], verifier: Aligner, language: str | None
) -> tuple[str, ...] | None:
    """Return the reading of a number that fits the sound better than the present one; ``None`` without one.

    Args:
        one: a number whose words are all offered in it.
        first: the number of the first word that is offered.
        aligned: when each of those is said in the window.
    """
    if is_said(one, first, aligned):
        return None
    place = _place(clip, aligned, one.first - first, one.last - first)
    if place is None:
        return None
    one.settled = True
    return _best(one, place, one.ways, verifier, language)


def _best(
    one: Number, clip: Clip, texts: Sequence[Sequence[str]], aligner: Aligner, language: str | None
) -> tuple[str, ...] | None:
    """Return the reading whose text fits a clip best, ``None`` where that is the present one."""
    told = aligner.align([clip] * len(texts), texts, language)
    scores = [_told(text, found) for text, found in zip(texts, told, strict=True)]
    best = max(range(len(scores)), key=scores.__getitem__)
    return one.ways[best] if scores[best] > scores[0] else None


def is_said(one: Number, first: int, aligned: Sequence[AlignedWord | None]) -> bool:
    """Return whether all words of a number are found as it is spelled, when words from ``first`` on are aligned."""
    own = aligned[one.first - first : one.last - first]
    return all(word is not None and (word.score is None or word.score >= LOW) for word in own)


def fitting_reading(
    clip: Clip, one: Number, first: int, words: Sequence[str], aligner: Aligner, language: str | None
) -> tuple[str, ...] | None:
    """Return the reading of a number with which a whole window fits best, for one whose place nobody knows yet.

    Args:
        one: a number whose words are all offered in it.
        first: the number of the first word that is offered.
        words: all that are offered, the number as it is spelled now.

    Returns:
        ``None`` where that is the present one.
    """
    one.settled = True
    before, after = words[: one.first - first], words[one.last - first :]
    return _best(one, clip, [(*before, *way, *after) for way in one.ways], aligner, language)


def _place(clip: Clip, aligned: Sequence[AlignedWord | None], first: int, last: int) -> Clip | None:
    """Return the sound between the neighbours of words ``[first, last)``; ``None`` where those are not known."""
    before = next((word for word in reversed(aligned[max(0, first - NEAR) : first]) if word is not None), None)
    after = next((word for word in aligned[last : last + NEAR] if word is not None), None)
    if (first and before is None) or (last < len(aligned) and after is None and before is None):
        return None
    start = clip.start + (before.end if before else 0.0)
    end = clip.start + after.start if after else min(clip.end, start + MOST_SECONDS)
    place = cut(clip, start, end)
    return place if LEAST_SECONDS <= place.seconds <= MOST_SECONDS else None


def _told(way: Sequence[str], found: Sequence[AlignedWord | None]) -> float:
    words = [
        Word(text, word.start, word.end, word.score) for text, word in zip(way, found, strict=True) if word is not None
    ]
    return told_by(words) - ABSENT * (len(way) - len(words))
