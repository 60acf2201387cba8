# ruff: noqa: E501 -- tables of texts
"""Ordinals, inflected numbers and signs of money and degrees, language by language: what is one text, and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asrcli.text.normalisers import build
from asrcli.text.number_words import LANGUAGES, ordinals

SPELLED = json.loads((Path(__file__).parent / "data/scoring/spelled_numbers.json").read_text())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_gender_and_case_as_the_unicode_cldr_spells_it(language: str) -> None:
    normalize = build("asr", language)
    cardinals = SPELLED[language]["cardinals"]
    assert len(cardinals) > 60
    assert [(words, value) for words, value in cardinals.items() if normalize(f"x {words} y") != f"x {value} y"] == []


@pytest.mark.parametrize("language", sorted(language for language in SPELLED if SPELLED[language]["ordinals"]))
def test_ordinals_as_the_unicode_cldr_writes_and_spells_them(language: str) -> None:
    normalize = build("asr", language)
    rows = SPELLED[language]["ordinals"]
    assert [row for row in rows if normalize(f"der {row[0]} yy") != normalize(f"der {row[1]} yy")] == []
    assert not any(normalize(words) == str(int("".join(filter(str.isdecimal, written)))) for written, words in rows)


PAIRS = {
    "de": [
        ("=", "am fünften Mai", "am 5. Mai"), ("=", "am 5 Mai", "am 5. Mai"), ("=", "der zweite Weltkrieg", "der 2. Weltkrieg"), ("=", "zum ersten Mal", "zum 1. Mal"),
        ("=", "die 3. große Frage", "die dritte große Frage"), ("=", "Es waren 5. Danach ging er", "Es waren fünf danach ging er"), ("!", "wir achten das", "wir 8. das"), ("=", "der achte Tag", "der 8. Tag"),
        ("!", "erste", "1"), ("!", "erste", "zweite"), ("=", "Karl der 5. ist", "Karl der fünfte ist"), ("=", "Nr. 5", "Nr 5"), ("=", "Version 3.5", "Version 3,5"), ("=", "am 1. und 2. Mai", "am ersten und zweiten Mai"),
        ("=", "5 €", "5 Euro"), ("=", "€5", "fünf Euro"), ("!", "5 €", "5 $"), ("!", "5 €", "5"), ("=", "1.000,50 €", "1000,50 Euro"), ("=", "-5 °C", "minus 5 Grad Celsius"), ("=", "2½ Stunden", "2 1/2 Stunden"), ("!", "2½", "21 2"),
    ],
    "fr": [
        ("=", "le 1er mai", "le premier mai"), ("=", "la 1re fois", "la première fois"), ("=", "la 1ère fois", "la première fois"), ("=", "le 2ème tour", "le 2e tour"), ("=", "le 2e tour", "le deuxième tour"),
        ("=", "au XXe siècle", "au vingtième siècle"), ("=", "au XIXe siècle", "au dix-neuvième siècle"), ("!", "premier", "première"), ("!", "premier", "1"), ("!", "une seconde", "une 2e"), ("=", "le 98e", "le quatre-vingt-dix-huitième"),
        ("=", "cœur", "coeur"), ("=", "5 €", "cinq euros"), ("=", "20 °C", "vingt degrés celsius"),
    ],
    "es": [("=", "el 1.er piso", "el primer piso"), ("=", "la 3ª vez", "la tercera vez"), ("=", "el 1 de mayo", "el primero de mayo"), ("!", "primero", "primera"), ("!", "treinta segundos", "30 2º"), ("=", "5 $", "cinco dólares")],
    "it": [("=", "il 1° maggio", "il primo maggio"), ("=", "la 2ª volta", "la seconda volta"), ("!", "prima", "primo"), ("=", "il 23º", "il ventitreesimo")],
    "pt": [("=", "1º de maio", "primeiro de maio"), ("=", "2ª-feira", "segunda-feira"), ("=", "R$ 5", "cinco reais"), ("!", "o primeiro", "o 1")],
    "nl": [("=", "de 2de keer", "de tweede keer"), ("=", "de 21ste eeuw", "de eenentwintigste eeuw"), ("=", "Ĳsland", "ijsland"), ("=", "5 €", "vijf euro"), ("!", "derde", "3")],
    "sv": [("=", "den 3:e maj", "den tredje maj"), ("=", "den 3 maj", "den tredje maj"), ("!", "andra", "andre"), ("=", "21:a", "tjugoförsta")],
    "ru": [
        ("=", "1 мая", "первое мая"), ("=", "1-го мая", "первого мая"), ("=", "5-ти лет", "пяти лет"), ("=", "3-х комнат", "трёх комнат"), ("=", "3-х комнат", "трех комнат"), ("=", "2-ой", "второй"), ("!", "первый", "первого"),
        ("=", "в 1984-м году", "в тысяча девятьсот восемьдесят четвёртом году"), ("=", "в 1984 году", "в 1984-м году"), ("=", "121-й", "сто двадцать первый"), ("=", "с двадцатью пятью рублями", "с 25 рублями"), ("!", "семью", "7"),
        ("=", "с двухсот до трёхсот", "с 200 до 300"), ("=", "двадцатью семью", "27"),  ("=", "пять целых одна десятая", "5,1"), ("=", "2 $", "два доллара"), ("=", "21 ₽", "двадцать один рубль"),
        ("=", "12 ₽", "двенадцать рублей"), ("=", "20 °C", "двадцать градусов Цельсия"), ("!", "одного", "одной"),
    ],
    "pl": [
        ("=", "1 maja", "pierwszego maja"), ("=", "w 1984 roku", "w tysiąc dziewięćset osiemdziesiątym czwartym roku"), ("=", "2. miejsce", "drugie miejsce"), ("=", "dwóch panów", "2 panów"), ("=", "z dwudziestoma pięcioma", "z 25"),
        ("=", "22 $", "dwadzieścia dwa dolary"), ("=", "12 £", "dwanaście funtów"), ("!", "drugi", "2"), ("!", "dwudziesty pierwszy", "dwudziesty drugi"),
    ],
    "cs": [
        ("=", "1. května", "prvního května"), ("=", "21. století", "jednadvacáté století"), ("=", "21. století", "dvacáté první století"), ("=", "do tří hodin", "do 3 hodin"), ("=", "o 25 lidech", "o dvaceti pěti lidech"),
        ("=", "před sto lety", "před 100 lety"), ("=", "2 €", "dvě eura"), ("!", "první", "jeden"),
    ],
    "ca": [("=", "el 1r", "el primer"), ("=", "la 2a", "la segona"), ("=", "1 de maig", "primer de maig"), ("!", "segon", "segona")],
    "tr": [("=", "1. sınıf", "birinci sınıf"), ("=", "2'nci", "ikinci"), ("=", "21. yüzyıl", "yirmi birinci yüzyıl"), ("=", "5 ₺", "beş lira"), ("!", "birinci", "bir")],
    "ja": [("=", "¥500", "500円"), ("=", "$5", "5ドル")], "ko": [("=", "$5", "5달러")],
    "hr": [("=", "ǆep", "džep")], "da": [("!", "kær", "kaer")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "sign", "one", "other"), [(one, *pair) for one, pairs in PAIRS.items() for pair in pairs]
)
def test_pairs(language: str, sign: str, one: str, other: str) -> None:
    normalize = build("asr", language)
    assert (normalize(one) == normalize(other)) == (sign == "="), (normalize(one), normalize(other))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_numbers_have_one_word_and_none_is_a_cardinal(language: str) -> None:
    normalize = build("asr", language)
    for words, written in list(ordinals(language).items())[::7]:
        assert normalize(f"zz {words}") == normalize(f"zz {written}") == f"zz {written}", words


def test_the_rule_can_be_left_out() -> None:
    assert build("asr", "de", frozenset({"numerals"}))("der erste, 5 €") == "der erste 5"


ROMANS = [
    ("fr", "=", "Louis XIV", "Louis quatorze"), ("fr", "=", "au XXe siècle", "au vingtième siècle"),
    ("fr", "=", "XIXème siècle", "dix-neuvième siècle"), ("fr", "=", "chapitre II", "chapitre deux"), ("fr", "!", "chapitre II", "chapitre trois"),
    ("fr", "!", "taille XX", "taille vingt"), ("es", "=", "siglo XX", "siglo veinte"), ("es", "!", "siglo V", "siglo cinco"),
    ("es", "=", "capítulo IV", "capítulo cuatro"), ("it", "=", "il XX secolo", "il ventesimo secolo"),
    ("pl", "=", "w XX wieku", "w dwudziestym wieku"), ("ru", "=", "в XX веке", "в двадцатом веке"), ("ru", "=", "XIX век", "девятнадцатый век"),
    ("ru", "!", "XIX век", "двадцатый век"), ("pt", "=", "século XXI", "século vinte e um"), ("ca", "=", "segle XX", "segle vint"),
    ("de", "=", "Kapitel VI", "Kapitel sechs"), ("de", "!", "Kapitel VI", "Kapitel vi"), ("de", "!", "Band X", "Band 10 x"),
    ("de", "!", "im XXL Hemd", "im 30 Hemd"), ("de", "!", "Kapitel IIX", "Kapitel 8"), ("tr", "=", "Bölüm II", "Bölüm iki"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "sign", "one", "other"), ROMANS)
def test_roman_numerals_of_centuries_chapters_and_kings(language: str, sign: str, one: str, other: str) -> None:
    normalize = build("asr", language)
    assert (normalize(one) == normalize(other)) == (sign == "="), (normalize(one), normalize(other))
