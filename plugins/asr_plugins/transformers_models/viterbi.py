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

Two bits per label and frame are kept to walk back, and scores and probabilities for `CHUNK` frames at a time: memory is
a quarter of a byte times frames times labels of the text, whatever the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

STAR = -1  # a label that any sound fits
STAR_COST = 1.0  # natural logarithm per frame that a star is worse than the best label: known words win where they fit
CHUNK = 64  # frames
NARROW = 600  # labels; more are work enough for each step, and halves would need twice the memory near at hand
CELLS = 1 << 28  # frames times labels in one go: 64 MiB of bits


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
            into: (frames, labels), of which the rows of frames that are there are written.
            scratch: as many values, in one piece. Fresh memory for each chunk costs more than what is done with it.
        """
        import numpy as np

        frames = len(self.log_probs)
        if self.backward:
            first, past = max(0, frames - past), max(0, frames - first)
        rows = self.log_probs[first:past]
        gathered = scratch[: len(rows) * len(self.labels)].reshape(len(rows), len(self.labels))
        rows.take(self.labels, axis=1, out=gathered, mode="clip")
        blanks = rows[:, self.blank]
        into = into[: len(rows)][::-1] if self.backward else into[: len(rows)]
        np.subtract(gathered, blanks[:, None], out=into)
        if self.starred:
            into[:, self.labels == STAR] = (_loudest(rows, self.blank) - blanks)[:, None]


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
        None for a text without labels or with too few frames: each label needs one, and equal neighbours one more.
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
    import numpy as np

    plain = np.asarray(labels, dtype=np.intp)
    doubled = np.flatnonzero(plain[1:] == plain[:-1])
    return np.insert(plain, doubled + 1, blank) if len(doubled) else plain


def _loudest(rows: NDArray[Any], blank: int) -> NDArray[Any]:
    """Return the log probability of a star in each frame: that of the best label, less its cost."""
    import numpy as np

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
        found[number] = _path(one, _meet(parts, tables))


@dataclass(frozen=True, slots=True)
class Tables:
    """What a search leaves behind, to walk back by.

    `stays` and `rests` have a bit for each frame and place: that the best way into a label is from itself, and that the
    best way into the blank after it is from that blank. They are bytes, one of which is found ten times faster than one
    of an array. `ends` has for each half, by its barrier, the scores of its last frame: at rest after each number of
    labels (labels + 1,), and in each label (labels,).
    """

    stays: bytes
    rests: bytes
    stride: int  # bytes of a frame
    ends: dict[int, tuple[NDArray[Any], NDArray[Any]]]


def _search(halves: Sequence[Half]) -> Tables:
    """Search from the barriers on, all halves at once."""
    import numpy as np

    frames = max(len(one.log_probs) for one in halves) + 1
    width = sum(len(one.labels) + 1 for one in halves)
    stays, rests = (np.zeros((frames, (width + 7) // 8), dtype=np.uint8) for _ in range(2))
    dtype = np.result_type(*(one.log_probs for one in halves))
    # One column more on the left, so that "the blank before" is a shifted view. Row 0 is the frame before the chunk.
    blanks = np.full((CHUNK + 1, width + 1), -np.inf, dtype)
    labels = np.full((CHUNK + 1, width), -np.inf, dtype)
    gains, scratch = np.empty((CHUNK, width), dtype), np.empty(CHUNK * width, dtype)
    blanks[0, [one.place + 1 for one in halves]] = 0.0
    rows = _Rows(blanks, labels, gains)
    ends = {}
    for first in range(0, frames, CHUNK):
        count = min(CHUNK, frames - first)
        gains.fill(-np.inf)
        for one in halves:
            one.gains(first, first + count, gains[:, one.span], scratch)
        rows.fill(count)
        rests[first : first + count] = np.packbits(blanks[:count, 1:] >= labels[:count], axis=1)
        stays[first : first + count] = np.packbits(labels[:count] >= blanks[1 : count + 1, :-1], axis=1)
        for one in halves:
            if 0 <= (last := len(one.log_probs) - first) < count:
                rest = blanks[last + 1, one.place + 1 : one.span.stop + 1]
                ends[one.place] = rest.copy(), labels[last, one.span].copy()
        blanks[0], labels[0] = blanks[count], labels[count]
    return Tables(stays.tobytes(), rests.tobytes(), stays.shape[1], ends)


class _Rows:
    """The rows of the scores of a chunk as arrays of their own, made once: a view costs as much as a maximum."""

    def __init__(self, blanks: NDArray[Any], labels: NDArray[Any], gains: NDArray[Any]) -> None:
        after, said = list(blanks[:, 1:]), list(labels)
        self.rows = list(
            zip(after[:-1], said[:-1], list(blanks[1:, :-1]), list(gains), after[1:], said[1:], strict=True)
        )

    def fill(self, count: int) -> None:
        """Fill so many rows from the one before each, in place; this loop is where the time goes."""
        import numpy as np

        maximum, add = np.maximum, np.add
        for blank, label, before, gain, next_blank, next_label in self.rows[:count]:
            maximum(blank, label, out=next_blank)
            maximum(label, before, out=next_label)
            add(next_label, gain, out=next_label)


def _meet(parts: Sequence[Half], tables: Tables) -> NDArray[Any]:
    """Put the best paths of two halves together; return the label of each frame, -1 for blanks, (frames,)."""
    import numpy as np

    if len(parts) == 1:
        return np.array(_trace(parts[0], tables, len(parts[0].labels), True), dtype=np.intp)
    front, back = parts
    (front_rest, front_said), (back_rest, back_said) = tables.ends[front.place], tables.ends[back.place]
    resting, saying = front_rest + back_rest[::-1], front_said + back_said[::-1]
    said, label = int(resting.argmax()), int(saying.argmax())
    apart = bool(resting[said] >= saying[label])  # between two labels; else in the middle of one
    first = _trace(front, tables, said if apart else label + 1, apart)
    last = _trace(back, tables, len(back.labels) - (said if apart else label), apart)
    turned = [-1 if one < 0 else len(back.labels) - 1 - one for one in reversed(last)]
    return np.array(first + turned, dtype=np.intp)


def _trace(one: Half, tables: Tables, said: int, resting: bool) -> list[int]:
    """Walk back from the last frame of a half; return the label of each frame, -1 for blanks.

    Args:
        one: the half.
        tables: of the search.
        said: how many labels have been said in it.
        resting: the last of them is over; else it is being said in the last frame.
    """
    frames = len(one.log_probs)
    found = [-1] * frames
    stays, rests, stride, barrier = tables.stays, tables.rests, tables.stride, one.place
    place = barrier + said
    for frame in range(frames if resting else frames - 1, -1, -1):
        if not resting:
            found[frame] = place - barrier - 1
            if stays[frame * stride + (place >> 3)] >> (7 - (place & 7)) & 1:
                continue
            place -= 1  # it came from the blank before, or through it in no time from the label before
        if place == barrier:
            break
        resting = bool(rests[frame * stride + (place >> 3)] >> (7 - (place & 7)) & 1)
    return found


def _path(one: Utterance, labelled: NDArray[Any]) -> Path:
    """Sum up the label of each frame, without the blanks that stand between equal labels."""
    import numpy as np

    frames = np.flatnonzero(labelled >= 0)
    own = labelled[frames]
    kept = np.flatnonzero(one.labels != one.blank)
    firsts, ends = np.searchsorted(own, kept, side="left"), np.searchsorted(own, kept, side="right")
    values = one.log_probs[frames, np.maximum(one.labels[own], 0)]
    if (stars := one.labels[own] == STAR).any():
        values[stars] = _loudest(one.log_probs[frames[stars]], one.blank)
    totals = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    return Path(frames[firsts], frames[ends - 1] + 1, (totals[ends] - totals[firsts]) / (ends - firsts))
