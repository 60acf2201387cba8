"""Numbers in words: whole ones, decimals, ordinals, years, fractions."""

from __future__ import annotations

import re

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
LONGEST = 15  # digits; more are said one by one
_HALVES = {2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters")}
_IRREGULAR = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


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


def digits(written: str) -> str:
    """Say digits one by one."""
    return " ".join(ONES[int(digit)] for digit in written)


def decimal(written: str) -> str:
    """Say a number with its decimals digit by digit; one that is a code ("007", 16 digits) too."""
    before, point, after = re.sub(r"[,\s]", "", written).partition(".")
    code = len(before) > LONGEST or (len(before) > 1 and before[0] == "0")
    said = digits(before) if code else whole(int(before or 0))
    return f"{said} point {digits(after)}" if point else said


def parts(written: str) -> str:
    """Say a number of a version: "3.11" is "three point eleven"."""
    return " point ".join(decimal(part) for part in written.split("."))


def year(written: str) -> str:
    """Say a year: "twenty twenty six", "nineteen ninety five", "two thousand four"; "1990s" is a decade."""
    number = int(written.rstrip("s"))
    hundreds, rest = divmod(number, 100)
    if 2000 <= number < 2010:
        said = whole(number)
    elif rest == 0:
        said = f"{whole(hundreds)} hundred"
    else:
        said = f"{whole(hundreds)} {'oh ' if rest < 10 else ''}{whole(rest)}"
    return several(said) if written.endswith("s") else said


def several(said: str) -> str:
    """Say "nineties", "hundreds"."""
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"


def ordinal(number: int) -> str:
    """Say "1st"."""
    words = whole(number).split()
    last = words[-1]
    words[-1] = _IRREGULAR.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return " ".join(words)


def fraction(top: int, bottom: int) -> str:
    """Say "2/3", "1/16"; one that is rather a count of things is "seven of nineteen", and a split "eighty twenty"."""
    if 0 < top < bottom and (bottom in _HALVES or bottom in (5, 6, 8, 10) or top == 1):
        if bottom in _HALVES:
            return f"{whole(top)} {_HALVES[bottom][top > 1]}"
        return f"{whole(top)} {ordinal(bottom)}{'s' if top > 1 else ''}"
    return f"{whole(top)} {'of ' if top < bottom else ''}{whole(bottom)}"
