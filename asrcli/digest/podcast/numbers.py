"""Numbers and signs as a person reads them aloud: ranges, money, dates, fractions, comparisons, ordinals, years."""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Callable

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
UNITS = {
    "k": "thousand", "m": "million", "b": "billion", "t": "trillion", "%": "percent", "x": "times", "×": "times",
    "h": "hours", "ms": "milliseconds", "s": "seconds", "min": "minutes", "hz": "hertz", "khz": "kilohertz",
    "gb": "gigabytes", "mb": "megabytes", "db": "decibels", "°": "degrees", "kbps": "kilobits per second",
    "w": "watts", "mw": "milliwatts",
}  # fmt: skip
UNCOUNTED = (" times", " hertz", " kilohertz")  # said the same of one
MONEY = {"$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("pound", "pounds"), "¥": ("yen", "yen")}
SIGNS = {"<": "less than", ">": "more than", "≤": "at most", "≥": "at least", "=": "equals", "±": "plus or minus",
         "≈": "about", "~": "about", "∼": "about", "→": "to", "->": "to", "×": "times"}  # fmt: skip
_N = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_UNIT = r"ms|min|kHz|Hz|GB|MB|dB|kbps|mW|[kKMBTxXhsW%×°]"
_PLAIN = re.compile(rf"(?P<sign>[-−–+±~∼≈<>≤≥]?)(?P<number>{_N})(?P<unit>{_UNIT})?")
_RANGE = re.compile(rf"(?P<first>{_N})(?P<one>{_UNIT})?(?:[-–—]|\.\.)(?P<last>{_N})(?P<unit>{_UNIT})?")
_MONEY = re.compile(rf"(?P<sign>[$€£¥])(?P<number>{_N})(?P<unit>[kKMB])?")
_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])")
_FRACTION = re.compile(r"(?P<top>\d{1,2})/(?P<bottom>\d{1,3})")
_ORDINAL = re.compile(r"(?P<number>\d{1,3})(?:st|nd|rd|th)")
_COMPARED = re.compile(rf"(?P<name>[A-Za-z]{{1,3}})\s?(?P<sign>[<>≤≥=])\s?(?P<number>{_N})(?P<unit>{_UNIT})?")
_YEAR = re.compile(r"(?:19|20)\d{2}s?")
_VERSION = re.compile(r"v(?P<number>\d+(?:\.\d+)*)")
_ARROW = re.compile(rf"(?P<first>{_N})(?P<one>{_UNIT})?(?:->|→)(?P<last>{_N})(?P<unit>{_UNIT})?")
_TIMES = re.compile(r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)")
_POWER = re.compile(rf"(?:(?P<number>{_N})(?:[eE]|[×x·]10\^)|10\^)\{{?(?P<power>[-−]?\d{{1,2}})\}}?")
_HALVES = {2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters"), 5: ("fifth", "fifths"),
           6: ("sixth", "sixths"), 8: ("eighth", "eighths"), 10: ("tenth", "tenths")}  # fmt: skip
_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def say_numeric(word: str) -> str:
    """Return how a word that is a number, or several with a sign, is said; "" when it is something else."""
    for pattern, said in _FORMS:
        if found := pattern.fullmatch(word):
            return said(found)
    return ""


def whole(number: int) -> str:
    """Say a whole number in words."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f" {ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{ONES[number // 100]} hundred" + (f" {whole(number % 100)}" if number % 100 else "")
    for size, name in SCALES:
        if number >= size:
            rest = number % size
            return f"{whole(number // size)} {name}" + (f" {whole(rest)}" if rest else "")
    raise AssertionError(number)


def decimal(written: str) -> str:
    """Say a number with its decimals digit by digit; one too long to be said as a whole, too."""
    before, point, after = written.replace(",", "").partition(".")
    said = whole(int(before or 0)) if len(before) < 16 else " ".join(ONES[int(digit)] for digit in before)
    return " ".join([said, "point", *(ONES[int(digit)] for digit in after)]) if point else said


def unit(written: str | None) -> str:
    """Say a unit, with the space before it."""
    return f" {UNITS[written.lower()]}" if written else ""


def plain(found: re.Match[str]) -> str:
    """Say "1.7B", "-5", "±2%", "<5%"."""
    sign = found["sign"]
    first = {"": "", "+": "plus ", "-": "minus ", "−": "minus ", "–": "minus "}.get(sign, f"{SIGNS.get(sign, '')} ")
    name = unit(found["unit"])
    one = found["number"] == "1" and name not in UNCOUNTED
    return f"{first}{decimal(found['number'])}{name.removesuffix('s') if one else name}"


def between(found: re.Match[str]) -> str:
    """Say "5-10%"."""
    one = unit(found["one"]) if found["one"] != found["unit"] else ""
    last = unit(found["unit"])
    if found["last"] == "1" and last not in UNCOUNTED:
        last = last.removesuffix("s")
    return f"{decimal(found['first'])}{one} to {decimal(found['last'])}{last}"


def money(found: re.Match[str]) -> str:
    """Say "$18,862" and "$1.5M"."""
    names = MONEY[found["sign"]]
    return f"{decimal(found['number'])}{unit(found['unit'])} {names[found['number'] != '1' or bool(found['unit'])]}"


def day(found: re.Match[str]) -> str:
    """Say "2026-04-17"."""
    return f"{ordinal(int(found['day']))} of {month_name[int(found['month'])]} {year(found['year'])}"


def year(written: str) -> str:
    """Say a year: "twenty twenty six", "nineteen ninety five", "two thousand four"."""
    number = int(written.rstrip("s"))
    hundreds, rest = divmod(number, 100)
    if 2000 <= number < 2010:
        said = whole(number)
    elif rest == 0:
        said = f"{whole(hundreds)} hundred"
    else:
        said = f"{whole(hundreds)} {'oh ' if rest < 10 else ''}{whole(rest)}"
    return re.sub(r"y$", "ies", said) if written.endswith("s") else said


def ordinal(number: int) -> str:
    """Say "1st"."""
    words = whole(number).split()
    last = words[-1]
    words[-1] = _IRREGULAR.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return " ".join(words)


def fraction(found: re.Match[str]) -> str:
    """Say "2/3"; one without a name is "seven of nineteen"."""
    top, bottom = int(found["top"]), int(found["bottom"])
    if bottom in _HALVES and 0 < top < bottom:
        return f"{whole(top)} {_HALVES[bottom][top > 1]}"
    return f"{whole(top)} of {whole(bottom)}"


def compared(found: re.Match[str]) -> str:
    """Say "p<0.05"."""
    return f"{found['name']} {SIGNS[found['sign']]} {decimal(found['number'])}{unit(found['unit'])}"


def version(found: re.Match[str]) -> str:
    """Say "v3" and "v2.0"."""
    return "version " + " point ".join(whole(int(part)) for part in found["number"].split("."))


def power(found: re.Match[str]) -> str:
    """Say "10^-3" and "1e-5"."""
    minus = "minus " if found["power"][0] in "-−" else ""
    said = f"ten to the {minus}{whole(int(found['power'].lstrip('-−')))}"
    return f"{decimal(found['number'])} times {said}" if found["number"] else said


def clock(found: re.Match[str]) -> str:
    """Say "14:05"."""
    minute = int(found["minute"])
    return f"{whole(int(found['hour']))} {'oh ' if 0 < minute < 10 else ''}{whole(minute) if minute else 'hundred'}"


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_DATE, day),
    (_YEAR, lambda found: year(found[0])),
    (_MONEY, money),
    (_RANGE, between),
    (_ARROW, between),
    (_FRACTION, fraction),
    (_ORDINAL, lambda found: ordinal(int(found["number"]))),
    (_TIMES, clock),
    (_VERSION, version),
    (_COMPARED, compared),
    (_POWER, power),
    (_PLAIN, plain),
)
