"""Heads of WAV, RF64, W64 and AU files as recorders and editors really leave them: the sound behind them is heard."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asrcli.audio.decode import decode, probe
from asrcli.types import SAMPLE_RATE, Recording
from tests.audio_files import encode, tone

WHOLE = np.round(tone(2, SAMPLE_RATE, 700, 0.3) * 32767).astype("<i2")
SOUND = WHOLE.tobytes()
GUID = bytes.fromhex("0100000000001000800000aa00389b71")
MORE = ["there is more sound than its header promises; all of it is used"]


def chunk(name: bytes, data: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(data) if size is None else size) + data


def form(tag: int = 1, bits: int = 16, extension: bytes = b"") -> bytes:
    width = bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, 1, SAMPLE_RATE, SAMPLE_RATE * width, width, bits) + extension)


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def rf64(counted: int, kind: bytes = b"RF64") -> bytes:
    sizes = chunk(b"ds64", struct.pack("<QQQI", counted + 72, counted, counted // 2, 0))
    return kind + b"\xff\xff\xff\xffWAVE" + sizes + form() + b"data\xff\xff\xff\xff" + SOUND


DATA = chunk(b"data", SOUND)
IN_32 = struct.pack("<HHI", 22, 24, 4) + GUID
UPPER = chunk(b"data", (WHOLE.astype("<i4") << 16).tobytes())
RIFX = struct.pack(">4sI4s4sI", b"RIFX", 36 + len(SOUND), b"WAVE", b"fmt ", 16)
RIFX += struct.pack(">HHIIHH4sI", 1, 1, SAMPLE_RATE, 32_000, 2, 16, b"data", len(SOUND))
HEADS = {
    "24 valid bits of 32": riff(form(0xFFFE, 32, IN_32), UPPER),
    "extensible without its extension": riff(form(0xFFFE), DATA),
    "an odd chunk without padding": riff(form(), chunk(b"junk", b"abcdefg"), DATA),
    "an odd list without padding": riff(form(), chunk(b"LIST", b"INFOISFT\1\0\0\0A"), DATA),
    "an odd chunk without padding before the format": riff(chunk(b"bext", bytes(603)), form(), DATA),
    "junk that claims a gigabyte": riff(form(), chunk(b"JUNK", bytes(28), 1 << 30), DATA),
    "junk that claims a gigabyte before the format": riff(chunk(b"JUNK", bytes(28), 1 << 30), form(), DATA),
    "an ID3 tag in front": b"ID3\3\0\0\0\0\0\x0a" + bytes(10) + riff(form(), DATA),
    "big-endian": RIFX + WHOLE.astype(">i2").tobytes(),
}


def heard(path: Path) -> tuple[Any, list[str]]:
    told: list[str] = []
    return np.concatenate(list(decode(Recording(str(path)), told.append))), told


@pytest.mark.parametrize("head", HEADS)
def test_sound_behind_an_odd_head_is_heard_as_it_is(head: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(HEADS[head])
    samples, told = heard(path)
    np.testing.assert_array_equal(samples, WHOLE.astype(np.float32) / 32768)
    assert told == [] and probe(str(path)).seconds == pytest.approx(2)


@pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
def test_more_sound_than_an_rf64_counts_is_heard(kind: bytes, tmp_path: Path) -> None:
    """Long recordings are counted from time to time; one that was cut off counts less than it has."""
    path = tmp_path / "long.wav"
    path.write_bytes(rf64(len(SOUND) // 2, kind))
    samples, told = heard(path)
    assert (len(samples), told) == (len(WHOLE), MORE)


@pytest.mark.parametrize("behind", [b"axml" + struct.pack("<I", 9000) + b"<x/>" * 2250, bytes(9000), b""])
def test_what_stands_behind_the_sound_of_an_rf64_is_not_heard(behind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "whole.wav"
    path.write_bytes(rf64(len(SOUND)) + behind)
    samples, told = heard(path)
    assert (len(samples), told) == (len(WHOLE), [])


def test_rf64_and_w64_joined_end_to_end_are_heard(tmp_path: Path) -> None:
    path = tmp_path / "joined.wav"
    path.write_bytes(rf64(len(SOUND)) * 3)
    assert len(heard(path)[0]) == 3 * len(WHOLE)
    one = encode(tmp_path / "one.w64", tone(2), SAMPLE_RATE, "pcm_s16le").read_bytes()
    path = tmp_path / "joined.w64"
    path.write_bytes(one * 3)
    samples, told = heard(path)
    assert (len(samples), told) == (6 * SAMPLE_RATE, [])


def test_an_au_whose_writer_left_the_length_at_zero_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "stream.au"
    path.write_bytes(struct.pack(">4sIIIII", b".snd", 24, 0, 3, SAMPLE_RATE, 1) + WHOLE.astype(">i2").tobytes())
    assert len(heard(path)[0]) == len(WHOLE)


def test_sound_of_no_length_ends_where_another_recording_begins(tmp_path: Path) -> None:
    """Sun's programs wrote 0 into a pipe; what was joined to it was noise."""
    open_end = struct.pack(">4sIIIII", b".snd", 24, 0, 3, SAMPLE_RATE, 1) + WHOLE.astype(">i2").tobytes()
    other = riff(form(), chunk(b"data", SOUND))
    for parts in ((open_end, other), (open_end, open_end, other)):
        (tmp_path / "joined").write_bytes(b"".join(parts))
        samples, told = heard(tmp_path / "joined")
        assert (len(samples), told) == (len(parts) * len(WHOLE), [])


def test_a_codec_whose_number_in_a_wav_is_no_letter_is_heard(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.wav", tone(2), SAMPLE_RATE, "g722")  # 0x028f
    assert len(heard(path)[0]) == pytest.approx(2 * SAMPLE_RATE, abs=64)


@pytest.mark.parametrize("over", [1, 8, 44])
def test_a_riff_whose_writer_counted_its_head_too_is_not_called_cut_short(over: int, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff(form(), DATA, size=len(riff(form(), DATA)) - 8 + over))
    samples, told = heard(path)
    assert (len(samples), told) == (len(WHOLE), [])
    path.write_bytes(riff(form(), DATA)[:-20_000])
    assert any("cut short" in line and "20,000 bytes missing" in line for line in heard(path)[1])


@pytest.mark.parametrize("counted", [2_000_000_000, 1_000_000_000, 1 << 30, 0x1FFFFFF0])
def test_a_round_size_of_a_writer_that_does_not_know_it_is_not_called_cut_short(counted: int, tmp_path: Path) -> None:
    """As servers of synthetic speech stream their WAV."""
    path = tmp_path / "a.wav"
    path.write_bytes(riff(form(), chunk(b"data", DATA[8:], counted), size=counted + 36))
    samples, told = heard(path)
    assert (len(samples), told) == (len(WHOLE), [])


def voc(*blocks: tuple[int, bytes]) -> bytes:
    """Return a Creative Voice File of blocks: type and content."""
    head = b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x010A, 0x1129)
    return head + b"".join(bytes([kind]) + len(body).to_bytes(3, "little") + body for kind, body in blocks) + b"\0"


@pytest.mark.parametrize("wide", [False, True])
def test_silence_and_repetitions_in_a_voc_lose_nothing(wide: bool, tmp_path: Path) -> None:
    """FFmpeg passes silence over, and ends at the end of a repetition, whose block has no content."""
    code, rate = 256 - 125, 8000

    def sounding(hertz: float) -> tuple[int, bytes]:
        samples = tone(1, rate, hertz, 0.5)
        if wide:
            return 9, struct.pack("<IBBHI", rate, 16, 1, 4, 0) + (samples * 32767).astype("<i2").tobytes()
        return 1, bytes([code, 0]) + np.round(samples * 127 + 128).astype("u1").tobytes()

    silence, marks = (3, struct.pack("<HB", rate - 1, code)), [(4, b"\1\0"), (5, b"a note\0")]
    blocks = [silence, sounding(500), (6, b"\1\0"), *marks, silence, silence, sounding(900), (7, b""), sounding(700)]
    (tmp_path / "a.voc").write_bytes(voc(*blocks))
    samples, told = heard(tmp_path / "a.voc")
    spectra = np.abs(np.fft.rfft(samples[: 6 * SAMPLE_RATE].reshape(6, SAMPLE_RATE)[:, 1000:-1000]))
    loud = np.abs(samples[: 6 * SAMPLE_RATE].reshape(6, SAMPLE_RATE)[:, 1000:-1000]).max(axis=1) > 0.1
    found = spectra.argmax(axis=1) * SAMPLE_RATE / (SAMPLE_RATE - 2000) * loud
    assert found.tolist() == pytest.approx([0, 500, 0, 0, 900, 700], abs=2) and told == []
    assert len(samples) == pytest.approx(6 * SAMPLE_RATE, abs=50)


def test_a_voc_that_is_mostly_silence_by_its_own_account_takes_bounded_memory() -> None:
    from asrcli.audio.voc import MOST_SILENCE, plain

    sound = 9, struct.pack("<IBBHI", 4_000_000_000, 16, 255, 4, 0) + bytes(510)
    assert len(plain(voc(*[sound, (3, b"\xff\xff\0")] * 200, sound))) < MOST_SILENCE + 200_000
