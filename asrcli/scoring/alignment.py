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

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Any

from asrcli.scoring.dynamic import KALDI, SCLITE, Merge, Pair, TieBreak, align_pairs, strays
from asrcli.types import ErrorCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from asrcli.scoring.dynamic import Ids


Words = Sequence[str]


class Convention(StrEnum):
    """What counts as one error."""

    LEVENSHTEIN = "levenshtein"
    SCLITE = "sclite"
    OPEN_ASR_LEADERBOARD = "open-asr-leaderboard"


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector from walking through millions of words that all stay: it doubles the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@without_collector()
def align(
    references: Sequence[Words], hypotheses: Sequence[Words], convention: Convention = Convention.LEVENSHTEIN
) -> list[bytes]:
    """Return one alignment per pair of texts.

    An alignment is a letter per move: ``=`` match, ``S`` substitution, ``I`` insertion, ``D`` deletion; ``<`` and ``>``
    are a further reference or hypothesis word that is merged into the match after it; ``o`` is an optional word of the
    reference, left out (see `asrcli.scoring.network`).
    """
    from rapidfuzz.distance import Levenshtein

    if convention is Convention.LEVENSHTEIN:
        return [
            align_plain(words, hypothesis, Levenshtein)
            for words, hypothesis in zip(references, hypotheses, strict=True)
        ]
    rule = SCLITE if convention is Convention.SCLITE else KALDI
    found = [b"=" * len(words) for words in references]
    different = [index for index, words in enumerate(references) if words != hypotheses[index]]
    if not different:
        return found
    sides = [[side[index] for index in different] for side in (references, hypotheses)]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(chain(*sides[0], *sides[1])))}
    numbered = [number_words(side, vocabulary) for side in sides]
    merging = convention is Convention.OPEN_ASR_LEADERBOARD
    pairs = [
        prepare((words, hypothesis), (ids, hypothesis_ids), rule, Levenshtein.distance, merging=merging)
        for words, hypothesis, ids, hypothesis_ids in zip(*sides, *numbered, strict=True)
    ]
    for index, moves in zip(different, align_pairs(pairs, rule), strict=True):
        found[index] = moves
    return found


def number_words(texts: Sequence[Words], vocabulary: Mapping[str, int]) -> list[Ids]:
    """Return the words of each text as integers."""
    import numpy as np

    flat = np.fromiter(map(vocabulary.__getitem__, chain.from_iterable(texts)), np.int32)
    ends = np.cumsum([len(words) for words in texts]).tolist()
    return [flat[end - len(words) : end] for words, end in zip(texts, ends, strict=True)]


def align_plain(reference: Words, hypothesis: Words, levenshtein: Any) -> bytes:
    """Align two texts with the fewest errors, as rapidfuzz (the module ``levenshtein``) does."""
    if reference == hypothesis:
        return b"=" * len(reference)
    letters = {"replace": b"S", "insert": b"I", "delete": b"D"}
    pieces: list[bytes] = []
    matched = 0
    for edit in levenshtein.editops(reference, hypothesis):
        pieces.append(b"=" * (edit.src_pos - matched) + letters[edit.tag])
        matched = edit.src_pos + (edit.tag != "insert")
    pieces.append(b"=" * (len(reference) - matched))
    return b"".join(pieces)


def is_only_path(reference: Words, hypothesis: Words, moves: bytes) -> bool:
    """Return whether an alignment with the fewest errors is the only one of least cost under sclite's weights.

    It is when it has no error; when it has one substitution (4), since anything else needs an insertion and a deletion
    (6); and when it has one insertion or deletion of a word that neither neighbour equals, which would do as well.
    """
    wrong = len(moves) - moves.count(b"=")
    if wrong != 1:
        return wrong == 0
    if b"S" in moves:
        return True
    place = max(moves.find(b"D"), moves.find(b"I"))
    side = reference if b"D" in moves else hypothesis
    return place >= 0 and side[place] not in (*side[max(0, place - 1) : place], *side[place + 1 : place + 2])


def prepare(words: tuple[Words, Words], ids: tuple[Ids, Ids], rule: TieBreak, distance: Any, *, merging: bool) -> Pair:
    """Bound the band of a pair by the cost of its alignment, which rapidfuzz's ``distance`` finds quickly."""
    reference, hypothesis = words
    cost = distance(reference, hypothesis, weights=(rule.insertion, rule.deletion, rule.substitution))
    low, high = strays(cost, rule, len(reference), len(hypothesis))
    merges = find_merges(reference, hypothesis) if merging else []
    if merges:  # each one moves the path off the diagonal at no cost, and lets it come back by another way
        down = sum({merge.end: merge.words - 1 for merge in merges if merge.in_reference}.values())
        up = sum({merge.hypothesis_end: merge.words - 1 for merge in merges if not merge.in_reference}.values())
        low, high = min(low + up + down, len(reference)), min(high + up + down, len(hypothesis))
    return Pair(*ids, low, high, merges)


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


def tally(alignments: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return errors and reference words of each alignment, (utterances,) both."""
    import numpy as np

    moves = np.frombuffer(b"".join([moves + b"|" for moves in alignments]), np.uint8)
    ends = np.flatnonzero(moves == ord("|"))
    inserted, wrong = moves == ord("I"), (moves == ord("S")) | (moves == ord("D"))
    said = wrong | (moves == ord("=")) | (moves == ord("<")) | (moves == ord("o"))
    sums = [np.concatenate([[0], np.cumsum(kind)[ends]]) for kind in (inserted | wrong, said)]
    return np.diff(sums[0]), np.diff(sums[1])


def distances(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]) -> list[int]:
    """Return the fewest errors of each pair, of words or (with strings) of characters, without an alignment."""
    from rapidfuzz.distance import Levenshtein

    distance = Levenshtein.distance
    pairs = zip(references, hypotheses, strict=True)
    return [0 if words == hypothesis else distance(words, hypothesis) for words, hypothesis in pairs]


def measures(counts: ErrorCounts) -> Mapping[str, float | None]:
    """Return the match error rate and the word information lost and preserved.

    Morris, Maier and Green, "From WER and RIL to MER and WIL", Interspeech 2004.
    """
    hypothesis = counts.hits + counts.substitutions + counts.insertions
    moves = counts.reference_length + counts.insertions
    if not moves:
        return {"mer": None, "wil": None, "wip": None}
    both = counts.reference_length * hypothesis
    preserved = counts.hits * counts.hits / both if both else 0.0
    return {"mer": counts.errors / moves, "wil": 1 - preserved, "wip": preserved}


def find_merges(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Merge]:
    """Return every place where adjacent words of one side make one word of the other.

    Those that end at the same two positions come in the order in which kaldialign tries them: reference words first,
    the fewest first. The first of them wins a tie.
    """
    merges = [Merge(end, place, words, in_reference=True) for end, words, place in joins(reference, hypothesis)]
    merges += [Merge(place, end, words, in_reference=False) for end, words, place in joins(hypothesis, reference)]
    return merges


def joins(apart: Sequence[str], together: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield (end of the words that are apart, how many they are, end of the one word) for every join."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(together, start=1):
        places.setdefault(word, []).append(place)
    longest = max(map(len, places), default=0)
    for end in range(2, len(apart) + 1):
        joined, words = apart[end - 1], 1
        while words < end and len(joined) < longest:
            words += 1
            joined = apart[end - words] + joined
            for place in places.get(joined, ()):
                yield end, words, place


def join_alike(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Write words together on both sides where they differ only in being written apart.

    The Open ASR Leaderboard does this before it aligns languages other than English (normalizer/eval_utils.py,
    `normalize_compound_pairs`), with the matching of Python's difflib; it shortens the reference too.
    """
    from difflib import SequenceMatcher

    if reference == hypothesis:
        return reference, hypothesis
    words: list[str] = []
    joined: list[str] = []
    for _, start, end, place, stop in SequenceMatcher(None, reference, hypothesis).get_opcodes():
        said, instead = reference[start:end], hypothesis[place:stop]
        if said != instead and "".join(said) == "".join(instead):
            said = instead = ["".join(said)]
        words += said
        joined += instead
    return words, joined
