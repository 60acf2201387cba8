"""Find utterances in a stream as it comes in: where one begins, and the pause that ends it.

The rules of speech are those of `asrcli.audio.vad`; a pause ends an utterance when it is long, or, in an utterance
that has gone on for a while, when it is a pause at all, so that none grows for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from asrcli.audio.cut import Buffer
from asrcli.audio.vad import WINDOW, SpeechDetector, VadOptions
from asrcli.types import SAMPLE_RATE, Region, Samples

STEP = 8 * WINDOW  # 0.256 s: short against the wait for words, and twice as fast as window by window
END_PAUSE = 0.8  # seconds of silence that end an utterance; within sentences people rest for less
LONG = 12.0  # seconds after which any pause between two regions of speech ends it
KEPT = 1.0  # seconds of silence kept, because speech that begins is noticed late


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Further sound of the utterance that goes on; pieces follow each other without a gap."""

    start: float  # seconds from the start of the stream
    samples: Samples


@dataclass(frozen=True, slots=True)
class End:
    """The utterance is over."""

    at: float  # seconds; speech ends here, with its pad


class Endpointer:
    """Turns samples into utterances. Without voice activity (`vad` None) the whole stream is one."""

    def __init__(self, vad: VadOptions | None) -> None:
        self.detector = SpeechDetector(vad, keep_seconds=1.0, step=STEP) if vad else None
        self.least = (vad.min_speech + vad.pad) if vad else 0.0
        self.buffer = Buffer()
        self.speech: list[Region] = []  # all that was found so far
        self._rest: list[Samples] = []
        self._waiting = 0
        self._begun: int | None = None  # first sample of the utterance that goes on
        self._given = 0  # samples that have been given out, or never will be

    @property
    def seconds(self) -> float:
        """How much has been fed."""
        return (self.buffer.end + self._waiting) / SAMPLE_RATE

    def feed(self, samples: Samples) -> Iterator[Piece | End]:
        """Take the next samples, of any length, and yield what is known by now."""
        import numpy as np

        self._rest.append(samples)
        self._waiting += len(samples)
        if self._waiting < STEP:
            return
        joined = np.concatenate(self._rest)
        whole = len(joined) // STEP * STEP
        self._rest, self._waiting = [joined[whole:]], len(joined) - whole
        for at in range(0, whole, STEP):
            yield from self._step(joined[at : at + STEP])

    def finish(self) -> Iterator[Piece | End]:
        """Yield what is left; the stream is over."""
        import numpy as np

        if self._waiting:
            self.buffer.add(np.concatenate(self._rest))
            if self.detector is not None:
                self.speech += self.detector.feed(self.buffer.between(self.buffer.end - self._waiting, self.buffer.end))
            self._waiting = 0
        if self.detector is None:
            self._begun = 0 if self.buffer.end else None
        else:
            self.speech += self.detector.finish()
            self._begin()
        if self._begun is not None:
            yield from self._end(self._last_end())

    def speech_since(self, start: float) -> tuple[Region, ...]:
        """Return the speech after a time, the one that goes on included, as far as it has been recognised."""
        found = [Region(max(start, one.start), one.end) for one in reversed(self.speech[-64:]) if one.end > start]
        found.reverse()
        if self.detector is not None and (open_start := self.detector.unfinished_start) is not None:
            now = self.detector.position / SAMPLE_RATE
            found.append(Region(min(max(start, open_start), now), now))
        return tuple(found)

    def _step(self, samples: Samples) -> Iterator[Piece | End]:
        self.buffer.add(samples)
        if self.detector is None:
            self._begun = 0
            yield from self._give(self.buffer.end)
            return
        self.speech += self.detector.feed(samples)
        self._begin()
        if self._begun is None:
            wanted = self.detector.unfinished_start
            kept = self.buffer.end - round(KEPT * SAMPLE_RATE)
            self.buffer.drop_before(max(0, kept if wanted is None else min(kept, round(wanted * SAMPLE_RATE))))
        elif self.detector.unfinished_start is not None:
            yield from self._give(self.detector.position)
        elif self.detector.position - self._last_end() >= self._pause_wanted():
            yield from self._end(self._last_end())

    def _begin(self) -> None:
        """Begin an utterance when there is speech that no utterance holds, and that is no click."""
        assert self.detector is not None
        if self._begun is not None:
            return
        if self.speech and round(self.speech[-1].end * SAMPLE_RATE) > self._given:
            first = next(one for one in self.speech[-64:] if round(one.end * SAMPLE_RATE) > self._given)
            start = first.start
        elif (going := self.detector.open_start) is not None:
            if self.detector.position / SAMPLE_RATE - going <= self.least:
                return
            start = going
        else:
            return
        self._begun = self._given = max(self._given, round(start * SAMPLE_RATE), self.buffer.start)

    def _last_end(self) -> int:
        """Return where the speech of this utterance ends, as far as it is known."""
        assert self._begun is not None
        if self.detector is None:
            return self.buffer.end
        end = round(self.speech[-1].end * SAMPLE_RATE) if self.speech else 0
        return end if end > self._begun else max(self._given, self._begun)

    def _pause_wanted(self) -> float:
        assert self._begun is not None
        return 0.0 if self._last_end() - self._begun > LONG * SAMPLE_RATE else END_PAUSE * SAMPLE_RATE

    def _give(self, end: int) -> Iterator[Piece]:
        if end > self._given:
            yield Piece(self._given / SAMPLE_RATE, self.buffer.between(self._given, end))
            self._given = end
            self.buffer.drop_before(end)

    def _end(self, at: int) -> Iterator[Piece | End]:
        yield from self._give(min(at, self.buffer.end))
        self._begun = None
        self._given = max(self._given, at)
        yield End(at / SAMPLE_RATE)
