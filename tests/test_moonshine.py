"""Moonshine: its loops, its tokens, and its real weights where the package that carries them is installed."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
from asr_plugins import moonshine
from asr_plugins.moonshine import Moonshine, conditioned, read_tokens, without_loop
from hypothesis import given
from hypothesis import strategies as some

from asrcli.engine import Device, Weights
from asrcli.errors import ModelError
from asrcli.types import SAMPLE_RATE, Clip, Flag, Options, Recording, Region
from asrcli.weights import models
from tests.clips import clip, noise, silence

DIGITS = Path(__file__).parent / "data/digits"


@pytest.fixture(scope="module")
def weights() -> Weights:
    if not models.is_here(Moonshine):
        pytest.skip("needs moonshine-voice, which carries the weights")
    return models.resolve(Moonshine, None, offline=True, pull=False, announce=print)


@pytest.fixture(scope="module")
def engine(weights: Weights) -> Moonshine:
    return Moonshine(weights, Device(threads=1))


@given(
    some.lists(some.integers(3, 9), max_size=8),
    some.lists(some.integers(10, 99), min_size=1, max_size=6, unique=True),
    some.integers(3, 9),
)
def test_a_loop_is_cut_to_one_round(before: list[int], loop: list[int], rounds: int) -> None:
    assert without_loop(before + loop * rounds) == (before + loop, True)
    assert without_loop(before + loop)[0] == before + loop or len(loop) == 1 or len(before) >= 3


@given(some.lists(some.integers(), unique=True))
def test_what_does_not_repeat_is_left(tokens: list[int]) -> None:
    assert without_loop(tokens) == (tokens, False)


def test_tokens_of_one_and_two_bytes_of_length(tmp_path: Path) -> None:
    tokens = [b"<unk>", b"<s>", b"</s>", b"", b"a" * 127, b"b" * 128, b"c" * 300]
    data = b"".join(
        (bytes([len(one)]) if len(one) < 128 else bytes([128 + len(one) % 128, len(one) // 128])) + one
        for one in tokens
    )
    (tmp_path / "t").write_bytes(data)
    assert read_tokens(tmp_path / "t") == tokens
    for damaged in (data[:-1], b"", data + b"\xff", b"\x05<unk>"):
        (tmp_path / "t").write_bytes(damaged)
        with pytest.raises(ModelError, match="damaged"):
            read_tokens(tmp_path / "t")


@pytest.mark.parametrize("name", [moonshine.ENCODER, moonshine.DECODER, moonshine.TOKENS])
def test_damaged_and_missing_files_are_one_line(weights: Weights, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(str(weights.path), folder)
    (folder / name).write_bytes(b"\x80" * 1000)
    for _ in range(2):
        with pytest.raises(ModelError, match=name) as caught:
            Moonshine(Weights("folder", str(folder)), Device(threads=1))
        assert "\n" not in str(caught.value)
        (folder / name).unlink(missing_ok=True)


def test_its_own_gate(engine: Moonshine) -> None:
    """The model alone writes something on each of these."""
    for one in (silence(5.0), noise(5.0, 20.0), noise(5.0, 60.0), silence(0.0)):
        assert engine.transcribe([one], Options()) == [[]]


def test_times_are_those_of_the_speech(engine: Moonshine) -> None:
    one = clip(DIGITS / "string00.wav")
    later = replace(one, start=100.0, speech=(Region(100.2, 100.9), Region(101.0, 100.0 + one.seconds + 1)))
    [[heard]] = engine.transcribe([later], Options())
    assert (heard.start, heard.end) == (pytest.approx(0.2), one.seconds)
    padded = replace(one, samples=np.concatenate([np.zeros(16_000, np.float32), one.samples]))
    [[heard]] = engine.transcribe([padded], Options())
    assert 0.7 <= heard.start <= 1.3 and heard.end > 1.3 and heard.score is not None


def test_a_text_cut_at_the_limit_is_flagged(engine: Moonshine, monkeypatch: pytest.MonkeyPatch) -> None:
    one = clip(DIGITS / "string00.wav")
    [[whole]] = engine.transcribe([one], Options())
    assert whole.flags == ()
    monkeypatch.setattr(moonshine, "MOST_TOKENS", 2)
    [[cut]] = engine.transcribe([one], Options(engine_options=(("low_confidence", 0.67),)))
    assert cut.flags == (Flag.TRUNCATED.value, Flag.LOW_CONFIDENCE.value) and whole.text.startswith(cut.text)
    monkeypatch.setattr(engine, "_write", lambda samples, limit: ([1000, 2000, 3000] + [4000] * 9, [-0.1] * 12))
    [[looped]] = engine.transcribe([one], Options())
    assert set(looped.flags) == {Flag.TRUNCATED.value, Flag.REPEAT_LOOP.value}
    assert looped.text == engine._text([1000, 2000, 3000, 4000])


def test_four_doubtful_words_among_many_flag_a_text(engine: Moonshine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a word of several tokens is as likely as all of them, and a limit of its own may be given."""
    first = [token for token, data in enumerate(engine._tokens) if data.startswith(moonshine.SPACE) and len(data) > 5]
    rest = next(token for token, data in enumerate(engine._tokens) if data.isalpha() and token >= moonshine.SPECIAL)
    tokens = [*first[:20], rest, moonshine.END]
    one = clip(DIGITS / "string00.wav")

    def flags(scores: Sequence[float], *given: tuple[str, float]) -> tuple[str, ...]:
        monkeypatch.setattr(engine, "_write", lambda samples, limit: (tokens, [math.log(score) for score in scores]))
        [[found]] = engine.transcribe([one], Options(engine_options=given or None))
        assert found.score is not None and found.score > 0.8
        return found.flags

    lost = [*[0.95] * 9, 0.5, 0.6, 0.4, 0.7, *[0.95] * 9]
    assert flags(lost) == ("low_confidence",)
    assert flags([0.95] * 22) == flags(lost, ("low_confidence", 0.5)) == ()
    assert flags([*[0.95] * 16, 0.65, 0.65, 0.65, 0.5, 0.5, 0.9]) == ("low_confidence",), "the last word has two tokens"
    assert flags([*[0.95] * 16, 0.65, 0.65, 0.65, 0.5, 1.0, 0.9]) == ()


@pytest.mark.parametrize(("scores", "doubtful"), [((0.3,), True), ((0.4,), False), ((0.5, 0.5), True), ((0.9,), False)])
def test_a_text_of_few_words_is_flagged_when_they_are_unlikely(scores: tuple[float, ...], doubtful: bool) -> None:
    assert (moonshine.least_sure(scores) < moonshine.DOUBTFUL) == doubtful


@pytest.mark.parametrize(
    ("scores", "doubtful"),
    [((0.9, 0.52) * 6, False), ((0.8, 0.56) * 6, True), ((0.9, 0.6) * 6, False), ((*[0.5] * 3, *[0.95] * 9), False)],
)
def test_a_text_of_which_all_is_doubtful_is_flagged(scores: tuple[float, ...], doubtful: bool) -> None:
    assert (moonshine.least_sure(scores) < moonshine.DOUBTFUL) == doubtful


def test_text_that_it_is_not_sure_of_is_flagged(engine: Moonshine) -> None:
    """The same digits, plain and under noise as loud as it is twice over."""
    samples = clip(DIGITS / "string00.wav").samples
    noise = np.random.default_rng(0).normal(0, 2 * samples.std(), len(samples)).astype(np.float32)
    speech = (Region(0.0, len(samples) / SAMPLE_RATE),)
    plain, noisy = (
        engine.transcribe([replace(clip(DIGITS / "string00.wav"), samples=one, speech=speech)], Options())[0][0]
        for one in (samples, samples + noise)
    )
    assert plain.flags == () and plain.score is not None and plain.score >= 0.7
    assert Flag.LOW_CONFIDENCE in noisy.flags and noisy.score is not None and noisy.score < 0.7


@pytest.fixture(scope="module")
def spoken(engine: Moonshine) -> tuple[np.ndarray, str]:
    """Return five seconds of a novel and what the engine hears in them."""
    wheel = Path(str(distribution("moonshine-voice").locate_file("moonshine_voice/assets/two_cities.wav")))
    samples = clip(wheel).samples[: 5 * SAMPLE_RATE]
    text = hear(engine, samples)
    assert text.startswith("It was the best of times, it was the worst of times")
    return samples, text


def hear(engine: Moonshine, samples: np.ndarray) -> str:
    """Return the text of samples that are speech from end to end."""
    whole = (Region(0.0, len(samples) / SAMPLE_RATE),)
    return engine.transcribe([Clip(Recording("a.wav"), 0.0, samples.astype(np.float32), whole)], Options())[0][0].text


@pytest.mark.parametrize(("factor", "offset"), [(0.002, 0.0), (0.05, 0.6), (0.2, "step"), (0.2, "drift")], ids=str)
def test_neither_an_offset_nor_a_low_level_changes_the_text(
    engine: Moonshine, spoken: tuple[np.ndarray, str], factor: float, offset: float | str
) -> None:
    """The model gets the samples themselves, not bands of frequency."""
    samples, text = spoken
    clock = np.arange(len(samples)) / SAMPLE_RATE
    shapes = {"step": np.where(clock < 2.5, 0.0, 0.3), "drift": 0.3 * np.sin(2 * np.pi * 2 * clock)}
    added = shapes[offset] if isinstance(offset, str) else offset
    assert hear(engine, samples * factor + added) == text


@given(some.integers(1, 5000), some.floats(-0.5, 0.5), some.floats(1e-4, 0.5))
def test_what_the_model_gets_has_no_offset_and_a_level(length: int, offset: float, level: float) -> None:
    samples = (offset + level * np.random.default_rng(length).standard_normal(length)).astype(np.float32)
    got = conditioned(samples)
    assert got.shape == samples.shape
    assert got.dtype == np.float32
    assert np.isfinite(got).all()
    if length >= 2000:
        assert abs(got.mean()) < 0.1 * got.std()
        assert got.std() == pytest.approx(max(0.002, level), rel=0.1)
