"""What a worker and its parent say to each other, and the driver and hosts of Ray where it is elsewhere.

Nothing else crosses: no path to open, no output, no ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

from asrcli.engine import Device, Weights
from asrcli.transport.codec import Samples
from asrcli.types import Clip, Options, Segment

# What `asr` tells the driver


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


@dataclass(frozen=True, slots=True)
class Join:
    """Join a cluster."""

    address: str  # "auto", "local", or HOST:PORT
    folder: str = ""  # for what a cluster that is started writes; removed in the end


@dataclass(frozen=True, slots=True)
class Open:
    """Make a host for a worker; the answers to what it is asked say whether it could be."""

    worker: int
    cpus: float
    gpus: float
    interpreter: str | None  # of the engine's own environment
    variables: dict[str, str]
    needs: tuple[str, ...] = ()  # files and folders that its node has to have
    keys: tuple[str, ...] = ()  # variables with keys that the engine reads
    without: tuple[str, ...] = ()  # nodes that are left out


@dataclass(frozen=True, slots=True)
class Ask:
    """Hand a message to the engine of a worker, as `asrcli.transport.codec` writes it."""

    worker: int
    head: str
    body: Samples  # all samples of the message, one array after the other


@dataclass(frozen=True, slots=True)
class End:
    """End a worker, in the middle of a call if need be."""

    worker: int


# What the driver answers


@dataclass(frozen=True, slots=True)
class Joined:
    """What the cluster has."""

    cpus: tuple[float, ...]  # of each node
    free_gpus: float  # of all nodes, now


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker's engine has answered to what was asked, or `Lost`."""

    worker: int
    head: str


# What a host says in the place of its engine


@dataclass(frozen=True, slots=True)
class Lacks:
    """Its node lacks what the engine needs."""

    node: str
    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The process of the engine, its host or their node has ended."""

    why: str
    placed: bool = True  # it was there before
