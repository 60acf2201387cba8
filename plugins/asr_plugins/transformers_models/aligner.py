"""The aligner `ctc`: word times from any CTC model of the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import exp
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from asr_plugins.transformers_models.catalogue import MODELS, Kind, kind_of
from asrcli.aligner import AlignedWord, Aligner
from asrcli.device import torch_place
from asrcli.engine import Device, Model, Weights
from asrcli.errors import ModelError
from asrcli.models import local_path
from asrcli.types import Clip, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from asr_plugins.transformers_models.viterbi import Path as BestPath
    from asr_plugins.transformers_models.vocabulary import Vocabulary
    from asrcli.types import Samples

LIKE = 60.0  # percent of likeness to a word of the text (rapidfuzz), for what was heard to be taken for it


class Network(Protocol):
    """What the aligner needs of a model."""

    vocabulary: Vocabulary
    frame_seconds: float

    def emissions(self, samples: Sequence[Samples]) -> list[NDArray[Any]]:
        """Return for each clip the log probabilities of its frames, float32 (frames, tokens)."""


class Ctc(Aligner):
    """Aligns with any CTC model that the engine `transformers` loads."""

    name = "ctc"
    requires = ("torch", "transformers", "safetensors")
    extra = "ctc"
    models: ClassVar[Mapping[str, Model]] = {
        name: model for name, model in MODELS.items() if model.layout == Kind.CTC.value
    }
    default_model = "wav2vec2-base-960h"  # letters and frames of 20 ms; Parakeet's are word pieces and 80 ms
    max_seconds = 30.0  # what these models were trained on; their attention grows with the square
    hears = True
    batch_seconds: ClassVar[Mapping[str, float]] = {"cpu": 60.0, "cuda": 960.0}
    devices = ("cuda", "cpu")
    dtypes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cuda": ("bfloat16", "float16", "float32"),
        "cpu": ("float32", "bfloat16"),
    }

    def __init__(self, weights: Weights, device: Device) -> None:
        from asr_plugins.transformers_models.ctc import CtcModel
        from asr_plugins.transformers_models.loading import quiet

        folder = local_path(type(self), weights)
        if (kind := kind_of(folder)) is not Kind.CTC:
            raise ModelError(f"'{folder}' is a model of kind '{kind}', and aligner 'ctc' needs a CTC model")
        with quiet():
            self.model: Network = CtcModel(folder, *torch_place(type(self), device))
        self.group_seconds = self.batch_seconds[device.kind]

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        """Return the times of the words of each clip; None for all of them when the clip is too short for the text."""
        from asr_plugins.transformers_models.viterbi import align_batch

        found: list[list[AlignedWord | None]] = []
        vocabulary = self.model.vocabulary
        spelled = [[self._spell(word) for word in words] for words in texts]
        done = 0
        for group in self._groups(clips):
            log_probs = self.model.emissions([clip.samples for clip in group])
            own = spelled[done : done + len(group)]
            paths = align_batch(log_probs, [self._labels(words) for words in own], vocabulary.blank)
            found += [self._times(clip, words, path) for clip, words, path in zip(group, own, paths, strict=True)]
            done += len(group)
        return found

    def hear(self, clips: Sequence[Clip], words: Sequence[str], language: str | None) -> list[list[Word]]:
        """Return what is heard in each clip, each word as the text spells it where the text has one like it."""
        from asr_plugins.transformers_models.ctc import best_tokens
        from asr_plugins.transformers_models.edges import find_edges

        model = self.model
        lexicon = Lexicon(words)
        found: list[list[Word]] = []
        for group in self._groups(clips):
            log_probs = model.emissions([clip.samples for clip in group])
            for clip, one in zip(group, log_probs, strict=True):
                heard = model.vocabulary.words(best_tokens(one, model.vocabulary.blank))
                frame = model.frame_seconds
                edges = find_edges([(word.first * frame, word.past * frame) for word in heard], clip.samples)
                found.append(
                    [
                        Word(lexicon.nearest(word.text), start, end, round(word.score, 4))
                        for word, (start, end) in zip(heard, edges, strict=True)
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
        from asr_plugins.transformers_models.viterbi import STAR

        tokens = self.model.vocabulary.spell(word)
        known = any(token != STAR and self.model.vocabulary.surface(token).strip() for token in tokens)
        return tokens if known else [STAR]

    def _labels(self, words: Sequence[Sequence[int]]) -> list[int]:
        """Return the labels of a text, with the model's own sign between words."""
        from asr_plugins.transformers_models.viterbi import STAR

        if not words:
            return []
        labels = list(words[0])
        between = self._between()
        for before, after in pairwise(words):
            if between and STAR not in (before[-1], after[0]):
                labels += between
            labels += after
        return labels

    def _between(self) -> list[int]:
        vocabulary = self.model.vocabulary
        number = vocabulary.numbers.get(vocabulary.delimiter) if vocabulary.delimiter else None
        return [] if number is None else [number]

    def _times(self, clip: Clip, words: Sequence[Sequence[int]], path: BestPath | None) -> list[AlignedWord | None]:
        """Return the times and scores of the words on a path; a star has no score."""
        from asr_plugins.transformers_models.edges import find_edges
        from asr_plugins.transformers_models.viterbi import STAR

        if path is None:
            return [None] * len(words)
        frame = self.model.frame_seconds
        places: list[tuple[int, int]] = []
        place = 0
        between = self._between()
        for number, word in enumerate(words):
            if number and between and STAR not in (words[number - 1][-1], word[0]):
                place += 1
            places.append((place, place + len(word)))
            place += len(word)
        frames = [(float(path.firsts[first]) * frame, float(path.pasts[past - 1]) * frame) for first, past in places]
        edges = find_edges(frames, clip.samples)
        return [
            AlignedWord(start, end, self._score(word, path.scores[first:past].tolist()))
            for (start, end), word, (first, past) in zip(edges, words, places, strict=True)
        ]

    @staticmethod
    def _score(word: Sequence[int], log_probs: Sequence[float]) -> float | None:
        """Return the mean probability of the labels that the model knows."""
        from asr_plugins.transformers_models.viterbi import STAR

        known = [exp(min(0.0, value)) for label, value in zip(word, log_probs, strict=True) if label != STAR]
        return round(sum(known) / len(known), 4) if known else None


class Lexicon:
    """The words of a text, to put what was heard into its spelling."""

    def __init__(self, words: Sequence[str]) -> None:
        self.spellings = {_plain(word): word for word in reversed(words)}
        self.known: dict[str, str] = {}

    def nearest(self, heard: str) -> str:
        """Return the word of the text that is most like what was heard; what was heard when none is like it."""
        plain = _plain(heard)
        if plain not in self.known:
            self.known[plain] = self.spellings[plain] if plain in self.spellings else self._search(plain, heard)
        return self.known[plain]

    def _search(self, plain: str, heard: str) -> str:
        from rapidfuzz import fuzz, process

        best = process.extractOne(plain, self.spellings.keys(), scorer=fuzz.ratio, score_cutoff=LIKE)
        return self.spellings[best[0]] if best else heard


def _plain(word: str) -> str:
    return "".join(char for char in word.casefold() if char.isalnum())
