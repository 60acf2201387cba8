"""What is said about sound that voice activity left out, in every command in the same words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from asrcli.base.console import clock
from asrcli.pipeline.flags import gaps, merge
from asrcli.types import Recording, Region

if TYPE_CHECKING:
    from asrcli.audio.standout import Standout

LEAST = 3.0  # seconds that stand out in one place and are worth a line
APART = 10.0  # seconds between those of one place: what hides speech hides the pauses in it, too
LEAST_BESIDE = 6.0  # seconds left of what stands out beside speech that was found; less is a breath, a beep, a tune
LEAST_BETWEEN = 1.0  # seconds of what is louder than speech, between what was found in it
AROUND = 0.5  # seconds recognised on both sides of what stands out


def left_out(speech: Sequence[Region], standout: Standout, start: float = 0.0) -> tuple[Region, ...]:
    """Return the places where sound stands out, in which no speech was found: each is a gap, unless it has a text.

    Args:
        speech: in order, on the recording's clock.
        standout: what stands out of the sound.
        start: where that sound begins.
    """
    heard = moved(speech, -start)
    whole = set(standout.seconds)
    left = [one for one in gaps(standout.seconds, heard, 0.0) if one in whole or one.seconds >= LEAST_BESIDE]
    places: list[list[Region]] = []
    for one in left:
        before = places[-1][-1].end if places else -inf
        following = bisect_right(heard, before, key=lambda other: other.end)
        if one.start - before > APART or (following < len(heard) and heard[following].start < one.start):
            places.append([])
        places[-1].append(one)
    worth = [Region(own[0].start, own[-1].end) for own in places if _seconds(own) >= LEAST]
    return moved(merge([*worth, *gaps(standout.louder(heard), heard, LEAST_BETWEEN)]), start)


def moved(regions: Sequence[Region], by: float) -> tuple[Region, ...]:
    """Return regions so many seconds later."""
    return tuple(replace(one, start=one.start + by, end=one.end + by) for one in regions) if by else tuple(regions)


def worth_a_look(speech: Sequence[Region], left: Sequence[Region]) -> tuple[Region, ...]:
    """Return what the engine is to recognise although voice activity left it out: where that is most of the sound."""
    if _seconds(left) <= _seconds(speech):
        return ()
    return gaps([Region(max(0.0, one.start - AROUND), one.end + AROUND) for one in left], speech, 0.0)


def nothing_found(recording: Recording, seconds: float, silent: bool) -> str:
    """Return the line about an input in which no speech was found.

    Args:
        recording: the input.
        seconds: how much of it was searched.
        silent: whether every sample of it is zero, so that there is nothing to recognise in any way.
    """
    name = "standard input" if recording.path == "-" else recording.name
    length = f"{seconds:.0f} s" if 10 <= seconds < 60 else clock(seconds)
    if silent:
        return f"no speech was found in {name}: its {length} are digital silence"
    return f"no speech was found in {name} ({length} of sound); --no-vad transcribes it anyway"


def no_speech_lines(
    recording: Recording, seconds: float, speech: Sequence[Region], left: Sequence[Region], silent: bool
) -> list[str]:
    """Return what is to be said about the sound in which no speech was found.

    Args:
        recording: the input.
        seconds: how much of it was searched.
        speech: where speech was found.
        left: what stands out and is none of it, by `left_out`.
        silent: whether every sample is zero.
    """
    if not speech:
        return [nothing_found(recording, seconds, silent)] if seconds else []
    if not left:
        return []
    total = _seconds(left)
    places = "one place" if len(left) == 1 else f"{len(left)} places, the first"
    return [
        f"no speech was found in {clock(total)} of sound that stands out, in {places} at {clock(left[0].start)}; "
        "--no-vad transcribes it"
    ]


def _seconds(regions: Sequence[Region]) -> float:
    return sum(one.seconds for one in regions)
