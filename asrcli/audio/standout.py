"""Sound that rises and falls as speech does, or is louder: what voice activity discards is checked against it.

Only levels decide, each against the quietest of late: noise and hum do not stand out from themselves, and speech does,
in what is left without a tone, too, where one hides it. A machine that begins hides speech without a rise and fall, and
is as loud as the speech near by is, or louder (docs/experiments.md).
"""

from __future__ import annotations

from array import array
from bisect import bisect
from math import ceil, inf
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
LENGTH = SECOND * FRAME / SAMPLE_RATE  # seconds
LOUDER = 10 ** (6 / 20)  # 6 dB over speech; with 4 what a recorder makes of noise in a pause counts
NEAR = 30  # seconds of speech before and after that a second is held against
SPOKEN, UNSPOKEN = 0.8 * LENGTH, 0.3 * LENGTH  # at least, and at most so much speech was found in a second
LASTS = 6  # seconds that are louder, at least; with 5 tunes in the pauses of quiet people count
RESTS = 3  # seconds between them that may be quieter


class Standout:
    """Gathers the seconds of a stream that stand out; blocks of frames may have any size."""

    def __init__(self) -> None:
        self.seconds: list[Region] = []  # from the start of the stream, joined where they touch
        self._quietest = [inf, inf]
        self.levels = array("f")  # of each second, the RMS of its middle frame
        self._second: list[float] = []
        self._frames = 0
        self._loud = 0

    def feed(self, levels: Sequence[Sequence[float]]) -> None:
        """Take the RMS of the next frames, and that of their second difference, whole and without its tone."""
        for plain, *pair in levels:
            self._second.append(plain)
            known = zip(pair, self._quietest, strict=True)
            self._quietest = [max(min(level, late * RISE), LEAST_LEVEL / ABOVE) for level, late in known]
            self._loud += any(level > late * ABOVE for level, late in zip(pair, self._quietest, strict=True))
            self._frames += 1
            if self._frames % SECOND == 0:
                if self._loud >= SHARE * SECOND:
                    self._add()
                self.levels.append(sorted(self._second)[SECOND // 2])
                self._second, self._loud = [], 0

    def louder(self, speech: Sequence[Region]) -> list[Region]:
        """Return where, for seconds, it is louder than the speech near by, and little of it is speech."""
        spoken, unspoken = self._found(speech)
        found: list[list[int]] = []
        for at in sorted((*spoken, *unspoken)):
            place = bisect(spoken, at)
            near = sorted(self.levels[one] for one in spoken[max(0, place - NEAR) : place + NEAR])
            if not near or self.levels[at] <= near[len(near) // 2] * LOUDER:
                continue
            if found and at - found[-1][-1] <= RESTS and place - bisect(spoken, found[-1][-1]) <= 1:
                found[-1].append(at)
            else:
                found.append([at])
        without = set(unspoken)
        return [
            Region(own[0] * LENGTH, (own[-1] + 1) * LENGTH) for own in found if len(without.intersection(own)) >= LASTS
        ]

    def _found(self, speech: Sequence[Region]) -> tuple[list[int], list[int]]:
        """Return the seconds that are speech, and those that are none."""
        covered = [0.0] * len(self.levels)
        for one in speech:
            for at in range(int(one.start / LENGTH), min(len(covered), ceil(one.end / LENGTH))):
                covered[at] += min(one.end, (at + 1) * LENGTH) - max(one.start, at * LENGTH)
        spoken = [at for at, seconds in enumerate(covered) if seconds >= SPOKEN]
        return spoken, [at for at, seconds in enumerate(covered) if seconds <= UNSPOKEN]

    def _add(self) -> None:
        start, end = ((self._frames - back) * FRAME / SAMPLE_RATE for back in (SECOND, 0))
        touches = self.seconds and self.seconds[-1].end >= start
        self.seconds.append(Region(self.seconds.pop().start if touches else start, end))
