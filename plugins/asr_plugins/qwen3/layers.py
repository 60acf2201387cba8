"""The parts that both networks are made of: functions over tensors that were read from a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from asr_plugins.qwen3.checkpoint import Tensors


@dataclass(frozen=True, slots=True)
class Linear:
    """A matrix, with or without a bias."""

    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``(..., out)`` for ``(..., in)``."""
        return F.linear(x, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class LayerNorm:
    """Layer normalisation."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``x`` normalised over its last dimension."""
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class RmsNorm:
    """Root mean square normalisation, computed in float32 (Zhang and Sennrich 2019)."""

    weight: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``x`` normalised over its last dimension."""
        if x.dtype == torch.float32:
            return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)
        wide = x.float()
        return self.weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon)).to(x.dtype)


def linear(tensors: Tensors, name: str, out: int, into: int, bias: bool = True) -> Linear:
    """Read a linear layer."""
    return Linear(tensors.take(f"{name}.weight", out, into), tensors.take(f"{name}.bias", out) if bias else None)


def layer_norm(tensors: Tensors, name: str, width: int) -> LayerNorm:
    """Read a layer normalisation."""
    return LayerNorm(tensors.take(f"{name}.weight", width), tensors.take(f"{name}.bias", width))


def joined(*parts: Linear) -> Linear:
    """Return one linear layer that does what several with the same input do: one matrix product instead of many."""
    biases = [part.bias for part in parts if part.bias is not None]
    return Linear(torch.cat([part.weight for part in parts]), torch.cat(biases) if biases else None)
