"""Recognise one utterance by the stream that the engine has itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asrcli.capabilities import Stream, Streams
from asrcli.streaming.recognition import LONGEST
from asrcli.streaming.updates import Update
from asrcli.types import SAMPLE_RATE, Options, Region, Samples, Segment

if TYPE_CHECKING:
    from asrcli.engines.recogniser import LocalRecogniser


@dataclass(slots=True)
class _Open:
    """A stream of the engine, and what it has settled."""

    stream: Stream
    start: float
    text: str = ""
    language: str | None = None
    flags: tuple[str, ...] = ()


class OwnStream:
    """Hands sound on to the engine's own stream."""

    def __init__(self, recogniser: LocalRecogniser, options: Options, start: float) -> None:
        self.recogniser, self.options = recogniser, options
        self.until = start
        self.tail = ""
        self.waiting: list[Samples] = []
        self.open = self._begin()

    def _begin(self) -> _Open:
        engine = self.recogniser.load()
        assert isinstance(engine, Streams)
        return _Open(engine.stream(self.options), self.until)

    def add(self, samples: Samples) -> None:
        """Take more sound."""
        self.waiting.append(samples)

    def update(self, speech: Sequence[Region], behind: bool) -> Iterator[Update]:
        """Give the engine what is new; end the segment when it has grown long."""
        before, update = self.tail, self._accept()
        if update.settled or update.tail != before:
            yield update
        if self.until - self.open.start >= 3 * LONGEST:
            yield self._finish()
            self.open = self._begin()

    def end(self, speech: Sequence[Region]) -> Iterator[Update]:
        """Settle everything."""
        if self.waiting:
            yield self._accept()
        yield self._finish()

    def give_up(self) -> Update:
        """Return the segment of what is settled."""
        return Update(until=self.until, segment=self._segment())

    def _accept(self) -> Update:
        import numpy as np

        samples = np.concatenate(self.waiting)
        self.waiting = []
        self.until += len(samples) / SAMPLE_RATE
        found = self.open.stream.accept(samples)
        self._keep(found.settled, found.language, found.flags)
        self.tail = found.tail
        return Update(found.settled, found.tail, self.until)

    def _finish(self) -> Update:
        found, self.tail = self.open.stream.finish(), ""
        self._keep(found.settled, found.language, found.flags)
        return Update(found.settled, "", self.until, self._segment())

    def _segment(self) -> Segment | None:
        text = self.open.text.strip()
        if not text:
            return None
        return Segment(text, self.open.start, self.until, language=self.open.language, flags=self.open.flags)

    def _keep(self, settled: str, language: str | None, flags: tuple[str, ...]) -> None:
        self.open.text += settled
        self.open.language = language or self.open.language
        self.open.flags = tuple(sorted({*self.open.flags, *flags}))
