"""The best path of a text through a stretch of sound: exact, with pauses, sounds that are no text, and leaps.

Nodes stand between words, before the first and after the last. From node to node lead the pronunciations of a word; at
every node silence, a noise or any other sound may be found (``other``: the best base phone of each frame, at a price).
A leap passes words that are not said: to any later node when aligning, to any node at all when the order is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from asr_plugins.pocketsphinx_aligner.acoustic import BEGIN, END, INTERNAL, SINGLE, STATES, AcousticModel

Array = NDArray[np.float32]
Pronunciation = Sequence[int]  # numbers of base phones

# Log probabilities of what is no word of the text, tuned on the recordings of `docs/align.md`. The silence of the model
# takes the soft ends of words: at a price per frame, boundaries before pauses are right (mean error 46 ms without it,
# 29 ms with it). A frame of right words costs 0 when read and 1.7 when mumbled, one of wrong words about 6.
PAUSE = -2.0
PAUSE_PER_FRAME = -1.25
OTHER = -30.0
OTHER_PER_FRAME = -3.0
LEAP = -60.0
NEVER = np.float32(-1e30)

Leaps = Literal["forced", "onward", "anywhere"]  # none; to any later node; to any node


@dataclass(frozen=True, slots=True)
class Sound:
    """A phone on the path: frames ``[start, end)``, its word (-1: between words) and how well it fits, per frame."""

    word: int
    phone: int
    start: int
    end: int
    fit: float  # mean log likelihood, less that of the best base phone of each frame
    first: bool  # it begins its word


@dataclass(slots=True)
class Chain:
    """One way from a node to a node: phone states one after the other."""

    word: int  # -1 between words
    phones: list[int]
    source: int
    target: int
    first: int = 0  # its first state


class Graph:
    """The states of a text, as arrays."""

    def __init__(self, model: AcousticModel, words: Sequence[Sequence[Pronunciation]]) -> None:
        self.model = model
        self.nodes = len(words) + 1
        self.chains: list[Chain] = []
        senones: list[int] = []
        stay: list[float] = []
        leave: list[float] = []
        price: list[float] = []

        def add(chain: Chain, states: Sequence[Sequence[int]], cost: float) -> None:
            """Append the states of a chain, which costs so much to enter."""
            chain.first = len(senones)
            for phone, own in zip(chain.phones, states, strict=True):
                senones.extend(own)
                stay.extend(model.stay[phone])
                leave.extend(model.leave[phone])
            price.append(cost)
            self.chains.append(chain)

        for node in range(self.nodes):
            add(Chain(-1, [model.silence], node, node), [model.senones[model.silence].tolist()], PAUSE)
            if node < len(words):
                before = words[node - 1][0][-1] if node else model.silence
                after = words[node + 1][0][0] if node + 1 < len(words) else model.silence
                share = -float(np.log(len(words[node])))
                for phones in words[node]:
                    own = _states(model, phones, before, after)
                    add(Chain(node, list(phones), node, node + 1), own, share)
        self.columns, self.column = np.unique(np.array(senones, np.int32), return_inverse=True)
        self.stay, self.leave = np.array(stay, np.float32), np.array(leave, np.float32)
        self.price = np.array(price, np.float32)
        self.first = np.array([chain.first for chain in self.chains])
        self.last = np.append(self.first[1:], len(senones)) - 1
        self.source = np.array([chain.source for chain in self.chains])
        target = np.array([chain.target for chain in self.chains])
        self.order = np.argsort(target, kind="stable")  # chains by the node they lead to
        self.begins = np.searchsorted(target[self.order], np.arange(self.nodes))
        self.ways = np.bincount(target, minlength=self.nodes)  # how many chains lead to each node


def _states(model: AcousticModel, phones: Pronunciation, before: int, after: int) -> list[list[int]]:
    around = [before, *phones, after]
    found = []
    positions = [SINGLE] if len(phones) == 1 else [BEGIN, *[INTERNAL] * (len(phones) - 2), END]
    for place, (phone, position) in enumerate(zip(phones, positions, strict=True)):
        found.append(model.states(phone, around[place], around[place + 2], position).tolist())
    return found


class Search:
    """Viterbi search through one graph over one stretch of sound."""

    def __init__(self, graph: Graph, features: Array, leaps: Leaps = "onward") -> None:
        self.graph = graph
        self.leaps = leaps
        base = graph.model.base_senones()
        wanted = np.union1d(graph.columns, base)  # scored in one go: both need the same Gaussians
        scores = graph.model.score(features, wanted)
        best = scores[:, np.searchsorted(wanted, base)].max(axis=1, keepdims=True)
        self.scores = scores[:, np.searchsorted(wanted, graph.columns)] - best  # (frames, columns)
        self.scores[:, np.isin(graph.columns, graph.model.senones[graph.model.silence])] += PAUSE_PER_FRAME
        self._run()

    def _run(self) -> None:
        graph, frames = self.graph, len(self.scores)
        states = len(graph.stay)
        self.moved = np.zeros((frames, states), bool)
        self.entered = np.full((frames, graph.nodes), -1, np.int32)  # the chain a node was reached by; -1 none
        self.leapt = np.full((frames, graph.nodes), -1, np.int32)  # the node leapt from; -1 none
        alpha = np.full(states, NEVER, np.float32)
        other = np.full(graph.nodes, NEVER, np.float32)  # finding something else at a node
        self.others = np.zeros((frames, graph.nodes), bool)  # that state was entered in this frame
        node: Any = np.full(graph.nodes, NEVER, np.float32)
        node[0] = 0.0
        self._leap(node)
        numbers = np.arange(len(graph.order))
        price = NEVER if self.leaps == "forced" else np.float32(OTHER)
        for frame in range(frames):
            came = np.empty_like(alpha)
            came[1:] = alpha[:-1] + graph.leave[:-1]
            came[graph.first] = node[graph.source] + graph.price
            alpha += graph.stay
            np.greater(came, alpha, out=self.moved[frame])
            np.maximum(alpha, came, out=alpha)
            alpha += self.scores[frame][graph.column]
            fresh = node + price
            np.greater(fresh, other, out=self.others[frame])
            other = np.maximum(other, fresh) + np.float32(OTHER_PER_FRAME)
            exits = (alpha[graph.last] + graph.leave[graph.last])[graph.order]
            node = np.maximum.reduceat(exits, graph.begins)
            hits = np.where(exits == np.repeat(node, graph.ways), numbers, -1)
            chosen = graph.order[np.maximum.reduceat(hits, graph.begins)]
            better = other > node
            chosen[better] = -1
            node = np.maximum(node, other)
            self.entered[frame] = chosen
            self.leapt[frame] = self._leap(node)
        self.end = node

    def _leap(self, node: Array) -> NDArray[Any]:
        """Raise nodes by leaps; return from where, -1 for none."""
        if self.leaps == "forced":
            return np.full(len(node), -1)
        if self.leaps == "anywhere":
            source = np.full(len(node), int(np.argmax(node)))
            reach: Any = np.full(len(node), node.max() + LEAP, np.float32)
        else:
            greatest = np.maximum.accumulate(node)
            source = np.maximum.accumulate(np.where(node >= greatest, np.arange(len(node)), 0))
            reach = greatest + LEAP
        better = reach > node
        np.maximum(node, reach, out=node)
        return np.where(better, source, -1)

    def sounds(self) -> list[Sound]:
        """Return the phones of the best path, in order; what was found as anything else is left out."""
        node = int(np.argmax(self.end)) if self.leaps == "anywhere" else self.graph.nodes - 1
        frame = len(self.scores) - 1
        found: list[Sound] = []
        while frame >= 0:
            if (source := int(self.leapt[frame, node])) >= 0:
                node = source
            number = int(self.entered[frame, node])
            if number < 0:
                while not self.others[frame, node]:
                    frame -= 1
                frame -= 1
                continue
            chain = self.graph.chains[number]
            own, frame = self._trace(chain, frame)
            found += own
            node = chain.source
        return found[::-1]

    def _trace(self, chain: Chain, frame: int) -> tuple[list[Sound], int]:
        """Walk back through one chain; returns its phones, the last first, and the frame before it."""
        found = []
        state, end = chain.first + STATES * len(chain.phones) - 1, frame + 1
        fit = 0.0
        while True:
            fit += float(self.scores[frame, self.graph.column[state]])
            moved = self.moved[frame, state]
            frame -= 1
            if not moved:
                continue
            if (state - chain.first) % STATES == 0:
                phone = chain.phones[(state - chain.first) // STATES]
                found.append(Sound(chain.word, phone, frame + 1, end, fit / (end - frame - 1), state == chain.first))
                end, fit = frame + 1, 0.0
            if state == chain.first:
                return found, frame
            state -= 1
