"""A reported error rate beside the leaderboard's best: only where test, language and task are the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from asrcli.digest.board import Best
from asrcli.digest.statements.levels import Level

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
    r"\b(?:Mandarin|Chinese|Cantonese|German|French|Spanish|Italian|Portuguese|Dutch|Polish|Czech|Russian|"
    r"Ukrainian|Greek|Turkish|"
    r"Arabic|Hebrew|Persian|Farsi|Pashto|Urdu|Hindi|Bengali|Bangla|Tamil|Telugu|Marathi|Gujarati|Kannada|"
    r"Malayalam|Nepali|Japanese|"
    r"Korean|Vietnamese|Thai|Indonesian|Malay|Tagalog|Swahili|Amharic|Yoruba|Hausa|Zulu|Finnish|Estonian|"
    r"Swedish|Norwegian|Danish|"
    r"Hungarian|Romanian|Bulgarian|Serbian|Croatian|Catalan|Basque|Galician|Welsh|Irish|Gaelic|Multilingual\w*)\b",
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
    if (
        _OTHER_TASK.search(title)
        or _OTHER_TASK.search(sentence)
        or _LANGUAGES.search(sentence)
        or _LANGUAGES.search(title)
    ):
        return ""
    told = []
    for best in board:
        pattern = re.compile(_TESTS.get(best.test, r"(?!)"), re.I)
        named = [
            one for one in levels if one.metric == "WER" and not one.average and pattern.search(tested(one, sentence))
        ]
        if named and "%" in named[0].written:
            told.append(f"on {best.label} {best.wer:g} % ({best.model})")
    if not told:
        return ""
    return f"The board's lowest WER, data of {board[0].day}, normalised its own way: {'; '.join(told)}."


def tested(level: Level, sentence: str) -> str:
    """Return the name of a level's test, with LibriSpeech before a part of it when the sentence names that."""
    part = re.match(r"test[\s-]?(?:clean|other)\b", level.test, re.I)
    corpus = re.search(r"libri\W?speech", sentence, re.I)
    return f"{corpus[0]} {level.test}" if part and corpus else level.test
