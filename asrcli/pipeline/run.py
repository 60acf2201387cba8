"""Recordings in, transcripts out: the only code that drives an engine and measures its time.

    decode threads:  blocks -> voice activity -> cuts ──> SecondsQueue ──> engine thread: vote, batch, recognise
    caller's thread: <── events (clip heard, segments settled, recording finished or failed) ──┘

Decoding and cutting run beside the engine, batches are made across recordings, and what waits between the two is
bounded in seconds of audio. The caller iterates over events, so that it can write results, show progress and be
interrupted at any time while the engine computes. Stages are functions over clips, so that they could run elsewhere.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asrcli.base.background import until_none
from asrcli.engines.recogniser import Choice, Recogniser, vote
from asrcli.errors import DeviceError, EngineUnavailable
from asrcli.pipeline.assembly import Assembly, HeardClip, clip_key, settle
from asrcli.pipeline.batches import Closed, SecondsQueue, choose_batch
from asrcli.pipeline.events import ClipHeard, Event, Failed, Finished, Known, Notice, Settled, Voted
from asrcli.pipeline.punctuation import punctuate
from asrcli.types import SAMPLE_RATE, Clip, Options, Recording, Region, Segment, Timings, Transcript

if TYPE_CHECKING:
    from asrcli.audio.cut import CutOptions
    from asrcli.companions import Identifier, Punctuator
    from asrcli.types import Samples

    Listen = Callable[[int, Iterator[Samples]], Iterator[Samples]]

VOTES = 4  # clips of a recording that vote on its language: two minutes of speech at the most
MOST_CLIPS = 64  # per call of the engine, however short they are
QUEUE_SECONDS = 1800.0  # audio decoded ahead of the engine: 115 MB of samples


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run, apart from what is asked of the engine."""

    cut: CutOptions
    languages: tuple[str, ...] = ()  # the vote chooses among these; () is any
    batch_size: int = MOST_CLIPS  # greatest number of clips per call
    batch_seconds: float | None = None  # None is the engine's own wish
    punctuator: Punctuator | None = None
    identifier: Identifier | None = None  # votes on the language instead of the engine
    decode_threads: int = 2
    queue_seconds: float = QUEUE_SECONDS
    words: Callable[[Clip, Sequence[Segment]], tuple[Segment, ...]] | None = None  # gives segments words with times
    listen: Listen | None = None  # gets the blocks of each recording as they are decoded, and hands them on


@dataclass(frozen=True, slots=True)
class _End:
    """The decoder's last word on a recording."""

    index: int
    seconds: float = 0.0
    speech: tuple[Region, ...] = ()
    warnings: tuple[str, ...] = ()
    decode_seconds: float = 0.0
    error: Exception | None = None


_Fed = tuple[int, Clip] | _End


def run(
    recordings: Sequence[Recording],
    choice: Choice,
    options: Options,
    settings: Settings,
    known: Callable[[int], Known] = lambda index: Known(),
) -> Iterator[Event]:
    """Transcribe recordings and yield what happens, in the order in which it happens.

    A recording that fails is one `Failed`; the others go on. Closing the generator stops the decoding threads; the
    engine finishes the call it is in, in a daemon thread.

    Raises:
        EngineUnavailable, DeviceError: the engine cannot be loaded, or runs nowhere any more.
    """
    events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
    fed: SecondsQueue[_Fed] = SecondsQueue(settings.queue_seconds)
    remaining = iter(range(len(recordings)))
    lock = threading.Lock()

    def feed() -> None:
        with suppress(Closed):
            while True:
                with lock:
                    index = next(remaining, None)
                if index is None:
                    return
                feed_recording(index, recordings[index], settings, fed, events.put)

    def recognise() -> None:
        try:
            with suppress(Closed):
                _Consumer(recordings, choice, options, settings, known, fed, events.put).consume()
            events.put(None)
        except BaseException as error:  # handed to the caller's thread, which raises it
            events.put(error)

    # What is sampled depends on all that was sampled before: a seed is worth something in a fixed order only.
    count = 1 if options.seed is not None else max(1, min(settings.decode_threads, len(recordings)))
    threads = [threading.Thread(target=feed, name=f"asr-decode-{number}", daemon=True) for number in range(count)]
    threads.append(threading.Thread(target=recognise, name="asr-engine", daemon=True))
    for thread in threads:
        thread.start()
    try:
        happenings: Iterator[Event | BaseException] = until_none(events)
        for event in happenings:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        fed.close()


def feed_recording(
    index: int,
    recording: Recording,
    settings: Settings,
    fed: SecondsQueue[_Fed],
    put: Callable[[Event], None],
) -> None:
    """Decode and cut one recording into the queue; the last item says how it ended."""
    from asrcli.audio.cut import CutSummary, cut
    from asrcli.audio.decode import decode

    warnings: list[str] = []

    def warn(text: str) -> None:
        warnings.append(text)
        put(Notice(text, index))

    busy = 0.0
    summary = CutSummary()
    begun = time.perf_counter()
    try:
        blocks = decode(recording, warn)
        heard = settings.listen(index, blocks) if settings.listen else blocks
        for clip in cut(heard, recording, settings.cut, summary):
            busy += time.perf_counter() - begun
            fed.put((index, clip), clip.seconds)
            begun = time.perf_counter()
        busy += time.perf_counter() - begun
        end = _End(index, summary.seconds, tuple(summary.speech), tuple(warnings), busy)
    except Closed:
        raise
    except Exception as error:  # the per-input boundary: this input fails, the others go on
        end = _End(index, error=error)
    fed.put(end, 0.0)


class _Consumer:
    """The engine's thread: collects clips, settles languages, forms batches, recognises and assembles."""

    def __init__(  # noqa: PLR0913 -- takes over what `run` was given, and both its queues
        self,
        recordings: Sequence[Recording],
        choice: Choice,
        options: Options,
        settings: Settings,
        known: Callable[[int], Known],
        fed: SecondsQueue[_Fed],
        put: Callable[[Event], None],
    ) -> None:
        self.recordings, self.choice, self.options, self.settings = recordings, choice, options, settings
        self.known, self.fed, self.put = known, fed, put
        self.recogniser = Recogniser(choice, options, lambda text: put(Notice(text)))
        self.open: dict[int, Assembly] = {}
        self.journal: dict[int, Known] = {}
        self.ends: dict[int, _End] = {}
        self.started: dict[int, float] = {}
        self.waiting: list[tuple[int, Clip]] = []  # ready for a batch, the oldest first
        self.voting: dict[int, list[Clip]] = {}  # held back until their recording's language is known
        self.dead: set[int] = set()
        self.budget = settings.batch_seconds or choice.engine.batch_seconds.get(choice.device.kind, 30.0)
        able = choice.engine.identifies_language or settings.identifier is not None
        self.votes = able and options.language is None and not self._one_language()

    def consume(self) -> None:
        """Work until every recording is finished or failed."""
        done = 0
        while done < len(self.recordings):
            self._collect()
            self._settle_languages()
            if self.waiting:
                self._recognise_batch()
            done += self._close_finished()

    def _collect(self) -> None:
        """Take the clips that are there; with a seed all that fit, so that batches depend on no decoder's speed."""
        patient = self.options.seed is not None
        while len(self.ends) < len(self.recordings):
            wanted = 4 * self.budget - sum(clip.seconds for _, clip in self.waiting)
            if wanted <= 0:
                return
            for item in self.fed.take(wanted, wait=patient or not self.waiting):
                self._receive(item)
            if not patient:
                return

    def _receive(self, item: _Fed) -> None:
        if isinstance(item, _End):
            self._open(item.index).ended = True
            self.ends[item.index] = item
            if item.error is not None:
                self._fail(item.index, item.error)
            return
        index, clip = item
        if index in self.dead:
            return
        assembly = self._open(index)
        slot = assembly.add(clip)
        if (heard := self.journal[index].clips.get(slot.key)) is not None:
            slot.segments = heard
            self._emit(index)
        elif self.votes and assembly.language is None:
            self.voting.setdefault(index, []).append(clip)
        else:
            self.waiting.append((index, self._in_language(clip, assembly)))

    def _open(self, index: int) -> Assembly:
        if index not in self.open:
            known = self.journal[index] = self.known(index)
            self.started[index] = time.perf_counter()
            self.open[index] = Assembly(
                self.recordings[index],
                self.options,
                language=self.options.language or known.language,
                language_score=known.language_score,
            )
        return self.open[index]

    def _in_language(self, clip: Clip, assembly: Assembly) -> Clip:
        return replace(clip, language=assembly.language) if assembly.language else clip

    def _one_language(self) -> bool:
        return len(self.choice.engine.languages(self.choice.weights.name)) == 1

    def _settle_languages(self) -> None:
        """Vote for every recording that has enough clips or no more to come."""
        for index in [i for i, clips in self.voting.items() if len(clips) >= VOTES or self.open[i].ended]:
            clips = self.voting.pop(index)
            assembly = self.open[index]
            self.recogniser.load()  # weights that do not load end the run
            identify = (self.settings.identifier or self.recogniser).identify_language
            try:
                guesses = identify(clips[:VOTES])
            except DeviceError:
                raise
            except Exception as error:  # the per-input boundary
                self._fail(index, error)
                continue
            weights = [clip.seconds for clip in clips]
            assembly.language, assembly.language_score = vote(guesses, weights, self.settings.languages)
            self.put(Voted(index, assembly.language, assembly.language_score))
            self.waiting += [(index, self._in_language(clip, assembly)) for clip in clips]

    def _recognise_batch(self) -> None:
        lengths = [clip.seconds for _, clip in self.waiting]
        chosen = choose_batch(lengths, self.budget, self.settings.batch_size)
        batch = [self.waiting[at] for at in chosen]
        taken = set(chosen)
        self.waiting = [one for at, one in enumerate(self.waiting) if at not in taken]
        begun = time.perf_counter()
        heard = self.recogniser.transcribe([clip for _, clip in batch])
        spent = time.perf_counter() - begun
        seconds = sum(clip.seconds for _, clip in batch) or 1.0
        gone: EngineUnavailable | None = None
        for (index, clip), segments in zip(batch, heard, strict=True):
            if index in self.dead:
                continue
            if isinstance(segments, EngineUnavailable):
                gone = segments
                continue
            if isinstance(segments, Exception):
                self._fail(index, segments)
                continue
            self.open[index].engine_seconds += spent * clip.seconds / seconds
            self._settle(index, clip, segments)
        if gone:
            self._close_finished()
            raise gone

    def _settle(self, index: int, clip: Clip, segments: Sequence[Segment]) -> None:
        """Finish what was heard in a clip, with punctuation and word times where asked for, and hand it on."""
        settled = settle(clip, segments, self.options, self.settings.cut.vad is not None)
        if self.settings.punctuator is not None:
            settled = punctuate(settled, self.settings.punctuator)
        if self.settings.words:
            try:
                settled = self.settings.words(clip, settled)
            except (EngineUnavailable, DeviceError):
                raise
            except Exception as error:  # the per-input boundary
                self._fail(index, error)
                return
        key = clip_key(clip)
        self.open[index].by_key[key].segments = settled
        self.put(ClipHeard(index, HeardClip(key, settled)))
        self._emit(index)

    def _emit(self, index: int) -> None:
        assembly = self.open[index]
        before = assembly.emitted
        segments = assembly.ready()
        if assembly.emitted > before:
            first, length = assembly.slots[assembly.emitted - 1].key
            self.put(Settled(index, tuple(segments), (first + length) / SAMPLE_RATE))

    def _fail(self, index: int, error: Exception) -> None:
        self.dead.add(index)
        self.voting.pop(index, None)
        self.waiting = [one for one in self.waiting if one[0] != index]
        self.put(Failed(index, error))

    def _close_finished(self) -> int:
        """Hand on what is complete; return how many recordings are over."""
        over = [i for i, one in self.open.items() if one.ended and (i in self.dead or one.complete)]
        for index in over:
            assembly = self.open.pop(index)
            if index not in self.dead:
                self._finish(index, assembly)
        return len(over)

    def _finish(self, index: int, assembly: Assembly) -> None:
        """Hand on a transcript, with the answers to what was asked about it."""
        transcript = self._transcript(assembly, self.ends[index], self.started[index])
        try:
            if self.options.ask:
                transcript = self.recogniser.answer(transcript, self.options.ask)
        except DeviceError:
            raise
        except Exception as error:  # the per-input boundary
            self._fail(index, error)
            return
        self.put(Finished(index, transcript))

    def _transcript(self, assembly: Assembly, end: _End, started: float) -> Transcript:
        weights = self.choice.weights
        return Transcript(
            recording=replace(assembly.recording, seconds=assembly.recording.seconds or end.seconds),
            segments=assembly.segments,
            engine=self.choice.engine.name,
            model=weights.name,
            revision=weights.revision,
            language=assembly.main_language(),
            language_score=assembly.language_score,
            seconds=end.seconds,
            speech=end.speech,
            gaps=assembly.uncovered(end.speech),
            warnings=end.warnings,
            options=self._recorded_options(),
            timings=Timings(end.decode_seconds, assembly.engine_seconds, time.perf_counter() - started),
        )

    def _recorded_options(self) -> tuple[tuple[str, str], ...]:
        backend = self.choice.engine.backend
        given = tuple(self.options.recorded())
        return (("backend", backend), *given) if backend else given
