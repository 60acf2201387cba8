# ruff: noqa: E501 -- tables of words
"""The ordinal words of languages, to 99, 100 and 1000, in the forms that are written with a sign of their own.

Spanish "primera" is 1ª and Russian "первого" 1-го; German, Polish, Czech and Turkish write all of them 1., which is
1º here. Checked against the spell-out rules of the Unicode CLDR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

Ordinals = dict[str, str]  # words in small letters -> as they are written
FROM_TWENTY = range(20, 100, 10)


def _named(words: str, first: int = 1, step: int = 1) -> Iterator[tuple[str, int]]:
    """Yield `(form, value)` of words in order, with other forms behind a stroke; a low line is a blank."""
    for place, word in enumerate(words.split()):
        for form in word.split("|"):
            yield form.replace("_", " "), first + place * step


def _inflected(stems: Iterable[tuple[str, int]], endings: Mapping[str, str]) -> Ordinals:
    """Return every stem with every ending, written with the sign of the ending."""
    return {stem + ending: f"{value}{sign}" for stem, value in stems for ending, sign in endings.items()}


def _alike(endings: str) -> dict[str, str]:
    return dict.fromkeys(endings.split(), "º")


def _behind(tens: str, units: Mapping[str, str], joint: str = " ") -> Ordinals:
    """Return tens, which are cardinals, with ordinals behind them."""
    low = {form: sign for form, sign in units.items() if not sign[1].isdecimal()}
    return {
        f"{ten}{joint}{form}": f"{value // 10}{sign}"
        for ten, value in _named(tens, 20, 10)
        for form, sign in low.items()
    }


def _german() -> Ordinals:
    stems = dict(
        _named(
            "erst zweit dritt viert fünft sechst siebt|siebent acht neunt zehnt elft zwölft dreizehnt vierzehnt fünfzehnt sechzehnt siebzehnt achtzehnt neunzehnt"
        )
    )
    units = dict(_named("ein zwei drei vier fünf sechs sieben acht neun"))
    for ten, value in _named("zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig", 20, 10):
        stems |= {f"{ten}st": value} | {f"{unit}und{ten}st": value + more for unit, more in units.items()}
    stems |= {"hundertst": 100, "einhundertst": 100, "tausendst": 1000}
    forms = _inflected(stems.items(), _alike("e en er es em"))
    return {
        form: sign for form, sign in forms.items() if form not in ("achte", "achten")
    }  # wir achten: `AFTER` has them


def _dutch() -> Ordinals:
    words = dict(
        _named(
            "eerste tweede derde vierde vijfde zesde zevende achtste negende tiende elfde twaalfde dertiende veertiende vijftiende zestiende zeventiende achttiende negentiende"
        )
    )
    units = dict(_named("een|één twee drie vier vijf zes zeven acht negen"))
    for ten, value in _named("twintig dertig veertig vijftig zestig zeventig tachtig negentig", 20, 10):
        words |= {f"{ten}ste": value}
        words |= {f"{unit}{joint}{ten}ste": value + more for unit, more in units.items() for joint in ("en", "ën")}
    return {form: f"{value}e" for form, value in (words | {"honderdste": 100, "duizendste": 1000}).items()}


def _swedish() -> Ordinals:
    words = dict(
        _named(
            "första|förste andra|andre tredje fjärde femte sjätte sjunde åttonde nionde tionde elfte tolfte trettonde fjortonde femtonde sextonde sjuttonde artonde nittonde"
        )
    )
    signs = {form: f"{value}{form[-1]}" for form, value in words.items()}
    tens = "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio"
    whole = {f"{ten}nde": f"{value}e" for ten, value in _named(tens, 20, 10)}
    return signs | whole | _behind(tens, signs, "") | _behind(tens, signs) | {"hundrade": "100e", "tusende": "1000e"}


def _french() -> Ordinals:
    small = "un|unième deux trois quatr|quatre cinqu|cinq six sept huit neuv|neuf dix onz|onze douz|douze treiz|treize quatorz|quatorze quinz|quinze seiz|seize dix_sept dix_huit dix_neuv"
    stems = {form: value for form, value in _named(small) if not form.endswith(("e", "q", "f", "ème"))}
    units = {form: value for form, value in stems.items() if value < 20}
    for ten, stem, value in (
        ("vingt", "vingt", 20),
        ("trente", "trent", 30),
        ("quarante", "quarant", 40),
        ("cinquante", "cinquant", 50),
        ("soixante", "soixant", 60),
        ("soixante", "", 60),
        ("septante", "septant", 70),
        ("quatre vingt", "quatre vingt", 80),
        ("huitante", "huitant", 80),
        ("nonante", "nonant", 90),
    ):
        most = 20 if ten in ("soixante", "quatre vingt") else 10
        stems |= {stem: value} if stem else {}
        stems |= {f"{ten} {unit}": value + more for unit, more in units.items() if more < most}
        stems |= {f"{ten} et {unit}": value + more for unit, more in units.items() if more in (1, 11) and more < most}
    words = _inflected(stems.items(), {"ième": "e", "ièmes": "es"})
    words = {form: sign for form, sign in words.items() if form not in ("unième", "unièmes")}
    first = {"premier": "1er", "premiers": "1ers", "première": "1re", "premières": "1res"}
    return words | first | {"centième": "100e", "centièmes": "100es", "millième": "1000e", "millièmes": "1000es"}


GENDERS = {"o": "º", "a": "ª"}


def _romance(units: str, teens: str, tens: str, joint: str = " ") -> Ordinals:
    """Return the ordinals of Spanish and Portuguese: vigésimo primero, both with the ending."""
    stems = dict(_named(units))
    words = _inflected(stems.items(), GENDERS) | _inflected(_named(teens, 11), GENDERS)
    for ten, value in _named(tens, 20, 10):
        words |= _inflected([(ten, value)], GENDERS)
        for ending, sign in GENDERS.items():
            words |= {
                f"{ten}{own}{joint}{stem}{ending}": f"{value + more}{sign}"
                for stem, more in stems.items()
                if more < 10
                for own in {ending, "o"}
            }
    return words


def _spanish() -> Ordinals:
    units = "primer segund tercer cuart quint sext séptim|sétim octav noven décim"
    teens = "undécim|decimoprimer duodécim|decimosegund decimotercer decimocuart decimoquint decimosext decimoséptim decimoctav decimonoven"
    tens = "vigésim trigésim cuadragésim quincuagésim sexagésim septuagésim octogésim nonagésim"
    words = _romance(units, teens, tens)
    short = {form[:-1]: f"{sign[:-1]}er" for form, sign in words.items() if form.endswith(("primero", "tercero"))}
    return words | short | {"centésimo": "100º", "centésima": "100ª", "milésimo": "1000º", "milésima": "1000ª"}


def _portuguese() -> Ordinals:
    units = "primeir segund terceir quart quint sext sétim oitav non décim"
    teens = "undécim|décimo_primeir duodécim|décimo_segund décimo_terceir décimo_quart décimo_quint décimo_sext décimo_sétim décimo_oitav décimo_non"
    tens = "vigésim trigésim quadragésim quinquagésim sexagésim septuagésim|setuagésim octogésim nonagésim"
    words = _romance(units, teens, tens)
    words |= {
        form.replace("décimo", "décima"): sign
        for form, sign in words.items()
        if form.startswith("décimo ") and sign.endswith("ª")
    }
    return words | {"centésimo": "100º", "centésima": "100ª", "milésimo": "1000º", "milésima": "1000ª"}


def _italian() -> Ordinals:
    low = "prim second terz quart quint sest settim ottav non decim undicesim dodicesim tredicesim quattordicesim quindicesim sedicesim diciassettesim diciottesim diciannovesim"
    stems = dict(_named(low))
    for ten, value in _named("vent trent quarant cinquant sessant settant ottant novant", 20, 10):
        vowel = "i" if ten == "vent" else "a"
        stems |= {f"{ten}esim": value}
        stems |= {
            f"{ten}{unit}esim": value + more
            for unit, more in _named(
                f"un {vowel}du|{vowel}due {vowel}tre {vowel}quattr {vowel}cinqu {vowel}sei {vowel}sett ott {vowel}nov"
            )
        }
    return _inflected((stems | {"centesim": 100, "millesim": 1000}).items(), GENDERS)


def _catalan() -> Ordinals:
    low = "un dos tres quatr cinqu sis set vuit|huit nov des onz dotz tretz catorz quinz setz disset|dèsset divuit|díhuit dinov"
    stems = dict(_named(low))
    units = {form: value for form, value in stems.items() if value < 10}
    for ten, value in _named("vint trent quarant cinquant seixant setant vuitant|huitant norant", 20, 10):
        joined = "vint i" if ten == "vint" else f"{ten}a"
        stems |= {ten: value} | {f"{joined} {unit}": value + more for unit, more in units.items()}
    words = _inflected(stems.items(), {"è": "è", "é": "è", "ena": "a"})
    first = {
        "primer": "1r",
        "primera": "1a",
        "segon": "2n",
        "segona": "2a",
        "tercer": "3r",
        "tercera": "3a",
        "quart": "4t",
        "quarta": "4a",
        "quint": "5è",
        "quinta": "5a",
    }
    words |= {f"vint i {form}": f"2{sign}" for form, sign in first.items()}
    words |= {
        f"{ten}a {form}": f"{value // 10}{sign}"
        for ten, value in _named("trent quarant cinquant seixant setant vuitant norant", 30, 10)
        for form, sign in first.items()
    }
    odd = [form for form in words if form.startswith(("un", "dosè", "dosé", "dosena", "quatré"))]
    return (
        {form: sign for form, sign in words.items() if form not in odd} | first | {"centè": "100è", "centena": "100a"}
    )


def _russian() -> Ordinals:
    hard = {
        "ый": "й",
        "ого": "го",
        "ому": "му",
        "ым": "м",
        "ом": "м",
        "ая": "я",
        "ой": "й",
        "ую": "ю",
        "ое": "е",
        "ые": "е",
        "ых": "х",
        "ыми": "ми",
    }
    soft = {
        "ий": "й",
        "ьего": "го",
        "ьему": "му",
        "ьим": "м",
        "ьем": "м",
        "ья": "я",
        "ьей": "й",
        "ью": "ю",
        "ье": "е",
        "ьи": "и",
        "ьих": "х",
        "ьими": "ми",
    }
    low = "перв втор - четвёрт|четверт пят шест седьм восьм девят десят одиннадцат двенадцат тринадцат четырнадцат пятнадцат шестнадцат семнадцат восемнадцат девятнадцат"
    stems = [(stem, value) for stem, value in _named(low) if stem != "-"]
    units = _inflected(stems, hard) | _inflected([("трет", 3)], soft)
    words = units | _inflected(
        _named("двадцат тридцат сороков пятидесят шестидесят семидесят восьмидесят девяност сот", 20, 10), hard
    )
    words |= _inflected([("тысячн", 1000), ("двухтысячн", 2000)], hard)
    words |= _behind("двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто", units)
    parts = [f"{stem}{ending}" for stem in ("десят", "сот", "тысячн") for ending in ("ая", "ых")]  # of decimals
    return {form: sign for form, sign in words.items() if form not in parts}


def _slavic(units: Ordinals, tens: Mapping[str, Iterable[str]]) -> Ordinals:
    """Return ordinals of which tens and units are inflected: dwudziesty pierwszy."""
    low = {form: sign for form, sign in units.items() if len(sign) == 2}
    words = dict(units)
    for value, forms in zip(FROM_TWENTY, tens.values(), strict=True):
        words |= {form: f"{value}º" for form in forms}
        words |= {f"{form} {unit}": f"{value // 10}{sign}" for form in forms for unit, sign in low.items()}
    return words


def _polish() -> Ordinals:
    endings = "y a e ego emu ym ą ej ych ymi"
    low = "pierwsz - - czwart piąt szóst siódm ósm dziewiąt dziesiąt jedenast dwunast trzynast czternast piętnast szesnast siedemnast osiemnast dziewiętnast"
    units = _inflected(((stem, value) for stem, value in _named(low) if stem != "-"), _alike(endings)) | {
        "pierwsi": "1º"
    }
    units |= _inflected([("drug", 2)], _alike("i a ie iego iemu im ą iej ich imi")) | {"drudzy": "2º"}
    units |= _inflected([("trzec", 3)], _alike("i ia ie iego iemu im ią iej ich imi"))
    tens = "dwudziest trzydziest czterdziest pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt"
    words = _slavic(units, {ten: [ten + ending for ending in endings.split()] for ten in tens.split()})
    words |= _inflected([("setn", 100), ("tysięczn", 1000)], _alike(endings))
    parts = [f"{stem}{ending}" for stem in ("dziesiąt", "setn", "tysięczn") for ending in ("a", "e", "ych")]
    return {form: sign for form, sign in words.items() if form not in parts}


def _czech() -> Ordinals:
    hard, soft = "ý á é ého ému ém ým ou ých ými", "í ího ímu ím ích ími"
    low = "prv druh - čtvrt pát šest sedm osm devát desát jedenáct dvanáct třináct čtrnáct patnáct šestnáct sedmnáct osmnáct devatenáct"
    units = _inflected(((stem, value) for stem, value in _named(low) if stem != "-"), _alike(hard)) | {"druzí": "2º"}
    units |= _inflected([("prvn", 1), ("třet", 3)], _alike(soft))
    tens = "dvacát třicát čtyřicát padesát šedesát sedmdesát osmdesát devadesát"
    words = _slavic(units, {ten: [ten + ending for ending in hard.split()] for ten in tens.split()})
    turned = dict(_named("jedn|jeden dva tři čtyři pět šest sedm osm devět"))
    for ten, value in _named(tens, 20, 10):
        words |= {
            f"{unit}a{ten}{ending}": f"{value + more}º" for unit, more in turned.items() for ending in hard.split()
        }
    return (
        words
        | _inflected([("st", 100)], _alike("ý á é ého ému ém ým ých ými"))
        | _inflected([("tisíc", 1000)], _alike("í ího ímu ím ích"))
    )


def _turkish() -> Ordinals:
    units = dict(_named("birinci ikinci üçüncü dördüncü beşinci altıncı yedinci sekizinci dokuzuncu"))
    words = units | dict(
        _named("onuncu yirminci otuzuncu kırkıncı ellinci altmışıncı yetmişinci sekseninci doksanıncı yüzüncü", 10, 10)
    )
    for ten, value in _named("on yirmi otuz kırk elli altmış yetmiş seksen doksan", 10, 10):
        words |= {f"{ten}{joint}{unit}": value + more for unit, more in units.items() for joint in (" ", "")}
    return {form: f"{value}º" for form, value in (words | {"bininci": 1000}).items()}


ORDINALS: Mapping[str, Callable[[], Ordinals]] = {
    "ca": _catalan, "cs": _czech, "de": _german, "es": _spanish, "fr": _french, "it": _italian, "nl": _dutch,
    "pl": _polish, "pt": _portuguese, "ru": _russian, "sv": _swedish, "tr": _turkish,
}  # fmt: skip
