"""Qwen3-ASR (recogniser, with streaming) and Qwen3-ForcedAligner, in both published layouts of their weights.

The networks are our own, so that windows are encoded in batches, the cache can be kept between the pieces of a stream
and a decode step can be a CUDA graph; the classes of transformers and the official package are what the tests compare
them with (``docs/qwen3.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import exp
from typing import TYPE_CHECKING, ClassVar

from asr_plugins.qwen3.answers import MARK, Answer, is_echo, letters, parse
from asr_plugins.qwen3.catalogue import DIALECTS, MODELS, NAMES
from asrcli.capabilities import Stream, Streams, TellsFirst
from asrcli.engine import Device, Engine, Model, Weights
from asrcli.engines.device import torch_place
from asrcli.errors import UsageError
from asrcli.types import Clip, Flag, Options, Samples, Segment
from asrcli.weights.models import local_path

if TYPE_CHECKING:
    from asr_plugins.qwen3.decoding import First, Written
    from asr_plugins.qwen3.model import AsrModel, Request

LONGEST_SECONDS = 1200.0  # what the report allows
CLIP_SECONDS = 30.0  # what asr cuts: clips that a batch, a token limit and a subtitle can live with
MOST_CONTEXT = 10_000  # tokens, what the model takes as context
MOST_CHARACTERS = 60_000  # six for a token: more than that no language has
TOO_LONG = f", and Qwen3-ASR takes {MOST_CONTEXT:,} tokens of context: shorten them"
SILENCE = 1e-4  # of full scale, 3 steps of 16 bits: nothing louder than this was said, and no model is asked


class Qwen3(Engine, Streams, TellsFirst):
    """Qwen3-ASR in 0.6B and 1.7B: 30 languages and 22 Chinese dialects, told apart by the model for each clip."""

    name = "qwen3"
    requires = ("torch", "transformers", "safetensors")
    extra = "qwen3"
    rank = 80
    models: ClassVar[Mapping[str, Model]] = MODELS
    default_model = "1.7b"
    speaks = tuple(NAMES)  # the prompt has a name for no other language
    dialects: ClassVar[Mapping[str, tuple[str, ...]]] = DIALECTS
    max_seconds = LONGEST_SECONDS
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 60.0, "cuda": 960.0}
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {"cuda": ("bfloat16", "float32"), "cpu": ("float32", "bfloat16")}
    supports = frozenset({"prompt", "hotwords", "max_new_tokens", "repetition_penalty"})

    def __init__(self, weights: Weights, device: Device) -> None:
        from asr_plugins.qwen3.model import AsrModel

        self.model: AsrModel = AsrModel(local_path(type(self), weights), *torch_place(type(self), device))

    @classmethod
    def clip_seconds(cls, options: Options) -> float:
        """Return the length of clips, which is much less than the model could recognise."""
        return CLIP_SECONDS

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return at most one segment per clip."""
        from asr_plugins.qwen3.model import Request

        context = self.context(options)
        spoken = [number for number, clip in enumerate(clips) if is_audible(clip.samples)]
        requests = [
            Request(clips[number].samples, context, clips[number].language or options.language, options.max_new_tokens)
            for number in spoken
        ]
        found: list[list[Segment]] = [[] for _ in clips]

        first = None if self.on_first is None else partial(_tell, self.on_first, spoken)
        written = self._transcribe(requests, options, first)
        for number, segment in zip(spoken, written, strict=True):
            if segment is not None:
                found[number] = [replace(segment, end=clips[number].seconds)]
        return found

    def stream(self, options: Options) -> Stream:
        """Begin to recognise one utterance while it is spoken."""
        from asr_plugins.qwen3.stream import Qwen3Stream

        return Qwen3Stream(self.model, self.context(options), options.language)

    def context(self, options: Options) -> str:
        """Return what the system turn says: the prompt, then the hotwords."""
        text = self.model.vocabulary.harmless(_context(options))
        if len(text) > MOST_CONTEXT and (count := len(self.model.vocabulary.encode(text))) > MOST_CONTEXT:
            raise UsageError(f"--prompt and --hotwords have {count:,} tokens{TOO_LONG}")
        return text

    @classmethod
    def check(cls, options: Options) -> None:
        """Raise `UsageError` for a context that is too long in any language; the tokens are counted later."""
        if (count := len(_context(options))) > MOST_CHARACTERS:
            raise UsageError(f"--prompt and --hotwords have {count:,} characters{TOO_LONG}")

    def _transcribe(
        self, requests: Sequence[Request], options: Options, first: First | None = None
    ) -> list[Segment | None]:
        penalty = options.repetition_penalty or 1.0
        written = self.model.transcribe(requests, penalty, first)
        texts = [self.model.vocabulary.decode(one.tokens) for one in written]
        answers = [parse(text, request.language) for text, request in zip(texts, requests, strict=True)]
        segments = [
            _segment(one, answer, None if request.language else self._language_score(one))
            for one, answer, request in zip(written, answers, requests, strict=True)
        ]
        echoes = [number for number, one in enumerate(answers) if is_echo(one.text, requests[number].context)]
        if echoes:
            plain = self._transcribe([replace(requests[number], context="") for number in echoes], options)
            for number, segment in zip(echoes, plain, strict=True):
                segments[number] = _without_echo(segments[number], segment)
        return segments

    def _language_score(self, written: Written) -> float | None:
        """Return the probability of the language that stands before the mark; None where there is no mark."""
        mark = self.model.vocabulary.encode(MARK)[-1]
        if mark not in written.tokens:
            return None
        return round(min(1.0, exp(sum(written.log_probs[: written.tokens.index(mark)]))), 4)


def _context(options: Options) -> str:
    """Return what the system turn says, as the user wrote it."""
    parts = [options.prompt or "", ", ".join(options.hotwords or ())]
    return "\n".join(part for part in parts if part)


def _tell(tell: Callable[[int], None], clips: Sequence[int], requests: Sequence[int]) -> None:
    """Tell the numbers of the clips that some requests are about."""
    for number in requests:
        tell(clips[number])


def _segment(written: Written, answer: Answer, language_score: float | None) -> Segment | None:
    """Return an answer as a segment whose end is not known yet; None without text."""
    from asr_plugins.qwen3.decoding import End

    flags = {End.DONE: (), End.LIMIT: (Flag.TRUNCATED.value,), End.LOOP: (Flag.REPEAT_LOOP.value,)}[written.end]
    if not letters(answer.text):
        return None
    return Segment(
        answer.text,
        0.0,
        0.0,
        language=answer.language,
        avg_logprob=written.log_prob,
        tokens=written.tokens,
        flags=flags,
        language_score=language_score if answer.language else None,
    )


def _without_echo(with_context: Segment | None, plain: Segment | None) -> Segment | None:
    """Return what to believe of a clip whose text is a piece of the context.

    The clip was recognised again without the context. Nothing then: there was no speech. About the same then: it was
    said, and the context has spelt it right. Otherwise the context spoke, and the plain text is what was recognised.
    """
    from difflib import SequenceMatcher

    if with_context is None or plain is None:
        return None
    alike = SequenceMatcher(None, letters(with_context.text), letters(plain.text), autojunk=False).ratio()
    if alike >= ALIKE:
        return with_context
    return replace(plain, flags=(*plain.flags, Flag.PROMPT_ECHO.value))


ALIKE = 0.5  # share of letters; a name that is spelt by ear keeps more than half of them


def is_audible(samples: Samples) -> bool:
    """Return whether there is anything but digital silence."""
    return len(samples) > 0 and float(abs(samples).max()) > SILENCE
