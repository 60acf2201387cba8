"""Recognise in its own language what a recording says in another one than it is taken for.

The vote is on whole clips, and one of 30 seconds may hold a sentence in another language: the engine leaves it out, or
writes nonsense and doubts it. Where it does, the language of that stretch alone is asked for.
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


def in_own_language(
    clip: Clip, segments: Sequence[Segment], identify: Identify, recognise: Recognise, among: Sequence[str] = ()
) -> list[Segment]:
    """Return the segments of a clip, with its longest doubtful stretches in a language of their own.

    Args:
        clip: with its speech, and the language that the recording is taken for.
        segments: settled.
        identify: returns the probability of each language for each clip.
        recognise: recognises clips and settles what it finds.
        among: languages to choose from; () is any.
    """
    doubtful: list[tuple[Region, Segment | None]] = [(one, None) for one in gaps(clip.speech, segments, LEAST)]
    doubtful += [(Region(one.start, one.end), one) for one in segments if Flag.LOW_CONFIDENCE in one.flags]
    doubtful = sorted((one for one in doubtful if one[0].seconds >= LEAST), key=lambda one: -one[0].seconds)[:MOST]
    pieces = [_part(clip, stretch) for stretch, _ in doubtful]
    guesses = identify(pieces) if pieces else []
    kept = list(segments)
    for (_, old), piece, guess in zip(
        doubtful, pieces, () if isinstance(guesses, Exception) else guesses, strict=False
    ):
        language, score = vote([guess], [1.0], among)
        if language == clip.language or score < CERTAIN:
            continue
        (found,) = recognise([replace(piece, language=language)])
        if found and all(_better(one, old) for one in found):
            own = [replace(one, language=language, language_score=score) for one in found]
            kept = [one for one in kept if one is not old] + own
    return sorted(kept, key=lambda one: (one.start, one.end))


def _part(clip: Clip, stretch: Region) -> Clip:
    """Return a stretch of a clip, with the speech in it."""
    start, end = (round((time - clip.start) * SAMPLE_RATE) for time in (stretch.start, stretch.end))
    speech = [one for one in clip.speech if one.end > stretch.start and one.start < stretch.end]
    inside = tuple(Region(max(one.start, stretch.start), min(one.end, stretch.end)) for one in speech)
    return replace(clip, start=stretch.start, samples=clip.samples[max(start, 0) : end], speech=inside, again=True)


def _better(found: Segment, old: Segment | None) -> bool:
    """Return whether a text counts: beside none when the engine has no doubt, else when it has less than before."""
    if old is None:
        return DOUBTS.isdisjoint(found.flags) and (found.score is None or found.score >= SURE)
    doubts = DOUBTS - {Flag.LOW_CONFIDENCE}
    return doubts.isdisjoint(found.flags) and (found.score or 0.0) > (old.score or 0.0)
