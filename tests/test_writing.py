"""Numbers as words or digits, and Chinese in one script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import Run, write_wav

from asrcli.alignment.spoken import spoken_words
from asrcli.errors import UsageError
from asrcli.text.writing import Writing, with_digits, with_words
from asrcli.types import Segment, Word

pytest.importorskip("num2words")
pytest.importorskip("text_to_num")


def segment(text: str, language: str | None = "en", timed: bool = True) -> Segment:
    words = [Word(word, float(at), at + 1.0, 0.5 + at / 100) for at, word in enumerate(text.split())] if timed else []
    return Segment(text, 0.0, float(len(words)), tuple(words), language=language)


def written(text: str, numbers: str, language: str = "en") -> str:
    return Writing(numbers).rewrite(segment(text, language), None, spoken_words).text


# Up to where two libraries by different people agree on the words; beyond it English says years, German "einstausend".
AGREED = {"en": 1100, "de": 100_000, "es": 10**6, "fr": 10**6, "nl": 10**6, "pt": 10**6}


@given(number=st.integers(4, 10**6 - 1), language=st.sampled_from(sorted(AGREED)))
def test_a_number_comes_back_from_words(number: int, language: str) -> None:
    number = 4 + number % (AGREED[language] - 4)
    words = with_words(str(number), language, spoken_words)
    assert not any(char.isdecimal() for char in words)
    assert with_digits(words, language) == str(number), words


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", 'He paid "$25", then 3.5.', 'He paid "twenty five dollars", then three point five.'),
        ("en", "and 1,200 more", "and one thousand two hundred more"),
        ("en", "the 21st of May at 10:15 with 50%", "the twenty first of May at ten fifteen with fifty percent"),
        ("de", "Das sind 3,5 Euro (21).", "Das sind drei Komma fünf Euro (einundzwanzig)."),
        ("de", "und 1.200 mehr", "und eintausendzweihundert mehr"),
        ("fr", "il y en a 71, pas 3,14", "il y en a soixante et onze, pas trois virgule un quatre"),
        ("es", "tengo 1.001 libros", "tengo mil uno libros"),
        ("it", "118 o 218", "centodiciotto o duecentodiciotto"),
        ("ru", "их 23", "их двадцать три"),
        ("de", "am 3.4.2024 um 10:30, 007 und 25%", "am 3.4.2024 um 10:30, 007 und 25%"),
        ("en", "no numbers here, or there.", "no numbers here, or there."),
    ],
)  # fmt: skip
def test_digits_become_words(language: str, text: str, expected: str) -> None:
    assert written(text, "words", language) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "three hundred and two dollars, and fifty.", "302 dollars, and 50."),
        ("en", "the twenty first one, a second thought, one of them", "the 21st one, a second thought, one of them"),
        ("en", "one two three four", "1 2 3 4"),
        ("de", "fünfundzwanzig Euro", "25 Euro"),
        ("nl", "drieëntwintig boeken", "23 boeken"),
        ("pl", "dwadzieścia pięć", "dwadzieścia pięć"),
    ],
)
def test_words_become_digits(language: str, text: str, expected: str) -> None:
    assert written(text, "digits", language) == expected


def test_words_keep_their_time() -> None:
    made = Writing("digits").rewrite(segment("I paid twenty five dollars"), None, spoken_words)
    assert [(word.text, word.start, word.end) for word in made.words] == [
        ("I", 0, 1), ("paid", 1, 2), ("25", 2, 4), ("dollars", 4, 5),
    ]  # fmt: skip
    assert made.words[2].score == 0.52 and made.words[2].source == "model", "the less sure of both, and measured"
    back = Writing("words").rewrite(segment("I paid 25 dollars"), None, spoken_words)
    assert [(word.text, word.start, word.end) for word in back.words] == [
        ("I", 0, 1), ("paid", 1, 2), ("twenty", 2, 2.6), ("five", 2.6, 3), ("dollars", 3, 4),
    ]  # fmt: skip
    assert [word.source for word in back.words] == ["model"] * 2 + ["interpolated"] * 2 + ["model"]


@given(
    st.lists(
        st.sampled_from(["one", "hundred", "and", "twenty", "five", "cats", "zero", "point", "7", "first"]), min_size=1
    )
)
def test_times_stay_in_order_and_texts_agree(words: list[str]) -> None:
    for numbers in ("digits", "words"):
        made = Writing(numbers).rewrite(segment(" ".join(words)), None, spoken_words)
        assert [word.text for word in made.words] == made.text.split()
        clock = 0.0
        for word in made.words:
            assert clock <= word.start <= word.end <= len(words)
            clock = word.end


def test_chinese_in_one_script() -> None:
    pytest.importorskip("opencc")
    mixed = Segment(
        "头发和發展", 0, 5, tuple(Word(one, at, at + 1) for at, one in enumerate("头发和發展")), language="zh"
    )
    assert Writing(script="hans").rewrite(mixed, None, spoken_words).text == "头发和发展"
    made = Writing(script="hant").rewrite(mixed, None, spoken_words)
    assert made.text == "頭髮和發展"
    assert "".join(word.text for word in made.words) == made.text, "by phrases in the words too"
    japanese = Segment("国", 0, 1, language="ja")
    assert Writing(script="hant").rewrite(japanese, None, spoken_words) == japanese


def test_what_cannot_be_written_is_said_beforehand() -> None:
    with pytest.raises(UsageError, match="--numbers digits cannot be written in 'zh', only in: ca, de"):
        Writing("digits").check("zh")
    with pytest.raises(UsageError, match="--numbers roman: choose as-is, words, digits"):
        Writing("roman").check(None)
    with pytest.raises(UsageError, match="--script latin: choose hans"):
        Writing(script="latin").check(None)


def test_from_the_command_line(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "twenty-five-cats.wav", 3.0)
    command = ("transcribe", "-e", "fake", "--no-vad", "twenty-five-cats.wav", "-l", "en")
    plain, digits = asr(*command), asr(*command, "--numbers", "digits", "-f", "json")
    assert plain.out.split() == ["twenty", "five", "cats"]
    assert json.loads(digits.out)["text"] == "25 cats"
    assert asr(*command, "--numbers", "digits", "--stream").code == 2
    made = [asr(*command, "-o", "out", "--numbers", numbers).err for numbers in ("digits", "digits", "as-is")]
    assert ["1 up to date" in err for err in made] == [False, True, False], "it is part of how a result was made"
