"""Who speaks in a stream, as the listener asks for it; `asrcli.diarization.live` answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from asrcli.types import Samples, Segment, Turn


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
