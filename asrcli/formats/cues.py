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
from asrcli.formats.units import Unit, columns, milliseconds, reading_time, recording_end, units, units_by_speaker
from asrcli.types import Word, WordSource

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout
    from asrcli.types import Segment, Transcript


LATE = 1.0  # seconds after its first word that a cue may begin, because another speaker's is still shown


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

    Cues start with speech (in the silence before it, where the recording ends before they could be read) and end within
    the recording. Those of one speaker never overlap; those of several do only where they talk at once and there is no
    time to show one after the other, or one would come late. A constraint is
    broken only where no cut of the words keeps it: one word that is wider than a line, or speech faster than the
    reading speed with no pause after it. The least duration is kept before the gap, and that before the number of lines
    and their width: a cue is short only where it is all that its speaker says, and the recording ends.
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
        return list(_cues_by_segment(transcript, layout.keep_breaks)), []
    found = units(transcript, layout.max_line_width)
    cuts = list(Optimiser(found, layout, recording_end(transcript)).cuts())
    cues = [_cue(found, cut) for cut in cuts]
    violations = check_cues(cues, layout)
    several = len({unit.speaker for unit in found}) > 1
    late = any(cut.start - found[cut.first].parts[0].start > LATE * 1000 for cut in cuts)
    if several and (late or any(one.constraint == "min_duration" for one in violations)):
        cues = _side_by_side(transcript, layout)
        violations = check_cues(cues, layout)
    return cues, [str(violation) for violation in violations]


def _cut(found: Sequence[Unit], layout: Layout, transcript: Transcript) -> list[Cue]:
    return [_cue(found, cut) for cut in Optimiser(found, layout, recording_end(transcript)).cuts()]


def _side_by_side(transcript: Transcript, layout: Layout) -> list[Cue]:
    """Return cues made for each speaker alone; one lasts into those of others only while it is said or must be read."""
    alone = [_cut(own, layout, transcript) for own in units_by_speaker(transcript, layout.max_line_width)]
    cues = sorted((cue for own in alone for cue in own), key=lambda cue: (cue.start, cue.end))
    found = []
    for number, cue in enumerate(cues):
        following = next((one.start for one in cues[number + 1 :] if one.speaker != cue.speaker), None)
        found.append(cue if following is None else _shortened(cue, following, layout))
    return found


def _shortened(cue: Cue, following: float, layout: Layout) -> Cue:
    """Return a cue that ends before another speaker's begins, unless it is said, or must be seen, until later."""
    said = max(word.end for row in cue.words for word in row)
    start, width = milliseconds(cue.start), sum(map(columns, cue.text.split("\n")))
    read = 0 if layout.max_cps is None else reading_time(width, layout.max_cps)
    needed = max(start + read, start + milliseconds(layout.min_duration), milliseconds(said))
    latest = milliseconds(following) - milliseconds(layout.min_gap)
    return replace(cue, end=min(milliseconds(cue.end), max(needed, latest)) / 1000)


def check_cues(cues: Sequence[Cue], layout: Layout) -> list[Violation]:
    """Return every constraint that a cue breaks. Works on what was read from a file as well as on what was shaped."""
    found: list[Violation] = []
    for number, cue in enumerate(cues):
        # Several speakers may be shown at once.
        own = (one.start for one in cues[number + 1 :] if one.speaker == cue.speaker)
        after = next(own, None)
        following = None if after is None else milliseconds(after)
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
            source: WordSource = "model" if part.timed else "interpolated"
            yield Word(lead + part.text, part.start / 1000, part.end / 1000, source=source)


def _within(line: Iterable[Word], start: float, end: float) -> list[Word]:
    """Return the words with times that do not go back and lie in the cue."""
    kept: list[Word] = []
    last = start
    for word in line:
        begin = min(max(word.start, last), end)
        last = min(max(word.end, begin), end)
        kept.append(replace(word, start=begin, end=last))
    return kept


def _cues_by_segment(transcript: Transcript, keep_breaks: bool) -> Iterator[Cue]:
    for segment in transcript.segments:
        lines = list(filter(None, map(clean, segment.text.split("\n") if keep_breaks else [segment.text])))
        if lines:
            start, end = milliseconds(segment.start) / 1000, milliseconds(segment.end) / 1000
            rows = (units(replace(transcript, segments=(row,)), max_width=10**6) for row in _rows(segment, lines))
            words = tuple(tuple(_within(_words(row), start, end)) for row in rows)
            yield Cue(start, end, tuple(lines), segment.speaker, words)


def _rows(segment: Segment, lines: Sequence[str]) -> Iterator[Segment]:
    """Yield a segment for each line of one, with the words that stand in it by their letters."""
    words = list(segment.words)[::-1]
    for line in lines[:-1]:
        own, letters = [], len("".join(line.split()))
        while words and letters > 0:
            own.append(words.pop())
            letters -= len("".join(own[-1].text.split()))
        yield replace(segment, text=line, words=tuple(own))
    yield replace(segment, text=lines[-1], words=tuple(words[::-1]))
