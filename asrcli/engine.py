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
from typing import TYPE_CHECKING, ClassVar

from asrcli.errors import EngineUnavailable, MissingExtra, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from asrcli.types import Clip, Options, Segment

GROUP = "asrcli.engines"

# The order of `--engine auto`: the first that is installed, speaks the language and has its weights on this machine.
# Accuracy first (Open ASR Leaderboard, English short form), PocketSphinx last because it is always there.
AUTO_ORDER = ("canary", "qwen3", "firered", "nemo", "transformers", "whisper", "pocketsphinx")


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


class Engine(ABC):
    """A speech recogniser. Subclasses set the class attributes and write ``__init__`` and `transcribe`.

    The class is also the engine's card: everything that can be known without weights stands in its attributes, which
    is all that ``asr engines`` and the checks before loading read.
    """

    name: ClassVar[str] = ""  # the name of the entry point
    requires: ClassVar[tuple[str, ...]] = ()  # modules that must be importable; checked without importing
    extra: ClassVar[str] = ""  # the extra of asrcli that brings them; "" for the base install
    models: ClassVar[Mapping[str, Model]] = {}  # short name -> declaration
    default_model: ClassVar[str] = ""  # a key of `models`
    loads_folders: ClassVar[bool] = True  # a local folder or foreign hub id may be named as the model
    any_model: ClassVar[bool] = False  # every model name is passed on unchecked: a server knows its own
    max_seconds: ClassVar[float] = math.inf  # the longest clip it hears correctly
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 30.0, "cuda": 480.0}  # audio per call, by device kind
    devices: ClassVar[tuple[str, ...]] = ("cpu",)  # device kinds it runs on, the preferred one first
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # device kind -> accepted dtypes; the first is
    # what "auto" means, and when a device runs out of memory the next ones that need less are tried in this order
    supports: ClassVar[frozenset[str]] = frozenset()  # names of `Options` fields it honours
    identifies_language: ClassVar[bool] = False  # `identify_language` works

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
                error is understood too (see `asrcli.device.is_out_of_memory`).
        """

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return for each clip the probability of each language code. Only when `identifies_language`."""
        raise UsageError(f"engine '{self.name}' cannot identify languages; give --language")

    @classmethod
    def clip_seconds(cls, options: Options) -> float:
        """Return how long the pipeline may make a clip under these options; `max_seconds` unless overridden."""
        return cls.max_seconds

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


@cache
def _entry_points() -> Mapping[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def installed() -> list[str]:
    """Return the names of all engines that installed packages declare, sorted; imports none of them."""
    return sorted(_entry_points())


def load_class(name: str) -> type[Engine]:
    """Import the class of one engine; its heavy libraries stay unimported.

    Raises:
        UsageError: no package declares the name.
        EngineUnavailable: the module that declares it does not import.
    """
    point = _entry_points().get(name)
    if point is None:
        from difflib import get_close_matches

        close = get_close_matches(name, installed(), n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"choose one of: {', '.join(installed())}"
        raise UsageError(f"unknown engine '{name}': {hint}")
    try:
        engine: type[Engine] = point.load()
    except ImportError as error:
        raise EngineUnavailable(f"engine '{name}' ({point.value}) does not import: {error}") from error
    return engine


def check_installed(engine: type[Engine]) -> None:
    """Raise `MissingExtra` with the pip command when a module that the engine needs is not installed."""
    if missing := engine.missing():
        raise MissingExtra(f"engine '{engine.name}'", missing, engine.extra or engine.name)


def check_options(engine: type[Engine], options: Options) -> None:
    """Raise `UsageError` for the first given option that the engine does not honour."""
    for name, value in options.given():
        if name == "language":
            continue  # checked against the languages of the model, by `check_language`
        if name not in engine.supports and not (name == "task" and value == "transcribe"):
            able = [other for other in installed() if name in load_class(other).supports and other != "fake"]
            hint = f"engines that do: {', '.join(able)}" if able else "leave it out"
            spelling = f"--task {value}" if name == "task" else f"--{name.replace('_', '-')}"
            raise UsageError(f"engine '{engine.name}' has no {spelling}; {hint}")


def check_language(engine: type[Engine], model: str, language: str | None) -> None:
    """Raise `UsageError` when the model does not speak the language asked for."""
    spoken = engine.languages(model)
    if language and spoken and language not in spoken:
        shown = ", ".join(spoken[:12]) + (", ..." if len(spoken) > 12 else "")
        raise UsageError(f"model '{model}' of engine '{engine.name}' does not speak '{language}', only: {shown}")
