"""Abbreviations and what a paper says they stand for (the method of Schwartz and Hearst, 2003)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHORT = re.compile(r"\(\s*([A-Za-z][\w/&-]{1,9})\s*(?:\)|[;,])")


@dataclass(frozen=True, slots=True)
class Term:
    """An abbreviation with its long form, which stands at a place of the text."""

    short: str
    long: str
    start: int
    end: int


def terms_of(text: str) -> list[Term]:
    """Return the abbreviations that a text explains, each where it does so first."""
    found: dict[str, Term] = {}
    for match in _SHORT.finditer(text):
        short = match[1]
        if short in found or sum(char.isupper() for char in short) < 2 or short.endswith("-"):
            continue
        before = text[max(0, match.start() - 160) : match.start()]
        if before.rstrip().endswith("]"):
            continue  # of what is cited
        window = re.split(r"[.;:()](?=\s)", before)[-1].rstrip()
        # At most so many words (Schwartz and Hearst): further back stands something else.
        window = " ".join(window.split(" ")[-min(len(short) + 5, 2 * len(short)) :])
        start = long_form(short, window)
        if start is None:
            continue
        long = window[start:]
        begin = match.start() - (len(before) - len(before.rstrip())) - len(long)
        if len(long) > len(short) and text[begin : begin + len(long)] == long:
            found[short] = Term(short, long, begin, begin + len(long))
    return list(found.values())


def long_form(short: str, window: str) -> int | None:
    """Return where the long form begins: every letter in order, the first one at the beginning of a word."""
    letters = [char.lower() for char in short if char.isalnum()]
    if len(letters) > 2 and letters[-1] == "s" and short[-1] == "s":
        letters.pop()  # the plural of an abbreviation
    at = len(window) - 1
    for number in range(len(letters) - 1, -1, -1):
        first = number == 0
        while at >= 0 and (
            window[at].lower() != letters[number] or (first and at > 0 and not window[at - 1].isspace())
        ):
            at -= 1
        if at < 0:
            return None
        at -= 1
    return at + 1
