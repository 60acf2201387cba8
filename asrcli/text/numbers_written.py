"""English numbers as they are written, in words: fractions, ranges, the clock, units, Roman numerals, addresses.

Each function takes what a pattern of `asrcli.text.written_english` has found.
"""

from __future__ import annotations

import re

from asrcli.text import tables
from asrcli.text.cardinals import number, ordinal
from asrcli.text.numbers_english import LARGE, SMALL, TENS
from asrcli.text.ordinals import roman_value
from asrcli.text.signs import PARTS, is_range

UNITS, MONTHS, SCALES = (tables.named("english.txt")[name] for name in ("units", "months", "scales"))
COUNTING = frozenset((*TENS, "hundred", *LARGE, "and", "point", "minus", "plus", *SMALL))
HALVES = frozenset(("1/2", "1/3", "2/3", "1/4", "3/4"))  # others may be dates: 5/8


def fraction(above: str, below: str) -> str:
    """Return a fraction in words."""
    if below == "2":
        return "half"
    name = "quarter" if below == "4" else " ".join(ordinal(int(below)))
    return f"{' '.join(number(int(above)))} {name}{'s' * (above != '1')}"


def part(found: re.Match[str]) -> str:
    """Return a fraction in words, behind a whole number or not; two other numbers are said as such: 24/7."""
    whole, above, below = found[1], found[2], found[4]
    if whole and (share := PARTS.get(f"{above}/{below}")):
        return whole.strip() + share
    proper = 0 < int(above) < int(below) and "0" not in (above[0], below[0])
    if proper and (whole or found[3] == "\u2044" or f"{above}/{below}" in HALVES):
        return f"{whole}and {fraction(above, below)}" if whole else f" {fraction(above, below)} "
    words = (one if one[0] == "0" else " ".join(number(int(one))) for one in (above, below))
    return f"{whole or ''} {' '.join(words)} "


def scaled(found: re.Match[str]) -> str:
    """Return money with what stands for thousands or millions behind it in words: $5m."""
    return f"{found[1]} {SCALES[found[2].strip().lower()]}"


def clock(found: re.Match[str]) -> str:
    """Return a time of the clock as it is said: five thirty, zero thirty."""
    return f"0 {found[2]}" if int(found[1]) == 0 else f"{int(found[1])}{found[2]}"


def spoken_digits(found: re.Match[str]) -> str:
    """Return ``1, 2, 3`` without commas, as it is without; in ``twenty one, two, three`` they part numbers."""
    before = found.string[: found.start()].replace("-", " ").split()
    return found[0] if before and before[-1] in COUNTING else " ".join(re.split(r"[,\s]+", found[0]))


def domain(found: re.Match[str]) -> str:
    """Return the end of an address as it is said: ``.co.uk`` as dot co dot uk."""
    return "".join(f" dot {part}" for part in found.groups() if part)


def stretch(found: re.Match[str]) -> str:
    """Return ``10-15`` as 10 to 15, and years; what is no such range, as a telephone number or a result, as it is."""
    money, low, high = found[1], found[2], found[4]
    if not is_range(low, high, "."):
        return found[0]
    other = found[0][found.end(3) - found.start() :].lstrip(" –-")
    return f"{money}{low}{found[3]} to {other}" if not money or other[0] in "$£€" else f"{low} to {money}{other}"


def unit(found: re.Match[str]) -> str:
    """Return a number and its unit in words."""
    words = found.string[max(0, found.start() - 20) : found.start()]  # the one before, and "and"
    before = words.lower().replace("-", " ").removesuffix(" and ").split()[-1:]
    one = found[1].lower() in ("1", "one") and not {*TENS, "hundred", *LARGE, "point"}.intersection(before)
    single, _, several = UNITS[found[2]].partition("|")
    return f"{found[1]} {single if one else several or single}".replace("(s)", "" if one else "s")


def roman(found: re.Match[str]) -> str:
    """Return a Roman numeral behind its word: of a chapter as a number, of a king as an ordinal."""
    value = roman_value(found[3])
    return f"{found[1]} {value}" if found[1] else f"{found[2]} the {' '.join(ordinal(value))}"
