"""What an engine is tried with, and the clips that every engine is tried with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from asrcli.capabilities import implementation
from asrcli.engine import Engine, load_class
from asrcli.engines import device
from asrcli.types import SAMPLE_RATE, Clip, Recording, Segment
from asrcli.weights import models


class ContractBroken(AssertionError):
    """An engine does not keep the contract; the message says where."""


@dataclass
class Case:
    """What an engine is tried with.

    Args:
        engine: the name of its entry point.
        speech: at least three clips in which it recognises something.
        model: a name, folder or file, as after ``-m``; None is its default. Its weights must be on this machine.
        language: of the speech, for an engine that identifies languages.
        rejects_noise: silence and noise give no segment. Only a model that knows all there is to recognise, or an
            engine that looks for speech itself, can promise that; None is what the engine's card says.
        device: ``cpu`` or another kind.
    """

    engine: str
    speech: Sequence[Clip]
    model: str | None = None
    language: str = "en"
    rejects_noise: bool | None = None
    device: str = "cpu"

    @cached_property
    def loaded(self) -> Engine:
        """The engine, loaded once."""
        kind = load_class(self.engine)
        weights = models.resolve(kind, self.model, offline=True, pull=False, announce=lambda text: None)
        card = implementation(kind, None).for_weights(weights)
        return card(weights, device.choose(card, self.device, threads=1))


def require(condition: object, message: str) -> None:
    """Raise `ContractBroken` unless the condition holds."""
    if not condition:
        raise ContractBroken(message)


def read_clip(path: Path | str) -> Clip:
    """Return a whole recording as one clip."""
    import numpy as np

    from asrcli.audio.decode import decode

    samples = np.concatenate(list(decode(Recording(str(path)), warn=lambda text: None)))
    return Clip(Recording(str(path), seconds=len(samples) / SAMPLE_RATE), 0.0, samples)


def silence(seconds: float, name: str = "silence.wav") -> Clip:
    """Return digital silence."""
    import numpy as np

    samples = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    return Clip(Recording(name, seconds=seconds), 0.0, samples)


def noise(seconds: float, decibels: float, seed: int = 0) -> Clip:
    """Return white noise at a level below full scale, the same every time."""
    import numpy as np

    level = 10 ** (-decibels / 20)
    samples = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE)) * level
    return Clip(Recording("noise.wav", seconds=seconds), 0.0, np.clip(samples, -1, 1).astype(np.float32))


def texts(found: Sequence[Sequence[Segment]]) -> list[str]:
    """Return the text of each clip."""
    return [" ".join(segment.text for segment in own) for own in found]
