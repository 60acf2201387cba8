"""An engine in another process, of this machine or elsewhere, as this one calls it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from asrcli.capabilities import Answers
from asrcli.engine import Device, Engine
from asrcli.engines.foreign import interpreter_of
from asrcli.engines.recogniser import Announce, Choice
from asrcli.errors import UsageError
from asrcli.transport.child import Child
from asrcli.types import Clip, Options, Segment
from asrcli.workers import messages as say
from asrcli.workers.wanted import Limits

if TYPE_CHECKING:
    from asrcli.workers.ray_cluster import RayProcess

    Process: TypeAlias = Child | RayProcess  # that an engine is in, on this machine or elsewhere

MODULE = "asrcli.workers"
PATIENCE = 20.0  # times as long as the slowest call so far, for each second of audio
ONE_GPU = "CUDA_VISIBLE_DEVICES"

Launch = Callable[[Choice, Device, Announce], "Process"]


class Remote(Engine):
    """A loaded engine in a process of its own. Every call ends in time: with the process, if need be."""

    def __init__(self, choice: Choice, device: Device, limits: Limits, process: Process) -> None:
        """Take over a process that has been started; `load` loads the weights."""
        self._choice, self._device, self._limits = choice, device, limits
        self._slowest = 0.0  # seconds for each second of audio
        self.memory = self.memory_at_first = 0  # bytes that the process held after its last call, and when it was ready
        self.characters = 0
        self.child = process

    def load(self) -> None:
        """Let the process load the weights.

        Raises:
            AsrError: they cannot be loaded.
            Died: the process has died, or takes too long.
        """
        until = time.monotonic() + self._limits.load
        self.child.greet(self._limits.load)
        verbose = logging.getLogger("asrcli").isEnabledFor(logging.DEBUG)
        device = replace(self._device, index=0) if self._device.kind == "cuda" else self._device
        self.child.send(say.Start(spelled(self._choice.engine), self._choice.weights, device, verbose))
        ready: say.Ready = self.child.receive((say.Ready,), max(0.0, until - time.monotonic()))
        self.memory = self.memory_at_first = ready.memory
        self.characters = ready.prompt_characters

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return the segments of each clip."""
        found: say.Transcribed = self._call(say.Transcribe(tuple(clips), options), clips, say.Transcribed)
        self.memory = found.memory
        return [list(segments) for segments in found.segments]

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return for each clip the probability of each language."""
        found: say.Identified = self._call(say.Identify(tuple(clips)), clips, say.Identified)
        return list(found.guesses)

    def _call(self, request: say.Request, clips: Sequence[Clip], answer: type) -> Any:
        """Ask and wait as long as that may take."""
        seconds = sum(clip.seconds for clip in clips)
        rate = PATIENCE * self._slowest if self._slowest and self._limits.first_call else self._limits.first_call
        begun = time.monotonic()
        limit = self._limits.call + rate * seconds
        self.child.send(request, limit)
        found = self.child.receive((answer,), limit)
        if seconds:
            self._slowest = max(self._slowest, (time.monotonic() - begun) / seconds)
        return found


class RemoteAnswering(Remote, Answers):
    """The same for an engine with a language model."""

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Return what the language model answers to each prompt."""
        found: say.Generated = self._call(say.Generate(tuple(prompts), max_new_tokens), (), say.Generated)
        return list(found.answers)

    @property
    def prompt_characters(self) -> int:
        """How many characters of English a prompt may have."""
        return self.characters


def launch_here(choice: Choice, device: Device, announce: Announce) -> Child:
    """Start the process of an engine on this machine."""
    interpreter, variables = interpreter_of(choice.engine)
    return Child(MODULE, announce, {**environment(device), **variables}, interpreter, choice.engine.keys)


def remote(choice: Choice, device: Device, limits: Limits, process: Process) -> Remote:
    """Return an engine in a process that has been started; nothing is loaded yet."""
    kind = RemoteAnswering if issubclass(choice.engine, Answers) else Remote
    return kind(choice, device, limits, process)


def spelled(engine: type[Engine]) -> str:
    """Return a class as ``module:Name``; raise `UsageError` where another process cannot import it."""
    if engine.__module__ == "__main__" or "<locals>" in engine.__qualname__:
        raise UsageError(f"engine '{engine.name}' cannot be imported by a worker: define it in a module of its own")
    return f"{engine.__module__}:{engine.__qualname__}"


def environment(device: Device) -> Mapping[str, str]:
    """Return the variables of a worker: it sees one GPU only, so that no library can take memory of another one."""
    if device.kind != "cuda":
        return {}
    visible = [one.strip() for one in os.environ.get(ONE_GPU, "").split(",") if one.strip()]
    return {ONE_GPU: visible[device.index] if device.index < len(visible) else str(device.index)}
