"""Files of different kinds joined end to end: each is heard where it belongs, and no ordinary file is taken for two."""

from __future__ import annotations

import io
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asrcli.audio.decode import decode, probe
from asrcli.audio.media import WHOLE, SeekableSource
from asrcli.audio.parts import MOST_PARTS, parts_of
from asrcli.audio.piped import Piped
from asrcli.types import SAMPLE_RATE, Recording
from tests.audio_files import encode, tone, write_riff, write_wav
from tests.test_joined import CountedReads, Pipe, heard, pitches

# Name -> codec, rate, and what the container is told. None has another of its kind behind it in a ring of them all.
KINDS: dict[str, tuple[str, int, dict[str, str]]] = {
    "a.wav": ("pcm_s16le", 16_000, {}),
    "b.mp3": ("libmp3lame", 44_100, {}),
    "c.flac": ("flac", 44_100, {}),
    "d.mp3": ("libmp3lame", 24_000, {"write_xing": "0", "id3v2_version": "0"}),
    "e.opus": ("libopus", 48_000, {}),
    "f.aac": ("aac", 44_100, {}),
    "g.m4a": ("aac", 44_100, {"movflags": "faststart"}),
    "h.ac3": ("ac3", 48_000, {}),
    "i.webm": ("libopus", 48_000, {}),
    "j.ts": ("mp2", 48_000, {}),
    "k.w64": ("pcm_s16le", 8_000, {}),
    "l.aiff": ("pcm_s16be", 22_050, {}),
    "m.flv": ("aac", 44_100, {}),
    "n.caf": ("pcm_s16le", 44_100, {}),
    "o.mpg": ("mp2", 48_000, {}),
    "p.mp4": ("aac", 44_100, {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}),
    "q.rf64": ("pcm_s16le", 16_000, {"rf64": "always"}),
    "r.avi": ("mp2", 44_100, {}),
    "s.wma": ("wmav2", 44_100, {"bit_rate": "64000"}),
    "t.au": ("pcm_s16be", 16_000, {}),
    "u.flac": ("flac", 16_000, {}),
    "v.mp2": ("mp2", 48_000, {}),
}


def written(folder: Path, name: str, hertz: float, seconds: float = 2) -> bytes:
    codec, rate, options = KINDS[name]
    path = folder / name.replace("rf64", "wav")
    return encode(path, tone(seconds, rate, hertz, 0.3), rate, codec, **options).read_bytes()


def slow(*values: Any) -> Any:
    """Return a case for the slow suite."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize("order", [1, -1, slow(7), slow(-5)])
def test_each_kind_of_file_is_heard_behind_another(order: int, piped: bool, tmp_path: Path) -> None:
    names = [list(KINDS)[(number * order) % len(KINDS)] for number in range(len(KINDS))]
    wanted = [600 + 300 * (number % 3) for number in range(len(names))]
    data = b"".join(written(tmp_path, name, hertz) for name, hertz in zip(names, wanted, strict=True))
    path = tmp_path / "joined"
    path.write_bytes(data)
    samples, told = heard(path, io.BufferedReader(Pipe(data)) if piped else None)
    assert not told
    assert len(samples) / SAMPLE_RATE == pytest.approx(2 * len(names), abs=0.05 * len(names))
    at, found = 0.0, []
    for _ in names:
        found.append(pitches(samples[round((at + 0.5) * SAMPLE_RATE) : round((at + 1.5) * SAMPLE_RATE)])[0])
        at += len(samples) / SAMPLE_RATE / len(names)
    assert found == wanted


def test_aac_with_the_mark_of_a_packet_at_its_fifth_byte_is_no_transport_stream(tmp_path: Path) -> None:
    own = written(tmp_path, "f.aac", 600)
    length, marked = (own[3] & 3) << 11 | own[4] << 3 | own[5] >> 5, 0x47 << 3  # of the first frame
    assert length < marked
    frame = own[:3] + bytes((own[3] & 0xFC, 0x47, own[5] & 0x1F)) + own[6:length] + bytes(marked - length)
    path = tmp_path / "joined.aac"
    path.write_bytes(frame + own[length:] + written(tmp_path, "a.wav", 900))
    samples, told = heard(path)
    assert not told
    assert pitches(samples[: 4 * SAMPLE_RATE]) == [600, 600, 900, 900]


@pytest.mark.parametrize("unknown", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000])
@pytest.mark.parametrize("second", ["a.wav", "b.mp3", "c.flac", "e.opus"])
def test_a_wav_whose_writer_did_not_know_its_length_ends_where_another_begins(
    unknown: int, second: str, tmp_path: Path
) -> None:
    own = write_wav(tmp_path / "44.wav", tone(2, 44_100, 600, 0.3), 44_100).read_bytes()
    size = struct.pack("<I", unknown)
    own = own[:4] + size + own[8:40] + size + own[44:]
    path = tmp_path / "joined.wav"
    path.write_bytes(own + written(tmp_path, second, 900))
    for stdin in (None, io.BufferedReader(Pipe(path.read_bytes()))):
        samples, told = heard(path, stdin)
        assert not told
        assert pitches(samples) == [600, 600, 900, 900]


FORM = struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 16_000, 1, 8)
ODD = b"RIFF" + struct.pack("<I", 32_035) + b"WAVEfmt " + FORM + b"data" + struct.pack("<I", 31_999)
CUT = ["d.mp3", "f.aac", "j.ts", "e.opus", "o.mpg"]
SIZED = ["b.mp3", "g.m4a", "i.webm"]  # say at their beginning how long they are


@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize("name", [*CUT, *SIZED])
def test_what_stands_behind_a_file_that_is_cut_off_is_heard(name: str, piped: bool, tmp_path: Path) -> None:
    path = tmp_path / "joined"
    path.write_bytes(written(tmp_path, name, 600)[:-100] + written(tmp_path, "a.wav", 900))
    samples, _ = heard(path, io.BufferedReader(Pipe(path.read_bytes())) if piped else None)
    assert pitches(samples[-2 * SAMPLE_RATE :]) == [900, 900]
    assert pitches(samples[:SAMPLE_RATE]) == [600]


@pytest.mark.parametrize("second", ["b.mp3", "g.m4a", *map(slow, ("a.wav", "c.flac", "e.opus", "i.webm"))])
@pytest.mark.parametrize("name", ["a.wav", "l.aiff", "n.caf", "q.rf64", *SIZED])
def test_a_head_that_promises_the_second_file_too_hides_it_in_no_pipe(name: str, second: str, tmp_path: Path) -> None:
    own = written(tmp_path, name, 600, seconds=6)
    data = own[: len(own) // 2] + written(tmp_path, second, 900)
    samples, _ = heard(tmp_path / "none", io.BufferedReader(Pipe(data)))
    assert pitches(samples[-2 * SAMPLE_RATE :])[-1] == 900
    assert pitches(samples[:SAMPLE_RATE]) == [600]
    assert len(samples) / SAMPLE_RATE == pytest.approx(5, abs=0.3)


def test_a_wav_that_is_cut_off_ends_where_another_begins(tmp_path: Path) -> None:
    path = tmp_path / "joined"
    path.write_bytes(written(tmp_path, "a.wav", 600)[:-3200] + written(tmp_path, "c.flac", 900))
    samples, _ = heard(path)
    assert len(samples) == pytest.approx(3.9 * SAMPLE_RATE, abs=16)
    assert pitches(samples[-2 * SAMPLE_RATE :]) == [900, 900]


@pytest.mark.parametrize(
    ("kind", "behind"),
    [
        *((kind, behind) for kind in ("odd", "a.wav", "q.rf64", "l.aiff") for behind in (b"", b"\0", bytes(4096))),
        *((kind, b"axml" + struct.pack("<I", 2000) + b"<x/>" * 500) for kind in ("a.wav", "q.rf64")),
    ],
)
@pytest.mark.parametrize("second", ["d.mp3", *map(slow, ("t.au", "g.m4a"))])
def test_what_stands_between_two_files_hides_no_sound(kind: str, behind: bytes, second: str, tmp_path: Path) -> None:
    """A chunk of odd length with or without its padding, zeros, and chunks behind the sound."""
    eight = np.round(128 + 100 * tone(2, 16_000, 600, 0.3)).astype("u1").tobytes()[:31_999]
    own = ODD + eight if kind == "odd" else written(tmp_path, kind, 600)
    path = tmp_path / "joined"
    path.write_bytes(own + behind + written(tmp_path, second, 900))
    for stdin in (None, io.BufferedReader(Pipe(path.read_bytes()))):
        samples, told = heard(path, stdin)
        assert not told
        assert len(samples) / SAMPLE_RATE == pytest.approx(4, abs=0.1)
        assert pitches(samples)[:4] == [600, 600, 900, 900]


def test_an_offset_leads_into_the_second_of_two_kinds(tmp_path: Path) -> None:
    path = tmp_path / "joined"
    path.write_bytes(written(tmp_path, "a.wav", 600) + written(tmp_path, "c.flac", 900))
    whole = heard(path)[0]
    assert probe(str(path)).seconds == pytest.approx(4, abs=0.01)
    for start, end in ((1.5, 2.5), (2.25, 3.75)):
        samples, _ = heard(path, start=start, end=end)
        assert samples == pytest.approx(whole[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)], abs=1e-3)


def test_a_flac_is_looked_into_at_a_few_places_only_and_nothing_joined_to_it_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flac, more = written(tmp_path, "c.flac", 600, seconds=60), written(tmp_path, "d.mp3", 900)
    same, other = written(tmp_path, "c.flac", 900, seconds=60), written(tmp_path, "u.flac", 900)
    reads = CountedReads(flac)
    monkeypatch.setattr("asrcli.audio.frames.BLOCK", 1 << 17)
    assert len(list(parts_of(reads))) == 1
    assert reads.bytes_read < len(flac) * 0.9
    for joined, count in ((flac + more, 2), (flac + more + same, 3), (flac + same, 2), (other + flac + other, 3)):
        assert len(list(parts_of(io.BytesIO(joined)))) == count


def test_what_is_joined_and_cannot_be_heard_is_said(tmp_path: Path) -> None:
    own, late = written(tmp_path, "a.wav", 600), written(tmp_path, "b.mp3", 900)
    box = struct.pack(">I4s4sII", 20, b"ftyp", b"isom", 0, 0)
    silent = write_riff(tmp_path / "silent.wav", b"", (1, 1, SAMPLE_RATE, 16)).read_bytes()
    for bad, line in ((box + b"\0\0\1\0free" + bytes(248), "cannot be decoded"), (silent, "holds no sound")):
        path = tmp_path / "joined"
        path.write_bytes(own + bad + late)
        for stdin in (None, io.BufferedReader(Pipe(path.read_bytes()))):
            samples, told = heard(path, stdin)
            assert any("at 2.0 s" in one and line in one for one in told)
            assert pitches(samples) == [600, 600, 900, 900]


def tagged(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield files with what other programs put in and behind them; it speaks of other files where it can."""
    rubbish = random.Random(0).randbytes(5000)
    inner = b"".join(written(folder, name, 600)[:400] for name in ("c.flac", "d.mp3", "f.aac", "e.opus", "g.m4a"))
    picture = b"\xff\xd8\xff\xe0" + inner
    id3 = b"ID3\4\0\0\0\0\0\x20TIT2\0\0\0\5\0\0\0abcd" + bytes(17)
    head, item = struct.pack("<8sIII", b"APETAGEX", 2000, 60, 1), b"\2\0\0\0\0\0\0\0nn\0ab"
    ape = head + b"\0\0\0\xa0" + bytes(8) + item + bytes(15) + head + b"\0\0\0\x80" + bytes(8)
    lyrics, id3v1 = b"LYRICSBEGININD0000210LYR000100123456789000040LYRICS200", b"TAG" + b"t" * 125
    for name in ("b.mp3", "d.mp3", "f.aac"):
        data = written(folder, name, 600)
        half = len(data) // 2
        for number, behind in enumerate((id3v1, ape + id3v1, lyrics + id3v1, ape + lyrics, id3, rubbish, bytes(9000))):
            yield f"{name} with tags {number} behind", data + behind
        yield f"{name} with damage", data[:half] + rubbish[:700] + data[half:]
        yield f"{name} with a hole", data[:half] + bytes(3000) + data[half:]
        yield f"{name} without its beginning", data[777:]
        yield (
            f"{name} with a picture",
            b"ID3\3\0\0"
            + bytes((0, 0, len(inner) + 14 >> 7, len(inner) + 14 & 127))
            + (b"APIC" + struct.pack(">IH", len(picture), 0) + picture + data.removeprefix(id3)),
        )
    wav = written(folder, "a.wav", 600)
    for number, behind in enumerate((rubbish, bytes(9000), id3, id3v1, ape)):
        yield f"wav with {number} behind", wav + behind
    for kind in (b"LIST", b"cue ", b"id3 ", b"bext", b"_PMX", b"JUNK"):
        yield f"wav with {kind!r}", wav + kind + struct.pack("<I", len(inner) // 2 * 2) + inner[: len(inner) // 2 * 2]
    flac = written(folder, "c.flac", 600)
    block = b"\6" + struct.pack(">I", len(picture))[1:] + picture
    yield "flac with a picture", flac[:42] + block + flac[42:]
    yield "flac of unknown length", flac[:21] + bytes((flac[21] & 0xF0,)) + bytes(4) + flac[26:42] + block + flac[42:]
    for number, behind in enumerate((id3v1, ape, rubbish, bytes(5000))):
        yield f"flac with {number} behind", flac + behind
    yield "wma with a picture", _with_picture(written(folder, "s.wma", 600), inner)


def _with_picture(wma: bytes, inner: bytes) -> bytes:
    """Return an ASF with padding in its head."""
    size, count = struct.unpack("<QI", wma[16:28])
    padding = bytes.fromhex("74d40618dfca0945a4ba9aabcb96aae8") + struct.pack("<Q", 24 + len(inner)) + inner
    return wma[:16] + struct.pack("<QI", size + len(padding), count + 1) + wma[28:size] + padding + wma[size:]


def test_no_ordinary_file_is_taken_for_two(tmp_path: Path) -> None:
    made = [*((name, written(tmp_path, name, 600)) for name in KINDS), *tagged(tmp_path)]
    for name, data in made:
        assert len(list(parts_of(io.BytesIO(data)))) == 1, name
        pipe = Piped(io.BufferedReader(Pipe(data)))
        read = b"".join(iter(partial(pipe.read, 1 << 16), b""))
        assert read == data, name
        assert not pipe.next_part(), name


@pytest.mark.slow
def test_many_tiny_parts_of_all_kinds_cost_no_more_than_a_few_passes(tmp_path: Path) -> None:
    names = ("a.wav", "d.mp3", "c.flac", "e.opus", "f.aac", "g.m4a")
    pieces = [written(tmp_path, name, 600, seconds=0.1) for name in names]
    reads = CountedReads(b"".join(pieces) * 1700)
    size = len(reads.getvalue())
    parts = list(parts_of(reads))
    assert len(parts) == MOST_PARTS + 1
    assert reads.bytes_read < 200 * size
    pipe = Piped(io.BytesIO(reads.getvalue()))
    count, read = 1, 0
    while True:
        while data := pipe.read(1 << 16):
            read += len(data)
        if not pipe.next_part():
            break
        count += 1
    assert read == size
    assert count == len(parts)


def test_a_place_before_the_start_of_a_file_is_refused_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        for one in (file, io.BytesIO(b"0123456789")):
            source = SeekableSource(one, WHOLE)
            assert source.seek(-5) == -1
            assert source.seek(4) == 4
            assert source.read(1) == b"4"


@pytest.mark.skipif(not shutil.which("sox"), reason="needs SoX, which says how long each is")
def test_joined_files_are_as_long_as_sox_says_of_each(tmp_path: Path) -> None:
    total, data = 0.0, b""
    for name in ("a.wav", "c.flac", "l.aiff", "k.w64", "t.au"):
        data += written(tmp_path, name, 600)
        said = subprocess.run(["soxi", "-D", str(tmp_path / name)], capture_output=True, check=True, text=True)
        total += float(said.stdout)
    blocks = decode(Recording("-"), print, stdin=io.BytesIO(data))
    assert sum(map(len, blocks)) / SAMPLE_RATE == pytest.approx(total, abs=0.01)


def fragments(folder: Path, hertz: float) -> Any:
    return written(folder, "p.mp4", hertz)


def test_fragmented_mp4s_joined_come_through_a_pipe(tmp_path: Path) -> None:
    data = fragments(tmp_path, 600) + fragments(tmp_path, 900)
    samples, told = heard(tmp_path, io.BufferedReader(Pipe(data)))
    assert not told
    assert pitches(samples[:SAMPLE_RATE]) + pitches(samples[-SAMPLE_RATE:]) == [600, 900]


class Live:
    """What comes piece by piece, and is not there before."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def read1(self, size: int = -1) -> bytes:
        if not self.pieces:
            raise BlockingIOError
        self.pieces[0], data = self.pieces[0][size:], self.pieces[0][:size]
        if not self.pieces[0]:
            del self.pieces[0]
        return data

    read = read1


@pytest.mark.parametrize(
    ("name", "start", "held"), [("e.opus", b"OggS\0\0", 0), ("p.mp4", b"moof", 8), ("d.mp3", b"\xff\xf3", 96)]
)
def test_a_live_stream_does_not_wait_for_what_comes_next(name: str, start: bytes, held: int, tmp_path: Path) -> None:
    data = written(tmp_path, name, 600, seconds=5)
    end = data.index(start, len(data) // 2) - (4 if name == "p.mp4" else 0)
    pipe: Any = Piped(Live([data[:end]]))  # type: ignore[arg-type]
    read = 0
    with pytest.raises(BlockingIOError):
        while part := pipe.read(1 << 16):
            read += len(part)
    assert end - held <= read <= end


def test_flac_in_a_matroska_is_no_file_of_its_own(tmp_path: Path) -> None:
    """Its head stands in that of the track: where no size is known, or what is promised is cut off, all is searched."""
    path = tmp_path / "live.mka"
    source = ["-f", "lavfi", "-i", "sine=440:d=3", "-c:a", "flac", "-f", "matroska"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, "-live", "1", str(path)], check=True)
    whole = path.read_bytes()
    for data in (whole, whole[: len(whole) // 2]):
        piped = Piped(io.BytesIO(data))
        assert len(list(parts_of(io.BytesIO(data)))) == 1
        assert sum(map(len, iter(piped.read, b""))) == len(data) and not piped.next_part()
