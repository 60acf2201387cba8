"""Score systems against references and against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asrcli.compare.classes import ErrorProfile, classify, find_names
from asrcli.compare.matching import Heard
from asrcli.errors import InputError
from asrcli.scoring.alignment import Convention, align, count_all, distances, is_only_path, measures, tally
from asrcli.scoring.compounds import join_alike
from asrcli.scoring.significance import (
    Interval,
    MatchedPairs,
    McNemar,
    bootstrap,
    holm,
    matched_pairs,
    mcnemar,
    more_needed,
)
from asrcli.text.normalisers import NORMALIZERS, build
from asrcli.text.steps import raw_words, without_case, without_punctuation
from asrcli.types import ErrorCounts, Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST_SEGMENTS = 30  # with errors, for a test that takes their mean to be normally distributed
LADDER = ("raw", "no case", "no case, no punctuation", "normalised")
Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to score."""

    normalizer: str = "asr"
    language: str | None = None
    convention: Convention = Convention.LEVENSHTEIN
    replicates: int = 1_000
    seed: int = 0
    marked: bool = False  # the references hold alternations and optional words

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


@dataclass(frozen=True, slots=True, eq=False)
class SystemScore:
    """One system against the references."""

    name: str
    path: str
    references: Sequence[Words]  # as scored; of a marked reference, the reading that fits best
    words: Sequence[Words]
    alignments: Sequence[bytes]
    counts: ErrorCounts
    errors: NDArray[np.int64]  # (utterances,)
    lengths: NDArray[np.int64]  # reference words, (utterances,)
    ladder: tuple[Share, ...]  # as `LADDER`
    characters: Share
    measures: tuple[tuple[str, float | None], ...]  # mer, wil, wip
    interval: Interval | None
    group_interval: Interval | None  # over speakers or sessions, where they are known
    profile: ErrorProfile
    texts: tuple[str | None, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PairScore:
    """Two systems against each other; differences are the first less the second, so below zero the first is better."""

    first: int
    second: int
    difference: float
    interval: Interval
    group_interval: Interval | None
    bootstrap_p: float
    matched_pairs: MatchedPairs
    matched_pairs_p: float  # Holm's correction over all pairs of systems
    mcnemar: McNemar
    wins: int  # utterances with fewer errors in the first
    ties: int
    losses: int
    more_needed: int | None

    @property
    def significant(self) -> bool:
        """Whether the systems can be told apart: the widest interval excludes zero, and MAPSSWE after correction.

        MAPSSWE rests on the normal distribution, so with a handful of segments nothing is significant.
        """
        widest = self.group_interval or self.interval
        if self.matched_pairs.segments < FEWEST_SEGMENTS:
            return False
        return not widest.covers_zero and not self.interval.covers_zero and self.matched_pairs_p < 0.05


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
    left_out: tuple[str, ...] = ()

    @property
    def normalizer(self) -> str:
        """Name and version of the normaliser."""
        return NORMALIZERS[self.settings.normalizer].label


FEWEST_GROUPS = 5  # below that, resampling groups says nothing
STEPS: tuple[Callable[[list[str]], list[str]], ...] = (list, without_case, without_punctuation)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The references, made ready once for all systems."""

    texts: Sequence[str]
    words: Sequence[Words]  # normalised
    ladders: Sequence[Sequence[Share]]  # (systems, steps)
    names: frozenset[str]
    cut: Callable[[str], list[str]]


def compare(
    utterances: Sequence[Utterance], systems: Sequence[Heard], settings: Settings, *, reference_path: str = ""
) -> Comparison:
    """Score every system, and every pair of them.

    A text that a system does not have counts as empty: every word of its reference is missed.
    """
    import numpy as np

    normalize = build(settings.normalizer, settings.language)
    texts = [one.text for one in utterances]
    names = find_names(texts)
    group_numbers = number_groups(utterances)
    cut = word_cutter()
    prepared = Prepared(texts, [cut(normalize(text)) for text in texts], ladders(texts, systems, settings), names, cut)
    scored = [score_system(prepared, place, one, normalize, settings) for place, one in enumerate(systems)]
    if scored and len(texts):
        errors = np.stack([one.errors for one in scored])
        lengths = np.stack([one.lengths for one in scored])
        scored, pairs, unlike = add_statistics(scored, (errors, lengths), group_numbers, settings)
    else:
        pairs, unlike = [], 0
    groups = int(group_numbers.max()) + 1 if group_numbers is not None else 0
    remarks = notes(texts, scored, unlike)
    return Comparison(settings, reference_path, utterances, tuple(scored), tuple(pairs), groups, remarks)


def notes(texts: Sequence[str], scored: Sequence[SystemScore], unlike: int) -> tuple[str, ...]:
    """Return what a reader must know about the texts; ``unlike`` of them have no alignment of sclite's."""
    found = []
    for one in scored[:1]:
        empty = [index for index, words in enumerate(one.references) if not words]
        if empty:
            found.append(
                f"{len(empty)} of {len(texts)} references are empty after normalising; what is heard there counts as "
                "inserted"
            )
    if unlike:
        are = "1 text is" if unlike == 1 else f"{unlike} texts are"
        found.append(
            f"{are} too long and too different to be aligned as sclite does: MAPSSWE is on the alignment of the "
            "convention there, and can differ from sc_stats"
        )
    return tuple(found)


def number_groups(utterances: Sequence[Utterance]) -> NDArray[np.int64] | None:
    """Return the number of each utterance's speaker or session; ``None`` when they are not known for all."""
    import numpy as np

    if not utterances or any(one.group is None for one in utterances):
        return None
    numbers: dict[str, int] = {}
    found = np.array([numbers.setdefault(str(one.group), len(numbers)) for one in utterances], np.int64)
    return found if FEWEST_GROUPS <= len(numbers) < len(utterances) else None


def score_system(
    prepared: Prepared, place: int, heard: Heard, normalize: Callable[[str], str], settings: Settings
) -> SystemScore:
    """Score one system; intervals come later, from resampling all systems together."""
    said = [text or "" for text in heard.texts]
    references: Sequence[Words] = prepared.words
    words: Sequence[Words] = [prepared.cut(normalize(text)) for text in said]
    if settings.marked and settings.convention is Convention.SCLITE:
        from asrcli.compare.marked import align_marked

        references, words, alignments = align_marked(prepared.texts, said, normalize)
    else:
        if settings.joins_alike:
            joined = [join_alike(one, other) for one, other in zip(references, words, strict=True)]
            references, words = [one for one, _ in joined], [other for _, other in joined]
        alignments = align(references, words, settings.convention)
    counts = count_all(alignments)
    errors, lengths = tally(alignments)
    unspaced = [["".join(one) for one in side] for side in (references, words)]
    return SystemScore(
        heard.name,
        heard.path,
        references,
        words,
        alignments,
        counts,
        errors,
        lengths,
        (*prepared.ladders[place], Share(counts.errors, counts.reference_length)),
        Share(sum(distances(*unspaced)), sum(map(len, unspaced[0]))),
        tuple(measures(counts).items()),
        None,
        None,
        classify(references, words, alignments, prepared.names),
        heard.texts,
        heard.missing,
        heard.extra,
    )


def word_cutter(split: Callable[[str], list[str]] = str.split) -> Callable[[str], list[str]]:
    """Return a function that cuts texts into words and keeps each different word once: memory, and time for hashing."""
    known: dict[str, str] = {}

    def cut(text: str) -> list[str]:
        words = split(text)
        return list(map(known.setdefault, words, words))

    return cut


def ladders(texts: Sequence[str], systems: Sequence[Heard], settings: Settings) -> list[list[Share]]:
    """Return the error rates of each system raw, without case, and without punctuation: (systems, steps)."""
    sides = [texts, *([text or "" for text in one.texts] for one in systems)]
    cut = word_cutter(raw_words)
    raw = [[cut(text) for text in side] for side in sides]
    found: list[list[Share]] = [[] for _ in systems]
    for step in STEPS:
        references, *hypotheses = [[step(words) for words in side] for side in raw]
        length = sum(map(len, references))
        for heard, shares in zip(hypotheses, found, strict=True):
            if settings.convention is Convention.LEVENSHTEIN:
                errors = sum(distances(references, heard))
            else:
                errors = count_all(align(references, heard, settings.convention)).errors
            shares.append(Share(errors, length))
    return found


def add_statistics(
    scored: Sequence[SystemScore],
    totals: tuple[NDArray[np.int64], NDArray[np.int64]],
    groups: NDArray[np.int64] | None,
    settings: Settings,
) -> tuple[list[SystemScore], list[PairScore], int]:
    """Return the systems with their intervals, every pair of them, and how many texts sclite's alignment is not for."""
    from dataclasses import replace
    from functools import partial
    from itertools import combinations

    errors, lengths = totals
    resample = partial(bootstrap, errors, lengths, replicates=settings.replicates, seed=settings.seed)
    sampled = resample()
    clustered = resample(groups=groups) if groups is not None else None
    with_intervals = [
        replace(one, interval=sampled.interval(index), group_interval=clustered.interval(index) if clustered else None)
        if one.counts.reference_length
        else one
        for index, one in enumerate(scored)
    ]
    couples = list(combinations(range(len(scored)), 2))
    if not couples or not lengths.sum():
        return with_intervals, [], 0
    paths, kept = zip(*(sclite_paths(one, settings) for one in scored), strict=True)
    segments = [matched_pairs(paths[first], paths[second]) for first, second in couples]
    corrected = holm([one.p for one in segments])
    pairs = []
    for (first, second), test, p_value in zip(couples, segments, corrected, strict=True):
        mine, theirs = errors[first], errors[second]
        pairs.append(
            PairScore(
                first,
                second,
                (scored[first].counts.rate or 0.0) - (scored[second].counts.rate or 0.0),
                sampled.difference(first, second),
                clustered.difference(first, second) if clustered else None,
                sampled.p_value(first, second),
                test,
                p_value,
                mcnemar(mine, theirs),
                int((mine < theirs).sum()),
                int((mine == theirs).sum()),
                int((mine > theirs).sum()),
                more_needed(mine, theirs),
            )
        )
    return with_intervals, pairs, sum(kept)


def sclite_paths(one: SystemScore, settings: Settings) -> tuple[Sequence[bytes], int]:
    """Return alignments as sclite makes them, on which NIST's matched-pairs test is defined, and how many are not.

    A text that is too long for its lattice keeps the alignment it has, which the report says.
    """
    if settings.convention is Convention.SCLITE:
        return one.alignments, 0
    paths = list(one.alignments)
    open_ = [
        index for index, moves in enumerate(paths) if not is_only_path(one.references[index], one.words[index], moves)
    ]
    references, words = [one.references[index] for index in open_], [one.words[index] for index in open_]
    try:
        found = align(references, words, Convention.SCLITE)
    except InputError:
        return paths, align_each(paths, open_, references, words)
    for index, moves in zip(open_, found, strict=True):
        paths[index] = moves
    return paths, 0


def align_each(paths: list[bytes], places: Sequence[int], references: Sequence[Words], words: Sequence[Words]) -> int:
    """Put the alignments of sclite into ``paths``, text by text, and return how many texts are too long for one."""
    kept = 0
    for index, reference, heard in zip(places, references, words, strict=True):
        try:
            paths[index] = align([reference], [heard], Convention.SCLITE)[0]
        except InputError:
            kept += 1
    return kept
