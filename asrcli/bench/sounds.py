"""Recordings made worse in known ways, and sounds without speech: all from a seed, none downloaded.

A signal-to-noise ratio here is that of the powers over the whole utterance, pauses included, and holds exactly in the
file that is written: noise is scaled to it, and speech and noise are turned down together where they would clip.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asrcli.types import SAMPLE_RATE, Recording

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from asrcli.types import Samples


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec at one rate."""

    name: str
    encoders: tuple[str, ...]  # FFmpeg's names, the first that is there is used
    suffix: str
    rate: int  # Hz
    bits: int | None = None  # a second; None where the codec has only one


CODECS = (
    Codec("G.711 µ-law", ("pcm_mulaw",), ".wav", 8000),
    Codec("GSM", ("libgsm_ms", "libgsm"), ".wav", 8000, 13_000),
    Codec("AMR 12.2 kbit/s", ("libopencore_amrnb",), ".amr", 8000, 12_200),
    Codec("Opus 12 kbit/s", ("libopus",), ".opus", 16_000, 12_000),
    Codec("MP3 32 kbit/s", ("libmp3lame",), ".mp3", 16_000, 32_000),
)


def encoder_of(codec: Codec) -> str | None:
    """Return the encoder that is there for a codec; ``None`` without one."""
    import av

    for name in codec.encoders:
        try:
            av.codec.Codec(name, "w")
        except ValueError:  # av's UnknownCodecError is one
            continue
        return name
    return None


def encode(samples: Samples, path: Path, codec: Codec, encoder: str) -> Path:
    """Write samples through a codec.

    Args:
        samples: mono, 16 kHz.
        path: the file; its suffix decides the container.
    """
    import av
    import numpy as np

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :]), format="flt", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    frame.pts = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", container_options={"fflags": "+bitexact"}) as container:  # no random serial numbers
        stream = container.add_stream(encoder, rate=codec.rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if codec.bits is not None:
            stream.bit_rate = codec.bits
        kind = stream.codec_context.format.name
        resampler = av.AudioResampler(format=kind, layout="mono", rate=codec.rate)
        graph = av.AudioFifo()
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            graph.write(piece)
        size = stream.codec_context.frame_size or 1024
        while graph.samples:
            packet_frame = graph.read(size, partial=True)
            container.mux(stream.encode(packet_frame))
        container.mux(stream.encode(None))
    return path


TELEPHONE = (300.0, 3400.0)  # Hz; ITU-T G.712
STEEPNESS = 6  # order of the band's edges, 36 dB an octave: real lines damp, and do not leave digital silence
LOUDEST = 0.99
QUIET = 0.05  # RMS of sounds without speech: -26 dB of full scale, as loud as speech usually is
HUM = 50.0  # Hz; mains
BABBLERS = 6


def read_samples(recording: Recording | str) -> Samples:
    """Decode a recording, or a part of it."""
    import numpy as np

    from asrcli.audio.decode import decode

    whole = Recording(recording) if isinstance(recording, str) else recording
    blocks = list(decode(whole, lambda text: None))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def write_samples(path: Path, samples: Samples) -> Path:
    """Write a mono WAV file of 32-bit floats, which rounds nothing."""
    data = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHHH", 3, 1, SAMPLE_RATE, 4 * SAMPLE_RATE, 4, 32, 0)
    chunks = [(b"fmt ", form), (b"fact", struct.pack("<I", len(samples))), (b"data", data)]
    body = b"WAVE" + b"".join(name + struct.pack("<I", len(part)) + part for name, part in chunks)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def power(samples: NDArray[Any]) -> float:
    """Return the mean square."""
    import numpy as np

    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0


def mix(speech: Samples, noise: Samples, ratio: float) -> Samples:
    """Return speech with noise, ``ratio`` dB below it (above it where negative).

    Args:
        speech: (n,).
        noise: (n,), of any loudness but silence.
        ratio: speech power over noise power, dB.
    """
    import numpy as np

    wanted = power(speech) / 10 ** (ratio / 10)
    gain = (wanted / power(noise)) ** 0.5 if power(noise) else 0.0
    mixed = speech.astype(np.float64) + gain * noise.astype(np.float64)
    peak = float(np.max(np.abs(mixed), initial=0.0))
    found: Samples = (mixed * min(1.0, LOUDEST / peak if peak else 1.0)).astype(np.float32)
    return found


def white(length: int, seed: int) -> Samples:
    """Return white Gaussian noise."""
    import numpy as np

    return np.random.default_rng(seed).standard_normal(length).astype(np.float32)


def babble(length: int, voices: Sequence[Samples], seed: int) -> Samples:
    """Return several voices at once, each made equally loud, repeated to the length from a place chosen by the seed."""
    import numpy as np

    choice = np.random.default_rng(seed)
    total = np.zeros(length, np.float64)
    usable = [voice for voice in voices if power(voice)]
    for at in choice.permutation(len(usable))[:BABBLERS]:
        voice = usable[at] / power(usable[at]) ** 0.5
        total += np.resize(np.roll(voice, -int(choice.integers(len(voice)))), length)
    return total.astype(np.float32)


def telephone(samples: Samples) -> Samples:
    """Return what a telephone lets through of the frequencies: Butterworth's edges, without their delay."""
    import numpy as np

    frequencies = np.maximum(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), 1e-3)
    low, high = (TELEPHONE[0] / frequencies) ** (2 * STEEPNESS), (frequencies / TELEPHONE[1]) ** (2 * STEEPNESS)
    gain = 1 / np.sqrt((1 + low) * (1 + high))
    return np.fft.irfft(gain * np.fft.rfft(samples), len(samples)).astype(np.float32)


def joined(pieces: Sequence[Samples], pause: float = 0.5) -> Samples:
    """Return pieces one after the other, with silence between them (seconds)."""
    import numpy as np

    gap = np.zeros(round(pause * SAMPLE_RATE), np.float32)
    return np.concatenate([part for piece in pieces for part in (piece, gap)][:-1])


def without_speech(kind: str, seconds: float, seed: int) -> Samples:
    """Return silence, noise, hum, instruments or clicks: ``(seconds * 16000,)``."""
    import numpy as np

    length = round(seconds * SAMPLE_RATE)
    choice = np.random.default_rng(seed)
    match kind:
        case "silence":
            return np.zeros(length, np.float32)
        case "noise":
            found = choice.standard_normal(length)
        case "instruments":
            found = music(length, seed).astype(np.float64)
        case "hum":
            found = _hum(length, choice)
        case _:
            found = _clicks(length, choice)
    scaled: Samples = np.clip(found * (QUIET / max(1e-12, power(found) ** 0.5)), -1, 1).astype(np.float32)
    return scaled


def _hum(length: int, choice: Generator) -> NDArray[Any]:
    """Return mains hum: the fundamental and seven harmonics."""
    import numpy as np

    time = np.arange(length) / SAMPLE_RATE
    phases = choice.uniform(0, 2 * np.pi, 8)
    harmonics = [np.sin(2 * np.pi * HUM * n * time + phases[n - 1]) / n for n in range(1, 9)]
    hum: NDArray[Any] = np.array(harmonics).sum(axis=0)
    return hum


def _clicks(length: int, choice: Generator) -> NDArray[Any]:
    """Return clicks of 5 ms, two a second."""
    import numpy as np

    found = np.zeros(length)
    for at in choice.integers(0, max(1, length - 80), max(1, round(2 * length / SAMPLE_RATE))):
        found[at : at + 80] += choice.standard_normal(80)[: length - at] * np.exp(-np.arange(80)[: length - at] / 16)
    return found


TIME_CONSTANT = 0.03  # seconds, of the envelope's smoothing
HANGOVER = 0.2  # seconds that speech goes on after its envelope has fallen below a threshold
MARGIN = 15.9  # dB between the active level and the threshold that it is found with
THRESHOLDS = 24  # halves of full scale
SPAN = 14  # time constants after which a sample no longer counts in the envelope: less than 2e-5 of it is left


def activity(samples: NDArray[Any]) -> float:
    """Return which share of a recording is active speech, above 0 and up to 1; 1 of silence.

    The active level is that of the whole, 10 log10 of the share higher.
    """
    import numpy as np

    square = float(np.square(samples, dtype=np.float64).sum())
    if not square:
        return 1.0
    smooth = envelope(samples)
    scale = float(np.max(np.abs(samples)))  # thresholds below the peak: the result does not depend on the gain
    before: tuple[float, float] | None = None  # share in dB, and how far the level is above the threshold
    for step in range(THRESHOLDS):
        threshold = scale / 2**step
        count = active_samples(smooth >= threshold)
        if not count:
            continue
        share = 10 * math.log10(count / len(samples))
        above = 10 * math.log10(square / count) - 20 * math.log10(threshold)
        if above >= MARGIN:
            part = 1.0 if before is None else (MARGIN - before[1]) / (above - before[1])
            found = share if before is None else before[0] + part * (share - before[0])
            return min(1.0, 10 ** (found / 10))
        before = share, above
    return 1.0


def envelope(samples: NDArray[Any]) -> NDArray[Any]:
    """Return the rectified samples, smoothed twice by P.56's filter, (n,)."""
    import numpy as np

    keep = math.exp(-1 / (SAMPLE_RATE * TIME_CONSTANT))
    steps = np.arange(round(SPAN * TIME_CONSTANT * SAMPLE_RATE))
    response = (1 - keep) ** 2 * (steps + 1) * keep**steps
    size = 1 << (len(samples) + len(response) - 1).bit_length()
    spectrum = np.fft.rfft(np.abs(samples.astype(np.float64)), size) * np.fft.rfft(response, size)
    found: NDArray[Any] = np.fft.irfft(spectrum, size)[: len(samples)]
    return found


def active_samples(active: NDArray[Any]) -> int:
    """Return how many samples are active, or come within the hangover after one that is."""
    import numpy as np

    places = np.arange(len(active))
    last = np.maximum.accumulate(np.where(active, places, -len(active) - SAMPLE_RATE))
    return int((places - last <= round(HANGOVER * SAMPLE_RATE)).sum())


BEATS = (80.0, 130.0)  # a minute
HARMONICS = 8
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # semitones above the key: I, vi, IV, V
SCALE = (0, 2, 4, 7, 9, 12)  # of the tune: no note of it is at odds with a chord
LOWEST = 110.0  # Hz, of the lowest key


def music(length: int, seed: int) -> Samples:
    """Return ``length`` samples of music: a chord for each bar of four beats, a note for each half beat, drums."""
    import numpy as np

    choice = np.random.default_rng(seed)
    beat = round(SAMPLE_RATE * 60 / choice.uniform(*BEATS))
    key = LOWEST * 2 ** (int(choice.integers(12)) / 12)
    found = np.zeros(length + 4 * beat, np.float64)
    for bar, start in enumerate(range(0, length, 4 * beat)):
        chord = CHORDS[bar % len(CHORDS)]
        for step in chord:
            _add(found, start, tone(_pitch(key, step), 4 * beat) * 0.25)
        for number in range(4):
            at = start + number * beat
            _add(found, at, tone(_pitch(key, chord[0] - 12), beat, decay=3.0) * 0.6)
            _add(found, at, drum(beat, choice, low=number % 2 == 0))
            for half in range(2):
                step = 12 + int(choice.choice(SCALE))
                _add(found, at + half * beat // 2, tone(_pitch(key, step), beat // 2, decay=4.0) * 0.4)
    return found[:length].astype(np.float32)


def tone(pitch: float, length: int, decay: float = 1.0) -> NDArray[Any]:
    """Return a note with its harmonics, which dies away: ``decay`` in nepers a second."""
    import numpy as np

    time = np.arange(length) / SAMPLE_RATE
    numbers = [n for n in range(1, HARMONICS + 1) if n * pitch < SAMPLE_RATE / 2]
    whole = np.sum([np.sin(2 * np.pi * n * pitch * time) / n for n in numbers], axis=0)
    attack = np.minimum(1.0, np.arange(length) / (0.01 * SAMPLE_RATE))
    found: NDArray[Any] = whole * attack * np.exp(-decay * time)
    return found


def drum(length: int, choice: Any, *, low: bool) -> NDArray[Any]:
    """Return a beat of a bass drum, or of a snare."""
    import numpy as np

    time = np.arange(length) / SAMPLE_RATE
    if low:
        found: NDArray[Any] = np.sin(2 * np.pi * 60 * time) * np.exp(-18 * time) * 1.5
        return found
    hit: NDArray[Any] = choice.standard_normal(length) * np.exp(-25 * time) * 0.5
    return hit


def _pitch(key: float, semitones: int) -> float:
    return float(key * 2 ** (semitones / 12))


def _add(whole: NDArray[Any], start: int, part: NDArray[Any]) -> None:
    end = min(len(whole), start + len(part))
    whole[start:end] += part[: end - start]
