"""What a Canary-Qwen folder must hold, checked before any network is built; reads no weights.

config.json                 NeMo's SALM configuration
model.safetensors           all weights; LoRA not merged, no output layer (tied to the embedding)
tokenizer.json, ...         of the language model (Qwen/Qwen3-1.7B); not in the published repository
llm_backbone/config.json    configuration of the language model; not in the published repository either
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asr_plugins.nemo.allowed import QWEN3, QWEN3_TOKENIZER, SALM
from asr_plugins.nemo.checked import checked, least_weights
from asr_plugins.qwen3.config import TextConfig, text_config
from asrcli.errors import ModelError
from asrcli.weights.plain import read_json

CONFIG, WEIGHTS, LLM_CONFIG = "config.json", "model.safetensors", "llm_backbone/config.json"
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
TOKENIZER_FILES = (TOKENIZER, TOKENIZER_CONFIG, "vocab.json", "merges.txt")
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
class Layout:
    """One folder, its configuration read and checked."""

    folder: Path
    salm: Mapping[str, Any]  # NeMo's configuration, as far as it is known to be safe
    llm: Mapping[str, Any]  # configuration of Qwen3, likewise
    text: TextConfig  # its shape
    tokenizer: Mapping[str, Any]  # its ``tokenizer_config.json``, likewise
    encoder: Mapping[str, int]  # sizes of the FastConformer, as transformers calls them
    hop: int  # samples between frames of features
    n_fft: int
    audio_tag: str
    lora_scale: float  # alpha / r


def read_layout(folder: Path) -> Layout:
    """Read and check a folder.

    Raises:
        ModelError: a file is missing or damaged, another architecture, or a configuration that names code.
    """
    salm = _read(folder / CONFIG)
    missing = [name for name in (WEIGHTS, TOKENIZER, TOKENIZER_CONFIG, LLM_CONFIG) if not (folder / name).is_file()]
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
    salm, llm = checked(salm, SALM, folder / CONFIG), checked(llm, QWEN3, folder / LLM_CONFIG)
    tokenizer = checked(_read(folder / TOKENIZER_CONFIG), QWEN3_TOKENIZER, folder / TOKENIZER_CONFIG)
    try:
        _check_size(folder, salm, llm)
        return Layout(
            folder,
            salm,
            llm,
            text_config(llm),
            tokenizer,
            *_sound(salm["perception"], folder),
            str(salm["audio_locator_tag"]),
            float(salm["lora"]["lora_alpha"]) / int(salm["lora"]["r"]),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ModelError(
            f"'{folder / CONFIG}' is no configuration of Canary-Qwen: {type(error).__name__} {error}"
        ) from error


def _check_size(folder: Path, salm: Mapping[str, Any], llm: Mapping[str, Any]) -> None:
    """Raise `ModelError` when the configurations declare more weights than the file has bytes."""
    width, inner, layers = (llm[key] for key in ("hidden_size", "intermediate_size", "num_hidden_layers"))
    heads = llm["num_attention_heads"] * llm.get("head_dim", width // llm["num_attention_heads"])
    needed = least_weights(salm["perception"]) + width * (llm["vocab_size"] + layers * (3 * inner + 2 * heads))
    there = (folder / WEIGHTS).stat().st_size
    if needed > there:
        raise ModelError(
            f"'{folder}' is not loaded: its configurations declare {needed} weights, and {WEIGHTS} has {there} bytes; "
            "download it again"
        )


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelError(f"'{path}' is not there: name a folder of Canary-Qwen, or pull it: asr engines pull canary")
    return read_json(path)


def _sound(perception: Mapping[str, Any], folder: Path) -> tuple[dict[str, int], int, int]:
    """Return the sizes of the encoder, the samples between frames of features, and those of a transform."""
    features, encoder, _ = (perception[key] for key in ("preprocessor", "encoder", "modality_adapter"))
    for name, (wanted, default) in SAME.items():
        part = features if name in ("normalize", "log", "frame_splicing", "preemph") else encoder
        if part.get(name, default) != wanted:
            raise ModelError(
                f"'{folder / CONFIG}': {name} is {part.get(name, default)!r}, but Canary-Qwen has {wanted!r}"
            )
    sizes = {
        "num_mel_bins": features["features"],
        "hidden_size": encoder["d_model"],
        "num_hidden_layers": encoder["n_layers"],
        "num_attention_heads": encoder["n_heads"],
        "intermediate_size": encoder["d_model"] * encoder["ff_expansion_factor"],
        "conv_kernel_size": encoder["conv_kernel_size"],
        "subsampling_conv_channels": encoder["subsampling_conv_channels"],
    }
    return sizes, round(features["window_stride"] * features["sample_rate"]), features["n_fft"]
