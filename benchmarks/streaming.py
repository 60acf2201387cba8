"""What `asr transcribe --stream` costs over an hour, and how long a word takes to appear and to settle.

``python -m benchmarks.streaming`` prints a section of ``docs/performance.md``.
"""

from __future__ import annotations

import platform
import resource
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from asr_plugins.fake import Fake
from asr_plugins.whisper import Whisper

from asrcli.audio import decode
from asrcli.engine import Device, Engine, Weights
from asrcli.recogniser import Choice, Recogniser
from asrcli.streaming.listener import Listener
from asrcli.streaming.session import Session
from asrcli.streaming.updates import Update
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording
from asrcli.vad import VadOptions

ROOT = Path(__file__).parent.parent
DIGITS = sorted((ROOT / "tests/data/digits").glob("*.wav"))
TINY = ROOT / "tests/checkpoints/whisper-digits-ct2"
OPTIONS = Options(language="en", word_timestamps=True)
GAP = 1.0  # seconds of silence between two strings: each is an utterance
PART = 600  # seconds; cost is compared between parts of an hour
BLOCK = SAMPLE_RATE // 10


def strings() -> list[np.ndarray]:
    """Return the digit strings, each with silence behind it."""
    silence = np.zeros(round(GAP * SAMPLE_RATE), np.float32)
    return [np.concatenate([*decode(Recording(str(path)), lambda text: None), silence]) for path in DIGITS]


def choice(engine: type[Engine], name: str, path: Path | None = None) -> Choice:
    """Return an engine on one thread."""
    return Choice(engine, Weights(name, str(path) if path else None), Device(threads=1))


def hour(engine: Choice, vad: VadOptions | None) -> tuple[list[float], list[float], int]:
    """Feed an hour by tenths of a second, with a hypothesis for every second of speech, as if it were live.

    Returns:
        for each ten minutes the CPU seconds per second of audio, and the resident memory behind it in MB; and the
        number of segments.
    """
    loop = np.concatenate(strings())
    listener = Listener(Recogniser(engine, OPTIONS, print), Recording("a-b-c-d"), OPTIONS, vad)
    costs, memory, at = [], [], 0
    for _ in range(3600 // PART):
        began = time.process_time()  # others may use the machine too
        for _ in range(PART * SAMPLE_RATE // BLOCK):
            for _ in listener.feed(loop[at : at + BLOCK]):
                pass
            at = (at + BLOCK) % (len(loop) - BLOCK)
        costs.append((time.process_time() - began) / PART)
        memory.append(resident())
    for _ in listener.finish():
        pass
    return costs, memory, len(listener.segments)


def resident() -> float:
    """Return the memory of this process in MB."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


class Paced:
    """A recording that comes as fast as it was spoken."""

    name, waits = "paced", True
    recording = Recording("paced")

    def __init__(self, samples: np.ndarray) -> None:
        self.samples, self.began = samples, 0.0

    def blocks(self, warn: object, stop: threading.Event) -> Iterator[np.ndarray]:
        """Yield a block when all of it has been spoken."""
        self.began = time.monotonic()
        for at in range(0, len(self.samples), BLOCK):
            wait = self.began + (at + BLOCK) / SAMPLE_RATE - time.monotonic()
            stop.wait(max(0.0, wait))
            yield self.samples[at : at + BLOCK]


def latencies(engine: Choice, count: int) -> tuple[list[float], list[float]]:
    """Return for each word the seconds from its end to its first appearance, and to its being settled.

    Ends of words are those that the same model gives for each string by itself; strings whose number of words differs
    between the two are left out.
    """
    spoken = strings()[:count]
    owner = Recogniser(engine, OPTIONS, print)
    ends, offset = [], 0.0
    for string in spoken:
        (segments,) = owner.transcribe([Clip(Recording("x"), 0.0, string)])
        assert not isinstance(segments, Exception)
        ends.append([offset + word.end for segment in segments for word in segment.words])
        offset += len(string) / SAMPLE_RATE
    source = Paced(np.concatenate(spoken))
    first: list[list[float]] = [[]]
    stable: list[list[float]] = [[]]
    settled = ""
    for happening in Session(source, engine, OPTIONS, VadOptions()).start():
        if isinstance(happening, Update):
            now = time.monotonic() - source.began
            settled += happening.settled
            stable[-1] += [now] * (len(settled.split()) - len(stable[-1]))
            first[-1] += [now] * (len((settled + happening.tail).split()) - len(first[-1]))
            if happening.segment is not None:
                settled = ""
                first.append([])
                stable.append([])
    pairs = [(e, f, s) for e, f, s in zip(ends, first, stable, strict=False) if len(e) == len(f) == len(s)]
    return (
        [one - end for e, f, _ in pairs for end, one in zip(e, f, strict=True)],
        [one - end for e, _, s in pairs for end, one in zip(e, s, strict=True)],
    )


def shown(values: list[float], digits: int) -> str:
    """Return numbers as cells of a table."""
    return " | ".join(f"{value:.{digits}f}" for value in values)


def main() -> None:
    """Print the section."""
    print("## Streaming\n")
    print(f"`python -m benchmarks.streaming`, {platform.machine()}, one thread, 24 digit strings in a loop with pauses")
    print(f"of {GAP:g} s; the tiny Whisper of the tests (30 s windows, 1 M parameters). Not measured on a GPU.\n")
    print("CPU seconds per second of audio, a hypothesis for every second of speech:\n")
    print("| engine | " + " | ".join(f"{at}-{at + 10} min" for at in range(0, 60, 10)) + " | last / first |")
    print("|---" * 8 + "|")
    rows = [("fake, no voice activity", choice(Fake, "pace=2"), None), ("fake", choice(Fake, "pace=2"), VadOptions())]
    rows.append(("whisper (tiny)", choice(Whisper, "digits", TINY), VadOptions()))
    notes = []
    for name, engine, vad in rows:
        costs, memory, segments = hour(engine, vad)
        print(f"| {name} | {shown(costs, 4)} | {costs[-1] / costs[0]:.2f} |", flush=True)
        notes.append(
            f"{name}: {segments} segments, {memory[0]:.0f} MB after ten minutes, {memory[-1]:.0f} MB at the end"
        )
    print("\n" + ";\n".join(notes) + ".\n")
    first, stable = latencies(choice(Whisper, "digits", TINY), 16)
    print(f"Paced as spoken, {len(first)} words, seconds from the end of a word to its text:\n")
    print("| | median | 90 % | most |\n|---|---|---|---|")
    for name, values in (("first seen (tail)", first), ("settled", stable)):
        tenths = statistics.quantiles(values, n=10)
        print(f"| {name} | {statistics.median(values):.2f} | {tenths[-1]:.2f} | {max(values):.2f} |")


if __name__ == "__main__":
    main()
