"""The aligner class: what the core sees of Qwen3-ForcedAligner."""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from asr_plugins.qwen3.catalogue import ALIGNED, ALIGNERS
from asrcli.aligner import AlignedWord, Aligner
from asrcli.engine import Device, Model, Weights
from asrcli.engines.device import torch_place
from asrcli.types import Clip
from asrcli.weights.models import local_path

if TYPE_CHECKING:
    from asr_plugins.qwen3.model import AlignerModel, Stamps

# The report measures its best on joined recordings of a minute; users see words pile up past about 270 s.
LONGEST_SECONDS = 60.0
MADE_FOR_SECONDS = 300.0  # the model card
LABEL_SECONDS = 0.08  # a step of its times; a word that starts later than that after the end is not in the clip
# Words that are not said get no time: users of the real model see hundreds of them on one spot. One word without length
# is nothing, with steps of 80 ms; but nobody says 20 words a second.
PILE = 4
LEAST_SECONDS = 0.05
MOVED = 0.5  # a time that had to be moved counts half: the model had found the word elsewhere

SNAPPED = 2  # outliers in a row that take a neighbour's time


class Qwen3Aligner(Aligner):
    """Qwen3-ForcedAligner-0.6B: 11 languages, times in steps of 80 ms."""

    name = "qwen3"
    requires = ("torch", "transformers", "safetensors")
    extra = "qwen3"
    rank = 90  # average shift of 43 ms, against 130 ms of CTC aligners (Qwen3-ASR report)
    models: ClassVar[Mapping[str, Model]] = ALIGNERS
    default_model = "0.6b"
    speaks = ALIGNED
    max_seconds = LONGEST_SECONDS
    made_for = MADE_FOR_SECONDS
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {"cuda": ("bfloat16", "float32"), "cpu": ("float32", "bfloat16")}

    def __init__(self, weights: Weights, device: Device) -> None:
        from asr_plugins.qwen3.model import AlignerModel

        self.model: AlignerModel = AlignerModel(local_path(type(self), weights), *torch_place(type(self), device))

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        """Return when each word is said; ``None`` for one without letter or digit, or without a place in the clip."""
        units = [[unit(word) for word in words] for words in texts]
        asked = [number for number, own in enumerate(units) if any(own) and len(clips[number].samples)]
        stamps = self.model.stamps(
            [clips[number].samples for number in asked], [[one for one in units[number] if one] for number in asked]
        )
        found: list[list[AlignedWord | None]] = [[None] * len(own) for own in units]
        for number, own in zip(asked, stamps, strict=True):
            words = iter(_words(own, clips[number].seconds))
            found[number] = [next(words) if one else None for one in units[number]]
        return found


def unit(word: str) -> str:
    """Return a word as the model was taught: letters, digits and apostrophes, nothing between them."""
    whole = unicodedata.normalize("NFC", word.replace("’", "'"))
    kept = "".join(char for char in whole if char == "'" or unicodedata.category(char)[0] in "LN")
    return kept if kept.strip("'") else ""


def _words(stamps: Stamps, seconds: float) -> list[AlignedWord | None]:
    """Return the words of a clip, `None` for those that the model itself puts nowhere in it."""
    times, kept = [min(time, seconds) for time in repair(stamps.seconds)], set(in_order(stamps.seconds))
    scores = [score if at in kept else MOVED * score for at, score in enumerate(stamps.scores)]
    words: list[AlignedWord | None] = [
        AlignedWord(times[at], times[at + 1], math.sqrt(scores[at] * scores[at + 1])) for at in range(0, len(times), 2)
    ]
    for number in piled_up(times):
        words[number] = None
    for number, start in enumerate(stamps.seconds[::2]):
        if start >= seconds + LABEL_SECONDS:
            words[number] = None
    return words


def piled_up(times: Sequence[float]) -> set[int]:
    """Return the numbers of words that lie on top of each other, given the start and the end of each in turn."""
    piles: set[int] = set()
    for first in range(len(times) // 2 - PILE + 1):
        if times[2 * (first + PILE) - 1] - times[2 * first] < PILE * LEAST_SECONDS:
            piles.update(range(first, first + PILE))
    return piles


def repair(values: Sequence[float]) -> list[float]:
    """Return the values without a step back: those of `in_order` as they are, the others from their neighbours.

    The rule is that of Qwen3-ForcedAligner: the longest non-decreasing subsequence is right, one or two outliers take
    the time of their nearer neighbour, and more of them are spread evenly.
    """
    kept = in_order(values)
    repaired = list(values)
    for left, right in zip([-1, *kept], [*kept, len(values)], strict=True):
        between = range(left + 1, right)
        first = values[left] if left >= 0 else values[right] if kept else 0.0
        last = values[right] if right < len(values) else first
        for place in between:
            if len(between) <= SNAPPED:
                repaired[place] = first if place - left <= right - place else last
            else:
                repaired[place] = first + (last - first) * (place - left) / (right - left)
    return repaired


def in_order(values: Sequence[float]) -> list[int]:
    """Return the places of the longest non-decreasing subsequence; of several, the official code's choice.

    It compares all pairs; this takes O(n log n) (Schensted 1961; Fredman 1975).
    A value has the rank n when n values are the most that a subsequence ending in it can hold. Values of one rank fall
    from left to right, so that the leftmost one that a later value can follow is found by bisection.
    """
    lowest: list[float] = []  # last value of each rank: the lowest so far; these rise
    falling: list[list[float]] = []  # of each rank, the values so far, negated so that they rise
    places: list[list[int]] = []  # and where they are
    before: list[int] = []  # for each value, the place of the one before it in its subsequence
    for place, value in enumerate(values):
        rank = bisect_right(lowest, value)
        if rank == len(lowest):
            lowest.append(value)
            falling.append([])
            places.append([])
        lowest[rank] = value
        falling[rank].append(-value)
        places[rank].append(place)
        before.append(places[rank - 1][bisect_left(falling[rank - 1], -value)] if rank else -1)
    kept: list[int] = []
    place = places[-1][0] if places else -1
    while place >= 0:
        kept.append(place)
        place = before[place]
    return kept[::-1]
