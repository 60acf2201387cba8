"""Streams whose sound goes on under other numbers, and fragments that begin anew: advertisements, joined recordings."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asrcli.audio.decode import decode, probe
from asrcli.audio.fragments import Fragment, in_order
from asrcli.audio.parts import Part, parts_of
from asrcli.types import SAMPLE_RATE, Recording
from tests.audio_files import encode, tone

FRAGMENTED: dict[str, Any] = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}


def heard(path: Path) -> tuple[Any, list[str]]:
    told: list[str] = []
    return np.concatenate(list(decode(Recording(str(path)), told.append))), told


def pitches(samples: Any) -> list[int]:
    """Return the loudest frequency (to 100 Hz) in the middle of each second."""
    found = []
    for at in range(0, len(samples) - SAMPLE_RATE // 2, SAMPLE_RATE):
        piece = samples[at + 4000 : at + 12_000]
        found.append(round(int(np.argmax(np.abs(np.fft.rfft(piece)))) * SAMPLE_RATE / len(piece) / 100) * 100)
    return found


def stream(path: Path, hertz: float, codec: str = "aac", rate: int = 44_100, **how: Any) -> bytes:
    return encode(path, tone(2, rate, hertz, 0.3), rate, codec, **how).read_bytes()


@pytest.mark.parametrize(
    ("ending", "codec"),
    [
        *(("ts", codec) for codec in ("aac", "libmp3lame", "ac3")),
        # FFmpeg writes AAC and MP3 into m2ts under one kind and number, which no table tells apart.
        *(pytest.param("m2ts", codec, marks=pytest.mark.slow) for codec in ("aac", "ac3")),
    ],
)
def test_sound_that_goes_on_under_other_numbers_is_heard(ending: str, codec: str, tmp_path: Path) -> None:
    """As where a live stream goes on behind an advertisement, which another program has encoded."""
    own = stream(tmp_path / f"own.{ending}", 600)
    other = stream(tmp_path / f"other.{ending}", 900, codec, mpegts_start_pid="0x200", mpegts_pmt_start_pid="0x1100")
    path = tmp_path / f"live.{ending}"
    path.write_bytes(own * 8 + other + own)
    samples, told = heard(path)
    assert pitches(samples)[:20] == [600] * 16 + [900] * 2 + [600] * 2
    assert len(samples) / SAMPLE_RATE == pytest.approx(20, abs=0.6)
    assert not told


@pytest.mark.parametrize(
    ("ending", "codecs"),
    [
        ("vob", ["mp2", "ac3", "mp2"]),
        ("mpg", ["ac3", "mp2"]),
        pytest.param("vob", ["ac3", "pcm_dvd"], marks=pytest.mark.slow),
        pytest.param("mpg", ["pcm_dvd", "ac3"], marks=pytest.mark.slow),
    ],
)
def test_a_program_stream_that_changes_its_codec_is_heard_on(ending: str, codecs: list[str], tmp_path: Path) -> None:
    """As recordings of a DVD recorder or camcorder joined end to end."""
    path = tmp_path / f"joined.{ending}"
    parts = [stream(tmp_path / f"{n}.{ending}", 600 + 300 * n, codec, 48_000) for n, codec in enumerate(codecs)]
    path.write_bytes(b"".join(parts))
    samples, told = heard(path)
    assert pitches(samples) == [600 + 300 * (second // 2) for second in range(2 * len(codecs))]
    assert len(samples) / SAMPLE_RATE == pytest.approx(2 * len(codecs), abs=0.1)
    assert not told and probe(str(path)).seconds == pytest.approx(2 * len(codecs), abs=0.3)


def test_a_track_of_a_program_stream_that_begins_late_is_no_other_part(tmp_path: Path) -> None:
    first, second = (stream(tmp_path / f"{codec}.vob", 600, codec, 48_000) for codec in ("mp2", "ac3"))
    packs, others = ([data[at : at + 2048] for at in range(0, len(data), 2048)] for data in (first, second))
    pairs = zip(packs[10:20], others, strict=False)
    mixed = b"".join(own + other[:4] + own[4:10] + other[10:] for own, other in pairs)  # with one clock
    path = tmp_path / "two.vob"
    path.write_bytes(b"".join(packs[:10]) + mixed + b"".join(packs[20:]))
    with path.open("rb") as file:
        assert list(parts_of(file)) == [Part()]


class Pipe(io.BytesIO):
    """Bytes that cannot be sought in."""

    def seekable(self) -> bool:
        return False


def test_what_a_pipe_cannot_carry_is_said(tmp_path: Path) -> None:
    own = stream(tmp_path / "own.ts", 600)
    mp2, ac3 = (stream(tmp_path / f"{codec}.vob", 600, codec, 48_000) for codec in ("mp2", "ac3"))
    late = stream(tmp_path / "other.ts", 900, mpegts_start_pid="0x200")
    joints = ((own, late, 2), (own, own, 4), (mp2 * 8, ac3, 16), (ac3 * 8, mp2, 16), (ac3 * 8, ac3, 18))
    for first, second, seconds in joints:
        told: list[str] = []
        blocks = decode(Recording("-"), told.append, stdin=Pipe(first + second))
        assert sum(map(len, blocks)) / SAMPLE_RATE == pytest.approx(seconds, abs=0.5)
        left_out = any("tracks that begin later are left out of a pipe" in line for line in told)
        assert left_out == (second not in first)


def test_a_stream_that_is_cut_off_before_the_next_is_heard_on(tmp_path: Path) -> None:
    own = stream(tmp_path / "own.ts", 600)
    other = stream(tmp_path / "other.ts", 900, mpegts_start_pid="0x200")
    path = tmp_path / "live.ts"
    path.write_bytes(own[:-100] + b"lost" * 9 + other)
    assert pitches(heard(path)[0])[-2:] == [900, 900]


def test_a_stream_that_keeps_its_sound_is_one_part(tmp_path: Path) -> None:
    """Its tables come again and again, and may change beside the sound: it is opened once, and its clock is kept."""
    data = stream(tmp_path / "own.ts", 600)
    at = next(at for at in range(0, len(data), 188) if data[at + 1 : at + 3] == b"\x50\x00")  # its table of streams
    table = bytearray(data[at : at + 188])
    table[10] ^= 2  # another version
    path = tmp_path / "tables.ts"
    path.write_bytes(data + bytes(table) + data)
    with path.open("rb") as file:
        assert list(parts_of(file)) == [Part()]


def test_fragments_that_begin_anew_are_another_recording(tmp_path: Path) -> None:
    first = stream(tmp_path / "first.mp4", 600, **FRAGMENTED)
    second = stream(tmp_path / "second.mp4", 900, **FRAGMENTED)
    whole = stream(tmp_path / "whole.mp4", 1200)
    path = tmp_path / "joined.mp4"
    path.write_bytes(first + second + whole + first)
    samples, told = heard(path)
    assert pitches(samples) == [600, 600, 900, 900, 1200, 1200, 600, 600]
    assert not told and probe(str(path)).seconds == pytest.approx(8, abs=0.3)


def test_fragments_that_go_on_behind_another_head_are_the_same_recording(tmp_path: Path) -> None:
    """Pieces of a live stream, each with the head in front."""
    data = stream(tmp_path / "live.mp4", 600, **FRAGMENTED)
    places = [at - 4 for at in range(len(data)) if data.startswith(b"moof", at)]
    head, pieces = data[: places[0]], [data[a:b] for a, b in zip(places, [*places[1:], len(data)], strict=True)]
    assert len(pieces) > 3
    path = tmp_path / "pieces.mp4"
    path.write_bytes(b"".join(head + piece for piece in pieces))
    with path.open("rb") as file:
        assert list(parts_of(file)) == [Part()]
    assert pitches(heard(path)[0]) == [600, 600]


def shuffled(path: Path, flags: str, order: Sequence[int]) -> Path:
    """Write an MP4 whose first fragments lie in another order."""
    data = stream(path, 600, **{**FRAGMENTED, "movflags": flags})
    places = [at - 4 for at in range(len(data)) if data.startswith(b"moof", at)]
    pieces = [data[a:b] for a, b in zip(places, [*places[1:], len(data)], strict=True)]
    moved = path.with_stem("moved")
    moved.write_bytes(data[: places[0]] + b"".join([pieces[at] for at in order] + pieces[len(order) :]))
    return moved


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (3, 1, 0, 2), (1, 2, 3, 0)])
def test_fragments_that_lie_in_another_order_are_heard_in_that_of_time(order: Sequence[int], tmp_path: Path) -> None:
    """FFmpeg drops what is in the past."""
    path = shuffled(tmp_path / "live.mp4", FRAGMENTED["movflags"], order)
    whole, (samples, told) = heard(tmp_path / "live.mp4")[0], heard(path)
    assert np.array_equal(samples, whole) and not told
    late = np.concatenate(list(decode(Recording(str(path), start=1.4), told.append)))
    assert np.allclose(late, whole[round(1.4 * SAMPLE_RATE) :], atol=1e-3)


def test_only_fragments_that_can_be_moved_are_and_each_track_has_its_own_clock(tmp_path: Path) -> None:
    with shuffled(tmp_path / "live.mp4", "frag_keyframe+empty_moov", (1, 0)).open("rb") as file:  # places are absolute
        assert list(parts_of(file)) == [Part()]
    sound, pictures = ([Fragment(at, at + 5, track, time, True) for at, time in places] for track, places in (
        (1, ((10, 0), (30, 9), (50, 4))), (2, ((20, 700), (40, 710), (60, 720)))
    ))  # fmt: skip
    laid = sorted([*sound, *pictures], key=lambda one: one.start)
    assert in_order(0, laid) == ((0, 10), (10, 15), (20, 25), (50, 55), (40, 45), (30, 35), (60, 65))
    assert in_order(0, laid[:4]) == ()


def test_a_large_file_is_not_read_to_its_end_for_a_look(tmp_path: Path) -> None:
    path = tmp_path / "large.ts"
    other = stream(tmp_path / "other.ts", 900, mpegts_start_pid="0x200")
    path.write_bytes(stream(tmp_path / "own.ts", 600))
    with path.open("r+b") as file:
        file.seek((1 << 26) // 188 * 188)
        file.write(other)
    with path.open("rb") as file:
        assert list(parts_of(file, far=False)) == [Part()]
        assert len(list(parts_of(file))) == 2
