"""The audio encoder: convolutions over seconds, attention within windows of eight seconds, many windows at once.

Windows do not see each other. So all windows of all clips go through the layers as one batch, where the reference
implementations loop over windows in each layer, and a stream keeps the output of a window that is over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from asr_plugins.qwen3.checkpoint import LayerNorm, Linear, SafeTensors, joined, layer_norm, linear
from asr_plugins.qwen3.config import CONV_STEPS, AudioConfig
from asrcli.types import SAMPLE_RATE, Samples

CHUNKS_AT_ONCE = 64  # seconds in one convolution: its first output takes 12 MB a second in 0.6B, float32
WINDOWS_AT_ONCE = 64
TOWER, PROJECTOR = "model.audio_tower", "model.multi_modal_projector"
LONGEST_PERIOD = 10_000  # of the sinusoids that mark positions

SIZE, HOP = 400, 160  # samples
REACH = SIZE // 2  # samples that a frame covers on either side of its centre
DYNAMICS = 8.0  # log10 of power below the loudest that is still told apart
SHORTEST = SAMPLE_RATE // 2  # the official code and transformers pad shorter clips with silence, and count it


class _Windows:
    """Which tokens of a packed sequence attend to each other. Only there are shorter windows padded."""

    def __init__(self, lengths: Sequence[int], device: torch.device) -> None:
        self.shape = (len(lengths), max(lengths))
        self._mask: Tensor | None = None
        if min(lengths) < max(lengths):
            self._mask = torch.arange(max(lengths), device=device) < torch.tensor(lengths, device=device)[:, None]
            self._places = self._mask.flatten().nonzero()[:, 0]

    def attend(self, projected: Tensor, heads: int) -> Tensor:
        """Return ``(tokens, width)`` for queries, keys and values, ``(tokens, 3 * width)``."""
        mask = None
        if self._mask is not None:
            padded = projected.new_zeros(self._mask.numel(), projected.shape[1])
            projected = padded.index_copy_(0, self._places, projected)
            mask = self._mask[:, None, None]
        query, key, value = projected.view(*self.shape, 3, heads, -1).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        attended = attended.transpose(1, 2).flatten(2).flatten(0, 1)
        return attended if self._mask is None else attended.index_select(0, self._places)


@dataclass(frozen=True, slots=True)
class _Layer:
    attention_norm: LayerNorm
    query_key_value: Linear
    out: Linear
    inner_norm: LayerNorm
    widen: Linear
    narrow: Linear
    heads: int

    def __call__(self, x: Tensor, windows: _Windows) -> Tensor:
        x = x + self.out(windows.attend(self.query_key_value(self.attention_norm(x)), self.heads))
        return x + self.narrow(F.gelu(self.widen(self.inner_norm(x))))


class AudioEncoder:
    """Turns features into the vectors that stand for them in the prompt: 13 for a second."""

    def __init__(self, config: AudioConfig, tensors: SafeTensors) -> None:
        self.config, self.dtype = config, tensors.dtype
        width, channels = config.width, config.channels
        self._convolutions = [
            (tensors.take(f"{TOWER}.conv2d{n}.weight", channels, 1 if n == 1 else channels, 3, 3),
             tensors.take(f"{TOWER}.conv2d{n}.bias", channels))
            for n in range(1, CONV_STEPS + 1)
        ]  # fmt: skip
        self._project_in = linear(tensors, f"{TOWER}.conv_out", width, channels * halved(config.mels), bias=False)
        self._layers = [self._read_layer(tensors, f"{TOWER}.layers.{number}") for number in range(config.layers)]
        self._norm = layer_norm(tensors, f"{TOWER}.ln_post", width)
        self._project1 = linear(tensors, f"{PROJECTOR}.linear_1", width, width)
        self._project2 = linear(tensors, f"{PROJECTOR}.linear_2", config.output, width)
        self._positions = sinusoids(halved(config.chunk), width).to(tensors.device, tensors.dtype)

    def _read_layer(self, tensors: SafeTensors, name: str) -> _Layer:
        width, inner = self.config.width, self.config.inner
        query, key, value = (linear(tensors, f"{name}.self_attn.{one}_proj", width, width) for one in "qkv")
        return _Layer(
            layer_norm(tensors, f"{name}.self_attn_layer_norm", width),
            joined(query, key, value),
            linear(tensors, f"{name}.self_attn.out_proj", width, width),
            layer_norm(tensors, f"{name}.final_layer_norm", width),
            linear(tensors, f"{name}.fc1", inner, width),
            linear(tensors, f"{name}.fc2", width, inner),
            self.config.heads,
        )

    def tokens(self, frames: int) -> int:
        """Return how many vectors come out for a number of mel frames."""
        whole, rest = divmod(frames, self.config.chunk)
        return whole * halved(self.config.chunk) + halved(rest)

    def encode(self, clips: Sequence[Tensor]) -> list[Tensor]:
        """Return ``(tokens, output)`` for each clip's features ``(mels, frames)``."""
        windows = [list(clip.split(self.config.window, dim=1)) for clip in clips]
        attended = iter(self.encode_windows([one for own in windows for one in own]))
        return [torch.cat([next(attended) for _ in own]) for own in windows]

    def encode_windows(self, windows: Sequence[Tensor]) -> list[Tensor]:
        """Return ``(tokens, output)`` for each window's features ``(mels, at most config.window frames)``."""
        found: list[Tensor] = []
        for start in range(0, len(windows), WINDOWS_AT_ONCE):
            found += self._encode_block(windows[start : start + WINDOWS_AT_ONCE])
        return found

    def _encode_block(self, windows: Sequence[Tensor]) -> list[Tensor]:
        chunk, lengths = self.config.chunk, [self.tokens(one.shape[1]) for one in windows]
        seconds = [-(-one.shape[1] // chunk) for one in windows]
        padded = [F.pad(one, (0, count * chunk - one.shape[1])) for one, count in zip(windows, seconds, strict=True)]
        chunks = torch.cat(padded, dim=1).to(self.dtype).unflatten(1, (-1, chunk)).transpose(0, 1)
        x = torch.cat([self._convolve(some) for some in chunks.split(CHUNKS_AT_ONCE)])
        per_window = x.flatten(0, 1).split([count * x.shape[1] for count in seconds])
        x = torch.cat([one[:length] for one, length in zip(per_window, lengths, strict=True)])
        together = _Windows(lengths, x.device)
        for layer in self._layers:
            x = layer(x, together)
        return list(self._project2(F.gelu(self._project1(self._norm(x)))).split(lengths))

    def _convolve(self, chunks: Tensor) -> Tensor:
        """Return ``(chunks, positions, width)`` for ``(chunks, mels, frames)``, each chunk by itself."""
        x = chunks[:, None]
        for weight, bias in self._convolutions:
            x = F.gelu(F.conv2d(x, weight, bias, stride=2, padding=1))
        return self._project_in(x.permute(0, 3, 1, 2).flatten(2)) + self._positions


def halved(length: int) -> int:
    """Return what three convolutions of stride 2 leave of a length."""
    for _ in range(CONV_STEPS):
        length = (length + 1) // 2
    return length


def sinusoids(length: int, width: int) -> Tensor:
    """Return the position marks of Whisper's encoder, ``(length, width)``."""
    rates = torch.exp(-math.log(LONGEST_PERIOD) / (width // 2 - 1) * torch.arange(width // 2).float())
    angles = torch.arange(length)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class FeatureExtractor:
    """Makes log-mel features of clips, each by itself, so that its neighbours in a batch cannot change it.

    The front end is Whisper's (128 Slaney mels, 25 ms windows every 10 ms, log10 within 8 of the clip's loudest),
    without its padding to 30 s.
    """

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
