"""Open the official checkpoint files, which are pickles, without running anything that stands in them.

A FireRedASR folder holds ``model.pth.tar`` (a torch zip file: ``{"args": argparse.Namespace, "model_state_dict":
tensors}``), ``cmvn.ark`` and either ``dict.txt`` (AED) or ``asr_encoder.pth.tar`` and a Qwen2 folder (LLM). A folder
made by `convert_to_safetensors` holds ``config.json`` and ``model.safetensors`` in place of the pickles.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.base.files import blocks, brief, cause, create_beside, write_atomic
from asrcli.errors import ModelError, OutputError
from asrcli.weights.plain import check_no_pointer, read_json
from asrcli.weights.tensors import Tensors

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

COPIED = ("cmvn.ark", "dict.txt", "train_bpe1000.model")
PROJECTION, EMBEDDING = "decoder.tgt_word_prj.weight", "decoder.tgt_word_emb.weight"


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
    return config.is_file() and read_json(config).get("model_type") == "firered-llm"


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
    """Return the arguments and the tensors of one ``.pth.tar`` file; ``weights``: it must hold tensors.

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
    # Without the position tables, which are computed.
    return dict(vars(args)), {name: one for name, one in tensors.items() if not name.endswith(".pe")}


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

    config = read_json(folder / SAFE_CONFIG)
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


def convert_to_safetensors(folder: Path, out: Path, dtype: str | None = None) -> Path:
    """Write ``model.safetensors`` and ``config.json`` for an official folder, and copy what else loading needs.

    The position tables are left out (they are computed), and the tied output projection is kept once. The Qwen2 folder
    of an LLM model is safetensors already: it is copied, or linked when it is a link.

    Args:
        out: the new folder; the same as `folder` to write beside the pickles. Created when missing.
        dtype: torch's name of a floating-point type to store, such as "bfloat16"; None keeps float32.

    Returns:
        `out`.

    Raises:
        ModelError: the folder cannot be read as weights.
        OutputError: the new folder cannot be written.
    """
    checkpoint = read_checkpoint(folder)
    tensors = _stored(checkpoint, dtype)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if out.resolve() != folder.resolve():
            _copy_rest(folder, out)
        _write_weights(out / SAFE_MODEL, tensors)
        write_atomic(out / SAFE_CONFIG, json.dumps(_config(checkpoint), indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {cause(error)}") from error
    return out


def _stored(checkpoint: Checkpoint, dtype: str | None) -> Mapping[str, Tensor]:
    import torch

    names = [name for name in checkpoint.tensors.names() if name != PROJECTION or EMBEDDING not in checkpoint.tensors]
    stored = {}
    for name in names:
        tensor = checkpoint.tensors.take(name)
        wanted = getattr(torch, dtype) if dtype and tensor.is_floating_point() else tensor.dtype
        stored[name] = tensor.to(wanted).contiguous()
    return stored


def _config(checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "model_type": f"firered-{checkpoint.kind}",
        "args": _plain(checkpoint.args),
        "encoder_args": _plain(checkpoint.encoder_args),
    }


def _plain(args: Mapping[str, object]) -> dict[str, object]:
    """Keep what JSON can say; the paths and settings of the training are not needed."""
    return {name: value for name, value in sorted(args.items()) if isinstance(value, str | int | float | None)}


def _copy_rest(folder: Path, out: Path) -> None:
    for name in COPIED:
        if (folder / name).exists():
            write_atomic(out / name, blocks(folder / name))
    llm, copied = folder / LLM_FOLDER, out / LLM_FOLDER
    if not llm.is_dir() or copied.exists():
        return
    if llm.is_symlink():
        copied.symlink_to(llm.resolve(), target_is_directory=True)
    else:
        shutil.copytree(llm, copied)


def _write_weights(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Bring the file to the disk before it gets its name, so that a file of that name is always whole."""
    from safetensors.torch import save_file

    descriptor, partial = create_beside(path)
    try:
        save_file(dict(tensors), partial, metadata={"format": "pt"})
        os.fsync(descriptor)
        partial.replace(path)
    finally:
        os.close(descriptor)
        partial.unlink(missing_ok=True)
