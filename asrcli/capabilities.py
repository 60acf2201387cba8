"""What some engines can do beside transcribing: each a small contract, found with `issubclass`.

An engine inherits from `asrcli.engine.Engine` and from those of these that are true of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from asrcli.engine import Engine, Plugin, Weights
    from asrcli.types import Options, Samples

# Of a question with the transcript it is about; language models of a few billion weights lose track of more.
PROMPT_CHARACTERS = 48_000


@dataclass(frozen=True, slots=True)
class StreamUpdate:
    """What a stream knows after more audio; times are seconds from the start of the stream."""

    settled: str = ""  # text that will not change any more, new with this update; all of them joined are the whole text
    tail: str = ""  # text after it that may still change; replaces the tail of the update before
    settled_until: float = 0.0  # how far the settled text reaches
    language: str | None = None  # code, once known
    flags: tuple[str, ...] = ()  # of `asrcli.types.Flag`


class Stream(ABC):
    """One utterance that is recognised while it is spoken. The caller starts a new one at a long pause."""

    @abstractmethod
    def accept(self, samples: Samples) -> StreamUpdate:
        """Take more audio, of any length, and return what is recognised now; nothing new gives the old tail again."""

    @abstractmethod
    def finish(self) -> StreamUpdate:
        """Settle everything; the stream takes no more audio."""


class Streams(ABC):
    """Recognises speech while it is spoken; for other engines the core compares successive hypotheses."""

    @abstractmethod
    def stream(self, options: Options) -> Stream:
        """Begin to recognise one utterance while it is spoken."""


class Answers(ABC):
    """Has a language model to put questions to; `supports` then has ``ask``."""

    @abstractmethod
    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Return what the language model answers to each prompt, without its thinking."""

    @property
    def prompt_characters(self) -> int:
        """How many characters of English a prompt may have; the default is about 12,000 tokens."""
        return PROMPT_CHARACTERS


class Backends(ABC):
    """Has more than one implementation to choose among with ``--backend``."""

    backends: ClassVar[tuple[str, ...]] = ()  # their names, the preferred one first
    backend: ClassVar[str] = ""  # which of them this class is

    @classmethod
    @abstractmethod
    def implementation(cls, backend: str | None) -> type[Engine]:
        """Return the class of a backend; ``None`` takes the preferred one that is installed."""


class ConvertsToSafetensors(ABC):
    """Has weights that are published as pickles, and can write them as safetensors."""

    @classmethod
    @abstractmethod
    def convert_to_safetensors(cls, weights: Weights, folder: str) -> None:
        """Write weights as safetensors into a folder, which then loads like them."""


class LoadsFiles:
    """Loads single files too, an archive for example; engines and aligners."""

    loads_files: ClassVar[tuple[str, ...]] = ()  # suffixes of files that may be named as the model: ".nemo"


class AnyModel:
    """Takes every model name unchecked, because it is not the core that can know them: a server has its own."""


class Concurrent:
    """`transcribe` may be called from several threads at once, as a client of a server may."""


class TellsFirst:
    """Tells while `transcribe` runs when the first token of a clip is written, for measuring."""

    on_first: Callable[[int], None] | None = None  # is called with the number of the clip among those of the call


def implementation(engine: type[Engine], backend: str | None) -> type[Engine]:
    """Return the class of a backend of an engine; the engine itself when it has only one implementation."""
    return engine.implementation(backend) if issubclass(engine, Backends) else engine


def backend_of(plugin: type[Plugin]) -> str:
    """Return which backend a class is; "" for a plugin with only one implementation."""
    return plugin.backend if issubclass(plugin, Backends) else ""


def file_suffixes(plugin: type[Plugin]) -> tuple[str, ...]:
    """Return the suffixes of single files that a plugin loads."""
    return plugin.loads_files if issubclass(plugin, LoadsFiles) else ()


def names_any_model(plugin: type[Any]) -> bool:
    """Return whether every model name is passed on to a plugin unchecked."""
    return issubclass(plugin, AnyModel)
