"""A recogniser as verifier: its hypothesis is matched with the text to tell which words are in the audio.

An aligner that places every word it is given does so well where all of them are said, and nothing else. That is what it
gets here: the words of the text that were recognised, and between them those that were and are not in the text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from asrcli.aligner import AlignedWord, Aligner
from asrcli.alignment.places import cut as cut_clip
from asrcli.alignment.readings import readings
from asrcli.alignment.script import written_words
from asrcli.types import SAMPLE_RATE, Clip, Options, Segment, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from asrcli.engines.recogniser import Recogniser

PIECE_SECONDS = 8.0  # that the recogniser hears at once: a sentence or two, so that a mistake stays small
QUIET = 0.01  # of the loudest sample: what stays below it is silence, in which recognisers invent words or lose them
SILENCE = 1.0  # seconds of it from which on it is left out
AROUND = 0.3  # but for so much
SUBSTITUTED_SCORE = 0.25  # of a word in whose place another was recognised; of others the share of letters is

# A word that is recognised and in the text gains up to 1, by the share of its letters.
ALIKE = 0.7  # share of letters in common from which two words may be the same one: "color" and "colours"
JOINED = 0.8  # and two words and one: "everybody" and "every body"
UNTOLD = 1.0  # price of a recognised word that is not in the text
MORE_UNTOLD = 0.4  # and of every other one after it: what is not in the text is rather one passage than ten words
SUBSTITUTED = 0.7  # price of a word that is recognised as quite another one
LEAP = 2.0  # price of words of the text that are not recognised, however many
NEAR = 1e-4  # and a little for each: of places that are the same the nearest
OUT = -1e9
PAIRS = ((1, 1), (1, 2), (2, 1))  # numbers of recognised words that are one or two of the text


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a clip and the words recognised in it."""

    clip: Clip
    words: tuple[str, ...]
    times: tuple[AlignedWord | None, ...]  # the recogniser's own, seconds of the clip, where they are asked for


class Listener(Aligner):
    """Verifies words by a recogniser's hypothesis, and times them by an aligner."""

    name = "listener"
    max_seconds = 60.0
    rejects = True
    recognises = True

    def __init__(self, recogniser: Recogniser, aligner: Aligner) -> None:
        self.recogniser, self.aligner = recogniser, aligner
        engine = recogniser.choice.engine
        self.piece_seconds = min(PIECE_SECONDS, engine.max_seconds, aligner.max_seconds)
        self.spoken = engine.languages(recogniser.choice.weights.name)
        # An aligner that rejects words may not find one that was recognised: the recogniser's own time serves there.
        self.options = Options(word_timestamps=aligner.rejects and "word_timestamps" in engine.supports)
        self._last: tuple[Clip, str | None, list[Piece]] | None = None  # one clip is often asked about again

    def align(
        self, clips: Sequence[Clip], texts: Sequence[Sequence[str]], language: str | None
    ) -> list[list[AlignedWord | None]]:
        """Return when each word is said that was recognised, or misrecognised; ``None`` for the others."""
        return [self._align(clip, words, language) for clip, words in zip(clips, texts, strict=True)]

    def recognise(self, clips: Sequence[Clip], words: Sequence[str], language: str | None) -> list[list[Word]]:
        """Return the hypothesis for each clip, with the aligner's times; numbers as ``words`` say them."""
        found = []
        for clip in clips:
            pieces = [_spoken(piece, words, language) for piece in self._listen(clip, language)]
            known_times = [piece.times for piece in pieces]
            times = self._times(clip, pieces, [list(piece.words) for piece in pieces], known_times, language)
            texts = [word for piece in pieces for word in piece.words]
            found.append([Word(text, time.start, time.end) for text, time in zip(texts, times, strict=True)])
        return found

    def _align(self, clip: Clip, words: Sequence[str], language: str | None) -> list[AlignedWord | None]:
        pieces = [_spoken(piece, words, language) for piece in self._listen(clip, language)]
        hypothesis = [word for piece in pieces for word in piece.words]
        owners = [own for own, piece in enumerate(pieces) for _ in piece.words]
        own_times = [time for piece in pieces for time in piece.times]
        said: list[list[str]] = [[] for _ in pieces]
        known_times: list[list[AlignedWord | None]] = [[] for _ in pieces]
        numbers: list[int | None] = []  # which words of the text those are; None for what is not in it
        matches = match(hypothesis, words)
        for place, word, number in merged(hypothesis, words, matches):
            said[owners[place]].append(word)
            known_times[owners[place]].append(own_times[place])
            numbers.append(number)
        shares = {number: one.share for one in matches for number in range(one.first, one.last)}
        found: list[AlignedWord | None] = [None] * len(words)
        for number, time in zip(numbers, self._times(clip, pieces, said, known_times, language), strict=True):
            if number is not None:
                found[number] = replace(time, score=round(max(SUBSTITUTED_SCORE, shares[number]), 3))
        return found

    def _times(
        self,
        clip: Clip,
        pieces: Sequence[Piece],
        said: Sequence[Sequence[str]],
        known_times: Sequence[Sequence[AlignedWord | None]],
        language: str | None,
    ) -> Iterator[AlignedWord]:
        """Yield when each word of all pieces is said, in seconds of their clip."""
        aligned = self.aligner.align([piece.clip for piece in pieces], said, language)
        for piece, own, own_times in zip(pieces, aligned, known_times, strict=True):
            shift = piece.clip.start - clip.start
            end = 0.0
            for word, known in zip(own, own_times, strict=True):
                # It was recognised, even if the aligner has no place for it.
                word = word or (known if known and known.start >= end else AlignedWord(end, end))
                end = word.end
                yield replace(word, start=word.start + shift, end=end + shift)

    def _listen(self, clip: Clip, language: str | None) -> list[Piece]:
        """Return the recogniser's hypothesis for a clip, as it writes it.

        Raises:
            AsrError: the recogniser cannot hear it.
        """
        from asrcli.audio.cut import CutOptions, cut

        if self._last and self._last[0] is clip and self._last[1] == language:
            return self._last[2]
        options = CutOptions(max_seconds=self.piece_seconds, vad=None)
        known = language if language is None or not self.spoken or language in self.spoken else None
        clips = [
            replace(piece, language=known)
            for one in sounds(clip)
            for piece in cut([one.samples], replace(clip.recording, start=one.start), options)
        ]
        pieces = []
        for one, segments in zip(clips, self.recogniser.transcribe(clips, self.options), strict=True):
            if isinstance(segments, Exception):
                raise segments
            written = [pair for segment in segments for pair in _with_times(segment, one.start)]
            pieces.append(Piece(one, tuple(word for word, _ in written), tuple(time for _, time in written)))
        self._last = clip, language, pieces
        return pieces


def _spoken(piece: Piece, words: Sequence[str], language: str | None) -> Piece:
    """Return a piece as it is spoken: of the ways to say a number the first that stands in the text, else the usual."""
    text = f" {' '.join(map(plain, words))} "
    spoken = []
    for written, time in zip(piece.words, piece.times, strict=True):
        ways = readings(written, language)
        way = next((way for way in ways if f" {' '.join(map(plain, way))} " in text), ways[0])
        spoken += [(word, time) for word in way]
    return Piece(piece.clip, tuple(word for word, _ in spoken), tuple(time for _, time in spoken))


def _with_times(segment: Segment, start: float) -> Iterator[tuple[str, AlignedWord | None]]:
    """Yield the written words of a segment, with the recogniser's times in seconds from ``start`` if it has any."""
    if not segment.words:
        yield from ((word, None) for word in written_words(segment.text))
    for one in segment.words:
        yield from ((word, AlignedWord(one.start - start, one.end - start)) for word in written_words(one.text))


def sounds(clip: Clip) -> Iterator[Clip]:
    """Yield the stretches of a clip between its silences."""
    import numpy as np

    level = np.abs(clip.samples)
    loud = np.flatnonzero(level > QUIET * level.max(initial=0.0))
    if not len(loud):
        return
    breaks = np.flatnonzero(np.diff(loud) > SILENCE * SAMPLE_RATE)
    for first, last in zip(np.append(loud[0], loud[breaks + 1]), np.append(loud[breaks], loud[-1]), strict=True):
        start, end = (clip.start + int(number) / SAMPLE_RATE for number in (first, last))
        yield cut_clip(clip, start - AROUND, end + AROUND)


def merged(
    hypothesis: Sequence[str], words: Sequence[str], matches: Sequence[Match]
) -> Iterator[tuple[int, str, int | None]]:
    """Yield what is said: words of the text where they were recognised, and what was recognised besides.

    With each comes the place of what was recognised, and the number of the word of the text or ``None``.
    """
    at = 0
    for one in matches:
        yield from ((place, hypothesis[place], None) for place in range(at, one.spoken))
        yield from ((one.spoken, words[number], number) for number in range(one.first, one.last))
        at = one.spoken_end
    yield from ((place, hypothesis[place], None) for place in range(at, len(hypothesis)))


@dataclass(frozen=True, slots=True)
class Match:
    """Recognised words ``[spoken, spoken_end)`` that are the words ``[first, last)`` of the text."""

    spoken: int
    spoken_end: int
    first: int
    last: int
    share: float  # of the letters, 0 to 1; 0 where another word was recognised in its place


def match(hypothesis: Sequence[str], words: Sequence[str]) -> list[Match]:
    """Return which words of a text are recognised, in order; only a part of it may be said, and more besides.

    The best path through both is searched for exactly: a recognised word may be a word of the text, or two of them, or
    half of one; it may be none of them, at a price; and words of the text may be leapt over, at a price that does not
    grow with their number, so that a paragraph that is not said is left out whole instead of giving a word here and
    there.

    Args:
        words: those of the text, spoken too; more may follow.
    """
    found = best_path(hypothesis, words) if hypothesis and words else []
    while found and not found[-1].share:  # another word, and nothing of the text after it: why should it be this one
        found.pop()
    return found


def best_path(hypothesis: Sequence[str], words: Sequence[str]) -> list[Match]:
    """Return the path of the highest score; neither of the two is empty."""
    import numpy as np

    said, told = [plain(word) for word in hypothesis], [plain(word) for word in words]
    gains = {pair: likeness(joined(said, pair[0]), joined(told, pair[1]), pair) for pair in PAIRS}
    steps = np.arange(len(told) + 1) * NEAR
    # Scores of the best path to each cell: any; one that does not end in a leap; one that ends in an untold word.
    best, reached, untold = (np.full((len(said) + 1, len(told) + 1), OUT) for _ in range(3))
    for row in range(len(said) + 1):
        cells = untold[row]
        if row == 0:
            cells = np.append(0.0, cells[1:])
        else:
            cells = untold[row] = np.maximum(best[row - 1] - UNTOLD, untold[row - 1] - MORE_UNTOLD)
        for (down, across), gain in gains.items():
            if row >= down and len(told) >= across:
                cells[across:] = np.maximum(cells[across:], best[row - down, :-across] + gain[row - down])
        reached[row] = cells
        leapt = np.maximum.accumulate(cells + steps)[:-1] - steps[1:] - LEAP
        best[row] = np.append(cells[:1], np.maximum(cells[1:], leapt))
    return _path(best, reached, untold, gains)


def _path(best: Any, reached: Any, untold: Any, gains: Mapping[tuple[int, int], NDArray[Any]]) -> list[Match]:
    """Walk back from the best end: the rest of the text is left out for nothing."""
    import numpy as np

    row, column = len(best) - 1, int(np.argmax(best[-1]))
    found: list[Match] = []
    while row or column:
        if reached[row, column] < best[row, column]:  # a leap ends here
            column = int(np.argmax(reached[row, :column] + np.arange(column) * NEAR))
        elif step := _last_match(best, gains, row, column):
            found.append(step)
            row, column = step.spoken, step.first
        else:
            row = _start_of_untold(best, untold, row, column)
    return found[::-1]


def _start_of_untold(best: Any, untold: Any, row: int, column: int) -> int:
    """Return the first recognised word of those up to ``row`` that are not in the text."""
    while untold[row, column] != best[row - 1, column] - UNTOLD:
        row -= 1
    return row - 1


def _last_match(best: Any, gains: Mapping[tuple[int, int], NDArray[Any]], row: int, column: int) -> Match | None:
    """Return the match that the best path to a cell ends in, ``None`` where it ends otherwise."""
    for down, across in PAIRS:
        if row >= down and column >= across:
            gain = gains[down, across][row - down, column - across]
            if best[row - down, column - across] + gain == best[row, column]:
                return Match(row - down, row, column - across, column, share_of(gain, down, across))
    return None


def likeness(left: Sequence[str], right: Sequence[str], pair: tuple[int, int]) -> NDArray[Any]:
    """Return what each of some words gains with each of others, ``(left, right)``."""
    import numpy as np
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cdist

    shares = cdist(left, right, scorer=Indel.normalized_similarity, dtype=np.float64)
    if pair == (1, 1):
        return np.where(shares > ALIKE, 2.0 * shares - 1.0, -SUBSTITUTED)
    return np.where(shares > JOINED, 2.0 * (2.0 * shares - 1.0), OUT)


def share_of(gain: float, down: int, across: int) -> float:
    """Return the share of letters that a gain stands for."""
    return (float(gain) / max(down, across) + 1.0) / 2.0 if gain > 0 else 0.0


def joined(words: Sequence[str], count: int) -> list[str]:
    """Return each ``count`` words in a row as one."""
    return ["".join(words[at : at + count]) for at in range(len(words) - count + 1)]


def plain(word: str) -> str:
    """Return a word as its letters alone, without case and accents."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in parts if char.isalnum()) or word
