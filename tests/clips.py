"""Clips for engine tests: real recordings, silence and noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from asrcli.audio import decode as audio
from asrcli.types import SAMPLE_RATE, Clip, Recording


def clip(path: Path | str) -> Clip:
    """Return a whole file as one clip."""
    recording = Recording(str(path))
    samples = np.concatenate(list(audio.decode(recording, warn=lambda text: None)))
    return Clip(Recording(str(path), seconds=len(samples) / SAMPLE_RATE), 0.0, samples)


def silence(seconds: float, name: str = "silence.wav") -> Clip:
    """Return digital silence."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    return Clip(Recording(name, seconds=seconds), 0.0, samples)


def noise(seconds: float, decibels: float, seed: int = 0) -> Clip:
    """Return white noise at a level below full scale."""
    level = 10 ** (-decibels / 20)
    samples = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE)) * level
    return Clip(Recording("noise.wav", seconds=seconds), 0.0, np.clip(samples, -1, 1).astype(np.float32))
