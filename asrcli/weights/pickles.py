"""Pickled weights are opened only when they are plain data: a pickle may run code when it is loaded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from asrcli.base.files import cause
from asrcli.errors import ModelError
from asrcli.weights.hashes import model_files

LFS_POINTER = b"version https://git-lfs"
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".tar", ".pkl", ".pickle")
SAFE = ("model.safetensors", "model.safetensors.index.json")


def safe_folder(folder: str | Path, allowed: Sequence[type] = ()) -> None:
    """Check that loading a folder runs no code from it.

    Where ``model.safetensors``, or its index, is in a folder, the library loads that and the pickles beside it are let
    be. Every other pickle, in whatever folder below, must be one that ``torch.load(weights_only=True)`` takes.

    Args:
        folder: the model folder.
        allowed: classes that its pickles may name besides tensors, such as `argparse.Namespace`.

    Raises:
        ModelError: a file could run code when loaded.
    """
    root = Path(folder)
    for path in sorted(model_files(root)):
        if any((path.parent / name).is_file() for name in SAFE):
            continue
        if path.name.lower().endswith(PICKLED) and is_pickle(path):
            _check_pickle(path, allowed)


def is_pickle(path: Path) -> bool:
    """Return whether a file is a pickle by its first bytes: torch's zip, or a bare pickle of protocol 2 to 5."""
    with path.open("rb") as file:
        head = file.read(4)
    return head.startswith(b"PK\x03\x04") or (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05")


def check_no_pointer(path: Path) -> None:
    """Raise `ModelError` for what Git leaves in the place of weights where its extension for large files is missing."""
    with path.open("rb") as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise ModelError(f"'{path}' is a Git LFS pointer and not the weights; run 'git lfs pull' there")


def _check_pickle(path: Path, allowed: Sequence[type]) -> None:
    """Raise unless torch would load a pickle with ``weights_only``; reads no tensor."""
    try:
        import torch
    except ImportError:
        raise ModelError(f"'{path}' is a pickle and could run code when loaded; use a model with safetensors") from None
    try:
        with torch.serialization.safe_globals(list(allowed)):
            torch.load(path, map_location="meta", weights_only=True)
    except Exception as error:  # an unpickler stumbles over damage in a dozen ways
        raise ModelError(
            f"'{path}' is a pickle that is not safe to load: {refusal(error)}; use a model with safetensors"
        ) from error


def refusal(error: Exception) -> str:
    """Return why torch does not take a pickle as plain data: the global that it names, where it says one."""
    named = re.search(r"GLOBAL (\S+)", cause(error))
    return f"it names {named[1]}" if named else "torch does not take it with weights_only=True"
