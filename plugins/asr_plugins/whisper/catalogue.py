"""The Whisper models that have a name: where their CTranslate2 weights are, how big, which languages, which licence.

Names are those of openai-whisper and faster-whisper; parameter counts are those of the model cards of openai-whisper
and distil-whisper; sizes are those of the files on the hub (float16 weights).
"""

from __future__ import annotations

from asrcli.engine import Model

# The languages of openai-whisper's tokenizer. Only large-v3 and its children know Cantonese ("yue").
LANGUAGES = (
    "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it", "id", "hi",
    "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur", "hr", "bg", "lt", "la",
    "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn", "et", "mk", "br", "eu", "is", "hy",
    "ne", "mn", "bs", "kk", "sq", "sw", "gl", "mr", "pa", "si", "km", "sn", "yo", "so", "af", "oc", "ka", "be",
    "tg", "sd", "gu", "am", "yi", "lo", "uz", "fo", "ht", "ps", "tk", "nn", "mt", "sa", "lb", "my", "bo", "tl",
    "mg", "as", "tt", "haw", "ln", "ha", "ba", "jw", "su",
)  # fmt: skip
LANGUAGES_V3 = (*LANGUAGES, "yue")
ENGLISH = ("en",)

# What a CTranslate2 repository holds. model.bin is CTranslate2's own format, not a pickle.
FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")

MILLION = 1_000_000


def _model(
    hub_id: str, millions: int, size_mb: int, languages: tuple[str, ...] = LANGUAGES, licence: str = "MIT"
) -> Model:
    return Model(
        hub_id,
        parameters=millions * MILLION,
        size_mb=size_mb,
        languages=languages,
        licence=licence,
        layout="ctranslate2",
        files=FILES,
    )


_LARGE_V3 = _model("Systran/faster-whisper-large-v3", 1550, 3090, LANGUAGES_V3)
_TURBO = _model("mobiuslabsgmbh/faster-whisper-large-v3-turbo", 809, 1620, LANGUAGES_V3)

MODELS = {
    "tiny": _model("Systran/faster-whisper-tiny", 39, 78),
    "tiny.en": _model("Systran/faster-whisper-tiny.en", 39, 78, ENGLISH),
    "base": _model("Systran/faster-whisper-base", 74, 148),
    "base.en": _model("Systran/faster-whisper-base.en", 74, 148, ENGLISH),
    "small": _model("Systran/faster-whisper-small", 244, 486),
    "small.en": _model("Systran/faster-whisper-small.en", 244, 486, ENGLISH),
    "medium": _model("Systran/faster-whisper-medium", 769, 1530),
    "medium.en": _model("Systran/faster-whisper-medium.en", 769, 1530, ENGLISH),
    "large-v1": _model("Systran/faster-whisper-large-v1", 1550, 3090),
    "large-v2": _model("Systran/faster-whisper-large-v2", 1550, 3090),
    "large-v3": _LARGE_V3,
    "large": _LARGE_V3,
    "large-v3-turbo": _TURBO,
    "turbo": _TURBO,
    "distil-small.en": _model("Systran/faster-distil-whisper-small.en", 166, 336, ENGLISH),
    "distil-medium.en": _model("Systran/faster-distil-whisper-medium.en", 394, 792, ENGLISH),
    "distil-large-v2": _model("Systran/faster-distil-whisper-large-v2", 756, 1520, ENGLISH),
    "distil-large-v3": _model("Systran/faster-distil-whisper-large-v3", 756, 1520, ENGLISH),
    "distil-large-v3.5": _model("distil-whisper/distil-large-v3.5-ct2", 756, 1520, ENGLISH),
}
