"""What a paper did and what came of it: two of its own sentences that can be read without the others."""

from __future__ import annotations

import re

from asrcli.digest.edition import Claim, Idea, Paper
from asrcli.digest.sentences import Span, rank_sentences, split_sentences

SHORTEST, LONGEST = 40, 420  # characters of a sentence
# Words that tie a sentence to the one before it, and can be left out.
_TIE = re.compile(
    r"^(?:(?:to (?:address|tackle|bridge|overcome|fill|mitigate|solve|remedy|alleviate|close|resolve) (?:this|these|"
    r"that|such|the)\b[^,]{0,80}|to this end|to that end|to do so|for this purpose|in this (?:paper|work|study|report|"
    r"article|letter)|in response|motivated by (?:this|these)[^,]{0,60}|building on (?:this|these)[^,]{0,60}|"
    r"inspired by (?:this|these)[^,]{0,60}|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|lastly|then|next|"
    r"furthermore|moreover|additionally|in addition|besides|also|specifically|in particular|notably|importantly|"
    r"remarkably|crucially|therefore|thus|hence|consequently|as a result|ultimately|overall|here|concretely|"
    r"accordingly|in summary|in fact|indeed|interestingly|surprisingly|impressively),?\s+)+",
    re.I,
)
# A sentence that begins with these means something in an earlier one, or turns against it.
_LEANS = re.compile(
    r"^(?:this|these|those|such|they|that|its|their|both|either|the (?:former|latter|same|above|two|three|second|"
    r"third)|however|conversely|in contrast|by contrast|on the other hand|nevertheless|nonetheless|instead|otherwise|"
    r"yet|but|and|or|so|while|although|though|despite (?:this|these)|unlike (?:this|these)|compared (?:to|"
    r"with) (?:this|these)|similarly|likewise|with (?:this|these)|using (?:this|these)|based on (?:this|these)|"
    r"under (?:this|these)|for (?:this|these)|among (?:these|them)|(?:ii|iii|iv|2|3|4)\))\b",
    re.I,
)
# Further on in a sentence: it can be read alone, but not as well as another.
_MEANT = re.compile(
    r"\b(?:this|these|that|those) (?:\w+ )?(?:bottlenecks?|challenges?|gaps?|issues?|problems?|limitations?|"
    r"deficienc\w+|shortcomings?|difficult\w+|resources?|settings?|tasks?|assumptions?|trade-?offs?|protocols?)\b|"
    r"^we (?:also|further)\b|^\w+ing (?:this|these)\b|^on the \w+ side\b|\bthe same (?:\w+ )?(?:corpus|model|data|"
    r"system|approach)\b|^we \w+ the (?:algorithm|method|approach|framework)\b",
    re.I,
)
_SELF = re.compile(r"^this (?:paper|work|study|report|article|letter|thesis|survey)\b", re.I)
_DID = (
    re.compile(r"\b(?:we|this (?:paper|work|study|report|article|letter))\s+(?:\w+\s+){0,2}?(?:propose|"
        r"introduce|present|release)s?\b", re.I),
    re.compile(r"\b(?:we|this (?:paper|work|study|report|article|letter))\s+(?:\w+\s+){0,2}?(?:develop|design|"
        r"build|train|describe|create|collect|adapt|fine-?tune)s?\b", re.I),
    re.compile(r"\b(?:we|this (?:paper|work|study|report|article|letter))\s+(?:\w+\s+){0,2}?(?:investigate|"
        r"study|studies|examine|analy[sz]e|compare|evaluate|"
               r"benchmark|explore|revisit|systematically \w+|assess|address|show|quantif(?:y|ies)|argue|ask|"
                   r"test)(?:s|es)?\b", re.I),
)  # fmt: skip
_CAME = re.compile(
    r"\b(?:achiev\w+|outperform\w*|surpass\w*|reduc(?:es?|ed|ing)|improv(?:es?|ed|ing|ements?)|reach(?:es|ed)|yield\w*|"
    r"attain\w*|obtain\w*|results? (?:show|demonstrate|indicate|reveal|suggest|confirm)\w*|"
    r"experiments? (?:\w+ ){0,6}?(?:show|demonstrate|confirm|reveal|indicate)\w*|we (?:\w+ )?(?:find|found|observe|"
    r"show|demonstrate)|reveals?|demonstrat\w+|ranks?|match(?:es)?|degrad\w+)\b",
    re.I,
)
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?\s?(?:%|x\b|×|hours|BLEU|points)|\b(?:WER|CER)\b")


def what_it_did(identity: str, text: str) -> tuple[Claim, ...]:
    """Return what was done and what came of it, as one or two claims; nothing when neither is said."""
    spans = [span for one in split_sentences(text)[:40] for span in [untied(text, one)] if readable(span.of(text))]
    clear = [span for span in spans if not _MEANT.search(span.of(text))]
    told = (span for cue in _DID for some in (clear, spans) for span in some if cue.search(span.of(text)[:160]))
    did = next(told, None)
    if did is None:
        return ()
    later = [span for span in spans if span.start > did.end and _CAME.search(span.of(text))]
    claims = [claim_of(identity, text, did, "done")]
    if later:
        scores = rank_sentences([span.of(text) for span in later])
        worth = [
            scores[at] + bool(_NUMBER.search(one.of(text))) - bool(_MEANT.search(one.of(text)))
            for at, one in enumerate(later)
        ]
        best = max(range(len(later)), key=lambda at: (worth[at], -at))
        claims.append(claim_of(identity, text, later[best], "result"))
    return tuple(claims)


def untied(text: str, span: Span) -> Span:
    """Return a sentence without the words that tie it to the one before."""
    tie = _TIE.match(span.of(text))
    return Span(span.start + tie.end(), span.end) if tie else span


def leans(sentence: str) -> bool:
    """Tell whether a sentence begins with words that mean something in an earlier one, or turn against it."""
    return _LEANS.match(sentence) is not None and not _SELF.match(sentence)


def readable(sentence: str) -> bool:
    """Tell whether a sentence can be read without the others."""
    if not SHORTEST <= len(sentence) <= LONGEST or leans(sentence):
        return False
    return not re.search(r"https?://|\\[a-z]+\{", sentence) and sentence[-1] in ".!?。"


def claim_of(identity: str, text: str, span: Span, kind: str) -> Claim:
    """Return a sentence as a claim; one that lost its first words begins with a capital."""
    quote = span.of(text)
    return Claim(identity, span.start, span.end, quote, quote[:1].upper() + quote[1:], kind)


def idea_of(paper: Paper) -> Idea | None:
    """Return a paper's idea; ``None`` when its abstract does not say what was done."""
    claims = tuple(claim for claim in paper.claims if claim.kind in ("done", "result", "idea"))
    return Idea(paper.id, paper.title, paper.url, claims) if claims else None
