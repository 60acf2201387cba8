"""Who says what: turns of speakers, and words given to them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby

from asrcli.diarizer import SpeakerCount
from asrcli.formats.turns import UNKNOWN, channel_speaker, turns_from
from asrcli.formats.units import interpolated_words, spell
from asrcli.types import Samples, Segment, Transcript, Turn, Voice, Word

# A word that no turn covers goes to a turn this near: the collar within which NIST's evaluations of diarization count
# no error, because people do not agree on boundaries more closely.
COLLAR = 0.25  # seconds


@dataclass(frozen=True, slots=True)
class SpeakerOptions:
    """How speakers are found: by a diarization model, or from an RTTM file."""

    rttm: str | None = None  # file, or folder of files named like the inputs; None runs the model
    model: str | None = None  # diarizer, short name, hub id or folder; None is the default
    exactly: int | None = None  # speakers in each recording
    at_least: int | None = None
    at_most: int | None = None
    voices: str | None = None  # folder with a recording of each person whose name is known
    same: bool = False  # one person has one label in all recordings of a run
    live: bool = False  # while they speak
    keeps: bool = False  # a voice print is to be written

    @property
    def count(self) -> SpeakerCount:
        """How many people speak in each recording."""
        return SpeakerCount(self.exactly, self.at_least, self.at_most)

    @property
    def by_voice(self) -> str:
        """The option that needs voice prints, "" when none does."""
        given = {"--voices": self.voices, "--same-speakers": self.same, "--stream": self.live, "asr voices": self.keeps}
        return next((option for option, value in given.items() if value), "")


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who speaks when in one recording."""

    turns: tuple[Turn, ...]  # may overlap
    exclusive: tuple[Turn, ...] = ()  # one speaker at a time, the one that a recogniser writes; () when nobody says
    source: str = ""  # the model with its revision, or the file
    voices: tuple[Voice, ...] = ()  # how near known voices are, or the same person in other recordings
    prints: Mapping[str, Samples] = field(default_factory=dict)  # of the voices, by label; never written


def check_number(wanted: SpeakerCount, found: int, announce: Callable[[str], None]) -> None:
    """Say so when other numbers of speakers were asked for than were found."""
    least, most = wanted.exactly or wanted.at_least, wanted.exactly or wanted.at_most
    if (least and found < least) or (most and found > most):
        asked = f"at least {least}" if least and found < least else f"at most {most}"
        announce(f"found {found} speaker{'s' * (found != 1)} where {asked} were asked for")


def give_speakers(transcript: Transcript, found: Diarization) -> Transcript:
    """Return the transcript with a speaker for every word, its segments split where the speaker changes.

    A word belongs to the speaker who talks for most of it, see `_Speakers`; one that no turn touches, to the nearest
    turn within `COLLAR`, else to the speaker on both sides of it in its segment, else to nobody: it is `UNKNOWN`.
    Segments without words are split by interpolated ones.
    """
    return replace(
        transcript,
        segments=tuple(give_turns(transcript.segments, found)),
        turns=found.turns,
        voices=found.voices,
        options=(*transcript.options, ("speakers", found.source)),
    )


def give_turns(segments: Sequence[Segment], found: Diarization) -> list[Segment]:
    """Return segments with a speaker for every word, as `give_speakers`."""
    speakers = _Speakers(found)
    return [piece for segment in segments for piece in _split(segment, speakers)]


class _Index:
    """Turns in the order of their starts, so that those near a word are found without looking at all of them."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.turns = sorted(turns, key=lambda turn: turn.start)
        self.starts = [turn.start for turn in self.turns]
        self.latest_ends = list(accumulate((turn.end for turn in self.turns), max))

    def near(self, start: float, end: float) -> Iterator[Turn]:
        """Yield the turns that touch a stretch of time, the last first."""
        for place in reversed(range(bisect_left(self.starts, end))):
            if self.latest_ends[place] <= start:
                return
            if self.turns[place].end > start:
                yield self.turns[place]

    def shares(self, word: Word) -> dict[str, float]:
        """Return for how many seconds of a word each speaker talks."""
        shares: dict[str, float] = {}
        for turn in self.near(word.start, max(word.end, word.start + 0.001)):
            share = min(turn.end, word.end) - max(turn.start, word.start)
            shares[turn.speaker] = round(shares.get(turn.speaker, 0.0) + share, 3)
        return shares


class _Speakers:
    """Who says a word.

    Where two talk at once, one of whom begins or ends within a word, it is the other's: she could not have said all of
    it. Of words that two could have said the recogniser writes the louder voice, which the exclusive turns tell.
    (Of such words in conversations with overlaps 75 in 100 are given to who says them, by exclusive turns alone 66.)
    """

    def __init__(self, found: Diarization) -> None:
        self.everybody, self.loudest = _Index(found.turns or found.exclusive), _Index(found.exclusive)

    def speaker(self, word: Word, before: str | None) -> str:
        """Return who says a word; of two who talk for as long of it, the one who said the word before."""
        whole, loudest = self.everybody.shares(word), self.loudest.shares(word)
        if whole:
            return max(sorted(whole), key=lambda name: (whole[name], loudest.get(name, 0.0), name == before))
        distances = {
            turn.speaker: max(turn.start - word.end, word.start - turn.end)
            for turn in self.everybody.near(word.start - COLLAR, word.end + COLLAR)
        }
        return min(sorted(distances), key=lambda name: (round(distances[name], 3), name != before), default=UNKNOWN)


def _split(segment: Segment, speakers: _Speakers) -> Iterator[Segment]:
    words = segment.words or interpolated_words(segment)
    if not words:
        return
    names: list[str] = []
    for word in words:
        names.append(speakers.speaker(word, names[-1] if names else None))
    said = [replace(word, speaker=name) for word, name in zip(words, _close(names), strict=True)]
    runs = [list(run) for _, run in groupby(said, key=lambda word: word.speaker)]
    if len(runs) == 1:
        yield replace(segment, words=tuple(said), speaker=said[0].speaker)
        return
    texts = _texts(segment.text, [len(run) for run in runs], said)
    for run, text in zip(runs, texts, strict=True):
        start = segment.start if run is runs[0] else run[0].start
        end = segment.end if run is runs[-1] else run[-1].end
        yield replace(
            segment, text=text, start=start, end=max(start, end), words=tuple(run), speaker=run[0].speaker, tokens=()
        )


def _close(names: Sequence[str]) -> list[str]:
    """Return the names, with those unknown between two words of one speaker given to that speaker."""
    closed = list(names)
    runs = [(name, len(list(run))) for name, run in groupby(names)]
    place = 0
    for number, (name, length) in enumerate(runs):
        if name == UNKNOWN and 0 < number < len(runs) - 1 and runs[number - 1][0] == runs[number + 1][0]:
            closed[place : place + length] = [runs[number - 1][0]] * length
        place += length
    return closed


def _texts(text: str, lengths: Sequence[int], words: Sequence[Word]) -> Iterator[str]:
    """Yield the text of each run of words, with all signs of the whole text."""
    spelled = dict(spell(text, [word.text for word in words]))
    place = 0
    for length in lengths:
        pieces = [spelled[number] for number in range(place, place + length) if number in spelled]
        yield "".join(" " * spaced + piece for piece, spaced in pieces).strip()
        place += length


def merge_channels(transcripts: Sequence[Transcript]) -> Transcript:
    """Return one transcript of an input's channels: a speaker per channel, by time, overlaps kept."""
    if len(transcripts) == 1:
        return transcripts[0]
    ordered = sorted(transcripts, key=lambda one: one.recording.channel or 0)
    spoken = []
    for one in ordered:
        speaker = channel_speaker(one.recording.channel)
        for segment in one.segments:
            words = tuple(replace(word, speaker=speaker) for word in segment.words)
            spoken.append(replace(segment, speaker=speaker, words=words))
    first = ordered[0]
    return replace(
        first,
        recording=replace(first.recording, channel=None),
        segments=tuple(sorted(spoken, key=lambda segment: (segment.start, segment.end))),
        turns=turns_from(spoken),
        seconds=max(one.seconds for one in ordered),
        speech=tuple(sorted((region for one in ordered for region in one.speech), key=lambda region: region.start)),
        gaps=tuple(sorted((region for one in ordered for region in one.gaps), key=lambda region: region.start)),
        warnings=tuple(dict.fromkeys(text for one in ordered for text in one.warnings)),
    )
