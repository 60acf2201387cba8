"""The language model, a Qwen3, over a cache of keys and values that stays in one place.

Prompts are padded on the right: a token only sees what is before it, so the padding needs no mask, and the next tokens
of a row overwrite it. Each row of a batch has its own position, and one row can be moved or cut back by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from asr_plugins.qwen3.checkpoint import Linear, RmsNorm, joined, linear
from asr_plugins.qwen3.config import TextConfig
from asrcli.weights.tensors import Tensors

LANGUAGE_MODEL = "model.language_model"


class Cache:
    """Keys and values of every layer, ``(layers, rows, key heads, length, head width)`` each."""

    def __init__(self, config: TextConfig, rows: int, length: int, like: Tensor) -> None:
        shape = (config.layers, rows, config.key_heads, length, config.head_width)
        self.keys, self.values = like.new_zeros(shape), like.new_zeros(shape)

    @property
    def rows(self) -> int:
        """How many rows fit."""
        return int(self.keys.shape[1])

    @property
    def length(self) -> int:
        """How many tokens fit in a row."""
        return int(self.keys.shape[3])

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of one row over another."""
        self.keys[:, target, :, :length] = self.keys[:, source, :, :length]
        self.values[:, target, :, :length] = self.values[:, source, :, :length]

    def begin(self, first_row: int, rows: int, prefix: Cache) -> None:
        """Put what another cache has in its one row at the beginning of several rows."""
        own = slice(first_row, first_row + rows)
        self.keys[:, own, :, : prefix.length] = prefix.keys
        self.values[:, own, :, : prefix.length] = prefix.values

    def grown(self, length: int) -> Cache:
        """Return a longer cache with the same content."""
        grown = object.__new__(Cache)
        room = (0, 0, 0, length - self.length)
        grown.keys, grown.values = F.pad(self.keys, room), F.pad(self.values, room)
        return grown


@dataclass(frozen=True, slots=True)
class _Layer:
    attention_norm: RmsNorm
    query_key_value: Linear
    query_norm: RmsNorm
    key_norm: RmsNorm
    out: Linear
    inner_norm: RmsNorm
    gate_up: Linear
    down: Linear

    def feed_forward(self, x: Tensor) -> Tensor:
        """Map `(batch, tokens, width)` to the same: SwiGLU, added to its input."""
        gate, up = self.gate_up(self.inner_norm(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


class TextDecoder:
    """The language model without its output layer, which the recogniser and the aligner have of their own."""

    def __init__(self, config: TextConfig, tensors: Tensors, name: str = LANGUAGE_MODEL) -> None:
        self.config = config
        self.embedding = tensors.take(f"{name}.embed_tokens.weight", config.vocabulary, config.width)
        self.layers = [self._read_layer(tensors, f"{name}.layers.{number}") for number in range(config.layers)]
        self._norm = self._read_norm(tensors, f"{name}.norm", config.width)
        half = torch.arange(0, config.head_width, 2, device=self.embedding.device).float() / config.head_width
        self._rates = 1.0 / config.rope_theta**half

    def _read_norm(self, tensors: Tensors, name: str, width: int) -> RmsNorm:
        return RmsNorm(tensors.take(f"{name}.weight", width), self.config.epsilon)

    def _read_layer(self, tensors: Tensors, name: str) -> _Layer:
        c = self.config
        attention, feed = f"{name}.self_attn", f"{name}.mlp"

        def read(part: str, out: int, into: int) -> Linear:
            """Read one projection, which has no bias."""
            return linear(tensors, part, out, into, bias=False)

        return _Layer(
            self._read_norm(tensors, f"{name}.input_layernorm", c.width),
            joined(
                read(f"{attention}.q_proj", c.heads * c.head_width, c.width),
                read(f"{attention}.k_proj", c.key_heads * c.head_width, c.width),
                read(f"{attention}.v_proj", c.key_heads * c.head_width, c.width),
            ),
            self._read_norm(tensors, f"{attention}.q_norm", c.head_width),
            self._read_norm(tensors, f"{attention}.k_norm", c.head_width),
            read(f"{attention}.o_proj", c.width, c.heads * c.head_width),
            self._read_norm(tensors, f"{name}.post_attention_layernorm", c.width),
            joined(read(f"{feed}.gate_proj", c.inner, c.width), read(f"{feed}.up_proj", c.inner, c.width)),
            read(f"{feed}.down_proj", c.width, c.inner),
        )

    def embed(self, tokens: Tensor) -> Tensor:
        """Return the vectors of token ids."""
        return F.embedding(tokens, self.embedding)

    def read(self, x: Tensor, cache: Cache | None, first_row: int = 0, start: int = 0) -> Tensor:
        """Read stretches of text, one per row, and keep their keys and values.

        Args:
            x: ``(rows, length, width)`` vectors, padded on the right.
            cache: holds at least ``start + length`` tokens in each row; ``None`` when nothing will follow.
            first_row: the rows of the cache are those from here on.
            start: position of the first vector; what the cache holds before it is seen too.

        Returns:
            ``(rows, length, width)``, normalised.
        """
        rows, length, _ = x.shape
        until = start + length
        turn = self._turn(torch.arange(start, until, device=x.device)[None, :, None])
        own = slice(first_row, first_row + rows)
        mask = None
        if start:
            mask = torch.ones(length, until, dtype=torch.bool, device=x.device).tril(start)
        for number, layer in enumerate(self.layers):
            query, key, value = (one.transpose(1, 2) for one in self._project(layer, x, turn))
            if cache is not None:
                cache.keys[number, own, :, start:until] = key
                cache.values[number, own, :, start:until] = value
                key, value = cache.keys[number, own, :, :until], cache.values[number, own, :, :until]
            attended = F.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, is_causal=mask is None, enable_gqa=True
            )
            x = layer.feed_forward(x + layer.out(attended.transpose(1, 2).flatten(2)))
        return self._norm(x)

    def step(self, tokens: Tensor, positions: Tensor, cache: Cache, span: int) -> Tensor:
        """Read one more token in each of the first rows of a cache; runs inside a CUDA graph.

        Args:
            tokens: ``(rows,)`` ids.
            positions: ``(rows,)``, less than `span`.
            cache: what was read before.
            span: how much of the cache to look at.

        Returns:
            ``(rows, width)``, normalised.
        """
        c, rows = self.config, len(tokens)
        turn = self._turn(positions[:, None, None])
        index = torch.arange(rows, device=tokens.device)
        mask = (torch.arange(span, device=tokens.device) <= positions[:, None])[:, None, None]
        x = self.embed(tokens)[:, None]
        for number, layer in enumerate(self.layers):
            query, key, value = self._project(layer, x, turn)
            keys, values = cache.keys[number, :rows], cache.values[number, :rows]
            keys[index, :, positions] = key[:, 0]
            values[index, :, positions] = value[:, 0]
            # The query heads that share a key head stand where else the time stands: nothing has to be repeated.
            attended = F.scaled_dot_product_attention(
                query.view(rows, c.key_heads, -1, c.head_width), keys[:, :, :span], values[:, :, :span], attn_mask=mask
            )
            x = layer.feed_forward(x + layer.out(attended.reshape(rows, 1, -1)))
        return self._norm(x)[:, 0]

    def _project(self, layer: _Layer, x: Tensor, turn: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return query, key and value, ``(rows, length, heads, head width)``; the first two turned by position."""
        c = self.config
        projected = layer.query_key_value(layer.attention_norm(x)).unflatten(-1, (-1, c.head_width))
        query, key, value = projected.split((c.heads, c.key_heads, c.key_heads), dim=2)
        return rotate(layer.query_norm(query), turn), rotate(layer.key_norm(key), turn), value

    def _turn(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosines and sines of the rotary embedding (Su et al. 2021) for positions ``(rows, length, 1)``."""
        angles = positions[..., None] * torch.cat((self._rates, self._rates))
        return angles.cos().to(self.embedding.dtype), angles.sin().to(self.embedding.dtype)


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Return vectors turned by their positions; the first half of a head is paired with the second."""
    cosine, sine = turn
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-second, first), dim=-1) * sine
