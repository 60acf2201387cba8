# ruff: noqa: E501 -- tables of words
"""The number words of languages: all genders, all cases in Czech, Polish and Russian, old and regional forms; text in small letters (casefolded).

In a form a blank is one that may be left out. Checked against num2words, whose words are a part of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

TEN, HUNDRED, THOUSAND = 10, 100, 1000
Forms = dict[str, int]


@dataclass(frozen=True, slots=True)
class Counting:
    """How a language counts to 999,999."""

    small: Mapping[str, int]  # 0 to 99
    hundreds: Mapping[str, int]
    thousand: str  # how it stands alone, by |
    thousands: str  # behind how many
    point: str  # the words for the decimal mark
    ones: str  # forms of one that are articles, pronouns or both
    lone: str = ""  # the form of one that is a number wherever it stands
    hundred: str = ""  # the word behind how many hundreds, where it is one of its own
    joint: str = ""  # what may stand before the last part: "und"
    parts: Mapping[str, int] = field(default_factory=dict)  # words for tenths, hundredths -> digits behind the mark


def _forms(words: str, first: int = 0, step: int = 1) -> Iterator[tuple[str, int]]:
    """Yield `(form, value)` of words in order, with other forms behind a stroke; a low line is a blank."""
    for number, word in enumerate(words.split()):
        for form in word.split("|"):
            yield form.replace("_", " "), first + number * step


def _pairs(words: str) -> Iterator[tuple[str, str]]:
    """Yield stems with the one of the other cases, which stands behind a slash where it differs."""
    for word in words.split():
        base, _, other = word.partition("/")
        yield base, other or base


def _counted(words: str, tens: str, joint: str = " ", ones: str = "") -> Forms:
    """Return 0 to 99 where the tens come first; `ones` are more forms of one behind them."""
    small = dict(_forms(words))
    units = [(form, value) for form, value in small.items() if 0 < value < TEN] + list(_forms(ones, 1))
    for ten, value in _forms(tens, 20, TEN):
        small.setdefault(ten, value)
        for unit, more in units:
            small.setdefault(f"{ten}{joint}{unit}", value + more)
    return small


def _turned(words: str, tens: str, joints: str) -> Forms:
    """Return 0 to 99 where the units come first, in one word."""
    small = dict(_forms(words))
    units = [(form, value) for form, value in small.items() if 0 < value < TEN]
    for ten, value in _forms(tens, 20, TEN):
        small[ten] = value
        small |= {f"{unit}{joint}{ten}": value + more for unit, more in units for joint in joints.split("|")}
    return small


def _hundreds(small: Mapping[str, int], alone: str, behind: str, last: int = 19) -> Forms:
    """Return the hundreds that are a number and a word for hundred."""
    many = {f"{form} {word}": value * HUNDRED for form, value in small.items() for word in behind.split("|")
            if 0 < value <= last and value != TEN}  # fmt: skip
    return dict.fromkeys(alone.split("|"), HUNDRED) | many


def _german() -> Counting:
    units = "null ein|eins|eine zwei|zwo drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"
    tens = "zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig"
    small = _turned(units, tens, "und")
    return Counting(small, _hundreds(small, "hundert", "hundert"), "tausend", "tausend", "komma",
                    "ein|eine|einen|einem|einer|eines", "eins", "hundert", "und")  # fmt: skip


def _dutch() -> Counting:
    units = "nul een|één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien"
    tens = "twintig dertig veertig vijftig zestig zeventig tachtig negentig"
    small = _turned(units, tens, "en|ën")
    return Counting(small, _hundreds(small, "honderd", "honderd"), "duizend", "duizend", "komma", "een", "één",
                    "honderd", "en")  # fmt: skip


def _french() -> Counting:
    units = "zéro un|une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix_sept dix_huit dix_neuf"
    small = _counted(units, "vingt trente quarante cinquante soixante septante huitante|octante nonante")
    teens = {form: value for form, value in small.items() if 0 < value < 20}
    small |= {f"soixante {form}": 60 + value for form, value in teens.items()}
    small |= {"quatre vingt": 80, "quatre vingts": 80} | {f"quatre vingt {form}": 80 + n for form, n in teens.items()}
    for ten, value in _forms("vingt trente quarante cinquante soixante septante huitante|octante nonante", 20, TEN):
        small |= {f"{ten} et un": value + 1, f"{ten} et une": value + 1}
    small["soixante et onze"] = 71
    many = _hundreds({form: n for form, n in small.items() if n != 1}, "cent", "cent|cents")
    return Counting(small, many, "mille|mil", "mille|mil", "virgule", "un|une", "", "cents?")


def _spanish() -> Counting:
    units = "cero un|uno|una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis|dieciseis diecisiete dieciocho diecinueve"
    small = _counted(units, "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", " y ")
    small |= dict(
        _forms(
            "veintiuno|veintiún|veintiun|veintiuna veintidós|veintidos veintitrés|veintitres veinticuatro veinticinco veintiséis|veintiseis veintisiete veintiocho veintinueve",
            21,
        )
    )
    stems = "dosc tresc cuatroc quin seisc setec ochoc novec"
    many = {"cien": 100, "ciento": 100}
    many |= {f"{stem}ient{ending}": value for stem, value in _forms(stems, 200, HUNDRED) for ending in ("os", "as")}
    return Counting(small, many, "mil", "mil", "coma|punto", "un|una", "uno")


def _portuguese() -> Counting:
    units = "zero um|uma dois|duas três|tres quatro cinco seis sete oito nove dez onze doze treze catorze|quatorze quinze dezesseis|dezasseis dezessete|dezassete dezoito dezenove|dezanove"
    small = _counted(units, "vinte trinta quarenta cinquenta|cinqüenta sessenta setenta oitenta noventa", " e ")
    stems = "duzent trezent quatrocent quinhent seiscent setecent oitocent novecent"
    many = {"cem": 100, "cento": 100}
    many |= {f"{stem}{ending}": value for stem, value in _forms(stems, 200, HUNDRED) for ending in ("os", "as")}
    return Counting(small, many, "mil", "mil", "vírgula", "um|uma", joint=" e ")


def _italian() -> Counting:
    units = "zero uno|una|un due tre|tré quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove"
    small = _counted(units, "venti trenta quaranta cinquanta sessanta settanta ottanta novanta", "")
    for ten, value in _forms("vent trent quarant cinquant sessant settant ottant novant", 20, TEN):
        small |= {f"{ten}uno": value + 1, f"{ten}un": value + 1, f"{ten}una": value + 1, f"{ten}otto": value + 8}
    many = _hundreds({form: value for form, value in small.items() if value != 1}, "cento", "cento", 9)
    many |= {form.removesuffix("o"): value for form, value in many.items()}  # centotto, centuno: `number_words` sees
    return Counting(small, many, "mille", "mila", "virgola", "un|uno|una", "", "cento")


def _swedish() -> Counting:
    units = (
        "noll ett|en två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton"
    )
    small = _counted(units, "tjugo trettio fyrtio|förtio femtio sextio sjuttio åttio nittio")
    return Counting(
        small, _hundreds(small, "hundra", "hundra"), "tusen|ettusen", "tusen", "komma", "en|ett", "", "hundra"
    )


def _polish() -> Counting:
    low = "zero|zera|zeru|zerem|zerze jeden|jedna|jedno dwa|dwie|dwaj|dwóch|dwu|dwóm|dwom|dwoma|dwiema trzy|trzej|trzech|trzem|trzema cztery|czterej|czterech|czterem|czterema"
    cases = "pięć|pięciu|pięcioma sześć|sześciu|sześcioma siedem|siedmiu|siedmioma osiem|ośmiu|ośmioma dziewięć|dziewięciu|dziewięcioma dziesięć|dziesięciu|dziesięcioma"
    teens = " ".join(
        f"{base}aście|{other}astu|{other}astoma"
        for base, other in _pairs("jeden dwan/dwun trzyn cztern piętn szesn siedemn osiemn dziewiętn")
    )
    tens = "dwadzieścia|dwudziestu|dwudziestoma trzydzieści|trzydziestu|trzydziestoma czterdzieści|czterdziestu|czterdziestoma "
    tens += " ".join(
        f"{base}dziesiąt|{base}dziesięciu|{base}dziesięcioma" for base in "pięć sześć siedem osiem dziewięć".split()
    )
    units = f"{low} {cases} {teens}"
    hundreds = "sto|stu dwieście|dwustu trzysta|trzystu czterysta|czterystu pięćset|pięciuset sześćset|sześciuset siedemset|siedmiuset osiemset|ośmiuset dziewięćset|dziewięciuset"
    many = dict(_forms(hundreds, 100, HUNDRED))
    return Counting(
        _counted(units, tens),
        many,
        "tysiąc|tysiąca|tysiącowi|tysiącem|tysiącu",
        "tysiąc|tysiące|tysięcy|tysiąca|tysiącowi|tysiącem|tysiącom|tysiącami|tysiącach",
        "przecinek",
        "jedna|jedno",
        "jeden",
    )


def _russian() -> Counting:
    ones = "одна|одно|одной|одну"
    low = f"ноль|нуль|ноля|нуля|нолю|нулю|нолем|нулем|нулём|ноле|нуле один|{ones} два|две|двух|двум|двумя три|трёх|трех|трём|трем|тремя четыре|четырёх|четырех|четырём|четырем|четырьмя пять|пяти|пятью шесть|шести|шестью"
    low += " семь|семи восемь|восьми|восемью|восьмью девять|девяти|девятью десять|десяти|десятью "  # семью is a family, too
    low += " ".join(
        f"{stem}надцать|{stem}надцати|{stem}надцатью" for stem in "один две три четыр пят шест сем восем девят".split()
    )
    tens = "двадцать|двадцати|двадцатью тридцать|тридцати|тридцатью сорок|сорока "
    tens += (
        " ".join(f"{base}ьдесят|{base}идесяти|{base}ьюдесятью" for base in ("пят", "шест", "сем"))
        + " восемьдесят|восьмидесяти|восемьюдесятью девяносто|девяноста"
    )
    hundreds = "сто|ста двести|двухсот|двумстам|двумястами|двухстах триста|трёхсот|трехсот|трёмстам|тремстам|тремястами|трёхстах|трехстах"
    hundreds += " четыреста|четырёхсот|четырехсот|четырёмстам|четыремстам|четырьмястами|четырёхстах|четырехстах "
    hundreds += " ".join(
        f"{base}ьсот|{other}исот|{other}истам|{base}ьюстами|{other}истах"
        for base, other in _pairs("пят шест сем восем/восьм девят")
    )
    many = dict(_forms(hundreds, 100, HUNDRED))
    small = _counted(low, tens, ones="одного|одному|одним|одном|одни|одних|одними")
    small |= {f"{form} семью": value + 7 for form, value in _forms(tens, 20, TEN) if form.endswith(("ью", "а"))}
    parts = dict(_forms("десятая|десятых сотая|сотых тысячная|тысячных", 1))
    return Counting(small, many, "тысяча|тысячу", "тысяча|тысячи|тысяч|тысячу|тысяче|тысячам|тысячей|тысячами|тысячах", "целая|целых|запятая", ones,
                    "один", parts=parts)  # fmt: skip


def _czech() -> Counting:
    low = "nula jedna|jeden|jedno dva|dvě|dvou|dvěma tři|tří|třech|třem|třemi čtyři|čtyř|čtyřech|čtyřem|čtyřmi "
    same = "pět šest sedm osm devět/devít deset/desít jedenáct dvanáct třináct čtrnáct patnáct šestnáct sedmnáct osmnáct devatenáct"
    units = low + " ".join(f"{base}|{other}i" for base, other in _pairs(same)).replace("desíti", "desíti|deseti")
    tens = " ".join(
        f"{base}|{base}i" for base in "dvacet třicet čtyřicet padesát šedesát sedmdesát osmdesát devadesát".split()
    )
    small = _counted(units, tens)
    turned = _turned("nula jedn|jeden dva tři čtyři pět šest sedm osm devět", tens, "a")
    small |= {form: value for form, value in turned.items() if value > 20}
    many = _hundreds(small, "sto", "sto|stě|sta|set|sty|stech")
    parts = dict(_forms("desetina|desetiny|desetin setina|setiny|setin tisícina|tisíciny|tisícin", 1))
    return Counting(small, many, "tisíc", "tisíc|tisíce|tisíci|tisíců|tisícům|tisících", "celá|celé|celých", "jeden|jedno", "jedna", "sto|stě|sta|set|sty|stech",
                    parts=parts)  # fmt: skip


def _catalan() -> Counting:
    units = "zero un|u|una dos|dues tres quatre cinc sis set vuit|huit nou deu onze dotze tretze catorze quinze setze disset|dèsset divuit|díhuit dinou|dènou"
    small = _counted(units, "vint trenta quaranta cinquanta seixanta setanta vuitanta|huitanta noranta")
    small |= {f"vint i {form}": 20 + value for form, value in small.items() if 0 < value < TEN}
    many = _hundreds({form: n for form, n in small.items() if n != 1}, "cent", "cents|centes", 9)
    return Counting(small, many, "mil", "mil", "coma|punt", "un|una|u", "", "cents|centes")


def _turkish() -> Counting:
    small = _counted(
        "sıfır bir iki üç dört beş altı yedi sekiz dokuz on", "yirmi otuz kırk elli altmış yetmiş seksen doksan"
    )
    small |= {f"on {form}": TEN + value for form, value in small.items() if 0 < value < TEN}
    many = _hundreds({form: n for form, n in small.items() if n != 1}, "yüz", "yüz", 9)
    return Counting(small, many, "bin", "bin", "virgül|nokta", "bir", "", "yüz")


TABLES = {
    "ca": _catalan, "cs": _czech, "de": _german, "es": _spanish, "fr": _french, "it": _italian, "nl": _dutch,
    "pl": _polish, "pt": _portuguese, "ru": _russian, "sv": _swedish, "tr": _turkish,
}  # fmt: skip
