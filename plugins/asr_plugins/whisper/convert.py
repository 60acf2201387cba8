"""Hugging Face Whisper folders, converted once to CTranslate2 and kept in the user's cache."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from asrcli.base.files import cause
from asrcli.engines.device import is_out_of_memory
from asrcli.errors import MissingExtra, ModelError
from asrcli.weights.configs import check_no_adapter, check_size, plain_config
from asrcli.weights.hashes import hash_local
from asrcli.weights.plain import plain_folder, read_json, safe_folder

MODULES = ("torch", "transformers", "safetensors")
COPIED = ("tokenizer.json", "preprocessor_config.json")
WEIGHTS = ("model", "pytorch_model")  # how their names begin, and those of their indexes
SETTINGS = "generation_config.json"
GENERATION = (
    "suppress_tokens", "begin_suppress_tokens", "alignment_heads", "lang_to_id", "task_to_id", "is_multilingual",
    "no_timestamps_token_id", "bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id",
)  # fmt: skip


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
        try:
            _convert(_plain(folder, work / "plain"), work / "model", folder)
        except ModelError:
            raise
        except Exception as error:  # of three libraries, in a dozen kinds
            if is_out_of_memory(error):
                raise
            reason = (cause(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise ModelError(f"'{folder}' cannot be converted to CTranslate2: {reason}") from error
        try:
            os.replace(work / "model", target)
        except OSError:
            if not (target / "model.bin").exists():  # another process was faster: its result is the same
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _plain(folder: Path, made: Path) -> Path:
    """Return a folder with links to the weights of another, and of its configurations what the tables name.

    Raises:
        ModelError: the configuration does not fit the weights, or names another model.
    """
    from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

    check_no_adapter(folder)
    config = plain_config(WhisperConfig, read_json(folder / "config.json"), folder / "config.json")
    check_size(lambda: WhisperForConditionalGeneration(config), folder)
    made.mkdir()
    for path in folder.iterdir():
        if path.name.startswith(WEIGHTS) and path.is_file():
            (made / path.name).symlink_to(path.resolve())
    config.architectures = ["WhisperForConditionalGeneration"]
    config.save_pretrained(str(made))
    if (folder / SETTINGS).is_file():
        said = read_json(folder / SETTINGS)
        known = {name: said[name] for name in GENERATION if said.get(name) is not None}
        (made / SETTINGS).write_text(json.dumps(GenerationConfig(**known).to_dict()), encoding="utf-8")
    with plain_folder(folder, "whisper") as parts:
        for path in parts.iterdir():
            if path.name != "config.json":
                shutil.copyfile(path, made / path.name)
    return made


def _convert(folder: Path, output: Path, source: Path) -> None:
    """Run CTranslate2's converter; weights are kept in float16, which every precision can be made from."""
    from ctranslate2.converters import TransformersConverter
    from transformers.utils import logging

    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    copied = [name for name in COPIED if (folder / name).exists()]
    converter = TransformersConverter(str(folder), copy_files=copied, load_as_float16=True)
    converter.convert(str(output), quantization="float16")
    if len(copied) < len(COPIED):
        _make_processor_files(folder, output)


def _make_processor_files(folder: Path, output: Path) -> None:
    """Write what the folder holds in older forms only: ``vocab.json`` and ``merges.txt`` become ``tokenizer.json``."""
    from transformers import WhisperFeatureExtractor, WhisperTokenizer

    made = output / "processor"
    for part in (WhisperTokenizer, WhisperFeatureExtractor):
        part.from_pretrained(str(folder), local_files_only=True).save_pretrained(str(made))
    for name in COPIED:
        if (made / name).exists() and not (output / name).exists():
            (made / name).replace(output / name)
    shutil.rmtree(made)
