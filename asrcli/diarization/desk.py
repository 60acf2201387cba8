"""Diarization beside recognition: a thread of its own listens to what is decoded and finds the speakers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from asrcli import pipeline
from asrcli.batches import Closed, SecondsQueue
from asrcli.speakers import Diarization, give_speakers
from asrcli.types import SAMPLE_RATE, Recording

if TYPE_CHECKING:
    from asrcli.types import Samples

HELD_SECONDS = 3600.0  # of decoded audio that waits for the diarizer, 230 MB; a longer recording waits alone
PATIENCE = 0.2  # seconds between two looks, so that an interrupt is noticed


class Finder(Protocol):
    """What finds the speakers of one recording."""

    def find(self, samples: Samples, start: float) -> Diarization:
        """Return who speaks when."""


class Desk:
    """Takes recordings as they are decoded, and has their turns ready when they have been heard."""

    def __init__(self, recordings: Sequence[Recording], load: Callable[[], Finder]) -> None:
        self._recordings = recordings
        self._load = load
        self._waiting: SecondsQueue[tuple[int, list[Samples]]] = SecondsQueue(HELD_SECONDS)
        self._found: dict[int, Diarization | Exception] = {}
        self._broken: Exception | None = None
        threading.Thread(target=self._work, name="asr-diarize", daemon=True).start()

    def listen(self, index: int, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """Hand the blocks of a recording on, and when it is decoded, the whole to the diarizer."""
        kept: list[Samples] = []
        for block in blocks:
            kept.append(block)
            yield block
        self._waiting.put((index, kept), sum(map(len, kept)) / SAMPLE_RATE)

    def _work(self) -> None:
        try:
            finder = self._load()
        except Exception as error:  # the caller's thread raises it
            self._broken = error
            finder = None
        with suppress(Closed):
            while True:
                for index, blocks in self._waiting.take(0.0, wait=True):
                    if finder is not None:
                        self._found[index] = _find(finder, blocks, self._recordings[index].start)

    def add_speakers(self, events: Iterator[pipeline.Event]) -> Iterator[pipeline.Event]:
        """Yield the events of a run; a recording is finished when its speakers are known too.

        Raises:
            AsrError: the diarizer cannot be loaded.
        """
        heard: dict[int, pipeline.Finished] = {}
        try:
            for event in events:
                if isinstance(event, pipeline.Finished):
                    heard[event.index] = event
                else:
                    yield event
                yield from self._finish(heard)
            while heard:
                time.sleep(PATIENCE)
                yield from self._finish(heard)
        finally:
            self._waiting.close()

    def _finish(self, heard: dict[int, pipeline.Finished]) -> Iterator[pipeline.Event]:
        if self._broken is not None:
            raise self._broken
        for index in [index for index in heard if index in self._found]:
            event, found = heard.pop(index), self._found.pop(index)
            if isinstance(found, Exception):
                yield pipeline.Failed(index, found)
            else:
                yield replace(event, transcript=give_speakers(event.transcript, found))


def _find(finder: Finder, blocks: list[Samples], start: float) -> Diarization | Exception:
    import numpy as np

    try:
        return finder.find(np.concatenate(blocks) if blocks else np.zeros(0, np.float32), start)
    except Exception as error:  # the per-input boundary: this input fails, the others go on
        return error
