"""What happens to the jobs of a run, as `asrcli.runs` tells it and commands show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asrcli.engines.recogniser import Choice
    from asrcli.runs.jobs import Job
    from asrcli.types import Recording, Segment, Transcript


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the user, about one job or about the run."""

    text: str
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class Probed:
    """The readable inputs and their lengths, before anything is loaded."""

    seconds: tuple[tuple[Job, float | None], ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine is chosen; its weights load while the first input is decoded."""

    choice: Choice
    workers: tuple[str, ...] = ()  # what they are called, where the engine is in processes of its own


@dataclass(frozen=True, slots=True)
class Worked:
    """One of several workers has transcribed more seconds of audio."""

    worker: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Recognised:
    """Further segments of one job, and how far it has been transcribed, in seconds."""

    job: Job
    recording: Recording
    segments: tuple[Segment, ...]
    until: float


@dataclass(frozen=True, slots=True)
class Done:
    """A job is finished; its outputs are written."""

    job: Job
    transcript: Transcript
    written: tuple[str, ...] = ()
    known: float = 0.0  # seconds of it that an interrupted run had got to


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job cannot be finished."""

    job: Job
    error: Exception


@dataclass(frozen=True, slots=True)
class Resumed:
    """Jobs that another run has finished: one that was interrupted, or one at work in the same folder."""

    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """The one output of all jobs: in its file, or as text for standard output."""

    path: str | None
    text: str


JobEvent = Note | Probed | Loaded | Worked | Recognised | Done | JobFailed | Resumed | Written
