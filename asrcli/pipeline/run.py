"""Recordings in, transcripts out: the only code that drives an engine and measures its time.

    decode threads:  blocks -> voice activity -> cuts ──> SecondsQueue ──> engine threads: vote, batch, recognise
    caller's thread: <── events (clip recognised, segments settled, recording finished or failed) ──┘

Decoding and cutting run beside the engine, batches are made across recordings, and what waits between the two is
bounded in seconds of audio. Each recogniser has a thread of its own, or two, so that one batch is always ahead. The
caller iterates over events, so that it can write results, show progress and be interrupted at any time while an engine
computes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from asrcli.base.background import until_none
from asrcli.base.blas import pin_threads
from asrcli.engines.recogniser import Recogniser, silently
from asrcli.errors import DeviceError, EngineUnavailable
from asrcli.pipeline.batches import Closed
from asrcli.pipeline.events import Event, Known, Notice
from asrcli.pipeline.feed import start_decoding
from asrcli.pipeline.settings import Settings
from asrcli.pipeline.work import Task, Work
from asrcli.types import Options, Recording


def run(
    recordings: Sequence[Recording],
    recognisers: Sequence[Recogniser],
    options: Options,
    settings: Settings,
    known: Callable[[int], Known] = lambda index: Known(),
) -> Iterator[Event]:
    """Transcribe recordings and yield what happens, in the order in which it happens.

    A recording that fails is one `Failed`; the others go on. Closing the generator stops the decoding threads; an
    engine finishes the call it is in, in a daemon thread.

    Args:
        recordings: what to transcribe; events name them by their index.
        recognisers: one or several of the same engine and weights; the next batch goes to the one that is free. What
            they announce is a `Notice`, unless it goes elsewhere already.
        options: what is asked of the engine.
        settings: how to run.
        known: what an interrupted run had recognised of a recording.

    Raises:
        EngineUnavailable, DeviceError: no recogniser is left that can be loaded and runs anywhere; of several, one that
            fails after others have recognised something, or has no place, is a `Notice`, and its clips are theirs.
    """
    pin_threads()  # also for what works beside the engine
    events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
    work = Work(Task(recordings, options, settings, known), recognisers, events.put)
    lanes = [one for one in recognisers for _ in range(1 if options.seed is not None else one.lanes)]

    # What is sampled depends on all that was sampled before: a seed is worth something in a fixed order only.
    decoders = 1 if options.seed is not None else max(1, min(settings.decode_threads, len(recordings)))
    start_decoding(recordings, settings, decoders, work.lead, events.put)
    threads: list[threading.Thread] = []
    lent: list[Recogniser] = []  # whose announcements are taken while the run goes on
    for number, recogniser in enumerate(lanes):
        if recogniser.announce is silently:
            lent.append(recogniser)
            recogniser.announce = lambda text: events.put(Notice(text))
        threads.append(
            threading.Thread(
                target=_recognise, args=(work, recogniser, events.put), name=f"asr-engine-{number}", daemon=True
            )
        )
        threads[-1].start()
    try:
        for _ in lanes:  # each thread's last word is None
            yield from unless_raised(until_none(events))
        for thread in threads:  # what they free last must not be freed while Python ends: native libraries abort then
            thread.join()
        if said := work.feeding.verdict():
            yield Notice(said)
    finally:
        work.fed.close()
        for recogniser in lent:
            recogniser.announce = silently


def unless_raised(events: Iterable[Event | BaseException]) -> Iterator[Event]:
    """Yield events; raise what a thread could not."""
    for event in events:
        if isinstance(event, BaseException):
            raise event
        yield event


def _recognise(work: Work, recogniser: Recogniser, put: Callable[[Event | BaseException | None], None]) -> None:
    """Work with one recogniser; the last word is an exception for the caller's thread, or ``None``."""
    try:
        with suppress(Closed):
            work.go_on(recogniser)
        put(None)
    except (EngineUnavailable, DeviceError) as error:
        put(None if work.spare(recogniser, error) else error)
    except BaseException as error:
        put(error)
