"""Speakers while they speak: each settled segment is looked at once more, with what came before, and compared with
voices.

The labels of people who were detected before never change: a stream is written as it is said. So the number of people
is not found by looking at everything, as it is in a recording, and who is detected too briefly to be told from others
gets the nearest of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from asrcli.audio.cut import Buffer
from asrcli.diarization.choice import DiarizerChoice
from asrcli.diarization.finder import LoadedDiarizer, moved
from asrcli.diarization.speakers import Diarization, SpeakerOptions, give_turns
from asrcli.diarization.voices import read_voices
from asrcli.diarizer import SpeakerCount, Speaking
from asrcli.formats.turns import UNKNOWN
from asrcli.types import SAMPLE_RATE, Clip, Recording, Samples, Segment, Turn

BEFORE, BEHIND = 6.0, 0.3  # seconds taken around a segment: a voice is known better by more of it
KEPT = 90.0  # seconds of sound kept; longer than any segment
LEAST_NEW = 1.2  # seconds of speech by which somebody is a new person
KNOWN_SECONDS = 5.0  # that the print of a known voice counts for
STREAM = "-"  # the recording that its clips are of

Timer = Callable[[Clip, Sequence[Segment]], tuple[Segment, ...]]


@dataclass(slots=True)
class _Person:
    """A detected speaker: a sum of voice prints, weighted by seconds."""

    name: str
    sum: Samples
    seconds: float

    def cosine(self, print_: Samples) -> float:
        """Return how near a print is."""
        return float(print_ @ self.sum) / max(float((self.sum @ self.sum) ** 0.5), 1e-9)


class LiveSpeakers:
    """The people of one stream. Used by one thread."""

    def __init__(self, choice: DiarizerChoice, wanted: SpeakerOptions, timer: Timer | None = None) -> None:
        """Take what is needed; `timer` gives the words of a settled segment their times where the engine has none."""
        self.choice, self.wanted, self.timer = choice, wanted, timer
        self.source = ""
        self.people: list[_Person] = []
        self._loaded: LoadedDiarizer | None = None
        self._buffer = Buffer()
        self._turns: list[Turn] = []
        self._strangers = 0

    def load(self, announce: Callable[[str], None]) -> None:
        """Load the diarizer, and listen to the voices that are known."""
        loaded = self._loaded = LoadedDiarizer(self.choice, announce)
        self.source = loaded.source
        if self.wanted.voices:
            known = read_voices(self.wanted.voices, loaded.people, loaded.source)
            self.people = [_Person(name, one * KNOWN_SECONDS, KNOWN_SECONDS) for name, one in known.items()]

    def feed(self, samples: Samples) -> None:
        """Take the next samples of the stream."""
        self._buffer.add(samples)
        self._buffer.drop_before(self._buffer.end - round(KEPT * SAMPLE_RATE))

    def settle(self, segment: Segment) -> Sequence[Segment]:
        """Return a settled segment with its speaker, in pieces where the speaker changes."""
        first = max(self._buffer.start, round((segment.start - BEFORE) * SAMPLE_RATE))
        last = max(first, min(self._buffer.end, round((segment.end + BEHIND) * SAMPLE_RATE)))
        speaking = self._find(self._buffer.between(first, last))
        names = self._names(speaking, segment, first / SAMPLE_RATE)
        named = ([turn for turn in own if turn.speaker in names] for own in (speaking.turns, speaking.exclusive))
        everybody, loudest = (moved(own, first / SAMPLE_RATE, names) for own in named)
        turns = loudest or everybody
        pieces = give_turns([self._timed(segment)], Diarization(everybody, loudest))
        begun = self._turns[-1].end if self._turns else 0.0
        inside = ((one, max(one.start, begun, segment.start), min(one.end, segment.end)) for one in turns)
        self._turns += [Turn(one.speaker, start, end) for one, start, end in inside if end > start]
        return pieces or [segment]

    def _timed(self, segment: Segment) -> Segment:
        """Return a segment with word times: without them its words share its time, and go to the wrong speakers."""
        if self.timer is None or segment.words:
            return segment
        first = max(self._buffer.start, round(segment.start * SAMPLE_RATE))
        last = max(first, min(self._buffer.end, round((segment.end + BEHIND) * SAMPLE_RATE)))
        clip = Clip(Recording(STREAM), first / SAMPLE_RATE, self._buffer.between(first, last))
        return replace(segment, words=self.timer(clip, [segment])[0].words)

    def turns(self) -> tuple[Turn, ...]:
        """Return who has spoken when in the settled segments."""
        return tuple(self._turns)

    def _find(self, samples: Samples) -> Speaking:
        assert self._loaded is not None, "load comes first"
        return self._loaded.find(samples, SpeakerCount(at_most=self._most()))

    def _most(self) -> int | None:
        return self.wanted.exactly or self.wanted.at_most

    def _names(self, speaking: Speaking, segment: Segment, start: float) -> Mapping[str, str]:
        """Return the name of each speaker who is detected, whoever says most first; no two have one name."""
        seconds = _seconds(speaking.turns, segment.start - start, segment.end - start)
        names: dict[str, str] = {}
        for label in sorted(speaking.prints, key=lambda one: -sum(seconds[one])):
            inside, whole = seconds[label]
            person = self._person(speaking.prints[label], whole, taken=set(names.values()))
            if person is None:
                continue
            names[label] = person.name
            person.sum = person.sum + speaking.prints[label] * inside
            person.seconds += inside
        return names

    def _person(self, print_: Samples, seconds: float, taken: set[str]) -> _Person | None:
        """Return who a print is of: one who was detected before, or a new person; None where it says too little."""
        free = [one for one in self.people if one.name not in taken]
        nearest = max(free, key=lambda one: one.cosine(print_), default=None)
        diarizer = self.choice.diarizer
        limit = ((diarizer.same_person or 0.0) + diarizer.other_person) / 2
        if nearest is not None and nearest.cosine(print_) >= limit:
            return nearest
        full = self._most() is not None and len(self.people) >= (self._most() or 0)
        if full or (self.people and seconds < LEAST_NEW):
            return nearest
        named = f"{UNKNOWN} {self._strangers + 1}" if self.wanted.voices else f"SPEAKER_{self._strangers:02}"
        self._strangers += 1
        self.people.append(_Person(named, print_ * 0.0, 0.0))
        return self.people[-1]


def _seconds(turns: Sequence[Turn], first: float, last: float) -> dict[str, tuple[float, float]]:
    """Return how long each speaker speaks between two times, and in all."""
    found: dict[str, tuple[float, float]] = {}
    for turn in turns:
        inside, whole = found.get(turn.speaker, (0.0, 0.0))
        overlap = max(0.0, min(turn.end, last) - max(turn.start, first))
        found[turn.speaker] = inside + overlap, whole + turn.end - turn.start
    return found
