"""NVIDIA's Canary, Parakeet and FastConformer models through NeMo."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from asr_plugins.nemo.archive import Archive, find_archive, read_archive, unpack
from asr_plugins.nemo.hypotheses import keep_durations, mean_logprob, place_words, token_ids
from asr_plugins.nemo.quiet import output_held_back
from asrcli.base.files import brief
from asrcli.capabilities import LoadsFiles
from asrcli.engine import Device, Engine, Model, Weights
from asrcli.engines.device import torch_place
from asrcli.errors import ModelError, UsageError
from asrcli.types import Clip, Options, Segment, Word
from asrcli.weights.models import local_path

MAX_SECONDS = 40.0  # Canary was trained on clips up to this; full attention over more costs memory by the square
MAX_SYMBOLS = 10  # tokens a transducer may write in one frame of 80 ms; more is a loop

EUROPEAN = (
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "lv", "mt", "nl", "pl", "pt",
    "ro", "ru", "sk", "sl", "sv", "uk",
)  # fmt: skip
FOUR = ("de", "en", "es", "fr")


def _model(name: str, millions: int, layout: str, languages: tuple[str, ...] = ("en",), licence: str = "") -> Model:
    return Model(f"nvidia/{name}", None, millions * 10**6, None, languages, licence or "CC-BY-4.0", layout, ("*.nemo",))


MODELS = {
    "parakeet-tdt-0.6b-v3": _model("parakeet-tdt-0.6b-v3", 600, "rnnt", EUROPEAN),
    "parakeet-tdt-0.6b-v2": _model("parakeet-tdt-0.6b-v2", 600, "rnnt"),
    "parakeet-tdt-1.1b": _model("parakeet-tdt-1.1b", 1_100, "rnnt"),
    "parakeet-rnnt-1.1b": _model("parakeet-rnnt-1.1b", 1_100, "rnnt"),
    "parakeet-rnnt-0.6b": _model("parakeet-rnnt-0.6b", 600, "rnnt"),
    "parakeet-ctc-1.1b": _model("parakeet-ctc-1.1b", 1_100, "ctc"),
    "parakeet-ctc-0.6b": _model("parakeet-ctc-0.6b", 600, "ctc"),
    "canary-1b-v2": _model("canary-1b-v2", 1_000, "aed", EUROPEAN),
    "canary-1b-flash": _model("canary-1b-flash", 883, "aed", FOUR),
    "canary-1b": _model("canary-1b", 1_000, "aed", FOUR, "CC-BY-NC-4.0"),
    "stt_en_fastconformer_transducer_xlarge": _model("stt_en_fastconformer_transducer_xlarge", 600, "rnnt"),
    "stt_en_fastconformer_transducer_xxlarge": _model("stt_en_fastconformer_transducer_xxlarge", 1_200, "rnnt"),
}


class Nemo(Engine, LoadsFiles):
    """FastConformer models. `NemoPlain` and `NemoCanary` are what is true of one kind of them alone."""

    name = "nemo"
    requires = ("nemo", "torch", "sentencepiece")
    extra = "nemo"
    rank = 60
    models: ClassVar[Mapping[str, Model]] = MODELS
    default_model = "parakeet-tdt-0.6b-v3"
    loads_files = (".nemo",)
    weight_files = ("*.nemo",)
    max_seconds = MAX_SECONDS
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 80.0, "cuda": 960.0}
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cuda": ("bfloat16", "float16", "float32"),
        "cpu": ("float32", "bfloat16"),
    }
    supports = frozenset({"task", "word_timestamps"})

    def __init__(self, weights: Weights, device: Device) -> None:
        self.languages_spoken = weights.model.languages if weights.model else ()
        archive = read_archive(find_archive(local_path(type(self), weights)))
        self.layout = archive.layout
        self._model = _load(archive, *torch_place(type(self), device))
        self._frame_seconds = _frame_seconds(self._model)
        self._decoding: tuple[bool, bool] | None = None  # as configured last: word times, CUDA graphs
        self._graphs = device.kind == "cuda" and self.layout == "rnnt"

    @classmethod
    def for_weights(cls, weights: Weights) -> type[Engine]:
        """Return the card of the kind of model, as far as it is known before the weights are here."""
        layout = weights.model.layout if weights.model else None
        if layout is None and weights.path is not None and not cls.missing():
            layout = read_archive(find_archive(Path(weights.path)), weights=False).layout
        if layout is None:
            return cls
        return NemoCanary if layout == "aed" else NemoPlain

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return at most one segment per clip."""
        if not clips:
            return []  # NeMo would complain
        times = bool(options.word_timestamps)
        try:
            hypotheses = self._decode(clips, times, options)
        except RuntimeError as error:
            if not self._graphs or "out of memory" in str(error).lower():
                raise
            self._graphs = False  # they are known to fail on some drivers (NVIDIA-NeMo/Speech issues 14107, 15145)
            hypotheses = self._decode(clips, times, options)
        return [self._segments(clip, one, options) for clip, one in zip(clips, hypotheses, strict=True)]

    def _decode(self, clips: Sequence[Clip], times: bool, options: Options) -> list[Any]:
        self._configure(times)
        return self._transcribe(clips, timestamps=None)

    def _configure(self, times: bool) -> None:
        """Set up decoding, which NeMo builds anew at every change, only when something changed.

        CUDA graphs are left off with word times: they are slow together (NVIDIA-NeMo/Speech issue 15164).
        """
        from omegaconf import open_dict

        wanted = (times, self._graphs and not times)
        if self._decoding == wanted:
            return
        decoding = self._model.cfg.decoding
        with open_dict(decoding):
            decoding.strategy = "greedy_batch"
            decoding.compute_timestamps = False  # `hypotheses` tells what is wrong with them
            if self.layout == "rnnt":
                decoding.tdt_include_token_duration = times
                decoding.confidence_cfg = {
                    "preserve_frame_confidence": not wanted[1],  # the next is not to be had without it
                    "preserve_token_confidence": not wanted[1],
                    "method_cfg": {"name": "max_prob", "alpha": 1.0},  # the token's probability, less chance
                }
                decoding.greedy.loop_labels = True
                decoding.greedy.use_cuda_graph_decoder = wanted[1]
                decoding.greedy.max_symbols = decoding.greedy.get("max_symbols") or MAX_SYMBOLS
        with output_held_back():
            self._model.change_decoding_strategy(decoding, verbose=False)
            keep_durations(self._model)
        self._decoding = wanted

    def _transcribe(self, clips: Sequence[Clip], **more: Any) -> list[Any]:
        import torch

        with output_held_back():
            found = self._model.transcribe(
                [torch.from_numpy(clip.samples) for clip in clips],
                batch_size=len(clips),
                return_hypotheses=True,
                num_workers=0,
                verbose=False,
                **more,
            )
        best = found[0] if isinstance(found, tuple) else found  # older transducers give (best, all)
        return [one[0] if isinstance(one, list) else one for one in best]

    def _segments(self, clip: Clip, hypothesis: Any, options: Options) -> list[Segment]:
        text = str(hypothesis.text or "").strip()
        if not text:
            return []
        words = self._words(clip, hypothesis) if options.word_timestamps else ()
        return [
            Segment(
                text,
                words[0].start if words else 0.0,
                words[-1].end if words else clip.seconds,
                words=words,
                language=self._language(clip, options),
                avg_logprob=mean_logprob(hypothesis, self.layout),
                tokens=token_ids(hypothesis),
            )
        ]

    def _language(self, clip: Clip, options: Options) -> str | None:
        """Return the language when there is no choice; the multilingual Parakeet does not say what it recognised."""
        return self.languages_spoken[0] if len(self.languages_spoken) == 1 else clip.language or options.language

    def _words(self, clip: Clip, hypothesis: Any) -> tuple[Word, ...]:
        return place_words(hypothesis, self._model.decoding.decode_ids_to_str, clip, self._frame_seconds)


class NemoPlain(Nemo):
    """CTC models and transducers, which write what is said in its own language."""

    supports = frozenset({"word_timestamps"})


class NemoCanary(Nemo):
    """Canary: attention encoder-decoders that are told the language, and translate."""

    def _decode(self, clips: Sequence[Clip], times: bool, options: Options) -> list[Any]:
        """Group the clips by language, which NeMo takes once per call."""
        by_clip: dict[int, Any] = {}
        languages = [self._language(clip, options) for clip in clips]
        for language in dict.fromkeys(languages):
            own = [number for number, other in enumerate(languages) if other == language]
            prompt = {
                "source_lang": language,
                "target_lang": "en" if options.task == "translate" else language,
                "task": "ast" if options.task == "translate" else "asr",
                "pnc": "yes",
            }
            found = self._transcribe([clips[number] for number in own], timestamps=times, **prompt)
            by_clip.update(zip(own, found, strict=True))
        return [by_clip[number] for number in range(len(clips))]

    def _language(self, clip: Clip, options: Options) -> str:
        language = clip.language or options.language or "en"  # it cannot find out, and must be told one
        if self.languages_spoken and language not in self.languages_spoken:
            raise UsageError(f"this Canary does not speak '{language}', only: {', '.join(self.languages_spoken)}")
        return language

    def _words(self, clip: Clip, hypothesis: Any) -> tuple[Word, ...]:
        """Return the words with NeMo's own times, which come in frames, kept in order and within the clip."""
        rows = hypothesis.timestamp.get("word", ()) if isinstance(hypothesis.timestamp, dict) else ()
        scores = hypothesis.word_confidence or []
        scores = [float(score) for score in scores] if len(scores) == len(rows) else [None] * len(rows)
        words: list[Word] = []
        earliest = 0.0
        for row, score in zip(rows, scores, strict=True):
            start = min(max(float(row["start_offset"]) * self._frame_seconds, earliest), clip.seconds)
            end = min(max(float(row["end_offset"]) * self._frame_seconds, start), clip.seconds)
            words.append(Word(row["word"], start, end, _probability(score)))
            earliest = end
        return tuple(word for word in words if word.text)


def _load(archive: Archive, device: Any, dtype: Any) -> Any:
    """Return NeMo's model in evaluation mode, on a device and in a dtype of torch."""
    try:
        with output_held_back(), TemporaryDirectory(prefix="asr-nemo-") as folder:
            unpack(archive, Path(folder))
            silence()
            from nemo.collections.asr.models import ASRModel
            from nemo.core.connectors.save_restore_connector import SaveRestoreConnector

            parts = SaveRestoreConnector()
            parts.model_extracted_dir = folder
            model = ASRModel.restore_from(
                str(archive.path), map_location="cpu", strict=True, save_restore_connector=parts
            )
    except (RuntimeError, KeyError, ValueError, TypeError, FileNotFoundError, FileExistsError) as error:
        raise ModelError(f"'{archive.path}' cannot be loaded by NeMo: {brief(error)}") from error
    return model.eval().to(device=device, dtype=dtype)


def silence() -> None:
    """Keep NeMo's log lines off standard output, and all but its errors off standard error.

    It reads these variables when it is imported. ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`` would undo the safe loading.
    """
    os.environ["NEMO_REDIRECT_LOGS_TO_STDERR"] = "1"
    os.environ.pop("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", None)
    from nemo.utils import logging

    logging.setLevel(logging.ERROR)


def _frame_seconds(model: Any) -> float:
    """Return the length of one output frame: 80 ms for FastConformer."""
    stride = float(model.cfg.preprocessor.get("window_stride", 0.01))
    return stride * float(model.cfg.encoder.get("subsampling_factor", 8))


def _probability(score: float | None) -> float | None:
    return None if score is None or not math.isfinite(score) else min(max(score, 0.0), 1.0)
