"""An engine that is loaded when it is needed, and that goes down a ladder instead of dying when memory runs out."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from asrcli.engine import Device, Engine, Weights
from asrcli.engines import device as devices
from asrcli.errors import AsrError, DeviceError, EngineUnavailable, OutOfMemory
from asrcli.types import Clip, Options, Segment, Transcript

Announce = Callable[[str], None]
Heard = list[list[Segment] | Exception]  # for each clip its segments, or why it has none; `EngineUnavailable`: no more


@dataclass(frozen=True, slots=True)
class Choice:
    """Which engine to load, from where and onto what; nothing is loaded yet."""

    engine: type[Engine]
    weights: Weights
    device: Device


class Recogniser:
    """Owns one engine instance. Used by one thread."""

    def __init__(self, choice: Choice, options: Options, announce: Announce) -> None:
        self.choice = choice
        self.options = options
        self.announce = announce
        self.device = choice.device
        self.most_clips: int | None = None  # learnt when a batch did not fit
        self._ladder: Iterator[Device] = devices.ladder(choice.engine, choice.device)
        self._engine: Engine | None = None

    def load(self) -> Engine:
        """Return the engine, loading it first if need be; a device it does not fit on is left for the next one.

        Raises:
            AsrError: the weights cannot be loaded on any device.
        """
        while self._engine is None:
            try:
                self._engine = self.choice.engine(self.choice.weights, self.device)
            except Exception as error:
                if not devices.is_out_of_memory(error):
                    raise
                self._step_down(error)
        return self._engine

    def transcribe(self, clips: Sequence[Clip]) -> Heard:
        """Return what was heard in each clip. A failure is the failure of its clip alone.

        Raises:
            EngineUnavailable: the engine, a server, is gone, and has heard none of the clips.
            OutOfMemory: one clip alone does not fit on any device.
        """
        limit = self.most_clips or len(clips)
        if len(clips) > limit:
            return [one for at in range(0, len(clips), limit) for one in self.transcribe(clips[at : at + limit])]
        engine = self.load()  # weights that do not load end the run; they are no clip's fault
        try:
            heard = engine.transcribe(clips, self.options)
            if len(heard) != len(clips):
                raise RuntimeError(f"{self.choice.engine.name} returned {len(heard)} results for {len(clips)} clips")
            return list(heard)
        except Exception as error:
            if devices.is_out_of_memory(error):
                return self._retry_smaller(clips, error)
            if isinstance(error, DeviceError) or (isinstance(error, EngineUnavailable) and len(clips) == 1):
                raise  # no clip's fault: a device, or a server, that is gone
            if len(clips) == 1:
                return [error if isinstance(error, AsrError) else _unexpected(error)]
        return self._one_by_one(clips)

    def _one_by_one(self, clips: Sequence[Clip]) -> Heard:
        """Hear the clips of a batch that failed; what a server did before it went is not lost."""
        heard: Heard = []
        for clip in clips:
            try:
                heard += self.transcribe([clip])
            except EngineUnavailable as error:
                heard.append(error)
        gone = next((one for one in heard if isinstance(one, EngineUnavailable)), None)
        if gone and all(isinstance(one, Exception) for one in heard):
            raise gone
        return heard

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return the probability of each language for each clip, in smaller batches when memory is short."""
        engine = self.load()
        try:
            return engine.identify_language(clips)
        except Exception as error:
            if not devices.is_out_of_memory(error):
                raise
            if len(clips) == 1:
                self._step_down(error)
        return [guess for clip in clips for guess in self.identify_language([clip])]

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Return what the engine's language model answers to each prompt, one by one when memory is short."""
        engine = self.load()
        try:
            return engine.generate(prompts, max_new_tokens)
        except Exception as error:
            if not devices.is_out_of_memory(error):
                raise
            if len(prompts) == 1:
                self._step_down(error)
        return [answer for prompt in prompts for answer in self.generate([prompt], max_new_tokens)]

    def answer(self, transcript: Transcript, questions: Sequence[str]) -> Transcript:
        """Return the transcript with answers to questions about it."""
        from asrcli.ask.questions import ask

        answers = ask(transcript, questions, self.generate, self.load().prompt_characters)
        return replace(transcript, answers=answers)

    def _retry_smaller(self, clips: Sequence[Clip], error: Exception) -> Heard:
        if len(clips) > 1:
            self.most_clips = max(1, len(clips) // 2)
            self.announce(f"out of memory on {self.device} with {len(clips)} clips: going on with {self.most_clips}")
        else:
            self._step_down(error)
        return self.transcribe(clips)

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
        self._engine, self.device, self.most_clips = None, following, None


def _unexpected(error: Exception) -> Exception:
    """Keep the traceback of a bug with the error, so that it can be shown where the input is reported."""
    error.add_note("".join(traceback.format_exception(error)))
    return error


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
