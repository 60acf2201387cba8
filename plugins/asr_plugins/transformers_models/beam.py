"""Prefix beam search over CTC emissions, with a KenLM model of words where there is one.

Hannun et al. 2014, "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs",
algorithm 1: the probabilities of all paths that read the same are summed. The language model (KenLM, Heafield 2011)
scores a word when it is complete; weight, bonus and the price of an unknown word are those of pyctcdecode, whose own
package cannot be installed with numpy 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import exp, log, log1p
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from asr_plugins.transformers_models.viterbi import align
from asr_plugins.transformers_models.vocabulary import PIECE_SPACE, Span, Vocabulary
from asrcli.base.files import cause
from asrcli.errors import MissingExtra, ModelError

LEAST_TOKEN = -5.0  # natural logarithm; less probable tokens of a frame are not tried
LEAST_BEAM = -10.0  # natural logarithm; hypotheses so much worse than the best are dropped
IMPOSSIBLE = -1e30
UNKNOWN_WORD = -10.0


class LanguageModel:
    """A KenLM model, ARPA or binary.

    Args:
        weight: of its log probabilities beside those of the network.
        bonus: for each word.

    Raises:
        MissingExtra: the package kenlm is not installed.
        ModelError: the file is missing or no language model.
    """

    def __init__(self, path: Path, weight: float = 0.5, bonus: float = 1.5) -> None:
        try:
            import kenlm
        except ImportError:
            raise MissingExtra("a language model", ["kenlm"], "lm") from None
        if not path.is_file():
            raise ModelError(f"there is no language model '{path}'; name an ARPA or KenLM file")
        config = kenlm.Config()
        config.show_progress, config.arpa_complain = False, kenlm.ARPALoadComplain.NONE  # nothing on standard error
        try:
            self._model = kenlm.Model(str(path), config)
        except (OSError, RuntimeError) as error:
            reason = cause(error).strip().splitlines()[-1].rpartition("Exception. ")[2]  # without its C++ signature
            raise ModelError(f"'{path}' is no language model that KenLM reads: {reason}") from error
        self._state: Any = kenlm.State
        self.weight, self.bonus = weight, bonus

    def start(self) -> Any:
        """Return the state before the first word."""
        state = self._state()
        self._model.BeginSentenceWrite(state)
        return state

    def add(self, state: Any, word: str) -> tuple[Any, float]:
        """Return the state after a word, and what the word adds to the score of a hypothesis."""
        after = self._state()
        form = next((form for form in (word, word.lower(), word.upper()) if form in self._model), word)
        score = self._model.BaseScore(state, form, after) * log(10.0)
        price = 0.0 if form in self._model else UNKNOWN_WORD
        return after, self.weight * score + self.bonus + price

    def end(self, state: Any) -> float:
        """Return what the end of the sentence adds."""
        after = self._state()
        return self.weight * float(self._model.BaseScore(state, "</s>", after)) * log(10.0)


@dataclass(slots=True, eq=False)
class Prefix:
    """A sequence of tokens; each exists once, so that paths that read the same meet."""

    parent: Prefix | None
    token: int
    word: str = ""  # what has been read of the word that is not complete
    state: Any = None  # of the language model, before that word
    bonus: float = 0.0  # of the language model, for all complete words
    children: dict[int, Prefix] = field(default_factory=dict)

    def tokens(self) -> list[int]:
        """Return the tokens from the first."""
        found: list[int] = []
        node: Prefix | None = self
        while node is not None and node.parent is not None:
            found.append(node.token)
            node = node.parent
        return found[::-1]


@dataclass(frozen=True, slots=True)
class Beam:
    """The search of one vocabulary.

    Args:
        size: hypotheses that are kept.
        language_model: scores words; None does without.
    """

    vocabulary: Vocabulary
    size: int
    language_model: LanguageModel | None = None

    def search(self, log_probs: NDArray[Any]) -> list[int]:
        """Return the tokens of the most probable text of one clip; `log_probs` as in `best`."""
        return self.best(log_probs, 1)[0][0]

    def best(self, log_probs: NDArray[Any], count: int) -> list[tuple[list[int], float]]:
        """Return the tokens and the scores of the most probable texts of one clip, the best first.

        A score is the log probability of all paths that read the text, and what the language model adds.

        Args:
            log_probs: (frames, tokens), natural logarithms.
            count: the most texts to return; beams that were dropped are not among them.
        """
        root = Prefix(None, self.vocabulary.blank)
        if self.language_model is not None:
            root.state = self.language_model.start()
        beams = {root: (0.0, IMPOSSIBLE)}  # log probability of the paths that end in a blank, and in the last token
        for frame in log_probs:
            grown: dict[Prefix, tuple[float, float]] = {}
            for token, score in self._candidates(frame):
                for prefix, ends in beams.items():
                    self._extend(grown, prefix, ends, (token, score))
            beams = self._prune(grown)
        scored = [(prefix, _sum(*ends) + self._final(prefix)) for prefix, ends in beams.items()]
        scored.sort(key=lambda one: one[1], reverse=True)
        return [(prefix.tokens(), score) for prefix, score in scored[:count]]

    def _candidates(self, frame: NDArray[Any]) -> Iterator[tuple[int, float]]:
        best = int(frame.argmax())
        for token in {best, *(frame >= LEAST_TOKEN).nonzero()[0].tolist()}:
            if token == self.vocabulary.blank or token not in self.vocabulary.silent:
                yield token, float(frame[token])

    def _extend(
        self,
        grown: dict[Prefix, tuple[float, float]],
        prefix: Prefix,
        ends: tuple[float, float],
        step: tuple[int, float],
    ) -> None:
        """Add what a prefix becomes with one more frame of one token."""
        token, score = step
        blank, spoken = ends
        if token == self.vocabulary.blank:
            _add(grown, prefix, 0, _sum(blank, spoken) + score)
        elif token == prefix.token:  # without a blank between, it is the same token going on
            _add(grown, prefix, 1, spoken + score)
            _add(grown, self._child(prefix, token), 1, blank + score)
        else:
            _add(grown, self._child(prefix, token), 1, _sum(blank, spoken) + score)

    def _child(self, prefix: Prefix, token: int) -> Prefix:
        if (child := prefix.children.get(token)) is None:
            child = prefix.children[token] = self._grow(prefix, token)
        return child

    def _grow(self, prefix: Prefix, token: int) -> Prefix:
        """Return a prefix with one more token; a word that this completes is scored."""
        text = self.vocabulary.tokens[token]
        ends_word = text == self.vocabulary.delimiter or text.startswith(PIECE_SPACE)
        rest = "" if text == self.vocabulary.delimiter else text.replace(PIECE_SPACE, "")
        child = Prefix(prefix, token, prefix.word + rest, prefix.state, prefix.bonus)
        if ends_word and self.language_model is not None:
            child.word = rest
            if prefix.word:
                child.state, score = self.language_model.add(prefix.state, prefix.word)
                child.bonus += score
        return child

    def _prune(self, grown: dict[Prefix, tuple[float, float]]) -> dict[Prefix, tuple[float, float]]:
        ranked = sorted(((_sum(*ends) + prefix.bonus, number) for number, (prefix, ends) in enumerate(grown.items())))
        kept = [number for score, number in ranked[-self.size :] if score >= ranked[-1][0] + LEAST_BEAM]
        items = list(grown.items())
        return dict(items[number] for number in kept)

    def _final(self, prefix: Prefix) -> float:
        """Return the language model's score of a whole text."""
        if self.language_model is None:
            return 0.0
        state, bonus = prefix.state, prefix.bonus
        if prefix.word:
            state, score = self.language_model.add(state, prefix.word)
            bonus += score
        return bonus + self.language_model.end(state)


def time_tokens(log_probs: NDArray[Any], tokens: Sequence[int], blank: int) -> list[Span]:
    """Return the tokens with the frames of their most probable path."""
    path = align(log_probs, tokens, blank)
    if path is None:
        return []
    places = zip(tokens, path.firsts.tolist(), path.pasts.tolist(), strict=True)
    return [
        Span(token, first, past, min(1.0, exp(float(log_probs[first:past, token].max()))))
        for token, first, past in places
    ]


def _sum(left: float, right: float) -> float:
    """Return the logarithm of the sum of two probabilities given as logarithms."""
    high, low = (left, right) if left > right else (right, left)
    return high + log1p(exp(low - high)) if low > IMPOSSIBLE else high


def _add(grown: dict[Prefix, tuple[float, float]], prefix: Prefix, place: int, score: float) -> None:
    blank, spoken = grown.get(prefix, (IMPOSSIBLE, IMPOSSIBLE))
    grown[prefix] = (blank, _sum(spoken, score)) if place else (_sum(blank, score), spoken)
