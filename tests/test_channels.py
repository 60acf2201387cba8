"""Two channels that have nothing to do with each other are told from ordinary stereo."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.command import Run

from asrcli.audio.channels import apart
from asrcli.bench.sounds import read_samples, without_speech
from asrcli.types import Recording

EXAMPLES = Path(__file__).parent.parent / "examples"
RATE = 16_000
SECONDS = 8
Sound = NDArray[np.float64]


def said(*names: str) -> Sound:
    """Return the speech of examples, one after the other and over again."""
    whole = np.concatenate([read_samples(str(EXAMPLES / f"{name}.wav")) for name in names]).astype(np.float64)
    return np.resize(whole * (0.05 / whole.std()), SECONDS * RATE)


def other(kind: str, seed: int = 0) -> Sound:
    return without_speech(kind, SECONDS, seed).astype(np.float64)


def delayed(sound: Sound, samples: int) -> Sound:
    return np.roll(sound, samples)


def room(sound: Sound, seed: int) -> Sound:
    """Return a sound with the echoes of a room, which are others at each microphone."""
    echoes = np.random.default_rng(seed).standard_normal(4800) * np.exp(-np.arange(4800) / 1000)
    echoes[0] = 6
    return np.convolve(sound, echoes)[: len(sound)] / 12


ONE, TWO = said("garden-awb", "station-awb"), said("lights-slt")
PAIRS: dict[str, tuple[Sound, Sound, bool]] = {
    "noise": (ONE, other("noise"), True),
    "instruments": (other("instruments"), ONE, True),
    "hum": (ONE, other("hum"), True),
    "quiet noise": (ONE, other("noise") / 4, True),
    "two speakers": (ONE, delayed(TWO, RATE), True),
    "twice": (ONE, 0.3 * ONE, False),
    "silence": (ONE, 0 * ONE, False),
    "opposite": (ONE, -ONE, False),
    "far microphones": (ONE, 0.8 * delayed(ONE, 90) + other("noise") / 50, False),
    "a room": (room(ONE, 1), room(ONE, 2), False),
    "panned": (ONE + 0.25 * TWO, TWO + 0.25 * ONE, False),
    "speech in noise": (ONE + other("noise", 1), ONE + other("noise", 2), False),
    "noise twice": (other("noise", 1), other("noise", 2), False),
    "two instruments": (other("instruments", 1), other("instruments", 2), False),
}


def write_pair(path: Path, left: Sound, right: Sound) -> Path:
    data = (np.clip(np.stack([left, right], 1), -1, 1) * 32767).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(data)
    return path


@pytest.mark.parametrize("name", PAIRS)
def test_channels_are_apart_that_have_nothing_in_common(name: str, tmp_path: Path) -> None:
    left, right, expected = PAIRS[name]
    path = str(write_pair(tmp_path / "pair.wav", left, right))
    assert apart(Recording(path)) is expected
    assert not apart(Recording(path, channel=0))


def test_what_is_short_gone_or_mono_is_not_apart(tmp_path: Path) -> None:
    short = write_pair(tmp_path / "short.wav", ONE[:RATE], other("noise")[:RATE])
    assert not apart(Recording(str(short)))
    assert not apart(Recording(str(EXAMPLES / "garden-awb.wav")))
    assert not apart(Recording(str(tmp_path / "gone.wav"))) and not apart(Recording("-"))


@pytest.mark.slow
def test_the_line_about_doubtful_text_names_the_option_only_where_it_helps(asr: Run, tmp_path: Path) -> None:
    """The fake engine is told to be sure of nothing, whatever the sound."""
    for name in ("noise", "twice"):
        left, right, _ = PAIRS[name]
        write_pair(tmp_path / f"{name}.wav", left, right)
    doubtful = ("-e", "fake", "--engine-option", "word-score=0.1")
    done = asr("transcribe", tmp_path / "noise.wav", tmp_path / "twice.wav", *doubtful)
    (line,) = [one for one in done.err.splitlines() if "--channels split transcribes" in one]
    assert "noise.wav: " in line and "suspicious (low_confidence" in line
    assert "twice.wav: " in done.err
    done = asr("transcribe", tmp_path / "noise.wav", *doubtful, "--channels", "split")
    assert "suspicious (low_confidence" in done.err and "--channels" not in done.err
