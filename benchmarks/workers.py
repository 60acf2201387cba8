"""What a worker costs beside the engine in this process, and what two bring.

``python -m benchmarks.workers [SECONDS]`` prints a section of ``docs/performance.md``; by default of ten minutes of
speech.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from asr_plugins.fake import Fake

from asrcli.engine import Device, Weights
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.transport.child import Died
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording
from asrcli.workers.recogniser import WorkerRecogniser
from benchmarks.random_whisper import make
from benchmarks.transcribe import spoken, write

SECONDS = 600
TOKENS = 50  # at most per window: the speed is real, the text is not
ROUNDS = 3
CLIPS = 100
WAYS = {"in process": ("0", "1"), "1 worker": ("1", "1"), "2 workers": ("2", "2")}  # --workers, --threads in all


def spent(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Return the seconds of wall clock and of processor time that a command and its processes took."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=1800)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def whole_commands(folder: Path, seconds: int) -> None:
    """Print what so many seconds of speech take in each way, in turns."""
    model = make("tiny", folder)
    write(folder / "long.wav", np.resize(spoken(), seconds * SAMPLE_RATE))
    asr = [sys.executable, "-m", "asrcli", "transcribe", "long.wav", "-e", "whisper", "-m", str(model), "-l", "en"]
    asr += ["--beam-size", "1", "--temperature", "0", "--max-new-tokens", str(TOKENS), "--compute-type", "float32"]
    rounds = [
        {way: spent([*asr, "--workers", n, "--threads", t], folder) for way, (n, t) in WAYS.items()}
        for _ in range(ROUNDS)
    ]
    print(f"| {seconds} s of speech | wall, s | over in process | processor, s | over in process |")
    print("|---|---|---|---|---|")
    for way in WAYS:
        wall, cpu = (statistics.median(one[way][at] for one in rounds) for at in (0, 1))
        more, most = (statistics.median(one[way][at] / one["in process"][at] for one in rounds) for at in (0, 1))
        print(f"| {way} | {wall:.1f} | {more:.2f} | {cpu:.1f} | {most:.2f} |")
    gain = statistics.median(one["1 worker"][0] / one["2 workers"][0] for one in rounds)
    print(f"\nTwo workers with a thread each against one, by rounds: {gain:.2f} times as fast (wall clock).")


def passing() -> None:
    """Print what it takes to hand over clips, with an engine that costs nothing, and what a death takes."""
    rng = np.random.default_rng(0)
    sound = rng.standard_normal(30 * SAMPLE_RATE).astype(np.float32)
    clips = [Clip(Recording("a-b-c.wav", seconds=30.0), 0.0, sound)]
    choice = Choice(Fake, Weights("default", None), Device())
    here, there = LocalRecogniser(choice), WorkerRecogniser(choice)
    times: dict[str, list[float]] = {"here": [], "there": []}
    for _ in range(CLIPS):
        for name, one in (("here", here), ("there", there)):
            began = time.perf_counter()
            one.transcribe(clips, Options())
            times[name].append(time.perf_counter() - began)
    there.close()
    cost = min(times["there"]) - min(times["here"])  # a busy machine makes the others wait, here as there
    print(
        f"\nA clip of 30 s to a worker and its segments back: {1000 * cost:.1f} ms at least, of {CLIPS}: "
        f"{100 * cost / 30:.3f} % of its length, {100 * cost / 3:.2f} % of an engine's time at ten times real time."
    )
    dying = WorkerRecogniser(Choice(Fake, Weights("kill=bad", None), Device()))
    dying.load()
    assert dying._remote is not None
    child, bad = dying._remote.child, Clip(Recording("bad.wav", seconds=1.0), 0.0, sound[:SAMPLE_RATE])
    began = time.perf_counter()
    try:
        dying._remote.transcribe([bad], Options())
    except Died:
        noticed = time.perf_counter() - began
    child.close()
    began = time.perf_counter()
    dying._let_go()
    dying.load()
    print(
        f"A death is noticed {1000 * noticed:.0f} ms after the call that it ends was sent; a fresh process with the "
        f"engine `fake` is ready after {time.perf_counter() - began:.2f} s."
    )
    dying.close()


def main() -> None:
    """Print the section."""
    load = os.getloadavg()[0]
    print("## Workers\n")
    print(
        f"`python -m benchmarks.workers` on {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the "
        f"start; Whisper tiny in its true shape with random weights, float32, one thread for each engine, greedy, at "
        f"most {TOKENS} tokens a window; whole commands, start-up and loading included, the median of {ROUNDS} rounds "
        "in turns. Not measured on a GPU.\n"
    )
    with tempfile.TemporaryDirectory() as name:
        whole_commands(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    passing()


if __name__ == "__main__":
    main()
