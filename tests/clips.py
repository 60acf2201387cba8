"""Clips for engine tests: real recordings, silence and noise."""

from dataclasses import replace

from asrcli.testing import noise, silence
from asrcli.testing import read_clip as clip
from asrcli.types import SAMPLE_RATE, Clip

__all__ = ["clip", "first_seconds", "noise", "silence"]


def first_seconds(whole: Clip, seconds: float) -> Clip:
    """Return the beginning of a clip; all of it where it is shorter."""
    samples = whole.samples[: round(seconds * SAMPLE_RATE)]
    return Clip(replace(whole.recording, seconds=len(samples) / SAMPLE_RATE), 0.0, samples)
