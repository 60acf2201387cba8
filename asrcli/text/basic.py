"""Language-independent normalisers: Whisper's basic one, and the multilingual one of the Open ASR Leaderboard."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from asrcli.errors import MissingExtra

TAGS = re.compile(r"[<\[][^>\]]*[>\]]")
ASIDES = re.compile(r"\(([^)]+?)\)")
SPACES = re.compile(r"\s+")


class SymbolTable(dict[int, str]):
    """Characters -> themselves, or a space for marks, symbols and punctuation; filled as characters come up."""

    def __missing__(self, code: int) -> str:
        kept = " " if unicodedata.category(chr(code))[0] in "MSP" else chr(code)
        self[code] = kept
        return kept


SYMBOLS = SymbolTable()


def normalize_basic(text: str) -> str:
    """Apply Whisper's rules for languages other than English (whisper/normalizers/basic.py).

    Marks become spaces, which destroys the vowel signs of Indic scripts and the marks of Thai: a rate measured with it
    is comparable with published ones, and wrong there. The normaliser ``asr`` keeps them.
    """
    text = ASIDES.sub("", TAGS.sub("", text.lower()))
    text = unicodedata.normalize("NFKC", text).translate(SYMBOLS).lower()
    return SPACES.sub(" ", text)


def normalize_leaderboard(text: str, language: str | None) -> str:
    """Apply the multilingual rules of the Open ASR Leaderboard (normalizer/data_utils.py, commit d1e99b25).

    Raises:
        MissingExtra: the text has digits, and num2words, which spells them, is not installed.
    """
    text = re.sub(r"[^\w\s]", "", normalize_basic(text))
    text = SPACES.sub(" ", text).strip()
    if language is None:
        return text
    text = re.sub(r"(\d)\s+(\d{3})\b", r"\1\2", text)  # 10 000
    return re.sub(r"\d+", lambda digits: spell(digits[0], language), text)


@cache
def spell(digits: str, language: str) -> str:
    """Return a whole number in words; as it is, where the language is not known."""
    try:
        from num2words import num2words
    except ImportError:
        what = "the leaderboard's normaliser of languages other than English"
        raise MissingExtra(what, ["num2words"], "scoring") from None
    convert: Callable[..., str] = num2words
    try:
        return convert(int(digits), lang=language)
    except Exception:  # num2words fails in a way of its own per language; the leaderboard ignores them all
        return digits
