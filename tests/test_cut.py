"""Properties of clips, on real speech and on synthetic streams."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.remembered import remembered_voice_activity

from asrcli.audio.cut import CutOptions, CutSummary, cut
from asrcli.audio.decode import decode
from asrcli.audio.vad import VadOptions, speech_regions
from asrcli.types import SAMPLE_RATE, Clip, Recording

RECORDING = Recording("talk.wav")


def load(path: Path) -> Any:
    return np.concatenate(list(decode(Recording(str(path)), print)))


@pytest.fixture(autouse=True, scope="module")
def remembered() -> Iterator[None]:
    """Most tests cut the same two recordings, and the model is most of their time."""
    with remembered_voice_activity():
        yield


@pytest.fixture(scope="module")
def talk(digit_strings: list[tuple[Path, str]]) -> Any:
    """Return two minutes of speech with pauses of 0.05 to 5 s, `(n,)`."""
    random = np.random.default_rng(0)
    pieces = [random.normal(0, 1e-3, 20_000)]
    for path, _ in digit_strings:
        pieces += [load(path), random.normal(0, 1e-3, round(random.choice([0.05, 0.3, 0.6, 1.5, 5.0]) * SAMPLE_RATE))]
    return np.concatenate(pieces).astype(np.float32)


@pytest.fixture(scope="module")
def monologue(digit_strings: list[tuple[Path, str]]) -> Any:
    """Return speech whose longest pause is 0.1 s, `(n,)`."""
    loud = []
    for path, _ in digit_strings:
        samples = load(path)
        for region in speech_regions(samples, VadOptions(min_silence=0.1, pad=0.05)):
            loud.append(samples[round(region.start * SAMPLE_RATE) : round(region.end * SAMPLE_RATE)])
    return np.concatenate(loud)


def in_blocks(samples: Any, size: int) -> Iterator[Any]:
    return (samples[at : at + size] for at in range(0, len(samples), size))


def clips_of(samples: Any, options: CutOptions, recording: Recording = RECORDING) -> tuple[list[Clip], CutSummary]:
    summary = CutSummary()
    return list(cut(in_blocks(samples, 160_000), recording, options, summary)), summary


def check(samples: Any, clips: list[Clip], summary: CutSummary, options: CutOptions) -> None:
    """Assert everything that the docstrings promise."""
    longest = min(options.max_seconds, options.memory_seconds)
    offset = round(clips[0].recording.start * SAMPLE_RATE) if clips else 0
    end = 0.0
    for clip in clips:
        assert 0 < clip.seconds <= longest + 1e-9
        assert clip.start >= end - 1e-9, "clips overlap"
        end = clip.end
        at = round(clip.start * SAMPLE_RATE) - offset
        assert (clip.samples == samples[at : at + len(clip.samples)]).all()
        for region in clip.speech:
            assert clip.start - 1e-9 <= region.start <= region.end <= clip.end + 1e-9
    assert summary.seconds == len(samples) / SAMPLE_RATE
    for region in summary.speech:
        covered = sum(max(0.0, min(one.end, region.end) - max(one.start, region.start)) for one in clips)
        assert covered == pytest.approx(region.seconds, abs=1e-6), f"{region} is not in any clip"
        marked = sum(
            max(0.0, min(one.end, region.end) - max(one.start, region.start)) for clip in clips for one in clip.speech
        )
        assert marked == pytest.approx(region.seconds, abs=1e-6), f"{region} is not marked"


LENGTHS = (1.0, 2.0, 5.0, 15.0, 30.0, 38.0, 300.0, math.inf)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "start", "max_seconds"),
    [
        (*one, length)
        for one in (("talk", 0.0), ("talk", 12.34), ("monologue", 0.0), ("monologue", 12.34))
        for length in LENGTHS
    ],
)
def test_promises_hold(request: pytest.FixtureRequest, source: str, start: float, max_seconds: float) -> None:
    samples = request.getfixturevalue(source)
    recording = replace(RECORDING, start=start)
    for options in (
        CutOptions(max_seconds),
        CutOptions(max_seconds, max_gap=math.inf, pad=0.0),
        CutOptions(max_seconds, target=max(1.0, min(max_seconds, 60.0) / 2), max_gap=0.5, pad=0.5),
        CutOptions(max_seconds, vad=VadOptions(min_silence=2.0, pad=0.4)),
        CutOptions(max_seconds, memory_seconds=20.0),
        CutOptions(max_seconds, vad=None),
    ):
        clips, summary = clips_of(samples, options, recording)
        check(samples, clips, summary, options)
        assert clips[0].start >= start


@settings(max_examples=15)
@given(
    sizes=st.lists(st.integers(0, 500_000), min_size=1, max_size=20),
    max_seconds=st.floats(1, 40),
    target=st.none() | st.floats(1, 40),
    max_gap=st.floats(0, 5),
    pad=st.floats(0, 1),
    voice=st.booleans(),
    level_range=st.none() | st.floats(0, 10),
)
@example(sizes=[0], max_seconds=6.0, target=None, max_gap=0.0, pad=1.0, voice=True, level_range=None)  # pads meet
# The next region is not known yet.
@example(sizes=[0], max_seconds=36.0, target=1.0, max_gap=0.0, pad=1.0, voice=True, level_range=None)
def test_blocks_do_not_change_clips(
    talk: Any,
    sizes: list[int],
    max_seconds: float,
    target: float | None,
    max_gap: float,
    pad: float,
    voice: bool,
    level_range: float | None,
) -> None:
    talk = talk[: 40 * SAMPLE_RATE]
    options = CutOptions(max_seconds, target, max_gap, pad, VadOptions() if voice else None, level_range=level_range)
    edges = np.cumsum([0, *sizes, len(talk)])
    blocks = [talk[one:other] for one, other in pairwise(edges)]
    clips = list(cut(blocks, RECORDING, options))
    again, summary = clips_of(talk, options)
    assert [(one.start, len(one.samples), one.speech) for one in clips] == [
        (one.start, len(one.samples), one.speech) for one in again
    ]
    check(talk, clips, summary, options)


@pytest.mark.slow
def test_regions_are_those_of_the_detector(talk: Any) -> None:
    _, summary = clips_of(talk, CutOptions(5.0))
    assert summary.speech == speech_regions(talk)


@pytest.mark.parametrize("voice", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_silence_yields_no_clips_with_voice_activity_and_all_of_it_without(voice: bool) -> None:
    silence = np.zeros(100 * SAMPLE_RATE, np.float32)
    clips, summary = clips_of(silence, CutOptions(30.0) if voice else CutOptions(30.0, vad=None))
    assert summary.seconds == 100 and summary.speech == []
    assert sum(clip.seconds for clip in clips) == pytest.approx(0 if voice else 100)


def test_nothing_yields_nothing() -> None:
    assert clips_of(np.zeros(0, np.float32), CutOptions()) == ([], CutSummary(silent=True))


@pytest.mark.parametrize("count", [1, 511, 512, 513, 32_767, 32_768, 32_769])
def test_without_voice_activity_every_sample_is_kept_once(count: int) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, count).astype(np.float32)
    clips, _ = clips_of(samples, CutOptions(1.0, vad=None))
    assert (np.concatenate([clip.samples for clip in clips]) == samples).all()


@pytest.mark.slow
def test_clips_are_packed_densely(digit_strings: list[tuple[Path, str]]) -> None:
    """Phrases with pauses of half a second fill windows of 30 s by three quarters or more."""
    pause = np.zeros(8_000, np.float32)
    samples = np.concatenate([piece for path, _ in digit_strings * 2 for piece in (load(path), pause)])
    clips, _ = clips_of(samples, CutOptions(30.0))
    assert len(clips) > 4
    assert min(clip.seconds for clip in clips[:-1]) >= 0.75 * 30 - 0.8


def test_a_long_silence_ends_a_clip(digit_strings: list[tuple[Path, str]]) -> None:
    phrase, silence = load(digit_strings[0][0]), np.zeros(4 * SAMPLE_RATE, np.float32)
    samples = np.concatenate([phrase, silence, phrase])
    assert len(clips_of(samples, CutOptions(60.0, max_gap=2.0))[0]) == 2
    assert len(clips_of(samples, CutOptions(60.0, max_gap=6.0))[0]) == 1


def test_each_region_may_be_a_clip(talk: Any) -> None:
    """However near the next one is; a region that is too long is cut all the same."""
    clips, summary = clips_of(talk, CutOptions(30.0, max_gap=0.0))
    assert len(summary.speech) > 20 and [one for clip in clips for one in clip.speech] == summary.speech
    assert all(len(clip.speech) == 1 for clip in clips)
    assert all(before.end <= after.start + 1e-6 for before, after in pairwise(clips))


@pytest.mark.parametrize(("quieter", "offset", "count"), [(6.0, 0.0, 1), (20.0, 0.0, 3), (20.0, 0.4, 3)])
def test_what_is_much_quieter_is_a_clip_of_its_own(
    digit_strings: list[tuple[Path, str]], quieter: float, offset: float, count: int
) -> None:
    """An engine that levels a whole clip does not recognise what is quiet beside what is loud."""
    phrase, pause = load(digit_strings[0][0]), np.zeros(SAMPLE_RATE // 2, np.float32)
    soft = phrase * np.float32(10 ** (-quieter / 20))
    samples = np.concatenate([phrase, pause, soft, pause, phrase]) + np.float32(offset)
    clips, summary = clips_of(samples, CutOptions(30.0, max_gap=2.0, level_range=10.0))
    assert len(clips) == count and [one for clip in clips for one in clip.speech] == summary.speech
    assert len(clips_of(samples, CutOptions(30.0, max_gap=2.0))[0]) == 1


def test_regions_in_noise_are_clips_of_their_own(digit_strings: list[tuple[Path, str]]) -> None:
    phrase, pause = load(digit_strings[0][0]), np.zeros(SAMPLE_RATE // 2, np.float32)
    plain = np.concatenate([phrase, pause, phrase])
    noise = np.random.default_rng(0).standard_normal(len(plain)).astype(np.float32)
    options = CutOptions(30.0, max_gap=2.0, level_range=10.0)
    counts = []
    for ratio in (20, 0):  # dB of the speech, pauses included, above the noise
        noisy = plain + noise * plain.std() * np.float32(10 ** (-ratio / 20))
        clips, summary = clips_of(noisy, options)
        counts.append((len(clips), len(summary.speech)))
    assert counts[0][0] == 1 and counts[1][0] == counts[1][1] > 1


def test_no_clip_ends_inside_speech_when_pauses_are_near(talk: Any) -> None:
    """With a pause at least every 10 s, clips of 30 s are cut in pauses only: no cut has speech right beside it."""
    clips, summary = clips_of(talk, CutOptions(30.0))
    assert len(clips) > 3
    whole = {(one.start, one.end) for one in summary.speech}
    assert {(one.start, one.end) for clip in clips for one in clip.speech} <= whole


def test_without_a_pause_the_cut_is_at_the_quietest_moment() -> None:
    """Noise that never pauses, but for one dip of 64 ms to a tenth of its level."""
    noise = np.random.default_rng(0).normal(0, 0.1, 40 * SAMPLE_RATE).astype(np.float32)
    dip = slice(round(22.4 * SAMPLE_RATE), round(22.5 * SAMPLE_RATE))
    noise[dip] *= 0.1
    clips, _ = clips_of(noise, CutOptions(30.0, vad=None))
    assert 22.4 < clips[0].end < 22.5


def test_a_cut_inside_speech_prefers_what_the_model_calls_no_speech(monologue: Any) -> None:
    """Cuts in a monologue lie where the model hears no speech."""
    from asrcli.audio.vad import SpeechDetector

    options = CutOptions(10.0)
    clips, _ = clips_of(monologue, options)
    detector = SpeechDetector(VadOptions(), keep_seconds=1e9)
    detector.feed(monologue)
    everything = detector.probabilities(0, 1e9)
    at_cuts = [detector.probabilities(clip.end - 0.032, clip.end)[:1] for clip in clips[:-1]]
    assert len(at_cuts) >= 4
    assert np.concatenate(at_cuts).max() < VadOptions().end_threshold
    assert (everything < VadOptions().end_threshold).mean() ** len(at_cuts) < 0.05, "chance would do it"


def test_a_pause_is_quiet_whatever_voice_activity_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loud words that the model takes for none do not end a clip: a shorter pause does, which is quiet."""
    noise = np.random.default_rng(0).normal(0, 0.1, 40 * SAMPLE_RATE).astype(np.float32)
    noise[round(23.0 * SAMPLE_RATE) : round(23.3 * SAMPLE_RATE)] *= 0.01
    seen = 0

    def feed(self: object, samples: np.ndarray) -> np.ndarray:
        nonlocal seen
        first, seen = seen, seen + len(samples) // 512
        at = np.arange(first, seen) * 512 / SAMPLE_RATE
        return np.where((at > 25.0) & (at < 25.35), 0.05, np.where((at > 23.0) & (at < 23.3), 0.05, 0.95))

    monkeypatch.setattr("asrcli.audio.vad.Silero.feed", feed)
    clips, _ = clips_of(noise, CutOptions(30.0))
    assert 23.0 < clips[0].end < 23.3


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [5, 20])
@pytest.mark.parametrize("kind", ["speech", "noise", "silence"])
def test_memory_is_bounded_on_an_endless_stream(monologue: Any, kind: str, minutes: int) -> None:
    """No more is held than the longest clip needs, whatever a stream is made of (all of 5 minutes would be 19 MB)."""
    block = {
        "noise": np.random.default_rng(0).normal(0, 0.1, 160_000).astype(np.float32),
        "speech": np.resize(monologue, 160_000),
        "silence": np.zeros(160_000, np.float32),
    }[kind]
    options = CutOptions(10.0, vad=None) if kind == "noise" else CutOptions(10.0)

    def stream() -> Iterator[Any]:
        for _ in range(minutes * 6):
            yield block.copy()

    summary = CutSummary()
    tracemalloc.start()
    try:
        for clip in cut(stream(), RECORDING, options, summary):
            assert clip.seconds <= 10
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert summary.seconds == minutes * 60
    assert peak < 12e6


@pytest.mark.slow
def test_clips_come_while_the_stream_runs(talk: Any) -> None:
    """A clip is given out before 30 s more have been read: a live transcription does not wait for the end."""
    taken = 0

    def stream() -> Iterator[Any]:
        nonlocal taken
        for block in in_blocks(np.tile(talk, 2), 16_000):
            taken += len(block)
            yield block

    behind = [taken / SAMPLE_RATE - clip.end for clip in cut(stream(), RECORDING, CutOptions(20.0))]
    assert max(behind) < 30


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 s"):
        CutOptions(0.5)
    with pytest.raises(ValueError, match="twice"):
        CutOptions(vad=VadOptions(min_silence=0.1, pad=0.2))
