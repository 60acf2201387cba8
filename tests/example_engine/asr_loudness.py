"""A recogniser that hears how loud it is: the smallest engine that keeps the contract, to be copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from asrcli.engine import Device, Engine, Model, Weights
from asrcli.types import Clip, Options, Segment

AUDIBLE = 0.01  # root mean square of full scale
LOUD = 0.1


class Loudness(Engine):
    """Says ``loud`` or ``quiet`` for every clip that is not silent."""

    name = "loudness"
    requires = ("numpy",)
    models: ClassVar[Mapping[str, Model]] = {"rms": Model(None, languages=("en",), licence="Apache-2.0")}
    default_model = "rms"
    loads_folders = False
    max_seconds = 60.0

    def __init__(self, weights: Weights, device: Device) -> None:
        self.loud = LOUD

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return one segment per clip, none for silence."""
        return [self._hear(clip) for clip in clips]

    def _hear(self, clip: Clip) -> list[Segment]:
        import numpy as np

        level = float(np.sqrt(np.mean(np.square(clip.samples)))) if len(clip.samples) else 0.0
        if level < AUDIBLE:
            return []
        return [Segment("loud" if level >= self.loud else "quiet", 0.0, clip.seconds, language="en")]
