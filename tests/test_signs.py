# ruff: noqa: E501 -- tables, in which wide letters count twice
"""Signs beside numbers: minus, money, units, number and section signs, halves, millions and clocks, by language.

`data/cldr_signs.jsonl` has money and units as Babel writes them short and long by the Unicode CLDR, for the languages and
forms that have a rule.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asrcli.text import signs
from asrcli.text.normalisers import build

UNITS: dict[str, list[list[str]]] = {
    row["language"]: row["pairs"]
    for row in map(json.loads, (Path(__file__).parent / "data" / "cldr_signs.jsonl").read_text().splitlines())
}
PAIRS = {
    "de": [
        ("=", "€5-10", "5-10 €"), ("!", "€5-10", "5,10 €"), ("=", "5 Euro 50 ct", "5,50 €"),
        ("=", "€5 bis €10", "fünf Euro bis zehn Euro"), ("=", "5 Mrd. €", "fünf Milliarden Euro"), ("=", "5 € mit 3 € Rabatt", "5 Euro mit 3 Euro Rabatt"),
        ("=", "zwölf Euro fünfzig", "12,50 €"), ("=", "zwölf Euro fünfzig", "€ 12,50"), ("=", "ein Euro fünfzig", "1,50 €"),
        ("=", "zwölf Euro und fünfzig Cent", "12,50 €"), ("=", "zwölf Euro fünf Cent", "12,05 €"), ("!", "zwölf Euro fünf", "12,50 €"),
        ("!", "zwölf Euro und fünfzig Leute", "12,50 Euro Leute"), ("=", "12,00 €", "zwölf Euro"), ("=", "zwei Millionen Euro", "2.000.000 €"),
        ("=", "2,5 Mio. €", "2.500.000 Euro"), ("=", "2,5 Millionen Euro", "2500000 €"), ("=", "eine Million", "1.000.000"),
        ("!", "eine Million", "1.000"), ("=", "drei Milliarden", "3.000.000.000"), ("=", "zwei Millionen dreihunderttausend", "2.300.000"),
        ("=", "5 US$", "5 US Dollar"), ("=", "5 km/h", "fünf Kilometer pro Stunde"), ("=", "20 m²", "zwanzig Quadratmeter"),
        ("=", "5°C", "fünf Grad Celsius"), ("=", "§ 5", "Paragraph fünf"), ("=", "Nr. 5", "Nummer fünf"), ("!", "Nr. 5", "5"),
        ("=", "3 + 4", "drei plus vier"), ("!", "3 + 4", "3 4"), ("!", "5 kg", "5 km"), ("=", "5 Mio. km", "fünf Millionen Kilometer"),
        ("=", "zweieinhalb", "2½"), ("=", "zweieinhalb Stunden", "2,5 Stunden"), ("!", "zweieinhalb", "2"), ("=", "null eins sieben eins", "0171"),
        ("!", "null eins sieben eins", "171"), ("!", "eins zwei drei", "123"), ("!", "1, 2, 3", "123"), ("!", "Minus 5", "5"), ("!", "5 €", "5 $"),
        ("!", "5 €", "5"), ("!", "5 km/h", "5 km"), ("!", "5 m²", "5 m"), ("!", "5 ‰", "5 %"), ("!", "5°", "5"), ("!", "§ 5", "5"),
        ("!", "5 US$", "5 Dollar"), ("=", "(-5)", "( minus 5"), ("!", "3-5", "3 minus 5"), ("!", "5G", "5 Gramm"),
        ("!", "zwei Millionen", "zwei Milliarden"), ("=", "5 EUR", "5 €"), ("!", "0171", "171"), ("=", "12,50 €", "zwölf Euro fünfzig"),
    ],
    "fr": [
        ("=", "5 millions d’€", "cinq millions d’euros"), ("=", "5 000 000 €", "cinq millions d'euros"), ("=", "$5 millions", "5 millions de dollars"), ("!", "5 millions de $", "5 millions d'€"),
        ("=", "douze euros cinquante", "12,50 €"), ("=", "un euro cinquante", "1,50 €"), ("=", "deux euros et cinquante centimes", "2,50 €"),
        ("=", "deux millions", "2 000 000"), ("=", "n° 5", "numéro cinq"), ("=", "deux et demi", "2,5"), ("=", "zéro six douze", "0 6 12"),
        ("=", "septante-deux", "72"), ("=", "nonante", "90"),
    ],
    "es": [
        ("=", "5 millones de €", "cinco millones de euros"), ("=", "5.000.000 €", "cinco millones de euros"), ("=", "€5 millones", "cinco millones de euros"), ("!", "5 millones de €", "5 millones"),
        ("=", "doce euros con cincuenta", "12,50 €"), ("=", "doce euros con cincuenta céntimos", "12,50 €"), ("=", "mil millones", "1.000.000.000"),
        ("=", "n.º 5", "número cinco"), ("!", "no 5", "número 5"), ("=", "dos y medio", "2,5"), ("!", "las dos y media", "las 2,5"),
    ],
    "it": [
        ("=", "dodici euro e cinquanta", "12,50 €"), ("=", "1° maggio", "primo maggio"), ("=", "5°C", "cinque gradi celsius"),
        ("!", "VI piano", "6 piano"),
    ],
    "pt": [
        ("=", "doze euros e cinquenta", "12,50 €"), ("=", "doze reais e cinquenta centavos", "R$ 12,50"),
        ("=", "um milhão e quinhentos mil", "1.500.000"),
    ],
    "nl": [
        ("=", "twaalf euro vijftig", "€ 12,50"), ("=", "tweeënhalf", "2,5"),
    ],
    "pl": [
        ("=", "dwanaście złotych pięćdziesiąt groszy", "12,50 zł"), ("=", "2,5 $", "dwa przecinek pięć dolara"),
        ("=", "22 km", "dwadzieścia dwa kilometry"),
    ],
    "ru": [
        ("!", "5 м/с", "5 метров с"),
        ("=", "двенадцать рублей пятьдесят копеек", "12,50 ₽"), ("=", "пять миллионов рублей", "5 000 000 ₽"),
        ("=", "пять миллионов рублей", "5 млн ₽"), ("=", "№ 5", "номер пять"), ("=", "5 км", "пять километров"),
        ("=", "2 км/ч", "два километра в час"), ("=", "два с половиной", "2,5"), ("!", "5 м", "5 км"), ("=", "21 км", "двадцать один километр"),
        ("=", "22 км", "двадцать два километра"), ("=", "2,5 кг", "два целых пять десятых килограмма"), ("!", "2 ₽", "2 $"),
    ],
    "sv": [
        ("=", "tolv kronor och femtio öre", "12,50 kr"), ("=", "tjugohundrafem", "2005"), ("=", "nittonhundraåttiofyra", "1984"),
    ],
    "cs": [
        ("=", "dvanáct korun padesát", "12,50 Kč"),
    ],
    "ca": [
        ("=", "dotze euros amb cinquanta", "12,50 €"),
    ],
    "tr": [
        ("=", "on iki lira elli kuruş", "12,50 ₺"), ("=", "iki milyon", "2.000.000"), ("=", "iki buçuk", "2,5"),
    ],
    "zh": [
        ("=", "5km", "五公里"), ("=", "5美元", "$5"), ("=", "十点三十分", "10:30"), ("=", "十点", "10:00"), ("!", "十点三十分", "10:20"), ("!", "十点三十分", "10点31分"),
        ("=", "两百", "二百"), ("=", "二〇二四", "2024"), ("=", "百分之五", "5%"), ("=", "三点一四", "3.14"), ("=", "1.5億", "1億5000萬"),
    ],
    "ja": [
        ("=", "百十一", "111"), ("=", "千九百十五年", "1915年"), ("=", "三千百四十円", "3140円"), ("!", "数百人", "数100人"), ("!", "百貨店", "100貨店"), ("!", "千葉", "1000葉"),
        ("=", "5km", "5キロメートル"), ("=", "十時三十分", "10:30"), ("=", "百五十円", "150円"), ("=", "3本", "三本"), ("!", "￥5", "5"), ("=", "￥5", "5円"),
        ("=", "気温は-5度", "気温はマイナス5度"),
    ],
    "ko": [
        ("=", "팔백십오 원", "815원"), ("=", "천팔백십오 년", "1815년"), ("=", "오십", "50"), ("=", "-5", "마이너스 오"), ("!", "사천", "4000"), ("!", "이 사람", "2 사람"),
        ("=", "5 km", "5킬로미터"), ("=", "다섯 시 삼십 분", "5시 30분"), ("=", "다섯 시 삼십 분", "5:30"), ("=", "열두 개", "12개"), ("=", "5 개", "5개"),
        ("!", "다섯 개", "6개"), ("!", "네 시작", "4시작"),
    ],
    "en": [
        ("=", "Elizabeth II's", "Elizabeth the second's"), ("!", "Elizabeth II's", "Elizabeth the third's"),
        ("=", "between 1 MB and 1 GB", "between one megabyte and one gigabyte"),
        ("=", "a hundred and one km", "101 kilometers"),
        ("!", "minus five euros", "five euros"), ("=", "minus five euros", "-€5"), ("=", "-5 €", "minus five euros"), ("=", "5 million $", "five million dollars"), ("=", "₹5", "five rupees"),
        ("=", "5 km", "five kilometres"), ("=", "1 km", "one kilometer"), ("=", "5 km/h", "five kilometers per hour"), ("=", "1,00,000", "100000"),
        ("=", "No. 5", "number five"), ("=", "§ 5", "section five"), ("=", "World War II", "world war two"), ("=", "Henry VIII", "Henry the eighth"),
        ("!", "an IV line", "an 4 line"), ("=", "twelve euros fifty", "€12.50"), ("=", "three point one four", "3.14"),
        ("=", "half past ten", "half past ten"), ("=", "20 m²", "twenty square meters"), ("=", "5 MB", "five megabytes"),
        ("=", "nineteen eighty-four", "1984"), ("=", "a hundred and one", "101"), ("=", "May 3rd", "May third"), ("=", "5x", "5x"),
        ("!", "5 MB", "5 megabits"), ("!", "Henry V said", "Henry 5 said"), ("!", "George I think", "George the first think"),
        ("=", "World War I", "world war i"), ("!", "5 m", "5 meters"), ("=", "Louis XIV", "Louis the fourteenth"),
        ("=", "Chapter XI", "chapter eleven"), ("!", "5‰", "5%"), ("!", "5‰", "5"), ("=", "one km", "1 kilometer"),
        ("=", "twenty one km", "21 kilometers"), ("!", "=-5", "=5"), ("!", "Louis V. Gerstner", "Louis the fifth Gerstner"),
    ],
    "hi": [
        ("=", "५ किमी", "5 किलोमीटर"), ("=", "₹1,00,000", "100000 रुपये"),
    ],
    "th": [
        ("=", "๕ กม.", "5 กิโลเมตร"), ("=", "อุณหภูมิ-5", "อุณหภูมิลบ5"),
    ],
    "km": [
        ("=", "៥", "5"),
    ],
    "ar": [
        ("=", "٥٪", "5%"), ("!", "5 €", "5 $"), ("=", "5 €", "5 يورو"),
    ],
    "ms": [
        ("!", "-5", "5"), ("=", "-5", "negatif 5"),
    ],
    "ha": [
        ("!", "-5", "5"), ("=", "-5", "−5"),
    ],
    "yo": [
        ("!", "-5", "5"), ("!", "5 ₦", "5"),
    ],
    "am": [
        ("!", "-5", "5"),
    ],
    "sr": [
        ("=", "-5", "минус 5"), ("!", "-5", "5"),
    ],
    "my": [
        ("!", "-5", "5"), ("!", "5 $", "5 €"),
    ],
    "uk": [
        ("=", "21 км", "21 кілометр"), ("=", "2,5 км", "2,5 кілометра"), ("!", "2 €", "2"),
    ],
}  # fmt: skip
# Every language that Whisper knows, with a rule or without one.
LANGUAGES = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jv ka kk
km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th
tk tl tr tt uk ur uz vi yi yo yue zh
""".split()


@pytest.mark.parametrize(
    "language", [pytest.param(one, marks=pytest.mark.slow if at % 4 else ()) for at, one in enumerate(UNITS)]
)
def test_signs_are_the_words_of_the_cldr(language: str) -> None:
    normalize = build("asr", language)
    pairs = UNITS[language]
    assert [pair for pair in pairs if normalize(pair[0]) != normalize(pair[1])] == []
    texts = {normalize(short): short for short, _ in pairs}
    bare = "".join(char for char in pairs[0][0] if char.isdecimal())
    assert normalize(bare) not in texts
    assert [one for one in texts if normalize(one) != one] == []  # nothing changes a second time


@pytest.mark.parametrize(
    ("language", "sign", "one", "other"), [(name, *pair) for name in PAIRS for pair in PAIRS[name]]
)
def test_pairs(language: str, sign: str, one: str, other: str) -> None:
    normalize = build("asr", language)
    assert (normalize(one) == normalize(other)) == (sign == "="), (normalize(one), normalize(other))


@pytest.mark.parametrize(
    "language",
    [None, *(pytest.param(one, marks=pytest.mark.slow if at % 4 else ()) for at, one in enumerate(LANGUAGES))],
)
def test_no_sign_of_a_number_is_lost(language: str | None) -> None:
    normalize = build("asr", language)
    different = ["5", "-5", "5 €", "5 $", "5 £", "-5 €", "5%", "5‰", "5 °C", "5 ₹", "5 ¥", "6"]
    assert len({normalize(text) for text in different}) == len(different)
    for text in ("x -5 y", "x (-5) y", "x “-5” y", "= -5"):
        assert normalize(text) != normalize(text.replace("-", "")), text
        assert normalize(text) == normalize(text.replace("-", "−")) == normalize(normalize(text))
    assert normalize("$ € £ x") == normalize("x")  # beside no number nobody says them


def test_only_languages_with_a_rule_for_it_have_more_than_two_forms() -> None:
    entries = [entry for row in signs.WORDS.values() for entry in row.items()]
    assert {language for language, forms in entries if len(forms.split("|")) > 2} <= signs.FEW.union(signs.PLURALS)
