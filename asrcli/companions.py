"""Models that work beside an engine: voice activity, punctuation, language identification. Contracts.

Each kind is an entry-point group of its own. On the command line a companion is ``NAME`` or ``NAME:MODEL``, where MODEL
is a short name, a hub id or a folder, as with engines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from asrcli.engine import Plugin

if TYPE_CHECKING:
    from asrcli.engine import Weights
    from asrcli.types import Clip, Samples


class Companion(Plugin):
    """What the three kinds have in common. They compute on the CPU, beside the engine."""

    @abstractmethod
    def __init__(self, weights: Weights) -> None:
        """Load the weights.

        Raises:
            ModelError: the weights are incomplete, damaged or unsafe.
        """


class SpeechStream(ABC):
    """The probability of speech while samples come in."""

    revised = 0  # how many windows the last answer begins with that had been answered before

    @abstractmethod
    def feed(self, samples: Samples) -> Samples:
        """Take whole windows of 512 samples and return the probabilities (windows,) that are settled now.

        A model that looks ahead returns fewer windows than it was given, and the rest later.
        """

    @abstractmethod
    def finish(self, samples: Samples) -> Samples:
        """Take the last whole windows and return the probabilities of all windows not returned yet."""


class Detector(Companion):
    """Tells speech from other sound."""

    group: ClassVar[str] = "asrcli.detectors"
    role: ClassVar[str] = "voice-activity model"
    threshold: ClassVar[float] = 0.5  # probability from which a window is speech, unless the user says otherwise

    @abstractmethod
    def stream(self) -> SpeechStream:
        """Begin a recording. Several may run at once, in threads."""


class Punctuator(Companion):
    """Puts punctuation into texts that have none."""

    group: ClassVar[str] = "asrcli.punctuators"
    role: ClassVar[str] = "punctuation model"

    @abstractmethod
    def marks(self, texts: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return for each text the sign after each of its words, ``""`` for none.

        Args:
            texts: the words of each text in order; a Chinese character or a run of them is a word too. The signs are
                those of Chinese (``，。？！``); the caller writes them as the script around them asks.
        """


class Identifier(Companion):
    """Tells which language is spoken."""

    group: ClassVar[str] = "asrcli.identifiers"
    role: ClassVar[str] = "language identifier"

    @abstractmethod
    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return for each clip the probability of each language code; {} for a clip that cannot be judged."""
