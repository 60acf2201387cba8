"""The rules of the English normalisers: of Whisper, and of the Open ASR Leaderboard, which this project's build on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from asrcli.text import tables

WORDS = tables.named("english.txt")
TITLES, SPOKEN = WORDS["titles"], WORDS["spoken"]
PERFECT = {"'d been": " had been", "'s been": " has been", "'d gone": " had gone", "'s gone": " has gone"}
PERFECT |= {"'d done": " had done", "'s got": " has got"}  # "'s done" can be either
ENDINGS = {"'d": " would", "'ll": " will", "'t": " not", "'ve": " have", "'m": " am"}
PRONOUNS = r"\b(it|he|she|what|that|who|here|there|how|when|where|why|this)'s\b"
Rewrites = tuple[tuple[str, str], ...]  # pattern, replacement


def contractions(possessive: tuple[str, str]) -> Rewrites:
    """Return the contractions in the order in which they are undone; ``possessive`` is what happens to ``'s``."""
    return (
        *((rf"\b{short}\b", long) for short, long in SPOKEN.items()),
        *((rf"\b{short}\b", f"{long} ") for short, long in TITLES.items()),
        *((rf"{short}\b", long) for short, long in PERFECT.items()),
        (r"n't\b", " not"),
        (r"'re\b", " are"),
        possessive,
        *((rf"{short}\b", long) for short, long in ENDINGS.items()),
    )


@dataclass(frozen=True)
class EnglishRules:
    """What one English normaliser does, in the order in which it does it."""

    brackets: tuple[str, ...]  # patterns of stretches that are no speech
    fillers: tuple[str, ...]
    contractions: Rewrites
    compounds: Mapping[str, str]  # two words -> one
    spellings: Mapping[str, str]
    names: Mapping[str, str]
    acronyms: bool  # write spelled letters together
    literal_one: bool  # write a lone 1 as "one"
    apart: bool = False  # keep numbers apart that are said one after the other, which published rules do not


def whisper_rules() -> EnglishRules:
    """Return the rules of OpenAI Whisper (whisper/normalizers/english.py of 2025-01, unchanged since 2023)."""
    return EnglishRules(
        brackets=(r"[<\[][^>\]]*[>\]]", r"\(([^)]+?)\)"),
        fillers=("hmm", "mm", "mhm", "mmm", "uh", "um"),
        contractions=contractions((r"'s\b", " is")),
        compounds={},
        spellings=tables.spellings() | WORDS["slips"],
        names={},
        acronyms=False,
        literal_one=True,
    )


def leaderboard_rules() -> EnglishRules:
    """Return the rules of the Open ASR Leaderboard (normalizer/ at commit d1e99b25, 2026-08-21)."""
    fillers = "hmm mm mhm mmm uh um ah aha ahh ahm eh ehehe em hm huh hum mhum uhm umm uhuh"
    return EnglishRules(
        brackets=(r"[<\[][^>\]]*[>\]]", r"\(([^)]+?)\)"),
        fillers=tuple(fillers.split()),
        contractions=contractions((PRONOUNS, r"\1 is")),
        compounds=WORDS["compounds"],
        spellings=tables.spellings() | WORDS["changed"],
        names=tables.names(),
        acronyms=True,
        literal_one=True,
    )
