"""Speech is found whatever its level and ground, nothing is found in noise, and an empty result is never silent."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_plugins.fake import Fake
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner
from audio_files import tone, write_wav
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import Run

from asrcli import transcribe
from asrcli.alignment.sound import Tape
from asrcli.alignment.windows import Pairing
from asrcli.audio.conditioning import FRAME, Conditioner, _low_cut, without_offset
from asrcli.audio.decode import decode
from asrcli.audio.standout import Standout
from asrcli.audio.steady import _middle
from asrcli.audio.vad import SpeechDetector, VadOptions, speech_regions
from asrcli.bench.sounds import mix, white
from asrcli.engine import Device, Weights
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.pipeline.flags import gaps
from asrcli.pipeline.no_speech import left_out, nothing_found
from asrcli.runs.align import align_pair
from asrcli.runs.align_plan import AlignRequest
from asrcli.streaming.listener import Endpointer, Listener, Listening, Piece
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Region, Segment, Timings

SAID = (
    "The train to the coast leaves from the third platform at half past nine.",
    "Nobody had told them that the bridge was closed for repairs until the spring.",
    "She put the letters back into the drawer and locked it with a small brass key.",
    "Most of the harvest was lost when the river came over its banks in September.",
    "If you want to be heard at the back of the hall, speak slowly and look up.",
    "The committee met on Tuesday to discuss the new plan for the harbour.",
)
LINE = "no speech was found in noise.wav (3.0 s of sound); --no-vad transcribes it anyway"


def load(path: Path) -> Any:
    return np.concatenate(list(decode(Recording(str(path)), print)))


def at_peak(samples: Any, decibels: float) -> Any:
    """Return samples at a peak of so many dB of full scale, as 16 bits hold them."""
    raised = samples / np.abs(samples).max() * 10 ** (decibels / 20)
    return (np.round(raised * 32768) / 32768).astype(np.float32)


def rumble(count: int) -> Any:
    """Return noise from 10 to 55 Hz with an RMS of 1, `(n,)`."""
    spectrum = np.fft.rfft(np.random.default_rng(3).standard_normal(count))
    pitch = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    spectrum[(pitch < 10) | (pitch > 55)] = 0
    sound = np.fft.irfft(spectrum, count)
    return (sound / sound.std()).astype(np.float32)


def pink(count: int) -> Any:
    """Return pink noise with an RMS of 1, `(n,)`."""
    spectrum = np.fft.rfft(np.random.default_rng(4).standard_normal(count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    sound = np.fft.irfft(spectrum, count)
    return (sound / sound.std()).astype(np.float32)


def found_share(samples: Any, wanted: Any) -> float:
    """Return how much of the windows wanted lies in regions."""
    covered = np.zeros(len(wanted), bool)
    for region in speech_regions(samples):
        covered[int(region.start * SAMPLE_RATE / FRAME) : int(region.end * SAMPLE_RATE / FRAME) + 1] = True
    return float((covered & wanted).sum() / wanted.sum())


@pytest.fixture(scope="module")
def talk(digit_strings: list[tuple[Path, str]]) -> Any:
    """Return a quarter of a minute of speech, `(n,)`."""
    faint = np.random.default_rng(0).normal(0, 1e-4, SAMPLE_RATE).astype(np.float32)
    return np.concatenate([piece for path, _ in digit_strings[:6] for piece in (faint, load(path))])


GROUNDS = {
    "0 dB": lambda talk: at_peak(talk, 0),
    "-30 dB": lambda talk: at_peak(talk, -30),
    "-45 dB": lambda talk: at_peak(talk, -45),
    "-55 dB": lambda talk: at_peak(talk, -55),
    "offset": lambda talk: at_peak(talk, -20) + np.float32(0.3),
    "quiet on an offset": lambda talk: at_peak(talk, -40) + np.float32(0.1),
    "rumble": lambda talk: at_peak(talk, -20) + np.float32(0.1) * rumble(len(talk)),
    "upside down": lambda talk: -talk,
}


@pytest.mark.parametrize(
    "ground", [pytest.param(one, marks=pytest.mark.slow if at % 2 else ()) for at, one in enumerate(GROUNDS)]
)
def test_speech_is_found_at_every_level_and_on_every_ground(talk: Any, ground: str) -> None:
    detector = SpeechDetector(VadOptions(), keep_seconds=1e9)
    detector.feed(talk)
    detector.finish()
    wanted = detector.probabilities(0, 1e9) >= 0.5
    assert wanted.mean() > 0.3
    assert found_share(GROUNDS[ground](talk), wanted) > 0.97


@pytest.mark.parametrize("offset", [0.0, 0.1, -0.3])
def test_engines_hear_quiet_speech_without_its_offset(
    talk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offset: float
) -> None:
    """In files, streams and alignments; with 200 times as much offset as speech Moonshine invented sentences."""
    quiet = at_peak(talk, -40)
    recording = Recording(str(write_wav(tmp_path / "quiet.wav", quiet + np.float32(offset))))
    clips, hear = [Tape(recording).clip(0.0, 30.0)], Fake._recognise

    def noted(self: Fake, clip: Clip, options: Options) -> list[Segment]:
        clips.append(clip)
        return hear(self, clip, options)

    monkeypatch.setattr(Fake, "_recognise", noted)
    list(transcribe(recording.path, engine="fake", model="pace=3"))  # with so many words nothing is heard again
    owner = LocalRecogniser(Choice(Fake, Weights("pace=3", None), Device("cpu")))
    listener = Listener(owner, recording, Options(), Listening(VadOptions()))
    list(listener.feed(load(Path(recording.path)), behind=True))
    list(listener.finish())
    assert len(clips) >= 3
    for clip in clips:
        first = round(clip.start * SAMPLE_RATE)
        left = clip.samples - quiet[first : first + len(clip.samples)]
        assert np.sqrt(np.square(left).mean()) < np.sqrt(np.square(quiet).mean()) / 4
        assert offset or not left.any() or np.abs(left).max() < 1e-4, "what lies about zero is left alone"


def test_an_offset_that_is_switched_on_and_a_slow_one_are_taken_away() -> None:
    clock = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    voice = (0.01 * np.sin(2 * np.pi * 150 * clock)).astype(np.float32)
    for offset in (0.2 * (clock > 2), 0.2 * np.sin(0.7 * clock), 0 * clock + 0.5):
        left = without_offset(voice + offset.astype(np.float32)) - voice
        assert np.sqrt(np.median(np.square(left))) < 0.001
    for samples in (voice, voice[:600], voice[:1] + 1, voice[:0], 0 * voice):
        assert without_offset(samples) is samples
    assert np.abs(without_offset(np.full(FRAME, 0.3, np.float32))).max() < 1e-6


@pytest.mark.parametrize("decibels", [0, -20, -40])
def test_noise_in_pauses_is_not_raised_to_speech(decibels: int) -> None:
    """Half a second, 40 dB above a second of noise, stays 12 dB above it in what the model sees, to the very end."""
    half = np.arange(8 * SAMPLE_RATE) // (SAMPLE_RATE // 2)
    burst, pause = half % 3 == 0, half % 3 == 2
    noise = np.random.default_rng(0).normal(0, 0.2, len(burst)).astype(np.float32) * np.float32(10 ** (decibels / 20))
    seen = np.square(Conditioner().feed(np.where(burst, noise, noise / 100).astype(np.float32)))
    late = np.arange(len(burst)) > 4 * SAMPLE_RATE
    assert 10 * np.log10(seen[burst & late].mean() / seen[pause & late].mean()) > 12


@pytest.mark.slow
def test_speech_in_noise_is_found_after_other_speech(tmp_path: Path) -> None:
    """The model has heard a loud voice and is deaf to one in noise 5 dB louder; asked anew, it finds half of it."""
    if not shutil.which("flite"):
        pytest.skip("needs flite")
    voices = []
    for number, text in enumerate(SAID):
        subprocess.run(["flite", "-voice", "slt", "-t", text, str(tmp_path / f"{number}.wav")], check=True)
        voices.append(load(tmp_path / f"{number}.wav"))
    hiss = np.random.default_rng(0).normal(0, 3e-4, SAMPLE_RATE).astype(np.float32)
    found = []
    for number, (first, second) in enumerate(pairwise(voices)):
        noisy = at_peak(mix(second, white(len(second), number), -5.0), -23)
        start = (len(first) + len(hiss)) / SAMPLE_RATE
        end = start + len(noisy) / SAMPLE_RATE
        regions = speech_regions(np.concatenate([at_peak(first, -3), hiss, noisy, hiss]))
        found.append(sum(max(0.0, min(one.end, end) - max(one.start, start)) for one in regions) / (end - start))
    assert np.mean(found) > 0.4, found


@cache
def sounds(seconds: int = 12) -> dict[str, Any]:
    """Return sounds that are no speech."""
    count = seconds * SAMPLE_RATE
    white = np.random.default_rng(1).standard_normal(count).astype(np.float32)
    found = {"silence": np.zeros(count, np.float32), "offset": np.full(count, 0.3, np.float32)}
    for decibels in (-20, -40, -60, -80):
        level = np.float32(10 ** (decibels / 20))
        found[f"white {decibels}"], found[f"pink {decibels}"] = level * white, level * pink(count)
        found[f"rumble {decibels}"] = level * rumble(count)
        for hertz in (50, 60, 440, 1000):
            found[f"{hertz} Hz {decibels}"] = tone(seconds, hertz=hertz, level=float(level))
        found[f"hum in noise {decibels}"] = tone(seconds, hertz=50, level=float(level)) + level * white * np.float32(
            0.03
        )
    return found


def hum(hertz: int, parts: tuple[int, ...], silence: float, noise: float, level: float = 0.1) -> Any:
    """Return six seconds of harmonics that begin at once after `silence` seconds, in `noise` times as much noise."""
    clock = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * hertz * part * clock) / part for part in parts)
    sound = np.concatenate([np.zeros(round(silence * SAMPLE_RATE)), buzz])
    sound += noise * np.random.default_rng(hertz).standard_normal(len(sound))
    return (level * sound / np.abs(sound).max()).astype(np.float32)


HUMS = {
    f"{hertz} Hz with {len(parts)} parts after {silence} s, noise {noise}": (hertz, parts, silence, noise)
    for hertz in (50, 60, 120, 180)
    for parts in ((1, 2, 3, 5), (1, 3, 5, 7, 9), (1, 2), (2, 4, 6))
    for silence, noise in ((0, 0), (0.1, 0.03), (1, 0), (3.001, 0.03))
}

# One in four in the quick suite; all kinds are among them.
NAMES, HUM_NAMES = (
    [pytest.param(one, marks=pytest.mark.slow if at % 4 else ()) for at, one in enumerate(all_of_them)]
    for all_of_them in (sounds(1), HUMS)
)


@pytest.mark.parametrize("name", [*NAMES, *HUM_NAMES])
def test_nothing_is_found_in_silence_noise_and_hum(name: str) -> None:
    assert speech_regions(np.clip(hum(*HUMS[name]) if name in HUMS else sounds()[name], -1, 1)) == []


def test_speech_is_found_in_hum_as_loud_as_it(digit_strings: list[tuple[Path, str]]) -> None:
    for path, _ in digit_strings[:6]:
        said = load(path)
        wanted = np.concatenate([np.zeros(94, bool), frames_of(said)])
        sound = np.pad(said, (94 * FRAME, SAMPLE_RATE))
        buzz = np.resize(hum(50, (1, 2, 3, 5), 0, 0), len(sound))
        buzz *= np.sqrt(np.square(said).mean() / np.square(buzz).mean())
        assert found_share(sound + buzz, wanted) > 0.9


def frames_of(samples: Any) -> Any:
    """Return which windows are speech where nothing else sounds."""
    detector = SpeechDetector(VadOptions(), keep_seconds=1e9)
    detector.feed(samples)
    detector.finish()
    return detector.probabilities(0, 1e9) >= 0.5


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_single_words_are_found(shared: Path, step: int) -> None:
    """At most one in a hundred recordings of one word is lost."""
    folders = (shared / "fsdd/recordings", "_[34].wav"), (shared / "flite-digits/recordings", "_[01234].wav")
    files = [path for folder, ending in folders for path in sorted(folder.glob(f"*{ending}"))]
    assert len(files) == 320
    files = files[::step]
    lost = [path.name for path in files if not speech_regions(load(path))]
    assert len(lost) <= len(files) / 100, lost


@pytest.mark.slow
def test_words_apart_are_found_in_files_and_streams(shared: Path) -> None:
    """60 words said 1.2 s apart: each is in a region, and each is given out by a stream."""
    pause = np.random.default_rng(0).normal(0, 1e-4, round(1.2 * SAMPLE_RATE)).astype(np.float32)
    pieces, places, at = [pause], [], len(pause)
    for path in sorted((shared / "fsdd/recordings").glob("*_3.wav")):
        word = load(path)
        places.append((at / SAMPLE_RATE, (at + len(word)) / SAMPLE_RATE))
        pieces += [word, pause]
        at += len(word) + len(pause)
    samples = np.concatenate(pieces)
    assert len(places) == 60
    regions = [(one.start, one.end) for one in speech_regions(samples)]
    endpointer = Endpointer(VadOptions())
    events = [event for block in np.array_split(samples, 1000) for event in endpointer.feed(block)]
    events += endpointer.finish()
    given_out = [(one.start, one.start + len(one.samples) / SAMPLE_RATE) for one in events if isinstance(one, Piece)]
    for found in (regions, given_out):
        heard = [sum(max(0.0, min(end, b) - max(start, a)) for a, b in found) / (end - start) for start, end in places]
        assert sum(share < 0.5 for share in heard) == 0, heard
        assert np.mean(heard) > 0.95


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(0, 60_000), min_size=1, max_size=40), peak=st.integers(-60, 0), offset=st.booleans())
def test_blocks_and_steps_do_not_change_what_is_found(talk: Any, sizes: list[int], peak: int, offset: bool) -> None:
    samples = at_peak(talk[: 8 * SAMPLE_RATE], peak - 6) + np.float32(0.2 * offset)
    found = []
    for step in (8 * FRAME, 64 * FRAME):
        detector = SpeechDetector(VadOptions(), step=step)
        regions, at = [], 0
        for size in sizes:
            regions += detector.feed(samples[at : at + size])
            at += size
        found.append(regions + detector.feed(samples[at:]) + detector.finish())
    assert found[0] == found[1] == speech_regions(samples)


@given(counts=st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_conditioning_does_not_depend_on_blocks_and_keeps_the_length(counts: list[int]) -> None:
    samples = np.random.default_rng(0).normal(0.2, 0.01, sum(counts) * FRAME + 100).astype(np.float32)
    conditioner, at, pieces = Conditioner(), 0, []
    for count in counts:
        pieces.append(conditioner.feed(samples[at : at + count * FRAME]))
        at += count * FRAME
    pieces.append(conditioner.feed(samples[at:]))
    joined = np.concatenate(pieces)
    assert len(joined) == len(samples) and joined.dtype == np.float32
    assert (joined == Conditioner().feed(samples)).all()
    assert abs(joined.mean()) < 0.01 and np.abs(joined).max() <= 1


def gains_by_their_rule(frames: Any) -> Any:
    """Return what frames `(m, FRAME)` are raised by, stated in one loop over them."""
    from asrcli.audio.conditioning import FLOOR, FLOOR_FRAMES, MOST_GAIN, RELEASE, TARGET

    release, loudest, late, known = 10 ** (-RELEASE * FRAME / SAMPLE_RATE / 20), 0.0, [], []
    for frame in frames:
        late.append(float(np.sqrt(np.square(frame).mean())))
        loudest = max(loudest * release, late[-1])
        late = late[-FLOOR_FRAMES:]
        floor = FLOOR ** (len(late) / FLOOR_FRAMES) / max(min(late), 1e-9)
        known.append(min(MOST_GAIN, max(1.0, TARGET * min(floor, 1 / max(loudest, 1e-9)))))
    after = np.array(known, np.float32)[:, None]
    before = np.minimum(np.concatenate([after[:1], after[:-1]]), after)
    return (before + (after - before) * np.arange(FRAME) / FRAME).astype(np.float32)


@pytest.mark.parametrize("peak", [0, -12, -40, -80])
def test_quiet_sound_is_raised_by_the_rule_and_loud_sound_is_left_alone(talk: Any, peak: int) -> None:
    silence = np.zeros(4 * SAMPLE_RATE, np.float32)
    samples = np.concatenate([at_peak(talk, peak), silence, at_peak(talk, -6), at_peak(white(3 * SAMPLE_RATE, 1), -60)])
    samples = samples[: len(samples) // FRAME * FRAME]
    seen, plain = Conditioner().feed(samples), Conditioner()
    plain._low_cut = _low_cut()
    frames = plain._filtered(samples - samples[0]).reshape(-1, FRAME)
    wanted = np.clip(frames * gains_by_their_rule(frames), -1, 1)
    assert np.abs(seen.reshape(-1, FRAME) - wanted).max() <= 1e-6


@given(values=st.lists(st.floats(-120, 40), min_size=1, max_size=9))
def test_the_middle_is_the_median(values: list[float]) -> None:
    assert _middle(np.array(values)[:, None]) == np.median(values)


def test_the_engine_gets_the_original_samples(talk: Any) -> None:
    """All of them, unless what they stand on is larger than the speech, which engines do not get along with."""
    from asrcli.audio.cut import CutOptions, cut

    samples = at_peak(talk, -50) + np.float32(2e-4) + np.float32(1e-3) * rumble(len(talk))
    clips = list(cut([samples], Recording("talk.wav"), CutOptions()))
    assert clips
    for clip in clips:
        at = round(clip.start * SAMPLE_RATE)
        assert (clip.samples == samples[at : at + len(clip.samples)]).all()


def noise(path: Path, seconds: float = 3.0) -> Path:
    samples = np.random.default_rng(0).normal(0, 0.01, round(seconds * SAMPLE_RATE))
    return write_wav(path, samples.astype(np.float32))


def test_the_line_says_how_much_was_searched_and_what_is_silence() -> None:
    recording = Recording("talk.wav", channel=1)
    assert nothing_found(recording, 21.2, False) == (
        "no speech was found in talk.wav#1 (21 s of sound); --no-vad transcribes it anyway"
    )
    assert "standard input (1:01:01 of sound)" in nothing_found(Recording("-"), 3661, False)
    assert nothing_found(Recording("a.wav"), 0.5, True) == "no speech was found in a.wav: its 0.5 s are digital silence"


def test_the_library_says_it_and_the_transcript_keeps_it(tmp_path: Path) -> None:
    notes: list[str] = []
    silence = write_wav(tmp_path / "silence.wav", np.zeros(8000, np.float32))
    found = list(transcribe([noise(tmp_path / "noise.wav"), silence], engine="fake", on_note=notes.append))
    assert [one.text for one in found] == ["", ""]
    warnings = {Path(one.recording.path).name: one.warnings for one in found}
    assert "noise.wav (3.0 s of sound); --no-vad" in warnings["noise.wav"][0]
    assert "silence.wav: its 0.5 s are digital silence" in warnings["silence.wav"][0]
    assert sorted(notes) == sorted(line for lines in warnings.values() for line in lines)
    (heard,) = transcribe(tmp_path / "noise.wav", engine="fake", vad=False)
    assert heard.text == "noise" and heard.warnings == ()


def test_transcribe_says_it_everywhere(asr: Run, tmp_path: Path) -> None:
    noise(tmp_path / "noise.wav")
    sinks = ("--events", "events.jsonl", "--report", "report.jsonl")
    done = asr("transcribe", "noise.wav", "-e", "fake", "-o", "out", "-f", "json", *sinks)
    assert done.code == 0
    assert done.err.splitlines()[0] == f"asr: {LINE}"
    assert json.loads((tmp_path / "out/noise.json").read_text())["warnings"] == [LINE]
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [one["text"] for one in events if one["type"] == "warning"] == [LINE]
    assert json.loads((tmp_path / "report.jsonl").read_text().splitlines()[0])["warnings"] == [LINE]


def test_a_stream_says_it(asr: Run, tmp_path: Path) -> None:
    done = asr("transcribe", noise(tmp_path / "noise.wav").name, "-e", "fake", "--stream", "--idle", "0")
    assert done.code == 0 and done.out == ""
    assert f"asr: {LINE}" in done.err.splitlines()


def test_a_manifest_run_and_a_benchmark_say_it(asr: Run, tmp_path: Path) -> None:
    path = noise(tmp_path / "noise.wav")
    (tmp_path / "noise.txt").write_text("noise\n")
    line = {"audio_filepath": str(path), "text": "noise", "duration": 3.0}
    (tmp_path / "data.jsonl").write_text(json.dumps(line) + "\n")
    done = asr("transcribe", "--manifest", "data.jsonl", "-e", "fake", "--output", "heard.jsonl")
    assert done.code == 0 and "(3.0 s of sound); --no-vad transcribes it anyway" in done.err
    quick = ("--repeats", "1", "--batches", "none", "-o", "runs")
    done = asr("bench", "data.jsonl", "-e", "fake", *quick)
    assert done.code == 0 and done.err.count("(3.0 s of sound); --no-vad transcribes it anyway") == 1
    (record,) = (tmp_path / "runs").glob("*.jsonl")
    assert r"\"vad\": true" in record.read_text()  # within the recorded command


def test_a_pair_in_opposite_phase_is_heard(tmp_path: Path, talk: Any) -> None:
    """The mean of the two would be silence; of a pair with a common hum it would be the hum."""
    mono = at_peak(talk[: 5 * SAMPLE_RATE], -12)
    hum = tone(5, hertz=50, level=0.1)
    for common in (0 * hum, hum):
        warnings: list[str] = []
        path = write_wav(tmp_path / "pair.wav", np.stack([mono + common, common - 0.9 * mono], 1))
        mixed = np.concatenate(list(decode(Recording(str(path)), warnings.append)))
        assert len(mixed) == len(mono)
        voice = slice(2 * SAMPLE_RATE, None)  # before is silence, in which nobody can tell
        share = np.corrcoef(np.diff(mixed[voice]), np.diff(mono[voice]))[0, 1]
        assert share > 0.99 and speech_regions(mixed)
        assert len(warnings) == 1 and "opposite phase" in warnings[0]


@pytest.mark.parametrize(
    ("decibels", "noise", "offset"), [(-20, 1e-4, 0.0), (-40, 1e-4, 0.0), (-50, 1e-4, 0.0), (-60, 0.0, 0.1)]
)
def test_a_quiet_pair_in_opposite_phase_is_heard_in_the_noise_of_its_channels(
    tmp_path: Path, talk: Any, decibels: float, noise: float, offset: float
) -> None:
    """From -40 dB on the noise of two channels was the louder part above 2 kHz: what was left was noise."""
    mono = talk[: 12 * SAMPLE_RATE] / np.abs(talk).max() * 10 ** (decibels / 20)
    hiss = np.random.default_rng(0).normal(0, noise, (2, len(mono)))
    pair = np.stack([mono + hiss[0], offset - mono + hiss[1]], 1)
    warnings: list[str] = []
    path = write_wav(tmp_path / "pair.wav", pair.astype(np.float32))
    mixed = np.concatenate(list(decode(Recording(str(path)), warnings.append)))
    assert found_share(mixed, frames_of(talk[: 12 * SAMPLE_RATE])) > 0.9
    assert len(warnings) == 1 and "opposite phase" in warnings[0]


def test_other_pairs_are_mixed_as_their_mean(tmp_path: Path, talk: Any) -> None:
    one, other = at_peak(talk[: 3 * SAMPLE_RATE], -12), at_peak(talk[3 * SAMPLE_RATE : 6 * SAMPLE_RATE], -12)
    hum = tone(3, hertz=50, level=0.4)
    for pair in ((one, other), (one, 0 * one), (one, one), (one + hum, one - hum), (one, -0.5 * one)):
        warnings: list[str] = []
        path = write_wav(tmp_path / "pair.wav", np.stack(pair, 1), kind="f32")
        mixed = np.concatenate(list(decode(Recording(str(path)), warnings.append)))
        assert np.allclose(mixed, (pair[0] + pair[1]) / 2, atol=1e-6) and not warnings


def beeps(seconds: int) -> Any:
    """Return beeps of 0.3 s every 1.2 s: no speech, and nobody's background either."""
    sound = tone(seconds, hertz=800, level=0.1)
    return sound * (np.arange(len(sound)) / SAMPLE_RATE % 1.2 < 0.3)


def test_sound_that_stands_out_and_is_in_no_region_is_told(tmp_path: Path, talk: Any) -> None:
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    samples = np.concatenate([talk, silence, beeps(12)]).astype(np.float32)
    notes: list[str] = []
    (found,) = transcribe(write_wav(tmp_path / "talk.wav", samples), engine="fake", on_note=notes.append)
    (line,) = found.warnings
    assert notes == [line] and line.endswith("; --no-vad transcribes it")
    first = float(line.split(" at ")[1].split(" s;")[0])
    assert len(talk) / SAMPLE_RATE <= first <= len(talk) / SAMPLE_RATE + 4
    (gap,) = (one for one in found.gaps if one in gaps(found.gaps, found.speech or (), 0.0))
    assert abs(gap.start - first) < 0.06 and gap.seconds > 9
    (found,) = transcribe(write_wav(tmp_path / "talk.wav", talk), engine="fake")
    assert found.warnings == () and not found.gaps


def test_what_a_stream_and_an_alignment_tell_of_is_a_gap(
    tmp_path: Path, talk: Any, digit_strings: list[tuple[Path, str]]
) -> None:
    samples = np.concatenate([talk, np.zeros(2 * SAMPLE_RATE), beeps(12)]).astype(np.float32)
    recording = Recording(str(write_wav(tmp_path / "talk.wav", samples)))
    (tmp_path / "talk.txt").write_text(" ".join(text for _, text in digit_strings[:6]))
    aligned = align_pair(
        recording.path,
        str(tmp_path / "talk.txt"),
        Pairing(PocketSphinxAligner(Weights("en-us", None), Device())),
        AlignRequest(pairs=(), language="en"),
    )
    (gap,) = (one for one in aligned.gaps if one.start >= len(talk) / SAMPLE_RATE)
    assert gap.seconds > 9
    owner = LocalRecogniser(Choice(Fake, Weights("pace=3", None), Device("cpu")))
    listener = Listener(owner, recording, Options(), Listening(VadOptions()))
    list(listener.feed(samples, behind=True))
    list(listener.finish())
    made = listener.transcript((), Timings(0, 0, 0))
    assert listener.no_speech_lines() == list(aligned.warnings) and gap in made.gaps


@pytest.mark.parametrize(
    ("standout", "speech", "places"),
    [
        pytest.param([(0, 3)], [], [(0, 3)], id="a place"),
        pytest.param([(0, 1), (4, 5), (9, 10)], [], [(0, 10)], id="blows in one place"),
        pytest.param([(0, 1), (12, 13), (24, 25)], [], [], id="single sounds"),
        pytest.param([(0, 1), (4, 5), (9, 10)], [(6, 7)], [], id="sounds before and after speech"),
        pytest.param([(0, 4)], [(3, 5)], [], id="the beginning of speech"),
        pytest.param([(0, 12)], [(1, 2), (10, 13)], [(2, 10)], id="speech that is found at both ends"),
    ],
)
def test_places_of_what_is_left_out(standout: list[Any], speech: list[Any], places: list[Any]) -> None:
    stands = Standout()
    stands.seconds = [Region(*one) for one in standout]
    assert list(left_out([Region(*one) for one in speech], stands)) == [Region(*one) for one in places]
    later = left_out([Region(start + 60, end + 60) for start, end in speech], stands, 60.0)
    assert list(later) == [Region(start + 60, end + 60) for start, end in places]


@pytest.mark.parametrize("hertz", [300, 1000, 7800])
def test_speech_under_a_tone_is_told_and_gets_a_second_look(tmp_path: Path, talk: Any, hertz: float) -> None:
    """The tone is 28 dB louder, and Silero finds nothing or half a second of it."""
    under = talk[: 12 * SAMPLE_RATE] * 0.02 / np.abs(talk).max() + tone(12, hertz=hertz, level=0.5)
    (found,) = transcribe(write_wav(tmp_path / "under-a-tone.wav", under.astype(np.float32)), engine="fake")
    assert found.warnings and found.warnings[0].startswith("no speech was found in ")
    assert sum(one.end - one.start for one in found.segments if "no_speech" in one.flags) > 3


@pytest.mark.parametrize("name", NAMES)
def test_noise_and_hum_do_not_stand_out(name: str) -> None:
    conditioner = Conditioner()
    conditioner.feed(np.clip(sounds()[name], -1, 1))
    assert conditioner.standout.seconds == []


@pytest.mark.slow
@given(counts=st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_what_stands_out_does_not_depend_on_blocks(talk: Any, counts: list[int]) -> None:
    one, other = Conditioner(), Conditioner()
    samples, at = talk[: 10 * SAMPLE_RATE], 0
    for count in counts:
        one.feed(samples[at : at + count * FRAME])
        at += count * FRAME
    one.feed(samples[at:])
    other.feed(samples)
    assert one.standout.seconds == other.standout.seconds != []


def test_what_stands_out_is_told_once(asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "beep.wav", beeps(12).astype(np.float32))
    done = asr("transcribe", "beep.wav", "-e", "fake", "--engine-option", "word_score=0.3", "--output", "beep.json")
    assert len(json.loads((tmp_path / "beep.json").read_text())["gaps"]) == 1
    assert "no speech was found in beep.wav" in done.err and "has no text" not in done.err


def test_what_stands_out_gets_a_second_look_by_the_engine(tmp_path: Path, talk: Any) -> None:
    """Where nothing was found, and where that is most of a recording; only what the engine is sure of counts."""
    sound = tone(12, hertz=800, level=0.1)
    steps = (sound * (np.arange(len(sound)) / SAMPLE_RATE % 0.6 < 0.3)).astype(np.float32)
    alone = write_wav(tmp_path / "beep.wav", steps)
    (found,) = transcribe(alone, engine="fake")
    assert found.text == "beep" and "no_speech" in found.segments[0].flags and not found.speech
    assert found.warnings[0].endswith("beep.wav (12 s of sound); --no-vad transcribes it anyway")
    (doubted,) = transcribe(alone, engine="fake", engine_options={"word_score": 0.3})
    assert not doubted.segments and doubted.warnings == found.warnings
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    samples = np.concatenate([steps, silence, talk[: 3 * SAMPLE_RATE]]).astype(np.float32)
    (mostly,) = transcribe(write_wav(tmp_path / "a-b-c-d-e-f-g.wav", samples), engine="fake")
    assert [one.start for one in mostly.segments] == sorted(one.start for one in mostly.segments)
    assert set("abcde") <= set(mostly.text.split())
    flags = ["no_speech" in one.flags for one in mostly.segments]
    assert flags[0] and flags == sorted(flags, reverse=True) and not flags[-1]


@pytest.mark.parametrize(
    ("sound", "untold"),
    [("hiss", 0.0), *(pytest.param(*one, marks=pytest.mark.slow) for one in (("tones", 0.0), ("siren", 0.2)))],
)
def test_speech_under_a_machine_that_begins_is_told(tmp_path: Path, talk: Any, sound: str, untold: float) -> None:
    """It is steady, so it does not stand out, and Silero hears nothing in it; it is louder than the speech before.

    In a siren Silero takes some of it for speech, and between two such places 6 s are too much to ask.
    """
    clock = np.arange(len(talk)) / SAMPLE_RATE
    machine = {
        "hiss": pink(len(talk)),
        "tones": np.sin(2 * np.pi * 900 * clock) + np.sin(2 * np.pi * 1800 * clock),
        "siren": np.sin(2 * np.pi * np.cumsum(1000 + 400 * np.sin(0.4 * np.pi * clock)) / SAMPLE_RATE),
    }[sound]
    quiet = at_peak(talk, -30)
    loud = machine * quiet.std() * 10 ** ((14 if sound == "hiss" else 34) / 20) / machine.std()
    samples = np.concatenate([quiet, quiet + loud, quiet]).astype(np.float32)
    (found,) = transcribe(write_wav(tmp_path / "machine.wav", samples), engine="fake")
    (line,) = (one for one in found.warnings if one.startswith("no speech was found in "))
    under = Region(len(talk) / SAMPLE_RATE, 2 * len(talk) / SAMPLE_RATE)
    left = gaps([under], [*(found.speech or ()), *found.gaps], 2.0)
    assert "; --no-vad transcribes it" in line and sum(one.seconds for one in left) <= untold * under.seconds
    (found,) = transcribe(write_wav(tmp_path / "machine.wav", np.concatenate([quiet, quiet])), engine="fake")
    assert not found.warnings
