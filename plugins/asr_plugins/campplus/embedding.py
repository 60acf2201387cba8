"""Voice prints of stretches of a recording, by CAM++ (Wang et al., 2023; 3D-Speaker, Apache-2.0).

Modules are named as in the published weights, so that their state dict loads as it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from asr_plugins.campplus.segmentation import FRAME_SECONDS, Piece, seconds_of
from asr_plugins.firered.features import SHIFT, WINDOW, FeatureStream
from asrcli.types import SAMPLE_RATE, HalfSamples, Samples

BINS, DIMENSIONS = 80, 192
CHANNELS, GROWTH, BOTTLENECK = 128, 32, 128
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation of each dense block
POOLED = 100  # frames over which the context of a layer is averaged

# Of one piece. With 3 s, a change of speakers that the segmentation does not detect spoils twice as much: 13 % errors
# instead of 9 % in a conversation of four with overlaps, at the same cost.
MOST_SECONDS = 1.5
LEAST_SECONDS = 0.5  # a print of less says little
ROUND = 25  # mel frames: pieces of about one length go through the network together
BATCH, BATCH_ON_CPU = 16, 4  # pieces, as `activity.BATCH`


class VoiceNetwork(nn.Module):
    """Turns mel features `(batch, frames, 80)` into voice prints `(batch, 192)`."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _Head()
        parts: list[tuple[str, nn.Module]] = [("tdnn", _Unit(32 * BINS // 8, CHANNELS))]
        channels = CHANNELS
        for number, (layers, dilation) in enumerate(BLOCKS, 1):
            parts.append((f"block{number}", _DenseBlock(layers, channels, dilation)))
            channels += layers * GROWTH
            parts.append((f"transit{number}", _Transit(channels)))
            channels //= 2
        parts += [("out_nonlinear", _activated(channels)), ("stats", _Statistics()), ("dense", _Dense(2 * channels))]
        self.xvector = nn.Sequential(OrderedDict(parts))

    def forward(self, features: Tensor) -> Tensor:
        """Return one voice print for each example; features are taken without their mean over time."""
        centred = features - features.mean(1, keepdim=True)
        prints: Tensor = self.xvector(self.head(centred.transpose(1, 2)[:, None]))
        return prints


def _activated(channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict([("batchnorm", nn.BatchNorm1d(channels)), ("relu", nn.ReLU())]))


class _Residual(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(32, 32, 3, (stride, 1), 1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 32, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(32, 32, 1, (stride, 1), bias=False), nn.BatchNorm2d(32))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(batch, 32, bins, frames)` to the same, or to half of the bins."""
        inner = functional.relu(self.bn1(self.conv1(inputs)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.shortcut(inputs))


class _Head(nn.Module):
    """Convolutions over time and frequency that leave an eighth of the bins: `(batch, 320, frames)`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.layer1 = nn.Sequential(_Residual(2), _Residual(1))
        self.layer2 = nn.Sequential(_Residual(2), _Residual(1))
        self.conv2 = nn.Conv2d(32, 32, 3, (2, 1), 1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(batch, 1, 80, frames)` to `(batch, 320, frames)`."""
        inner = self.layer2(self.layer1(functional.relu(self.bn1(self.conv1(inputs)))))
        return functional.relu(self.bn2(self.conv2(inner))).flatten(1, 2)


class _Unit(nn.Module):
    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(channels, outputs, 5, 2, 2, bias=False)
        self.nonlinear = _activated(outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(batch, channels, frames)` to `(batch, outputs, frames / 2)`."""
        outputs: Tensor = self.nonlinear(self.linear(inputs))
        return outputs


class _ContextMask(nn.Module):
    """A convolution whose outputs are weighted by what is around them."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(BOTTLENECK, GROWTH, 3, 1, dilation, dilation, bias=False)
        self.linear1 = nn.Conv1d(BOTTLENECK, BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(BOTTLENECK // 2, GROWTH, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(batch, BOTTLENECK, frames)` to `(batch, GROWTH, frames)`."""
        near = functional.avg_pool1d(inputs, POOLED, POOLED, ceil_mode=True)
        near = near.repeat_interleave(POOLED, -1)[..., : inputs.shape[-1]]
        context = functional.relu(self.linear1(inputs.mean(-1, keepdim=True) + near))
        outputs: Tensor = self.linear_local(inputs) * torch.sigmoid(self.linear2(context))
        return outputs


class _DenseLayer(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _activated(channels)
        self.linear1 = nn.Conv1d(channels, BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _activated(BOTTLENECK)
        self.cam_layer = _ContextMask(dilation)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(batch, channels, frames)` to `(batch, GROWTH, frames)`."""
        outputs: Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(inputs))))
        return outputs


class _DenseBlock(nn.Module):
    """Layers that each get all that the layers before them gave."""

    def __init__(self, layers: int, channels: int, dilation: int) -> None:
        super().__init__()
        for number in range(layers):
            self.add_module(f"tdnnd{number + 1}", _DenseLayer(channels + number * GROWTH, dilation))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(batch, channels, frames)` to `(batch, channels + layers * GROWTH, frames)`."""
        for layer in self.children():
            inputs = torch.cat((inputs, layer(inputs)), 1)
        return inputs


class _Transit(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.nonlinear = _activated(channels)
        self.linear = nn.Conv1d(channels, channels // 2, 1, bias=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(batch, channels, frames)` to `(batch, channels / 2, frames)`."""
        outputs: Tensor = self.linear(self.nonlinear(inputs))
        return outputs


class _Statistics(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(batch, channels, frames)` to mean and deviation over time, `(batch, 2 * channels)`."""
        return torch.cat((inputs.mean(-1), inputs.std(-1)), -1)


class _Dense(nn.Module):
    """The voice print: normalised, and not rectified, so that prints of two people can point apart."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(channels, DIMENSIONS, 1, bias=False)
        self.nonlinear = nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(DIMENSIONS, affine=False)))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(batch, channels)` to `(batch, DIMENSIONS)`."""
        outputs: Tensor = self.nonlinear(self.linear(inputs[..., None])[..., 0])
        return outputs


def pieces(alone: Iterable[Piece]) -> list[Piece]:
    """Return stretches in which one person speaks, cut into equal pieces that are not too long for one print."""
    found: list[Piece] = []
    for first, last in alone:
        count = -(-(last - first) * FRAME_SECONDS // MOST_SECONDS)
        edges = [first + round((last - first) * at / count) for at in range(int(count) + 1)]
        found += pairwise(edges)
    return [(first, last) for first, last in found if (last - first) * FRAME_SECONDS >= LEAST_SECONDS]


def seconds(pieces: Sequence[Piece]) -> NDArray[np.float64]:
    """Return how long each piece is, `(pieces,)`."""
    return np.array([last - first for first, last in pieces], np.float64) * FRAME_SECONDS


def goes_on(pieces: Sequence[Piece]) -> NDArray[np.bool_]:
    """Return for each piece but the last whether the next one is the rest of the same stretch, `(pieces - 1,)`."""
    return np.array([one[1] == other[0] for one, other in pairwise(pieces)], np.bool_)


def voice_prints(
    network: VoiceNetwork, samples: Samples | HalfSamples, wanted: Sequence[Piece], device: str
) -> NDArray[np.float32]:
    """Return the print of each piece, `(pieces, 192)`."""
    lengths = [_mel_frames(piece) for piece in wanted]
    prints = np.zeros((len(wanted), 192), np.float32)
    size = BATCH_ON_CPU if device == "cpu" else BATCH
    for length, group in groupby(sorted(range(len(wanted)), key=lengths.__getitem__), key=lengths.__getitem__):
        alike = list(group)
        for batch in (alike[at : at + size] for at in range(0, len(alike), size)):
            features = np.stack(
                [FeatureStream(BINS, scale=1.0).feed(_part(samples, wanted[one]))[:length] for one in batch]
            )
            prints[batch] = network(torch.from_numpy(features).to(device)).float().cpu().numpy()
    return prints


def _part(samples: Samples | HalfSamples, piece: Piece) -> Samples:

    first = min(int(seconds_of(piece[0]) * SAMPLE_RATE), max(0, len(samples) - WINDOW - SHIFT * _mel_frames(piece)))
    return samples[first : int(seconds_of(piece[1]) * SAMPLE_RATE) + WINDOW].astype(np.float32)


def _mel_frames(piece: Piece) -> int:
    """Return how many mel frames of a piece are taken: all but those that fill no round number."""
    seconds = seconds_of(piece[1]) - seconds_of(piece[0])
    return max(ROUND, int(seconds * SAMPLE_RATE / SHIFT) // ROUND * ROUND)
