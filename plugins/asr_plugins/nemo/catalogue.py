"""The models of NVIDIA's NeMo that have short names; figures from their model cards."""

from __future__ import annotations

from asrcli.engine import Model

EUROPEAN = (
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "lv", "mt", "nl", "pl", "pt",
    "ro", "ru", "sk", "sl", "sv", "uk",
)  # fmt: skip
FOUR = ("de", "en", "es", "fr")


def _model(name: str, millions: int, layout: str, languages: tuple[str, ...] = ("en",), licence: str = "") -> Model:
    return Model(f"nvidia/{name}", None, millions * 10**6, None, languages, licence or "CC-BY-4.0", layout, ("*.nemo",))


MODELS = {
    "parakeet-tdt-0.6b-v3": _model("parakeet-tdt-0.6b-v3", 600, "rnnt", EUROPEAN),
    "parakeet-tdt-0.6b-v2": _model("parakeet-tdt-0.6b-v2", 600, "rnnt"),
    "parakeet-tdt-1.1b": _model("parakeet-tdt-1.1b", 1_100, "rnnt"),
    "parakeet-rnnt-1.1b": _model("parakeet-rnnt-1.1b", 1_100, "rnnt"),
    "parakeet-rnnt-0.6b": _model("parakeet-rnnt-0.6b", 600, "rnnt"),
    "parakeet-ctc-1.1b": _model("parakeet-ctc-1.1b", 1_100, "ctc"),
    "parakeet-ctc-0.6b": _model("parakeet-ctc-0.6b", 600, "ctc"),
    "canary-1b-v2": _model("canary-1b-v2", 1_000, "aed", EUROPEAN),
    "canary-1b-flash": _model("canary-1b-flash", 883, "aed", FOUR),
    "canary-1b": _model("canary-1b", 1_000, "aed", FOUR, "CC-BY-NC-4.0"),
    "stt_en_fastconformer_transducer_xlarge": _model("stt_en_fastconformer_transducer_xlarge", 600, "rnnt"),
    "stt_en_fastconformer_transducer_xxlarge": _model("stt_en_fastconformer_transducer_xxlarge", 1_200, "rnnt"),
}
