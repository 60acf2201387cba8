"""From what each window detects to turns of the same people throughout a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from asr_plugins.campplus.activity import Activity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from asr_plugins.campplus.prints import Piece

Stretch = tuple[int, int, int]  # speaker, first and last + 1 frame

SHORTEST_PAUSE = 12  # frames, 0.2 s: less silence within one person's speech is none
SHORTEST_TURN = 6  # frames, 0.1 s


def speaking(
    activity: Activity, pieces: Sequence[Piece], labels: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return who speaks in each frame, `(frames, speakers)`, and who of two at once is detected by most windows.

    A piece of one person's speech is its speaker's. The people of a window are given to the speakers by the pieces that
    they share, and say for everything else, overlaps and short words, whose it is; as many speak as the windows detect.

    Args:
        activity: what the windows detect.
        pieces: of speech of one person, with prints.
        labels: the speaker of each piece, numbered from 0.
    """
    import numpy as np

    frames = len(activity.people)
    known = np.full(frames, -1)
    for (first, last), label in zip(pieces, labels, strict=True):
        known[first:last] = label
    speakers = int(labels.max()) + 1 if len(labels) else 1
    votes = _votes(activity, known, speakers)
    spoken = np.flatnonzero(known >= 0)
    votes[spoken, known[spoken]] += len(activity.windows) + 1
    rank = np.argsort(np.argsort(-votes, 1, kind="stable"), 1)
    everybody = (rank < activity.people[:, None]) & ((votes > 0) | (rank == 0))
    return everybody, everybody & (rank == 0)


def _votes(activity: Activity, known: NDArray[np.intp], speakers: int) -> NDArray[np.float64]:
    """Return how many windows detect each speaker in each frame, `(frames, speakers)`."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    votes = np.zeros((len(known), speakers))
    for window, start in zip(activity.windows, activity.starts, strict=True):
        here = known[start : start + len(window)]
        active = window[: len(here)]
        shared = np.stack([active[here == speaker].sum(0) for speaker in range(speakers)], 1)  # (people, speakers)
        for person, speaker in zip(*linear_sum_assignment(-shared), strict=True):
            if shared[person, speaker]:
                votes[start : start + len(here), speaker] += active[:, person]
    return votes


def stretches(spoken: NDArray[np.bool_], pause: int = SHORTEST_PAUSE) -> Iterator[Stretch]:
    """Yield what each speaker says without a pause, speaker after speaker.

    Args:
        spoken: who speaks in each frame, `(frames, speakers)`.
        pause: frames of silence that are none; 0 where another one may speak in them.
    """
    import numpy as np

    for speaker in range(spoken.shape[1]):
        edges = np.diff(np.concatenate(([0], spoken[:, speaker].astype(np.int8), [0])))
        found: list[tuple[int, int]] = []
        for first, last in zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True):
            if found and first - found[-1][1] <= pause:
                found[-1] = (found[-1][0], last)
            else:
                found.append((first, last))
        yield from ((speaker, first, last) for first, last in found if last - first >= SHORTEST_TURN)
