"""Which words of a text are found in the emissions of a CTC model, and in which frames.

A path that must say every label of a text smears what is not in the sound over its neighbours. Here the best path may
leave words out and pass over sound that is no text, each at a price; the search over both is exact. Nodes stand between
words, before the first and after the last. From a node the next word may be said, other sound may be found, or words
may be leapt over, on to any later node; those after the last node of the path are left out for nothing.

All prices are natural logarithms of a probability relative to the best path there is, whatever it says. That is near 0
for a text that is right, however sure of itself the model is, and other sound is priced by the token that is found in
it and not by the frame. So they mean the same for letters every 20 ms and for word pieces every 80 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr_plugins.transformers_models.viterbi import STAR_COST
from asr_plugins.transformers_models.vocabulary import STAR

OTHER = 4.0  # to begin to find what is no word of the text
OTHER_PER_TOKEN = 3.0  # and for every token of it
LEAP = 8.0  # to leave words out, however many
UNKNOWN_WORD = 5.0  # a word of which the model knows no letter: two of them may be there, a paragraph is leapt over


@dataclass(frozen=True, slots=True)
class Run:
    """Words ``[first, last)`` that are audible one after the other in frames ``[start, end)``, nothing between them."""

    first: int
    last: int
    start: int
    end: int


def find_words(
    log_probs: NDArray[Any], words: Sequence[Sequence[int]], blank: int, between: int | None = None
) -> list[Run]:
    """Return the words that are found, as runs in order.

    Args:
        log_probs: (frames, tokens), natural logarithms.
        words: the labels of each word, at least one; `STAR` for what the model has no token for.
        blank: number of the blank token.
        between: number of the token that stands between words; it says no more than the blank.
    """
    if not words or not len(log_probs):
        return []
    trellis = Trellis(log_probs, words, blank, between)
    return trellis.runs()


class Trellis:
    """The scores of all paths of one text through one clip.

    Column ``j`` of `rests` is the best path that has said ``j`` labels and is between two of them, that of `labels` the
    best in label ``j``, that of `others` the best at a node that finds something else; row ``t`` of each is after ``t``
    frames.
    """

    def __init__(
        self, log_probs: NDArray[Any], words: Sequence[Sequence[int]], blank: int, between: int | None
    ) -> None:

        flat: list[int] = []
        nodes = [0]
        for word in words:
            for label in word:
                if flat and label == flat[-1] != STAR:
                    flat.append(blank)  # of two equal labels the second is said only after a blank
                flat.append(label)
            nodes.append(len(flat))
        self.nodes = np.array(nodes)
        self.price = np.zeros(len(flat), np.float32)
        self.price[[nodes[number] for number, word in enumerate(words) if all(one == STAR for one in word)]] = (
            UNKNOWN_WORD
        )
        gains, self.other = _gains(log_probs, np.array(flat), blank, between)
        self._fill(gains)

    def _fill(self, gains: NDArray[Any]) -> None:

        frames, count = gains.shape
        never = np.float32(-np.inf)
        self.rests = np.full((frames + 1, count + 1), never, np.float32)
        self.labels = np.full((frames + 1, count), never, np.float32)
        self.others = np.full((frames + 1, len(self.nodes)), never, np.float32)
        rest = np.full(count + 1, never, np.float32)
        rest[0] = 0.0
        for frame in range(frames + 1):
            said, other = self.labels[frame], self.others[frame]
            np.maximum(rest[1:], said, out=self.rests[frame, 1:])
            self.rests[frame, 0] = rest[0]
            rest = self.rests[frame]
            node = np.maximum(rest[self.nodes], other)
            np.maximum(node[1:], np.maximum.accumulate(node)[:-1] - np.float32(LEAP), out=node[1:])
            rest[self.nodes] = node
            if frame < frames:
                np.maximum(said, rest[:-1] - self.price, out=self.labels[frame + 1])
                self.labels[frame + 1] += gains[frame]
                np.maximum(other, node - np.float32(OTHER), out=self.others[frame + 1])
                self.others[frame + 1] += self.other[frame]

    def runs(self) -> list[Run]:
        """Walk back along the best path and return the words on it."""
        frame = len(self.rests) - 1
        node = int(np.argmax(self.rests[frame, self.nodes]))
        found: list[Run] = []
        joined = False  # nothing but silence so far between this node and the run after it
        while node or frame:
            column = int(self.nodes[node])
            value = self.rests[frame, column]
            if column and self.labels[frame, column - 1] == value:
                start = self._word_start(node - 1, frame)
                last, end = (found[-1].last, found[-1].end) if joined else (node, frame)
                found = [*(found[:-1] if joined else found), Run(node - 1, last, start, end)]
                node, frame, joined = node - 1, start, True
                continue
            if frame and self.rests[frame - 1, column] == value:
                frame -= 1
            elif self.others[frame, node] == value:
                frame, joined = self._other_start(node, frame), False
            else:
                node, joined = int(np.argmax(self.rests[frame, self.nodes[:node]])), False
        return found[::-1]

    def _word_start(self, word: int, frame: int) -> int:
        """Walk back through a word that ends before a frame; return its first frame."""
        first = int(self.nodes[word])
        label = int(self.nodes[word + 1]) - 1
        while True:
            frame -= 1
            if self.labels[frame, label] >= self.rests[frame, label] - self.price[label]:
                continue
            if label == first:
                return frame
            while self.labels[frame, label - 1] < self.rests[frame, label]:
                frame -= 1
            label -= 1

    def _other_start(self, node: int, frame: int) -> int:
        column = int(self.nodes[node])
        while True:
            frame -= 1
            if self.others[frame, node] < self.rests[frame, column] - OTHER:
                return frame


def _gains(
    log_probs: NDArray[Any], labels: NDArray[Any], blank: int, between: int | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the log probabilities of labels (frames, labels) and of any other sound (frames,), above silence."""
    silent = [blank] if between is None else [blank, between]
    rest = log_probs[:, silent].max(1)
    sounds = log_probs.copy()
    sounds[:, silent] = -np.inf
    token = sounds.argmax(1)
    loudest = sounds.max(1) - rest
    audible = loudest > 0
    fresh = audible & np.append(True, (token[1:] != token[:-1]) | ~audible[:-1])
    gains = (log_probs[:, np.maximum(labels, 0)] - rest[:, None]).astype(np.float32)
    if (stars := labels == STAR).any():
        gains[:, stars] = (loudest - STAR_COST)[:, None]
    if (spaces := labels == blank).any():
        gains[:, spaces] = 0.0
    return gains, (np.maximum(loudest, 0.0) - OTHER_PER_TOKEN * fresh).astype(np.float32)
