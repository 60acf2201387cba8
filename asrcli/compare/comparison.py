"""Score systems against references and against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asrcli.base.counts import count_of
from asrcli.compare.matching import Hypotheses
from asrcli.compare.pairs import add_statistics
from asrcli.compare.scores import Comparison, PairScore, Settings, SystemScore
from asrcli.compare.systems import prepare, score_system
from asrcli.scoring.intervals import FEWEST_FOR_INTERVAL
from asrcli.scoring.significance import fewest_units
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
    return Comparison(
        settings,
        reference_path,
        utterances,
        tuple(scored),
        tuple(pairs),
        number,
        (*notes(scored, len(utterances)), *said),
    )


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
