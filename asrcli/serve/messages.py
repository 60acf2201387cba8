"""What the server and the process that transcribes for it say to each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from asrcli.types import Options


@dataclass(frozen=True, slots=True)
class Start:
    """What to load; the first message."""

    engines: tuple[str, ...]  # ENGINE or ENGINE:MODEL
    folder: str  # of uploads, which goes away with the server however that ends
    workers: int  # for each engine; 0: one on each device
    device: str
    dtype: str
    threads: int
    offline: bool
    most_seconds: float  # of audio in one request


@dataclass(frozen=True, slots=True)
class Needs:
    """The variables with keys that the engines read, and the hub's; said before any file of a client is here."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """Those of them that are set."""

    values: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Card:
    """One engine with its weights, as requests name it."""

    id: str  # ENGINE:MODEL
    names: tuple[str, ...]  # others for the same
    supports: tuple[str, ...]  # names of `Options`


@dataclass(frozen=True, slots=True)
class Ready:
    """All weights are loaded."""

    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Transcribe:
    """One request."""

    number: int
    path: str
    card: int  # index
    format: str  # of the answer, see `asrcli.serve.answers`
    stream: bool
    with_segments: bool  # in verbose JSON
    with_words: bool
    vad: bool
    languages: tuple[str, ...]
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Cancel:
    """A request is cancelled."""

    number: int


@dataclass(frozen=True, slots=True)
class Alive:
    """A sign of life, every second."""

    busy: float  # seconds that engines have computed
    clips: int  # recognised
    calls: int  # of engines that it took


@dataclass(frozen=True, slots=True)
class Heard:
    """Further text of a request, in order; the pieces add up to the whole."""

    number: int
    delta: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A request is done; the last message about it."""

    number: int
    body: str
    seconds: float  # of audio


@dataclass(frozen=True, slots=True)
class Failed:
    """A request cannot be done; the last message about it."""

    number: int
    status: int  # of HTTP
    text: str
    code: str = ""


About = Heard | Answer | Failed
