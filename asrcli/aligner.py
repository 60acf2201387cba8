"""The aligner contract, and how aligners are found: the same mechanism as engines, group ``asrcli.aligners``.

An aligner is told what was said and says when. The core brings text and audio together (windows, anchors, text that is
not in the audio, audio that is not in the text), spells out digits and symbols, and puts the times back on the words as
they were written: an aligner gets clips with the spoken words of each, and returns times.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from asrcli.engine import Plugin
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.engine import Device, Weights
    from asrcli.types import Clip, Phone, Word


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """When a word is said, in seconds from the start of its clip."""

    start: float
    end: float
    score: float | None = None  # how well the sound fits the word, 0 to 1
    phones: tuple[Phone, ...] = ()  # times as those of the word; () where the aligner has none


class Aligner(Plugin):
    """Finds when known words are said. Subclasses set the class attributes and write ``__init__`` and `align`."""

    group: ClassVar[str] = "asrcli.aligners"
    role: ClassVar[str] = "aligner"
    max_seconds: ClassVar[float] = 60.0  # the longest clip it aligns well
    made_for: ClassVar[float] = 0.0  # the longest that may be asked for, if that is more
    recognises: ClassVar[bool] = False  # `recognise` works
    rejects: ClassVar[bool] = False  # `align` gives None for words that are not in the clip, however many follow them

    @abstractmethod
    def __init__(self, weights: Weights, device: Device) -> None:
        """Load the weights; raises what an engine raises."""

    @abstractmethod
    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        """Return for each clip when each of its words is said, in order; ``None`` for a word it cannot place.

        Args:
            clips: at most `max_seconds` long each.
            texts: for each clip its spoken words: no digits or symbols, case as written, signs that belong to a word
                (``don't``, ``well-known``) kept; for Chinese and Japanese without spaces each character is a word.
            language: code of the texts; ``None`` when it is unknown.

        Times are within the clip and do not go back. The result for a clip does not depend on the clips beside it.
        """

    def recognise(self, clips: Sequence[Clip], words: Sequence[str], language: str | None) -> list[list[Word]]:
        """Return what is recognised in each clip when only ``words``, in about this order, can be said. Only when
        `recognises`.

        This is how text and audio are brought together over hours: what is recognised is matched with the text, and
        places that agree are trusted (Moreno et al. 1998, "A recursive algorithm for the forced alignment of very long
        audio segments"). Times count from the start of each clip.
        """
        raise UsageError(f"aligner '{self.name}' only aligns")
