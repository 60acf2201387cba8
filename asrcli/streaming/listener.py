"""Recognise a stream, utterance by utterance: samples in, updates out. One thread; nothing here waits for anything.

Where an utterance begins is told by the rules of speech in `asrcli.audio.vad`; a pause ends it when it is long, or, in
one that has gone on for a while, when it is a pause at all, so that none grows for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from asrcli.audio.cut import Buffer
from asrcli.audio.silero import WINDOW
from asrcli.audio.vad import SpeechDetector, VadOptions
from asrcli.base.join import join_texts
from asrcli.capabilities import Streams
from asrcli.engines.recogniser import LocalRecogniser
from asrcli.pipeline.again import doubted_if_slow
from asrcli.pipeline.assembly import untexted
from asrcli.pipeline.flags import merge
from asrcli.pipeline.joints import capitalised, respelled
from asrcli.pipeline.no_speech import left_out, no_speech_lines
from asrcli.pipeline.settings import by_plugin, by_vad
from asrcli.streaming.recognition import USUAL, Hypotheses, OwnStream, Pace, Recognition, Update
from asrcli.types import SAMPLE_RATE, Options, Recording, Region, Samples, Segment, Timings, Transcript, Turn

STEP = 8 * WINDOW  # 0.256 s: short against the wait for words, and twice as fast as window by window
END_PAUSE = 0.8  # seconds of silence that end an utterance; within sentences people rest for less
LONG = 12.0  # seconds after which any pause between two regions of speech ends it
KEPT = 2.6  # seconds of silence kept: speech that begins is noticed late, by 2 s where the model is asked again


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


class StreamSpeakers(Protocol):
    """Knows the people of one stream by what they have said so far; `asrcli.diarization.live` does."""

    source: str  # the model with its revision

    def load(self, announce: Callable[[str], None]) -> None:
        """Load the weights; takes what to call with a line for the user."""

    def feed(self, samples: Samples) -> None:
        """Take the next samples of the stream."""

    def settle(self, segment: Segment) -> Sequence[Segment]:
        """Return a settled segment with its speaker, in pieces where the speaker changes; this is never taken back."""

    def turns(self) -> tuple[Turn, ...]:
        """Return who has spoken when in the settled segments."""


@dataclass(frozen=True, slots=True)
class Listening:
    """How a stream is listened to."""

    vad: VadOptions | None = None  # None: all of it is taken for speech
    pace: Pace = USUAL
    speakers: StreamSpeakers | None = None  # tells who speaks


EVERYTHING = Listening()  # taken for speech


class Listener:
    """Owns what is known of one stream."""

    def __init__(
        self, recogniser: LocalRecogniser, recording: Recording, options: Options, how: Listening = EVERYTHING
    ) -> None:
        self.recogniser, self.recording, self.options = recogniser, recording, options
        self.pace = replace(how.pace, detected=how.vad is not None)
        live = {"every": f"{how.pace.every:g}", "settle_after": f"{how.pace.settle_after:g}"}
        choice = recogniser.choice
        engine = by_plugin(choice.engine, choice.device)
        self.recorded = (*engine, *by_vad(how.vad), *live.items(), *options.recorded())
        self.speakers = how.speakers
        self._held = ""  # settled of the segment under way, while nobody knows who says it
        self.endpointer = Endpointer(how.vad)
        self.segments: list[Segment] = []
        self.failures: list[Exception] = []
        self._recognition: Recognition | None = None
        self._begun = 0.0
        self._line = ""  # settled of the segment under way
        self._space = ""  # behind it, told with what follows
        self._earlier = 0  # segments before the utterance under way
        self._untexted: list[Region] = []  # speech of utterances without any text, however short

    def feed(self, samples: Samples, behind: bool = False) -> Iterator[Update]:
        """Take the next samples, of any length; `behind` means that more wait already."""
        if self.speakers is not None:
            self.speakers.feed(samples)
        for event in self.endpointer.feed(samples):
            yield from self._take(event, behind)

    def finish(self) -> Iterator[Update]:
        """Settle everything; the stream is over."""
        for event in self.endpointer.finish():
            yield from self._take(event, behind=True)

    def give_up(self) -> Iterator[Update]:
        """Keep what is settled of an utterance whose engine is gone."""
        if self._recognition is not None:
            yield from self._said(self._kept(self._recognition.give_up()))

    def no_speech_lines(self) -> list[str]:
        """Return lines about what voice activity left out of the whole stream."""
        found, seconds = self.endpointer, self.endpointer.seconds
        if found.detector is None:
            return []
        return no_speech_lines(self.recording, seconds, found.speech, self._left_out(), found.detector.silent)

    def _left_out(self) -> tuple[Region, ...]:
        found = self.endpointer
        return left_out(found.speech, found.detector.standout) if found.detector else ()

    def transcript(self, warnings: tuple[str, ...], timings: Timings) -> Transcript:
        """Return everything that was recognised."""
        weights, seconds = self.recogniser.choice.weights, self.endpointer.seconds
        spoken = sorted({one.language for one in self.segments if one.language})
        missing = [*untexted(self.endpointer.speech, self.segments), *untexted(self._left_out(), self.segments)]
        return Transcript(
            recording=replace(self.recording, seconds=seconds),
            segments=tuple(self.segments),
            engine=self.recogniser.choice.engine.name,
            model=weights.name,
            revision=weights.revision,
            language=self.options.language or (max(spoken, key=self._seconds_in) if spoken else None),
            seconds=seconds,
            speech=tuple(self.endpointer.speech),
            gaps=merge([*missing, *self._untexted]),
            warnings=warnings,
            turns=self.speakers.turns() if self.speakers is not None else (),
            options=(*self.recorded, *((("speakers", self.speakers.source),) if self.speakers else ())),
            timings=timings,
        )

    def _seconds_in(self, language: str) -> float:
        return sum(one.end - one.start for one in self.segments if one.language == language)

    def _take(self, event: Piece | object, behind: bool) -> Iterator[Update]:
        if isinstance(event, Piece):
            if self._recognition is None:
                self._recognition, self._begun = self._begin(event.start), event.start
                self._earlier = len(self.segments)
            self._recognition.add(event.samples)
            updates = self._recognition.update(self.endpointer.speech_since(self._begun), behind)
        else:
            if self._recognition is None:
                return
            updates = self._recognition.end(self.endpointer.speech_since(self._begun))
            self._recognition = None
        for update in updates:
            yield from self._said(self._kept(update))
        if self._recognition is None and len(self.segments) == self._earlier:
            self._untexted += self.endpointer.speech_since(self._begun)

    def _kept(self, update: Update) -> Update:
        """Note what an update says, with the space and the capital that belong behind the segment before."""
        text = self._space + update.settled
        settled, self._space = text.rstrip(), text[len(text.rstrip()) :]
        tail = update.tail
        if not self._line:
            settled, tail = self._begun_with(settled), tail if settled else self._begun_with(tail)
        self._line += settled if self._line else settled.lstrip()
        update = replace(update, settled=settled, tail=tail)
        if update.segment is not None:
            spelled = respelled(update.segment, self._line)
            speech = self.endpointer.speech_since(spelled.start)
            update = replace(update, segment=doubted_if_slow(spelled, speech))
            self._line = self._space = ""
            assert update.segment is not None
            self.segments.append(update.segment)
        if update.failed is not None:
            self.failures.append(update.failed)
        return update

    def _begun_with(self, text: str) -> str:
        """Return the first text of a segment as it goes on behind the segment before."""
        before = self.segments[-1].text if self.segments else ""
        return _behind(before, capitalised(before, text.lstrip(), self.options.language))

    def _said(self, update: Update) -> Iterator[Update]:
        """Yield an update; where speakers are asked for, text is settled with its segment, which has a speaker then."""
        if self.speakers is None:
            yield update
        elif update.segment is None:
            self._held += update.settled
            yield replace(update, settled="", tail=self._held + update.tail)
        else:
            self._held = ""
            pieces = self.speakers.settle(update.segment)
            self.segments[-1:] = pieces
            texts = ["", *(one.text for one in self.segments)][-len(pieces) - 1 :]
            said = [_behind(before, text) for before, text in pairwise(texts)]
            for text, piece in zip(said[:-1], pieces[:-1], strict=True):
                yield Update(text, "", update.until, piece)
            yield replace(update, settled=said[-1], segment=pieces[-1])

    def _begin(self, start: float) -> Recognition:
        engine = self.recogniser.choice.engine
        own = issubclass(engine, Streams) and engine.environment() is None  # a stream stays in this process
        if own and not self.options.word_timestamps:
            return OwnStream(self.recogniser, self.options, start)
        return Hypotheses(self.recogniser, self.recording, self.options, start, self.pace)


def _behind(before: str, text: str) -> str:
    """Return a text with the space that belongs between it and the text before, if one does."""
    return join_texts([before, text])[len(before) :] if text else ""
