"""Greedy decoding of many clips at once: rows that are finished leave the batch, and rows that run in circles end.

On CUDA one step is a graph that is captured once for each pair of batch size and length, both rounded up, and several
steps run between two looks at the tokens. Elsewhere every step computes just the rows and the length there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import torch
import torch.nn.functional as F
from torch import Tensor

from asr_plugins.qwen3.answers import loop
from asr_plugins.qwen3.checkpoint import Linear
from asr_plugins.qwen3.decoder import Cache, TextDecoder

STEPS_AT_ONCE = {"cuda": 8}  # between two looks at the tokens, which stop the device; one elsewhere
PREFIX_AT_ONCE = 2_048  # tokens of a shared prefix that are read together
TOKENS_AT_ONCE = 16_384  # of prompts that are read together, padding included
WASTE = 0.25  # of that may be padding
LENGTH_STEP = 256  # the cache grows by whole steps of this; on CUDA to powers of two

LOOK_FOR_LOOPS = 8  # tokens between two searches
First = Callable[[Sequence[int]], None]


class End(Enum):
    """Why a row ended."""

    DONE = auto()  # the model said so
    LIMIT = auto()
    LOOP = auto()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the decoder reads before it writes, after the prefix that all share, if there is one."""

    vectors: Tensor  # (length, width)
    limit: int  # most tokens to write


@dataclass(frozen=True, slots=True)
class Written:
    """What the decoder wrote after one prompt."""

    tokens: tuple[int, ...]  # without the end token; of a loop, its pattern once
    end: End
    log_prob: float | None  # mean over the tokens, the end token among them; natural logarithm; None: nobody says
    log_probs: tuple[float, ...] = ()  # of each token that was written, a loop's later turns and the end among them

    @property
    def finished(self) -> bool:
        """Whether the model came to an end by itself."""
        return self.end is End.DONE


@dataclass(slots=True)
class _Row:
    number: int  # of the prompt
    position: int  # of the next token
    limit: int
    tokens: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)  # the end token among them


class GreedyDecoder:
    """Writes the most probable token, again and again.

    Args:
        ends: ids that end an answer.
        loops: whether rows end that run in circles.
    """

    def __init__(self, decoder: TextDecoder, output: Linear, ends: Sequence[int], loops: bool = True) -> None:
        self.decoder, self.output, self.ends, self.loops = decoder, output, frozenset(ends), loops
        self.device = decoder.embedding.device
        self._stepper: Stepper | None = None  # kept, because its graphs and its cache are

    def prefix(self, vectors: Tensor) -> Cache:
        """Return what several prompts begin with, ``(length, width)``, as it has been read: once for all of them."""
        cache = Cache(self.decoder.config, 1, len(vectors), self.decoder.embedding)
        for start in range(0, len(vectors), PREFIX_AT_ONCE):
            self.decoder.read(vectors[None, start : start + PREFIX_AT_ONCE], cache, start=start)
        return cache

    def write(
        self, prompts: Sequence[Prompt], penalty: float = 1.0, first: First | None = None, prefix: Cache | None = None
    ) -> list[Written]:
        """Return what follows each prompt. A prompt's result does not depend on the prompts beside it.

        Args:
            prompts: in any order and of any lengths.
            penalty: of tokens that were written before, on their logits (Keskar et al. 2019); 1 is none.
            first: is called with the numbers of prompts whose first token is written.
            prefix: of `prefix`: what all prompts begin with.
        """
        if not prompts:
            return []
        try:
            return self._write(prompts, penalty, first, prefix)
        except RuntimeError:
            self._stepper = None  # when memory ran out, its cache should not stand in the way of a smaller batch
            raise

    def _write(
        self, prompts: Sequence[Prompt], penalty: float, first: First | None, prefix: Cache | None
    ) -> list[Written]:
        order = sorted(range(len(prompts)), key=lambda number: -len(prompts[number].vectors))
        known = prefix.length if prefix else 0
        longest = known + max(len(one.vectors) for one in prompts)
        stepper = self._prepare(len(prompts), longest + 1)
        if prefix is not None:
            stepper.cache.begin(0, len(prompts), prefix)
        groups = blocks(order, prompts)
        read = [logits for block in groups for logits in self._read(prompts, block, stepper.cache, known)]
        rows = [_Row(number, known + len(prompts[number].vectors), prompts[number].limit) for number in order]
        stepper.begin(torch.stack(read), [row.position for row in rows], penalty)
        if first is not None:
            stepper.first()  # waits for the device
            first(order)
        return self._continue(stepper, rows)

    def stepper(self, length: int) -> Stepper:
        """Return a stepper over a cache of its own with one row, for `resume`."""
        graphs = self.device.type == "cuda"
        return Stepper(self, Cache(self.decoder.config, 1, rounded(length, graphs), self.decoder.embedding), graphs)

    def resume(self, stepper: Stepper, logits: Tensor, position: int, limit: int) -> Written:
        """Return what follows in the one row of a stepper.

        Args:
            stepper: its cache holds the row.
            logits: ``(vocabulary,)`` after the last token of the row.
            position: where the next token stands.
            limit: most tokens to write.
        """
        stepper.begin(logits[None], [position], 1.0)
        return self._continue(stepper, [_Row(0, position, limit)])[0]

    def _prepare(self, rows: int, length: int) -> Stepper:
        """Return a stepper with room for the prompts, the one that is there if it has."""
        graphs = self.device.type == "cuda"
        length = rounded(length + LENGTH_STEP // 2, graphs)
        rows = power_of_two(rows) if graphs else rows
        old = self._stepper
        if graphs and old is not None and old.cache.rows >= rows and old.cache.length >= length:
            return old
        if graphs and old is not None:
            rows, length = max(rows, old.cache.rows), max(length, old.cache.length)
        self._stepper = old = None  # let go of the old cache first
        stepper = Stepper(self, Cache(self.decoder.config, rows, length, self.decoder.embedding), graphs)
        self._stepper = stepper if graphs else None
        return stepper

    def _read(self, prompts: Sequence[Prompt], block: Sequence[int], cache: Cache, start: int) -> list[Tensor]:
        first_row, numbers = block[0], block[1:]
        vectors = [prompts[number].vectors for number in numbers]
        longest = max(map(len, vectors))
        padded = torch.stack([F.pad(one, (0, 0, 0, longest - len(one))) for one in vectors])
        hidden = self.decoder.read(padded, cache, first_row, start)
        last = torch.stack([row[len(one) - 1] for row, one in zip(hidden, vectors, strict=True)])
        return list(self.output(last))

    def _continue(self, stepper: Stepper, rows: list[_Row]) -> list[Written]:
        """Step until every row has ended. Row n of the stepper is ``rows[n]``."""
        found: dict[int, Written] = {}
        steps = STEPS_AT_ONCE.get(self.device.type, 1)
        tokens, log_probs = stepper.first()
        while True:
            for place in reversed(range(len(rows))):
                row = rows[place]
                end = self._take(row, tokens[place], log_probs[place])
                if end is not None:
                    found[row.number] = finished(row, end)
                    stepper.leave(place, len(rows) - 1, rows[-1].position + 1)
                    rows[place] = rows[-1]
                    rows.pop()
            if not rows:
                return [found[number] for number in sorted(found)]
            tokens, log_probs = stepper.run(len(rows), max(row.position for row in rows) + steps, steps)
            for row in rows:
                row.position += steps

    def _take(self, row: _Row, tokens: Sequence[int], log_probs: Sequence[float]) -> End | None:
        """Add new tokens to a row, up to the one that ends it; one more than the limit shows what would have come."""
        for token, log_prob in zip(tokens, log_probs, strict=True):
            if len(row.tokens) == row.limit and token not in self.ends:
                return End.LIMIT
            row.log_probs.append(log_prob)
            if token in self.ends:
                return End.DONE
            row.tokens.append(token)
            if self.loops and len(row.tokens) % LOOK_FOR_LOOPS == 0 and loop(row.tokens) is not None:
                return End.LOOP
        return None


class Stepper:
    """Runs steps over one cache, as graphs on CUDA. What a step needs and gives lies in tensors that stay in place."""

    def __init__(self, owner: GreedyDecoder, cache: Cache, graphs: bool) -> None:
        self.owner, self.cache, self.graphs = owner, cache, graphs
        device, rows = owner.device, cache.rows
        most = STEPS_AT_ONCE.get(device.type, 1)
        self.tokens = torch.zeros(rows, dtype=torch.long, device=device)
        self.positions = torch.zeros(rows, dtype=torch.long, device=device)
        self.log_probs = torch.zeros(rows, device=device)
        self.column = torch.zeros(1, dtype=torch.long, device=device)
        self.token_history = torch.zeros(most, rows, dtype=torch.long, device=device)
        self.log_prob_history = torch.zeros(most, rows, device=device)
        self.seen: Tensor | None = None  # (rows, vocabulary): tokens that were written, when they are penalised
        self.penalty = 1.0
        self._captured: dict[tuple[int, int], Callable[[], None]] = {}
        self._pool: object | None = None  # memory that all graphs share: no two of them run at once

    def begin(self, logits: Tensor, positions: Sequence[int], penalty: float) -> None:
        """Choose the first tokens; `positions` is where they will stand."""
        rows = len(positions)
        self.tokens.zero_()
        self.positions.zero_()
        self.positions[:rows] = torch.tensor(positions, device=self.positions.device)
        self.penalty = penalty
        self.seen = logits.new_zeros(self.cache.rows, logits.shape[1], dtype=torch.bool) if penalty != 1.0 else None
        self._choose(logits, rows)

    def first(self) -> tuple[list[list[int]], list[list[float]]]:
        """Return the first token of each row and its log probability, as `run` does."""
        return self.tokens[:, None].tolist(), self.log_probs[:, None].tolist()

    def run(self, rows: int, span: int, steps: int) -> tuple[list[list[int]], list[list[float]]]:
        """Return the next `steps` tokens of each row and their log probabilities; `span` positions will be filled."""
        self.reserve(span)
        if self.graphs:
            rows = min(power_of_two(rows), self.cache.rows)
            span = min(rounded(span, True), self.cache.length)
        advance = self._graph(rows, span) if self.graphs and self.seen is None else lambda: self._advance(rows, span)
        self.column.zero_()
        for _ in range(steps):
            advance()
        return self.token_history[:steps, :rows].T.tolist(), self.log_prob_history[:steps, :rows].T.tolist()

    def reserve(self, length: int) -> None:
        """Make room for ``length`` tokens in each row."""
        if length > self.cache.length:
            self.cache = self.cache.grown(rounded(length, self.graphs))
            self._captured.clear()

    def leave(self, place: int, last: int, length: int) -> None:
        """Let a row go: the last row takes its place."""
        if place != last:
            self.cache.move(last, place, min(length, self.cache.length))
            self.tokens[place], self.positions[place] = self.tokens[last], self.positions[last]
            if self.seen is not None:
                self.seen[place] = self.seen[last]
        self.positions[last] = 0  # rows that only fill up a graph write there

    def _advance(self, rows: int, span: int) -> None:
        hidden = self.owner.decoder.step(self.tokens[:rows], self.positions[:rows], self.cache, span)
        self.positions[:rows] += 1
        self._choose(self.owner.output(hidden), rows)
        self.token_history[:, :rows].index_copy_(0, self.column, self.tokens[None, :rows])
        self.log_prob_history[:, :rows].index_copy_(0, self.column, self.log_probs[None, :rows])
        self.column += 1

    def _choose(self, logits: Tensor, rows: int) -> None:
        logits = logits.float()
        if self.seen is not None:
            lowered = torch.where(logits > 0, logits / self.penalty, logits * self.penalty)
            logits = torch.where(self.seen[:rows], lowered, logits)
        tokens = logits.max(dim=-1).indices  # on a CPU three times as fast as argmax, as log_softmax is to logsumexp
        self.tokens[:rows] = tokens
        self.log_probs[:rows] = logits.log_softmax(dim=-1).gather(1, tokens[:, None])[:, 0]
        if self.seen is not None:
            self.seen[:rows].scatter_(1, tokens[:, None], True)

    def _graph(self, rows: int, span: int) -> Callable[[], None]:
        """Return the replay of a captured step; the first time, run one step outside to warm up, and take it back."""
        if (rows, span) not in self._captured:
            state = (self.tokens, self.positions, self.log_probs, self.column)
            saved = [one.clone() for one in state]
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                self._advance(rows, span)
            torch.cuda.current_stream().wait_stream(side)
            for one, old in zip(state, saved, strict=True):
                one.copy_(old)
            graph = torch.cuda.CUDAGraph()
            self._pool = self._pool or torch.cuda.graph_pool_handle()
            with torch.cuda.graph(graph, pool=self._pool):
                self._advance(rows, span)
            self._captured[rows, span] = graph.replay
        return self._captured[rows, span]


def blocks(order: Sequence[int], prompts: Sequence[Prompt]) -> list[list[int]]:
    """Return the prompts in groups that are read together: like lengths, limited memory.

    Args:
        order: numbers of the prompts, the longest first.

    Returns:
        For each group the row of its first prompt, then the numbers of its prompts.
    """
    groups: list[list[int]] = []
    longest = 0
    for row, number in enumerate(order):
        length = len(prompts[number].vectors)
        if not groups or length < (1 - WASTE) * longest or len(groups[-1]) * longest > TOKENS_AT_ONCE:
            groups.append([row])
            longest = length
        groups[-1].append(number)
    return groups


def finished(row: _Row, end: End) -> Written:
    """Return what a row wrote, a loop taken down to one turn of it."""
    tokens = row.tokens
    if end is End.LOOP and (pattern := loop(tokens)) is not None:
        start, size = pattern
        tokens = tokens[: start + size]
    return Written(tuple(tokens), end, sum(row.log_probs) / max(1, len(row.log_probs)), tuple(row.log_probs))


def rounded(length: int, powers: bool) -> int:
    """Return a length rounded up to what caches and graphs are made for."""
    return max(LENGTH_STEP, power_of_two(length)) if powers else -(-length // LENGTH_STEP) * LENGTH_STEP


def power_of_two(number: int) -> int:
    """Return the smallest power of two that is not less."""
    return 1 << max(0, number - 1).bit_length()
