"""Which of the words that were found are found with confidence: a word here and there fits any speech.

Of unrelated text a few words always fit somewhere, the short ones even well. What no chance brings about is a stretch:
several words of the text in a row, one after the other in time, that fit well on the whole. Only stretches count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from asrcli.alignment.places import Placed
from asrcli.types import Region, Word

T = TypeVar("T", Word, Placed)

LEAST_WORDS = 5  # of a stretch; unrelated texts mostly have fewer in a row
FEW_MISSING = 2  # words inside a stretch that were not found: mumbled, or misread
PAUSE = 1.0  # seconds of speech without text that may lie between two words of a stretch
MISSING_SECONDS = 0.5  # and for every missing word
UNKNOWN_PAUSE = 3.0  # where nobody has looked for speech, so that silence counts too
GOOD_SCORE = 0.5  # mean of a stretch, by letters; right ones measured 0.55 (spontaneous, with a cold) to 0.98
MANY_WORDS = 12  # from which on a stretch
MANY_SCORE = 0.4  # may fit less well
SHORT_WORDS = 3  # of a stretch between other speech, when they
SURE_SCORE = 0.7  # fit well
MUMBLED = 1  # words at the end of a line that may lack where the next one goes on
SHORT_EVIDENCE = 2.5  # and are long
SHORT_SCORE = 0.6  # of a text with fewer than LEAST_WORDS words, which are all to be found
MOST = 0.5  # share of the speech under all stretches from which on text and recording are the same
EVIDENCE = 4.0  # sum of log odds times seconds that a text for less of the recording needs
SUREST = 0.95  # a higher score is no more evidence: many models are always sure
MARGIN = 0.1  # seconds of speech beside a stretch that voice activity adds


def confident(
    words: Sequence[Word], speech: Sequence[Region], scored: bool = True, detected: bool = True
) -> frozenset[int]:
    """Return the numbers of the words that are found with confidence; none where all of it may be chance.

    Args:
        words: all words of a text, with status.
        speech: what of the recording is speech.
        scored: whether scores tell that a word is there; those of an aligner that places every word do not.
        detected: whether speech was detected; if not, all of the recording counts as speech.
    """
    count = sum(map(is_spoken, words))
    parts = stretches(words, speech, detected)
    kept = [is_good([words[one] for one in own], count, scored) for own in parts]
    if scored:
        nothing = -2 - MUMBLED  # holds the first words of a text
        bridge(parts, kept, [goes_on([words[one] for one in own]) for own in parts], nothing)
    good = [own for own, keep in zip(parts, kept, strict=True) if keep]
    covered = sum(seconds_of(speech, words[own[0]].start - MARGIN, words[own[-1]].end + MARGIN) for own in good)
    little = scored and detected and covered < MOST * sum(one.end - one.start for one in speech)
    if little and not _is_told([words[one] for own in good for one in own], count):
        return frozenset()
    return frozenset(number for own in good for number in own)


def _is_told(found: Sequence[Word], count: int) -> bool:
    """Tell whether words are enough for a text of so many words for less than half of the speech."""
    if count >= LEAST_WORDS:
        return told_by(found) >= EVIDENCE
    # All words of a line, as of one between others. One or two words fit anywhere.
    return len(found) >= SHORT_WORDS and told_by(found) >= SHORT_EVIDENCE and mean_score(found) >= SURE_SCORE


def is_spoken(word: Word) -> bool:
    """Tell whether a word has a spoken form: a dash has none, whose time is that of its neighbours."""
    return word.source != "interpolated" or word.status == "not_in_audio"


def stretches(words: Sequence[Word], speech: Sequence[Region], detected: bool = True) -> list[list[int]]:
    """Return the numbers of the words that were found, parted where words of the text or of the speech lie between."""
    spoken = [number for number, word in enumerate(words) if is_spoken(word)]
    found = [(at, words[number]) for at, number in enumerate(spoken) if words[number].status != "not_in_audio"]
    return [[spoken[at] for at, _ in own] for own in parted(found, speech, PAUSE if detected else UNKNOWN_PAUSE)]


def parted(found: Sequence[tuple[int, T]], speech: Sequence[Region], pause: float = PAUSE) -> list[list[tuple[int, T]]]:
    """Return numbered words as stretches: few words of the text, and little speech, lie between two words of one."""
    parts: list[list[tuple[int, T]]] = []
    for number, word in found:
        if parts:
            before, last = parts[-1][-1]
            missing = number - before - 1
            between = seconds_of(speech, last.end, word.start)
        if not parts or missing > FEW_MISSING or between > pause + MISSING_SECONDS * missing:
            parts.append([])
        parts[-1].append((number, word))
    return parts


def is_good(stretch: Sequence[Word], count: int, scored: bool) -> bool:
    """Tell whether a stretch is too long to be chance, in a text of ``count`` words."""
    if len(stretch) < LEAST_WORDS <= count and scored:
        long = count >= MANY_WORDS and len(stretch) >= SHORT_WORDS and told_by(stretch) >= SHORT_EVIDENCE
        return long and mean_score(stretch) >= SURE_SCORE
    if len(stretch) < min(LEAST_WORDS, count) or not scored:
        return len(stretch) >= min(LEAST_WORDS, count)
    if len(stretch) < LEAST_WORDS:
        return mean_score(stretch) >= SHORT_SCORE and all(word.status == "ok" for word in stretch)
    return mean_score(stretch) >= (GOOD_SCORE if len(stretch) < MANY_WORDS else MANY_SCORE)


def goes_on(stretch: Sequence[Word]) -> bool:
    """Tell whether a stretch fits so well that it is said there, if the text around it is."""
    return len(stretch) >= SHORT_WORDS and mean_score(stretch) >= SURE_SCORE


def bridge(numbers: Sequence[Sequence[int]], kept: list[bool], fitting: Sequence[bool], last: int) -> None:
    """Keep short lines between other speech: next to no word lacks between them and what is kept on both sides.

    Args:
        numbers: of the words of each stretch.
        kept: which stretches are; changed here.
        fitting: which `goes_on` where the text does.
        last: the number of the last word before them.
    """
    waiting: list[int] = []  # stretches that go on from what is kept
    for at, own in enumerate(numbers):
        follows = 0 <= own[0] - last - 1 <= MUMBLED
        if kept[at]:
            for number in waiting if follows else ():
                kept[number] = True
            waiting = []
        elif follows and fitting[at]:
            waiting.append(at)
        else:
            continue
        last = own[-1]


def mean_score(stretch: Sequence[Word]) -> float:
    """Return the mean score of words, by letters."""
    return sum(_score(word) * _letters(word) for word in stretch) / sum(map(_letters, stretch))


def told_by(stretch: Sequence[Word]) -> float:
    """Return how much words tell together for their text."""
    return sum(map(evidence, stretch))


def evidence(word: Word) -> float:
    """Return how much a word tells for its text: the log odds of its score, times its seconds."""
    score = min(max(_score(word), 1.0 - SUREST), SUREST)
    return (word.end - word.start) * math.log(score / (1.0 - score))


def seconds_of(speech: Sequence[Region], start: float, end: float) -> float:
    """Return how much speech lies between two times."""
    return sum(max(0.0, min(one.end, end) - max(one.start, start)) for one in speech)


def _score(word: Word) -> float:
    return 1.0 if word.score is None else word.score


def _letters(word: Word) -> int:
    return sum(char.isalnum() for char in word.text) or 1
