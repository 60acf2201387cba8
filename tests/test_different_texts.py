"""Different numbers are different texts, the same number is one: rows by rule, and num2words as the speller."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asrcli.text.normalisers import build
from asrcli.text.number_words import LANGUAGES as SPELLED
from tests.test_number_words import COUNTED, is_right, spelled
from tests.test_signs import LANGUAGES

TABLE = Path(__file__).parent / "data/scoring/written_languages.tsv"
ROWS = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines() if line[:1].isalpha()]


@cache
def normaliser(language: str) -> Callable[[str], str]:
    """Return the normaliser of a language, made once."""
    return build("asr", language)


@pytest.mark.parametrize(
    "language",
    [
        pytest.param(one, marks=pytest.mark.slow if at % 5 else ())
        for at, one in enumerate(sorted({row[0] for row in ROWS}))
    ],
)
def test_what_is_written_in_two_ways_is_one_text_and_nothing_else(language: str) -> None:
    normalize = normaliser(language)
    rows = [row for row in ROWS if row[0] == language]
    assert [row for row in rows if (normalize(row[2]) == normalize(row[3])) != (row[1] == "=")] == []


# By its meaning, whatever the language: what a sign, a blank or a zero makes another number.
DIFFERENT = """
5 6|56  1.5|15  1,5|15  1.5|1 5  -5|5  +5|5  ±5|5  10:00|1000  3:1|31  5–7|57  5-7|57  5/7|57  ½|12  ½|1 2  ⅓|13  ⅓|1 3
2½|212  2½|21/2  10²|102  5³|53  05|5  007|7  00|0  0.5|5  0,5|5  0.5|05  1,2,3|123  24/7|247  3×4|34  3 × 4|3 4
3×4|3÷4  6÷2|62  3+4|34  3+4|3 4  2024-05-01|20240501  555-1234|5551234  5%|5  5‰|5%  5 €|5  5€|5$  5 °C|5  1.2.3|123
1e5|15  5 M€|5 m  5 M€|5 €  1 000 000|1000 000  5.000.000|5.000  1000|100  12|21
"""
PAIRS = [tuple(pair.split("|")) for line in DIFFERENT.strip().splitlines() for pair in line.split("  ")]
EVERY = [None, *LANGUAGES]


@pytest.mark.parametrize(
    "language", [pytest.param(one, marks=pytest.mark.slow if at % 8 else ()) for at, one in enumerate(EVERY)]
)
def test_signs_blanks_and_zeros_make_another_number(language: str | None) -> None:
    normalize = build("asr", language)
    dialled = [("1,2,3", "123")] if language == "en" else []  # three digits one by one are a number
    assert [pair for pair in PAIRS if normalize(pair[0]) == normalize(pair[1])] == dialled
    texts = [f"x {one} y" for pair in PAIRS for one in pair]
    assert [text for text in texts if normalize(normalize(text)) != normalize(text)] == []


# 5G is no 5 g, which it looks like in small letters; a thorn becomes th, as behind a number, and the micro sign Greek.
UNSETTLED = re.compile(r"[\d⁰¹²³⁴-⁹]\W*[A-Z]|[Þþµ]")


def said(number: int, language: str) -> str | None:
    """Return a number in words, where num2words spells it right and it is no word of another kind."""
    words = spelled(number, language)
    small = number == 1 and language in COUNTED  # an article between other words
    odd = language in ("nb", "no") and "millard" in words  # their slip
    lone = language in ("cs", "pl") and 1 in (number // 10**9, number // 10**6 % 1000)  # a million without its one
    joined = language == "tr" and number >= 10**6
    return None if small or odd or lone or joined or not is_right(number, words, language) else words


# Below a thousand, or a year, behind millions may count something else.
NUMBERS = st.one_of(
    st.integers(0, 9),
    st.integers(0, 999_999),
    st.builds(lambda high, low: high * 10**6 + low, st.integers(2, 10**5), st.integers(2100, 999_999)),
)


@pytest.mark.parametrize(
    "language", [pytest.param(one, marks=pytest.mark.slow if at % 6 else ()) for at, one in enumerate(["en", *SPELLED])]
)
@given(one=NUMBERS, other=NUMBERS)
@settings(max_examples=200, deadline=None)
def test_a_number_is_itself_in_digits_and_words_and_no_other(language: str, one: int, other: int) -> None:
    pytest.importorskip("num2words")
    normalize = normaliser(language)
    texts = {number: said(number, language) for number in (one, other)}
    forms = {number: normalize(f"x {number} y") for number in texts}
    for number, words in texts.items():
        if words is not None:
            assert normalize(f"x {words} y") == forms[number], words
    assert len(set(forms.values())) == len(forms)
    if one and other and len(str(other)) != 3:  # which are thousands in some languages
        assert normalize(f"x {one} {other} y") != normalize(f"x {one}{other} y")
    if 0 < one < 10 and other < 10 and None not in texts.values():
        assert normalize(f"x {texts[one]} {texts[other]} y") != normalize(f"x {one}{other} y")


@pytest.mark.parametrize(
    "language",
    ["en", *(pytest.param(one, marks=pytest.mark.slow) for one in (None, "de", "zh", "ar", "tr", "ko", "hi"))],
)
@given(text=st.text(max_size=30).filter(lambda text: not UNSETTLED.search(text)))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_normalised_text_stays_as_it_is(language: str | None, text: str) -> None:
    normalize = build("asr", language)
    once = normalize(text)
    assert normalize(once) == once


@pytest.mark.parametrize("text", ["\ud800", "a\udfff 5", "😀 5️⃣", "\x00\x01 a", "\u200f5\u200f", "5\ud800€"])
def test_what_is_no_character_is_no_crash(text: str) -> None:
    for name in ("asr", "basic", "whisper-en", "open-asr-leaderboard"):
        for language in ("en", "de", "zh", "ko"):
            build(name, language)(text)
