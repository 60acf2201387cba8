"""Sound that begins long after the pictures: heard, and where a player has it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from asrcli.audio.decode import decode, probe
from asrcli.types import SAMPLE_RATE, Recording
from tests.audio_files import encode, tone

CODECS = {
    "mp4": ("mpeg4", "aac"),
    "mkv": ("mpeg4", "libopus"),
    "ts": ("mpeg2video", "aac"),
    "mpg": ("mpeg2video", "ac3"),
}


def video(path: Path, late: float, pictures: int, size: int = 64, gap: float = 0.0, flags: str = "") -> Path:
    """Write pictures of noise, 25 a second, and 2 s of sound `late` seconds after the first, with a gap in it."""
    random = np.random.default_rng(1)
    coder, codec = CODECS[path.suffix[1:]]
    with av.open(str(path), "w", options={"movflags": flags} if flags else {}) as container:
        shown = container.add_stream(coder, rate=25, options={"qmin": "1", "qmax": "1"})
        shown.width, shown.height, shown.pix_fmt, shown.bit_rate = size, size, "yuv420p", 30_000_000
        sound: Any = container.add_stream(codec, rate=48_000, layout="mono")
        sound.codec_context.open()
        packets = []
        for number in range(pictures):
            picture = av.VideoFrame.from_ndarray(random.integers(0, 256, (size, size, 3), np.uint8), format="rgb24")
            picture.pts = number
            packets += shown.encode(picture)
        packets += shown.encode(None)
        step = sound.codec_context.frame_size
        samples = tone(2, 48_000, 1000)
        for at in range(0, len(samples) - step + 1, step):
            frame = av.AudioFrame.from_ndarray(samples[None, at : at + step], "fltp", "mono")
            frame.sample_rate, frame.time_base = 48_000, Fraction(1, 48_000)
            frame.pts = at + round((late + (gap if at > 48_000 else 0)) * 48_000)
            packets += sound.encode(frame)
        packets += sound.encode(None)
        for packet in sorted(packets, key=lambda one: one.dts * one.time_base):
            container.mux(packet)
    return path


def loud(path: Path) -> tuple[list[float], list[str]]:
    """Return the tenths of seconds that are not silent, and what was said."""
    told: list[str] = []
    samples = np.concatenate(list(decode(Recording(str(path)), told.append)))
    pieces = samples[: len(samples) // 1600 * 1600].reshape(-1, 1600)
    return (np.flatnonzero(np.abs(pieces).max(axis=1) > 0.1) / 10).tolist(), told


@pytest.mark.parametrize("ending", sorted(CODECS))
def test_sound_that_begins_later_than_it_is_long_stays_in_its_place(ending: str, tmp_path: Path) -> None:
    """A length that counts from the beginning of the sound is no place at which the file ends."""
    path = video(tmp_path / f"a.{ending}", late=4.0, pictures=175, gap=0.5)
    heard, told = loud(path)
    assert heard[0] == pytest.approx(4.0, abs=0.15) and heard[-1] == pytest.approx(6.4, abs=0.15)
    assert len(told) == 1 and "audio is missing at 5.0 s" in told[0]
    assert (probe(str(path)).seconds or 0) == pytest.approx(6.5, abs=0.6)


def test_a_stretch_before_the_sound_is_silence(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mkv", late=4.0, pictures=50)
    samples = np.concatenate(list(decode(Recording(str(path), start=1.0, end=2.5), print)))
    assert len(samples) == 1.5 * SAMPLE_RATE and not samples.any()


@pytest.mark.parametrize(
    "ending", [pytest.param(one, marks=pytest.mark.slow if at % 2 else ()) for at, one in enumerate(sorted(CODECS))]
)
def test_sound_behind_megabytes_of_pictures_is_found(ending: str, tmp_path: Path) -> None:
    """Of a program stream, FFmpeg knows the tracks whose packets it has seen: those of the first 5 MB."""
    path = video(tmp_path / f"a.{ending}", late=5.0, pictures=130, size=256)
    assert path.stat().st_size > 6_500_000
    heard, told = loud(path)
    assert told == [] and heard[0] == pytest.approx(5.0, abs=0.15) and len(heard) == pytest.approx(20, abs=1)
    assert probe(str(path)).sample_rate == 48_000


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_late_sound_that_ends_before_the_pictures_is_not_called_cut_short(ending: str, tmp_path: Path) -> None:
    """FFmpeg takes the length of the file for that of a track of which it has seen nothing."""
    flags = "frag_keyframe+empty_moov+delay_moov" if ending == "mp4" else ""
    path = video(tmp_path / f"a.{ending}", late=6.0, pictures=300, size=160, flags=flags)
    heard, told = loud(path)
    assert told == [] and heard[0] == pytest.approx(6.0, abs=0.15) and heard[-1] == pytest.approx(7.9, abs=0.15)


def test_flac_in_nut_ends_without_damage(tmp_path: Path) -> None:
    """Its writer ends with a packet of nothing."""
    assert loud(encode(tmp_path / "a.nut", tone(1), 16_000, "flac"))[1] == []
