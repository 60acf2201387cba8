"""Sentences as spans of the text they stand in, and the ones that say most (LexRank), chosen and never rewritten."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# A point after these ends no sentence.
_ABBREVIATIONS = re.compile(
    r"(?:\b(?:e\.g|i\.e|[Ee]t al|vs|cf|[Ee]tc|resp|approx|[Ff]igs?|[Ee]qs?|[Ss]ecs?|Tab|Ref|Dr|Prof|St|"
    r"w\.r\.t|a\.k\.a|U\.S)|(?<![\w-])[A-Z])\.$"
)
_NUMBERED = re.compile(r"\b[Nn]o\.$")  # "No. 3"; "the answer is no." ends a sentence
_END = re.compile(r"[.!?。！？]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]?[A-Z0-9À-ÞΑ-ΩА-Я\u3040-\u9fff]|\s*$)|[。！？]")
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_CUES = (
    (re.compile(r"\b(?:we|this (?:paper|work|study)) (?:\w+ )?"
                r"(?:propose|introduce|present|release|show|find|demonstrate|investigate)", re.I), 0.5),
    (re.compile(r"\b(?:outperform|improv|reduc|achiev|state-of-the-art|surpass)", re.I), 0.3),
    (re.compile(r"\d"), 0.2),
    (re.compile(r"\b(?:WER|CER|RTFx?|BLEU|error rate)\b"), 0.3),
)  # fmt: skip
STOP = frozenset(
    "a about across all also an and any are as at be been between both but by can do during each for from has "
    "have however in into is it its may more most new not of on one only or other our over paper propose results "
    "show such than that the their them these they this those through to two under used using via was we were "
    "what when where which while who with within work".split()
)
DAMPING = 0.85
SIMILAR = 0.1  # cosine from which two sentences support each other (Erkan and Radev 2004)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text: ``text[start:end]``."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the words."""
        return text[self.start : self.end]


def split_sentences(text: str) -> list[Span]:
    """Return the sentences of a text, in order, without the white space around them."""
    spans: list[Span] = []
    start = 0
    for found in _END.finditer(text):
        before = (max(0, found.start() - 12), found.start() + 1)
        numbered = _NUMBERED.search(text, *before) and text[found.end() :].lstrip()[:1].isdigit()
        if _ABBREVIATIONS.search(text, *before) or numbered:
            continue
        spans += trim(text, start, found.end())
        start = found.end()
    return spans + trim(text, start, len(text))


def trim(text: str, start: int, end: int) -> list[Span]:
    """Return the span without white space at its ends; nothing when nothing is left."""
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = end - (len(piece) - len(piece.rstrip()))
    return [Span(left, right)] if left < right else []


def terms(text: str) -> list[str]:
    """Return lower-case words without stop words; a plural counts as its singular."""
    words = (word.lower() for word in _WORD.findall(text))
    return [
        word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
        for word in words
        if word not in STOP
    ]


def rank_sentences(sentences: Sequence[str]) -> list[float]:
    """Score sentences by how much the others say the same (LexRank over TF-IDF), with a bonus for telling cues."""
    if not sentences:
        return []
    bags = [Counter(terms(sentence)) for sentence in sentences]
    frequency = Counter(word for bag in bags for word in bag)
    count = len(bags)
    vectors = [{word: times * math.log(1 + count / frequency[word]) for word, times in bag.items()} for bag in bags]
    norms = [math.sqrt(sum(value * value for value in vector.values())) or 1.0 for vector in vectors]
    links = [[cosine(vectors[a], vectors[b]) / (norms[a] * norms[b]) for b in range(count)] for a in range(count)]
    links = [[value if value >= SIMILAR else 0.0 for value in row] for row in links]
    scores = power(links)
    return [score * count + bonus(sentence) for score, sentence in zip(scores, sentences, strict=True)]


def cosine(left: dict[str, float], right: dict[str, float]) -> float:
    """Return the dot product of two sparse vectors."""
    if len(left) > len(right):
        left, right = right, left
    return sum(value * right.get(word, 0.0) for word, value in left.items())


def power(links: list[list[float]], rounds: int = 20) -> list[float]:
    """Return the stationary distribution of a random walk over the links."""
    count = len(links)
    totals = [sum(row) or 1.0 for row in links]
    scores = [1.0 / count] * count
    for _ in range(rounds):
        scores = [
            (1 - DAMPING) / count + DAMPING * sum(scores[a] * links[a][b] / totals[a] for a in range(count))
            for b in range(count)
        ]
    return scores


def bonus(sentence: str) -> float:
    """Return what a sentence gains by saying what was done or measured."""
    return sum(weight for pattern, weight in _CUES if pattern.search(sentence))


def best_spans(text: str, wanted: int = 2) -> list[Span]:
    """Return the most telling sentences of a text, in the order of the text."""
    spans = [span for span in split_sentences(text)[:40] if 20 <= span.end - span.start <= 700]
    scores = rank_sentences([span.of(text) for span in spans])
    order = sorted(range(len(spans)), key=lambda number: (-scores[number], number))[:wanted]
    return [spans[number] for number in sorted(order)]
