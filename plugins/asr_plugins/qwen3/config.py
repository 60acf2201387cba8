"""The shape of a model, read from either layout of ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrcli.errors import ModelError
from asrcli.weights.plain import read_json

MOST_MELS = 1 << 12  # their filters are computed before any weights are read
CONV_STEPS = 3  # convolutions of stride 2: 8 mel frames are one encoder frame


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Shape of the audio encoder."""

    mels: int
    width: int
    layers: int
    heads: int
    inner: int
    channels: int  # of the convolutions
    output: int  # width of the language model
    chunk: int  # mel frames that the convolutions see at once: 1 s
    window: int  # mel frames that attend to each other: 8 s; a multiple of `chunk`


@dataclass(frozen=True, slots=True)
class TextConfig:
    """Shape of the language model, a Qwen3."""

    vocabulary: int
    width: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    head_width: int
    rope_theta: float
    epsilon: float
    tied: bool | None  # the output layer is the embedding; None when the file does not say


@dataclass(frozen=True, slots=True)
class Config:
    """A model of either layout."""

    original: bool  # names of tensors start with "thinker."
    audio: AudioConfig
    text: TextConfig
    audio_token: int
    labels: int | None  # classes of the aligner; None for a recogniser
    label_seconds: float = 0.08  # what one class of the aligner stands for


def read_config(folder: Path) -> Config:
    """Read ``config.json``.

    Raises:
        ModelError: it is missing, no JSON, of another model, or asks for something that no Qwen3-ASR has.
    """
    path = folder / "config.json"
    if not path.exists():
        raise ModelError(f"{path} is missing: give a folder with a Qwen3-ASR model, or its hub id")
    whole = read_json(path)
    if whole.get("model_type") != "qwen3_asr":
        raise ModelError(f"{path} describes a model of type {whole.get('model_type')!r}, not 'qwen3_asr'")
    thinker = whole.get("thinker_config")
    try:
        if thinker is not None:
            return _config({**whole, **thinker}, original=True, labels=thinker.get("classify_num"))
        return _config(whole, original=False, labels=_native_labels(whole))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path} lacks or garbles {error}; download the model again") from error


def _native_labels(whole: Mapping[str, Any]) -> int | None:
    if "Qwen3ASRForTokenClassification" not in (whole.get("architectures") or ()):
        return None
    return int(whole["num_labels"]) if "num_labels" in whole else len(whole["id2label"])


def _config(whole: Mapping[str, Any], original: bool, labels: int | None) -> Config:
    text = whole["text_config"]
    tied = text.get("tie_word_embeddings", whole.get("tie_word_embeddings"))
    return Config(
        original,
        _audio(whole["audio_config"]),
        text_config(text, tied),
        int(whole["audio_token_id"]),
        None if labels is None else int(labels),
        float(whole.get("timestamp_segment_time", 80)) / 1000,
    )


def _audio(audio: Mapping[str, Any]) -> AudioConfig:
    if audio.get("activation_function", "gelu") != "gelu" or audio.get("scale_embedding"):
        raise ValueError("audio_config: only gelu without scaled embeddings is known")
    config = AudioConfig(
        int(audio["num_mel_bins"]),
        int(audio["d_model"]),
        int(audio["encoder_layers"]),
        int(audio["encoder_attention_heads"]),
        int(audio["encoder_ffn_dim"]),
        int(audio["downsample_hidden_size"]),
        int(audio["output_dim"]),
        2 * int(audio["n_window"]),
        int(audio["n_window_infer"]),
    )
    if not 0 < config.mels <= MOST_MELS:
        raise ValueError(f"audio_config: num_mel_bins {config.mels}, which no model has")
    if config.window % config.chunk or config.width % config.heads:
        raise ValueError("audio_config: windows of whole chunks and heads of equal width")
    return config


def text_config(text: Mapping[str, Any], tied: bool | None = None) -> TextConfig:
    """Return the shape of a Qwen3; raises `KeyError` or `ValueError` for what none has."""
    rope = text.get("rope_parameters") or text.get("rope_scaling") or {}
    # The original layout has "mrope" with the same position on all three axes, which is plain rotary embedding.
    if rope.get("rope_type", "default") not in ("default", "mrope"):
        raise ValueError(f"text_config: rotary embedding of type {rope['rope_type']!r}")
    if text.get("hidden_act", "silu") != "silu" or text.get("attention_bias") or text.get("use_sliding_window"):
        raise ValueError("text_config: only silu without biases and sliding windows is known")
    theta = rope["rope_theta"] if "rope_theta" in rope else text["rope_theta"]
    return TextConfig(
        int(text["vocab_size"]),
        int(text["hidden_size"]),
        int(text["intermediate_size"]),
        int(text["num_hidden_layers"]),
        int(text["num_attention_heads"]),
        int(text["num_key_value_heads"]),
        int(text["head_dim"]),
        float(theta),
        float(text.get("rms_norm_eps", 1e-6)),
        tied,
    )
