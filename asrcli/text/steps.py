"""The plain steps between a raw text and a normalised one, for the error rates that are shown side by side."""

from __future__ import annotations

import re
import unicodedata

from asrcli.text.universal import SPLIT, UNSPACED_ANY


class PunctuationTable(dict[int, str]):
    """Characters -> themselves, or nothing for apostrophes, or a space for other punctuation and symbols."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kept = "" if char in "'’" else " " if unicodedata.category(char)[0] in "PS" else char
        self[code] = kept
        return kept


PUNCTUATION = PunctuationTable()
MARKS = re.compile(r"[^\w\s]")


def raw_words(text: str) -> list[str]:
    """Cut a text into words as it is, and scripts without spaces into characters."""
    if not text.isascii() and UNSPACED_ANY.search(text):
        text = SPLIT.sub(r" \1 ", text)
    return text.split()


def without_case(text: str) -> list[str]:
    """Cut a text into words in small letters."""
    return raw_words(text.casefold())


def without_punctuation(text: str) -> list[str]:
    """Cut a text into words in small letters, without punctuation."""
    text = text.casefold()
    return raw_words(text.translate(PUNCTUATION) if MARKS.search(text) else text)
