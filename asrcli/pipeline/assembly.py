"""Clips of one recording put together again: in order, on the recording's clock, checked for gaps."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from asrcli.pipeline.flags import flag_segment, gaps, merge
from asrcli.pipeline.joints import joined
from asrcli.types import SAMPLE_RATE, Clip, Flag, Options, Recording, Region, Segment, Word

ClipKey = tuple[int, int]  # first sample in the recording, number of samples

# Speech shorter than this without text is not worth a report: half of Silero's usual padding on both sides.
LEAST_GAP = 1.0  # seconds
# What is left of a region beside its text has to be longer: most of what is shorter is breath (docs/experiments.md).
LEAST_REST = 1.8  # seconds


def clip_key(clip: Clip) -> ClipKey:
    """Return what names a clip in every run over the same recording with the same options."""
    return round(clip.start * SAMPLE_RATE), len(clip.samples)


@dataclass(frozen=True, slots=True)
class RecognisedClip:
    """The result for one clip, as it is kept in the journal; times are the recording's."""

    key: ClipKey
    segments: tuple[Segment, ...]


@dataclass(slots=True)
class Slot:
    """One clip of a recording, recognised or not yet."""

    key: ClipKey
    segments: tuple[Segment, ...] | None = None


@dataclass(slots=True)
class Assembly:
    """The state of one recording during a run."""

    recording: Recording
    options: Options
    slots: list[Slot] = field(default_factory=list)
    by_key: dict[ClipKey, Slot] = field(default_factory=dict)
    ended: bool = False  # the decoder has delivered its last clip
    language: str | None = None  # asked for or voted
    language_score: float | None = None
    emitted: int = 0  # slots whose segments have been handed on
    written: str = ""  # the text of the last of them
    engine_seconds: float = 0.0

    def add(self, clip: Clip) -> Slot:
        """Note a clip that was cut, in the order of the recording."""
        slot = self.by_key[clip_key(clip)] = Slot(clip_key(clip))
        self.slots.append(slot)
        return slot

    def ready(self) -> list[Segment]:
        """Return the segments that follow what was returned before and are settled, each once."""
        settled: list[Segment] = []
        while self.emitted < len(self.slots) and (segments := self.slots[self.emitted].segments) is not None:
            meeting = []
            for segment in segments:
                meeting.append(joined(self.written, segment))
                self.written = segment.text
            self.slots[self.emitted].segments = tuple(meeting)
            settled += meeting
            self.emitted += 1
        return settled

    @property
    def complete(self) -> bool:
        """Whether everything was decoded and recognised."""
        return self.ended and all(slot.segments is not None for slot in self.slots)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All segments, in order; what a second look found comes from the last slots."""
        found = (segment for slot in self.slots for segment in slot.segments or ())
        return tuple(sorted(found, key=lambda one: one.start))

    def main_language(self) -> str | None:
        """Return the language that was asked for or voted, else the one most seconds are in."""
        if self.language:
            return self.language
        seconds: defaultdict[str, float] = defaultdict(float)
        for segment in self.segments:
            if segment.language:
                seconds[segment.language] += segment.end - segment.start
        return max(sorted(seconds), key=lambda code: seconds[code]) if seconds else None

    def main_language_score(self) -> float | None:
        """Return the probability of that language: that of the vote, or the mean over the segments that have one."""
        if self.language:
            return self.language_score
        main = self.main_language()
        rated = [
            (segment.language_score, segment.end - segment.start)
            for segment in self.segments
            if segment.language == main and segment.language_score is not None
        ]
        seconds = sum(length for _, length in rated)
        return round(sum(score * length for score, length in rated) / seconds, 4) if seconds else None

    def uncovered(self, speech: Sequence[Region], left_out: Sequence[Region] = ()) -> tuple[Region, ...]:
        """Return the stretches of speech, and of what voice activity left out, that no segment covers.

        In a clip without any text the short ones, too.
        """
        silent = [slot.key for slot in self.slots if not slot.segments]
        spans = [Region(first / SAMPLE_RATE, (first + length) / SAMPLE_RATE) for first, length in silent]
        inside = [one for one in speech if any(span.start <= one.start and one.end <= span.end for span in spans)]
        whole = [one for one in gaps(inside, self.segments, 0.0) if one in inside]
        return merge([*untexted(speech, self.segments), *whole, *untexted(left_out, self.segments)])


def untexted(speech: Sequence[Region], segments: Sequence[Segment]) -> list[Region]:
    """Return the speech that no segment covers: regions without text, and what is left of others, if long enough."""
    whole = set(merge(speech))
    long = [one for one in gaps(speech, segments, LEAST_GAP) if one.seconds >= LEAST_REST or one in whole]
    return [*long, *short_in_a_row(speech, segments)]


def short_in_a_row(speech: Sequence[Region], segments: Sequence[Segment]) -> list[Region]:
    """Return the short regions without text that are long enough together: words said apart, and no text between."""
    whole = set(merge(speech))
    starts = sorted(one.start for one in segments)
    rows: dict[int, list[Region]] = {}
    for one in gaps(speech, segments, 0.0):
        if one in whole and one.seconds < LEAST_GAP:
            rows.setdefault(bisect(starts, one.start), []).append(one)
    return [one for row in rows.values() if sum(each.seconds for each in row) >= LEAST_REST for one in row]


def settle(
    clip: Clip, segments: Sequence[Segment], options: Options, speech: Sequence[Region] | None
) -> tuple[Segment, ...]:
    """Move the segments of a clip to the recording's clock, keep them within the clip and in order, and flag them.

    Args:
        clip: where the segments were recognised.
        segments: with times from the start of the clip, as the engine gave them.
        options: what was asked of the engine (a prompt may be echoed).
        speech: detected in the clip, on the recording's clock; None when voice activity is off.
    """
    settled: list[Segment] = []
    earliest = clip.start
    for segment in segments:
        text = segment.text.strip()
        if not any(map(str.isalnum, text)):
            continue  # dots and notes of music say nothing: what lies there has no text
        start = _within(segment.start + clip.start, earliest, clip.end)
        end = _within(segment.end + clip.start, start, clip.end)
        words = _settle_words(segment.words, clip, start)
        if words:
            start, end = min(start, words[0].start), max(end, words[-1].end)
        language = segment.language or clip.language
        moved = replace(segment, text=text, start=start, end=end, words=words, language=language)
        settled.append(flag_segment(moved, speech, options))
        earliest = start
    return tuple(settled)


def doubt(clip: Clip, segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments of a clip without voice activity, flagged where no speech is detected under them."""
    from asrcli.audio.vad import speech_regions

    speech = [Region(clip.start + one.start, clip.start + one.end) for one in speech_regions(clip.samples)]
    return tuple(
        one
        if any(region.start <= one.end and one.start <= region.end for region in speech)
        else replace(one, flags=tuple(dict.fromkeys((*one.flags, Flag.NO_SPEECH.value))))
        for one in segments
    )


def _settle_words(words: Sequence[Word], clip: Clip, earliest: float) -> tuple[Word, ...]:
    settled = []
    for word in words:
        start = _within(word.start + clip.start, earliest, clip.end)
        end = _within(word.end + clip.start, start, clip.end)
        settled.append(replace(word, text=word.text.strip(), start=start, end=end))
        earliest = end
    return tuple(settled)


def _within(time: float, least: float, most: float) -> float:
    """Clamp a time and round it to the millisecond, so that a run and its resumption write the same digits."""
    return round(min(max(time, least), most), 3)
