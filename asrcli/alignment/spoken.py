"""Written words as they are said, so that digits and symbols can be aligned: ``$25`` is ``twenty five dollars``.

English is spelled out here; Chinese and Japanese digits are read as numerals. In other languages num2words does it
where it is installed; without it a number has no spoken form and its time comes from its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from asrcli.base.join import is_unspaced
from asrcli.text.cardinals import SMALL, number, ordinal, year

MONEY = {"$": ("dollar", "cent"), "£": ("pound", ""), "€": ("euro", "cent"), "¥": ("yen", ""), "₹": ("rupee", "")}
SIGNS = {"%": "percent", "&": "and", "+": "plus", "=": "equals", "@": "at", "#": "number", "°": "degrees", "×": "times",
         "÷": "divided by", "½": "half", "¼": "quarter", "§": "section", "~": "about", "<": "less than",
         ">": "greater than", "$": "dollars", "£": "pounds", "€": "euros", "¢": "cents"}  # fmt: skip
SCALES = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion", "tn": "trillion"}
SHORT = {"mr.": "mister", "mrs.": "missus", "ms.": "miz", "dr.": "doctor", "st.": "saint", "vs.": "versus",
         "vs": "versus", "etc.": "et cetera", "e.g.": "for example", "i.e.": "that is", "prof.": "professor",
         "no.": "number", "mt.": "mount", "jr.": "junior", "sr.": "senior"}  # fmt: skip
MOST_DIGITS = 15  # a longer run is said digit by digit

MONEY_AMOUNT = re.compile(r"([$£€¥₹])(\d[\d,]*)(?:\.(\d\d))?(k|m|bn|b|tn)?\b", re.IGNORECASE)
CLOCK = re.compile(r"(\d{1,2}):(\d\d)")
PART = re.compile(
    r"(?P<ordinal>\d[\d,]*(?:st|nd|rd|th)\b)|(?P<decimal>\d[\d,]*\.\d+)|(?P<number>\d{1,3}(?:,\d{3})+|\d+)"
    r"|(?P<word>[^\W\d_]+(?:['’-][^\W\d_]+)*)|(?P<sign>.)",
    re.IGNORECASE,
)
DIGITS = "零一二三四五六七八九"
PLACES = ("", "十", "百", "千")


@lru_cache(maxsize=65536)
def spoken_words(token: str, language: str | None) -> tuple[str, ...]:
    """Return the words that are said for a written one; () where nothing is (a dash) or nobody knows how."""
    code = (language or "en").split("-")[0]
    if any(is_unspaced(char) for char in token):
        return tuple(char for char in token if char.isalnum())
    if not any(char.isdecimal() for char in token):
        if code != "en":
            return _letters(token)
        if token.lower() in SHORT:
            return tuple(SHORT[token.lower()].split())
        if re.fullmatch(r"[\"'(]*(?:[A-Za-z]\.){2,}[,;:!?)\"']*", token):
            return tuple(re.findall("[A-Za-z]", token))
    if code == "en":
        return tuple(_english(token))
    if code in ("zh", "yue", "ja"):
        return tuple(_han(token))
    return tuple(_elsewhere(token, code))


def _letters(token: str) -> tuple[str, ...]:
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", token)
    return tuple(words)


def _english(token: str) -> Iterator[str]:
    at = 0
    while at < len(token):
        if amount := MONEY_AMOUNT.match(token, at):
            yield from _money(amount)
            at = amount.end()
        elif time := CLOCK.match(token, at):
            yield from _clock(int(time[1]), int(time[2]))
            at = time.end()
        else:
            part = PART.match(token, at)
            assert part is not None
            yield from _part(part, token)
            at = part.end()


def _part(part: re.Match[str], token: str) -> Iterator[str]:
    text = part[0]
    match part.lastgroup:
        case "ordinal":
            yield from ordinal(int(re.sub(r"\D", "", text)))
        case "decimal":
            whole, _, decimals = text.replace(",", "").partition(".")
            yield from (*number(int(whole)), "point", *(SMALL[int(digit)] for digit in decimals))
        case "number":
            yield from _run(text)
        case "word":
            yield text.replace("’", "'")
        case _:
            yield from _sign(text, token[: part.start()], token[part.end() :])


def _sign(sign: str, before: str, after: str) -> list[str]:
    """Return the words of a sign between what stands before and after it; none where it is not said."""
    if sign in SIGNS and (not (before or after) or sign not in "#~<>"):
        return SIGNS[sign].split()
    if sign in "-–" and re.match(r"\d", after):
        if not before:
            return ["minus"]
        return ["to"] if before[-1].isdecimal() else []
    return ["dot"] if sign in ".@" and before and after[:1].isalnum() else []  # of an address: example.com


def _run(digits: str) -> Iterator[str]:
    plain = digits.replace(",", "")
    value = int(plain)
    if len(plain) > MOST_DIGITS or (len(plain) > 1 and plain[0] == "0"):
        yield from (SMALL[int(digit)] for digit in plain)
    elif len(plain) == 4 and "," not in digits and (1100 <= value < 2000 or 2010 <= value < 2100) and value % 1000:
        yield from year(value)
    else:
        yield from number(value)


def _money(amount: re.Match[str]) -> Iterator[str]:
    unit, part = MONEY[amount[1]]
    whole = int(amount[2].replace(",", ""))
    cents = int(amount[3] or 0)
    yield from number(whole)
    if amount[4]:
        yield SCALES[amount[4].lower()]
    yield unit + ("s" if (whole != 1 or amount[4]) and unit != "yen" else "")
    if cents:
        yield from ("and", *number(cents), *((part + ("s" if cents != 1 else ""),) if part else ()))


def _clock(hours: int, minutes: int) -> Iterator[str]:
    yield from number(hours)
    if minutes:
        yield from ("oh", SMALL[minutes]) if minutes < 10 else tuple(number(minutes))


def _han(token: str) -> Iterator[str]:
    for part in re.finditer(r"\d+|[^\W\d_]+", token):
        yield from han_number(part[0]) if part[0].isdecimal() else (part[0],)


def han_number(digits: str) -> Iterator[str]:
    """Yield the characters of a number up to 9999; longer ones and those with a leading zero digit by digit."""
    if len(digits) > 4 or digits[0] == "0":
        yield from (DIGITS[int(digit)] for digit in digits)
        return
    pending = False
    for place, digit in zip(range(len(digits) - 1, -1, -1), map(int, digits), strict=True):
        if digit == 0:
            pending = True
            continue
        if pending:
            yield DIGITS[0]
            pending = False
        if not (digit == 1 and place == 1 and len(digits) == 2):
            yield DIGITS[digit]
        yield from PLACES[place]


def _elsewhere(token: str, code: str) -> Iterator[str]:
    for part in re.finditer(r"\d+|[^\W\d_]+(?:['’-][^\W\d_]+)*", token):
        if not part[0].isdecimal():
            yield part[0]
            continue
        try:
            from num2words import num2words

            yield from re.findall(r"[^\W\d_]+", num2words(int(part[0]), lang=code))
        except (ImportError, NotImplementedError, OverflowError):
            return
