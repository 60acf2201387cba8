"""A hypothesis matched with the words of a text, of which only a part may be said, and more besides.

The best path through both is searched for exactly: a recognised word may be a word of the text, or two of them, or half
of one; it may be none of them, at a price; and words of the text may be leapt over, at a price that does not grow with
their number, so that a paragraph that is not said is left out whole instead of giving a word here and there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A word that is recognised and in the text gains up to 1, by the share of its letters.
ALIKE = 0.7  # share of letters in common from which two words may be the same one: "color" and "colours"
JOINED = 0.8  # and two words and one: "everybody" and "every body"
UNTOLD = 1.0  # price of a recognised word that is not in the text
MORE_UNTOLD = 0.4  # and of every other one after it: what is not in the text is rather one passage than ten words
SUBSTITUTED = 0.7  # price of a word that is recognised as quite another one
LEAP = 2.0  # price of words of the text that are not recognised, however many
NEAR = 1e-4  # and a little for each: of places that are the same the nearest
OUT = -1e9
PAIRS = ((1, 1), (1, 2), (2, 1))  # numbers of recognised words that are one or two of the text


@dataclass(frozen=True, slots=True)
class Match:
    """Recognised words ``[spoken, spoken_end)`` that are the words ``[first, last)`` of the text."""

    spoken: int
    spoken_end: int
    first: int
    last: int
    share: float  # of the letters, 0 to 1; 0 where another word was recognised in its place


def match(hypothesis: Sequence[str], words: Sequence[str]) -> list[Match]:
    """Return which words of a text are recognised, in order.

    Args:
        hypothesis: words that were recognised.
        words: those of the text, spoken too; more may follow.
    """
    found = best_path(hypothesis, words) if hypothesis and words else []
    while found and not found[-1].share:  # another word, and nothing of the text after it: why should it be this one
        found.pop()
    return found


def best_path(hypothesis: Sequence[str], words: Sequence[str]) -> list[Match]:
    """Return the path of the highest score; neither of the two is empty."""
    import numpy as np

    said, told = [plain(word) for word in hypothesis], [plain(word) for word in words]
    gains = {pair: likeness(joined(said, pair[0]), joined(told, pair[1]), pair) for pair in PAIRS}
    steps = np.arange(len(told) + 1) * NEAR
    # Scores of the best path to each cell: any; one that does not end in a leap; one that ends in an untold word.
    best, reached, untold = (np.full((len(said) + 1, len(told) + 1), OUT) for _ in range(3))
    for row in range(len(said) + 1):
        cells = untold[row]
        if row == 0:
            cells = np.append(0.0, cells[1:])
        else:
            cells = untold[row] = np.maximum(best[row - 1] - UNTOLD, untold[row - 1] - MORE_UNTOLD)
        for (down, across), gain in gains.items():
            if row >= down and len(told) >= across:
                cells[across:] = np.maximum(cells[across:], best[row - down, :-across] + gain[row - down])
        reached[row] = cells
        leapt = np.maximum.accumulate(cells + steps)[:-1] - steps[1:] - LEAP
        best[row] = np.append(cells[:1], np.maximum(cells[1:], leapt))
    return _path(best, reached, untold, gains)


def _path(best: Any, reached: Any, untold: Any, gains: Mapping[tuple[int, int], NDArray[Any]]) -> list[Match]:
    """Walk back from the best end: the rest of the text is left out for nothing."""
    import numpy as np

    row, column = len(best) - 1, int(np.argmax(best[-1]))
    found: list[Match] = []
    while row or column:
        if reached[row, column] < best[row, column]:  # a leap ends here
            column = int(np.argmax(reached[row, :column] + np.arange(column) * NEAR))
        elif step := _last_match(best, gains, row, column):
            found.append(step)
            row, column = step.spoken, step.first
        else:
            row = _start_of_untold(best, untold, row, column)
    return found[::-1]


def _start_of_untold(best: Any, untold: Any, row: int, column: int) -> int:
    """Return the first recognised word of those up to ``row`` that are not in the text."""
    while untold[row, column] != best[row - 1, column] - UNTOLD:
        row -= 1
    return row - 1


def _last_match(best: Any, gains: Mapping[tuple[int, int], NDArray[Any]], row: int, column: int) -> Match | None:
    """Return the match that the best path to a cell ends in, ``None`` where it ends otherwise."""
    for down, across in PAIRS:
        if row >= down and column >= across:
            gain = gains[down, across][row - down, column - across]
            if best[row - down, column - across] + gain == best[row, column]:
                return Match(row - down, row, column - across, column, share_of(gain, down, across))
    return None


def likeness(left: Sequence[str], right: Sequence[str], pair: tuple[int, int]) -> NDArray[Any]:
    """Return what each of some words gains with each of others, ``(left, right)``."""
    import numpy as np
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cdist

    shares = cdist(left, right, scorer=Indel.normalized_similarity, dtype=np.float64)
    if pair == (1, 1):
        return np.where(shares > ALIKE, 2.0 * shares - 1.0, -SUBSTITUTED)
    return np.where(shares > JOINED, 2.0 * (2.0 * shares - 1.0), OUT)


def share_of(gain: float, down: int, across: int) -> float:
    """Return the share of letters that a gain stands for."""
    return (float(gain) / max(down, across) + 1.0) / 2.0 if gain > 0 else 0.0


def joined(words: Sequence[str], count: int) -> list[str]:
    """Return each ``count`` words in a row as one."""
    return ["".join(words[at : at + count]) for at in range(len(words) - count + 1)]


def plain(word: str) -> str:
    """Return a word as its letters alone, without case and accents."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in parts if char.isalnum()) or word
