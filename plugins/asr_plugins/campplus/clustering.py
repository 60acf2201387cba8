"""Which voice prints are of one person: average-linkage clustering of cosines."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from asrcli.diarizer import SpeakerCount

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Prints = NDArray[np.float32]  # (prints, 192)
    Labels = NDArray[np.intp]

# Two groups of prints are two people when their mean cosine is below the first, and never when it is above the second.
# Pieces of 1.5 s of one person have 0.40 to 0.73 in the mean, those of two people up to 0.3 (docs/accuracy.md).
SAME_VOICE, SURELY_SAME = 0.35, 0.5
MOST_PRINTS = 4_000  # that are compared with each other, 130 MB; the others go to the nearest group
# What two groups that are one person have at least, as the cosine of their mean prints: where both say much, as two
# people hardly ever do; the less the smaller one says beside the other, the more likely it is of what that one says
# otherwise: in a whisper, with a laugh, or while somebody else talks (docs/accuracy.md).
SAME_PERSON, SAME_IN_PART, AS_MUCH = 0.65, 0.45, 0.5
# Two people at once sound like a sum of both: a group that is as near as this to such a sum, and says less than a tenth
# of either, is no third one.
BOTH, LITTLE = 0.5, 0.1
# Speech that makes a speaker: seconds; of a long recording this share, since what is left over grows with it; and of a
# short one at most so much.
LEAST_SECONDS, LEAST_SHARE, LEAST_SHARE_SHORT = 4.0, 0.002, 0.15


def unit(prints: Prints) -> Prints:
    """Return prints with length one, so that their products are cosines."""
    import numpy as np

    scaled: Prints = prints / np.maximum(np.linalg.norm(prints, axis=-1, keepdims=True), 1e-9)
    return scaled


def cluster(prints: Prints, seconds: NDArray[np.float64], wanted: SpeakerCount) -> Labels:
    """Return the speaker of each print, numbered from 0.

    Args:
        prints: one for each piece of speech, `(n, 192)`.
        seconds: how long each piece is, `(n,)`.
        wanted: how many speakers there are, where somebody knows.
    """
    import numpy as np

    if len(prints) < 2:
        return np.zeros(len(prints), np.intp)
    chosen = np.unique(np.linspace(0, len(prints) - 1, min(len(prints), MOST_PRINTS)).round().astype(np.intp))
    groups = _groups(prints[chosen], seconds[chosen] * (len(prints) / len(chosen)), wanted)
    if len(chosen) == len(prints):
        return groups
    nearest: Labels = np.argmax(unit(prints) @ means(prints[chosen], seconds[chosen], groups).T, 1)
    return nearest


def means(prints: Prints, seconds: NDArray[np.float64], labels: Labels) -> Prints:
    """Return the print of each speaker, of length one: the mean of those of the pieces, weighted by their length."""
    import numpy as np

    weighted = unit(prints) * seconds[:, None]
    return unit(np.stack([weighted[labels == label].sum(0) for label in range(labels.max() + 1)]).astype(np.float32))


def _groups(prints: Prints, seconds: NDArray[np.float64], wanted: SpeakerCount) -> Labels:
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    tree = linkage(np.maximum(pdist(prints, "cosine"), 0.0), "average")
    least, most = wanted.exactly or wanted.at_least or 1, wanted.exactly or wanted.at_most or len(prints)
    labels = _joined(prints, seconds, _number(fcluster(tree, 1 - SAME_VOICE, "distance")))
    found = int(_speaks_enough(seconds, labels).sum())
    number = min(max(found, least), most, len(prints))
    if found != number:  # the fewest groups of which so many speak enough, else just so many
        finest = max(number, int(fcluster(tree, 1 - SURELY_SAME, "distance").max()))
        cuts = [_number(fcluster(tree, groups, "maxclust")) for groups in range(number, finest + 1)]
        labels = next((cut for cut in cuts if _speaks_enough(seconds, cut).sum() >= number), cuts[0])
    return _without_small(prints, seconds, labels, number)


def _speaks_enough(seconds: NDArray[np.float64], labels: Labels) -> NDArray[np.bool_]:
    """Return for each group whether it says enough to be a speaker."""
    import numpy as np

    least = max(LEAST_SECONDS, LEAST_SHARE * seconds.sum())
    enough: NDArray[np.bool_] = np.bincount(labels, seconds) >= min(least, LEAST_SHARE_SHORT * seconds.sum())
    return enough


def _joined(prints: Prints, seconds: NDArray[np.float64], labels: Labels) -> Labels:
    """Join groups that are parts of what one person says, the nearest first; then what sounds like two at once."""
    import numpy as np

    while True:
        centres, spoken = means(prints, seconds, labels), np.bincount(labels, seconds).astype(np.float64)
        part = np.minimum(spoken[:, None], spoken) / np.maximum(spoken[:, None], spoken)
        over = centres @ centres.T - SAME_IN_PART - (SAME_PERSON - SAME_IN_PART) * np.minimum(part / AS_MUCH, 1)
        np.fill_diagonal(over, -1)
        one, other = np.unravel_index(over.argmax(), over.shape)
        if over[one, other] < 0:
            break
        labels = _number(np.where(labels == other, one, labels))
    nearer = [_two_at_once(centres, spoken, group) for group in range(len(spoken))]
    return _number(np.array([group if near is None else near for group, near in enumerate(nearer)])[labels])


def _two_at_once(centres: Prints, spoken: NDArray[np.float64], group: int) -> int | None:
    """Return the nearer one of two groups whose sum a group sounds like; None when it is nothing of the kind."""
    import numpy as np

    cosines = centres @ centres[group]
    larger = np.flatnonzero((spoken * LITTLE > spoken[group]) & (cosines > 0))
    for pair in map(list, combinations(larger[np.argsort(-cosines[larger])], 2)):
        weights = np.linalg.solve(centres[pair] @ centres[pair].T, cosines[pair])
        if weights.min() > 0 and cosines[pair] @ weights >= BOTH**2:
            return int(pair[0])
    return None


def _number(labels: Labels) -> Labels:
    import numpy as np

    return np.unique(labels, return_inverse=True)[1]


def _without_small(prints: Prints, seconds: NDArray[np.float64], labels: Labels, number: int) -> Labels:
    """Give the pieces of all but so many groups to the nearest of those who say most: a cough is not a person."""
    import numpy as np

    spoken = np.bincount(labels, seconds)
    kept = np.argsort(-spoken, kind="stable")[: max(number, 1)]
    if len(kept) == len(spoken):
        return labels
    near = np.argmax(unit(prints) @ means(prints, seconds, labels)[kept].T, 1)
    return _number(np.where(np.isin(labels, kept), labels, kept[near]))
