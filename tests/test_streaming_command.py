"""``asr transcribe --stream`` as a shell sees it: text, files, records, signals and exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import wave
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len
from support.command import Run, quiet_environment
from support.server import Reply, serving

from asrcli.cli.main import main
from asrcli.streaming.recognition import Update
from asrcli.streaming.showing import Plain, Terminal
from asrcli.types import Segment

ROOT = Path(__file__).parent.parent
DIGITS = ROOT / "tests/data/digits"
WHISPER = ("-e", "whisper", "-m", ROOT / "tests/checkpoints/whisper-digits-ct2", "-l", "en")
PACED = ("-e", "fake", "-m", "pace=2", "--no-vad", "--word-timestamps")
RATE = 16_000


def silence(seconds: float) -> bytes:
    """Return raw samples; `fake` needs to hear nothing."""
    return b"\0\0" * round(seconds * RATE)


def said(seconds: float) -> str:
    """Return what `fake` says of standard input, whose name is ``-``: nothing but one word, over and over."""
    return " ".join(["silence"] * round(seconds * 2))


def digits() -> tuple[bytes, str]:
    """Return three digit strings with pauses as one WAV file, and their text."""
    import io

    file, texts = io.BytesIO(), []
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        for number in range(3):
            with wave.open(str(DIGITS / f"string{number:02}.wav")) as reader:
                writer.writeframes(reader.readframes(1 << 30) + b"\0\0" * 12_000)
            texts.append((DIGITS / f"string{number:02}.txt").read_text().strip())
    return file.getvalue(), "\n".join(texts) + "\n"


class Live:
    """``asr transcribe --stream`` with its standard input held open."""

    def __init__(self, folder: Path, *words: object, output: int = subprocess.PIPE) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "asrcli", "transcribe", "--stream", *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=quiet_environment(folder),
        )

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it may have ended
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def read(self) -> str:
        """Return what is on standard output now, waiting for something."""
        assert self.process.stdout is not None
        return os.read(self.process.stdout.fileno(), 1 << 16).decode()

    def until_ready(self) -> None:
        """Wait for the line that says so."""
        assert self.process.stderr is not None
        while b"listening" not in (line := self.process.stderr.readline()):
            assert line, "it ended"

    def end(self, timeout: float = 60) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, (out or b"").decode(), err.decode()


@pytest.mark.slow
def test_a_container_from_a_pipe_gives_the_text_that_the_file_gives(asr: Run, tmp_path: Path) -> None:
    sound, text = digits()
    outputs = ("-f", "json,srt,txt", "-o", "out", "--report", "run.jsonl")
    done = asr("transcribe", "--stream", "-", *WHISPER, *outputs, stdin=sound)
    assert (done.code, done.out) == (0, text), done.err
    assert (tmp_path / "out/stdin.txt").read_text() == text
    assert (tmp_path / "out/stdin.srt").read_text().count("-->") == 3
    transcript = json.loads((tmp_path / "out/stdin.json").read_text())
    assert [one["text"].strip() for one in transcript["segments"]] == text.splitlines()
    (record,) = map(json.loads, (tmp_path / "run.jsonl").read_text().splitlines())
    assert record["status"] == "done" and record["segments"] == 3 and len(record["outputs"]) == 3
    files = [DIGITS / f"string{number:02}.wav" for number in range(3)]
    assert asr("transcribe", *files, *WHISPER).out == text, "as each recording read by itself"


@pytest.mark.slow  # quick in larger pieces: the next one
def test_raw_samples_one_byte_at_a_time(tmp_path: Path) -> None:
    live = Live(tmp_path, "-", "--pcm", "s16le:16000:1", *PACED)
    for byte in silence(0.3):
        live.write(bytes([byte]))
    live.write(silence(4.7))
    assert live.end()[:2] == (0, said(5) + "\n")


@pytest.mark.slow
def test_text_comes_before_the_sound_ends(tmp_path: Path) -> None:
    live = Live(tmp_path, "-", "--pcm", "s16le", *PACED)
    live.until_ready()
    for _ in range(4):
        live.write(silence(1.1))
        time.sleep(0.3)
    begun = live.read()
    assert begun.startswith("silence"), "while standard input is still open"
    code, out, _ = live.end()
    assert (code, begun + out) == (0, said(4.4) + "\n")


@pytest.mark.slow  # quick without a process: test_streaming.py
def test_a_file_that_grows_is_followed_until_it_rests(tmp_path: Path) -> None:
    sound, text = digits()
    path = tmp_path / "live.wav"
    path.write_bytes(sound[:5000])

    def grow() -> None:
        for at in range(5000, len(sound), 20_000):
            time.sleep(0.05)
            with path.open("ab") as file:
                file.write(sound[at : at + 20_000])

    live = Live(tmp_path, path.name, "--idle", "1", *WHISPER)
    thread = threading.Thread(target=grow)
    thread.start()
    code, out, err = live.end()
    thread.join()
    assert (code, out) == (0, text), err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_settles_what_was_said(tmp_path: Path, number: int) -> None:
    live = Live(tmp_path, "-", "--pcm", "s16le", *PACED, "--output", "out.json")
    live.until_ready()
    for _ in range(4):  # text is settled when two hypotheses agree
        live.write(silence(1.2))
        time.sleep(0.3)
    begun = live.read()
    live.process.send_signal(number)
    code, out, err = live.end()
    assert code == 128 + number and "Traceback" not in err
    text = json.loads((tmp_path / "out.json").read_text())["text"]
    assert text.split() == (begun + out).split() and 0 < len(text.split()) <= 10


def test_an_interrupt_while_the_weights_load(tmp_path: Path) -> None:
    live = Live(tmp_path, "-", "--pcm", "s16le", "-e", "fake", "-m", "load=600")
    assert live.process.stderr is not None
    assert b"loading" in live.process.stderr.readline()
    while live.process.poll() is None:  # the second ends it; two at once may be one
        live.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    code, out, err = live.end()
    assert (code, out) == (130, "") and "Traceback" not in err


def test_a_reader_that_goes_away_ends_it_and_files_are_written(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    live = Live(tmp_path, "-", "--pcm", "s16le", *PACED, "-o", "out", output=writing)
    os.close(writing)
    live.until_ready()
    os.close(reading)
    live.write(silence(6))
    code, _, err = live.end()
    assert code == 141 and "Traceback" not in err and "Broken" not in err
    assert (tmp_path / "out/stdin.txt").read_text().startswith("silence")


EVENTS = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/events.schema.json").read_text()))


def test_events_keep_their_schema(asr: Run, tmp_path: Path) -> None:
    done = asr(
        "transcribe",
        "--stream",
        "-",
        "--pcm",
        "s16le",
        *PACED,
        "--json",
        "--events",
        "e.jsonl",
        stdin=silence(4) + b"\0",
    )
    assert done.code == 0, done.err
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()] == events
    for event in events:
        EVENTS.validate(event)
    kinds = [event["type"] for event in events]
    assert kinds[0] == "start" and kinds[-2:] == ["file_done", "end"]
    assert {"listening", "text", "segment", "warning"} <= set(kinds)
    settled = "".join(event["settled"] for event in events if event["type"] == "text")
    assert settled == " ".join(event["text"] for event in events if event["type"] == "segment") == said(4)
    assert "ends inside a sample" in done.err


def test_other_formats_come_at_the_end(asr: Run) -> None:
    done = asr("transcribe", "--stream", "-", "--pcm", "s16le", *PACED, "-f", "srt", stdin=silence(2))
    assert done.code == 0 and done.out.startswith("1\n00:00:00,000 --> ")


@pytest.mark.slow
def test_a_server_that_dies_leaves_what_was_heard(tmp_path: Path) -> None:
    def answer(call: Any) -> Reply:
        if len(server.calls) < 6:
            return Reply({"text": "one two"})
        return Reply({"error": "quota"}, 429, {"Retry-After": "999"})

    with serving(answer) as server:
        engine = ("-e", "openai_server", "-m", f"{server.url}#tiny", "--no-vad")
        live = Live(tmp_path, "-", "--pcm", "s16le", *engine, "--output", "kept.txt")
        live.until_ready()
        for _ in range(8):
            live.write(silence(1.1))
            time.sleep(0.2)
            if live.process.poll() is not None:
                break
        code, out, err = live.end()
    assert code == 3 and "429 (quota)" in err and out == "one two\n"
    assert (tmp_path / "kept.txt").read_text() == "one two\n"


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("--pcm", "s16le", "-"), 2, "--stream"),
        (("--settle-after", "2", "-"), 2, "--settle-after is for --stream: add it"),
        (("--stream", "--settle-after", "2", "-e", "fake", "-m", "stream", "-"), 2, "leave --settle-after out"),
        (("--stream", "--pcm", "mp3", "-"), 2, "s16le:16000:1"),
        (("--stream", "a.wav", "b.wav"), 2, "one input"),
        (("--stream", "-", "--start", "3"), 2, "--start"),
        (("--stream", "-", "--channels", "split"), 2, "split"),
        (("--stream", "-", "--channels", "1", "--pcm", "s16le:8000:1"), 2, "1 channels"),
        (("--stream", "-", "--batch-size", "3"), 2, "--batch-size"),
        (("--stream", "--manifest", "m.jsonl"), 2, "--manifest"),
        (("--stream", "-", "--punctuate"), 2, "--punctuate"),
        (("--stream", "-", "--diarize", "--same-speakers"), 2, "--same-speakers"),
        (("--stream", "-", "--hotwords", "Bach"), 2, "--hotwords"),
        (("--stream", "-", "-e", "nobody"), 2, "nobody"),
        (("--stream", "-", "-f", "srt,txt"), 2, "--output-dir"),
        (("--stream", "mic:", "--pcm", "s16le"), 2, "--pcm"),
    ],
)
def test_wrong_usage_is_one_line(
    words: tuple[str, ...], code: int, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["transcribe", "-e", "fake", *words])
    error = capsys.readouterr().err
    assert (ended.value.code, len(error.splitlines())) == (code, 1) and hint in error, error


@pytest.mark.parametrize(
    ("words", "stdin", "hint"),
    [
        (("nothing.wav",), b"", "nothing.wav: no such file"),
        (("-",), b"this is no audio at all", "asr: -: is not audio"),
        (("-",), b"", "asr: -: is"),
        (("-", "--pcm", "s16le"), b"", "empty"),
    ],
)
def test_an_input_that_fails_is_exit_1(asr: Run, words: tuple[str, ...], stdin: bytes, hint: str) -> None:
    done = asr("transcribe", "--stream", "-e", "fake", "--quiet", *words, stdin=stdin)
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1) and hint in done.err, done.err


def test_microphones(asr: Run, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text(
        "import numpy, time\n"
        "class PortAudioError(Exception): pass\n"
        "def query_devices(device=None, kind=None):\n"
        "    card = {'name': 'Fake', 'max_input_channels': 1, 'default_samplerate': 16000.0}\n"
        "    return card if kind else [card]\n"
        "class InputStream:\n"
        "    def __init__(self, **options): self.left = 30\n"
        "    def __enter__(self): return self\n"
        "    def __exit__(self, *error): pass\n"
        "    def read(self, frames):\n"
        "        self.left -= 1\n"
        "        if self.left < 0: raise PortAudioError('unplugged')\n"
        "        return numpy.zeros((frames, 1), numpy.float32), False\n"
    )
    listed = asr("transcribe", "--stream", "mic:list", PYTHONPATH=str(tmp_path))
    assert (listed.code, listed.out) == (0, "mic:0\tFake\t1 channels\t16000 Hz\n")
    done = asr("transcribe", "--stream", "mic:", *PACED, "-o", "out", PYTHONPATH=str(tmp_path))
    assert done.code == 1 and "unplugged" in done.err
    assert done.out.split() == (tmp_path / "out/microphone.txt").read_text().split() == ["microphone"] * 6


# What is drawn


def screen(text: str) -> list[str]:
    """Return the lines that a terminal shows, after its cursor moves and erasures; a wide character takes two cells."""
    lines: list[list[str]] = [[]]
    column = 0
    for part in re.findall(r"\x1b\[\d*[A-Za-z]|[^\x1b]", text):
        if part == "\n":
            lines.append([])
            column = 0
        elif part == "\r":
            column = 0
        elif part.startswith("\x1b[") and part[-1] == "C":
            column += int(part[2:-1])
        elif part == "\x1b[K":
            del lines[-1][column:]
        elif not part.startswith("\x1b"):
            cells = [part, ""][: cell_len(part)]
            lines[-1][column : column + len(cells)] = cells
            column += len(cells)
            assert column < 30
    return ["".join(line) for line in lines]


UPDATES = [
    Update("", "one too", 1),
    Update("one two", " three f", 2),
    Update(" three", " four five six seven eight", 3),
    Update(" four five", " six seven eight nine ten", 4),
    Update(" six", "", 5, Segment("one two three four five six", 0, 5)),
    Update("", "你", 6),
    Update("你好", "世", 7),
    Update("世界", "", 8, Segment("你好世界", 5, 8)),
]


def test_a_terminal_shows_the_settled_text_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    terminal, shown = Terminal(), ""
    for update in UPDATES:
        terminal.show(update)
        shown += capsys.readouterr().out
        screen(shown)
    lines = screen(shown)
    assert " ".join(lines).split() == ["one", "two", "three", "four", "five", "six", "你好世界"]
    assert lines[-2:] == ["你好世界", ""], "a segment ends its line"


def test_a_pipe_gets_settled_text_only(capsys: pytest.CaptureFixture[str]) -> None:
    plain = Plain()
    for update in UPDATES:
        plain.show(update)
    assert capsys.readouterr().out == "one two three four five six\n你好世界\n"
