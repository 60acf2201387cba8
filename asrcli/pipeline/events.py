"""What the pipeline reports while it works, and what it may be told that an earlier run had recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from asrcli.pipeline.assembly import ClipKey, RecognisedClip
from asrcli.types import SAMPLE_RATE, Segment, Transcript


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the user: a fallback, a warning about one input (``index``) or about the run."""

    text: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class ClipRecognised:
    """One clip is done; what the journal keeps."""

    index: int
    clip: RecognisedClip


@dataclass(frozen=True, slots=True)
class Voted:
    """The language of a recording is settled."""

    index: int
    language: str
    score: float


@dataclass(frozen=True, slots=True)
class Settled:
    """Further segments of a recording, in order, and how far it has been recognised."""

    index: int
    segments: tuple[Segment, ...]
    until: float  # seconds


@dataclass(frozen=True, slots=True)
class Finished:
    """A recording is complete."""

    index: int
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Failed:
    """A recording cannot be finished."""

    index: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Worked:
    """One of several recognisers has recognised more seconds of audio."""

    recogniser: int  # its index
    seconds: float


Event = Notice | Worked | ClipRecognised | Voted | Settled | Finished | Failed


@dataclass(frozen=True, slots=True)
class Known:
    """What an interrupted run had already recognised of a recording."""

    clips: Mapping[ClipKey, tuple[Segment, ...]] = field(default_factory=dict)
    language: str | None = None
    language_score: float | None = None

    @property
    def until(self) -> float:
        """Where the last of the clips ends, in seconds; clips before it may be missing where several were under way."""
        return max((first + length for first, length in self.clips), default=0) / SAMPLE_RATE
