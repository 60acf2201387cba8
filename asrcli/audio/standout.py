"""Sound that rises and falls as speech does: what voice activity discards is checked against it.

Only levels decide, each against the quietest of late: noise and hum do not stand out from themselves, and speech does,
in what is left without a tone, too, where one hides it.
"""

from __future__ import annotations

from math import inf
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
        self._quietest = [inf, inf]
        self._frames = 0
        self._loud = 0

    def feed(self, levels: Sequence[Sequence[float]]) -> None:
        """Take the RMS of the second difference of the next frames, each whole and without its tone."""
        for pair in levels:
            known = zip(pair, self._quietest, strict=True)
            self._quietest = [max(min(level, late * RISE), LEAST_LEVEL / ABOVE) for level, late in known]
            self._loud += any(level > late * ABOVE for level, late in zip(pair, self._quietest, strict=True))
            self._frames += 1
            if self._frames % SECOND == 0:
                if self._loud >= SHARE * SECOND:
                    self._add()
                self._loud = 0

    def _add(self) -> None:
        start, end = ((self._frames - back) * FRAME / SAMPLE_RATE for back in (SECOND, 0))
        touches = self.seconds and self.seconds[-1].end >= start
        self.seconds.append(Region(self.seconds.pop().start if touches else start, end))
