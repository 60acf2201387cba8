"""English numbers in words: whole ones, ordinals and years."""

from __future__ import annotations

from collections.abc import Iterator

from asrcli.text import numbers_english

SMALL = ("zero", *numbers_english.SMALL)
TENS = ("", "", *numbers_english.TENS)
LARGE = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"), (100, "hundred"))
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
            "twelve": "twelfth"}  # fmt: skip


def year(value: int) -> Iterator[str]:
    """Yield a year: nineteen oh five, twenty twenty six."""
    yield from number(value // 100)
    rest = value % 100
    yield from ("hundred",) if rest == 0 else ("oh", SMALL[rest]) if rest < 10 else tuple(number(rest))


def number(value: int) -> Iterator[str]:
    """Yield a whole number in words."""
    if value < 20:
        yield SMALL[value]
        return
    if value < 100:
        yield TENS[value // 10]
        if value % 10:
            yield SMALL[value % 10]
        return
    for scale, name in LARGE:
        if value >= scale:
            yield from number(value // scale)
            yield name
            if value % scale:
                yield from number(value % scale)
            return


def ordinal(value: int) -> Iterator[str]:
    """Yield an ordinal in words: twenty first."""
    *before, last = number(value)
    yield from before
    yield ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
