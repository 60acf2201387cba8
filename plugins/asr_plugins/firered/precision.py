"""Eight-bit integers on the CPU, where a single clip is limited by how fast weights can be read."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LARGEST = 127  # of a signed byte; -128 is not used, so that the range is symmetric
SMALLEST_SCALE = 1e-12  # keeps an all-zero row from dividing by zero


class Int8Linear(nn.Module):
    """A linear layer that multiplies bytes: one scale per output of the weights, one per row of the input.

    Scales by row keep a clip independent of the clips beside it, which a scale for the whole batch would not.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        scales = (weight.abs().amax(1) / LARGEST).clamp(min=SMALLEST_SCALE)
        self.register_buffer("weight", (weight / scales[:, None]).round().to(torch.int8))
        self.register_buffer("scales", scales)
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().float())

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., outputs) for (..., inputs), both float32."""
        rows = x.reshape(-1, x.shape[-1])
        scales = (rows.abs().amax(1, keepdim=True) / LARGEST).clamp(min=SMALLEST_SCALE)
        products = torch._int_mm((rows / scales).round().to(torch.int8), self.weight.t())
        result = products.float() * scales * self.scales
        if self.bias is not None:
            result = result + self.bias
        return result.view(*x.shape[:-1], -1)


def quantise(network: nn.Module) -> nn.Module:
    """Replace every linear layer of a network, in place, and return the network."""
    for name, child in network.named_children():
        if isinstance(child, nn.Linear):
            setattr(network, name, Int8Linear(child))
        else:
            quantise(child)
    return network
