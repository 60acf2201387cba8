"""Greedy decoding of a batch with keys and values kept, each row to its own end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

ATTENTION = "asr_grouped"  # the name under which transformers finds `attend`


@dataclass(slots=True)
class Written:
    """What the language model wrote for one prompt."""

    tokens: list[int] = field(default_factory=list)  # without the end token
    finished: bool = False  # the model ended it; otherwise the limit did
    log_prob: float | None = 0.0  # sum over the tokens and the end (natural logarithm); None when not known

    def add(self, token: int, log_prob: float, limit: int, ends: Collection[int]) -> bool:
        """Take the next token; return whether the answer goes on."""
        self.log_prob = (self.log_prob or 0.0) + log_prob
        if token in ends:
            self.finished = True
            return False
        self.tokens.append(token)
        return len(self.tokens) < limit

    @property
    def mean_log_prob(self) -> float | None:
        """The mean over the tokens, and the end where there is one."""
        count = len(self.tokens) + self.finished
        return self.log_prob / count if count and self.log_prob is not None else None


class Cache:
    """Keys and values of all layers, allocated once for as long as the batch can become.

    Stands in for the cache of transformers, which makes a new tensor for every token.

    Args:
        config: of the language model.
        rows: prompts.
        length: tokens of prompt and answer together.
        like: a tensor on the device and of the type to compute in.
    """

    def __init__(self, config: Any, rows: int, length: int, like: Tensor) -> None:
        shape = (config.num_hidden_layers, rows, config.num_key_value_heads, length, config.head_dim)
        self.keys, self.values = like.new_empty(shape), like.new_empty(shape)
        self.filled = 0

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: Any) -> tuple[Tensor, Tensor]:
        """Add keys and values (rows, heads, new, width) of one layer; return all it has."""
        end = self.filled + keys.shape[2]
        self.keys[layer, :, :, self.filled : end] = keys
        self.values[layer, :, :, self.filled : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def keep(self, rows: Tensor) -> None:
        """Forget all rows but these."""
        self.keys, self.values = self.keys[:, rows], self.values[:, rows]


def attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, scaling: float, **_: Any
) -> tuple[Tensor, None]:
    """Attend with query heads that share key heads, without a copy of the keys for each of them.

    While decoding, the query heads of a group are put in the place of queries in a row, which is the same arithmetic.
    """
    rows, heads, steps, width = query.shape
    if steps == 1:
        grouped = query.view(rows, key.shape[1], heads // key.shape[1], width)
        found = F.scaled_dot_product_attention(grouped, key, value, attn_mask=attention_mask, scale=scaling)
        return found.reshape(rows, 1, heads, width), None
    found = F.scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, is_causal=attention_mask is None, scale=scaling, enable_gqa=True
    )
    return found.transpose(1, 2), None


@torch.inference_mode()
def decode(llm: Any, prompts: Sequence[Tensor], limits: Sequence[int], ends: Collection[int]) -> list[Written]:
    """Return the most likely continuation of each prompt, token by token.

    Prompts are padded on the left and the padding is masked, so that a row is written as if it were alone. When half of
    the rows are done, the others go on without them.

    Args:
        llm: a Qwen3 of transformers that attends with `attend`.
        prompts: embeddings, each (tokens, width).
        limits: the most tokens of each answer, at least 1.
        ends: tokens that end an answer.
    """
    written = [Written() for _ in prompts]
    batch = list(range(len(prompts)))  # which prompt each row is
    going = set(batch)
    embedded, padding = pad(prompts)
    cache = Cache(llm.config, len(batch), embedded.shape[1] + max(limits), embedded)
    while True:
        hidden = _advance(llm, embedded, padding, cache)
        best, tokens, log_probs = _choose(llm.lm_head(hidden))
        for row, token, log_prob in zip(batch, best, log_probs, strict=True):
            if row in going and not written[row].add(token, log_prob, limits[row], ends):
                going.remove(row)
        if not going:
            return written
        if 2 * len(going) <= len(batch):  # the copy pays when it halves the work
            kept = torch.tensor([at for at, row in enumerate(batch) if row in going], device=tokens.device)
            cache.keep(kept)
            padding, tokens, batch = padding[kept], tokens[kept], [row for row in batch if row in going]
        embedded = llm.get_input_embeddings()(tokens)[:, None]


def pad(prompts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return prompts as one batch (rows, tokens, width) with zeros in front, and how many in each row (rows,)."""
    longest = max(len(prompt) for prompt in prompts)
    embedded = torch.stack([F.pad(prompt, (0, 0, longest - len(prompt), 0)) for prompt in prompts])
    return embedded, torch.tensor([longest - len(prompt) for prompt in prompts], device=embedded.device)


def _advance(llm: Any, embedded: Tensor, padding: Tensor, cache: Cache) -> Tensor:
    """Read further embeddings (rows, new, width); return the state after the last (rows, width)."""
    places = torch.arange(cache.filled, cache.filled + embedded.shape[1], device=embedded.device)
    hidden: Tensor = llm.model(
        inputs_embeds=embedded,
        attention_mask={"full_attention": _mask(padding, places)},
        position_ids=(places - padding[:, None]).clamp(min=0),
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state[:, -1]
    cache.filled += embedded.shape[1]
    return hidden


def _mask(padding: Tensor, places: Tensor) -> Tensor | None:
    """Return what each new place may look at (rows, 1, new, all), ``None`` where that is all before it.

    Padding looks at itself, since a place that looks at nothing is not a number, and would spoil what looks at it.
    """
    if not bool(padding.any()):
        return None
    all_places = torch.arange(int(places[-1]) + 1, device=places.device)
    real = all_places >= padding[:, None]
    before = all_places <= places[:, None]
    allowed = (real[:, None] & before) | (all_places == places[:, None])
    return allowed[:, None]


def _choose(logits: Tensor) -> tuple[list[int], Tensor, list[float]]:
    """Return the best token of each row, as numbers and as a tensor (rows,), and its log probability."""
    scores = logits.float()
    best, tokens = scores.max(-1)
    return tokens.tolist(), tokens, (best - scores.logsumexp(-1)).tolist()
