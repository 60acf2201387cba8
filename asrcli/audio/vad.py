"""Detect speech in a stream with the Silero model (version 6, ONNX), or with one of a plugin.

Silero's weights are the ones that the faster-whisper package carries (MIT licence); its recurrent state runs on from
block to block. Rules from probabilities to regions are Silero's own (https://github.com/snakers4/silero-vad,
`get_speech_timestamps`), restated for a stream, so that whole-recording tools find the same regions; they hold for the
probabilities of other models too.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from asrcli.audio import steady
from asrcli.audio.conditioning import Conditioner
from asrcli.companions import SpeechStream
from asrcli.engines.companions import load_detector
from asrcli.errors import ModelError
from asrcli.types import SAMPLE_RATE, Region

if TYPE_CHECKING:
    from asrcli.types import Samples

WINDOW = 512  # samples (32 ms) per probability; what the model was trained on at 16 kHz
CONTEXT = 64  # samples of the window before, put in front of each
STATE = (1, 1, 128)  # of the recurrent layer, twice
# Windows per call: the fastest of 1 (430 times real time), 8 (700), 64 (760), 512 (670), 3000 (490), measured. Batches
# lie on a grid from the start of the stream, so that results cannot depend on how the samples arrive.
BATCH = 64
STEP = BATCH * WINDOW  # samples, 2.048 s
PRIMING = 32  # windows of silence that the model has seen before a stream begins
HYSTERESIS = 0.15  # speech goes on until the probability is this much below the threshold (Silero's default)
# Where the model finds nothing it is asked again, as if silence had come before: what it has seen makes it deaf to
# speech in noise. Less than a third of a second in all is no speech then (docs/accuracy.md).
AGAIN = 32  # windows, of which there must be as many in a call
HEARD = 0.35  # probability from which a window is speech
LEAST_HEARD = 10  # windows
SOUNDS = 1e-4  # a sample that is no silence
MODEL_FILE = "assets/silero_vad_v6.onnx"
SILERO = "silero"


@dataclass(frozen=True, slots=True)
class VadOptions:
    """What counts as speech. Defaults lose none of 320 short words and find nothing in noise, hum and silence
    (``docs/accuracy.md``); silence and pad lie between Silero's (0.1 s, 0.03 s), which cut within sentences, and
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
        self._source = Silero() if options.model == SILERO else load_detector(options.model).stream()
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


class Silero(SpeechStream):
    """The Silero model on one recording, as if a second of silence came before it.

    A model that begins cold misses words at the very start: of 200 short words it lost 12, and loses none so.
    """

    def __init__(self) -> None:
        import numpy as np

        self._state = _silence_before()
        self._context = np.zeros(CONTEXT, np.float32)

    def feed(self, samples: Samples) -> Samples:
        """Run the model over whole windows; it does not look ahead."""
        before = self._context
        found = self._run(samples)
        if len(found) < AGAIN or found.max() >= HEARD or abs(samples).max() < SOUNDS:
            return found
        after = self._state, self._context
        self._state, self._context = _silence_before(), before
        again = self._run(samples)
        if (again >= HEARD).sum() >= LEAST_HEARD:
            return again
        self._state, self._context = after
        return found

    def _run(self, samples: Samples) -> Samples:
        import numpy as np

        windows = samples.reshape(-1, WINDOW)
        before = np.concatenate([self._context[None], windows[:-1, -CONTEXT:]])
        inputs = {"input": np.concatenate([before, windows], 1), "h": self._state[0], "c": self._state[1]}
        output, hidden, cell = _session().run(None, inputs)
        self._state = (hidden, cell)
        self._context = windows[-1, -CONTEXT:]
        found: Samples = output.reshape(-1)
        return found

    def finish(self, samples: Samples) -> Samples:
        """Run the model over the last windows."""
        return self.feed(samples)


@cache
def _silence_before() -> Any:
    """Return the state of the model after a second of silence."""
    import numpy as np

    nothing = np.zeros(STATE, np.float32)
    inputs = {"input": np.zeros((PRIMING, CONTEXT + WINDOW), np.float32), "h": nothing, "c": nothing}
    return tuple(_session().run(None, inputs)[1:])


def speech_regions(samples: Samples, options: VadOptions | None = None) -> list[Region]:
    """Return the regions of speech in a whole recording `(n,)`."""
    detector = SpeechDetector(options or VadOptions())
    return detector.feed(samples) + detector.finish()


@cache
def _session() -> Any:
    """Load the model once per process; running it is safe in several threads."""
    from importlib.util import find_spec
    from pathlib import Path

    # Finding does not import: faster_whisper would bring in ctranslate2 and its tokenizers.
    package, runtime = find_spec("faster_whisper"), find_spec("onnxruntime")
    if package is None or package.origin is None or runtime is None:
        raise ModelError("voice activity needs the Silero model of faster-whisper: pip install 'faster-whisper>=1.2.1'")
    path = Path(package.origin).parent / MODEL_FILE
    if not path.is_file():
        raise ModelError(
            f"voice activity: no {path.name} in {path.parent}; run: pip install -U 'faster-whisper>=1.2.1'"
        )

    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it reports each use to its makers otherwise, since 1.31
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # recordings run side by side instead
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
