"""The models that have a name, and what kind of model a folder holds; reads configuration files only.

Hub ids and sizes are those of the model cards. The commits are not pinned: they were not to be had when this was
written, and a run records the commit that it used.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from asrcli.engine import Model
from asrcli.errors import ModelError
from asrcli.weights.plain import read_json

ENGLISH = ("en",)
# The 25 languages of parakeet-tdt-0.6b-v3 and canary-1b-v2.
EUROPEAN = (
    "bg", "hr", "cs", "da", "nl", "en", "et", "fi", "fr", "de", "el", "hu", "it", "lv", "lt", "mt", "pl", "pt", "ro",
    "sk", "sl", "es", "sv", "ru", "uk",
)  # fmt: skip
FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
MILLION = 1_000_000


class Kind(StrEnum):
    """How a model turns sound into text, which decides how it is decoded."""

    CTC = "ctc"  # one distribution per frame (Graves et al. 2006)
    RNNT = "rnnt"  # a predictor and a joint network (Graves 2012)
    TDT = "tdt"  # the same, with durations (Xu et al. 2023)
    WHISPER = "whisper"  # 30 s windows, language and task as tokens
    CANARY = "canary"  # the processor writes a prompt with the languages
    PLAIN = "plain"  # encoder and decoder, text and nothing else


# What `model_type` in config.json means, for classes that are in transformers 5.23. Left out: qwen3_asr has an engine
# of its own; language models that take speech (granite_speech, voxtral, glmasr, ...) each need a prompt of their own.
KINDS = {
    **dict.fromkeys(
        (
            "data2vec-audio", "granite_speech5_ctc", "hubert", "lasr_ctc", "parakeet_ctc", "sew", "sew-d", "unispeech",
            "unispeech-sat", "wav2vec2", "wav2vec2-bert", "wav2vec2-conformer", "wavlm",
        ),
        Kind.CTC,
    ),
    "parakeet_rnnt": Kind.RNNT,
    "parakeet_tdt": Kind.TDT,
    "whisper": Kind.WHISPER,
    "canary": Kind.CANARY,
    "moonshine": Kind.PLAIN,
    "speech_to_text": Kind.PLAIN,
}  # fmt: skip


def _model(hub_id: str, millions: int, licence: str, kind: Kind, languages: tuple[str, ...] = ENGLISH) -> Model:
    return Model(hub_id, None, millions * MILLION, None, languages, licence, kind.value, FILES)


MODELS = {
    "parakeet-tdt-0.6b-v3": _model("nvidia/parakeet-tdt-0.6b-v3", 627, "CC-BY-4.0", Kind.TDT, EUROPEAN),
    "parakeet-tdt-0.6b-v2": _model("nvidia/parakeet-tdt-0.6b-v2", 618, "CC-BY-4.0", Kind.TDT),
    "parakeet-ctc-0.6b": _model("nvidia/parakeet-ctc-0.6b", 609, "CC-BY-4.0", Kind.CTC),
    "parakeet-ctc-1.1b": _model("nvidia/parakeet-ctc-1.1b", 1063, "CC-BY-4.0", Kind.CTC),
    "parakeet-rnnt-0.6b": _model("nvidia/parakeet-rnnt-0.6b", 617, "CC-BY-4.0", Kind.RNNT),
    "parakeet-rnnt-1.1b": _model("nvidia/parakeet-rnnt-1.1b", 1071, "CC-BY-4.0", Kind.RNNT),
    "canary-1b-v2": _model("nvidia/canary-1b-v2", 978, "CC-BY-4.0", Kind.CANARY, EUROPEAN),
    "wav2vec2-base-960h": _model("facebook/wav2vec2-base-960h", 94, "Apache-2.0", Kind.CTC),
    "hubert-xlarge-ls960-ft": _model("facebook/hubert-xlarge-ls960-ft", 962, "Apache-2.0", Kind.CTC),
    # Its card names no licence; this is the one of facebook/w2v-bert-2.0, from which it was trained.
    "wav2vec2-bert-CV16-en": _model("hf-audio/wav2vec2-bert-CV16-en", 581, "MIT", Kind.CTC),
}


def read_config(folder: Path) -> dict[str, object]:
    """Return ``config.json`` of a folder. Raises `ModelError` when it is missing or damaged."""
    if not (folder / "config.json").is_file():
        raise ModelError(f"'{folder}' has no config.json: it is not a model of the transformers library")
    return read_json(folder / "config.json")


def kind_of(folder: Path) -> Kind:
    """Return what kind of model a folder holds; raise `ModelError` where it holds none that this engine loads."""
    config = read_config(folder)
    kind = KINDS.get(str(config.get("model_type")))
    if kind is None:
        own = " (engine 'qwen3' loads it)" if config.get("model_type") == "qwen3_asr" else ""
        code = " and code of its own, which is never run" if "auto_map" in config else ""
        raise ModelError(
            f"'{folder}' holds a model of type {config.get('model_type')!r}{code}{own}; "
            f"engine 'transformers' loads: {', '.join(sorted(KINDS))}"
        )
    return kind
