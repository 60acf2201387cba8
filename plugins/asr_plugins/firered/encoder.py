"""The Conformer encoder (arXiv 2501.14350, section 2): features in, one vector per 40 ms out.

The result for an utterance does not depend on the utterances it is padded with.
"""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asr_plugins.firered.config import SUBSAMPLING, EncoderConfig

CONTEXT = 6  # zero frames after the end, so that every frame has the full view of the two convolutions
# Encoder frames that attend at once: near half of the relative positions are never computed.
CPU_BLOCK = 128  # what it works on stays in its cache
GPU_BLOCK = 256  # few kernels
CHANNELS = 32  # of the subsampling convolutions
POSITIONS = 128  # encoder frames by which the table of relative positions grows
LONGEST = 5000  # encoder frames (200 s) that the official relative positions reach; trained on 60 s


def encoded_lengths(frames: Tensor) -> Tensor:
    """Return the number of encoder frames of feature frames: a quarter, rounded up."""
    return (frames + SUBSAMPLING - 1) // SUBSAMPLING


class Encoder(nn.Module):
    """Subsampling and Conformer blocks with relative positions."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.subsample = Subsampling(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.positions = torch.zeros(0, config.width)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode a padded batch.

        Args:
            features: (batch, frames, bins), zero beyond each length.
            lengths: (batch,) feature frames, each at least 1.

        Returns:
            (batch, encoded frames, width) and the valid encoded frames (batch,).
        """
        x = self.subsample(features)
        encoded = encoded_lengths(lengths)
        padding = None
        if int(encoded.min()) < x.shape[1]:
            padding = torch.arange(x.shape[1], device=x.device)[None] >= encoded[:, None]
        positions = self._positions(x)
        for block in self.blocks:
            x = block(x, positions, padding)
        return x, encoded

    def _positions(self, x: Tensor) -> Tensor:
        """Return relative positions from at least as many frames as x has, the same tensor until it must grow."""
        table, frames = self.positions, x.shape[1]
        if len(table) < 2 * frames - 1 or table.device != x.device or table.dtype != x.dtype:
            reach = -(-frames // POSITIONS) * POSITIONS
            places = torch.arange(reach - 1, -reach, -1, device=x.device)
            self.positions = sinusoids(places, self.config.width).to(x.dtype)
        return self.positions


class Subsampling(nn.Module):
    """Two convolutions of stride 2 over time and frequency, then a projection."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, CHANNELS, 3, 2)
        self.conv2 = nn.Conv2d(CHANNELS, CHANNELS, 3, 2)
        self.output = nn.Linear(CHANNELS * (((config.bins - 1) // 2 - 1) // 2), config.width)

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, ceil(frames / 4), width)."""
        x = F.pad(features, (0, 0, 0, CONTEXT))[:, None]
        x = F.relu(self.conv2(F.relu(self.conv1(x), inplace=True)), inplace=True)
        return self.output(x.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Half a feed-forward step, attention, convolution, another half step, normalisation."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.feed_forward1 = FeedForward(config.width)
        self.attention = RelativeAttention(config.width, config.heads)
        self.convolution = Convolution(config.width, config.kernel)
        self.feed_forward2 = FeedForward(config.width)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, x: Tensor, positions: Tensor, padding: Tensor | None) -> Tensor:
        """Return the same shape as `x`, (batch, frames, width)."""
        x = torch.add(x, self.feed_forward1(x), alpha=0.5)
        x = x + self.attention(x, positions, padding)
        x = x + self.convolution(x, padding)
        x = torch.add(x, self.feed_forward2(x), alpha=0.5)
        return self.norm(x)


class FeedForward(nn.Module):
    """Normalise, widen four times, Swish, narrow; without the residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape as `x`."""
        return self.narrow(F.silu(self.widen(self.norm(x)), inplace=True))


class RelativeAttention(nn.Module):
    """Self-attention with relative positions (Transformer-XL, arXiv 1901.02860); without the residual.

    The checkpoint has a LayerNorm each for query, key and value of the same input. Their scales and shifts are folded
    into one projection (see `asr_plugins.firered.weights`), so that a single normalisation and product remain.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.project = nn.Linear(width, 3 * width)
        self.position = nn.Linear(width, width, bias=False)
        self.content_bias = nn.Parameter(torch.empty(heads, 1, width // heads))
        self.position_bias = nn.Parameter(torch.empty(heads, 1, width // heads))
        self.output = nn.Linear(width, width, bias=False)
        self.places: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor, positions: Tensor, padding: Tensor | None) -> Tensor:
        """Attend.

        Args:
            x: (batch, frames, width).
            positions: relative positions from any number of frames, (2 reach - 1, width).
            padding: (batch, frames), true where no utterance is.

        Returns:
            The same shape as `x`.
        """
        batch, frames, width = x.shape
        split = self.project(self.norm(x)).view(batch, frames, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each (batch, heads, frames, head width)
        places, reach = self._places(positions), (len(positions) + 1) // 2
        by_content = query + self.content_bias
        by_place = query + self.position_bias
        mixed, block = [], GPU_BLOCK if x.is_cuda else CPU_BLOCK
        for start in range(0, frames, block):
            stop = min(start + block, frames)
            # Only these positions are between a query of the block and any key.
            near = places[:, :, reach - stop : reach + frames - 1 - start]
            bias = relative_shift(torch.matmul(by_place[:, :, start:stop], near), frames)
            if padding is not None:
                bias = bias.masked_fill(padding[:, None, None], -math.inf)
            elif bias.is_cuda:  # the fused kernels want aligned rows
                bias = bias.contiguous()
            block_mixed = F.scaled_dot_product_attention(by_content[:, :, start:stop], key, value, attn_mask=bias)
            mixed.append(block_mixed.transpose(1, 2))  # as the CPU kernel leaves it
        return self.output(torch.cat(mixed, 1).flatten(2))

    def _places(self, positions: Tensor) -> Tensor:
        """Return the projected positions (heads, head width, 2 reach - 1), scaled, kept for the next utterance."""
        if self.places is None or self.places[0] is not positions:
            split = self.position(positions).view(len(positions), self.heads, -1)
            self.places = positions, split.permute(1, 2, 0).contiguous() / math.sqrt(split.shape[2])
        return self.places[1]


class Convolution(nn.Module):
    """Gated pointwise, depthwise over time, normalised, pointwise; without the residual."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 4 * width, bias=False)
        self.depthwise = nn.Conv1d(2 * width, 2 * width, kernel, padding=kernel // 2, groups=2 * width, bias=False)
        self.inner_norm = nn.LayerNorm(2 * width)
        self.narrow = nn.Linear(2 * width, width, bias=False)

    def forward(self, x: Tensor, padding: Tensor | None) -> Tensor:
        """Return the same shape as `x`, zero where `padding` (batch, frames) is true."""
        clear = partial(_clear, padding=padding)
        x = F.glu(self.widen(clear(self.norm(x))), dim=-1)
        x = self._over_time(x)
        return clear(self.narrow(F.silu(self.inner_norm(x), inplace=True)))

    def _over_time(self, x: Tensor) -> Tensor:
        """Convolve (batch, frames, channels) over the frames."""
        if x.is_cuda:
            return self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        # An image of height 1 with the channels last is what lies in memory; oneDNN reads it 15 times faster.
        weight = self.depthwise.weight[:, :, None]
        image = x[:, None].permute(0, 3, 1, 2)
        padding = (0, weight.shape[-1] // 2)
        return F.conv2d(image, weight, padding=padding, groups=len(weight)).permute(0, 2, 3, 1)[:, 0]


def _clear(x: Tensor, padding: Tensor | None) -> Tensor:
    return x if padding is None else x.masked_fill(padding[..., None], 0.0)


def relative_shift(scores: Tensor, keys: int) -> Tensor:
    """Turn scores by position (batch, heads, queries, keys + queries - 1) into scores by key (..., queries, keys).

    The first query needs the last `keys` columns, each next one those one column earlier: a view, nothing is copied.
    """
    scores = scores.contiguous()
    batch, heads, queries, row = scores.shape
    shape, stride = (batch, heads, queries, keys), (heads * queries * row, queries * row, row - 1, 1)
    return scores.as_strided(shape, stride, scores.storage_offset() + queries - 1)


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """Return sines and cosines (positions, width) of whole numbers (positions,), float32 (arXiv 1706.03762, 3.5)."""
    steps = torch.arange(0, width, 2, dtype=torch.float32, device=positions.device)
    angles = positions[:, None].float() * torch.exp(steps * -(math.log(10000.0) / width))
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(1)
