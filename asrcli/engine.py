"""The engine contract, and how engines are found.

An engine is a class behind an entry point of the group ``asrcli.engines``. Listing engines reads package metadata and
imports none of them; the class of one engine is imported by `load_class`, and its heavy libraries only in
``__init__``, which loads the weights. The core cuts, batches, times, retries, stitches and writes: an engine gets clips
and returns segments.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from asrcli.base.torchaudio_guard import guard_torchaudio
from asrcli.errors import EngineUnavailable, MissingExtra, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from asrcli.types import Clip, Options, Samples, Segment

GROUP = "asrcli.engines"

# The order of `--engine auto`: the first that is installed, speaks the language and has its weights on this machine.
# Accuracy first (Open ASR Leaderboard, English short form), PocketSphinx last because it is always there.
AUTO_ORDER = ("canary", "qwen3", "firered", "nemo", "transformers", "whisper", "pocketsphinx")


# Of a question with the transcript it is about; language models of a few billion weights lose track of more.
PROMPT_CHARACTERS = 48_000


@dataclass(frozen=True, slots=True)
class Borrowed:
    """Small files of another repository without which a model does not load, kept beside its weights."""

    hub_id: str
    revision: str | None
    files: Mapping[str, str]  # file there -> file beside the weights


@dataclass(frozen=True, slots=True)
class Model:
    """One set of weights that an engine can load, as the engine declares it."""

    hub_id: str | None  # owner/name on the Hugging Face hub; None when the weights come inside a package
    revision: str | None = None  # the commit that is pinned; None takes the newest
    parameters: int | None = None  # count
    size_mb: int | None = None  # download, megabytes
    languages: tuple[str, ...] = ()  # ISO codes; () means any
    licence: str = "unknown"  # SPDX identifier
    layout: str = ""  # which loader of the engine reads it
    files: tuple[str, ...] = ()  # glob patterns to download; () is everything the safe loader can open
    borrowed: tuple[Borrowed, ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights that are on this machine, ready to load."""

    name: str  # what the user called it: short name, hub id or folder
    path: str | None  # folder; None when the weights come inside a package
    revision: str | None = None  # hub commit, or a hash of the local files
    model: Model | None = None  # the declaration it came from; None for a folder or a foreign hub id


@dataclass(frozen=True, slots=True)
class Device:
    """Where and in what precision to compute."""

    kind: str = "cpu"  # "cpu", "cuda", "mps"
    index: int = 0
    dtype: str = "auto"  # "auto", or a name the engine lists in `dtypes`
    threads: int = 0  # CPU threads; 0 leaves it to the library

    def __str__(self) -> str:
        return f"{self.kind}:{self.index}" if self.kind == "cuda" else self.kind


@dataclass(frozen=True, slots=True)
class EngineOption:
    """A number that one engine alone takes, given as ``--engine-option NAME=VALUE``."""

    default: float
    least: float
    most: float
    help: str  # what it does, in a few words


@dataclass(frozen=True, slots=True)
class StreamUpdate:
    """What a stream knows after more audio; times are seconds from the start of the stream."""

    settled: str = ""  # text that will not change any more, new with this update; all of them joined are the whole text
    tail: str = ""  # text after it that may still change; replaces the tail of the update before
    settled_until: float = 0.0  # how far the settled text reaches
    language: str | None = None  # code, once known
    flags: tuple[str, ...] = ()  # of `asrcli.types.Flag`


class Stream(ABC):
    """One utterance that is heard while it is spoken. The caller starts a new one at a long pause."""

    @abstractmethod
    def accept(self, samples: Samples) -> StreamUpdate:
        """Take more audio, of any length, and return what is heard now; nothing new gives the old tail again."""

    @abstractmethod
    def finish(self) -> StreamUpdate:
        """Settle everything; the stream takes no more audio."""


class Plugin(ABC):  # noqa: B024 -- what is abstract differs between engines and aligners
    """What engines and aligners have in common: a card of class attributes, readable without weights."""

    role: ClassVar[str] = "plugin"  # what messages call it
    name: ClassVar[str] = ""  # the name of the entry point
    requires: ClassVar[tuple[str, ...]] = ()  # modules that must be importable; checked without importing
    extra: ClassVar[str] = ""  # the extra of asrcli that brings them; "" for the base install
    models: ClassVar[Mapping[str, Model]] = {}  # short name -> declaration
    default_model: ClassVar[str] = ""  # a key of `models`
    loads_folders: ClassVar[bool] = True  # a local folder or foreign hub id may be named as the model
    loads_files: ClassVar[tuple[str, ...]] = ()  # suffixes of single files that may be named as the model: ".nemo"
    any_model: ClassVar[bool] = False  # every model name is passed on unchecked: a server knows its own
    devices: ClassVar[tuple[str, ...]] = ("cpu",)  # device kinds it runs on, the preferred one first
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # device kind -> accepted dtypes; the first is
    # what "auto" means, and when a device runs out of memory the next ones that need less are tried in this order

    @classmethod
    def languages(cls, model: str) -> tuple[str, ...]:
        """Return the codes that a model of `models` speaks; () when it speaks any or nobody knows."""
        declared = cls.models.get(model)
        return declared.languages if declared else ()

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the modules of `requires` that are not installed, without importing any of them."""
        from importlib.util import find_spec

        return tuple(module for module in cls.requires if find_spec(module.split(".")[0]) is None)


class Engine(Plugin):
    """A speech recogniser. Subclasses set the class attributes and write ``__init__`` and `transcribe`.

    The class is also the engine's card: everything that can be known without weights stands in its attributes, which
    is all that ``asr engines`` and the checks before loading read.
    """

    role: ClassVar[str] = "engine"
    max_seconds: ClassVar[float] = math.inf  # the longest clip it hears correctly
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 30.0, "cuda": 480.0}  # audio per call, by device kind
    supports: ClassVar[frozenset[str]] = frozenset()  # names of `Options` fields it honours
    own_options: ClassVar[Mapping[str, EngineOption]] = {}  # what no other engine has, by name with underscores
    identifies_language: ClassVar[bool] = False  # `identify_language` works
    streams: ClassVar[bool] = False  # `stream` works; for others the core hears successive hypotheses and compares them
    answers: ClassVar[bool] = False  # `generate` works: it has a language model to put questions to
    concurrent: ClassVar[bool] = False  # `transcribe` may be called from several threads at once: a server's client
    backends: ClassVar[tuple[str, ...]] = ()  # implementations to choose among with --backend, the preferred one first
    backend: ClassVar[str] = ""  # which of `backends` this class is

    @abstractmethod
    def __init__(self, weights: Weights, device: Device) -> None:
        """Load the weights.

        Raises:
            ModelError: the weights are incomplete, damaged or unsafe.
            DeviceError: the device or dtype cannot be used; OutOfMemory when the weights do not fit.
        """

    @abstractmethod
    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return the segments of each clip, in the order of the clips.

        Times count from the start of each clip, are within it and do not go back. A clip without speech gives [].
        The result for a clip must not depend on the clips beside it. Results cut short carry ``Flag.TRUNCATED``.

        Raises:
            OutOfMemory: the batch did not fit; the caller tries again with less. Any library's own out-of-memory
                error is understood too (see `asrcli.engines.device.is_out_of_memory`).
        """

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return for each clip the probability of each language code. Only when `identifies_language`."""
        raise UsageError(f"engine '{self.name}' cannot identify languages; give --language")

    def stream(self, options: Options) -> Stream:
        """Begin to hear one utterance while it is spoken. Only when `streams`."""
        raise UsageError(f"engine '{self.name}' has no streaming of its own")

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Return what the language model answers to each prompt, without its thinking. Only when `answers`."""
        raise UsageError(f"engine '{self.name}' has no language model to ask; engines that do: canary")

    @property
    def prompt_characters(self) -> int:
        """How many characters of English a prompt may have; the default is about 12,000 tokens."""
        return PROMPT_CHARACTERS

    @classmethod
    def for_weights(cls, weights: Weights, backend: str | None = None) -> type[Engine]:
        """Return the class whose card is true of these weights, before they are loaded; this one unless overridden.

        For an engine whose models differ in what they support or in how long a clip may be, or that has more than one
        implementation (``backend``, one of `backends`; ``None`` takes the preferred one that is installed).
        """
        return cls

    @classmethod
    def convert_to_safetensors(cls, weights: Weights, folder: str) -> None:
        """Write weights that are published as pickles as safetensors into a folder, which then loads like them."""
        raise UsageError(f"engine '{cls.name}' has no pickles to convert: leave --safetensors out")

    @classmethod
    def clip_seconds(cls, options: Options) -> float:
        """Return how long the pipeline may make a clip under these options; `max_seconds` unless overridden."""
        return cls.max_seconds

    @classmethod
    def check(cls, options: Options) -> None:
        """Raise `UsageError` for options that do not go together; called before weights load."""

    @classmethod
    def beams(cls, options: Options) -> int:
        """Return how many hypotheses its search keeps under these options; for engines that honour ``n_best``."""
        return options.beam_size or 1


@cache
def declared(group: str) -> Mapping[str, EntryPoint]:
    """Return the entry points of a group by name; imports none of them."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=group)}


def installed() -> list[str]:
    """Return the names of all engines that installed packages declare, sorted; imports none of them."""
    return sorted(declared(GROUP))


def load_class(name: str) -> type[Engine]:
    """Import the class of one engine; its heavy libraries stay unimported.

    Raises:
        UsageError: no package declares the name.
        EngineUnavailable: the module that declares it does not import.
    """
    engine: type[Engine] = load_plugin(GROUP, "engine", name)
    return engine


def load_plugin(group: str, kind: str, name: str) -> Any:
    """Import the class behind an entry point.

    Raises:
        UsageError: no package declares the name.
        EngineUnavailable: the module that declares it does not import.
    """
    known = declared(group)
    if name not in known:
        from difflib import get_close_matches

        close = get_close_matches(name, known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"choose one of: {', '.join(sorted(known))}"
        raise UsageError(f"unknown {kind} '{name}': {hint}")
    guard_torchaudio()  # what a plugin loads may import torchaudio
    try:
        return known[name].load()
    except ImportError as error:
        raise EngineUnavailable(f"{kind} '{name}' ({known[name].value}) does not import: {error}") from error


def check_installed(plugin: type[Plugin]) -> None:
    """Raise `MissingExtra` with the pip command when a module that the plugin needs is not installed."""
    if missing := plugin.missing():
        raise MissingExtra(f"{plugin.role} '{plugin.name}'", missing, plugin.extra or plugin.name)
