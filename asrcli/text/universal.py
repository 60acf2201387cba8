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
from functools import cache, lru_cache
from itertools import chain

from asrcli.base.join import UNSPACED
from asrcli.errors import MissingExtra
from asrcli.text import local_numbers
from asrcli.text.english import EnglishNormalizer
from asrcli.text.english_rules import PRONOUNS, contractions, leaderboard_rules
from asrcli.text.local_numbers import base_of, join_groups, one_way, small_letters
from asrcli.text.number_words import reader_of
from asrcli.text.numerals import read_chinese
from asrcli.text.ordinals import join_ordinals, mark_ordinals, read_ordinals
from asrcli.text.signs import AT_NUMBER, KEPT, STROKE, keep_fractions, per_cent, read_parts, say_operators, say_signs
from asrcli.text.signs import SIGN as NUMBER_SIGN
from asrcli.text.written_english import MONTHS, SIGN, TABLE, as_spoken, finish, is_unusual, plain_days

# Blocks of forms that differ only in looks: Latin and Arabic presentation forms, half and full width (Unicode 16).
FORMS = (
    *((0xFB00, 0xFDFF), (0xFE70, 0xFEFF), (0xFF00, 0xFFEF), (0x3000, 0x3000), (0x2070, 0x209F), (0x3300, 0x33FF)),
    *((0x00BC, 0x00BE), (0x2150, 0x215F), (0x0132, 0x0133), (0x01C4, 0x01CC), (0x01F1, 0x01F3)),  # fractions, digraphs
)
HALVES = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅟])")  # 2⅓ is no 21/3
SQUARED = re.compile("(?<=\\d)[\u3300-\u33ff]+")  # units in one sign behind a number: words there, and signs elsewhere
TAKEN_APART = re.compile("[\u2adc\U0001d15e-\U0001d164\U0001d1bb-\U0001d1c0]")  # signs that NFC makes signs and marks
GEMINATE = re.compile("[lL][·•‧∙.](?=[lL])")  # mil·límetre is one word, and no mil
APOSTROPHES = "'’‘‛ʼʻʽʹ′`´＇\ua78b\ua78c\u055a\u05f3"
ONE_WAY = dict.fromkeys(APOSTROPHES, "'") | {"٪": "%", "٫": ".", "٬": ",", "﹪": "%", "œ": "oe", "Œ": "oe"}
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")  # fillers that are letters or marks by category
VARIANTS = ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))  # selectors of how the sign before them looks
INVISIBLE |= {chr(code) for first, last in VARIANTS for code in range(first, last + 1)}
RULES = ("tags", "width", "simplified", "case", "punctuation", "numerals", "english")
# A full stop or comma outside a number, a percent sign after none, and quotation marks: not those inside words.
LOOSE = re.compile(r"(?<!\d)[.,]|[.,](?!\d)|\B'|'\B")
LOOSE_SIGN = re.compile(r"(?<!\d)%")
AFTER_SIGN = re.compile(r"(?<=\d%)(?=[^\W_])")  # 10%iPhone: a number with its sign, and a word
# <unk>, </b>, <i class="x">, <v Bob>, [laughter]: no speech; "a < b and c > d" and text in parentheses are speech.
TAGS = re.compile(r"<[/!|]?\w[^\s<>]*>|<\w+(?:\s+[\w:-]+\s*=\s*[^<>]*)>|<v(?:\.[\w.]+)?\s[^<>]+>|\[[^\[\]]*\]")
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
        self[ord(STROKE)] = "/"

    def __missing__(self, code: int) -> str:
        kept = self.fold(chr(code))
        self[code] = kept
        return kept

    def fold(self, char: str) -> str:
        """Return what one character becomes."""
        code, category = ord(char), unicodedata.category(char)
        if char in INVISIBLE:
            return ""
        if self.width and any(first <= code <= last for first, last in FORMS):
            folded = unicodedata.normalize("NFKC", char)
            if folded != char:
                if (
                    self.punctuation
                    and category[0] in "PSZC"
                    and any(unicodedata.category(one)[0] in "LMN" for one in folded)
                ):
                    return " "  # a sign that stands for a word
                return "".join(map(self.fold, folded))
        if self.numerals and category == "Nd" and code > 0x7F:
            return str(unicodedata.digit(char))
        if not self.punctuation:
            return char
        char = ONE_WAY.get(char, char)
        if char in (*".,%'", "oe"):
            return char  # part of a number or not: `normalize_other` sees
        if category == "Cf" or char == "\u0640":  # joiners, marks of direction, the Arabic stretching bar
            return ""
        if code > AT_NUMBER and chr(code - AT_NUMBER) in KEPT:
            return f" {chr(code - AT_NUMBER)} "
        return " " if category[0] in "PSZC" else char


class UniversalNormalizer:
    """Normalises texts of any script.

    Args of the constructor:
        english: apply the English rules as well.
        language: code; how numbers and capitals are written. "" is none.
        simplified: write traditional Chinese characters as simplified ones (OpenCC's tables, extra ``[scoring]``).
        disabled: names of `RULES`, or of the English rules, to leave out.
    """

    def __init__(
        self,
        *,
        english: bool,
        language: str | None = None,
        simplified: bool = False,
        disabled: frozenset[str] = frozenset(),
    ) -> None:
        self.language = base_of(language)
        on = {name: name not in disabled for name in RULES}
        self.on = on
        self.folding = Folding(width=on["width"], punctuation=on["punctuation"], numerals=on["numerals"])
        self.english: EnglishNormalizer | None = None
        if english and on["english"]:
            shortened = (*contractions((PRONOUNS, r"\1 is")), (r"'s\b", "s"))
            rules = replace(
                leaderboard_rules(), brackets=(), contractions=shortened, names={}, literal_one=False, apart=True
            )
            self.english = EnglishNormalizer(rules, disabled)
        self.read_words = reader_of(self.language) if on["numerals"] and on["case"] else None
        self.memory: dict[str, str] = {}
        self.simplify: Callable[[str], str] | None = None
        if simplified and on["simplified"]:
            self.simplify = chinese_converter("t2s", "simplified Chinese (--language zh-hans)", "scoring")

    def __call__(self, text: str) -> str:
        """Return the normalised text, words and characters parted by one space."""
        return " ".join(self.words(text))

    def words(self, text: str) -> list[str]:
        """Return the words of the normalised text; words that come again are the same objects."""
        text, english = self.clear(text)
        unusual = english is not None and english.on["numbers"] and is_unusual(text)
        if english is None:
            words = self.normalize_other(text).split()
        else:
            words = finish(english(as_spoken(text))).split() if unusual else english.words(text)
        days = english is not None and english.on["numbers"] and not MONTHS.isdisjoint(words)
        if english is not None and not unusual and not days:
            return words  # remembered there
        words = plain_days(words) if days else words
        return list(map(self.memory.setdefault, words, words))

    def clear(self, text: str) -> tuple[str, EnglishNormalizer | None]:
        """Return the text without what is no speech, and the English rules where they are for it."""
        if self.on["tags"] and ("<" in text or "[" in text):
            text = TAGS.sub(" ", text)
        if self.english is None:
            return text, None
        plain = text
        if not (text.isascii() and text.isprintable() and "`" not in text):
            plain = NUMBER_SIGN.sub("-", join_groups(text)).translate(TABLE)
        if not plain.isascii() and OTHER_SCRIPTS.search(plain):
            return text, None
        by_rules = self.on["case"] and self.on["punctuation"]  # the English rules rest on both
        text = plain if by_rules else text
        if "(" in text or ")" in text:  # they would take what is between them along
            sign = SIGN if by_rules else " "
            text = text.replace("(", sign).replace(")", sign)
        if not by_rules:
            return text.replace("’", "'"), None
        return text, self.english

    def normalize_other(self, text: str) -> str:
        """Apply the rules of every script."""
        text = read_parts(text) if self.on["numerals"] else text
        text = GEMINATE.sub("ŀ", text) if self.language == "ca" else text
        if not text.isascii():
            if self.on["width"]:
                text = SQUARED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
            text = TAKEN_APART.sub(" ", HALVES.sub(" ", text))
            text = join_groups(text) if self.on["numerals"] else text
        if self.on["numerals"]:
            text = keep_fractions(text)
            text = say_signs(mark_ordinals(text, self.language) if self.read_words else text, self.language)
            text = local_numbers.say_clock(say_operators(text, self.language), self.language)
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).translate(self.folding))
        text = one_way(text, self.language) if self.on["width"] else text
        if self.on["case"]:
            text = small_letters(text, self.language)
        if self.on["numerals"]:
            text = local_numbers.rewrite_numbers(text, self.language)
        text = self.read_marks(text)
        if self.on["numerals"]:
            text = local_numbers.keep_decimals(text, self.language)
        if UNSPACED_ANY.search(text):
            if self.simplify is not None:
                text = self.simplify(text)
            if self.on["numerals"]:
                text = per_cent(
                    read_chinese(text, short=self.language in ("zh", "yue"), lone=self.language == "ja"), self.language
                )
            text = SPLIT.sub(r" \1 ", text)
            text = LOOSE.sub(" ", text) if self.on["punctuation"] else text
        text = " ".join(text.split())
        return read_parts(text) if "/" in text else text

    def read_marks(self, text: str) -> str:
        """Leave out the marks that part no numbers, and write number words as digits."""
        if self.on["punctuation"]:
            text = LOOSE.sub(" ", text)
        if self.read_words is not None:
            plain = self.read_words(read_ordinals(" ".join(text.split()), self.language))
            text = per_cent(join_ordinals(plain, self.language), self.language)
        return AFTER_SIGN.sub(" ", LOOSE_SIGN.sub(" ", text)) if self.on["punctuation"] else text


@cache
def chinese_converter(table: str, what: str, extra: str) -> Callable[[str], str]:
    """Return a function that writes Chinese in other characters, by phrases and then by characters.

    Args:
        table: OpenCC's: t2s, s2t.
        what: what it is for, and
        extra: the extra that brings it, for the message.

    Raises:
        MissingExtra: OpenCC is not installed.
    """
    try:
        from opencc import OpenCC
    except ImportError:
        raise MissingExtra(what, ["opencc"], extra) from None
    convert: Callable[[str], str] = OpenCC(table).convert
    return convert


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


@lru_cache(MOST_WORDS)
def small_word(word: str) -> str:
    """Return a word without case, remembered; words come again and again."""
    return word.casefold()


@lru_cache(MOST_WORDS)
def bare_words(word: str) -> tuple[str, ...]:
    """Return a word without case and punctuation: none, one or several words."""
    return tuple(raw_words(word.casefold().translate(PUNCTUATION)))


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
    small = raw if folded == text else list(map(small_word, raw))
    if text.replace(" ", "").isalnum():  # letters and digits only: no punctuation
        return raw, small, small
    return raw, small, without_punctuation(small)


def without_punctuation(words: list[str]) -> list[str]:
    """Return words in small letters, without punctuation."""
    return list(chain.from_iterable(map(bare_words, words)))
