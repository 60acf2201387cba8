"""The project's own normaliser, for every script: what the other ones break stays whole.

Chinese and Japanese are cut into characters, Thai, Lao, Khmer and Burmese into letters with their marks, and words of
other scripts within them stay whole; vowel signs of Indic scripts, Thai marks and Arabic letters are kept. Full and
half width forms, digits of every script and Chinese numerals are written one way. English texts go through the English
rules as well, with the text in parentheses and percentages intact.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from asrcli.base.join import UNSPACED
from asrcli.errors import MissingExtra
from asrcli.text.english import EnglishNormalizer
from asrcli.text.english_rules import PRONOUNS, contractions, leaderboard_rules
from asrcli.text.numerals import read_chinese

# Blocks of forms that differ only in looks: Latin and Arabic presentation forms, half and full width (Unicode 16).
FORMS = ((0xFB00, 0xFDFF), (0xFE70, 0xFEFF), (0xFF00, 0xFFEF), (0x3000, 0x3000), (0x2070, 0x209F), (0x3300, 0x33FF))
APOSTROPHES = "'’ʼ`´＇"
RULES = ("tags", "width", "simplified", "case", "punctuation", "numerals", "english")
# A full stop or comma outside a number, a percent sign after none, and quotation marks: not those inside words.
LOOSE = re.compile(r"(?<!\d)[.,%]|[.,](?!\d)|\B'|'\B")
TAGS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")  # <unk>, [laughter]: no speech; text in parentheses is speech
SPLIT = re.compile(  # one character of a script without spaces, with the marks on it
    "([" + "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSPACED) + "]"
    "[\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3\u3099\u309a]*)"
)
# Greek and on, but for Latin Extended Additional and general punctuation: the English rules would drop their marks.
OTHER_SCRIPTS = re.compile("[\u0370-\u1dff\u2c00-\ufdff\ufe70-\uffef\U00010000-\U0001efff\U00020000-\U0003ffff]")
UNSPACED_ANY = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSPACED) + "]")


class Folding(dict[int, str]):
    """Characters -> how they are written; filled as they come up."""

    def __init__(self, *, width: bool, punctuation: bool, numerals: bool) -> None:
        super().__init__()
        self.width, self.punctuation, self.numerals = width, punctuation, numerals

    def __missing__(self, code: int) -> str:
        kept = self.fold(chr(code))
        self[code] = kept
        return kept

    def fold(self, char: str) -> str:
        """Return what one character becomes."""
        code = ord(char)
        if self.width and any(first <= code <= last for first, last in FORMS):
            folded = unicodedata.normalize("NFKC", char)
            return folded if folded == char else "".join(map(self.fold, folded))
        category = unicodedata.category(char)
        if self.numerals and category == "Nd" and code > 0x7F:
            return str(unicodedata.digit(char))
        if not self.punctuation:
            return char
        if char in APOSTROPHES:
            return "'"
        if char in ".,%":
            return char  # part of a number or not: `normalize_other` sees
        if category == "Cf" or char == "\u0640":  # joiners, marks of direction, the Arabic stretching bar
            return ""
        return " " if category[0] in "PSZC" else char


class UniversalNormalizer:
    """Normalises texts of any script.

    Args of the constructor:
        english: apply the English rules as well.
        simplified: write traditional Chinese characters as simplified ones (OpenCC's tables, extra ``[scoring]``).
        disabled: names of `RULES`, or of the English rules, to leave out.
    """

    def __init__(self, *, english: bool, simplified: bool = False, disabled: frozenset[str] = frozenset()) -> None:
        on = {name: name not in disabled for name in RULES}
        self.on = on
        self.folding = Folding(width=on["width"], punctuation=on["punctuation"], numerals=on["numerals"])
        self.english: EnglishNormalizer | None = None
        if english and on["english"]:
            shortened = (*contractions((PRONOUNS, r"\1 is")), (r"'s\b", "s"))
            rules = replace(leaderboard_rules(), brackets=(), contractions=shortened, names={}, literal_one=False)
            self.english = EnglishNormalizer(rules, disabled)
        self.memory: dict[str, str] = {}
        self.simplify = load_simplifier() if simplified and on["simplified"] else None

    def __call__(self, text: str) -> str:
        """Return the normalised text, words and characters parted by one space."""
        text, english = self.clear(text)
        return english(text).strip() if english else self.normalize_other(text)

    def words(self, text: str) -> list[str]:
        """Return the words of the normalised text; words that come again are the same objects."""
        text, english = self.clear(text)
        if english:
            return english.words(text)
        words = self.normalize_other(text).split()
        return list(map(self.memory.setdefault, words, words))

    def clear(self, text: str) -> tuple[str, EnglishNormalizer | None]:
        """Return the text without what is no speech, and the English rules where they are for it."""
        if self.on["tags"] and ("<" in text or "[" in text):
            text = TAGS.sub(" ", text)
        if self.english is None or not (text.isascii() or not OTHER_SCRIPTS.search(text)):
            return text, None
        if "(" in text or ")" in text:  # the English rules would take what is between them along
            text = text.replace("(", " ").replace(")", " ")
        text = text.replace("’", "'")
        return text, self.english if self.on["case"] and self.on["punctuation"] else None  # they rest on both

    def normalize_other(self, text: str) -> str:
        """Apply the rules of every script."""
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).translate(self.folding))
        if self.on["case"]:
            text = text.casefold()
        if self.on["numerals"]:
            text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)  # thousands
        if self.on["punctuation"]:
            text = LOOSE.sub(" ", text)
        if UNSPACED_ANY.search(text):
            if self.simplify is not None:
                text = self.simplify(text)
            if self.on["numerals"]:
                text = read_chinese(text)
            text = SPLIT.sub(r" \1 ", text)
        return " ".join(text.split())


def load_simplifier() -> Callable[[str], str]:
    """Return a function that writes traditional Chinese as simplified, by phrases and then by characters.

    Raises:
        MissingExtra: OpenCC is not installed.
    """
    try:
        from opencc import OpenCC
    except ImportError:
        raise MissingExtra("simplified Chinese (--language zh-hans)", ["opencc"], "scoring") from None
    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert
