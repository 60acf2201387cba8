"""Recognise in its own language what a recording says in another one than it is taken for.

The vote is on whole clips, and one of 30 seconds may hold a sentence in another language: the engine leaves it out,
writes nonsense and doubts it, or translates it and doubts nothing. Where it does one of the first two, or is not sure
of the language of the clip, the language of such stretches alone is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from asrcli.engines.recogniser import vote
from asrcli.pipeline.again import DOUBTS, SURE
from asrcli.pipeline.flags import gaps
from asrcli.types import SAMPLE_RATE, Clip, Flag, Region, Segment

if TYPE_CHECKING:
    from asrcli.pipeline.again import Recognise

    Identify = Callable[[Sequence[Clip]], list[dict[str, float]] | Exception]

LEAST = 2.5  # seconds
MOST = 2  # stretches of a clip
# Of 22 stretches of 3.5 s, half of them in noise, Whisper base took none for another language with more than 0.56.
CERTAIN = 0.9
HARDLY = 0.25  # probability of the language of the recording, in a stretch that is hardly in it
CLEAR = 0.95  # the same of a clip; below, stretches of it may be in other languages
EDGE = 1.0  # seconds that a text may reach beyond a stretch and still be of it alone
NEAR = 1.0  # seconds between regions of which one is too short to be asked about alone


def in_own_language(
    clip: Clip, segments: Sequence[Segment], identify: Identify, recognise: Recognise, among: Sequence[str] = ()
) -> list[Segment]:
    """Return the segments of a clip, with its longest doubtful stretches in a language of their own.

    Of a clip that may be in several languages all stretches count as doubtful.

    Args:
        clip: with its speech, and the language that the recording is taken for.
        segments: settled.
        identify: returns the probability of each language for each clip.
        recognise: recognises clips and settles what it finds.
        among: languages to choose from; () is any.
    """
    missing = [one for one in gaps(clip.speech, segments, LEAST) if one.seconds >= LEAST]
    unsure = [Region(one.start, one.end) for one in segments if Flag.LOW_CONFIDENCE in one.flags]
    doubtful = sorted((one for one in (*missing, *unsure) if one.seconds >= LEAST), key=lambda one: -one.seconds)[:MOST]
    if clip.language_score is not None and clip.language_score < CLEAR:
        doubtful = _groups(clip.speech)
    pieces = [_part(clip, stretch) for stretch in doubtful]
    guesses = identify(pieces) if pieces else []
    kept = list(segments)
    for stretch, piece, guess in zip(doubtful, pieces, [] if isinstance(guesses, Exception) else guesses, strict=False):
        language, score = vote([guess], [1.0], among)
        if language == clip.language or guess.get(clip.language or "", 0.0) > HARDLY:
            continue
        (found,) = recognise([replace(piece, language=language)]) if score >= CERTAIN else [()]
        old = [one for one in kept if _lies_in(one, stretch)]
        own = [replace(one, language=language, language_score=score) for one in found]
        whole = all(stretch.start - EDGE <= one.start and one.end <= stretch.end + EDGE for one in old)
        if whole and _better(own, old):
            kept = [one for one in kept if one not in old] + own
        else:  # whatever these words are, hardly what was said
            kept = [_doubted(one) if one in old else one for one in kept]
    return sorted(kept, key=lambda one: (one.start, one.end))


def _groups(speech: Sequence[Region]) -> list[Region]:
    """Return stretches of speech from pause to pause, each long enough to have a language, but for a short one."""
    found: list[Region] = []
    for one in speech:
        if found and min(found[-1].seconds, one.seconds) < LEAST and one.start - found[-1].end < NEAR:
            found[-1] = Region(found[-1].start, one.end)
        else:
            found.append(one)
    return [one for one in found if one.seconds >= LEAST]


def _lies_in(segment: Segment, stretch: Region) -> bool:
    """Return whether most of a segment lies in a stretch."""
    shared = min(segment.end, stretch.end) - max(segment.start, stretch.start)
    return shared > (segment.end - segment.start) / 2


def _doubted(segment: Segment) -> Segment:
    return replace(segment, flags=tuple(dict.fromkeys((*segment.flags, Flag.LOW_CONFIDENCE.value))))


def _part(clip: Clip, stretch: Region) -> Clip:
    """Return a stretch of a clip, with the speech in it."""
    start, end = (round((time - clip.start) * SAMPLE_RATE) for time in (stretch.start, stretch.end))
    speech = [one for one in clip.speech if one.end > stretch.start and one.start < stretch.end]
    inside = tuple(Region(max(one.start, stretch.start), min(one.end, stretch.end)) for one in speech)
    return replace(clip, start=stretch.start, samples=clip.samples[max(start, 0) : end], speech=inside, again=True)


def _better(found: Sequence[Segment], old: Sequence[Segment]) -> bool:
    """Return whether texts count: beside none when the engine has no doubt, else also when it has less than before.

    A translation is likelier than what was said in a language that the engine knows less: without a doubt is enough.
    """
    if not found:
        return False
    sure = all(DOUBTS.isdisjoint(one.flags) and (one.score is None or one.score >= SURE) for one in found)
    doubts = DOUBTS - {Flag.LOW_CONFIDENCE}
    usable = all(doubts.isdisjoint(one.flags) for one in found)
    return sure or (bool(old) and usable and _score(found) > _score(old))


def _score(segments: Sequence[Segment]) -> float:
    """Return the mean score over the seconds of segments."""
    seconds = sum(one.end - one.start for one in segments) or 1.0
    return sum((one.score or 0.0) * (one.end - one.start) for one in segments) / seconds
