"""The transformers library at the files of a model: a copy of a folder in which nothing names code, classes or files.

The library takes much from the configurations beside the weights: the class of the tokenizer, a module to import, files
elsewhere, positional arguments of constructors. Its own switch, ``trust_remote_code=False``, guards one of these doors.
Here it never sees what a stranger wrote: it gets links to the files that are data, under their known names, and new
configurations made of the classes, keys and kinds of values that the tables below name. Pickled weights are opened only
when they are plain data too: a pickle may run code when it is loaded.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asrcli.base.files import brief, cause
from asrcli.errors import ModelError
from asrcli.weights.configs import check_front
from asrcli.weights.hashes import model_files

# Vocabularies, by the names under which the classes below look for them.
DATA = (
    "tokenizer.json", "vocab.json", "vocab.txt", "merges.txt", "added_tokens.json", "normalizer.json",
    "tokenizer.model", "sentencepiece.bpe.model", "spiece.model", "chat_template.jinja",
)  # fmt: skip
TOKENIZERS = (
    "BertTokenizer", "GPT2Tokenizer", "LasrTokenizer", "LlamaTokenizer", "ParakeetTokenizer", "PreTrainedTokenizerFast",
    "PreTrainedTokenizer", "Qwen2Tokenizer", "Speech2TextTokenizer", "T5Tokenizer", "TokenizersBackend",
    "Wav2Vec2CTCTokenizer", "WhisperTokenizer",
)  # fmt: skip  # each also with Fast behind it
EXTRACTORS = (
    "GraniteSpeech5FeatureExtractor", "LasrFeatureExtractor", "ParakeetFeatureExtractor", "Qwen3ASRFeatureExtractor",
    "SeamlessM4TFeatureExtractor", "Speech2TextFeatureExtractor", "Wav2Vec2FeatureExtractor", "WhisperFeatureExtractor",
)  # fmt: skip
PROCESSORS = (
    "CanaryProcessor", "GraniteSpeech5Processor", "LasrProcessor", "ParakeetProcessor", "Qwen3ASRProcessor",
    "Speech2TextProcessor", "Wav2Vec2BertProcessor", "Wav2Vec2Processor", "WhisperProcessor",
)  # fmt: skip
CLASSES = {
    "tokenizer_class": (*TOKENIZERS, *(f"{name}Fast" for name in TOKENIZERS)),
    "feature_extractor_type": EXTRACTORS,
    "processor_class": PROCESSORS,
}
TOKENS = (
    "bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token", "word_delimiter_token",
    "additional_special_tokens", "extra_special_tokens", "model_specific_special_tokens", "audio_token",
    "audio_bos_token", "audio_eos_token",
)  # fmt: skip
OF_TOKENIZERS = (
    *TOKENS, "added_tokens_decoder", "add_bos_token", "add_eos_token", "add_prefix_space",
    "clean_up_tokenization_spaces", "do_basic_tokenize", "do_lower_case", "do_normalize", "do_upper_case", "errors",
    "language", "legacy",
    "predict_timestamps", "replace_word_delimiter_char", "return_attention_mask", "split_special_tokens",
    "strip_accents", "target_lang", "task", "tgt_lang", "tokenize_chinese_chars", "lang_codes", "extra_ids",
)  # fmt: skip
OF_EXTRACTORS = (
    "chunk_length", "delta_win_length", "dither", "do_ceptral_normalize", "do_normalize", "feature_size", "hop_length",
    "logmel_floor_db", "min_length", "n_fft", "n_samples", "n_window", "nb_max_frames", "normalize_means",
    "normalize_vars", "num_mel_bins", "padding_side", "padding_value", "preemphasis", "return_attention_mask",
    "sampling_rate", "stride", "win_length",
)  # fmt: skip
OF_PROCESSORS = (*OF_EXTRACTORS, "blank_token", "decoder_type", "timestamp_segment_time")
# What a file may say beside the names of classes.
KEYS = {
    "config.json": (),
    "tokenizer_config.json": OF_TOKENIZERS,
    "special_tokens_map.json": TOKENS,
    "preprocessor_config.json": OF_EXTRACTORS,
    "processor_config.json": OF_PROCESSORS,
}
MOST_DEEP = 4  # mappings and lists inside each other
MOST_BYTES = 64 << 20  # of a configuration

LFS_POINTER = b"version https://git-lfs"
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".tar", ".pkl", ".pickle")
SAFE = ("model.safetensors", "model.safetensors.index.json")


@contextmanager
def plain_folder(folder: Path, model_type: str | None = None) -> Iterator[Path]:
    """Yield a folder with the tokenizer, the feature extractor and the processor of a model, without its weights.

    Args:
        model_type: of its configuration, a type that the caller knows; ``None``: there is none.

    Raises:
        ModelError: a configuration is damaged, or names a class that is in no table.
    """
    with TemporaryDirectory(prefix="asr-plain-") as made:
        for name in DATA:
            if (folder / name).is_file():
                (Path(made) / name).symlink_to((folder / name).resolve())
        for name, keys in KEYS.items():
            if not (folder / name).is_file():
                continue
            plain = _plain(read_json(folder / name), keys, folder / name)
            of_type = name == "config.json"
            if not of_type or model_type is not None:
                plain |= {"model_type": model_type} if of_type else {}
                (Path(made) / name).write_text(json.dumps(plain), encoding="utf-8")
        yield Path(made)


def read_json(path: Path) -> dict[str, Any]:
    """Return the mapping in a file. Raises `ModelError` when it is missing or damaged."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(f"'{path}' is not loaded: it has more bytes than any configuration has")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"'{path}' cannot be loaded ({brief(error)}): download the model again") from error
    if not isinstance(found, dict):
        raise ModelError(f"'{path}' cannot be loaded (no object in it): download the model again")
    return found


def _plain(data: Mapping[str, Any], keys: tuple[str, ...], path: Path) -> dict[str, Any]:
    """Return the classes and values of a configuration that the tables name."""
    found = {key: data[key] for key in keys if key in data and _is_data(data[key])}
    for key, known in CLASSES.items():
        if data.get(key) is None:
            continue
        if data[key] not in known:
            raise ModelError(f"'{path}' is not loaded: its {key} {str(data[key])[:80]!r} is none that asr knows")
        found[key] = data[key]
    if isinstance(data.get("feature_extractor"), Mapping):
        found["feature_extractor"] = _plain(data["feature_extractor"], OF_EXTRACTORS, path)
    if any(key in OF_EXTRACTORS for key in found):
        check_front(found, path)
    return found


def _is_data(value: Any, deep: int = 0) -> bool:
    """Return whether a value is made of texts, numbers that exist, and mappings and lists of them."""
    if isinstance(value, Mapping):
        return deep < MOST_DEEP and all(_is_data(one, deep + 1) for one in value.values())
    if isinstance(value, list):
        return deep < MOST_DEEP and all(_is_data(one, deep + 1) for one in value)
    return value is None or isinstance(value, (str, bool)) or (isinstance(value, (int, float)) and math.isfinite(value))


@contextmanager
def loading(failed: str) -> Iterator[None]:
    """Raise `ModelError`, which begins so, for what the library says when a part of a folder is missing or damaged."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # the Rust library raises bare ones for damaged files
        raise ModelError(f"{failed} ({brief(error)}); download the model again") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the library's bars and reports off stderr; what matters in them is raised."""
    from transformers.utils import logging

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*mismatched key_padding_mask")  # the library's own WavLM
            yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def safe_folder(folder: str | Path) -> None:
    """Check that loading a folder runs no code from it.

    Where ``model.safetensors``, or its index, is in a folder, the library loads that and the pickles beside it are let
    be. Every other pickle, in whatever folder below, must be one that ``torch.load(weights_only=True)`` takes.

    Raises:
        ModelError: a file could run code when loaded.
    """
    root = Path(folder)
    for path in sorted(model_files(root)):
        if any((path.parent / name).is_file() for name in SAFE):
            continue
        if path.name.lower().endswith(PICKLED) and is_pickle(path):
            _check_pickle(path)


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


def _check_pickle(path: Path) -> None:
    """Raise unless torch would load a pickle with ``weights_only``; reads no tensor."""
    try:
        import torch
    except ImportError:
        raise ModelError(f"'{path}' is a pickle and could run code when loaded; use a model with safetensors") from None
    try:
        torch.load(path, map_location="meta", weights_only=True)
    except Exception as error:  # an unpickler stumbles over damage in a dozen ways
        raise ModelError(
            f"'{path}' is a pickle that is not safe to load: {refusal(error)}; use a model with safetensors"
        ) from error


def refusal(error: Exception) -> str:
    """Return why torch does not take a pickle as plain data: the global that it names, where it says one."""
    named = re.search(r"GLOBAL (\S+)", cause(error))
    return f"it names {named[1]}" if named else "torch does not take it with weights_only=True"
