"""Which voice prints are of one person: groups are joined while their cosine speaks for one person, the surest first.

What one person says without a pause is cut into pieces. Where they are all of one group or all of the other, and never
pass from one to the other, the groups are likelier of two people.

The model behind it is that of two covariances (Brümmer and de Villiers, 2010), with one variance for all dimensions: a
print is what is its person's own, and noise, of which short pieces have more. So the cosine that speaks for one person
rises with the speech that two groups have.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from asrcli.diarizer import SpeakerCount

if TYPE_CHECKING:
    Prints = NDArray[np.floating[Any]]  # (prints, 192)
    Labels = NDArray[np.intp]
    Vector = NDArray[np.float64]


# Seconds of a piece, and the cosine that its print has then with its person's other prints (docs/experiments.md).
PIECE_SECONDS = (0.55, 0.73, 0.92, 1.12, 1.3, 1.5)
OWN_COSINES = (0.49, 0.53, 0.61, 0.68, 0.70, 0.71)
# Of a clear recording prints have more of the person, of a noisy one less: by the ratio of the cosines of
# pieces of one stretch, one after the other, to those that the table expects, and so much that is as expected.
LEAST_CLEAR, EXPECTED, MOST_OWN = 0.6, 2.0, 0.85
# What is known of a voice does not grow without end: in a whisper, in another mood, at the other end of the room it
# differs for long. No group counts for more than so many units of information; a piece of 1.5 s has one.
MOST_INFORMATION = 4.0
# Where one group says little beside the other, it is the likelier of what that person says otherwise: with a share of
# nothing this cosine is enough, and with each tenth that the smaller one has of the larger one, a tenth more.
SAME_IN_PART = 0.39
SURELY = 0.15  # that much above the limit two groups are one person, whoever asks for more people
# Within a stretch what one person says passes from one of two groups of theirs to the other as often as chance has it
# (1.06 of that, measured), or a little less; what two people say passes seldom, where a change was missed. The odds
# that it is two lower the cosine of the groups, so much for each nat, and in all by no more than the last.
SAME_PASSES, OTHER_PASSES, COSINE_OF_NAT, MOST_PARTED = 0.8, 0.05, 0.01, 0.08
MOST_PRINTS = 4_000  # that are compared with each other, 130 MB; the others go to the nearest group
MOST_GROUPS = 800  # to begin with; the nearest of more prints are put together before
# Two people at once sound like a sum of both: a group that is as near as this to such a sum, and says less than a tenth
# of either, is no third one.
BOTH, LITTLE = 0.5, 0.1
# Nor is one that says as little beside another one, and only within what that says without a pause: of all passages
# from and to it this share are there, and as many as it has pieces. It is a laugh, a breath, a word through the nose.
INNER = 0.8
# Speech that makes a speaker: seconds; of a long recording this share, since what is left over grows with it; and of a
# short one at most so much.
LEAST_SECONDS, LEAST_SHARE, LEAST_SHARE_SHORT = 3.0, 0.002, 0.05


THOUSANDTHS = """
    -39 -32 44 -13 -15 -14 -25 40 14 -7 -62 28 -28 -26 -18 5 -30 46 -21 6 69 17 -19 48 37 -6 -27 -5 -31 47 1 -20
    35 2 38 16 -66 -49 50 10 26 10 -43 -3 18 -5 -20 6 10 61 27 22 -32 36 10 60 42 3 4 -6 -38 15 34 -18 9 -10 -30
    -33 -19 -42 29 6 -18 10 -47 -4 7 25 -33 19 -24 38 -14 25 4 27 32 -5 -38 -5 -36 -17 -13 57 -13 -4 19 -11 -1
    15 -9 -44 28 -19 26 -10 9 38 7 -15 12 -24 33 -22 -21 28 35 62 42 -36 -16 11 19 -16 -51 15 -37 32 0 38 -10
    -15 29 -29 -13 6 -17 -64 12 5 -1 -19 -21 49 -39 -14 33 -9 -20 -34 -5 -56 25 6 -28 -3 33 12 -27 -4 25 -14 18
    12 18 25 -4 -13 -45 -8 36 -34 32 -7 -17 0 83 -6 -16 -31 -29 -4 -17 -12 -2 -32 -6 -42 14 3 -40 13
"""


def unit(prints: Prints) -> Prints:
    """Return prints with length one, so that their products are cosines."""
    scaled: Prints = prints / np.maximum(np.linalg.norm(prints, axis=-1, keepdims=True), 1e-9)
    return scaled


def cluster(prints: Prints, seconds: Vector, wanted: SpeakerCount, follows: NDArray[np.bool_] | None = None) -> Labels:
    """Return the speaker of each print, numbered from 0.

    Args:
        prints: one for each piece of speech, `(n, 192)`.
        seconds: how long each piece is, `(n,)`.
        wanted: how many speakers there are, where that is known.
        follows: whether each piece but the last goes on in the next one, `(n - 1,)`; None when nobody knows.
    """
    if len(prints) < 2:
        return np.zeros(len(prints), np.intp)
    prints = unit(unit(prints) - centre())
    follows = np.zeros(len(prints) - 1, np.bool_) if follows is None else follows
    information = _information(prints, seconds, follows)
    chosen = np.unique(np.linspace(0, len(prints) - 1, min(len(prints), MOST_PRINTS)).round().astype(np.intp))
    part = len(prints) / len(chosen)
    goes_on = follows[chosen[:-1]] & (np.diff(chosen) == 1)
    groups = _groups(prints[chosen], seconds[chosen] * part, information[chosen] * part, goes_on, wanted)
    if len(chosen) == len(prints):
        return groups
    nearest: Labels = np.argmax(unit(prints) @ means(prints[chosen], seconds[chosen], groups).T, 1)
    return nearest


def means(prints: Prints, seconds: Vector, labels: Labels) -> Prints:
    """Return the print of each speaker, of length one: the mean of those of the pieces, weighted by their length."""
    weighted = unit(prints) * seconds[:, None]
    return unit(np.stack([weighted[labels == label].sum(0) for label in range(labels.max() + 1)]).astype(np.float32))


def _groups(
    prints: Prints, seconds: Vector, information: Vector, follows: NDArray[np.bool_], wanted: SpeakerCount
) -> Labels:
    labels = _finest(prints)
    joined = list(_joined(labels, prints, information, _Passages(labels, seconds, follows)))
    enough = [int(_speaks_enough(seconds, labels).sum()) for labels, _ in joined]
    likeliest = next(at for at, (_, over) in enumerate(joined) if over < 0)
    labels = _without_sums(prints, seconds, joined[likeliest][0])
    labels = _without_inner(labels, _Passages(labels, seconds, follows))
    found = int(_speaks_enough(seconds, labels).sum())
    least, most = wanted.exactly or wanted.at_least or 1, wanted.exactly or wanted.at_most or len(prints)
    number = min(max(found, least), most, len(prints))
    if found < number:  # the last time that so many speak enough, but for those that surely are one; else just so many
        sure = next((at for at in range(likeliest - 1, -1, -1) if joined[at][1] > SURELY), -1)
        before = (at for at in range(likeliest, sure, -1) if enough[at] >= number)
        labels = joined[next(before, max(0, len(joined) - number))][0]
    elif found > number:
        labels = next(labels for at, (labels, _) in enumerate(joined) if at >= likeliest and enough[at] <= number)
    return _without_small(prints, seconds, labels, number)


class _Passages:
    """How often what somebody says goes on from a piece of one group to one of another."""

    def __init__(self, labels: Labels, seconds: Vector, follows: NDArray[np.bool_]) -> None:

        self.seconds = np.bincount(labels, seconds).astype(np.float64)
        self.counts = np.zeros((len(self.seconds), len(self.seconds)))
        first = np.flatnonzero(follows)
        np.add.at(self.counts, (labels[first], labels[first + 1]), 1)

    def join(self, one: int, other: int) -> None:
        """Put a group into another one."""
        for array in (self.counts, self.counts.T, self.seconds):
            array[one] += array[other]
            array[other] = 0

    def parted(self, group: int) -> Vector:
        """Return by how much each group and one are less likely of one person, as a cosine; 0 where they are not."""
        passing = self.counts[group] + self.counts[:, group]
        staying = self.counts.diagonal() + self.counts[group, group]
        share = self.seconds / np.maximum(self.seconds + self.seconds[group], 1e-9)
        same = np.clip(SAME_PASSES * 2 * share * (1 - share), 1e-3, None)
        other = np.minimum(OTHER_PASSES, same)
        odds = passing * np.log(same / other) + staying * np.log((1 - same) / (1 - other))
        lowered: Vector = np.clip(-COSINE_OF_NAT * odds, 0, MOST_PARTED)
        return lowered


def _joined(labels: Labels, prints: Prints, information: Vector, passages: _Passages) -> Iterator[tuple[Labels, float]]:
    """Yield the groups, then with the two joined that are likeliest of one person, and so on until all are one.

    With each comes how much the next two are nearer than two people are; -1 when there is one group.
    """
    sums = np.zeros((int(labels.max()) + 1, prints.shape[1]))
    np.add.at(sums, labels, prints * np.sqrt(information * (1 + information))[:, None])
    known = np.bincount(labels, information).astype(np.float64)
    over = np.stack([_over(sums, known, group) - passages.parted(group) for group in range(len(known))])
    for _ in range(len(known) - 1):
        one, other = map(int, np.unravel_index(over.argmax(), over.shape))
        yield _number(labels), float(over[one, other])
        labels = np.where(labels == other, one, labels)
        sums[one] += sums[other]
        known[one], known[other] = known[one] + known[other], 0
        passages.join(one, other)
        over[one] = over[:, one] = _over(sums, known, one) - passages.parted(one)
        over[other] = over[:, other] = -np.inf
    yield _number(labels), -1.0


def _information(prints: Prints, seconds: Vector, follows: NDArray[np.bool_]) -> Vector:
    """Return how much more of each print is of the person than is noise.

    Args:
        prints: of length one, `(n, 192)`.
        seconds: how long each piece is, `(n,)`.
        follows: whether each piece but the last goes on in the next one, so that both are of one person.
    """
    own = np.interp(seconds, PIECE_SECONDS, OWN_COSINES)
    one = np.flatnonzero(follows)
    found, known = (prints[one] * prints[one + 1]).sum(), (own[one] * own[one + 1]).sum()
    clear = max(LEAST_CLEAR, (found + EXPECTED) / (known + EXPECTED))
    share: Vector = np.minimum((own * clear) ** 2, MOST_OWN)
    return share / (1 - share)


def _finest(prints: Prints) -> Labels:
    """Return a group for each print; of more than `MOST_GROUPS` prints, that many groups by average linkage."""
    if len(prints) <= MOST_GROUPS:
        return np.arange(len(prints))
    distances = pdist(prints, "cosine")
    tree = linkage(np.maximum(distances, 0.0, out=distances), "average")
    return _number(fcluster(tree, MOST_GROUPS, "maxclust"))


def _over(sums: Vector, known: Vector, group: int) -> Vector:
    """Return by how much the cosine of each group with one is above that at which they are as likely one person as two.

    Args:
        sums: of the prints of each group, weighted, `(groups, 192)`.
        known: the information of each group, 0 for one that has gone into another.
        group: the one.
    """
    some = known / (1 + known / MOST_INFORMATION)
    one, other, together = some[group], np.maximum(some, 1e-9), 1 + some[group] + some
    # Where log p(both | one person) = log p(one) + log p(other), with sums of the lengths that are expected of them.
    lengths = one * (1 + one), other * (1 + other)
    alone = one + other + np.log(together) - np.log1p(one) - np.log1p(other)
    limit = (alone - sum(lengths) / together) * together / (2 * np.sqrt(lengths[0] * lengths[1]))
    part = np.minimum(known[group], known) / np.maximum(known[group], known)
    over: Vector = unit(sums) @ unit(sums[group]) - np.minimum(limit, SAME_IN_PART + part)
    over[(known == 0) | (np.arange(len(known)) == group)] = -np.inf
    return over


def _speaks_enough(seconds: Vector, labels: Labels) -> NDArray[np.bool_]:
    """Return for each group whether it says enough to be a speaker."""
    least = max(LEAST_SECONDS, LEAST_SHARE * seconds.sum())
    enough: NDArray[np.bool_] = np.bincount(labels, seconds) >= min(least, LEAST_SHARE_SHORT * seconds.sum())
    return enough


def _without_sums(prints: Prints, seconds: Vector, labels: Labels) -> Labels:
    """Give groups that sound like two people at once to the nearer of them."""
    centres, spoken = means(prints, seconds, labels), np.bincount(labels, seconds).astype(np.float64)
    nearer = [_two_at_once(centres, spoken, group) for group in range(len(spoken))]
    return _number(np.array([group if near is None else near for group, near in enumerate(nearer)])[labels])


def _without_inner(labels: Labels, passages: _Passages) -> Labels:
    """Give groups that speak only within what another one says without a pause to that one."""
    pieces, into = np.bincount(labels), np.arange(len(passages.seconds))
    for group in np.argsort(passages.seconds, kind="stable")[:-1]:
        passing = passages.counts[group] + passages.counts[:, group]
        every = passing.sum() - passages.counts[group, group]
        passing[group] = 0
        other = int(passing.argmax())
        inner = passing[other] >= max(pieces[group], INNER * every)
        if inner and passages.seconds[group] < LITTLE * passages.seconds[other]:
            passages.join(other, int(group))
            pieces[other] += pieces[group]
            into[into == group] = other
    return _number(into[labels])


def _two_at_once(centres: Prints, spoken: Vector, group: int) -> int | None:
    """Return the nearer one of two groups whose sum a group sounds like; None when it is nothing of the kind."""
    cosines = centres @ centres[group]
    larger = np.flatnonzero((spoken * LITTLE > spoken[group]) & (cosines > 0))
    for pair in map(list, combinations(larger[np.argsort(-cosines[larger])], 2)):
        weights = np.linalg.solve(centres[pair] @ centres[pair].T, cosines[pair])
        if weights.min() > 0 and cosines[pair] @ weights >= BOTH**2:
            return int(pair[0])
    return None


def _number(labels: Labels) -> Labels:

    return np.unique(labels, return_inverse=True)[1]


def _without_small(prints: Prints, seconds: Vector, labels: Labels, number: int) -> Labels:
    """Keep the largest groups and give the pieces of the others to the nearest of these: a cough is not a person."""
    spoken = np.bincount(labels, seconds)
    kept = np.argsort(-spoken, kind="stable")[: max(number, 1)]
    if len(kept) == len(spoken):
        return labels
    near = np.argmax(unit(prints) @ means(prints, seconds, labels)[kept].T, 1)
    return _number(np.where(np.isin(labels, kept), labels, kept[near]))


@cache
def centre() -> NDArray[np.float32]:
    """Return the centre `(192,)` of prints of length one."""
    common: NDArray[np.float32] = np.array(THOUSANDTHS.split(), np.float32) / np.float32(1000)
    return common
