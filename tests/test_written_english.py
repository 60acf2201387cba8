"""The English rules of ``asr``: what is written in two ways is one text, and no other; nothing gets lost."""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asrcli.text.normalisers import build, build_cutter
from asrcli.text.written_english import APART, AS_IS

ROWS = [
    line.split("\t")
    for line in (Path(__file__).parent / "data/scoring/written_english.tsv").read_text().splitlines()
    if line and line[0] in "=!"
]
ENGLISH = build("asr", "en")


def test_what_is_written_in_two_ways_is_one_text_and_nothing_else() -> None:
    assert len(ROWS) > 600
    wrong = [row for row in ROWS if (ENGLISH(row[1]) == ENGLISH(row[2])) != (row[0] == "=")]
    assert wrong == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("June third, 1871", "June 3, 1871", True),
        ("MARCH TWENTY FIRST", "March 21st", True),
        ("the first May", "the 1st May", True),
        ("June third", "June 4", False),
        ("the third man", "the 3 man", False),
        ("June 33rd", "June 33", False),
    ],
)
def test_days_beside_their_months(one: str, other: str, same: bool) -> None:
    assert (ENGLISH(one) == ENGLISH(other)) is same
    assert build_cutter("asr", "en")(one) == ENGLISH(one).split()


SIZES = [
    *range(1, 121),
    *range(125, 1000, 37),
    *range(1000, 10_000, 613),
    12_345,
    100_000,
    250_001,
    1_000_000,
    7_654_321,
]


def test_numbers_in_digits_are_numbers_in_words() -> None:
    """Against num2words: cardinal numbers with and without thousands marks, ordinals, money, percentages."""
    num2words = pytest.importorskip("num2words").num2words
    for size in SIZES:
        words = num2words(size)
        assert ENGLISH(f"{size:,}") == ENGLISH(str(size)) == ENGLISH(words), words
        assert ENGLISH(f"we saw {size:,} cats.") == ENGLISH(f"We saw {words} cats"), words
        assert ENGLISH(f"{size}%") == ENGLISH(f"{words} percent") == ENGLISH(f"{words} per cent"), words
        assert ENGLISH(f"${size:,}") == ENGLISH(f"{words} dollars" if size > 1 else "one dollar"), words
        assert ENGLISH(num2words(size, to="ordinal_num")) == ENGLISH(num2words(size, to="ordinal")), words
    texts = [ENGLISH(str(size)) for size in SIZES]
    assert len(set(texts)) == len(SIZES)


def test_years_and_decimals_in_words() -> None:
    num2words = pytest.importorskip("num2words").num2words
    for year in (*range(1901, 2000, 7), *range(2011, 2030)):
        assert ENGLISH(f"in {year}.") == ENGLISH(f"In {num2words(year, to='year')}"), year
    for tenths in range(1, 100):
        if tenths % 10:
            assert ENGLISH(f"{tenths / 10} miles") == ENGLISH(f"{num2words(tenths / 10)} miles"), tenths


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_the_clock_in_words(step: int) -> None:
    num2words = pytest.importorskip("num2words").num2words
    for hour in range(1, 13):
        for minute in range(1, 60, step):
            said = f"{num2words(hour)} {'oh ' if minute < 10 else ''}{num2words(minute)}"
            for half in ("", " am", " p.m."):
                assert ENGLISH(f"at {hour}:{minute:02}{half}") == ENGLISH(f"at {said}{half}"), said


@cache
def signs() -> list[str]:
    """Return punctuation, symbols, blanks and some that are no characters."""
    return [
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if (kind := unicodedata.category(char))[0] in "PSZ"
        or kind in ("Cc", "Cf")
        or (kind[0] == "C" and ord(char) % 997 == 0)
    ]


@pytest.mark.parametrize(
    "language", ["en", *(pytest.param(one, marks=pytest.mark.slow) for one in (None, "de", "zh", "ar"))]
)
def test_no_sign_of_all_unicode_behind_a_word_changes_the_words(language: str | None) -> None:
    normalize = build("asr", language)
    assert len(signs()) > 9_000
    changed = [
        f"U+{ord(char):04X}"
        for char in signs()
        if normalize(f"word{char}") != "word"
        or normalize(f"{char}word") != "word"
        or normalize(f"word{char} so") != "word so"
    ]
    assert changed == []


def test_units_in_one_sign_are_words_behind_a_number() -> None:
    assert build("asr", None)("word㎞ so") == "word so"
    assert build("asr", "ja")("5㎞") == build("asr", "ja")("5km")


@given(st.text(alphabet="ab oneitwyhudrd'2051.,:;!?$%&¢½€£<>-#@+=\ue001\ue002… mp", max_size=40))
@settings(max_examples=300, deadline=None)
def test_words_are_those_of_the_text_and_no_mark_of_ours_is_left(text: str) -> None:
    found = ENGLISH(text)
    assert APART not in found and AS_IS not in found
    assert build_cutter("asr", "en")(text) == found.split()
    assert found == " ".join(found.split())


BETWEEN = ("so", "people", "the", "twenty", "5", "and", "point", "positive", "per", "dollar", "double")


def test_no_word_of_the_numbers_disappears_between_others() -> None:
    """Only what a number is said with: "and" in "hundred and five", "one" in "one hundred"; a word said twice."""
    for word in (
        "point",
        "second",
        "third",
        "half",
        "cent",
        "double",
        "per",
        "plus",
        "minus",
        "positive",
        "dollar",
        "oh",
        "ninth",
    ):
        for before in BETWEEN:
            for after in BETWEEN:
                if word in (before, after):
                    continue
                assert ENGLISH(f"{before} {word} {after}") != ENGLISH(f"{before} {after}"), (before, word, after)


@pytest.mark.parametrize("word", ["people", "mm", "second", "o'clock", "a"])
def test_no_word_behind_a_number_disappears(word: str) -> None:
    assert ENGLISH(f"5 {word} there") != ENGLISH("5 there")


@pytest.mark.parametrize("name", ["asr", "whisper-en", "open-asr-leaderboard"])
@pytest.mark.parametrize(
    "text",
    [
        "1" * 5_000,
        "1" + ",111" * 2_000,
        "1" * 5_000 + " million",
        "0." + "1" * 5_000,
        "five and a half million " * 1_500,
    ],
)
def test_digits_in_a_loop_are_no_crash(name: str, text: str) -> None:
    assert len(build(name, "en")(text)) >= 5_000
