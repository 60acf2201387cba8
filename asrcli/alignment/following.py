"""Windows whose words a verifier finds: which of them are trusted, what is searched again, whose times are kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import pairwise

from asrcli.aligner import AlignedWord, Aligner
from asrcli.alignment.anchors import AROUND, CONTEXT, believed, going_on, splice
from asrcli.alignment.confidence import PAUSE, seconds_of
from asrcli.alignment.course import FASTEST, LEAST_SECONDS, SPARE, Course
from asrcli.alignment.places import LOW, MARGIN, Numbered, Placed, apart, cut, moved, nearest
from asrcli.alignment.readings import better_reading, fitting_reading, is_said
from asrcli.types import Clip

LOST = 0.3  # share of a window's speech under trusted words, below which text and sound may have parted
LOST_SECONDS = 2.0  # of speech in the window, for that to mean something
FILLED = 0.5  # the same share, below which a shorter window may find more: of fewer words fewer fit by chance
HORIZON = 3000  # words among which the place is looked for: twenty minutes
LEAST_ISLAND = 6  # words in a row that settle where the text goes on
LEAST_SILENCE = 1.0  # seconds; a shorter pause holds no words that voice activity could have missed
DOUBTED = 0.2  # score of a word that only a weaker verifier has not found
ROOM = (0.04, 0.25)  # seconds of speech for each letter of such words, at least and at most
MORE_ROOM = 1.0  # seconds that may be more


class Following(Course):
    """A text that follows what the verifier finds."""

    def _follow(self, sound: Clip, clip: Clip, verifier: Aligner) -> float:
        """Place what is in the window; return where the next begins. ``sound`` goes back to the last placed word."""
        while True:
            seconds = self._speech_in(clip)
            trusted = self._offer(clip, verifier, self.at)
            covered = _seconds_in(clip, trusted)
            if covered >= FILLED * seconds or clip.seconds <= LEAST_SECONDS:
                break
            clip = cut(clip, clip.start, self._stop(clip.start, max(LEAST_SECONDS, clip.seconds / 2)))
        self.window = min(self.longest, max(LEAST_SECONDS, 2 * clip.seconds))
        if verifier.recognises and seconds >= LOST_SECONDS and covered < LOST * seconds:
            place = self._look_ahead(clip, verifier)
            if place is not None and place > self.at:
                again = self._offer(clip, verifier, place)
                if _seconds_in(clip, again) > covered:
                    trusted = again
        if not trusted:
            self.waiting += going_on(self.offered, self.regions, self.waiting[-1][0] + 1 if self.waiting else self.at)
            return clip.end
        self.waiting = []
        self.place(clip, [*self._with_doubted(trusted)])
        number, sure = next((one for one in trusted if one[1].score is None or one[1].score >= LOW), trusted[0])
        if number > self.at:
            self._look_back(cut(sound, sound.start, sure.start), verifier, self.at, (number, sure))
            self._place_doubted(sound, self.at, (number, sure))
        if self.tail is not None and seconds_of(self.regions, self.ended, sure.start) > PAUSE:
            self._decide(sound, verifier, number)
        self.at, self.ended = trusted[-1][0] + 1, trusted[-1][1].end
        first = trusted[-CONTEXT:][0][1].start
        self.tail = cut(clip, first, self.ended + AROUND)
        if self._speech_in(clip, self.ended) >= LOST_SECONDS:  # what follows may be from further on in the text
            return self.ended
        return clip.end if self._at_pause(clip.end) else self.ended

    def _look_back(self, sound: Clip, verifier: Aligner, first: int, after: Numbered | None) -> None:
        """Look for the words from ``first`` up to one that has been found in all the sound before that.

        Voice activity may have taken what it holds for silence.
        """
        last = after[0] if after else len(self.words)
        sound = cut(sound, sound.end - self.longest, sound.end)
        if sound.seconds >= LEAST_SILENCE:
            most = math.ceil(sound.seconds * FASTEST)
            start = max(first, last - most) if after else first
            words = self.words[start : min(last, start + most)]
            aligned = verifier.align([sound], [words], self.language)[0]
            if trusted := self._trusted(sound, start, words, aligned, after):
                self.found[first:last] = [None] * (last - first)  # where the window put them, nobody was sure
                self.place(sound, trusted)

    def _with_doubted(self, trusted: Sequence[Numbered]) -> Iterator[Numbered]:
        """Yield trusted words and those between them that only a weaker verifier has not found."""
        for (number, word), (following, other) in pairwise(trusted):
            yield number, word
            yield from self._doubted(number + 1, following, word.end, other.start)
        yield from trusted[-1:]

    def _place_doubted(self, sound: Clip, first: int, after: Numbered | None) -> None:
        """Place the words from ``first`` up to one that is found, if only a weaker verifier has not found them."""
        last, end = (after[0], after[1].start) if after else (len(self.words), sound.end)
        placed = [number for number in range(first, last) if self.found[number] is not None]
        last, end = (placed[0], self._placed(placed[0]).start) if placed else (last, end)
        if words := [*self._doubted(first, last, max(sound.start, self.ended), end)]:
            self.place(sound, words)

    def _doubted(self, first: int, last: int, start: float, end: float) -> Iterator[Numbered]:
        """Yield words ``[first, last)`` anywhere between two times, if the verifier is weaker and there is room."""
        letters = sum(len(word) for word in self.words[first:last])
        seconds = seconds_of(self.regions, start, end)
        if self.aligners.weaker and ROOM[0] * letters <= seconds <= ROOM[1] * letters + MORE_ROOM:
            for number in range(first, last):
                yield number, Placed(start, end, DOUBTED)

    def _placed(self, number: int) -> Placed:
        word = self.found[number]
        assert word is not None
        return word

    def _decide(self, sound: Clip, verifier: Aligner, number: int) -> None:
        """Decide which words are said before and which after speech that is not in the text.

        A word or two that begin what follows may fit where that speech begins, too.

        Args:
            sound: everything since the last word before it.
            number: the first word that is known to be after it.
        """
        first, last = max(0, self.at - CONTEXT), min(len(self.words), number + CONTEXT)
        placed = [one for one in self.found[number:last] if one is not None]
        if self.tail is None or number - self.at > CONTEXT or not placed:
            return
        before = [one for one in self.found[first : self.at] if one is not None]
        near = cut(self.tail, before[0].start if before else self.tail.start, self.ended + AROUND)
        joint = splice(near, sound, placed[0].start, placed[-1].end)
        if joint is None:
            return
        aligned = verifier.align([joint.clip], [self.words[first:last]], self.language)[0]
        left, right = joint.parted(first, aligned)
        if len(left) + len(right) < sum(one is not None for one in self.found[first:last]):
            return
        self.found[first:last] = [None] * (last - first)
        for part, own in ((joint.left, left), (joint.right, right)):
            if own:
                self.place(part, own)

    def place(self, clip: Clip, trusted: list[Numbered]) -> None:
        """Note when words of a clip are said that the verifier has found, by number."""
        for number, word in trusted if self.aligners.timed_by_verifier else self._timed(clip, trusted):
            self.found[number] = word

    def _offer(self, clip: Clip, verifier: Aligner, first: int) -> list[Numbered]:
        """Align a window with the words from ``first`` on; return those that are trusted, with their numbers."""
        count = math.ceil(self._speech_in(clip) * FASTEST) + SPARE
        words = self.words[first : first + count]
        aligned = verifier.align([clip], [words], self.language)[0]
        if aligned and aligned[-1] is not None and first + len(words) < len(self.words):
            # To leave out the end of what is offered has a price for a verifier, so that a text that repeats itself may
            # be entered where it ends with the window; not so with one word less.
            words = words[:-1]
            aligned = verifier.align([clip], [words], self.language)[0]
        if self._read(clip, first, aligned, verifier):
            words = self.words[first : first + count]
            aligned = verifier.align([clip], [words], self.language)[0]
        return self._trusted(clip, first, words, aligned)

    def _read(self, clip: Clip, first: int, aligned: Sequence[AlignedWord | None], verifier: Aligner) -> bool:
        """Replace readings of numbers that are not said by others; tell whether there were any."""
        chosen: dict[int, tuple[str, ...]] = {}
        words = self.words[first : first + len(aligned)]
        for one in self.numbers:
            if one.settled or one.first < first or one.last > first + len(aligned):
                continue
            way = better_reading(clip, one, first, aligned, verifier, self.language)
            if way is None and self.verifier is None and not (one.settled or is_said(one, first, aligned)):
                way = fitting_reading(clip, one, first, words, verifier, self.language)
            if way is not None:
                chosen[one.token] = way
        moved = 0
        for one in self.numbers:
            one.first, one.last = one.first + moved, one.last + moved
            if way := chosen.get(one.token):
                self.words[one.first : one.last] = way
                self.found[one.first : one.last] = [None] * len(way)
                moved += len(way) - (one.last - one.first)
                one.last = one.first + len(way)
        self.chosen.update(chosen)
        return bool(chosen)

    def _trusted(
        self,
        clip: Clip,
        first: int,
        words: Sequence[str],
        aligned: Sequence[AlignedWord | None],
        after: Numbered | None = None,
    ) -> list[Numbered]:
        found = nearest(words, [(number, word) for number, word in enumerate(aligned) if word is not None])
        self.offered = numbered = [(first + number, moved(word, clip.start)) for number, word in found]
        if self.waiting and numbered and numbered[0][0] > self.waiting[-1][0] and self.aligners.timed_by_verifier:
            numbered = [*self.waiting, *numbered]
        last = self.found[self.at - 1] if self.at else None
        before = (self.at - 1, last) if last is not None else None
        return believed(self.words, numbered, self.regions, before, after)

    def _timed(self, clip: Clip, trusted: Sequence[Numbered]) -> list[Numbered]:
        """Return words that the verifier has found, with the aligner's times and the verifier's score.

        Where the two do not even overlap, the one that may reject words is right: the other had to put them somewhere.
        """
        stretches = apart(trusted)
        edges = [(own[0][1].start, own[-1][1].end) for own in stretches]
        before, after = [clip.start, *(end for _, end in edges)], [*(start for start, _ in edges[1:]), clip.end]
        clips = [
            cut(clip, max(left, start - MARGIN), min(right, end + MARGIN))
            for left, (start, end), right in zip(before, edges, after, strict=False)
        ]
        texts = [[self.words[number] for number, _ in own] for own in stretches]
        timed: list[Numbered] = []
        for part, own, aligned in zip(clips, stretches, self.aligner.align(clips, texts, self.language), strict=True):
            for (number, found), word in zip(own, aligned, strict=True):
                time = found if word is None else _agreed(found, moved(word, part.start))
                if time is not found or found.score != DOUBTED:
                    timed.append((number, time))
        return timed

    def _look_ahead(self, clip: Clip, verifier: Aligner) -> int | None:
        """Return the number of the word at which the window's sound begins in the text, if it is in there."""
        ahead = [word.lower() for word in self.words[self.at : self.at + HORIZON]]
        hypothesis = [word.text.lower() for word in verifier.recognise([clip], ahead, self.language)[0]]
        match = SequenceMatcher(None, hypothesis, ahead, autojunk=False).find_longest_match()
        if match.size < min(LEAST_ISLAND, len(ahead)):
            return None
        return self.at + max(0, match.b - match.a)


def _agreed(found: Placed, timed: Placed) -> Placed:
    """Return the aligner's time of a word, with the verifier's score, or the verifier's where they do not overlap."""
    overlap = timed.start < found.end and timed.end > found.start
    return replace(timed, score=found.score) if overlap else found


def _seconds_in(clip: Clip, words: Sequence[Numbered]) -> float:
    return sum(word.end - word.start for _, word in words if word.start >= clip.start)
