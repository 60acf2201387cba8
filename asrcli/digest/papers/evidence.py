"""Which sentence says what a paper claims, and which carry, follow from and bound it: quoted as they stand."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from asrcli.digest.papers.own import BACKGROUND, OTHERS, RESULTS_OF_OURS, SELF, about_itself, alone, own_result, sound
from asrcli.digest.papers.reading import Part, Sentence
from asrcli.digest.statements import said
from asrcli.digest.statements.best import claims_best
from asrcli.digest.statements.levels import Level, own_levels
from asrcli.digest.statements.names import foreign_name, holds_name, is_name

DID = (
    re.compile(r"\b(?:we|this (?:technical )?(?:paper|work|study|report|article|letter))\s+(?:\w+\s+){0,2}?"
               r"(?:propose|introduce|present|release|develop|build)s?\b", re.I),
    re.compile(r"\b(?:we|this (?:technical )?(?:paper|work|study|report|article|letter))\s+(?:\w+\s+){0,2}?(?:design|"
               r"create|collect|adapt|fine-?tune|train|describe|investigate|study|studies|examine|analy[sz]e|compare|"
               r"evaluate|benchmark|explore|revisit|assess|address|show|quantify|quantifies|argue|test|demonstrate|"
               r"extend|conduct|apply|leverage|use)s?(?:es)?\b", re.I),
)  # fmt: skip
_FINDING = re.compile(
    r"\b(?:we (?:\w+ )?(?:show|find|found|demonstrate|observe|conclude|establish)|(?:our|the|these|experimental|"
    r"extensive)(?: \w+){0,2} (?:results?|experiments?|findings|analys[ie]s|evaluations?)(?: \w+){0,3} (?:show|"
    r"demonstrate|reveal|indicate|confirm|suggest)s?|results? (?:show|demonstrate|indicate|reveal|confirm)s?)\b",
    re.I,
)
_AGAINST = re.compile(
    r"\b(?:surpass(?:es|ed|ing)?|outperform(?:s|ed|ing)?|exceed(?:s|ed|ing)?|compared (?:to|with)|versus|vs\.?|against|"
    r"better than|lower than|down from|beat(?:s|ing)?|improv(?:es|ing) "
    r"(?:up)?on)\s+(?P<who>[^,;.%()\d]{2,70}?)\s*(?:of|at|\(|with|which is|achieving|’s|"
    r"'s)?\s*(?P<value>\d{1,3}\.\d{1,3})\s?%(?!\s*(?:relative|absolute|CERR|WERR|reduc|improv|lower))",
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
    # Another rate may stand between a level and what it is compared with.
    if not found or re.search(r"\d\.\d+\s?%", after[: found.start()]) or float(found["value"]) <= level.value:
        return "", ""
    return f"{found['value']}%", found["who"].strip()


def told(level: Level, against: str, who: str) -> str:
    """Return a headline in our words: "3.05% against 3.33% CER (the latest SOTA)."."""
    if not against:
        return said((level,))
    whose = f" ({who})" if who and len(who) <= 60 else ""
    where = said((level,)).removeprefix("Reports ").rstrip(".")
    return f"Reports {where}, against {against}{whose}."


_FOLLOWS = re.compile(
    r"\b(?:making (?:it|them|this)\b[^.]{0,40}\b(?:suitable|practical|feasible|possible|attractive|viable)|mak(?:es|"
    r"ing) it (?:\w+ ){0,2}(?:suitable|practical|feasible|possible|viable)|(?:results|findings|work|approach|study|"
    r"analysis|framework|method)\b[^.]{0,40}\b(?:suggests?|impl(?:y|ies)|highlights?|underscores?|opens?|paves?|"
    r"points? to|enables?|(?:offers?|provides?) an? (?:\w+ )?(?:practical|efficient|promising|viable|scalable|robust|"
    r"effective|simple|new))|paving the way|paves? the way|open(?:s|ing)? (?:up )?(?:new|the|a)|(?:suggesting|implying|"
    r"highlighting|underscoring) (?:that|the)|can (?:serve|be (?:used|deployed|applied|extended|integrated))|"
    r"potential (?:of|for|to)|practical (?:solution|path|alternative))\b",
    re.I,
)
_GAIN = re.compile(r"\b(?:thereby|thus) \w+ing\b|\bimproving\b|\b(?:that|which) (?:do|does|did) not\b", re.I)
_NOT_YET = re.compile(
    r"\b(?:future (?:work|research|directions?|stud)|we (?:believe|expect|plan|aim|hope|intend)|remains? to be|"
    r"next step)\b",
    re.I,
)
_LIMIT = re.compile(
    r"\b(?:limitations?|limited (?:to|by|in)|(?:did|do|does|has|have|was|were|could|is|are) not|cannot|only (?:on|in|"
    r"for|evaluated|consider|cover|support|tested)|restrict\w*|remains? (?:a |an )?(?:challeng|open|unclear|limited|"
    r"difficult|unexplored)\w*|lacks?|may (?:not|limit)|future (?:work|research|stud)|depends? on|assum\w+|"
    r"higher (?:latency|cost)|bias)\b",
    re.I,
)
_OWN_LIMIT = re.compile(
    r"\b(?:limitations? (?:of (?:our|this|the (?:proposed|current|present))|is|are|include)|(?:a|one|another|main|key|"
    r"our) (?:\w+ )?limitation|we (?:did|do|have|could|can) ?not (?:\w+ )?(?:evaluat|consider|test|explor|address|"
    r"cover|includ|investigat|compar|stud)\w*|we only (?:consider|evaluate|test|use|cover|focus|stud|support|"
    r"report)\w*|our (?:\w+ ){0,4}(?:is|are|was|were|remains?) (?:still )?(?:limited|restricted)|(?:this|our) (?:study|"
    r"work|paper|analysis|evaluation) (?:is limited|does not|did not|only|focuses only)|future (?:work|"
    r"research) (?:will|could|should|may|can|includes?|involves?|is)|(?:in the future|in future work|"
    r"for future work),? we|(?:main|key|remaining|primary) (?:limiting factors?|bottlenecks?)|(?:our|"
    r"the) (?:experiments?|results|analys[ie]s|evaluations?) (?:also )?(?:reveals?|shows?) [^.]{0,40}?\b(?:weakness\w*|"
    r"limitations?))\b",
    re.I,
)
# What a result rests on, each kind in the words that papers have for it.
_RESTS = (
    ("data", (Part.METHOD, Part.OTHER, Part.RESULTS), re.compile(
        r"\b(?:(?:pre-?)?train(?:ed|ing)|fine-?tun(?:ed|ing))\b.{0,120}?\b\d[\d.,]*\s?(?:k|K|"
        r"million)?[\s-]?(?:hours?|h\b|hrs?\b)", re.I)),
    ("tests", (Part.METHOD, Part.OTHER, Part.RESULTS), re.compile(
        r"\b(?:we (?:\w+ )?(?:evaluate|test|benchmark|report)|evaluat(?:ed|ion) (?:is|are|was|"
        r"were) (?:\w+ )?(?:conducted|"
        r"performed|carried out)|(?:is|are|was|were) (?:\w+ )?evaluated) (?:\w+ ){0,8}?on\b", re.I)),
    ("others' numbers", (Part.METHOD, Part.OTHER, Part.RESULTS), re.compile(
        r"\b(?:results?|numbers|figures|scores|WERs?|CERs?)\b.{0,80}?\b(?:are|is|were|was) (?:\w+ )?(?:sourced|taken|"
        r"copied|quoted|cited|reproduced|borrowed) (?:\w+ )?from\b", re.I)),
    ("starting point", (Part.METHOD, Part.OTHER, Part.RESULTS), re.compile(
        r"\b(?:initiali[sz]ed (?:\w+ )?(?:with|from|by|using)|we (?:\w+ )?(?:initiali[sz]e|fine-?tune (?:a |"
        r"the )?(?:pre-?trained|Whisper|wav2vec|XLS-R|HuBERT|WavLM|Qwen|Llama|Canary|Parakeet|OWSM|SeamlessM4T))|"
        r"we (?:\w+ )?(?:use|adopt|employ|build (?:up)?on)\b.{0,80}? as (?:the|our|a) (?:\w+[ -]){0,2}(?:backbone|base|"
        r"encoder|decoder|foundation|starting point|LLM|language model|pre-?trained))", re.I)),
    ("assumption", (Part.METHOD, Part.OTHER, Part.RESULTS, Part.LIMITS), re.compile(
        r"\b(?:we assume|assum(?:es|ing|ption) that|under the assumption|is assumed to)\b", re.I)),
)  # fmt: skip
_SUGGESTS = re.compile(r"\b(?:suggest|impl(?:y|ies)|highlight|underscore|point to|paves?|making (?:it|them))", re.I)
# Of a baseline, of a threshold of hours, of machines: nothing that the authors' result rests on.
_NOT_OURS = re.compile(
    r"\bbaselines?\b|\b(?:more|less|fewer) than \d+|\b(?:time|takes?|took|converge\w*|"
    r"epochs)\b|\b(?:GPUs?|CPUs?|NVIDIA|processors?)\b",
    re.I,
)
_DATA = re.compile(
    r"\b(?:data ?sets?|tests?|test sets?|benchmarks?|corp(?:us|ora)|LibriSpeech|FLEURS|TED-?LIUM|Common ?Voice|"
    r"AMI|AISHELL\S*)\b",
    re.I,
)
_WORSE = re.compile(
    r"^(?:despite|although|while|though|even though)\b|\b(?:drop in|degradation|worse|fails? to|slightly behind|"
    r"cannot|(?:did|do|does) not)\b",
    re.I,
)

CARRIERS, CONSEQUENCES = 4, 3  # sentences, at most


def carriers(sentences: Sequence[Sentence], headline: Headline | None, names: Collection[str]) -> list[Sentence]:
    """Return the results that carry a claim, in the order of the text: those with the headline's numbers first."""
    numbers = set(re.findall(r"\d+\.\d+", headline.sentence.words)) if headline else set()
    rated = []
    for at, one in enumerate(sentences):
        told = headline is not None and one.span == headline.sentence.span
        if told or not (alone(one.words) and own_result(one.words, names)) or _WORSE.search(one.words):
            continue
        plain_words = re.sub(r"\[[\d, –-]+\]|\b(?:Tables?|Figures?|Figs?\.|Section|Sec\.)\s*\d+", "", one.words)
        if not _FIGURE.search(plain_words):
            continue
        shared = len(numbers & set(re.findall(r"\d+\.\d+", one.words)))
        score = 2 * min(shared, 2) + 2 * bool(own_levels(one.words, names)) + bool(re.search(r"\bTable", one.words))
        rated.append((-score, at, one))
    chosen = sorted(rated, key=lambda row: row[:2])[:CARRIERS]
    return [one for _, _, one in sorted(chosen, key=lambda row: row[1])]


def consequences(sentences: Sequence[Sentence], names: Collection[str]) -> list[Sentence]:
    """Return what the authors say follows from their result."""
    found = [
        one
        for one in sentences
        if _FOLLOWS.search(one.words)
        and (SELF.search(one.words) or holds_name(one.words, names))
        and not (_NOT_YET.search(one.words) or OTHERS.match(one.words) or BACKGROUND.search(one.words))
        and not re.search(r"\b(?:however|remains?|despite|challeng\w+|limitation|mis\w+|errors?)\b", one.words, re.I)
        and (alone(one.words) or (sound(one.words) and RESULTS_OF_OURS.match(one.words)))
    ]
    late = [one for one in found if one.part in (Part.CONCLUSION, Part.ABSTRACT)]
    early = [one for one in found if _SUGGESTS.search(one.words) and RESULTS_OF_OURS.match(one.words)]
    return (late or early)[:CONSEQUENCES]


def named_tests(words: str, names: Collection[str]) -> int:
    """Count the names in a sentence that are neither common abbreviations nor the authors' own."""
    after = re.split(r"\bon\b", words, maxsplit=1)[-1]
    return sum(is_name(word) and not holds_name(word, names) for word in re.findall(r"[A-Za-z][\w.+-]*[\w+]", after))


def foundations(sentences: Sequence[Sentence], names: Collection[str]) -> list[tuple[str, Sentence]]:
    """Return what a result rests on, by kind."""
    found = []
    used: set[int] = set()
    for kind, parts, pattern in _RESTS:
        usable = [
            one
            for one in sentences
            if one.part in parts and one.span.start not in used and pattern.search(one.words)
            and alone(one.words) and not foreign_start(one.words, names)
            and not (OTHERS.match(one.words) or BACKGROUND.search(one.words) or _WORSE.search(one.words))
            and not _NOT_OURS.search(f"{one.heading} {one.words}")
            and (kind != "tests" or (named_tests(one.words, names) and _DATA.search(one.words)))
        ]  # fmt: skip
        if usable:
            best = max(usable, key=lambda one: named_tests(one.words, names)) if kind == "tests" else usable[0]
            found.append((kind, best))
            used.add(best.span.start)
    return found


def foreign_start(words: str, names: Collection[str]) -> bool:
    """Tell whether a sentence begins with somebody else's system."""
    if (whose := re.match(r"([A-Z][\w-]+)[’']s ", words)) and not holds_name(whose[1], names):
        return True
    start = re.split(r"\b(?:is|are|was|were|has|have|uses?|we|our|the)\b", words, maxsplit=1)[0]
    return bool(re.search(r"\[[\d, –-]+\]|\bet al\b", words[:60])) and foreign_name(start, ())


def limits(sentences: Sequence[Sentence], wanted: int = 3) -> list[Sentence]:
    """Return the limits that the authors name, and what they leave for later."""
    named = [
        one for one in sentences if one.part is Part.LIMITS and _LIMIT.search(one.words) and not _GAIN.search(one.words)
    ]
    if not named:
        named = [
            one
            for one in sentences
            if one.part in (Part.CONCLUSION, Part.RESULTS, Part.OTHER, Part.ABSTRACT) and _OWN_LIMIT.search(one.words)
        ]
    return [
        one
        for one in named
        if (alone(one.words) or (sound(one.words) and RESULTS_OF_OURS.match(one.words)))
        and not (OTHERS.match(one.words) or re.search(r"\bleave (?:this|it|these|that)\b", one.words))
    ][:wanted]
