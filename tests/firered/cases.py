"""Random models and inputs that can be made again anywhere: the numbers come from numpy's frozen generator.

Both the tests and `make_reference.py`, which runs the official code on the same cases, read this file.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import torch

VOCABULARY = 60
FRAMES = ((298, 250, 120), (101, 100, 99), (47, 8, 5), (160, 33, 1))  # feature frames of the clips of a batch
SEARCHES = (  # beams, best, token limit, smoothing, length penalty, end penalty
    (3, 3, 30, 1.25, 0.6, 1.0),
    (3, 1, 30, 1.0, 0.0, 0.7),
    (5, 4, 20, 1.5, 1.0, 1.3),
    (1, 1, 25, 1.25, 0.6, 1.0),
)


@dataclass(frozen=True)
class Case:
    """One random AED model with a batch of features and the options of a search."""

    args: argparse.Namespace
    state: dict[str, torch.Tensor]  # official names
    features: list[np.ndarray]  # (frames, 80) each
    search: tuple[int, int, int, float, float, float]


def aed_case(seed: int, ctc: bool) -> Case:
    """Return the case of this seed; with the branch of the second generation when `ctc`."""
    random = np.random.RandomState(seed + 500 * ctc)
    args = argparse.Namespace(
        idim=80, odim=VOCABULARY, d_model=(32, 48, 64)[seed % 3], n_head=(2, 4)[seed % 2], n_layers_enc=1 + seed % 2,
        n_layers_dec=1 + seed % 3, kernel_size=(5, 9, 33)[seed % 3], pe_maxlen=200, sos_id=3, eos_id=4, pad_id=2,
        residual_dropout=0.1, dropout_rate=0.1,
    )  # fmt: skip
    features = [random.standard_normal((frames, 80)).astype(np.float32) for frames in FRAMES[seed % 4]]
    *search, end = SEARCHES[seed // 4 % 4]
    end = end if ctc else min(end, 1.0)  # the first generation refuses more
    return Case(args, aed_state(args, random, ctc), features, (*search, end))


def aed_state(args: argparse.Namespace, random: np.random.RandomState, ctc: bool) -> dict[str, torch.Tensor]:
    """Return weights under the official names. Their sizes make hypotheses that differ and that end."""
    state = {name: _weight(name, shape, random) for name, shape in aed_shapes(args, ctc).items()}
    state["decoder.tgt_word_prj.weight"] = state["decoder.tgt_word_emb.weight"]
    return state


def _weight(name: str, shape: tuple[int, ...], random: np.random.RandomState) -> torch.Tensor:
    values = random.standard_normal(shape)
    if len(shape) == 1:
        values = 0.1 * values + ("norm" in name and name.endswith("weight"))
    elif name == "decoder.tgt_word_emb.weight":
        values = values * 0.08
    elif not name.endswith(("pos_bias_u", "pos_bias_v")):
        fan_in = float(np.prod(shape[1:]))
        values = values * (3.0 if name.startswith("decoder") else 1.0) / fan_in**0.5
    return torch.from_numpy(values.astype(np.float32))


def aed_shapes(args: argparse.Namespace, ctc: bool) -> dict[str, tuple[int, ...]]:  # noqa: C901 -- a table
    """Return the names and shapes of the official weights (research: the published layout)."""
    d, h, v = args.d_model, args.n_head, args.odim
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, *shape: int, bias: bool = True) -> None:
        shapes[f"{name}.weight"] = shape
        if bias:
            shapes[f"{name}.bias"] = (shape[0],)

    linear("encoder.input_preprocessor.conv.0", 32, 1, 3, 3)
    linear("encoder.input_preprocessor.conv.2", 32, 32, 3, 3)
    linear("encoder.input_preprocessor.out", d, 608)
    for layer in range(args.n_layers_enc):
        at = f"encoder.layer_stack.{layer}"
        for number in (1, 2):
            linear(f"{at}.ffn{number}.net.0", d)
            linear(f"{at}.ffn{number}.net.1", 4 * d, d)
            linear(f"{at}.ffn{number}.net.4", d, 4 * d)
        for part in ("w_qs", "w_ks", "w_vs", "fc", "linear_pos"):
            linear(f"{at}.mhsa.{part}", d, d, bias=False)
        for part in "qkv":
            linear(f"{at}.mhsa.layer_norm_{part}", d)
        shapes[f"{at}.mhsa.pos_bias_u"] = shapes[f"{at}.mhsa.pos_bias_v"] = (h, d // h)
        linear(f"{at}.conv.pre_layer_norm", d)
        linear(f"{at}.conv.pointwise_conv1", 4 * d, d, 1, bias=False)
        linear(f"{at}.conv.depthwise_conv", 2 * d, 1, args.kernel_size, bias=False)
        linear(f"{at}.conv.batch_norm", 2 * d)
        linear(f"{at}.conv.pointwise_conv2", d, 2 * d, 1, bias=False)
        linear(f"{at}.layer_norm", d)
    shapes["decoder.tgt_word_emb.weight"] = (v, d)
    for layer in range(args.n_layers_dec):
        at = f"decoder.layer_stack.{layer}"
        for norm in ("self_attn_norm", "cross_attn_norm", "mlp_norm"):
            linear(f"{at}.{norm}", d)
        for attention in ("self_attn", "cross_attn"):
            for part in ("w_qs", "w_vs", "fc"):
                linear(f"{at}.{attention}.{part}", d, d)
            linear(f"{at}.{attention}.w_ks", d, d, bias=False)
        linear(f"{at}.mlp.w_1", 4 * d, d)
        linear(f"{at}.mlp.w_2", d, 4 * d)
    linear("decoder.layer_norm_out", d)
    if ctc:
        linear("ctc.ctc_lo", v, d)
    return shapes


def llm_state(state: dict[str, torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
    """Return other weights of the same names and shapes for encoder, adapter and LoRA of an LLM checkpoint."""
    random = np.random.RandomState(1000 + seed)
    return {
        name: tensor
        if name.endswith(".pe")
        else _weight(name, tuple(tensor.shape), random) * (3.0 if "lora_" in name else 1.0)
        for name, tensor in sorted(state.items())
    }
