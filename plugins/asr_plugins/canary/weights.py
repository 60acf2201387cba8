"""The networks of the native backend, filled from the tensors of the checkpoint.

The encoder is transformers' Parakeet encoder (the same FastConformer), the language model that of the engine `qwen3`.
LoRA is merged, and the plain model is kept beside: the two share every part but the merged ones, with the projections
that are computed together with these, which are 9 % of Canary-Qwen-2.5B.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from asr_plugins.canary.layout import WEIGHTS, Layout
from asr_plugins.qwen3.checkpoint import Linear, joined
from asr_plugins.qwen3.decoder import TextDecoder
from asrcli.base.files import brief, cause
from asrcli.errors import ModelError
from asrcli.types import Samples
from asrcli.weights.tensors import Tensors

ENCODER, LLM = "perception.encoder.", "llm.base_model.model."
RENAMED = (  # NeMo's names of the encoder, and those of transformers
    ("pre_encode.conv.", "subsampling.layers."),
    ("pre_encode.out.", "subsampling.linear."),
    ("self_attn.linear_pos.", "self_attn.relative_k_proj."),
    ("self_attn.linear_out.", "self_attn.o_proj."),
    ("self_attn.linear_", "self_attn."),
    ("self_attn.pos_bias_", "self_attn.bias_"),
    ("conv.batch_norm.", "conv.norm."),
)
PARTS = {  # of a layer of the language model, and the projections in each
    "query_key_value": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "out": ("self_attn.o_proj",),
    "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "down": ("mlp.down_proj",),
}
LORA_A, LORA_B, BASE = ".lora_A.default.weight", ".lora_B.default.weight", ".base_layer.weight"

PREEMPHASIS = 0.97
GUARD = 2.0**-24  # added before the logarithm
EPSILON = 1e-5  # added to the standard deviation


@dataclass(frozen=True, slots=True)
class Networks:
    """Everything that the checkpoint fills."""

    mel: LogMel
    encoder: Any  # ParakeetEncoder
    project: nn.Linear  # encoder width to language model width
    listening: TextDecoder  # with LoRA: recognises speech
    plain: TextDecoder  # without: answers about text
    output: Linear  # of both


def load(layout: Layout, device: torch.device, dtype: torch.dtype) -> Networks:
    """Read the weights straight to their place and type.

    Raises:
        ModelError: the file is damaged, or holds less or more than the networks have.
    """
    tensors = read(layout, device, dtype)
    featurizer = "perception.preprocessor.featurizer"
    mel = LogMel(layout, tensors.take(f"{featurizer}.window"), tensors.take(f"{featurizer}.fb")[0])
    encoder = _encoder(layout.encoder)
    _fill(encoder, {rename(name): tensors.take(name) for name in tensors.names() if name.startswith(ENCODER)}, layout)
    with torch.device("meta"):
        project = nn.Linear(layout.encoder["hidden_size"], int(layout.llm["hidden_size"]))
    _fill(project, {part: tensors.take(f"perception.proj.{part}") for part in ("weight", "bias")}, layout)
    return Networks(mel, encoder.to(device), project, *_language_models(tensors, layout))


def read(layout: Layout, device: torch.device, dtype: torch.dtype) -> Tensors:
    """Return all tensors of the checkpoint, floating ones in a type; window and filters stay float32."""
    from safetensors import SafetensorError, safe_open

    path = layout.folder / WEIGHTS
    tensors: dict[str, Tensor] = {}
    try:
        with safe_open(path, "pt", device=str(device)) as file:
            for name in file.keys():  # noqa: SIM118 -- no dict
                tensor = file.get_tensor(name)
                kept = torch.float32 if ".featurizer." in name else dtype
                tensors[name] = tensor.to(kept) if tensor.is_floating_point() else tensor
    except (SafetensorError, OSError) as error:
        raise ModelError(f"'{path}' cannot be read as weights ({cause(error)}); download it again") from error
    return Tensors(tensors, path)


def rename(name: str) -> str:
    """Return transformers' name of a tensor of NeMo's encoder."""
    short = name.removeprefix(ENCODER)
    for theirs, ours in RENAMED:
        if theirs in short:
            short = short.replace(theirs, ours)
            break
    parts = short.rsplit(".", 2)
    if len(parts) == 3 and parts[0].endswith("self_attn") and parts[1] in ("q", "k", "v"):
        return f"{parts[0]}.{parts[1]}_proj.{parts[2]}"
    return short


def split_lora(tensors: Tensors, layout: Layout) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the plain language model's tensors by transformers' names, and those that differ when LoRA is merged.

    All tensors are taken.

    W' = W + alpha / r B A (arXiv 2106.09685), added in float32.
    """
    plain: dict[str, Tensor] = {}
    merged: dict[str, Tensor] = {}
    for name in tensors.names():
        if not name.startswith(LLM) or name.endswith((LORA_A, LORA_B)):
            continue
        short = name.removeprefix(LLM).replace(BASE, ".weight")
        weight = plain[short] = tensors.take(name)
        if name.endswith(BASE):
            stem = name.removesuffix(BASE)
            down, up = (tensors.take(stem + part) for part in (LORA_A, LORA_B))
            merged[short] = (weight.float() + layout.lora_scale * (up.float() @ down.float())).to(weight.dtype)
    plain["model.embed_tokens.weight"] = tensors.take("embed_tokens.weight")
    if layout.llm.get("tie_word_embeddings", True):
        plain.setdefault("lm_head.weight", plain["model.embed_tokens.weight"])
    unknown = tensors.names()
    if unknown or not merged:
        found = f"holds '{unknown[0]}', which no part of the model has" if unknown else "holds no LoRA weights"
        raise ModelError(f"'{layout.folder / WEIGHTS}' {found}; it is not Canary-Qwen or it is damaged")
    return plain, merged


def _language_models(tensors: Tensors, layout: Layout) -> tuple[TextDecoder, TextDecoder, Linear]:
    """Return the language model with LoRA and without, and the output layer of both."""
    plain, merged = split_lora(tensors, layout)
    changed = _changed(plain, merged)
    stored = Tensors(plain, tensors.source)
    output = Linear(stored.take("lm_head.weight"))
    plain.clear()  # what is joined must not be held twice
    model = TextDecoder(layout.text, stored, "model")
    if left := stored.names():
        raise ModelError(f"'{stored.source}' does not fit its {layout.folder / 'config.json'}: it has '{left[0]}'")
    listening = copy(model)
    listening.layers = [replace(layer, **changed.get(at, {})) for at, layer in enumerate(model.layers)]
    return listening, model, output


def _changed(plain: Mapping[str, Tensor], merged: Mapping[str, Tensor]) -> dict[int, dict[str, Any]]:
    """Return the parts of each layer that LoRA changes, merged."""
    changed: dict[int, dict[str, Any]] = {}
    for layer in sorted({int(name.split(".")[2]) for name in merged}):
        for part, names in PARTS.items():
            stored = [f"model.layers.{layer}.{name}.weight" for name in names]
            if any(name in merged for name in stored):
                own = joined(*(Linear(merged.get(name, plain[name])) for name in stored))
                changed.setdefault(layer, {})[part] = own
    return changed


def _encoder(sizes: Mapping[str, int]) -> Any:
    from transformers import ParakeetEncoder, ParakeetEncoderConfig
    from transformers.models.parakeet.modeling_parakeet import ParakeetEncoderRelPositionalEncoding

    config = ParakeetEncoderConfig(**sizes, scale_input=False, attn_implementation="sdpa")
    with torch.device("meta"):  # no memory until the weights come
        encoder = ParakeetEncoder(config)
    encoder.encode_positions = ParakeetEncoderRelPositionalEncoding(config)  # computed, not stored
    return encoder


def _fill(network: Any, state: Mapping[str, Tensor], layout: Layout) -> None:
    """Put tensors in the place of a network's own, all of them and no others."""
    try:
        network.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise ModelError(
            f"'{layout.folder / WEIGHTS}' does not fit its {layout.folder / 'config.json'}: {brief(error)}"
        ) from error
    network.eval().requires_grad_(False)


class LogMel:
    """Turns clips into log-mel features as NeMo computes them, normalised, in float32 whatever the model computes in.

    The window and the filters are those of the checkpoint: its window is rounded to bfloat16, and an exact Hann window
    changes single features by up to 0.8.

    Args:
        window: (window,).
        filters: (mels, n_fft / 2 + 1).
    """

    def __init__(self, layout: Layout, window: Tensor, filters: Tensor) -> None:
        self.hop, self.n_fft = layout.hop, layout.n_fft
        self.window, self.filters = window, filters

    def __call__(self, clips: Sequence[Samples]) -> tuple[Tensor, Tensor]:
        """Return features (clips, frames, mels), zero after the end of each, and the frames of each (clips,).

        A clip must have two frames at least, since its features are divided by their deviation.
        """
        samples = torch.tensor([len(clip) for clip in clips])
        padded = pad_sequence([torch.from_numpy(clip) for clip in clips], batch_first=True).to(self.window.device)
        samples = samples.to(padded.device)
        inside = torch.arange(padded.shape[1], device=padded.device) < samples[:, None]
        sharpened = torch.cat((padded[:, :1], padded[:, 1:] - PREEMPHASIS * padded[:, :-1]), 1)
        spectrum = torch.stft(
            sharpened.masked_fill(~inside, 0.0),
            self.n_fft,
            hop_length=self.hop,
            win_length=len(self.window),
            window=self.window,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        power = torch.view_as_real(spectrum).pow(2).sum(-1).sqrt().pow(2)  # NeMo takes the root, too
        mel = torch.log(self.filters @ power + GUARD).transpose(1, 2)
        return _normalise(mel, samples // self.hop)


def _normalise(mel: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Give each feature of each clip mean 0 and deviation 1 (divisor n - 1) over the clip's own frames."""
    inside = (torch.arange(mel.shape[1], device=mel.device) < frames[:, None])[..., None]
    count = frames[:, None]
    mean = (mel * inside).sum(1) / count
    variance = ((mel - mean[:, None]) ** 2 * inside).sum(1) / (count - 1)
    normal = (mel - mean[:, None]) / (variance.sqrt()[:, None] + EPSILON)
    return normal.masked_fill(~inside, 0.0), frames
