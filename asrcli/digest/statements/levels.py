"""Error rates that the authors say their own system reaches, and the tests that they name for them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from asrcli.digest.statements.doubts import is_doubtful, others_rate
from asrcli.digest.statements.names import foreign_name, holds_name, is_own
from asrcli.digest.statements.pairing import is_sure, is_torn
from asrcli.digest.statements.plain import LONGEST, clauses, plain
from asrcli.digest.statements.rates import Rate, rates_of

_REACH = re.compile(
    r"\b(?P<verb>achiev(?:es?|ed|ing)|reach(?:es|ed|ing)?|obtain(?:s|ed|ing)?|attain(?:s|ed|ing)?|yield(?:s|ed|ing)?|"
    r"deliver(?:s|ed|ing)?|scor(?:es|ed|ing)|record(?:s|ed|ing)|result(?:s|ed|ing)? in|ranks?(?:ed)?|report(?:s|"
    r"ed)?|has|have|gets?)\b",
    re.I,
)
_REDUCE = re.compile(
    r"\b(?:reduc(?:es?|ed|ing|tion)|lower(?:s|ed|ing)?|cuts?|cutting|decreas(?:es?|ed|ing)|improv(?:es?|ed|ing)|"
    r"drop(?:s|ped)?|"
    r"falls?|fell|brings?|brought)\b",
    re.I,
)
_ADVERBS = re.compile(r"(?:\s|\w+ly\b|also\b|even\b|further\b|thus\b|then\b)*", re.I)
_ADOPT = re.compile(r"\bwe\s+(?:adopt|build (?:up)?on|rely on|start from|choose|select)\b", re.I)
_GERUND = re.compile(
    r"(?:^|,\s|\band\s)\s*(?:fine-?tuning|training|adapting|combining|integrating|adding|augmenting|"
    r"pre-?training|applying|incorporating)\b",
    re.I,
)
_LITERATURE = re.compile(
    r"\b(?:survey|review|meta-?analys[ie]s|literature|(?:papers|studies|articles|publications|works|entries)\s)", re.I
)
_NO_TEST = re.compile(r"^(?:it|them|this|that|these|those|both|all|average|same\b.*)$", re.I)
_OTHER_NUMBER = re.compile(r"\d\s?%?\s*(?:absolute|relative)\b|\b(?:for|of|with)\s+an?\s+\w+\s+(?:with|of|at)\b", re.I)
_COMPARED = re.compile(
    r"\b(?:compared|versus|vs|than|over|against|outperform\w*|surpass\w*|exceed\w*|beat\w*|unlike|baseline|behind|"
    r"improving|improvement|from|where|previous\w*|published|prior)\b",
    re.I,
)
_TEST = re.compile(r"^\s*(?:\([^()%]{1,40}\)\s*)?(?:on|for|across)\s+(?:the\s+|our\s+)?(?P<test>[^,;()%]{2,90})", re.I)
_TEST_END = re.compile(
    r"\s+(?:and|or|we|while|when|with|without|using|after|outperform\w*|surpass\w*|exceed\w*|improv\w*|achiev\w*|"
    r"compared|which|that|where|whose|fell|falls?|dropped|drops?|went|goes|was|is|against|versus|vs|than|as|if|before|because|since|although|though|today|instead|"
    r"but|by|at|under|from|for|under|despite|despite|trained|demonstrat\w*|shows?|reveals?|indicates?|suggests?|"
    r"respectively|in the|our|its|their|it|has|have|had|"
    r"reach\w*|attain\w*|obtain\w*|yield\w*|gets?|scor\w+|at a|"
    r"to)\b|\s*[.:]\s|\s*\.$|\s+-+\s|-an?\s|\s*[—–]"
)
_FRONT = re.compile(
    r"^\W*(?:\w+,\s+)?(?:on|evaluated on|tested on)\s+(?:the\s+|our\s+)?(?P<test>[^;()%]{2,80}?),\s", re.I
)
# What something was trained or built on is no test.
_NOT_MADE = "".join(f"(?<!{verb} )" for verb in ("trained", "tuned", "based", "built", "builds", "runs", "running"))
_INSIDE = re.compile(
    rf"{_NOT_MADE}\bon\s+(?:the\s+|our\s+)?(?P<test>[^,;()%]{{2,80}}?)\s*(?=$|,|\bfrom\b|\bwith\b|\bto\b|\bof\b)", re.I
)
# The one test that a sentence names somewhere.
_ANYWHERE = re.compile(
    rf"{_NOT_MADE}\bon\s+(?:the\s+|"
    r"our\s+)?((?:\w+\s+){0,2}[A-Z][^,;()%]{1,80})"
)


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


def own_levels(sentence: str, names: Collection[str]) -> tuple[Level, ...]:
    """Return the levels that a sentence says the authors' own system reaches.

    Args:
        sentence: one sentence of an abstract.
        names: the authors' own names, of `asrcli.digest.statements.names.names_of`.
    """
    text = plain(sentence)
    rates = rates_of(text) if len(sentence) <= LONGEST else []
    own = [rate for rate in rates if reaches(text, rate, names)]
    tests = tests_of(text, own)
    return tuple(
        Level(
            rate.metric,
            rate.value,
            sentence[rate.start : rate.end].replace("\\", ""),
            rate.average,
            test,
            rate.start,
            rate.end,
        )
        for rate, test in zip(own, tests, strict=True)
        if is_sure(text, rate, test, tests) and not is_torn(text, rate, own)
    )


def reaches(text: str, rate: Rate, names: Collection[str]) -> bool:
    """Tell whether the authors' own system reaches a rate, as the sentence says."""
    begin, end = next((span for span in reversed(clauses(text)) if span[0] <= rate.begins), (0, 0))
    clause = text[begin : rate.begins]
    if is_doubtful(text, rate, begin, end):
        return False
    if "it" in names and obtained(text, rate, clause):
        return True
    if lowered := lowers(text, rate, clause, names):
        return lowered
    if re.search(r"\((?:\s*(?:a|an)\s)?\s*$", clause):
        return bracketed(clause, names)
    found = list(_REACH.finditer(clause))
    if not found:
        return False
    verb = found[-1]
    rest = clause[verb.end() :]
    if _COMPARED.search(rest) or _OTHER_NUMBER.search(rest):
        return False
    if verb["verb"].lower().startswith("report") and (
        not re.search(r"\bwe\s+$", clause[: verb.start()], re.I) or others_rate(text[rate.ends : end], names)
    ):
        return False
    subject = clause[: verb.start()]
    if verb["verb"].lower().endswith("ing"):
        return participle(text[:begin] + subject, names)
    return acts(subject, names, text[:begin])


def bracketed(clause: str, names: Collection[str]) -> bool:
    """Judge a rate in brackets: "our model (4.1% WER)"."""
    before = clause.rpartition("(")[0]
    verb = next(iter(reversed(list(_REACH.finditer(before)))), None)
    if verb and not verb["verb"].lower().endswith("ing") and not _COMPARED.search(before[verb.end() :]):
        return acts(before[: verb.start()], names)
    nearest = re.split(
        r"\b(?:outperform\w*|surpass\w*|exceed\w*|beat\w*|than|over|to|with|and|as|against|like|versus|from|by|"
        r"on|of)\b|,",
        before,
    )[-1]
    return is_own(nearest, names)


def obtained(text: str, rate: Rate, clause: str) -> bool:
    """Judge "the lowest WER of 5% is obtained on X": the authors' own when nobody else is said to have done it."""
    if not re.fullmatch(
        r"\W*(?:\w+,\s+)?(?:the|an?)\s+(?:new\s+)?(?:lowest|best)?\s*(?:published\s+|overall\s+)?", clause, re.I
    ):
        return False
    after_it = re.sub(r"\([^()]*\)", " ", text[rate.ends :])
    found = re.match(r"[^.;]{0,120}?\b(?:is|was)\s+(?:obtained|achieved|reached)\b(?P<rest>[^.;]{0,30})", after_it)
    return bool(found) and not re.match(
        r"\s*(?:by|with|when|using)\s+(?!combining|using|our|the proposed)", found["rest"] if found else ""
    )


def acts(subject: str, names: Collection[str], earlier: str = "") -> bool:
    """Tell whether what stands before a finite verb is the authors' own.

    Args:
        subject: the words from the beginning of the clause to the verb.
        names: the authors' own names.
        earlier: the sentence before the clause, in which "it" may have its meaning.
    """
    if re.match(r"[\s,]*(?:which|whose|where)\b", subject, re.I):
        return False
    parts = re.split(r"\bthat\b|\bshow\b", subject)
    if _LITERATURE.search("".join(parts[:-1])):
        return False
    nearest = re.sub(r"\([^()]*\)", " ", parts[-1])
    last = nearest.rpartition(",")[2]
    if not _ADVERBS.fullmatch(last):
        nearest = last
    if re.search(r"\b(?:it|they)\b", nearest, re.I) and foreign_name(earlier + "".join(parts[:-1]), names):
        return False
    return is_own(nearest, names) or bool(_GERUND.search(nearest) and not _COMPARED.search(nearest))


def participle(before: str, names: Collection[str]) -> bool:
    """Judge "..., achieving a WER of 5%": the subject is that of the main clause."""
    if not re.search(
        r"(?:,|\b(?:thereby|thus|while|and|hence|consequently|ultimately))\s*(?:\w+ly\s+)?$", before
    ) or _ADOPT.search(before):
        return False
    main = re.split(r"\bthat\b", before)[-1]
    main = re.sub(r"\([^()]*\)", " ", main)
    front = re.split(
        r"\b(?:outperform\w*|surpass\w*|exceed\w*|beats?|shows?|performs?|improves?|is|are|was|were|using|can|"
        r"reduces?|sets?)\b",
        main,
    )[0]
    last = front.rpartition(",")[2]
    subject = front if _ADVERBS.fullmatch(last) else last
    if is_own(subject, names):
        return True
    if re.search(r"\b(?:we|our)\b", main, re.I):
        return not re.search(r"\bwe (?:evaluate|benchmark|compare|assess|test)\b", main, re.I)
    return holds_name(subject, names)


def lowers(text: str, rate: Rate, clause: str, names: Collection[str]) -> bool:
    """Judge "reduces WER from 7.0% to 5.0%": the second is a level, of whoever lowered it."""
    words = text[rate.begins : rate.start]
    if not re.search(r"\bto\s*$", words) and not re.match(r"^[^a-z]*$", words):
        return False
    if not re.search(r"\bto\s*$", text[: rate.start]):
        return False
    verb = next(iter(reversed(list(_REDUCE.finditer(clause + words)))), None)
    if verb is None:
        return False
    before = (clause + words)[: verb.start()]
    third = re.split(r"\bthat\b|,", before)
    subject = next((part for part in reversed(third) if part.strip()), "")
    subject = re.sub(r"\([^()]*\)", " ", subject)
    if re.search(r"\b(?:et al|prior|previous|existing|commercial|teams?|participants?|humans?)\b", before, re.I):
        return False
    passive = not subject.strip() or re.search(
        r"\b(?:is|was|are|were)\s*$|\b(?:WER|CER|error rate)s?\b", subject + words[: verb.start()], re.I
    )
    return bool(
        passive
        or acts(subject, names)
        or participle(before, names)
        or re.search(r"\b(?:adaptation|strategy|DPO|SFT|this|approach|method|a substantial|leads to)\b", subject, re.I)
    )


def tests_of(text: str, rates: Sequence[Rate]) -> list[str]:
    """Return the test of each rate, "" where the sentence names none."""
    own = [after(text, rate) for rate in rates]
    if len(rates) > 1 and own[-1] and not any(own[:-1]):
        named = text_after(text, rates[-1])
        parts = [part.strip(" ,") for part in re.split(r",\s*(?:and\s+)?|\s+and\s+", named) if part.strip(" ,")]
        if len(parts) == len(rates):
            return [trim(part) for part in parts]
    if (
        len(rates) > 1
        and own[-1]
        and not any(own[:-1])
        and re.fullmatch(r"[^A-Za-z]*", text[rates[0].end : rates[-1].start])
    ):
        own = [own[-1]] * len(own)
    for at, rate in enumerate(rates):
        if not own[at]:
            beside = re.match(r"\s*(\([^()\d%]{2,40}\))", text[rate.ends :])
            own[at] = beside[1] if beside else earlier(text, rate)
    return own


def text_after(text: str, rate: Rate) -> str:
    """Return the tests that are listed after the last of several rates, without "on the"."""
    found = re.match(
        r"\s*(?:on|for)\s+(?:the\s+)?(?P<all>[^;()%]{2,160}?)(?:,?\s*respectively|\.\s*$|\.\s|$)", text[rate.ends :]
    )
    return found["all"] if found else ""


def after(text: str, rate: Rate) -> str:
    """Return the test that is named directly after a rate."""
    found = _TEST.match(text[rate.ends :])
    return trim(found["test"]) if found else ""


def earlier(text: str, rate: Rate) -> str:
    """Return the test that is named before a rate: at the beginning, or between its verb and its metric."""
    begin, _ = next((span for span in reversed(clauses(text)) if span[0] <= rate.begins), (0, 0))
    if front := _FRONT.match(text):
        return trim(front["test"])
    inside = list(_INSIDE.finditer(text[begin : rate.start]))
    if inside:
        return trim(inside[-1]["test"])
    anywhere = {trim(found[1]) for found in _ANYWHERE.finditer(text)}
    return anywhere.pop() if len(anywhere) == 1 else ""


def trim(words: str) -> str:
    """Return a test's name without what follows it."""
    end = _TEST_END.search(words)
    name = (words[: end.start()] if end else words).strip(" .,:-–")
    return "" if _NO_TEST.match(name) else name
