"""Where in a transcript an answer has its words from: spans are found here, never taken from a language model.

A model may name the lines it used; a named line counts only when it says words of the statement. For a statement
without such a line, the lines are looked up that say most of its words, rare ones first. A statement that the
transcript does not say half of has no span, and neither has an answer all of whose statements are like that.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from asrcli.base.join import join_texts
from asrcli.pipeline.flags import merge, tokenise
from asrcli.types import Region, Segment

CITATION = re.compile(r"\s*\[(\d{1,7}(?:\s*[-–,]\s*\d{1,7})*)\]")  # models write the dash, too
STATEMENT = re.compile(r"(?<=[.!?。！？])\s+|\n+")
HALF = 0.5  # of a statement's words, by weight; more than that has to be said
MOST_LINES = 3  # looked up for one statement
LEAST_GAIN = 0.25  # of a statement's weight, for one more line
# Words that tell nothing, and those with which an answer speaks of the transcript itself.
STOP = frozenset([
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "being",
    "but", "by", "can", "could", "did", "do", "does", "done", "for", "from", "had", "has", "have", "he", "her",
    "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "me", "more", "my", "no", "not", "of",
    "on", "or", "our", "out", "she", "should", "so", "some", "such", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "too", "up", "us", "very", "was", "we", "were", "what", "when",
    "where", "which", "while", "who", "why", "will", "with", "would", "you", "your",
    "line", "lines", "mention", "mentioned", "mentions", "nobody", "notes", "nothing", "said", "say", "says",
    "transcript",
])  # fmt: skip


class Evidence:
    """Finds the lines of one transcript that say what an answer says.

    Args:
        segments: the lines, numbered from 1 as they stand here.
        language: code, for the way numbers and spellings are compared.
    """

    def __init__(self, segments: Sequence[Segment], language: str | None) -> None:
        self.segments = segments
        self._normalise = _normaliser(language)
        self._lines = [self._words(segment.text) for segment in segments]
        self._frequency = Counter(word for line in self._lines for word in line)

    def spans(self, answer: str) -> tuple[Region, ...]:
        """Return the stretches that an answer rests on, in order; () when the transcript does not say it."""
        found: set[int] = set()
        for statement in STATEMENT.split(answer):
            words = self._words(CITATION.sub(" ", statement))
            named = {number - 1 for number in citations(statement) if 0 < number <= len(self.segments)}
            found |= {line for line in named if words & self._lines[line]} or self._look_up(words)
        return merge(Region(self.segments[line].start, self.segments[line].end) for line in found)

    def _look_up(self, words: frozenset[str]) -> set[int]:
        """Return the lines that together say most of the words, each adding the most to those before it."""
        total = sum(self._weight(word) for word in words)
        chosen: set[int] = set()
        left = set(words)
        while left and self._lines and len(chosen) < MOST_LINES:
            gains = [sum(self._weight(word) for word in left & line) for line in self._lines]
            best = max(range(len(gains)), key=lambda line: gains[line])
            if gains[best] < LEAST_GAIN * total or not gains[best]:
                break
            chosen.add(best)
            left -= self._lines[best]
        said = total - sum(self._weight(word) for word in left)
        return chosen if said > HALF * total else set()

    def _weight(self, word: str) -> float:
        """Return how much a word tells: one that few lines say tells more (inverse document frequency)."""
        return math.log(1 + len(self._lines) / max(1, self._frequency[word]))

    def _words(self, text: str) -> frozenset[str]:
        """Return the words of a text that mean something, alone and as the normaliser joins them (``25``)."""
        alone = (word for piece in tokenise(text) for word in self._normalise(piece).split())
        return frozenset(word for word in (*alone, *self._normalise(text).split()) if word not in STOP)


def citations(text: str) -> list[int]:
    """Return the line numbers in square brackets, ``[3]``, ``[3, 5]`` and ``[3-5]``."""
    numbers: list[int] = []
    for group in CITATION.findall(text):
        for part in group.split(","):
            ends = [int(number) for number in re.findall(r"\d+", part)]
            numbers += range(ends[0], min(ends[-1], ends[0] + 100) + 1)
    return numbers


def without_citations(text: str) -> str:
    """Return an answer as people read it."""
    return CITATION.sub("", text).strip()


def texts_in(span: Region, segments: Iterable[Segment]) -> str:
    """Return what is said in a span."""
    return join_texts(one.text for one in segments if one.start < span.end and one.end > span.start)


def _normaliser(language: str | None) -> Callable[[str], str]:
    from functools import lru_cache

    from asrcli.text.normalisers import build

    return lru_cache(maxsize=50_000)(build("asr", language))
