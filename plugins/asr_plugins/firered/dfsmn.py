"""The DFSMN of FireRedVAD: feed-forward layers whose memory is a weighted sum over frames before and after.

Zhang et al. 2018, "Deep-FSMN for large vocabulary continuous speech recognition" (arXiv 1803.05030). Every layer keeps
the frames that later ones will need, so a recording of any length is computed piece by piece with the result of one go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asr_plugins.firered.config import size_of
from asrcli.errors import ModelError
from asrcli.weights.tensors import Tensors

MEMORIES = {"before": "lookback_filter", "after": "lookahead_filter"}
MOST_REACH = 10_000  # frames that a layer keeps, 100 s; the published model keeps 40


@dataclass(frozen=True, slots=True)
class DfsmnConfig:
    """Its dimensions, under the names of the checkpoint's ``args``."""

    bins: int  # idim: mel bins
    outputs: int  # odim: 1 for speech
    blocks: int  # R
    dense: int  # M: plain layers at the end
    hidden: int  # H
    width: int  # P: of the memory
    before: int  # N1: frames looked back at, itself included
    before_stride: int  # S1
    after: int  # N2: frames looked ahead at; 0 for a streaming model
    after_stride: int  # S2

    @classmethod
    def read(cls, args: Mapping[str, object], source: str) -> DfsmnConfig:
        """Return the dimensions in ``args``; `ModelError` for a value that is missing or no count."""
        least = {"N2": 0, "S2": 0}
        names = ("idim", "odim", "R", "M", "H", "P", "N1", "S1", "N2", "S2")
        config = cls(*(size_of(args, name, source, least.get(name, 1)) for name in names))
        if config.before * config.before_stride + config.after * config.after_stride > MOST_REACH:
            raise ModelError(f"{source}: args.S1 {config.before_stride} and S2 {config.after_stride} reach too far")
        return config


class Memory(nn.Module):
    """A frame plus weighted sums over the frames before and after it, per channel."""

    def __init__(self, config: DfsmnConfig) -> None:
        super().__init__()
        self.config = config
        self.left = (config.before - 1) * config.before_stride
        self.right = config.after * config.after_stride
        self.before = nn.Parameter(torch.empty(config.width, 1, config.before))
        self.after = nn.Parameter(torch.empty(config.width, 1, config.after)) if config.after else None

    def forward(self, past: Tensor | None, frames: Tensor, last: bool) -> tuple[Tensor, Tensor]:
        """Return the frames that can be finished (width, n), and what to give back as ``past`` next time.

        Args:
            past: what the call before returned; None at the start, before which all is zero.
            frames: (width, m) new ones.
            last: nothing follows, so that zeros stand for the frames after.
        """
        known = torch.cat((frames.new_zeros(frames.shape[0], self.left) if past is None else past, frames), 1)
        if last:
            known = F.pad(known, (0, self.right))
        ready = known.shape[1] - self.left - self.right
        if ready <= 0:
            return frames.new_zeros(frames.shape[0], 0), known
        here = known[:, self.left : self.left + ready]
        groups = known.shape[0]
        config = self.config
        total = here + F.conv1d(
            known[None, :, : self.left + ready], self.before, dilation=config.before_stride, groups=groups
        )
        if self.after is not None:
            ahead = known[None, :, self.left + config.after_stride :]
            total = total + F.conv1d(ahead, self.after, dilation=config.after_stride, groups=groups)
        return total[0], known[:, ready:]


class Block(nn.Module):
    """Widen, narrow, remember; the input is added to the result except in the first block."""

    def __init__(self, config: DfsmnConfig, first: bool) -> None:
        super().__init__()
        self.first = first
        self.widen = nn.Linear(config.bins if first else config.width, config.hidden)
        self.narrow = nn.Linear(config.hidden, config.width, bias=first)
        self.memory = Memory(config)

    def forward(self, past: BlockPast, frames: Tensor, last: bool) -> Tensor:
        """Return the frames (n, width) that can be finished; ``past`` is brought up to date."""
        narrow = self.narrow(F.relu(self.widen(frames)))
        narrow = F.relu(narrow) if self.first else narrow
        found, past.memory = self.memory(past.memory, narrow.T, last)
        found = found.T
        if self.first:
            return found
        waiting = frames if past.skipped is None else torch.cat((past.skipped, frames))
        past.skipped = waiting[len(found) :]
        return found + waiting[: len(found)]


@dataclass(slots=True)
class BlockPast:
    """What a block keeps of the frames it has seen."""

    memory: Tensor | None = None
    skipped: Tensor | None = None  # inputs whose outputs wait for frames to come


class Dfsmn(nn.Module):
    """The whole network: features in, a probability per frame and output out."""

    def __init__(self, config: DfsmnConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(config, first=number == 0) for number in range(config.blocks))
        self.dense = nn.ModuleList(
            nn.Linear(config.hidden if number else config.width, config.hidden) for number in range(config.dense)
        )
        self.output = nn.Linear(config.hidden, config.outputs)

    def start(self) -> list[BlockPast]:
        """Return what is known before the first frame."""
        return [BlockPast() for _ in self.blocks]

    def forward(self, past: list[BlockPast], features: Tensor, last: bool) -> Tensor:
        """Return probabilities (n, outputs) of the frames that can be finished, after new features (m, bins)."""
        frames = features
        for block, own in zip(self.blocks, past, strict=True):
            frames = block(own, frames, last)
        for layer in self.dense:
            frames = F.relu(layer(frames))
        return torch.sigmoid(self.output(frames))


def build_dfsmn(config: DfsmnConfig, tensors: Tensors) -> Dfsmn:
    """Build the network with its weights from their official names."""
    with torch.device("meta"):
        network = Dfsmn(config)
    state = {name: tensors.take(_official(name), *own.shape) for name, own in network.state_dict().items()}
    network.load_state_dict(state, strict=True, assign=True)
    network.eval().requires_grad_(False)
    return network


def _official(name: str) -> str:
    """Return the official name of a tensor of the network: its first block has a place and names of its own."""
    part, *rest = name.split(".")
    if part == "output":
        return f"out.{rest[0]}"
    if part == "dense":
        return f"dfsmn.dnns.{3 * int(rest[0])}.{rest[1]}"
    number, layer, kind = int(rest[0]), rest[1], rest[2]
    first = number == 0
    block = "dfsmn" if first else f"dfsmn.fsmns.{number - 1}"
    if layer == "memory":
        return f"{block}.{'fsmn1' if first else 'fsmn'}.{MEMORIES[kind]}.weight"
    return f"{block}.{'fc1.0' if layer == 'widen' else 'fc2.0' if first else 'fc2'}.{kind}"
