"""Which voice prints are of one person: average-linkage clustering of cosines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asrcli.diarizer import SpeakerCount

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Prints = NDArray[np.float32]  # (prints, 192)
    Labels = NDArray[np.intp]

# Two groups of prints are two people when their mean cosine is below this (docs/accuracy.md).
SAME_VOICE = 0.45
MOST_PRINTS = 4_000  # that are compared with each other, 130 MB; the others go to the nearest group
LEAST_SECONDS = 2.0  # of speech that make a speaker of their own, when nobody said how many there are


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
    chosen = np.sort(np.argsort(-seconds, kind="stable")[:MOST_PRINTS])
    groups = _groups(prints[chosen], seconds[chosen], wanted)
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
    labels = _number(fcluster(tree, 1 - SAME_VOICE, "distance"))
    if not least <= labels.max() + 1 <= most:
        return _number(fcluster(tree, min(max(labels.max() + 1, least), most), "maxclust"))
    return _without_small(prints, seconds, labels, least)


def _number(labels: Labels) -> Labels:
    import numpy as np

    return np.unique(labels, return_inverse=True)[1]


def _without_small(prints: Prints, seconds: NDArray[np.float64], labels: Labels, least: int) -> Labels:
    """Give the pieces of speakers who hardly speak to the nearest of the others: a cough is not a person."""
    import numpy as np

    spoken = np.bincount(labels, seconds)
    kept = np.argsort(-spoken, kind="stable")[: max(least, int((spoken >= LEAST_SECONDS).sum()), 1)]
    if len(kept) == len(spoken):
        return labels
    near = np.argmax(unit(prints) @ means(prints, seconds, labels)[kept].T, 1)
    return _number(np.where(np.isin(labels, kept), labels, kept[near]))
