"""The normalisers by name and version: what is done to both texts before they are compared.

A rate says little without the name of its normaliser, so every report carries it as ``name@version``. A version changes
whenever any output does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

from asrcli.errors import MissingExtra, UsageError

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


FILLERS = frozenset(
    "ah aha ahh ahm eh ehehe em er erm hm hmm hmmm huh hum mhm mhum mm mmm oh uh uhh uhm uhuh um umm euh äh ähm öh "
    "嗯 啊 呃 哦 えー あの ええと えっと 음 어".split()
)
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
            "9",
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
        return normalize_basic
    if name == "asr":
        from asrcli.text.universal import UniversalNormalizer

        simplified = (language or "").replace("_", "-").lower() in SIMPLIFIED
        return UniversalNormalizer(
            english=language == "en", language=language, simplified=simplified, disabled=disabled
        )
    if name == "open-asr-leaderboard" and language not in (None, "en"):
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


TAGS = re.compile(r"[<\[][^>\]]*[>\]]")
ASIDES = re.compile(r"\(([^)]+?)\)")
SPACES = re.compile(r"\s+")


class SymbolTable(dict[int, str]):
    """Characters -> themselves, or a space for marks, symbols and punctuation; filled as characters come up."""

    def __missing__(self, code: int) -> str:
        kept = " " if unicodedata.category(chr(code))[0] in "MSP" else chr(code)
        self[code] = kept
        return kept


SYMBOLS = SymbolTable()


def normalize_basic(text: str) -> str:
    """Apply Whisper's rules for languages other than English (whisper/normalizers/basic.py).

    Marks become spaces, which destroys the vowel signs of Indic scripts and the marks of Thai: a rate measured with it
    is comparable with published ones, and wrong there. The normaliser ``asr`` keeps them.
    """
    text = ASIDES.sub("", TAGS.sub("", text.lower()))
    text = unicodedata.normalize("NFKC", text).translate(SYMBOLS).lower()
    return SPACES.sub(" ", text)


def normalize_leaderboard(text: str, language: str | None) -> str:
    """Apply the multilingual rules of the Open ASR Leaderboard (normalizer/data_utils.py, commit d1e99b25).

    Raises:
        MissingExtra: the text has digits, and num2words, which spells them, is not installed.
    """
    text = re.sub(r"[^\w\s]", "", normalize_basic(text))
    text = SPACES.sub(" ", text).strip()
    if language is None:
        return text
    text = re.sub(r"(\d)\s+(\d{3})\b", r"\1\2", text)  # 10 000
    return re.sub(r"\d+", lambda digits: spell(digits[0], language), text)


@cache
def spell(digits: str, language: str) -> str:
    """Return a whole number in words; as it is, where the language is not known."""
    try:
        from num2words import num2words
    except ImportError:
        what = "the leaderboard's normaliser of languages other than English"
        raise MissingExtra(what, ["num2words"], "scoring") from None
    convert: Callable[..., str] = num2words
    try:
        return convert(int(digits), lang=language)
    except Exception:  # num2words fails in a way of its own per language; the leaderboard ignores them all
        return digits
