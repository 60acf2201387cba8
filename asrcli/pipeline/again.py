"""Hear again what was heard without text, or with far too little of it.

Recognisers end early: Whisper closes a window after one sentence and says nothing of the speech behind it. Text for
each second of detected speech tells it. Such a stretch is cut into shorter clips and heard once more; what stays
without text is a gap, or a segment flagged as too slow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from asrcli.audio.cut import CutOptions, cut
from asrcli.base.join import is_unspaced
from asrcli.pipeline.flags import gaps
from asrcli.types import SAMPLE_RATE, Clip, Flag, Region, Segment

if TYPE_CHECKING:
    Hear = Callable[[Sequence[Clip]], Sequence[Sequence[Segment]]]  # settled segments of each clip; () where it failed

# Letters a second of detected speech, over at least so many seconds. People who read or talk say 10 to 18, the slowest
# of the real recordings at hand 6; below 4 there is speech without text, below 7 there may be.
SLOWEST = 4.0
SLOW = 7.0
LEAST_SPEECH = 4.0
MORE = 1.3  # times as many letters, for a second hearing to take the place of a text
SYLLABLE = 2.5  # letters that a character of a script without spaces is worth
DIGIT = 4.0  # letters that a digit is worth
LEAST_GAP = 1.0  # seconds of speech that no segment covers
EDGE = 0.05  # seconds by which a segment may reach into a gap
TARGET = 15.0  # seconds of a clip that is heard again: an engine that ends early has less to leave out
# What is heard where voice activity found no speech counts only when the engine has next to no doubt.
SURE = 0.6  # score of a segment
SPEAKS = 0.3  # Whisper's probability of no speech
# A second hearing counts only when nothing is wrong with it.
DOUBTS = frozenset({Flag.REPEAT_LOOP, Flag.LOW_CONFIDENCE, Flag.NO_SPEECH, Flag.PROMPT_ECHO, Flag.TRUNCATED})


def hear_again(clip: Clip, segments: Sequence[Segment], options: CutOptions, hear: Hear) -> tuple[Segment, ...]:
    """Return the segments of a clip, with those of a second hearing where the first lacks text.

    Args:
        clip: with its speech.
        segments: settled, on the recording's clock.
        options: how the recording was cut.
        hear: recognises clips and settles what it finds.
    """
    kept = list(segments)
    for stretch, old in stretches(clip, segments):
        pieces = _pieces(clip, stretch, options)
        if not pieces:
            continue
        new = [one for found in hear(pieces) for one in found if DOUBTS.isdisjoint(one.flags)]
        if old is None:
            new = without_repeats(new, kept, stretch)
        if letters(new) > (MORE * letters([old]) if old else 0):
            kept = [one for one in kept if one is not old] + new
    kept = [_flagged(one) if is_slow(one, clip.speech) else one for one in kept]
    return tuple(sorted(kept, key=lambda one: (one.start, one.end)))


def without_repeats(found: Sequence[Segment], kept: Sequence[Segment], gap: Region) -> list[Segment]:
    """Return what was heard in a gap, without the words at its edges that are in the text before or behind it already.

    A gap is heard with a little of the sound around it, and begins where a word is thought to end: the last word may be
    heard once more. One that begins within the gap was said twice.
    """
    new = list(found)
    before = [one for one in kept if one.end <= gap.start + EDGE]
    after = [one for one in kept if one.start >= gap.end - EDGE]
    if new and before and new[0].start < gap.start:
        shared = _shared(_tokens(before[-1]), _tokens(new[0]))
        new[:1] = _cut(new[0], shared, len(_tokens(new[0])))
    if new and after and new[-1].end > gap.end:
        tokens = _tokens(new[-1])
        new[-1:] = _cut(new[-1], 0, len(tokens) - _shared(tokens, _tokens(after[0])))
    return new


def _tokens(segment: Segment) -> list[str]:
    """Return the words of a segment as they stand in its text; characters where no spaces part them."""
    if segment.words:
        return [word.text for word in segment.words]
    return [token for part in segment.text.split() for token in (part if is_unspaced(part[0]) else [part])]


def _shared(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many tokens at the end of one text are those at the beginning of the other, whatever their case."""

    def plain(tokens: Sequence[str]) -> str:
        return "".join(char for token in tokens for char in token.casefold() if char.isalnum())

    lengths = range(min(len(first), len(second)), 0, -1)
    return next((n for n in lengths if plain(second[:n]) and plain(first[-n:]) == plain(second[:n])), 0)


def _cut(segment: Segment, first: int, end: int) -> list[Segment]:
    """Return a segment with its tokens from `first` to before `end` only, or nothing."""
    tokens = _tokens(segment)
    if first == 0 and end == len(tokens):
        return [segment]
    if first >= end:
        return []
    places, at = [], 0
    for token in tokens:
        at = segment.text.index(token, at) + len(token)
        places.append(at)
    text = segment.text[places[first - 1] if first else 0 : places[end - 1]].strip()
    words = segment.words[first:end]
    start, stop = (words[0].start, words[-1].end) if words else (segment.start, segment.end)
    return [replace(segment, text=text, words=words, start=start, end=stop)]


def _flagged(segment: Segment) -> Segment:
    return replace(segment, flags=tuple(dict.fromkeys((*segment.flags, Flag.RATE_ANOMALY.value))))


def sure(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments of a clip without detected speech that are said all the same; all are flagged `no_speech`."""
    doubts = DOUBTS - {Flag.NO_SPEECH}
    return tuple(
        one
        for one in segments
        if doubts.isdisjoint(one.flags)
        and (one.score is None or one.score >= SURE)
        and (one.no_speech_prob is None or one.no_speech_prob <= SPEAKS)
    )


def stretches(clip: Clip, segments: Sequence[Segment]) -> list[tuple[Region, Segment | None]]:
    """Return where speech has no text, and the segments that have too little for the speech in them."""
    found: list[tuple[Region, Segment | None]] = [
        (Region(one.start, one.end), one) for one in segments if is_slow(one, clip.speech, SLOW)
    ]
    bare: list[Region] = []
    for gap in gaps(clip.speech, segments, LEAST_GAP):
        between = any(bare[-1].end <= one.start < gap.start for one in segments) if bare else True
        if between:
            bare.append(gap)
        else:
            bare[-1] = Region(bare[-1].start, gap.end)
    return [*found, *((one, None) for one in bare)]


def is_slow(segment: Segment, speech: Sequence[Region], rate: float = SLOWEST) -> bool:
    """Return whether a segment has too little text, in letters a second, for the speech detected in it."""
    spoken = sum(max(0.0, min(one.end, segment.end) - max(one.start, segment.start)) for one in speech)
    return spoken >= LEAST_SPEECH and letters([segment]) < rate * spoken


def letters(segments: Sequence[Segment]) -> float:
    """Return how many letters there are; digits and the characters of scripts without spaces count for more."""
    return sum(_worth(char) for one in segments for char in one.text if char.isalnum())


def _worth(char: str) -> float:
    if char.isdigit():
        return DIGIT
    return SYLLABLE if is_unspaced(char) or "\uac00" <= char <= "\ud7a3" else 1.0


def _pieces(clip: Clip, stretch: Region, options: CutOptions) -> list[Clip]:
    """Return the stretch cut into short clips; none where that would be the same clip once more."""
    start = max(0, round((stretch.start - options.pad - clip.start) * SAMPLE_RATE))
    end = round((stretch.end + options.pad - clip.start) * SAMPLE_RATE)
    samples = clip.samples[start:end]
    recording = replace(clip.recording, start=clip.start + start / SAMPLE_RATE)
    shorter = replace(options, target=min(TARGET, options.max_seconds, options.target or TARGET))
    pieces = [
        Clip(clip.recording, one.start, one.samples, one.speech, clip.language)
        for one in cut([samples], recording, shorter)
    ]
    same = len(pieces) == 1 and len(pieces[0].samples) > len(clip.samples) - SAMPLE_RATE / 2
    return [] if same else pieces
