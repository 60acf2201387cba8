"""Align words under a named convention, and count the errors.

The conventions agree on what a word is and differ in what an error is, so a rate without its convention says little:

``levenshtein``
    The fewest errors; jiwer, evaluate and most papers. Split into substitutions, deletions and insertions as rapidfuzz
    (under jiwer) splits it.
``sclite``
    The lowest weighted cost, 4 per substitution and 3 per deletion or insertion, as NIST's sclite aligns; it can count
    more errors than ``levenshtein`` does. Optional words and alternations of the reference are honoured.
``open-asr-leaderboard``
    The fewest errors, where adjacent words written together count as the one word of the other side (kaldialign's
    ``merge_compounds``, which the Open ASR Leaderboard has used since June 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from asrcli.scoring.dynamic import KALDI, SCLITE, Pair, TieBreak, align_pairs, strays
from asrcli.types import ErrorCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

Words = Sequence[str]


class Convention(StrEnum):
    """What counts as one error."""

    LEVENSHTEIN = "levenshtein"
    SCLITE = "sclite"
    OPEN_ASR_LEADERBOARD = "open-asr-leaderboard"


def align(
    references: Sequence[Words], hypotheses: Sequence[Words], convention: Convention = Convention.LEVENSHTEIN
) -> list[bytes]:
    """Return one alignment per pair of texts.

    An alignment is a letter per move: ``=`` match, ``S`` substitution, ``I`` insertion, ``D`` deletion; ``<`` and ``>``
    are a further reference or hypothesis word that is merged into the match after it; ``o`` is an optional word of the
    reference, left out (see `asrcli.scoring.network`).
    """
    if convention is Convention.LEVENSHTEIN:
        return [align_plain(words, heard) for words, heard in zip(references, hypotheses, strict=True)]
    rule = SCLITE if convention is Convention.SCLITE else KALDI
    found = [b"=" * len(words) for words in references]
    different = [index for index, words in enumerate(references) if words != hypotheses[index]]
    vocabulary: dict[str, int] = {}
    pairs = []
    for index in different:
        merging = convention is Convention.OPEN_ASR_LEADERBOARD
        pairs.append(prepare(references[index], hypotheses[index], rule, vocabulary, merging=merging))
    for index, moves in zip(different, align_pairs(pairs, rule), strict=True):
        found[index] = moves
    return found


def align_plain(reference: Words, hypothesis: Words) -> bytes:
    """Align two texts with the fewest errors, as rapidfuzz does."""
    from rapidfuzz.distance import Levenshtein

    if reference == hypothesis:
        return b"=" * len(reference)
    letters = {"replace": b"S", "insert": b"I", "delete": b"D"}
    pieces: list[bytes] = []
    matched = 0
    tag: str
    position: int
    for tag, position, _ in Levenshtein.editops(reference, hypothesis):
        pieces.append(b"=" * (position - matched) + letters[tag])
        matched = position + (tag != "insert")
    pieces.append(b"=" * (len(reference) - matched))
    return b"".join(pieces)


def prepare(reference: Words, hypothesis: Words, rule: TieBreak, vocabulary: dict[str, int], *, merging: bool) -> Pair:
    """Turn words into integers and bound the band by the cost, which rapidfuzz finds quickly."""
    import numpy as np
    from rapidfuzz.distance import Levenshtein

    from asrcli.scoring.compounds import find_merges

    cost = Levenshtein.distance(reference, hypothesis, weights=(rule.insertion, rule.deletion, rule.substitution))
    low, high = strays(cost, rule, len(reference), len(hypothesis))
    merges = find_merges(reference, hypothesis) if merging else []
    if merges:  # each one moves the path off the diagonal at no cost, and lets it come back by another way
        down = sum({merge.end: merge.words - 1 for merge in merges if merge.in_reference}.values())
        up = sum({merge.hypothesis_end: merge.words - 1 for merge in merges if not merge.in_reference}.values())
        low, high = min(low + up + down, len(reference)), min(high + up + down, len(hypothesis))
    number = vocabulary.setdefault
    return Pair(
        np.array([number(word, len(vocabulary)) for word in reference], np.int32),
        np.array([number(word, len(vocabulary)) for word in hypothesis], np.int32),
        low,
        high,
        merges,
    )


def count(alignment: bytes) -> ErrorCounts:
    """Count the moves of one alignment."""
    return ErrorCounts(
        hits=alignment.count(b"=") + alignment.count(b"<") + alignment.count(b"o"),
        substitutions=alignment.count(b"S"),
        insertions=alignment.count(b"I"),
        deletions=alignment.count(b"D"),
    )


def count_all(alignments: Iterable[bytes]) -> ErrorCounts:
    """Count the moves of many alignments."""
    return count(b"".join(alignments))


def distances(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]) -> list[int]:
    """Return the fewest errors of each pair, of words or (with strings) of characters, without an alignment."""
    from rapidfuzz.distance import Levenshtein

    distance = Levenshtein.distance
    return [distance(words, heard) for words, heard in zip(references, hypotheses, strict=True)]


def measures(counts: ErrorCounts) -> Mapping[str, float | None]:
    """Return the match error rate and the word information lost and preserved.

    Morris, Maier and Green, "From WER and RIL to MER and WIL", Interspeech 2004.
    """
    heard = counts.hits + counts.substitutions + counts.insertions
    moves = counts.reference_length + counts.insertions
    if not moves:
        return {"mer": None, "wil": None, "wip": None}
    both = counts.reference_length * heard
    preserved = counts.hits * counts.hits / both if both else 0.0
    return {"mer": counts.errors / moves, "wil": 1 - preserved, "wip": preserved}
