"""Recordings joined end to end, heads that promise too little, and clocks that leap: all is heard, where it belongs."""

from __future__ import annotations

import io
import random
import shutil
import struct
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from asrcli.audio.decode import decode, probe
from asrcli.audio.parts import parts_of
from asrcli.types import SAMPLE_RATE, Recording
from tests.audio_files import encode, tone, write_wav


def heard(path: Path, stdin: Any = None, **fields: Any) -> tuple[Any, list[str]]:
    """Return the samples and what was said about them."""
    told: list[str] = []
    name = "-" if stdin is not None else str(path)
    return np.concatenate(list(decode(Recording(name, **fields), told.append, stdin=stdin))), told


def pitches(samples: Any, seconds: float = 1.0) -> list[int]:
    """Return the loudest frequency (Hz) of each stretch, without its edges; 0 for silence."""
    found = []
    size = round(seconds * SAMPLE_RATE)
    for at in range(0, len(samples) - size // 2, size):
        piece = samples[at + size // 8 : at + size - size // 8]
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece))))
        loud = float(np.sqrt(np.mean(np.square(piece)))) > 0.01
        found.append(round(int(np.argmax(spectrum)) * SAMPLE_RATE / len(piece) / 100) * 100 if loud else 0)
    return found


class Pipe(io.RawIOBase):
    """Bytes that cannot be sought in and come a few at a time."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self.data.readinto(memoryview(buffer)[:777])


OGG = [
    ("libvorbis", {"rate": 16_000}, {"rate": 44_100}),
    ("libvorbis", {"rate": 44_100, "bit_rate": "48000"}, {"rate": 44_100, "bit_rate": "160000"}),
    ("libvorbis", {"rate": 22_050}, {"rate": 22_050}),
    ("libopus", {"rate": 48_000}, {"rate": 48_000, "stereo": True}),
    ("flac", {"rate": 16_000}, {"rate": 48_000, "stereo": True}),
    ("libvorbis", {"rate": 16_000}, {"rate": 48_000, "coder": "libopus"}),
]


def written(path: Path, hertz: float, codec: str, **how: Any) -> bytes:
    rate, codec = how.pop("rate"), how.pop("coder", codec)
    if codec == "libvorbis":  # which PyAV's wheels cannot write
        if shutil.which("ffmpeg") is None:
            pytest.skip("needs ffmpeg, which writes Vorbis")
        wav = write_wav(path.with_suffix(".wav"), tone(2, rate, hertz, 0.3), rate)
        quality = ["-b:a", how["bit_rate"]] if "bit_rate" in how else []
        words = ["ffmpeg", "-v", "error", "-y", "-i", str(wav), "-c:a", "libvorbis", *quality, str(path)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
        return path.read_bytes()
    samples = tone(2, rate, hertz, 0.3)
    samples = np.stack([samples] * 2, axis=1) if how.pop("stereo", False) else samples
    return encode(path, samples, rate, codec, **how).read_bytes()


@pytest.mark.parametrize(
    ("codec", "first", "second"), [*OGG[1::2], *(pytest.param(*one, marks=pytest.mark.slow) for one in OGG[::2])]
)
def test_every_part_of_a_chained_ogg_is_heard(codec: str, first: Any, second: Any, tmp_path: Path) -> None:
    parts = [written(tmp_path / f"{n}.ogg", 600 + 300 * n, codec, **dict(first if n % 2 else second)) for n in range(3)]
    path = tmp_path / "chain.ogg"
    path.write_bytes(b"".join(parts))
    for stdin in (None, io.BufferedReader(Pipe(path.read_bytes()))):
        samples, told = heard(path, stdin)
        assert not told
        assert pitches(samples) == [600, 600, 900, 900, 1200, 1200]
    assert len(samples) / SAMPLE_RATE == pytest.approx(6, abs=0.1)
    assert probe(str(path)).seconds == pytest.approx(6, abs=0.1)


def test_a_broken_part_of_a_chained_ogg_is_said_and_the_next_is_heard(tmp_path: Path) -> None:
    parts = [written(tmp_path / f"{n}.ogg", 600 + 300 * n, "libvorbis", rate=16_000) for n in range(3)]
    second = bytearray(parts[1])
    second[28:4000] = bytes(len(second[28:4000]))
    path = tmp_path / "chain.ogg"
    path.write_bytes(parts[0] + bytes(second) + parts[2])
    samples, told = heard(path)
    assert told
    assert pitches(samples)[:2] == [600, 600]
    assert pitches(samples)[-2:] == [1200, 1200]


def test_the_part_behind_one_that_is_cut_off_is_heard(tmp_path: Path) -> None:
    """Its last page says that it is longer than it is, and the next part's first pages are in what it promises."""
    parts = [written(tmp_path / f"{n}.opus", 600 + 300 * n, "libopus", rate=48_000) for n in range(2)]
    path = tmp_path / "chain.opus"
    path.write_bytes(parts[0][:-1000] + parts[1])
    for stdin in (None, io.BufferedReader(Pipe(path.read_bytes()))):
        samples, _ = heard(path, stdin)
        assert pitches(samples[-2 * SAMPLE_RATE :]) == [900, 900]


def test_a_part_of_a_chained_ogg_without_sound_is_said(tmp_path: Path) -> None:
    one = written(tmp_path / "1.ogg", 600, "libvorbis", rate=16_000)
    page = b"OggS\0%c" + bytes(20) + b"\1\x08" + b"fishhead"
    path = tmp_path / "chain.ogg"
    path.write_bytes(one + page % 2 + page % 0 + one)
    samples, told = heard(path)
    assert any("what follows at 2.0 s cannot be decoded" in line for line in told), told
    assert pitches(samples)[:2] == [600, 600]


@pytest.mark.parametrize("how", ["half", "half, and the whole", "a recorder's first second", "tiny"])
@pytest.mark.parametrize("kind", ["wav", "aiff"])
def test_more_sound_than_the_head_promises_is_heard(how: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"long.{kind}"
    encode(path, tone(3, 16_000, 700, 0.3), 16_000, "pcm_s16le" if kind == "wav" else "pcm_s16be")
    data = bytearray(path.read_bytes())
    order: Any = "little" if kind == "wav" else "big"
    at = data.index(b"data" if kind == "wav" else b"SSND") + 4
    promised = {"half": 48_000, "half, and the whole": 48_000, "a recorder's first second": 32_000, "tiny": 64}[how]
    data[at : at + 4] = promised.to_bytes(4, order)
    if how != "half":
        data[4:8] = (at + 4 + promised - 8).to_bytes(4, order)
    path.write_bytes(data)
    samples, told = heard(path)
    assert len(samples) == pytest.approx(3 * SAMPLE_RATE, abs=8)
    assert pitches(samples) == [700, 700, 700]
    assert told == ["there is more sound than its header promises; all of it is used"]
    assert len(heard(path, start=2.0)[0]) == pytest.approx(SAMPLE_RATE, abs=8)


def test_a_second_chunk_of_sound_is_heard(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(2, hertz=700))
    data = path.read_bytes()
    path.write_bytes(data + data[data.index(b"data") :])
    samples, told = heard(path)
    assert pitches(samples) == [700] * 4
    assert told == ["there is more sound than its header promises; all of it is used"]


@pytest.mark.parametrize("counted", [0, 64_000])
def test_an_rf64_whose_writer_was_cut_off_before_it_counted_is_heard(counted: int, tmp_path: Path) -> None:
    data = write_wav(tmp_path / "a.wav", tone(2, hertz=700)).read_bytes()
    sizes = b"ds64" + struct.pack("<IQQQI", 28, counted and counted + 72, counted, counted // 2, 0)
    head = b"RF64\xff\xff\xff\xffWAVE" + sizes + data[12:]
    at = head.index(b"data") + 4
    path = tmp_path / "long.wav"
    path.write_bytes(head[:at] + b"\xff\xff\xff\xff" + head[at + 4 :])
    samples, told = heard(path)
    assert pitches(samples) == [700] * 2
    assert bool(told) == (counted == 0)


@pytest.mark.parametrize(
    "behind",
    [
        bytes(100_000),
        b"\xff" * 100_000,
        b"TAG" + b"title" * 25,
        b"ID3\x03\0\0\0\0\x20\0" + b"junk" * 1024,
        b"LIST\xff\xff\0\0INFO" + b"cut off" * 1000,
        b"LIST\x04\0\0\0INFO",
    ],
)
def test_what_is_no_sound_behind_the_sound_is_not_heard(behind: bytes, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(1, hertz=700))
    path.write_bytes(path.read_bytes() + behind)
    samples, told = heard(path)
    assert (len(samples), told) == (SAMPLE_RATE, [])


MP3 = [
    [{"rate": 16_000, "bit_rate": "64000"}] * 3,
    [{"rate": 44_100, "bit_rate": "128000"}, {"rate": 44_100, "bit_rate": "48000"}, {"rate": 44_100}],
    [{"rate": 22_050}, {"rate": 44_100, "stereo": True}, {"rate": 16_000}],
    [{"rate": 44_100, "id3v2_version": "0"}, {"rate": 44_100, "write_id3v1": "1"}, {"rate": 44_100}],
]
UNCOUNTED = {"rate": 44_100, "write_xing": "0"}


@pytest.mark.parametrize("parts", [[UNCOUNTED] * 3, [{"rate": 44_100}, UNCOUNTED, {"rate": 44_100}]])
def test_tags_between_mp3s_without_a_length_are_no_damage(parts: list[Any], tmp_path: Path) -> None:
    made = [written(tmp_path / f"{n}.mp3", 600 + 300 * n, "libmp3lame", **dict(how)) for n, how in enumerate(parts)]
    tagged = [b"ID3\4\0\0\0\0\x10\0" + b"\0" * 2048 + one[one.index(b"\xff\xfb") :] for one in made]
    path = tmp_path / "joined.mp3"
    path.write_bytes(b"".join(tagged))
    samples, told = heard(path)
    assert not told
    assert len(samples) / SAMPLE_RATE == pytest.approx(6, abs=0.2)
    assert pitches(samples[:SAMPLE_RATE]) + pitches(samples[-SAMPLE_RATE:]) == [600, 1200]


@pytest.mark.parametrize("parts", MP3)
def test_joined_mp3s_are_heard_whole_and_not_called_cut_short(parts: list[Any], tmp_path: Path) -> None:
    made = [written(tmp_path / f"{n}.mp3", 600 + 300 * n, "libmp3lame", **dict(how)) for n, how in enumerate(parts)]
    path = tmp_path / "joined.mp3"
    path.write_bytes(b"".join(made))
    samples, told = heard(path)
    assert not told
    assert pitches(samples) == [600, 600, 900, 900, 1200, 1200]
    assert len(samples) == pytest.approx(6 * SAMPLE_RATE, abs=64)
    path.write_bytes(b"".join(made)[: -len(made[-1]) // 2])  # what really is cut short is said
    assert any("cut short: ends at" in line and "of 6.0 s" in line for line in heard(path)[1])


@pytest.mark.parametrize(
    ("ending", "codec"),
    [
        ("wav", "pcm_s16le"),
        ("m4a", "aac"),
        ("flac", "flac"),
        ("webm", "libopus"),
        ("flv", "aac"),
        ("wma", "wmav2"),
        ("tta", "tta"),
        ("wv", "wavpack"),
        ("au", "pcm_s16be"),
        ("voc", "pcm_s16le"),
        ("nut", "pcm_s16le"),
    ],
)
def test_other_files_joined_end_to_end_are_heard(ending: str, codec: str, tmp_path: Path) -> None:
    rate = {"webm": 48_000, "flv": 44_100, "wma": 44_100}.get(ending, 16_000)
    how = {"rate": rate, **({"bit_rate": "64000"} if ending == "wma" else {})}
    made = [written(tmp_path / f"{n}.{ending}", 600 + 300 * n, codec, **how) for n in range(3)]
    path = tmp_path / f"joined.{ending}"
    path.write_bytes(b"".join(made))
    assert pitches(heard(path)[0]) == [600, 600, 900, 900, 1200, 1200]


# Clocks


def remuxed(path: Path, clips: list[Path], shift: Any, format: str | None = None) -> Path:
    """Write the packets of clips into one file without encoding; `shift` gives each the seconds to move it by."""
    with av.open(str(path), "w", format=format) as out:
        stream: Any = None
        last = -1
        for number, clip in enumerate(clips):
            with av.open(str(clip)) as source:
                sound = source.streams.audio[0]
                stream = stream or out.add_stream_from_template(sound)
                for packet in source.demux(sound):
                    if packet.dts is None or packet.pts is None:
                        continue
                    moved = round(shift(number, packet.pts * packet.time_base) / packet.time_base)
                    if packet.pts + moved < 0:
                        continue
                    packet.dts, packet.pts = packet.dts + moved, packet.pts + moved
                    packet.dts = packet.pts = last = max(last + 1, packet.pts)  # as ffmpeg does
                    packet.stream = stream
                    out.mux(packet)
    return path


def clicked(seconds: float, rate: int) -> Any:
    """Return silence with a short burst in the middle."""
    samples = np.zeros(round(seconds * rate), np.float32)
    middle = len(samples) // 2
    samples[middle - rate // 200 :][: rate // 100] = 0.8 * np.sin(np.arange(rate // 100) * 0.6)
    return samples


def bursts(samples: Any) -> list[float]:
    """Return the times of the bursts, seconds."""
    loud = np.flatnonzero(np.abs(samples) > 0.3)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > SAMPLE_RATE // 10) + 1)
    return [float(group.mean()) / SAMPLE_RATE for group in groups if len(group)]


@pytest.mark.parametrize(("ending", "rate"), [("m4a", 16_000), ("m4a", 44_100), ("mkv", 44_100), ("ts", 44_100)])
def test_clips_joined_without_encoding_do_not_drift(ending: str, rate: int, tmp_path: Path) -> None:
    clip = encode(tmp_path / "clip.m4a", clicked(1.1, rate), rate, "aac", bit_rate="64000")
    path = remuxed(tmp_path / f"joined.{ending}", [clip] * 20, lambda number, _: 1.1 * number)
    samples, told = heard(path)
    found = bursts(samples)
    assert len(found) == 20
    # 0.5 s and more before. A codec's head and foot of 46 ms at a joint are within the 20 ms on either side.
    assert max(abs(at - found[0] - 1.1 * number) for number, at in enumerate(found)) < 0.03, found
    assert abs(found[0] - 0.55) < (0.1 if ending == "ts" else 0.02)
    assert not told


def test_one_timestamp_that_is_off_moves_nothing(tmp_path: Path) -> None:
    """FFmpeg's writer of program streams leaves such frames behind."""
    clip = encode(tmp_path / "clip.m4a", clicked(8.0, 44_100), 44_100, "aac", bit_rate="64000")
    path = remuxed(tmp_path / "odd.mkv", [clip], lambda _, time: 0.06 if 2.0 < float(time) < 2.02 else 0.0)
    assert bursts(heard(path)[0]) == pytest.approx([4.0], abs=0.015)


def test_timestamps_that_jitter_are_not_followed(tmp_path: Path) -> None:
    clip = encode(tmp_path / "clip.m4a", clicked(8.0, 44_100), 44_100, "aac", bit_rate="64000")
    chosen = random.Random(3)
    path = remuxed(tmp_path / "jitter.mkv", [clip], lambda _number, _time: chosen.random() * 0.08)
    plain = heard(clip)[0]
    samples, told = heard(path)
    assert len(samples) == pytest.approx(len(plain), abs=0.05 * SAMPLE_RATE)
    assert not told


@pytest.mark.parametrize("lost", [0.03, 0.06])
def test_packets_that_are_lost_in_the_first_second_are_no_jitter(lost: float, tmp_path: Path) -> None:
    """As in a call over a bad line: each leaves all behind it off by the same, which was followed from 0.1 s only."""
    clip = encode(tmp_path / "clip.m4a", clicked(10.0, 44_100), 44_100, "aac", bit_rate="64000")
    path = remuxed(tmp_path / "lost.mkv", [clip], lambda _, time: lost * (time > 0.6))
    ((at, expected),) = zip(bursts(heard(path)[0]), bursts(heard(clip)[0]), strict=True)
    assert at - expected == pytest.approx(lost, abs=0.025)


TAG, PAGE = b"ID3\4\0\0\0\0\0\0", b"OggS\0\2" + b"\0" * 20


@pytest.mark.parametrize(
    "piece", [pytest.param(TAG, marks=pytest.mark.slow), TAG + b"\xff\xfb\x90\0", b"OggS", PAGE + b"\xff" * 4]
)
def test_what_looks_like_many_parts_is_read_in_one_pass(piece: bytes, tmp_path: Path) -> None:
    """Each look costs a read of 64 KB: without an end 5 MB of these would be read for minutes."""
    for ending, codec in (("mp3", "libmp3lame"), ("opus", "libopus")):
        head = written(
            tmp_path / f"a.{ending}", 600, codec, rate=48_000, **({"write_xing": "0"} if ending == "mp3" else {})
        )
        reads = CountedReads(head + piece * 400_000)
        assert len(list(parts_of(reads))) <= 10_001
        assert reads.bytes_read < 1_000_000_000


class CountedReads(io.BytesIO):
    """Bytes that count how many of them are read, over and over."""

    bytes_read = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data


def test_a_flac_joined_without_encoding_loses_nothing(tmp_path: Path) -> None:
    """Its frames count samples: each part's begin anew a little earlier than the last one ended."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg, which joins such files")
    for number, seconds in enumerate((0.6, 0.9, 1.2)):
        encode(tmp_path / f"{number}.flac", clicked(seconds, 44_100), 44_100, "flac")
    (tmp_path / "list").write_text("".join(f"file {number}.flac\n" for number in range(3)))
    path = tmp_path / "joined.flac"
    words = ["ffmpeg", "-v", "quiet", "-f", "concat", "-i", str(tmp_path / "list"), "-c", "copy", str(path)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    assert bursts(heard(path)[0]) == pytest.approx([0.3, 1.05, 2.1], abs=0.01)


@pytest.mark.parametrize(
    ("ending", "factor"),
    [
        ("m4a", 0.999),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in (("mkv", 1.001), ("m4a", 1.001), ("mkv", 0.999))),
    ],
)
def test_a_slow_or_fast_clock_is_followed(factor: float, ending: str, tmp_path: Path) -> None:
    """The sound card's clock is off: over 200 s by 0.2 s, of which at most the jitter is left."""
    whole = np.concatenate([clicked(10.0, 16_000)] * 20)
    clip = encode(tmp_path / "clip.m4a", whole, 16_000, "aac", bit_rate="48000")
    path = remuxed(tmp_path / f"slow.{ending}", [clip], lambda _, time: float(time) * (factor - 1))
    found = bursts(heard(path)[0])
    assert len(found) == 20
    assert max(abs(at - (10 * number + 5) * factor) for number, at in enumerate(found)) < 0.105, found


CLOCKS: dict[str, Any] = {
    "zero": lambda time: -time,
    "half as fast": lambda time: -time / 2,
    "stands, then tells the time": lambda time: min(0.0, 3.0 - time) if time < 5 else 0.0,
    "stands, then goes on": lambda time: min(0.0, max(3.0 - time, -2.0)),
}


@pytest.mark.parametrize("ending", ["mp4", "nut"])
@pytest.mark.parametrize("clock", sorted(CLOCKS))
def test_a_clock_that_stands_still_loses_nothing(clock: str, ending: str, tmp_path: Path) -> None:
    """Frames of one time are no joint, where they would be laid over each other: a broken recorder wrote them."""
    whole = np.concatenate([clicked(1.0, 16_000)] * 8)
    clip = encode(tmp_path / "clip.m4a", whole, 16_000, "aac", bit_rate="48000")
    samples, told = heard(remuxed(tmp_path / f"still.{ending}", [clip], lambda _, time: CLOCKS[clock](float(time))))
    assert len(told) <= 2 and "its clock stands still at" in told[0]
    assert len(bursts(samples)) == 8 and 7.6 <= len(samples) / SAMPLE_RATE <= 8.2
    if clock != "half as fast":  # which is found later
        assert len(samples) / SAMPLE_RATE == pytest.approx(8.05, abs=0.15)
    if clock == "stands, then tells the time":
        assert bursts(samples)[5:] == pytest.approx([5.5, 6.5, 7.5], abs=0.1)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_change_of_rate_in_raw_aac_is_no_gap(order: tuple[int, int], tmp_path: Path) -> None:
    made = [written(tmp_path / f"{rate}.aac", 700, "aac", rate=rate) for rate in (22_050, 44_100)]
    path = tmp_path / "change.aac"
    path.write_bytes(b"".join(made[n] for n in order))
    samples, told = heard(path)
    assert (pitches(samples), told) == ([700] * 4, [])


def leaping(path: Path, leap: float, pictures: bool = False, begin: float = 1.0) -> Path:
    """Write two seconds of sound whose clock leaps ahead (seconds) between them; pictures may go on in the gap."""
    with av.open(str(path), "w") as container:
        sound: Any = container.add_stream("aac", rate=16_000, layout="mono")
        video: Any = container.add_stream("mpeg4", rate=1) if pictures else None
        if video:
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
        packets = []
        for number in range(round(leap + 2) if pictures else 0):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 99, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 1)
            packets += video.encode(frame)
        packets += video.encode(None) if video else []
        samples = (tone(2, 16_000, 700, 0.3)).reshape(-1, 1)
        for at in range(0, len(samples) - 1023, 1024):
            piece = np.ascontiguousarray(samples[at : at + 1024].T)
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
            frame.pts = at + (round(leap * 16_000) if at >= 16_000 * begin else 0)
            packets += sound.encode(frame)
        packets += sound.encode(None)
        for packet in sorted(packets, key=lambda one: float((one.dts or 0) * one.time_base)):
            container.mux(packet)
    return path


@pytest.mark.parametrize(
    "ending", ["mp4", *(pytest.param(one, marks=pytest.mark.slow) for one in ("ts", "mkv", "flv"))]
)
def test_a_leap_of_the_clock_over_hours_is_left_out_and_said(ending: str, tmp_path: Path) -> None:
    path = leaping(tmp_path / f"leap.{ending}", 2 * 3600.0)
    samples, told = heard(path)
    assert 1.9 < len(samples) / SAMPLE_RATE < 2.3
    assert [line for line in told if "leaps 2:00:00 ahead" in line and "--jumps" in line], told
    assert not [line for line in told if "cut short" in line]
    kept = list(decode(Recording(str(path), jumps=True), told.append))
    assert sum(map(len, kept)) / SAMPLE_RATE == pytest.approx(7202, abs=0.5)


def test_a_long_gap_of_the_sound_in_which_pictures_go_on_is_silence(tmp_path: Path) -> None:
    path = leaping(tmp_path / "muted.mkv", 700.0, pictures=True)
    samples, told = heard(path)
    assert len(samples) / SAMPLE_RATE == pytest.approx(702, abs=0.5)
    assert any("silence was put in its place" in line for line in told)


@pytest.mark.parametrize("how", ["piped", "live", "shorter by its own account"])
def test_a_leap_beyond_what_a_file_says_of_its_length_is_left_out_and_said(how: str, tmp_path: Path) -> None:
    """A pipe and a live recording do not say how long they are, where a minute and more was closed in silence."""
    path = leaping(tmp_path / "leap.mkv", 90.0)
    length = b"\x44\x89\x88"  # in milliseconds, a double
    head, tail = path.read_bytes().split(length, 1)
    other = length + struct.pack(">d", 3000.0) if how == "shorter by its own account" else b"\xec\x89" + bytes(9)
    path.write_bytes(head + other + tail[8:])
    for jumps, seconds, said in ((False, 2, "leaps 1:30 ahead at 1.0 s"), (True, 92, "silence was put in its place")):
        samples, told = heard(path, Pipe(path.read_bytes()) if how == "piped" else None, jumps=jumps)
        assert len(samples) / SAMPLE_RATE == pytest.approx(seconds, abs=0.3)
        assert sum(said in line for line in told) == 1, told


def test_a_gap_of_a_minute_is_silence(tmp_path: Path) -> None:
    samples, told = heard(leaping(tmp_path / "gap.mkv", 60.0))
    assert len(samples) / SAMPLE_RATE == pytest.approx(62, abs=0.3)
    assert any("silence was put in its place" in line for line in told)
