"""`--chunk-length`: the longest piece that an engine hears at once, up to what its model was made for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from asr_plugins.canary import Canary
from asr_plugins.firered import FireRed
from asr_plugins.qwen3 import Qwen3
from support.command import Run, write_wav

from asrcli.engine import Engine, Weights
from asrcli.engines.options import clip_length
from asrcli.errors import UsageError
from asrcli.types import Options

# What the report, the model card and the README of each say.
MADE_FOR = [(Qwen3, 30.0, 1200.0), (Canary, 38.0, 40.0), (FireRed, 60.0, 60.0)]


@pytest.mark.parametrize(("engine", "default", "most"), MADE_FOR)
def test_engines_take_what_their_models_were_made_for(engine: type[Engine], default: float, most: float) -> None:
    assert clip_length(engine, Options()) == default
    assert clip_length(engine, Options(chunk_length=most)) == most
    for wrong in (most + 1, 0.5, -3.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match=f"takes up to {most:g} s at once; choose 1 to {most:g}"):
            clip_length(engine, Options(chunk_length=wrong))


def test_models_of_one_engine_differ(checkpoints: Path) -> None:
    folder = checkpoints / "firered-llm-digits"
    engine = FireRed.for_weights(Weights("llm", str(folder)))
    with pytest.raises(UsageError, match="--chunk-length 31: engine 'firered' takes up to 30 s at once"):
        clip_length(engine, Options(chunk_length=31.0))


@pytest.mark.parametrize(("length", "pieces"), [(2, 5), (5, 2), (30, 1)])
def test_a_recording_is_heard_in_pieces_of_that_length(asr: Run, tmp_path: Path, length: int, pieces: int) -> None:
    """Pieces end at the quietest place of their last part, so that there may be one more."""
    write_wav(tmp_path / "one-two-three-four-five-six-seven-eight-nine-ten.wav", 10.0)
    done = asr("transcribe", *tmp_path.glob("*.wav"), "-e", "fake", "--no-vad", "--chunk-length", length, "-f", "json")
    assert done.code == 0, done.err
    data = json.loads(done.out)
    assert pieces <= len(data["segments"]) <= pieces + 2  # the fake engine says one segment for each clip
    assert all(one["end"] - one["start"] <= length for one in data["segments"])
    assert data["options"]["chunk_length"] == f"{length}.0" and data["options"]["clip_seconds"] == f"{length}"


@pytest.mark.parametrize(("engine", "most"), [("qwen3", 1200), ("canary", 40), ("whisper", 30)])
def test_too_long_is_refused_before_gigabytes_come(asr: Run, tmp_path: Path, engine: str, most: int) -> None:
    write_wav(tmp_path / "one.wav", 1.0)
    done = asr("transcribe", tmp_path / "one.wav", "-e", engine, "--chunk-length", most + 1, "--offline")
    assert done.code == 2 and f"engine '{engine}' takes up to {most} s at once" in done.err, done.err


def test_too_long_is_refused_before_anything_loads(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", 1.0)
    done = asr("transcribe", tmp_path / "one.wav", "-e", "fake:load=60", "--chunk-length", "31")
    assert (done.code, done.err) == (
        2,
        "asr: --chunk-length 31: engine 'fake' takes up to 30 s at once; choose 1 to 30, or leave it out for 30\n",
    )
    (tmp_path / "one.txt").write_text("one")
    measured = asr("bench", tmp_path, "-e", "fake", "--chunk-length", "31")
    assert measured.code == 2 and "--chunk-length 31" in measured.err


@pytest.mark.slow
def test_qwen3_hears_minutes_at_once(
    asr: Run, tmp_path: Path, checkpoints: Path, digit_strings: list[tuple[Path, str]]
) -> None:
    parts = [soundfile.read(path, dtype="float32")[0] for path, _ in digit_strings] * 3
    sound = np.concatenate([np.concatenate((one, np.zeros(4000, np.float32))) for one in parts])
    soundfile.write(tmp_path / "long.wav", sound, 16_000)
    seconds = len(sound) / 16_000
    assert seconds > 60
    words = ("transcribe", tmp_path / "long.wav", "-e", f"qwen3:{checkpoints / 'qwen3-asr-digits'}", "--no-vad")
    done = asr(*words, "--chunk-length", 1200, "-f", "json")
    assert done.code == 0, done.err
    (segment,) = json.loads(done.out)["segments"]
    assert segment["start"] == 0 and segment["end"] == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize(
    ("length", "code"), [(301, 2), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((300, 0), (2, 2)))]
)
def test_the_aligner_takes_stretches_up_to_five_minutes(
    asr: Run, tmp_path: Path, checkpoints: Path, digit_strings: list[tuple[Path, str]], length: int, code: int
) -> None:
    sound, text = digit_strings[0]
    aligner = f"qwen3:{checkpoints / 'qwen3-aligner-digits'}"
    done = asr("align", sound, sound.with_suffix(".txt"), "-a", aligner, "--listener", "none", "--chunk-length", length)
    assert done.code == code, done.err
    if code:
        assert f"--chunk-length {length}: aligner 'qwen3' takes up to 300 s at once; choose 6 to 300" in done.err
    else:
        assert len(done.out.splitlines()) == len(text.split())
