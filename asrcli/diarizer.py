"""The diarizer contract, and how diarizers are found: the same mechanism as engines, group ``asrcli.diarizers``.

A diarizer gets a recording and says who speaks when in it. The core runs it beside the recogniser, gives words to
speakers, names speakers by known voices, and goes on on the CPU when a device has no memory left.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from asrcli.engine import Plugin

if TYPE_CHECKING:
    from asrcli.engine import Device, Weights
    from asrcli.types import HalfSamples, Samples, Turn


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How many people speak in a recording, where that is known."""

    exactly: int | None = None
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Speaking:
    """Who speaks when, in seconds from the start of the samples; the labels of speakers are the diarizer's own."""

    turns: tuple[Turn, ...] = ()  # by time; those of different speakers may overlap
    exclusive: tuple[Turn, ...] = ()  # one speaker at a time, the one that a recogniser writes; () when nobody says
    prints: Mapping[str, Samples] = field(default_factory=dict)  # label -> voice print (dimensions,) of length one


class Diarizer(Plugin):
    """Finds who speaks when. Subclasses set the class attributes and write ``__init__`` and `find`."""

    group: ClassVar[str] = "asrcli.diarizers"
    role: ClassVar[str] = "diarizer"
    # The cosines of its voice prints, for one that gives them: from the first on two prints are of one person, when no
    # other one is nearer by less than the margin; below the last they are not. None: it gives no prints.
    same_person: ClassVar[float | None] = None
    other_person: ClassVar[float] = 0.0
    margin: ClassVar[float] = 0.1

    @abstractmethod
    def __init__(self, weights: Weights, device: Device) -> None:
        """Load the weights; raises what an engine raises."""

    @abstractmethod
    def find(self, samples: Samples | HalfSamples, count: SpeakerCount) -> Speaking:
        """Return who speaks when in a recording; nobody in one that is too short or silent.

        Args:
            samples: the whole recording, `(n,)`, mono at 16 kHz; in half precision, two hours are 230 MB, so turn only
                what the networks get at a time into float32.
            count: how many people speak; a number that cannot be found is the caller's to say.

        Called by one thread at a time. Errors about memory pass through: the caller goes on with another device.
        """

    @classmethod
    def check_folder(cls, folder: str) -> None:
        """Raise `UsageError` for a folder that is none of its models; looks at the disk only."""
