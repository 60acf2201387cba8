"""Decoding is checked against the signal that was written, and against itself read in other ways."""

from __future__ import annotations

import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from asrcli.audio.decode import AudioInfo, decode, probe
from asrcli.audio.media import DEMUXERS, READ_BYTES, _known
from asrcli.audio.wav_heads import SMALL, plain_sound
from asrcli.errors import InputError
from asrcli.types import SAMPLE_RATE, Recording
from tests.audio_files import chirp, encode, tone, write_riff, write_video, write_wav

LOSSLESS = [
    ("wav", "pcm_s16le"),
    ("w64", "pcm_s16le"),
    ("aiff", "pcm_s16be"),
    ("au", "pcm_s16be"),
    ("caf", "pcm_s16le"),
    ("flac", "flac"),
    ("mka", "flac"),
    ("m4a", "alac"),
    ("mov", "pcm_s16le"),
    ("wv", "wavpack"),
    ("tta", "tta"),
    ("nut", "pcm_s16le"),
]
LOSSY = [
    ("mp3", "libmp3lame", 44_100),
    ("m4a", "aac", 44_100),
    ("mp4", "aac", 48_000),
    ("mkv", "aac", 44_100),
    ("ogg", "libopus", 48_000),
    ("opus", "libopus", 48_000),
    ("webm", "libopus", 48_000),
    ("mp2", "mp2", 48_000),
    ("mka", "libmp3lame", 22_050),
]


def no_warning(text: str) -> None:
    raise AssertionError(f"unexpected warning: {text}")


def read(path: Path | str, warn: Any = no_warning, block_seconds: float = 10.0, **fields: Any) -> Any:
    """Decode a whole recording and check what holds for every block."""
    blocks = list(decode(Recording(str(path), **fields), warn, block_seconds))
    assert all(block.dtype == np.float32 and block.ndim == 1 and np.isfinite(block).all() for block in blocks)
    assert all(len(block) == round(block_seconds * SAMPLE_RATE) for block in blocks[:-1])
    joined = np.concatenate(blocks)
    assert np.abs(joined).max() <= 1
    return joined


def lag(heard: Any, written: Any) -> int:
    """Return by how many samples `heard` comes later than `written`: the peak of their cross-correlation."""
    size = 1 << (len(heard) + len(written)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(written, size))
    peak = int(np.argmax(np.fft.irfft(spectrum, size)))
    return peak if peak < size // 2 else peak - size


@pytest.mark.parametrize(("ending", "codec"), LOSSLESS)
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_lossless_formats_give_back_the_signal(tmp_path: Path, ending: str, codec: str, rate: int) -> None:
    path = encode(tmp_path / f"a.{ending}", np.stack([chirp(3, rate)] * 2, axis=1), rate, codec)
    heard = read(path)
    assert abs(len(heard) - 3 * SAMPLE_RATE) <= 1
    error = np.abs(heard[:47_000] - chirp(3)[:47_000])[200:]
    assert error.max() < (1e-4 if rate == SAMPLE_RATE else 2e-3)  # 16 bits; and the resampler's pass band


@pytest.mark.parametrize(("ending", "codec", "rate"), LOSSY)
def test_lossy_formats_keep_time(tmp_path: Path, ending: str, codec: str, rate: int) -> None:
    path = encode(tmp_path / f"a.{ending}", chirp(5, rate), rate, codec, bit_rate="96000")
    heard = read(path)
    frames_of_padding = 3 * 1152 / rate
    assert 5 - 0.001 <= len(heard) / SAMPLE_RATE <= 5 + frames_of_padding
    # An encoder's delay that the container does not declare (mp2, Matroska's mp3) cannot be known to a decoder.
    declares = ending not in ("mp2", "mka", "mkv")
    assert abs(lag(heard, chirp(5))) <= (1 if declares else 1105 + 529)


@pytest.mark.parametrize("kind", ["u8", "s16", "s24", "s32", "f32", "f64"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 96_000, 192_000])
def test_every_sample_format_has_the_same_scale(tmp_path: Path, kind: str, rate: int) -> None:
    heard = read(write_wav(tmp_path / "a.wav", tone(1, rate), rate, kind))
    assert abs(len(heard) - SAMPLE_RATE) <= 1
    assert np.abs(heard[500:15_500] - tone(1)[500:15_500]).max() < (0.01 if kind == "u8" else 2e-3)


def test_16_kHz_passes_bit_exact(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(-32768, 32768, 40_000)
    path = write_riff(tmp_path / "a.wav", values.astype("<i2").tobytes(), (1, 1, 16_000, 16))
    assert (read(path) * 32768 == values).all()


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100])
def test_a_small_wav_is_read_without_ffmpeg_and_as_ffmpeg_reads_it(
    rate: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same samples in an AU file are decoded by FFmpeg."""
    voice = np.random.default_rng(rate).normal(0, 0.2, 110_000).clip(-1, 1).astype(np.float32)
    small, other = write_wav(tmp_path / "a.wav", voice, rate), encode(tmp_path / "a.au", voice, rate, "pcm_s16be")
    spans: list[dict[str, Any]] = [{}, {"channel": 0}, {"start": 0.5}, {"start": 1.5, "end": 2.25}, {"end": 0.125}]
    decoded, info = [read(other, block_seconds=0.7, **span) for span in spans], probe(str(other))
    monkeypatch.setattr(av, "open", lambda *given, **options: pytest.fail("FFmpeg was asked"))
    for span, expected in zip(spans, decoded, strict=True):
        assert read(small, block_seconds=0.7, **span).tobytes() == expected.tobytes(), span
    assert probe(str(small)) == AudioInfo("wav", "pcm_s16le", rate, 1, 110_000 / rate, False)
    assert probe(str(small)).tracks == info.tracks and probe(str(small)).seconds == info.seconds
    with pytest.raises(InputError, match=rf"ends at {110_000 / rate:.1f} s, before 60 s"):
        read(small, start=60)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("two channels", ((1, 2, 16_000, 16), bytes(4_000), None)),
        ("24 bits", ((1, 1, 16_000, 24), bytes(3_000), None)),
        ("A-law", ((6, 1, 16_000, 8), bytes(3_000), None)),
        ("cut short", ((1, 1, 16_000, 16), bytes(3_000), 6_000)),
        ("more than it says", ((1, 1, 16_000, 16), bytes(9_000), 3_000)),
        ("of unknown length", ((1, 1, 16_000, 16), bytes(3_000), 0xFFFFFFFF - 36)),
        ("half a sample", ((1, 1, 16_000, 16), bytes(3_001), None)),
        ("no sample", ((1, 1, 16_000, 16), b"", None)),
        ("large", ((1, 1, 16_000, 16), bytes(SMALL), None)),
    ],
)
def test_any_other_wav_is_left_to_ffmpeg(
    kind: str, data: tuple[tuple[int, int, int, int], bytes, int | None], tmp_path: Path
) -> None:
    header, samples, size = data
    with write_riff(tmp_path / "a.wav", samples, header, size).open("rb") as file:
        assert plain_sound(file) is None, kind


@pytest.mark.parametrize(("ending", "codec"), LOSSLESS)
def test_a_format_that_is_known_by_its_first_bytes_is_the_one_that_ffmpeg_finds(
    ending: str, codec: str, tmp_path: Path
) -> None:
    path = encode(tmp_path / f"a.{ending}", tone(1), 16_000, codec)
    with av.open(str(path)) as container:
        found = container.format.name
    assert _known(path.read_bytes()[:12]) == (found if ending in ("wav", "flac") else None)


def test_mix_is_the_mean_and_one_channel_is_itself(tmp_path: Path) -> None:
    voices = np.stack([tone(1, hertz=200 * (number + 1), level=0.9) for number in range(6)], axis=1)
    for path in (write_wav(tmp_path / "a.wav", voices), encode(tmp_path / "a.flac", voices, 16_000, "flac")):
        assert probe(str(path)).channels == 6
        assert np.abs(read(path) - voices.mean(axis=1)).max() < 1e-4
        for number in range(6):
            assert np.abs(read(path, channel=number) - voices[:, number]).max() < 1e-4
        with pytest.raises(InputError, match=r"no channel 6; it has 6"):
            read(path, channel=6)


@pytest.mark.parametrize(("ending", "codec", "count"), [("wv", "wavpack", 8), ("wv", "wavpack", 16), ("m4a", "aac", 8)])
def test_eight_and_more_planar_channels(tmp_path: Path, ending: str, codec: str, count: int) -> None:
    """PyAV alone crashes on these."""
    voices = np.stack([tone(1, hertz=200 * (number + 1), level=0.5) for number in range(count)], axis=1)
    path = encode(tmp_path / f"a.{ending}", voices, 16_000, codec, bit_rate="512000")
    assert probe(str(path)).channels == count
    for number in range(count):
        heard = read(path, channel=number)[:16_000]
        spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
        if codec == "wavpack":
            assert np.argmax(spectrum) == pytest.approx(200 * (number + 1), abs=2)
    assert read(path).any()


def test_values_beyond_full_scale_are_clipped_and_a_wrong_scale_is_told(tmp_path: Path) -> None:
    heard = read(write_wav(tmp_path / "loud.wav", tone(1, level=1.5), kind="f32"))
    assert np.abs(heard - np.clip(tone(1, level=1.5), -1, 1)).max() < 1e-6
    told: list[str] = []
    read(write_wav(tmp_path / "wrong.wav", tone(1) * 32768, kind="f32"), told.append)
    assert len(told) == 1 and "samples reach 16384" in told[0]


@pytest.mark.parametrize("kind", ["f32", "f64"])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_values_that_are_no_numbers_become_silence(tmp_path: Path, kind: str, rate: int) -> None:
    samples = tone(3, rate).astype(np.float64)
    samples[rate : rate + 3] = [np.nan, np.inf, -np.inf]
    told: list[str] = []
    heard = read(write_wav(tmp_path / "a.wav", samples, rate, kind), told.append)
    assert len(told) == 1 and "not numbers" in told[0]
    assert np.abs(heard[20_000:40_000] - tone(3)[20_000:40_000]).max() < 2e-3


@pytest.mark.parametrize("value", [1e300, 3e38])
def test_huge_values_do_not_overflow(tmp_path: Path, value: float) -> None:
    told: list[str] = []
    read(write_wav(tmp_path / "a.wav", np.full((20_000, 2), value), 44_100, "f64"), told.append)
    assert told


@pytest.mark.parametrize("block_seconds", [0.1, 0.7, 3.0])
def test_blocks_do_not_change_the_samples(tmp_path: Path, block_seconds: float) -> None:
    path = encode(tmp_path / "a.mp3", chirp(5, 44_100), 44_100, "libmp3lame")
    assert (read(path, block_seconds=block_seconds) == read(path)).all()


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 44_100),
        pytest.param("a.wav", "pcm_s16le", 16_000, marks=pytest.mark.slow),
        ("a.flac", "flac", 44_100),
        ("a.m4a", "alac", 22_050),
        pytest.param("a.aiff", "pcm_s16be", 48_000, marks=pytest.mark.slow),
        pytest.param("a.caf", "pcm_s16le", 8_000, marks=pytest.mark.slow),
        pytest.param("a.w64", "pcm_s16le", 11_025, marks=pytest.mark.slow),
        pytest.param("a.au", "pcm_s16be", 44_100, marks=pytest.mark.slow),
        ("a.mka", "flac", 44_100),
        ("a.m4a", "aac", 44_100),
        ("a.mp3", "libmp3lame", 44_100),
        ("a.opus", "libopus", 48_000),
    ],
)
def test_start_and_end_are_exact_to_the_sample(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    path = encode(tmp_path / name, chirp(12, rate), rate, codec)
    whole = read(path)
    for start, end in ((0.0, 1.0), (0.5, 2.25), (2.0001, 3.0), (5.12345, 9.87654), (11.0, None), (7.77, 100.0)):
        part = read(path, start=start, end=end)
        wanted = whole[round(start * SAMPLE_RATE) : None if end is None else round(end * SAMPLE_RATE)]
        assert len(part) == len(wanted)
        # Lossless formats are cut from the very same samples. AAC fills noise bands at random.
        assert np.abs(part - wanted).max() < (0.02 if codec == "aac" else 1e-5), (start, end)


def test_start_behind_the_end_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(3))
    with pytest.raises(InputError, match=r"a\.wav: ends at 3\.0 s, before 30 s"):
        read(path, start=30.0)


def test_seeking_reads_only_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_wav(tmp_path / "a.wav", tone(200))
    taken = 0

    def counted(self: Any, size: int = -1) -> bytes:
        nonlocal taken
        data = self.file.read(size)
        taken += len(data)
        return bytes(data)

    monkeypatch.setattr("asrcli.audio.media.READ_BYTES", 1 << 14)
    original = __import__("asrcli.audio.media", fromlist=["SeekableSource"]).SeekableSource.__init__

    def patched(self: Any, file: Any, end: int | None = None) -> None:
        original(self, file, end)
        self.read = lambda size: counted(self, size)

    monkeypatch.setattr("asrcli.audio.media.SeekableSource.__init__", patched)
    assert (read(path, start=150.0, end=151.0) == read(path)[2_400_000:2_416_000]).all()
    taken = 0
    read(path, start=150.0, end=151.0)
    assert 0 < taken < path.stat().st_size / 20


@pytest.mark.slow
def test_vbr_mp3_does_not_drift(tmp_path: Path) -> None:
    rate = 44_100
    quiet, loud = np.zeros(20 * rate, np.float32), np.random.default_rng(3).normal(0, 0.2, 20 * rate).astype(np.float32)
    clicks = np.concatenate([quiet, loud, quiet])
    clicks[50 * rate] = 1.0
    path = tmp_path / "a.mp3"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libmp3lame", rate=rate, layout="mono", options={"compression_level": "9"})
        stream.codec_context.flags |= 1 << 1  # AV_CODEC_FLAG_QSCALE: a variable bit rate
        stream.codec_context.global_quality = 4 * 118
        frame = av.AudioFrame.from_ndarray(clicks[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        resampler = av.AudioResampler("fltp", "mono", rate, frame_size=1152)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    heard = read(path)
    assert abs(int(np.argmax(np.abs(heard[41 * SAMPLE_RATE :]))) + 41 * SAMPLE_RATE - 50 * SAMPLE_RATE) <= 2
    part = read(path, start=49.5, end=50.5)
    assert abs(int(np.argmax(np.abs(part))) - SAMPLE_RATE // 2) <= 2


def test_audio_that_begins_late_is_padded_and_a_gap_is_filled(tmp_path: Path) -> None:
    """A 1 s click train whose second half is muxed 2 s later, in a video that starts 0.5 s before the sound."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        video, sound = (
            container.add_stream("mpeg4", rate=10),
            container.add_stream("pcm_s16le", rate=16_000, layout="mono"),
        )
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        for number in range(60):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")
            picture.pts = number
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for begin in (0.5, 3.5):
            frame = av.AudioFrame.from_ndarray((tone(1, hertz=1000) * 32767).astype(np.int16)[None], "s16", "mono")
            frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), round(begin * 16_000)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    told: list[str] = []
    heard = read(path, told.append)
    loud = np.abs(heard.reshape(-1, 1600)).max(axis=1) > 0.1
    assert len(told) == 1 and "missing at 1.5 s" in told[0]
    assert np.flatnonzero(loud).tolist() == [*range(5, 15), *range(35, 45)]
    assert probe(str(path)).has_video


def test_rate_and_channels_may_change_in_mid_stream(tmp_path: Path) -> None:
    one = encode(tmp_path / "1.mp3", np.stack([tone(2, 44_100)] * 2, axis=1), 44_100, "libmp3lame")
    two = encode(tmp_path / "2.mp3", tone(2, 22_050), 22_050, "libmp3lame")
    for order in ((one, two), (two, one)):
        joined = tmp_path / "joined.mp3"
        joined.write_bytes(b"".join(path.read_bytes() for path in order))
        heard = read(joined, lambda text: None)
        assert 3.9 < len(heard) / SAMPLE_RATE < 4.3
        for second in (0.5, 3.2):  # the same 440 Hz before and after
            piece = heard[round(second * SAMPLE_RATE) :][:8192] * np.hanning(8192)
            assert abs(np.argmax(np.abs(np.fft.rfft(piece))) * SAMPLE_RATE / 8192 - 440) < 4
        told: list[str] = []
        read(joined, told.append, channel=probe(str(joined)).channels - 1)
        assert any("channel 1 ends" in text for text in told) == (order[0] is one)


# Bad input: one clear sentence that names the file.


def make_bad(folder: Path) -> dict[str, Path]:
    """Return inputs that cannot be read, by the sentence that says so."""
    good = encode(folder / "good.m4a", chirp(3, 44_100), 44_100, "aac").read_bytes()
    wav = write_wav(folder / "good.wav", chirp(3)).read_bytes()
    files = {
        "is empty": b"",
        "is not audio in a format": b"This is a letter, not a sound.\n" * 500,
        "is damaged: its header": wav[:30],
        "holds no audio (0 seconds)": wav[:44],
        "its header is cut off": good[: len(good) // 2],
        "is encrypted (DRM)": good.replace(b"mp4a", b"enca"),
        "encrypted (DRM) and cannot": good.replace(b"mp4a", b"drms"),
    }
    bad = {"has no audio track (only video)": write_video(folder / "video.mp4")}
    for number, (sentence, data) in enumerate(files.items()):
        bad[sentence] = folder / f"bad{number}.wav"
        bad[sentence].write_bytes(data)
    bad["is a folder"] = folder
    bad["no such file"] = folder / "missing.wav"
    bad["is a device"] = Path("/dev/null")
    return bad


def test_bad_input_is_one_clear_sentence(tmp_path: Path) -> None:
    for sentence, path in make_bad(tmp_path).items():
        for call in (lambda at: probe(str(at)), lambda at: read(at, lambda text: None)):
            with pytest.raises(InputError) as caught:
                call(path)
            assert sentence in str(caught.value) and str(path) in str(caught.value)
            assert "\n" not in str(caught.value).replace(str(path), "")


def test_what_is_said_of_tracks_that_cannot_be_heard(tmp_path: Path) -> None:
    """A file that lacks an audio track names the others; one that has it is never said to have none."""
    wav = write_wav(tmp_path / "good.wav", chirp(1)).read_bytes()
    m4a = encode(tmp_path / "good.m4a", chirp(1), 44_100, "aac").read_bytes()
    coded = "is coded in a way that FFmpeg does not know"
    for name, data, sentence in (
        ("codec.wav", wav[:20] + b"\xff\x7f" + wav[22:], coded),
        ("channels.wav", wav[:22] + b"\0\0" + wav[24:], coded),
        ("bits.wav", wav[:34] + b"\0\0" + wav[36:], coded),
        ("video.m4a", m4a.replace(b"soun", b"vide"), "has no audio track (only video)"),
        ("nothing.m4a", m4a.replace(b"trak", b"free"), "has no audio track (only an empty container)"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError) as caught:
            probe(str(tmp_path / name))
        assert sentence in str(caught.value) and "only audio" not in str(caught.value), name


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_wav(tmp_path / "a.wav", tone(1))
    if os.getuid() == 0:  # root may read everything: let the system call say what it says to others

        def refused(*_: Any, **__: Any) -> Any:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr("builtins.open", refused)
    path.chmod(0)
    with pytest.raises(InputError, match="no permission to read it"):
        probe(str(path))


@pytest.mark.parametrize(
    ("ending", "codec"), [("flac", "flac"), ("mp3", "libmp3lame"), ("mkv", "flac"), ("wav", "pcm_s16le")]
)
def test_a_truncated_tail_keeps_the_good_part(tmp_path: Path, ending: str, codec: str) -> None:
    path = encode(tmp_path / f"a.{ending}", chirp(10, 16_000), 16_000, codec)
    whole = read(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    told: list[str] = []
    heard = read(path, told.append)
    assert any("cut short: ends at" in text for text in told)
    assert 3 < len(heard) / SAMPLE_RATE < 9
    assert np.abs(heard[:-2000] - whole[: len(heard) - 2000]).max() < 1e-4
    told.clear()
    read(path, told.append, end=2.0)  # what is wanted is whole: nothing to say
    assert not told


@pytest.mark.parametrize(("ending", "codec"), [("flac", "flac"), ("mka", "flac"), ("m4a", "aac"), ("mp4", "alac")])
def test_damage_in_the_middle_keeps_the_rest_in_place(tmp_path: Path, ending: str, codec: str) -> None:
    path = encode(tmp_path / f"a.{ending}", chirp(10), 16_000, codec)
    whole, data = read(path), bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 1500] = np.random.default_rng(0).bytes(1500)
    path.write_bytes(data)
    told: list[str] = []
    heard = read(path, told.append)
    assert told
    assert abs(len(heard) - len(whole)) <= 4096 + SAMPLE_RATE // 10
    assert abs(lag(heard[-32_000:], whole[-32_000:]) - (len(whole) - len(heard))) <= SAMPLE_RATE // 10


@pytest.mark.parametrize(("ending", "codec"), [("aac", "aac"), ("mp3", "libmp3lame"), ("latm", "aac")])
def test_frames_that_cannot_be_decoded_last_as_long_as_they_are(tmp_path: Path, ending: str, codec: str) -> None:
    """Of a format without a clock, too, where all behind them would come too early."""
    path = encode(tmp_path / f"a.{ending}", chirp(10), 16_000, codec)
    whole, data = read(path), bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(one.pos, one.size) for one in container.demux(container.streams.audio[0]) if one.pos is not None]
    random = np.random.default_rng(0)
    for at, size in packets[len(packets) // 3 :][:60]:
        data[at + 9 : at + size - 1] = random.bytes(size - 10)
    path.write_bytes(data)
    told: list[str] = []
    heard = read(path, told.append)
    assert len(heard) == len(whole) and abs(lag(heard[-32_000:], whole[-32_000:])) <= 2
    assert any("damaged packets" in line for line in told), told


# Names and places.

NAMES = [
    "a b.wav",
    "new\nline.wav",
    "-dash.wav",
    "http:a.wav",
    "file:a.wav",
    "concat:a.wav|b.wav",
    "%03d.wav",
    "*.wav",
    "ünï – 声.wav",
    os.fsdecode(b"bytes\xff\xfe.wav"),
    "a.wav?x=1#y",
    "data:audio,x",
    "pipe:0",
    "'quote\".wav",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_is_a_file_and_never_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with open(name, "wb") as file:
        file.write(write_wav(tmp_path / "source", tone(1)).read_bytes())
    assert probe(name) == AudioInfo("wav", "pcm_s16le", 16_000, 1, 1.0, False)
    assert len(read(name)) == SAMPLE_RATE
    with pytest.raises(InputError, match="no such file"):
        probe("x" + name)


def test_a_zero_byte_in_a_name_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        probe("a\0b.wav")


PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile secret.wav\n",
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:1.0,\nsecret.ts\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "dash": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'profiles="urn:mpeg:dash:profile:full:2011"><Period><AdaptationSet mimeType="audio/mp4">'
        '<Representation id="0" bandwidth="1"><BaseURL>secret.m4a</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>"
    ),
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_cannot_read_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    encode(tmp_path / "secret.ts", tone(1), 16_000, "aac")
    encode(tmp_path / "secret.m4a", tone(1), 16_000, "aac")
    write_wav(tmp_path / "secret.wav", tone(1))
    (tmp_path / "talk.wav").write_text(PLAYLISTS[kind])
    if kind == "concat":  # without the list of formats, FFmpeg follows it
        with av.open("talk.wav") as container:
            assert container.streams.audio[0].codec_context.name == "pcm_s16le"
    for call in (probe, read):
        with pytest.raises(InputError, match="not audio in a format"):
            call("talk.wav")
    assert kind not in DEMUXERS.split(",")


@pytest.mark.parametrize(
    ("ending", "codec", "options"),
    [
        ("wav", "pcm_s16le", {}),
        ("flac", "flac", {}),
        ("mp3", "libmp3lame", {}),
        ("ogg", "libopus", {}),
        ("mkv", "aac", {}),
        ("ts", "aac", {}),
        ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov"}),
        ("mp4", "aac", {"movflags": "faststart"}),
    ],
)
def test_standard_input_gives_the_same_samples(
    tmp_path: Path, ending: str, codec: str, options: dict[str, str]
) -> None:
    path = encode(tmp_path / f"a.{ending}", chirp(4, 48_000), 48_000, codec, **options)
    receiver, sender = os.pipe()

    def send() -> None:
        with os.fdopen(sender, "wb") as pipe:
            pipe.write(path.read_bytes())

    thread = threading.Thread(target=send)
    thread.start()
    with os.fdopen(receiver, "rb") as pipe:
        heard = np.concatenate(list(decode(Recording("-"), lambda text: None, stdin=pipe)))
    thread.join()
    wanted = read(path)
    # At the end of a pipe FFmpeg does not drop an mp3 encoder's padding.
    assert 0 <= len(heard) - len(wanted) <= (1152 if ending == "mp3" else 0)
    assert np.abs(heard[: len(wanted)] - wanted)[:-100].max() < 1e-6


class Pipe(io.BytesIO):
    """Bytes that can be read once."""

    def seekable(self) -> bool:
        return False


def test_standard_input_that_is_no_audio(tmp_path: Path) -> None:
    index_at_end = encode(tmp_path / "a.mp4", chirp(20), 16_000, "alac").read_bytes()
    assert len(index_at_end) > 2 * READ_BYTES  # a small file fits into the buffer and can be read
    for data, why in ((b"", "is not audio"), (b"hello " * 1000, "is not audio"), (index_at_end, "a pipe cannot carry")):
        with pytest.raises(InputError, match=f"^-: .*{why}"):
            list(decode(Recording("-"), no_warning, stdin=Pipe(data)))


def test_standard_input_redirected_from_a_file(tmp_path: Path) -> None:
    data = encode(tmp_path / "a.mp4", tone(1), 16_000, "aac").read_bytes()
    assert sum(map(len, decode(Recording("-"), no_warning, stdin=io.BytesIO(data)))) >= SAMPLE_RATE


def test_a_named_pipe_is_read_once_by_decode_and_not_by_probe(tmp_path: Path) -> None:
    data, path = write_wav(tmp_path / "a.wav", tone(1)).read_bytes(), tmp_path / "pipe"
    os.mkfifo(path)
    thread = threading.Thread(target=path.write_bytes, args=(data,))
    thread.start()
    assert len(read(path, lambda text: None)) == SAMPLE_RATE
    thread.join()


@pytest.mark.slow
def test_probes_run_side_by_side(tmp_path: Path) -> None:
    paths = [write_wav(tmp_path / f"{number}.wav", tone(1 + number / 8), 8_000 + number) for number in range(16)]
    bad = list(make_bad(tmp_path).values())

    def outcome(path: Path) -> str:
        try:
            return repr(probe(str(path)))
        except InputError as error:
            return str(error)

    alone = [outcome(path) for path in [*paths, *bad]]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert list(pool.map(outcome, [*paths, *bad])) == alone


def test_a_cover_image_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        sound = container.add_stream("aac", rate=16_000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 16
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        container.mux(cover.encode(picture.reformat(format="yuvj420p")))
        frame = av.AudioFrame.from_ndarray(tone(1)[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, 0, Fraction(1, 16_000)
        for piece in av.AudioResampler("fltp", "mono", 16_000, frame_size=1024).resample(frame):
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))
    assert not probe(str(path)).has_video


def test_silence_and_noise_are_decoded_like_anything_else(tmp_path: Path) -> None:
    assert not read(write_wav(tmp_path / "silence.wav", np.zeros(16_000))).any()
    noise = np.random.default_rng(0).uniform(-1, 1, 16_000)
    assert np.abs(read(write_wav(tmp_path / "noise.wav", noise, kind="f32")) - noise).max() < 1e-6


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads its peak memory from /proc")
def test_ten_hours_are_never_in_memory(tmp_path: Path) -> None:
    """A sparse file of 10 h (1.15 GB): in a process of its own, whose peak memory stays below 120 MB."""
    import subprocess
    import sys

    path = write_riff(tmp_path / "a.wav", b"", (1, 1, 16_000, 16), size=36_000 * 32_000)
    with open(path, "r+b") as file:
        file.truncate(44 + 36_000 * 32_000)
    # VmHWM, not ru_maxrss: the latter starts with the peak of the process that forked.
    code = (
        "import re, sys\nfrom asrcli.audio.decode import decode\nfrom asrcli.types import Recording\n"
        "samples = sum(len(block) for block in decode(Recording(sys.argv[1]), print))\n"
        "print(samples, int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=280, check=True
    )
    samples, megabytes = map(int, run.stdout.split())
    assert samples == 36_000 * SAMPLE_RATE
    assert megabytes < 120
