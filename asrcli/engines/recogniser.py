"""What a run recognises with, and the one that owns an engine in this process.

An engine that runs out of memory goes down a ladder, smaller batches, precisions and devices, instead of dying.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeVar

from asrcli.base.blas import pin_threads
from asrcli.base.files import brief
from asrcli.capabilities import PROMPT_CHARACTERS, Answers, Concurrent
from asrcli.engine import Device, Engine, Weights
from asrcli.engines import device as devices
from asrcli.engines.device import is_out_of_memory
from asrcli.errors import AsrError, DeviceError, EngineUnavailable, ModelError, OutOfMemory, UsageError
from asrcli.types import Clip, Options, Segment

Announce = Callable[[str], None]
Asked = TypeVar("Asked")
Given = TypeVar("Given")
# For each clip its segments, or why it has none; `EngineUnavailable`: the engine is gone, and no further clip is
# recognised.
Results = list[list[Segment] | Exception]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which engine to load, from where and onto what; nothing is loaded yet."""

    engine: type[Engine]
    weights: Weights
    device: Device


class Recogniser(Protocol):
    """Something that recognises: an engine in this process, loaded or not yet, or in another one.

    A run takes its announcements where nobody else does.
    """

    announce: Announce  # gets one sentence for each fallback
    lanes: int  # threads of a run that call it: with two, its next batch is ready when it has recognised one

    @property
    def choice(self) -> Choice:
        """Which engine, weights and device these are."""

    def load(self) -> object:
        """Load the weights unless they are loaded; raise `AsrError` where they cannot be loaded on any device."""

    def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
        """Return what was recognised in each clip. A failure is the failure of its clip alone.

        Raises:
            EngineUnavailable: the engine, a server, is gone, and has recognised none of the clips.
            OutOfMemory: one clip alone does not fit on any device.
        """

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return the probability of each language for each clip."""

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Return what the engine's language model answers to each prompt."""

    @property
    def prompt_characters(self) -> int:
        """The longest prompt that `generate` takes."""

    def close(self) -> None:
        """Let go of the weights; the next call loads them again."""


def silently(text: str) -> None:
    """Announce nothing: whoever uses the recogniser may listen."""


class LocalRecogniser:
    """An engine in this process, loaded when it is needed and kept. Several threads may call it.

    Args:
        announce: gets one sentence for each step down the ladder.
        engine: the engine, when it is loaded already.
    """

    lanes = 1  # its calls take the time of this process

    def __init__(self, choice: Choice, announce: Announce = silently, engine: Engine | None = None) -> None:
        self.choice = choice
        self.busy = 0.0  # seconds that the engine has computed
        self.announce = announce
        self.device = choice.device
        self.most_clips: int | None = None  # learnt when a batch did not fit
        self._ladder: Iterator[Device] = devices.ladder(choice.engine, choice.device)
        self._engine = engine
        self._loading = threading.RLock()
        self._calling: AbstractContextManager[object] = (
            nullcontext() if issubclass(choice.engine, Concurrent) else self._loading
        )

    def load(self) -> Engine:
        """Return the engine, loading it first if need be; a device it does not fit on is left for the next one.

        Raises:
            AsrError: the weights cannot be loaded on any device.
        """
        with self._loading:
            while self._engine is None:
                self._engine = self._loaded()
            return self._engine

    def _loaded(self) -> Engine | None:
        """Return the engine on the device that is in use now; of one that it does not fit on, step down."""
        try:
            with opening(self.choice.weights):
                return self._open()
        except Exception as error:
            if not devices.is_out_of_memory(error):
                raise
            self._step_down(error)
            return None

    def _open(self) -> Engine:
        """Load the weights on the device that is in use now."""
        if (home := self.choice.engine.environment()) is not None and not home.ours:
            raise EngineUnavailable(
                f"engine '{self.choice.engine.name}' is in an environment of its own, which this cannot use "
                f"({home.folder}): {self.choice.engine.install_command()}"
            )
        pin_threads()
        return self.choice.engine(self.choice.weights, self.device)

    def _let_go(self) -> None:
        self._engine = None

    def close(self) -> None:
        """Let go of the weights; the next call loads them again."""
        with self._loading:
            self._let_go()

    def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
        """Return what was recognised in each clip. A failure is the failure of its clip alone.

        Raises:
            EngineUnavailable: the engine, a server, is gone, and has recognised none of the clips.
            OutOfMemory: one clip alone does not fit on any device.
        """
        with self._calling:
            limit = self.most_clips or len(clips)
            if len(clips) > limit:
                parts = (clips[at : at + limit] for at in range(0, len(clips), limit))
                return [one for part in parts for one in self.transcribe(part, options)]
            engine = self.load()  # weights that do not load end the run; they are no clip's fault
            try:
                with self._timed():
                    found = engine.transcribe(clips, options)
                if len(found) != len(clips):
                    raise RuntimeError(
                        f"{self.choice.engine.name} returned {len(found)} results for {len(clips)} clips"
                    )
                return list(found)
            except Exception as error:
                results = self._after_failure(error, clips, options)
            return self.transcribe(clips, options) if results is None else results

    def _after_failure(self, error: Exception, clips: Sequence[Clip], options: Options) -> Results | None:
        """Return the results of a batch that failed; ``None`` to recognise it again, with less at once or elsewhere."""
        if devices.is_out_of_memory(error):
            self._shrink(len(clips), error)
            return None
        if isinstance(error, DeviceError) or (isinstance(error, EngineUnavailable) and len(clips) == 1):
            raise error  # no clip's fault: a device, or a server, that is gone
        return [error] if len(clips) == 1 else self._one_by_one(clips, options)

    def _one_by_one(self, clips: Sequence[Clip], options: Options) -> Results:
        """Recognise the clips of a batch that failed; what a server did before it went is not lost."""
        results: Results = []
        for clip in clips:
            try:
                results += self.transcribe([clip], options)
            except EngineUnavailable as error:
                results.append(error)
        gone = next((one for one in results if isinstance(one, EngineUnavailable)), None)
        if gone and all(isinstance(one, Exception) for one in results):
            raise gone
        return results

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return the probability of each language for each clip, one by one when memory is short."""

        def identify(engine: Engine, some: Sequence[Clip]) -> list[dict[str, float]]:
            """Ask the engine, and count the time that it takes."""
            with self._timed():
                return engine.identify_language(some)

        return self._with_less(identify, clips)

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Return what the engine's language model answers to each prompt, one by one when memory is short."""

        def answer(engine: Engine, some: Sequence[str]) -> list[str]:
            """Ask the language model of the engine."""
            if not isinstance(engine, Answers):
                raise UsageError(f"engine '{engine.name}' has no language model to ask")
            return engine.generate(some, max_new_tokens)

        return self._with_less(answer, prompts)

    def _with_less(self, ask: Callable[[Engine, Sequence[Asked]], list[Given]], items: Sequence[Asked]) -> list[Given]:
        """Ask an engine for something of each item: of all at once, one by one when memory is short, or elsewhere."""
        with self._calling:
            engine = self.load()
            try:
                return ask(engine, items)
            except Exception as error:
                if not devices.is_out_of_memory(error):
                    raise
                if len(items) == 1:
                    self._step_down(error)
            return [given for item in items for given in self._with_less(ask, [item])]

    @property
    def prompt_characters(self) -> int:
        """The longest prompt that `generate` takes."""
        engine = self.load()
        return engine.prompt_characters if isinstance(engine, Answers) else PROMPT_CHARACTERS

    @contextmanager
    def _timed(self) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.busy += time.perf_counter() - begun

    def _shrink(self, clips: int, error: Exception) -> None:
        """Take fewer clips at once from now on, or the next device when a single one did not fit."""
        if clips == 1:
            self._step_down(error)
            return
        self.most_clips = max(1, clips // 2)
        self.announce(f"out of memory on {self.device} with {clips} clips: going on with {self.most_clips}")

    def _step_down(self, error: Exception) -> None:
        """Let go of the engine and move to the next device or precision of the ladder."""
        following = next(self._ladder, None)
        if following is None:
            raise OutOfMemory(
                f"out of memory on {self.device} ({self.device.dtype}) even with one clip, "
                "and nothing smaller is left: choose a smaller --model"
            ) from error
        self.announce(
            f"out of memory on {self.device} ({self.device.dtype}): going on with {following} ({following.dtype})"
        )
        self._let_go()
        self.device, self.most_clips = following, None


def vote(
    guesses: Sequence[Mapping[str, float]], weights: Iterable[float], among: Sequence[str] = ()
) -> tuple[str, float]:
    """Return the language with the greatest mean probability, and that probability.

    Args:
        guesses: probability of each language code, for each clip.
        weights: seconds of each clip; a longer one counts more.
        among: the codes to choose from; () is any.
    """
    totals: dict[str, float] = {}
    weight = 0.0
    for guess, seconds in zip(guesses, weights, strict=False):
        weight += seconds
        for code, probability in guess.items():
            if not among or code in among:
                totals[code] = totals.get(code, 0.0) + probability * seconds
    if not totals:
        return among[0] if among else "en", 0.0
    best = max(sorted(totals), key=lambda code: totals[code])
    return best, round(totals[best] / weight, 4) if weight else 0.0


@contextmanager
def opening(weights: Weights) -> Iterator[None]:
    """Turn what opening the weights of a stranger raises into a `ModelError`; its traceback is said with ``-v``.

    Weights that an engine declares are not a stranger's: an error there is a bug, and keeps its traceback. So does a
    package that does not import. What says that memory was short is the caller's, who may take another device.
    """
    try:
        yield
    except (AsrError, ImportError):
        raise
    except Exception as error:
        if weights.model is not None or is_out_of_memory(error):
            raise
        _log.debug("'%s' cannot be loaded", weights.path or weights.name, exc_info=True)
        raise ModelError(
            f"'{weights.path or weights.name}' cannot be loaded ({type(error).__name__}: {brief(error)}); -v says where"
        ) from error
