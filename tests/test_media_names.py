"""Which files of a folder are heard: one list, held against FFmpeg's own, and a line for what is passed over."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.format import ContainerFormat
from support.command import Run, write_wav

from asrcli.audio import inputs
from asrcli.audio.decode import decode, probe
from asrcli.audio.media import DEMUXERS
from asrcli.errors import InputError
from asrcli.types import Recording
from tests.audio_files import encode, tone


def test_every_name_that_ffmpeg_gives_what_is_opened_is_known() -> None:
    named = set()
    for one in DEMUXERS.split(","):
        try:
            named |= {f".{suffix}" for suffix in ContainerFormat(one, "r").extensions}
        except ValueError:  # another name of a demuxer
            continue
    assert len(named) > 40
    assert not named - inputs.EXTENSIONS - inputs.NO_SOUND


PEOPLES = "3gp mts m2ts sph vob mpga weba eac3 f4v mxf dss gsm m2t m4r awb rmvb ogm wave snd qt dts".split()
PEOPLES += "dv dif dav gxf lxf nuv nsv ty pvf avr paf lbc mlp".split()
PEOPLES += "8svx alac amb bwf dvr-ms evo insv lrv mp4a mp4v mpe rf64 sox tp vro xvid".split()


def test_names_that_people_have_are_searched_for(tmp_path: Path) -> None:
    for suffix in PEOPLES:
        (tmp_path / f"{suffix}.{suffix.upper()}").write_bytes(b"")
    assert {Path(found.path).suffix.lower()[1:] for found in inputs.expand([str(tmp_path)])} == set(PEOPLES)


def test_typescript_is_no_transport_stream(tmp_path: Path) -> None:
    (tmp_path / "app.ts").write_text("export const greeting = 'Grüße';\n" * 300, encoding="utf-8")
    (tmp_path / "app.mts").write_text("export {}")
    encode(tmp_path / "talk.ts", tone(1, 44_100), 44_100, "aac")
    (tmp_path / "empty.ts").touch()
    assert [Path(path).name for path in inputs.walk(str(tmp_path))] == ["empty.ts", "talk.ts"]


@pytest.mark.parametrize(
    ("suffix", "codec", "rate"),
    [
        ("3gp", "aac", 16_000), ("mts", "aac", 48_000), ("m2ts", "aac", 48_000), ("vob", "mp2", 48_000),
        ("mpga", "libmp3lame", 44_100), ("weba", "libopus", 48_000), ("eac3", "eac3", 48_000),
        ("f4v", "aac", 44_100), ("m4r", "aac", 44_100), ("wave", "pcm_s16le", 8_000),
        ("tp", "aac", 48_000), ("alac", "alac", 44_100), ("insv", "aac", 48_000), ("bwf", "pcm_s16le", 48_000),
    ],
)  # fmt: skip
def test_they_are_heard(suffix: str, codec: str, rate: int, tmp_path: Path) -> None:
    container = {"mts": "ts", "m2ts": "ts", "mpga": "mp3", "weba": "webm", "m4r": "m4a", "f4v": "mp4", "wave": "wav"}
    container |= {"tp": "ts", "alac": "m4a", "insv": "mp4", "bwf": "wav"}
    made = encode(tmp_path / f"a.{container.get(suffix, suffix)}", tone(1, rate), rate, codec)
    path = made.rename(tmp_path / f"a.{suffix}")
    (found,) = inputs.expand([str(tmp_path)])
    assert found.path == str(path)
    assert sum(map(len, decode(Recording(str(path)), lambda text: None))) == pytest.approx(16_000, abs=1600)


def gsm_frames(seconds: float) -> bytes:
    """Return frames of 20 ms that a GSM decoder takes; what they sound like is of no matter."""
    random = np.random.default_rng(1)
    frames = random.integers(0, 256, (round(seconds * 50), 33), np.uint8)
    frames[:, 0] = 0xD0 | (frames[:, 0] & 0x0F)
    return frames.tobytes()


def test_gsm_which_has_no_head_is_heard_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "voicemail.gsm"
    path.write_bytes(gsm_frames(3.0))
    assert (probe(str(path)).codec, probe(str(path)).sample_rate) == ("gsm", 8_000)
    assert sum(map(len, decode(Recording(str(path)), lambda text: None))) == 48_000
    for name, data in (("letter.gsm", b"This is a letter.\n" * 99), ("frames.bin", gsm_frames(1))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match="is not audio in a format"):
            probe(str(tmp_path / name))


@pytest.mark.skipif(shutil.which("sox") is None, reason="needs sox, which writes GSM")
def test_gsm_as_sox_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.gsm"
    done = subprocess.run(
        ["sox", "-n", "-r", "8000", "-c", "1", str(path), "synth", "2", "sine", "440"], capture_output=True
    )
    if done.returncode:
        pytest.skip("sox was built without GSM")
    assert sum(map(len, decode(Recording(str(path)), lambda text: None))) == pytest.approx(32_000, abs=400)


@pytest.mark.skipif(shutil.which("sox") is None, reason="needs sox")
def test_the_last_byte_of_gsm_in_wav_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    words = ["-r", "8000", "-c", "1", "-e", "gsm-full-rate", str(path), "synth", "1", "sine", "440"]
    if subprocess.run(["sox", "-n", *words], capture_output=True).returncode:
        pytest.skip("sox was built without GSM")
    told: list[str] = []
    assert sum(map(len, decode(Recording(str(path)), told.append))) == pytest.approx(16_000, abs=700)
    assert told == []


def test_sound_by_another_name_is_said_and_passed_over(asr: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_wav(folder / "talk.wav")
    write_wav(folder / "memo.dat")
    write_wav(folder / "sub" / "without")
    (folder / "book.aax").write_bytes(b"\0" * 32)
    (folder / "letter.txt").write_text("ID card")
    (folder / "picture.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (folder / ".hidden").write_bytes((folder / "talk.wav").read_bytes())
    assert [Path(path).name for path in inputs.passed_over(str(folder))[0]] == ["book.aax", "memo.dat", "without"]
    done = asr("transcribe", "in", "-e", "fake", "--no-vad")
    assert (done.code, done.out) == (0, "talk\n")
    assert (
        "in: passed over 3 files that look like sound, first in/book.aax; name files of such types themselves"
        in done.err
    )
    (folder / "book.aax").unlink()
    (folder / "memo.dat").unlink()
    shutil.rmtree(folder / "sub")
    assert list(inputs.lines_of_passed_over([str(folder)])) == []


@pytest.mark.parametrize("command", ["transcribe", pytest.param("align", marks=pytest.mark.slow), "bench"])
def test_pipes_and_links_to_folders_are_said_and_passed_over(command: str, asr: Run, tmp_path: Path) -> None:
    write_wav(tmp_path / "in" / "talk.wav")
    (tmp_path / "in" / "talk.txt").write_text("talk")
    write_wav(tmp_path / "elsewhere" / "more.wav")
    os.mkfifo(tmp_path / "in" / "live.wav")
    os.mkfifo(tmp_path / "in" / "control")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "memo.dat").write_bytes((tmp_path / "in" / "talk.wav").read_bytes())
    own = {"align": "-o out --dry-run -a pocketsphinx --listener none", "bench": "-e fake -o out --repeats 1"}
    words = own.get(command, "-e fake").split()
    said = asr(command, "in", *words, "--no-vad").err.replace(f"{tmp_path}/", "")
    assert "in: passed over 2 pipes and links to folders, first in/more; name what is meant" in said
    assert "in: passed over 1 file that looks like sound, in/memo.dat; name files of such types themselves" in said


def test_the_tape_of_a_camera_is_heard(tmp_path: Path) -> None:
    """DV as it comes from the tape: sound in every picture."""
    path = tmp_path / "tape.dv"
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("dvvideo", rate=25)
        video.width, video.height, video.pix_fmt = 720, 576, "yuv420p"
        sound: Any = container.add_stream("pcm_s16le", rate=48_000, layout="stereo")
        samples = np.round(np.repeat(tone(2, 48_000, 700, 0.3), 2) * 32767).astype(np.int16)
        for number in range(50):
            frame = av.AudioFrame.from_ndarray(samples[None, number * 3840 : (number + 1) * 3840], "s16", "stereo")
            frame.sample_rate, frame.pts = 48_000, number * 1920
            container.mux(sound.encode(frame))
            picture = av.VideoFrame.from_ndarray(np.full((576, 720, 3), number, np.uint8), format="rgb24")
            container.mux(video.encode(picture))
    assert [one.path for one in inputs.expand([str(tmp_path)])] == [str(path)]
    found = np.concatenate(list(decode(Recording(str(path)), lambda text: None)))
    assert len(found) == pytest.approx(32_000, abs=800)
    spectrum = np.abs(np.fft.rfft(found[8000:24_000]))
    assert int(np.argmax(spectrum)) == pytest.approx(700, abs=2)


@pytest.mark.parametrize("name", ["pvf", "avr"])
def test_voice_boxes_are_heard(name: str, tmp_path: Path) -> None:
    samples = np.round(tone(2, 8000, 700, 0.3) * 32767).astype(">i2")
    avr = struct.pack(">4s8sHHHHHIIII", b"2BIT", b"voice", 0, 16, 0xFFFF, 0, 0xFFFF, 8000, len(samples), 0, 0)
    head = {"pvf": b"PVF1\n1 8000 16\n", "avr": avr.ljust(128, b"\0")}[name]
    path = tmp_path / f"box.{name}"
    path.write_bytes(head + samples.tobytes())
    assert sum(map(len, decode(Recording(str(path)), lambda text: None))) == 32_000


@pytest.mark.parametrize(
    ("name", "kind"), [("a.g722", "g722"), ("a.raw", "s16le"), ("a.ulaw", "mulaw"), ("A.G726", "g726")]
)
def test_samples_without_a_head_are_said_to_be_and_how_they_become_a_wav(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / name
    wav = str(write_wav(tmp_path / "talk.wav"))
    rate = "8000" if kind in ("g726", "mulaw") else "16000"
    made = ["ffmpeg", "-v", "error", "-y", "-i", wav, "-ar", rate, "-f", kind, str(path)]
    if shutil.which("ffmpeg") is None or subprocess.run(made, capture_output=True).returncode:
        pytest.skip("needs ffmpeg")
    with pytest.raises(InputError, match="if it is samples without a head: ffmpeg") as failed:
        probe(str(path))
    words = str(failed.value).rpartition(": ")[2].replace("FILE", str(path)).split()
    subprocess.run([*words[:-1], str(tmp_path / words[-1])], check=True, capture_output=True)
    assert probe(str(tmp_path / "new.wav")).seconds == pytest.approx(probe(wav).seconds, abs=0.01)


@pytest.mark.parametrize("container", ["amr", "3gp"])
@pytest.mark.parametrize("wide", [False, True], ids=["narrow", "wide"])
@pytest.mark.parametrize("pause", ["nothing", "noise", "lost"])
def test_pauses_in_amr_last_as_long_as_they_are(pause: str, wide: bool, container: str, tmp_path: Path) -> None:
    """A telephone sends no frames of speech while nobody speaks, of which FFmpeg's decoders make no sound."""
    random = np.random.default_rng(1)
    kind, size = (8, 60) if wide else (7, 31)  # the highest rates
    speech = b"".join(bytes([kind << 3 | 4]) + random.bytes(size) for _ in range(50))
    described = bytes([(9 if wide else 8) << 3 | 4]) + bytes(5)
    nothing = bytes([(14 if pause == "lost" and wide else 15) << 3 | 4])
    silence = (described + nothing * 7) * 6 + described * 2 if pause == "noise" else nothing * 50
    path = tmp_path / "call.amr"
    path.write_bytes((b"#!AMR-WB\n" if wide else b"#!AMR\n") + speech + silence + speech)
    if container == "3gp":
        with av.open(str(path)) as source, av.open(str(tmp_path / "call.3gp"), "w") as out:
            stream = out.add_stream_from_template(source.streams.audio[0])
            for packet in source.demux(source.streams.audio[0]):
                packet.stream = stream
                if packet.size:
                    out.mux(packet)
        path = tmp_path / "call.3gp"
    told: list[str] = []
    samples = np.concatenate(list(decode(Recording(str(path)), told.append)))
    assert len(samples) == pytest.approx(3 * 16_000, abs=400)
    levels = np.sqrt(np.mean(np.square(samples[800:47_200].reshape(-1, 800)), axis=1))  # 50 ms each
    assert min(levels[2:16].min(), levels[42:].min()) > 10 * levels[24:36].max()
    assert not [line for line in told if "clipped" not in line]
