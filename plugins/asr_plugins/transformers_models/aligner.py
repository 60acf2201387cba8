"""The aligner `ctc`: word times from any CTC model of the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from asr_plugins.transformers_models import Transformers
from asr_plugins.transformers_models.catalogue import MODELS, Kind, kind_of
from asr_plugins.transformers_models.vocabulary import STAR, Vocabulary
from asrcli.aligner import AlignedWord, Aligner
from asrcli.engine import Device, Model, Weights
from asrcli.engines.device import torch_place
from asrcli.errors import ModelError
from asrcli.types import Clip, Samples, Word
from asrcli.weights.models import local_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from asr_plugins.transformers_models.presence import Run
    from asr_plugins.transformers_models.viterbi import Path as BestPath

LIKE = 60.0  # percent of likeness to a word of the text (rapidfuzz), for what was found to be taken for it


class Network(Protocol):
    """What the aligner needs of a model."""

    vocabulary: Vocabulary
    frame_seconds: float

    def speak(self, language: str | None) -> None:
        """Make ready for a language."""

    def emissions(self, samples: Sequence[Samples]) -> list[NDArray[Any]]:
        """Return for each clip the log probabilities of its frames, float32 (frames, tokens)."""


class Ctc(Aligner):
    """Aligns with any CTC model that the engine `transformers` loads."""

    name = "ctc"
    requires = ("torch", "transformers", "safetensors")
    extra = "ctc"
    rank = 80
    models: ClassVar[Mapping[str, Model]] = {
        name: model for name, model in MODELS.items() if model.layout == Kind.CTC.value
    }
    default_model = "wav2vec2-base-960h"  # letters and frames of 20 ms; Parakeet's are word pieces and 80 ms
    max_seconds = 30.0  # what these models were trained on; their attention grows with the square
    recognises = True
    rejects = True
    batch_seconds: ClassVar[Mapping[str, float]] = Transformers.batch_seconds
    devices = Transformers.devices
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = Transformers.dtypes

    def __init__(self, weights: Weights, device: Device) -> None:
        from asr_plugins.transformers_models.ctc import CtcModel
        from asrcli.weights.plain import quiet

        folder = local_path(type(self), weights)
        if (kind := kind_of(folder)) is not Kind.CTC:
            raise ModelError(f"'{folder}' is a model of kind '{kind}', and aligner 'ctc' needs a CTC model")
        with quiet():
            self.model: Network = CtcModel(folder, *torch_place(type(self), device))
        self.group_seconds = self.batch_seconds[device.kind]

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        """Return the times of the words of each clip; None for those that are not found in it.

        A first search says which words are there, a second one when each of them is said: in the frames of its run,
        so that what is not there moves nothing.
        """
        self.model.speak(language)
        emissions = (
            one for group in self._groups(clips) for one in self.model.emissions([clip.samples for clip in group])
        )
        return [
            self._align(clip, log_probs, [self._spell(word) for word in words])
            for clip, log_probs, words in zip(clips, emissions, texts, strict=True)
        ]

    def recognise(self, clips: Sequence[Clip], words: Sequence[str], language: str | None) -> list[list[Word]]:
        """Return what is found in each clip, each word as the text spells it where the text has one like it."""
        from asr_plugins.transformers_models.ctc import best_tokens
        from asr_plugins.transformers_models.edges import find_edges

        model = self.model
        model.speak(language)
        lexicon = Lexicon(words)
        found: list[list[Word]] = []
        for group in self._groups(clips):
            log_probs = model.emissions([clip.samples for clip in group])
            for clip, one in zip(group, log_probs, strict=True):
                spans = model.vocabulary.words(best_tokens(one, model.vocabulary.blank))
                frame = model.frame_seconds
                edges = find_edges([(word.first * frame, word.past * frame) for word in spans], clip.samples)
                found.append(
                    [
                        Word(lexicon.nearest(word.text), start, end, round(word.score, 4))
                        for word, (start, end) in zip(spans, edges, strict=True)
                    ]
                )
        return found

    def _groups(self, clips: Sequence[Clip]) -> Iterator[list[Clip]]:
        """Yield the clips in order, as many together as the device likes."""
        group: list[Clip] = []
        longest = 0.0
        for clip in clips:
            if group and max(longest, clip.seconds) * (len(group) + 1) > self.group_seconds:
                yield group
                group, longest = [], 0.0
            group.append(clip)
            longest = max(longest, clip.seconds)
        if group:
            yield group

    def _spell(self, word: str) -> list[int]:
        """Return the labels of a word; one star for a word without any letter that the model knows."""
        tokens = self.model.vocabulary.spell(word)
        known = any(token != STAR and self.model.vocabulary.surface(token).strip() for token in tokens)
        return tokens if known else [STAR]

    def _align(self, clip: Clip, log_probs: NDArray[Any], words: Sequence[Sequence[int]]) -> list[AlignedWord | None]:
        from asr_plugins.transformers_models.edges import find_edges
        from asr_plugins.transformers_models.presence import find_words

        runs = find_words(log_probs, words, self.model.vocabulary.blank, self._between())
        spots = [spot for run in runs for spot in self._spots(log_probs[run.start : run.end], words, run)]
        spots = sorted([*spots, *self._other_sounds(log_probs, runs)], key=lambda spot: spot.start)
        second = self.model.frame_seconds
        edges = find_edges([(spot.start * second, spot.end * second) for spot in spots], clip.samples)
        found: list[AlignedWord | None] = [None] * len(words)
        for spot, (start, end) in zip(spots, edges, strict=True):
            if spot.word is not None:
                found[spot.word] = AlignedWord(start, end, spot.score)
        return found

    def _other_sounds(self, log_probs: NDArray[Any], runs: Sequence[Run]) -> Iterator[Spot]:
        """Yield the stretches between runs in which something else is found: no word reaches into them."""
        from asr_plugins.transformers_models.ctc import best_tokens

        vocabulary = self.model.vocabulary
        starts, ends = [0, *(run.end for run in runs)], [*(run.start for run in runs), len(log_probs)]
        for start, end in zip(starts, ends, strict=True):
            spans = best_tokens(log_probs[start:end], vocabulary.blank)
            spans = [span for span in spans if vocabulary.surface(span.token).strip()]
            if spans:
                yield Spot(None, start + spans[0].first, start + spans[-1].past, None)

    def _spots(self, log_probs: NDArray[Any], words: Sequence[Sequence[int]], run: Run) -> Iterator[Spot]:
        """Yield where the words of a run are, with the log probabilities of its frames."""
        from asr_plugins.transformers_models.viterbi import align

        own = words[run.first : run.last]
        text = Line(own, self._between())
        path = align(log_probs, text.labels, self.model.vocabulary.blank)
        if path is None:  # no room for the signs between the words
            text = Line(own, None)
            path = align(log_probs, text.labels, self.model.vocabulary.blank)
        assert path is not None  # the search that found the run had a path
        fits = fits_of(path, log_probs)
        for number, (word, (first, past)) in enumerate(zip(own, text.places, strict=True), run.first):
            start, end = float(path.firsts[first]), float(path.pasts[past - 1])
            yield Spot(number, run.start + start, run.start + end, score_of(word, fits[first:past].tolist()))

    def _between(self) -> int | None:
        vocabulary = self.model.vocabulary
        return vocabulary.numbers.get(vocabulary.delimiter) if vocabulary.delimiter else None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a clip a word is, in frames."""

    word: int | None  # its number in the text; None for sound that is not of it
    start: float
    end: float
    score: float | None


class Line:
    """The labels of some words, with the model's own sign between them, and where among them each word is."""

    def __init__(self, words: Sequence[Sequence[int]], between: int | None) -> None:
        self.labels: list[int] = []
        self.places: list[tuple[int, int]] = []
        for word in words:
            if self.labels and between is not None and STAR not in (self.labels[-1], word[0]):
                self.labels.append(between)
            first = len(self.labels)
            self.labels += word
            self.places.append((first, len(self.labels)))


def fits_of(path: BestPath, log_probs: NDArray[Any]) -> NDArray[Any]:
    """Return how well each label fits: its mean log probability, less that of the best token of each of its frames."""
    import numpy as np

    best = np.concatenate(([0.0], np.cumsum(log_probs.max(1), dtype=np.float64)))
    fits: NDArray[Any] = path.scores - (best[path.pasts] - best[path.firsts]) / (path.pasts - path.firsts)
    return fits


def score_of(word: Sequence[int], fits: Sequence[float]) -> float | None:
    """Return the score of a word: the mean ratio of its labels' probabilities to the best of their frames.

    A model that wavers between two spellings is as sure of the word as one that does not, and 1 is the text that the
    model itself would write. None for a word of which the model knows no letter.
    """
    known = [exp(min(0.0, fit)) for label, fit in zip(word, fits, strict=True) if label != STAR]
    return round(sum(known) / len(known), 4) if known else None


class Lexicon:
    """The words of a text, to put what was found into its spelling."""

    def __init__(self, words: Sequence[str]) -> None:
        self.spellings = {_plain(word): word for word in reversed(words)}
        self.known: dict[str, str] = {}

    def nearest(self, word: str) -> str:
        """Return the word of the text that is most like what was found; what was found when none is like it."""
        plain = _plain(word)
        if plain not in self.known:
            self.known[plain] = self.spellings[plain] if plain in self.spellings else self._search(plain, word)
        return self.known[plain]

    def _search(self, plain: str, word: str) -> str:
        from rapidfuzz import fuzz, process

        best = process.extractOne(plain, self.spellings.keys(), scorer=fuzz.ratio, score_cutoff=LIKE)
        return self.spellings[best[0]] if best else word


def _plain(word: str) -> str:
    return "".join(char for char in word.casefold() if char.isalnum())
