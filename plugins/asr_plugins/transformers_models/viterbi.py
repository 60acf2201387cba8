"""The most probable CTC paths through given labels (Viterbi), many utterances at once, with stars for unknown sounds.

With the blank's log probability taken off every frame, blanks cost nothing, and the search over labels ``j`` and frames
``t`` is two maxima and a sum over vectors:

    B[j](t) = max(B[j](t-1), L[j](t-1))             in the blank after label j
    L[j](t) = e[j](t) + max(L[j](t-1), B[j-1](t))   in label j

because ``B[j-1](t)`` is already the better of that blank and the label before it. Two equal labels need a blank between
them: it is put there as a label of its own. Utterances stand side by side in the vectors, each behind a barrier that no
path crosses, so that short ones cost little more together than one of them alone. One that is alone and short stands
there twice, searched from its beginning and, labels and frames turned round, from its end: the two meet in the middle,
after half the steps.

Two bits per label and frame are kept to walk back, and scores for about `CHUNK` frames at a time: memory is a quarter
of a byte times frames times labels of the text, whatever the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr_plugins.transformers_models.vocabulary import STAR

STAR_COST = 1.0  # natural logarithm per frame that a star is worse than the best label: known words win where they fit
CHUNK = 64  # frames
NARROW = 600  # labels; more are work enough for each step, and halves would need twice the memory near at hand
CELLS = 1 << 28  # frames times labels in one go: 64 MiB of bits
FEW = 1 << 18  # frames times labels whose bits take a byte each


@dataclass(frozen=True, slots=True)
class Path:
    """Where the labels are, and how well they fit."""

    firsts: NDArray[Any]  # (labels,) first frame
    pasts: NDArray[Any]  # (labels,) one past the last frame
    scores: NDArray[Any]  # (labels,) mean log probability over these frames


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance to align: log probabilities (frames, tokens) and the labels it is said to have."""

    log_probs: NDArray[Any]
    labels: NDArray[Any]  # with blanks between equal neighbours
    blank: int

    def parts(self, place: int, halved: bool) -> tuple[Half, ...]:
        """Return the utterance as one search, or as two that meet in the middle, their barriers from a place on."""
        middle = len(self.log_probs) // 2 if halved else len(self.log_probs)
        starred = bool((self.labels == STAR).any())
        front = Half(self.log_probs[:middle], self.labels, self.blank, place, False, starred)
        if not halved:
            return (front,)
        return front, Half(
            self.log_probs[middle:], self.labels[::-1].copy(), self.blank, place + len(self.labels) + 1, True, starred
        )


@dataclass(frozen=True, slots=True)
class Half:
    """The first frames of an utterance (or all), or the last ones with time running backward."""

    log_probs: NDArray[Any]  # (frames, tokens), time running forward
    labels: NDArray[Any]  # all of them, in the order of the search
    blank: int
    place: int  # of its barrier in the vectors
    backward: bool
    starred: bool  # it has stars

    @property
    def span(self) -> slice:
        """Its labels in the vectors."""
        return slice(self.place + 1, self.place + 1 + len(self.labels))

    def gains(self, first: int, past: int, into: NDArray[Any], scratch: NDArray[Any]) -> None:
        """Write the log probabilities of the labels above that of the blank in some frames.

        Args:
            first, past: the frames, in the order of the search; past the last there are none.
            into: (frames, labels), minus infinity where nothing has been written before: for the frames past the last,
                and for the labels that no path reaches so early, one a frame.
            scratch: as many values, in one piece. Fresh memory for each chunk costs more than what is done with it.
        """
        frames, labels = len(self.log_probs), self.labels[:past]
        if self.backward:
            first, past = max(0, frames - past), max(0, frames - first)
        rows = self.log_probs[first:past]
        if len(rows) < len(into):
            into[len(rows) :] = -np.inf
        gathered = scratch[: len(rows) * len(labels)].reshape(len(rows), len(labels))
        rows.take(labels, axis=1, out=gathered, mode="wrap")  # the mode that checks least
        blanks = rows[:, self.blank, None]
        into = into[: len(rows), : len(labels)]
        if self.backward:
            into = into[::-1]
        np.subtract(gathered, blanks, out=into)
        if self.starred:
            into[:, labels == STAR] = _loudest(rows, self.blank)[:, None] - blanks


def align(log_probs: NDArray[Any], labels: Sequence[int], blank: int) -> Path | None:
    """Return the best path of the labels through one utterance; see `align_batch`."""
    return align_batch([log_probs], [labels], blank)[0]


def align_batch(log_probs: Sequence[NDArray[Any]], labels: Sequence[Sequence[int]], blank: int) -> list[Path | None]:
    """Return the best path of the labels through each utterance.

    Args:
        log_probs: (frames, tokens) each, natural logarithms, all of one type.
        labels: the tokens of each text without blanks; `STAR` for what has none.
        blank: number of the blank token.

    Returns:
        None for a text without labels, with too few frames (each label needs one, and equal neighbours one more), or
        with a label that is impossible (minus infinity) wherever it would have to be.
    """
    found: list[Path | None] = [None] * len(labels)
    group: list[tuple[int, Utterance]] = []
    frames = width = 0
    for number, (own, text) in enumerate(zip(log_probs, labels, strict=True)):
        spaced = _spaced(text, blank)
        if not len(text) or len(spaced) > len(own):
            continue
        if group and max(frames, len(own)) * (width + len(spaced) + 1) > CELLS:
            _solve(group, found)
            group, frames, width = [], 0, 0
        group.append((number, Utterance(own, spaced, blank)))
        frames, width = max(frames, len(own)), width + len(spaced) + 1
    if group:
        _solve(group, found)
    return found


def _spaced(labels: Sequence[int], blank: int) -> NDArray[Any]:
    """Return the labels with a blank between equal neighbours."""
    plain = np.asarray(labels, dtype=np.intp)
    doubled = np.flatnonzero(plain[1:] == plain[:-1])
    return np.insert(plain, doubled + 1, blank) if len(doubled) else plain


def _loudest(rows: NDArray[Any], blank: int) -> NDArray[Any]:
    """Return the log probability of a star in each frame: that of the best label, less its cost."""
    left, right = rows[:, :blank].max(1, initial=-np.inf), rows[:, blank + 1 :].max(1, initial=-np.inf)
    best: NDArray[Any] = np.maximum(left, right) - STAR_COST
    return best


def _solve(group: Sequence[tuple[int, Utterance]], found: list[Path | None]) -> None:
    """Align some utterances together and note their paths."""
    halved = sum(len(one.labels) for _, one in group) < NARROW
    searches: list[tuple[Half, ...]] = []
    place = 0
    for _, one in group:
        searches.append(one.parts(place, halved))
        place += (2 if halved else 1) * (len(one.labels) + 1)
    tables = _search([half for parts in searches for half in parts])
    for (number, one), parts in zip(group, searches, strict=True):
        if (spans := _meet(parts, tables)) is not None:
            found[number] = _path(one, *spans)


@dataclass(frozen=True, slots=True)
class Tables:
    """What a search leaves behind, to walk back by.

    `stays` and `rests` say for each frame and place, in rows of `stride` bytes: that the best way into a label is from
    itself, and that the best way into the blank after it is from that blank. Eight are in a byte where they are many.
    They are bytes because one of these is found ten times faster than one of an array. `ends` has for each half, by its
    barrier, the scores of its last frame: at rest after each number of labels (labels + 1,), and in each label
    (labels,).
    """

    stays: bytes
    rests: bytes
    stride: int
    packed: bool
    ends: dict[int, tuple[NDArray[Any], NDArray[Any]]]


def _search(halves: Sequence[Half]) -> Tables:
    """Search from the barriers on, all halves at once."""
    frames = max(len(one.log_probs) for one in halves) + 1
    width = sum(len(one.labels) + 1 for one in halves)
    chunk = -(-frames // max(1, round(frames / CHUNK)))  # a short one at the end would cost as much as a long one
    dtype = np.result_type(*(one.log_probs for one in halves))
    # Row 0 is the frame before the chunk. The blanks before the labels are those shifted by one: what a barrier, at the
    # beginning of a row, sees of the row above does not matter.
    flat = np.full((chunk + 1) * width + 1, -np.inf, dtype)
    blanks, befores = flat[1:].reshape(-1, width), flat[:-1].reshape(-1, width)
    labels = np.full((chunk + 1, width), -np.inf, dtype)
    blanks[0, [one.place for one in halves]] = 0.0
    rows, scratch = _Rows(blanks, befores, labels), np.empty(chunk * width, dtype)
    packed = frames * width > FEW
    stays, rests, ends = [], [], {}
    for first in range(0, frames, chunk):
        count = min(chunk, frames - first)
        for one in halves:
            one.gains(first, first + count, labels[1:, one.span], scratch)
        rows.fill(count)
        stays.append(_bytes_of(labels[:count] >= befores[1 : count + 1], packed))
        rests.append(_bytes_of(blanks[:count] >= labels[:count], packed))
        for one in halves:
            if 0 <= (last := len(one.log_probs) - first) < count:
                rest = blanks[last + 1, one.place : one.span.stop]
                ends[one.place] = rest.copy(), labels[last, one.span].copy()
        blanks[0], labels[0] = blanks[count], labels[count]
    return Tables(b"".join(stays), b"".join(rests), (width + 7) // 8 if packed else width, packed, ends)


class _Rows:
    """The rows of the scores of a chunk as arrays of their own, made once: a view costs as much as a maximum."""

    def __init__(self, blanks: NDArray[Any], befores: NDArray[Any], labels: NDArray[Any]) -> None:
        after, said = list(blanks), list(labels)
        self.rows = list(zip(after[:-1], said[:-1], list(befores[1:]), after[1:], said[1:], strict=True))

    def fill(self, count: int) -> None:
        """Fill ``count`` rows from the one before each, in place; this loop is where the time goes.

        The rows of the labels begin as the gains of their frames.
        """
        maximum, add = np.maximum, np.add
        best = np.empty_like(self.rows[0][1])
        for blank, label, before, next_blank, next_label in self.rows[:count]:
            maximum(blank, label, out=next_blank)
            maximum(label, before, out=best)
            add(next_label, best, next_label)


def _bytes_of(table: NDArray[Any], packed: bool) -> bytes:
    """Return the truth values (frames, places), each row in bytes of its own."""
    return (np.packbits(table, axis=1) if packed else table).tobytes()


def _meet(parts: Sequence[Half], tables: Tables) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Put the best paths of two halves together.

    Returns:
        The first frame of each label, and one past its last; None where no path is possible.
    """
    if len(parts) == 1:
        (one,) = parts
        rest, _ = tables.ends[one.place]
        return _trace(one, tables, len(one.labels), True) if np.isfinite(rest[-1]) else None
    front, back = parts
    (front_rest, front_said), (back_rest, back_said) = tables.ends[front.place], tables.ends[back.place]
    resting, saying = front_rest + back_rest[::-1], front_said + back_said[::-1]
    said, label = int(resting.argmax()), int(saying.argmax())
    apart = bool(resting[said] >= saying[label])  # between two labels; else in the middle of one
    if not np.isfinite(resting[said] if apart else saying[label]):
        return None
    firsts, pasts = _trace(front, tables, said if apart else label + 1, apart)
    turned_firsts, turned_pasts = _trace(back, tables, len(back.labels) - (said if apart else label), apart)
    frames = len(front.log_probs) + len(back.log_probs)
    later_firsts, later_pasts = frames - turned_pasts[::-1], frames - turned_firsts[::-1]
    if not apart:  # both have the label in the middle
        later_firsts, pasts = later_firsts[1:], pasts[:-1]
    return np.concatenate((firsts, later_firsts)), np.concatenate((pasts, later_pasts))


def _trace(one: Half, tables: Tables, said: int, resting: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Walk back from the last frame of a half; return the first frame of each label said and one past its last.

    Args:
        said: how many labels have been said in it.
        resting: the last of them is over; else it is being said in the last frame.
    """
    stays, rests, stride = tables.stays, tables.rests, tables.stride
    firsts, lasts = [0] * said, [0] * said  # times the stride
    row = (len(one.log_probs) - (not resting)) * stride
    for label in range(said - 1, -1, -1):
        place = one.place + label + 1
        byte, bit = (place >> 3, 128 >> (place & 7)) if tables.packed else (place, 1)
        if resting:
            while rests[row + byte] & bit:
                row -= stride
            row -= stride
        lasts[label] = row
        while stays[row + byte] & bit:
            row -= stride
        firsts[label] = row
        resting = True  # or passed through that blank in no time, from the label before
    return np.array(firsts, np.intp) // stride, np.array(lasts, np.intp) // stride + 1


def _path(one: Utterance, firsts: NDArray[Any], pasts: NDArray[Any]) -> Path:
    """Score the labels, without the blanks that stand between equal ones."""
    labels, kept = one.labels, one.labels != one.blank
    if not kept.all():
        labels, firsts, pasts = labels[kept], firsts[kept], pasts[kept]
    counts = pasts - firsts
    begins = np.cumsum(counts) - counts
    number = np.repeat(np.arange(len(labels)), counts)  # of the label of each frame that is in one
    frames = np.arange(len(number)) + (firsts - begins)[number]
    values = one.log_probs[frames, labels[number]]
    if (starred := labels == STAR).any():
        stars = starred[number]
        values[stars] = _loudest(one.log_probs[frames[stars]], one.blank)
    return Path(firsts, pasts, np.add.reduceat(values, begins, dtype=np.float64) / counts)
