"""The values of a comparison: rates of each system, differences of each pair, and all of them together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asrcli.compare.classes import ErrorProfile
from asrcli.scoring.alignment import Convention
from asrcli.scoring.intervals import LEVEL, Interval
from asrcli.scoring.significance import MatchedPairs, McNemar
from asrcli.text.normalisers import NORMALIZERS
from asrcli.types import ErrorCounts, Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEW_UNITS = 10  # below so many independent utterances, speakers or sessions a verdict says how few they are
LADDER = ("raw", "no case", "no case, no punctuation", "normalised")
Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to score."""

    normalizer: str = "asr"
    language: str | None = None
    convention: Convention = Convention.LEVENSHTEIN
    marked: bool = False  # the references hold alternations and optional words
    fragments: bool = False  # words that are cut off (fr-) are right where what was recognised begins or ends with them

    @property
    def joins_alike(self) -> bool:
        """Whether compounds are written together first, as the multilingual Open ASR Leaderboard does."""
        leaderboard = Convention.OPEN_ASR_LEADERBOARD
        return self.normalizer == self.convention == leaderboard and self.language not in (None, "en")


@dataclass(frozen=True, slots=True)
class Share:
    """Errors and what they are out of."""

    errors: int
    length: int

    @property
    def rate(self) -> float | None:
        """Errors per unit of reference; ``None`` without any."""
        return self.errors / self.length if self.length else None


def reduction(rate: float | None, baseline: float | None) -> float | None:
    """Return by which share a rate is below another: the reports' WERR and CERR. ``None`` where there is none."""
    return None if rate is None or not baseline else 1 - rate / baseline


@dataclass(frozen=True, slots=True, eq=False)
class SystemScore:
    """One system against the references."""

    name: str
    path: str
    references: Sequence[Words]  # as scored; of a marked reference, the reading that fits best
    words: Sequence[Words]
    alignments: Sequence[bytes]
    paths: Sequence[bytes]  # alignments as sclite makes them, for MAPSSWE; none of a single system
    unlike: int  # texts that are too long for that, whose path is that of the convention
    counts: ErrorCounts
    errors: NDArray[np.int64]  # (utterances,)
    lengths: NDArray[np.int64]  # reference words, (utterances,)
    ladder: tuple[Share, ...]  # as `LADDER`
    characters: Share
    character_errors: NDArray[np.int64]  # (utterances,)
    character_lengths: NDArray[np.int64]  # characters of the reference, (utterances,)
    measures: tuple[tuple[str, float | None], ...]  # mer, wil, wip
    profile: ErrorProfile
    texts: tuple[str | None, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    languages: tuple[str | None, ...] = ()  # that it identified by itself; () where it says none
    interval: Interval | None = None  # of the rate over utterances; none of fewer than five
    group_interval: Interval | None = None  # over speakers or sessions, where they are known
    character_interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class PairScore:
    """Two systems against each other; differences are the first less the second, so below zero the first is better."""

    first: int
    second: int
    difference: float
    interval: Interval | None  # of the difference over utterances; none of fewer than five
    group_interval: Interval | None
    matched_pairs: MatchedPairs
    matched_pairs_p: float  # Holm's correction over all pairs of systems
    units: int  # independent of each other: speakers or sessions where they are known, or else utterances
    fewest: int  # units on which the tests can show anything
    flipped_p: float  # of the randomisation test over these units, Holm's correction over all pairs of systems
    mcnemar: McNemar
    sign_p: float  # of the sign test on the error rates of the units, and
    wilcoxon_p: float  # of the signed-rank test, as in sc_stats; both exact, uncorrected
    wins: int  # utterances with fewer errors in the first
    ties: int
    losses: int
    more_units: int | None  # that would show the difference in eight of ten cases, if it is real

    @property
    def more_needed(self) -> int | None:
        """How many utterances more these units would have, with as many in each as here."""
        utterances = self.wins + self.ties + self.losses
        return None if self.more_units is None else math.ceil(self.more_units * utterances / self.units)

    @property
    def significant(self) -> bool:
        """Whether the systems can be told apart: this is the one rule, for every report, verdict and condition.

        No interval of the difference covers zero, and MAPSSWE and the randomisation test over independent units are
        below 0.05 after correction. The last is exact, so no number of errors in a handful of units is enough.
        """
        widest = self.group_interval or self.interval
        if self.interval is None or widest is None or not self.enough:
            return False
        below = self.matched_pairs_p < LEVEL and self.flipped_p < LEVEL
        return below and not widest.covers_zero and not self.interval.covers_zero

    @property
    def enough(self) -> bool:
        """Whether there are enough units for a difference to be significant."""
        return self.units >= self.fewest


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Everything a report needs."""

    settings: Settings
    reference_path: str
    utterances: Sequence[Utterance]
    systems: tuple[SystemScore, ...]
    pairs: tuple[PairScore, ...]
    groups: int  # speakers or sessions; 0 when they are not known
    notes: tuple[str, ...] = ()
    rules: tuple[tuple[str, tuple[int, ...]], ...] = ()  # normaliser rule -> errors more without it, per system

    @property
    def normalizer(self) -> str:
        """Name and version of the normaliser."""
        return NORMALIZERS[self.settings.normalizer].label
