"""Whether a sentence claims the state of the art, and for the authors' own."""

from __future__ import annotations

import re
from collections.abc import Collection

from asrcli.digest.statements.levels import acts, participle
from asrcli.digest.statements.names import foreign_name
from asrcli.digest.statements.plain import LONGEST, clauses, is_quoted, plain

_PHRASE = r"(?:state[- ]of[- ]the[- ]art|\bSOTA\b)(?:\s*\((?:SOTA|SoTA)\))?"
_NAMED = re.compile(_PHRASE, re.I)
_VERB = (
    r"(?P<verb>achiev(?:es?|ed|ing)|sets?|setting|establish(?:es|ed|ing)?|obtain(?:s|ed|ing)?|attain(?:s|ed|"
    r"ing)?|reach(?:es|ed|ing)?|"
    r"deliver(?:s|ed|ing)?|yield(?:s|ed|ing)?|demonstrat(?:es?|ed|ing)|report(?:s|ed|ing)?|offer(?:s|ing)?|"
    r"show(?:s|ed|ing)?|leads? to)"
)
# Between the verb and the phrase: nothing that weakens it or makes it somebody else's.
_CLAIM = re.compile(
    rf"\b{_VERB}\s+(?P<between>(?:(?:an?|the|its|new|overall|unprecedented|significant|average|consistent|"
    rf"consistently|results|both|"
    rf"recognition|performance|in|on|that are|strong|superior)\s+){{0,5}}){_PHRASE}(?P<rest>.*)",
    re.I,
)
# "state-of-the-art models" are somebody's; "state-of-the-art results" are reached.
_SYSTEMS = re.compile(
    r"^\s*(?:(?:[\w.-]+|\([^()]*\))\s+){0,4}?(?:models?|systems?|methods?|approaches|techniques?|baselines?|"
    r"counterparts?|solutions?|networks?|"
    r"detectors?|recogni[sz]ers?|encoders?|decoders?|backbones?|LLMs?|LALMs?|algorithms?|competitors?|alternatives?)\b",
    re.I,
)
_RESULTS = re.compile(
    r"^\s*(?:[\w.-]+\s+){0,4}?(?:performance|results?|accurac\w+|WERs?|CERs?|word|character|error|scores?|"
    r"quality|BLEU|mAP|MOS|"
    r"stability|on|in|for|across|separation|recognition|rate|\d)|^\s*[.,;]|^\s*$",
    re.I,
)
_BRITTLE = re.compile(
    r"^\s*(?:\w+\s+)?(?:performance|results?|accuracy)\s+(?:is|are|was|were|degrad\w+|drops?|can|does|do|has|"
    r"have|remains?)\b",
    re.I,
)
_STUDY = re.compile(
    r"\b(?:our|this|the|a)\s+(?:survey|review|analys[ie]s|study|studies|overview|benchmark|comparison)\s*$", re.I
)
_PRESENT = re.compile(
    rf"\b(?:propose|present|introduce|release|develop)s?\s+(?P<what>[^.;]{{2,60}}?),?\s+(?:an?\s+|"
    rf"the\s+)?(?:new\s+)?{_PHRASE}\s+"
    r"(?:(?:[\w/-]+|\([^()]*\))\s+){0,7}(?:system|model|recogni[sz]er|toolkit|family)\b",
    re.I,
)
_WEAK = re.compile(
    r"\b(?:comparable|competitive|comparably|close|near|approach(?:es|ing)?\s+(?:the|current|that)|par|similar|"
    r"match(?:es|ing)?|rival\w*|or competitive|not|never|cannot|"
    r"fail\w*|whether|could|would|might|may|should|if|aim\w*|designed|believed|towards?|unknown|need\w*|hope\w*|"
    r"expected|goal|until|"
    r"claim(?:s|ed)? to|how|why|asks?|asked|almost|nearly|practically|virtually|partly|oracle|perfect|ideal\w*|"
    r"hypothes\w+|unless|instead of|without)\b",
    re.I,
)
_PERFECT = re.compile(r"\b(?:has|have|had)\s+(?:\w+\s+)?$", re.I)
_OBJECTIVE = re.compile(r"\b(?:to|can|will|must)\s+(?:\w+\s+)?$", re.I)
_ELSEWHERE = re.compile(r"\bwith (?:another|a different|an earlier|a previous)\b", re.I)
_SHOWING = ("show", "demonstrat", "report", "reveal")
_RESULT_SUBJECT = re.compile(
    r"^\W*(?:\w+,\s+)?(?:(?:in|on|across|under)\s[^,]{1,60},\s*)?(?:the\s+|our\s+|these\s+|extensive\s+|"
    r"comprehensive\s+|further\s+)*"
    r"(?:experimental\s+|empirical\s+)?(?:experiments?|results|"
    r"evaluations?)\b(?P<where>(?:\s+(?:conducted\s+)?(?:and user studies\s+)?on\s[^,;]{1,60}?)?(?:\s+results)?)\s*$",
    re.I,
)


def claims_best(sentence: str, names: Collection[str]) -> bool:
    """Tell whether a sentence claims the state of the art for the authors' own work.

    Being better than, close to or as good as the state of the art is no such claim; nor is wanting it.

    Args:
        sentence: one sentence of an abstract.
        names: the authors' own names, of `asrcli.digest.statements.names.names_of`.
    """
    if len(sentence) > LONGEST or not _NAMED.search(sentence):
        return False
    text = plain(sentence)
    if presented := _PRESENT.search(text):
        before = text[: presented.start()]
        if _WEAK.search(before + presented["what"]) or is_quoted(text, presented.start()):
            return False
        return bool(re.search(r"\bwe\b|\bpaper\b|\bwork\b|\breport\b", before, re.I))
    for begin, end in clauses(text):
        clause = text[begin:end]
        found = _CLAIM.search(clause)
        quoted = found and is_quoted(text, begin + found.start("rest"))
        if found and not quoted and claimed(text[:begin], clause, found, names):
            return True
    return False


def of_another(rest: str, names: Collection[str]) -> bool:
    """Tell whether what follows says whose performance it is, and it is somebody else's."""
    whose = re.search(r"\b(?:of|by|for)\s+(?P<who>[^,;]{1,40})", rest)
    return whose is not None and foreign_name(whose["who"].split(" on ")[0], names)


def claimed(earlier: str, clause: str, found: re.Match[str], names: Collection[str]) -> bool:
    """Judge one verb with the phrase as its object."""
    subject, verb, rest = clause[: found.start()], found["verb"].lower(), found["rest"]
    if _SYSTEMS.match(rest) and not re.match(r"^\s*(?:performance|results)", rest, re.I):
        return (
            bool(re.search(r"\bwe\s+$", subject, re.I))
            and verb.startswith(("achiev", "obtain"))
            and found["between"].strip() == "a"
        )
    if not _RESULTS.match(rest) or re.match(r"^\s*or\b|^\s*[\w-]*\s*or competitive", rest):
        return False
    if _BRITTLE.match(rest) or _STUDY.search(subject):
        return False
    if _WEAK.search(subject.replace("not only", "")) or _PERFECT.search(subject) or _OBJECTIVE.search(subject):
        return False
    if _ELSEWHERE.search(rest) or (verb.startswith(_SHOWING) and of_another(rest, names)):
        return False
    if _RESULT_SUBJECT.match(subject):
        return "it" in names or bool(names)
    if verb.endswith("ing") or verb in ("setting",):
        return participle(earlier + subject, names)
    relative = re.search(r"\b(?:that|which)\s+$", subject)
    if relative:
        return bool(re.search(r"\bwe (?:propose|present|introduce|develop|describe|release)\b", subject, re.I))
    return acts(subject, names, earlier)
