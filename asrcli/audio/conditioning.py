"""What voice activity sees of a recording: no offset, no rumble, and a level at which its model works.

The engine gets the original samples, but for an offset larger than what stands on it. Silero loses speech that stands
on an offset or on rumble, and most of what peaks below -45 dB of full scale; the figures here were chosen by the
measurements in ``docs/experiments.md``.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from asrcli.audio.standout import Standout
from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    from asrcli.types import Samples

LOW_CUT = "cutoff=70:order=6"  # Hz; below is rumble, and no voice needs it
FRAME = 512  # samples (32 ms) that share a gain; a window of the model
TARGET = 0.05  # RMS of the loudest frame of late; what is as loud or louder is left alone
MOST_GAIN = 1000.0  # 60 dB: what 16 bits can hold of speech is found, and their noise stays noise
RELEASE = 40.0  # dB a second by which the gain rises in what is quieter: with 10 or 20, quiet words after loud are lost
# The noise of a pause is not raised to the level of speech: the model took it for speech, and the words after it for
# none. The quietest of so many frames (3 s) stays so much below the target, at the very start less.
FLOOR_FRAMES = 94
FLOOR = 0.18  # of the target, -15 dB
LEFT_OF_NOISE = 1.345  # how much louder the second difference of white noise is than what a tone's absence leaves of it

# Seconds over which an offset is taken for steady. Where it is larger than what stands on it, it is taken away before
# the engine, too: at 4 times Moonshine makes 2 errors in four clips of LibriVox, as without one, at 16 times 16, at 64
# times 59, and writes "Thank you for watching." of quiet speech.
STEADY = 0.25


def without_offset(samples: Samples) -> Samples:
    """Return samples `(n,)` without an offset that is larger than what stands on it; others as they are."""
    import numpy as np

    if len(samples) < FRAME:
        return samples
    parts = np.array_split(samples, max(1, round(len(samples) / (STEADY * SAMPLE_RATE))))
    means = np.array([part.mean() for part in parts])
    power = float(np.square(samples).mean())
    if 2 * float(np.square(means).mean()) <= power or power == 0:
        return samples
    ends = np.cumsum([len(part) for part in parts])
    middles = ends - np.array([len(part) for part in parts]) / 2
    without: Samples = (samples - np.interp(np.arange(len(samples)), middles, means)).astype(np.float32)
    return without


def level(samples: Samples, percentile: int) -> float:
    """Return how loud a percentile of the frames of samples `(n,)` is, in dB of full scale, offset aside."""
    import numpy as np

    whole = samples[: len(samples) // FRAME * FRAME]
    power = np.square((whole - whole.mean()).reshape(-1, FRAME)).mean(axis=1) if len(whole) else np.zeros(1)
    return 10 * float(np.log10(np.percentile(power, percentile) + 1e-12))


class Conditioner:
    """Conditions a stream in constant memory; the result does not depend on the blocks that it comes in."""

    def __init__(self) -> None:
        self._low_cut: Any = None
        self._first = 0.0
        self._at = 0
        self._loudest = 0.0  # RMS of the loudest frame of late, falling by RELEASE
        self._gain: float | None = None  # of the frame before
        # Number and RMS of those frames of late that no later one is as quiet as: the first is the quietest of all.
        self._late: deque[tuple[int, float]] = deque()
        self._frames = 0
        self.standout = Standout()

    def feed(self, samples: Samples) -> Samples:
        """Return as many samples, `(n,)`, in [-1, 1]; `n` is a multiple of `FRAME`, but for the last of a stream."""
        import numpy as np

        if not len(samples):
            return samples
        if self._low_cut is None:
            self._low_cut = _low_cut()
            self._first = float(samples[0])  # the stream begins at zero: an offset makes no step
        cut = self._filtered(samples - np.float32(self._first) if self._first else samples)
        missing = -len(cut) % FRAME
        frames = (np.concatenate([cut, np.zeros(missing, np.float32)]) if missing else cut).reshape(-1, FRAME)
        self._raise(frames)
        raised: Samples = np.clip(frames, -1, 1, out=frames).reshape(-1)
        return raised[: len(cut)]

    def _filtered(self, samples: Samples) -> Samples:
        import av
        import numpy as np

        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), self._at
        self._at += len(samples)
        self._low_cut.push(frame)
        filtered: Samples = self._low_cut.pull().to_ndarray()[0]
        assert len(filtered) == len(samples)
        return filtered

    def _raise(self, frames: Samples) -> None:
        """Multiply frames `(m, FRAME)`, in their place, by gains that fall at once and rise in a line."""
        import numpy as np

        slopes = frames[:, 1:] - frames[:, :-1]
        # The second difference is what is left of a voice and not of rumble, whose remains rise and fall, too.
        bends = slopes[:, 1:] - slopes[:, :-1]
        toneless = _levels(_without_tone(bends))
        plain = _levels(np.array(frames))
        self.standout.feed(np.stack([plain, _levels(bends), toneless], axis=1).tolist())
        gains = self._gains(plain.tolist())
        known = np.array([gains[0] if self._gain is None else self._gain, *gains], np.float32)
        self._gain = gains[-1]
        before, after = np.minimum(known[:-1], known[1:])[:, None], known[1:, None]
        raised = np.flatnonzero((before != 1) | (after != 1))  # most of a loud recording is left as it is
        if len(raised):
            before, after = before[raised], after[raised]
            frames[raised] *= (before + (after - before) * (np.arange(FRAME) / FRAME)).astype(np.float32)

    def _gains(self, levels: list[float]) -> list[float]:
        """Return the gain at the end of each frame for their RMS."""
        release = 10 ** (-RELEASE * FRAME / SAMPLE_RATE / 20)
        gains = []
        for level in levels:
            self._loudest = max(self._loudest * release, level)
            while self._late and self._late[-1][1] >= level:
                self._late.pop()
            self._late.append((self._frames, level))
            self._frames += 1
            if self._late[0][0] < self._frames - FLOOR_FRAMES:
                self._late.popleft()
            floor = FLOOR ** (min(self._frames, FLOOR_FRAMES) / FLOOR_FRAMES) / max(self._late[0][1], 1e-9)
            gains.append(min(max(TARGET * min(floor, 1 / max(self._loudest, 1e-9)), 1.0), MOST_GAIN))
        return gains


def _without_tone(frames: Samples) -> Samples:
    """Return what is left of each frame `(m, n)` without the one tone that explains most of it, `(m, n - 2)`.

    In a tone the sum of the samples before and behind is the same multiple of each sample. White noise keeps its level.
    """
    import numpy as np

    around, middle = frames[:, 2:] + frames[:, :-2], frames[:, 1:-1]
    shared, power = (np.einsum("mn,mn->m", one, middle) for one in (around, middle))
    around -= (shared / (power + np.float32(1e-20)))[:, None] * middle
    around *= np.float32(LEFT_OF_NOISE)
    return around


def _levels(frames: Samples) -> Samples:
    """Return the RMS of each frame `(m, n)`, which are overwritten."""
    import numpy as np

    levels: Samples = np.sqrt(np.add.reduce(np.square(frames, out=frames), axis=1) / frames.shape[1])
    return levels


def _low_cut() -> Any:
    """Return FFmpeg's filter, which keeps its state from frame to frame and gives out as much as it gets."""
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1
    source = graph.add_abuffer(
        format="fltp", sample_rate=SAMPLE_RATE, layout="mono", time_base=Fraction(1, SAMPLE_RATE)
    )
    cut, sink = graph.add("asubcut", LOW_CUT), graph.add("abuffersink")
    source.link_to(cut)
    cut.link_to(sink)
    graph.configure()
    return graph
