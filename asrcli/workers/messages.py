"""What a worker and its parent say to each other. Nothing else crosses: no path to open, no output, no ledger."""

from __future__ import annotations

from dataclasses import dataclass

from asrcli.engine import Device, Weights
from asrcli.types import Clip, Options, Segment


@dataclass(frozen=True, slots=True)
class Start:
    """The engine to load; its weights are on this machine already."""

    engine: str  # module:Name of its class
    weights: Weights
    device: Device
    verbose: bool = False  # the engine's and its libraries' log goes to standard error


@dataclass(frozen=True, slots=True)
class Ready:
    """The weights are loaded."""

    memory: int  # bytes that the process holds; 0 where the system does not say
    prompt_characters: int = 0  # of an engine with a language model


# What the parent asks for


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Recognise clips."""

    clips: tuple[Clip, ...]
    options: Options


@dataclass(frozen=True, slots=True)
class Identify:
    """Tell the language of clips."""

    clips: tuple[Clip, ...]


@dataclass(frozen=True, slots=True)
class Generate:
    """Answer prompts."""

    prompts: tuple[str, ...]
    max_new_tokens: int


Request = Transcribe | Identify | Generate


# What it answers


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The segments of each clip."""

    segments: tuple[tuple[Segment, ...], ...]
    memory: int  # bytes, as of `Ready`


@dataclass(frozen=True, slots=True)
class Identified:
    """The probability of each language, for each clip."""

    guesses: tuple[dict[str, float], ...]


@dataclass(frozen=True, slots=True)
class Generated:
    """The answer to each prompt."""

    answers: tuple[str, ...]
