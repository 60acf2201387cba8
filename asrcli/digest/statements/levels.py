"""Error rates that the authors say their own system reaches, and the tests that they name for them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from asrcli.digest.statements.form import (
    ADDING,
    ADVERB,
    DOES,
    FREE,
    LONGEST,
    NAME,
    TEST,
    Reader,
    is_quoted,
    name,
    opening,
    parts,
    plain,
    subject,
)
from asrcli.digest.statements.rates import kind, per_cent
from asrcli.digest.statements.words import any_of

_REACHES = (
    r"(?i:achieves?|achieved|reach(?:es)?|reached|obtain(?:s|ed)?|attain(?:s|ed)?|yield(?:s|ed)?|deliver(?:s|ed)?|"
    r"scores?|scored|gets?|has|have|had|records?|recorded|ranks (?:first|second|third) with)"
)
_REACHES_AFTER = (
    r"(?i:achieves|achieved|reaches|reached|obtains|obtained|attains|attained|yields|yielded|delivers|"
    r"scores|scored|gets|has)"
)
_PLAIN = r"(?i:achieve|obtain|reach|attain|get)"
_REACHING = r"(?i:achieving|reaching|obtaining|attaining|yielding|delivering|with)"
_REDUCES = r"(?i:reduc(?:es?|ed)|lower(?:s|ed)?|cuts?|decreas(?:es?|ed)|improv(?:es?|ed)|brings?|brought)"
_REDUCING = r"(?i:reducing|lowering|cutting|decreasing|bringing)"
_QUALITY = any_of(
    "new state-of-the-art sota average averaged mean overall macro-average low lower lowest "
    "competitive best final remarkable significantly improved asr impressive superior strong public "
    "private corresponding test total single".split()
)
_METRIC = (
    r"(?P<metric>(?i:(?:word|character) error rates?(?:\s*\((?:WER|CER)s?\))?|(?:WER|CER)s?(?:\s*\((?:word|character)"
    r" error rates?\))?))(?![\w/-])"
)
_AGAIN = _METRIC.replace("?P<metric>", "")
_RATE = r"(?P<rate>\d{1,2}[.,]\d{1,5}\s{0,2}%|\d{1,3}\s{0,2}%|\d{1,2}[.,]\d{1,5}(?![\w%]|-\w))(?![\d.,]*\d)"
_BEFORE = re.compile(
    rf"(?:(?i:an?|the|its|our)\s+)?(?P<how>(?:{_QUALITY}\s+){{0,3}}){_METRIC}(?P<link>\s+(?i:of|at|"
    rf"is)\s+|\s*=\s*|\s*,\s*|\s+){_RATE}"
)
_AFTER = re.compile(
    rf"(?:(?i:an?|the|its|only|"
    rf"just)\s+)?(?P<lead>(?:{_QUALITY}\s+){{0,2}}){_RATE}\s+(?P<how>(?:{_QUALITY}\s+){{0,2}}){_METRIC}"
)
_LISTED = re.compile(
    rf"{_RATE}(?=(?:,\s+\d[\d.,]*\s?%)*,?\s+and\s+\d[\d.,]*\s?%\s+(?P<how>(?:{_QUALITY}\s+)?){_METRIC})"
)
_NEXT = re.compile(
    rf"\s*(?:,\s+and|,|\s+and)\s+(?:(?:(?i:an?|the)\s+)?(?:{_QUALITY}\s+)?{_AGAIN}\s+of\s+)?{_RATE}(?:\s+{_AGAIN})?"
    r"(?=\s+(?:on|for|across|and|respectively)\b|\s*[,.;(]|\s*$)"
)
_ON = re.compile(rf"\s+(?i:on|for|across)\s+(?:(?i:the|our|an?)\s+)?{TEST}")
_BETTER = re.compile(r",\s+\d[\d.]*\s?%\s+(?:WER\s+|absolute\s+|relative\s+)?better than the [\w -]{1,40},(?=\s+on\b)")
# "5.1%, compared to the 5.8% of the baseline on AMI": both were reached on it.
_BOTH = re.compile(rf"\d\s?%[^,;%\d]{{0,60}}?,?\s+on\s+(?:the\s+)?{TEST}\s*\.?$")
_AVERAGE = re.compile(r"\s+(?i:on average|overall|in total)\b")
_LABEL = re.compile(r"\s*(?P<test>\([A-Z][\w -]{1,40}\))")
_PLACE = re.compile(rf"\b(?:on|for|across|in)\s+(?:the\s+|our\s+|both\s+)?{NAME}")


@dataclass(frozen=True, slots=True)
class Level:
    """One error rate of the authors' own system."""

    metric: str  # WER or CER
    value: float  # per cent
    written: str  # as the abstract writes it
    average: bool
    test: str  # as the abstract names it, "" when it names none
    start: int  # of the number in the sentence
    end: int


@dataclass(slots=True)
class _Found:
    """A rate that was read, with what is known of it so far."""

    metric: str
    match: re.Match[str]
    average: bool
    test: str = ""


def own_levels(sentence: str, names: Collection[str]) -> tuple[Level, ...]:
    """Return the levels that a sentence says the authors' own system reaches; ``names`` as `names_of` finds them."""
    if len(sentence) > LONGEST or not re.search(r"\d", sentence):
        return ()
    text = plain(sentence)
    found = [one for part in parts(text) for one in read(Reader(text[: part.stop], part.start), subject(names))]
    return tuple(level(one, sentence) for one in found)


def level(one: _Found, sentence: str) -> Level:
    """Return a level with its rate as the sentence writes it."""
    start, end = one.match.span("rate")
    written = sentence[start:end].translate({ord(char): None for char in "\\{}"})
    return Level(one.metric, value(one.match), written, one.average, one.test, start, end)


def read(reader: Reader, who: str) -> list[_Found]:
    """Read one part of a sentence; nothing is found where a word of it fits no form."""
    reader.take(r"\W*")
    begin = reader.at
    front = opening(reader)
    found = told(reader) if reader.take(rf"{who}\s*") else added(reader)
    if not found or is_quoted(reader.text, begin) or not reader.ends():
        return []
    if len(found) == 1 and not front and not found[0].test and (both := _BOTH.search(reader.text, reader.at)):
        found[0].test = name(both["test"])
    named = [one for one in found if one.test]
    if not named and front:
        for one in found:
            one.test = front
    elif len(named) < len(found) and (front or named or _PLACE.search(reader.text)):
        return []  # a test is named, and whose it is is not sure
    return found if len(found) == len({(one.metric, one.test) for one in found}) else []


def added(reader: Reader) -> list[_Found]:
    """Read "Fine-tuning on 20 hours lowers the WER to 5%": what the authors add to a system, and what comes of it."""
    if reader.take(rf"{ADDING}\s+{_REDUCES}\s+"):
        return lowered(reader)
    return rates(reader) if reader.take(rf"{ADDING}\s+(?i:results|resulted) in\s+") else []


def told(reader: Reader) -> list[_Found]:
    """Read a verb and the rates that are its object."""
    start = reader.at
    reader.take(rf"(?:{ADVERB}\s+)?(?:not only\s+)?")
    here = reader.at
    if reader.take(rf"{_REACHES}\s+") or (
        re.search(r"(?i:we)\s+(?:\w+\s+)?$", reader.text[:here]) and reader.take(r"report(?:ed)?\s+")
    ):
        found = rates(reader)
        if found:
            return found
    reader.at = here
    if reader.take(rf"{_REDUCES}\s+") and (found := lowered(reader)):
        return found
    reader.at = here
    main = re.compile(
        rf"{DOES}{FREE}(?:,\s+(?:thereby\s+|thus\s+)?{_REACHING}|\s+(?:while\s+)?(?i:achieving|with)|"
        rf",?\s+and\s+(?:{_REACHES_AFTER}|(?<=and ){_PLAIN}))\s+"
    )
    if reader.take(main):
        return rates(reader)
    if reader.take(rf"(?:{ADVERB}\s+)?{DOES}{FREE},\s+{_REDUCING}\s+"):
        return lowered(reader)
    reader.at = start
    return []


def lowered(reader: Reader) -> list[_Found]:
    """Read "the WER on X from 7.0% to 5.0%": the second is reached."""
    metric = reader.take(rf"(?:(?i:the|its)\s+)?(?P<how>(?:{_QUALITY}\s+){{0,2}}){_METRIC}")
    if not metric:
        return []
    test = reader.take(_ON)
    from_rate = reader.take(rf"\s+from\s+{_RATE}(?:\s*\([\w -]{{2,40}}\))?")
    reached = reader.take(rf"\s+to\s+{_RATE}")
    if not reached or (from_rate and value(reached) >= value(from_rate)):
        return []
    after = None if test else reader.take(_ON)
    one = test or after
    return [_Found(kind(metric["metric"]), reached, is_average(metric["how"]), name(one["test"]) if one else "")]


def rates(reader: Reader) -> list[_Found]:
    """Read the rates of an object, each with its test."""
    first = reader.take(_BEFORE) or reader.take(_AFTER) or reader.take(_LISTED)
    if not first:
        return []
    link = first.groupdict().get("link")  # a bare number is a rate only behind a word: "a WER of 5.1"
    if link is not None and "%" not in first["rate"] and not re.search(r"of|is|=|at", link):
        return []
    metric = kind(first["metric"])
    average = is_average(first["how"] + (first.groupdict().get("lead") or ""))
    found = [_Found(metric, first, average)]
    where(reader, found)
    while following := reader.take(_NEXT):
        again = re.search(r"(?i)\b(?:word|character) error|WER|CER", following[0])
        if ("%" in following["rate"]) != ("%" in first["rate"]):
            return []
        found.append(_Found(kind(again[0]) if again else metric, following, average))
        where(reader, found)
    return found


def where(reader: Reader, found: list[_Found]) -> None:
    """Read the test of the last rate, or of all that have none yet."""
    found[-1].average = bool(reader.take(_AVERAGE)) or found[-1].average
    if label := reader.take(_LABEL):
        found[-1].test = label["test"]
        return
    reader.take(_BETTER)
    if not (on := reader.take(_ON)):
        return
    found[-1].average = bool(reader.take(_AVERAGE)) or found[-1].average
    open_ones = [one for one in found if not one.test]
    names = [name(one) for one in re.split(r",\s*(?:and\s+)?|\s+and\s+", on["test"])]
    while len(open_ones) > 1 and (more := reader.take(rf",\s+(?:and\s+)?(?:the\s+)?{TEST}")):
        names += [name(one) for one in re.split(r"\s+and\s+", more["test"])]
    if len(open_ones) == 1:
        open_ones[0].test = name(on["test"])
    elif len(names) == len(open_ones) and not any("/" in one for one in names):
        for one, test in zip(open_ones, names, strict=True):
            one.test = test


def is_average(words: str) -> bool:
    """Tell whether words before a metric say that it is a mean."""
    return bool(re.search(r"\b(?:average|averaged|mean|overall|macro)", words, re.I))


def value(found: re.Match[str]) -> float:
    """Return a rate in per cent."""
    return per_cent(found["rate"].rstrip(" %"), "%" in found["rate"])
