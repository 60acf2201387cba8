"""Log-mel features, each clip by itself, so that its neighbours in a batch cannot change it.

The front end is Whisper's (128 Slaney mels, 25 ms windows every 10 ms, log10 within 8 of the clip's loudest), without
its padding to 30 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    from asrcli.types import Samples

SIZE, HOP = 400, 160  # samples
REACH = SIZE // 2  # samples that a frame covers on either side of its centre
DYNAMICS = 8.0  # log10 of power below the loudest that is still told apart
SHORTEST = SAMPLE_RATE // 2  # the official code and transformers pad shorter clips with silence, and count it


class FeatureExtractor:
    """Makes features of clips."""

    def __init__(self, mels: int, device: torch.device) -> None:
        from transformers.audio_utils import mel_filter_bank

        bank = mel_filter_bank(
            1 + SIZE // 2, mels, 0.0, SAMPLE_RATE / 2, SAMPLE_RATE, norm="slaney", mel_scale="slaney"
        )
        self.device = device
        self._filters = torch.from_numpy(bank).float().T.to(device)
        self._window = torch.hann_window(SIZE, device=device)

    def __call__(self, samples: Samples) -> Tensor:
        """Return the features of a clip, ``(mels, frames)`` float32, 100 frames per second."""
        wave = self.wave(samples)
        wave = F.pad(wave, (0, max(0, SHORTEST - len(wave))))
        log = self.log_mels(self.mirrored(wave, left=True, right=True))
        return scale(log, log.max())

    def wave(self, samples: Samples) -> Tensor:
        """Return samples on the device."""
        return torch.from_numpy(samples).to(self.device, torch.float32)

    def mirrored(self, wave: Tensor, left: bool, right: bool) -> Tensor:
        """Return a wave with its ends reflected, where no real samples stand for the first and last frames."""
        return F.pad(wave[None, None], (REACH * left, REACH * right), mode="reflect")[0, 0]

    def log_mels(self, wave: Tensor) -> Tensor:
        """Return log10 mel powers ``(mels, frames)``, a frame every `HOP` samples; the last one is dropped."""
        spectrum = torch.stft(wave, SIZE, HOP, window=self._window, center=False, return_complex=True)
        return (self._filters @ spectrum[..., :-1].abs() ** 2).clamp(min=1e-10).log10()


def scale(log: Tensor, loudest: Tensor | float) -> Tensor:
    """Return features from log10 mel powers: a range below the loudest, moved to about [-1, 1]."""
    return (log.clamp(min=loudest - DYNAMICS) + 4.0) / 4.0
