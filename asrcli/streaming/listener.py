"""Recognise a stream, utterance by utterance: samples in, updates out. One thread; nothing here waits for anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from asrcli.audio.no_speech import no_speech_lines
from asrcli.base.join import join_texts
from asrcli.capabilities import Streams
from asrcli.pipeline.again import doubted_if_slow
from asrcli.pipeline.assembly import untexted
from asrcli.pipeline.flags import merge
from asrcli.pipeline.joints import capitalised, respelled
from asrcli.streaming.endpoints import Endpointer, Piece
from asrcli.streaming.recognition import USUAL, Hypotheses, OwnStream, Pace, Recognition
from asrcli.streaming.updates import StreamSpeakers, Update
from asrcli.types import Options, Recording, Region, Samples, Segment, Timings, Transcript

if TYPE_CHECKING:
    from asrcli.audio.vad import VadOptions
    from asrcli.engines.recogniser import LocalRecogniser


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
        standing = found.detector.standout.seconds
        return no_speech_lines(self.recording, seconds, found.speech, standing, found.detector.silent)

    def transcript(self, warnings: tuple[str, ...], timings: Timings) -> Transcript:
        """Return everything that was recognised."""
        weights, seconds = self.recogniser.choice.weights, self.endpointer.seconds
        spoken = sorted({one.language for one in self.segments if one.language})
        return Transcript(
            recording=replace(self.recording, seconds=seconds),
            segments=tuple(self.segments),
            engine=self.recogniser.choice.engine.name,
            model=weights.name,
            revision=weights.revision,
            language=self.options.language or (max(spoken, key=self._seconds_in) if spoken else None),
            seconds=seconds,
            speech=tuple(self.endpointer.speech),
            gaps=merge([*untexted(self.endpointer.speech, self.segments), *self._untexted]),
            warnings=warnings,
            turns=self.speakers.turns() if self.speakers is not None else (),
            options=(*self.options.recorded(), *((("speakers", self.speakers.source),) if self.speakers else ())),
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
