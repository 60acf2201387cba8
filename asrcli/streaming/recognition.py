"""Recognise one utterance while it is spoken: by hypotheses that are compared, or by the stream of the engine itself.

Both take pieces of sound and yield updates; both end a segment by themselves when it grows long without a pause, so
that neither cost nor memory grows with the length of the utterance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from asrcli.audio.conditioning import without_offset
from asrcli.audio.cut import Buffer
from asrcli.capabilities import Stream, Streams
from asrcli.engines.options import clip_length
from asrcli.engines.recogniser import LocalRecogniser
from asrcli.pipeline.again import is_short, recognise_alone, second_pass
from asrcli.pipeline.assembly import settle
from asrcli.streaming.agreement import Agreement, Token, best_prefix, tokens, written
from asrcli.types import SAMPLE_RATE, Clip, Flag, Options, Recording, Region, Samples, Segment, Word

WINDOW = 12.0  # seconds recognised again each time, at most, while there is settled text or a pause to cut behind
LEAST = 2.0  # seconds before such a pause
LONGEST = 25.0  # seconds recognised again where there is neither; a stream of an engine ends after three times as much
FRAME = 512  # samples (32 ms) whose energy is compared to find the quietest place


@dataclass(frozen=True, slots=True)
class Update:
    """What is known after more audio; times are seconds from the start of the stream.

    All settled texts, joined, are the whole text: each begins with a space where one belongs, at a new segment too.
    What came since the segment before is the text of a segment, but for that space.
    """

    settled: str = ""  # text that will not change any more, new with this update
    tail: str = ""  # text behind it that may still change; takes the place of the tail before
    until: float = 0.0  # how far has been recognised
    segment: Segment | None = None  # the segment that this update completes
    failed: Exception | None = None  # why the audio of this segment has no text, or not all of it


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon text settles, in seconds: sooner costs more work, or errors."""

    every: float = 0.8  # of new sound between two hypotheses
    settle_after: float = 2.0  # that a word is old when it settles without agreement
    detected: bool = True  # somebody looks for speech


USUAL = Pace()


class Hypotheses:
    """Recognises the unsettled sound again and again, and settles what two hypotheses agree on."""

    def __init__(
        self, recogniser: LocalRecogniser, recording: Recording, options: Options, start: float, pace: Pace
    ) -> None:
        self.recogniser, self.recording, self.options, self.pace = recogniser, recording, options, pace
        self.buffer = Buffer()
        self.buffer.start = self.buffer.end = self.start = round(start * SAMPLE_RATE)
        self.longest = min(LONGEST, clip_length(recogniser.choice.engine, options) - 2 * pace.every)
        self.window = min(WINDOW, self.longest)
        self.agreement = Agreement()
        self.owned = 0  # settled tokens at the start of the window that the segment before has in its text
        self.text = ""  # of this segment, as far as it is settled
        self.ended = start  # where the segment before ends, seconds
        self.recognised = self.start  # up to where the last hypothesis reaches
        self.missed = False  # that hypothesis failed
        self.language: str | None = None
        self.fixed_language: str | None = None  # for the rest of the utterance
        self.flags: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How much sound is unsettled."""
        return (self.buffer.end - self.start) / SAMPLE_RATE

    def add(self, samples: Samples) -> None:
        """Take more sound."""
        self.buffer.add(samples)

    def update(self, speech: Sequence[Region], behind: bool) -> Iterator[Update]:
        """Yield a hypothesis when enough is new, and end the segment when it has grown long.

        `behind` means that more sound waits already, and no time is for intermediate results.
        """
        is_long = self.seconds >= self.window
        if (self.buffer.end - self.recognised) / SAMPLE_RATE < self.pace.every or (behind and not is_long):
            return
        found = self._recognise(self.buffer.end, speech, growing=True)
        if self.missed and is_long and not isinstance(found, Exception):
            found = self._recognise(self.buffer.end, speech)
        if not self.missed and not isinstance(
            found, Exception
        ):  # else the next one may do better, or the end will tell
            yield self._update(*self.agreement.add(found, self.buffer.end / SAMPLE_RATE - self.pace.settle_after))
        if is_long:
            yield from self._shorten(speech, [] if isinstance(found, Exception) else found)

    def end(self, speech: Sequence[Region]) -> Iterator[Update]:
        """Settle everything, with a last hypothesis unless the one before has recognised all of it."""
        is_complete = self.recognised == self.buffer.end and not self.missed and not self.agreement.empty
        found = None if is_complete else self._recognise(self.buffer.end, speech)
        if isinstance(found, Exception):
            yield self._completed(self.agreement.finish(), self.buffer.end, found)
        else:
            yield self._completed(self.agreement.finish(found), self.buffer.end)

    def give_up(self) -> Update:
        """Return the segment of what is settled."""
        return self._completed((), self.buffer.end)

    def _recognise(self, end: int, speech: Sequence[Region], growing: bool = False) -> list[Token] | Exception:
        """Return the tokens recognised from the start of the window to a sample, on the clock of the stream."""
        start = self.start / SAMPLE_RATE
        inside = tuple(one for one in speech if one.end > start and one.start < end / SAMPLE_RATE)
        language = self.options.language or self.fixed_language
        samples = without_offset(self.buffer.between(self.start, end))
        clip = Clip(self.recording, start, samples, inside, language, growing)
        recognised = self.recogniser.transcribe([clip], self.options)[0]
        self.recognised, self.missed = end, isinstance(recognised, Exception)
        if isinstance(recognised, Exception):
            return recognised
        segments = settle(clip, recognised, self.options, clip.speech if self.pace.detected else None)
        if not segments and not growing and inside and is_short(clip):
            segments = recognise_alone(clip, second_pass(self.recogniser, self.options))
        self._note_language(next((one.language for one in segments if one.language), None))
        self.flags = tuple(sorted({flag for one in segments for flag in one.flags}))
        self.missed = growing and Flag.TRUNCATED.value in self.flags  # mostly a loop
        return tokens(segments, inside)

    def _note_language(self, language: str | None) -> None:
        """Keep to a language that was found out twice in a row: hypotheses in two languages never agree."""
        if language and language == self.language and self.recogniser.choice.engine.identifies_language:
            self.fixed_language = language
        self.language = language or self.language

    def _update(self, new: Sequence[Token], tail: Sequence[Token]) -> Update:
        settled = written(self.text, new)
        self.text += settled
        return Update(settled, written(self.text, tail), self.buffer.end / SAMPLE_RATE)

    def _completed(self, new: Sequence[Token], end: int, failed: Exception | None = None) -> Update:
        """Settle the last tokens of the segment and return it.

        It ends where its last word does, which may be behind the cut: text that is settled is not taken back.
        """
        update = self._update(new, ())
        text = self.text.strip()
        self.text = ""
        if not text:
            return replace(update, failed=failed)
        own = self.agreement.settled[self.owned :]
        first, last = own[0].start, own[-1].ended
        start = max(self.ended, self.start / SAMPLE_RATE if first is None else first)
        self.ended = max(start, end / SAMPLE_RATE if last is None else last)
        words = tuple(_not_before(token.word, start) for token in own if token.word)
        segment = Segment(
            text,
            start,
            self.ended,
            words=words if self.options.word_timestamps else (),
            language=self.language,
            flags=self.flags,
        )
        return replace(update, segment=segment, failed=failed)

    def _shorten(self, speech: Sequence[Region], found: Sequence[Token]) -> Iterator[Update]:
        """End the segment behind settled words, at a pause, or, when it must be, at the quietest place."""
        place = self._behind_settled(found)
        if place is not None:
            cut, count = place
            yield self._completed((), cut)
            self._go_on(cut, self.agreement.behind(count))
            return
        pause = self._pause(speech)
        if pause is not None or self.seconds >= self.longest:
            yield from self._cut(self._quietest() if pause is None else pause, speech)

    def _behind_settled(self, found: Sequence[Token]) -> tuple[int, int] | None:
        """Return the sample of the widest gap behind a settled word, and how many settled tokens are before it.

        The times of the newest hypothesis count. Only engines that give times have such a place.
        """
        settled = self.agreement.settled
        if not settled or best_prefix(settled, found) != len(settled):
            return None  # words came or went: their times cannot be told apart
        gaps = []
        for count, (one, after) in enumerate(pairwise(found[: len(settled) + 1]), 1):
            if one.end is not None and after.start is not None:
                middle = round((one.end + after.start) / 2 * SAMPLE_RATE)
                if self.start + self.window / 2 * SAMPLE_RATE <= middle <= self.buffer.end:
                    gaps.append((after.start - one.end, middle, count))
        return max(gaps)[1:] if gaps else None

    def _pause(self, speech: Sequence[Region]) -> int | None:
        """Return the middle of the last pause in the window."""
        for one, after in reversed(list(pairwise(speech))):
            middle = round((one.end + after.start) / 2 * SAMPLE_RATE)
            if self.start + LEAST * SAMPLE_RATE <= middle <= self.buffer.end:
                return middle
        return None

    def _quietest(self) -> int:
        """Return the middle of the quietest three frames in the last half of the window."""
        import numpy as np

        low = (self.start + self.buffer.end) // 2
        samples = self.buffer.between(low, self.buffer.end)
        energy = np.square(samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)).mean(axis=1)
        smooth = np.convolve(np.pad(energy, 1, mode="edge"), np.ones(3), mode="valid")
        return int(low + int(np.argmin(smooth)) * FRAME + FRAME // 2)

    def _cut(self, cut: int, speech: Sequence[Region]) -> Iterator[Update]:
        """Recognise the sound before a cut by itself and end the segment there."""
        left = self._recognise(cut, speech)
        settled = self.agreement.settled
        if isinstance(left, Exception):
            yield self._completed((), cut, left)
            self._go_on(cut, Agreement())
        elif (count := best_prefix(left, settled)) < len(settled):
            yield self._completed((), cut)
            self._go_on(cut, Agreement(settled[count:]))  # known words of the next window, and in this text
        else:
            yield self._completed(self.agreement.finish(left), cut)
            self._go_on(cut, Agreement())

    def _go_on(self, cut: int, following: Agreement) -> None:
        """Begin the next segment of the same utterance."""
        self.start = self.recognised = cut
        self.buffer.drop_before(cut)
        self.agreement, self.flags = following, ()
        self.owned, self.text = len(following.settled), ""


def _not_before(word: Word, earliest: float) -> Word:
    """Return a word that does not begin before the segment it is in: a later hypothesis may have moved it."""
    start = max(word.start, earliest)
    return word if start == word.start else replace(word, start=start, end=max(start, word.end))


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


Recognition = Hypotheses | OwnStream  # one utterance that is being recognised
