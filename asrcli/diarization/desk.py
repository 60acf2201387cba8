"""Diarization beside recognition: a thread of its own listens to what is decoded and finds the speakers."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from queue import SimpleQueue
from typing import Any

from asrcli.diarization.finder import SpeakerFinder
from asrcli.diarization.speakers import Diarization, SpeakerOptions, give_speakers
from asrcli.diarization.voices import name_people
from asrcli.pipeline.batches import Closed, SecondsQueue
from asrcli.pipeline.events import Event, Failed, Finished, Notice
from asrcli.types import SAMPLE_RATE, Recording, Samples

DeskMaker = Callable[[Sequence[Recording]], "Desk"]
Together = Callable[[Mapping[int, Diarization]], Mapping[int, Diarization]]

HELD_SECONDS = 3600.0  # of decoded audio that waits for the diarizer, 115 MB; a longer recording waits alone
PATIENCE = 0.2  # seconds between two looks, so that an interrupt is noticed


def prepare(
    wanted: SpeakerOptions, device: str, offline: bool, announce: Callable[[str], None], threads: int = 0
) -> DeskMaker:
    """Find weights and device, and return what makes a desk; the weights load in its thread.

    Raises:
        ModelError: the weights are not here and cannot be had.
    """
    from asrcli.diarization import choice

    found = choice.prepare(wanted, device, offline, announce, threads)
    together = partial(name_people, diarizer=found.diarizer) if wanted.same else None
    return lambda recordings: Desk(recordings, lambda say: SpeakerFinder(found, wanted, say), together)


class Desk:
    """Takes recordings as they are decoded, and has their turns ready when they have been transcribed."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        load: Callable[[Callable[[str], None]], SpeakerFinder],
        together: Together | None = None,
    ) -> None:
        """Start the thread.

        Args:
            load: makes the finder in the thread, and is given what to call with a line for the user.
            together: names the speakers of all recordings, which are finished when all have been transcribed.
        """
        self._recordings = recordings
        self._load = load
        self._together = together
        self._notes: SimpleQueue[Notice] = SimpleQueue()
        self._at: int | None = None  # the recording that the finder is at
        self._waiting: SecondsQueue[tuple[int, bytearray]] = SecondsQueue(HELD_SECONDS)
        self._found: dict[int, Diarization | Exception] = {}
        self._broken: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="asr-diarize", daemon=True)
        self._thread.start()

    def listen(self, index: int, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """Hand the blocks of a recording on, and when it is decoded, the whole to the diarizer."""
        import numpy as np

        # One growing buffer, in half precision: two hours are 230 MB. As a list of blocks that are joined at the end
        # they were twice 460, because the allocator does not give the blocks back.
        kept = bytearray()
        for block in blocks:
            kept += block.astype(np.float16).tobytes()
            yield block
        self._waiting.put((index, kept), len(kept) / 2 / SAMPLE_RATE)

    def _work(self) -> None:
        try:
            finder: SpeakerFinder | None = self._load(lambda text: self._notes.put(Notice(text, self._at)))
        except Exception as error:  # the caller's thread raises it
            self._broken = error
            finder = None
        with suppress(Closed):
            while True:
                self._take(finder)

    def _take(self, finder: SpeakerFinder | None) -> None:
        """Find the speakers of what waits; without a finder it only goes, so that the decoders do not wait."""
        for index, kept in self._waiting.take(0.0, wait=True):
            self._at = index
            if finder is not None:
                give_back()  # of what the decoding and half of the recognition took
                self._found[index] = _find(finder, kept, self._recordings[index].start)

    def add_speakers(self, events: Iterator[Event]) -> Iterator[Event]:
        """Yield the events of a run; a recording is finished when its speakers are known too.

        Raises:
            AsrError: the diarizer cannot be loaded.
        """
        finished: dict[int, Finished] = {}
        try:
            for event in events:
                if isinstance(event, Finished):
                    finished[event.index] = event
                else:
                    yield event
                yield from self._notices() if self._together else self._finish(finished)
            while self._together and not finished.keys() <= self._found.keys():
                time.sleep(PATIENCE)
                yield from self._notices()
            self._name_together(finished)
            while finished:
                yield from self._finish(finished)
                time.sleep(PATIENCE if finished else 0)
        finally:
            self._waiting.close()
        self._thread.join()  # it frees the networks: PyTorch aborts the process if Python ends meanwhile

    def _name_together(self, finished: Collection[int]) -> None:
        """Give one person one label in all recordings."""
        if self._together is None:
            return
        known = {at: found for at, found in self._found.items() if at in finished and isinstance(found, Diarization)}
        if len(known) < len(self._recordings):
            left = len(self._recordings) - len(known)
            self._notes.put(Notice(f"--same-speakers: {left} of {len(self._recordings)} recordings could not be read"))
        self._found.update(self._together(known))

    def _notices(self) -> Iterator[Event]:
        if self._broken is not None:
            raise self._broken
        while not self._notes.empty():
            yield self._notes.get()

    def _finish(self, finished: dict[int, Finished]) -> Iterator[Event]:
        yield from self._notices()
        for index in [index for index in finished if index in self._found]:
            event, found = finished.pop(index), self._found.pop(index)
            if isinstance(found, Exception):
                yield Failed(index, found)
            else:
                yield replace(event, transcript=give_speakers(event.transcript, found))


def _find(finder: SpeakerFinder, kept: bytearray, start: float) -> Diarization | Exception:
    import numpy as np

    try:
        return finder.find(np.frombuffer(kept, np.float16), start)
    except Exception as error:  # the per-input boundary: this input fails, the others go on
        return error


def give_back() -> None:
    """Give back what was freed between things that are still held; does nothing where there is no glibc.

    glibc keeps it for each thread, up to 64 MiB at a time, until everything behind it is free too. When a recording of
    two hours has been decoded and half of its clips recognised, that is some hundred MiB.
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return None
