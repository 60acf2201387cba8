"""Score systems against references and against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from asrcli.base.counts import count_of
from asrcli.compare.matching import Hypotheses
from asrcli.compare.scores import Comparison, PairScore, Settings, SystemScore
from asrcli.compare.systems import prepare, score_system
from asrcli.scoring.intervals import FEWEST_FOR_INTERVAL, Interval, Spread, jackknife
from asrcli.scoring.significance import (
    fewest_units,
    flipped_signs,
    holm,
    matched_pairs,
    mcnemar,
    more_needed,
    sign_test,
    wilcoxon,
)
from asrcli.types import Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def compare(
    utterances: Sequence[Utterance], systems: Sequence[Hypotheses], settings: Settings, *, reference_path: str = ""
) -> Comparison:
    """Score every system, and every pair of them."""
    prepared = prepare([one.text for one in utterances], settings)
    scored = [score_system(prepared, one, settings, paired=len(systems) > 1) for one in systems]
    return judge(utterances, scored, settings, reference_path)


def judge(
    utterances: Sequence[Utterance], scored: Sequence[SystemScore], settings: Settings, reference_path: str
) -> Comparison:
    """Put systems that have been scored side by side."""
    groups, said = number_groups(utterances)
    pairs: list[PairScore] = []
    if scored and utterances:
        scored, pairs = add_statistics(scored, groups)
    number = int(groups.max()) + 1 if groups is not None else 0
    told = (*notes(scored, len(utterances)), *said)
    return Comparison(settings, reference_path, utterances, tuple(scored), tuple(pairs), number, told)


def notes(scored: Sequence[SystemScore], texts: int) -> tuple[str, ...]:
    """Return what a reader must know about the texts."""
    found = []
    empty = sum(not words for one in scored[:1] for words in one.references)
    if empty:
        found.append(
            f"{empty} of {texts} references are empty after normalising; what is recognised there counts as inserted"
        )
    if unlike := sum(one.unlike for one in scored):
        are = "1 text is" if unlike == 1 else f"{unlike} texts are"
        found.append(
            f"{are} too long and too different to be aligned as sclite does: MAPSSWE is on the alignment of the "
            "convention there, and can differ from sc_stats"
        )
    return (*found, *(note for one in scored for note in one.notes))


def number_groups(utterances: Sequence[Utterance]) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Return the number of each utterance's speaker or session, and what is to be said about them.

    ``None`` where none is known, or each has one utterance: then utterances are the independent units. Utterances
    without one, among others that have one, may all be of the same speaker, and count as one together.
    """
    import numpy as np

    lacking = sum(one.group is None for one in utterances)
    if lacking == len(utterances):
        return None, ()
    numbers: dict[str | None, int] = {}
    found = np.array([numbers.setdefault(one.group, len(numbers)) for one in utterances], np.int64)
    if len(numbers) == len(utterances):
        return None, ()
    said = []
    if lacking:
        said.append(f"{lacking} of {count_of(utterances, 'utterance')} name no speaker or session, and count as of one")
    if len(numbers) < FEWEST_FOR_INTERVAL:
        are = "is 1 speaker or session" if len(numbers) == 1 else f"are {len(numbers)} speakers or sessions"
        said.append(
            f"there {are}, too few for intervals and verdicts ({FEWEST_FOR_INTERVAL} and {fewest_units(1)} are the "
            "least): utterances of one are alike; --group none takes all utterances for independent"
        )
    return found, tuple(said)


def add_statistics(
    scored: Sequence[SystemScore], groups: NDArray[np.int64] | None
) -> tuple[list[SystemScore], list[PairScore]]:
    """Return the systems with their intervals, and every pair of them.

    Args:
        scored: the systems; utterances there must be.
        groups: number of each utterance's speaker or session, (utterances,); ``None`` where they are not known.
    """
    import numpy as np

    errors, lengths = np.stack([one.errors for one in scored]), np.stack([one.lengths for one in scored])
    few = groups is not None and int(groups.max()) + 1 < FEWEST_FOR_INTERVAL  # then utterances show nothing either
    single = None if few else jackknife(errors, lengths)
    grouped = None if few or groups is None else jackknife(errors, lengths, groups)
    with_intervals = [
        replace(
            one,
            interval=single.interval(index) if single else None,
            group_interval=grouped.interval(index) if grouped else None,
            character_interval=None if few else rate_interval(one.character_errors, one.character_lengths, groups),
        )
        for index, one in enumerate(scored)
    ]
    if len(scored) < 2 or not lengths.sum():
        return with_intervals, []
    by_unit = [
        side if groups is None else np.stack([np.bincount(groups, row).astype(np.int64) for row in side])
        for side in (errors, lengths)
    ]
    return with_intervals, compare_pairs(scored, single, grouped, (by_unit[0], by_unit[1]))


def compare_pairs(
    scored: Sequence[SystemScore],
    single: Spread | None,
    grouped: Spread | None,
    by_unit: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> list[PairScore]:
    """Return every pair of systems with its tests; errors and words by independent unit are (systems, units)."""
    import numpy as np

    units, words = by_unit
    rates = units / np.maximum(words, 1)
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
                single.difference(first, second) if single else None,
                grouped.difference(first, second) if grouped else None,
                test,
                p_value,
                units.shape[1],
                fewest_units(len(couples)),
                flipped_p,
                mcnemar(mine, theirs),
                sign_test(rates[first] - rates[second]),
                wilcoxon(rates[first] - rates[second]),
                int((mine < theirs).sum()),
                int((mine == theirs).sum()),
                int((mine > theirs).sum()),
                more_needed(units[first], units[second]),
            )
        )
    return pairs


def rate_interval(
    errors: NDArray[np.int64], lengths: NDArray[np.int64], groups: NDArray[np.int64] | None
) -> Interval | None:
    """Return the interval of one rate over independent units: groups where they are known, or else utterances."""
    import numpy as np

    if not len(errors):
        return None
    numbers = None if groups is None else np.unique(groups, return_inverse=True)[1].reshape(-1)
    return jackknife(errors[None], lengths[None], numbers).interval(0)
