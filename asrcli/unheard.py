"""What is said about sound that voice activity left out, in every command in the same words."""

from __future__ import annotations

from asrcli.console import clock
from asrcli.types import Recording


def nothing_found(recording: Recording, seconds: float, silent: bool) -> str:
    """Return the line about an input in which no speech was found.

    Args:
        recording: the input.
        seconds: how much of it was searched.
        silent: whether every sample of it is zero, so that there is nothing to hear in any way.
    """
    name = "standard input" if recording.path == "-" else recording.name
    length = f"{seconds:.0f} s" if 10 <= seconds < 60 else clock(seconds)
    if silent:
        return f"no speech was found in {name}: its {length} are digital silence"
    return f"no speech was found in {name} ({length} of sound); --no-vad hears it anyway"
