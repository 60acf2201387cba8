"""What kind of error each error is. Every one gets exactly one class, so the classes add up to the total."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from asrcli.text.normalisers import FILLERS
from asrcli.text.numbers_english import WORDS as NUMBER_WORDS
from asrcli.text.numerals import NUMERAL

CLASSES = (
    "punctuation",  # the same word with other punctuation, or a mark alone
    "case",  # the same word in other letters
    "compound",  # the same letters, parted otherwise
    "loop",  # inserted, and a repetition of what was just said
    "truncation",  # the end of the utterance is missing
    "inserted speech",  # three words or more that nobody said
    "filler",
    "number",
    "name",
    "spelling",  # two words that look much alike
    "other word",  # substituted by quite another
    "missed word",
    "inserted word",
)
RUN = 3  # words in a row that make inserted speech or a truncation
LIKENESS = 0.7  # share of the letters that two words have in common to be spellings of each other
ERRORS = re.compile(rb"[SID]+")

Confusion = tuple[str, str]  # reference word and what was recognised; "" where there is none


@dataclass(slots=True)
class ErrorProfile:
    """All errors of one system, by class and by word."""

    classes: Counter[str] = field(default_factory=Counter)
    confusions: Counter[Confusion] = field(default_factory=Counter)


def classify(
    references: Sequence[Sequence[str]],
    hypotheses: Sequence[Sequence[str]],
    alignments: Sequence[bytes],
    names: frozenset[str] = frozenset(),
) -> ErrorProfile:
    """Return the classes and the confusions of one system's errors; ``names`` are words, as `find_names` finds them."""
    profile = ErrorProfile()
    alone: list[Confusion] = []
    for utterance in zip(references, hypotheses, alignments, strict=True):
        if utterance[2].strip(b"="):
            walk(utterance, profile, alone)
    counted = Counter(alone)
    profile.confusions.update(counted)
    for (said, hypothesis), number in counted.items():
        profile.classes[word_class(said, hypothesis, said in names or hypothesis in names)] += number
    return profile


def walk(utterance: tuple[Sequence[str], Sequence[str], bytes], profile: ErrorProfile, alone: list[Confusion]) -> None:
    """Go through the stretches of errors of one utterance; ``alone`` takes those that are judged by their words."""
    words, hypothesis, moves = utterance
    place = spot = done = 0
    for stretch in ERRORS.finditer(moves):
        start, end = stretch.span()
        between = moves[done:start]
        place += len(between) - between.count(b">")
        spot += len(between) - between.count(b"<") - between.count(b"o")
        done = end
        letters = stretch[0]
        if len(letters) == 1 and not (letters == b"I" and spot and hypothesis[spot] == hypothesis[spot - 1]):
            pair = (words[place] if letters != b"I" else "", hypothesis[spot] if letters != b"D" else "")
            alone.append(pair)
            place += letters != b"I"
            spot += letters != b"D"
            continue
        said = words[place : place + len(letters) - letters.count(b"I")]
        instead = hypothesis[spot : spot + len(letters) - letters.count(b"D")]
        pairs = list(paired(letters, said, instead))
        kind = stretch_class(letters, (said, instead), hypothesis[: spot + len(instead)], at_end=end == len(moves))
        if kind is None:
            alone += pairs
        else:
            profile.confusions.update(pairs)
            profile.classes[kind] += len(letters)
        place += len(said)
        spot += len(instead)


def paired(letters: bytes, said: Sequence[str], instead: Sequence[str]) -> Iterable[Confusion]:
    """Yield the pair of words of each error."""
    place = spot = 0
    for letter in letters:
        if letter == ord("I"):
            yield "", instead[spot]
        elif letter == ord("D"):
            yield said[place], ""
        else:
            yield said[place], instead[spot]
        place += letter != ord("I")
        spot += letter != ord("D")


def stretch_class(
    letters: bytes, words: tuple[Sequence[str], Sequence[str]], before: Sequence[str], *, at_end: bool
) -> str | None:
    """Return the class of a whole stretch of errors, or ``None`` where each word is judged by itself.

    Args:
        letters: the moves.
        words: said and recognised in the stretch.
        before: everything recognised up to the end of the stretch.
        at_end: nothing comes after it.
    """
    said, instead = words
    if said and instead and len(said) != len(instead) and "".join(said) == "".join(instead):
        return "compound"
    if letters.count(b"I") == len(letters):
        if is_loop(before, len(letters)):
            return "loop"
        return "inserted speech" if len(letters) >= RUN else None
    if at_end and letters.count(b"D") == len(letters) >= RUN:
        return "truncation"
    return None


def is_loop(hypothesis: Sequence[str], inserted: int) -> bool:
    """Return whether the last ``inserted`` words repeat those just before them, or each other three times."""
    for period in range(1, min(inserted, 12) + 1):
        tail = hypothesis[-(inserted + period) :]
        if len(tail) == inserted + period and all(
            tail[position] == tail[position - period] for position in range(period, len(tail))
        ):
            return inserted >= 2 or period == 1
    return False


@lru_cache(maxsize=200_000)
def word_class(said: str, hypothesis: str, name: bool) -> str:
    """Return the class of one error, from its words alone; ``""`` is no word."""
    if bare(said).casefold() == bare(hypothesis).casefold():
        return "punctuation" if said.casefold() != hypothesis.casefold() else "case"
    if not bare(said) + bare(hypothesis):
        return "punctuation"
    if said.casefold() in FILLERS or hypothesis.casefold() in FILLERS:
        return "filler"
    if is_number(said) or is_number(hypothesis):
        return "number"
    if name:
        return "name"
    if not said:
        return "inserted word"
    if not hypothesis:
        return "missed word"
    return "spelling" if is_alike(said, hypothesis) else "other word"


def bare(word: str) -> str:
    """Return a word without punctuation and symbols."""
    return word if word.isalnum() else "".join(char for char in word if unicodedata.category(char)[0] not in "PS")


def is_number(word: str) -> bool:
    """Return whether a word is a number in digits, in English words or in Chinese characters."""
    if not word.isalpha() and any(char.isdigit() for char in word):
        return True
    entry = NUMBER_WORDS.get(word.casefold())
    return (entry is not None and entry.value > 0) or word == "zero" or (len(word) == 1 and word in NUMERAL)


def is_alike(one: str, other: str) -> bool:
    """Return whether two words have most of their letters in common, in order."""
    from rapidfuzz.distance import Levenshtein

    return min(len(one), len(other)) > 2 and Levenshtein.normalized_similarity(one, other) >= LIKENESS


CAPITAL = re.compile(r"(?<=[^.!?:;\"“”„»«¿¡\-–—\s]\s)[A-ZÀ-ÞА-ЯΑ-Ω][\w'’]*")


def find_names(texts: Iterable[str]) -> frozenset[str]:
    """Return words that the references write with a capital inside a sentence and never without, in small letters.

    Texts in one case say nothing about names, and languages that write nouns with capitals would make all of them
    names; both give nothing.
    """
    sample = [text for text in texts if not text.islower() and not text.isupper()]
    whole = "\n".join(sample)
    capital = Counter(word.casefold() for word in CAPITAL.findall(whole))
    small = set(whole.split())
    found = frozenset(word for word in capital if word not in small and len(word) > 1)
    return found if sum(capital[word] for word in found) < 0.15 * max(1, whole.count(" ")) else frozenset()
