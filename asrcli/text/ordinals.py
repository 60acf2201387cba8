"""Write ordinals one way, as words, with a sign or with a full stop: first words, then what is written before them.

`mark_ordinals` reads the text as it was written, `read_ordinals` its words. What is not told apart in writing is one:
"1." is *erste* and *ersten*. Before the name of a month an ordinal is the number alone, as dates are written both ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from asrcli.text.number_words import LANGUAGES, Ordinals, ordinals, section

LONGEST = 5  # words of an ordinal: quatre vingt dix neuvième, and vint i un
RAISED = str.maketrans("ᵉʳᵃᵒ", "erªº")
BEFORE_EIGHT = frozenset(  # "achten" is a verb as well
    "der die das des dem den am im vom zum zur beim ein eine einen einem einer eines jede jeder jedes jeden".split()
)
_DETERMINED = "|".join(
    (*sorted(BEFORE_EIGHT), *(f"{one}(?:e[nmrs]?)?" for one in ("mein", "dein", "sein", "ihr", "unser")))
)
_STOP = r"(?<![\w.,:/-])(\d{1,3})\.(?= +([^\W\d_]))"  # and a word behind
_SUFFIX = "ыми|ими|ого|его|ому|ему|ый|ой|ий|ая|яя|ую|юю|ое|ее|ые|ие|ых|их|ым|им|ом|ем|ти|го|му|ми|й|я|ю|е|и|х|м"
_SHORT = {"ый": "й", "ой": "й", "ий": "й", "ая": "я", "яя": "я", "ую": "ю", "юю": "ю", "ое": "е", "ее": "е", "ые": "е",
          "ие": "е", "ых": "х", "их": "х", "ым": "м", "им": "м", "ом": "м", "ем": "м", "ого": "го", "его": "го",
          "ому": "му", "ему": "му", "ыми": "ми", "ими": "ми"}  # fmt: skip
WELL_FORMED = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})(?![IVX])")


def roman_value(numeral: str) -> int:
    """Return the value of a Roman numeral up to 39."""
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in numeral]
    return sum(-one if one < max(values[place:]) else one for place, one in enumerate(values))


def _lower_behind(found: re.Match[str]) -> str:
    """Return a number with a full stop as an ordinal where the sentence goes on behind it, in small letters."""
    return f"{found[1]}º" if found[2].islower() else found[0]


def _russian(found: re.Match[str]) -> str:
    number, suffix = found[1], (found[2] or found[3]).lower()
    if suffix == "ти" or (suffix in ("х", "ух", "ех") and number in ("2", "3", "4")):  # 5-ти, 3-х: cardinals
        return number
    return number + _SHORT.get(suffix, suffix)


def _roman(sign: str, least: int = 1) -> Callable[[re.Match[str]], str]:
    """Return what writes a Roman numeral, from the least on, in digits with a sign behind it."""

    def written(found: re.Match[str]) -> str:
        """Return the numeral in digits."""
        numeral = WELL_FORMED.match(found[0])
        value = roman_value(numeral[0]) if numeral else 0
        return f"{value}{sign}" if value >= least else found[0]

    return written


Rules = tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]


def _compiled(*rules: tuple[str, str | Callable[[re.Match[str]], str]]) -> Rules:
    return tuple((re.compile(pattern, re.IGNORECASE), new) for pattern, new in rules)


SIGNED = _compiled((r"(?<=\d)\.(?=[ºª])", ""))
RAISED_ER = (r"(?<=\d)\.?er\b", "er")
WRITTEN = {
    "ca": SIGNED,
    **{language: _compiled((_STOP, _lower_behind)) for language in ("cs", "da", "nb", "no")},
    "de": _compiled(
        (_STOP, _lower_behind),
        (r"(?<![\w.,:/-])(\d{1,3})\.(?= +(?:jahrhundert|geburtstag|weltkrieg|stock|platz|klasse|tag|mal)\b)", r"\1º"),
        (rf"(?<=\b)({_DETERMINED})( +\d{{1,3}})\.(?= +[^\W\d_])", r"\1\2º"),
    ),
    "es": (*SIGNED, *_compiled(RAISED_ER)),
    "fr": (
        *_compiled((r"(?<=\d)(?:i?[èe]me|è)(s?)\b", r"e\1"), (r"(?<=\b1)(?:ère|ere)(s?)\b", r"re\1")),
    ),
    "it": SIGNED,
    "nl": _compiled((r"(?<=\d)(?:ste|de)\b", "e")),
    "pl": _compiled((_STOP, _lower_behind)),
    "pt": SIGNED,
    "ru": _compiled((rf"(?<![\w.,-])(\d+)(?:-({_SUFFIX})|(ый|ой|ий|й|го|ого|му|ая|я))\b", _russian)),
    "sv": _compiled((r"(?<=\d):(?=[ae]\b)", "")),
    "tr": _compiled((r"(?<=\d) ?['’]? ?[ıiuü]?nc[ıiuü]\b", "º"), (_STOP, _lower_behind)),
}  # fmt: skip
CHAPTER = (
    "kapitel|band|teil|akt|chapitre|tome|partie|acte|capítulo|tomo|parte|acto|ato|capitolo|atto|hoofdstuk|deel|rozdział|tom|"
    "kapitola|díl|capítol|volum|volume|bölüm|cilt|louis|henri|charles|napoléon|philippe"
)
ROMANS = {  # centuries are ordinals in some languages, and numbers from eleven on in others
    "fr": ((re.compile(r"\b[IVX]+(?:[eèᵉ]|ème|eme)(?=\s+si[èe]cle)"), _roman("e")),),
    "it": ((re.compile(r"\b[IVX]+(?=\s+secolo\b)"), _roman("º")),),
    "pl": ((re.compile(r"\b[IVX]+(?=\s+wiek(?:u|iem)?\b)"), _roman("º")),),
    "ru": (
        (re.compile(r"\b[IVX]+(?=\s+век\b)"), _roman("й")),
        (re.compile(r"\b[IVX]+(?=\s+веке\b)"), _roman("м")),
    ),
    **dict.fromkeys(
        ("es", "pt", "ca"), ((re.compile(r"(?:(?<=siglo )|(?<=século )|(?<=segle ))[IVX]+\b"), _roman("", 11)),)
    ),
}
NUMERAL = re.compile("[IVX]+")
NUMBERED = re.compile(rf"\b((?i:{CHAPTER})\s+)([IVX]{{2,6}})\b")
DAY = r"(?<![\w.])(\d{1,2})(?:º|ª|er|a|e|r|го|й|е|м|му)"
YEAR = r"(?<![\w.])(\d{4})(?:º|го|й|е|м|му)"
TOGETHER = re.compile(r"(?<![\w.])(\d{3,6}) (\d{1,2})(?=[ºйгемяюх])")  # сто 21й: a hundred and its ordinal


def mark_ordinals(text: str, language: str) -> str:
    """Return a text, as it is written, with a sign of letters behind the ordinals that are written in digits."""
    if "I" in text or "V" in text or "X" in text:
        for pattern, written in ROMANS.get(language, ()):
            text = pattern.sub(written, text)
        text = NUMBERED.sub(lambda found: found[1] + NUMERAL.sub(_roman(""), found[2]), text)
    if language in WRITTEN and any(map(str.isdecimal, text)):
        text = text.translate(RAISED)
        for pattern, new in WRITTEN[language]:
            text = pattern.sub(new, text)
    return text


@cache
def _words_of(language: str) -> tuple[Ordinals, frozenset[str]]:
    words = ordinals(language)
    return words, frozenset(form.partition(" ")[0] for form in words)


def read_ordinals(text: str, language: str) -> str:
    """Return a text with the ordinals that are words in digits.

    Args:
        text: small letters without marks, parted by single spaces.
        language: a code without region.
    """
    known, firsts = _words_of(language)
    words = text.split(" ")
    if firsts.isdisjoint(words) and (language != "de" or not {"achte", "achten"}.intersection(words)):
        return text
    done: list[str] = []
    at = 0
    while at < len(words):
        size = 1
        if words[at] in firsts:
            size = next((n for n in range(LONGEST, 0, -1) if " ".join(words[at : at + n]) in known), 1)
        found = known.get(" ".join(words[at : at + size]), words[at])
        if language == "de" and found in ("achte", "achten") and done and done[-1] in BEFORE_EIGHT:
            found = "8º"
        done.append(found)
        at += size
    return " ".join(done)


@cache
def _dates(language: str) -> Rules:
    texts = section(language)[1]
    rules = [(start, texts[name]) for start, name in ((DAY, "months"), (YEAR, "years")) if name in texts]
    return _compiled(*((rf"{start}(?= (?:{words})\b)", r"\1") for start, words in rules))


def join_ordinals(text: str, language: str) -> str:
    """Return a text with hundreds and the ordinal behind them as one, and without the signs of days and years."""
    if language not in LANGUAGES:
        return text
    text = TOGETHER.sub(lambda found: found[0] if int(found[1]) % 100 else str(int(found[1]) + int(found[2])), text)
    for pattern, new in _dates(language):
        text = pattern.sub(new, text)
    return text
