"""pyannote's segmentation-3.0 (Bredin, 2023; MIT): which of up to three people speak, within ten seconds.

SincNet filters over samples, recurrent layers, and a class for every set of at most two people who speak at once.
Modules are named as in the published weights, so that their state dict loads as it is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from asrcli.types import SAMPLE_RATE

# The people who speak in each class: nobody, one, or two of the three.
SETS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
LOWEST_HZ = LEAST_BAND_HZ = 50.0


class SegmentationNetwork(nn.Module):
    """Turns samples `(batch, samples)` into log-probabilities of `SETS`, `(batch, frames, 7)`."""

    def __init__(self) -> None:
        super().__init__()
        self.sincnet = _SincNet()
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList((nn.Linear(256, 128), nn.Linear(128, 128)))
        self.classifier = nn.Linear(128, len(SETS))

    def forward(self, samples: Tensor) -> Tensor:
        """Return log-probabilities; one frame every 270 samples."""
        outputs: Tensor = self.lstm(self.sincnet(samples[:, None]).transpose(1, 2))[0]
        for layer in self.linear:
            outputs = functional.leaky_relu(layer(outputs))
        return functional.log_softmax(self.classifier(outputs), -1)


class _SincNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        self.conv1d = nn.ModuleList((_SincFilters(), nn.Conv1d(80, 60, 5), nn.Conv1d(60, 60, 5)))
        self.norm1d = nn.ModuleList(nn.InstanceNorm1d(size, affine=True) for size in (80, 60, 60))

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples `(batch, 1, n)` to `(batch, 60, frames)`, a frame for every 270 of them."""
        outputs = self.wav_norm1d(samples)
        for convolution, norm in zip(self.conv1d, self.norm1d, strict=True):
            outputs = functional.leaky_relu(norm(functional.max_pool1d(convolution(outputs), 3)))
        return outputs


class _SincFilters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filterbank = _Bands()

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples `(batch, 1, n)` to the magnitude of each band, `(batch, 80, n / 10)`."""
        return functional.conv1d(samples, self.filterbank(), stride=10).abs()


class _Bands(nn.Module):
    """Eighty band-pass filters of 251 samples, even and odd ones, whose edges were learnt (Pariente et al., 2020)."""

    low_hz_: Tensor
    band_hz_: Tensor
    window_: Tensor
    n_: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, shape in (("low_hz_", (40, 1)), ("band_hz_", (40, 1)), ("window_", (125,)), ("n_", (1, 125))):
            self.register_buffer(name, torch.zeros(shape))

    def forward(self) -> Tensor:
        """Return the filters, `(80, 1, 251)`."""
        low = LOWEST_HZ + self.low_hz_.abs()
        high = (low + LEAST_BAND_HZ + self.band_hz_.abs()).clamp(LOWEST_HZ, SAMPLE_RATE / 2)
        width, half = high - low, self.n_ / 2
        even = ((high @ self.n_).sin() - (low @ self.n_).sin()) / half * self.window_
        odd = ((low @ self.n_).cos() - (high @ self.n_).cos()) / half * self.window_
        evens = torch.cat((even, 2 * width, even.flip(1)), 1)
        odds = torch.cat((odd, torch.zeros_like(width), -odd.flip(1)), 1)
        return (torch.cat((evens, odds)) / (2 * width).repeat(2, 1))[:, None]
