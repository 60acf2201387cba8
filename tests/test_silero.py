"""The model of voice activity with its graph written anew says what the published one says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faster_whisper
import numpy as np
import onnxruntime
import pytest

from asrcli.audio.decode import decode
from asrcli.audio.silero import CONTEXT, MODEL_FILE, STATE, WINDOW
from asrcli.audio.silero_graph import rewritten
from asrcli.types import SAMPLE_RATE, Recording

PUBLISHED = (Path(faster_whisper.__file__).parent / MODEL_FILE).read_bytes()


def session(model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def answers(model: Any, windows: Any, at_once: int) -> list[Any]:
    """Return the probabilities of all windows, given so many at once, and the last state."""
    state, found = [np.zeros(STATE, np.float32)] * 2, []
    for at in range(0, len(windows), at_once):
        inputs = {"input": windows[at : at + at_once], "h": state[0], "c": state[1]}
        probabilities, *state = model.run(None, inputs)
        found.append(probabilities.reshape(-1))
    return [np.concatenate(found), *state]


def test_the_graph_written_anew_says_the_same_however_many_windows_it_gets(
    digit_strings: list[tuple[Path, str]],
) -> None:
    said = np.concatenate([block for path, _ in digit_strings[:4] for block in decode(Recording(str(path)), print)])
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32)
    clipped = np.clip(said[: 3 * SAMPLE_RATE] * 40, -1, 1)
    sound = np.concatenate([said, noise, np.zeros(SAMPLE_RATE, np.float32), said * np.float32(0.02), clipped])
    windows = np.lib.stride_tricks.sliding_window_view(sound, CONTEXT + WINDOW)[::WINDOW].copy()
    expected = answers(session(PUBLISHED), windows, 64)
    assert (expected[0] > 0.9).any()
    assert (expected[0] < 0.01).any()
    written = session(rewritten(PUBLISHED))
    found = answers(written, windows, 64)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=5e-5)
    for at_once in (1, 7, len(windows)):
        other = answers(written, windows, at_once)
        assert all(np.array_equal(*pair) for pair in zip(other, found, strict=True)), at_once


def test_a_model_with_other_weights_stays_as_it_is() -> None:
    other = PUBLISHED.replace(b"encoder.conv_layers.2.weight", b"encoder.conv_stacks.2.weight")
    assert other != PUBLISHED
    assert rewritten(other) == other
    assert [one.name for one in session(other).get_inputs()] == ["input", "h", "c"]
