"""Closed standard streams, readers that leave, pipes as inputs, and signals while inputs are looked into."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import GONE, PYTHON, READER_GONE, Shell, quiet_environment, write_wav

from asrcli.audio.decode import decode, probe
from asrcli.audio.parts import Part, parts_of
from asrcli.base.background import in_order
from asrcli.types import Recording

ASR = f"{PYTHON} -m asrcli"


def process(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=quiet_environment(folder), capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def three(tmp_path: Path) -> Path:
    for name in ("one", "two", "three"):
        write_wav(tmp_path / f"{name}.wav")
    return tmp_path


MADE = "transcribe one.wav two.wav three.wav -e fake --no-vad -f txt -o out"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(f"{MADE} >&-", 0, marks=pytest.mark.slow),
        pytest.param(f"{MADE} 2>&-", 0, marks=pytest.mark.slow),
        (f"{MADE} >&- 2>&- <&-", 0),
        (f"{MADE} --json >&{GONE}", 141),
        pytest.param(f"{MADE} --events - >&{GONE}", 141, marks=pytest.mark.slow),
        (f"{MADE} --events fd:9 9> >(head -1 >/dev/null)", 0),
    ],
)
def test_files_are_made_whatever_becomes_of_the_streams(words: str, code: int, three: Path, shell: Shell) -> None:
    before = {path.name: path.read_bytes() for path in three.glob("*.wav")}
    # What begins without a standard stream is no fork.
    done = process(f"{ASR} {words}", three) if "&-" in words else shell(f"{READER_GONE}; asr {words}")
    assert done.returncode == code, done.stderr
    assert sorted(path.name for path in (three / "out").glob("*.txt")) == ["one.txt", "three.txt", "two.txt"]
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in three.glob("*.wav")} == before


def test_text_for_a_closed_standard_output_is_not_lost_in_silence(three: Path) -> None:
    done = process(f"{ASR} transcribe one.wav -e fake --no-vad >&-", three)
    assert (done.returncode, done.stderr) == (1, "asr: cannot write to standard output: bad file descriptor\n")


@pytest.mark.parametrize(("option", "made"), [("--json", 3), ("--events -", 0)])
def test_records_for_a_closed_standard_output_are_a_failure(option: str, made: int, three: Path) -> None:
    """One ended with 141, as if somebody had stopped reading, the other with Python's 120 and a traceback."""
    done = process(f"{ASR} {MADE} {option} >&-", three)
    name = "standard output" if option == "--json" else option
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        1,
        f"asr: cannot write {'to ' * (made > 0)}{name}: bad file descriptor",
    )
    assert "Exception" not in done.stderr
    assert len(list(three.glob("out/*.txt"))) == made


@pytest.mark.slow
def test_a_named_pipe_is_opened_once(three: Path) -> None:
    os.mkfifo(three / "pipe.wav")
    line = f"cat one.wav > pipe.wav & {ASR} transcribe pipe.wav -e fake --no-vad --json; wait"
    done = process(line, three)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"] == "pipe"


def junk(path: Path, head: bytes, megabytes: int = 40) -> Path:
    path.write_bytes(head)
    with path.open("ab") as file:
        file.truncate(len(head) + (megabytes << 20))
    return path


def test_zeros_behind_the_sound_are_not_searched_for_chunks(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "whole.wav").read_bytes()
    listed = whole + b"LIST\x04\0\0\0INFO"
    path = junk(tmp_path / "zeros.wav", listed)
    with path.open("rb") as file:
        assert list(parts_of(file)) == [Part(0, len(listed))]
    assert probe(str(path)).seconds == pytest.approx(1.0)  # 26 s before
    assert sum(map(len, decode(Recording(str(path)), lambda _: None))) == 16_000
    for data in (b"", b"RIFF", whole, listed, whole[:-7], b"OggS" + bytes(99), b"RIFF" + b"data\0\0\0\0" * 3000):
        (tmp_path / "other").write_bytes(data)
        with (tmp_path / "other").open("rb") as file:
            assert list(parts_of(file)) == [Part()]


def test_results_come_in_order_and_errors_in_their_turn() -> None:
    def work(number: int) -> int:
        time.sleep(0.01 * (3 - number % 3))
        if number == 7:
            raise ValueError("seven")
        return number

    found = in_order(work, range(9), 4)
    assert [next(found) for _ in range(7)] == list(range(7))
    with pytest.raises(ValueError, match="seven"):
        next(found)
    assert list(in_order(work, [], 4)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_does_not_wait_for_what_is_looked_into(number: signal.Signals, tmp_path: Path) -> None:
    """The work below never ends: a wait for it would be a time-out of the test."""
    code = (
        "import signal, threading, sys\n"
        "from asrcli.base.background import in_order\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "try:\n    print('ready', flush=True)\n    list(in_order(lambda _: threading.Event().wait(), [1, 2, 3], 2))\n"
        "except KeyboardInterrupt:\n    sys.exit(7)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    assert process.wait(60) == 7
    process.stdout.close()


@pytest.mark.slow
def test_an_interrupt_of_a_run_that_waits_for_a_writer(three: Path) -> None:
    os.mkfifo(three / "pipe.wav")
    command = [sys.executable, "-m", "asrcli", "transcribe", "pipe.wav", "-e", "fake", "--events", "-", "-o", "out"]
    process = subprocess.Popen(command, cwd=three, env=quiet_environment(three), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    time.sleep(1.5)  # it waits for ever, wherever it is
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143 or process.returncode == -15
    process.stdout.close()


MOMENTS = {  # when the signal comes: a module is about to be imported, or an input is looked into for ever
    "asrcli.cli.main": "",
    "asrcli.runs.plan": "",
    "numpy": "",
    "nothing": """
from asrcli.audio import decode
def probe(*given):
    os.kill(os.getpid(), number)
    threading.Event().wait()
decode.probe = probe
""",
}
QUICK = {("asrcli.cli.main", signal.SIGTERM), ("numpy", signal.SIGINT)}
INTERRUPTED = """
import os, signal, sys, threading
number, module = int(sys.argv[1]), sys.argv[2]
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Finder())
{patch}
from asrcli.start import main
sys.argv = ["asr", "transcribe", "one.wav", "two.wav", "-e", "fake", "-o", "out", "--no-vad"]
main()
"""


@pytest.mark.parametrize(
    ("module", "number"),
    [
        pytest.param(one, number, marks=() if (one, number) in QUICK else pytest.mark.slow)
        for one in MOMENTS
        for number in (signal.SIGINT, signal.SIGTERM)
    ],
)
def test_a_signal_while_the_program_begins(module: str, number: signal.Signals, three: Path) -> None:
    """It ends at once, says nothing of its insides, and leaves nothing half done; whatever it is about to import."""
    code = INTERRUPTED.replace("{patch}", MOMENTS[module])
    command = [sys.executable, "-c", code, str(int(number)), module]
    done = subprocess.run(command, cwd=three, env=quiet_environment(three), capture_output=True, text=True, timeout=60)
    assert done.returncode in (-number, 128 + number), (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr and done.stdout == ""
    left = {path.relative_to(three).as_posix() for path in three.glob("out/**/*")}
    assert left <= {"out/.asr", "out/.asr/claims"}, "nothing of what was not done"
