"""Say how sure the rates are, and whether two systems differ: intervals and tests over the same utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from asrcli.compare.scores import PairScore, Settings, SystemScore
from asrcli.scoring.significance import (
    Resampled,
    bootstrap,
    fewest_units,
    flipped_signs,
    holm,
    matched_pairs,
    mcnemar,
    more_needed,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def add_statistics(
    scored: Sequence[SystemScore], groups: NDArray[np.int64] | None, settings: Settings
) -> tuple[list[SystemScore], list[PairScore]]:
    """Return the systems with their intervals, and every pair of them.

    Args:
        scored: the systems; utterances there must be.
        groups: number of each utterance's speaker or session, (utterances,); ``None`` where they are not known.
        settings: replicates and seed of the bootstrap.
    """
    import numpy as np

    errors, lengths = np.stack([one.errors for one in scored]), np.stack([one.lengths for one in scored])
    resample = partial(bootstrap, errors, lengths, replicates=settings.replicates, seed=settings.seed)
    sampled = resample()
    clustered = resample(groups=groups) if groups is not None else None
    with_intervals = [
        replace(one, interval=sampled.interval(index), group_interval=clustered.interval(index) if clustered else None)
        if one.counts.reference_length
        else one
        for index, one in enumerate(scored)
    ]
    if len(scored) < 2 or not lengths.sum():
        return with_intervals, []
    units = errors if groups is None else np.stack([np.bincount(groups, row).astype(np.int64) for row in errors])
    return with_intervals, compare_pairs(scored, sampled, clustered, units)


def compare_pairs(
    scored: Sequence[SystemScore], sampled: Resampled, clustered: Resampled | None, units: NDArray[np.int64]
) -> list[PairScore]:
    """Return every pair of systems with its tests; ``units`` are errors by independent unit, (systems, units)."""
    couples = list(combinations(range(len(scored)), 2))
    segments = [matched_pairs(scored[first].paths, scored[second].paths) for first, second in couples]
    corrected = holm([one.chance for one in segments])
    flipped = holm([flipped_signs(units[first] - units[second]) for first, second in couples])
    pairs = []
    for (first, second), test, p_value, flipped_p in zip(couples, segments, corrected, flipped, strict=True):
        mine, theirs = scored[first].errors, scored[second].errors
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
                units.shape[1],
                fewest_units(len(couples)),
                flipped_p,
                mcnemar(mine, theirs),
                int((mine < theirs).sum()),
                int((mine == theirs).sum()),
                int((mine > theirs).sum()),
                more_needed(mine, theirs),
            )
        )
    return pairs
