"""Positions as sines and cosines (arXiv 1706.03762, section 3.5), for encoder and decoder."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """Return the encoding (positions, width) of whole numbers (positions,), sine and cosine alternating, float32."""
    steps = torch.arange(0, width, 2, dtype=torch.float32, device=positions.device)
    angles = positions[:, None].float() * torch.exp(steps * -(math.log(10000.0) / width))
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(1)
