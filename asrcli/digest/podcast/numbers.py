"""Numbers in words: whole ones, decimals, ordinals, years, fractions."""

from __future__ import annotations

import re

from asrcli.text import cardinals

LONGEST = 15  # digits; more are said one by one
_HALVES = {2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters")}


def whole(number: int) -> str:
    """Say a whole number in words."""
    return " ".join(cardinals.number(number))


def digits(written: str) -> str:
    """Say digits one by one."""
    return " ".join(cardinals.SMALL[int(digit)] for digit in written)


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
    said = whole(number) if 2000 <= number < 2010 else " ".join(cardinals.year(number))
    return several(said) if written.endswith("s") else said


def several(said: str) -> str:
    """Say "nineties", "hundreds"."""
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"


def ordinal(number: int) -> str:
    """Say "1st"."""
    return " ".join(cardinals.ordinal(number))


def fraction(top: int, bottom: int) -> str:
    """Say "2/3", "1/16"; one that is rather a count of things is "seven of nineteen", and a split "eighty twenty"."""
    if 0 < top < bottom and (bottom in _HALVES or bottom in (5, 6, 8, 10) or top == 1):
        if bottom in _HALVES:
            return f"{whole(top)} {_HALVES[bottom][top > 1]}"
        return f"{whole(top)} {ordinal(bottom)}{'s' if top > 1 else ''}"
    return f"{whole(top)} {'of ' if top < bottom else ''}{whole(bottom)}"
