"""The forms of a sentence in which authors say what their own system reaches, piece by piece.

A piece is a pattern of closed words and of names. A sentence is read from its beginning, and every word of it has to
belong to a piece: what is not foreseen (a condition, a doubt, somebody else's system) fits no form.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from asrcli.digest.statements.words import FIELD, HEADS, KINDS, VOCABULARY, any_of

_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|rm|sc|sf|tt)?|emph|math(?:bf|rm|it)|underline|bf|it|rm)\s*\{|\\(?:sim|approx|times|,|;|!| )"
)
LONGEST = 1200  # characters of a sentence that is read; real ones are half as long
# Where another subject may begin.
_CLAUSE = re.compile(
    r";|:(?=\s)|\s--+\s|—|,?\s+(?:while|whereas|whilst|but|although|though|where|which|whose)\b|,\s+and\s+(?=(?:the|our|its|a)\s|it\s|we\s)|"
    r",\s+(?=(?:unlike|compared|versus|outperforming|surpassing|exceeding|beating|improving|followed)\b)|"
    r"\s(?=compared (?:to|with)\b)"
)
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|„[^“”]*[“”]|«[^»]*»|``.*?''|(?<!\w)‘[^’]*’(?!\w)")


def plain(sentence: str) -> str:
    """Return the sentence with LaTeX replaced by blanks: every other character keeps its place."""
    text = _COMMAND.sub(lambda found: " " * len(found[0]), sentence)
    text = text.replace("\\%", " %").replace("\\&", " &")
    return re.sub(r"[${}~]", " ", text)


def is_quoted(text: str, at: int) -> bool:
    """Tell whether a place stands between quotation marks: what is said there may be anybody's words."""
    return any(found.start() < at < found.end() for found in _QUOTED.finditer(text))


def clauses(text: str) -> list[tuple[int, int]]:
    """Return where the clauses of a plain sentence begin and end."""
    cuts = [found.start() for found in _CLAUSE.finditer(text)]
    begins = [
        0,
        *(found.end() if found[0].strip() in (";", ":", "—") else found.start() for found in _CLAUSE.finditer(text)),
    ]
    return list(zip(begins, [*cuts, len(text)], strict=True))


# A name is written like one: "AMI", "TED-LIUM", "test-clean", "wsj0-2mix"; what rates are not reached on is none.
NAME = (
    r"(?!(?i:dev|development|validation|train|training|oracle|ideal|perfect|simulated|WERs?|CERs?)\b)"
    r"(?:[A-Z][\w.+/'&-]*[\w+]|[A-Z]|[a-z]+[A-Z]\w*|\d+h|[a-z]+(?:[\w-]*\d[\w-]*)|(?:test|eval)[-_]\w+|"
    r"\w+-\w+-(?:zh|en|eval))(?![\w-])(?:\s\d{1,2}(?=\s+[a-z(]|\s*[,.;)](?!\d)))?"
)
COUNT = r"\d[\d,]*(?:\.\d+)?[kKMB]?(?!\s?%|\s+of\b|\s+out\b|[\w.]*\d)"
_LINKS = {"and", "of", "in", "from", "on", "for", "as", "such", "including", "across", "over", "well", "both", "with"}
_APART = {*"a an the our its word character error rate rates than that it among".split(), *_LINKS}
_NOUN = rf"(?:{NAME}|{any_of(set(FIELD) - _APART)})"
_LINK = rf"(?i:and|of|in|from|on|for|such as|as well as|both|including)(?=\s+(?:the\s+|our\s+)?{_NOUN})"
TEST_WORD = rf"(?:{_NOUN}|{_LINK}|(?i:the|our)(?=\s+{_NOUN})|\([A-Z][\w.-]{{1,20}}\))"
TEST = rf"(?P<test>(?:{COUNT}\s+)?{TEST_WORD}(?:\s+{TEST_WORD}){{0,11}})"
FREE_WORD = rf"(?:{NAME}|{COUNT}|\d[\d.]*\s?%|\d+-[a-z]+|{any_of(VOCABULARY)}|\([A-Z][\w.-]{{1,20}}\))"
FREE = rf"(?:\s+{FREE_WORD}){{0,24}}"
ADVERB = (
    r"(?i:also|further|substantially|even|thus|then|now|indeed|consistently|finally|currently|already|"
    r"successfully|significantly)"
)
OPENING = re.compile(
    r"(?i:(?:finally|notably|moreover|furthermore|additionally|especially|particularly|specifically|impressively|"
    r"overall|importantly|remarkably|in particular|in addition|in detail|in total|lastly|as a result|surprisingly|here|"
    r"in this (?:paper|work|study|report)|as (?:table|figure|section) \d+ shows|and|to this end|consequently|hence|"
    r"thus|empirically|experimentally),?\s+)"
)
FRAME = re.compile(
    rf"(?:(?i:our|the|these|extensive|comprehensive|further|thorough|experimental|empirical|"
    rf"quantitative|evaluation)\s+)*"
    rf"(?i:experiments?|results?|evaluations?)(?:\s+(?i:conducted\s+)?(?i:on|across|in)\s+(?:an?\s+)?{TEST})?\s+"
    r"(?:(?:also|further|clearly|have)\s+)?"
    r"(?i:show|shows|showed|shown|demonstrate[sd]?|confirm(?:s|ed)?|reveal(?:s|ed)?|indicate[sd]?|"
    r"validate[sd]?)\s+that\s+"
    r"|(?i:we\s+(?:also\s+)?(?:show|report|find|demonstrate)\s+that)\s+"
)
FRONT = re.compile(
    rf"(?:(?:(?i:when)\s+)?(?i:trained)\s+(?i:on)(?:\s+{TEST_WORD}){{1,5}}\s+(?i:and)\s+)?"
    rf"(?:(?i:evaluated|tested)\s+)?(?i:on|across)\s+(?:(?i:the|our|an?)\s+)?{TEST},?\s+(?=\S)"
)
SETUP = re.compile(
    rf"(?:(?i:in|for)\s+(?:the\s+)?{NAME}(?:\s+{NAME})?,"
    rf"|(?:(?i:when)\s+)?(?i:trained|fine-tuned|finetuned)\s+(?i:only\s+)?(?i:on|with)(?:\s+(?:{COUNT}|"
    rf"{TEST_WORD})){{1,8}},"
    rf"|(?i:with)\s+(?:only\s+|just\s+)?{COUNT}\s+(?:(?i:trainable|labell?ed|transcribed|unlabell?ed|"
    rf"million|billion)\s+)*"
    r"(?i:parameters|hours|samples|utterances|minutes)(?:\s+of\s+(?:(?i:labell?ed|transcribed|"
    r"training)\s+)?(?i:speech|data|audio))?,?"
    rf"|(?i:with|using)\s+(?i:this|our|the proposed)\s+(?:(?:{any_of(KINDS)}|{NAME})\s+){{0,3}}{any_of(HEADS)},?"
    rf"|(?i:by|with|using|despite|through|combining|employing)(?:\s+(?!(?i:test|tests|"
    rf"evaluation)\b){FREE_WORD}){{1,16}},"
    r"|(?i:despite its (?:small |compact )?size),)\s+"
)
DOES = (
    r"(?i:achieve[sd]?|outperform(?:s|ed)?|surpass(?:es|ed)?|exceeds?|beats?|is|was|were|are|uses|"
    r"runs|trains|performs|improves|ranks|"
    r"sets?|needs|reduces|has|demonstrate[sd]|establish(?:es|ed)?|extend|train|fine-tune|combine|adapt|propose)"
)
ADDING = (
    rf"(?i:fine-?tuning|training|adapting|integrating|adding|combining|introducing|applying)(?:\s+{FREE_WORD}){{1,10}}"
)
WE = r"(?i:we)"
_KINDS = rf"(?:(?:{any_of(KINDS)}|\d+[MB](?:-parameter)?|{NAME})\s+){{0,5}}"
OWNED = (
    rf"(?:(?i:our)\s+{_KINDS}{any_of([*HEADS, *(f'{one}s' for one in HEADS)])}|(?i:(?:the|"
    rf"this)\s+(?:newly\s+)?(?:proposed|presented|resulting))\s+"
    rf"{_KINDS}{any_of(HEADS)}|(?i:our(?:\s+proposed)?|the\s+(?:newly\s+)?proposed)\s+{NAME}|(?i:ours))"
)
BRACKETS = (
    r"(?:\s*\(\d[\d.]*\s?[MB]\+?(?:\s+parameters)?\)|\s*\([A-Z][\w.-]{1,20}\)|,\s+[A-Z][\w.+-]*,|\s+at \d+ ms latency)?"
)
BARE = rf"(?i:the|this)\s+(?:(?:{any_of(KINDS)})\s+){{0,3}}{any_of(HEADS)}|(?i:it|they)"
# After a comma that ends what is said: what it is better than, or what it shows.
TAIL = re.compile(
    r"(?:,\s+(?:thereby\s+|thus\s+|clearly\s+|significantly\s+)?|\s+(?:while\s+|and\s+|"
    r"thereby\s+)?)(?:outperform(?:s|ing)|"
    r"surpass(?:es|ing)|exceed(?:s|ing)|beat(?:s|ing)|improving|"
    r"compared (?:to|with)|versus|demonstrating|highlighting|confirming|marking|securing|establishing|"
    r"setting|proving|ranking|using only|"
    r"with \d[\d.]*\s?% (?:fewer|less|lower|faster))\b(?P<rest>.*)"
    r"|\s+compared (?:to|with)\b(?P<than>.*)"
    r"|,?\s*(?:-\s*)?(?:an?|which is an?|which is|with an?|with)\s+(?:relative |absolute "
    r")?\d[\d.]*\s?% (?:relative |absolute )?"
    r"(?:\w+ )?(?:improvements?|reductions?)(?P<more>.*)"
    r"|,\s+(?:slightly (?:worse|better) than|comparable to|which is (?:\w+ )?(?:lower|better|worse|"
    r"reduced|best|lowest)|a relative reduction of|with (?:relative |absolute )?"
    r"(?:improvements|reductions)|securing|ultimately securing)\b(?P<like>.*)|,? which (?:surpasses|"
    r"outperforms|exceeds|beats)\b(?P<what>.*)"
    r"|,? and (?:\d[\d.]*\s?% (?:WER|CER) (?:at|in)|is|are|increas\w+|improv\w+|achieve[sd]|narrows?|"
    r"runs?|uses?|comes|keeps?|ranks?|sets?|shows?|generali[sz]es|also|we also)\b(?P<and>.*)"
    r"|,?\s+(?:while|whereas|where|against)\s+(?:(?:the|last year's) (?:baseline|winner|original|"
    r"teacher|previous best(?: \w+)?|unadapted model)|"
    r"[A-Z][\w.+-]*(?:\s[\w.-]+)?)"
    r"(?:\s+(?:model|system))?(?:\s+(?:has|reaches|reached|achieves|achieved|obtains|obtained|gets|"
    r"had))(?P<theirs>.*)"
)
HOW = re.compile(
    r",?\s+(?:with(?:out)?\s+(?:(?:the use of\s+)?(?:an?|the|any)\s+)?(?:(?:external|neural|n-gram|small|"
    r"\d-gram)\s+)*language models?|using (?:an?|the) (?:single|greedy|external language|\d-gram language) (?:model|"
    r"decoder)|with (?:greedy|beam)[ -]search(?: decoding)?|(?:with|at|using|while using) (?:only |"
    r"just )?(?:a latency of )?\d[\d.]*\s?(?:ms|[MB]|million|billion|hours)?(?: of (?:\w+ )?(?:latency|data|speech)|"
    r" latency| parameters| tokens per second)?|in real time|for the [A-Z][\w.-]+ model|by voting|"
    r"at a real-time factor of \d[\d.]*)(?![\w%-]|\.\d)"
)
# What makes a free part take back what was said, or put it under a condition.
TURNED = re.compile(
    r"\b(?:if|unless|would|could|may|might|should|assum\w+|suppos\w+|provided|oracle|perfect|ideal\w*|leak\w*|wrong\w*|"
    r"mistake\w*|erroneous\w*|bugs?|errors? (?!rate)|invalid\w*|retract\w+|withdr\w+|not|never|cannot|no longer|"
    r"claim\w*|alleg\w+|according|hypothe\w+|project\w+|estimat\w+|expect\w+|only (?:when|because|after|once)|once|"
    r"unfair\w*|contaminat\w*|cheat\w*|so-called|another|theory|theoretical\w*|principle|imagin\w*|until|however|"
    r"although|though|but (?!also|still)|none|no one|nobody|failed|fails|train(?:ing)? (?:set|data)|replicat\w*|"
    r"reproduc\w*|believ\w*|doubt\w*|questionable|open question|\?)|\?",
    re.I,
)


class Reader:
    """Reads a sentence from its beginning, one piece after the other."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text, self.at = text, at

    def take(self, pattern: re.Pattern[str] | str) -> re.Match[str] | None:
        """Go on behind a piece, when it stands here."""
        found = re.compile(pattern).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def ends(self) -> bool:
        """Tell whether nothing follows, or nothing that could turn what was said."""
        while self.take(HOW):
            pass
        self.take(r"(?:,?\s+respectively)?(?:\s*\(-?\d[\d.]*\s?% (?:relative|absolute)(?: \w+)?\))?")
        rest = self.text[self.at :]
        if re.fullmatch(r"[\s.!]*", rest):
            return True
        tail = TAIL.match(rest)
        return tail is not None and not TURNED.search(rest)


def parts(text: str) -> Iterator[slice]:
    """Yield the parts of a sentence that stand for themselves."""
    cuts = [found.span() for found in re.finditer(r";\s+(?:and\s+)?|,\s+(?:while|whereas)\s+(?=our)", text)]
    for begin, end in zip([0, *(cut[1] for cut in cuts)], [*(cut[0] for cut in cuts), len(text)], strict=True):
        if not turned(text[:begin]) and not re.match(r"\W*(?i:this|that|these|those|which)\b", text[end:]):
            yield slice(begin, end)


def opening(reader: Reader) -> str:
    """Read what stands before the subject; return the test that it names."""
    test = ""
    for _ in range(4):
        if found := reader.take(FRONT) or reader.take(FRAME):
            test = name(found["test"] or "") or test
        elif not (reader.take(OPENING) or reader.take(SETUP)):
            break
    return test


def name(words: str) -> str:
    """Return a test as it is said."""
    return re.sub(r"^(?:the|our|both|all)\s+", "", words.strip(" ,")).rstrip(".")


def turned(text: str) -> bool:
    """Tell whether words take back what was said, or put it under a condition."""
    return TURNED.search(text) is not None


def subject(names: Collection[str]) -> str:
    """Return the pattern of what stands for the authors and their systems."""
    own = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name != "it")
    version = r"(?:[- ](?:[A-Z\d][\w.+-]*|(?i:large|small|base|tiny|medium)))?(?![\w-])"
    named = [rf"(?:(?i:our|(?:our|the) proposed)\s+)?(?i:{own}){version}"] if own else []
    return rf"(?:{'|'.join([WE, OWNED, *named, *([BARE] if 'it' in names else [])])}){BRACKETS}"
