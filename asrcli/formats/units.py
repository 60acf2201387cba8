"""Cut a transcript into the smallest stretches of text that subtitles never tear apart, each with its times.

A `Unit` is a word with the punctuation that belongs to it; in scripts without spaces, what the engine gave as a word,
or one character where it gave no words. Times are whole **milliseconds** here, so that no rounding can make cues
overlap.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asrcli.base.join import is_unspaced
from asrcli.formats.text import clean
from asrcli.types import Word

if TYPE_CHECKING:
    from asrcli.types import Segment, Transcript

# What may not begin a line (JIS X 4051 and W3C "Requirements for Japanese Text Layout" 3.1.7, GB/T 15834) and what may
# not end one, with their Latin counterparts.
NO_START = frozenset(
    "!%),.:;?]}¢°’”†‡›»…‥‰、。〃々〉》」』】〕〗〙〛〜ゝゞ・ーァィゥェォッャュョヮヵヶぁぃぅぇぉっゃゅょゎゕゖㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ！％），．：；？］｝｠｡｣､･ｰ～‐–—"
)
NO_END = frozenset("([{‘“‹«〈《「『【〔〖〘〚（［｛｟｢$£¥＄￡￥")
SENTENCE_END = frozenset(".!?…。！？｡؟۔।॥။។")
CLAUSE_END = frozenset(",;:、，；：،؛—–")
CLOSING = frozenset("\"'”’»›)]}）］｝」』】〕〉》｣")
TITLES = frozenset({"Mr.", "Mrs.", "Ms.", "Dr.", "St."})  # no sentence ends with these

PHRASE_PAUSE = 300  # milliseconds; a shorter silence is a stop consonant or a breath
TICK = 20  # milliseconds; units start at least this far apart, so that every cue can be seen and none is empty


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a unit that is highlighted on its own: one word of the engine, or a share of one."""

    text: str
    start: int
    end: int
    timed: bool = True  # False: its times are its share of those of a longer text


@dataclass(frozen=True, slots=True)
class Unit:
    """Text that stays on one line. ``start < end``; units of a transcript start one after the other."""

    text: str
    start: int
    end: int
    parts: tuple[Part, ...]
    spaced: bool  # a space stands before it when it does not begin a line
    speaker: str | None = None
    closes_segment: bool = False
    width: int = 0  # columns


def columns(text: str) -> int:
    """Return the display width: wide East Asian characters are two columns, combining marks none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.east_asian_width(char) in "WF":
        return 2
    return 0 if unicodedata.category(char) in ("Mn", "Me", "Cf") else 1


def units(transcript: Transcript, max_width: int) -> list[Unit]:
    """Return the units of all segments in the order of time, with times that increase and lie in the recording.

    Args:
        transcript: where the text comes from; segments without words get times in proportion to their text.
        max_width: columns; characters that should not be torn apart (kinsoku) are, when together they are wider.
    """
    found = _joined(transcript, max_width)
    if len({unit.speaker for unit in found}) > 1:
        found = _interleave(found)
    return _spread(found, recording_end(transcript))


def units_by_speaker(transcript: Transcript, max_width: int) -> list[list[Unit]]:
    """Return the units of each speaker by themselves; those of different speakers may overlap in time."""
    found = _joined(transcript, max_width)
    end = recording_end(transcript)
    speakers = dict.fromkeys(unit.speaker for unit in found)
    return [_spread([unit for unit in found if unit.speaker == speaker], end) for speaker in speakers]


def _joined(transcript: Transcript, max_width: int) -> list[Unit]:
    """Return the units of all segments with their own times, segment by segment."""
    found: list[Unit] = []
    for segment in sorted(transcript.segments, key=lambda one: (one.start, one.end)):
        pieces = _pieces(segment, max_width)
        if segment.speaker:
            pieces = [replace(piece, speaker=segment.speaker) for piece in pieces]
        merged = _merge(pieces, max_width)
        if merged:
            glued = found and is_unspaced(found[-1].text[-1]) and is_unspaced(merged[0].text[0])
            merged[0] = replace(merged[0], spaced=bool(found) and not glued)
            merged[-1] = replace(merged[-1], closes_segment=True)
        found += (replace(unit, width=columns(unit.text)) for unit in merged)
    return found


def _interleave(found: Sequence[Unit]) -> list[Unit]:
    """Return units in the order of time where speakers talk at once, phrase by phrase.

    Cues cannot overlap, so a phrase said under another waits for its end; the order of one speaker's words stays.
    """
    phrases: list[list[Unit]] = []
    keys: list[int] = []
    latest: dict[str | None, int] = {}
    for before, unit in zip([None, *found], found, strict=False):
        if before is None or before.speaker != unit.speaker or _ends_phrase(before, unit):
            phrases.append([])
            latest[unit.speaker] = max(unit.start, latest.get(unit.speaker, 0))
            keys.append(latest[unit.speaker])
        phrases[-1].append(unit)
    order = sorted(range(len(phrases)), key=lambda number: keys[number])
    return [unit for number in order for unit in phrases[number]]


def _ends_phrase(unit: Unit, following: Unit) -> bool:
    return ending(unit) != "word" or following.start - unit.end >= PHRASE_PAUSE


def ending(unit: Unit) -> str:
    """Return what ends with a unit: a ``sentence``, a ``clause``, a ``segment``, or only a ``word``."""
    text = unit.text.rstrip("".join(CLOSING)) or unit.text
    if text[-1] in SENTENCE_END and not _is_abbreviation(text):
        return "sentence"
    if text[-1] in CLAUSE_END:
        return "clause"
    return "segment" if unit.closes_segment else "word"


def _is_abbreviation(text: str) -> bool:
    """Return whether a full stop follows one letter ("J.") or a title that many European languages share."""
    return text.endswith(".") and (text in TITLES or (len(text) == 2 and text[0].isalpha()))


def _pieces(segment: Segment, max_width: int) -> list[Unit]:
    text = clean(segment.text)
    whole = Part(text, milliseconds(segment.start), milliseconds(segment.end), timed=False)
    spelled = list(spell(text, [clean(word.text) for word in segment.words])) if segment.words else []
    if not spelled:
        return _share(text, whole, max_width, split_all=True)
    pieces: list[Unit] = []
    for number, (piece, spaced) in spelled:
        word = segment.words[number]
        start, timed = milliseconds(word.start), word.source != "interpolated"
        part = Part(piece, start, max(start, milliseconds(word.end)), timed)
        shared = _share(piece, part, max_width, split_all=False)
        if shared:
            shared[0] = replace(shared[0], spaced=spaced)
        pieces += (replace(one, speaker=word.speaker) for one in shared)
    return pieces


def interpolated_words(segment: Segment) -> tuple[Word, ...]:
    """Return the words of a segment that has none, with times in proportion to their text."""
    whole = Part(clean(segment.text), milliseconds(segment.start), milliseconds(segment.end))
    shared = _share(whole.text, whole, max_width=10**6, split_all=True)
    return tuple(Word(one.text, one.start / 1000, one.end / 1000, source="interpolated") for one in shared)


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds, not before the start of the recording."""
    return max(0, round(seconds * 1000))


def recording_end(transcript: Transcript) -> int | None:
    """Return the millisecond at which the recording ends, or ``None`` when that is unknown."""
    return milliseconds(transcript.recording.start + transcript.seconds) if transcript.seconds > 0 else None


def reading_time(width: int, max_cps: float) -> int:
    """Return the milliseconds that it takes to read a number of columns."""
    return -int(-width * 1000 // max_cps)


def spell(text: str, words: Sequence[str]) -> Iterator[tuple[int, tuple[str, bool]]]:
    """Yield (number of the word, (its text, whether a space stands before it)) so that nothing of the text is lost.

    Punctuation between words goes to the word before it unless it opens something. When the words are not the words of
    the text, they are taken as they are, joined by the rule of their script.
    """
    cursor = 0
    found: list[tuple[int, int, int]] = []  # number, start and end in the text
    for number, word in enumerate(words):
        if not word:
            continue
        at = text.find(word, cursor)
        if at < 0 or any(char.isalnum() for char in text[cursor:at]):
            yield from _spell_by_script(words)
            return
        found.append((number, at, at + len(word)))
        cursor = at + len(word)
    if any(char.isalnum() for char in text[cursor:]):
        yield from _spell_by_script(words)
        return
    for position, (number, start, end) in enumerate(found):
        before = text[found[position - 1][2] : start] if position else text[:start]
        after = text[end : found[position + 1][1]] if position + 1 < len(found) else text[end:]
        lead = before.lstrip() if not position else before[_belongs_before(before) :].lstrip()
        trail = after[: _belongs_before(after)] if position + 1 < len(found) else after
        spaced = before[: len(before) - len(lead)][-1:] == " "
        yield number, (lead + text[start:end] + trail.rstrip(), spaced)


def _belongs_before(between: str) -> int:
    """Return how many characters between two words belong to the first of them."""
    for position, char in enumerate(between):
        if char in NO_END or (char in "\"'-" and between[position - 1 : position] == " "):
            return position
    return len(between)


def _spell_by_script(words: Sequence[str]) -> Iterator[tuple[int, tuple[str, bool]]]:
    last = ""
    for number, word in enumerate(words):
        if word:
            glued = last and is_unspaced(last) and is_unspaced(word[0])
            yield number, (word, bool(last) and not glued)
            last = word[-1]


def _share(text: str, whole: Part, max_width: int, split_all: bool) -> list[Unit]:
    """Cut text where a line may be broken, and give every piece its share of the time."""
    pieces: list[tuple[str, bool]] = []
    for token in text.split():
        split = split_all or columns(token) > max_width
        for number, piece in enumerate(_runs(token, max_width) if split else [token]):
            pieces.append((piece, bool(pieces) and number == 0))
    weights = [columns(piece) + spaced for piece, spaced in pieces]
    total = max(1, sum(weights))
    made: list[Unit] = []
    done = 0
    for (piece, spaced), weight in zip(pieces, weights, strict=True):
        start = whole.start + (whole.end - whole.start) * done // total
        done += weight
        end = whole.start + (whole.end - whole.start) * done // total
        made.append(Unit(piece, start, end, (Part(piece, start, end, whole.timed),), spaced))
    return made


def _runs(token: str, max_width: int) -> Iterator[str]:
    """Cut a token without spaces: Chinese and Japanese at every character, the scripts of South-East Asia (which need
    a dictionary to find words) only when the whole is too wide, everything else nowhere."""
    run = ""
    breakable = False
    tear = columns(token) > max_width
    for cluster in clusters(token):
        free = is_unspaced(cluster[0]) and (tear or ord(cluster[0]) >= 0x3000)
        if run and (free or breakable):
            yield run
            run = ""
        run += cluster
        breakable = free
    if run:
        yield run


def clusters(text: str) -> Iterator[str]:
    """Yield what a reader takes for one character: a base with its marks, Thai and Lao vowels, joined emoji.

    A small part of Unicode Standard Annex 29, enough never to tear a mark from its base.
    """
    cluster = ""
    for char in text:
        mark = unicodedata.category(char) in ("Mn", "Mc", "Me", "Cf") or char in "ะาำๅๆະາຳໆ"
        if cluster and not mark and cluster[-1] not in "\u200dเแโใไເແໂໃໄ":
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _merge(pieces: Iterable[Unit], max_width: int) -> list[Unit]:
    """Join pieces between which a line may not be broken."""
    merged: list[Unit] = []
    for piece in pieces:
        if merged and _inseparable(merged[-1], piece, max_width):
            last = merged[-1]
            glue = " " if piece.spaced else ""
            parts = (*last.parts, replace(piece.parts[0], text=glue + piece.parts[0].text), *piece.parts[1:])
            merged[-1] = replace(last, text=last.text + glue + piece.text, end=max(last.end, piece.end), parts=parts)
        else:
            merged.append(piece)
    return merged


def _inseparable(first: Unit, second: Unit, max_width: int) -> bool:
    if first.speaker != second.speaker:
        return False
    before, after = first.text[-1], second.text[0]
    if not second.spaced and not is_unspaced(before) and not is_unspaced(after):
        return True  # "twenty" "-one": never torn, however wide
    if second.spaced:  # French sets its punctuation off by spaces; ".NET" is a word
        bound = (_is_sign(second.text) and after in NO_START) or (_is_sign(first.parts[-1].text) and before in NO_END)
    else:
        mixed = is_unspaced(before) != is_unspaced(after)
        bound = before in NO_END or after in NO_START or (mixed and (_binds(before) or _binds(after)))
    return bound and columns(first.text) + second.spaced + columns(second.text) <= max_width


def _is_sign(text: str) -> bool:
    return not any(map(str.isalnum, text))


def _binds(char: str) -> bool:
    """Return whether a character of a spaced script clings to what stands beside it: quotes and other signs do."""
    return not is_unspaced(char) and not char.isalnum()


def _spread(found: list[Unit], end: int | None) -> list[Unit]:
    """Make starts increase by at least `TICK` and keep everything before `end`; both in milliseconds.

    Engines do give several words the same times, and words after the end of the recording.
    """
    starts: list[int] = []
    for unit in found:
        starts.append(max(unit.start, starts[-1] + TICK if starts else 0))
    limit = end
    tick = TICK if end is None else max(1, min(TICK, end // max(1, len(found))))
    for position in range(len(starts) - 1, -1, -1):
        if limit is None or starts[position] <= limit - tick:
            break
        limit = starts[position] = max(0, limit - tick)
    spread: list[Unit] = []
    for position, unit in enumerate(found):
        following = starts[position + 1] if position + 1 < len(starts) else end
        start = starts[position]
        stop = max(unit.end, start + 1)
        stop = stop if following is None else max(start, min(stop, following))
        same = start == unit.start and stop == unit.end
        spread.append(unit if same else replace(unit, start=start, end=stop))
    return spread
