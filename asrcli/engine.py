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
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, ClassVar, TypeVar

from asrcli.base.hints import hint
from asrcli.base.import_guard import guard_imports
from asrcli.errors import EngineUnavailable, MissingExtra, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from asrcli.environments.store import Environment
    from asrcli.types import Clip, Options, Segment

GROUP = "asrcli.engines"

LAST_RESORT = 20  # the rank of a plugin that declares none; with one below it, ``auto`` says what would be better

# What is fetched beside the weights when a model declares no files: configurations and vocabularies.
SIDE_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "vocabulary.*")


@dataclass(frozen=True, slots=True)
class Borrowed:
    """Small files of another repository without which a model does not load, kept beside its weights."""

    hub_id: str
    revision: str | None
    files: Mapping[str, str]  # file there -> file beside the weights


@dataclass(frozen=True, slots=True)
class Packaged:
    """Weights that installed packages carry as data, whole or in parts; the packages are never imported."""

    folders: Mapping[str, str]  # distribution -> its folder of weights, from where packages are installed
    sha256: Mapping[str, str]  # file as the engine wants it -> of its contents, in hexadecimal
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # file -> its parts in order, if not whole
    revision: str | None = None  # the hub commit that has the same bytes; None when nobody has compared
    extra: str = ""  # the extra of asrcli that brings them
    install: str = ""  # the command that brings them, where no extra can


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
    folder: str = ""  # where in the repository it is; "" is the root
    packaged: Packaged | None = None  # where the same weights are had without a download
    fast: int = 0  # `--fast` takes the highest of what is here; 0: never


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


class Plugin(ABC):  # noqa: B024 -- what is abstract differs between engines and aligners
    """What engines, aligners and companions have in common: a card of class attributes, readable without weights.

    What the core does with a plugin follows from its card alone; it knows none by name.
    """

    group: ClassVar[str] = ""  # of entry points
    role: ClassVar[str] = "plugin"  # what messages call it
    name: ClassVar[str] = ""  # the name of the entry point
    requires: ClassVar[tuple[str, ...]] = ()  # modules that must be importable; checked without importing
    extra: ClassVar[str] = ""  # the extra of its own distribution that brings them; "" when that does so itself
    install: ClassVar[str] = ""  # what else to write after `pip install` to get them
    rank: ClassVar[int] = LAST_RESORT  # of what can be used, ``auto`` takes the highest; 0: only when it is named
    models: ClassVar[Mapping[str, Model]] = {}  # short name -> declaration
    default_model: ClassVar[str] = ""  # a key of `models`
    better_model: ClassVar[str] = ""  # another, to suggest where better results are wanted than there are now
    speaks: ClassVar[tuple[str, ...]] = ()  # codes that models have which it does not declare; () means any
    dialects: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # code -> dialects that its models were made for
    loads_folders: ClassVar[bool] = True  # a local folder or foreign hub id may be named as the model
    weight_files: ClassVar[tuple[str, ...]] = ("*.safetensors",)  # patterns of weights; * stands for folders too
    side_files: ClassVar[tuple[str, ...]] = SIDE_FILES  # patterns of what a foreign hub id is asked for beside them
    devices: ClassVar[tuple[str, ...]] = ("cpu",)  # device kinds it runs on, the preferred one first
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # device kind -> accepted dtypes; the first is
    # what "auto" means, and when a device runs out of memory the next ones that need less are tried in this order

    @classmethod
    def short_name(cls, model: str) -> str:
        """Return the name in `models` that a model has there by its hub id; any other as it is."""
        if model in cls.models:
            return model
        own = (name for name, one in cls.models.items() if one.hub_id and one.hub_id.lower() == model.lower())
        return next(own, model)

    @classmethod
    def languages(cls, model: str) -> tuple[str, ...]:
        """Return the codes that a model speaks, by name, hub id or folder; () for any, or when unknown."""
        declared = cls.models.get(cls.short_name(model))
        return declared.languages if declared else cls.speaks

    @classmethod
    def preferred_models(cls) -> list[str]:
        """Return the names of `models` in the order in which ``auto`` tries them: the default one first."""
        return sorted(cls.models, key=lambda name: name != cls.default_model)

    @classmethod
    def count_devices(cls, kind: str) -> int | None:
        """Return how many devices of a kind its library can use; None: as many as the libraries in `requires` say."""
        return None

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the modules of `requires` that are not installed, without importing any of them."""
        from importlib.util import find_spec

        return tuple(module for module in cls.requires if find_spec(module.split(".")[0]) is None)

    @classmethod
    def install_command(cls) -> str:
        """Return the command that installs what it requires: of its own distribution, unless `install` says else."""
        if cls.install:
            return f"pip install {cls.install}"
        point = declared(cls.group).get(cls.name) if cls.group else None
        distribution = point.dist.name if point is not None and point.dist is not None else "asrcli"
        return f"pip install '{distribution}[{cls.extra}]'" if cls.extra else f"pip install {distribution}"


P = TypeVar("P", bound=Plugin)


class Engine(Plugin):
    """A speech recogniser.

    Eight members make one: `name`, `requires`, `models`, `default_model`, `max_seconds` and `supports` are its card,
    ``__init__`` loads, `transcribe` recognises. The card is true without weights, and all that ``asr engines`` and the
    checks before loading read. The other members have defaults that hold for most engines; what few engines can do
    stands in `asrcli.capabilities`.
    """

    group: ClassVar[str] = GROUP
    role: ClassVar[str] = "engine"
    max_seconds: ClassVar[float] = math.inf  # the longest clip it recognises correctly
    supports: ClassVar[frozenset[str]] = frozenset()  # names of `Options` fields it honours

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

    # Below: what has a default.

    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 30.0, "cuda": 480.0}  # audio per call, by device kind
    longest_pause: ClassVar[float] = 2.0  # seconds; a longer silence ends a clip; with 0 each region of speech is one
    # dB: regions of speech that are farther apart in level are clips of their own, and so are those in loud noise.
    level_range: ClassVar[float | None] = None
    clip_pad: ClassVar[float] = 0.2  # seconds of sound kept around a clip, and at most half of the pause beside it
    # Silence and noise give no text, where nobody looked for speech first, either. Of any other engine, what it writes
    # where voice activity is off and finds no speech is flagged.
    rejects_noise: ClassVar[bool] = False
    own_options: ClassVar[Mapping[str, EngineOption]] = {}  # what no other engine has, by name with underscores
    identifies_language: ClassVar[bool] = False  # `identify_language` works
    keys: ClassVar[tuple[str, ...]] = ()  # environment variables with keys that it reads: no other process gets them
    # Language -> the aligner whose word times are nearer the truth than its own there, as measured in its page.
    better_timed_by: ClassVar[Mapping[str, str]] = {}

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return for each clip the probability of each language code. Only when `identifies_language`."""
        raise UsageError(f"engine '{self.name}' cannot identify languages; give --language")

    @classmethod
    def environment(cls) -> Environment | None:
        """Return the environment of its own that ``asr engines install`` has made for it; it is used from there."""
        from asrcli.environments.store import environment_of

        return environment_of(cls.name, getattr(cls, "backend", ""))

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the modules of `requires` that are not installed, neither here nor in an environment of its own."""
        return () if cls.environment() else super().missing()

    @classmethod
    def preferred_models(cls) -> list[str]:
        """Return the names of `models`, the largest first: it recognises best."""
        return sorted(cls.models, key=lambda name: -(cls.models[name].parameters or 0))

    @classmethod
    def for_weights(cls, weights: Weights) -> type[Engine]:
        """Return the class whose card is true of these weights, before they are loaded; this one unless overridden.

        For an engine whose models differ in what they support or in how long a clip may be.
        """
        return cls

    @classmethod
    def clip_seconds(cls, options: Options) -> float:
        """Return how long the pipeline may make a clip under these options; `max_seconds` unless overridden."""
        return cls.max_seconds

    @classmethod
    def batch_length(cls, device: Device) -> float:
        """Return how many seconds of audio it likes in one call on a device; `batch_seconds` unless overridden."""
        return cls.batch_seconds.get(device.kind, 30.0)

    @classmethod
    def check(cls, options: Options) -> None:
        """Raise `UsageError` for options that do not go together; called before weights load."""

    @classmethod
    def beams(cls, options: Options) -> int:
        """Return how many hypotheses its search keeps under these options; for engines that honour ``n_best``."""
        return options.beam_size or 1


def declared(group: str) -> Mapping[str, EntryPoint]:
    """Return the entry points of a group by name; imports none of them.

    An engine that is installed in an environment of its own alone is made by `asrcli.engines.foreign` from its card.
    """
    if group != GROUP:
        return declared_here(group)
    from importlib.metadata import EntryPoint

    from asrcli.environments.store import foreign

    elsewhere = {name: EntryPoint(name, f"asrcli.engines.foreign:{name}", group) for name in foreign()}
    return {**elsewhere, **declared_here(group)}


@cache
def declared_here(group: str) -> Mapping[str, EntryPoint]:
    """Return the entry points of a group in packages that are installed here."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=group)}


def installed(kind: type[Plugin] = Engine) -> list[str]:
    """Return the names of all plugins of a kind that installed packages declare, sorted; imports none of them."""
    return sorted(declared(kind.group))


def load_class(name: str) -> type[Engine]:
    """Import the class of one engine. Raises as `load_plugin`."""
    return load_plugin(Engine, name)


def load_plugin(kind: type[P], name: str) -> type[P]:
    """Import the class behind an entry point; its heavy libraries stay unimported.

    Raises:
        UsageError: no package declares the name.
        EngineUnavailable: the module that declares it does not import.
    """
    known = declared(kind.group)
    if name not in known:
        raise UsageError(f"unknown {kind.role} '{name}': {hint(name, sorted(known))}")
    guard_imports()  # before what a plugin loads
    try:
        found: type[P] = known[name].load()
    except ImportError as error:
        raise EngineUnavailable(f"{kind.role} '{name}' ({known[name].value}) does not import: {error}") from error
    return found


def check_installed(plugin: type[Plugin]) -> None:
    """Raise `MissingExtra` with the pip command when a module that the plugin needs is not installed."""
    if missing := plugin.missing():
        raise MissingExtra(f"{plugin.role} '{plugin.name}'", missing, command=plugin.install_command())
