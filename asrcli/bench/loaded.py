"""A loaded engine, and the ways to time it. Only the measuring process imports this."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from asrcli.audio.cut import CutOptions, cut
from asrcli.audio.decode import decode
from asrcli.audio.vad import VadOptions
from asrcli.bench import messages as say
from asrcli.bench import serving
from asrcli.bench.gauges import peak_rss
from asrcli.bench.sounds import read_samples
from asrcli.capabilities import Concurrent, Streams
from asrcli.datasets.manifests import recording_of
from asrcli.engine import Engine
from asrcli.engines.device import telling_of_memory
from asrcli.engines.options import clip_length
from asrcli.engines.recogniser import Choice, LocalRecogniser
from asrcli.errors import AsrError, OutOfMemory
from asrcli.pipeline.events import Failed, Finished, Notice
from asrcli.pipeline.run import run
from asrcli.pipeline.settings import Settings
from asrcli.types import SAMPLE_RATE, Clip, Options, Utterance

if TYPE_CHECKING:
    from asrcli.types import Samples, Transcript

Put = Callable[[say.Answer], None]

GAIN = 1.02  # a batch size that is not this much faster than the best before brings nothing
MOST_GAINLESS = 2  # such sizes in a row end a sweep


class Loaded:
    """One engine with its weights in memory."""

    def __init__(self, engine: type[Engine], job: say.Job, announce: Callable[[str], None]) -> None:
        self.job, self.announce = job, announce
        self.told: set[str] = set()  # lines about utterances, which are transcribed more than once
        self.choice = Choice(engine, job.weights, job.device)
        self.recogniser = LocalRecogniser(self.choice, announce)
        self.cut = cut_options(self.choice, job)

    def load(self) -> None:
        """Load the weights."""
        self.recogniser.load()

    @property
    def place(self) -> str:
        """Device and precision in use."""
        return f"{self.recogniser.device} ({self.recogniser.device.dtype})"

    def answer(self, request: say.Request, put: Put) -> None:
        """Do what was asked for."""
        for found in self.results(request):
            put(found)

    def results(self, request: say.Request) -> Iterator[say.Answer]:
        """Yield the results of a request as they are there."""
        match request:
            case say.Transcribe(utterances):
                yield from map(self.transcribe, utterances)
            case say.Sweep():
                yield from self.sweep(request)
            case say.Listen(utterances, chunk):
                yield from (self.listen(one, chunk) for one in utterances)
            case say.Serve():
                yield self.serve(request)
            case say.Diarize():
                from asrcli.bench.speaking import diarize

                yield from diarize(request, self.recogniser, self.job.options, self.cut, self.announce)

    def transcribe(self, one: Utterance) -> say.Transcribed:
        """Transcribe one utterance through the whole pipeline, alone, one clip at a time."""
        settings = Settings(cut=self.cut, batch_size=1, decode_threads=1)
        done: Transcript | None = None
        failure: Exception | None = None
        begun, busy = time.perf_counter(), self.recogniser.busy
        for event in run([recording_of(one)], [self.recogniser], self.job.options, settings):
            match event:
                case Finished(_, transcript):
                    done = transcript
                case Notice(line, index):
                    self.tell(line if index is None else f"{one.id}: {line}")
                case Failed(_, failed):
                    failure = failed
        wall, model = time.perf_counter() - begun, self.recogniser.busy - busy
        error, trace = _told(failure)
        text, decode = (done.text, done.timings.decode) if done else (None, 0.0)
        found = (done.language, done.language_score) if done and not self.job.options.language else (None, None)
        return say.Transcribed(one.id, text, wall, decode, model, error, trace, *found)

    def tell(self, text: str) -> None:
        """Say a line about an utterance, once however often that is transcribed."""
        if text not in self.told:
            self.told.add(text)
            self.announce(text)

    def clips(self, utterances: Sequence[Utterance]) -> list[Clip]:
        """Return the clips of utterances, decoded, the longest first as the pipeline likes them in batches."""
        found = [
            replace(clip, language=self.job.options.language or one.language)
            for one in utterances
            for clip in cut(decode(recording_of(one), lambda text: None), recording_of(one), self.cut)
        ]
        return sorted(found, key=lambda clip: -len(clip.samples))

    def sweep(self, request: say.Sweep) -> Iterator[say.Batched]:
        """Transcribe the utterances in batches of growing size, until one does not fit or two bring nothing."""
        begun = time.perf_counter()
        clips = self.clips(request.utterances)
        decode = time.perf_counter() - begun
        seconds = sum(clip.seconds for clip in clips)
        best, gainless = 0.0, 0
        for size in request.sizes:
            try:
                self.batches(clips, size)  # the first time of a size allocates and compiles
                times = [self.batches(clips, size)]
                gainless = gainless + 1 if seconds / times[0] < GAIN * best else 0
                if not gainless:  # repeats are for what could be the best
                    times += [self.batches(clips, size) for _ in range(request.repeats - 1)]
            except OutOfMemory:
                yield say.Batched(size, decode, (), seconds, len(clips), fits=False)
                return
            yield say.Batched(size, decode, tuple(times), seconds, len(clips), peak_rss=peak_rss() or None)
            best = max(best, seconds / sorted(times)[len(times) // 2])
            if gainless == MOST_GAINLESS:
                return

    def batches(self, clips: Sequence[Clip], size: int) -> float:
        """Return the time that all clips take in batches of one size.

        Raises:
            OutOfMemory: a batch does not fit.
        """
        engine = self.recogniser.load()
        begun = time.perf_counter()
        with telling_of_memory():
            for at in range(0, len(clips), size):
                engine.transcribe(clips[at : at + size], self.job.options)
        return time.perf_counter() - begun

    def listen(self, one: Utterance, chunk: float) -> say.Streamed:
        """Transcribe one utterance as a stream."""
        samples = read_samples(recording_of(one))
        engine = self.recogniser.load()
        assert isinstance(engine, Streams)
        return listen(engine, one.id, samples, chunk, self.job.options)

    def serve(self, request: say.Serve) -> say.Served:
        """Transcribe utterances for several callers at once, each with the next as soon as it has an answer."""
        begun = time.perf_counter()
        if issubclass(self.choice.engine, Concurrent):
            asked = serving.from_threads(request.utterances, request.callers, self.transcribe)
        else:
            waiting = [(one, self.clips([one])) for one in request.utterances]
            begun = time.perf_counter()  # after the decoding
            budget = self.choice.engine.batch_length(self.recogniser.device)
            asked = serving.in_turns(self.recogniser.load(), waiting, request.callers, budget, self.job.options)
        wall = time.perf_counter() - begun
        times = tuple(one.total for one in asked if not one.error)
        seconds = sum(one.seconds for one in asked)
        return say.Served(times, wall, seconds, len(asked) - len(times), tuple(asked))


def _told(error: Exception | None) -> tuple[str, str]:
    """Return the line of a failure, and the traceback of one that is a bug."""
    if error is None:
        return "", ""
    trace = "" if isinstance(error, AsrError) else "".join(traceback.format_exception(error))
    return f"{type(error).__name__}: {error}", trace


def cut_options(choice: Choice, job: say.Job) -> CutOptions:
    """Return how recordings are cut for an engine."""
    longest = clip_length(choice.engine, job.options)
    vad = VadOptions() if job.vad else None
    engine = choice.engine
    return CutOptions(
        longest, max_gap=engine.longest_pause, pad=engine.clip_pad, vad=vad, level_range=engine.level_range
    )


def listen(engine: Streams, name: str, samples: Samples, chunk: float, options: Options) -> say.Streamed:
    """Feed a stream and measure when text came, on the clock of a speaker.

    A piece is there when it has been spoken, and it is transcribed when the pieces before it are: the clock is that of
    the audio, put forward by the time the engine really took. So nothing waits, and no second of audio is lost.
    """
    stream = engine.stream(options)
    step = max(1, round(chunk * SAMPLE_RATE))
    length = len(samples) / SAMPLE_RATE
    now = computed = 0.0
    first: float | None = None
    stable: float | None = None
    text = ""
    for at in [*range(0, len(samples), step), -1]:
        spoken = length if at < 0 else min(length, (at + step) / SAMPLE_RATE)
        begun = time.perf_counter()
        update = stream.finish() if at < 0 else stream.accept(samples[at : at + step])
        took = time.perf_counter() - begun
        computed += took
        now = max(now, spoken) + took
        text += update.settled
        if first is None and (update.settled or update.tail).strip():
            first = now
        if stable is None and update.settled.strip():
            stable = now
    return say.Streamed(name, first, stable, now - length, computed, length, text)
