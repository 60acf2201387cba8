"""The Silero model of voice activity (version 6): probabilities of speech for a stream of samples.

Its weights are the ones that the faster-whisper package carries (MIT licence); its recurrent state runs on from block
to block.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from asrcli.companions import SpeechStream
from asrcli.errors import ModelError

if TYPE_CHECKING:
    from asrcli.types import Samples

WINDOW = 512  # samples (32 ms) per probability; what the model was trained on at 16 kHz
CONTEXT = 64  # samples of the window before, put in front of each
STATE = (1, 1, 128)  # of the recurrent layer, twice
PRIMING = 32  # windows of silence that the model has seen before a stream begins
# Where the model finds nothing it is asked again, as if silence had come just before, or 2 s before if it found nothing
# in those either: what it has seen makes it deaf to speech in noise, and new noise it wants to know for some seconds.
# Less than a third of a second in all is no speech then (docs/experiments.md).
AGAIN = 64  # windows (2 s) that it is asked about again; at the end of a stream half of them
HEARD = 0.35  # probability from which a window is speech
LEAST_HEARD = 10  # windows
SOUNDS = 1e-4  # a sample that is no silence
MODEL_FILE = "assets/silero_vad_v6.onnx"
_loading = threading.Lock()


class Silero(SpeechStream):
    """The Silero model on one recording, as if a second of silence came before it.

    A model that begins cold misses words at the very start: of 200 short words it lost 12, and loses none so.
    """

    def __init__(self) -> None:
        import numpy as np

        with _loading:  # once, of all threads that decode
            self._state = _silence_before()
        self._context = np.zeros(CONTEXT, np.float32)
        self._late: list[Samples] = []  # since it was last decided whether the model is asked again
        self._before = self._context  # of these
        self._heard = False
        self._aside: Any = None  # the state of a model that saw silence and then the last 2 s, if nothing was found

    def feed(self, samples: Samples) -> Samples:
        """Run the model over whole windows; it does not look ahead, but it may be asked again."""
        return self._feed(samples, AGAIN)

    def finish(self, samples: Samples) -> Samples:
        """Run the model over the last windows."""
        return self._feed(samples, AGAIN // 2)

    def _feed(self, samples: Samples, least: int) -> Samples:
        import numpy as np

        self.revised = 0
        if not self._late:
            self._before = self._context
        self._late.append(samples)
        found = self._run(samples)
        self._heard = self._heard or bool(found.max(initial=0.0) >= HEARD)
        late = self._late if len(self._late) == 1 else [np.concatenate(self._late)]
        if len(late[0]) < least * WINDOW:
            self._late = late
            return found
        heard, self._late, self._heard = self._heard, [], False
        aside, self._aside = self._aside, None
        if heard or abs(late[0]).max() < SOUNDS:
            return found
        after = self._state, self._context
        for state in (aside, _silence_before()) if aside else (_silence_before(),):
            self._state, self._context = state, self._before
            again = self._run(late[0])
            if (again >= HEARD).sum() >= LEAST_HEARD:
                self.revised = len(again) - len(found)
                return again
        self._aside = self._state
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


@cache
def _silence_before() -> Any:
    """Return the state of the model after a second of silence."""
    import numpy as np

    nothing = np.zeros(STATE, np.float32)
    inputs = {"input": np.zeros((PRIMING, CONTEXT + WINDOW), np.float32), "h": nothing, "c": nothing}
    return tuple(_session().run(None, inputs)[1:])


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

    from asrcli.audio.silero_graph import rewritten

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # recordings run side by side instead
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(rewritten(path.read_bytes()), options, providers=["CPUExecutionProvider"])
