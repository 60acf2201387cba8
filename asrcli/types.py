"""The values that travel between the modules.

Times are **seconds from the start of the recording** unless a docstring says otherwise. Samples are **mono float32 in
[-1, 1] at 16 000 Hz**. Every value is frozen: a stage makes a new one with ``dataclasses.replace``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]  # (n,), mono, [-1, 1], 16 kHz
    HalfSamples = NDArray[np.float16]  # the same in half the memory; what is lost is 66 dB below the signal
else:
    Samples = HalfSamples = object  # names to import; numpy is for those who compute

SAMPLE_RATE = 16_000  # Hz; what every engine here was trained on

WordSource = Literal["model", "aligned", "interpolated"]
WordStatus = Literal["ok", "low", "not_in_audio"]


class Flag(StrEnum):
    """What is suspicious about a segment. Flags are reported; they never change the text."""

    REPEAT_LOOP = "repeat_loop"  # the same words over and over
    TRUNCATED = "truncated"  # the engine stopped at its token limit
    LOW_CONFIDENCE = "low_confidence"
    NO_SPEECH = "no_speech"  # text where no speech was detected
    RATE_ANOMALY = "rate_anomaly"  # more or fewer characters per second than anyone says
    PROMPT_ECHO = "prompt_echo"  # the text repeats the prompt or the hotwords


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of time; ``start <= end``."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """The length."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Recording:
    """One channel (or the mix) of one input, by name; its samples are decoded when they are needed."""

    path: str  # as the user named it; "-" is standard input
    channel: int | None = None  # None is the mix of all channels; channels count from 0
    seconds: float | None = None  # None when the container does not say (a pipe)
    start: float = 0.0  # where reading begins (--start); times still count from the start of the file
    end: float | None = None  # where reading ends (--end); None is the end of the file
    track: int | None = None  # the number of the sound track, from 0; None is the one that players take
    jumps: bool = False  # leaps of the container's clock over ten minutes and more are silence, instead of left out

    @property
    def name(self) -> str:
        """The path, with the channel when there is one: what messages call this recording."""
        return self.path if self.channel is None else f"{self.path}#{self.channel}"


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A piece of a recording that an engine recognises in one go, at most its ``max_seconds`` long."""

    recording: Recording
    start: float  # seconds from the start of the recording
    samples: Samples
    speech: tuple[Region, ...] = ()  # detected speech, seconds from the start of the recording; () when not detected
    language: str | None = None  # code to decode in, as asked for or voted; None leaves it to the engine
    growing: bool = False  # comes again with more sound: a quick result counts more than the last error
    again: bool = False  # was recognised before: a result that fails does not count, so one try is enough
    language_score: float | None = None  # probability of `language` in this clip, where it was voted on

    @property
    def seconds(self) -> float:
        """The length."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def end(self) -> float:
        """Where the clip ends in the recording."""
        return self.start + self.seconds


@dataclass(frozen=True, slots=True)
class Phone:
    """One speech sound with its times, in the notation of the aligner (ARPAbet for PocketSphinx)."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker speaking; turns of different speakers may overlap."""

    speaker: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Voice:
    """How near a speaker's voice is to the nearest of those that are known by name."""

    speaker: str  # label of the speaker: the name, or ``unknown N`` where it is in doubt
    nearest: str  # the name whose voice is nearest
    distance: float  # cosine distance, 0 to 2


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its times, which are never missing, and where they came from."""

    text: str  # as written in the segment, without surrounding white space
    start: float
    end: float
    score: float | None = None  # confidence, 0 to 1
    source: WordSource = "model"
    speaker: str | None = None
    status: WordStatus | None = None  # of `asr align`: found, doubtful, or not there (times then mark the place only)
    phones: tuple[Phone, ...] = ()


def spread(words: Sequence[Word], start: float, end: float) -> Iterator[Word]:
    """Yield words with shares of a stretch of time in proportion to their letters."""
    letters = sum(len(word.text) for word in words)
    passed = 0
    for word in words:
        first = start + (end - start) * passed / letters
        passed += len(word.text)
        last = start + (end - start) * passed / letters
        yield replace(word, start=round(first, 3), end=round(last, 3), source="interpolated")


@dataclass(frozen=True, slots=True)
class Alternative:
    """One reading of a segment out of the best that the search found, as the engine wrote it."""

    text: str
    search_score: float  # what the search ranks by: a log probability after its penalties and bonuses
    tokens: tuple[int, ...] = ()
    token_logprobs: tuple[float, ...] = ()  # natural logarithm, one per token


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text with its times.

    An engine returns times from the start of its clip; the pipeline moves them to the recording.
    """

    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    language: str | None = None  # code, when the engine says it per segment
    score: float | None = None  # confidence, 0 to 1
    avg_logprob: float | None = None  # mean log probability of the tokens (natural logarithm)
    no_speech_prob: float | None = None  # 0 to 1, Whisper's
    temperature: float | None = None  # the one that gave the text
    tokens: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()  # of `Flag`, or an engine's own
    alternatives: tuple[Alternative, ...] = ()  # the best first, which is the text; only when asked for (`n_best`)
    language_score: float | None = None  # 0 to 1: the probability of `language`, when the engine found it itself


@dataclass(frozen=True, slots=True)
class Answer:
    """What a language model answered about a transcript, and the stretches it rests on."""

    question: str
    text: str
    spans: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time went for one recording, in seconds of wall clock; engine time is the share of its batches."""

    decode: float = 0.0  # reading, resampling, voice activity and cutting, in its own thread
    engine: float = 0.0
    total: float = 0.0  # from the first block read to the transcript


@dataclass(frozen=True, slots=True)
class Leap:
    """Words of an aligned text that are not in the audio."""

    word: int  # number of the first among all words of the text, from 0
    words: int  # how many
    start: float  # where they would be, in seconds of the recording
    confidence: float  # that they are not said, 0 to 1: by how well the words on both sides are found


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything known about one recording after a run."""

    recording: Recording
    segments: tuple[Segment, ...]
    engine: str
    model: str | None = None
    revision: str | None = None  # commit of the hub repository, or a hash of a local folder's weights
    language: str | None = None  # code
    language_score: float | None = None  # 0 to 1: share of the vote, or the model's own probability
    seconds: float = 0.0  # length of what was decoded
    speech: tuple[Region, ...] = ()  # detected speech; () when voice activity was not used
    gaps: tuple[Region, ...] = ()  # speech that no segment covers
    leaps: tuple[Leap, ...] = ()  # of `asr align`: passages of the text that are not in the audio
    turns: tuple[Turn, ...] = ()  # who spoke when, from the diarization or the channels; () when not asked for
    voices: tuple[Voice, ...] = ()  # of speakers compared with known voices; () when not asked for
    warnings: tuple[str, ...] = ()  # damaged tail, missing channel, ...: what stderr said about this input
    answers: tuple[Answer, ...] = ()
    options: tuple[tuple[str, str], ...] = ()  # the options that shaped the text, as name and value
    timings: Timings = field(default_factory=Timings)

    @property
    def text(self) -> str:
        """The whole text; segments are joined by a space except between scripts that do not write one."""
        from asrcli.base.join import join_texts

        return join_texts(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asks of an engine. ``None`` means not asked for: the engine's own default holds.

    The names are the names in ``Engine.supports``; a given option that an engine does not support is refused before any
    weights load. The command line spells them with dashes.
    """

    language: str | None = None  # ISO 639-1/3 code; None is automatic
    task: str | None = None  # "transcribe" or "translate" (into English)
    prompt: str | None = None  # text the model takes as having come before
    hotwords: tuple[str, ...] | None = None
    language_model: str | None = None  # path of an n-gram model of words (ARPA or KenLM) for a beam search
    word_timestamps: bool | None = None
    beam_size: int | None = None
    n_best: int | None = None  # list so many readings of each segment as its alternatives
    best_of: int | None = None  # samples per temperature above zero
    patience: float | None = None
    length_penalty: float | None = None
    repetition_penalty: float | None = None
    no_repeat_ngram_size: int | None = None
    temperature: tuple[float, ...] | None = None  # tried in order until a result passes the thresholds
    compression_ratio_threshold: float | None = None
    logprob_threshold: float | None = None
    no_speech_threshold: float | None = None
    condition_on_previous_text: bool | None = None
    carry_initial_prompt: bool | None = None  # the prompt stands before every window, not only the first
    hallucination_silence_threshold: float | None = None  # seconds; text in longer silences is skipped
    prepend_punctuations: str | None = None  # signs that belong to the word after them
    append_punctuations: str | None = None  # signs that belong to the word before them
    suppress_tokens: tuple[int, ...] | None = None
    max_new_tokens: int | None = None
    chunk_length: float | None = None  # seconds; the longest clip, for any engine, up to its `max_seconds`
    batched: bool | None = None  # clips in batches (default) or one long window after the other
    seed: int | None = None  # of what is sampled; batches are the same in every run then
    ask: tuple[str, ...] | None = None  # questions about the transcript, for an engine with a language model
    engine_options: tuple[tuple[str, float], ...] | None = None  # of `Engine.own_options`, by name

    def given(self) -> Iterator[tuple[str, Any]]:
        """Yield name and value of every option that was asked for."""
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None:
                yield one.name, value

    def recorded(self) -> Iterator[tuple[str, str]]:
        """Yield name and value, as text, of what was asked for; an engine's own options by their own names."""
        for name, value in self.given():
            if name == "engine_options":
                yield from ((own, str(number)) for own, number in value)
            elif isinstance(value, tuple) and name != "ask":  # a question may hold a comma
                yield name, ",".join(map(str, value))
            else:
                yield name, str(value)

    def own(self, name: str, default: float) -> float:
        """Return the value of one of the engine's own options."""
        return dict(self.engine_options or ()).get(name, default)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line of a dataset manifest."""

    id: str
    text: str
    audio: str | None = None
    language: str | None = None
    group: str | None = None  # speaker or session, for clustered statistics
    start: float | None = None
    end: float | None = None
    seconds: float | None = None  # length of the audio
    fields: tuple[tuple[str, str], ...] = ()  # whatever else the manifest says: speaker, noise level, ...
    track: int | None = None  # the number of the sound track, from 0; None is the one that players take


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Edit counts of hypotheses against references. They add; rates are computed at the end and never averaged."""

    hits: int = 0
    substitutions: int = 0
    insertions: int = 0
    deletions: int = 0

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.insertions + other.insertions,
            self.deletions + other.deletions,
        )

    @property
    def errors(self) -> int:
        """Substitutions, insertions and deletions together."""
        return self.substitutions + self.insertions + self.deletions

    @property
    def reference_length(self) -> int:
        """Words (or characters) in the references."""
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float | None:
        """Errors per reference word; ``None`` without any reference word, where no rate exists."""
        return self.errors / self.reference_length if self.reference_length else None
