"""What recognising a stream yields."""

from __future__ import annotations

from dataclasses import dataclass

from asrcli.types import Segment


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
