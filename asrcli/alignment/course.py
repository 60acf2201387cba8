"""A text and a recording on their way together: how far both are, and where the next window ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from asrcli.aligner import Aligner
from asrcli.alignment.places import MARGIN, Numbered, Placed
from asrcli.alignment.readings import Number
from asrcli.engine import LAST_RESORT
from asrcli.types import Clip, Region

# Spoken words per second of speech. Fast talkers say 3.5 over minutes; more only counts for single windows.
FASTEST = 5.0
SPARE = 8  # words offered beyond that: a window may begin in the middle of a burst
LEAST_SECONDS = 6.0  # no shorter window
LONGEST = 120.0  # seconds; no window is longer, whatever an aligner can do
PAUSE_SHARE = 0.5  # of the longest window: where the search for a pause to end it at begins
TAIL = 0.35  # seconds; less speech than that is the pad that voice activity leaves after the last word of a window
LONG_PAUSE = 3.0  # seconds; a window ends there however short it is


class Tape(Protocol):
    """Where windows are cut from."""

    def clip(self, start: float, end: float, speech: Sequence[Region] = ()) -> Clip:
        """Return a stretch of the recording, in seconds of its clock."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """The aligner, and the verifier of one that cannot reject absent words."""

    aligner: Aligner
    finder: Aligner | None = None  # the verifier; None: the aligner itself, or none
    timed: bool = False  # the finder's times are already those of the aligner
    window: float | None = None  # seconds; the longest stretch that was asked for, up to what they were made for

    @property
    def verifier(self) -> Aligner | None:
        """The one that tells which words are in the audio: another one, the aligner itself, or None."""
        return self.finder or (self.aligner if self.aligner.rejects else None)

    @property
    def timed_by_verifier(self) -> bool:
        """Whether the times of who finds the words are to be kept."""
        return self.timed or self.verifier is self.aligner

    @property
    def weaker(self) -> bool:
        """Whether the words are found by less than what places them: a word that only it doubts is there, and doubtful.

        Such finders, of before neural networks, hear far less: of spoken digits they did not find 32 of 120, of prose
        in noise of 10 dB 10 of 71 words.
        """
        return self.finder is not None and self.finder.rank < LAST_RESORT <= self.aligner.rank

    @property
    def max_seconds(self) -> float:
        """The longest clip that was asked for, or that both align well."""
        if self.window is not None:
            return self.window
        return min(self.aligner.max_seconds, self.finder.max_seconds if self.finder else LONGEST, LONGEST)


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A text as the words that are said."""

    words: Sequence[str]
    language: str | None
    numbers: Sequence[Number] = ()  # words with several readings


class Course:
    """How far a text and a recording are."""

    def __init__(self, text: SpokenText, tape: Tape, speech: Sequence[Region], aligners: Pairing) -> None:
        self.words, self.tape, self.speech = list(text.words), tape, list(speech)  # speech that is done is taken away
        self.regions = tuple(speech)
        self.numbers = list(text.numbers)
        self.chosen: dict[int, tuple[str, ...]] = {}  # readings that are said, by the number of the written word
        self.aligners, self.aligner, self.verifier = aligners, aligners.aligner, aligners.verifier
        self.language = text.language
        self.found: list[Placed | None] = [None] * len(self.words)
        self.at = 0  # the first word that has no place yet
        self.ended = 0.0  # when the last one with a place ends
        self.offered: list[Numbered] = []  # the words that the verifier has found last, believed or not
        self.waiting: list[Numbered] = []  # found where the text goes on, too few to be believed without what follows
        self.tail: Clip | None = None  # the sound from the last words with a place on
        self.longest = self.window = aligners.max_seconds

    def _next_speech(self, time: float) -> float | None:
        """Return where to go on: at the next speech, with a little before it; ``None`` after the last."""
        for region in self.speech:
            if region.end > time + TAIL:
                return max(time, region.start - MARGIN)
        return None

    def _stop(self, time: float, most: float) -> float:
        """Return where a window ends: at the first long pause, else at the longest late one, else after ``most`` s."""
        limit = time + most
        while self.speech and self.speech[0].end <= time:
            self.speech.pop(0)
        best, longest = limit, 0.0
        for number, region in enumerate(self.speech):
            if region.start >= limit:
                break
            following = self.speech[number + 1].start if number + 1 < len(self.speech) else math.inf
            pause = following - region.end
            if region.end > time and pause >= LONG_PAUSE:  # also the end of all speech
                return min(region.end + MARGIN, limit)
            if region.end > time + PAUSE_SHARE * most and pause > longest and region.end + pause / 2 <= limit:
                best, longest = region.end + min(MARGIN, pause / 2), pause
        return best

    def _at_pause(self, time: float) -> bool:
        return not any(region.start < time < region.end for region in self.speech)

    def _speech_in(self, clip: Clip, after: float = 0.0) -> float:
        return sum(max(0.0, min(one.end, clip.end) - max(one.start, clip.start, after)) for one in clip.speech)
