"""What recognising a stream yields, and who tells its speakers; `asrcli.diarization.live` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from asrcli.types import Samples, Segment, Turn


@dataclass(frozen=True, slots=True)
class Update:
    """What is known after more audio; times are seconds from the start of the stream.

    All settled texts, joined, are the whole text: each begins with a space where one belongs, at a new segment too.
    What came since the segment before is the text of a segment, but for that space.
    """

    settled: str = ""  # text that will not change any more, new with this update
    tail: str = ""  # text behind it that may still change; takes the place of the tail before
    until: float = 0.0  # how far has been recognised
    segment: Segment | None = None  # the segment that this update completes
    failed: Exception | None = None  # why the audio of this segment has no text, or not all of it


class StreamSpeakers(Protocol):
    """Knows the people of one stream by what they have said so far."""

    source: str  # the model with its revision

    def load(self, announce: Callable[[str], None]) -> None:
        """Load the weights; takes what to call with a line for the user."""

    def feed(self, samples: Samples) -> None:
        """Take the next samples of the stream."""

    def settle(self, segment: Segment) -> Sequence[Segment]:
        """Return a settled segment with its speaker, in pieces where the speaker changes; this is never taken back."""

    def turns(self) -> tuple[Turn, ...]:
        """Return who has spoken when in the settled segments."""
