"""Strict loading: every tensor of the model comes from the checkpoint, and no code of the repository is run.

The library fills tensors that a checkpoint lacks with random values and says so in a warning. A recogniser with random
weights writes nonsense that looks like bad audio, so here it is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from asr_plugins.transformers_models.catalogue import Kind, read_config
from asrcli.base.files import brief, cause
from asrcli.engines.device import is_out_of_memory
from asrcli.errors import ModelError, OutOfMemory
from asrcli.weights.cache import indexed
from asrcli.weights.configs import check_no_adapter, check_size, plain_config
from asrcli.weights.plain import check_no_pointer, loading, plain_folder, safe_folder

# Tensors that only training uses: absent from some published checkpoints, or left over in them.
TRAINING = ("masked_spec_embed", "num_batches_tracked", "quantizer.", "project_q.", "project_hid.")
GENERATION = (
    "bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "suppress_tokens",
    "begin_suppress_tokens", "forced_decoder_ids", "lang_to_id", "task_to_id", "is_multilingual",
    "no_timestamps_token_id", "prev_sot_token_id",
    "max_initial_timestamp_index", "alignment_heads", "length_penalty", "no_repeat_ngram_size", "repetition_penalty",
)  # fmt: skip
SHOWN = 3  # names in a message


def load_model(folder: Path, kind: Kind, device: torch.device, dtype: torch.dtype) -> Any:
    """Return the network of a folder in evaluation mode, on the device.

    Raises:
        ModelError: tensors are missing, left over, of another shape, damaged or not safe to open.
        OutOfMemory: the weights do not fit.
    """
    check_files(folder)
    config = _config(folder)
    check_size(lambda: _auto_class(kind).from_config(config), folder)
    try:
        network, facts = _auto_class(kind).from_pretrained(
            str(folder),
            config=config,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # so that `check_tensors` can name them
        )
        check_tensors(folder, facts)
        if getattr(network, "generation_config", None) is not None:
            network.generation_config = plain_generation(network.generation_config)
        return network.eval().requires_grad_(False).to(device)
    except ModelError:
        raise
    except Exception as error:  # of the library and of Rust, in a dozen kinds
        if is_out_of_memory(error):
            raise OutOfMemory(f"model '{folder.name}' does not fit on {device}: {cause(error)}") from error
        raise ModelError(f"'{folder}' cannot be loaded: {brief(error)}") from error


def _config(folder: Path) -> Any:
    """Return what the class of a model declares of its ``config.json``."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    check_no_adapter(folder)
    data = read_config(folder)
    return plain_config(CONFIG_MAPPING[str(data["model_type"])], data, folder / "config.json")


def plain_generation(settings: Any) -> Any:
    """Return what is known of a ``generation_config.json``; others would compile, cache elsewhere, or name code."""
    from transformers import GenerationConfig

    known = {name: value for name in GENERATION if (value := getattr(settings, name, None)) is not None}
    return GenerationConfig(**known)


def load_part(folder: Path, part: str) -> Any:
    """Return the ``AutoTokenizer``, ``AutoFeatureExtractor`` or ``AutoProcessor`` of a folder.

    Raises:
        ModelError: its files are missing or damaged.
    """
    import transformers

    check_no_adapter(folder)
    what = "the " + part.removeprefix("Auto").lower().replace("featureextractor", "feature extractor")
    with (
        loading(f"{what} of '{folder}' cannot be loaded"),
        plain_folder(folder, str(read_config(folder)["model_type"])) as plain,
    ):
        return getattr(transformers, part).from_pretrained(str(plain), local_files_only=True, trust_remote_code=False)


def check_files(folder: Path) -> None:
    """Raise `ModelError` for weights that are not here, in part or as pointers, and for pickles that run code."""
    for index in folder.glob("*.index.json"):
        if absent := sorted(part for part in indexed(index) if not (folder / part).is_file()):
            raise ModelError(f"'{folder}' lacks {_some(absent)}: download the model again")
    for path in folder.glob("*.safetensors"):
        if not path.is_file():
            raise ModelError(f"'{path}' is no file: download the model again")
        check_no_pointer(path)
    safe_folder(folder)


def check_tensors(folder: Path, facts: dict[str, Any]) -> None:
    """Raise `ModelError` unless a checkpoint has the model's tensors; ``facts`` are what ``from_pretrained`` tells."""
    missing = _needed(facts["missing_keys"])
    if missing:
        raise ModelError(
            f"'{folder}' lacks {len(missing)} tensors of its model ({_some(missing)}), which would be random values: "
            "the checkpoint is incomplete, or was not trained for recognition"
        )
    shapes = sorted(str(one[0] if isinstance(one, tuple) else one) for one in facts["mismatched_keys"])
    if shapes:
        raise ModelError(f"'{folder}': the shapes of {_some(shapes)} do not fit its config.json")
    if left := _needed(facts["unexpected_keys"]):
        raise ModelError(
            f"'{folder}' has {len(left)} tensors that its model does not know ({_some(left)}): "
            "config.json and weights do not belong together"
        )
    if facts.get("error_msgs"):
        raise ModelError(f"'{folder}' cannot be loaded: {facts['error_msgs'][0]}")


def _auto_class(kind: Kind) -> Any:
    import transformers

    names = {Kind.CTC: "AutoModelForCTC", Kind.RNNT: "AutoModelForRNNT", Kind.TDT: "AutoModelForTDT"}
    return getattr(transformers, names.get(kind, "AutoModelForSpeechSeq2Seq"))


def _needed(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not any(one in name for one in TRAINING))


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
