"""Subtitle cues: shaped from a transcript, and checked against the constraints.

The words are made into units (`asrcli.formats.units`), the best cut of the units is found (`asrcli.formats.optimiser`),
and here the cut becomes cues.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from asrcli.formats.optimiser import Cut, Optimiser
from asrcli.formats.text import clean, label
from asrcli.formats.units import Unit, columns, milliseconds, reading_time, recording_end, units
from asrcli.types import Word

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Transcript


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: what stands on the screen from `start` to `end`, in whole milliseconds expressed in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]  # without the speaker
    speaker: str | None = None
    words: tuple[tuple[Word, ...], ...] = ()  # of each line in order; their texts joined give the line

    @property
    def text(self) -> str:
        """The lines with the label of the speaker, as srt shows them."""
        return label(self.speaker) + "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Violation:
    """A constraint that a cue does not keep."""

    cue: int  # counted from 0
    constraint: str  # the name of the field of `Layout`, or "order" or "empty"
    value: float
    limit: float

    def __str__(self) -> str:
        return f"cue {self.cue + 1}: {self.constraint} {self.value:g}, limit {self.limit:g}"


def shape(transcript: Transcript, layout: Layout) -> tuple[list[Cue], list[str]]:
    """Return the cues of a transcript in the order of time, and one line about each constraint they cannot keep.

    Cues never overlap, start with speech and end within the recording. A constraint is broken only where no cut of the
    words keeps it: one word that is wider than a line, or speech faster than the reading speed with no pause after it.
    """
    global _latest
    known = _latest
    if known is None or known[0] is not transcript or known[1] != layout:
        known = _latest = (transcript, layout, *_shape(transcript, layout))
    return list(known[2]), list(known[3])


# The last answer: srt, vtt and ass of one recording are rendered one after the other from the same object.
_latest: tuple[Transcript, Layout, list[Cue], list[str]] | None = None


def _shape(transcript: Transcript, layout: Layout) -> tuple[list[Cue], list[str]]:
    if layout.by_segment:
        return list(_cues_by_segment(transcript)), []
    found = units(transcript, layout.max_line_width)
    cues = [_cue(found, cut) for cut in Optimiser(found, layout, recording_end(transcript)).cuts()]
    return cues, [str(violation) for violation in check_cues(cues, layout)]


def check_cues(cues: Sequence[Cue], layout: Layout) -> list[Violation]:
    """Return every constraint that a cue breaks. Works on what was read from a file as well as on what was shaped."""
    found: list[Violation] = []
    for number, cue in enumerate(cues):
        following = milliseconds(cues[number + 1].start) if number + 1 < len(cues) else None
        for constraint, value, lowest, highest in _measures(cue, following, layout):
            if lowest is not None and value < lowest:
                found.append(Violation(number, constraint, value, lowest))
            if highest is not None and value > highest:
                found.append(Violation(number, constraint, value, highest))
    return found


Measure = tuple[str, float, float | None, float | None]  # constraint, value, lowest, highest


def _measures(cue: Cue, following: int | None, layout: Layout) -> list[Measure]:
    start, end = milliseconds(cue.start), milliseconds(cue.end)
    length = end - start
    lines = [label(cue.speaker) + line if not number else line for number, line in enumerate(cue.lines)]
    total = sum(map(columns, lines))
    measures: list[Measure] = [
        ("empty", sum(len(line.strip()) for line in cue.lines), 1, None),
        ("max_lines", len(lines), None, layout.max_lines),
        ("max_line_width", max(map(columns, lines), default=0), None, layout.max_line_width),
        ("min_duration", length / 1000, milliseconds(layout.min_duration) / 1000, None),
    ]
    if layout.max_duration is not None:
        measures.append(("max_duration", length / 1000, None, milliseconds(layout.max_duration) / 1000))
    if layout.max_cps is not None and length < reading_time(total, layout.max_cps):
        measures.append(("max_cps", round(total * 1000 / max(1, length), 2), None, layout.max_cps))
    if layout.max_words_per_line is not None:
        words = max(map(_count_words, cue.lines), default=0)
        measures.append(("max_words_per_line", words, None, layout.max_words_per_line))
    if following is not None:
        measures.append(("order", (following - start) / 1000, 0.001, None))
        measures.append(("min_gap", (following - end) / 1000, milliseconds(layout.min_gap) / 1000, None))
    return measures


def _count_words(line: str) -> int:
    """Count the words of a line; punctuation set off by spaces is none."""
    return sum(any(map(str.isalnum, token)) for token in line.split())


def _cue(found: Sequence[Unit], cut: Cut) -> Cue:
    start, end = cut.start / 1000, cut.end / 1000
    rows = [found[first:stop] for first, stop in pairwise((cut.first, *cut.breaks, cut.stop))]
    words = tuple(tuple(_within(_words(row), start, end)) for row in rows)
    lines = tuple("".join(word.text for word in row) for row in words)
    return Cue(start, end, lines, found[cut.first].speaker, words)


def _words(line: Sequence[Unit]) -> Iterator[Word]:
    """Yield the parts of the units of one line, each after the space before it, if any."""
    for unit in line:
        for part in unit.parts:
            lead = " " if unit.spaced and unit is not line[0] and part is unit.parts[0] else ""
            yield Word(lead + part.text, part.start / 1000, part.end / 1000)


def _within(line: Iterable[Word], start: float, end: float) -> list[Word]:
    """Return the words with times that do not go back and lie in the cue."""
    kept: list[Word] = []
    last = start
    for word in line:
        begin = min(max(word.start, last), end)
        last = min(max(word.end, begin), end)
        kept.append(Word(word.text, begin, last))
    return kept


def _cues_by_segment(transcript: Transcript) -> Iterator[Cue]:
    for segment in transcript.segments:
        text = clean(segment.text)
        if text:
            line = list(_words(units(replace(transcript, segments=(segment,)), max_width=10**6)))
            start, end = milliseconds(segment.start) / 1000, milliseconds(segment.end) / 1000
            yield Cue(start, end, (text,), segment.speaker, (tuple(_within(line, start, end)),))
