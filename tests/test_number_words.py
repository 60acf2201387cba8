# ruff: noqa: E501 -- tables of texts
"""Number words of languages other than English and Chinese: what is one text with digits, and what is not."""

from __future__ import annotations

import random

import pytest

from asrcli.text.normalisers import build
from asrcli.text.number_words import LANGUAGES

COUNTED = {
    "fr": "un",
    "it": "uno",
    "pt": "um",
    "sv": "ett",
    "tr": "bir",
    "ca": "un",
    "da": "et",
    "no": "en",
    "nb": "en",
    "vi": "một",
}  # articles too


def spelled(number: float, language: str) -> str:
    from num2words import num2words

    return str(num2words(number, lang="no" if language == "nb" else language))


def is_right(number: int, words: str, language: str) -> bool:
    """Return whether num2words spells a number right, and as nothing else: not 118 in Italian, and not 21,000 in Turkish.

    Of Vietnamese some words alone are a year, a father, ripe and no, and Danish 60 is "tres".
    """
    if words in ("không", "ba", "năm", "chín") or "treds" in words.replace("halvtreds", ""):
        return False
    return not ("dicotto" in words or (language == "tr" and number // 1000 % 10 == 1))


@pytest.mark.parametrize(
    "language", [pytest.param(one, marks=pytest.mark.slow if at % 2 else ()) for at, one in enumerate(LANGUAGES)]
)
def test_every_number_as_num2words_spells_it(language: str) -> None:
    normalize, chosen = build("asr", language), random.Random(language)
    numbers = [*range(200), *range(200, 2100, 31), *(chosen.randrange(2000, 10**6) for _ in range(150))]
    for number in [*numbers, 1000, 1001, 1100, 1900, 2000, 10_000, 21_000, 100_000, 101_000, 200_000, 999_999]:
        words = spelled(number, language)
        if number == 1 and language in COUNTED:
            assert normalize(words) == "1"
        elif is_right(number, words, language):
            assert normalize(f"x {words} y") == f"x {number} y", words
            assert language == "tr" or normalize(f"X {words.capitalize()}, y.") == f"x {number} y"  # the capital İ


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {"tr", "vi"}))  # whose decimals num2words joins
def test_decimals_as_num2words_spells_them(language: str) -> None:
    normalize = build("asr", language)
    for number in (0.5, 1.5, 2.25, 3.14, 10.05, 21.7, 100.2):
        written = str(number).replace(".", ",")
        assert normalize(spelled(number, language)) == normalize(written) == str(number)


PAIRS = {
    "vi": [
        ("=", "hai mươi lăm", "25"), ("=", "hai mươi mốt", "21"), ("=", "ba phần trăm", "3%"), ("=", "năm triệu", "5.000.000"),
        ("=", "hai phẩy năm", "2,5"), ("=", "không phẩy năm", "0,5"), ("=", "một nghìn không trăm linh năm", "1.005"),
        ("=", "năm nghìn hai trăm", "5.200"), ("=", "năm trăm", "500"), ("!", "năm nay", "5 nay"), ("!", "ba tôi", "3 tôi"),
        ("!", "không có", "0 có"), ("!", "một người", "1 người"), ("!", "vài nghìn", "vài 1000"),
        ("=", "năm hai nghìn không trăm hai mươi tư", "năm 2024"), ("!", "hai mươi lăm", "24"), ("=", "mười lăm đồng", "15₫"),
        ("=", "năm mươi nghìn đồng", "50.000₫"),
    ],
    "da": [
        ("=", "halvtreds", "50"), ("=", "femoghalvfems", "95"), ("=", "toogtyve", "22"), ("=", "hundrede og fem", "105"),
        ("=", "to hundrede og femogtres", "265"), ("=", "nittenhundrede og fireogfirs", "1984"), ("=", "to millioner", "2.000.000"),
        ("=", "tre en halv", "3 en halv"), ("=", "to og en halv", "2,5"), ("=", "den tredje maj", "den 3. maj"),
        ("=", "tolv kroner og halvtreds øre", "12,50 kr"), ("=", "fem komma fem procent", "5,5 %"), ("!", "en hund", "1 hund"),
        ("!", "en hund", "et hund"), ("!", "halvtreds", "60"), ("!", "den anden", "den 2."), ("=", "tusind", "1000"), ("=", "fire kilometer", "4 km"),
    ],
    "no": [
        ("=", "tjueén", "21"), ("=", "enogtyve", "21"), ("=", "to tusen og fem", "2005"), ("=", "den syttende mai", "den 17. mai"),
    ],
    "nb": [
        ("=", "to og en halv", "2½"), ("=", "tolv kroner", "12 kr"), ("!", "en mann", "1 mann"),
    ],
    "de": [
        ("=", "ein Prozent", "1 %"), ("=", "fünf %", "5%"), ("=", "eine Million", "1 Million"), ("=", "zwo", "2"),
        ("=", "zwischen drei und zwanzig", "zwischen 3 und 20"), ("=", "neunzehnhundertvierundachtzig", "1984"),
        ("=", "tausendneunhundert", "eintausend neunhundert"), ("=", "zwei tausend drei hundert", "2300"), ("=", "10 Tausend", "10.000"),
        ("!", "10,5 Tausend", "10.500"), ("!", "Tausende Menschen", "1000 Menschen"), ("=", "DREISSIG", "dreißig"),
        ("=", "eins zwei drei", "1 2 3"), ("!", "zwei zwei", "22"), ("!", "ein Hund", "1 Hund"), ("!", "ein Hund", "eine Hund"),
        ("=", "hundertundeins", "101"), ("=", "drei Uhr dreißig", "3 Uhr 30"), ("!", "einer", "eine"), ("!", "der dritte", "der 3"),
    ],
    "fr": [
        ("!", "un homme", "1 homme"), ("!", "une fois", "un fois"), ("!", "un", "une"), ("=", "un deux trois", "1 2 3"), ("=", "vingt et une", "21"),
        ("=", "quatre-vingts", "80"), ("=", "quatre vingt dix-neuf", "99"), ("=", "septante-cinq", "soixante-quinze"), ("=", "huitante", "80"),
        ("=", "cinq pour cent", "5 %"), ("=", "cent pour cent", "100 %"), ("=", "un pour cent", "1 %"), ("=", "pour cent euros", "pour 100 euros"),
        ("=", "dix-neuf cent quatre-vingt-quatre", "mille neuf cent quatre-vingt-quatre"), ("=", "trois virgule quatorze", "3,14"),
        ("=", "deux mille trois mille", "2000 3000"), ("=", "3 mille", "3000"), ("!", "cents", "100"), ("=", "onze cents", "1100"),
        ("=", "un million", "1 million"), ("!", "un milieu", "1 milieu"), ("=", "vingt, trois", "vingt trois"), ("=", "l'huit", "l'8"), ("!", "l'un", "l'une"),
    ],
    "es": [
        ("=", "veintiún años", "21 años"), ("=", "doscientas una", "201"), ("!", "un libro", "1 libro"), ("=", "uno", "1"), ("=", "cien mil", "100.000"),
        ("=", "cinco por ciento", "5%"), ("=", "un por ciento", "1%"), ("=", "por cien pesos", "por 100 pesos"), ("=", "dos punto cinco", "2,5"),
        ("!", "una casa", "un casa"), ("=", "mil novecientos ochenta y cuatro", "1984"), ("!", "miles", "1000"), ("=", "2 mil", "2000"),
    ],
    "it": [
        ("=", "ventotto", "28"), ("=", "centottanta", "180"), ("=", "centootto", "centotto"), ("=", "10mila", "10.000"), ("=", "10 mila euro", "diecimila euro"),
        ("!", "un uomo", "1 uomo"), ("!", "uno studente", "un studente"), ("=", "cento per cento", "100%"), ("=", "l'otto marzo", "l'8 marzo"),
        ("!", "cent'anni", "100'anni"), ("=", "centodiciotto", "118"), ("=", "duemilaventiquattro", "2024"), ("!", "sessanta", "66"),
    ],
    "pt": [
        ("=", "entre mil e dois mil", "entre 1000 e 2000"), ("=", "entre cem e duzentos", "entre 100 e 200"), ("=", "dezesseis", "dezasseis"),
        ("=", "duas mil e uma", "2001"), ("!", "um homem", "1 homem"), ("=", "três e vinte", "3 e 20"), ("=", "cinco por cento", "5%"),
        ("=", "seis e meia", "6 e meia"), ("!", "uma", "um"), ("=", "um milhão", "1 milhão"),
    ],
    "nl": [
        ("=", "drieëntwintig", "23"), ("!", "een man", "1 man"), ("=", "één man", "1 man"), ("=", "negentienhonderdvierentachtig", "1984"),
        ("=", "honderdeneen", "101"), ("=", "vijf procent", "5%"), ("=", "een procent", "1%"), ("!", "duizenden", "1000"), ("=", "drie en twintig", "3 en 20"),
    ],
    "pl": [
        ("=", "dwadzieścia trzy tysiące", "23 000"), ("!", "tysiące ludzi", "1000 ludzi"), ("!", "jedna", "jeden"), ("=", "jeden", "1"),
        ("=", "pięć procent", "5%"), ("=", "dwie książki", "2 książki"), ("=", "10 tysięcy", "10000"), ("!", "pięćdziesiąt", "5 10"),
    ],
    "sv": [
        ("=", "nittonhundraåttiofyra", "1984"), ("!", "en man", "1 man"), ("!", "en hus", "ett hus"), ("=", "två tusen tjugofyra", "2024"),
        ("=", "ettusen", "1000"), ("=", "tjugoen", "21"), ("=", "en procent", "1%"), ("!", "hundratals", "100"),
    ],
    "tr": [
        ("=", "yirmi üç", "23"), ("=", "yirmiüç", "23"), ("=", "bin dokuz yüz seksen dört", "1984"), ("=", "YİRMİ", "20"), ("=", "yirmi bir bin", "21.000"),
        ("=", "yüzde beş", "%5"), ("=", "yüzde yüz", "%100"), ("=", "yüzde bir", "%1"), ("!", "bir adam", "1 adam"), ("=", "iki virgül beş", "2,5"), ("!", "binler", "1000"),
    ],
    "ru": [
        ("=", "тысяча девятьсот восемьдесят четыре", "1984"), ("=", "10 тысяч", "десять тысяч"), ("=", "10 тысяч", "10 000"), ("=", "две тысячи", "2000"),
        ("!", "тысячи людей", "1000 людей"), ("!", "одна", "один"), ("=", "одна тысяча", "1000"), ("=", "один процент", "1%"),
        ("=", "три целых пять сотых", "3,05"), ("!", "сотня", "100"), ("=", "двадцать одна тысяча", "21 000"),
    ],
    "cs": [
        ("=", "třiadvacet", "dvacet tři"), ("=", "jednadvacet", "21"), ("=", "dvěstě", "200"), ("=", "tisíc devět set", "devatenáct set"),
        ("=", "tři celé pět desetin", "3,5"), ("=", "pět a dvacet", "5 a 20"), ("!", "jeden", "jedna"), ("!", "set", "100"), ("=", "pět procent", "5 %"),
    ],
    "ca": [
        ("=", "vint-i-tres", "23"), ("=", "dues-centes", "dos-cents"), ("=", "cinc per cent", "5%"), ("=", "cent u", "101"), ("!", "un home", "1 home"),
        ("=", "mil nou-cents vuitanta-quatre", "1984"), ("!", "cents", "100"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "sign", "one", "other"), [(language, *pair) for language, pairs in PAIRS.items() for pair in pairs]
)
def test_pairs(language: str, sign: str, one: str, other: str) -> None:
    normalize = build("asr", language)
    assert (normalize(one) == normalize(other)) == (sign == "="), (normalize(one), normalize(other))


# Article 1 of the Universal Declaration of Human Rights, and a sentence with the articles.
ORDINARY = {
    "da": "en mand og et barn gik den anden vej hjem da solen gik ned over en lille by ved havet og ingen sagde et ord",
    "nb": "en mann og ei jente gikk den andre veien hjem da sola gikk ned over et lite sted ved havet og ingen sa et ord",
    "no": "en mann og ei jente gikk den andre veien hjem da sola gikk ned over et lite sted ved havet og ingen sa et ord",
    "vi": "năm nay ba tôi không có một người bạn nào ở quê khi lúa chín và năm ngoái anh tư cũng không về thăm nhà",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geiste der Brüderlichkeit begegnen. Ein Kind und eine Frau, eines Tages mit einem Freund, einer von einen.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience et doivent agir les uns envers les autres dans un esprit de fraternité. L'une et l'un, une fois, les cents, un milieu.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y conciencia, deben comportarse fraternalmente los unos con los otros. Un día y una noche, miles y cientos.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati di ragione e di coscienza e devono agire gli uni verso gli altri in spirito di fratellanza. Un giorno, uno studente, una volta, un'ora, cent'anni.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de consciência, devem agir uns para com os outros em espírito de fraternidade. Um dia e uma noite, centenas de milhares.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd met verstand en geweten, en behoren zich jegens elkander in een geest van broederschap te gedragen. Een van de duizenden en een ander.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa. Jedna i jedno, tysiące i setki.",
    "sv": "Alla människor är födda fria och lika i värde och rättigheter. De har utrustats med förnuft och samvete och bör handla gentemot varandra i en anda av gemenskap. Ett hus och en man, tusentals och hundratals.",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler. Bir gün, binlerce ve yüzlerce.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства. Одна из одного, тысячи и сотни.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím a mají spolu jednat v duchu bratrství. Jeden a jedno, tisíce a stovky, set.",
    "ca": "Tots els éssers humans neixen lliures i iguals en dignitat i en drets. Són dotats de raó i de consciència, i han de comportar-se fraternalment els uns amb els altres. Un dia i una nit, cents i milers.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_without_numbers_stay_as_they_are(language: str) -> None:
    """In any order of their words: nothing that is no number is written otherwise, so no two texts become one."""
    normalize, unread = build("asr", language), build("asr", language, frozenset({"numerals"}))
    words, chosen = ORDINARY[language].split(), random.Random(4)
    assert normalize(ORDINARY[language]) == unread(ORDINARY[language])
    for _ in range(300):
        text = " ".join(chosen.choices(words, k=chosen.randrange(2, 9)))
        assert normalize(text) == unread(text)


def test_marks_of_sentences_change_no_number() -> None:
    chosen = random.Random(6)
    for language in LANGUAGES:
        normalize = build("asr", language)
        for _ in range(40):
            words = " ".join(spelled(chosen.randrange(2, 10**4), language) for _ in range(3)).split()
            marked = " ".join(word + chosen.choice(["", "", ",", ".", "!", ";", " –"]) for word in words)
            assert normalize(marked) == normalize(" ".join(words)), marked


def test_the_rule_can_be_left_out_and_other_languages_have_none() -> None:
    assert build("asr", "de", frozenset({"numerals"}))("zwanzig") == "zwanzig"
    assert build("asr", "fi")("kaksikymmentä") == "kaksikymmentä"
    assert build("asr", "de-AT")("zwanzig") == build("asr", "de")("20") == "20"
    assert build("asr", None)("zwanzig") == "zwanzig"
