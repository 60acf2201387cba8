"""Beam search over the AED decoder with the official options, for many utterances at once.

An utterance leaves the batch when it is finished: no other changes its result or waits for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from asr_plugins.firered.config import BEAMS, END_PENALTY, SMOOTHING
from asr_plugins.firered.decoder import Decoder

IMPOSSIBLE = -1e10  # score of a beam that must not be taken; the official value
SHRINK = 0.75  # rebuild the batch when at most this share of it is still searched


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How to search."""

    beams: int = BEAMS
    nbest: int = 1
    max_tokens: int = 0  # 0: as many as the utterance has encoded frames
    smoothing: float = SMOOTHING  # divides the logits
    length_penalty: float = 0.6  # exponent of Wu et al. 2016 (arXiv 1609.08144), equation 14; 0 is off
    end_penalty: float = END_PENALTY  # multiplies the log probability of the end token


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of an utterance."""

    tokens: tuple[int, ...]  # without start and end
    score: float  # log probability after the length penalty
    log_probs: tuple[float, ...]  # of each token, after smoothing
    finished: bool  # the model said that it is over; otherwise the limit did

    @property
    def confidence(self) -> float:
        """Mean probability of the tokens, 0 to 1; 0 without any."""
        return sum(math.exp(one) for one in self.log_probs) / len(self.log_probs) if self.log_probs else 0.0


def beam_search(
    decoder: Decoder, encoded: Tensor, lengths: Tensor, options: SearchOptions
) -> list[tuple[Hypothesis, ...]]:
    """Return the best hypotheses of every utterance, the best first.

    Args:
        encoded: (batch, encoded frames, width).
        lengths: (batch,) valid encoded frames, each at least 1.
    """
    search = _Search(decoder, encoded, lengths, options)
    while search.members:
        search.extend()
        search.deliver()
    return [search.results[utterance] for utterance in range(len(lengths))]


class _Search:
    """The hypotheses of the utterances that are still in the batch, in descending order of their scores.

    Attributes:
        members: utterance at each place of the batch.
        results: what is finished, by utterance.
        tokens: (batch, beams, tokens), from the start token on.
        log_probs: (batch, beams, tokens - 1).
        scores: (batch, beams), without the length penalty.
        finished: (batch, beams), the newest token is the end.
    """

    def __init__(self, decoder: Decoder, encoded: Tensor, lengths: Tensor, options: SearchOptions) -> None:
        self.decoder = decoder
        self.options = options
        self.end = decoder.config.eos
        self.state = decoder.start(encoded, lengths, options.beams)
        limits = torch.full_like(lengths, options.max_tokens) if options.max_tokens else lengths
        self.limits = limits.clamp(max=decoder.config.positions)
        self.members = list(range(len(lengths)))
        self.results: dict[int, tuple[Hypothesis, ...]] = {}
        shape, device = (len(lengths), options.beams), encoded.device
        self.tokens = torch.full((*shape, 1), decoder.config.sos, dtype=torch.long, device=device)
        self.log_probs = torch.zeros((*shape, 0), device=device)
        self.scores = torch.full(shape, IMPOSSIBLE, device=device)
        self.scores[:, 0] = 0.0
        self.finished = torch.zeros(shape, dtype=torch.bool, device=device)

    def extend(self) -> None:
        """Lengthen every hypothesis by one token and keep the best."""
        beams = self.options.beams
        logits = self.decoder(self.tokens[:, :, -1], self.state).float()
        scores = torch.log_softmax(logits / self.options.smoothing, -1)
        if self.options.end_penalty != 1.0:
            scores[..., self.end] *= self.options.end_penalty
        gains, following = scores.topk(beams, -1)  # (batch, beams, beams)
        over = self.finished[:, :, None]  # a finished hypothesis goes on as itself, once
        stay = torch.full((beams,), IMPOSSIBLE, device=gains.device)
        stay[0] = 0.0
        gains = torch.where(over, stay, gains)
        following = following.masked_fill(over, self.end)
        self.scores, chosen = (self.scores[:, :, None] + gains).flatten(1).topk(beams, -1)
        parents = chosen // beams
        newest = following.flatten(1).gather(1, chosen)
        self.state.reorder(parents)
        self.tokens = _append(self.tokens, parents, newest)
        self.log_probs = _append(self.log_probs, parents, gains.flatten(1).gather(1, chosen))
        self.finished = newest == self.end

    def deliver(self) -> None:
        """Note the results of the utterances that are finished, and make the batch smaller when it pays."""
        over = (self.finished.all(1) | (self.limits < self.tokens.shape[2]) | self._decided()).tolist()
        for place, utterance in enumerate(self.members):
            if over[place] and utterance not in self.results:
                self.results[utterance] = self._best(place)
        left = [place for place, utterance in enumerate(self.members) if utterance not in self.results]
        if len(left) > SHRINK * len(self.members):
            return
        self.members = [self.members[place] for place in left]
        places = torch.tensor(left, dtype=torch.long, device=self.tokens.device)
        self.state.keep(places)
        self.limits, self.scores, self.finished = (one[places] for one in (self.limits, self.scores, self.finished))
        self.tokens, self.log_probs = self.tokens[places], self.log_probs[places]

    def _decided(self) -> Tensor:
        """Return which utterances (batch,) cannot get another best hypothesis, however long the search goes on.

        The first in raw score is never pushed out of the beam once it is finished. It wins when no other is better by
        its final score: neither a finished one, nor an unfinished one that lost nothing more up to the limit.
        """
        if self.options.nbest > 1:
            return torch.zeros_like(self.finished[:, 0])
        lengths = torch.where(self.finished, self._lengths(), self.limits[:, None] + 1)
        final = self._penalised(self.scores, lengths)
        return self.finished[:, 0] & (final[:, 0] >= final.amax(1))

    def _lengths(self) -> Tensor:
        """Return the tokens that count for the length penalty, (batch, beams): all but the end, with the start."""
        return (self.tokens != self.end).sum(-1)

    def _penalised(self, scores: Tensor, lengths: Tensor) -> Tensor:
        return scores / ((5.0 + lengths) / 6.0) ** self.options.length_penalty

    def _best(self, place: int) -> tuple[Hypothesis, ...]:
        lengths = self._lengths()[place]
        final, order = self._penalised(self.scores[place], lengths).topk(min(self.options.nbest, self.options.beams))
        hypotheses = []
        for score, beam in zip(final.tolist(), order.tolist(), strict=True):
            length = int(lengths[beam])
            hypotheses.append(
                Hypothesis(
                    tokens=tuple(self.tokens[place, beam, 1:length].tolist()),
                    score=score,
                    log_probs=tuple(self.log_probs[place, beam, : length - 1].tolist()),
                    finished=bool(self.finished[place, beam]),
                )
            )
        return tuple(hypotheses)


def _append(history: Tensor, parents: Tensor, newest: Tensor) -> Tensor:
    """Return (batch, beams, length + 1): the history of each beam's parent and its newest value."""
    kept = history.gather(1, parents[:, :, None].expand(-1, -1, history.shape[2]))
    return torch.cat((kept, newest[:, :, None]), 2)
