"""The contract on the engine of this distribution, and what it hears: `pytest` in this folder, with it installed."""

from __future__ import annotations

import numpy as np
import pytest

from asrcli.testing import CHECKS, Case, Check
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording


def tone(level: float, seconds: float = 1.0) -> Clip:
    """Return a tone of a level, root mean square of full scale."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = (level * 2**0.5 * np.sin(2 * np.pi * 440.0 * times)).astype(np.float32)
    return Clip(Recording("tone.wav", seconds=seconds), 0.0, samples)


CASE = Case("loudness", speech=(tone(0.05), tone(0.3), tone(0.02, 2.5)))  # it hears noise too: no rejects_noise


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(check: Check) -> None:
    check(CASE)


def test_what_it_hears() -> None:
    found = CASE.loaded.transcribe(CASE.speech, Options())
    assert [segment.text for own in found for segment in own] == ["quiet", "loud", "quiet"]
