"""Ranking by the user's interests, with the reasons it was ranked by.

BM25 without its corpus part: the weights are the user's, and term frequencies saturate against a fixed length. So an
item's score depends on that item and the settings alone: no abstract, however written, can move another paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asrcli.digest.figures import find_figures
from asrcli.digest.items import Item, Kind
from asrcli.digest.phrases import pattern
from asrcli.digest.sentences import terms
from asrcli.digest.settings import Settings

K1, B, LENGTH = 1.2, 0.75, 150  # BM25's usual constants; the words of a usual abstract
TITLE = 3  # a word of the title counts as so many of the text
AUTHOR, STARRED, FIGURES, MODELS = 3.0, 1.0, 0.5, 0.5
APART = 0.5  # of a phrase whose words all occur, but not together
MUTED, HIDDEN = -5.0, -10.0
SIGNALS = {"upvotes": 0.5, "points": 0.5, "likes": 0.4, "downloads": 0.15, "stars": 0.3, "trending": 0.3}


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score."""

    text: str
    points: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item with its score and why."""

    item: Item
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """What ranking needs to know beside the item."""

    settings: Settings
    starred: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    starred_words: frozenset[str] = frozenset()  # words of the titles of starred items
    mentioned: frozenset[str] = frozenset()  # ids that today's models and stories are about


def rank(items: Sequence[Item], judge: Judge) -> list[Ranked]:
    """Order items by score; equal ones by id, so that the order never depends on who answered first."""
    return sorted((score(item, judge) for item in items), key=lambda one: (-one.score, one.item.id))


def score(item: Item, judge: Judge) -> Ranked:
    """Score one item."""
    reasons = interest_reasons(item, judge.settings) + people_reasons(item, judge.settings)
    reasons += signal_reasons(item, judge)
    if item.kind is Kind.PAPER and any(figure.own for figure in find_figures(item.title, item.text)):
        reasons.append(Reason("gives numbers", FIGURES))
    if item.id in judge.starred:
        reasons.append(Reason("starred", AUTHOR))
    shared = sorted(judge.starred_words.intersection(terms(item.title)))
    if shared:
        reasons.append(Reason(f"like starred: {', '.join(shared[:3])}", min(STARRED, 0.25 * len(shared))))
    if item.id in judge.hidden:
        reasons.append(Reason("hidden", HIDDEN))
    kept = tuple(
        sorted((reason for reason in reasons if abs(reason.points) >= 0.005), key=lambda one: (-one.points, one.text))
    )
    return Ranked(item, round(sum((reason.points for reason in kept), 0.0), 3), kept)


def interest_reasons(item: Item, settings: Settings) -> list[Reason]:
    """Score every interest by BM25 over title and text, and what is muted.

    An interest counts in full where it stands as a phrase, and half where all of its words stand apart; one word of
    several is nothing. What is said is what was found.
    """
    length = len(terms(item.text)) + TITLE * len(terms(item.title))
    found = []
    for interest in settings.interests:
        words, count = occurrences([interest.words], item)
        share, said = 1.0, f"matches “{words}”"
        parts = [word for word in terms(interest.words) if word]
        if not count and len(parts) > 1:
            each = [occurrences([part], item) for part in parts]
            count = min(times for _, times in each)
            share, said = APART, f"has {', '.join(f'“{one}”' for one, _ in each)}"
        if count:
            found.append(Reason(said, round(interest.weight * share * saturate(count, length), 3)))
    whole = f"{item.title} {item.text}"
    muted = [word for word in settings.mute if pattern(word).search(whole)]
    return found + [Reason(f"muted: “{word}”", MUTED) for word in muted]


def occurrences(phrases: Sequence[str], item: Item) -> tuple[str, float]:
    """Return the words that phrases are first found as, and how often, those of the title counted more."""
    in_title = [found[0] for phrase in phrases for found in pattern(phrase).finditer(item.title)]
    in_text = [found[0] for phrase in phrases for found in pattern(phrase).finditer(item.text)]
    every = in_title + in_text
    return (every[0] if every else ""), float(TITLE * len(in_title) + len(in_text))


def saturate(count: float, length: int) -> float:
    """Return BM25's saturated term frequency, 0 to k1 + 1."""
    return count * (K1 + 1) / (count + K1 * (1 - B + B * length / LENGTH))


def people_reasons(item: Item, settings: Settings) -> list[Reason]:
    """Score authors and organisations the user follows."""
    names = {name.casefold(): name for name in item.authors}
    reasons = [Reason(f"author {names[one.casefold()]}", AUTHOR) for one in settings.authors if one.casefold() in names]
    if item.kind in (Kind.MODEL, Kind.DATASET):
        followed = {one.casefold() for one in settings.organisations}
        reasons += [Reason(f"from {name}", AUTHOR) for key, name in sorted(names.items()) if key in followed]
    return reasons


def signal_reasons(item: Item, judge: Judge) -> list[Reason]:
    """Score what others did with it, by order of magnitude, so that a crowd cannot drown interests."""
    reasons = []
    for name, weight in SIGNALS.items():
        value = item.signal(name)
        if value >= 1:
            magnitude = len(str(int(value))) - 1 + int(str(int(value))[0]) / 10
            reasons.append(Reason(f"{int(value)} {name}", round(weight * magnitude, 3)))
    if item.id in judge.mentioned:
        reasons.append(Reason("models or discussions of the day are about it", MODELS))
    return reasons
