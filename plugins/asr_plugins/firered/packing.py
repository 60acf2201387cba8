"""Weights that are read one after the other, laid one after the other in large pages.

A step of the search on a CPU reads every weight of the decoder once and does little else, so it takes as long as the
memory takes to give them. Scattered or file-mapped weights lie in pages of 4 KiB, each with an address to look up.
"""

from __future__ import annotations

import mmap

import torch
from torch import Tensor, nn

ALIGNMENT = 64  # bytes, of a cache line and of the widest vector


def pack(network: nn.Module) -> nn.Module:
    """Move the weights of a network on the CPU into one piece of memory, in place, and return the network."""
    tensors = [*network.parameters(), *network.buffers()]  # each once, in the order of the layers
    sizes = [-(-tensor.nbytes // ALIGNMENT) * ALIGNMENT for tensor in tensors]
    piece, start = _large_pages(sum(sizes)), 0
    for tensor, size in zip(tensors, sizes, strict=True):
        place = piece[start : start + tensor.nbytes].view(tensor.dtype).view(tensor.shape)
        tensor.data = place.copy_(tensor.data)
        start += size
    return network


def _large_pages(size: int) -> Tensor:
    """Return bytes (size,) in pages of 2 MiB where the system has them (Linux), for as long as the tensor lives."""
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    memory = mmap.mmap(-1, max(size, 1), **private)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=torch.uint8)
