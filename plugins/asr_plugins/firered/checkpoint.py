"""Open the official checkpoint files, which are pickles, without running anything that stands in them.

A FireRedASR folder holds ``model.pth.tar`` (a torch zip file: ``{"args": argparse.Namespace, "model_state_dict":
tensors}``), ``cmvn.ark`` and either ``dict.txt`` (AED) or ``asr_encoder.pth.tar`` and a Qwen2 folder (LLM). A folder
made by `asr_plugins.firered.convert` holds ``config.json`` and ``model.safetensors`` in place of the pickles.
"""

from __future__ import annotations

import argparse
import json
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.base.files import brief, cause
from asrcli.errors import ModelError
from asrcli.weights.pickles import check_no_pointer

if TYPE_CHECKING:
    from torch import Tensor

MODEL = "model.pth.tar"
ENCODER = "asr_encoder.pth.tar"
SAFE_MODEL = "model.safetensors"
SAFE_CONFIG = "config.json"
LLM_FOLDER = "Qwen2-7B-Instruct"
ALLOWED = {"argparse.Namespace"}  # the only global of the official pickles beyond torch's own list
# What torch's restricted unpickler raises for damaged bytes, as fuzzing showed: any opcode may meet any operand.
DAMAGED = (
    pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, EOFError, OSError,
    LookupError, TypeError, AttributeError, ValueError, ArithmeticError, AssertionError,
)  # fmt: skip


class Tensors:
    """The tensors of a checkpoint by their official names, each taken once and with the shape it must have."""

    def __init__(self, tensors: Mapping[str, Tensor], source: str) -> None:
        self._tensors = dict(tensors)
        self.source = source

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def take(self, name: str, *shape: int) -> Tensor:
        """Remove and return one tensor.

        Raises:
            ModelError: it is not there or has another shape.
        """
        found = self.size(name)
        tensor = self._tensors.pop(name)
        if found != shape:
            raise ModelError(f"{self.source}: weights '{name}' have shape {found}, expected {shape}")
        return tensor

    def size(self, name: str) -> tuple[int, ...]:
        """Return the shape of one tensor.

        Raises:
            ModelError: it is not there.
        """
        if name not in self._tensors:
            raise ModelError(
                f"{self.source}: weights '{name}' are missing; the file is damaged or not a FireRedASR model"
            )
        return tuple(self._tensors[name].shape)

    def drop(self, name: str) -> None:
        """Forget a tensor that is not needed, present or not."""
        self._tensors.pop(name, None)

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of unconsumed tensors, without the position tables, which are computed."""
        return sorted(name for name in self._tensors if name.startswith(prefix) and not name.endswith(".pe"))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a folder holds, before any network is built."""

    kind: str  # "aed" or "llm"
    folder: Path
    args: Mapping[str, object]
    encoder_args: Mapping[str, object]  # of the encoder; the same as `args` for AED
    tensors: Tensors


def is_llm(folder: Path) -> bool:
    """Tell from its files whether a folder holds an LLM model; reads no weights."""
    if (folder / ENCODER).exists() or (folder / LLM_FOLDER).exists():
        return True
    config = folder / SAFE_CONFIG
    return config.is_file() and _read_config(config).get("model_type") == "firered-llm"


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the tensors and arguments of an official or converted folder.

    Raises:
        ModelError: files are missing, cut off, or hold something that is not needed for weights.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder; give one with {MODEL} and cmvn.ark, or a hub id")
    if (folder / SAFE_MODEL).exists() and (folder / SAFE_CONFIG).exists():
        return _read_converted(folder)
    args, tensors = read_pickle(folder / MODEL)
    if not is_llm(folder):
        return Checkpoint("aed", folder, args, args, Tensors(tensors, str(folder / MODEL)))
    encoder_args, encoder_tensors = read_pickle(folder / ENCODER, weights=False)
    # The second generation keeps the encoder in model.pth.tar; the first may keep it in its own file, a whole AED.
    merged = {name: tensor for name, tensor in encoder_tensors.items() if name.startswith("encoder.")}
    merged |= tensors
    return Checkpoint("llm", folder, args, encoder_args, Tensors(merged, str(folder / MODEL)))


def read_pickle(path: Path, weights: bool = True) -> tuple[dict[str, object], dict[str, Tensor]]:
    """Return the arguments and the tensors of one ``.pth.tar`` file.

    Args:
        path: the file.
        weights: whether it must hold tensors.

    Raises:
        ModelError: the file is missing, no whole torch file, or names a global that could run code.
    """
    import torch

    _check_file(path)
    try:
        unsafe = set(torch.serialization.get_unsafe_globals_in_checkpoint(path)) - ALLOWED
        if unsafe:
            raise ModelError(
                f"{path} is not opened: it names {', '.join(sorted(unsafe))}, which is code and not weights"
            )
        with torch.serialization.safe_globals([argparse.Namespace]):
            package = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except DAMAGED as error:
        raise ModelError(f"{path} cannot be read as weights ({brief(error)}); download it again") from error
    return _unpack(package, path, weights)


def _unpack(package: Any, path: Path, weights: bool) -> tuple[dict[str, object], dict[str, Tensor]]:
    import torch

    args = package.get("args") if isinstance(package, Mapping) else None
    if not isinstance(args, argparse.Namespace):
        raise ModelError(f"{path} holds no 'args'; it is not a FireRedASR checkpoint")
    tensors = package.get("model_state_dict", None if weights else {})
    if not isinstance(tensors, Mapping) or not all(isinstance(one, torch.Tensor) for one in tensors.values()):
        raise ModelError(f"{path} holds no 'model_state_dict' of tensors; it is not a FireRedASR checkpoint")
    return dict(vars(args)), dict(tensors)


def _check_file(path: Path) -> None:
    """Raise `ModelError` for what goes wrong with downloads, before torch raises an error that says nothing."""
    if not path.is_file():
        raise ModelError(
            f"{path} is missing; name the folder that holds it, or download the model again with asr engines pull"
        )
    check_no_pointer(path)
    try:
        whole = zipfile.is_zipfile(path)
    except zipfile.BadZipFile:
        whole = False
    if not whole:
        raise ModelError(f"{path} ({path.stat().st_size} bytes) is cut off or no torch file; download it again")


def _read_converted(folder: Path) -> Checkpoint:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    config = _read_config(folder / SAFE_CONFIG)
    kind = str(config.get("model_type", "")).removeprefix("firered-")
    if kind not in ("aed", "llm"):
        raise ModelError(
            f"{folder / SAFE_CONFIG}: model_type {config.get('model_type')!r} is not firered-aed or firered-llm"
        )
    args, encoder_args = config.get("args"), config.get("encoder_args")
    if not isinstance(args, dict) or not isinstance(encoder_args, dict):
        raise ModelError(f"{folder / SAFE_CONFIG} has no args; convert the official folder again")
    try:
        tensors = load_file(folder / SAFE_MODEL)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{folder / SAFE_MODEL} cannot be read ({cause(error)}); convert the official folder again"
        ) from error
    return Checkpoint(kind, folder, args, encoder_args, Tensors(tensors, str(folder / SAFE_MODEL)))


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is not JSON ({cause(error)}); convert the official folder again") from error
    return config if isinstance(config, dict) else {}
