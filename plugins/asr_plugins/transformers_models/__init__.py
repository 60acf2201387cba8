"""Speech-to-text models of the transformers library by hub id or folder, and the aligner `ctc` on its CTC models.

Loading, batching, decoding and word times are our own where the library's are not strict, not independent of the batch
or not there; ``docs/transformers.md`` says which models were tried and how.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from asr_plugins.transformers_models.catalogue import MODELS, Kind, kind_of
from asrcli.engine import Device, Engine, EngineOption, Model, Weights
from asrcli.engines.device import torch_place
from asrcli.errors import UsageError
from asrcli.types import Alternative, Clip, Flag, Options, Segment, Word
from asrcli.weights.models import local_path

if TYPE_CHECKING:
    from asr_plugins.transformers_models.beam import LanguageModel
    from asr_plugins.transformers_models.ctc import CtcModel
    from asr_plugins.transformers_models.sequence import Reading, Request, SequenceModel
    from asr_plugins.transformers_models.transducer import TransducerModel
    from asr_plugins.transformers_models.vocabulary import Span, Vocabulary, WordSpan

BEAMS = 100  # hypotheses with a language model, pyctcdecode's default
LM_WEIGHT, WORD_BONUS = 0.5, 1.5  # of a language model, pyctcdecode's defaults
LEAST = 1e-6  # of a probability, before its logarithm is taken


class Transformers(Engine):
    """Models of transformers. What is true of some kinds only stands in the classes below."""

    name = "transformers"
    requires = ("torch", "transformers", "safetensors")
    extra = "transformers"
    rank = 50
    models: ClassVar[Mapping[str, Model]] = MODELS
    default_model = "parakeet-tdt-0.6b-v3"
    max_seconds = 30.0  # wav2vec 2.0 and its family were trained on less
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 60.0, "cuda": 960.0}
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cuda": ("bfloat16", "float16", "float32"),
        "cpu": ("float32", "bfloat16"),
    }
    supports = frozenset(
        {"task", "beam_size", "n_best", "length_penalty", "language_model", "max_new_tokens", "word_timestamps"}
    )
    own_options: ClassVar[Mapping[str, EngineOption]] = {
        "lm_weight": EngineOption(LM_WEIGHT, 0.0, 10.0, "CTC, --language-model: weight of its log probabilities"),
        "word_bonus": EngineOption(WORD_BONUS, -20.0, 20.0, "CTC, --language-model: added for each word"),
    }

    def __init__(self, weights: Weights, device: Device) -> None:
        from asrcli.weights.plain import quiet

        folder = local_path(type(self), weights)
        self.kind = kind_of(folder)
        place = torch_place(type(self), device)
        self.ctc: CtcModel | None = None
        self.transducer: TransducerModel | None = None
        self.sequence: SequenceModel | None = None
        self._loaded: tuple[tuple[str, float, float], LanguageModel] | None = None
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
    def for_weights(cls, weights: Weights) -> type[Engine]:
        """Return the card of the kind of model that a folder holds."""
        return CARDS[kind_of(Path(weights.path))] if weights.path is not None else cls

    @classmethod
    def beams(cls, options: Options) -> int:
        """Return how many hypotheses the search keeps: one, or many with a language model, unless it is said."""
        return options.beam_size or (BEAMS if options.language_model else 1)

    @classmethod
    def check(cls, options: Options) -> None:
        """Raise `UsageError` for options of a search that there is not."""
        if options.engine_options and options.language_model is None:
            name = options.engine_options[0][0].replace("_", "-")
            raise UsageError(f"--engine-option {name} is for --language-model: give that too")
        if options.length_penalty is not None and cls.beams(options) == 1:
            raise UsageError(f"--length-penalty {options.length_penalty:g} is for a beam search: add --beam-size 5")

    def transcribe(self, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Return at most one segment per clip."""
        if not clips:
            return []
        if self.ctc is not None:
            return self._ctc_segments(self.ctc, clips, options)
        samples = [clip.samples for clip in clips]
        if self.sequence is not None:
            languages = [clip.language or options.language for clip in clips]
            readings = self.sequence.transcribe(samples, languages, self._request(options))
            return [_written(clip, ranked, options) for clip, ranked in zip(clips, readings, strict=True)]
        assert self.transducer is not None
        decoded = self.transducer.transcribe(samples, options.max_new_tokens)
        vocabulary, frame = self.transducer.vocabulary, self.transducer.frame_seconds
        return [
            _spoken(clip, (vocabulary, spans, frame), options, cut)
            for clip, (spans, cut) in zip(clips, decoded, strict=True)
        ]

    def _ctc_segments(self, model: CtcModel, clips: Sequence[Clip], options: Options) -> list[list[Segment]]:
        """Recognise the clips of one language after those of another: a model may have letters of its own for each."""
        found: list[list[Segment]] = [[] for _ in clips]
        languages = [clip.language or options.language for clip in clips]
        for language in dict.fromkeys(languages):
            model.speak(language)
            places = [place for place, one in enumerate(languages) if one == language]
            readings = self._ctc_readings(model, [clips[place] for place in places], options)
            for place, ranked in zip(places, readings, strict=True):
                decoded = (model.vocabulary, ranked[0].spans, model.frame_seconds)
                listed = tuple(_listed(model.vocabulary, one) for one in ranked) if options.n_best else ()
                segments = _spoken(clips[place], decoded, options, False)
                found[place] = [replace(segment, alternatives=listed) for segment in segments]
        return found

    def _ctc_readings(self, model: CtcModel, clips: Sequence[Clip], options: Options) -> list[list[CtcReading]]:
        """Return the readings of each clip, the best first: one, or as many as are asked for."""
        from asr_plugins.transformers_models.ctc import best_tokens

        blank = model.vocabulary.blank
        language_model = self._language_model(options)
        emissions = model.emissions([clip.samples for clip in clips])
        size = self.beams(options)
        if size == 1 and language_model is None:
            return [[CtcReading(best_tokens(one, blank), float(one.max(-1).sum()))] for one in emissions]
        from asr_plugins.transformers_models.beam import Beam, time_tokens

        beam = Beam(model.vocabulary, size, language_model)
        return [
            [
                CtcReading(time_tokens(one, tokens, blank), score)
                for tokens, score in beam.best(one, options.n_best or 1)
            ]
            for one in emissions
        ]

    def _language_model(self, options: Options) -> LanguageModel | None:
        """Return the language model asked for, loaded once."""
        if options.language_model is None:
            return None
        weight, bonus = options.own("lm_weight", LM_WEIGHT), options.own("word_bonus", WORD_BONUS)
        wanted = (options.language_model, weight, bonus)
        if self._loaded is None or self._loaded[0] != wanted:
            from asr_plugins.transformers_models.beam import LanguageModel

            self._loaded = (wanted, LanguageModel(Path(options.language_model), weight, bonus))
        return self._loaded[1]

    def _request(self, options: Options) -> Request:
        from asr_plugins.transformers_models.sequence import Request

        task = options.task or "transcribe"
        model = self.sequence
        able = model is not None and (self.kind is Kind.CANARY or bool(model.languages))
        if task == "translate" and not able:
            raise UsageError("this model does not translate; leave --task out")
        return Request(task, self.beams(options), options.max_new_tokens, options.n_best or 1, options.length_penalty)


class CtcCard(Transformers):
    """wav2vec 2.0, HuBERT, WavLM, W2v-BERT, MMS, Parakeet-CTC."""

    supports = frozenset({"beam_size", "n_best", "language_model", "word_timestamps"})


class TransducerCard(Transformers):
    """Parakeet RNN-T and TDT, which were trained on up to 40 s and recognise minutes."""

    max_seconds = 60.0
    supports = frozenset({"word_timestamps", "max_new_tokens"})
    own_options: ClassVar[Mapping[str, EngineOption]] = {}


class SequenceCard(Transformers):
    """Models that write, on up to 30 s; the core takes word times from an aligner."""

    supports = frozenset({"task", "beam_size", "n_best", "length_penalty", "max_new_tokens"})
    own_options: ClassVar[Mapping[str, EngineOption]] = {}


class WhisperCard(SequenceCard):
    """Whisper, which says which language it recognises."""

    identifies_language = True

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return for each clip the probability of each language code."""
        assert self.sequence is not None
        return self.sequence.identify([clip.samples for clip in clips])


class CanaryCard(SequenceCard):
    """Canary, trained on up to 40 s."""

    max_seconds = 40.0

    @classmethod
    def clip_seconds(cls, options: Options) -> float:
        """Return the length of clips, a little less."""
        return 38.0


CARDS: Mapping[Kind, type[Transformers]] = {
    Kind.CTC: CtcCard,
    Kind.RNNT: TransducerCard,
    Kind.TDT: TransducerCard,
    Kind.WHISPER: WhisperCard,
    Kind.PLAIN: SequenceCard,
    Kind.CANARY: CanaryCard,
}


@dataclass(frozen=True, slots=True)
class CtcReading:
    """What a model that recognises frame by frame may have recognised."""

    spans: list[Span]
    score: float  # what the search ranks by


def _listed(vocabulary: Vocabulary, reading: CtcReading) -> Alternative:
    return Alternative(
        _text(vocabulary, reading.spans),
        reading.score,
        tuple(span.token for span in reading.spans),
        tuple(log(max(span.score, LEAST)) for span in reading.spans),
    )


def _text(vocabulary: Vocabulary, spans: Sequence[Span]) -> str:
    return " ".join("".join(vocabulary.surface(span.token) for span in spans).split())


def _written(clip: Clip, ranked: Sequence[Reading], options: Options) -> list[Segment]:
    """Return the segment of a model that writes; its times are those of the clip."""
    from math import exp

    reading = ranked[0]
    if not reading.text:
        return []
    listed = tuple(Alternative(one.text, one.search_score, one.tokens, one.log_probs) for one in ranked)
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
            alternatives=listed if options.n_best else (),
        )
    ]


def _spoken(
    clip: Clip, decoded: tuple[Vocabulary, Sequence[Span], float], options: Options, cut: bool
) -> list[Segment]:
    """Return the segment of a model that recognises frame by frame, with words where they were asked for.

    Args:
        decoded: the vocabulary, the tokens with their frames, and the seconds of a frame.
        cut: the tokens were cut short.
    """
    vocabulary, spans, frame = decoded
    if not (found := vocabulary.words(spans)):
        return []
    words = _words(clip, found, frame)
    return [
        Segment(
            _text(vocabulary, spans),
            words[0].start,
            words[-1].end,
            words=words if options.word_timestamps else (),
            score=sum(word.score or 0.0 for word in words) / len(words),
            avg_logprob=sum(log(max(span.score, LEAST)) for span in spans) / len(spans),
            tokens=tuple(span.token for span in spans),
            flags=(Flag.TRUNCATED.value,) if cut else (),
        )
    ]


def _words(clip: Clip, found: Sequence[WordSpan], frame: float) -> tuple[Word, ...]:
    from asr_plugins.transformers_models.edges import find_edges

    edges = find_edges([(word.first * frame, word.past * frame) for word in found], clip.samples)
    return tuple(
        Word(word.text, start, end, round(word.score, 4)) for word, (start, end) in zip(found, edges, strict=True)
    )
