"""How sure an engine is of the words that it is least sure of: a segment may hide four lost words among forty."""

from __future__ import annotations

from collections.abc import Sequence

# Words in a row. Of 2, 3, 4, 5, 6 and of the mean over the whole segment, four and five find the most of the words that
# are lost at as many false marks (docs/accuracy.md); one word alone is doubtful in many right texts.
RUN = 4
NAME = "low_confidence"  # the engine option that sets the limit
# What a text of fewer words lacks of a run counts as this sure: "Alright," and "Ever failed." are often odd, and right.
LACKING = 0.78
HELP = "flags a segment with four words in a row of which the mean probability is below it"


def least_sure(scores: Sequence[float]) -> float:
    """Return the least mean probability of `RUN` words in a row."""
    enough = [*scores, *[LACKING] * (RUN - len(scores))]
    return min(sum(enough[first : first + RUN]) for first in range(len(enough) - RUN + 1)) / RUN
