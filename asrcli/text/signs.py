"""Signs beside numbers as the words that a language says for them: minus, per cent, money, degrees, units, number.

`tables/signs.txt` has the words of the Unicode CLDR, in the form that the number asks for. A sign without a word stays
as a word of its own: 5 and -5, 5 € and 5 $ are never one text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache

from asrcli.text import tables

WORDS = tables.named("signs.txt")
PER_CENT, BEFORE, MINUS, PLUS, TIMES, DIVIDED, TO, NUMBERED, SECTION, CELSIUS, CENTS, AND = (
    WORDS.pop(name)
    for name in "per_cent per_cent_before minus plus times divided to number section celsius cents and".split()
)
CODES = {"EUR": "€", "USD": "$", "GBP": "£"}
COINS = ("R$", "Kč", "zł", "kr", "Ft")  # money in letters
MONEY = frozenset("$£¤¥฿؋৳៛﷼௹૱").union(map(chr, range(0x20A0, 0x20C1)))
KEPT = MONEY | set("°‰×÷±")
WIDE = str.maketrans("￥＄￡￦％؉℃", "¥$£₩%‰℃")
AT_NUMBER = 0xF0000  # what a sign that stays at its number is moved by, until all others are gone
STROKE = chr(AT_NUMBER + ord("/"))
DIGIT = re.compile(r"\d")
BLANK = "[ \u00a0\u2009\u202f\u200e\u200f]{0,3}"
# Of a number, and not between two; before it stand the end of a word, a bracket or a script without spaces.
SIGN = re.compile(
    r"(?<!\d[ \u00a0\u202f])(?<!\d:)(?<![^\s(\[{=<>±«„“‘\"'»:\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u309f"
    r"\u4e00-\u9fff])[-−–﹣－](?=[€$£¥]?\d)"
)
OPERATORS = frozenset("-−–﹣－+＋負×÷±")
BETWEEN = re.compile(rf"(?<=\d){BLANK}[+＋]{BLANK}(?=\d)|(?<!\S)[+＋](?=\d)")
CALCULATED = re.compile(rf"(?<=\d){BLANK}([×÷]){BLANK}(?=\d)|(±){BLANK}(?=\d)")
RANGE = re.compile(
    rf"(?<![\w.,:/–-])(\d{{1,4}}(?:,\d+)?)(%?)(?:-| ?– ?)(\d{{1,4}}(?:,\d+)?)(?![\w:/–-]|[.,]\d)(?!{BLANK}[=+×÷])"
)
TRADITIONAL_MINUS = re.compile(r"負(?=\s*[\d零一二三四五六七八九十百千兩两])")
SHORT_NUMBER = re.compile(r"(?<![\w.])(?:№|n[ºo°]\.?(?<!no)|n\.[ºo°]|n[ro]\.|nr|núm\.|č\.) ?(?=\d)", re.IGNORECASE)
OF = {"es": "de", "pt": "de", "ca": "de", "fr": "de", "it": "di"}  # between millions and money
PARTS = {"½": ".5", "¼": ".25", "¾": ".75", "1/2": ".5", "1/4": ".25", "3/4": ".75"}
PART = re.compile(r"(?<![\w/.,])(\d+)(?:[ \u00a0\u2009\u202f]?(?=[½¼¾])| (?=\d/))([½¼¾]|1/[24]|3/4)(?![\d/])")
FRACTION = re.compile(r"(?<![\w/.,])(\d{1,2})[/\u2044\u2215](\d{1,2})(?![\d/]|[.,]\d)")
VULGAR = re.compile("[¼-¾⅐-⅞↉]")
THOUSANDS_OF_MONEY = re.compile(r"(?<![\w.,])(\d{1,6}(?:[.,]\d{1,2})?)[ \u00a0\u202f]?([kM])(?=[€$£])")
COUNTRY = re.compile(r"(\$)[ \u00a0]?US\b|\b(?:UK|GB)£|£GB\b")  # 5 $US, £GB
UNSPACED = frozenset(("ja", "ko", "zh", "yue", "th", "lo", "km", "my"))
NUMBER = rf"\d+(?:[.,'٫٬\u00a0\u202f]\d+)*(?:{STROKE}\d+)?"
LARGE = r"(?i:mi[lo]|bil|mld|mrd|mln|trl|tausend|тыс|мл|万|億|亿|萬|만|억)[^\W\d]*\.?(?: d[ei]\b| d['’])?"
FEW = frozenset(("cs", "sk", "pl", "ru", "uk", "be", "sr", "hr", "bs"))
BY_LAST = frozenset(("ru", "uk", "be", "sr", "hr", "bs", "is", "mk"))  # 21 goes with the form for one
# Others with more than two forms, by the plural rules of the CLDR: the form of whole numbers, and that of parts.
PLURALS: Mapping[str, tuple[Callable[[int], int], int]] = {
    "ar": (lambda n: 0 if n == 1 else 1 if 3 <= n % 100 <= 10 else 2 if n % 100 > 10 else 3, 3),
    "ga": (lambda n: 0 if n == 1 else 1 if n == 2 else 2 if 3 <= n <= 6 else 3 if 7 <= n <= 10 else 4, 4),
    "lt": (lambda n: 2 if n % 10 == 0 or 11 <= n % 100 <= 19 else 0 if n % 10 == 1 else 1, 3),
    "lv": (lambda n: 2 if n % 10 == 0 or 11 <= n % 100 <= 19 else 0 if n % 10 == 1 else 1, 1),
    "ro": (lambda n: 0 if n == 1 else 1 if n == 0 or 1 <= n % 100 <= 19 else 2, 1),
    "sl": (lambda n: {1: 0, 2: 1, 3: 2, 4: 2}.get(n % 100, 3), 2),
}
FRACTION_OF_ONE = frozenset(("fr", "pt", "hy", "hi", "bn", "gu", "kn", "fa", "as", "pa"))  # 0 and 1.5 likewise


def read_parts(text: str) -> str:
    """Return a text in which 2½ and 2 1/2 are 2.5."""
    return PART.sub(lambda found: found[1] + PARTS[found[2]], text)


def fraction(above: str, below: str) -> str:
    """Return a fraction below one with its stroke, and other numbers said one after the other: 24/7."""
    return f" {above}{STROKE if 0 < int(above) < int(below) <= 10 else ' '}{below} "


def keep_fractions(text: str) -> str:
    """Return a text in which the stroke of a fraction is no sign that is left out: ½ and 1/2 are not 1 2."""
    text = VULGAR.sub(lambda found: fraction(*unicodedata.normalize("NFKC", found[0]).split("\u2044")), text)
    return FRACTION.sub(lambda found: fraction(found[1], found[2]), text)


def is_range(low: str, high: str, mark: str) -> bool:
    """Return whether two numbers with a dash between them are from one to the other: no telephone number, no result.

    Args:
        low: digits, with marks for thousands or not, and
        high: the other.
        mark: what parts decimals.
    """
    plain = low.isdecimal() and high.isdecimal()
    fits = len(high) - len(low) in (0, 1) and len(high) < 4
    years = len(low) == len(high) == 4 and high < "2100"
    small, large = (float(re.sub(rf"[^\d{mark}]", "", number).replace(mark, ".")) for number in (low, high))
    return small < large and not re.match(r"0\d", low) and (not plain or fits or years)


def say_operators(text: str, language: str) -> str:
    """Return a text in which the sign of a number, and those between two numbers, are the words for them."""
    if OPERATORS.isdisjoint(text):
        return text
    minus, plus = MINUS.get(language, "minus"), PLUS.get(language, "plus")
    if minus == "负":
        text = TRADITIONAL_MINUS.sub(minus, text)
    words = {"×": TIMES.get(language), "÷": DIVIDED.get(language), "±": f"{plus} {minus}"}

    def calculated(found: re.Match[str]) -> str:
        """Return the word for a sign, or the sign as a word of its own."""
        sign = found[1] or found[2]
        return f" {words[sign] or chr(AT_NUMBER + ord(sign))} "

    def stretch(found: re.Match[str]) -> str:
        """Return a range as it is said."""
        if not is_range(found[1], found[3], ","):
            return found[0]
        return f"{found[1]}{found[2]} {TO[language]} {found[3]}"

    text = CALCULATED.sub(calculated, BETWEEN.sub(f" {plus} ", text))
    if language in TO:
        text = RANGE.sub(stretch, text)
    return SIGN.sub(f" {minus} ", text)


def per_cent(text: str, language: str) -> str:
    """Return a text in which per cent is a sign right behind its number."""
    if (word := BEFORE.get(language)) is not None:
        text = re.sub(rf"(?:(?<!\d)%|\b{word}) ?(\d+(?:[./]\d+)?)", r"\1%", text)
    if (words := PER_CENT.get(language)) is not None:
        ends = "" if language in UNSPACED else r"(?!\w)"
        text = re.sub(rf"(?<=\d)\s*(?:{words}){ends}", "%", text)
    return re.sub(r"(?<=\d)\s+%", "%", text)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """Return the pattern of signs with their number: money before it, and all behind it."""
    own = sorted((name for name in WORDS if language in WORDS[name]), key=len, reverse=True)
    signs = [name for name in own if name[-1] in MONEY]
    money = "|".join(
        (
            *map(re.escape, signs),
            f"[{''.join(sorted(MONEY.difference(signs)))}]",
            *CODES,
            r"(?:US|CA|AU|HK|NZ|[CA]) ?\$",
        )
    )
    units = "|".join(re.escape(name) for name in own if name[-1] not in KEPT and name != "м")
    units = rf"(?:{units})(?![\w²³/·'’-])|" if units else ""
    alone = "" if language == "it" else r"|°(?![\w'])"
    return re.compile(
        rf"(?<!\w)({money}|‰){BLANK}({NUMBER}(?:[-–]{NUMBER})?)(?: ({LARGE})(?!\w))?(?![\d%]|[.,]\d)"
        rf"|(?<![\w.,/{STROKE}])(?<!\d['٫٬\u00a0\u202f])({NUMBER})(?: ({LARGE})(?!\w))?"
        rf"{BLANK}(℃|°{BLANK}[cC]\b|‰|{units}(?<=[ \u00a0])м(?![\w/])|(?:{money})(?!\w){alone})"
    )


def _form(number: str, words: list[str], language: str) -> str:
    """Return the form of a word that a number asks for."""
    number = re.split("[-–]", number)[-1]
    number = re.sub(r"(?<=\d)[.\u00a0\u202f'](?=\d{3}(?!\d))", "", number)
    whole = number.isdecimal()
    last, tens = int(number[-1]), int(number[-2:]) if number[-2:].isdecimal() else int(number[-1])
    if number == "1" or len(words) == 1:
        return words[0]
    if language in PLURALS:
        form, part = PLURALS[language]
        return words[min(form(int(number)) if whole else part, len(words) - 1)]
    if whole and language in BY_LAST and last == 1 and tens != 11:
        return words[0]
    if language in FRACTION_OF_ONE and re.match(r"[01][.,]|0$", number):
        return words[0]
    if language not in FEW:
        return words[-1]
    if not whole:
        return words[3] if len(words) > 3 else words[1]
    few = number in ("2", "3", "4") if language in ("cs", "sk") else 2 <= last <= 4 and tens not in (12, 13, 14)
    return words[1] if few else words[2]


def _thousands_of_money(found: re.Match[str]) -> str:
    """Return 5 M€ as 5000000 €."""
    return f"{Decimal(found[1].replace(',', '.')) * (1000 if found[2] == 'k' else 10**6):.0f} "


def say_signs(text: str, language: str) -> str:
    """Return a text in which a sign of money, degrees or a unit at a number is the word for it, behind the number."""
    if not DIGIT.search(text):
        return text
    text = THOUSANDS_OF_MONEY.sub(_thousands_of_money, text.translate(WIDE))
    text = re.sub(r"(?<=\d[ \u00a0\u202f])\$(?=(?!US)[A-Z]{2,3}\b)", "$ ", text)  # 5 $CA
    text = COUNTRY.sub(lambda found: "US$" if found[1] else "£", text)
    if language in ("zh", "yue"):
        text = re.sub(rf"(?<=\d){BLANK}(?:℃|°{BLANK}[cC]\b)", "摄氏度", text)
    if language in NUMBERED:
        text = SHORT_NUMBER.sub(f"{NUMBERED[language]} ", text)
    if language in SECTION:
        text = re.sub(rf"(?<!§)§{BLANK}?(?=\d)", f"{SECTION[language]} ", text)

    def said(found: re.Match[str]) -> str:
        """Return the number and its unit in a word."""
        sign, number, large = (found[1], found[2], found[3]) if found[1] else (found[6], found[4], found[5])
        degrees = sign[-1] in "cC℃" and sign not in WORDS
        whose = f"{sign[:-1].strip().lower()} " if sign[1:].endswith("$") and sign not in WORDS else ""
        sign = "°" if degrees else CODES.get(sign, sign[-1] if whose else sign)
        if sign in MONEY or sign in COINS:
            number = re.sub(r"(?<=\d)[.,]00$", "", number)
        large = large and f"{large} {OF.get(language, '')}".strip() if found[1] else large
        many = f"{number} {large}" if large else number
        own = WORDS.get(sign, {}).get(language)
        if own is None:
            kept = "".join(chr(AT_NUMBER + ord(char)) if char in KEPT else char for char in sign)
            return f"{many} {whose}{kept}{' c' if degrees else ''} "
        word = _form(number if not large else "5", own.split("|"), language)
        if many.endswith(("'", "’")) or (many.endswith(" de") and language in ("fr", "ca") and word[0] in "eé"):
            many = many.rstrip("e'’") + "'"
        space = "" if language in UNSPACED or many.endswith("'") else " "
        return f"{many}{space}{whose}{word}" + (f" {CELSIUS.get(language, 'celsius')}" if degrees else "")

    text = _pattern(language).sub(said, text)
    return re.sub("(?<=\\d)°", "º", text) if language == "it" else text  # an ordinal there


@cache
def _cents(language: str, ones: str) -> re.Pattern[str]:
    """Return the pattern of money with cents: a number or one, its currency, and what is more than that."""
    coins = {form for name in (*MONEY, *COINS) for form in WORDS.get(name, {}).get(language, "").split("|")}
    words = "|".join(sorted(coins - {""}, key=len, reverse=True))
    cents, joint = CENTS[language], AND[language]
    last = "" if language in ("es", "it", "pt", "ca") else r"(?=\d\d$)"  # "und fünfzig" may begin something else
    behind = rf"(?:(?:(?:{joint}) )?(\d\d?) (?:{cents})|(?:(?:{joint}) {last})?(\d\d)(?!\.\d| ?%| (?:{words})))(?!\w)"
    return re.compile(rf"(?<![\w.,])(\d+|{ones}) ({words}) {behind}|(?<![\w.,])(\d+)\.00 (?={words})")


def join_cents(text: str, language: str, ones: str) -> str:
    """Return a text, its numbers in digits, in which money is one number: 12 euro 50 cent is 12.50 euro.

    Args:
        text: small letters without marks, parted by single spaces.
        language: one that number words are read of.
        ones: its words for one, by |.
    """

    def joined(found: re.Match[str]) -> str:
        """Return money as a decimal."""
        if found[5]:
            return f"{found[5]} "
        number = f"{found[1] if found[1].isdecimal() else 1}.{found[3] or found[4]:0>2}"
        own = next(row[language] for row in WORDS.values() if found[2] in row.get(language, "").split("|"))
        return f"{number} {_form(number, own.split('|'), language)}"

    return _cents(language, ones).sub(joined, text)
