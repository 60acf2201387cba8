"""What a Canary-Qwen folder must hold, checked before any network is built; reads no weights.

config.json                 NeMo's SALM configuration
model.safetensors           all weights; LoRA not merged, no output layer (tied to the embedding)
tokenizer.json, ...         of the language model (Qwen/Qwen3-1.7B); not in the published repository
llm_backbone/config.json    configuration of the language model; not in the published repository either
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrcli.errors import ModelError

CONFIG, WEIGHTS, TOKENIZER, LLM_CONFIG = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "llm_backbone/config.json",
)
TOKENIZER_FILES = (TOKENIZER, "tokenizer_config.json", "vocab.json", "merges.txt")
# What a SALM configuration may hold besides sizes. Others could name code or further files to load.
SALM_KEYS = (
    "pretrained_llm", "pretrained_asr", "prompt_format", "audio_locator_tag", "freeze_params", "prevent_freeze_params",
    "lora", "perception", "torch_dtype",
)  # fmt: skip
LORA_KEYS = ("task_type", "r", "lora_alpha", "lora_dropout", "target_modules")
SAME = {  # of perception.encoder and perception.preprocessor: what the networks here compute, and NeMo's default
    "subsampling": ("dw_striding", "striding"),
    "subsampling_factor": (8, 4),
    "causal_downsampling": (False, False),
    "self_attention_model": ("rel_pos", "rel_pos"),
    "att_context_size": ([-1, -1], [-1, -1]),
    "xscaling": (False, True),
    "untie_biases": (True, True),
    "conv_norm_type": ("batch_norm", "batch_norm"),
    "use_bias": (True, True),
    "normalize": ("per_feature", "per_feature"),
    "log": (True, True),
    "frame_splicing": (1, 1),
    "preemph": (0.97, 0.97),
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """The FastConformer and its features."""

    mels: int
    width: int
    layers: int
    heads: int
    expansion: int
    kernel: int
    channels: int  # of the convolutions that subsample
    sample_rate: int
    hop: int  # samples between frames
    window: int  # samples
    n_fft: int


@dataclass(frozen=True, slots=True)
class Layout:
    """One folder, its configuration read and checked."""

    folder: Path
    salm: Mapping[str, Any]  # NeMo's configuration, of which only `SALM_KEYS` are kept
    llm: Mapping[str, Any]  # configuration of Qwen3
    encoder: Encoder
    audio_tag: str
    lora_scale: float  # alpha / r


def read_layout(folder: Path) -> Layout:
    """Read and check a folder.

    Raises:
        ModelError: a file is missing or damaged, another architecture, or a configuration that names code.
    """
    salm = _read(folder / CONFIG)
    missing = [
        name for name in (WEIGHTS, TOKENIZER, "tokenizer_config.json", LLM_CONFIG) if not (folder / name).is_file()
    ]
    if missing:
        origin = salm.get("pretrained_llm", "Qwen/Qwen3-1.7B")
        raise ModelError(
            f"'{folder}' has no {', '.join(missing)}: 'asr engines pull canary' makes the whole folder, "
            f"or copy what is missing from {origin} ({LLM_CONFIG} is its config.json)"
        )
    llm = _read(folder / LLM_CONFIG)
    if llm.get("model_type") != "qwen3" or "auto_map" in llm:
        raise ModelError(
            f"'{folder / LLM_CONFIG}' is no plain Qwen3 configuration (model_type {llm.get('model_type')!r})"
        )
    try:
        return Layout(
            folder,
            {key: salm[key] for key in SALM_KEYS if key in salm}
            | {"lora": {key: salm["lora"][key] for key in LORA_KEYS if key in salm["lora"]}},
            llm,
            _encoder(salm["perception"], folder),
            str(salm["audio_locator_tag"]),
            float(salm["lora"]["lora_alpha"]) / int(salm["lora"]["r"]),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ModelError(
            f"'{folder / CONFIG}' is no configuration of Canary-Qwen: {type(error).__name__} {error}"
        ) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"'{path}' is not there: name a folder of Canary-Qwen, or pull it: asr engines pull canary"
        ) from error
    except ValueError as error:
        raise ModelError(f"'{path}' is not JSON ({error}); download it again") from error
    if not isinstance(found, dict):
        raise ModelError(f"'{path}' is no configuration; download it again")
    return found


def _targets(value: Any) -> Iterator[Any]:
    """Yield what a configuration names to be called, however deep inside."""
    if isinstance(value, Mapping):
        yield from (part for key, part in value.items() if key in ("_target_", "target"))
        for part in value.values():
            yield from _targets(part)
    elif isinstance(value, list):
        for part in value:
            yield from _targets(part)


def _encoder(perception: Mapping[str, Any], folder: Path) -> Encoder:
    features, encoder, adapter = (perception[key] for key in ("preprocessor", "encoder", "modality_adapter"))
    for target in _targets(perception):
        if not str(target).startswith("nemo.collections."):
            raise ModelError(f"'{folder / CONFIG}' names '{target}', which is code from elsewhere: it is not loaded")
    if not str(adapter["_target_"]).endswith(".IdentityConnector"):
        raise ModelError(
            f"'{folder / CONFIG}': a connector '{adapter['_target_']}' is not known, only IdentityConnector"
        )
    for name, (wanted, default) in SAME.items():
        part = features if name in ("normalize", "log", "frame_splicing", "preemph") else encoder
        if part.get(name, default) != wanted:
            raise ModelError(
                f"'{folder / CONFIG}': {name} is {part.get(name, default)!r}, but Canary-Qwen has {wanted!r}"
            )
    rate = int(features["sample_rate"])
    return Encoder(
        int(features["features"]),
        int(encoder["d_model"]),
        int(encoder["n_layers"]),
        int(encoder["n_heads"]),
        int(encoder["ff_expansion_factor"]),
        int(encoder["conv_kernel_size"]),
        int(encoder["subsampling_conv_channels"]),
        rate,
        round(features["window_stride"] * rate),
        round(features["window_size"] * rate),
        int(features["n_fft"]),
    )
