"""Eight-bit integers on the CPU, where a single clip is limited by how fast weights can be read."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LARGEST = 127  # of a signed byte; -128 is not used, so that zero is exact and the range symmetric


class Int8Linear(nn.Module):
    """A linear layer with weights as bytes, one scale per output; the input is quantised at every call."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        scales = weight.abs().amax(1).clamp(min=torch.finfo(torch.float32).tiny).double() / LARGEST
        zeros = torch.zeros(len(scales), dtype=torch.long)
        quantised = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        bias = None if linear.bias is None else linear.bias.detach().float()
        self.packed = torch.ops.quantized.linear_prepack(quantised, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., outputs) for (..., inputs), both float32."""
        result: Tensor = torch.ops.quantized.linear_dynamic(x, self.packed, reduce_range=True)
        return result


def quantise(network: nn.Module) -> nn.Module:
    """Replace every linear layer of a network, in place, and return the network."""
    for name, child in network.named_children():
        if isinstance(child, nn.Linear):
            setattr(network, name, Int8Linear(child))
        else:
            quantise(child)
    return network
