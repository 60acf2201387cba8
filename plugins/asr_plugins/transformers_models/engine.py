"""The engine class: what the core sees of the models of transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from asr_plugins.transformers_models.catalogue import MODELS, Kind, kind_of
from asrcli.device import torch_place
from asrcli.engine import Device, Engine, Model, Weights
from asrcli.errors import UsageError
from asrcli.models import local_path
from asrcli.types import Clip, Flag, Options, Segment, Word

if TYPE_CHECKING:
    from asr_plugins.transformers_models.beam import LanguageModel
    from asr_plugins.transformers_models.ctc import CtcModel
    from asr_plugins.transformers_models.sequence import Reading, Request, SequenceModel
    from asr_plugins.transformers_models.transducer import TransducerModel
    from asr_plugins.transformers_models.vocabulary import Heard, Span, Vocabulary

BEAMS = 100  # hypotheses with a language model, pyctcdecode's default
LEAST = 1e-6  # of a probability, before its logarithm is taken


class Transformers(Engine):
    """Models of transformers. What is true of some kinds only stands in the classes below."""

    name = "transformers"
    requires = ("torch", "transformers", "safetensors")
    extra = "transformers"
    models: ClassVar[Mapping[str, Model]] = MODELS
    default_model = "parakeet-tdt-0.6b-v3"
    max_seconds = 30.0  # wav2vec 2.0 and its family were trained on less
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 60.0, "cuda": 960.0}
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cuda": ("bfloat16", "float16", "float32"),
        "cpu": ("float32", "bfloat16"),
    }
    supports = frozenset({"task", "beam_size", "language_model", "max_new_tokens", "word_timestamps"})

    def __init__(self, weights: Weights, device: Device) -> None:
        from asr_plugins.transformers_models.loading import quiet

        folder = local_path(type(self), weights)
        self.kind = kind_of(folder)
        place = torch_place(type(self), device)
        self.ctc: CtcModel | None = None
        self.transducer: TransducerModel | None = None
        self.sequence: SequenceModel | None = None
        self._loaded: tuple[str, LanguageModel] | None = None
        with quiet():
            if self.kind is Kind.CTC:
                from asr_plugins.transformers_models.ctc import CtcModel

                self.ctc = CtcModel(folder, *place)
            elif self.kind in (Kind.RNNT, Kind.TDT):
                from asr_plugins.transformers_models.transducer import TransducerModel

                self.transducer = TransducerModel(folder, self.kind, *place)
            else:
                from asr_plugins.transformers_models.sequence import SequenceModel

                self.sequence = SequenceModel(folder, self.kind, *place)

    @classmethod
    def for_weights(cls, weights: Weights, backend: str | None = None) -> type[Engine]:
        """Return the card of the kind of model that a folder holds."""
        return CARDS[kind_of(Path(weights.path))] if weights.path is not None else cls

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return at most one segment per clip."""
        if not clips:
            return []
        if self.ctc is not None:
            return self._ctc_segments(self.ctc, clips, options)
        samples = [clip.samples for clip in clips]
        if self.sequence is not None:
            languages = [clip.language or options.language for clip in clips]
            readings = self.sequence.hear(samples, languages, self._request(options))
            return [_written(clip, reading) for clip, reading in zip(clips, readings, strict=True)]
        assert self.transducer is not None
        heard = self.transducer.hear(samples, options.max_new_tokens)
        vocabulary, frame = self.transducer.vocabulary, self.transducer.frame_seconds
        return [
            _spoken(clip, (vocabulary, spans, frame), options, cut)
            for clip, (spans, cut) in zip(clips, heard, strict=True)
        ]

    def _ctc_segments(self, model: CtcModel, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Hear the clips of one language after those of another: a model may have letters of its own for each."""
        found: list[list[Segment]] = [[] for _ in clips]
        languages = [clip.language or options.language for clip in clips]
        for language in dict.fromkeys(languages):
            model.speak(language)
            places = [place for place, one in enumerate(languages) if one == language]
            tokens = self._ctc_tokens(model, [clips[place] for place in places], options)
            for place, spans in zip(places, tokens, strict=True):
                heard = (model.vocabulary, spans, model.frame_seconds)
                found[place] = _spoken(clips[place], heard, options, False)
        return found

    def _ctc_tokens(self, model: CtcModel, clips: Sequence[Clip], options: Options) -> list[list[Span]]:
        from asr_plugins.transformers_models.ctc import best_tokens

        blank = model.vocabulary.blank
        language_model = self._language_model(options.language_model)
        emissions = model.emissions([clip.samples for clip in clips])
        size = options.beam_size or (BEAMS if language_model is not None else 1)
        if size == 1 and language_model is None:
            return [best_tokens(one, blank) for one in emissions]
        from asr_plugins.transformers_models.beam import Beam, time_tokens

        beam = Beam(model.vocabulary, size, language_model)
        return [time_tokens(one, beam.search(one), blank) for one in emissions]

    def _language_model(self, path: str | None) -> LanguageModel | None:
        """Return the language model asked for, loaded once."""
        if path is None:
            return None
        if self._loaded is None or self._loaded[0] != path:
            from asr_plugins.transformers_models.beam import LanguageModel

            self._loaded = (path, LanguageModel(Path(path)))
        return self._loaded[1]

    def _request(self, options: Options) -> Request:
        from asr_plugins.transformers_models.sequence import Request

        task = options.task or "transcribe"
        model = self.sequence
        able = model is not None and (self.kind is Kind.CANARY or bool(model.languages))
        if task == "translate" and not able:
            raise UsageError("this model does not translate; leave --task out")
        return Request(task, options.beam_size or 1, options.max_new_tokens)


class CtcCard(Transformers):
    """wav2vec 2.0, HuBERT, WavLM, W2v-BERT, MMS, Parakeet-CTC."""

    supports = frozenset({"beam_size", "language_model", "word_timestamps"})


class TransducerCard(Transformers):
    """Parakeet RNN-T and TDT, which were trained on up to 40 s and hear minutes."""

    max_seconds = 60.0
    supports = frozenset({"word_timestamps", "max_new_tokens"})


class SequenceCard(Transformers):
    """Models that write, on up to 30 s; the core takes word times from an aligner."""

    supports = frozenset({"task", "beam_size", "max_new_tokens"})


class WhisperCard(SequenceCard):
    """Whisper, which says which language it hears."""

    identifies_language = True

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return for each clip the probability of each language code."""
        assert self.sequence is not None
        return self.sequence.identify([clip.samples for clip in clips])


class CanaryCard(SequenceCard):
    """Canary, trained on up to 40 s."""

    max_seconds = 38.0


CARDS: Mapping[Kind, type[Transformers]] = {
    Kind.CTC: CtcCard,
    Kind.RNNT: TransducerCard,
    Kind.TDT: TransducerCard,
    Kind.WHISPER: WhisperCard,
    Kind.PLAIN: SequenceCard,
    Kind.CANARY: CanaryCard,
}


def _written(clip: Clip, reading: Reading) -> list[Segment]:
    """Return the segment of a model that writes; its times are those of the clip."""
    from math import exp

    if not reading.text:
        return []
    return [
        Segment(
            reading.text,
            0.0,
            clip.seconds,
            language=reading.language,
            score=exp(reading.log_prob),
            avg_logprob=reading.log_prob,
            tokens=reading.tokens,
            flags=() if reading.finished else (Flag.TRUNCATED.value,),
        )
    ]


def _spoken(clip: Clip, heard: tuple[Vocabulary, Sequence[Span], float], options: Options, cut: bool) -> list[Segment]:
    """Return the segment of a model that hears frame by frame, with words where they were asked for.

    Args:
        clip: what was heard.
        heard: the vocabulary, the tokens with their frames, and the seconds of a frame.
        options: whether words are wanted.
        cut: the tokens were cut short.
    """
    vocabulary, spans, frame = heard
    if not (found := vocabulary.words(spans)):
        return []
    words = _words(clip, found, frame)
    text = "".join(vocabulary.surface(span.token) for span in spans)
    return [
        Segment(
            " ".join(text.split()),
            words[0].start,
            words[-1].end,
            words=words if options.word_timestamps else (),
            score=sum(word.score or 0.0 for word in words) / len(words),
            avg_logprob=sum(log(max(span.score, LEAST)) for span in spans) / len(spans),
            tokens=tuple(span.token for span in spans),
            flags=(Flag.TRUNCATED.value,) if cut else (),
        )
    ]


def _words(clip: Clip, found: Sequence[Heard], frame: float) -> tuple[Word, ...]:
    from asr_plugins.transformers_models.edges import find_edges

    edges = find_edges([(word.first * frame, word.past * frame) for word in found], clip.samples)
    return tuple(
        Word(word.text, start, end, round(word.score, 4)) for word, (start, end) in zip(found, edges, strict=True)
    )
