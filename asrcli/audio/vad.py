"""Detect speech in a stream with the Silero model (`asrcli.audio.silero`), or with one of a plugin.

Rules from probabilities to regions are Silero's own (https://github.com/snakers4/silero-vad, `get_speech_timestamps`),
restated for a stream, so that whole-recording tools find the same regions; they hold for the probabilities of other
models too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asrcli.audio import steady
from asrcli.audio.conditioning import Conditioner
from asrcli.audio.silero import WINDOW, Silero
from asrcli.companions import Detector
from asrcli.engines.companions import load
from asrcli.types import SAMPLE_RATE, Region

if TYPE_CHECKING:
    from asrcli.types import Samples

# Windows per call: 64 take 0.35 s of a processor for ten minutes, 32 0.36 s, 256 0.34 s and single ones 1.24 s. Batches
# lie on a grid from the start of the stream, so that results cannot depend on how the samples arrive.
BATCH = 64
STEP = BATCH * WINDOW  # samples, 2.048 s
HYSTERESIS = 0.15  # speech goes on until the probability is this much below the threshold (Silero's default)
SILERO = "silero"


@dataclass(frozen=True, slots=True)
class VadOptions:
    """What counts as speech. Defaults lose none of 320 short words and find nothing in noise, hum and silence
    (``docs/experiments.md``); silence and pad lie between Silero's (0.1 s, 0.03 s), which cut within sentences, and
    faster-whisper's (2 s, 0.4 s), which keep much silence: `asrcli.audio.cut` keeps shorter
    pauses in a clip all the same.
    """

    threshold: float = 0.35  # probability from which a window is speech
    min_speech: float = 0.064  # seconds; what is not longer (a click, two windows) is dropped
    min_silence: float = 0.4  # seconds; shorter pauses do not end a region
    pad: float = 0.2  # seconds added on both sides of a region, at most half of the pause between two
    model: str = SILERO  # or NAME[:MODEL] of a plugin, see `asrcli.companions`

    @property
    def end_threshold(self) -> float:
        """The probability below which speech ends."""
        return max(self.threshold - HYSTERESIS, 0.01)


class SpeechDetector:
    """Turns samples into regions of speech as they come in. Times count from the first sample fed.

    The model sees the samples as `asrcli.audio.conditioning` leaves them. A short region of a sound that goes on after
    it is none (`asrcli.audio.steady`).

    `step` is how many samples are decided on together, a multiple of the window: a live stream wants it short.
    """

    def __init__(self, options: VadOptions, keep_seconds: float = 120.0, step: int = STEP) -> None:
        self.options, self.step = options, step
        self.position = 0  # samples that have been decided on; a multiple of the window
        self._keep = max(1, round(keep_seconds * SAMPLE_RATE / WINDOW))  # windows whose probabilities are kept
        self._kept: list[Any] = []
        self._dropped = 0  # windows whose probabilities are gone
        self._fed = 0
        self.silent = True  # every sample so far was zero
        self._rest: list[Samples] = []
        self._waiting = 0
        self._recent: Samples | None = None  # the last samples, as they came; at most as many as `_close` looks back
        self._look_back = round((steady.LONGEST + options.min_silence) * SAMPLE_RATE) + WINDOW
        self._conditioner = Conditioner()
        self.standout = self._conditioner.standout
        self._source = Silero() if options.model == SILERO else load(Detector, options.model).stream()
        self._start: int | None = None  # where the speech that goes on now began
        self._silent_from: int | None = None  # where it may have ended
        self._closed: list[tuple[int, int]] = []  # unpadded, waiting for their right neighbour
        self._left: int | None = None  # unpadded end of the last region given out

    def feed(self, samples: Samples) -> list[Region]:
        """Take the next samples and return the regions that are final by now."""
        import numpy as np

        self._rest.append(samples)
        self._waiting += len(samples)
        self._fed += len(samples)
        self.silent = self.silent and not samples.any()
        if self._waiting < self.step:
            return []
        joined = np.concatenate(self._rest)
        whole = len(joined) // self.step * self.step
        self._rest, self._waiting = [joined[whole:]], len(joined) - whole
        found: list[Region] = []
        for at in range(0, whole, self.step):
            block = joined[at : at + self.step]
            self._decide(block, self._source.feed(self._conditioner.feed(block)))
            found += self._final()
        return found

    def finish(self) -> list[Region]:
        """End the stream and return the remaining regions."""
        import numpy as np

        # At least one zero behind the last sample: Silero's way, kept so that results agree with it.
        missing = WINDOW - self._waiting % WINDOW
        rest = np.concatenate([*self._rest, np.zeros(0, np.float32)])
        seen = [self._conditioner.feed(rest), np.zeros(missing, np.float32)]
        self._decide(rest, self._source.finish(np.concatenate(seen)))
        self._rest, self._waiting = [], 0
        if self._start is not None:
            self._close(self._fed)
        self.position = self._fed
        return self._final(ended=True)

    @property
    def open_start(self) -> float | None:
        """Where the speech that is going on now begins (padded, seconds), or None in silence."""
        return None if self._start is None else self._padded_start(self._start) / SAMPLE_RATE

    @property
    def unfinished_start(self) -> float | None:
        """Where the first speech begins that has not been given out yet, going on or just over; None without any."""
        if not self._closed:
            return self.open_start
        waiting, self._closed = self._closed, []  # the left neighbour of the first is the region given out last
        start = self._padded_start(waiting[0][0])
        self._closed = waiting
        return start / SAMPLE_RATE

    def probabilities(self, start: float, end: float) -> Samples:
        """Return the speech probabilities `(windows,)` of the 32 ms windows that begin in ``start <= time < end``.

        Only the last `keep_seconds` are there: for a `start` before them the answer begins later and is shorter.
        """
        import numpy as np

        known: Samples = np.concatenate(self._kept) if self._kept else np.zeros(0, np.float32)
        first = -(-round(start * SAMPLE_RATE) // WINDOW) - self._dropped
        last = -(-round(end * SAMPLE_RATE) // WINDOW) - self._dropped
        return known[max(0, first) : max(0, last)]

    def _decide(self, block: Samples, probabilities: Samples) -> None:
        """Keep the probabilities of the next samples and move the state machine on, one window at a time."""
        import numpy as np

        self._recent = block if self._recent is None else np.concatenate([self._recent[-self._look_back :], block])
        recent_from = self.position + len(block) - len(self._recent)
        probabilities = probabilities[self._source.revised - self._taken_back(self._source.revised) :]
        self._kept.append(probabilities)
        while sum(map(len, self._kept[1:])) >= self._keep:
            self._dropped += len(self._kept.pop(0))
        speech, silence = self.options.threshold, self.options.end_threshold
        least = self.options.min_silence * SAMPLE_RATE
        for probability in probabilities.tolist():
            here = self.position
            self.position += WINDOW
            if probability >= speech:
                self._start, self._silent_from = here if self._start is None else self._start, None
                continue
            if probability >= silence or self._start is None:
                continue
            self._silent_from = here if self._silent_from is None else self._silent_from
            if here - self._silent_from >= least:
                seen = self._recent[max(0, self._start - recent_from) : self.position - recent_from]
                self._close(self._silent_from, seen)

    def _taken_back(self, windows: int) -> int:
        """Take back what was decided on the last windows, in which there was no speech; return on how many of them.

        What was found before them keeps its pad.
        """
        import numpy as np

        if not windows or self._start is not None:
            return 0
        before = self._closed[-1][1] if self._closed else self._left
        if before is not None:
            free = self.position - before - 2 * self.options.pad * SAMPLE_RATE
            windows = min(windows, max(0, int(free) // WINDOW))
        self.position -= windows * WINDOW
        known = np.concatenate(self._kept)[:-windows] if windows else None
        if known is not None:
            self._kept = [known]
            self._dropped = self.position // WINDOW - len(known)
        return windows

    def _close(self, end: int, seen: Samples | None = None) -> None:
        """End the region that is open; `seen` are the samples from its start on, when some follow its end."""
        assert self._start is not None
        length = end - self._start
        long_enough = length > self.options.min_speech * SAMPLE_RATE
        if long_enough and (seen is None or not steady.goes_on(seen, length)):
            self._closed.append((self._start, end))
        self._start = self._silent_from = None

    def _padded_start(self, start: int) -> int:
        before = self._closed[-1][1] if self._closed else self._left
        pad = self.options.pad * SAMPLE_RATE
        if before is not None and start - before < 2 * pad:
            return start - (start - before) // 2
        return int(max(0, start - pad))

    def _final(self, ended: bool = False) -> list[Region]:
        """Give out closed regions whose right pad cannot change any more."""
        pad = self.options.pad * SAMPLE_RATE
        found = []
        while self._closed:
            start, end = self._closed.pop(0)
            following = self._closed[0][0] if self._closed else None
            if following is None and not ended:
                nearest = self.position if self._start is None else self._start
                if nearest - end < 2 * pad:
                    self._closed.insert(0, (start, end))
                    break
            room = None if following is None else following - end
            padded_end = end + room // 2 if room is not None and room < 2 * pad else int(end + pad)
            # _padded_start looks at the left neighbour, which has just been given out, and not at the ones behind it.
            waiting, self._closed = self._closed, []
            padded_start = self._padded_start(start)
            self._closed, self._left = waiting, end
            found.append(Region(padded_start / SAMPLE_RATE, min(padded_end, self._fed) / SAMPLE_RATE))
        return found


def speech_regions(samples: Samples, options: VadOptions | None = None) -> list[Region]:
    """Return the regions of speech in a whole recording `(n,)`."""
    detector = SpeechDetector(options or VadOptions())
    return detector.feed(samples) + detector.finish()
