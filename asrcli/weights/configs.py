"""Configurations of the transformers library that strangers wrote: only what a model's own class declares is taken.

Others could name code (``auto_map``), an attention implementation that is fetched from a hub, a quantizer, or another
folder (``adapter_config.json``), and a size of 10^9 is memory that is asked for before anybody looks at the weights.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from asrcli.base.files import brief
from asrcli.errors import ModelError

# Declared by no class, and understood by the library: older names, and what says how to end a text.
OLDER = (
    "rope_theta", "rope_scaling", "pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id",
    "tie_word_embeddings", "suppress_tokens", "begin_suppress_tokens", "forced_decoder_ids", "max_length",
)  # fmt: skip
MOST_LAYERS = 1_000
MOST = 1 << 31  # of any whole number
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".tar", ".ckpt")
SPARE = 1 << 22  # numbers that are computed and in no file, such as positions
FRONT = {"feature_size": 1 << 12, "num_mel_bins": 1 << 12, "n_fft": 1 << 16, "win_length": 1 << 16, "chunk_length": 120}
LEAST_HOP = 32  # samples between frames, 2 ms: fewer are frames without end
MOST_IN_FRONT = 1 << 24  # of any other number of a feature extractor: samples


def plain_config(kind: type[Any], data: Mapping[str, Any], source: object) -> Any:
    """Return a configuration with the values that its class declares, and no others; ``source`` is for messages.

    Raises:
        ModelError: a number is beyond reason, or a value is not of the kind that the class declares.
    """
    from huggingface_hub.errors import StrictDataclassError

    try:
        return kind(**_declared(kind, data, source))
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, StrictDataclassError) as error:
        raise ModelError(
            f"'{source}' is no configuration of a {kind.__name__.removesuffix('Config')}: {brief(error)}"
        ) from error


def _declared(kind: type[Any], data: Mapping[str, Any], source: object) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise TypeError(f"{str(data)[:40]} is no mapping")
    names = {field.name for field in dataclasses.fields(kind)} | {*kind.attribute_map, *OLDER}
    found: dict[str, Any] = {}
    for key in names & set(data):
        value = data[key]
        check_numbers(key, value, source)
        part = kind.sub_configs.get(key)
        found[key] = _part(part, value, source) if part is not None and value is not None else value
    found.pop("dtype", None)  # the caller's choice
    return found


def _part(kind: type[Any], data: Mapping[str, Any], source: object) -> Any:
    """Return a configuration inside another, whose class it may name itself."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if not dataclasses.is_dataclass(kind):  # AutoConfig
        kind = CONFIG_MAPPING[str(data["model_type"])]
    return kind(**_declared(kind, data, source))


def check_numbers(key: str, value: Any, source: object) -> None:
    """Raise `ModelError` for whole numbers that no model has, in a value and inside it."""
    if isinstance(value, Mapping):
        for inner, one in value.items():
            check_numbers(str(inner), one, source)
    elif isinstance(value, list):
        for one in value:
            check_numbers(key, one, source)
    elif isinstance(value, int) and not -MOST < value < (MOST_LAYERS if "layers" in key else MOST):
        raise ModelError(f"'{source}' is not loaded: {key} is {value}, more than any model has")


def check_front(data: Mapping[str, Any], source: object) -> None:
    """Raise `ModelError` for a feature extractor that would compute tables beyond reason."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            check_front(value, source)
            continue
        if isinstance(value, (int, float)) and not abs(value) <= FRONT.get(key, MOST_IN_FRONT):
            raise ModelError(f"'{source}' is not loaded: {key} is {value}, more than any model has")
        if key == "hop_length" and not (isinstance(value, int) and value >= LEAST_HOP):
            raise ModelError(f"'{source}' is not loaded: {key} is {str(value)[:40]}, less than any model has")


def check_size(build: Callable[[], Any], folder: Path) -> None:
    """Raise `ModelError` when a network would have more numbers than its weights have bytes; allocates nothing.

    Args:
        build: makes the network, of torch.
    """
    import torch

    try:
        with torch.device("meta"):
            network = build()
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        raise ModelError(f"'{folder}' is not loaded: its config.json makes no network ({brief(error)})") from error
    needed = sum(one.numel() for one in (*network.parameters(), *network.buffers()))
    there = sum(path.stat().st_size for path in folder.iterdir() if path.name.endswith(WEIGHTS))
    if needed > there + SPARE:
        raise ModelError(
            f"'{folder}' is not loaded: its config.json declares {needed} weights, and {there} bytes of them are there"
        )


def check_no_adapter(folder: Path) -> None:
    """Raise `ModelError` for an adapter of PEFT, which would have another model loaded from the place that it names."""
    if (folder / "adapter_config.json").exists():
        raise ModelError(f"'{folder}' has an adapter_config.json, which names another model: merge the adapter first")
