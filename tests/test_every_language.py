"""Texts of every language with a rule of its own: what is one text and what is not, by the Unicode CLDR.

`data/cldr.jsonl` has for each language names of languages (and their capitals), words for 0 to 20, and numbers, per
cent and minus as Babel and ICU write them; the rows are made of these by what holds in every language.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from asrcli.text import local_numbers, number_words, signs
from asrcli.text.normalisers import build

LANGUAGES: dict[str, dict[str, Any]] = {
    facts["language"]: facts
    for facts in map(json.loads, (Path(__file__).parent / "data" / "cldr.jsonl").read_text().splitlines())
}
QUOTES = ("“{}”", "«{}»", "„{}“", '"{}"', "‘{}’", "({})", "\u200e{}\u200f", "\ufeff{}", "  {}\t")


def rows(facts: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield two texts, and whether they are one."""
    texts = facts["texts"]
    for one, other in (*facts["case"], *facts["same"]):
        yield one, other, True
    for text, quotes in zip(texts * 2, QUOTES, strict=False):
        yield quotes.format(text), text, True
    for text in texts:
        yield unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text), True
    for text, mark in zip(texts, facts["marks"], strict=False):
        yield text + mark, text, True
    for one, other in (*pairwise(texts), *pairwise(facts["words"])):
        yield one, other, False
    for number in ("5", "17"):
        yield number, f"{number}%", False
        yield "".join(chr(ord(digit) + 0xFEE0) for digit in number), number, True  # of full width


@pytest.mark.parametrize(
    "language", [pytest.param(one, marks=pytest.mark.slow if at % 2 else ()) for at, one in enumerate(LANGUAGES)]
)
def test_what_is_one_text_and_what_is_not(language: str) -> None:
    normalize = build("asr", language)
    made = list(rows(LANGUAGES[language]))
    wrong = [(one, other) for one, other, same in made if (normalize(one) == normalize(other)) is not same]
    assert len(made) >= 40 and wrong == []
    assert [one for one, _, _ in made if normalize(normalize(one)) != normalize(one)] == []


def test_every_language_with_a_rule_is_there() -> None:
    ruled = {*signs.PER_CENT, *signs.MINUS, *signs.BEFORE, *local_numbers.DOTLESS}
    ruled |= {*number_words.LANGUAGES, *local_numbers.KEYS}.union(*signs.WORDS.values())
    rules_alone = {"am", "ba", "oc", "tl"}  # or those of another code
    assert ruled - LANGUAGES.keys() <= rules_alone
