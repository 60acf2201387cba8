"""Normalisers against the official ones, and texts of many scripts through our own."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asrcli.errors import UsageError
from asrcli.text.english import EnglishNormalizer
from asrcli.text.english_rules import contractions, leaderboard_rules, whisper_rules
from asrcli.text.normalisers import NORMALIZERS, build, build_cutter, normalize_basic, normalize_leaderboard
from asrcli.text.numerals import read_numeral
from asrcli.text.universal import PUNCTUATION, plain_steps, raw_words

RECORDED = json.loads((Path(__file__).parent / "data/scoring/normalisers.json").read_text())


@pytest.mark.parametrize(("column", "name"), [(1, "whisper-en"), (2, "open-asr-leaderboard")])
def test_english_normalisers_equal_the_official_ones(column: int, name: str) -> None:
    normalize = build(name)
    assert len(RECORDED["english"]) > 300
    for row in RECORDED["english"] * 2:  # the second time from memory
        assert normalize(row[0]) == row[column], row[0]


@pytest.mark.slow
def test_remembered_and_fresh_results_are_the_same() -> None:
    lines = [row[0] for row in RECORDED["english"]]
    for name in ("whisper-en", "open-asr-leaderboard"):
        warm = build(name)
        for _ in range(2):
            random.Random(1).shuffle(lines)
            for line in lines:
                assert warm(line) == build(name)(line)
            lines = lines[:60]


@given(st.text(alphabet="abcdeghimnorstuv' '.,-$%£1203()[]<>’é́½ \t\n", max_size=30))
@settings(max_examples=200)
def test_the_memory_changes_nothing(text: str) -> None:
    for rules in (whisper_rules(), leaderboard_rules()):
        normalizer = EnglishNormalizer(rules)
        whole = normalizer.apply(text.lower())
        assert normalizer(text).split() == whole.split()
        assert normalizer(text).split() == whole.split()


def test_whisper_english_equals_the_package() -> None:
    package = pytest.importorskip("whisper_normalizer.english").EnglishTextNormalizer()
    added = {"kinda": "kind of", "sorta": "sort of", "dunno": "do not know", "cause": "because"}
    spoken = contractions((r"'s\b", " is"))
    at = next(place for place, rule in enumerate(spoken) if rule[0] == r"\bma'am\b")
    extra = tuple((rf"\b{old}\b", new) for old, new in added.items())
    normalize = EnglishNormalizer(replace(whisper_rules(), contractions=(*spoken[:at], *extra, *spoken[at:])))
    for row in RECORDED["english"]:
        assert normalize(row[0]).split() == package(row[0]).split()


def test_multilingual_normalisers_equal_the_official_ones() -> None:
    pytest.importorskip("num2words")
    for language, text, basic, plain, numbers in RECORDED["multilingual"]:
        assert normalize_basic(text) == basic
        assert normalize_leaderboard(text, None) == plain
        assert normalize_leaderboard(text, language) == numbers


# Language, a text, and what the project's own normaliser makes of it: nothing of the words may be lost.
SCRIPTS = [
    ("en", "Mr. Smith’s cat (really) paid $5.50, OK?", "mister smiths cat really paid $5.50 okay"),
    ("en", "twenty-one colours [laughter] <unk>", "21 colors"),
    ("de", "Straße, ÜBER die Brücke!", "strasse über die brücke"),
    ("fr", "L’été, c'est «beau»", "l'été c'est beau"),
    ("es", "¿Qué pasó? 10,000 años", "qué pasó 10000 años"),
    ("ru", "Привет, Мир!", "привет мир"),
    ("el", "ΣΊΣΥΦΟΣ", "σίσυφοσ"),
    ("tr", "Güneş çıktı.", "güneş çıktı"),
    ("hi", "हिन्दी में १२३", "हिन्दी में 123"),
    ("bn", "বাংলা ভাষা।", "বাংলা ভাষা"),
    ("ta", "தமிழ் மொழி!", "தமிழ் மொழி"),
    ("te", "తెలుగు, భాష", "తెలుగు భాష"),
    ("ar", "مُحَمَّد، كتاب ١٢٣ ـــ", "مُحَمَّد كتاب 123"),
    ("fa", "کتاب‌ها ۴۵", "کتابها 45"),
    ("he", "שלום, עולם!", "שלום עולם"),
    ("th", "ไม่ได้ ๑๒", "ไ ม่ ไ ด้ 12"),
    ("my", "မြန်မာ", "မြ န် မာ"),
    ("km", "ខ្មែរ", "ខ្ មែ រ"),
    ("zh", "我在2024年买了iPhone，花了三百二十块。", "我 在 2024 年 买 了 iphone 花 了 320 块"),
    ("zh", "ＡＢＣ　１２３，百分之五", "abc 123 5%"),
    ("ja", "ｶﾞｷﾞ、東京タワー", "ガ ギ 東 京 タ ワ ー"),
    ("ko", "안녕하세요, 세계!", "안녕하세요 세계"),
    ("vi", "Tiếng Việt.", "tiếng việt"),
    ("ka", "ქართული ენა.", "ქართული ენა"),
    ("am", "አማርኛ፣ ቋንቋ", "አማርኛ ቋንቋ"),
]


@pytest.mark.parametrize(("language", "text", "expected"), SCRIPTS)
def test_our_normaliser_keeps_every_script_whole(language: str, text: str, expected: str) -> None:
    normalize = build("asr", language)
    assert normalize(text) == expected
    assert normalize(expected) == expected


@pytest.mark.parametrize("text", ["हिन्दी में लिखो", "தமிழ் மொழி", "مُحَمَّد كتاب", "привет мир", "ไ ม่ ไ ด้"])
def test_the_english_rules_leave_other_scripts_alone(text: str) -> None:
    assert build("asr", "en")(text) == text


@given(st.text(max_size=40))
@settings(max_examples=300)
def test_our_normaliser_never_fails_and_joins_by_single_spaces(text: str) -> None:
    for language in (None, "en"):
        normalized = build("asr", language)(text)
        assert normalized == " ".join(normalized.split())


@pytest.mark.parametrize(
    ("numeral", "digits"),
    [
        ("三百二十", "320"),
        ("十一", "11"),
        ("一百零五", "105"),
        ("两万三千", "23000"),
        ("一亿二千万", "120000000"),
        ("二零二四", "2024"),
        ("三点一四", "3.14"),
        ("百千", None),
        ("千万", None),
    ],
)
def test_chinese_numerals(numeral: str, digits: str | None) -> None:
    assert read_numeral(numeral) == digits


def test_every_rule_can_be_left_out_and_does_something() -> None:
    texts = {
        "brackets": "a [b] c",
        "fillers": "uh yes",
        "contractions": "don't",
        "titles": "mr smith",
        "numbers": "twenty one",
        "spellings": "colour",
        "compounds": "wi fi",
        "names": "jon",
        "acronyms": "b b c",
        "tags": "a <b> c",
        "width": "ＡＢ",
        "case": "AB",
        "punctuation": "a, b",
        "numerals": "三百",
        "english": "don't",
        "simplified": "後面",
    }
    for info in NORMALIZERS.values():
        for rule in info.rules:
            language = None if rule in ("width", "case", "punctuation", "numerals", "tags") else "en"
            if rule == "simplified":
                pytest.importorskip("opencc")
                language = "zh-hans"
            text = texts[rule]
            assert build(info.name, language)(text) != build(info.name, language, frozenset({rule}))(text), (
                info.name,
                rule,
            )


def test_an_unknown_name_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="whisper-en"):
        build("wisper")


def test_plain_steps_take_case_and_punctuation_away_and_nothing_else() -> None:
    raw, small, bare = plain_steps("“Don't”, said STRASSE—and 我們 – ok.")
    assert raw == ["“Don't”,", "said", "STRASSE—and", "我", "們", "–", "ok."]
    assert small == ["“don't”,", "said", "strasse—and", "我", "們", "–", "ok."]
    assert bare == ["dont", "said", "strasse", "and", "我", "們", "ok"]
    assert plain_steps("STRAẞE")[2] == plain_steps("straße")[2]


@given(st.text(alphabet="abAB1 .,'-’éÉßẞ我ไม่हि़\u0345€①", max_size=20))
@settings(max_examples=300, deadline=None)
def test_a_step_is_the_list_before_it_only_where_it_changes_nothing(text: str) -> None:
    raw, small, bare = plain_steps(text)
    assert small == [word.casefold() for word in raw]
    assert bare == [piece for word in small for piece in raw_words(word.translate(PUNCTUATION))]


@pytest.mark.slow
@given(st.text(alphabet="abcdeghimnorstuv' '.,-$%£1203()[]<>’é́½我ไม่ \t\n", max_size=30))
@settings(max_examples=300, deadline=None)
def test_words_are_those_of_the_normalised_text(text: str) -> None:
    for name in NORMALIZERS:
        for language in (None, "en"):
            cut = build_cutter(name, language)
            assert cut(text) == cut(text) == build(name, language)(text).split()


def test_traditional_chinese_is_simplified_where_it_is_asked_for() -> None:
    """By phrases: 皇后 stays, 後面 does not, and 乾 of 乾燥 is another than that of 乾隆."""
    pytest.importorskip("opencc")
    simple = build("asr", "zh-Hans")
    assert simple("皇后後面，頭髮乾燥；乾隆。") == " ".join("皇后后面头发干燥乾隆")
    assert simple("皇后后面头发干燥乾隆") == simple("皇后後面頭髮乾燥乾隆")
    assert build("asr", "zh")("後面") == "後 面"
    assert build("asr", "zh-Hans", frozenset({"simplified"}))("後面") == "後 面"
    assert simple("ABC 2024年") == build("asr", "zh")("ABC 2024年")


def test_mixed_texts_are_cut_as_by_a_scorer_of_the_field() -> None:
    """Han characters one by one, Latin words and digits whole, signs between them: recorded from compute-wer."""
    cut = build_cutter("asr", "zh")
    lines = (Path(__file__).parent / "data/scoring/mixed_tokens.jsonl").read_text().splitlines()
    for text, tokens in ((row["text"], row["tokens"]) for row in map(json.loads, lines)):
        bare = [token.replace("'", "") for token in tokens]  # our plain step has no apostrophes
        assert plain_steps(text)[2] == bare, text
        kept = [word.replace("%", "").replace("'", "") for word in cut(text)]  # the sign of a number is kept there
        assert [word for word in kept if word] == bare, text
    assert cut("增长10%iphone手机") == ["增", "长", "10%", "iphone", "手", "机"]
