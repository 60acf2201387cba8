"""The normalisers by name and version: what is done to both texts before they are compared.

A rate says little without the name of its normaliser, so every report carries it as ``name@version``. A version changes
whenever any output does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from asrcli.errors import UsageError

Normalizer = Callable[[str], str]
Cutter = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class NormalizerInfo:
    """A normaliser that can be asked for by name."""

    name: str
    version: str
    help: str
    rules: tuple[str, ...] = ()  # those that `build` can leave out

    @property
    def label(self) -> str:
        """Return the name with its version, for reports."""
        return f"{self.name}@{self.version}"


SIMPLIFIED = frozenset({"zh-hans", "zh-cn", "zh-sg"})  # languages in which traditional characters become simplified
ENGLISH_RULES = ("brackets", "fillers", "contractions", "titles", "numbers", "spellings")
NORMALIZERS: Mapping[str, NormalizerInfo] = {
    info.name: info
    for info in (
        NormalizerInfo("none", "1", "leave the texts as they are"),
        NormalizerInfo("basic", "2025-01", "Whisper's rules for any language: no case, punctuation or bracketed text"),
        NormalizerInfo("whisper-en", "2025-01", "Whisper's English rules, to the letter", ENGLISH_RULES),
        NormalizerInfo(
            "open-asr-leaderboard",
            "2026-08",
            "the Open ASR Leaderboard's rules, English or (with --language) multilingual, to the letter",
            (*ENGLISH_RULES, "compounds", "names", "acronyms"),
        ),
        NormalizerInfo(
            "asr",
            "6",
            "this project's rules for every script",
            ("tags", "width", "simplified", "case", "punctuation", "numerals", "english", "fillers", "contractions",
             "titles", "numbers", "spellings", "compounds", "acronyms"),
        ),
    )
}  # fmt: skip


def build(name: str, language: str | None = None, disabled: frozenset[str] = frozenset()) -> Normalizer:
    """Return the normaliser of that name.

    Args:
        name: of `NORMALIZERS`.
        language: code; decides between English and other rules where a normaliser has both.
        disabled: rules to leave out, to see what each one does.

    Raises:
        UsageError: there is no such normaliser.
    """
    if name == "none":
        return str
    if name == "basic":
        from asrcli.text.basic import normalize_basic

        return normalize_basic
    if name == "asr":
        from asrcli.text.universal import UniversalNormalizer

        simplified = (language or "").replace("_", "-").lower() in SIMPLIFIED
        return UniversalNormalizer(
            english=language == "en", language=language, simplified=simplified, disabled=disabled
        )
    if name == "open-asr-leaderboard" and language not in (None, "en"):
        from asrcli.text.basic import normalize_leaderboard

        return partial(normalize_leaderboard, language=language)
    from asrcli.text.english import EnglishNormalizer
    from asrcli.text.english_rules import leaderboard_rules, whisper_rules

    if name == "whisper-en":
        return EnglishNormalizer(whisper_rules(), disabled)
    if name == "open-asr-leaderboard":
        return EnglishNormalizer(leaderboard_rules(), disabled)
    raise UsageError(f"there is no normaliser '{name}': choose {', '.join(NORMALIZERS)}")


def build_cutter(name: str, language: str | None = None, disabled: frozenset[str] = frozenset()) -> Cutter:
    """Return a function from texts to their normalised words; takes what `build` takes.

    A word that comes again is the same object: that saves memory, and time wherever words are compared or hashed.
    """
    from asrcli.text.english import EnglishNormalizer
    from asrcli.text.universal import UniversalNormalizer

    normalize = build(name, language, disabled)
    if isinstance(normalize, (EnglishNormalizer, UniversalNormalizer)):
        return normalize.words
    known: dict[str, str] = {}

    def cut(text: str) -> list[str]:
        """Return the words of a text, normalised; equal words are one object."""
        words = normalize(text).split()
        return list(map(known.setdefault, words, words))

    return cut
