"""How long after a word its text is settled in a stream, and with how many errors, by engine and ``--settle-after``.

Five minutes of real English: the recordings of `benchmarks.accuracy`, joined in three orders with pauses of three
lengths. ``python -m benchmarks settling`` writes a table of docs/streaming.md;
``python -m benchmarks.settling ENGINE:MODEL ...`` prints the lines of those alone.

The clock is made of the sound and of processor seconds of one thread, not of the wall's: a busy machine gives nearly
the same figures as an idle one. What an engine answered once it is not asked again, and counts with the seconds it
took.
"""

from __future__ import annotations

import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from asr_plugins.pocketsphinx_aligner import PocketSphinxAligner

from asrcli.alignment.listening import plain
from asrcli.alignment.windows import Pairing
from asrcli.audio.decode import decode
from asrcli.audio.vad import VadOptions
from asrcli.engine import Device, Weights, load_class
from asrcli.engines.recogniser import Choice, LocalRecogniser, Results
from asrcli.runs.align import align_pair
from asrcli.runs.align_plan import AlignRequest
from asrcli.scoring.alignment import align, distances
from asrcli.streaming.listener import Listener, Listening
from asrcli.streaming.recognition import USUAL, Pace
from asrcli.text.normalisers import build
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Segment
from asrcli.weights import models
from benchmarks.accuracy import english

if TYPE_CHECKING:
    from asrcli.types import Samples

SYSTEMS = ("moonshine:tiny-en", "whisper:tiny.en", "whisper:base")
SETTLE_AFTER = (USUAL.settle_after, float("inf"), 3.0, 1.5)  # seconds
PAUSES = (0.4, 0.7, 1.2)  # seconds between two recordings, one for each order
BLOCK = SAMPLE_RATE // 10
OPTIONS = Options(language="en")


@dataclass(frozen=True, slots=True)
class Talk:
    """Sound, its text, and when each word of the text ends."""

    samples: Samples
    text: str
    words: tuple[tuple[str, float], ...]


def talk() -> Talk:
    """Return the five minutes."""
    aligners = Pairing(PocketSphinxAligner(Weights("en-us", None), Device(threads=1)))
    request = AlignRequest(pairs=(), language="en")
    parts = []
    for path, text in english().items():
        samples = np.concatenate([*decode(Recording(str(path)), print)])
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            found = align_pair(str(path), file.name, aligners, request)
        parts.append((samples, text, [word for segment in found.segments for word in segment.words]))
    noise = np.random.default_rng(0)
    sounds: list[Samples] = []
    texts: list[str] = []
    words: list[tuple[str, float]] = []
    at = 0.0
    for turn, pause in enumerate(PAUSES):
        shift = turn * len(parts) // len(PAUSES)
        for samples, text, own in (*parts[shift:], *parts[:shift]):
            quiet = (noise.standard_normal(round(pause * SAMPLE_RATE)) * 10 ** (-65 / 20)).astype(np.float32)
            words += [(plain(word.text), at + word.end) for word in own]
            sounds += [samples, quiet]
            texts.append(text)
            at += (len(samples) + len(quiet)) / SAMPLE_RATE
    return Talk(np.concatenate(sounds), " ".join(texts), tuple(words))


class Remembering(LocalRecogniser):
    """A recogniser that is asked once about each clip; ``saved`` is what its other answers would have cost."""

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice)
        self.saved = 0.0
        self._known: dict[object, tuple[list[Segment] | Exception, float]] = {}

    def transcribe(self, clips: Sequence[Clip], options: Options) -> Results:
        """Return what the engine hears, or has heard, in each clip."""
        return [self._heard(clip, options) for clip in clips]

    def _heard(self, clip: Clip, options: Options) -> list[Segment] | Exception:
        key = (clip.start, clip.samples.tobytes(), clip.speech, clip.language, clip.growing)
        if key in self._known:
            self.saved += self._known[key][1]
        else:
            begun = time.process_time()
            answer = super().transcribe([clip], options)[0]
            self._known[key] = answer, time.process_time() - begun
        return self._known[key][0]


def settled(
    recogniser: Remembering, samples: Samples, settle_after: float
) -> tuple[str, list[tuple[int, float]], float]:
    """Return the text of a stream, how many of its characters were settled at which time, and the CPU seconds."""
    listener = Listener(
        recogniser, Recording("talk"), OPTIONS, Listening(VadOptions(), Pace(settle_after=settle_after))
    )
    text, clock, cost = "", 0.0, 0.0
    steps: list[tuple[int, float]] = []
    blocks = [samples[at : at + BLOCK] for at in range(0, len(samples), BLOCK)]
    for number, block in enumerate(blocks, 1):
        clock = max(clock, number * BLOCK / SAMPLE_RATE)
        behind = (number + 1) * BLOCK / SAMPLE_RATE <= clock
        begun = time.process_time() + recogniser.saved
        updates = [*listener.feed(block, behind=behind)]
        if number == len(blocks):
            updates += listener.finish()
        spent = time.process_time() + recogniser.saved - begun
        clock, cost = clock + spent, cost + spent
        text += "".join(update.settled for update in updates)
        steps.append((len(text), clock))
    return text, steps, cost


def delays(words: Sequence[tuple[str, float]], text: str, steps: Sequence[tuple[int, float]]) -> list[float]:
    """Return for each word of the text that was recognised the seconds from its end to its being settled."""
    times, at, heard = [], 0, text.split()
    for word in heard:
        at = text.index(word, at) + len(word)
        times.append(next(clock for length, clock in steps if length >= at))
    (moves,) = align([[word for word, _ in words]], [[plain(word) for word in heard]])
    found, spoken, said = [], 0, 0
    for move in moves.decode():
        if move == "=":
            found.append(times[said] - words[spoken][1])
        spoken, said = spoken + (move != "I"), said + (move != "D")
    return found


def main(names: Sequence[str]) -> None:
    """Print the table."""
    known = talk()
    normaliser = build("whisper-en")
    reference = normaliser(known.text).split()
    seconds = len(known.samples) / SAMPLE_RATE
    print(f"{seconds:.0f} s, {len(reference)} words, one thread of {platform.machine()}; delays in seconds:\n")
    print("| engine | `--settle-after` | errors | median | p95 | most | CPU s |\n|---|---|--:|--:|--:|--:|--:|")
    for name in names or SYSTEMS:
        engine, _, model = name.partition(":")
        kind = load_class(engine)
        weights = models.resolve(kind, model, offline=True, pull=False, announce=print)
        recogniser = Remembering(Choice(kind, weights, Device(threads=1)))
        recogniser.load()
        for limit in SETTLE_AFTER:
            text, steps, cost = settled(recogniser, known.samples, limit)
            errors = distances([reference], [normaliser(text).split()])[0] / len(reference)
            late = delays(known.words, text, steps)
            figures = (statistics.median(late), statistics.quantiles(late, n=20)[-1], max(late))
            cells = " | ".join(f"{value:.2f}" for value in figures)
            given = f"{limit:g}, the default" if limit == USUAL.settle_after else f"{limit:g}"
            print(f"| {name} | {given} | {100 * errors:.2f} % | {cells} | {cost:.0f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
