"""What `asr transcribe --stream` costs over an hour, by tenths, and how long a word takes to appear and to settle.

``python -m benchmarks.streaming`` prints a section of ``docs/performance.md``.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from asr_plugins.fake import Fake
from asr_plugins.qwen3 import Qwen3
from asr_plugins.qwen3.stream import Qwen3Stream, Work
from asr_plugins.whisper import Whisper

from asrcli.audio.decode import decode
from asrcli.audio.vad import VadOptions
from asrcli.capabilities import Stream
from asrcli.engine import Device, Engine, Weights
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.streaming.listener import Listener, Listening
from asrcli.streaming.recognition import Update
from asrcli.streaming.session import Session
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording

ROOT = Path(__file__).parent.parent
DIGITS = sorted((ROOT / "tests/data/digits").glob("*.wav"))
TINY = ROOT / "tests/checkpoints/whisper-digits-ct2"
QWEN = ROOT / "tests/checkpoints/qwen3-asr-digits"
OPTIONS = Options(language="en", word_timestamps=True)
PLAIN = Options(language="en")  # word times would keep an engine from its own stream
GAP = 1.0  # seconds of silence between two strings: each is an utterance
HOUR, SHORT = 3600, 600  # seconds of audio: of `fake`, and of a model that takes its time
PARTS = 10
BLOCK = SAMPLE_RATE // 10


def strings() -> list[np.ndarray]:
    """Return the digit strings, each with silence behind it."""
    silence = np.zeros(round(GAP * SAMPLE_RATE), np.float32)
    return [np.concatenate([*decode(Recording(str(path)), lambda text: None), silence]) for path in DIGITS]


def choice(engine: type[Engine], name: str, path: Path | None = None) -> Choice:
    """Return an engine on one thread."""
    return Choice(engine, Weights(name, str(path) if path else None), Device(threads=1))


@dataclass(frozen=True)
class Row:
    """A stream to measure."""

    name: str
    engine: Choice
    vad: VadOptions | None
    seconds: int
    options: Options = OPTIONS


@dataclass(frozen=True)
class Spent:
    """What a stream took."""

    costs: list[float]  # CPU seconds for a second of audio, in each part
    memory: list[float]  # resident MB, behind each part
    segments: int
    work: list[tuple[int, ...]]  # in each part: encoder windows, tokens read, tokens written; of an own stream


def stream(row: Row) -> Spent:
    """Feed a stream by tenths of a second, with a hypothesis for every second of speech, as if it were live."""
    loop = np.concatenate(strings())
    owner = LocalRecogniser(row.engine, print)
    works = watched(owner)
    listener = Listener(owner, Recording("a-b-c-d"), row.options, Listening(row.vad))
    costs, memory, counts, at = [], [], [totals(works)], 0
    part = row.seconds // PARTS
    for _ in range(PARTS):
        began = time.process_time()  # others may use the machine too
        for _ in range(part * SAMPLE_RATE // BLOCK):
            for _ in listener.feed(loop[at : at + BLOCK]):
                pass
            at = (at + BLOCK) % (len(loop) - BLOCK)
        costs.append((time.process_time() - began) / part)
        memory.append(resident())
        counts.append(totals(works))
    for _ in listener.finish():
        pass
    work = [tuple(now - then for now, then in zip(after, before, strict=True)) for before, after in pairwise(counts)]
    return Spent(costs, memory, len(listener.segments), work)


def watched(owner: LocalRecogniser) -> list[Work]:
    """Return a list that gets what each stream of the engine counts."""
    works: list[Work] = []
    engine = owner.load()
    if isinstance(engine, Qwen3):
        begin = engine.stream

        def stream(options: Options) -> Stream:
            begun = begin(options)
            assert isinstance(begun, Qwen3Stream)
            works.append(begun.work)
            return begun

        engine.stream = stream  # type: ignore[method-assign]
    return works


def totals(works: list[Work]) -> tuple[int, ...]:
    """Return the encoder windows, the tokens read and the tokens written of all streams."""
    return sum(one.windows for one in works), sum(one.tokens for one in works), sum(one.written for one in works)


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
    owner = LocalRecogniser(engine, print)
    ends, offset = [], 0.0
    for string in spoken:
        (segments,) = owner.transcribe([Clip(Recording("x"), 0.0, string)], OPTIONS)
        assert not isinstance(segments, Exception)
        ends.append([offset + word.end for segment in segments for word in segment.words])
        offset += len(string) / SAMPLE_RATE
    source = Paced(np.concatenate(spoken))
    first: list[list[float]] = [[]]
    stable: list[list[float]] = [[]]
    settled = ""
    for happening in Session(source, engine, OPTIONS, Listening(VadOptions())).start():
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
    print("CPU milliseconds per second of audio in each tenth of a stream, a hypothesis for every second of speech,")
    print("or the engine's own stream (qwen3):\n")
    print("| engine | length | " + " | ".join(f"{at}/{PARTS}" for at in range(1, PARTS + 1)) + " | last / first |")
    print("|---" * (PARTS + 3) + "|")
    tiny, qwen, fake = choice(Whisper, "digits", TINY), choice(Qwen3, "digits", QWEN), choice(Fake, "pace=2")
    rows = [
        Row("fake, no voice activity", fake, None, HOUR),
        Row("fake", fake, VadOptions(), HOUR),
        Row("whisper (tiny)", tiny, VadOptions(), SHORT),
        Row("qwen3 (tiny)", qwen, VadOptions(), HOUR, PLAIN),
        Row("qwen3 (tiny), no voice activity", qwen, None, HOUR, PLAIN),
    ]
    notes, works = [], []
    for row in rows:
        spent = stream(row)
        cells = f"{shown([1000 * cost for cost in spent.costs], 1)} | {spent.costs[-1] / spent.costs[0]:.2f}"
        print(f"| {row.name} | {row.seconds // 60} min | {cells} |", flush=True)
        ends = f"{spent.memory[0]:.0f} MB after a tenth, {spent.memory[-1]:.0f} MB at the end"
        notes.append(f"{row.name}: {spent.segments} segments, {ends}")
        if any(spent.work[0]):
            works.append((row, spent))
    print("\n" + ";\n".join(notes) + ".\n")
    print("The work of the stream of its own, which no other load disturbs, per second of audio in each tenth:\n")
    print("| | " + " | ".join(f"{at}/{PARTS}" for at in range(1, PARTS + 1)) + " |")
    print("|---" * (PARTS + 1) + "|")
    for row, spent in works:
        for place, what in enumerate(("encoder windows", "tokens read", "tokens written")):
            values = [part[place] / (row.seconds / PARTS) for part in spent.work]
            print(f"| {row.name}: {what} | {shown(values, 2)} |")
    print()
    first, stable = latencies(tiny, 12)
    load = f"{os.getloadavg()[0]:.0f}"
    print(f"Paced as spoken, {len(first)} words, seconds from the end of a word to its text; the load of the")
    print(f"machine was {load}:\n")
    print("| | median | 90 % | most |\n|---|---|---|---|")
    for name, values in (("first seen (tail)", first), ("settled", stable)):
        tenths = statistics.quantiles(values, n=10)
        print(f"| {name} | {statistics.median(values):.2f} | {tenths[-1]:.2f} | {max(values):.2f} |")


if __name__ == "__main__":
    main()
