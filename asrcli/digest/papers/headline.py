"""The sentence that says most of what a paper claims, and the same in one line of ours."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from asrcli.digest.papers.own import about_itself, alone, own_result, sound
from asrcli.digest.papers.reading import Sentence
from asrcli.digest.statements import said
from asrcli.digest.statements.best import claims_best
from asrcli.digest.statements.levels import Level, own_levels

DID = (
    re.compile(r"\b(?:we|this (?:technical )?(?:paper|work|study|report|article|letter))\s+(?:\w+\s+){0,2}?"
               r"(?:propose|introduce|present|release|develop|build)s?\b", re.I),
    re.compile(r"\b(?:we|this (?:technical )?(?:paper|work|study|report|article|letter))\s+(?:\w+\s+){0,2}?"
               r"(?:design|create|collect|adapt|fine-?tune|train|describe|investigate|study|studies|examine|"
               r"analy[sz]e|"
               r"compare|evaluate|benchmark|explore|revisit|assess|address|show|quantify|quantifies|argue|test|"
               r"demonstrate|extend|conduct|apply|leverage|use)s?(?:es)?\b", re.I),
)  # fmt: skip
_FINDING = re.compile(
    r"\b(?:we (?:\w+ )?(?:show|find|found|demonstrate|observe|conclude|establish)|(?:our|the|these|experimental|"
    r"extensive)"
    r"(?: \w+){0,2} (?:results?|experiments?|findings|analys[ie]s|evaluations?)(?: \w+){0,3} (?:show|"
    r"demonstrate|reveal|indicate|"
    r"confirm|suggest)s?|results? (?:show|demonstrate|indicate|reveal|confirm)s?)\b",
    re.I,
)
_AGAINST = re.compile(
    r"\b(?:surpass(?:es|ed|ing)?|outperform(?:s|ed|ing)?|exceed(?:s|ed|ing)?|compared (?:to|with)|versus|vs\.?|"
    r"against|"
    r"better than|lower than|down from|beat(?:s|ing)?|improv(?:es|ing) (?:up)?on)\s+(?P<who>[^,;.%()\d]{2,70}?)\s*"
    r"(?:of|at|\(|with|which is|achieving|’s|'s)?\s*(?P<value>\d{1,3}\.\d{1,3})\s?%(?!\s*(?:relative|absolute|"
    r"CERR|WERR|reduc|improv|lower))",
    re.I,
)
_FROM = re.compile(r"\bfrom\s+(?P<value>\d{1,3}(?:\.\d{1,3})?)\s?%?\s*(?P<who>\([^()%\d]{2,60}\)\s*)?to\s*$", re.I)


_FIGURE = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")  # no part of a name


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence that says most of what a paper claims, and the level in it that its claim stands on."""

    sentence: Sentence
    level: Level | None = None
    against: str = ""  # the rate that it is set against, as written
    said: str = ""  # the same in our words, "" where only the quote speaks


def headline_of(sentences: Sequence[Sentence], names: Collection[str]) -> Headline | None:
    """Return what a paper says first of all: its own level, else its result, else its finding, else what it made."""
    usable = [one for one in sentences if sound(one.words)]
    for one in sorted(usable, key=lambda one: not alone(one.words)):
        for level in own_levels(one.words, names):
            against, who = rival(one.words, level)
            return Headline(one, level, against, told(level, against, who))
    readable = [one for one in usable if alone(one.words) or re.match(r"(?:our|these) ", one.words, re.I)]
    for test in (
        lambda one: about_itself(one.words, names) and own_result(one.words, names) and _FIGURE.search(one.words),
        lambda one: claims_best(one.words, names),
        lambda one: (about_itself(one.words, names) and own_result(one.words, names)) or _FINDING.search(one.words),
        lambda one: DID[0].search(one.words[:160]),
        lambda one: DID[1].search(one.words[:160]),
    ):
        if found := next((one for one in readable if test(one)), None):
            return Headline(found)
    return None


def rival(words: str, level: Level) -> tuple[str, str]:
    """Return the rate that a level is set against in its own sentence, and whose it is; "" when none is."""
    if before := _FROM.search(words[: level.start]):
        value = float(before["value"])
        return (f"{before['value']}%", (before["who"] or "").strip("() ")) if value > level.value else ("", "")
    # Only what follows directly: further on, another level may be meant.
    after = words[level.end : level.end + 160]
    found = _AGAINST.search(after)
    if not found or own_number_before(after[: found.start()]) or float(found["value"]) <= level.value:
        return "", ""
    return f"{found['value']}%", found["who"].strip()


def own_number_before(words: str) -> bool:
    """Tell whether another rate stands between a level and what it is compared with."""
    return re.search(r"\d\.\d+\s?%", words) is not None


def told(level: Level, against: str, who: str) -> str:
    """Return a headline in our words: "3.05% against 3.33% CER (the latest SOTA)."."""
    if not against:
        return said((level,))
    whose = f" ({who})" if who and len(who) <= 60 else ""
    where = said((level,)).removeprefix("Reports ").rstrip(".")
    return f"Reports {where}, against {against}{whose}."
