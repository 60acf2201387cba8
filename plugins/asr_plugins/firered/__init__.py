"""FireRedASR and FireRedASR2: attention decoder (AED) and large language model (LLM), Mandarin, dialects and English.

The networks are our own, written from the papers (arXiv 2501.14350 and 2603.10420) and the layout of the published
weights; ``docs/firered.md`` says what was compared with the official code and how.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from asr_plugins.firered.checkpoint import is_llm, read_checkpoint
from asr_plugins.firered.config import BEAMS, END_PENALTY, SMOOTHING
from asr_plugins.firered.vocabulary import clip_times
from asrcli.capabilities import ConvertsToSafetensors
from asrcli.engine import SIDE_FILES, Device, Engine, EngineOption, Model, Weights
from asrcli.engines.device import torch_place
from asrcli.errors import InputError, UsageError
from asrcli.types import Alternative, Clip, Flag, Options, Segment, Word
from asrcli.weights.models import local_path

if TYPE_CHECKING:
    from asr_plugins.firered.aed import AedModel, Reading
    from asr_plugins.firered.llm import Answer, LlmModel, LlmOptions
    from asr_plugins.firered.search import SearchOptions

log = logging.getLogger(__name__)

SPOKEN = ("zh", "en", "yue")  # the first generation has no Cantonese
AED_SECONDS, LLM_SECONDS = 60.0, 30.0  # the longest audio each was trained on
ENCODER_SECONDS = 200.0  # above it the official code is silently wrong, and no model was trained near it
AED_FILES = ("model.pth.tar", "cmvn.ark", "dict.txt", "train_bpe1000.model")
LLM_FILES = ("model.pth.tar", "asr_encoder.pth.tar", "cmvn.ark", "Qwen2-7B-Instruct/*")
UNALIGNED = "unaligned"  # flag: the CTC branch could not place the words, so there are no word times


def _model(name: str, parameters: int, size_mb: int | None, layout: str, files: tuple[str, ...]) -> Model:
    languages = SPOKEN if "2" in name else SPOKEN[:2]
    return Model(f"FireRedTeam/{name}", None, parameters, size_mb, languages, "Apache-2.0", layout, files)


class FireRed(Engine, ConvertsToSafetensors):
    """FireRedASR and FireRedASR2, AED and LLM. What is true of one kind alone stands in the classes below."""

    name = "firered"
    requires = ("torch", "kaldi_native_fbank")
    extra = "firered"
    rank = 70
    models: ClassVar[Mapping[str, Model]] = {
        "aed2": _model("FireRedASR2-AED", 1_152_520_000, 4_730, "aed", AED_FILES),
        "aed": _model("FireRedASR-AED-L", 1_140_350_000, 4_680, "aed", AED_FILES),
        "llm2": _model("FireRedASR2-LLM", 8_300_000_000, 18_900, "llm", LLM_FILES),
        "llm": _model("FireRedASR-LLM-L", 8_300_000_000, None, "llm", LLM_FILES),
    }
    default_model = "aed2"
    speaks = SPOKEN  # a folder does not say which generation it is
    weight_files = ("*.pth.tar", "*.safetensors")
    side_files = (*SIDE_FILES, "*.ark")
    max_seconds = AED_SECONDS
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 60.0, "cuda": 640.0}
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cuda": ("bfloat16", "float16"),
        "cpu": ("float32", "bfloat16", "int8"),
    }
    supports = frozenset(
        {"beam_size", "n_best", "length_penalty", "repetition_penalty", "max_new_tokens", "word_timestamps"}
    )
    own_options: ClassVar[Mapping[str, EngineOption]] = {
        "softmax_smoothing": EngineOption(SMOOTHING, 0.1, 10.0, "AED: divides the logits before the softmax"),
        "eos_penalty": EngineOption(
            END_PENALTY, 0.1, 10.0, "AED: factor of the end's log probability; below 1 ends sooner"
        ),
    }

    def __init__(self, weights: Weights, device: Device) -> None:
        folder = local_path(type(self), weights)
        self.kind = "llm" if is_llm(folder) else "aed"
        place, dtype, int8 = self._place(device)
        checkpoint = read_checkpoint(folder)
        self.aed: AedModel | None = None
        self.llm: LlmModel | None = None
        if self.kind == "aed":
            from asr_plugins.firered.aed import AedModel

            self.aed = AedModel(checkpoint, place, dtype, int8)
        else:
            from asr_plugins.firered.llm import LlmModel

            self.llm = LlmModel(checkpoint, place, dtype)

    @classmethod
    def for_weights(cls, weights: Weights) -> type[Engine]:
        """Return the card of the kind of model that a folder holds."""
        if weights.path is None:
            return cls
        return FireRedLlm if is_llm(Path(weights.path)) else FireRedAed

    @classmethod
    def beams(cls, options: Options) -> int:
        """Return how many hypotheses the search keeps."""
        return options.beam_size or BEAMS

    @classmethod
    def convert_to_safetensors(cls, weights: Weights, folder: str) -> None:
        """Write an official folder as safetensors."""
        from asr_plugins.firered.checkpoint import convert_to_safetensors

        convert_to_safetensors(Path(weights.path or ""), Path(folder))

    @property
    def _trained_seconds(self) -> float:
        return LLM_SECONDS if self.kind == "llm" else AED_SECONDS

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return at most one segment per clip."""
        for clip in clips:
            self._check_length(clip)
        samples = [clip.samples for clip in clips]
        if self.aed is not None:
            readings = self.aed.transcribe(samples, _aed_options(options), bool(options.word_timestamps))
            return [_aed_segments(self.aed, clip, one, options) for clip, one in zip(clips, readings, strict=True)]
        assert self.llm is not None
        answers = self.llm.transcribe(samples, _llm_options(options))
        return [_llm_segments(clip, one, options) for clip, one in zip(clips, answers, strict=True)]

    def _place(self, device: Device) -> tuple[Any, Any, bool]:
        """Return the torch device and dtype and whether weights become bytes."""
        import torch

        place, dtype = torch_place(type(self), device)
        if self.kind == "llm" and dtype is torch.float16:
            # Qwen2's activations overflow: the official LLM answers "%" (FireRedASR2S pull request 63).
            raise UsageError("FireRedASR-LLM gives no text in float16; use bfloat16")
        if self.kind == "llm" and dtype is torch.int8:
            raise UsageError("engine 'firered' has int8 for the AED models only; use bfloat16")
        return (place, torch.float32, True) if dtype is torch.int8 else (place, dtype, False)

    def _check_length(self, clip: Clip) -> None:
        if clip.seconds >= ENCODER_SECONDS:
            raise InputError(
                f"{clip.recording.name}: a clip of {clip.seconds:.0f} s is too long for FireRedASR, which was trained "
                f"on at most {self._trained_seconds:.0f} s; leave the cutting to asr"
            )
        if clip.seconds > self._trained_seconds + 0.5:
            log.warning(
                "%s: a clip of %.0f s; FireRedASR was trained on at most %.0f s",
                clip.recording.name,
                clip.seconds,
                self._trained_seconds,
            )


class FireRedAed(FireRed):
    """FireRedASR-AED and FireRedASR2-AED."""

    supports = FireRed.supports - {"repetition_penalty"}


class FireRedLlm(FireRed):
    """FireRedASR-LLM and FireRedASR2-LLM."""

    max_seconds = LLM_SECONDS
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {"cuda": ("bfloat16",), "cpu": ("float32", "bfloat16")}
    supports = FireRed.supports - {"word_timestamps"}
    own_options: ClassVar[Mapping[str, EngineOption]] = {}


def _aed_options(options: Options) -> SearchOptions:
    from asr_plugins.firered.search import SearchOptions

    default = SearchOptions()
    return SearchOptions(
        beams=FireRed.beams(options),
        nbest=options.n_best or default.nbest,
        smoothing=options.own("softmax_smoothing", default.smoothing),
        end_penalty=options.own("eos_penalty", default.end_penalty),
        max_tokens=options.max_new_tokens or default.max_tokens,
        length_penalty=default.length_penalty if options.length_penalty is None else options.length_penalty,
    )


def _llm_options(options: Options) -> LlmOptions:
    from asr_plugins.firered.llm import LlmOptions

    default = LlmOptions()
    repetition, length = options.repetition_penalty, options.length_penalty
    return LlmOptions(
        beams=FireRed.beams(options),
        nbest=options.n_best or default.nbest,
        scored=options.n_best is not None,
        max_tokens=options.max_new_tokens or default.max_tokens,
        repetition_penalty=default.repetition_penalty if repetition is None else repetition,
        length_penalty=default.length_penalty if length is None else length,
    )


def _flags(finished: bool, *more: str) -> tuple[str, ...]:
    return more if finished else (Flag.TRUNCATED.value, *more)


def _llm_segments(clip: Clip, answers: Sequence[Answer], options: Options) -> list[Segment]:
    """Return the best answer as a segment."""
    if not answers or not answers[0].text:
        return []
    best = answers[0]
    listed = tuple(Alternative(one.text, one.score, one.tokens, one.log_probs) for one in answers)
    return [
        Segment(
            best.text,
            0.0,
            clip.seconds,
            tokens=best.tokens,
            flags=_flags(best.finished),
            alternatives=listed if options.n_best else (),
        )
    ]


def _aed_segments(model: AedModel, clip: Clip, reading: Reading, options: Options) -> list[Segment]:
    """Return the best hypothesis as a segment, with words where the CTC branch placed them."""
    best = reading.hypotheses[0] if reading.hypotheses else None
    text = model.vocabulary.text(best.tokens) if best else ""
    if best is None or not text:
        return []
    words = _words(model, clip, reading)
    listed = (
        Alternative(model.vocabulary.text(one.tokens), one.score, one.tokens, one.log_probs)
        for one in reading.hypotheses
    )
    unaligned = (UNALIGNED,) if options.word_timestamps and model.second and not words else ()
    return [
        Segment(
            text,
            words[0].start if words else 0.0,
            words[-1].end if words else clip.seconds,
            words=words,
            score=best.confidence,
            avg_logprob=sum(best.log_probs) / len(best.log_probs),
            tokens=best.tokens,
            flags=_flags(best.finished, *unaligned),
            alternatives=tuple(listed) if options.n_best else (),
        )
    ]


def _words(model: AedModel, clip: Clip, reading: Reading) -> tuple[Word, ...]:
    import math

    from asr_plugins.transformers_models.edges import find_edges, sounding

    if reading.times is None:
        return ()
    best, times = reading.hypotheses[0], clip_times(reading.times, clip.seconds)
    said = model.vocabulary.words(best.tokens)
    edges = find_edges(sounding([times[first][0] for _, first, _ in said], clip.samples), clip.samples)
    words = []
    for (text, first, past), (start, end) in zip(said, edges, strict=True):
        score = sum(math.exp(one) for one in best.log_probs[first:past]) / (past - first)
        words.append(Word(text, start, end, score))
    return tuple(words)
