"""Sound that rises and falls as speech does: what voice activity discards is checked against it.

Only the level decides, against the quietest of late: noise and hum do not stand out from themselves, and speech does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asrcli.types import SAMPLE_RATE, Region

if TYPE_CHECKING:
    from collections.abc import Sequence

FRAME = 512  # samples (32 ms) with one level
ABOVE = 10 ** (10 / 20)  # 10 dB over the quietest of late; noise without a rhythm stays within 6
RISE = 10 ** (6 * FRAME / SAMPLE_RATE / 20)  # the quietest of late rises by 6 dB a second
LEAST_LEVEL = 3e-5  # RMS of the second difference; the noise of 16 bits has 2.2e-5
SHARE = 0.25  # of the frames of a second that stand out
SECOND = 32  # frames


class Standout:
    """Gathers the seconds of a stream that stand out; blocks of frames may have any size."""

    def __init__(self) -> None:
        self.seconds: list[Region] = []  # from the start of the stream, joined where they touch
        self._quietest: float | None = None
        self._frames = 0
        self._loud = 0

    def feed(self, levels: Sequence[float]) -> None:
        """Take the RMS of the second difference of the next frames."""
        for level in levels:
            quietest = level if self._quietest is None else min(level, self._quietest * RISE)
            self._quietest = max(quietest, LEAST_LEVEL / ABOVE)
            self._loud += level > self._quietest * ABOVE
            self._frames += 1
            if self._frames % SECOND == 0:
                if self._loud >= SHARE * SECOND:
                    self._add(self._frames * FRAME / SAMPLE_RATE)
                self._loud = 0

    def _add(self, end: float) -> None:
        start = end - SECOND * FRAME / SAMPLE_RATE
        if self.seconds and self.seconds[-1].end >= start:
            self.seconds[-1] = Region(self.seconds[-1].start, end)
        else:
            self.seconds.append(Region(start, end))
