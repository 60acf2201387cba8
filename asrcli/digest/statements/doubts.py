"""What keeps a rate from being a level that the authors reach: conditions, choices, and other people's words."""

from __future__ import annotations

import re
from collections.abc import Collection

from asrcli.digest.statements.names import foreign_name
from asrcli.digest.statements.plain import is_quoted
from asrcli.digest.statements.rates import Rate

# What is not, or not yet, or no longer so; and what is somebody else's whoever the subject is.
_UNREAL = re.compile(
    r"\b(?:would|could|might|may|should|if|whether|hypothes\w+|expect\w*|target\w*|goal|need(?:s|ed)?|requir\w+|oracle|"
    r"upper bound|lower bound|withdr\w+|reproduc\w+|theoretical\w*|unless|n-best|not|cannot|fail(?:s|ed)?|aims?)\b",
    re.I,
)
# The same behind a rate: "6.3% if the best is picked by an oracle".
_SUPPOSED = re.compile(
    r"\b(?:would|could|might|if|whether|provided|assum\w+|hypothes\w+|oracle|perfect|ideal|in theory|predict\w*|"
    r"(?<!reduction )(?<!improvement )(?<!gain )(?<!lower )relative to|"
    r"as (?:claimed|stated|reported|published|advertised) by)\b",
    re.I,
)
# A condition of its own before the rate; how the authors made or tested their system is none.
_GIVEN = re.compile(
    r"^\W*(?:\w+,\s+)?(?:given|provided|assuming|supposing|(?:when|once|as long as)\s+(?!(?:\w+ly\s+)?(?:\w+ed|using|"
    r"combining|training|testing|adapting|trained|applying)\b))",
    re.I,
)
_SAID = re.compile(
    r"(?P<who>[^,;]{0,60})\b(?:told|say|says|said|stat(?:e|es|ed)|claim(?:s|ed)?|argue[sd]?|promise[sd]?|advertise[sd]?|"
    r"believe[sd]?|assume[sd]?|predict(?:s|ed)?|suppose[sd]?|estimate[sd]?|expect(?:s|ed)?|report(?:s|ed)?|pretend(?:s|ed)?)"
    r"\s+(?:\w+\s+)?that\b",
    re.I,
)
_AUTHORS = re.compile(r"\b(?:its|their|whose)\s+(?:\w+\s+)?authors\b", re.I)  # the system is somebody else's
_WORSE = re.compile(
    r"\b(?:ris(?:es?|ing)|rose|increas(?:es?|ed|ing)|degrad\w+|worsen\w*|deteriorat\w+|attack\w*|without)\b", re.I
)
# Reached on what a recogniser is sure of, was tuned or trained on, or does best, and not on a test.
_CHOSEN = re.compile(
    r"\b(?:confidence threshold|coverage|reject(?:s|ed|ing|ion)|abstain\w*|abstention|discard\w*|"
    r"most (?:confident|certain|reliable)|easiest|hardest|best[ -]case|(?:best|worst) (?:speaker|language|run|seed)|"
    r"best (?:\w+ )?of (?!the art)|in simulations?|by hand|"
    r"manually (?:removed|segmented|corrected)|on (?:the |its |our )?training (?:sets?|data))\b|\bkeep(?:s|ing)?\s+\d",
    re.I,
)
_SPLIT = re.compile(r"\bon (?:the |our |its )?(?:dev|development|validation)(?:-\w+)?\b", re.I)
# Whose rate it is, when the authors only report it: "as transcribed by stenographers", "for Whisper".
_MADE_BY = re.compile(r"\b(?:by|for|from|of|with|using)\s+(?:the\s+|an?\s+)?(?P<who>(?:[\w.'’-]+\s*){1,4})", re.I)
_PEOPLE = re.compile(
    r"\b(?:humans?|people|person|annotators?|transcribers?|transcriptionists?|stenographers?|listeners?|raters?|experts?|"
    r"vendors?|authors|baselines?|competitors?|commercial|participants?|others)\b",
    re.I,
)


def is_doubtful(text: str, rate: Rate, begin: int, end: int) -> bool:
    """Tell whether a rate holds under a condition only, on chosen speech, or in what somebody else says.

    Args:
        text: the plain sentence.
        rate: one of its rates.
        begin: where the clause of the rate begins.
        end: where it ends.
    """
    front = text[begin : rate.begins]
    before = re.sub(r"\([^()]*\)", " ", text[begin : rate.start]).replace("not only", "")
    return bool(
        _UNREAL.search(before)
        or _WORSE.search(before)
        or _SUPPOSED.search(text[rate.ends : end])
        or _GIVEN.search(front)
        or _SPLIT.search(front.partition("%")[0])
        or _CHOSEN.search(text[begin:end])
        or _AUTHORS.search(text)
        or said_by_others(text[: rate.begins])
        or is_quoted(text, rate.start)
    )


def said_by_others(before: str) -> bool:
    """Tell whether a rate stands in what somebody else says or believes: "users were told that ..."."""
    found = _SAID.search(before)
    return found is not None and not re.search(r"\bwe\s+(?:\w+ly\s+)?$", found["who"], re.I)


def others_rate(after_it: str, names: Collection[str]) -> bool:
    """Tell whether what follows a rate says that people, or somebody else's system, made it."""
    makers = (found["who"] for found in _MADE_BY.finditer(after_it))
    return any(_PEOPLE.search(who) or foreign_name(who, names) for who in makers)
