"""Words with times, status and source, the stretches without text, and what is to be said about them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from asrcli.alignment.confidence import confident, is_spoken, seconds_of, told_by
from asrcli.alignment.places import Placed
from asrcli.alignment.script import Script, silent_words, written_words
from asrcli.alignment.sound import Survey
from asrcli.alignment.spoken import spoken_words
from asrcli.pipeline.flags import gaps
from asrcli.types import Leap, Recording, Region, Segment, Transcript, Word, WordStatus

LOW_SCORE = 0.3  # below it a word is doubtful
LEAST_GAP = 1.0  # seconds of speech without text that are worth a report
JOINED = 1.0  # seconds; a shorter pause between two words belongs to the text
NOTHING: Mapping[int, Sequence[str]] = {}
ENDED = re.compile(r"[.!?…。！？][\"'”’»)\]」』）]*$")  # a word that ends a sentence
FOREIGN = 0.25  # coverage below which text and sound plainly do not belong together

SIDE = 8  # words on each side that are asked
HALF = 1.0  # evidence, in log odds times seconds, that makes a leap as likely true as not
ROOM = 0.04  # seconds of speech for each letter, at least, where words may be said that nobody could hear
MUMBLED = 15  # words in a row, about, that a speaker mumbles whose words are often low


@dataclass(frozen=True, slots=True)
class Token:
    """A written word, and which of the spoken words it is: ``[first, last)``; none for a dash."""

    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Spelling:
    """A script as spoken words, and how to come back from them."""

    script: Script
    tokens: tuple[tuple[Token, ...], ...]  # for each piece
    spoken: tuple[str, ...]

    @property
    def starts(self) -> list[int]:
        """The numbers of the spoken words that begin a piece or a sentence, in order."""
        first = {own[0].first for own in self.tokens if own}
        after = {token.last for own in self.tokens for token in own if ENDED.search(token.text)}
        return sorted(first | after - {len(self.spoken)})


@dataclass(frozen=True, slots=True)
class Summary:
    """How much of the text was found."""

    words: int  # that have a spoken form
    found: int
    low: int
    sure: int  # that were found with confidence
    longest: Word | None  # of those found

    @property
    def coverage(self) -> float:
        """The share of the words that was found with confidence, 0 to 1."""
        return self.sure / self.words if self.words else 1.0


def spell(script: Script, language: str | None, chosen: Mapping[int, Sequence[str]] = NOTHING) -> Spelling:
    """Return a script as spoken words; ``chosen`` are the readings of written words, by their number in the text."""
    spoken: list[str] = []
    pieces = []
    numbers = count()
    for piece in script.pieces:
        tokens = []
        written = written_words(piece.text)
        silent = silent_words(written) if script.cues else frozenset()
        for place, text in enumerate(written):
            first, number = len(spoken), next(numbers)
            said = () if place in silent else spoken_words(text, language)
            spoken += chosen.get(number, said)
            tokens.append(Token(text, first, len(spoken)))
        pieces.append(tuple(tokens))
    return Spelling(script, tuple(pieces), tuple(spoken))


def at_starts(words: Sequence[str], placed: Sequence[Placed | None], starts: frozenset[int]) -> list[Placed | None]:
    """Let stretches without a place begin where a sentence does, when that is as true.

    Of a passage that stands twice and is said once, the first words of the one and the rest of the other fit as well
    as one of them whole.

    Args:
        starts: numbers of the words that begin a piece of the text.
    """
    found = list(placed)
    number = 0
    while number < len(found):
        if found[number] is not None:
            number += 1
            continue
        end = number
        while end < len(found) and found[end] is None:
            end += 1
        _shift(words, found, number, end, starts)
        number = end
    return found


def _shift(words: Sequence[str], found: list[Placed | None], first: int, last: int, starts: frozenset[int]) -> None:
    """Move one stretch ``[first, last)`` without places to the nearest start before or after it that is as true."""
    back = 0
    while first - back not in starts and first - back > 0 and words[first - back - 1] == words[last - back - 1]:
        back += 1
    on = 0
    while first + on not in starts and last + on < len(words) and words[first + on] == words[last + on]:
        on += 1
    if back and first - back in starts:
        for number in range(1, back + 1):
            found[last - number], found[first - number] = found[first - number], None
    elif on and first + on in starts:
        for number in range(on):
            found[first + number], found[last + number] = found[last + number], None


def written_back(tokens: Sequence[Token], placed: Sequence[Placed | None], within: Region) -> list[Word]:
    """Return written words with times, those without a place between their neighbours, all ``within`` a stretch."""
    words: list[Word | None] = []
    earliest = within.start
    for token in tokens:
        own = [one for one in placed[token.first : token.last] if one is not None]
        if not own or 2 * len(own) < token.last - token.first:
            words.append(None)
            continue
        start = min(max(own[0].start, earliest), within.end)
        end = min(max(own[-1].end, start), within.end)
        words.append(_word(token, own, start, end, len(own) == token.last - token.first))
        earliest = end
    return _interpolated(tokens, words, within)


def _word(token: Token, own: Sequence[Placed], start: float, end: float, whole: bool) -> Word:
    scores = [(one.score, one.end - one.start) for one in own if one.score is not None]
    weight = sum(seconds for _, seconds in scores)
    score = round(sum(one * seconds for one, seconds in scores) / weight, 3) if weight else None
    status: WordStatus = "ok" if whole and (score is None or score >= LOW_SCORE) else "low"
    phones = tuple(
        replace(phone, start=max(start, phone.start), end=min(end, phone.end)) for one in own for phone in one.phones
    )
    phones = tuple(phone for phone in phones if phone.end > phone.start)
    return Word(token.text, start, end, score, "aligned", status=status, phones=phones)


def _interpolated(tokens: Sequence[Token], words: Sequence[Word | None], within: Region) -> list[Word]:
    """Fill in the words without a place.

    One that was not found only marks where it would be: at the end of the word before it, without length. One that has
    no spoken form (a dash, a number in a language that nobody here spells) shares the time between its neighbours.
    """
    first = next((word.start for word in words if word is not None), within.start)
    done: list[Word] = []
    for token, word in zip(tokens, words, strict=True):
        if word is None:
            at = done[-1].end if done else first
            word = Word(token.text, at, at, None, "interpolated", status="ok")
            if token.first < token.last:  # it has a spoken form
                word = replace(word, score=0.0, status="not_in_audio")
        done.append(word)
    return done


def transcript_of(
    spelling: Spelling,
    placed: Sequence[Placed | None],
    recording: Recording,
    survey: Survey,
    aligner: str,
    scored: bool = True,
) -> Transcript:
    """Return the aligned text as a transcript: a segment for each piece, and the speech that has no text as gaps.

    ``scored`` as in `confident`; a word that is not found with confidence is ``low`` at best.
    """
    within = Region(recording.start, recording.start + survey.seconds)
    tokens = [token for piece in spelling.tokens for token in piece]
    placed = at_starts(spelling.spoken, placed, frozenset(piece[0].first for piece in spelling.tokens if piece))
    written = written_back(tokens, placed, within)
    sure = confident(written, survey.speech, scored, survey.detected)
    heard = [word for number, word in enumerate(written) if number in sure]
    words = iter(_doubted(word) if number not in sure else word for number, word in enumerate(written))
    segments = []
    for piece, own in zip(spelling.script.pieces, spelling.tokens, strict=True):
        said = tuple(replace(next(words), speaker=piece.speaker) for _ in own)
        if said:
            segments.append(_segment(piece.text, said, piece.speaker))
    return Transcript(
        recording=replace(recording, seconds=recording.seconds or survey.seconds),
        segments=tuple(segments),
        engine=aligner,
        seconds=survey.seconds,
        speech=survey.speech,
        gaps=without_text((*survey.speech, *survey.left_out), heard),
        leaps=leaps_of(written, sure, survey.speech),
    )


def _doubted(word: Word) -> Word:
    return replace(word, status="low") if word.status == "ok" and is_spoken(word) else word


def _segment(text: str, words: tuple[Word, ...], speaker: str | None) -> Segment:
    found = [word for word in words if word.status != "not_in_audio"] or list(words)
    scores = [word.score for word in found if word.score is not None]
    mean = round(sum(scores) / len(scores), 3) if scores else None
    return Segment(text, found[0].start, found[-1].end, words, speaker, score=mean)


def without_text(speech: Sequence[Region], words: Iterable[Word]) -> tuple[Region, ...]:
    """Return the stretches of speech in which no word was found with confidence."""
    around = [Region(word.start - JOINED / 2, word.end + JOINED / 2) for word in words]
    return gaps(speech, around, LEAST_GAP)


def summarise(transcript: Transcript, scored: bool = True, detected: bool = True) -> Summary:
    """Count what was found; ``scored`` and ``detected`` as in `confident`."""
    words = [word for segment in transcript.segments for word in segment.words]
    said = [word for word in words if is_spoken(word)]
    found = [word for word in said if word.status != "not_in_audio"]
    low = sum(word.status == "low" for word in found)
    sure = len(confident(words, transcript.speech or (), scored, detected))
    return Summary(len(said), len(found), low, sure, max(found, key=lambda word: word.end - word.start, default=None))


def leaps_of(words: Sequence[Word], sure: frozenset[int], speech: Sequence[Region] = ()) -> tuple[Leap, ...]:
    """Return the passages of the text that are not in the audio, and how sure that is, by what is around each.

    Args:
        sure: the numbers of those that are found with confidence.
    """
    found = []
    first = 0
    while first < len(words):
        last = first + 1
        if words[first].status == "not_in_audio":
            while last < len(words) and (words[last].status == "not_in_audio" or not is_spoken(words[last])):
                last += 1
            while not is_spoken(words[last - 1]):
                last -= 1
            count = sum(map(is_spoken, words[first:last]))
            confidence = min(_confidence(words, first, last, sure), _audibility(words, first, last, speech))
            found.append(Leap(first, count, words[first].start, confidence))
        first = last
    return tuple(found)


def _confidence(words: Sequence[Word], first: int, last: int, sure: frozenset[int]) -> float:
    """Return how sure it is that words ``[first, last)`` are not said: by the side that tells less."""
    sides = ([*range(first - 1, -1, -1)], [*range(last, len(words))])
    told = [told_by([words[number] for number in _beside(own, sure)]) for own in sides if own]
    return round(1.0 - 2.0 ** (-max(0.0, min(told)) / HALF), 3) if told else 0.0


def _audibility(words: Sequence[Word], first: int, last: int, speech: Sequence[Region]) -> float:
    """Return how sure it is that words ``[first, last)`` would be found if they were said, 0 to 1.

    Without speech that has no text and room for them they cannot be said. Where there is some, they may be in it,
    mumbled: the more so the more of the words around are doubtful, and the fewer they are.
    """
    start = words[first - 1].end if first else 0.0
    end = words[last].start if last < len(words) else math.inf
    missing = [word for word in words[first:last] if is_spoken(word)]
    if seconds_of(speech, start, end) < ROOM * sum(len(word.text) for word in missing):
        return 1.0
    near = [word for word in (*words[max(0, first - SIDE) : first], *words[last : last + SIDE]) if is_spoken(word)]
    clear = sum(word.status == "ok" for word in near)
    doubtful = (len(near) - clear + 1) / (len(near) + 2)
    return round(1.0 - math.pow(doubtful, len(missing) / MUMBLED), 3)


def _beside(numbers: Sequence[int], sure: frozenset[int]) -> list[int]:
    """Return the first numbers as long as they are sure."""
    found = []
    for number in numbers[:SIDE]:
        if number not in sure:
            break
        found.append(number)
    return found
