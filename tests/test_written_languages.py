# ruff: noqa: E501 -- tables, in which wide letters count twice
"""What is one text and what is not, language by language: numbers, capitals, apostrophes, what nobody sees."""

from __future__ import annotations

import random

import pytest

from asrcli.text.normalisers import build

# 1234567.5 as the Unicode CLDR writes it for each language (decimal pattern, latn digits); NBSP as a blank.
CLDR = {
    "az": "1.234.567,5", "bs": "1.234.567,5", "ca": "1.234.567,5", "da": "1.234.567,5", "de": "1.234.567,5",
    "el": "1.234.567,5", "es": "1.234.567,5", "gl": "1.234.567,5", "hr": "1.234.567,5", "id": "1.234.567,5",
    "is": "1.234.567,5", "it": "1.234.567,5", "mk": "1.234.567,5", "nl": "1.234.567,5", "pt": "1.234.567,5",
    "ro": "1.234.567,5", "sl": "1.234.567,5", "sr": "1.234.567,5", "tr": "1.234.567,5", "vi": "1.234.567,5",
    "be": "1 234 567,5", "bg": "1 234 567,5", "cs": "1 234 567,5", "et": "1 234 567,5", "fi": "1 234 567,5",
    "fr": "1 234 567,5", "hu": "1 234 567,5", "hy": "1 234 567,5", "ka": "1 234 567,5", "kk": "1 234 567,5",
    "lt": "1 234 567,5", "lv": "1 234 567,5", "nb": "1 234 567,5", "nn": "1 234 567,5", "no": "1 234 567,5",
    "pl": "1 234 567,5", "ru": "1 234 567,5", "sk": "1 234 567,5", "sq": "1 234 567,5", "sv": "1 234 567,5",
    "uk": "1 234 567,5", "uz": "1 234 567,5", "ar": "1,234,567.5", "fa": "1,234,567.5", "he": "1,234,567.5",
    "ja": "1,234,567.5", "ko": "1,234,567.5", "ms": "1,234,567.5", "sw": "1,234,567.5", "th": "1,234,567.5",
    "zh": "1,234,567.5", "yue": "1,234,567.5", "cy": "1,234,567.5", "mt": "1,234,567.5",
    "hi": "12,34,567.5", "bn": "12,34,567.5", "ta": "12,34,567.5", "te": "12,34,567.5", "gu": "12,34,567.5",
}  # fmt: skip


@pytest.mark.parametrize("language", CLDR)
def test_numbers_as_the_language_writes_them(language: str) -> None:
    normalize, written = build("asr", language), CLDR[language]
    mark = written[-2]
    for blank in {" ", "\u00a0", "\u202f"} if " " in written else {""}:
        whole = written.replace(" ", blank)
        assert normalize(whole) == normalize(f"1234567{mark}5") == "1234567.5"
        assert normalize(f"x {whole[:-2]} y") == normalize("x 1234567 y")
    assert normalize(f"3{mark}5") == "3.5"
    assert normalize(f"3{mark}5") not in (normalize("35"), normalize("3 5"))
    assert normalize(written) != normalize(written.replace("5", "6"))
    assert normalize("1, 2, 3") == normalize("1 2 3") != normalize("123")


def test_swiss_and_american_spanish_thousands() -> None:
    for language in ("de", "fr", "it"):
        assert build("asr", language)("1'234'567") == build("asr", language)("1’234’567") == "1234567"
    spanish = build("asr", "es")
    assert spanish("10,000 años") == spanish("10.000 años") == spanish("10000 años") != spanish("10 años")


PER_CENT = {
    "da": "5 procent", "de": "5 Prozent", "el": "5 τοις εκατό", "es": "5 por ciento", "fi": "5 prosenttia",
    "fr": "5 pour cent", "hu": "5 százalék", "id": "5 persen", "it": "5 per cento", "ja": "5パーセント", "ko": "5퍼센트",
    "nl": "5 procent", "no": "5 prosent", "pl": "5 procent", "pt": "5 por cento", "ro": "5 la sută", "ru": "5 процентов",
    "sv": "5 procent", "th": "5 เปอร์เซ็นต์", "uk": "5 відсотків", "vi": "5 phần trăm", "hi": "5 प्रतिशत", "ca": "5 per cent",
    "zh": "百分之五", "tr": "yüzde 5", "az": "5 faiz",
}  # fmt: skip


@pytest.mark.parametrize("language", PER_CENT)
def test_per_cent(language: str) -> None:
    normalize = build("asr", language)
    forms = ["5%", "5 %", "5\u00a0%", "5％", PER_CENT[language], *(["%5"] if language == "tr" else [])]
    assert {normalize(form) for form in forms} == {"5%"}
    assert normalize("5") != normalize("5%") != normalize("6%")


MINUS = {
    "de": "minus",
    "fr": "moins",
    "es": "menos",
    "it": "meno",
    "nl": "min",
    "pl": "minus",
    "ru": "минус",
    "tr": "eksi",
}


@pytest.mark.parametrize("language", MINUS)
def test_the_sign_of_a_number_is_the_word_for_it(language: str) -> None:
    normalize, word = build("asr", language), MINUS[language]
    assert {normalize(f"x {sign}5 y") for sign in ("-", "−", "–", f"{word} ")} == {f"x {word} 5 y"}
    assert normalize("-5,5") == normalize(f"{word} 5,5")
    for range_ in ("3-5", "3 -5", "3 – 5", "a-5"):
        assert word not in normalize(range_).split()


def test_marks_of_arabic_numbers() -> None:
    for language in ("ar", "fa"):
        normalize = build("asr", language)
        assert normalize("٥٪") == normalize("5%") == "5%"
        assert normalize("١٬٢٣٤٫٥") == normalize("1,234.5") == "1234.5"


NUMERALS = "零一二三四五六七八九"


def in_chinese(number: int) -> str:
    """Return a number below 10**12 as Chinese writes it."""

    def below_myriad(value: int) -> str:
        text, gap = "", False
        for place, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit = value // place % 10
            if digit:
                text += ("零" if gap and text else "") + NUMERALS[digit] + unit
                gap = False
            else:
                gap = True
        return text

    text = ""
    for place, unit in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part = number // place % 10**4
        if part:
            text += ("零" if text and part < 1000 else "") + below_myriad(part) + unit
    return text or "零"


def test_chinese_numbers_in_every_style() -> None:
    normalize = build("asr", "zh")
    chosen = random.Random(5)
    numbers = [*range(21), *range(30, 1000, 31), *(chosen.randrange(10**12) for _ in range(300))]
    for number in numbers:
        spoken = in_chinese(number)
        assert normalize(f"有{spoken}个") == normalize(f"有{number}个") == normalize(f"有{number:,}个"), spoken
        assert normalize(f"有{spoken}个") != normalize(f"有{number + 1}个")
    for myriads in [1, 2, 15, 1200, *(chosen.randrange(1, 10**4) for _ in range(100))]:
        assert normalize(f"{myriads}万人") == normalize(f"{myriads * 10_000}人")
        assert normalize(f"{myriads}亿元") == normalize(f"{myriads * 10**8}元") != normalize(f"{myriads}万元")
        assert normalize(f"{myriads}.5亿") == normalize(f"{myriads}5000万")
        rest = chosen.randrange(1000, 10_000)
        assert normalize(f"{myriads}万{rest}") == normalize(str(myriads * 10_000 + rest))


CHINESE = [
    ("=", "3万5千", "三万五千"), ("=", "3千5百万", "35000000"), ("=", "三千五", "3500"), ("=", "三千零五", "3005"),
    ("=", "两万三", "23000"), ("=", "一百五", "150"), ("=", "一百零五", "105"), ("!", "一百五", "105"),
    ("=", "百分之5", "百分之五"), ("=", "百分之3.5", "3.5%"), ("=", "百分之百", "100%"), ("!", "百分之五", "五"),
    ("=", "三分之二", "2/3"), ("!", "三分之二", "二分之三"), ("!", "三分之二", "三二"), ("=", "二零二四年", "2024年"),
    ("=", "第3", "第三"), ("!", "千万别", "一千万别"), ("!", "3万", "3"), ("!", "3万", "3千"),
    ("=", "十二万", "12万"), ("=", "１２万", "12万"), ("!", "几万", "万几"), ("=", "壹佰", "一百"), ("!", "万一", "1"),
    ("=", "负五度", "-5度"), ("=", "气温-12.5度", "气温负十二点五度"), ("!", "-5度", "5度"), ("=", "5-6", "5 6"),
    ("=", "幺幺零", "110"), ("=", "打幺二零", "打120"), ("!", "老幺", "老一"), ("!", "三四个", "34个"), ("!", "两三天", "23天"),
    ("=", "三十四个", "34个"), ("=", "二零二三年", "2023年"), ("=", "一二三", "123"),
]  # fmt: skip


@pytest.mark.parametrize(("sign", "one", "other"), CHINESE)
def test_chinese_pairs(sign: str, one: str, other: str) -> None:
    normalize = build("asr", "zh")
    assert (normalize(one) == normalize(other)) == (sign == "="), (normalize(one), normalize(other))


def test_japanese_reads_a_last_digit_as_ones() -> None:
    normalize = build("asr", "ja")
    assert normalize("二百五円") == normalize("205円")
    assert normalize("3万5千円") == normalize("35,000円")


TURKISH = [("İSTANBUL", "istanbul"), ("IŞIK", "ışık"), ("DİYARBAKIR", "diyarbakır"), ("ILIK", "ılık"), ("İÇİN", "için")]


def test_capitals_of_i_in_turkish_and_azerbaijani() -> None:
    for language in ("tr", "tr-TR", "az"):
        normalize = build("asr", language)
        assert all(normalize(capital) == normalize(small) for capital, small in TURKISH)
        assert normalize("ILIK") != normalize("ilik")
        assert normalize("I\u0307zmir") == normalize("izmir")
    assert build("asr", "de")("INGE") == "inge"


LANGUAGES = ("de", "fr", "it", "tr", "uk", "ar", "fa", "he", "hi", "th", "ko", "ja", "zh", "vi", "en", None)
INVISIBLE = (
    "\u00ad\u034f\u061c\u180e\u200b\u200d\u200e\u200f\u202a\u202c\u2060\u2063\u2066\u2069\ufe0e\ufe0f\ufeff\u115f\u3164"
)
WORD = {
    "he": "שלום",
    "ar": "سلام",
    "fa": "سلام",
    "hi": "नमस्ते",
    "ko": "안녕",
    "ja": "かな",
    "zh": "你好",
    "uk": "привіт",
    "th": "ไทย",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_nobody_sees_changes_no_word(language: str | None) -> None:
    normalize, word = build("asr", language), WORD.get(language or "", "word")
    for char in INVISIBLE:
        assert normalize(word + char) == normalize(char + word) == normalize(word), hex(ord(char))
        if language not in ("hi", "th", "ko", "en"):  # whose letters in a cluster a joiner may part
            assert normalize(word[:2] + char + word[2:]) == normalize(word), hex(ord(char))


PAIRS = {
    "fr": ["l'homme", "aujourd'hui", "d'accord"], "it": ["l'uomo", "dell'anno", "un'ora"], "uk": ["п'ять", "м'яч"],
    "tr": ["İstanbul'da", "Türkiye'nin"], "ca": ["l'any"], "nl": ["foto's"], "en": ["it's", "o'clock"], "uz": ["o'zbek"],
    "hy": ["հա'"], "de": ["geht's"], "cy": ["i'r"], "ga": ["d'ól"], "haw": ["hawai'i"],
}  # fmt: skip


@pytest.mark.parametrize("language", PAIRS)
def test_apostrophes_of_keyboards_are_one(language: str) -> None:
    normalize = build("asr", language)
    for word in PAIRS[language]:
        for sign in "’‘ʼ`´＇‛′ʻ":
            if sign == "ʻ" and language == "en":  # no keyboard writes English so
                continue
            assert normalize(word.replace("'", sign)) == normalize(word), (word, sign)
    assert build("asr", "fr")("l'homme") != build("asr", "fr")("l homme")
