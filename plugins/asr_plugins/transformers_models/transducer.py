"""Transducers: RNN-T (Graves 2012) and TDT (Xu et al. 2023), decoded greedily for many clips at once.

The library's own loop for TDT has no cap on the symbols of a frame, lets clips that are finished go on in a batch, and
takes the index of a duration for its value; this one does what NeMo does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from asr_plugins.transformers_models.catalogue import Kind
from asr_plugins.transformers_models.ctc import frame_samples
from asr_plugins.transformers_models.features import long_enough, make_batch
from asr_plugins.transformers_models.loading import load_model, load_part
from asr_plugins.transformers_models.vocabulary import Span, read_vocabulary
from asrcli.types import SAMPLE_RATE, Samples

SYMBOLS_PER_FRAME = 10  # NeMo's cap, where config.json has none


class TransducerModel:
    """A network with an encoder, a predictor and a joint network; ``kind`` is ``RNNT`` or ``TDT``.

    Raises:
        ModelError: the checkpoint is not complete.
    """

    def __init__(self, folder: Path, kind: Kind, device: torch.device, dtype: torch.dtype) -> None:
        self.network = load_model(folder, kind, device, dtype)
        self.extractor = load_part(folder, "AutoFeatureExtractor")
        config = self.network.config
        tokenizer = load_part(folder, "AutoTokenizer")
        self.vocabulary = read_vocabulary(folder, tokenizer, config.blank_token_id, config.vocab_size)
        self.frame_seconds = frame_samples(self.network, self.extractor) / SAMPLE_RATE
        self.durations = tuple(config.durations) if kind is Kind.TDT else ()
        self.cap = getattr(config, "max_symbols_per_step", None) or SYMBOLS_PER_FRAME
        self.device, self.dtype = device, self.network.dtype

    def transcribe(self, samples: Sequence[Samples], most: int | None = None) -> list[tuple[list[Span], bool]]:
        """Return for each clip its tokens with their frames, and whether they were cut short at `most` tokens."""
        found: list[tuple[list[Span], bool]] = [([], False) for _ in samples]
        usable = [place for place, one in enumerate(samples) if long_enough(one)]
        if not usable:
            return found
        batch = make_batch(self.extractor, [samples[place] for place in usable], self.device, self.dtype)
        with torch.inference_mode():
            encoded = self.network.encoder(**batch.inputs())
            projected = self.network.encoder_projector(encoded.last_hidden_state)
            lengths = encoded.attention_mask.sum(-1).long()
            search = Search(self.network, projected, lengths, self.durations, self.cap)
            for place, one in zip(usable, search.run(most), strict=True):
                found[place] = one
        return found


@dataclass(slots=True)
class Search:
    """The greedy search over a batch.

    Args:
        network: a Parakeet transducer.
        encoded: projected encoder output, (clips, frames, width).
        lengths: frames of each clip, (clips,).
        durations: frames that each duration output of a TDT joint means; () for RNN-T.
        cap: symbols that one frame may have before the next must be looked at.
    """

    network: Any
    encoded: Any
    lengths: Any
    durations: tuple[int, ...]
    cap: int
    frame: Any = field(init=False)  # (clips,) where each clip is
    symbols: Any = field(init=False)  # (clips,) symbols since it came there

    def run(self, most: int | None = None) -> list[tuple[list[Span], bool]]:
        """Return the tokens of each clip, and whether it was cut short at `most` tokens."""
        clips = len(self.encoded)
        blank = self.network.config.blank_token_id
        rows = torch.arange(clips, device=self.encoded.device)
        self.frame = torch.zeros_like(self.lengths)
        self.symbols = torch.zeros_like(self.lengths)
        said, state = self._predict(torch.full_like(self.lengths, blank), None)
        found: list[list[Span]] = [[] for _ in range(clips)]
        cut = [False] * clips
        active = self.frame < self.lengths
        while bool(active.any()):
            here = self.frame.clamp(max=self.encoded.shape[1] - 1)
            tokens, scores, durations = self._joint(said, self.encoded[rows, here])
            spoken = active & (tokens != blank)
            step = self._advance(spoken, durations)
            self._note(found, spoken, tokens, scores, step if self.durations else torch.ones_like(step))
            self.frame = torch.where(active, self.frame + step, self.frame)
            active = self.frame < self.lengths
            if bool(spoken.any()):
                said, state = self._renew(spoken, tokens, said, state)
            if most is not None:
                full = [active_one and len(own) >= most for own, active_one in zip(found, active.tolist(), strict=True)]
                cut = [before or now for before, now in zip(cut, full, strict=True)]
                active = active & ~torch.tensor(full, device=active.device)
                self.frame = torch.where(active, self.frame, self.lengths)
        return list(zip(found, cut, strict=True))

    def _joint(self, said: Any, encoded: Any) -> tuple[Any, Any, Any]:
        """Return best token, its probability and the frames to go on, (clips,) each."""
        logits = self.network.joint(decoder_hidden_states=said, encoder_hidden_states=encoded).float()
        size = self.network.config.vocab_size
        scores, tokens = torch.softmax(logits[:, :size], -1).max(-1)
        if not self.durations:
            return tokens, scores, torch.zeros_like(tokens)
        table = torch.tensor(self.durations, device=tokens.device)
        return tokens, scores, table[logits[:, size:].argmax(-1)]

    def _advance(self, spoken: Any, durations: Any) -> Any:
        """Return how many frames each clip goes on: a blank always goes on, a symbol at the cap too."""
        self.symbols = torch.where(spoken, self.symbols + 1, 0)
        full = spoken & (self.symbols >= self.cap)
        step = torch.where(~spoken | full, durations.clamp(min=1), durations)
        self.symbols = torch.where(step > 0, 0, self.symbols)
        return step

    def _note(self, found: list[list[Span]], spoken: Any, tokens: Any, scores: Any, spans: Any) -> None:
        places = spoken.nonzero()[:, 0].tolist()
        if not places:
            return
        values = zip(*(one[spoken].tolist() for one in (tokens, self.frame, spans, scores, self.lengths)), strict=True)
        for place, (token, frame, span, score, length) in zip(places, values, strict=True):
            found[place].append(Span(token, frame, min(frame + max(span, 1), length), min(1.0, score)))

    def _predict(self, tokens: Any, state: Any) -> tuple[Any, Any]:
        decoder = self.network.decoder
        output, state = decoder.lstm(decoder.embedding(tokens[:, None]), state)
        return decoder.decoder_projector(output)[:, 0], state

    def _renew(self, spoken: Any, tokens: Any, said: Any, state: Any) -> tuple[Any, Any]:
        """Give the predictor the new symbols, in the clips that have one."""
        fresh, (hidden, cell) = self._predict(tokens, state)
        keep = spoken[None, :, None]
        return (
            torch.where(spoken[:, None], fresh, said),
            (torch.where(keep, hidden, state[0]), torch.where(keep, cell, state[1])),
        )
