"""A live stream and an engine side by side: sound is taken in while the engine computes, and none is left out.

    reading thread: source -> SecondsQueue ──> recognising thread: load, warm up, listen
    caller's thread: <── happenings (ready, notes, updates, the transcript) ──┘

An engine that is slower than the speech recognises fewer intermediate hypotheses and all of the sound.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from asrcli.engines.recogniser import Choice
from asrcli.errors import AsrError
from asrcli.pipeline.batches import Closed, SecondsQueue
from asrcli.streaming.listener import EVERYTHING, Listener, Listening
from asrcli.streaming.recognition import Update
from asrcli.streaming.sources import Source
from asrcli.types import SAMPLE_RATE, Clip, Options, Samples, Timings, Transcript
from asrcli.workers.pool import recogniser

AHEAD = 600.0  # seconds read ahead of the engine (38 MB); then a pipe has to wait. A microphone cannot
LATE = 5.0  # seconds of sound that wait for the engine and make it slow
LIVE = 1.5  # times real time: what comes faster is a recording, and nobody waits for each word
WARM_UP = 1.0  # seconds of near silence recognised first, because the first call of an engine is slow


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is loaded and warm, and how many seconds that took."""

    seconds: float
    device: str


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the user; ``of_input`` when it is about the sound."""

    text: str
    of_input: bool = False


@dataclass(frozen=True, slots=True)
class Over:
    """The stream is over: everything that was recognised, and why it ended, when that is a failure."""

    transcript: Transcript
    error: Exception | None = None


Happening = Ready | Note | Update | Over


class Session:
    """One run over one source. Iterate over it in one thread; any thread may call `stop`."""

    def __init__(self, source: Source, choice: Choice, options: Options, how: Listening = EVERYTHING) -> None:
        self.source, self._options = source, options
        self._happenings: queue.SimpleQueue[Happening] = queue.SimpleQueue()
        self._fed: SecondsQueue[Samples | None] = SecondsQueue(math.inf if source.waits else AHEAD)
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._warnings: list[str] = []
        self._source_error: Exception | None = None
        self._recogniser = recogniser(choice, lambda text: self._happenings.put(Note(text)))
        self._listener = Listener(self._recogniser, source.recording, options, how)
        self._arrived, self._first, self._told = 0.0, 0.0, False
        self._engine_seconds = 0.0
        self._over = False
        self._engine_thread = threading.Thread(target=self._recognise, name="asr-engine", daemon=True)

    def start(self) -> Session:
        """Begin to read and to load."""
        threading.Thread(target=self._read, name="asr-read", daemon=True).start()
        self._engine_thread.start()
        return self

    def stop(self) -> None:
        """End the source; what has been taken in is still recognised."""
        self._stop.set()
        self._ready.set()
        with suppress(Closed):
            self._fed.put(None, 0.0)  # the reading thread may be waiting for bytes that never come

    def __iter__(self) -> Session:
        return self

    def __next__(self) -> Happening:
        """Wait for what happens next; ends after `Over`."""
        while not self._over:
            try:
                happening = self._happenings.get(timeout=0.2)  # an endless wait would hold back signals
            except queue.Empty:
                if not self._engine_thread.is_alive() and self._happenings.empty():
                    raise RuntimeError("the engine thread has died; its traceback is above") from None
                continue
            self._over = isinstance(happening, Over)
            return happening
        raise StopIteration

    @property
    def failures(self) -> list[Exception]:
        """Why stretches of the stream have no text; each was told with its update."""
        return self._listener.failures

    def _warn(self, text: str) -> None:
        self._warnings.append(text)
        self._happenings.put(Note(text, of_input=True))

    def _read(self) -> None:
        """The reading thread."""
        try:
            if self.source.waits:
                self._ready.wait()
            blocks = iter(()) if self._stop.is_set() else self.source.blocks(self._warn, self._stop)
            for block in blocks:
                self._first = self._first or time.monotonic()
                self._arrived += len(block) / SAMPLE_RATE
                self._fed.put(block, len(block) / SAMPLE_RATE)
                if self._stop.is_set():
                    break
        except Closed:
            return
        except Exception as error:  # the boundary of the input: what was recognised before is kept
            self._source_error = error
        with suppress(Closed):
            self._fed.put(None, 0.0)

    def _recognise(self) -> None:
        """The recognising thread."""
        begun, error = time.perf_counter(), None
        try:
            self._warm_up()
            self._happenings.put(Ready(time.perf_counter() - begun, str(self._recogniser.device)))
            self._ready.set()
            self._listen()
            error = self._source_error
            for line in self._listener.no_speech_lines():
                self._warn(line)
        except Exception as failure:  # of the engine; what was recognised before is kept
            error = failure
            for update in self._listener.give_up():
                self._happenings.put(update)
        self._stop.set()
        self._ready.set()
        self._fed.close()
        timings = Timings(0.0, self._engine_seconds, time.perf_counter() - begun)
        transcript = self._listener.transcript(tuple(self._warnings), timings)
        failures = self._listener.failures
        self._happenings.put(Over(transcript, error or (failures[0] if failures else None)))

    def _warm_up(self) -> None:
        import numpy as np

        self._recogniser.load()
        if self._listener.speakers is not None:
            self._listener.speakers.load(lambda text: self._happenings.put(Note(text)))
        quiet = np.random.default_rng(0).standard_normal(round(WARM_UP * SAMPLE_RATE)).astype(np.float32) * 1e-4
        recognised = self._recogniser.transcribe([Clip(self.source.recording, 0.0, quiet)], self._options)[0]
        if isinstance(recognised, Exception) and not isinstance(recognised, AsrError):
            raise recognised

    def _listen(self) -> None:
        """Recognise what is there, all of it, and yield hypotheses for the newest of it only."""
        over, loading = False, True
        while not over:
            taken = self._fed.take(math.inf, wait=True)
            blocks = [block for block in taken if block is not None]
            over = len(blocks) < len(taken)
            begun = time.perf_counter()
            if not loading:  # what came meanwhile says nothing about its speed
                self._say_when_slow(sum(map(len, blocks)) / SAMPLE_RATE)
            loading = False
            for at, block in enumerate(blocks, 1):
                for update in self._listener.feed(block, behind=at < len(blocks) or over):
                    self._happenings.put(update)
            if over:
                for update in self._listener.finish():
                    self._happenings.put(update)
            self._engine_seconds += time.perf_counter() - begun

    def _say_when_slow(self, waiting: float) -> None:
        """Say once that a live stream is ahead of the engine."""
        elapsed = time.monotonic() - self._first
        live = self.source.waits or self._arrived < LIVE * elapsed
        if not self._told and live and waiting > LATE + self._listener.pace.every:
            self._told = True
            self._happenings.put(
                Note(
                    f"the engine is slower than the speech ({waiting:.0f} s wait): fewer intermediate results, no loss"
                )
            )
