"""What the measuring process and its parent say to each other, as values over a pipe of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from asrcli.datasets.results import RequestTime
from asrcli.engine import Device, Weights
from asrcli.types import Options, Utterance


@dataclass(frozen=True, slots=True)
class Job:
    """The engine to measure; its weights are on this machine already."""

    engine: str
    backend: str | None  # of an engine with several
    weights: Weights
    device: Device
    options: Options = field(default_factory=Options)
    vad: bool = True  # leave silence out, as `asr transcribe` does; off, the engine transcribes every second
    warm_up: Utterance | None = None  # transcribed once before anything counts
    team: tuple[Device, ...] = ()  # the engine is in a worker on each of these, and not in the measuring process
    behind: tuple[str, ...] = ()  # where an engine in an environment of its own finds what asr itself requires


# What the parent asks for


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Transcribe utterances one after the other, each as a run of the pipeline of its own."""

    utterances: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Transcribe all utterances in batches of each size."""

    utterances: tuple[Utterance, ...]
    sizes: tuple[int, ...]
    repeats: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Transcribe utterances as streams, piece by piece."""

    utterances: tuple[Utterance, ...]
    chunk: float  # seconds of audio per piece


@dataclass(frozen=True, slots=True)
class Serve:
    """Transcribe utterances from several callers at once."""

    utterances: tuple[Utterance, ...]
    callers: int


@dataclass(frozen=True, slots=True)
class Diarize:
    """Transcribe recordings of several people, with a diarizer beside the engine."""

    utterances: tuple[Utterance, ...]
    diarizer: str
    weights: Weights
    device: Device


@dataclass(frozen=True, slots=True)
class Together:
    """Transcribe all utterances with the workers of the job."""

    utterances: tuple[Utterance, ...]
    repeats: int


Request = Transcribe | Sweep | Listen | Serve | Diarize | Together


# What it answers


@dataclass(frozen=True, slots=True)
class Cold:
    """The first moments of the process, in seconds."""

    imported: float  # the engine's module and the libraries it requires
    loaded: float  # its weights
    first: float  # the first utterance, decoder and all
    ready_at: float  # `time.monotonic`, which all processes of a machine share
    device: str = ""  # where it is now: the memory ladder may have gone down


@dataclass(frozen=True, slots=True)
class Transcribed:
    """One utterance; times are seconds of wall clock."""

    id: str
    text: str | None
    total: float
    decode: float
    model: float
    error: str = ""
    trace: str = ""  # of a bug
    language: str | None = None  # that the engine identified by itself; None when it was told one
    language_score: float | None = None


@dataclass(frozen=True, slots=True)
class Batched:
    """All utterances in batches of one size; the first run of a size is not among the times."""

    size: int
    decode: float
    times: tuple[float, ...]  # a repeat each
    seconds: float  # of audio
    clips: int
    fits: bool = True
    peak_rss: int | None = None  # bytes, the most of all sizes up to this one
    peak_gpu: int | None = None


@dataclass(frozen=True, slots=True)
class Streamed:
    """One utterance as a stream, in seconds; ``None`` where no such text came."""

    id: str
    first: float | None  # from the start of the audio to the first text
    stable: float | None  # from the start of the audio to the first text that will not change
    after_end: float  # from the end of the audio to the whole text
    computed: float  # time spent in the engine
    seconds: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """Several callers at once: how long each utterance took, and all of them together."""

    times: tuple[float, ...]
    wall: float
    seconds: float  # of audio
    failed: int
    requests: tuple[RequestTime, ...] = ()


@dataclass(frozen=True, slots=True)
class Spoken:
    """Who speaks when in a recording, and what; times are seconds from the start of the file."""

    id: str
    turns: tuple[tuple[str, float, float], ...] = ()  # speaker, start, end
    segments: tuple[tuple[str, float, float, str], ...] = ()  # and the words
    error: str = ""


@dataclass(frozen=True, slots=True)
class Diarized:
    """All recordings with their speakers, in seconds of wall clock."""

    wall: float  # of engine and diarizer, one beside the other
    diarizer: float  # of that the time in which the diarizer computed


@dataclass(frozen=True, slots=True)
class Pooled:
    """All utterances with several workers."""

    workers: int
    times: tuple[float, ...]  # a repeat each, from the first byte that is read to the last text
    seconds: float  # of audio
    failed: int  # utterances, in the last repeat


@dataclass(frozen=True, slots=True)
class Ended:
    """A request is finished; what it took."""

    wall: float
    cpu: float  # user and system time of the process
    peak_rss: int  # bytes, of the process alone, since it began
    cuda_allocated: int | None = None  # bytes, torch's own count; None without torch on a GPU
    cuda_reserved: int | None = None


Answer = Cold | Transcribed | Batched | Streamed | Served | Spoken | Diarized | Pooled | Ended
