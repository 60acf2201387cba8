"""The plain steps between a raw text and a normalised one, for the error rates that are shown side by side."""

from __future__ import annotations

import unicodedata
from itertools import chain

from asrcli.text.universal import SPLIT, UNSPACED_ANY


class PunctuationTable(dict[int, str]):
    """Characters -> themselves, or nothing for apostrophes, or a space for other punctuation and symbols."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kept = "" if char in "'’" else " " if unicodedata.category(char)[0] in "PS" else char
        self[code] = kept
        return kept


PUNCTUATION = PunctuationTable()
MOST_WORDS = 400_000  # remembered
STEPS = 3
Steps = tuple[list[str], list[str], list[str]]  # of one text: raw, without case, without case and punctuation


class SmallWords(dict[str, str]):
    """Words -> the same without case, remembered; words come again and again."""

    def __missing__(self, word: str) -> str:
        if len(self) > MOST_WORDS:
            self.clear()
        self[word] = small = word.casefold()
        return small


class BareWords(dict[str, tuple[str, ...]]):
    """Words -> the same without case and punctuation: none, one or several words."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) > MOST_WORDS:
            self.clear()
        self[word] = bare = tuple(raw_words(word.casefold().translate(PUNCTUATION)))
        return bare


SMALL, BARE = SmallWords(), BareWords()


def raw_words(text: str) -> list[str]:
    """Cut a text into words as it is, and scripts without spaces into characters."""
    if not text.isascii() and UNSPACED_ANY.search(text):
        text = SPLIT.sub(r" \1 ", text)
    return text.split()


def plain_steps(text: str) -> Steps:
    """Return the words of a text as they are, without case, and without punctuation too.

    What a step does not change is the same list once more, so that it need not be compared twice.
    """
    raw = raw_words(text)
    folded = text.casefold()
    small = raw if folded == text else list(map(SMALL.__getitem__, raw))
    if text.replace(" ", "").isalnum():  # letters and digits only: no punctuation
        return raw, small, small
    return raw, small, without_punctuation(small)


def without_punctuation(words: list[str]) -> list[str]:
    """Return words in small letters, without punctuation."""
    return list(chain.from_iterable(map(BARE.__getitem__, words)))
