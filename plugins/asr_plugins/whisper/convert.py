"""Hugging Face Whisper folders, converted once to CTranslate2 and kept in the user's cache."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from asrcli.errors import MissingExtra, ModelError
from asrcli.weights.hashes import hash_local
from asrcli.weights.pickles import safe_folder

MODULES = ("torch", "transformers", "safetensors")
COPIED = ("tokenizer.json", "preprocessor_config.json")


def is_transformers_whisper(folder: Path) -> bool:
    """Return whether a folder holds a Whisper of the transformers library."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") == "whisper"


def converted(folder: Path, revision: str | None) -> Path:
    """Return the CTranslate2 form of a folder, from the cache or converted now.

    The result appears under its final name in one step, so an interrupted conversion leaves nothing that looks whole.

    Raises:
        MissingExtra: torch or transformers is not installed.
        ModelError: the folder cannot be converted.
    """
    from platformdirs import user_cache_path

    home = user_cache_path("asr") / "whisper-ct2"
    target = home / (revision or hash_local(folder))
    if (target / "model.bin").exists():
        return target
    from importlib.util import find_spec

    if missing := [module for module in MODULES if find_spec(module) is None]:
        raise MissingExtra(f"converting '{folder}' for the whisper engine", missing, "convert")
    safe_folder(folder)
    home.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".converting-", dir=home))
    try:
        _convert(folder, work / "model")
        try:
            os.replace(work / "model", target)
        except OSError:
            if not (target / "model.bin").exists():  # another process was faster: its result is the same
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _convert(folder: Path, output: Path) -> None:
    """Run CTranslate2's converter; weights are kept in float16, which every precision can be made from."""
    from ctranslate2.converters import TransformersConverter
    from safetensors import SafetensorError
    from transformers.utils import logging

    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    copied = [name for name in COPIED if (folder / name).exists()]
    converter = TransformersConverter(str(folder), copy_files=copied, load_as_float16=True)
    try:
        converter.convert(str(output), quantization="float16")
        if len(copied) < len(COPIED):
            _make_processor_files(folder, output)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"'{folder}' cannot be converted to CTranslate2: {reason}") from error


def _make_processor_files(folder: Path, output: Path) -> None:
    """Write what the folder holds in older forms only: ``vocab.json`` and ``merges.txt`` become ``tokenizer.json``."""
    from transformers import AutoProcessor

    made = output / "processor"
    AutoProcessor.from_pretrained(str(folder), local_files_only=True).save_pretrained(str(made))
    for name in COPIED:
        if (made / name).exists() and not (output / name).exists():
            (made / name).replace(output / name)
    shutil.rmtree(made)
