"""The native backend: Canary-Qwen on PyTorch and transformers, without NeMo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from asr_plugins.canary.decoding import Written, decode
from asr_plugins.canary.layout import Layout
from asr_plugins.canary.tokens import Tokens, speech_prompt, text_prompt
from asr_plugins.canary.weights import load
from asrcli.types import Samples

# Prompts of one call, counted as rows times the longest with its answer: 1.8 GB of keys and values in bfloat16.
MOST_PLACES = 16_384


class NativeModel:
    """Recognises clips and answers prompts.

    Args:
        layout: the checked folder.
        tokens: its tokenizer.
        device: where to compute.
        dtype: of weights and activations; features are always float32.

    Raises:
        ModelError: the weights do not fit.
    """

    def __init__(self, layout: Layout, tokens: Tokens, device: torch.device, dtype: torch.dtype) -> None:
        self.tokens, self.device, self.dtype = tokens, device, dtype
        self.networks = load(layout, device, dtype)
        self.ends = (tokens.end, tokens.pad)
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
        encoded = self.encode(clips)
        spoken = [torch.cat((self.before, one, self.after)) for one in encoded]
        written: list[Written] = decode(self.networks.listening, spoken, limits, self.ends)
        return written

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
        written: list[Written] = [Written()] * len(texts)
        for rows in batches([len(one) + limit for one in ids]):
            embedded = [self._embed(ids[row]) for row in rows]
            found = decode(self.networks.plain, embedded, [limit] * len(rows), self.ends)
            for row, one in zip(rows, found, strict=True):
                written[row] = one
        return written

    @torch.inference_mode()
    def _embed(self, ids: Sequence[int]) -> Tensor:
        embedded: Tensor = self.networks.plain.get_input_embeddings()(torch.tensor(ids, device=self.device))
        return embedded


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
