"""Phrases found in a text whatever their hyphens and endings; abbreviations and names count in their field only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

# Words without which "ASR", "Whisper" or "Conformer" may be anything: attack success rates, whispers, molecules.
_SPEECH = re.compile(
    r"\b(?:speech|spoken|utterances?|transcri(?:be[ds]?|bing|pts?)|voices?|phonemes?|dictation|speakers?|"
    r"word error rate|WER|CER|talkers?|acoustic word|subtitl\w+|diari[sz]\w+|speech-to-text)\b",
    re.I,
)
_AMBIGUOUS = frozenset({"automatic transcription", "forced alignment"})  # of music, of images
_OTHER_ASR = re.compile(
    r"(?:success|survival|selection|retention|response|sparsity|arrival|answer)[\w\s-]{0,30}\(\s*ASRs?\s*\)|"
    r"attack success rate",
    re.I,
)
_ENDINGS = {
    "diarization": r"diari[sz](?:ations?|e[ds]?|ers?|ing)",
    "diarisation": r"diari[sz](?:ations?|e[ds]?|ers?|ing)",
    "recognition": r"recogni(?:tions?|[sz]ers?|[sz](?:e[ds]?|ing))",
    "transcription": r"transcri(?:ptions?|b(?:e[ds]?|ing|ers?))",
    "translation": r"translat(?:ions?|e[ds]?|ing|ors?)",
    "model": r"model(?:l?ing|s)?",
    "spotting": r"spott(?:ing|ers?)",
    "alignment": r"align(?:ments?|ers?|ing|ed)",
}
_TURNED = ("recognition", "transcription", "translation")  # "recognition of dysarthric speech"
_ATTRIBUTE = r"(?!(?:and|or|of|for|by|from|in|with|to|on|the)\b)[\w-]+"
_DASHES = r"\-\u2010-\u2015"
_BETWEEN = rf"[\s{_DASHES}/]*"


@lru_cache(maxsize=512)
def pattern(phrase: str) -> re.Pattern[str]:
    """Return what finds a phrase: hyphens and spaces are one, the last word may have another ending."""
    if is_name(phrase):
        return re.compile(rf"(?<!\w){re.escape(phrase.strip())}s?(?![^\W\d_])")
    words = [word for word in re.split(rf"[\s{_DASHES}]+", phrase.strip().lower()) if word]
    parts = [re.escape(word) for word in words]
    last = words[-1] if words else ""
    if last in _ENDINGS:
        parts[-1] = _ENDINGS[last]
    elif last:
        parts[-1] = rf"{re.escape(last[:-1])}(?:y|ies)" if last.endswith("y") else rf"{re.escape(last)}(?:e?s)?"
    said = _BETWEEN.join(parts)
    if len(words) == 2 and last in _TURNED:
        said = rf"(?:{said}|{parts[1]}\s+of\s+(?:{_ATTRIBUTE}\s+){{0,3}}{parts[0]})"
    return re.compile(rf"(?<![^\W_]){said}(?![^\W_])", re.I)


@lru_cache(maxsize=512)
def stems(phrase: str) -> tuple[str, ...]:
    """Return the beginnings of a phrase's words: a text without one of them does not hold the phrase."""
    return tuple(word[:4] for word in re.split(rf"[\s{_DASHES}]+", phrase.strip().lower()) if word)


def is_name(phrase: str) -> bool:
    """Tell whether a phrase is an abbreviation or a name: one word with a capital. It is found as it is written."""
    return len(phrase.split()) == 1 and phrase != phrase.lower()


def find(phrase: str, text: str) -> str:
    """Return the words of a text that are the phrase; "" when it does not occur, or not in its field's meaning."""
    found = pattern(phrase).search(text) if phrase.strip() else None
    if found is None:
        return ""
    rest = pattern(phrase).sub(" ", text)
    if (is_name(phrase) or phrase.lower() in _AMBIGUOUS) and not _SPEECH.search(rest):
        return ""
    if phrase == "ASR" and _OTHER_ASR.search(text) and not re.search(r"speech[\s-]*recogni", rest, re.I):
        return ""
    return found[0]


def find_in_paper(phrases: Sequence[str], title: str, text: str, other_topics: Sequence[str] = ()) -> str:
    """Return the phrase that makes a paper news: of its title, or of its abstract when the title is about nothing else.

    It is the words that were found, "" when there are none.

    Args:
        phrases: looked for in this order.
        other_topics: phrases of another field; with one in the title, phrases of the abstract are mentions in passing.
    """
    whole = f"{title} {text}"
    lowered = whole.lower()
    phrases = [phrase for phrase in phrases if all(stem in lowered for stem in stems(phrase))]
    if not phrases:
        return ""
    elsewhere = any(pattern(topic).search(title) for topic in other_topics)
    for phrase in phrases:
        # What a paper uses is not always what it is about: "emotion recognition with wav2vec 2.0".
        tool = phrase != "ASR" and (is_name(phrase) or any(char.isdigit() for char in phrase))
        if pattern(phrase).search(title) and not (tool and elsewhere) and (words := find(phrase, whole)):
            return words
    return "" if elsewhere else next(filter(None, (find(phrase, whole) for phrase in phrases)), "")
