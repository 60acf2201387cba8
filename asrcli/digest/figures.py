"""The numbers of the field (WER, CER, RTFx, parameters, hours, languages), each with the words it was read in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from asrcli.digest.sentences import Span, split_sentences
from asrcli.digest.statements.form import LONGEST, plain
from asrcli.digest.statements.levels import own_levels
from asrcli.digest.statements.names import names_of
from asrcli.digest.statements.rates import rates_of

_NUMBER = r"(?P<value>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and where it stands."""

    metric: str  # WER, CER, RTFx, RTF, parameters, hours, languages
    value: float  # WER and CER in percent; parameters as a count
    relative: bool  # a change ("reduces WER by 12 %"), not a level
    own: bool  # an error rate that the authors' own system reaches, as the sentence says
    start: int  # of the number in the text
    end: int
    quote: str  # the sentence


def _rates(metric: str, words: str) -> list[tuple[str, re.Pattern[str]]]:
    percent = rf"{_NUMBER}\s*\\?%"
    # Nothing may stand between the metric and its number but words that lead from one to the other.
    bridge = (
        r"(?:\s*\([^()]{1,12}\))?(?:\s+(?:rates?|of|to|by|is|was|at|as|low|from|around|about|approximately|only|"
        r"an?|the|just|below|under|up|reduction|reductions|improvement|relative|absolute|average|down|between|:))*\s*[:=~≈]?\s*"
    )
    back = (
        r"(?:\s+(?:relative|absolute|average|lower|mean|overall|an?|the|in|of|reduction|reductions|improvement|"
        r"better|word|character|test))*\s+"
    )
    return [
        (metric, re.compile(rf"\b(?:{words})\)?{bridge}{percent}", re.I)),
        (metric, re.compile(rf"{percent}{back}\(?(?:{words})\b", re.I)),
        # "from 6.99% (baseline) to 4.95%": the second is the level that was reached.
        (
            metric,
            re.compile(
                rf"\b(?:{words})\)?{bridge}\d+(?:\.\d+)?\s*\\?%(?:\s*\([^()]{{1,40}}\))?\s+to\s+{percent}", re.I
            ),
        ),
    ]


_PATTERNS = [
    *_rates("WER", r"WERs?|word error rates?"),
    *_rates("CER", r"CERs?|character error rates?"),
    ("RTFx", re.compile(rf"\bRTFx(?:\s+(?:of|is|=|at|up to))*\s*{_NUMBER}", re.I)),
    ("RTF", re.compile(rf"\b(?:RTF|real[- ]time factor)(?:\s*\(RTF\))?(?:\s+(?:of|is|=|at|as low as))*\s*{_NUMBER}")),
    ("parameters", re.compile(rf"(?<![\w.]){_NUMBER}\s*(?P<unit>B|M|K|billion|million|thousand)"
                              rf"(?:[- ](?:trainable|active|total|model))*[- ]param(?:eter)?s?\b", re.I)),
    ("hours", re.compile(rf"(?<![\w.]){_NUMBER}\s*(?P<unit>k|K|M|million|thousand)?\+?[- ]"
                         rf"(?:labell?ed |transcribed |unlabell?ed )?(?:hours?|hrs?)\b")),
    ("languages", re.compile(rf"(?<![\w.-]){_NUMBER}\+?\s+(?:[a-z-]+\s+){{0,2}}languages\b", re.I)),
]  # fmt: skip
_UNITS = {"b": 1e9, "billion": 1e9, "m": 1e6, "million": 1e6, "k": 1e3, "thousand": 1e3}
_CHANGE = re.compile(r"\b(?:relative|reduc\w+|improv\w+|gains?|lower\w*|decreas\w+|drop\w*|absolute)\b", re.I)
_LEVEL = re.compile(r"\b(?:to|of|at|achiev\w+|obtain\w+|reach\w+)\b", re.I)


def find_figures(title: str, text: str, abstract: str = "") -> tuple[Figure, ...]:
    """Return the figures of a text in order, one per number; the authors' own names are looked for in the abstract."""
    found: dict[int, Figure] = {}
    names = names_of(title, abstract or text)
    for sentence in split_sentences(text):
        quote = sentence.of(text)
        if len(quote) > LONGEST or not re.search(r"\d", quote):
            continue
        own = {level.start for level in own_levels(quote, names)}
        levels = {rate.start: rate for rate in rates_of(plain(quote))}
        for start, rate in levels.items():
            digits = re.match(r"[\d.,]*\d", quote[start:])
            end = start + (len(digits[0]) if digits else 0)
            at = sentence.start
            found[at + start] = Figure(rate.metric, rate.value, False, start in own, at + start, at + end, quote)
        for metric, match in _matches(quote):
            span = Span(sentence.start + match.start("value"), sentence.start + match.end("value"))
            if span.start not in found:
                found[span.start] = figure(metric, match, span, quote)
    return tuple(found[start] for start in sorted(found))


def _matches(sentence: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield what may be a figure of a sentence, with its metric; of two about one number the first counts."""
    for metric, pattern in _PATTERNS:
        for match in pattern.finditer(sentence):
            yield metric, match


def figure(metric: str, match: re.Match[str], span: Span, quote: str) -> Figure:
    """Build one figure from a match."""
    unit = (match.groupdict().get("unit") or "").lower()
    value = float(match["value"].replace(",", "")) * _UNITS.get(unit, 1.0)
    near = match[0]
    relative = metric in ("WER", "CER") and is_change(near, quote[max(0, match.start() - 40) : match.start()])
    return Figure(metric, value, relative, metric not in ("WER", "CER"), span.start, span.end, quote)


def is_change(near: str, before: str) -> bool:
    """Tell "reduces WER by 12 %" from "reduces WER to 5.1 %"."""
    if re.search(r"\bfrom\b", near, re.I):
        return False
    if re.search(r"\b(?:relative|reductions?|improvements?|by)\b", near, re.I):
        return True
    return bool(_CHANGE.search(before)) and not _LEVEL.search(near) and not _LEVEL.search(before[-8:])
