"""The models that have a name, and the languages by the names they are prompted with.

Sizes and languages: model cards and the Qwen3-ASR report (arXiv 2601.21337), table 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from asrcli.engine import Model

# The order is that of the report. Names are what stands in the prompt and in the answer: "language English<asr_text>".
NAMES = {
    "zh": "Chinese", "en": "English", "yue": "Cantonese", "ar": "Arabic", "de": "German", "fr": "French",
    "es": "Spanish", "pt": "Portuguese", "id": "Indonesian", "it": "Italian", "ko": "Korean", "ru": "Russian",
    "th": "Thai", "vi": "Vietnamese", "ja": "Japanese", "tr": "Turkish", "hi": "Hindi", "ms": "Malay", "nl": "Dutch",
    "sv": "Swedish", "da": "Danish", "fi": "Finnish", "pl": "Polish", "cs": "Czech", "fil": "Filipino",
    "fa": "Persian", "el": "Greek", "hu": "Hungarian", "mk": "Macedonian", "ro": "Romanian",
}  # fmt: skip
CODES = {name.lower(): code for code, name in NAMES.items()}

# The report names these 22 as tested. The model has no tag for them: their language is Chinese or Cantonese.
DIALECTS = {
    "zh": (
        "Anhui", "Dongbei", "Fujian", "Gansu", "Guizhou", "Hebei", "Henan", "Hubei", "Hunan", "Jiangxi", "Ningxia",
        "Shandong", "Shaanxi", "Shanxi", "Sichuan", "Tianjin", "Yunnan", "Zhejiang", "Wu", "Minnan",
    ),
    "yue": ("Hong Kong", "Guangdong"),
}  # fmt: skip

ALIGNED = ("zh", "en", "yue", "fr", "de", "it", "ja", "ko", "pt", "ru", "es")  # languages of the aligner

FILES = ("*.json", "*.txt", "*.jinja", "*.safetensors")


def _model(name: str, millions: int, size_mb: int, languages: tuple[str, ...], layout: str) -> Model:
    """Declare a model; no commit is pinned, because none could be verified when this was written.

    Sizes are two bytes for each stored number; the original files store the tied output layer a second time.
    """
    return Model(f"Qwen/{name}", None, millions * 1_000_000, size_mb, languages, "Apache-2.0", layout, FILES)


# The original repositories: they are the ones that vLLM reads too, so most machines that have one have these.
MODELS: Mapping[str, Model] = {
    "1.7b": _model("Qwen3-ASR-1.7B", 2040, 4700, tuple(NAMES), "original"),
    "0.6b": _model("Qwen3-ASR-0.6B", 782, 1880, tuple(NAMES), "original"),
    "1.7b-hf": _model("Qwen3-ASR-1.7B-hf", 2040, 4080, tuple(NAMES), "native"),
    "0.6b-hf": _model("Qwen3-ASR-0.6B-hf", 782, 1570, tuple(NAMES), "native"),
}
ALIGNERS: Mapping[str, Model] = {
    "0.6b": _model("Qwen3-ForcedAligner-0.6B", 917, 1840, ALIGNED, "original"),
    "0.6b-hf": _model("Qwen3-ForcedAligner-0.6B-hf", 917, 1840, ALIGNED, "native"),
}
