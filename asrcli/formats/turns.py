"""Turns of speakers in a transcript, and the names of speakers, as the formats write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from asrcli.types import Segment, Transcript, Turn

UNKNOWN = "unknown"  # the speaker of a word that no turn is near


def channel_speaker(channel: int | None) -> str:
    """Return what the speaker on a channel of a split recording is called; channels count from 0."""
    return f"channel {channel}"


def channel_of(speaker: str | None) -> int | None:
    """Return the channel of a speaker that `channel_speaker` has named, else ``None``."""
    found = re.fullmatch(r"channel (\d{1,4})", speaker or "")
    return int(found[1]) if found else None


def turns_of(transcript: Transcript) -> tuple[Turn, ...]:
    """Return the turns of a transcript, or where it has none those that its segments make, in the order of time."""
    return tuple(sorted(transcript.turns, key=lambda turn: (turn.start, turn.end))) or turns_from(transcript.segments)


def turns_from(segments: Iterable[Segment]) -> tuple[Turn, ...]:
    """Return one turn for each run of segments of a speaker that touch or overlap."""
    latest: dict[str, Turn] = {}
    turns: list[Turn] = []
    for segment in sorted(segments, key=lambda one: (one.start, one.end)):
        speaker = segment.speaker or UNKNOWN
        last = latest.get(speaker)
        if last and segment.start <= last.end:
            latest[speaker] = Turn(speaker, last.start, max(last.end, segment.end))
            continue
        if last:
            turns.append(last)
        latest[speaker] = Turn(speaker, segment.start, segment.end)
    return tuple(sorted([*turns, *latest.values()], key=lambda turn: (turn.start, turn.end)))
