"""Whether a sentence of a paper is whole, can be read alone, and says a result of the authors' own."""

from __future__ import annotations

import re
from collections.abc import Collection

from asrcli.digest.ideas import leans
from asrcli.digest.statements.form import clauses, plain
from asrcli.digest.statements.levels import own_levels
from asrcli.digest.statements.names import foreign_name, holds_name, is_own

_RESULT = re.compile(
    r"\b(?:outperform(?:s|ed|ing)?|surpass(?:es|ed|ing)?|improv(?:es?|ed|ing)|reduc(?:es?|ed|ing)|achiev(?:es?|ed|ing)|"
    r"yield(?:s|ed|ing)?|reach(?:es|ed|ing)?|attain(?:s|ed)?|obtain(?:s|ed)?|lower(?:s|ed)|exceed(?:s|ed)|cuts?|gains?|"
    r"match(?:es|ed)|drop(?:s|ped)?|decreas(?:es?|ed)|increas(?:es?|ed)|boosts?|shows?|degrad(?:es?|ed))\b(?!-)",
    re.I,
)
OTHERS = re.compile(
    r"^\W*(?:\[[\d, –-]+\]|[A-Z][\w’'-]+ (?:et al\b|and [A-Z][\w’'-]+ (?:\[|\())|(?:previous|prior|existing|earlier|"
    r"recent|other|most|several|many) (?:\w+ ){0,2}(?:work|works|stud|approach|method|model|system|research)|"
    r"our (?:previous|prior|earlier)|in \[\d+\])",
    re.I,
)
BACKGROUND = re.compile(
    r"(?<!\bwe )(?<!\bWe )\b(?:has|have) (?:\w+ )?(?:been|shown|become|emerged|achieved|demonstrated|led|made)\b"
)
# What marks a sentence as about the work itself.
SELF = re.compile(
    r"\b(?:we|our|ours|this (?:\w+ )?(?:paper|work|study|report|approach|method|model|system|framework|"
    r"benchmark|dataset|"
    r"toolkit|analysis|result)|(?:these|the|experimental) (?:\w+ )?(?:results|findings|experiments)|the proposed)\b",
    re.I,
)
RESULTS_OF_OURS = re.compile(
    r"(?:our|these|this) (?:\w+ ){0,2}(?:results?|findings|work|study|approach|method|analys|framework)", re.I
)
_TIED = re.compile(
    r"\(?\w{1,3}\)|(?:to do (?:so|this|that)|it|he|she|here|there|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|then|"
    r"next|also|moreover|furthermore|additionally|in addition|besides|therefore|thus|hence|consequently|accordingly|"
    r"as a result|for example|for instance|again|[^,.]{0,40}\b(?:as (?:discussed|described|mentioned|noted) (?:above|"
    r"earlier|before)))\b",
    re.I,
)

# "On FLEURS, it achieves ...", "Combining this strategy with ...": what is meant stands in another sentence.
_LEANS_LATER = re.compile(
    r"^[^,]{0,120}, (?:it|they)\b|^[A-Z]\w+ing (?:this|these|it|them)\b|\bachiev\w+ (?:this|these)\b", re.I
)

# What a sentence may begin with before "the": "On the AMI corpus, ..." is no heading that ran in.
_OPENS = (
    r"(?:About|Across|After|Along|Although|Among|And|As|At|Because|Before|Besides|Between|Beyond|But|By|Compared|"
    r"Considering|Despite|During|Even|For|From|Given|If|In|Like|Of|On|Over|Since|Through|To|Towards?|Under|Unlike|Using|What|When|"
    r"Where|Whereas|While|With|Within|Without|Both|All|[A-Z]\w+ing|[A-Z]\w+ed)\s(?:\w+\s)?the\b"
)
# "Experiments on X demonstrate gains of 4%": whoever says so of experiments in an abstract made them.
_EXPERIMENTS = re.compile(
    r"^\W*(?:our |the |these |extensive |comprehensive |experimental |empirical |further |"
    r"additional )*(?:experiments?(?: and \w+)?|results|evaluations?)\b(?:\s(?:on|across|with|over|in|"
    r"conducted)\s[^,;]{1,80}?)?\s(?:also |further |clearly )?(?:shows?|demonstrates?|indicates?|confirms?|reveals?|"
    r"identif(?:y|ies)|yields?|achieves?)\b(?P<what>[^;]*)",
    re.I,
)
_CHANGE = re.compile(
    r"\b(?:gains?|improvements?|reductions?|increases?|speed-?ups?)\b[^,;]{0,40}?\d|"
    r"\d(?:[\d.]*)\s?(?:%|x|×|points?)\s(?:\w+\s){0,3}?(?:gains?|improvements?|reductions?|speed-?ups?)\b",
    re.I,
)

_ADVERBS = re.compile(r"(?:\s|\w+ly\b|also\b|even\b|further\b|thus\b|then\b)*", re.I)
_GERUND = re.compile(
    r"(?:^|,\s|\band\s)\s*(?:fine-?tuning|training|adapting|combining|integrating|adding|augmenting|"
    r"pre-?training|applying|incorporating)\b",
    re.I,
)
_LITERATURE = re.compile(
    r"\b(?:survey|review|meta-?analys[ie]s|literature|(?:papers|studies|articles|publications|works|entries)\s)", re.I
)
_COMPARED = re.compile(
    r"\b(?:compared|versus|vs|than|over|against|outperform\w*|surpass\w*|exceed\w*|beat\w*|unlike|baseline|behind|"
    r"improving|improvement|from|where|previous\w*|published|prior)\b",
    re.I,
)


def sound(words: str) -> bool:
    """Tell whether a sentence is whole: what a page's layout tore is not quoted."""
    letters = sum(char.isalpha() for char in words)
    return (
        bool(re.match(r"[\"“‘(\[]?[A-Z0-9]", words))
        and words[-1] in '.!?”")'
        and words.count("(") == words.count(")")
        and words.count("[") == words.count("]")
        and not re.search(r"[:,] \d\.$", words)  # of a list that begins
        and letters > 0.6 * len(words)
        and not re.match(r"(?:[A-Z][\w-]* ){3,}(?:The|We|Our|In|This|These|To|For|As|An?)\b", words)  # a heading run in
        # Heads of columns and headings that ran into a sentence.
        and not re.search(rf"\w- [A-Z]|(?:\b[A-Z][\w-]* ){{6}}|^(?!{_OPENS})(?:[A-Z]\S* ){{1,4}}the\b", words)
        and not re.search(r"[\w)] (?:In|We|Our|This|These|The|As|For|To|On|When|While|However) [a-z]", words)
        and not re.search(
            r"\\[a-z]+|(?:[\d.]+%?\s+){4}|\b(?:Table|Figure|Fig\.) \d+:|\(cid:|Refer to caption|�|\S{60}|[|↑↓]", words
        )
        and len(words.split()) >= 6
    )


def alone(words: str) -> bool:
    """Tell whether a sentence can be read without the one before it."""
    return sound(words) and not leans(words) and not _TIED.match(words) and not _LEANS_LATER.search(words)


def about_itself(words: str, names: Collection[str]) -> bool:
    """Tell whether a sentence speaks of the work itself."""
    return SELF.search(words) is not None or holds_name(words, names) or _EXPERIMENTS.match(words) is not None


def own_result(words: str, names: Collection[str]) -> bool:
    """Tell whether a sentence says a result of the authors' own system."""
    if OTHERS.match(words) or BACKGROUND.search(words) or len(words) > 600:
        return False
    if own_levels(words, names):
        return True
    text = plain(words)
    if (told := _EXPERIMENTS.match(text)) and _CHANGE.search(told["what"]):
        return True
    for begin, end in clauses(text):
        for verb in _RESULT.finditer(text[begin:end]):
            subject = text[begin : begin + verb.start()]
            if acts(subject, names, text[:begin]) and not re.search(
                r"\bwe (?:compare|evaluate|benchmark)\b", subject, re.I
            ):
                return True
    return False


def acts(subject: str, names: Collection[str], earlier: str = "") -> bool:
    """Tell whether what stands before a finite verb is the authors' own.

    Args:
        subject: the words from the beginning of the clause to the verb.
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
