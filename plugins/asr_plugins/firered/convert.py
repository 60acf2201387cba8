"""Turn an official folder of pickles into one of safetensors, once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from asr_plugins.firered.checkpoint import LLM_FOLDER, SAFE_CONFIG, SAFE_MODEL, Checkpoint, read_checkpoint
from asrcli.base.files import blocks, cause, create_beside, write_atomic
from asrcli.errors import OutputError

if TYPE_CHECKING:
    from torch import Tensor

COPIED = ("cmvn.ark", "dict.txt", "train_bpe1000.model")
PROJECTION, EMBEDDING = "decoder.tgt_word_prj.weight", "decoder.tgt_word_emb.weight"


def convert_to_safetensors(folder: Path, out: Path, dtype: str | None = None) -> Path:
    """Write ``model.safetensors`` and ``config.json`` for an official folder, and copy what else loading needs.

    The position tables are left out (they are computed), and the tied output projection is kept once. The Qwen2 folder
    of an LLM model is safetensors already: it is copied, or linked when it is a link.

    Args:
        folder: an official folder.
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
        tensor = checkpoint.tensors.take(name, *checkpoint.tensors.size(name))
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
