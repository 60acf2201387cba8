"""What the user follows and cares for: one TOML file, every key optional."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from asrcli.base.files import reason
from asrcli.base.whole import read_text
from asrcli.digest.phrases import find_in_paper
from asrcli.errors import UsageError

PHRASES = (
    "speech recognition", "speech-to-text", "ASR", "phoneme recognition", "speech transcription",
    "automatic transcription",
    "lyrics transcription", "speech translation", "speech-to-speech translation", "speech-to-text translation",
    "spoken language understanding", "spoken language model", "speech language model", "speech foundation model",
    "speech large language model", "speech LLM", "speech encoder", "speech tokenizer", "spoken dialogue",
    "audio language model", "audio LLM", "audio foundation model", "audio understanding", "audio reasoning",
    "audio question answering", "voice assistant", "diarization", "voice activity detection", "keyword spotting",
    "forced alignment", "code-switching speech", "Common Voice", "wav2vec", "HuBERT", "Whisper", "Conformer",
    "Zipformer", "Parakeet", "Canary",
)  # fmt: skip
# In a title: a paper of another field, in whose abstract recognition is a measure or a tool.
OTHER_TOPICS = (
    "text-to-speech", "TTS", "speech synthesis", "speech generation", "voice conversion", "voice cloning", "vocoder",
    "dubbing", "deepfake", "anti-spoofing", "synthetic speech", "watermark", "speech enhancement", "enhancement",
    "separation", "speaker extraction", "beamforming", "denoising", "localization", "sound event", "music", "song",
    "guitar", "piano", "text-to-audio", "audio generation", "audio coding", "neural audio codec", "emotion", "dementia",
    "Alzheimer", "Parkinson", "depression", "suicide", "underwater", "lip-to-speech", "accent simulation",
    "speaker verification", "captioning", "speech test", "hearing aid", "annotation tool",
)  # fmt: skip
SOURCES = ("arxiv", "hf", "github", "rss", "hn", "x")


@dataclass(frozen=True, slots=True)
class Interest:
    """Words the user cares for, and how much."""

    words: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in ``digest.toml``."""

    categories: tuple[str, ...] = ("eess.AS", "cs.SD", "cs.CL")
    phrases: tuple[str, ...] = PHRASES  # a paper is kept when one occurs in its title or abstract
    other_topics: tuple[str, ...] = (
        OTHER_TOPICS  # in a title: what phrases of the abstract then are is a mention in passing
    )
    interests: tuple[Interest, ...] = (
        Interest("speech recognition", 2.0),
        Interest("streaming", 1.0),
        Interest("multilingual", 0.5),
        Interest("low-resource", 0.5),
        Interest("speech language model", 1.0),
        Interest("open weights", 0.5),
    )
    authors: tuple[str, ...] = ()
    organisations: tuple[str, ...] = (
        "openai", "nvidia", "facebook", "Qwen", "FireRedTeam", "ibm-granite", "mistralai", "microsoft", "google",
        "UsefulSensors", "kyutai", "speechbrain", "pyannote", "espnet", "k2-fsa", "FunAudioLLM",
    )  # fmt: skip
    mute: tuple[str, ...] = ()
    pipeline_tags: tuple[str, ...] = ("automatic-speech-recognition",)
    releases: tuple[str, ...] = (
        "openai/whisper", "SYSTRAN/faster-whisper", "ggml-org/whisper.cpp", "NVIDIA/NeMo", "k2-fsa/sherpa-onnx",
        "huggingface/transformers", "QwenLM/Qwen3-ASR", "FireRedTeam/FireRedASR", "m-bain/whisperX",
        "pyannote/pyannote-audio",
    )  # fmt: skip
    feeds: tuple[str, ...] = ()
    hacker_news: tuple[str, ...] = ("speech recognition", "whisper transcription", "speech to text")
    hacker_news_points: int = 5
    x_query: str = '("speech recognition" OR "speech-to-text") lang:en -is:retweet'
    first_days: int = 7  # a first run reports this many days and takes the rest as known
    title: str = "Speech recognition digest"
    author: str = "asr digest"
    email: str = ""  # of the podcast's owner; directories write to it
    category: str = "Technology"  # of the podcast; "News > Tech News" is a category and one within it
    site: str = ""  # where the folder is published; feeds and the podcast need it for absolute links
    language: str = "en"

    def matches(self, title: str, text: str) -> str:
        """Return the words of the phrase that makes a paper news, "" when none does."""
        return find_in_paper(self.phrases, title, text, self.other_topics)


def load_settings(path: Path | None) -> Settings:
    """Read a settings file; ``None`` gives the built-in ones.

    Raises:
        UsageError: the file is not TOML, or has a key or a type that is not known.
    """
    if path is None:
        return Settings()
    try:
        values = tomllib.loads(read_text(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {reason(error)}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: not a settings file ({error}); `asr digest doctor --example` prints one") from error
    return Settings(**{name: setting(path, name, value) for name, value in values.items()})


def setting(path: Path, name: str, value: object) -> Any:
    """Return one value in the type the field has."""
    if name not in {field.name for field in fields(Settings)}:
        known = ", ".join(field.name for field in fields(Settings))
        raise UsageError(f"{path}: unknown key {name!r}; known keys: {known}")
    default = getattr(Settings(), name)
    if name == "interests":
        if isinstance(value, dict) and all(isinstance(weight, int | float) for weight in value.values()):
            return tuple(Interest(words, float(weight)) for words, weight in value.items())
    elif isinstance(default, tuple) and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    elif type(value) is type(default):
        return value
    kind = type(default).__name__.replace("tuple", "a list of strings")
    wanted = "a table of words = weight" if name == "interests" else kind
    raise UsageError(f"{path}: {name} must be {wanted}, not {value!r}")
