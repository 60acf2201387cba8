"""Find the best of all ways to cut units of text into cues, by dynamic programming.

Every cut has a cost: first how many cues are too short to be seen, then how many have more lines than they should,
then how many other constraints are broken, then how badly it reads (cuts inside a phrase, lonely words, lines out of
balance, silence inside a cue). Units have fixed start times and a cue may last until the next one starts, so the cost
of a cue depends on its own first and last unit only, and the cheapest cut of n units is found in O(n x units per cue).
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from asrcli.formats.text import label
from asrcli.formats.units import TICK, Unit, columns, ending, milliseconds, reading_time

if TYPE_CHECKING:
    from asrcli.formats.profiles import Layout

# Costs. A broken constraint outweighs any number of ugly cuts; the rest is in points, tuned by reading results.
VIOLATION = 1e6
OVERFULL = 100 * VIOLATION  # a line too many, or wider than it may be: a cue can still be read
SHORT = 100 * OVERFULL  # a cue that is gone before it is seen
CUE = 5.0  # every cue: fewer, fuller ones are better
CUT_AFTER = {"sentence": 0.0, "clause": 4.0, "segment": 5.0, "word": 14.0}
SHORT_WORD = 4.0  # a cut after an article or preposition, guessed by its length
PAUSE_RELIEF = 12.0  # per second of pause, off the cost of the cut
SENTENCE_INSIDE = 3.0  # a sentence that ends inside the cue (BBC 3.2: one sentence per subtitle)
FRAGMENTS = 8.0  # the end of one sentence with the beginning of another (TED: do not merge them)
PAUSE_INSIDE = 10.0  # per squared second of silence inside the cue: text that stands there before it is said
LONELY = 9.0  # a cue of one word that is no sentence of its own
LONELY_LINE = 6.0
IMBALANCE = 12.0  # times the squared difference of two lines, in line widths
TOP_HEAVY = 1.0  # the lower line should be the longer one (Netflix, BBC)
LINE_CUT = 0.5  # a cut between lines costs this share of a cut between cues


@dataclass(frozen=True, slots=True)
class Cut:
    """One cue: units from `first` up to but not including `stop`; times in milliseconds."""

    first: int
    stop: int
    breaks: tuple[int, ...]  # the units that begin its second and later lines
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Choice:
    """The best way to end a cue before a unit."""

    cost: float
    first: int  # the unit that the cue begins with
    breaks: tuple[int, ...]  # the units that begin its second and later lines


class Optimiser:
    """One run over the units of one transcript.

    Args:
        units: in the order of time, starts increasing.
        layout: the constraints.
        end: where the recording ends, in milliseconds; ``None`` when that is unknown.
    """

    def __init__(self, units: Sequence[Unit], layout: Layout, end: int | None) -> None:
        self.layout = layout
        self.units = units
        self.end = end
        self.min_duration = milliseconds(layout.min_duration)
        self.max_duration = sys.maxsize if layout.max_duration is None else milliseconds(layout.max_duration)
        self.min_gap, self.close_gap = milliseconds(layout.min_gap), milliseconds(layout.close_gap)
        count = len(units)
        self.starts = self._starts()
        self.labels = [columns(label(unit.speaker)) for unit in self.units]
        self.offset = [0] * (count + 1)  # columns before each unit when all stand on one line
        for position, unit in enumerate(self.units):
            self.offset[position + 1] = self.offset[position] + unit.spaced + unit.width
        self.begins = [self.offset[position] + unit.spaced for position, unit in enumerate(units)]  # without its space
        self.pause = [0.0] * count  # seconds of silence after each unit
        for position in range(count - 1):
            silence = self.units[position + 1].start - self.units[position].end
            self.pause[position] = max(0.0, silence / 1000)
        self.kind = [ending(unit) for unit in self.units]
        self.sentences = [0, *accumulate(kind == "sentence" for kind in self.kind)]  # that end before each unit
        self.cut_cost = [self._cut_cost(position) for position in range(count)]
        self.stayed = [0.0, *accumulate(map(self._stay_cost, range(count)))]  # to go on after all units before each
        self.speaks_since = list(range(count))  # the first unit of the run of one speaker that each is in
        for position in range(1, count):
            if units[position].speaker == units[position - 1].speaker:
                self.speaks_since[position] = self.speaks_since[position - 1]

    def _starts(self) -> list[int]:
        """Return when a cue starts that begins with each unit: with speech, or before it at the end of a recording.

        A word in the last moment of a recording is so seen as long as it must be, and not seconds early with others.
        """
        found: list[int] = []
        for position, unit in enumerate(self.units):
            start = unit.start
            if self.end is not None and self.end - start < self.min_duration:
                free = max(found[-1] + 1, self.units[position - 1].end + self.min_gap) if position else 0
                start = min(start, max(free, self.end - self.min_duration))
            found.append(start)
        return found

    def cuts(self) -> list[Cut]:
        """Return the cheapest cut."""
        best: list[_Choice] = [_Choice(0.0, 0, ())]
        first = 0
        for stop in range(1, len(self.units) + 1):
            first = max(first, self.speaks_since[stop - 1])
            while first < stop - 1 and not self._may_join(first, stop):
                first += 1  # nor can it with any later unit
            best.append(self._best_before(first, stop, best))
        found: list[Cut] = []
        stop = len(self.units)
        while stop:
            choice = best[stop]
            reading = self._reading_time(choice.first, stop, choice.breaks)
            found.append(Cut(choice.first, stop, choice.breaks, *self._times(choice.first, stop, reading)))
            stop = choice.first
        return found[::-1]

    def _best_before(self, earliest: int, stop: int, best: Sequence[_Choice]) -> _Choice:
        """Return the cheapest choice among the cues that begin with `earliest` or later and end before `stop`."""
        found = _Choice(math.inf, stop - 1, ())
        least = 0.0 if stop == len(self.units) else self.cut_cost[stop - 1]
        for first in range(earliest, stop):
            cost = best[first].cost + self._inside_cost(first, stop) + CUE
            if cost + least >= found.cost:
                continue  # the rest only adds
            lines = self._lines(first, stop)
            if lines is None:
                if not self._is_brief(first, stop):
                    continue
                lines = self._overfull(first, stop)
            cost += lines[0] + self._cue_cost(first, stop, lines[1])
            if cost < found.cost:
                found = _Choice(cost, first, lines[1])
        return found

    def _inside_cost(self, first: int, stop: int) -> float:
        """Return what the pauses and the ends of sentences inside a cue cost."""
        return self.stayed[stop - 1] - self.stayed[first]

    def _may_join(self, first: int, stop: int) -> bool:
        """Return whether units of one speaker may share a cue by their time, number and width."""
        layout = self.layout
        if self._is_brief(first, stop):
            return True
        if self.units[stop - 1].end - self.starts[first] > self.max_duration:
            return False
        words = layout.max_words_per_line
        if words is not None and stop - first > words * layout.max_lines:
            return False
        return self.offset[stop] - self.offset[first] <= (layout.max_line_width + 1) * layout.max_lines

    def _is_brief(self, first: int, stop: int) -> bool:
        """Return whether units are said so fast that they cannot be two cues which last as long as they must."""
        return self.starts[stop - 1] - self.starts[first] <= 2 * (self.min_duration + self.min_gap)

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

    def _overfull(self, first: int, stop: int) -> tuple[float, tuple[int, ...]]:
        """Return cost and breaks of lines that are too many, or of which one holds a single unit that is too wide."""
        if stop - first == 1:
            return 0.0, ()  # it cannot be otherwise
        breaks, begins, wide = [], first, int(not self._fits(first, first + 1, opening=True))
        for place in range(first + 1, stop):
            if not self._fits(begins, place + 1, opening=begins == first):
                breaks.append(place)
                begins = place
                wide += not self._fits(place, place + 1, opening=False)
        even = self._two_lines(first, stop, opening=True) if len(breaks) == 1 and not wide else None
        cost, places = even or (0.0, tuple(breaks))
        return cost + OVERFULL * (max(0, len(breaks) + 1 - self.layout.max_lines) + wide), places

    def _two_lines(self, first: int, stop: int, opening: bool) -> tuple[float, tuple[int, ...]] | None:
        width, words = self.layout.max_line_width, self.layout.max_words_per_line or stop
        left = self.begins[first] - (self.labels[first] if opening else 0)  # column 0 of the upper line
        lowest = max(first + 1, stop - words, bisect_left(self.begins, self.offset[stop] - width))
        highest = min(stop - 1, first + words, bisect_right(self.offset, left + width) - 1)
        best, place = math.inf, 0
        for middle in range(lowest, highest + 1):
            cost = self._break_cost(self.offset[middle] - left, self.offset[stop] - self.begins[middle], middle)
            if middle in (first + 1, stop - 1):
                cost += LONELY_LINE * ((middle - first == 1) + (stop - middle == 1))
            if cost < best:
                best, place = cost, middle
        return (best, (place,)) if place else None

    def _some_lines(self, first: int, stop: int, count: int, opening: bool) -> tuple[float, tuple[int, ...]] | None:
        """Return the best cut into exactly ``count`` lines, by trying every first line."""
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
        if self.kind[position] == "word" and unit.width <= 3 and unit.text.lower() != unit.text.upper():
            cost += SHORT_WORD
        return max(0.0, cost - PAUSE_RELIEF * self.pause[position])

    def _stay_cost(self, position: int) -> float:
        """Return what it costs that a cue goes on after a unit."""
        silence = max(0.0, self.pause[position] - 0.3)
        return PAUSE_INSIDE * silence * silence + SENTENCE_INSIDE * (self.kind[position] == "sentence")

    def _cue_cost(self, first: int, stop: int, breaks: tuple[int, ...]) -> float:
        needed = self._reading_time(first, stop, breaks)
        start, end = self._times(first, stop, needed)
        last = stop == len(self.units)
        cost = 0.0 if last else self.cut_cost[stop - 1]
        whole = self.kind[stop - 1] == "sentence" and self._follows_end(first)
        if stop - first == 1 and not whole:
            cost += LONELY
        if self.sentences[stop - 1] > self.sentences[first] and not whole:
            cost += FRAGMENTS
        length = end - start
        if length < self.min_duration:
            cost += SHORT
        if stop - first > 1 and self.units[stop - 1].end - start > self.max_duration:
            cost += OVERFULL  # its last words are said when it is gone
        if length < needed:
            cost += VIOLATION * (1 + (needed - length) / needed / 1000)
        if not last and self.starts[stop] - end < self.min_gap:
            cost += VIOLATION
        return cost

    def _follows_end(self, first: int) -> bool:
        return (
            not first
            or self.kind[first - 1] == "sentence"
            or self.units[first].speaker != self.units[first - 1].speaker
        )

    def _reading_time(self, first: int, stop: int, breaks: tuple[int, ...]) -> int:
        if self.layout.max_cps is None:
            return 0
        broken = sum(self.units[place].spaced for place in breaks) if breaks else 0  # a line break is not read
        return reading_time(self.labels[first] + self._width(first, stop) - broken, self.layout.max_cps)

    def _times(self, first: int, stop: int, reading: int) -> tuple[int, int]:
        """Return start and end in milliseconds: as long as said, longer where it must be read and silence follows."""
        start = self.starts[first]
        wanted = max(self.units[stop - 1].end, start + self.min_duration, start + reading)
        wanted = min(wanted, start + self.max_duration)
        if stop == len(self.units):
            return start, wanted if self.end is None else max(min(wanted, self.end), min(start + 1, self.end))
        following = self.starts[stop]
        latest = following - self.min_gap
        if following - wanted < self.close_gap and latest - start <= self.max_duration:
            wanted = latest
        return start, max(min(wanted, latest), min(start + max(TICK, self.min_duration), following))
