"""Cut a stream of samples into clips at pauses, none longer than an engine can take.

Regions of speech are packed densely: an engine that pads to 30 s spends as much on 5 s as on 30 s. A clip ends at the
longest pause of its last quarter, else at the last pause of its last half, however short, and inside speech only where
there is none: at the moment with the least speech and energy. Decisions are made on a fixed grid of the stream, so
clips do not depend on how the samples arrive.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from asrcli.audio.conditioning import level, without_offset
from asrcli.audio.silero import WINDOW
from asrcli.audio.vad import STEP, SpeechDetector, VadOptions
from asrcli.types import SAMPLE_RATE, Clip, Recording, Region

if TYPE_CHECKING:
    from asrcli.audio.standout import Standout
    from asrcli.types import Samples

NEAR = 0.25  # of the target: a longer pause that lies this much before the end beats a later, shorter one
LAST_PART = 0.5  # of the target: a pause before this does not keep a long stretch of speech from being cut
BREATH = 0.16  # seconds; the shortest pause within a region at which a clip may end
NOISY = 6.0  # dB by which a pause is quieter than the speech on both sides of it, else what fills it is noise
LEAST_REST = 0.5  # seconds: a cut inside speech leaves at least this much for the next clip


@dataclass(frozen=True, slots=True)
class CutOptions:
    """How to cut. All lengths are in seconds."""

    max_seconds: float = 30.0  # the longest clip; may be infinite
    target: float | None = None  # the length aimed at; None is the longest
    max_gap: float = 2.0  # a longer silence ends a clip even if there is room; with 0 the end of each region does
    pad: float = 0.2  # seconds of sound kept around a clip, in addition to the pad of its regions
    vad: VadOptions | None = field(default_factory=VadOptions)  # None: everything is kept, cut by length only
    memory_seconds: float = 1800.0  # the longest clip of all (115 MB), even where max_seconds is infinite
    level_range: float | None = None  # dB: regions farther apart in level are not in one clip, nor are those in noise

    def __post_init__(self) -> None:
        if min(self.max_seconds, self.memory_seconds) < 1:
            raise ValueError(f"clips must be at least 1 s long, not {min(self.max_seconds, self.memory_seconds):g} s")
        if self.vad is not None and 2 * self.vad.pad > self.vad.min_silence:
            raise ValueError("vad.min_silence must be at least twice vad.pad, or regions change after they were used")


@dataclass(slots=True)
class CutSummary:
    """What went through `cut`, complete when it has ended."""

    seconds: float = 0.0  # length of the samples seen
    speech: list[Region] = field(default_factory=list)  # all regions, recording time; empty without voice activity
    silent: bool = False  # voice activity saw nothing but zeros
    standout: Standout | None = field(default=None, compare=False)  # of the stream, where speech was looked for


@dataclass(slots=True)
class _Unit:
    """A stretch that is wanted, in samples of the stream; an open one has not ended yet."""

    start: int
    end: int
    open: bool = False
    level: float | None = None  # dB of full scale, once it was asked for


def cut(
    blocks: Iterable[Samples], recording: Recording, options: CutOptions, summary: CutSummary | None = None
) -> Iterator[Clip]:
    """Yield clips of a stream, in order and without overlap; silence yields none.

    Args:
        blocks: consecutive samples, the first one at ``recording.start``.
        recording: what the samples belong to; clip times count from its start of file.
        options: how to cut.
        summary: filled in with the length and the regions of speech.
    """
    cutter = _Cutter(recording, options, summary if summary is not None else CutSummary())
    for step in _steps(blocks):
        yield from cutter.feed(step)
    yield from cutter.finish()


class _Cutter:
    """Holds the samples that may still be wanted, and decides where clips end."""

    def __init__(self, recording: Recording, options: CutOptions, summary: CutSummary) -> None:
        self.recording = recording
        self.options = options
        self.summary = summary
        self.offset = round(recording.start * SAMPLE_RATE)
        longest = _samples(min(options.max_seconds, options.memory_seconds))
        # What is wanted of a clip must leave room for the pad on both sides.
        self.pad = min(_samples(options.pad), longest // 8) if options.vad else 0
        self.longest = longest - 2 * self.pad
        target = longest if options.target is None else min(longest, _samples(options.target))
        self.target = max(1, target - 2 * self.pad)
        self.max_gap = max(_samples(options.max_gap), 2 * self.pad) if options.max_gap < math.inf else math.inf
        if not options.max_gap:
            self.max_gap = -1  # regions may touch
        keep = (2 * longest + 4 * STEP) / SAMPLE_RATE
        self.detector = SpeechDetector(options.vad, keep) if options.vad else None
        self.buffer = Buffer()
        self.closed: list[_Unit] = []
        self.given = 0  # where the last clip ended: nothing before it is wanted again
        self.given_stop = 0  # where the samples of the last clip ended, with its pad
        self.position = 0  # samples that have been decided on

    def feed(self, samples: Samples) -> Iterator[Clip]:
        """Take the next samples (`STEP` of them, but for the last) and yield the clips that are sure."""
        self.buffer.add(samples)
        self.summary.seconds = self.buffer.end / SAMPLE_RATE
        if self.detector is not None:
            self._learn(self.detector.feed(samples))
            self.position = self.detector.position
        else:
            self.position = self.buffer.end
        yield from self._clips(ended=False)
        self.buffer.drop_before(self._wanted_from())

    def finish(self) -> Iterator[Clip]:
        """Yield what is left."""
        if self.detector is not None:
            self._learn(self.detector.finish())
            self.summary.silent = self.detector.silent
            self.summary.standout = self.detector.standout
        elif self.buffer.end > self.given:
            self.closed.append(_Unit(self.given, self.buffer.end))
        self.position = self.buffer.end
        yield from self._clips(ended=True)

    def _learn(self, regions: list[Region]) -> None:
        for region in regions:
            start, end = _samples(region.start), _samples(region.end)
            self.summary.speech.append(self._region(start, end))
            if end > self.given:
                self.closed.append(_Unit(max(start, self.given), end))

    def _units(self, ended: bool) -> list[_Unit]:
        """Return what is wanted and not given out yet; the last may be open."""
        if ended:
            return self.closed
        start: int | None = self.given
        if self.detector is not None:
            since = self.detector.open_start
            start = None if since is None else max(self.given, _samples(since))
        return [*self.closed, _Unit(start, self.position, open=True)] if start is not None else self.closed

    def _clips(self, ended: bool) -> Iterator[Clip]:
        while units := self._units(ended):
            end = self._end(units, ended)
            if end is None or not (ended or self._is_known_behind(units, end)):
                return
            yield self._clip(units, end)
            self.given = end
            self.closed = [_Unit(max(one.start, end), one.end) for one in self.closed if one.end > end]

    def _end(self, units: list[_Unit], ended: bool) -> int | None:
        """Return where the clip that begins with the first unit ends, or None while that is not sure."""
        first = units[0].start
        fitting: list[_Unit] = []  # what goes into the clip, and all of it is closed
        following: _Unit | None = None
        for unit in units:
            if fitting and (unit.start - fitting[-1].end > self.max_gap or self._differ(fitting[-1], unit)):
                return fitting[-1].end
            if unit.open or unit.end - first > self.target:
                following = unit
                break
            fitting.append(unit)
        if following is None:
            sure = ended or self.position - fitting[-1].end > max(self.max_gap, 2 * self.pad) + self._lag()
            return fitting[-1].end if sure else None
        if following.end - first <= self.target:
            return None  # open, and it may still fit
        return self._overflow(first, fitting, following)

    def _differ(self, one: _Unit, other: _Unit) -> bool:
        """Return whether two units are too far apart in level for one clip, or in noise that fills the pause too.

        How loud an open one gets nobody knows.
        """
        if self.options.level_range is None or other.open:
            return False
        for unit in (one, other):
            if unit.level is None:
                unit.level = level(self.buffer.between(unit.start, unit.end), 75)  # pauses do not count
        levels = [unit.level or 0.0 for unit in (one, other)]
        if max(levels) - min(levels) > self.options.level_range:
            return True
        edge = _samples(self.options.vad.pad) if self.options.vad else 0
        pause = self.buffer.between(max(one.start, one.end - edge), min(other.end, other.start + edge))
        return min(levels) - level(pause, 50) < NOISY

    def _is_known_behind(self, units: list[_Unit], end: int) -> bool:
        """Tell whether a unit follows, or none that the pads would reach can still come."""
        return units[-1].end > end or self.position - end > 2 * self.pad + self._lag()

    def _overflow(self, first: int, fitting: list[_Unit], following: _Unit) -> int | None:
        """Return the end of a clip into which the next unit does not fit whole."""
        pauses = [(after.start - unit.end, unit.end) for unit, after in pairwise([*fitting, following])]
        near = [pause for pause in pauses if pause[1] >= first + self.target * (1 - NEAR)]
        if near:
            return max(near)[1]
        if pauses and pauses[-1][1] >= first + self.target * LAST_PART:
            return pauses[-1][1]
        low, high = first + int(self.target * LAST_PART), first + self.target
        if fitting and following.start >= high - WINDOW:
            return fitting[-1].end  # a long pause up to the end of the clip
        for after in (first + int(self.target * (1 - NEAR)), low):
            breath = self._breath(max(after, following.start), high)
            if breath is not None:
                return breath
        # No pause is near. Speech that will fit into a clip of its own is kept whole.
        if following.end - following.start <= self.longest:
            if following.open:
                return None
            return fitting[-1].end if fitting else following.end
        return self._quietest(max(low, following.start), min(high, following.end - _samples(LEAST_REST)))

    def _breath(self, low: int, high: int) -> int | None:
        """Return the middle of the longest pause that is too short to end a region, or None without one."""
        import numpy as np

        if self.detector is None or self.options.vad is None:
            return None
        low, high = -(-low // WINDOW), high // WINDOW
        power = self._power(low, high)
        if not len(power):
            return None
        # Voice activity misses words after a pause now and then: what is as loud as the loudest quarter is no pause.
        loud = np.percentile(power, 75)
        likely = self.detector.probabilities(low * WINDOW / SAMPLE_RATE, high * WINDOW / SAMPLE_RATE)
        quieter, unlikely = power < loud, likely < self.options.vad.end_threshold
        longest, run = (0, 0), 0  # length and end, in windows
        for number, quiet in enumerate((quieter & unlikely).tolist(), 1):
            run = run + 1 if quiet else 0
            longest = max(longest, (run, number))
        length, end = longest
        if length * WINDOW < _samples(BREATH):
            return None
        return (low + end) * WINDOW - length * WINDOW // 2

    def _quietest(self, low: int, high: int) -> int:
        """Return the middle of the window (32 ms) with the least speech and energy between two samples."""
        import numpy as np

        low, high = -(-low // WINDOW) * WINDOW, high // WINDOW * WINDOW
        if high - low < WINDOW:
            return low
        energy = self._power(low // WINDOW, high // WINDOW)
        level = np.log10(energy + 1e-8) / 8 + 1  # 0 at -80 dB of full scale, 1 at full scale
        score = level
        if self.detector is not None:
            score = score + self.detector.probabilities(low / SAMPLE_RATE, high / SAMPLE_RATE)[: len(score)]
        # Three windows together: a stop consonant is silent, too, but not that long.
        smooth = np.convolve(np.pad(score, 1, mode="edge"), np.ones(3) / 3, mode="valid")
        quietest = len(smooth) - 1 - int(np.argmin(smooth[::-1]))  # the last one, for dense packing
        return low + quietest * WINDOW + WINDOW // 2

    def _power(self, low: int, high: int) -> Samples:
        """Return the mean power of each window, from the window `low` to before `high`."""
        import numpy as np

        windows = self.buffer.between(low * WINDOW, max(low, high) * WINDOW).reshape(-1, WINDOW)
        power: Samples = np.square(windows).mean(axis=1)
        return power

    def _clip(self, units: list[_Unit], end: int) -> Clip:
        """Make the clip that ends at `end`, with its pads; a pad takes at most half of the pause beside it."""
        first = units[0].start
        following = next((unit.start for unit in units if unit.end > end), None)
        after = self.pad if following is None else min(self.pad, max(0, following - end) // 2)
        stop = min(end + after, self.buffer.end)
        start = max(self.given_stop, first - self.pad, 0)
        self.given_stop = stop
        wanted = [unit for unit in units if unit.start < end] if self.detector is not None else []
        speech = tuple(self._region(unit.start, min(unit.end, end)) for unit in wanted)
        samples = without_offset(self.buffer.between(start, stop))
        return Clip(self.recording, (self.offset + start) / SAMPLE_RATE, samples, speech)

    def _lag(self) -> int:
        """How far a region that is not known yet can reach back from the position."""
        return 0 if self.options.vad is None else _samples(self.options.vad.pad)

    def _wanted_from(self) -> int:
        """Return the first sample that a later clip can need."""
        units = self._units(ended=False)
        first = units[0].start if units else self.position - self._lag()
        return max(0, min(first, self.position) - self.pad)

    def _region(self, start: int, end: int) -> Region:
        return Region((self.offset + start) / SAMPLE_RATE, (self.offset + end) / SAMPLE_RATE)


class Buffer:
    """The last part of a stream."""

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self.pieces: list[Samples] = []

    def add(self, samples: Samples) -> None:
        """Take the next samples."""
        self.pieces.append(samples)
        self.end += len(samples)

    def drop_before(self, first: int) -> None:
        """Forget whole pieces that lie before a sample."""
        while self.pieces and self.start + len(self.pieces[0]) <= first:
            self.start += len(self.pieces.pop(0))

    def between(self, first: int, last: int) -> Samples:
        """Return a copy of the samples from `first` up to `last`."""
        import numpy as np

        assert self.start <= first <= last <= self.end, (self.start, first, last, self.end)
        at, found = self.start, []
        for piece in self.pieces:
            if at < last and at + len(piece) > first:
                found.append(piece[max(0, first - at) : last - at])
            at += len(piece)
        return np.concatenate(found) if found else np.zeros(0, np.float32)


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _steps(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Regroup blocks into steps of `STEP` samples, which lie on the grid of the speech detector."""
    import numpy as np

    waiting: list[Samples] = []
    length = 0
    for block in blocks:
        waiting.append(block)
        length += len(block)
        if length < STEP:
            continue
        joined = np.concatenate(waiting)
        whole = length // STEP * STEP
        for at in range(0, whole, STEP):
            yield joined[at : at + STEP]
        waiting, length = [joined[whole:]], length - whole
    if length:
        yield np.concatenate(waiting)
