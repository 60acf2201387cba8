"""The Transformer decoder of the AED models, one token at a time, with a cache that beams share.

The official cache keeps layer outputs, so that every step projects the keys and values of the whole utterance again for
every beam. Here each key and value is computed once: those of the encoder once per utterance, those of the tokens once
per token. The tokens of all beams of an utterance lie in one cache; a mask says which of them are a beam's own past, so
that reordering beams moves a few bits and no keys or values.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asr_plugins.firered.config import DecoderConfig
from asr_plugins.firered.encoder import sinusoids

FIRST_CAPACITY = 32  # tokens; doubled when they are used up

Function = Callable[[Tensor], Tensor]
Step = Callable[[Tensor, "DecoderState", int], Tensor]  # x (batch, beams, width), the state, number of the layer


class DecoderState:
    """What the decoder remembers of a batch of utterances with `beams` hypotheses each.

    Attributes:
        cross: per layer keys (batch, heads, head width, encoded frames) and values (batch, heads, encoded frames,
            head width).
        frames: 0 for real encoded frames, minus infinity for padding, (batch, 1, 1, encoded frames); None without any.
        past: keys and values of the tokens (layers, 2, batch, heads, capacity, head width).
        seen: which cached tokens a beam looks at, (batch, beams, capacity).
        used: places of the cache that have been taken, the newest tokens of the beams last.
        visible: `seen` up to the newest token as 0 and minus infinity, (batch, 1, beams, used).
        step: tokens that each beam has been given.
        layers: what the layers compute.
    """

    def __init__(
        self, layers: list[Step], cross: list[tuple[Tensor, Tensor]], frames: Tensor | None, beams: int
    ) -> None:
        self.layers = layers
        self.cross = cross
        self.frames = frames
        self.beams = beams
        self.step = self.used = 0
        values = cross[0][1]
        batch, heads, _, size = values.shape
        self.past = values.new_zeros(len(cross), 2, batch, heads, FIRST_CAPACITY * beams, size)
        self.seen = torch.zeros(batch, beams, FIRST_CAPACITY * beams, dtype=torch.bool, device=values.device)
        self.visible = self.past.new_zeros(batch, 1, beams, 0)

    def remember(self, visible: Tensor) -> None:
        """Make room for one more token per beam, which each beam sees where `visible` (batch, beams) is true."""
        beams = self.beams
        if self.used + beams > self.seen.shape[2]:
            self._make_room()
        own = torch.eye(beams, dtype=torch.bool, device=visible.device)
        self.seen[:, :, self.used : self.used + beams] = own & visible[:, :, None]
        self.step += 1
        self.used += beams
        self.visible = hidden(~self.seen[:, None, :, : self.used], self.past.dtype)

    def _make_room(self) -> None:
        """Move together the tokens that any beam still sees, and double the cache when that leaves less than half free.

        The beams of an utterance mostly have one past, so that of its tokens about one in `beams` stays.
        """
        seen = self.seen.any(1)
        self.used = int(seen.sum(1).max())
        # Their order does not matter: a token's place in the text went into its keys and values.
        kept = seen.to(torch.uint8).argsort(descending=True, stable=True)[:, : self.used]
        capacity = self.seen.shape[2] * (1 if 2 * self.used <= self.seen.shape[2] else 2)
        past, self.seen = self.past, self.seen.gather(2, kept[:, None].expand(-1, self.beams, -1))
        self.past = past.new_zeros(*past.shape[:4], capacity, past.shape[5])
        for utterance, places in enumerate(kept):
            self.past[:, :, utterance, :, : self.used] = past[:, :, utterance].index_select(3, places)
        self.seen = F.pad(self.seen, (0, capacity - self.used))

    def reorder(self, parents: Tensor) -> None:
        """Give each beam the past of its parent, `parents` (batch, beams)."""
        self.seen = self.seen.gather(1, parents[:, :, None].expand_as(self.seen))

    def keep(self, utterances: Tensor) -> None:
        """Keep only these utterances of the batch, by index."""
        self.cross = [
            (keys.index_select(0, utterances), values.index_select(0, utterances)) for keys, values in self.cross
        ]
        self.frames = None if self.frames is None else self.frames.index_select(0, utterances)
        self.past = self.past.index_select(2, utterances)
        self.seen = self.seen.index_select(0, utterances)


class Decoder(nn.Module):
    """Token embedding, layers and the output projection, which is the embedding itself."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        # Not drawn at random: on the meta device that imports torch._dynamo, which takes 1.5 s of processor time.
        self.embedding = nn.Embedding.from_pretrained(torch.empty(config.vocabulary, config.width))
        self.layers = nn.ModuleList(Layer(config.width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, config.vocabulary, bias=False)
        self.table = torch.zeros(0, config.width)

    def start(self, encoded: Tensor, lengths: Tensor, beams: int) -> DecoderState:
        """Project the encoder's output, once for all steps and beams.

        Args:
            encoded: (batch, encoded frames, width).
            lengths: (batch,) valid encoded frames.
            beams: hypotheses per utterance.
        """
        frames = None
        if int(lengths.min()) < encoded.shape[1]:
            padding = torch.arange(encoded.shape[1], device=encoded.device)[None] >= lengths[:, None]
            frames = hidden(padding[:, None, None], encoded.dtype)
        cross = [layer.cross.project_memory(encoded) for layer in self.layers]
        return DecoderState([layer.function() for layer in self.layers], cross, frames, beams)

    def forward(self, tokens: Tensor, state: DecoderState) -> Tensor:
        """Take the newest token of every beam (batch, beams); return logits of the next (batch, beams, vocabulary)."""
        position = self._position(state.step)
        state.remember(tokens != self.config.pad)
        x = self.embedding(tokens) * math.sqrt(self.config.width) + position
        for index, layer in enumerate(state.layers):
            x = layer(x, state, index)
        return self.output(self.norm(x))

    def _position(self, step: int) -> Tensor:
        """Return the encoding (width,) of one position from a table that grows when it must."""
        weight = self.embedding.weight
        if step >= len(self.table) or self.table.device != weight.device or self.table.dtype != weight.dtype:
            numbers = torch.arange(max(FIRST_CAPACITY, 2 * step), device=weight.device)
            self.table = sinusoids(numbers, self.config.width).to(weight.dtype)
        return self.table[step]


class Layer(nn.Module):
    """Attention over the beam's past, attention over the utterance, feed-forward; each after its normalisation."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.past_norm = nn.LayerNorm(width)
        self.past = PastAttention(width, heads)
        self.cross_norm = nn.LayerNorm(width)
        self.cross = CrossAttention(width, heads)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def function(self) -> Step:
        """Return what the layer computes: (batch, beams, width) to the same shape."""
        past_norm, cross_norm, norm = function_of(self.past_norm), function_of(self.cross_norm), function_of(self.norm)
        past, cross = self.past.function(), self.cross.function()
        widen, narrow = function_of(self.widen), function_of(self.narrow)

        def step(x: Tensor, state: DecoderState, index: int) -> Tensor:
            """Map `(batch, beams, width)` to the same."""
            x = x + past(past_norm(x), state, index)
            x = x + cross(cross_norm(x), state, index)
            return x + narrow(F.gelu(widen(norm(x))))

        return step


class PastAttention(nn.Module):
    """Attention of the newest token over the tokens before it and itself."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def function(self) -> Step:
        """Return what puts the keys and values of x, (batch, beams, width), into the cache and attends."""
        project, output, heads = function_of(self.project), function_of(self.output), self.heads

        def attend(x: Tensor, state: DecoderState, index: int) -> Tensor:
            """Attend to what each beam has said, and add this step to it: `(batch, beams, width)`."""
            batch, beams, width = x.shape
            split = project(x).view(batch, beams, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            cache = state.past[index].narrow(3, 0, state.used)
            cache.narrow(3, state.used - beams, beams).copy_(split[1:])
            mixed = F.scaled_dot_product_attention(split[0], cache[0], cache[1], attn_mask=state.visible)
            return output(mixed.transpose(1, 2).flatten(2))

        return attend


class CrossAttention(nn.Module):
    """Attention over the encoded utterance, whose keys and values all beams share."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.memory = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def project_memory(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys (batch, heads, head width, encoded frames) and values, with the last two axes the other way.

        On the CPU the keys are divided by the square root of the head width, once for all steps.
        """
        batch, frames, width = encoded.shape
        split = self.memory(encoded).view(batch, frames, 2, self.heads, width // self.heads)
        if encoded.is_cuda:  # as its kernels want them, seen from the other side
            keys, values = split.permute(2, 0, 3, 1, 4).contiguous()
            return keys.transpose(2, 3), values
        keys = split[:, :, 0] / math.sqrt(width // self.heads)
        return keys.permute(0, 2, 3, 1).contiguous(), split[:, :, 1].transpose(1, 2).contiguous()

    def function(self) -> Step:
        """Return what attends from x, (batch, beams, width), to the same shape."""
        to_query, output, heads = function_of(self.query), function_of(self.output), self.heads

        def attend(x: Tensor, state: DecoderState, index: int) -> Tensor:
            """Attend to the frames of the encoder: `(batch, beams, width)`."""
            batch, beams, width = x.shape
            query = to_query(x).view(batch, beams, heads, width // heads).transpose(1, 2)
            keys, values = state.cross[index]
            if x.is_cuda:
                mixed = F.scaled_dot_product_attention(query, keys.transpose(2, 3), values, attn_mask=state.frames)
            else:  # the fused kernel is made for many queries; here are a few, and memory is what takes time
                scores = torch.bmm(query.flatten(0, 1), keys.flatten(0, 1)).view(batch, heads, beams, -1)
                if state.frames is not None:
                    scores += state.frames
                mixed = torch.bmm(scores.softmax(-1).flatten(0, 1), values.flatten(0, 1)).view_as(query)
            return output(mixed.transpose(1, 2).flatten(2))

        return attend


def function_of(module: nn.Module) -> Function:
    """Return what a module computes, as a function that knows its weights.

    A call of a module looks for hooks, and for its weights by name: microseconds, for kernels that take not many more,
    of which a step of the search has two hundred.
    """
    if isinstance(module, nn.Linear):
        weight, bias = module.weight, module.bias
        return lambda x: F.linear(x, weight, bias)
    if isinstance(module, nn.LayerNorm):
        shape, gain, shift, epsilon = module.normalized_shape, module.weight, module.bias, module.eps
        return lambda x: torch.layer_norm(x, shape, gain, shift, epsilon)
    function: Function = module.forward
    return function


def hidden(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Return 0 where the mask is false and minus infinity where it is true: what attention adds to its scores."""
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(mask, -math.inf)
