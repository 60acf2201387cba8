"""Write English number words as digits: ``twenty one`` as 21, ``two million dollars`` as $2000000.

The rules are those of the English normaliser of OpenAI Whisper ("Robust Speech Recognition via Large-Scale Weak
Supervision", 2022, appendix C), which every published English word error rate since then rests on, and so are their
oddities: ``1`` is written ``one``, ``ninth`` is not a number, and ``point`` before a number word that is no digit
disappears. They are kept to the letter, because a rate is comparable only when they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from fractions import Fraction
from typing import NamedTuple

SMALL = (  # one to nineteen
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
LARGE = (  # by powers of a thousand
    *("thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion"),
    *("septillion", "octillion", "nonillion", "decillion"),
)
ORDINALS = {"zeroth": (0, "th"), "first": (1, "st"), "second": (2, "nd"), "third": (3, "rd")}
ORDINALS |= {"fifth": (5, "th"), "twelfth": (12, "th")}
SIGNS = {"minus": "-", "negative": "-", "plus": "+", "positive": "+"}
CURRENCIES = {"pound": "£", "pounds": "£", "euro": "€", "euros": "€", "dollar": "$", "dollars": "$"}
CURRENCIES |= {"cent": "¢", "cents": "¢"}
MARKS = frozenset("-+£€$¢")
DIGITS = re.compile(r"\d+(\.\d+)?\Z")
MOST_DIGITS = 4_000  # of a number that is computed with; Python refuses more than 4,300
ASCII_DIGIT = re.compile("[0-9]")
CURRENCY = re.compile("[€£$]")

Value = int | str  # a number still adding up, or digits said one after the other


class Kind(Enum):
    """What a number word does."""

    ZERO = auto()
    SMALL = auto()
    TEN = auto()
    LARGE = auto()
    SIGN = auto()  # minus, plus
    CURRENCY = auto()
    PERCENT = auto()
    JOIN = auto()  # and, double, triple, point


class NumberWord(NamedTuple):
    """One entry of the dictionary."""

    kind: Kind
    value: int = 0
    suffix: str = ""  # "th" of an ordinal, "s" of a plural; such a word ends the number


def dictionary() -> dict[str, NumberWord]:
    """Return every word that means something in a number."""
    words: dict[str, NumberWord] = {}
    for value, name in enumerate(SMALL, start=1):
        words[name] = NumberWord(Kind.SMALL, value)
        words["sixes" if name == "six" else name + "s"] = NumberWord(Kind.SMALL, value, "s")
        if value > 3 and value not in (5, 12):
            words[name + ("h" if name.endswith("t") else "th")] = NumberWord(Kind.SMALL, value, "th")
    words |= {name: NumberWord(Kind.SMALL, *rest) for name, rest in ORDINALS.items()}
    for value, name in enumerate(TENS, start=2):
        words[name] = NumberWord(Kind.TEN, 10 * value)
        words[name[:-1] + "ies"] = NumberWord(Kind.TEN, 10 * value, "s")
        words[name[:-1] + "ieth"] = NumberWord(Kind.TEN, 10 * value, "th")
    for name, value in [("hundred", 100), *((name, 1000 ** (power + 1)) for power, name in enumerate(LARGE))]:
        words[name] = NumberWord(Kind.LARGE, value)
        words[name + "s"] = NumberWord(Kind.LARGE, value, "s")
        words[name + "th"] = NumberWord(Kind.LARGE, value, "th")
    kinds = {Kind.ZERO: ("o", "oh", "zero"), Kind.SIGN: SIGNS, Kind.CURRENCY: CURRENCIES}
    kinds |= {Kind.PERCENT: ("per", "percent"), Kind.JOIN: ("and", "double", "triple", "point")}
    return words | {name: NumberWord(kind) for kind, names in kinds.items() for name in names}


WORDS = dictionary()
# Alone, these change nothing: a text without any other number word and without digits can be left as it is.
IDLE = frozenset({"and", "double", "triple", "per", "percent", *CURRENCIES})
ACTIVE = frozenset(WORDS) - IDLE


def is_digit_word(word: str) -> bool:
    """Return whether the word can follow ``point``."""
    entry = WORDS.get(word)
    return entry is not None and entry.kind in (Kind.ZERO, Kind.SMALL, Kind.TEN) and not entry.suffix


def is_kind(word: str | None, kind: Kind) -> bool:
    """Return whether the word is a plain one of that kind, with no ending."""
    entry = WORDS.get(word) if word is not None else None
    return entry is not None and entry.kind is kind and not entry.suffix


class NumberReader:
    """Reads words from left to right, holding the number that is being said."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.value: Value | None = None
        self.prefix = ""
        self.skip = False

    def read(self) -> Iterator[str]:
        """Yield the words with their numbers as digits."""
        for index, word in enumerate(self.words):
            if self.skip:
                self.skip = False
                continue
            before = self.words[index - 1] if index else None
            after = self.words[index + 1] if index + 1 < len(self.words) else None
            bare = word[1:] if word[0] in MARKS else word
            yield from self.digits(word, bare) if DIGITS.match(bare) else self.word(word, before, after)
        yield from self.flush()

    def word(self, word: str, before: str | None, after: str | None) -> Iterator[str]:
        """Take a word that is not written in digits."""
        entry = WORDS.get(word)
        if entry is None:
            return self.flush(word)
        if entry.kind in (Kind.ZERO, Kind.SMALL, Kind.TEN, Kind.LARGE):
            return self.number(entry, before)
        return self.join(word, before, after) if entry.kind is Kind.JOIN else self.mark(word, entry.kind, after)

    def say(self, result: Value) -> str:
        """Return a finished word with the sign or currency that came before it."""
        said = self.prefix + str(result)
        self.value, self.prefix = None, ""
        return said

    def flush(self, *words: str) -> Iterator[str]:
        """Yield the number so far, if there is one, and then other words."""
        if self.value is not None:
            yield self.say(self.value)
        for word in words:
            yield self.say(word)

    def digits(self, word: str, bare: str) -> Iterator[str]:
        """Take digits, with or without a sign or currency before them."""
        if isinstance(self.value, str) and self.value.endswith("."):
            self.value += word  # the parts of an address: 127.0.0.1
            return
        yield from self.flush()
        if bare != word:
            self.prefix = word[0]
        exact = Fraction(bare) if len(bare) < MOST_DIGITS else None
        self.value = exact.numerator if exact is not None and exact.denominator == 1 else bare

    def number(self, entry: NumberWord, before: str | None) -> Iterator[str]:
        """Take a number word; one with an ending finishes the number."""
        if isinstance(self.value, int) and self.value.bit_length() > 3 * MOST_DIGITS:
            yield from self.flush()
        if entry.kind is Kind.ZERO:
            self.value = str(self.value or "") + "0"
        elif entry.kind is Kind.LARGE:
            yield from self.multiply(entry)
        else:
            self.value = self.added(entry, before)
            if entry.suffix:
                yield self.say(f"{self.value}{entry.suffix}")

    def added(self, entry: NumberWord, before: str | None) -> Value:
        """Return the number with a small number or a ten after it: added where it fits, else written behind."""
        value, new = self.value, entry.value
        if value is None:
            return new
        if entry.kind is Kind.SMALL and (isinstance(value, str) or is_kind(before, Kind.SMALL)):
            after_ten = is_kind(before, Kind.TEN) and new < 10
            return f"{str(value)[:-1] if after_ten else value}{new}"
        room = 10 if entry.kind is Kind.SMALL and new < 10 else 100
        if isinstance(value, int) and value % room == 0:
            return value + new
        return f"{value}{new}"

    def multiply(self, entry: NumberWord) -> Iterator[str]:
        """Take ``hundred``, ``thousand`` and so on."""
        value = self.value
        if isinstance(value, str) or (value == 0 and not entry.suffix):
            product = scaled(value, entry.value)
            if product is None:
                yield self.say(value)
                product = entry.value
            self.value = product
        elif value is None:
            self.value = entry.value
        else:
            self.value = value // 1000 * 1000 + value % 1000 * entry.value
        if entry.suffix:
            yield self.say(f"{self.value}{entry.suffix}")

    def mark(self, word: str, kind: Kind, after: str | None) -> Iterator[str]:
        """Take a sign, a currency or ``per cent``."""
        if kind is Kind.SIGN and is_numeric(after):
            yield from self.flush()
            self.prefix = SIGNS[word]
            return
        if kind is Kind.SIGN or self.value is None:
            yield from self.flush(word)
            return
        if kind is Kind.CURRENCY:
            self.prefix = CURRENCIES[word]
            yield self.say(self.value)
        elif word == "percent" or after == "cent":
            self.skip = word == "per"
            yield self.say(f"{self.value}%")
        else:
            yield from self.flush(word)

    def join(self, word: str, before: str | None, after: str | None) -> Iterator[str]:
        """Take ``and``, ``double``, ``triple`` or ``point``, which mean something only before a number."""
        if word == "and" and is_numeric(after) and is_kind(before, Kind.LARGE):
            return
        if word == "and" or not is_numeric(after):
            yield from self.flush(word)
            return
        if word == "point":
            decimal = is_digit_word(str(after)) or str(after)[:1].isdigit()
            self.value = f"{self.value or ''}." if decimal else self.value
        elif is_kind(after, Kind.SMALL) or is_kind(after, Kind.ZERO):
            digit = WORDS[str(after)].value
            self.value = f"{self.value or ''}{str(digit) * (2 if word == 'double' else 3)}"
            self.skip = True
        else:
            yield from self.flush(word)


def scaled(value: Value, factor: int) -> int | None:
    """Return the product when it is a whole number; ``None`` otherwise."""
    try:
        product = Fraction(value) * factor
    except ValueError:  # digits that are no number: "1.2.3"
        return None
    return product.numerator if product.denominator == 1 else None


def is_numeric(word: str | None) -> bool:
    """Return whether a number can go on with this word."""
    return word is not None and (word in WORDS or DIGITS.match(word) is not None)


def polish(text: str, *, literal_one: bool) -> str:
    """Join dollars and cents, and write a lone 1 as a word."""
    if CURRENCY.search(text):
        text = re.sub(r"([€£$])([0-9]+) (?:and )?¢([0-9]{1,2})\b", join_cents, text)
        text = re.sub(r"[€£$]0.([0-9]{1,2})\b", lambda found: f"¢{int(found[1])}", text)
    return re.sub(r"\b1(s?)\b", r"one\1", text) if literal_one and "1" in text else text


ORDINARY: set[str] = set()  # words seen that are no part of a number
MOST_ORDINARY = 400_000


def read_numbers(words: list[str], reader: type[NumberReader] = NumberReader) -> list[str]:
    """Read the numbers among words: only the stretches that hold one, since any other word ends a number."""
    unusual = [place for place, word in enumerate(words) if word not in ORDINARY]
    places = [place for place in unusual if not is_ordinary(words[place])]
    if not places:
        return words
    done: list[str] = []
    start = end = places[0]
    copied = 0
    for place in [*places[1:], len(words) + 1]:
        if place == end + 1:
            end = place
            continue
        stretch = words[start : end + 1]
        done += words[copied:start]
        idle = all(word in IDLE for word in stretch)
        done += stretch if idle else reader(stretch).read()
        copied, start, end = end + 1, place, place
    return done + words[copied:]


def is_ordinary(word: str) -> bool:
    """Return whether a word can be no part of a number, and remember it if so."""
    if word in WORDS or word[0] in MARKS or word[0].isdigit():
        return False
    if len(ORDINARY) > MOST_ORDINARY:
        ORDINARY.clear()
    ORDINARY.add(word)
    return True


def join_cents(found: re.Match[str]) -> str:
    """Write ``$2 and ¢7`` as ``$2.07``."""
    return f"{found[1]}{found[2]}.{int(found[3]):02d}"


def split_numbers(text: str) -> str:
    """Write ``and a half`` as ``point five`` after a number, and part letters from digits except for ordinals."""
    pieces = re.split(r"\band\s+a\s+half\b", text) if "half" in text else [text]
    parts = []
    for piece in pieces[:-1]:
        if piece.strip():
            last = piece.rsplit(maxsplit=2)[-1]
            number = is_digit_word(last) or is_kind(last, Kind.LARGE)
            parts += [piece, "point five" if number else "and a half"]
    parts += pieces[-1:] if pieces[-1].strip() else []
    text = " ".join(parts)
    if not ASCII_DIGIT.search(text):
        return text
    text = re.sub(r"([a-z])([0-9])", r"\1 \2", text)
    text = re.sub(r"([0-9])([a-z])", r"\1 \2", text)
    return re.sub(r"([0-9])\s+(st|nd|rd|th|s)\b", r"\1\2", text)
