"""How many GPUs one machine feeds: what a second of sound costs before an engine hears it, and 100 simulated ones.

``python -m benchmarks.feeding [MINUTES]`` prints a section of ``docs/performance.md``; by default of 60 minutes of
speech. The engine is `fake`, which sleeps as long as a GPU of 500 times real time would compute.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from asr_plugins.fake import Fake

from asrcli.audio.cut import CutOptions
from asrcli.audio.vad import VadOptions
from asrcli.engine import Device, Weights
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.pipeline.events import Finished
from asrcli.pipeline.run import run
from asrcli.pipeline.settings import Settings
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording
from asrcli.workers.recogniser import WorkerRecogniser
from benchmarks.transcribe import spoken, write

SPEED = 500  # times real time, of one simulated GPU
GPUS = (1, 100)
CLIPS = 200
LENGTH = 30  # seconds of a clip


def processor(pid: int) -> float:
    """Return the processor seconds that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def simulate(files: list[str], gpus: int) -> tuple[float, float, float]:
    """Return the seconds of sound, of wall clock and of processor time of a run with so many GPUs."""
    choice = Choice(Fake, Weights(f"rtf={1 / SPEED}", None), Device())
    settings = Settings(cut=CutOptions(max_seconds=LENGTH, vad=VadOptions()), decode_threads=os.cpu_count() or 1)
    began, before = time.perf_counter(), time.process_time()
    recordings = [Recording(one) for one in files]
    events = run(recordings, [LocalRecogniser(choice) for _ in range(gpus)], Options(language="en"), settings)
    sound = sum(event.transcript.seconds for event in events if isinstance(event, Finished))
    return sound, time.perf_counter() - began, time.process_time() - before


def per_clip(make: Callable[[Choice], WorkerRecogniser], driver: Callable[[], int]) -> tuple[float, float]:
    """Return the processor seconds of this process, and of a driver, for a clip to a worker and back."""
    sound = np.random.default_rng(0).standard_normal(LENGTH * SAMPLE_RATE).astype(np.float32)
    clips = [Clip(Recording("a-b-c.wav", seconds=LENGTH), 0.0, sound)]
    worker = make(Choice(Fake, Weights("default", None), Device()))
    worker.transcribe(clips, Options())
    before, there = time.process_time(), processor(driver())
    for _ in range(CLIPS):
        worker.transcribe(clips, Options())
    spent = (time.process_time() - before) / CLIPS, (processor(driver()) - there) / CLIPS
    worker.close()
    return spent


def passing() -> None:
    """Print what it takes to hand over clips, to a worker of this machine and to one of Ray."""
    here, _ = per_clip(lambda choice: WorkerRecogniser(choice), os.getpid)
    print(f"| to a worker of this machine, {LENGTH} s | {1000 * here:.1f} ms | |")
    if find_spec("ray") is None:
        print("\nRay is not installed: not measured.")
        return
    from asrcli.workers.ray_cluster import Cluster

    cluster = Cluster("local", print)
    launch = cluster.launch(1.0, 0.0)
    asr, driver = per_clip(lambda choice: WorkerRecogniser(choice, workers=0, launch=launch), lambda: cluster.pid)
    print(f"| to a worker of Ray, {LENGTH} s | {1000 * asr:.1f} ms | {1000 * driver:.1f} ms |")
    cluster.close()


def main() -> None:
    """Print the section."""
    minutes, load = int(sys.argv[1]) if len(sys.argv) > 1 else 60, os.getloadavg()[0]
    print("## Feeding GPUs\n")
    print(
        f"`python -m benchmarks.feeding {minutes}` on {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at "
        f"the start. Speech, {minutes} minutes in files of five, WAV of 16 kHz, decoded, searched for speech and cut; "
        f"each GPU is simulated by `fake`, which sleeps for 1/{SPEED} of the sound.\n"
    )
    with tempfile.TemporaryDirectory() as name:
        sound = np.resize(spoken(), 300 * SAMPLE_RATE)
        files = [str(write(Path(name, f"a-b-{number}.wav"), sound)) for number in range(max(1, minutes // 5))]
        print("| GPUs of 500 times real time | together, times real time | processor time, share of the sound |")
        print("|---|---|---|")
        for gpus in GPUS:
            seconds, wall, spent = simulate(files, gpus)
            print(f"| {gpus} | {seconds / wall:.0f} | 1/{seconds / spent:.0f} |")
    fed = seconds / spent / SPEED
    print(f"\nSo one core feeds {fed:.2f} such GPUs, and 100 of them want {100 / fed:.0f} cores.\n")
    print("| a clip and its segments back | of `asr`, processor | of Ray's driver, processor |\n|---|---|---|")
    passing()


if __name__ == "__main__":
    main()
