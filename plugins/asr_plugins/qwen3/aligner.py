"""The aligner class: what the core sees of Qwen3-ForcedAligner."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from asr_plugins.qwen3.catalogue import ALIGNED, ALIGNERS
from asr_plugins.qwen3.monotone import in_order, repair
from asrcli.aligner import AlignedWord, Aligner
from asrcli.device import torch_place
from asrcli.engine import Device, Model, Weights
from asrcli.models import local_path

if TYPE_CHECKING:
    from asr_plugins.qwen3.align import AlignerModel, Stamps
    from asrcli.types import Clip

# The report measures its best on joined recordings of a minute; users see words pile up past about 270 s.
LONGEST_SECONDS = 60.0
MOVED = 0.5  # a time that had to be moved counts half: the model had heard the word elsewhere


class Qwen3Aligner(Aligner):
    """Qwen3-ForcedAligner-0.6B: 11 languages, times in steps of 80 ms."""

    name = "qwen3"
    requires = ("torch", "transformers", "safetensors")
    extra = "qwen3"
    models: ClassVar[Mapping[str, Model]] = ALIGNERS
    default_model = "0.6b"
    max_seconds = LONGEST_SECONDS
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {"cuda": ("bfloat16", "float32"), "cpu": ("float32", "bfloat16")}

    def __init__(self, weights: Weights, device: Device) -> None:
        from asr_plugins.qwen3.align import AlignerModel

        self.model: AlignerModel = AlignerModel(local_path(type(self), weights), *torch_place(type(self), device))

    @classmethod
    def languages(cls, model: str) -> tuple[str, ...]:
        """Return the 11 codes, for folders too."""
        return ALIGNED

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        """Return when each word is said; ``None`` for one without a letter or digit."""
        units = [[unit(word) for word in words] for words in texts]
        asked = [number for number, own in enumerate(units) if any(own) and len(clips[number].samples)]
        stamps = self.model.stamps(
            [clips[number].samples for number in asked],
            [[one for one in units[number] if one] for number in asked],
        )
        found: list[list[AlignedWord | None]] = [[None] * len(own) for own in units]
        for number, own in zip(asked, stamps, strict=True):
            words = _words(own, clips[number].seconds)
            found[number] = [next(words) if one else None for one in units[number]]
        return found


def unit(word: str) -> str:
    """Return a word as the model was taught: letters, digits and apostrophes, nothing between them."""
    whole = unicodedata.normalize("NFC", word.replace("’", "'"))
    kept = "".join(char for char in whole if char == "'" or unicodedata.category(char)[0] in "LN")
    return kept if kept.strip("'") else ""


def _words(stamps: Stamps, seconds: float) -> Iterator[AlignedWord]:
    times, kept = [min(time, seconds) for time in repair(stamps.seconds)], set(in_order(stamps.seconds))
    scores = [score if at in kept else MOVED * score for at, score in enumerate(stamps.scores)]
    for at in range(0, len(times), 2):
        yield AlignedWord(times[at], times[at + 1], math.sqrt(scores[at] * scores[at + 1]))
