"""Error rates in a sentence: which numbers are word or character error rates, and which of them are levels."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"(?<![\w.,/-])(?P<value>\d{1,3}(?:[.,]\d{1,5})?|\.\d{1,5})(?P<percent>\s?%)?(?![\d.,]*\d)")
_METRIC = (
    r"(?P<metric>(?:word|character) error rates?(?:\s*\((?:WER|CER)s?\))?|(?:WER|CER)s?(?:\s*\((?:word|"
    r"character) error rates?\))?)"
)
# "WER/CER", "tcpWER", "entity word error rate" are rates of another kind.
_ALONE = r"(?<![\w/-])(?<!entity )(?<!biasing )(?<!phrase )(?<!phoneme )(?<!weighted )(?<!relative )"
# Words before the metric that leave it what it is; any other noun there makes it a rate of another kind ("tcp WER").
_PLAIN = re.compile(
    r"(?:^|[\s(\"“])(?:an?|the|in|of|and|or|with|its|our|their|both|average|averaged|mean|overall|low|lower|lowest|best|final|new|single|"
    r"state-of-the-art|sota|reported|published|private|public|test|better|competitive|corresponding|respective|achieves?|achieved|"
    r"achieving|reduc\w+|lower\w*|obtain\w*|reach\w*|english|remarkable|impressive|superior|strong|improved|on|for|to|by|as|is|only|"
    r"numerical|\d[\d.,]*\s?%?|%|cut\w*|decreas\w+|improv\w+|bring\w*|that|where|when|while|;|,|:)\W*$|^\W*$",
    re.I,
)
_MARGIN = (
    r"(?:reductions?|improvements?|increases?|decreases?|degradations?|drops?|gains?|gap|difference|loss|"
    r"margin|change|rise)"
)
_AVERAGE = r"(?:average|averaged|mean|overall|macro|micro)"
_LEAD = (
    r"(?:\s*\([^()%]{1,40}\))?(?:\s*(?:of|is|was|at|are|were|=|≈|as low as|up to|only|just|about|around|"
    r"approximately|nearly))*\s*$"
)
_BEFORE = re.compile(rf"{_ALONE}{_METRIC}{_LEAD}", re.I)
_AFTER = re.compile(
    rf"^\s*(?:(?P<average>{_AVERAGE})\s+)?(?:test\s+)?{_METRIC}(?![\w/-])"
    rf"(?!\s*(?:{_MARGIN}|relative|absolute|points?|better|worse|lower|higher|less|more|fewer|below|above|behind)\b)",
    re.I,
)
_UNIT = re.compile(  # of a bare number that is no rate: "0.9% WER at 0 dB"
    r"\s?(?:dB|k?Hz|[mk]?s|sec\w*|min\w*|h|hrs?|hours?|days?|k|M|B|[KMGT]i?B|m|cm|km|x|×|°|times|bits?|layers?|languages?|"
    r"speakers?|million|billion|thousand|words?|steps?|epochs?)\b"
)
_TO = re.compile(
    rf"(?:reduc\w+|lower\w*|cut\w*|bring\w*|brought|decreas\w+|"
    rf"improv\w+)\s[^,;%\d]{{0,40}}?{_ALONE}{_METRIC}[^,;%\d]{{0,40}}\bto\s*$|"
    rf"{_ALONE}{_METRIC.replace('metric', 'again')}\s+(?:drops|falls|decreases|drop|fall|(?:is|was) reduced|"
    rf"fell|dropped|decreased)\s+to\s*$",
    re.I,
)
_FROM = re.compile(
    rf"{_ALONE}{_METRIC}(?P<between>[^,;%\d]{{0,60}})\bfrom\s+(?P<first>\d{{1,3}}(?:[.,]\d+)?)\s*%?\s*(?:\([^()]{{1,120}}\)\s*)?to\s*$",
    re.I,
)
_GAP = re.compile(r"\b(?:gaps?|differences?|disparit\w+|spread|variance|deviation|margin|inequalit\w+)\b", re.I)
_FROM_AGAIN = re.compile(
    r"^\s*%?\s*(?:\([^()]{1,60}\)\s*)?and\s+(?:from\s+)?(?P<first>\d{1,3}(?:[.,]\d+)?)\s*%?\s*to\s*$"
)
_LIST = re.compile(
    rf"^\s*(?:{_AVERAGE}\s+)?(?:{_METRIC})?\s*(?:\([^()%\d]{{1,30}}\)\s*)?(?:on\s[^,;%]{{1,80}}?|"
    rf"for\s[^,;%]{{1,60}}?|using\s[^,;%]{{1,60}}?)?\s*,?\s*(?:and|/|&)\s*$",
    re.I,
)
_CHANGE_AFTER = re.compile(
    rf"^\s*(?:relative|absolute|absolutely|lower|higher|better|worse|fewer|{_MARGIN}|points?|pp)\b", re.I
)
_CHANGE_BEFORE = re.compile(
    rf"\b(?:{_MARGIN}\s+of(?:\s+(?:up to|over|about|more than))?|by(?: (?:up to|over|about|more than|at least|"
    rf"nearly|almost))?|within|relative(?:ly)?|"
    rf"{_MARGIN}\s+(?:in|of)\s+(?:the\s+)?(?:\w+\s+)?(?:(?:word|character) error rates?|WERs?|"
    rf"CERs?)(?:\s*\([^()]*\))?\s+(?:of|by)(?: up to)?)\s*$",
    re.I,
)
_THRESHOLD = re.compile(
    r"\b(?:below|under|less than|lower than|above|over|more than|between|at most|at least|than)\s*$", re.I
)

_RANGE_AFTER = re.compile(r"\s?(?:to|[-–—])\s?\d")
_RANGE_BEFORE = re.compile(r"\d[\d.,]*\s?%?\s?(?:to|[-–—])\s?$|\bbetween\s+\d[\d.,]*\s?%?\s+and\s+$")


@dataclass(frozen=True, slots=True)
class Rate:
    """One level of an error rate, whoever reaches it."""

    metric: str  # WER or CER
    value: float  # per cent
    start: int  # of the number in the sentence
    end: int  # after the per cent sign, when there is one
    average: bool
    begins: int  # where the words about it begin: the metric's or the number's own start
    ends: int  # where they end


@dataclass(frozen=True, slots=True)
class _Bound:
    """How a number is tied to its metric."""

    metric: str
    begins: int
    ends: int
    change: bool = False
    average: bool = False


def rates_of(text: str) -> list[Rate]:
    """Return the levels of WER and CER in a plain sentence, in order; differences and thresholds are none."""
    found: list[Rate] = []
    last: tuple[re.Match[str], _Bound] | None = None
    for number in _NUMBER.finditer(text):
        bound = bind(text, number) or (listed(text, number, *last) if last else None)
        if bound is None:
            continue
        last = (number, bound)
        if not bound.change:
            end = number.end("percent") if number["percent"] else number.end("value")
            value = per_cent(number["value"], bool(number["percent"]))
            if value <= 150:
                found.append(Rate(bound.metric, value, number.start(), end, bound.average, bound.begins, bound.ends))
    return found


def per_cent(written: str, sign: bool) -> float:
    """Return a rate in per cent: "4,7" is 4.7, and a fraction without a sign ("0.12") is 12."""
    value = float(written.replace(",", "."))
    return round(value * 100, 6) if not sign and value < 1 else value


def bind(text: str, number: re.Match[str]) -> _Bound | None:
    """Return the metric that a number is directly tied to; ``None`` when there is none."""
    left, right = text[: number.start()], text[number.end() :]
    if re.match(r"\d{3}\b", right) or re.search(r"\d\s$", left) or (not number["percent"] and _UNIT.match(right)):
        return None  # "10 000", "0 dB"
    if in_range(left, right):
        return None  # "12.0% to 30.5% WER": levels of many, and which is whose is not said
    change = bool(_CHANGE_AFTER.match(right) or _CHANGE_BEFORE.search(left[-90:]) or _THRESHOLD.search(left[-20:]))
    ends = number.end()
    if after := _AFTER.match(right):
        if re.match(r"[/-]", right) or (not number["percent"] and not left.endswith((" ", "("))):
            return None
        return _Bound(kind(after["metric"]), number.start(), ends + after.end(), change, bool(after["average"]))
    window = left[-140:]
    offset = len(left) - len(window)
    if number["percent"] is None and not re.match(r"\s*(?:[.,;:)]|\w|$|\(|—|-)", right):
        return None
    if (before := _BEFORE.search(window)) and _PLAIN.search(window[: before.start()]):
        average = bool(re.search(rf"\b{_AVERAGE}\s*$", window[: before.start()], re.I))
        if number["percent"] is None and not re.search(r"\bof\b|=|\bis\b|\bwas\b|\bat\b", before[0]):
            return None
        moved = change or bool(
            re.search(rf"{_MARGIN}\s+(?:in|of)\s+(?:the\s+)?(?:\w+\s+)?$", window[: before.start()], re.I)
        )
        return _Bound(kind(before["metric"]), offset + before.start(), ends, moved, average)
    if (lowered := _TO.search(window)) and not _GAP.search(lowered[0]):
        metric = lowered["metric"] or lowered["again"]
        return _Bound(kind(metric), offset + lowered.start(), ends, change)
    if (moved_from := _FROM.search(left[-220:])) and not _GAP.search(moved_from["between"]):
        first = per_cent(moved_from["first"], True)
        worse = per_cent(number["value"], True) >= first
        return _Bound(kind(moved_from["metric"]), max(0, len(left) - 220) + moved_from.start(), ends, worse)
    return None


def in_range(left: str, right: str) -> bool:
    """Tell whether a number is an end of a range, with what stands before and after it."""
    if _RANGE_AFTER.match(right) and not re.search(r"\bfrom\s*$", left):
        return True
    before = _RANGE_BEFORE.search(left)
    return bool(before) and not re.search(r"\bfrom\s*$", left[: before.start()] if before else "")


def listed(text: str, number: re.Match[str], before: re.Match[str], bound: _Bound) -> _Bound | None:
    """Return the metric that a number has as the second of a list: "a WER of 7.9% on X and 32.9% on Y"."""
    between = text[before.end() : number.start()]
    if bool(number["percent"]) != bool(before["percent"]) and between.strip() != "/":
        return None
    if again := _FROM_AGAIN.match(between):
        worse = per_cent(number["value"], True) >= per_cent(again["first"], True)
        return _Bound(bound.metric, number.start(), number.end(), worse)
    if _LIST.match(between) and not _CHANGE_AFTER.match(text[number.end() :]):
        return _Bound(bound.metric, number.start(), number.end(), bound.change, bound.average)
    return None


def kind(metric: str) -> str:
    """Return WER or CER."""
    return "CER" if metric.lower().startswith("c") else "WER"
