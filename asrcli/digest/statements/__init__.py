"""What the digest says about a paper in its own words, each time with the sentence of the abstract that it rests on.

Statements are made by rules from the title, the abstract and the board's figures alone, so that `asr digest
verify` can make them again. Where the rules are not sure, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from asrcli.digest.board import Best
from asrcli.digest.sentences import Span, split_sentences
from asrcli.digest.statements.best import claims_best
from asrcli.digest.statements.form import OWNED, turned
from asrcli.digest.statements.levels import Level, own_levels
from asrcli.digest.statements.names import holds_name, introduces, names_of

# The tests of the board, each as abstracts name it. Parts that the board does not score are not it.
_TESTS = {
    "librispeech-clean": r"libri\W?speech.*\btest[\s-]?clean|\btest[\s-]?clean\b.*libri\W?speech",
    "librispeech-other": r"libri\W?speech.*\btest[\s-]?other|\btest[\s-]?other\b.*libri\W?speech",
    "ami": r"\bAMI(?:[\s-]IHM)?(?: test)?(?: set)?$",
    "earnings22": r"\bearnings[\s-]?22\b",
    "gigaspeech": r"\bgigaspeech\b(?!\s*2)",
    "spgispeech": r"\bspgi\W?speech\b",
    "tedlium": r"\bTED\W?LIUM\b",
    "voxpopuli": r"\bvox\W?populi\b",
}
_LANGUAGES = re.compile(
    r"\b(?:Mandarin|Chinese|Cantonese|German|French|Spanish|Italian|Portuguese|Dutch|Polish|Czech|Russian|Ukrainian|"
    r"Greek|Turkish|Arabic|Hebrew|Persian|Farsi|Pashto|Urdu|Hindi|Bengali|Bangla|Tamil|Telugu|Marathi|Gujarati|Kannada|"
    r"Malayalam|Nepali|Japanese|Korean|Vietnamese|Thai|Indonesian|Malay|Tagalog|Swahili|Amharic|Yoruba|Hausa|Zulu|"
    r"Finnish|Estonian|Swedish|Norwegian|Danish|Hungarian|Romanian|Bulgarian|Serbian|Croatian|Catalan|Basque|Galician|"
    r"Welsh|Irish|Gaelic|Multilingual\w*)\b",
    re.I,
)
# Speech that was made, and other ways in than one microphone: the board scores recognisers on recordings.
_OTHER_TASK = re.compile(
    r"text-to-speech|\bTTS\b|synthesi[sz]|voice conversion|voice cloning|vocoder|codec|speech generation|resynthes|"
    r"reconstruct|audio-visual|lip|noisy|noise-augmented|overlap|mixture|far-field|adversarial|attack|"
    r"quanti[sz]ation-only|few-shot",
    re.I,
)


def beside_board(title: str, sentence: str, levels: Sequence[Level], board: Sequence[Best]) -> str:
    """Return the board's best for the tests that a sentence reports on, "" when none can be set beside it."""
    if any(pattern.search(words) for pattern in (_OTHER_TASK, _LANGUAGES) for words in (title, sentence)):
        return ""
    told = []
    for best in board:
        pattern = re.compile(_TESTS.get(best.test, r"(?!)"), re.I)
        rates = [one for one in levels if one.metric == "WER" and not one.average]
        named = [one for one in rates if pattern.search(whole_test(one, sentence))]
        if named and "%" in named[0].written:
            told.append(f"on {best.label} {best.wer:g} % ({best.model})")
    if not told:
        return ""
    return f"The board's lowest WER, data of {board[0].day}, normalised its own way: {'; '.join(told)}."


def whole_test(level: Level, sentence: str) -> str:
    """Return the name of a level's test, with LibriSpeech before a part of it when the sentence names that."""
    part = re.match(r"test[\s-]?(?:clean|other)\b", level.test, re.I)
    corpus = re.search(r"libri\W?speech", sentence, re.I)
    return f"{corpus[0]} {level.test}" if part and corpus else level.test


LEVELS = 3  # sentences with levels that are told of one paper
# A sentence that speaks of the one before it, and may take it back.
_BACK = re.compile(
    r"^\W*(?:this|that|these|those|the (?:number|rate|result|figure|gain|score|claim|model|system)s?|unfortunately|"
    r"however|but|yet|later|sadly|alas|it|they|in fact|in reality|both|such|all|none|no)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of ours and the sentence of the abstract that it rests on."""

    kind: str  # level, best or board
    text: str
    quote: Span


def statements(title: str, text: str, board: Sequence[Best] = ()) -> tuple[Statement, ...]:
    """Return what can be said of a paper: its own levels, its claim of the state of the art, the board's beside.

    Args:
        text: its abstract, which the quotes are spans of.
        board: the best of the leaderboard on each of its tests.
    """
    names = names_of(title, text)
    found: list[Statement] = []
    best: Statement | None = None
    previous = ""
    spans = list(split_sentences(text))
    for at, span in enumerate(spans):
        sentence = span.of(text)
        following = spans[at + 1].of(text) if at + 1 < len(spans) else ""
        if _BACK.match(following) and turned(following):
            continue
        known = names if of_ours(previous, names) else names - {"it"}
        if sum(one.kind == "level" for one in found) < LEVELS and (levels := own_levels(sentence, known)):
            found.append(Statement("level", said(levels), span))
            if beside := beside_board(title, sentence, levels, board):
                found.append(Statement("board", beside, span))
        if best is None and claims_best(sentence, known):
            best = Statement("best", "Claims the state of the art.", span)
        previous = sentence
    return (*found, *((best,) if best else ()))


def of_ours(previous: str, names: frozenset[str]) -> bool:
    """Tell whether the sentence before is about the authors' system, which "it" then means."""
    return holds_name(previous, names) or introduces(previous) or re.match(rf"\W*{OWNED}", previous) is not None


def said(levels: Sequence[Level]) -> str:
    """Say the levels of one sentence, as it writes them: "Reports 4.2% WER on AMI; 5.1% WER on average."."""
    parts = []
    for level in levels:
        rate = f"{level.written} {level.metric}" if "%" in level.written else f"a {level.metric} of {level.written}"
        parts.append(rate + (" on average" if level.average else "") + tested(level.test))
    return f"Reports {'; '.join(parts)}."


def tested(test: str) -> str:
    """Return where a level was reached, as it follows the level: " on AMI", " (AMI)"."""
    return f" {'' if test.startswith('(') else 'on '}{test}" if test else ""
