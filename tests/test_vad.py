"""Speech regions agree with faster-whisper's reading of the same model, and do not depend on how samples arrive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asrcli.audio import silero
from asrcli.audio.conditioning import Conditioner
from asrcli.audio.decode import decode
from asrcli.audio.silero import CONTEXT, PRIMING, STATE, WINDOW
from asrcli.audio.vad import STEP, SpeechDetector, VadOptions, speech_regions
from asrcli.companions import SpeechStream
from asrcli.pipeline.flags import gaps
from asrcli.streaming.listener import Endpointer, Piece
from asrcli.types import SAMPLE_RATE, Recording, Region

OPTIONS = [
    VadOptions(),
    VadOptions(threshold=0.5, min_speech=0.0, min_silence=2.0, pad=0.4),  # faster-whisper's defaults
    VadOptions(threshold=0.3, min_speech=0.1, min_silence=0.1, pad=0.03),  # Silero's, and a low threshold
    VadOptions(threshold=0.5, min_speech=0.0, min_silence=0.1, pad=0.4),  # pads that meet
    VadOptions(threshold=0.7, min_speech=0.5, min_silence=0.0, pad=0.0),
]


def load(path: Path) -> Any:
    return np.concatenate(list(decode(Recording(str(path)), print)))


@pytest.fixture(scope="module")
def talk(digit_strings: list[tuple[Path, str]]) -> Any:
    """Return about half a minute of speech with pauses of different lengths, `(n,)`."""
    random = np.random.default_rng(0)
    pieces = []
    for number, (path, _) in enumerate(digit_strings[:8]):
        pause = random.normal(0, 1e-3, round((0.05 + 0.35 * number) * SAMPLE_RATE))
        pieces += [load(path), pause.astype(np.float32)]
    return np.concatenate(pieces)


def oracle(samples: Any, options: VadOptions) -> list[tuple[int, int]]:
    """Return the regions, in samples, that faster-whisper finds in what the model sees, a second of silence before."""
    from faster_whisper.vad import VadOptions as TheirOptions
    from faster_whisper.vad import get_speech_timestamps

    theirs = TheirOptions(
        threshold=options.threshold,
        min_speech_duration_ms=options.min_speech * 1000,
        min_silence_duration_ms=options.min_silence * 1000,
        speech_pad_ms=options.pad * 1000,
    )
    before = PRIMING * WINDOW
    seen = np.concatenate([np.zeros(before, np.float32), Conditioner().feed(samples)])
    found = get_speech_timestamps(seen, theirs)
    return [(max(0, one["start"] - before), one["end"] - before) for one in found]


def in_samples(regions: list[Region]) -> list[tuple[int, int]]:
    return [(round(one.start * SAMPLE_RATE), round(one.end * SAMPLE_RATE)) for one in regions]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "strings"),
    [
        *((one, 4) for one in OPTIONS[:2]),
        (OPTIONS[-1], 24),  # it finds few regions
        *((one, 24) for one in OPTIONS[:-1]),
    ],
    ids=str,
)
def test_regions_agree_with_faster_whisper(
    talk: Any, digit_strings: list[tuple[Path, str]], options: VadOptions, strings: int
) -> None:
    paths = [path for path, _ in digit_strings[:strings]]
    recordings = [talk, *map(load, paths), talk[:STEP], talk[: 100 * WINDOW], talk[:700]]
    found = 0
    for samples in recordings:
        regions = speech_regions(samples, options)
        assert in_samples(regions) == oracle(samples, options)
        found += len(regions)
    assert found >= 5


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_regions_of_real_recordings_agree_with_faster_whisper(shared: Path, options: VadOptions) -> None:
    files = sorted((shared / "audio").glob("*/*.wav"))
    assert len(files) >= 10
    for path in files:
        samples = load(path)
        assert in_samples(speech_regions(samples, options)) == oracle(samples, options), path.name


@pytest.mark.slow
@settings(max_examples=25)
@given(sizes=st.lists(st.integers(0, 60_000), min_size=1, max_size=40), which=st.integers(0, len(OPTIONS) - 1))
def test_blocks_do_not_change_regions(talk: Any, sizes: list[int], which: int) -> None:
    detector = SpeechDetector(OPTIONS[which])
    found, at = [], 0
    for size in sizes:
        found += detector.feed(talk[at : at + size])
        at += size
    found += detector.feed(talk[at:]) + detector.finish()
    assert found == speech_regions(talk, OPTIONS[which])


@pytest.mark.slow
def test_regions_are_ordered_apart_and_inside(talk: Any) -> None:
    for options in OPTIONS:
        edges = [edge for one in speech_regions(talk, options) for edge in (one.start, one.end)]
        assert edges == sorted(edges)
        assert min(edges, default=0) >= 0 and max(edges, default=0) <= len(talk) / SAMPLE_RATE


def test_a_region_is_given_out_as_soon_as_it_is_final(talk: Any) -> None:
    """The stream is not hoarded: a region comes at most a step and the least silence after its end."""
    detector = SpeechDetector(VadOptions())
    for at in range(0, len(talk), 1600):
        for region in detector.feed(talk[at : at + 1600]):
            assert (at + 1600) / SAMPLE_RATE - region.end < STEP / SAMPLE_RATE + 0.4 + 0.2


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.5, pytest.param(30.0, marks=pytest.mark.slow)])
def test_silence_and_noise_are_no_speech(seconds: float) -> None:
    count = round(seconds * SAMPLE_RATE)
    noise = np.random.default_rng(0).normal(0, 0.05, count).astype(np.float32)
    assert speech_regions(np.zeros(count, np.float32)) == []
    assert speech_regions(noise) == []


@pytest.mark.slow
def test_probabilities_of_the_last_minutes_are_kept(talk: Any) -> None:
    detector = SpeechDetector(VadOptions(), keep_seconds=1e9)
    detector.feed(talk)
    everything = detector.probabilities(0, 1e9)
    assert len(everything) == detector.position // WINDOW
    assert (everything >= 0).all() and (everything <= 1).all()
    short = SpeechDetector(VadOptions(), keep_seconds=5)
    short.feed(talk)
    end = short.position / SAMPLE_RATE
    assert (short.probabilities(end - 4, end) == everything[-125:]).all()
    assert len(short.probabilities(0, end)) < 5 * 32 + 2 * STEP // WINDOW
    speech = detector.probabilities(*_longest(talk))
    assert speech.mean() > 0.5 > detector.probabilities(0, 1e9).min()


def _longest(talk: Any) -> tuple[float, float]:
    region = max(speech_regions(talk), key=lambda one: one.seconds)
    return region.start, min(region.end, len(talk) // STEP * STEP / SAMPLE_RATE)


def test_the_model_is_found_without_importing_faster_whisper() -> None:
    code = (
        "import sys, numpy as np\nfrom asrcli.audio.vad import speech_regions\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "print(speech_regions(np.zeros(16000, np.float32)))\n"
        "assert not {'faster_whisper', 'ctranslate2', 'torch', 'tokenizers'} & set(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (0, "[]\n"), run.stderr


def test_a_stream_finds_what_a_recording_does(talk: Any) -> None:
    """The model is asked again about 2 s in which it finds nothing, in a stream, too, which is decided on in parts."""
    coarse = (np.round(talk * 12) / 12).astype(np.float32)
    under_a_tone = talk + 0.7 * np.sin(1400 * np.pi * np.arange(len(talk)) / SAMPLE_RATE)
    for samples in (coarse, (under_a_tone / np.abs(under_a_tone).max()).astype(np.float32)):
        stream = Endpointer(VadOptions())
        events = [one for at in range(0, len(samples), 1600) for one in stream.feed(samples[at : at + 1600])]
        pieces = [one for one in (*events, *stream.finish()) if isinstance(one, Piece)]
        given = [Region(one.start, one.start + len(one.samples) / SAMPLE_RATE) for one in pieces]
        assert stream.speech == speech_regions(samples) and not gaps(stream.speech, given, 0.001)


class Deaf:
    """A model that loud sound makes deaf, and that finds speech in noise once it has heard 2 s of that."""

    def run(self, _names: None, inputs: dict[str, Any]) -> tuple[Any, Any, Any]:
        """Return a probability for each window, and the state: seconds of noise, and whether there was loud sound."""
        state, found = inputs["h"].copy(), []
        for window in inputs["input"]:
            loudest = np.abs(window[CONTEXT:]).max()
            state[0, 0, 1] = max(state[0, 0, 1], loudest > 0.5)
            state[0, 0, 0] += 0.032 * (loudest > 0)
            found.append(float(loudest > 0.1 and state[0, 0, 0] > 2 and not state[0, 0, 1]))
        return np.array(found, np.float32)[:, None], state, inputs["c"]


@pytest.mark.parametrize("step", [8, 64])
def test_a_model_deaf_from_loud_sound_gets_to_know_the_noise_after_it(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again from 4 s before, too: in 2 s it does not know the noise."""
    nothing = np.zeros(STATE, np.float32)
    monkeypatch.setattr(silero, "_session", Deaf)
    monkeypatch.setattr(silero, "_silence_before", lambda: (nothing, nothing))
    sound = np.full(320 * WINDOW, 0.05, np.float32)
    sound[: 64 * WINDOW] = 0.9
    sound[64 * 3 * WINDOW :] = 0.2
    stream, answers = silero.Silero(), np.zeros(0, np.float32)
    for at in range(0, len(sound), step * WINDOW):
        found = stream.feed(sound[at : at + step * WINDOW])
        answers = np.concatenate([answers[: len(answers) - stream.revised], found])
    assert answers.tolist() == [0.0] * 192 + [1.0] * 128


class Corrected(SpeechStream):
    """Finds speech at first, then nothing in two calls, and with the fourth says that there was some in them, too."""

    def __init__(self) -> None:
        self.calls = 0

    def feed(self, samples: Any) -> Any:
        """Return 1 or 0 for each window."""
        self.calls += 1
        count = len(samples) // WINDOW
        self.revised = 2 * count if self.calls == 4 else 0
        return np.full(count + self.revised, float(self.calls in (1, 4)), np.float32)

    def finish(self, samples: Any) -> Any:
        """Find nothing."""
        return self.feed(samples)


@pytest.mark.parametrize("keep", [0.1, 100.0])
def test_what_is_taken_back_leaves_what_was_given_out_alone(keep: float) -> None:
    detector = SpeechDetector(VadOptions(), keep_seconds=keep, step=32 * WINDOW)
    detector._source = Corrected()
    sound = np.random.default_rng(0).normal(0, 0.1, 5 * 32 * WINDOW).astype(np.float32)
    sound[: 32 * WINDOW] *= 0.01  # one that goes on is no speech
    sound[4 * 32 * WINDOW :] = 0
    found = detector.feed(sound) + detector.finish()
    assert found[0] == Region(0.0, 1.224)
    assert found[1].start == pytest.approx(1.24) and found[1].end == pytest.approx(4.296)
    assert detector.position == len(sound) and len(detector.probabilities(0, 9)) <= (161 if keep > 1 else 64)
    assert detector.probabilities(4.096, 5).tolist() == [0.0] * 29
