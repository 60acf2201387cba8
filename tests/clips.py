"""Clips for engine tests: real recordings, silence and noise."""

from asrcli.testing import noise, silence
from asrcli.testing import read_clip as clip

__all__ = ["clip", "noise", "silence"]
