"""Minimum-cost alignment by dynamic programming: banded, and over a batch of pairs at once.

rapidfuzz gives the cost of an alignment hundreds of times faster than Python could, but not the path that another
program would have chosen among several of the same cost. Here the cost, once known, only bounds a band round the
diagonal that holds *every* path of that cost; numpy fills the band for hundreds of pairs per step, remembering at each
cell the move that the wanted tie-break takes.

In the band, cell ``(i, c)`` stands for reference position ``i`` and hypothesis position ``i + c - low``: a match or
substitution stays in its column, a deletion comes from column ``c + 1`` and an insertion from ``c - 1``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asrcli.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]  # one integer per word

MATCH, SUBSTITUTION, INSERTION, DELETION = range(4)
MERGE = 4  # which one is kept beside the table, by cell
LETTERS = b"=SID"  # how the moves are written in an alignment

CELLS_AT_ONCE = 1 << 22  # of a batch: keeps it in about 100 MB with its temporary arrays
MOST_CELLS = 400_000_000  # of one pair: one byte each
FAR = 1 << 28  # more than any cost, and far from the end of int32


@dataclass(frozen=True, slots=True)
class TieBreak:
    """The costs of a convention and which move wins where several cost the same."""

    substitution: int
    insertion: int
    deletion: int
    substitution_first: bool  # True: substitution, insertion, deletion; False: insertion, deletion, substitution


# NIST SCTK, src/sclite/word.c (costs 4, 3, 3), net_dp.c: substitution where it is not worse, deletion where better.
SCLITE = TieBreak(4, 3, 3, substitution_first=True)
# kaldialign 0.12: unit costs, substitution only where it is strictly better than both others, deletion than insertion.
KALDI = TieBreak(1, 1, 1, substitution_first=False)


class Merge(NamedTuple):
    """Several adjacent words of one side that, written together, are one word of the other; they match at no cost."""

    end: int  # reference position after the match
    hypothesis_end: int  # hypothesis position after the match
    words: int  # how many words are merged, at least 2
    in_reference: bool  # which side has the several words


class Pair(NamedTuple):
    """One reference and one hypothesis as integers, with how far a best path can stray from the diagonal."""

    reference: Ids
    hypothesis: Ids
    low: int  # deletions a best path can have, at most
    high: int  # insertions
    merges: Sequence[Merge] = ()


def strays(cost: int, rule: TieBreak, reference_words: int, hypothesis_words: int) -> tuple[int, int]:
    """Return how many deletions and insertions a path of that cost can have at most.

    Insertions less deletions is the difference in length, and together they cannot cost more than ``cost``.
    """
    both = cost // min(rule.insertion, rule.deletion)
    surplus = hypothesis_words - reference_words
    return max(0, (both - surplus) // 2), max(0, (both + surplus) // 2)


def align_pairs(pairs: Sequence[Pair], rule: TieBreak) -> list[bytes]:
    """Return an alignment per pair: one letter per move, in order.

    ``=`` match, ``S`` substitution, ``I`` insertion, ``D`` deletion; of a merge, ``<`` is a reference word and ``>`` a
    hypothesis word that joins the match after it, at no cost.

    Raises:
        InputError: a pair is so long and so different that the band does not fit in memory.
    """
    found: list[bytes] = [b""] * len(pairs)
    for batch in batches(pairs):
        for index, moves in zip(batch, align_batch([pairs[index] for index in batch], rule), strict=True):
            found[index] = moves
    return found


def batches(pairs: Sequence[Pair]) -> Iterator[list[int]]:
    """Group the indices of similar pairs, so that little of a batch is padding; a pair with merges goes alone."""

    def shape(index: int) -> tuple[int, int]:
        """Return how wide the band and how long the reference of a pair is: pairs alike share a batch."""
        pair = pairs[index]
        return (pair.low + pair.high) // 4, len(pair.reference)

    batch: list[int] = []
    rows = width = 0
    for index in sorted(range(len(pairs)), key=shape):
        pair = pairs[index]
        if pair.merges:
            yield [index]
            continue
        new_rows, new_width = max(rows, len(pair.reference)), max(width, pair.low + pair.high)
        if batch and (len(batch) + 1) * (new_rows + 1) * (new_width + 1) > CELLS_AT_ONCE // 8:
            yield batch
            batch, new_rows, new_width = [], len(pair.reference), pair.low + pair.high
        batch.append(index)
        rows, width = new_rows, new_width
    if batch:
        yield batch


def align_batch(pairs: Sequence[Pair], rule: TieBreak) -> list[bytes]:
    """Align pairs in one go; with merges, exactly one pair."""
    import numpy as np

    low, high = max(pair.low for pair in pairs), max(pair.high for pair in pairs)
    rows, width = max(len(pair.reference) for pair in pairs), low + high + 1
    if len(pairs) * rows * width > MOST_CELLS:
        raise InputError(
            f"a text of {rows} words differs from its reference in too many places to be aligned; "
            "cut both into utterances"
        )
    references = np.full((len(pairs), rows), -1, np.int32)
    hypotheses = np.full((len(pairs), rows + width), -2, np.int32)  # position j is in column j + low
    for row, pair in enumerate(pairs):
        references[row, : len(pair.reference)] = pair.reference
        hypotheses[row, low : low + len(pair.hypothesis)] = pair.hypothesis[: rows + high]
    moves = np.empty((rows, len(pairs), width), np.uint8)
    taken = fill(moves, references, hypotheses, low, rule, pairs[0].merges)
    if len(pairs) == 1:
        return [trace_one(moves[:, 0], pairs[0], low, taken)]  # as it lies: a long pair fits into memory only once
    columns = np.ascontiguousarray(moves.transpose(1, 2, 0))  # (pairs, width, rows): a run of matches is contiguous
    return [trace(columns[row], pair, low) for row, pair in enumerate(pairs)]


def fill(
    moves: NDArray[np.uint8], references: Ids, hypotheses: Ids, low: int, rule: TieBreak, merges: Sequence[Merge]
) -> dict[tuple[int, int], Merge]:
    """Fill ``moves`` (rows, pairs, width) with the move that leads to each cell of the band.

    Returns:
        The merge that leads to each cell where the move is ``MERGE``, by row and column.
    """
    import numpy as np

    rows, count, width = moves.shape
    steps = np.arange(width, dtype=np.int32) * rule.insertion
    best = np.full((count, width + 1), FAR, np.int32)  # one column more: from there no deletion comes
    best[:, low:width] = steps[: width - low]
    taken: dict[tuple[int, int], Merge] = {}
    by_row: dict[int, list[Merge]] = {}
    for merge in merges:
        by_row.setdefault(merge.end, []).append(merge)
    history = [best] if merges else []
    deepest = max((merge.words for merge in merges if merge.in_reference), default=1)
    for row in range(rows):
        different = references[:, row, None] != hypotheses[:, row : row + width]
        diagonal = best[:, :width] + different * np.int32(rule.substitution)
        deletion = best[:, 1:] + np.int32(rule.deletion)
        entering = np.minimum(diagonal, deletion)
        entering[:, : max(0, low - row - 1)] = FAR  # before the hypothesis begins
        offers = merge_offers(by_row.get(row + 1, ()), history, row + 1, low, width)
        for column, (cost, _) in offers.items():
            entering[0, column] = min(entering[0, column], cost)
        now = np.full((count, width + 1), FAR, np.int32)
        np.minimum.accumulate(entering - steps, axis=1, out=now[:, :width])
        now[:, :width] += steps
        choose(moves[row], now, (diagonal, deletion, different), rule)
        for column, (cost, merge) in offers.items():
            left = now[0, column - 1] + rule.insertion if column else FAR
            if cost < min(diagonal[0, column], deletion[0, column], left):
                moves[row, 0, column] = MERGE
                taken[row, column] = merge
        best = now
        if merges:
            history = [*history[-deepest:], now]
    return taken


def choose(
    moves: NDArray[np.uint8],
    now: Ids,
    entering: tuple[Ids, Ids, NDArray[np.bool_]],
    rule: TieBreak,
) -> None:
    """Write the winning move of each cell of one row into ``moves`` (pairs, width)."""
    import numpy as np

    diagonal, deletion, different = entering
    width = moves.shape[1]
    reached = now[:, :width]
    inserted = np.empty(reached.shape, np.bool_)
    inserted[:, 0] = False
    np.equal(reached[:, :-1] + np.int32(rule.insertion), reached[:, 1:], out=inserted[:, 1:])
    if rule.substitution_first:
        moves[:] = np.where(reached == diagonal, different, DELETION - inserted.view(np.uint8))
    else:
        moves[:] = np.where(inserted, INSERTION, np.where(reached == deletion, DELETION, different))


def merge_offers(
    merges: Sequence[Merge], history: Sequence[Ids], row: int, low: int, width: int
) -> dict[int, tuple[int, Merge]]:
    """Return column -> (cost, merge) of the cheapest merge that ends there; the first one listed wins a tie."""
    offers: dict[int, tuple[int, Merge]] = {}
    for merge in merges:
        column = merge.hypothesis_end - row + low
        back = merge.words if merge.in_reference else 1
        source = column + merge.words - 1 if merge.in_reference else column - merge.words + 1
        if not (0 <= column < width and 0 <= source < width):
            continue
        cost = int(history[-back][0, source])
        if column not in offers or cost < offers[column][0]:
            offers[column] = (cost, merge)
    return offers


def trace(cells: NDArray[np.uint8], pair: Pair, low: int) -> bytes:
    """Walk back from the end of one pair and return its moves as letters.

    Args:
        cells: moves of the band, (width, rows).
        low: column of the diagonal.
    """
    rows, data = cells.shape[1], cells.tobytes()
    position = len(pair.reference)
    column = len(pair.hypothesis) - position + low
    pieces: list[bytes] = []
    while position:
        start = column * rows
        kept = len(data[start : start + position].rstrip(b"\0"))  # a run of matches stays in its column
        if kept < position:
            pieces.append(b"=" * (position - kept))
            position = kept
            continue
        move = data[start + position - 1]
        pieces.append(LETTERS[move : move + 1])
        if move == INSERTION:
            column -= 1
        else:
            position -= 1
            column += move == DELETION
    pieces.append(b"I" * (column - low))
    return b"".join(reversed(pieces))


def trace_one(cells: NDArray[np.uint8], pair: Pair, low: int, taken: Mapping[tuple[int, int], Merge]) -> bytes:
    """Walk back from the end of a pair on its own, which can be long and can have merges.

    Args:
        cells: moves of the band, (rows, width).
        low: column of the diagonal.
        taken: the merges, by row and column.
    """
    position = len(pair.reference)
    column = len(pair.hypothesis) - position + low
    pieces: list[bytes] = []
    while position:
        move = int(cells[position - 1, column])
        if move == MERGE:
            merge = taken[position - 1, column]
            pieces.append((b"<" if merge.in_reference else b">") * (merge.words - 1) + b"=")
            position -= merge.words if merge.in_reference else 1
            column += (merge.words - 1) if merge.in_reference else 1 - merge.words
            continue
        pieces.append(LETTERS[move : move + 1])
        if move == INSERTION:
            column -= 1
        else:
            position -= 1
            column += move == DELETION
    pieces.append(b"I" * (column - low))
    return b"".join(reversed(pieces))
