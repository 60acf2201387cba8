"""Which words of a window are believed, and where the text goes on after speech that is not in it.

A stretch of words that no chance brings about is an anchor. What stands right beside an anchor, in time, is believed
with fewer words; the more of the text is leapt over the more are needed, on both sides of a leap. Nothing else is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asrcli.aligner import AlignedWord
from asrcli.alignment.confidence import (
    FEW_MISSING,
    MUMBLED,
    PAUSE,
    bridge,
    goes_on,
    is_good,
    parted,
    seconds_of,
    told_by,
)
from asrcli.alignment.places import LOW, TRUST, Numbered, Placed, cut, moved
from asrcli.types import SAMPLE_RATE, Clip, Region, Word

CONTEXT = 6  # words on each side of other speech, whose place is decided together
AROUND = 4.0  # seconds of that speech on each side which they may lie in
LEAP_EVIDENCE = 4.0  # log odds times seconds, of an anchor that stands after other speech and leaps over words
SPLICE = 0.3  # seconds of silence between the two


def believed(
    words: Sequence[str],
    found: Sequence[Numbered],
    speech: Sequence[Region],
    before: Numbered | None = None,
    after: Numbered | None = None,
) -> list[Numbered]:
    """Return the found words of a window that are no chance.

    Args:
        found: the words of the window, by number, in order.
        before: the last word before them that is believed already.
        after: the first one after them.
    """
    parts = [without_lone_edges(own, speech) for own in parted(found, speech)]
    kept: list[bool] = []
    expected = before[0] + 1 if before else 0
    for own in parts:
        leap = own[0][0] - expected
        kept.append(_is_anchor(words, own, leap))
        if kept[-1] or (0 <= leap <= MUMBLED and _goes_on(own)):  # what is found in its place is not leapt over
            expected = own[-1][0] + 1
    numbers = [[number for number, _ in own] for own in parts]
    bridge(numbers, kept, [*map(_goes_on, parts)], before[0] if before else -1)
    _spread(parts, kept, speech, before)
    mirrored = [[(-number, _mirrored(word)) for number, word in reversed(own)] for own in reversed(parts)]
    kept.reverse()
    back = [Region(-one.end, -one.start) for one in reversed(speech)]
    _spread(mirrored, kept, back, (-after[0], _mirrored(after[1])) if after else None)
    kept.reverse()
    return [one for own, keep in zip(parts, kept, strict=True) if keep for one in own]


def going_on(words: Sequence[Numbered], speech: Sequence[Region], at: int) -> list[Numbered]:
    """Return the stretches of a window that fit well where the text goes on, one after the other, from a word on."""
    kept: list[Numbered] = []
    for own in (without_lone_edges(own, speech) for own in parted(words, speech)):
        if not 0 <= own[0][0] - at <= MUMBLED or not _goes_on(own):
            break
        kept += own
        at = own[-1][0] + 1
    return kept


def without_lone_edges(stretch: Sequence[Numbered], speech: Sequence[Region]) -> list[Numbered]:
    """Return a stretch without a first or last word that lies in other speech, behind words that were not found."""
    own = list(stretch)
    for end, inner in ((-1, -2), (0, 1)):
        while len(own) > 1 and _is_far(own[min(end, inner)], own[max(end, inner)], speech):
            del own[end]
    return own


def _is_far(one: Numbered, after: Numbered, speech: Sequence[Region]) -> bool:
    return after[0] - one[0] > 1 and seconds_of(speech, one[1].end, after[1].start) > PAUSE


def _is_anchor(words: Sequence[str], stretch: Sequence[Numbered], leap: int) -> bool:
    """Tell whether a stretch is none by chance, so many words after the one that is expected."""
    said = [
        Word(words[number], word.start, word.end, word.score, status="ok" if _is_sure(word) else "low")
        for number, word in stretch
    ]
    if not is_good(said, len(words), scored=True):
        return False
    # Other speech is no reason to leap: where the text goes on at the next word, less is needed.
    return leap <= FEW_MISSING or told_by(said) >= LEAP_EVIDENCE


def _goes_on(stretch: Sequence[Numbered]) -> bool:
    return goes_on([Word("x", word.start, word.end, word.score) for _, word in stretch])


def _spread(
    parts: Sequence[Sequence[Numbered]], kept: list[bool], speech: Sequence[Region], before: Numbered | None
) -> None:
    """Keep, one after the other, what follows at once on what is kept."""
    last = before
    for at, own in enumerate(parts):
        if not kept[at] and last is not None:
            leap = own[0][0] - last[0] - 1
            needed = next(least for most, least in TRUST if leap <= most)
            near = seconds_of(speech, last[1].end, own[0][1].start) <= PAUSE
            kept[at] = near and sum(_is_sure(word) for _, word in own) >= needed
        last = own[-1] if kept[at] else None


def _is_sure(word: Placed) -> bool:
    return word.score is None or word.score >= LOW


def _mirrored(word: Placed) -> Placed:
    return Placed(-word.end, -word.start, word.score)


@dataclass(frozen=True, slots=True)
class Splice:
    """The sound before and after speech that is not in the text, as one clip."""

    left: Clip
    right: Clip

    @property
    def clip(self) -> Clip:
        """Both, with a little silence between them."""
        import numpy as np

        silence = np.zeros(round(SPLICE * SAMPLE_RATE), np.float32)
        samples = np.concatenate([self.left.samples, silence, self.right.samples])
        return Clip(self.left.recording, 0.0, samples)

    def parted(self, first: int, aligned: Sequence[AlignedWord | None]) -> tuple[list[Numbered], list[Numbered]]:
        """Return the words on the left and on the right, with times of the recording; ``first`` is the first number."""
        left: list[Numbered] = []
        right: list[Numbered] = []
        shift = self.right.start - self.left.seconds - SPLICE
        for number, word in enumerate(aligned, first):
            if word is None:
                continue
            if word.end <= self.left.seconds + SPLICE / 2:
                left.append((number, moved_within(word, self.left.start, self.left)))
            elif word.start >= self.left.seconds + SPLICE / 2:
                right.append((number, moved_within(word, shift, self.right)))
        return left, right


def moved_within(word: AlignedWord, seconds: float, clip: Clip) -> Placed:
    """Return a word on the clock of the recording, within a clip of it."""
    placed = moved(word, seconds)
    start = max(placed.start, round(clip.start, 3))
    end = min(placed.end, round(clip.end, 3))
    return Placed(start, max(start, end), placed.score, placed.phones)


def splice(tail: Clip, sound: Clip, start: float, end: float) -> Splice | None:
    """Return what lies around speech that is not in the text; ``None`` where there is too little of it.

    Args:
        tail: from the last words before it on.
        sound: reaches to the first words after it.
        start: of the first of those.
        end: of the last of those that are decided about.
    """
    right = cut(sound, max(start - AROUND, tail.end), end)
    return Splice(tail, right) if right.start <= start else None
