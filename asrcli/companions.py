"""Models that work beside an engine: voice activity, punctuation, language identification. Contracts and loading.

Each kind is an entry-point group of its own. On the command line a companion is ``NAME`` or ``NAME:MODEL``, where MODEL
is a short name, a hub id or a folder, as with engines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from asrcli.engine import Plugin, check_installed, declared, load_plugin

if TYPE_CHECKING:
    from asrcli.engine import Weights
    from asrcli.types import Clip, Samples

DETECTORS, PUNCTUATORS, IDENTIFIERS = "asrcli.detectors", "asrcli.punctuators", "asrcli.identifiers"

KINDS = {"vad": DETECTORS, "punctuation": PUNCTUATORS, "language": IDENTIFIERS}  # as asr engines pull spells them

Announce = Callable[[str], None]


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

    role: ClassVar[str] = "voice-activity model"
    threshold: ClassVar[float] = 0.5  # probability from which a window is speech, unless the user says otherwise

    @abstractmethod
    def stream(self) -> SpeechStream:
        """Begin a recording. Several may run at once, in threads."""


class Punctuator(Companion):
    """Puts punctuation into texts that have none."""

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

    role: ClassVar[str] = "language identifier"

    @abstractmethod
    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return for each clip the probability of each language code; {} for a clip that cannot be judged."""


def names(group: str) -> list[str]:
    """Return the names of all companions of a group, sorted; imports none."""
    return sorted(declared(group))


def find(group: str, spelling: str) -> type[Companion]:
    """Return the class that ``NAME`` or ``NAME:MODEL`` means, with its packages installed.

    Raises:
        UsageError: no package declares the name.
        EngineUnavailable, MissingExtra: its module or packages are missing.
    """
    role = {DETECTORS: Detector.role, PUNCTUATORS: Punctuator.role, IDENTIFIERS: Identifier.role}[group]
    found: type[Companion] = load_plugin(group, role, spelling.partition(":")[0])
    check_installed(found)
    return found


def find_detector(spelling: str) -> type[Detector]:
    """Return the class of a voice-activity model; raises what `find` raises."""
    found = find(DETECTORS, spelling)
    assert issubclass(found, Detector)
    return found


def prepare(group: str, spelling: str, *, offline: bool, announce: Announce) -> Weights:
    """Return the weights of a companion, downloading them when allowed, so that loading it later needs no network.

    Raises:
        UsageError, EngineUnavailable: as `find`.
        ModelError: the weights are not here and cannot be had.
    """
    from asrcli.weights import models

    kind = find(group, spelling)
    weights = models.resolve(kind, _model(spelling), offline=offline, pull=True, announce=announce)
    _load(group, spelling)  # weights that do not load end the run before any input is read
    return weights


def load_detector(spelling: str) -> Detector:
    """Return a voice-activity model, loaded once per process."""
    found = _load(DETECTORS, spelling)
    assert isinstance(found, Detector)
    return found


def load_punctuator(spelling: str) -> Punctuator:
    """Return a punctuation model, loaded once per process."""
    found = _load(PUNCTUATORS, spelling)
    assert isinstance(found, Punctuator)
    return found


def load_identifier(spelling: str) -> Identifier:
    """Return a language identifier, loaded once per process."""
    found = _load(IDENTIFIERS, spelling)
    assert isinstance(found, Identifier)
    return found


@cache
def _load(group: str, spelling: str) -> Companion:
    from asrcli.weights import models

    kind = find(group, spelling)
    weights = models.resolve(kind, _model(spelling), offline=True, pull=False, announce=lambda text: None)
    return kind(weights)


def _model(spelling: str) -> str | None:
    return spelling.partition(":")[2] or None
