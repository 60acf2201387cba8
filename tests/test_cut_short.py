"""What is said about recordings that are cut short: each that is, none that is not, and at the right time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from asrcli.audio.decode import decode, probe
from asrcli.types import SAMPLE_RATE, Recording
from tests.audio_files import encode, tone


def heard(path: Path) -> tuple[float, list[str]]:
    told: list[str] = []
    return sum(map(len, decode(Recording(str(path)), told.append))) / SAMPLE_RATE, told


def with_pictures(path: Path, sound: float, pictures: float, codec: str = "aac") -> Path:
    """Write a video of so many seconds, whose sound has so many."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("flv" if path.suffix == ".flv" else "mpeg4", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        track: Any = container.add_stream(codec, rate=44_100, layout="mono")
        packets = []
        for number in range(round(pictures * 10)):
            picture = np.random.default_rng(number).integers(0, 255, (64, 64, 3), np.uint8)
            packets += video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24"))
        packets += video.encode(None)
        for at in range(0, round(sound * 44_100) - 1023, 1024):
            piece = tone(1024 / 44_100, 44_100)[None, :1024]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), "fltp", "mono")
            frame.sample_rate, frame.pts = 44_100, at
            packets += track.encode(frame)
        packets += track.encode(None)
        for packet in sorted(packets, key=lambda one: float((one.dts or 0) * one.time_base)):
            container.mux(packet)
    return path


@pytest.mark.parametrize("ending", [pytest.param("mkv", marks=pytest.mark.slow), "flv", "mp4"])
def test_a_video_that_is_cut_off_is_said_and_one_with_less_sound_is_not(ending: str, tmp_path: Path) -> None:
    assert heard(with_pictures(tmp_path / f"less.{ending}", 2.0, 6.0))[1] == []
    if ending == "mp4":  # its index would be lost
        return
    path = with_pictures(tmp_path / f"cut.{ending}", 6.0, 6.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    seconds, told = heard(path)
    assert 2 < seconds < 4 and any(f"cut short: ends at {seconds:.1f} s" in line for line in told), told


@pytest.mark.parametrize(("ending", "codec"), [("flv", "aac"), ("avi", "libmp3lame"), ("mkv", "aac"), ("wma", "wmav2")])
def test_an_end_of_zeros_is_said(ending: str, codec: str, tmp_path: Path) -> None:
    """As a copy leaves it that was interrupted."""
    path = encode(tmp_path / f"a.{ending}", tone(4, 44_100), 44_100, codec, bit_rate="64000")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    seconds, told = heard(path)
    assert 1 < seconds < 3 and any("cut short: ends at" in line and "of 4." in line for line in told), told


@pytest.mark.parametrize(
    ("name", "codec", "unit"),
    [
        ("a.ts", "aac", "within a packet"),
        ("a.m2ts", "ac3", "within a packet"),
        ("a.vob", "mp2", "within a packet"),
        ("a.mpg", "mp2", "within a packet"),
        ("a.opus", "libopus", "within a page"),
        ("a.ogg", "flac", "within a page"),
        ("a.caf", "pcm_s16be", "bytes missing"),
        ("a.w64", "pcm_s16le", "bytes missing"),
    ],
)
def test_a_file_that_ends_within_a_unit_is_cut_short_and_a_whole_one_is_not(
    name: str, codec: str, unit: str, tmp_path: Path
) -> None:
    path = encode(tmp_path / name, tone(4, 48_000), 48_000, codec)
    assert heard(path)[1] == []
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10 // 192 * 192 + 101])
    seconds, told = heard(path)
    assert told[0].startswith(f"cut short: ends at {seconds:.1f} s") and told[0].endswith(unit), told


def later(clip: Path, by: float) -> Path:
    """Write the packets of a clip later by so many seconds, as a piece of a live recording keeps its clock."""
    path = clip.with_suffix(".mkv")
    with av.open(str(path), "w") as out, av.open(str(clip)) as source:
        sound = source.streams.audio[0]
        stream = out.add_stream_from_template(sound)
        for packet in source.demux(sound):
            if packet.dts is not None and packet.pts is not None:
                packet.pts = packet.dts = packet.pts + round(by / float(sound.time_base or 1))
                packet.stream = stream
                out.mux(packet)
    return path


def test_a_recording_whose_clock_begins_late_is_as_long_as_it_is(tmp_path: Path) -> None:
    path = later(encode(tmp_path / "clip.m4a", tone(4, 44_100), 44_100, "aac"), 1000.0)
    seconds, told = heard(path)
    assert (round(seconds), told) == (4, [])
    assert probe(str(path)).seconds == pytest.approx(4, abs=0.2)
    data = bytearray(path.read_bytes())  # damage is told by the time of the recording, too
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path.write_bytes(data)
    told = heard(path)[1]
    assert any("of 4.0 s" in line for line in told), told
    assert not any("100" in line for line in told), told


def test_fragments_from_the_middle_of_a_live_stream_are_as_long_as_they_are(tmp_path: Path) -> None:
    how = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}
    path = encode(tmp_path / "live.mp4", tone(8, 44_100), 44_100, "aac", **how)
    data = path.read_bytes()
    places = [at - 4 for at in range(len(data)) if data.startswith(b"moof", at)]
    path.write_bytes(data[: places[0]] + data[places[len(places) // 2] :])
    seconds, told = heard(path)
    assert told == [] and seconds == pytest.approx(4, abs=0.6)
    assert probe(str(path)).seconds == pytest.approx(seconds, abs=0.1)


def test_a_length_that_nobody_can_have_recorded_is_none(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.flac", tone(2), SAMPLE_RATE, "flac")
    data = bytearray(path.read_bytes())
    data[21], data[22:26] = data[21] | 15, b"\xff" * 4  # the number of samples
    path.write_bytes(data)
    assert (probe(str(path)).seconds, heard(path)) == (None, (2.0, []))


def test_an_flv_with_the_clock_of_its_stream_is_not_called_cut_short(tmp_path: Path) -> None:
    """A recorder of streams writes the head at 0 and the sound at the time since the broadcast began."""
    data = encode(tmp_path / "a.flv", tone(2, 44_100), 44_100, "aac").read_bytes()
    at, tags = 13, []
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big") + 15
        tags.append(data[at : at + size])
        at += size
    head, *sound = (tag for tag in tags if tag[0] == 8)
    late = [tag[:4] + (int.from_bytes(tag[4:7], "big") + 500_000).to_bytes(3, "big") + tag[7:] for tag in sound]
    (tmp_path / "late.flv").write_bytes(data[:13] + head + b"".join(late))
    seconds, told = heard(tmp_path / "late.flv")
    assert told == [] and seconds == pytest.approx(2, abs=0.1)
