"""Hours of sound and text brought together, a window at a time, in memory that does not grow with either.

A window ends at a pause. It is aligned with the words that may be in it, what is trusted of that moves the place in the
text, and the next window starts there: nothing that goes wrong is carried further than to the next island of words that
agree (after Moreno, Joerg, Van Thong and Glickman 1998, "A recursive algorithm for the forced alignment of very long
audio segments"). Two ways, by what an aligner can do:

- one that rejects words that are not there gets more words than fit, and leaves the rest;
- any other places every word it is given. Where one that rejects speaks the language too, or a recogniser listens, that
  one finds which words are there, and the other only says when. Where there is neither, it gets as many words as the
  time is likely to hold, what it is not sure of is done again in another window, and what it puts where nobody speaks
  is not there.

Where text and sound have parted, an aligner that hears is asked which of the next thousands of words are there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from asrcli.aligner import Aligner
from asrcli.alignment.confidence import PAUSE, parted, seconds_of
from asrcli.alignment.course import FASTEST, LEAST_SECONDS, SPARE, TAIL, Pairing, SpokenText, Tape
from asrcli.alignment.following import LEAST_SILENCE, Following
from asrcli.alignment.places import SURE, Numbered, Placed, cut, is_spoken, is_sure, islands, moved, widest_pause
from asrcli.types import Clip, Region

__all__ = ["Pairing", "SpokenText", "Tape", "Windows", "keep_whole"]

TRUSTED_SHARE = 0.8  # of a window, for aligners that do not reject: later words are done again
ENOUGH = 0.6  # of a window, up to which such an aligner must be sure, or it gets a shorter one
GENEROUS = 1.15  # such an aligner gets so many times the words expected

LEAST_WORDS = 2  # a piece of one word is never apart
WORD_SECONDS = 0.8  # for each word that is looked for beside others, and
MORE_SECONDS = 1.0
LEAST_WORD_SECONDS = 0.05
LONGEST = 30.0  # seconds in which a piece is looked for
WORSE = 0.3  # how much worse than where it was a word may fit beside its neighbours


class Windows(Following):
    """One text and one recording, on their way together."""

    def run(self) -> list[Placed | None]:
        """Return when each word is said; ``None`` for words that are not in the sound."""
        for _ in self.steps():
            pass
        return self.found

    def steps(self) -> Iterator[float]:
        """Place the words in `found`, a window at a time; yield how far it is, in seconds of the recording."""
        start, time = 0.0, self._next_speech(0.0)
        while time is not None and self.at < len(self.words):
            stop = self._stop(time, self.window)
            start = max(min(self.ended, time), time - self.longest)
            sound = self.tape.clip(start, stop, self.speech)
            clip = cut(sound, time, stop)
            reached = self._estimate(clip) if self.verifier is None else self._follow(sound, clip, self.verifier)
            yield min(reached, stop)
            time = self._next_speech(max(reached, time + 0.5))
        if self.verifier is not None:
            self._look_on(max(start, self.ended), self.verifier)

    def _look_on(self, start: float, verifier: Aligner) -> None:
        """Look for words that are left in all the sound that is: voice activity may have missed speech in it."""
        while self.at < len(self.words):
            sound = self.tape.clip(start, start + self.longest, self.speech)
            if sound.seconds < LEAST_SILENCE:
                break
            self._look_back(sound, verifier, self.at, None)
            self._place_doubted(sound, self.at, None)
            start += self.longest
            for number in range(len(self.words) - 1, self.at - 1, -1):
                if (word := self.found[number]) is not None:
                    self.at, self.ended = number + 1, word.end
                    break

    def _estimate(self, clip: Clip) -> float:
        """Place the words of a window up to where the aligner is no longer sure; return where the next one starts.

        Where it is sure of little it is asked about less: a model has a length from which on its words pile up.
        """
        while True:
            words, last = self._likely(clip)
            aligned = self.aligner.align([clip], [words], self.language)[0]
            if self._read(clip, self.at, aligned, self.aligner):
                words, last = self._likely(clip)
                aligned = self.aligner.align([clip], [words], self.language)[0]
            spoken = [word if word is not None and is_spoken(clip, word) else None for word in aligned]
            sure = [word for _, word in islands([word if is_sure(word) else None for word in spoken])]
            reach = sure[-1].end if sure else 0.0
            if reach >= ENOUGH * clip.seconds or clip.seconds <= LEAST_SECONDS:
                break
            clip = cut(clip, clip.start, self._stop(clip.start, max(LEAST_SECONDS, clip.seconds / 2)))
        self.window = min(self.longest, max(LEAST_SECONDS, 2 * clip.seconds))
        whole = last and (reach >= TRUSTED_SHARE * clip.seconds or self._speech_in(clip, clip.start + reach) <= TAIL)
        limit = clip.seconds if whole or not sure else min(reach, TRUSTED_SHARE * clip.seconds)
        trusted = [
            (self.at + number, moved(word, clip.start))
            for number, word in enumerate(spoken)
            if word is not None and word.end <= limit
        ]
        if not trusted:
            return clip.end
        if not whole and self._speech_in(clip, trusted[-1][1].end) > TAIL:  # it goes on: better after a pause
            trusted = trusted[: widest_pause([word for _, word in trusted])]
        for number, word in trusted:
            self.found[number] = word
        self.at = trusted[-1][0] + 1
        return clip.end if whole else trusted[-1][1].end

    def _likely(self, clip: Clip) -> tuple[Sequence[str], bool]:
        """Return the words that a window is likely to hold, some more, and whether it is the last one."""
        left = len(self.words) - self.at
        seconds = self._speech_in(clip)
        remaining = max(seconds, sum(one.end - max(one.start, clip.start) for one in self.speech))
        last = seconds >= remaining - 0.01
        expected = left * seconds / remaining if remaining else left
        count = min(left, math.ceil(seconds * FASTEST) + SPARE, math.ceil(expected * (1 if last else GENEROUS)) + 3)
        return self.words[self.at : self.at + count], last


def keep_whole(course: Following, starts: Sequence[int], tape: Callable[[], Tape]) -> None:
    """Look again for the pieces (cues, lines, sentences) that other speech parts, and move those that are found whole.

    A first or last word of a piece may fit as well where other speech begins or ends as beside its neighbours: of two
    speakers both say "and". A piece is said in one go, so one that other speech seems to part, or to have taken words
    from, is looked for whole beside that speech, and stays there if it is found whole, or more of it.

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
    if not LEAST_WORD_SECONDS * (last - first) <= clip.seconds <= LONGEST:
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
