"""File systems that lack something, media that declare what they do not have, and names and tags that multiply."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import write_wav

from asrcli.audio import timeline
from asrcli.audio.decode import decode, probe
from asrcli.audio.inputs import expand
from asrcli.audio.parts import parts_of
from asrcli.base import files
from asrcli.datasets import manifests
from asrcli.digest.papers.pdf import read_pdf
from asrcli.errors import InputError, OutputError
from asrcli.formats.captions import format_of
from asrcli.formats.lyrics import parse_lrc, retimed_lyrics
from asrcli.formats.reading import TAG, VOICE, parse_srt, parse_vtt
from asrcli.outputs.ledger import Ledger
from asrcli.text.normalisers import build
from asrcli.types import Recording


def refusing(number: int) -> Callable[..., Any]:
    def refuse(*words: Any, **more: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EINVAL])
def test_without_locks_and_syncs_files_are_written_and_it_is_said_once(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import fcntl

    files._say_once.cache_clear()
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    monkeypatch.setattr(os, "fsync", refusing(errno.EINVAL))
    monkeypatch.setattr(os, "chmod", refusing(errno.EPERM))
    ledger = Ledger(str(tmp_path))
    for text in ("one", "two", "three"):
        ledger.write(str(tmp_path / "a.txt"), text, force=True)
        assert (tmp_path / "a.txt").read_text() == text
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and "no locks" in said[0] and "does not sync" in said[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".asr", "a.txt"]


def test_a_disk_that_breaks_is_still_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", refusing(errno.EIO))
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(OutputError):
        files.write_atomic(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old"


def test_two_stars_do_not_follow_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two links to the folder itself, glob would come back with 2**40 paths."""
    (tmp_path / "a/.hidden").mkdir(parents=True)
    for name in ("one", "two", "a/three"):
        (tmp_path / name).symlink_to(tmp_path)
    for name in ("x.wav", "a/y.wav", "a/.hidden/z.wav"):
        write_wav(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert [one.path for one in expand(["**/*.wav"])] == ["a/y.wav", "x.wav"]
    assert [one.path for one in expand([f"{tmp_path}/**/*.wav"])] == [f"{tmp_path}/a/y.wav", f"{tmp_path}/x.wav"]
    assert [one.path for one in expand(["a/**/*.wav"])] == ["a/y.wav"]
    assert [one.path for one in expand(["*.wav"])] == ["x.wav"]


def test_tags_that_never_end_take_linear_time() -> None:
    """Three million characters: with a pattern that goes on to the end from each `<`, hours."""
    for text in ("<a" * 1_500_000, "<v " * 1_000_000, "<v" + " " * 3_000_000, "</b" * 1_000_000):
        assert TAG.sub("", text) == text
        assert VOICE.match(text) is None
    cues = parse_vtt("WEBVTT\n\n00:01.000 --> 00:02.000\n<v.loud  Ann Lee>Hello <b>you</b> <00:01.5>there\n")
    assert cues[0].speaker == "Ann Lee"
    assert cues[0].lines == ("Hello you there",)


@pytest.mark.parametrize("error", [AssertionError, IndexError, AttributeError, ZeroDivisionError, NotImplementedError])
def test_a_pdf_that_breaks_its_reader(error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pypdf = pytest.importorskip("pypdf")

    def broken(path: Path) -> Any:
        raise error("broken")

    monkeypatch.setattr(pypdf, "PdfReader", broken)
    with pytest.raises(InputError, match="not a PDF that can be read"):
        read_pdf(tmp_path / "a.pdf")


def test_the_silence_that_is_put_in_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds of sound, the second of which says that it begins a year later, in a container that agrees."""
    import av

    path = tmp_path / "year.mka"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for start in (0, 365 * 24 * 3600 * 16_000):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 16_000, start
            container.mux(stream.encode(frame))
    monkeypatch.setattr(timeline, "MOST_SILENCE", 30.0)
    said: list[str] = []
    blocks = decode(Recording(str(path)), said.append)
    total = 0
    for block in blocks:
        total += len(block)
        assert total < 16_000 * 40
    assert total == pytest.approx(32_000, abs=100)
    assert any("ahead at 1.0 s, or begins anew there" in text for text in said), said


def flv_tags(path: Path) -> list[bytes]:
    data = path.read_bytes()
    at, tags = 13, []
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big") + 15
        tags.append(data[at : at + size])
        at += size
    return tags


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg, which writes FLV")
def test_video_that_begins_late_in_flv(tmp_path: Path) -> None:
    def make(*words: str) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.flv"
        command = ["ffmpeg", "-v", "error", *words, str(path)]
        subprocess.run(command, check=True, timeout=60)
        return path

    sound = flv_tags(make("-f", "lavfi", "-i", "sine=duration=20:sample_rate=44100", "-c:a", "libmp3lame"))
    picture = flv_tags(make("-f", "lavfi", "-i", "testsrc=duration=2:size=64x64:rate=10", "-c:v", "flv"))
    sound = [tag for tag in sound if tag[0] == 8]
    picture = [tag for tag in picture if tag[0] == 9]
    late = len(sound) * 3 // 4
    mixed = sound[:late]
    for at, tag in enumerate(sound[late:]):
        mixed += [tag, *picture[at : at + 1]]
    path = tmp_path / "late.flv"
    path.write_bytes(b"FLV\x01\x04\0\0\0\x09\0\0\0\0" + b"".join(mixed))
    assert probe(str(path)).channels == 1
    said: list[str] = []
    seconds = sum(map(len, decode(Recording(str(path)), said.append))) / 16_000
    assert seconds == pytest.approx(20.0, abs=0.2), said


def test_subtitles_that_repeat_themselves_take_linear_time() -> None:
    """Of settings, comments and blank lines: with patterns that try each way to part them, longer than anyone waits."""
    times = "00:00:01,000 --> 00:00:02,000 "
    (cue,) = parse_srt(f"1\n{times}{'a:' * 1000} b b\nhi\n")
    assert cue.lines[-1] == "hi"
    assert format_of("<!-- -->" * 2000 + "<tt>") == ".ttml"
    blank = "[00:01.00]hi" + "\n" * 300_000
    assert retimed_lyrics(blank, [(2.0, 3.0)]) == blank.replace("01", "02")


def test_a_voice_of_lyrics_stands_first() -> None:
    lines = [cue.lines for cue in parse_lrc("[00:01.00]watch tv1: news\n[00:02.00] v2: hi\n")]
    assert lines == [("watch tv1: news",), ("hi",)]


def test_lyrics_with_minutes_that_no_number_holds() -> None:
    with pytest.raises(InputError, match="no times of LRC"):
        parse_lrc(f"[{'1' * 5000}:01.00]hi")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "I" * 100_000 + "e siècle"),
        ("de", "1''" * 100_000),
        ("de", "1. a " * 20_000),
        ("en", "one km " * 20_000),
        ("de", "1" * 5000 + " millionen"),
    ],
)
def test_numbers_without_end_are_read_in_linear_time(language: str, text: str) -> None:
    """Hours, or more digits than Python makes a number of."""
    assert build("asr", language)(text)


def test_rows_each_with_a_name_of_its_own_take_linear_time(tmp_path: Path) -> None:
    """As of a list with counts of words: each column was looked for in each row."""
    write_wav(tmp_path / "a.wav")
    rows = [{"audio": "a.wav", "text": "x", "id": one, "counts": {f"w{one}": 2.5}} for one in range(6_000)]
    (tmp_path / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert len(manifests.read(tmp_path / "list.jsonl").utterances) == 6_000


def test_numbers_of_lists_that_are_too_large(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav")
    path = tmp_path / "list.jsonl"
    path.write_text('{"audio": "a.wav", "text": "x", "start": 1%s}\n' % ("0" * 400))
    with pytest.raises(InputError, match="'start' must be a number"):
        manifests.read(path)
    path.write_text('{"audio": "a.wav", "text": "x", "channel": "%s"}\n' % ("1" * 5000))
    assert manifests.read(path).utterances


def test_joined_files_in_pieces_of_a_few_bytes_take_linear_time() -> None:
    """Each was looked for from each of the others, or a megabyte was read for each."""
    ftyp, moov, moof = (b"\0\0\0\x08" + name for name in (b"ftyp", b"moov", b"moof"))
    packets = b"G\0\x64\x10".ljust(188, b"\xff") * 6 + b"x"
    joined = {
        b"#!AMR\n" * 60_000: 5_455,
        ftyp + moov + b"\0\0\0\x08mdat" + moof + ftyp * 7_000: None,
        packets * 2_000: 1,
    }
    for data, count in joined.items():
        found = list(parts_of(BytesIO(data)))
        assert count in (None, len(found))
