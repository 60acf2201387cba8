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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Protocol

from asrcli.aligner import AlignedWord, Aligner
from asrcli.alignment.anchors import AROUND, CONTEXT, believed, splice
from asrcli.alignment.confidence import PAUSE, seconds_of
from asrcli.alignment.places import (
    LOW,
    MARGIN,
    Numbered,
    Placed,
    apart,
    cut,
    is_spoken,
    is_sure,
    islands,
    moved,
    nearest,
    widest_pause,
)
from asrcli.alignment.readings import Number, better_reading
from asrcli.types import Clip, Region

# Spoken words per second of speech. Fast talkers say 3.5 over minutes; more only counts for single windows.
FASTEST = 5.0
SPARE = 8  # words offered beyond that: a window may begin in the middle of a burst
LOST = 0.3  # share of a window's speech under trusted words, below which text and sound may have parted
FILLED = 0.5  # share of a window's speech under trusted words, below which a shorter one may find more: of fewer words
# fewer fit by chance
LOST_SECONDS = 2.0  # of speech in the window, for that to mean something
HORIZON = 3000  # words among which the place is looked for: twenty minutes
LEAST_ISLAND = 6  # words in a row that settle where the text goes on
PAUSE_SHARE = 0.5  # of the longest window: where the search for a pause to end it at begins
TRUSTED_SHARE = 0.8  # of a window, for aligners that do not reject: later words are done again
ENOUGH = 0.6  # of a window, up to which such an aligner must be sure, or it gets a shorter one
LEAST_SECONDS = 6.0  # no shorter window
GENEROUS = 1.15  # such an aligner gets so many times the words expected
LONGEST = 120.0  # seconds; no window is longer, whatever an aligner can do
LEAST_SILENCE = 1.0  # seconds; a shorter pause holds no words that voice activity could have missed
TAIL = 0.35  # seconds; less speech than that is the pad that voice activity leaves after the last word of a window
LONG_PAUSE = 3.0  # seconds; a window ends there however short it is


class Tape(Protocol):
    """Where windows are cut from."""

    def clip(self, start: float, end: float, speech: Sequence[Region] = ()) -> Clip:
        """Return a stretch of the recording, in seconds of its clock."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who aligns, and who finds the words for one that places all it is given."""

    aligner: Aligner
    finder: Aligner | None = None  # None: the aligner rejects by itself, or nobody can
    timed: bool = False  # the finder's times are already those of the aligner

    @property
    def judge(self) -> Aligner | None:
        """Who tells which words are there, if anybody does."""
        return self.aligner if self.aligner.rejects else self.finder

    @property
    def max_seconds(self) -> float:
        """The longest clip that both align well."""
        return min(self.aligner.max_seconds, self.finder.max_seconds if self.finder else LONGEST, LONGEST)


class Windows:
    """One text and one recording, on their way together."""

    def __init__(
        self,
        words: Sequence[str],
        tape: Tape,
        speech: Sequence[Region],
        aligners: Pairing,
        language: str | None,
        numbers: Sequence[Number] = (),
    ) -> None:
        self.words, self.tape, self.speech = list(words), tape, list(speech)  # of which what is done is taken away
        self.regions = tuple(speech)
        self.numbers = list(numbers)  # words with several readings
        self.chosen: dict[int, tuple[str, ...]] = {}  # readings that were heard, by the number of the written word
        self.aligner, self.judge = aligners.aligner, aligners.judge
        self.timed = aligners.timed or self.judge is self.aligner
        self.language = language
        self.found: list[Placed | None] = [None] * len(words)
        self.at = 0  # the first word that has no place yet
        self.ended = 0.0  # when the last one with a place ends
        self.tail: Clip | None = None  # the sound from the last words with a place on
        self.longest = self.window = aligners.max_seconds

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
            reached = self._estimate(clip) if self.judge is None else self._follow(sound, clip, self.judge)
            yield min(reached, stop)
            time = self._next_speech(max(reached, time + 0.5))
        if self.judge is not None and self.at < len(self.words):
            start = max(start, self.ended)
            self._look_back(self.tape.clip(start, start + self.longest, self.speech), self.judge, self.at, None)

    def _next_speech(self, time: float) -> float | None:
        """Return where to go on: at the next speech, with a little before it; ``None`` after the last."""
        for region in self.speech:
            if region.end > time + TAIL:
                return max(time, region.start - MARGIN)
        return None

    def _stop(self, time: float, most: float) -> float:
        """Return where a window ends: at the first long pause, else at the longest late one, else after ``most`` s."""
        limit = time + most
        while self.speech and self.speech[0].end <= time:
            self.speech.pop(0)
        best, longest = limit, 0.0
        for number, region in enumerate(self.speech):
            if region.start >= limit:
                break
            following = self.speech[number + 1].start if number + 1 < len(self.speech) else math.inf
            pause = following - region.end
            if region.end > time and pause >= LONG_PAUSE:  # also the end of all speech
                return min(region.end + MARGIN, limit)
            if region.end > time + PAUSE_SHARE * most and pause > longest and region.end + pause / 2 <= limit:
                best, longest = region.end + min(MARGIN, pause / 2), pause
        return best

    def _at_pause(self, time: float) -> bool:
        return not any(region.start < time < region.end for region in self.speech)

    def _speech_in(self, clip: Clip, after: float = 0.0) -> float:
        return sum(max(0.0, min(one.end, clip.end) - max(one.start, clip.start, after)) for one in clip.speech)

    # Where somebody tells which words are there

    def _follow(self, sound: Clip, clip: Clip, judge: Aligner) -> float:
        """Place what is in the window; return where the next one starts.

        Args:
            sound: everything since the last word with a place, the window included.
            clip: the window.
            judge: who tells which words are there.
        """
        while True:
            seconds = self._speech_in(clip)
            trusted = self._offer(clip, judge, self.at)
            covered = sum(word.end - word.start for _, word in trusted)
            if covered >= FILLED * seconds or clip.seconds <= LEAST_SECONDS:
                break
            clip = cut(clip, clip.start, self._stop(clip.start, max(LEAST_SECONDS, clip.seconds / 2)))
        self.window = min(self.longest, max(LEAST_SECONDS, 2 * clip.seconds))
        if judge.hears and seconds >= LOST_SECONDS and covered < LOST * seconds:
            place = self._look_ahead(clip, judge)
            if place is not None and place > self.at:
                again = self._offer(clip, judge, place)
                if sum(word.end - word.start for _, word in again) > covered:
                    trusted = again
        if not trusted:
            return clip.end
        self._place(clip, trusted)
        number, sure = next((one for one in trusted if one[1].score is None or one[1].score >= LOW), trusted[0])
        if number > self.at:
            self._look_back(cut(sound, sound.start, sure.start), judge, self.at, (number, sure))
        if self.tail is not None and seconds_of(self.regions, self.ended, sure.start) > PAUSE:
            self._decide(sound, judge, number)
        self.at, self.ended = trusted[-1][0] + 1, trusted[-1][1].end
        first = trusted[-CONTEXT:][0][1].start
        self.tail = cut(clip, first, self.ended + AROUND)
        if self._speech_in(clip, self.ended) >= LOST_SECONDS:  # what follows may be from further on in the text
            return self.ended
        return clip.end if self._at_pause(clip.end) else self.ended

    def _look_back(self, sound: Clip, judge: Aligner, first: int, after: Numbered | None) -> None:
        """Look for the words from ``first`` up to one that has been found in all the sound before that.

        Voice activity may have taken what it holds for silence.
        """
        last = after[0] if after else len(self.words)
        sound = cut(sound, sound.end - self.longest, sound.end)
        if sound.seconds >= LEAST_SILENCE:
            most = math.ceil(sound.seconds * FASTEST)
            start = max(first, last - most) if after else first
            words = self.words[start : min(last, start + most)]
            aligned = judge.align([sound], [words], self.language)[0]
            if trusted := self._trusted(sound, start, words, aligned, after):
                self.found[first:last] = [None] * (last - first)  # where the window put them, nobody was sure
                self._place(sound, trusted)

    def _decide(self, sound: Clip, judge: Aligner, number: int) -> None:
        """Decide which words are said before and which after speech that is not in the text.

        A word or two that begin what follows may fit where that speech begins, too.

        Args:
            sound: everything since the last word before it.
            judge: who tells which words are there.
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
        aligned = judge.align([joint.clip], [self.words[first:last]], self.language)[0]
        if sum(one is not None for one in aligned) < sum(one is not None for one in self.found[first:last]):
            return
        left, right = joint.parted(first, aligned)
        self.found[first:last] = [None] * (last - first)
        for part, own in ((joint.left, left), (joint.right, right)):
            if own:
                self._place(part, own)

    def _place(self, clip: Clip, trusted: list[Numbered]) -> None:
        for number, word in trusted if self.timed else self._timed(clip, trusted):
            self.found[number] = word

    def _offer(self, clip: Clip, judge: Aligner, first: int) -> list[Numbered]:
        """Align a window with the words from ``first`` on; return those that are trusted, with their numbers."""
        count = math.ceil(self._speech_in(clip) * FASTEST) + SPARE
        words = self.words[first : first + count]
        aligned = judge.align([clip], [words], self.language)[0]
        if aligned and aligned[-1] is not None and first + len(words) < len(self.words):
            # To leave out the end of what is offered has a price for a judge, so that a text that repeats itself may be
            # entered where it ends with the window; not so with one word less.
            words = words[:-1]
            aligned = judge.align([clip], [words], self.language)[0]
        if self._read(clip, first, aligned, judge):
            words = self.words[first : first + count]
            aligned = judge.align([clip], [words], self.language)[0]
        return self._trusted(clip, first, words, aligned)

    def _read(self, clip: Clip, first: int, aligned: Sequence[AlignedWord | None], judge: Aligner) -> bool:
        """Put other readings of numbers in the place of those that are not heard; tell whether there were any."""
        offered = (one for one in self.numbers if one.first >= first and one.last <= first + len(aligned))
        heard = {
            one.token: way
            for one in offered
            if not one.settled and (way := better_reading(clip, one, first, aligned, judge, self.language))
        }
        moved = 0
        for one in self.numbers:
            one.first, one.last = one.first + moved, one.last + moved
            if way := heard.get(one.token):
                self.words[one.first : one.last] = way
                self.found[one.first : one.last] = [None] * len(way)
                moved += len(way) - (one.last - one.first)
                one.last = one.first + len(way)
        self.chosen.update(heard)
        return bool(heard)

    def _trusted(
        self,
        clip: Clip,
        first: int,
        words: Sequence[str],
        aligned: Sequence[AlignedWord | None],
        after: Numbered | None = None,
    ) -> list[Numbered]:
        found = nearest(words, [(number, word) for number, word in enumerate(aligned) if word is not None])
        numbered = [(first + number, moved(word, clip.start)) for number, word in found]
        last = self.found[self.at - 1] if self.at else None
        before = (self.at - 1, last) if last is not None else None
        return believed(self.words, numbered, self.regions, before, after)

    def _timed(self, clip: Clip, trusted: Sequence[Numbered]) -> list[Numbered]:
        """Return words that somebody else has found, with the aligner's times and the score of being there.

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
            for (number, heard), word in zip(own, aligned, strict=True):
                own_time = None if word is None else moved(word, part.start)
                if own_time is not None and own_time.start < heard.end and own_time.end > heard.start:
                    heard = replace(own_time, score=heard.score)
                timed.append((number, heard))
        return timed

    def _look_ahead(self, clip: Clip, judge: Aligner) -> int | None:
        """Return the number of the word at which the window's sound begins in the text, if it is in there."""
        ahead = [word.lower() for word in self.words[self.at : self.at + HORIZON]]
        heard = [word.text.lower() for word in judge.hear([clip], ahead, self.language)[0]]
        match = SequenceMatcher(None, heard, ahead, autojunk=False).find_longest_match()
        if match.size < min(LEAST_ISLAND, len(ahead)):
            return None
        return self.at + max(0, match.b - match.a)

    # Where every word is placed

    def _estimate(self, clip: Clip) -> float:
        """Place the words of a window up to where the aligner is no longer sure; return where the next one starts.

        Where it is sure of little it is asked about less: a model has a length from which on its words pile up.
        """
        while True:
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
