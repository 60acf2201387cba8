"""Turn decoded frames into mono float32 samples at 16 kHz, and regroup samples.

Scale: integers of b bits are divided by 2^(b-1); floats are taken as they are.
Mix: the mean of all channels, with equal weight; of a pair in opposite phase, which would leave nothing, half of the
difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    from asrcli.types import Samples

# PyAV looks for the end of a frame's planes by a null pointer behind the last one. With 8 channels or more, each in its
# own plane, there is none: `to_ndarray` reads wild memory and crashes (seen with PyAV 18.1).
FIRST_UNSAFE = 8
# A pair is in opposite phase when its sum has less than this share of its power: the two are correlated by -0.9 or
# less. Channels that have nothing to do with each other, or one that is silent, leave half: then it is over.
CANCELLED, STAYS = 0.05, 0.4
# They are compared up to half of this rate: above, the noise of the channels, which nothing cancels, is louder than
# quiet speech. What is quieter than this share of the loudest of late may be more noise than speech: it decides
# nothing.
COMPARED_RATE = 2000
COMPARED = 0.1  # seconds after which a third of a sound counts: frames may have as little as 2.5 ms
QUIET = 0.03  # of the energy
FORGOTTEN = 0.5  # seconds in which the loudest of late falls to a third


class Mixer:
    """Makes mono of the frames of one stream; remembers whether a pair is in opposite phase, for what is too quiet."""

    def __init__(self, channel: int | None) -> None:
        self.channel = channel  # None is the mix of all
        self.opposed = False
        self._together = self._apart = 0.0  # energy of their sum and their difference, of late
        self._loudest = 0.0  # the most of both, of late

    def mono(self, frame: Any) -> Samples | None:
        """Return one channel, or the mix of all, as float32 `(n,)` in full scale; None without such a channel."""
        import numpy as np

        count = frame.layout.nb_channels
        if frame.format.is_planar and count >= FIRST_UNSAFE:
            frame = _packed(frame)
        values = frame.to_ndarray()
        if not frame.format.is_planar:
            values = values.reshape(-1, count).T
        if self.channel is not None:
            if self.channel >= count:
                return None
            values = values[self.channel : self.channel + 1]
        kind = values.dtype
        with np.errstate(over="ignore", invalid="ignore"):
            mixed = self._mixed(values, frame.sample_rate)
            if kind.kind == "u" and not self.opposed:
                mixed = mixed - 128
            if kind.kind in "ui":
                mixed = mixed / 2.0 ** (8 * kind.itemsize - 1)
            samples: Samples = mixed.astype(np.float32)
        return samples

    def _mixed(self, values: Any, rate: int) -> Any:
        """Return the mean of channels `(c, n)`, or of a pair in opposite phase half of the difference."""
        import numpy as np

        wide = np.float32 if values.dtype.itemsize < 4 else np.float64
        mixed = values[0].astype(wide)
        for other in values[1:]:  # numpy's mean is slow on interleaved samples
            mixed += other
        mixed /= len(values)
        if len(values) != 2:
            self.opposed = False
            return mixed
        half = mixed - values[1]
        step, seconds = max(1, round(rate / COMPARED_RATE)), len(half) / rate
        kept = math.exp(-seconds / COMPARED)
        self._together = self._together * kept + _energy(mixed, step)
        self._apart = self._apart * kept + _energy(half, step)
        power = self._together + self._apart
        self._loudest = max(self._loudest * math.exp(-seconds / FORGOTTEN), power)
        if power > QUIET * self._loudest:
            self.opposed = self._together < (STAYS if self.opposed else CANCELLED) * power
        return half if self.opposed else mixed


def _energy(samples: Any, step: int) -> float:
    """Return the energy of the means of `step` samples each, without offset and hum: they may be in opposite phase
    below a voice that is not, and the fourth difference leaves them out.
    """
    import numpy as np

    means = samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1, dtype=np.float64)
    changes = np.diff(means, n=4)
    return float(np.square(changes).sum())


def _packed(frame: Any) -> Any:
    """Return a frame with its channels interleaved."""
    import av

    rate = frame.sample_rate
    return av.AudioResampler(frame.format.packed.name, frame.layout.name, rate).resample(frame)[0]


class Resampler:
    """libswresample from one rate to 16 kHz, mono; 16 kHz passes through untouched."""

    def __init__(self, rate: int) -> None:
        import av

        self.rate = rate
        self.swr = None if rate == SAMPLE_RATE else av.AudioResampler("flt", "mono", SAMPLE_RATE)

    def feed(self, samples: Samples) -> Samples:
        """Return what `samples` `(n,)` give, as far as the filter has seen enough of them; clipped to [-1, 1]."""
        import av
        import numpy as np

        if self.swr is None or not len(samples):
            return samples
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="flt", layout="mono")
        frame.sample_rate = self.rate
        return _joined(self.swr.resample(frame))

    def flush(self) -> Samples:
        """Return the tail that is still in the filter."""
        return _joined(self.swr.resample(None) if self.swr is not None else [])


def _joined(frames: list[Any]) -> Samples:
    import numpy as np

    arrays = [frame.to_ndarray()[0] for frame in frames]
    # A filter rings above 1 where samples at full scale change fast.
    return np.clip(np.concatenate(arrays), -1, 1) if arrays else np.zeros(0, np.float32)


def between(at: int, pieces: Iterator[Samples], first: int, last: float) -> Iterator[Samples]:
    """Yield the samples from number `first` up to `last` of pieces that begin with number `at`."""
    for piece in pieces:
        kept = piece[max(0, first - at) : max(0, int(min(last - at, len(piece))))]
        at += len(piece)
        if len(kept):
            yield kept
        if at >= last:
            return


def regroup(pieces: Iterator[Samples], size: int) -> Iterator[Samples]:
    """Regroup pieces into blocks of `size` samples; the last one is shorter."""
    import numpy as np

    waiting: list[Samples] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        while length >= size:
            joined = np.concatenate(waiting)
            yield joined[:size]
            waiting, length = [joined[size:]], length - size
    if length:
        yield np.concatenate(waiting)
