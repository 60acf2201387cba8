"""FireRedASR-AED and FireRedASR2-AED: encoder, decoder and, in the second generation, the CTC branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from asr_plugins.firered.checkpoint import Checkpoint
from asr_plugins.firered.config import decoder_config, encoder_config
from asr_plugins.firered.features import FeatureExtractor
from asr_plugins.firered.search import Hypothesis, SearchOptions, beam_search
from asr_plugins.firered.vocabulary import BLANK, Vocabulary, token_times
from asr_plugins.firered.weights import build_decoder, build_encoder, build_linear, pack, quantise, report_unused
from asr_plugins.transformers_models.viterbi import align
from asrcli.types import Samples


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model recognised in one clip, the best hypothesis first, and when its tokens were said."""

    hypotheses: tuple[Hypothesis, ...]
    times: tuple[tuple[float, float], ...] | None  # per token; None without CTC branch, or when they do not fit


class AedModel:
    """Recognises clips with the attention decoder.

    Args:
        dtype: of weights and activations; scores are always float32.
        int8: keep the weights of encoder and decoder as bytes (CPU, float32).

    Raises:
        ModelError: weights, dictionary or statistics do not belong together.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype, int8: bool = False) -> None:
        tensors, source = checkpoint.tensors, checkpoint.tensors.source
        encoder, decoder = encoder_config(checkpoint.args, source), decoder_config(checkpoint.args, source)
        self.second = "ctc.ctc_lo.weight" in tensors
        self.features = FeatureExtractor(checkpoint.folder / "cmvn.ark", encoder.bins)
        self.vocabulary = Vocabulary(checkpoint.folder / "dict.txt", decoder.vocabulary, lower=self.second)
        self.device, self.dtype = device, dtype
        self.encoder = build_encoder(encoder, tensors).to(device, dtype)
        self.decoder = build_decoder(decoder, tensors).to(device, dtype)
        self.ctc = None
        if self.second:
            self.ctc = build_linear(tensors, "ctc.ctc_lo", decoder.vocabulary, encoder.width).to(device, dtype)
        if int8:
            quantise(self.encoder)
            quantise(self.decoder)
        if device.type == "cpu":
            pack(self.decoder)
        report_unused(tensors)

    def transcribe(self, clips: Sequence[Samples], options: SearchOptions, timed: bool) -> list[Reading]:
        """Return one reading per clip; clips shorter than a feature frame (25 ms) have no hypothesis.

        Args:
            clips: samples in [-1, 1].
            timed: find the times of the tokens, where the model can.
        """
        features = [self.features(clip) for clip in clips]
        usable = [index for index, one in enumerate(features) if len(one)]
        readings = [Reading((), None)] * len(clips)
        if not usable:
            return readings
        with torch.inference_mode():
            padded, lengths = pad([features[index] for index in usable], self.device, self.dtype)
            encoded, lengths = self.encoder(padded, lengths)
            found = beam_search(self.decoder, encoded, lengths, options)
            frames = lengths.tolist()
            for place, (index, hypotheses) in enumerate(zip(usable, found, strict=True)):
                times = self._times(encoded[place, : frames[place]], hypotheses[0].tokens) if timed else None
                readings[index] = Reading(hypotheses, times)
        return readings

    def _times(self, encoded: Tensor, tokens: Sequence[int]) -> tuple[tuple[float, float], ...] | None:
        """Align one hypothesis with one utterance (encoded frames, width)."""
        if self.ctc is None or BLANK in tokens:
            return None
        log_probs = torch.log_softmax(self.ctc(encoded).float(), -1).cpu().numpy()
        path = align(log_probs, tokens, BLANK)
        if path is None:
            return None
        return tuple(token_times(list(zip(path.firsts.tolist(), path.pasts.tolist(), strict=True)), len(encoded)))


def pad(features: Sequence[Any], device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return a batch (clips, frames, bins) with zeros after each clip, and the frames of each (clips,)."""
    lengths = torch.tensor([len(one) for one in features], device=device)
    padded = pad_sequence([torch.from_numpy(one) for one in features], batch_first=True)
    return padded.to(device, dtype), lengths
