"""The native backend: Canary-Qwen on PyTorch and transformers, without NeMo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from asr_plugins.canary.layout import Layout
from asr_plugins.canary.tokens import Tokens, speech_prompt, text_prompt
from asr_plugins.canary.weights import load
from asr_plugins.qwen3.decoding import GreedyDecoder, Prompt, Written
from asrcli.types import Samples

# Prompts of one call, counted as rows times the longest with its answer: 1.8 GB of keys and values in bfloat16.
MOST_PLACES = 16_384


class NativeModel:
    """Recognises clips and answers prompts; ``dtype`` is of weights and activations, features are always float32.

    Raises:
        ModelError: the weights do not fit.
    """

    def __init__(self, layout: Layout, tokens: Tokens, device: torch.device, dtype: torch.dtype) -> None:
        self.tokens, self.device, self.dtype = tokens, device, dtype
        self.networks = load(layout, device, dtype)
        ends = (tokens.end, tokens.pad)
        self.listening = GreedyDecoder(self.networks.listening, self.networks.output, ends, loops=False)
        self.plain = GreedyDecoder(self.networks.plain, self.networks.output, ends, loops=False)
        ids = tokens.encode(speech_prompt(layout.audio_tag))
        at = ids.index(tokens.tag)
        self.before, self.after = self._embed(ids[:at]), self._embed(ids[at + 1 :])

    @torch.inference_mode()
    def transcribe(self, clips: Sequence[Samples], limits: Sequence[int]) -> list[Written]:
        """Return what is said in each clip of at least two feature frames.

        Args:
            clips: samples in [-1, 1].
            limits: the most tokens of each.
        """
        spoken = (torch.cat((self.before, one, self.after)) for one in self.encode(clips))
        return self.listening.write([Prompt(one, limit) for one, limit in zip(spoken, limits, strict=True)])

    @torch.inference_mode()
    def encode(self, clips: Sequence[Samples]) -> list[Tensor]:
        """Return each clip as embeddings for the language model (frames of 80 ms, width)."""
        mel, frames = self.networks.mel(clips)
        inside = torch.arange(mel.shape[1], device=mel.device) < frames[:, None]
        found = self.networks.encoder(mel.to(self.dtype), attention_mask=inside)
        projected = self.networks.project(found.last_hidden_state)
        lengths = found.attention_mask.sum(-1).tolist()
        return [one[:length] for one, length in zip(projected, lengths, strict=True)]

    @torch.inference_mode()
    def answer(self, texts: Sequence[str], limit: int) -> list[Written]:
        """Return the plain language model's answer to each text."""
        ids = [self.tokens.encode(text_prompt(text)) for text in texts]
        written: dict[int, Written] = {}
        for rows in batches([len(one) + limit for one in ids]):
            found = self.plain.write([Prompt(self._embed(ids[row]), limit) for row in rows])
            written.update(zip(rows, found, strict=True))
        return [written[row] for row in range(len(texts))]

    def _embed(self, ids: Sequence[int]) -> Tensor:
        return self.networks.plain.embed(torch.tensor(ids, device=self.device))


def batches(lengths: Sequence[int], most: int = MOST_PLACES) -> Iterator[list[int]]:
    """Yield which prompts to answer together: alike in length, and no more places than fit, but one at least."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if batch and (len(batch) + 1) * lengths[row] > most:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
