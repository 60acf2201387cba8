"""Written English as it is spoken, before the English rules of ``asr``: signs, money, the clock, the ends of sentences.

The published rules, which the rest of that normaliser builds on, take "200! twelve" for one number, "1 second" for an
ordinal and "20 mm" for a filler. Here such places are written in a way that those rules read as they should.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from asrcli.text import numbers_written as written
from asrcli.text.numbers_english import LARGE, ORDINALS, SMALL, TENS
from asrcli.text.signs import CODES

APART = "\ue001"  # a word that ends a number; taken out at the end
AS_IS = "\ue002"  # before a word that is no part of a number here
KEPT = "£€¥¢℃℉§№‰₹₩₽₺₦₱₪฿₫×÷±\u2044"  # signs that are read with the number beside them
SIGNS = {"−": "-", "°": "°"}
SIGNS |= dict.fromkeys("’‘ʼ`´＇‛′", "'") | dict.fromkeys("‐‑﹣", "-") | {"∕": "/"}
SIGN = " ; "  # any other, but for dashes: it ends a number as those of ASCII do, and is no word
DASH = " – "  # ends a number that would not be spoken digit by digit

_LARGE = "|".join(("hundred", *LARGE))
_ENDINGS = [name for name in (*SMALL, *TENS) if name not in ("one", "two", "three")]
_WORDS = "|".join((*SMALL, *TENS, "hundred", *LARGE, "zero"))
_ORDINAL = "|".join((*ORDINALS, *(re.sub("y$", "ie", name).removesuffix("t") + "th" for name in _ENDINGS), "eighth"))
_NUMBER = rf"(?:\d|(?:{_WORDS}|{_ORDINAL})s?\b|[$£€]\d)"
_LAST = rf"(?:\d[%¢]?|\b(?:{_WORDS}|{_ORDINAL})s?)"

# What lasts twenty seconds, so that "twenty second" is no ordinal before it.
LASTING = (
    "delay|rule|window|timeout|video|clip|break|interval|timer|countdown|pause|spot|ad|commercial|limit|gap|hold|wait"
)
_DIGIT = rf"(?:\d|{'|'.join(SMALL[:9])}|zero)"
_NO_LIST = (
    rf"(?!\w|[.,:/%-]\d|-|%| ?(?:percent|per|point|dollars?|euros?|pounds?|cents?|{_LARGE})\b|,? ?(?:{_WORDS}|\d))"
)
_UNIT = "|".join(sorted(written.UNITS, key=len, reverse=True))
_CHAPTERS = "World War|Chapter|Part|Volume|Act|Phase|Type|Title|Book|Article|Section|Stage|Super Bowl"
_KINGS = (
    "Henry|Edward|George|Louis|Charles|James|William|Richard|Philip|Elizabeth|Mary|Pius|Benedict|John Paul|Napoleon|"
    "Catherine|Nicholas|Alexander|Frederick|Ferdinand|Leopold|Francis|Gustav|Christian|Alfonso|Wilhelm|Leo|Gregory"
)
_ROMAN = r"(?=[IVX]{2}|V\b)(X{0,3}(?:IX|IV|V?I{0,3}))\b(?!\.\s?[A-Z])"


_CLOCK = r"\d{1,2}(?::[0-5]\d)?(?:\s?[ap]\.?m\b\.?)?"
_CLOCK_ONLY = r"\d{1,2}(?::[0-5]\d(?![\d:])|\s?[ap]\.?m\b)"
_PLAIN = r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?"
_TO = "(?:-| {0,2}– {0,2})"
_MONTH = "|".join(name.title() for name in written.MONTHS)
RAISED = {"²": " squared ", "³": " cubed "}
Rewrites = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]
# Pattern, what it becomes; in this order.
_REWRITES: Rewrites = (
    (r"(?<![\w.,:])(\d{1,2})\.([0-5]\d)(?=\s?[ap]\.?\s?m\b)", r"\1:\2"),
    (r"\.{2,}", SIGN),
    (r"&amp;", "&"),
    (r"\bc\+\+", "c plus plus"),
    (r"\ba\.i\b\.?", "ai "),  # letters are joined from three on where an a or i is one of them
    (r"(?:\bno\.|№)\s?(?=\d)", "number "),
    (r"(?<!§)§\s?(?=\d)", "section "),
    ("[§№‰₹₩₽₺₦₱₪฿₫]", " "),
    (r"(?<![\d,.])\d{1,2}(?:,\d{2})+,\d{3}(?![\d,]*\d)", lambda found: found[0].replace(",", "")),  # 1,00,000
    (r"(?<![\d.,])\d{1,3}(?: 000)+(?![\d,.]*\d)", lambda found: found[0].replace(" ", "")),
    (r"(?<![\d/.,])(\d+ )?(?<![\d/])(\d{1,2})([/\u2044])(\d{1,3})(?![\d/])", written.part),
    (rf"(?<![\w.,:/-])({_CLOCK}){_TO}(?={_CLOCK_ONLY})", r"\1 to "),
    (rf"(?<![\w.,:/$£€–+-])([$£€]?)({_PLAIN})(%?){_TO}[$£€]?({_PLAIN})(?![\w:/–-]|[.,]\d)", written.stretch),
    (r"(?<![\w.])([$£€]?)\.(?=\d)", r"\g<1>0."),
    (r"(?<!\w)'em\b", "them"),
    (r"(?<!\w)'til\b", "until"),
    (r"(?<!\w)'cause\b", "because"),
    (r"(?<!\w)'tis\b", "it is"),
    (r"(?<!\w)'twas\b", "it was"),
    (r"(?<!\w)'n'(?!\w)", "n"),
    (r"(?<!\w)'(?=\d0s\b)", ""),
    (r"\bcannot\b", "can not"),
    (r"\bper cent\b", "percent"),
    (r"\bvs\b\.?", "versus"),
    (r"\bph\.\s?d\b\.?", "phd"),
    (r"\b(us|hk|nz|ca|au|c|a)\$ ?(\d[\d,.]*\d|\d)( (?:million|billion|trillion)\b)?", r"\2\3 \1 dollars"),
    (r"¥\s?(\d[\d,.]*\d|\d)|(\d)\s?¥", r"\1\2 yen"),
    (r"\bninth\b", "nineth"),  # as the published rules have it
    (r"\bo['\s]clock\b", "oclock"),
    (r"(?<=[\w.])(?:&| +& +)(?=\w)", " and "),
    (r"(?<![\w.])#\s?(?=\d)", " number "),
    (r"(?<=\w)@(?=\w)", " at "),
    (r"\bwww\.(?=\w)", "www dot "),
    (r"(?<=\w)\.(?:(co|ac|edu|org|gov)\.(uk|au|nz)|(com|org|net|edu|gov|io))\b", written.domain),
    (r"(?<=\d)\s*(?:°\s*c(?:elsius)?\b|℃)", " degrees celsius"),
    (r"(?<=\d)\s*(?:°\s*f(?:ahrenheit)?\b|℉)", " degrees fahrenheit"),
    (r"(?<=\d)\s*°", " degrees "),
    ("[℃℉]", " "),
    (r"(?<=\d)\s*=\s*(?=[\d-])", " equals "),
    (r"(?<=\d)\s*\+\s*(?=\d)", " plus "),
    (r"(?<=\d)\s*[×*]\s*(?=\d)", " times "),
    (r"(?<=\d)\s*÷\s*(?=\d)", " divided by "),
    (r"±\s?(?=[$£€]?\.?\d)", " plus or minus "),
    ("[×÷±\u2044]", SIGN),
    (r"(?<=\w)\^([23])\b", lambda found: RAISED["  ²³"[int(found[1])]]),
    ("[²³]", lambda found: RAISED[found[0]]),
    ("[⁰¹⁴-⁹]+", lambda found: f" {unicodedata.normalize('NFKC', found[0])}"),
    (r"(?<![^\s(=<>'\"])-\s?(?=[$£€]?\.?\d)", "minus "),
    (r"(?<=\d)\+(?![\w+])", " plus "),
    (r"(?<![^\s(])\+(?=[$£€]?\.?\d)", "plus "),
    (r"¢(\d+)", r"\1 cents"),
    (r"(?<=\d)\s*¢", " cents"),
    (r"(?<=\d)\s+%", "%"),
    (r"\b(half|thirds?|quarters?)\s*%", r"\1 percent"),
    (r"[$£€](?!\.?\d)|[¢¥]|(?<!\d)%", " "),
    (r"\bhalf an? ([mbt]r?illion)\b", r"zero point five \1"),
    (r"\ba (?=(?:" + _LARGE + r")\b)", "one "),
    (rf"\b({_WORDS}|\d+) ([mbt]r?illion) and a half\b", r"\1 point five \2"),
    (r"(?<![\d.])(\d+) and (?:an? |one )?half\b", r"\1.5"),
    (rf"({_LAST}) and (?:an?|one) quarter\b", r"\1 point two five"),
    (rf"({_LAST}) and (?:three|3) quarters\b", r"\1 point seven five"),
    (rf"({_LAST}) and half\b", r"\1 and a half"),
    (r"(?<!and )\b(?:an?|one|1)\s+half\b(?! (?:an?|past)\b)", "half"),
    (r"\ban? (?=quarter\b)", "one "),
    (r"(?:(?<=\band )|\b(?=\w+ \w+ of\b))an? (?=(?:third|fifth|sixth|seventh|eighth|ninth|tenth)\b)", "one "),
    (rf"(\d|\b(?:{_WORDS}))['\"\s;]*mm\b", r"\1 millimeter"),
    (r"\ba (?=(?:dollar|pound|euro) (?:and )?(?:" + _WORDS + r")\b)", "one "),
    (r"\b0?(\d{1,2}):00(?=\s*(?:[ap]\.?\s?m|noon|midnight)\b)", r"\1"),
    (r"\b0?(\d{1,2}):00\b(?!:)", r"\1 oclock"),
    (r"\b(\d{1,2}):([0-5]\d)(?=\D|$)(?!:)", written.clock),
    (r"(?<![\d,.])\d{1,3}+(?:,\d{3})++(?![\d,]*\d)", lambda found: found[0].replace(",", "")),
    (rf"(?<![\w.,:/$£€%-]){_DIGIT}(?:,\s*{_DIGIT}){{2,}}{_NO_LIST}", written.spoken_digits),
    (r"(?<=\d),(?=\d)", f" {APART} "),
    (rf"(\b(?:{_LARGE})),\s+(?=(?:{_WORDS})\b)", r"\1 "),
    (rf"({_LAST})['\")]*(?:\s*[.!?;:,]+['\")]*\s+|\s+[-/]+\s+)(?=['\"(]*{_NUMBER})", rf"\1 {APART} "),
    (rf"({_LAST})\s*[\"()\[\]{{}}|*~\\]+\s*(?={_NUMBER})", rf"\1 {APART} "),
    (rf"([\d$£€]\d|\b(?:{'|'.join((*TENS, 'hundred', *LARGE))}))\s*(?:–|--+)\s*(?={_NUMBER})", rf"\1 {APART} "),
    (rf"((?:\d|\b(?:{'|'.join(SMALL)})))[\s-]+((?:{_ORDINAL})\b)", rf"\1 {AS_IS}\2"),
    (rf"(\b(?:an?|another|every|each|about|per) (?:{'|'.join(TENS)})) second\b", rf"\1 {AS_IS}second"),
    (rf"(\b(?:{'|'.join(TENS)})) second(?= (?:{LASTING})s?\b)", rf"\1 {AS_IS}second"),
    # Words that mean something in a number disappear or change before another such word that is none.
    (rf"\bpoint\b(?! (?:\d|(?:{_WORDS}|oh?)\b(?<!hundred)))", f"{AS_IS}point"),
    (rf"\b(plus|minus|positive|negative)\b(?! (?:[$£€]?\d|(?:{_WORDS}|oh?|point)\b))", rf"{AS_IS}\1"),
    (rf"\b(minus|plus) (?=(?:(?:{_WORDS}|and|point|\d[\d.,]*)[ -]+)+(?:dollar|euro|pound|cent)s?\b)", rf"{AS_IS}\1 "),
    (rf"\b(this|that|some|the|any|which|what|every|each|a) point(?= {_NUMBER})", rf"\1 {AS_IS}point"),
)
_NUMBER_IN_DIGITS = r"(?<![\w.,])(\d[\d,.]*(?<![.,]))"
_BEFORE_CASE: Rewrites = (
    (r"(?<=\d)\s?(?:(US|HK|NZ|CA|AU|C|A)\$(?!\w)|\$ ?(US|CA|AU)\b)", lambda found: f" {found[1] or found[2]} dollars"),
    (r"\b(EUR|USD|GBP) ?(?=\d)", lambda found: CODES[found[1]]),
    (r"(?<=\d) ?(EUR|USD|GBP)\b", lambda found: CODES[found[1]]),
    (r"(?<!\d)(?<!\d )([$£€]) (?=\d)", r"\1"),
    (r"(?<![\w.,$£€])(\d[\d,.]*)\s?([kKmMbB]|mn|bn|tn)\s?([$£€])(?!\d)", r"\3\1\2"),
    (r"([$£€]\d[\d,.]*)([kKmMbB]| ?(?:mn|bn|tn))\b(?![-/])", written.scaled),
    (r"(?<![\w.,:/$£€])(?:(1)|(\d{1,2}))p\b", lambda found: "1 penny" if found[1] else f"{found[2]} pence"),
    (rf"\b({_MONTH})\b\.? (?=\d{{1,2}}(?:st|nd|rd|th)?\b)", lambda found: written.MONTHS[found[1].lower()] + " "),
    (rf"(\d(?:st|nd|rd|th)?(?: of)?) ({_MONTH})\b\.?", lambda found: f"{found[1]} {written.MONTHS[found[2].lower()]}"),
    (r"([₹₩₽₺₦₱₪฿₫])\s?(\d[\d,.]*(?<![.,]))", r"\2 \1"),
    (rf"{_NUMBER_IN_DIGITS}((?: [mbt]r?illion)?)\s?([€£$])(?!\w|\s\d)", r"\3\1\2"),
    (rf"(?<![\w.,])(\d[\d,.]*(?<![.,])|(?i:{_WORDS})\b)\s?({_UNIT})(?![\w²³/])", written.unit),
    (rf"\b(?:({_CHAPTERS})|({_KINGS}))\s{_ROMAN}", written.roman),
)
BEFORE_CASE = tuple((re.compile(pattern), new) for pattern, new in _BEFORE_CASE)
REWRITES = tuple((re.compile(pattern), new) for pattern, new in _REWRITES)
# Only texts with a word like one of these can change; most have none.
UNUSUAL = re.compile(
    rf"[\d&@°¢℃℉$£€¥%§№‰²³₹₩₽₺₦₱₪฿₫]|\b[ivx]{{2,}}\b|\bv\b|\.\.|'(?:em|til|cause|tis|twas|n|clock)\b|\b(?:cannot|cent|ninth|vs|point|plus|minus|positive|negative|half|quarters?|{_WORDS})\b|\+\+|\b(?:www|ph)\.|\ba\.i\b|\.(?:com|org|net|edu|gov|io|uk|au|nz)\b"
)
MONTHS = frozenset("january february march april may june july august september october november december".split())
DAY = re.compile("([1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)")
MOST_WORDS = 400_000  # remembered
LAST = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"([$£€]\d+) ([1-9]\d)(?= |$)", r"\1.\2"),  # one dollar fifty
        (r"(£\d+) (?:and )?(\d\d?) pen(?:ce|ny)\b", lambda found: f"{found[1]}.{found[2]:0>2}"),
        (r"([$£€]\d+\.\d)(?= |$)", r"\g<1>0"),
        (r"(?<!\S)([-+]?[$£€]?)\.(?=\d)", r"\g<1>0."),  # point five
        (r"(?<![\d.])(\d+)\.0+(?= |$)", r"\1"),
        (r"(?<=\d )millimet(?:er|re)s?\b", "millimeter"),
        (rf" ?{APART}(?= |$)", ""),
        (AS_IS, ""),
        (r"\bnineth\b", "ninth"),
    )
)


OF_CATEGORY = {"Pd": DASH, "Cf": "", "P": SIGN, "S": SIGN, "Z": " ", "C": " "}


class SignTable(dict[int, str]):
    """Characters -> as the English rules read them: letters as they are, signs and controls as a space or nothing."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in SIGNS or char in KEPT or code < 0x80:
            kept = SIGNS.get(char, " " if unicodedata.category(char) == "Cc" else char)
        elif 0xFF01 <= code <= 0xFF5E:  # full width
            kept = unicodedata.normalize("NFKC", char)
        else:
            kept = self.fold(char, unicodedata.category(char))
        self[code] = kept
        return kept

    def fold(self, char: str, category: str) -> str:
        """Return a fraction with its stroke, a digit as that of ASCII, and a letter without diacritics."""
        parts = unicodedata.normalize("NFKD", char)
        if category == "No" and "\u2044" in parts:
            return f" {parts} "
        if category == "Nd":
            return str(unicodedata.digit(char))
        plain = "".join(one for one in parts if not unicodedata.combining(one))
        if category[0] == "L" and plain.isascii() and plain.isalpha():
            return plain
        return OF_CATEGORY.get(category, OF_CATEGORY.get(category[0], char))


TABLE = SignTable()


@lru_cache(MOST_WORDS)
def _is_unusual(word: str) -> bool:
    return UNUSUAL.search(word.lower()) is not None


def is_unusual(text: str) -> bool:
    """Return whether `as_spoken` and `finish` can change a text."""
    return any(map(_is_unusual, text.split()))


def as_spoken(text: str) -> str:
    """Return a text in small letters, with what is written otherwise than it is spoken in words the rules read.

    Args:
        text: translated by `TABLE`.
    """
    for pattern, new in BEFORE_CASE:
        text = pattern.sub(new, text)
    text = text.lower()
    for pattern, new in REWRITES:
        text = pattern.sub(new, text)
    return text


def finish(text: str) -> str:
    """Return a normalised text without the marks that `as_spoken` put in, money written one way."""
    for pattern, new in LAST:
        text = pattern.sub(new, text)
    return " ".join(text.split())


def plain_days(words: list[str]) -> list[str]:
    """Return words in which a day beside its month is the number alone, as both are written: june 3rd, june 3."""
    around = zip(("", *words), words, (*words[1:], ""), strict=False)
    return [
        day[1] if (day := DAY.fullmatch(word)) and not MONTHS.isdisjoint((before, after)) else word
        for before, word, after in around
    ]
