"""From the names and layout of the published weights to the networks here.

The position tables of the files (``*.pe``) are not read: they are sinusoids and computed.
"""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from asr_plugins.firered.config import DecoderConfig, EncoderConfig
from asr_plugins.firered.decoder import Decoder
from asr_plugins.firered.encoder import CHANNELS, Encoder
from asrcli.weights.tensors import Tensors

log = logging.getLogger(__name__)
State = dict[str, Tensor]

ALIGNMENT = 64  # bytes, of a cache line and of the widest vector

LARGEST = 127  # of a signed byte; -128 is not used, so that the range is symmetric
SMALLEST_SCALE = 1e-12  # keeps an all-zero row from dividing by zero


def build_encoder(config: EncoderConfig, tensors: Tensors) -> Encoder:
    """Build the encoder with its weights; takes everything under ``encoder.``."""
    state: State = {}
    width, folded = config.width, CHANNELS * (((config.bins - 1) // 2 - 1) // 2)
    for ours, theirs, shape in (
        ("conv1", "conv.0", (CHANNELS, 1, 3, 3)),
        ("conv2", "conv.2", (CHANNELS, CHANNELS, 3, 3)),
        ("output", "out", (width, folded)),
    ):
        _copy(state, f"subsample.{ours}", tensors, f"encoder.input_preprocessor.{theirs}", shape)
    for index in range(config.layers):
        _encoder_block(state, f"blocks.{index}", tensors, f"encoder.layer_stack.{index}", config)
    encoder: Encoder = _fill(Encoder, config, state)
    return encoder


def build_decoder(config: DecoderConfig, tensors: Tensors, name: str = "decoder") -> Decoder:
    """Build the decoder with its weights; takes everything under its name."""
    state: State = {}
    width = config.width
    embedding = tensors.take(f"{name}.tgt_word_emb.weight", config.vocabulary, width)
    tensors.drop(f"{name}.tgt_word_prj.weight")  # the same as the embedding; some files hold it twice
    state["embedding.weight"] = state["output.weight"] = embedding
    _copy(state, "norm", tensors, f"{name}.layer_norm_out", (width,))
    for index in range(config.layers):
        _decoder_layer(state, f"layers.{index}", tensors, f"{name}.layer_stack.{index}", width)
    decoder: Decoder = _fill(Decoder, config, state)
    decoder.output.weight = decoder.embedding.weight  # one parameter and not two that share their memory
    return decoder


def build_linear(tensors: Tensors, name: str, outputs: int, inputs: int) -> nn.Linear:
    """Build one linear layer with the weights under `name`."""
    state: State = {}
    _copy(state, "linear", tensors, name, (outputs, inputs))
    with torch.device("meta"):
        linear = nn.Linear(inputs, outputs)
    linear.load_state_dict({key.removeprefix("linear."): value for key, value in state.items()}, assign=True)
    return linear.eval()


def report_unused(tensors: Tensors) -> None:
    """Name the tensors of a file that were not consumed: it holds more than the layout."""
    if names := tensors.names():
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        log.warning("%s: %d weights are not used: %s", tensors.source, len(names), shown)


def _encoder_block(state: State, ours: str, tensors: Tensors, theirs: str, config: EncoderConfig) -> None:
    width, heads = config.width, config.heads
    for number in (1, 2):
        net = f"{theirs}.ffn{number}.net"
        _copy(state, f"{ours}.feed_forward{number}.norm", tensors, f"{net}.0", (width,))
        _copy(state, f"{ours}.feed_forward{number}.widen", tensors, f"{net}.1", (4 * width, width))
        _copy(state, f"{ours}.feed_forward{number}.narrow", tensors, f"{net}.4", (width, 4 * width))
    attention, source = f"{ours}.attention", f"{theirs}.mhsa"
    weights, biases = zip(*(_folded(tensors, source, part, width) for part in "qkv"), strict=True)
    state[f"{attention}.project.weight"], state[f"{attention}.project.bias"] = torch.cat(weights), torch.cat(biases)
    state[f"{attention}.position.weight"] = tensors.take(f"{source}.linear_pos.weight", width, width)
    for part, official in (("content_bias", "pos_bias_u"), ("position_bias", "pos_bias_v")):
        state[f"{attention}.{part}"] = tensors.take(f"{source}.{official}", heads, width // heads)[:, None]
    state[f"{attention}.output.weight"] = tensors.take(f"{source}.fc.weight", width, width)
    convolution, source = f"{ours}.convolution", f"{theirs}.conv"
    _copy(state, f"{convolution}.norm", tensors, f"{source}.pre_layer_norm", (width,))
    # A pointwise convolution is a linear layer, and the "batch_norm" is a LayerNorm.
    state[f"{convolution}.widen.weight"] = tensors.take(f"{source}.pointwise_conv1.weight", 4 * width, width, 1)[..., 0]
    depthwise = tensors.take(f"{source}.depthwise_conv.weight", 2 * width, 1, config.kernel)
    state[f"{convolution}.depthwise.weight"] = depthwise
    _copy(state, f"{convolution}.inner_norm", tensors, f"{source}.batch_norm", (2 * width,))
    state[f"{convolution}.narrow.weight"] = tensors.take(f"{source}.pointwise_conv2.weight", width, 2 * width, 1)[
        ..., 0
    ]
    _copy(state, f"{ours}.norm", tensors, f"{theirs}.layer_norm", (width,))


def _folded(tensors: Tensors, source: str, part: str, width: int) -> tuple[Tensor, Tensor]:
    """Fold the LayerNorm before a projection into it: W (g n + b) = (W g) n + W b, with n the bare normalisation."""
    weight = tensors.take(f"{source}.w_{part}s.weight", width, width)
    gain = tensors.take(f"{source}.layer_norm_{part}.weight", width)
    shift = tensors.take(f"{source}.layer_norm_{part}.bias", width)
    return weight * gain, weight @ shift


def _decoder_layer(state: State, ours: str, tensors: Tensors, theirs: str, width: int) -> None:
    for norm, official in (("past_norm", "self_attn_norm"), ("cross_norm", "cross_attn_norm"), ("norm", "mlp_norm")):
        _copy(state, f"{ours}.{norm}", tensors, f"{theirs}.{official}", (width,))
    parts = {part: _attention_part(tensors, f"{theirs}.self_attn.w_{part}s", width) for part in "qkv"}
    _join(state, f"{ours}.past.project", (parts[part] for part in "qkv"))
    _copy(state, f"{ours}.past.output", tensors, f"{theirs}.self_attn.fc", (width, width))
    parts = {part: _attention_part(tensors, f"{theirs}.cross_attn.w_{part}s", width) for part in "qkv"}
    _join(state, f"{ours}.cross.query", [parts["q"]])
    _join(state, f"{ours}.cross.memory", (parts["k"], parts["v"]))
    _copy(state, f"{ours}.cross.output", tensors, f"{theirs}.cross_attn.fc", (width, width))
    _copy(state, f"{ours}.widen", tensors, f"{theirs}.mlp.w_1", (4 * width, width))
    _copy(state, f"{ours}.narrow", tensors, f"{theirs}.mlp.w_2", (width, 4 * width))


def _attention_part(tensors: Tensors, name: str, width: int) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a projection; the one for keys has no bias."""
    weight = tensors.take(f"{name}.weight", width, width)
    return weight, weight.new_zeros(width) if name.endswith("w_ks") else tensors.take(f"{name}.bias", width)


def _join(state: State, ours: str, parts: Iterable[tuple[Tensor, Tensor]]) -> None:
    weights, biases = zip(*parts, strict=True)
    state[f"{ours}.weight"], state[f"{ours}.bias"] = torch.cat(weights), torch.cat(biases)


def _copy(state: State, ours: str, tensors: Tensors, theirs: str, shape: tuple[int, ...]) -> None:
    """Take weight (of this shape) and bias (of its first dimension)."""
    state[f"{ours}.weight"] = tensors.take(f"{theirs}.weight", *shape)
    state[f"{ours}.bias"] = tensors.take(f"{theirs}.bias", shape[0])


def _fill(network: Any, config: object, state: State) -> Any:
    with torch.device("meta"):  # no memory until the weights come
        built = network(config)
    built.load_state_dict(state, strict=True, assign=True)
    return built.eval().requires_grad_(False)


def pack(network: nn.Module) -> nn.Module:
    """Move the weights of a network on the CPU into one piece of memory, in place, and return the network.

    A step of the search on a CPU reads every weight of the decoder once and does little else, so it takes as long as
    the memory takes to give them. Scattered or file-mapped weights lie in pages of 4 KiB, each with an address to look
    up; one after the other in large pages they do not.
    """
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


class Int8Linear(nn.Module):
    """A linear layer that multiplies bytes: one scale per output of the weights, one per row of the input.

    It is for the CPU, where a single clip is limited by how fast weights can be read. Scales by row keep a clip
    independent of the clips beside it, which a scale for the whole batch would not.
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
