"""Put decoded frames where the container's clock has them, as a player would: silence into gaps, overlaps laid over.

Positions count samples; timestamps only correct them, where they are further off than they jitter. The clock of a file
without one (raw AAC, MP3) is a count of frames by the library, which is wrong where the rate changes: it is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from asrcli.audio.media import CLOCKLESS, time_zero
from asrcli.audio.resample import Mixer
from asrcli.base.console import clock

if TYPE_CHECKING:
    from asrcli.types import Samples

GAP = 0.1  # seconds by which timestamps must be off the samples where they jitter
STEADY_GAP = 0.02  # the same elsewhere: each joint of clips joined without encoding is off by a frame of 23 ms or more
JITTER = 1.0  # timestamps that are off one way and the other within a second, jitter
DIFFERENT = 0.005  # seconds between two that are off that are not the same
STEADY = ("mov,mp4,m4a,3gp,3g2,mj2",)  # whose timestamps count samples and cannot jitter
LATE_START = 0.01  # the same at the very start, where there is no jitter
OVERLAP = 0.5  # seconds that timestamps may go back for what overlaps; further back the clock was started anew
LEAST_STEP = 0.0015  # seconds from one timestamp to the next; below, they are the same: writers make them differ
FEW, MOST_LAID = 4, 0.25  # overlaps close to each other, and their part of the sound, that are no longer of joints
MOST_SILENCE = 12 * 3600.0  # seconds of silence put in altogether: a kilobyte can declare a gap of a year
COUNTED = ("flac",)  # whose timestamps are counts of samples, which begin anew where parts are joined: none overlap
LONGEST_GAP = 60.0  # seconds of silence put in where the container does not say how long it is
LEAST_LEAP = 1.0  # seconds that are worth a line
JUMP = 600.0  # a longer gap is a recorder started anew, unless pictures go on in it


class Timeline:
    """Frames in, `(rate, mono samples)` out, about a group at a time."""

    def __init__(self, mixer: Mixer, tell: Callable[[str, str], None], jumps: bool, group_seconds: float) -> None:
        self.mixer = mixer
        self.pictures: Callable[[float, float], bool] | None = None  # whether there is one near a timestamp, seconds
        self.tell = tell  # gets the kind of problem and a clause; says each kind once
        self.jumps = jumps  # gaps are silence however long they are
        self.group_seconds = group_seconds
        self.position = 0.0  # seconds from time zero that are decoded by now
        self.silence = 0.0  # seconds that were put in
        self.closed = 0.0  # seconds of gaps that were left out
        self.zero: float | None = None  # the timestamp (seconds) of time zero; moved when timestamps jump
        self._moved = (0.0, 0.0)  # what was off last by less than a gap, and where, in seconds
        self._doubtful = False  # the last frame was so
        self.declared: float | None = None  # the length as this part of the file says it
        self.begun = 0.0  # the position at which this part of the file begins
        self.container: Any = None
        self._time, self._still = -1.0, 0  # the last timestamp, and how many before it were the same
        self.owed = 0.0  # seconds of sound in which the clock stood still; it may go on where it would be by then
        self._overlaps, self._laid, self._since, self._last = 0, 0.0, 0.0, 0.0  # number, seconds, first and last place
        self._tail: Samples | None = None  # waits to have what overlaps it laid over
        self._skip = 0  # samples that overlap what is already gone

    def begin(self, container: Any, declared: float | None) -> None:
        """Go on with a container, the first or a further part of the file, whose clock starts anew."""
        self.zero = None if self.container is None else time_zero(container) - self.position
        self.container, self.declared, self.begun = container, declared, self.position
        self.clocked = container.format.name not in CLOCKLESS
        self.counted = container.format.name in COUNTED
        self.tolerance, self._moved, self._doubtful = STEADY_GAP, (0.0, 0.0), False
        self.owed, self._overlaps = 0.0, 0

    def place(self, frames: Iterator[Any]) -> Iterator[tuple[int, Samples]]:
        """Yield `(rate, mono samples)`, with silence where timestamps say audio is missing."""
        from av.audio.fifo import AudioFifo

        fifo, kind, rate = AudioFifo(), None, 0
        for frame in frames:
            if not frame.samples or not frame.sample_rate:
                continue
            base, layout = float(frame.time_base or 0), frame.layout
            # The queue refuses what differs in any of these but the number of channels: one that grew would crash it.
            form = frame.sample_rate, layout.nb_channels, layout.name, frame.format.name, base
            if form != kind:
                yield from self._drained(fifo, rate, last=True)
                fifo, rate = AudioFifo(), frame.sample_rate
                kind = form
            off = self._off(frame.pts * base) if frame.pts is not None and base else 0.0
            self.position += off  # before what may be the last that is wanted
            if off > 0:
                yield from self._drained(fifo, rate, last=True)
                yield from silence(rate, off)
            elif off < 0:
                yield from self._drained(fifo, rate, overlapped=round(-off * rate))
            frame.pts = None  # the queue would insist on timestamps without a gap
            fifo.write(frame)
            self.position += frame.samples / rate
            if fifo.samples >= rate * self.group_seconds:
                yield from self._drained(fifo, rate)
        yield from self._drained(fifo, rate, last=True)

    def _drained(self, fifo: Any, rate: int, overlapped: int = 0, last: bool = False) -> Iterator[tuple[int, Samples]]:
        """Yield what waits in the queue, as mono samples; so many of them stay to have what comes laid over them."""
        import numpy as np

        frame = fifo.read()
        samples = None if frame is None else self._overlaid(self._mono(frame))
        if overlapped and samples is not None:
            if self._tail is not None:
                samples, self._tail = np.concatenate([samples, self._tail]), None
            self._tail, samples = samples[-overlapped:], samples[:-overlapped]
            self._skip = overlapped - len(self._tail)
        elif overlapped:
            self._skip += overlapped
        if samples is not None and len(samples):
            yield rate, samples
        if last and self._tail is not None:
            yield rate, self._tail
            self._tail = None
        if last:
            self._skip = 0

    def _overlaid(self, samples: Samples) -> Samples:
        """Return samples with what overlaps them added: at a joint either has only its codec's padding there."""
        import numpy as np

        if self._skip:
            samples, self._skip = samples[self._skip :], max(0, self._skip - len(samples))
        if self._tail is None:
            return samples
        both = min(len(samples), len(self._tail))
        mixed: Samples = samples.copy()
        mixed[:both] += self._tail[:both]
        self._tail = self._tail[both:] if both < len(self._tail) else None
        return mixed if np.abs(mixed[:both]).max(initial=0) <= 1 else np.clip(mixed, -1, 1)

    def _mono(self, frame: Any) -> Samples:
        """Return a frame as mono samples."""
        import numpy as np

        samples = self.mixer.mono(frame)
        if self.mixer.opposed:
            self.tell("phase", "its two channels are in opposite phase: their difference is used")
        if samples is None:
            self.tell("channel", f"channel {self.mixer.channel} ends near {self.position:.1f} s")
            samples = np.zeros(frame.samples, np.float32)
        return samples

    def _off(self, time: float) -> float:
        """Return the seconds of silence that belong before the frame with this timestamp; below 0 it overlaps."""
        begins = self.zero is None
        if self.zero is None:
            self.zero = min(time_zero(self.container), time)
        self._still = self._still + 1 if 0 <= time - self._time < LEAST_STEP else 0
        self._time = time
        off = self._repaid(time - self.zero - self.position)
        if not self.clocked and not begins:
            return 0.0
        small = not begins and self.tolerance < abs(off) < GAP
        if small and self._jitters(off):
            return 0.0
        self._doubtful = small and self._doubtful
        if off > (LATE_START if begins else self.tolerance):
            if self._fills(off):
                self.silence += off
                if not begins and off > GAP:
                    self.tell("gap", f"audio is missing at {self.position:.1f} s; silence was put in its place")
                return off
        elif -OVERLAP < off < -self.tolerance and not self.counted:
            if not self._stands_still(off):
                return off
            self.owed -= off
        if abs(off) > self.tolerance:
            self.zero += off  # timestamps jumped: follow them from here, and keep every sample
        return 0.0

    def _repaid(self, off: float) -> float:
        """Return what is off without what a clock that stood still is behind."""
        paid = min(off, self.owed) if off > self.tolerance else 0.0
        self.owed, self.zero = self.owed - paid, (self.zero or 0.0) + paid
        return off - paid

    def _stands_still(self, off: float) -> bool:
        """Return whether a frame that overlaps is one of many: its clock stands still or runs too slow, and say so."""
        before, self._last = self._last, self.position
        if not self._overlaps or self.position - before > JITTER:
            self._overlaps, self._laid, self._since = 0, 0.0, self.position
        self._overlaps, self._laid = self._overlaps + 1, self._laid - off
        if self._still < 2 and (
            self._overlaps < FEW or self._laid < MOST_LAID * (self.position - self._since + self._laid)
        ):
            return False
        self.tell("clock", f"its clock stands still at {self.position:.1f} s: the sound is kept as it comes")
        return True

    def _jitters(self, off: float) -> bool:
        """Return whether timestamps that are less than a gap off are not to be followed, and mind what they show.

        One that is off alone is a mistake, and two ways within a second are jitter. In the first one, where the zero
        itself may be off, so are two that differ; lost packets leave all behind them off by the same.
        """
        if self.container.format.name in STEADY:
            return False
        before, at = self._moved
        self._moved = off, self.position
        early = self.position - self.begun < JITTER and abs(before - off) > DIFFERENT
        if before and self.position - at < JITTER and (early or before * off < 0):
            self.tolerance = GAP
        alone, self._doubtful = not self._doubtful, True
        return alone or self.tolerance == GAP

    def _fills(self, gap: float) -> bool:
        """Return whether a gap is to be filled with silence, and say why a long one is not."""
        beyond = self.declared is not None and self.position - self.begun + gap > self.declared + 1
        unknown = self.declared is None and gap > LONGEST_GAP
        leap = f"its clock leaps {clock(gap)} ahead at {self.position:.1f} s"
        if self.silence + gap > MOST_SILENCE:
            self.tell("year", f"{leap}, or begins anew there: no silence was put in")
        elif self.jumps or not (beyond or ((unknown or gap > JUMP) and not self._has_pictures(gap))):
            return True
        elif gap > LEAST_LEAP:
            self.tell("jump", f"{leap}, where the recorder seems to have been started anew: left out; --jumps keeps it")
        self.closed += 0.0 if beyond else gap
        return False

    def _has_pictures(self, gap: float) -> bool:
        """Return whether moving pictures go on in a gap of the sound: then it is no leap of the clock."""
        return self.pictures is not None and self.pictures((self.zero or 0.0) + self.position + gap / 2, gap / 3)


def silence(rate: int, seconds: float) -> Iterator[tuple[int, Samples]]:
    """Yield silence in pieces of a second: a gap can be hours long."""
    import numpy as np

    left = round(seconds * rate)
    while left > 0:
        yield rate, np.zeros(min(left, rate), np.float32)
        left -= rate
