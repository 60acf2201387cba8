"""FireRedLID: which language is spoken, from the encoder of FireRedASR2 and a decoder over language names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from asr_plugins.firered.checkpoint import MODEL, read_pickle
from asr_plugins.firered.config import decoder_config, encoder_config
from asr_plugins.firered.features import WINDOW, FeatureExtractor
from asr_plugins.firered.vocabulary import read_tokens
from asrcli.companions import Identifier
from asrcli.engine import Model, Weights
from asrcli.errors import ModelError
from asrcli.types import SAMPLE_RATE, Clip
from asrcli.weights.tensors import Tensors

if TYPE_CHECKING:
    from torch import Tensor


CODE = re.compile(r"[a-z]{2,3}")  # the labels of languages; those of dialects are words ("mandarin")
SMOOTHING = 1.25  # divides the logits; the authors' fixed value
MOST_SECONDS = 30.0  # used of each clip: more says no more about its language


class FireRedLid(Identifier):
    """Its first answer is the language; the second, a Chinese dialect, is not asked for."""

    name = "firered"
    requires = ("torch", "kaldi_native_fbank")
    extra = "firered"
    weight_files = ("*.pth.tar", "*.safetensors")
    models: ClassVar[Mapping[str, Model]] = {
        "lid": Model(
            "FireRedTeam/FireRedLID", None, None, None, (), "Apache-2.0", "lid", (MODEL, "cmvn.ark", "dict.txt")
        )
    }
    default_model = "lid"

    def __init__(self, weights: Weights) -> None:
        from asr_plugins.firered.weights import build_decoder, build_encoder

        folder = Path(weights.path or "")
        args, found = read_pickle(folder / MODEL)
        tensors = Tensors(found, str(folder / MODEL))
        encoder, decoder = encoder_config(args, tensors.source), decoder_config(args, tensors.source, "lid_odim")
        self.features = FeatureExtractor(folder / "cmvn.ark", encoder.bins)
        labels = read_tokens(folder / "dict.txt")
        if len(labels) != decoder.vocabulary:
            raise ModelError(f"{folder / 'dict.txt'} has {len(labels)} labels, but the network {decoder.vocabulary}")
        self.codes = {number: label for number, label in enumerate(labels) if CODE.fullmatch(label)}
        self.encoder = build_encoder(encoder, tensors)
        self.decoder = build_decoder(decoder, tensors, "lid_decoder")

    def identify_language(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Return the probability of each language, as shares of all languages; {} for less than 25 ms."""
        import torch

        guesses: list[dict[str, float]] = [{} for _ in clips]
        usable = [number for number, clip in enumerate(clips) if len(clip.samples) >= WINDOW]
        if not usable:
            return guesses
        shares = torch.softmax(self.label_log_probs([clips[number] for number in usable])[:, list(self.codes)], -1)
        for number, row in zip(usable, shares.tolist(), strict=True):
            guesses[number] = dict(zip(self.codes.values(), row, strict=True))
        return guesses

    def label_log_probs(self, clips: Sequence[Clip]) -> Tensor:
        """Return log probabilities (clips, labels) of the first label, of clips of at least 25 ms."""
        import torch

        from asr_plugins.firered.aed import pad

        features = [self.features(clip.samples[: round(MOST_SECONDS * SAMPLE_RATE)]) for clip in clips]
        with torch.inference_mode():
            padded, lengths = pad(features, torch.device("cpu"), torch.float32)
            encoded, lengths = self.encoder(padded, lengths)
            state = self.decoder.start(encoded, lengths, 1)
            start = torch.full((len(clips), 1), self.decoder.config.sos)
            return torch.log_softmax(self.decoder(start, state)[:, 0].float() / SMOOTHING, -1)
