"""Pieces of a text (cues, lines, sentences) kept whole beside speech that is not in it.

A first or last word of a piece may fit as well where other speech begins or ends as beside its neighbours: of two
speakers both say "and". A piece is said in one go, so one that other speech seems to part, or to have taken words from,
is looked for whole beside that speech, and stays there if it is found whole, or more of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from asrcli.alignment.confidence import PAUSE, parted, seconds_of
from asrcli.alignment.course import Tape
from asrcli.alignment.following import Following
from asrcli.alignment.places import SURE, Numbered, Placed, moved
from asrcli.types import Clip, Region

LEAST_WORDS = 2  # a piece of one word is never apart
WORD_SECONDS = 0.8  # for each word that is looked for beside others, and
MORE_SECONDS = 1.0
LEAST_SECONDS = 0.05  # for each word
LONGEST = 30.0  # seconds in which a piece is looked for
WORSE = 0.3  # how much worse than where it was a word may fit beside its neighbours


def keep_whole(course: Following, starts: Sequence[int], tape: Callable[[], Tape]) -> None:
    """Look again for the pieces that other speech parts, and move those that are found whole.

    Args:
        course: a text and a recording that have been brought together, by words that a verifier finds.
        starts: the numbers of the words that begin a piece, in order.
        tape: opens the recording anew; nothing is read where no piece is parted.
    """
    opened = None
    for first, last in pairwise([*starts, len(course.words)]):
        for place in _places(course, first, last):
            opened = opened or tape()
            clip = opened.clip(place.start, place.end, course.regions)
            if own := _whole_in(course, first, last, clip):
                course.found[first:last] = [None] * (last - first)
                course.place(clip, own)
                break


def _places(course: Following, first: int, last: int) -> Iterator[Region]:
    """Yield where all of a piece may be, in order of time, if some of it is apart from the rest or was not found."""
    parts = parted(_placed(course, first, last), course.regions)
    if last - first < LEAST_WORDS or not parts or (len(parts) == 1 and len(parts[0]) == last - first):
        return
    before, after = _around(course, first, last)
    ends = [before, *(own[-1][1].end for own in parts)]
    begins = [*(own[0][1].start for own in parts), after]
    if len(parts) == 1:
        if max(seconds_of(course.regions, *side) for side in ((before, begins[0]), (ends[1], after))) <= PAUSE:
            return  # no other speech is beside it
        yield Region(before, begins[0])
    for own, earliest, latest in zip(parts, ends[:-1], begins[1:], strict=True):
        start = own[0][1].start - MORE_SECONDS - WORD_SECONDS * (own[0][0] - first)
        end = own[-1][1].end + MORE_SECONDS + WORD_SECONDS * (last - 1 - own[-1][0])
        yield Region(max(earliest, start), min(latest, end))
    if len(parts) == 1:
        yield Region(ends[1], after)


def _around(course: Following, first: int, last: int) -> tuple[float, float]:
    """Return the end of the last word before a piece, and the start of the first after it."""
    before = next((word.end for word in reversed(course.found[:first]) if word is not None), 0.0)
    after = next((word.start for word in course.found[last:] if word is not None), course.regions[-1].end)
    return before, max(before, after)


def _whole_in(course: Following, first: int, last: int, clip: Clip) -> list[Numbered]:
    """Return the words of a piece that are found in a clip, one after the other, if that is better; else none."""
    assert course.verifier is not None
    if not LEAST_SECONDS * (last - first) <= clip.seconds <= LONGEST:
        return []
    aligned = course.verifier.align([clip], [course.words[first:last]], course.language)[0]
    found = [(number, moved(word, clip.start)) for number, word in enumerate(aligned, first) if word is not None]
    had = len(_placed(course, first, last))
    if len(found) < min(had + 1, last - first) or len(parted(found, course.regions)) > 1:
        return []
    changed = [(word, course.found[number]) for number, word in found if _differs(word, course.found[number])]
    least = max(SURE, _mean([before for _, before in changed if before is not None]) - WORSE)
    return found if changed and _mean([word for word, _ in changed]) >= least else []


def _differs(word: Placed, before: Placed | None) -> bool:
    return before is None or before.start >= word.end or before.end <= word.start


def _mean(words: Sequence[Placed]) -> float:
    scores = [1.0 if word.score is None else word.score for word in words]
    return sum(scores) / len(scores) if scores else 0.0


def _placed(course: Following, first: int, last: int) -> list[Numbered]:
    return [(number, word) for number, word in enumerate(course.found[first:last], first) if word is not None]
