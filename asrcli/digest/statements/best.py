"""Whether a sentence claims the state of the art, and for the authors' own."""

from __future__ import annotations

import re
from collections.abc import Collection

from asrcli.digest.statements.form import (
    ADVERB,
    DOES,
    FREE,
    LONGEST,
    NAME,
    TEST,
    TURNED,
    WE,
    Reader,
    is_quoted,
    opening,
    parts,
    plain,
    subject,
)
from asrcli.digest.statements.words import FIELD, HEADS, KINDS, any_of

_PHRASE = r"(?i:(?:the\s+)?state[- ]of[- ]the[- ]art|SOTA\b)(?:\s*\((?:SOTA|SoTA)\))?"
_NAMED = re.compile(_PHRASE)
_CLAIMS = (
    r"(?i:achieves?|achieved|sets?|establish(?:es|ed)?|obtain(?:s|ed)?|attain(?:s|ed)?|reach(?:es|ed)?|deliver(?:s|"
    r"ed)?|yield(?:s|ed)?|demonstrate[sd]?|shows?|showed|offers?)"
)
_CLAIMING = (
    r"(?i:achieving|setting|establishing|obtaining|attaining|reaching|delivering|yielding|demonstrating|showing)"
)
_SHOWS = r"(?i:shows?|showed|demonstrate[sd]?|confirm(?:s|ed)?|reveal(?:s|ed)?)"
_RESULTS = (
    r"(?:performances?|results?|accurac(?:y|ies)|WERs?|CERs?|(?:word|character) error rates?(?:\s+\((?:WER|CER)s?\))?|"
    r"scores?|quality|BLEU(?:\s+scores?)?|mAP|MOS(?:\s+scores?)?|stability(?:\s+and\s+naturalness)?|rates?)(?![\w-])"
)
_ADDED = r"(?i:an?|the|its|new|overall|average|consistent|consistently|unprecedented|both|significant)"
_SYSTEMS = any_of(["models", "systems", "methods", "approaches"])
_FIELD = rf"(?!{_SYSTEMS}){any_of([*FIELD, 'zero-shot', 'test', 'fine-tuning', 'percent'])}"
_OPEN = (
    r"(?!(?:and|or|on|in|for|of|to|with|by|is|are|but|baselines?|competitors?|[a-z]+ers|not|near|"
    r"non)\b)[a-z-]+(?=\s+[a-z(B])"
)
_SHARE = r"\d[\d.,]*(?:\s?%|-deg|\s?dB)"
_REACHED = (
    rf"(?:{_ADDED}\s+){{0,3}}{_PHRASE}(?:(?:\s+(?:{_FIELD}|{NAME}|{_OPEN})){{0,4}}?\s+{_RESULTS}|"
    rf"(?=\s+{_SHARE})|(?=\s+(?:on|in|for|across|with|at)\b|[.,;]|\s*$))"
)
# Where it was reached: words of any kind, as long as none of them starts another thought.
_WORD = (
    r"(?!(?i:when|if|only|once|after|before|under|where|who|paper|same|former|past|then|later|ago|"
    r"were|was|has|had|is|are)\b)[\w.+/'&%~-]+"
)
_ON = re.compile(
    rf"\s+(?:on|in|for|across|among|over|with|of|at|against|\d[\d.]*)(?:[,:]?\s+{_WORD}|"
    rf"\s*\([^()]{{1,90}}\)){{0,60}}(?=$|[\s.,;])"
)
_FROM = (
    r"(?:(?i:on|in|for|by|with|using|through|across|employing|based on|(?:evaluated|verified|tested|trained|built) on|"
    r"combined with|when combined with)\s[^,;]{2,160}(?:,|(?=\s+we\b))\s+)?"
)
# What may follow: what it is better than, how it was reached, what else is so.
_MORE = re.compile(
    r"(?:,?\s+(?:and|while|as|by|thereby|thus|especially|particularly|significantly|substantially|compared|without|"
    r"using|against|achieving|reaching|outperforming|surpassing|exceeding|beating|demonstrating|highlighting|"
    r"suggesting|contributing|improving|showing|setting|ensuring|updating|including|among|i\.e\.|e\.g\.|when compared|"
    r"with|even with|an? \d)\b).*",
    re.I,
)
_STUDIES = (
    r"(?:(?i:our|the|these|extensive|comprehensive|further|thorough|experimental|empirical|"
    r"quantitative|evaluation)\s+)*(?i:experiments?|results?|"
    r"evaluations?)(?:\s+and\s+user\s+studies)?(?:\s+(?i:conducted\s+)?(?i:on|across|in)\s+(?:the\s+|"
    r"an?\s+)?" + TEST + r")?\s+"
    + _SHOWS + r"\s+"
)  # fmt: skip
_PRESENTS = (
    r"(?:(?i:in this (?:paper|work|report|study)),?\s+)?(?:(?i:we|this (?:paper|work|report))\s+(?:also\s+)?"
    r"(?i:presents?|proposes?|introduces?|develop|releases?|describes?)\s+)"
)
_KIND = any_of([*KINDS, *FIELD])
_THING = rf"(?:{_KIND}|{NAME}|{any_of(HEADS)})"

# The forms of a claim, up to the phrase and its noun; ``None`` stands for the authors or their system.
_FORMS: tuple[tuple[re.Pattern[str] | None, ...], ...] = (
    (None, re.compile(rf"\s*(?:{ADVERB}\s+)?(?:{_CLAIMS}|(?i:(?<=we ))report)\s+{_REACHED}")),
    (
        None,
        re.compile(
            rf"\s*(?:{ADVERB}\s+)?(?:have\s+)?{DOES}{FREE}(?:,\s+(?:thereby\s+|thus\s+)?{_CLAIMING}|"
            rf",?\s+and\s+{_CLAIMS})\s+{_REACHED}"
        ),
    ),
    (
        re.compile(
            rf"{_PRESENTS}(?:an?\s+|the\s+)?(?:{NAME},?\s+)?(?:an?\s+|the\s+)?(?:new\s+)?{_PHRASE}"
            rf"(?:\s+(?:{_KIND}|{NAME}|\([A-Z]\w+\)|[a-z]+-[a-z-]+)){{0,7}}\s+(?:{any_of(HEADS)}|toolkit|family)"
        ),
    ),
    (
        re.compile(
            rf"{_PRESENTS}(?:an?\s+|the\s+)?{_THING}(?:,?\s+(?:{_THING}|an?)){{0,12}},?\s+(?:that|which)\s+"
            rf"{_CLAIMS}\s+{_REACHED}"
        ),
    ),
)
_OF_STUDIES: tuple[tuple[re.Pattern[str] | None, ...], ...] = (
    (re.compile(rf"{_STUDIES}{_REACHED}(?=\s+(?:in|on|across)\b|\s*[.,])(?!.*\b(?:of|for|by|with)\s+[A-Z])"),),
    (re.compile(rf"{_STUDIES}{_REACHED}\s+(?:of|for|by)\s+(?!{WE}\b)"), None),
)


def claims_best(sentence: str, names: Collection[str]) -> bool:
    """Tell whether a sentence claims the state of the art for the authors' own work.

    Being better than, close to or as good as the state of the art is no such claim; nor is wanting it.

    Args:
        names: the authors' own names, of `asrcli.digest.statements.names.names_of`.
    """
    if len(sentence) > LONGEST or not _NAMED.search(sentence):
        return False
    text = plain(sentence)
    return any(claimed(text[: part.stop], part.start, names) for part in parts(text))


def claimed(text: str, begin: int, names: Collection[str]) -> bool:
    """Read one part of a sentence; it claims nothing where a word of it fits no form."""
    who = subject(names)
    for form in (*_FORMS, *(_OF_STUDIES if names else ())):
        reader = Reader(text, begin)
        reader.take(r"\W*")
        opening(reader)
        reader.take(_FROM)
        opening(reader)
        if not all(reader.take(piece or who) for piece in form) or is_quoted(text, reader.at - 1):
            continue
        after = [text[reader.at :]]
        if reader.take(_ON):
            after.append(text[reader.at :])
        if not TURNED.search(text[begin:]) and any(
            re.fullmatch(r"[\s.!]*", rest) or _MORE.fullmatch(rest) for rest in after
        ):
            return True
    return False
