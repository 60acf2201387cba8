"""Word times for every engine: its own where it has them, an aligner's where it has not, and none ever missing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from asrcli.aligner import Aligner
from asrcli.alignment.choice import AlignerChoice
from asrcli.alignment.places import cut
from asrcli.alignment.readings import numbers_in
from asrcli.alignment.result import spell, written_back
from asrcli.alignment.script import Piece, Script
from asrcli.alignment.windows import Pairing, SpokenText, Windows
from asrcli.types import Clip, Region, Segment, Word, spread

# Seconds between an engine's word and its place by the aligner. Whisper's words are seldom off by more than 0.5.
FAR = 0.75

Timer = Callable[[Clip, Sequence[Segment]], tuple[Segment, ...]]

_loading = threading.Lock()


@lru_cache(maxsize=2)
def _loaded(choice: AlignerChoice) -> tuple[Aligner, threading.Lock]:
    return choice.load(), threading.Lock()


class AlignedTimes:
    """Gives the words of segments the times of an aligner, which is loaded when the first clip is there.

    It is kept for the next run: requests to a server, and calls of a `Transcriber`, may come in several threads at
    once. Where the aligner does not speak the language or does not find a word, the engine's own times stay, if it has
    any.
    """

    def __init__(self, choice: AlignerChoice, announce: Callable[[str], None]) -> None:
        self.choice, self.announce = choice, announce
        self._refused: set[str] = set()

    def __call__(self, clip: Clip, segments: Sequence[Segment]) -> tuple[Segment, ...]:
        """Return the segments of one clip with words; times are the recording's."""
        languages = [one.language or clip.language for one in segments]
        of_each = {
            one: iter(
                self._timed(clip, [own for own, code in zip(segments, languages, strict=True) if code == one], one)
            )
            for one in dict.fromkeys(languages)
        }
        return tuple(next(of_each[one]) for one in languages)

    def _timed(self, clip: Clip, segments: Sequence[Segment], language: str | None) -> tuple[Segment, ...]:
        """Return segments in one language with words."""
        if not segments or not self._speaks(language, all(one.words for one in segments)):
            return own_times(clip, segments)
        with _loading:
            aligner, calling = _loaded(self.choice)
        script = Script(tuple(Piece(segment.text) for segment in segments))
        spelling = spell(script, language)
        text = SpokenText(spelling.spoken, language, numbers_in(spelling, language))
        whole = Region(clip.start, clip.end)
        windows = Windows(text, _ClipTape(clip), clip.speech or [whole], Pairing(aligner))
        with calling:
            placed = windows.run()
        tokens = spell(script, language, windows.chosen).tokens
        words = iter(written_back([token for own in tokens for token in own], placed, whole))
        return tuple(_timed(segment, [next(words) for _ in own]) for segment, own in zip(segments, tokens, strict=True))

    def _speaks(self, language: str | None, timed: bool) -> bool:
        spoken = self.choice.aligner.languages(self.choice.weights.name)
        if language is None or not spoken or language in spoken:
            return True
        if language not in self._refused and not timed:
            self._refused.add(language)
            name = self.choice.aligner.name
            self.announce(f"aligner '{name}' does not speak '{language}': word times are interpolated there")
        return False


def own_times(clip: Clip, segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return segments with the words that the engine gave; where it gave none, they share the time of the segment."""
    from asrcli.formats.units import interpolated_words

    return tuple(one if one.words else replace(one, words=interpolated_words(one)) for one in segments)


def _timed(segment: Segment, words: Sequence[Word]) -> Segment:
    """Return a segment with aligned words; those that were not found keep the engine's times, or share what is left."""
    kept = shared(_with_own(words, segment.words), Region(segment.start, segment.end))
    start = min([segment.start, *(word.start for word in kept[:1])])
    end = max([segment.end, *(word.end for word in kept[-1:])])
    return replace(segment, start=start, end=end, words=tuple(replace(word, status=None) for word in kept))


def _with_own(aligned: Sequence[Word], own: Sequence[Word]) -> list[Word]:
    """Return words in which those without a place have the engine's times, as far as the others leave room.

    So have those that the aligner has placed far from where the engine has them: a small word beside a pause, or one
    that was recognised wrongly, is found in other sound.
    """
    words, done = list(aligned), list(aligned)
    if [word.text for word in words] != [word.text for word in own]:
        return done
    for at, (word, theirs) in enumerate(zip(words, own, strict=True)):
        if max(word.start - theirs.end, theirs.start - word.end) > FAR:
            done[at] = words[at] = replace(word, source="interpolated")
    clock = 0.0
    for at, (word, theirs) in enumerate(zip(words, own, strict=True)):
        if word.source == "interpolated":
            latest = next((after.start for after in words[at:] if after.source != "interpolated"), theirs.end)
            start = max(clock, min(theirs.start, latest))
            done[at] = replace(theirs, start=start, end=max(start, min(theirs.end, latest)))
        elif theirs.score is not None:  # how sure the recogniser is; the aligner's says how well the sound fits
            done[at] = replace(word, score=theirs.score)
        clock = done[at].end
    return done


def shared(words: Sequence[Word], within: Region) -> list[Word]:
    """Spread words without a place over the time between their neighbours, in proportion to their letters."""
    done: list[Word] = []
    at = 0
    while at < len(words):
        if words[at].source != "interpolated":
            done.append(words[at])
            at += 1
            continue
        last = at
        while last < len(words) and words[last].source == "interpolated":
            last += 1
        start = done[-1].end if done else min(within.start, words[last].start if last < len(words) else within.start)
        end = max(start, words[last].start if last < len(words) else within.end)
        done += (replace(word, score=None) for word in spread(words[at:last], start, end))
        at = last
    return done


@dataclass(frozen=True, slots=True)
class _ClipTape:
    """A clip in place of a recording."""

    whole: Clip

    def clip(self, start: float, end: float, speech: Sequence[Region] = ()) -> Clip:
        """Return a stretch of the clip."""
        inside = tuple(one for one in speech if one.end > start and one.start < end)
        return replace(cut(self.whole, start, end), speech=inside)
