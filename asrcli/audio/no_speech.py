"""What is said about sound that voice activity left out, in every command in the same words."""

from __future__ import annotations

from collections.abc import Sequence

from asrcli.base.console import clock
from asrcli.types import Recording, Region

LEAST = 3.0  # seconds, in all, that stand out and are worth a line


def left_out(speech: Sequence[Region], standout: Sequence[Region]) -> list[Region]:
    """Return what stands out and touches no speech; [] where it is too little to speak of."""
    left = [one for one in standout if not any(one.start < other.end and other.start < one.end for other in speech)]
    return left if sum(one.seconds for one in left) >= LEAST else []


def worth_a_look(speech: Sequence[Region], standout: Sequence[Region]) -> list[Region]:
    """Return what the engine is to recognise although voice activity left it out: where that is most of the sound."""
    left = left_out(speech, standout)
    return left if sum(one.seconds for one in left) > sum(one.seconds for one in speech) else []


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
    recording: Recording, seconds: float, speech: Sequence[Region], standout: Sequence[Region], silent: bool
) -> list[str]:
    """Return what is to be said about the sound in which no speech was found.

    Args:
        recording: the input.
        seconds: how much of it was searched.
        speech: where speech was found.
        standout: where the sound stands out from what is around it, see `asrcli.audio.standout`.
        silent: whether every sample is zero.
    """
    if not speech:
        return [nothing_found(recording, seconds, silent)] if seconds else []
    left = left_out(speech, standout)
    if not left:
        return []
    total = sum(one.seconds for one in left)
    places = "one place" if len(left) == 1 else f"{len(left)} places, the first"
    return [
        f"no speech was found in {clock(total)} of sound that stands out, in {places} at {clock(left[0].start)}; "
        "--no-vad transcribes it"
    ]
