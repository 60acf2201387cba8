"""Canary-Qwen (NVIDIA, SALM): a FastConformer that speaks to a Qwen3 language model, which also answers questions.

Two implementations of one model: NVIDIA's own in NeMo, and ours on PyTorch and transformers alone. ``docs/canary.md``
says what was compared between them and how.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from asr_plugins.canary.layout import LLM_CONFIG, TOKENIZER_FILES, Layout, read_layout
from asr_plugins.canary.tokens import Tokens, without_thinking
from asrcli.capabilities import Answers, Backends
from asrcli.engine import Borrowed, Device, Engine, Model, Weights
from asrcli.engines.device import torch_place
from asrcli.types import SAMPLE_RATE, Clip, Flag, Options, Region, Segment
from asrcli.weights.models import local_path

if TYPE_CHECKING:
    from asr_plugins.canary.native import NativeModel
    from asr_plugins.canary.salm import SalmModel
    from asr_plugins.qwen3.decoding import Written

LONGEST = 40.0  # seconds; what it was trained on (model card)
CLIP_SECONDS = 38.0  # what asr cuts unless told otherwise, a little less
PROMPT_TOKENS = 16  # around the audio
MOST_TOKENS = 1024  # of prompt, audio and answer together, as it was trained (model card)
FRAME = 0.08  # seconds of audio that take the place of one token
# Who speaks 350 words a minute, an auctioneer or a sports reporter, says 7.6 tokens a second (1.3 tokens a word).
TOKENS_PER_SECOND, TOKENS_FREE = 8, 16
SHORTEST = 320  # samples, two feature frames: with fewer there is no deviation to divide by
FAINTEST = 2.0**-15  # nothing above the last bit of a 16-bit recording is no sound; the model invents text for it
LEAST_HALF = 3.0  # seconds; shorter pieces of a clip are not recognised again
IN_HALVES = "in_halves"  # flag: recognised in pieces, because the text of the whole clip did not come to an end


class Canary(Engine, Answers, Backends):
    """Canary-Qwen by the native backend; `CanaryNemo` is the same by NeMo."""

    name = "canary"
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers", "safetensors", "tokenizers")
    extra = "canary-native"
    rank = 90  # the lowest error rate on English short forms (Open ASR Leaderboard)
    models: ClassVar[Mapping[str, Model]] = {
        "qwen-2.5b": Model(
            "nvidia/canary-qwen-2.5b",
            "b1469e1bba1cfe140205529c79c434ca47180960",
            2_560_000_000,
            5_130,
            ("en",),
            "CC-BY-4.0",
            "salm",
            ("config.json", "model.safetensors"),
            (
                Borrowed(
                    "Qwen/Qwen3-1.7B", None, {name: name for name in TOKENIZER_FILES} | {"config.json": LLM_CONFIG}
                ),
            ),
        )
    }
    default_model = "qwen-2.5b"
    speaks = ("en",)  # no Canary-Qwen speaks another language
    max_seconds = LONGEST
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 80.0, "cuda": 960.0}
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {"cuda": ("bfloat16", "float32"), "cpu": ("float32", "bfloat16")}
    supports = frozenset({"max_new_tokens", "ask"})
    backends = ("nemo", "native")
    backend = "native"

    def __init__(self, weights: Weights, device: Device) -> None:
        self.layout = read_layout(local_path(type(self), weights))
        self.tokens = Tokens(self.layout)
        self.listener: NativeModel | SalmModel = self._load(self.layout, *torch_place(type(self), device))

    def _load(self, layout: Layout, device: Any, dtype: Any) -> NativeModel | SalmModel:
        from asr_plugins.canary.native import NativeModel

        return NativeModel(layout, self.tokens, device, dtype)

    @classmethod
    def implementation(cls, backend: str | None) -> type[Engine]:
        """Return the class of a backend; NeMo's when it is installed and none is named."""
        if backend == "native" or (backend is None and CanaryNemo.missing()):
            return Canary
        return CanaryNemo

    @classmethod
    def clip_seconds(cls, options: Options) -> float:
        """Return the length of clips, a little less than the model was trained on."""
        return CLIP_SECONDS

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return at most one segment per clip, with the punctuation and case of the model."""
        usable = [index for index, clip in enumerate(clips) if audible(clip)]
        found: list[list[Segment]] = [[] for _ in clips]
        if not usable:
            return found
        limits = [options.max_new_tokens or token_limit(clips[index].seconds) for index in usable]
        written = self.listener.transcribe([clips[index].samples for index in usable], limits)
        for index, one in zip(usable, written, strict=True):
            found[index] = self._segments(clips[index], one)
        if options.max_new_tokens is None:
            self._transcribe_halves(
                [index for index, one in zip(usable, written, strict=True) if not one.finished], clips, found
            )
        return found

    def _transcribe_halves(self, cut_short: Sequence[int], clips: Sequence[Clip], found: list[list[Segment]]) -> None:
        """Recognise clips in halves whose text did not come to an end, which is nearly always a loop."""
        halves = {index: halve(clips[index]) for index in cut_short if clips[index].seconds >= 2 * LEAST_HALF}
        if not halves:
            return
        found_in_halves = iter(self.transcribe([half for both in halves.values() for half in both], Options()))
        for index, both in halves.items():
            found[index] = [
                _moved(segment, half.start - clips[index].start) for half in both for segment in next(found_in_halves)
            ]

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Answer texts with the language model alone, LoRA off."""
        written = self.listener.answer(prompts, max_new_tokens) if prompts else []
        return [_answer(self.tokens, one) for one in written]

    @property
    def prompt_characters(self) -> int:
        """How long a prompt may be: two thirds of the model's places, at three characters for a token of English."""
        return min(super().prompt_characters, 2 * int(self.layout.llm["max_position_embeddings"]))

    def _segments(self, clip: Clip, one: Written) -> list[Segment]:
        text = self.tokens.decode(one.tokens).strip()
        if not text:
            return []
        start, end = _spoken(clip)
        mean = one.log_prob
        return [
            Segment(
                text,
                start,
                end,
                language="en",
                score=None if mean is None else math.exp(mean),
                avg_logprob=mean,
                tokens=one.tokens,
                flags=() if one.finished else (Flag.TRUNCATED.value,),
            )
        ]


class CanaryNemo(Canary):
    """Canary-Qwen by NVIDIA NeMo."""

    requires = ("nemo", "peft", *Canary.requires)
    extra = "canary"
    backend = "nemo"

    def _load(self, layout: Layout, device: Any, dtype: Any) -> SalmModel:
        from asr_plugins.canary.salm import SalmModel

        return SalmModel(layout, self.tokens, device, dtype)


def token_limit(seconds: float) -> int:
    """Return the most tokens of an answer: more than anyone says in the time, within what the model was trained on."""
    rest = MOST_TOKENS - PROMPT_TOKENS - math.ceil(seconds / FRAME)
    return max(1, min(math.ceil(TOKENS_PER_SECOND * seconds) + TOKENS_FREE, rest))


def audible(clip: Clip) -> bool:
    """Return whether there is anything to recognise."""
    return len(clip.samples) >= SHORTEST and bool(abs(clip.samples).max() > FAINTEST)


def halve(clip: Clip) -> list[Clip]:
    """Cut a clip where it is quietest for a tenth of a second, in its middle third; leave out a half without speech."""
    import numpy as np

    step = SAMPLE_RATE // 10
    frames = np.square(clip.samples[: len(clip.samples) // step * step], dtype=np.float64).reshape(-1, step).mean(1)
    first = len(frames) // 3
    middle = (first + int(np.argmin(frames[first : len(frames) - first]))) * step + step // 2
    parts = (clip.samples[:middle], clip.start), (clip.samples[middle:], clip.start + middle / SAMPLE_RATE)
    halves = [
        replace(clip, samples=samples, start=start, speech=_inside(clip, start, len(samples)))
        for samples, start in parts
    ]
    return [half for half in halves if half.speech or not clip.speech]


def _inside(clip: Clip, start: float, samples: int) -> tuple[Region, ...]:
    """Return the speech of a clip from a time on, for a number of samples."""
    end = start + samples / SAMPLE_RATE
    regions = (Region(max(one.start, start), min(one.end, end)) for one in clip.speech)
    return tuple(one for one in regions if one.seconds > 0)


def _moved(segment: Segment, seconds: float) -> Segment:
    flags = tuple(dict.fromkeys((*segment.flags, IN_HALVES)))
    return replace(segment, start=segment.start + seconds, end=segment.end + seconds, flags=flags)


def _answer(tokens: Tokens, one: Written) -> str:
    """Return the text of an answer; one that was cut short says so with an ellipsis."""
    text = without_thinking(tokens.decode(one.tokens))
    return text if one.finished or not text else f"{text} …"


def _spoken(clip: Clip) -> tuple[float, float]:
    """Return where speech begins and ends in the clip, from its start; all of it without voice activity."""
    if not clip.speech:
        return 0.0, clip.seconds
    start = min(max(clip.speech[0].start - clip.start, 0.0), clip.seconds)
    return start, min(max(clip.speech[-1].end - clip.start, start), clip.seconds)
