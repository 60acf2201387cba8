"""What `asr transcribe` costs beside its engine: start-up, a run with nothing to do, the pipeline, memory.

``python -m benchmarks.transcribe`` prints a section of ``docs/performance.md``.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from asr_plugins.whisper import Whisper

from asrcli.audio.cut import CutOptions, cut
from asrcli.audio.decode import decode
from asrcli.engine import Device, Weights
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.pipeline.events import Failed
from asrcli.pipeline.run import run
from asrcli.pipeline.settings import Settings
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording
from benchmarks.random_whisper import make

DIGITS = Path(__file__).parent.parent / "tests/data/digits"
THREADS = 2
BATCH = 8
TOKENS = 50  # forced per window: the speed is real, the text is not
ROUNDS = 2


def best(command: Sequence[str], folder: Path, times: int = 5) -> float:
    """Return the least wall-clock time of a command in seconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
        taken.append(time.perf_counter() - began)
    return min(taken)


def spoken() -> np.ndarray:
    """Return all digit strings laid end to end: int16, 16 kHz."""
    blocks = [
        block for path in sorted(DIGITS.glob("*.wav")) for block in decode(Recording(str(path)), lambda text: None)
    ]
    return (np.concatenate(blocks) * 32767).astype(np.int16)


def write(path: Path, samples: np.ndarray) -> Path:
    """Write samples as a wav file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def start_up(folder: Path) -> None:
    """Print how long help and a run with nothing to do take."""
    noise = np.random.default_rng(0).normal(0, 300, (1000, 1600)).astype(np.int16)  # a tone is taken for a short word
    for number, samples in enumerate(noise):
        write(folder / f"in-{number:04}.wav", samples)
    asr = [sys.executable, "-m", "asrcli"]
    run = [*asr, "transcribe", ".", "-e", "pocketsphinx", "-o", "out", "-f", "txt,srt"]
    first = best(run, folder, times=1)
    print("| command | seconds |\n|---|---|")
    print(f"| `asr --help` | {best([*asr, '--help'], folder):.3f} |")
    print(f"| `asr transcribe --help` | {best([*asr, 'transcribe', '--help'], folder):.3f} |")
    print(f"| `asr transcribe` of 1000 files of 0.1 s, first run (pocketsphinx, noise alone) | {first:.2f} |")
    print(f"| the same again, all up to date | {best(run, folder):.3f} |")


def cost(model: Path, folder: Path) -> None:
    """Print the time of the whole pipeline over that of the bare engine on the same prepared clips."""
    talk = spoken()
    short = [write(folder / f"short-{at:03}.wav", np.roll(talk, -at * 7919)[: 5 * SAMPLE_RATE]) for at in range(200)]
    long = write(folder / "long.wav", np.resize(talk, 600 * SAMPLE_RATE))
    engine = Whisper(Weights("tiny", str(model), "random"), Device("cpu", 0, "float32", THREADS))
    options = Options(language="en", beam_size=1, temperature=(0.0,), max_new_tokens=TOKENS)
    print("\n| input | bare engine, s | whole pipeline, s | ratio of medians |\n|---|---|---|---|")
    for title, paths in (("200 files of 5 s", short), ("one file of 10 minutes", [long])):
        recordings = [Recording(str(path)) for path in paths]
        clips = prepared(recordings)
        bare = lambda: alone(engine, clips, options)  # noqa: E731, B023 -- timed at once
        whole = lambda: through(engine, recordings, options)  # noqa: E731, B023
        times = [(timed(bare), timed(whole)) for _ in range(ROUNDS)]
        one, other = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"| {title} | {one:.2f} | {other:.2f} | {other / one:.2f} |")


def prepared(recordings: Sequence[Recording]) -> list[Clip]:
    """Decode and cut everything beforehand."""
    options = CutOptions(Whisper.max_seconds)
    return [clip for one in recordings for clip in cut(decode(one, lambda text: None), one, options)]


def alone(engine: Whisper, clips: Sequence[Clip], options: Options) -> None:
    """Call the engine on clips that are ready, in full batches."""
    for at in range(0, len(clips), BATCH):
        engine.transcribe(clips[at : at + BATCH], options)


def through(engine: Whisper, recordings: Sequence[Recording], options: Options) -> None:
    """Run the pipeline with an engine that is already loaded, as the bare one is."""

    choice = Choice(Whisper, Weights("tiny", None), Device("cpu", 0, "float32", THREADS))
    settings = Settings(CutOptions(Whisper.max_seconds), batch_size=BATCH, batch_seconds=1e6)
    for event in run(recordings, [LocalRecogniser(choice, print, engine)], options, settings):
        assert not isinstance(event, Failed), event


def timed(work: Callable[[], None]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def memory(folder: Path) -> None:
    """Print the peak memory of a run over ten hours, with an engine that costs nothing."""
    talk = spoken()
    ten = folder / "ten-hours.wav"
    with wave.open(str(ten), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        for _ in range(600):
            file.writeframes(np.resize(talk, 60 * SAMPLE_RATE).tobytes())
    # Three words a second, as people say: speech that got hardly any text would be recognised again.
    command = [sys.executable, "-m", "asrcli", "transcribe", "-e", "fake", "-m", "pace=3", str(ten)]
    command += ["-o", "out", "-f", "txt,srt,json"]
    run = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    peak = watch(run)
    took = time.perf_counter() - began
    print(
        f"\nTen hours of speech through decoding, voice activity, cutting and writing: {took:.0f} s with the `fake` "
        f"engine ({36000 / took:.0f} times real time), peak memory {peak / 1e6:.0f} MB."
    )


def watch(run: subprocess.Popen[bytes]) -> int:
    """Wait for a process and return its greatest resident memory in bytes."""
    done = threading.Event()
    peak = 0
    status = Path(f"/proc/{run.pid}/status")
    while not done.wait(0.2) and run.poll() is None:
        try:
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        except (OSError, StopIteration):
            break
        peak = int(line.split()[1]) * 1024
    return peak


def main() -> None:
    """Print the section."""
    load = os.getloadavg()[0]
    print("## The command and the pipeline\n")
    print(
        f"`python -m benchmarks.transcribe` on {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} "
        f"at the start; Whisper tiny in its true shape with random weights, float32, {THREADS} threads, greedy, "
        f"at most {TOKENS} tokens a window, batches of {BATCH}; the median of {ROUNDS} rounds in turns. "
        "Not measured on a GPU.\n"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "many").mkdir()
        start_up(folder / "many")
        cost(make("tiny", folder), folder)
        memory(folder)


if __name__ == "__main__":
    main()
