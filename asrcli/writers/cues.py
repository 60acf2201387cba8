"""Shape a transcript into subtitle cues: the best of all ways to cut it, found by dynamic programming.

A cue is a run of units (see `asrcli.writers.units`) of one speaker. Every cut into cues has a cost: first how many
constraints it breaks, then how badly it reads (cuts inside a phrase, lonely words, lines out of balance, silence inside
a cue). The units have fixed start times and a cue may last until the next one starts, so the cost of a cue depends on
its own first and last unit only, and the cheapest cut of n units is found in O(n × units per cue).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from asrcli.types import Word
from asrcli.writers.text import clean, label
from asrcli.writers.units import CLAUSE_END, CLOSING, SENTENCE_END, TICK, Unit, columns, units

if TYPE_CHECKING:
    from asrcli.types import Transcript
    from asrcli.writers.profiles import Layout


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


# Costs. A broken constraint outweighs any number of ugly cuts; the rest is in points, tuned by reading results.
VIOLATION = 1e6
CUE = 5.0  # every cue: fewer, fuller ones are better
CUT_AFTER = {"sentence": 0.0, "clause": 4.0, "segment": 5.0, "word": 14.0}
SHORT_WORD = 4.0  # a cut after an article or preposition, guessed by its length
PAUSE_RELIEF = 12.0  # per second of pause, off the cost of the cut
SENTENCE_INSIDE = 3.0  # a sentence that ends inside the cue (BBC 3.2: one sentence per subtitle)
PAUSE_INSIDE = 10.0  # per squared second of silence inside the cue: text that stands there before it is said
LONELY = 9.0  # a cue of one word that is no sentence of its own
LONELY_LINE = 6.0
IMBALANCE = 12.0  # times the squared difference of two lines, in line widths
TOP_HEAVY = 1.0  # the lower line should be the longer one (Netflix, BBC)
TITLES = frozenset({"Mr.", "Mrs.", "Ms.", "Dr.", "St."})  # no sentence ends with these
LINE_CUT = 0.5  # a cut between lines costs this share of a cut between cues


def shape(transcript: Transcript, layout: Layout) -> tuple[list[Cue], list[str]]:
    """Return the cues of a transcript in the order of time, and one line about each constraint they cannot keep.

    Cues never overlap, start with speech and end within the recording. A constraint is broken only where no cut of the
    words keeps it: one word that is wider than a line, or speech faster than the reading speed with no pause after it.
    """
    cues = _cues_by_segment(transcript) if layout.by_segment else _Shaper(transcript, layout).cues()
    return cues, [] if layout.by_segment else [str(violation) for violation in check_cues(cues, layout)]


def check_cues(cues: Sequence[Cue], layout: Layout) -> list[Violation]:
    """Return every constraint that a cue breaks. Works on what was read from a file as well as on what was shaped."""
    found: list[Violation] = []
    for number, cue in enumerate(cues):
        following = _ms(cues[number + 1].start) if number + 1 < len(cues) else None
        for constraint, value, lowest, highest in _measures(cue, following, layout):
            if lowest is not None and value < lowest:
                found.append(Violation(number, constraint, value, lowest))
            if highest is not None and value > highest:
                found.append(Violation(number, constraint, value, highest))
    return found


Measure = tuple[str, float, float | None, float | None]  # constraint, value, lowest, highest


def _measures(cue: Cue, following: int | None, layout: Layout) -> list[Measure]:
    start, end = _ms(cue.start), _ms(cue.end)
    length = end - start
    lines = [label(cue.speaker) + line if not number else line for number, line in enumerate(cue.lines)]
    total = _reading_columns(lines)
    measures: list[Measure] = [
        ("empty", total, 1, None),
        ("max_lines", len(lines), None, layout.max_lines),
        ("max_line_width", max(map(columns, lines), default=0), None, layout.max_line_width),
        ("min_duration", length / 1000, _ms(layout.min_duration) / 1000, None),
    ]
    if layout.max_duration is not None:
        measures.append(("max_duration", length / 1000, None, _ms(layout.max_duration) / 1000))
    if layout.max_cps is not None and length < _reading_time(total, layout.max_cps):
        measures.append(("max_cps", round(total * 1000 / max(1, length), 2), None, layout.max_cps))
    if layout.max_words_per_line is not None:
        words = max((len(line.split()) for line in cue.lines), default=0)
        measures.append(("max_words_per_line", words, None, layout.max_words_per_line))
    if following is not None:
        measures.append(("order", (following - start) / 1000, 0.001, None))
        measures.append(("min_gap", (following - end) / 1000, _ms(layout.min_gap) / 1000, None))
    return measures


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _reading_columns(lines: Sequence[str]) -> int:
    """Count what is read: the columns of all lines, a line break like a space."""
    return sum(map(columns, lines)) + max(0, len(lines) - 1)


def _reading_time(total: int, max_cps: float) -> int:
    """Return the milliseconds that so many columns need."""
    return -int(-total * 1000 // max_cps)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The best way to end a cue before a unit."""

    cost: float
    first: int  # the unit that the cue begins with
    breaks: tuple[int, ...]  # the units that begin its second and later lines


class _Shaper:
    """One run of the optimiser over one transcript."""

    def __init__(self, transcript: Transcript, layout: Layout) -> None:
        self.layout = layout
        self.units = units(transcript, layout.max_line_width)
        count = len(self.units)
        seconds = transcript.seconds
        self.end = _ms(transcript.recording.start + seconds) if seconds > 0 else None
        self.labels = [columns(label(unit.speaker)) for unit in self.units]
        self.offset = [0] * (count + 1)  # columns before each unit when all stand on one line
        for position, unit in enumerate(self.units):
            self.offset[position + 1] = self.offset[position] + unit.spaced + unit.width
        self.pause = [0.0] * count  # seconds of silence after each unit
        for position in range(count - 1):
            silence = self.units[position + 1].start - self.units[position].end
            self.pause[position] = max(0.0, silence / 1000)
        self.kind = [_ending(unit) for unit in self.units]
        self.cut_cost = [self._cut_cost(position) for position in range(count)]
        self.stay_cost = [self._stay_cost(position) for position in range(count)]

    def cues(self) -> list[Cue]:
        """Return the cheapest cut."""
        best: list[_Choice] = [_Choice(0.0, 0, ())]
        for stop in range(1, len(self.units) + 1):
            best.append(self._best_before(stop, best))
        cues: list[Cue] = []
        stop = len(self.units)
        while stop:
            choice = best[stop]
            cues.append(self._cue(choice.first, stop, choice.breaks))
            stop = choice.first
        return cues[::-1]

    def _best_before(self, stop: int, best: Sequence[_Choice]) -> _Choice:
        """Return the cheapest choice among all cues that end before unit `stop`."""
        found: _Choice | None = None
        inside = 0.0  # what the pauses and sentence ends inside the cue cost
        for first in range(stop - 1, -1, -1):
            alone = first == stop - 1
            if not alone:
                inside += self.stay_cost[first]
                if not self._may_join(first, stop):
                    break
            lines = self._lines(first, stop)
            if lines is None:
                if alone:  # wider than a line: it stands alone
                    lines = (0.0, ())
                else:
                    continue
            line_cost, breaks = lines
            cost = best[first].cost + inside + line_cost + self._cue_cost(first, stop)
            if found is None or cost < found.cost:
                found = _Choice(cost, first, breaks)
        assert found is not None
        return found

    def _may_join(self, first: int, stop: int) -> bool:
        """Return whether units can share a cue; when not, no cue that begins earlier can hold them either."""
        one, last, layout = self.units[first], self.units[stop - 1], self.layout
        if one.speaker != self.units[first + 1].speaker:
            return False
        if layout.max_duration is not None and last.end - one.start > _ms(layout.max_duration):
            return False
        words = layout.max_words_per_line
        if words is not None and stop - first > words * layout.max_lines:
            return False
        return self.offset[stop] - self.offset[first] <= (layout.max_line_width + 1) * layout.max_lines

    def _width(self, first: int, stop: int) -> int:
        """Return the columns of units on one line."""
        return self.offset[stop] - self.offset[first] - self.units[first].spaced

    def _fits(self, first: int, stop: int, opening: bool) -> bool:
        words = self.layout.max_words_per_line
        width = self._width(first, stop) + (self.labels[first] if opening else 0)
        return width <= self.layout.max_line_width and (words is None or stop - first <= words)

    def _lines(self, first: int, stop: int) -> tuple[float, tuple[int, ...]] | None:
        """Return cost and breaks of the best lines, as few as possible; ``None`` when they do not fit."""
        if self._fits(first, stop, opening=True):
            return 0.0, ()
        if self.layout.max_lines == 1 or stop - first == 1:
            return None
        if self.layout.max_lines == 2:
            return self._two_lines(first, stop, opening=True)
        for count in range(2, self.layout.max_lines + 1):
            found = self._some_lines(first, stop, count, opening=True)
            if found:
                return found
        return None

    def _two_lines(self, first: int, stop: int, opening: bool) -> tuple[float, tuple[int, ...]] | None:
        best: tuple[float, tuple[int, ...]] | None = None
        for middle in range(stop - 1, first, -1):
            if not self._fits(middle, stop, opening=False):
                break
            if not self._fits(first, middle, opening):
                continue
            above = self._width(first, middle) + (self.labels[first] if opening else 0)
            cost = self._break_cost(above, self._width(middle, stop), middle)
            cost += LONELY_LINE * ((middle - first == 1) + (stop - middle == 1))
            if best is None or cost < best[0]:
                best = cost, (middle,)
        return best

    def _some_lines(self, first: int, stop: int, count: int, opening: bool) -> tuple[float, tuple[int, ...]] | None:
        """Return the best cut into exactly so many lines, by trying every first line."""
        if count == 2:
            return self._two_lines(first, stop, opening)
        best: tuple[float, tuple[int, ...]] | None = None
        for middle in range(first + 1, stop):
            if not self._fits(first, middle, opening):
                break
            rest = self._some_lines(middle, stop, count - 1, opening=False)
            if rest is None:
                continue
            even = self._width(first, stop) // count
            cost = rest[0] + self._break_cost(self._width(first, middle), even, middle)
            if best is None or cost < best[0]:
                best = cost, (middle, *rest[1])
        return best

    def _break_cost(self, above: int, below: int, middle: int) -> float:
        uneven = (above - below) / self.layout.max_line_width
        return IMBALANCE * uneven * uneven + TOP_HEAVY * (above > below) + LINE_CUT * self.cut_cost[middle - 1]

    def _cut_cost(self, position: int) -> float:
        """Return what a cut after a unit costs, before relief by the pause."""
        unit = self.units[position]
        cost = CUT_AFTER[self.kind[position]]
        if self.kind[position] == "word" and unit.width <= 3 and unit.text.isalpha() and unit.text.islower():
            cost += SHORT_WORD
        return max(0.0, cost - PAUSE_RELIEF * self.pause[position])

    def _stay_cost(self, position: int) -> float:
        """Return what it costs that a cue goes on after a unit."""
        silence = max(0.0, self.pause[position] - 0.3)
        return PAUSE_INSIDE * silence * silence + SENTENCE_INSIDE * (self.kind[position] == "sentence")

    def _cue_cost(self, first: int, stop: int) -> float:
        start, end = self._times(first, stop)
        last = stop == len(self.units)
        cost = CUE + (0.0 if last else self.cut_cost[stop - 1])
        if stop - first == 1 and not (self.kind[first] == "sentence" and (not first or self._follows_end(first))):
            cost += LONELY
        length = end - start
        needed = self._reading_time(first, stop)
        if length < _ms(self.layout.min_duration):
            cost += VIOLATION
        if length < needed:
            cost += VIOLATION * (1 + (needed - length) / needed / 1000)
        if not last and self.units[stop].start - end < _ms(self.layout.min_gap):
            cost += VIOLATION
        return cost

    def _follows_end(self, first: int) -> bool:
        return self.kind[first - 1] == "sentence" or self.units[first].speaker != self.units[first - 1].speaker

    def _reading_time(self, first: int, stop: int) -> int:
        if self.layout.max_cps is None:
            return 0
        return _reading_time(self.labels[first] + self._width(first, stop), self.layout.max_cps)

    def _times(self, first: int, stop: int) -> tuple[int, int]:
        """Return start and end in milliseconds: as long as said, longer where it must be read and silence follows."""
        layout = self.layout
        start = self.units[first].start
        wanted = max(
            self.units[stop - 1].end, start + _ms(layout.min_duration), start + self._reading_time(first, stop)
        )
        if layout.max_duration is not None:
            wanted = min(wanted, start + _ms(layout.max_duration))
        if stop == len(self.units):
            return start, wanted if self.end is None else max(min(wanted, self.end), min(start + 1, self.end))
        following = self.units[stop].start
        latest = following - _ms(layout.min_gap)
        if latest - wanted < _ms(layout.close_gap) and (
            layout.max_duration is None or latest - start <= _ms(layout.max_duration)
        ):
            wanted = latest
        return start, max(min(wanted, latest), min(start + TICK, following))

    def _cue(self, first: int, stop: int, breaks: tuple[int, ...]) -> Cue:
        start, end = self._times(first, stop)
        bounds = (first, *breaks, stop)
        lines, words = [], []
        for begin, finish in pairwise(bounds):
            line = [
                Word(" " * (lead and unit.spaced and not number) + part.text, part.start / 1000, part.end / 1000)
                for position, unit in enumerate(self.units[begin:finish])
                for number, part in enumerate(unit.parts)
                for lead in (position > 0,)
            ]
            words.append(tuple(_within(line, start / 1000, end / 1000)))
            lines.append("".join(word.text for word in line))
        return Cue(start / 1000, end / 1000, tuple(lines), self.units[first].speaker, tuple(words))


def _within(line: Sequence[Word], start: float, end: float) -> list[Word]:
    """Return the words with times that do not go back and lie in the cue."""
    kept: list[Word] = []
    last = start
    for word in line:
        begin = min(max(word.start, last), end)
        last = min(max(word.end, begin), end)
        kept.append(Word(word.text, begin, last))
    return kept


def _ending(unit: Unit) -> str:
    """Return what ends with a unit: a sentence, a clause, a segment, or only a word."""
    text = unit.text.rstrip("".join(CLOSING)) or unit.text
    if text[-1] in SENTENCE_END and not _is_abbreviation(text):
        return "sentence"
    if text[-1] in CLAUSE_END:
        return "clause"
    return "segment" if unit.closes_segment else "word"


def _is_abbreviation(text: str) -> bool:
    """Return whether a full stop follows one letter ("J.") or a title that many European languages share."""
    return text.endswith(".") and (text in TITLES or (len(text) == 2 and text[0].isalpha()))


def _cues_by_segment(transcript: Transcript) -> list[Cue]:
    cues = []
    for segment in transcript.segments:
        text = clean(segment.text)
        if text:
            found = units(replace(transcript, segments=(segment,)), 10**6)
            words = [
                Word(" " * (unit.spaced and not number) + part.text, part.start / 1000, part.end / 1000)
                for unit in found
                for number, part in enumerate(unit.parts)
            ]
            start, end = _ms(segment.start) / 1000, _ms(segment.end) / 1000
            cues.append(Cue(start, end, (text,), segment.speaker, (tuple(_within(words, start, end)),)))
    return cues
