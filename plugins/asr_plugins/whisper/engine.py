"""The Whisper engine: its card, its loading, and the choice between batches and one window after the other."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from asr_plugins.whisper.catalogue import LANGUAGES_V3, MODELS
from asr_plugins.whisper.checks import check_folder
from asr_plugins.whisper.encodings import Encodings
from asr_plugins.whisper.windows import DOUBTFUL
from asrcli.base.files import brief, cause
from asrcli.engine import Device, Engine, EngineOption, Model, Weights
from asrcli.engines.device import is_out_of_memory
from asrcli.errors import DeviceError, ModelError, OutOfMemory, UsageError
from asrcli.types import Clip, Options, Segment

if TYPE_CHECKING:
    from asr_plugins.whisper.decode import Decoder

WINDOW = 30.0  # seconds; every Whisper recognises exactly this much at once
LONG_CLIP = 600.0  # seconds per clip when windows are decoded one after the other

NEEDED = ("config.json", "tokenizer.json", "model.bin")


@cache
def count_gpus() -> int:
    """Return how many GPUs CTranslate2 can use; 0 when it is not installed."""
    try:
        import ctranslate2
    except ImportError:
        return 0
    return int(ctranslate2.get_cuda_device_count())


class Whisper(Engine):
    """OpenAI's Whisper and its distilled children, in CTranslate2."""

    name = "whisper"
    requires = ("faster_whisper", "ctranslate2")
    rank = 40
    models: ClassVar[Mapping[str, Model]] = MODELS
    default_model = "base"
    better_model = "large-v3-turbo"
    speaks = LANGUAGES_V3
    weight_files = ("model.bin", "*.safetensors")  # CTranslate2's own format; any other *.bin is a pickle
    max_seconds = WINDOW
    clip_pad = 0.5  # with 0.2 it has a third more errors in ordinary recordings (docs/experiments.md)
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 8 * WINDOW, "cuda": 16 * WINDOW}  # the most
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cpu": ("int8", "int8_float32", "int16", "float32"),
        "cuda": ("float16", "bfloat16", "float32", "int8_float16", "int8_bfloat16", "int8_float32", "int8"),
    }
    supports = frozenset(
        {
            "task", "prompt", "hotwords", "word_timestamps", "beam_size", "best_of", "patience", "length_penalty",
            "repetition_penalty", "no_repeat_ngram_size", "temperature", "compression_ratio_threshold",
            "logprob_threshold", "no_speech_threshold", "condition_on_previous_text", "suppress_tokens",
            "max_new_tokens", "batched", "seed", "carry_initial_prompt", "hallucination_silence_threshold",
            "prepend_punctuations", "append_punctuations",
        }
    )  # fmt: skip
    own_options: ClassVar[Mapping[str, EngineOption]] = {
        "low_confidence": EngineOption(DOUBTFUL, 0.0, 1.0, "flags segments whose words are less probable in the mean")
    }
    identifies_language = True
    better_timed_by: ClassVar[Mapping[str, str]] = {"en": "pocketsphinx"}

    def __init__(self, weights: Weights, device: Device) -> None:
        folder = self._prepare(weights)
        self._model = _load(folder, device)
        self._device = device
        self._seeded = False
        self._encodings = Encodings()
        self._paces: dict[str, float] = {}

    @classmethod
    def count_devices(cls, kind: str) -> int | None:
        """Return how many GPUs CTranslate2 can use."""
        return count_gpus() if kind == "cuda" else 0

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Decode clips of up to 30 s as batches, or longer ones window by window (see `clip_seconds`)."""
        for clip in clips:
            self._check_language(clip.language or options.language)
        self._check_tokens(options.suppress_tokens or ())
        if options.prompt or options.hotwords:
            self._model.hf_tokenizer = with_all_merges(self._model.hf_tokenizer)
        self._seed(options.seed)
        if in_sequence(options):
            from asr_plugins.whisper.sequence import transcribe_in_sequence

            return [transcribe_in_sequence(self._model, clip, options) for clip in clips]
        return self._decoder(options).transcribe(clips)

    def _check_tokens(self, tokens: Sequence[int]) -> None:
        """Raise `UsageError` for a token that the model does not have: CTranslate2 writes outside its memory."""
        size = self._model.hf_tokenizer.get_vocab_size()
        if wrong := [one for one in tokens if not -1 <= one < size]:
            raise UsageError(
                f"--suppress-tokens {wrong[0]}: this model has tokens 0 to {size - 1}; -1 stands for symbols"
            )

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return the probability of every language the model knows, from the first 30 s of each clip."""
        if not self._model.model.is_multilingual:
            return [{"en": 1.0} for _ in clips]
        return self._decoder(Options()).identify_language(clips)

    @classmethod
    def clip_seconds(cls, options: Options) -> float:
        """Return 30 s, or 10 minutes when windows are decoded one after the other with the text before as context."""
        if not in_sequence(options):
            return cls.max_seconds  # every clip begins with the prompt: carry_initial_prompt holds by itself
        if options.carry_initial_prompt:
            raise UsageError(
                "--carry-initial-prompt works with windows in batches only: leave out --no-batched, "
                "--condition-on-previous-text and options for silences and punctuation"
            )
        return LONG_CLIP

    @classmethod
    def batch_length(cls, device: Device) -> float:
        """Return two windows for each thread of a CPU: eight on one thread took 786 MB, not 302, for 6 % of time."""
        most = cls.batch_seconds.get(device.kind, 8 * WINDOW)
        if device.kind != "cpu":
            return most
        return min(most, 2 * WINDOW * (device.threads or os.cpu_count() or 1))

    def _decoder(self, options: Options) -> Decoder:
        from asr_plugins.whisper.decode import Decoder

        windows = int(self.batch_length(self._device) / WINDOW)
        # With a prompt a window of 15 s left out the words that both have; one of 30 s, as in training, did not.
        fitted = self._device.kind == "cpu" and not (options.prompt or options.hotwords)
        return Decoder(self._model, options, windows, self._encodings, self._paces, fitted)

    def _check_language(self, language: str | None) -> None:
        if language is None or language in (LANGUAGES_V3 if self._model.model.is_multilingual else ("en",)):
            return
        spoken = "the 100 languages of Whisper" if self._model.model.is_multilingual else "en"
        raise UsageError(f"engine 'whisper' does not speak '{language}' with this model, only: {spoken}")

    def _seed(self, seed: int | None) -> None:
        """Seed the sampling once: a thread of CTranslate2 takes its seed before its first use, and never again."""
        if not self._seeded:
            import ctranslate2

            ctranslate2.set_random_seed(seed or 0)
            self._seeded = True

    @staticmethod
    def _prepare(weights: Weights) -> Path:
        """Return a complete CTranslate2 folder, converting a Hugging Face one when that is what there is."""
        folder = Path(weights.path or "")
        if not (folder / "model.bin").exists():
            from asr_plugins.whisper.convert import converted, is_transformers_whisper

            if is_transformers_whisper(folder):
                folder = converted(folder, weights.revision)
                check_folder(folder)  # its numbers are those of the author
                return folder
        missing = [name for name in NEEDED if not (folder / name).is_file()]
        if not any(folder.glob("vocabulary.*")):
            missing.append("vocabulary.json")
        if missing:
            again = f": asr engines pull whisper:{weights.name}" if weights.model else ""
            raise ModelError(f"'{folder}' is not a complete Whisper model: it is without {', '.join(missing)}{again}")
        check_folder(folder)
        return folder


def in_sequence(options: Options) -> bool:
    """Return whether windows are decoded one after the other: asked for, or needed by another option."""
    needs_it = (options.hallucination_silence_threshold, options.prepend_punctuations, options.append_punctuations)
    return (
        options.batched is False
        or bool(options.condition_on_previous_text)
        or any(value is not None for value in needs_it)
    )


def compute_type(device: Device) -> str:
    """Return CTranslate2's name of the precision.

    On a CPU "auto" is int8: for tiny, two threads and 75 tokens per window it took 0.7 of the time of float32 with four
    windows at once, greedy and with a beam of five alike, and 0.5 with one (median of five rounds in turns).
    """
    if device.dtype != "auto":
        return device.dtype
    return "int8" if device.kind == "cpu" else "float16"


def with_all_merges(tokenizer: Any) -> Any:
    """Return a tokenizer that joins a space and "t".

    The published file of base lacks that merge, the first of all: of " the" it made two tokens, of " telnetd" five.
    """
    if tokenizer.token_to_id("Ġt") in (None, *tokenizer.encode(" t", add_special_tokens=False).ids):
        return tokenizer
    state = json.loads(tokenizer.to_str())
    if merges := state["model"].get("merges"):  # of strings in older versions of the library
        merges.insert(0, "Ġ t" if isinstance(merges[0], str) else ["Ġ", "t"])
    return type(tokenizer).from_str(json.dumps(state))


def _load(folder: Path, device: Device) -> Any:
    """Load a folder with faster-whisper; its errors become one line."""
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(
            str(folder),
            device=device.kind,
            device_index=device.index,
            compute_type=compute_type(device),
            cpu_threads=device.threads,
            local_files_only=True,
        )
    except (RuntimeError, ValueError, OSError) as error:
        if is_out_of_memory(error):
            raise OutOfMemory(f"model '{folder.name}' does not fit on {device}: {cause(error)}") from error
        damaged = any(word in cause(error) for word in ("model.bin", "binary", "vocabulary", "spec", "config"))
        if device.kind == "cuda" and not damaged:
            raise DeviceError(f"CTranslate2 cannot use {device} ({cause(error)}); see: asr doctor") from error
        raise ModelError(f"'{folder}' cannot be loaded as a Whisper model: {cause(error)}") from error
    except Exception as error:
        if type(error) is not Exception:  # the tokenizers raise nothing narrower
            raise
        path = folder / "tokenizer.json"
        raise ModelError(f"'{path}' is damaged ({brief(error)}): the model cannot be loaded") from error
