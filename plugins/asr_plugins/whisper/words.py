"""From Whisper's tokens to timed pieces of text, and the times of their words.

Whisper writes ``<|0.00|> text <|2.40|><|2.40|> more <|5.00|>``. Word times come from the attention of the text on the
sound, followed by dynamic time warping (CTranslate2's ``align``; the method of openai-whisper's ``timing.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from statistics import fmean, geometric_mean, median
from typing import TYPE_CHECKING, Any, NamedTuple

from asrcli.types import SAMPLE_RATE, Region, Word

if TYPE_CHECKING:
    from asrcli.types import Samples

STEP = 0.02  # seconds per timestamp token
PREPENDED = "\"'“¿([{-"
APPENDED = "\"'.。,，!！?？:：”)]}、"
LONGEST_MEDIAN = 0.7  # seconds; openai-whisper's bound on the median length of a word
QUIET = 30.0  # dB below the loudest 10 ms of a word: such edges are a pause, not the word
LEVELS_PER_SECOND = 100
LEAST_SCORE = 1e-4  # of a word
UNWRITTEN = 1.0  # seconds of speech between two words that keep them apart
# Attention draws words out over others that the model leaves out. Seconds of speech that three words in a row have
# beyond those that their letters take, as slowly as somebody slow speaks, or the others here: each costs so much of how
# sure the model is of the words.
DRAWN_OUT, DRAWN_WORDS, LETTER, SLOWER = 0.18, 3, 0.11, 1.3
DIGIT = 4  # letters that a digit is worth
# A word by itself is less sure than in a sentence, and right all the same: words that a text lacks of four count, too.
LEAST_WORDS, LACKING = 4, 0.92
RUNS = ((6, 0.8), (3, 0.57))  # so many words in a row count with their mean divided by so much: others hide them
OUTLIER = 2.0  # a word after a pause is at most this many medians long: attention drags it over the pause


class Span(NamedTuple):
    """What a word was made of."""

    text: str  # with the space before it
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Text between two timestamps; times in seconds from the start of the window."""

    text: str
    start: float
    end: float
    tokens: tuple[int, ...]
    goes_on: bool = False  # the model closed this one and was about to start another
    stamp: float = 0.0  # its closing timestamp, before words move the end
    words: tuple[Word, ...] = ()
    spans: tuple[Span, ...] = ()  # one for each word

    @property
    def score(self) -> float | None:
        """The geometric mean of how sure the model is of each word; None before they are aligned."""
        sure = [max(word.score or 0.0, LEAST_SCORE) for word in self.words]
        return geometric_mean(sure) if sure else None


def split_pieces(tokens: Sequence[int], tokenizer: Any, seconds: float) -> list[Piece]:
    """Cut tokens at timestamps.

    Text that the model left open (no closing timestamp) ends with the window. A closing timestamp followed by an
    opening one and nothing else means that speech goes on: the last piece has ``goes_on``.
    """
    first = tokenizer.timestamp_begin
    pieces: list[Piece] = []
    for run in _runs(tokens, first):
        text = tuple(token for token in run if token < tokenizer.eot)
        stamps = [(token - first) * STEP for token in run if token >= first]
        if not text:
            continue
        start = stamps[0] if run[0] >= first else (pieces[-1].end if pieces else 0.0)
        end = stamps[-1] if run[-1] >= first and len(stamps) > (run[0] >= first) else seconds
        start, end = min(start, seconds), min(end, seconds)
        pieces.append(Piece(tokenizer.decode(text).strip(), start, max(start, end), tuple(run), stamp=max(start, end)))
    if pieces and len(tokens) > 1 and min(tokens[-2:]) >= first:  # closed twice
        pieces[-1] = replace(pieces[-1], goes_on=True)
    return pieces


def _runs(tokens: Sequence[int], first: int) -> Iterator[list[int]]:
    """Yield the tokens between two timestamps that follow each other."""
    run: list[int] = []
    for token in tokens:
        if run and token >= first and run[-1] >= first:
            yield run
            run = []
        run.append(token)
    if run:
        yield run


@dataclass(frozen=True, slots=True)
class Aligner:
    """Finds word times for the pieces of several windows of one language."""

    model: Any  # faster_whisper.WhisperModel
    tokenizer: Any

    def align(self, encoded: Any, windows: Sequence[Sequence[Piece]], frames: Sequence[int]) -> list[list[Piece]]:
        """Return the pieces of each window with their words, and with starts and ends moved to them.

        Args:
            encoded: the encoder's output, CTranslate2's (windows, 1500, width).
            windows: the pieces of each window, none of them empty.
            frames: how many of the window's 3000 feature frames hold audio.
        """
        from faster_whisper.transcribe import merge_punctuations

        eot = self.tokenizer.eot
        tokens = [[[token for token in piece.tokens if token < eot] for piece in pieces] for pieces in windows]
        flat = [list(chain.from_iterable(own)) for own in tokens]
        found = self.model.find_alignment(self.tokenizer, flat, encoded, list(frames))
        timed = []
        for pieces, own, alignment, count in zip(windows, tokens, found, frames, strict=True):
            _shorten_after_pauses(alignment)
            merge_punctuations(alignment, PREPENDED, APPENDED)
            timed.append(_share_out(pieces, [len(one) for one in own], alignment, count / 100))
        return timed


def _shorten_after_pauses(alignment: list[dict[str, Any]]) -> None:
    """Pull the start of words that attention drags over a pause towards their end, in place.

    The rule of openai-whisper: the first word, and one after the end of a sentence, is at most two medians long.
    """
    lengths = [float(word["end"] - word["start"]) for word in alignment]
    usual = min(LONGEST_MEDIAN, median([length for length in lengths if length > 0] or [0.0]))
    for number, word in enumerate(alignment):
        after_pause = number == 0 or alignment[number - 1]["word"].strip().endswith(tuple(".。!！?？"))
        if after_pause and word["end"] - word["start"] > OUTLIER * usual:
            word["start"] = word["end"] - OUTLIER * usual


def _share_out(
    pieces: Sequence[Piece], counts: Sequence[int], alignment: Sequence[dict[str, Any]], seconds: float
) -> list[Piece]:
    """Give each piece the words made of its tokens; times are clamped into the window and never go back."""
    words = iter(alignment)
    timed = []
    clock = 0.0
    for piece, count in zip(pieces, counts, strict=True):
        own: list[Word] = []
        spans: list[Span] = []
        taken = 0
        while taken < count and (word := next(words, None)) is not None:
            taken += len(word["tokens"])
            if not (text := word["word"].strip()):
                continue
            start = min(max(clock, float(word["start"])), seconds)
            clock = min(max(start, float(word["end"])), seconds)
            own.append(Word(text, round(start, 3), round(clock, 3), round(min(1.0, float(word["probability"])), 4)))
            spans.append(Span(word["word"], tuple(word["tokens"])))
        if own:
            piece = replace(piece, words=tuple(own), spans=tuple(spans), start=own[0].start, end=own[-1].end)
        timed.append(piece)
    return timed


def parted(piece: Piece, speech: Sequence[Region]) -> Iterator[Piece]:
    """Yield a piece in parts, between which there is speech of which no word was written.

    Args:
        piece: its words have the clock of `speech`.
        speech: as it was detected.
    """
    bounds = [0]
    for number, (left, right) in enumerate(pairwise(piece.words), 1):
        if _seconds(speech, left.end, right.start) >= UNWRITTEN:
            bounds.append(number)
    if len(bounds) == 1:
        yield piece
        return
    for first, last in pairwise([*bounds, len(piece.words)]):
        words, spans = piece.words[first:last], piece.spans[first:last]
        text = "".join(one.text for one in spans).strip()
        tokens = tuple(chain.from_iterable(one.tokens for one in spans))
        yield Piece(text, words[0].start, words[-1].end, tokens, piece.goes_on, piece.stamp, words, spans)


def before(words: Sequence[Word], limit: float) -> tuple[Word, ...]:
    """Return words of which those that attention put behind a limit, in seconds, share what is left before it."""
    late = next((number for number, one in enumerate(words) if one.end > limit), len(words))
    start = min(words[late - 1].end if late else words[0].start if words else limit, limit)
    each = (limit - start) / max(1, len(words) - late)
    placed = (
        replace(one, start=start + number * each, end=start + (number + 1) * each)
        for number, one in enumerate(words[late:])
    )
    return (*words[:late], *placed)


def certainty(words: Sequence[Word]) -> float:
    """Return the mean of how sure the model is of each word, or of a few in a row that are far less so."""
    sure = [word.score or 0.0 for word in words]
    runs = (fmean(sure[at : at + run]) / share for run, share in RUNS for at in range(len(sure) - run + 1))
    return min(fmean([*sure, *[LACKING] * (LEAST_WORDS - len(sure))]), *runs, 1.0)


def drawn_out(words: Sequence[Word], speech: Sequence[Region]) -> float:
    """Return what is to be taken off how sure the model is, as a few words have more speech than their letters take."""
    if len(words) < LEAST_WORDS:
        return 0.0
    spoken = [_seconds(speech, one.start, one.end) for one in words]
    letters = [_letters(one.text) for one in words]
    paces = [took / many for took, many in zip(spoken, letters, strict=True) if took]
    pace = max(LETTER, SLOWER * median(paces or [0.0]))
    beyond = [took - pace * many for took, many in zip(spoken, letters, strict=True)]
    most = max(sum(beyond[at : at + DRAWN_WORDS]) for at in range(len(beyond) - DRAWN_WORDS + 1))
    return DRAWN_OUT * max(0.0, most)


def _letters(text: str) -> int:
    return sum(DIGIT if char.isdigit() else 1 for char in text if char.isalnum()) or 1


def _seconds(speech: Sequence[Region], start: float, end: float) -> float:
    """Return how much speech lies between two times."""
    return sum(max(0.0, min(one.end, end) - max(one.start, start)) for one in speech)


def move(word: Word, offset: float, seconds: float) -> Word:
    """Return a word with later times that stay within `seconds`."""
    return replace(word, start=min(word.start + offset, seconds), end=min(word.end + offset, seconds))


def tighten(words: Sequence[Word], samples: Samples) -> tuple[Word, ...]:
    """Move the edges of words inwards over pauses.

    Dynamic time warping leaves no gaps: a word takes the pause before it. Here the first and last 10 ms of a word are
    at most 30 dB below its loudest. On digit strings with known edges the mean error of the starts falls from 0.25 s
    to 0.12 s; over music or noise nothing moves.

    Args:
        words: times from the start of `samples`.
    """
    import numpy as np

    hop = SAMPLE_RATE // LEVELS_PER_SECOND
    count = len(samples) // hop
    power = np.mean(np.square(samples[: count * hop].reshape(count, hop)), axis=1) if count else np.zeros(0)
    least = 10.0 ** (-QUIET / 10.0)
    tightened = []
    for word in words:
        first, last = int(word.start * LEVELS_PER_SECOND), int(word.end * LEVELS_PER_SECOND)
        own = power[first:last]
        loud = np.flatnonzero(own > own.max() * least) if len(own) else own
        if len(loud):
            start = max(word.start, (first + int(loud[0])) / LEVELS_PER_SECOND)
            end = min(word.end, (first + int(loud[-1]) + 1) / LEVELS_PER_SECOND)
            word = replace(word, start=start, end=max(start, end))
        tightened.append(word)
    return tuple(tightened)
