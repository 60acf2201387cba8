"""The active speech level: ITU-T P.56, method B."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIME_CONSTANT = 0.03  # seconds, of the envelope's smoothing
HANGOVER = 0.2  # seconds that speech goes on after its envelope has fallen below a threshold
MARGIN = 15.9  # dB between the active level and the threshold that it is found with
THRESHOLDS = 24  # halves of full scale
SPAN = 14  # time constants after which a sample no longer counts in the envelope: less than 2e-5 of it is left


def activity(samples: NDArray[Any]) -> float:
    """Return which share of a recording is active speech, above 0 and up to 1; 1 of silence.

    The active level is that of the whole, 10 log10 of the share higher.
    """
    import numpy as np

    square = float(np.square(samples, dtype=np.float64).sum())
    if not square:
        return 1.0
    smooth = envelope(samples)
    scale = float(np.max(np.abs(samples)))  # thresholds below the peak: the result does not depend on the gain
    before: tuple[float, float] | None = None  # share in dB, and how far the level is above the threshold
    for step in range(THRESHOLDS):
        threshold = scale / 2**step
        count = active_samples(smooth >= threshold)
        if not count:
            continue
        share = 10 * math.log10(count / len(samples))
        above = 10 * math.log10(square / count) - 20 * math.log10(threshold)
        if above >= MARGIN:
            part = 1.0 if before is None else (MARGIN - before[1]) / (above - before[1])
            found = share if before is None else before[0] + part * (share - before[0])
            return min(1.0, 10 ** (found / 10))
        before = share, above
    return 1.0


def envelope(samples: NDArray[Any]) -> NDArray[Any]:
    """Return the rectified samples, smoothed twice by P.56's filter, (n,)."""
    import numpy as np

    keep = math.exp(-1 / (SAMPLE_RATE * TIME_CONSTANT))
    steps = np.arange(round(SPAN * TIME_CONSTANT * SAMPLE_RATE))
    response = (1 - keep) ** 2 * (steps + 1) * keep**steps
    size = 1 << (len(samples) + len(response) - 1).bit_length()
    spectrum = np.fft.rfft(np.abs(samples.astype(np.float64)), size) * np.fft.rfft(response, size)
    found: NDArray[Any] = np.fft.irfft(spectrum, size)[: len(samples)]
    return found


def active_samples(active: NDArray[Any]) -> int:
    """Return how many samples are active, or come within the hangover after one that is."""
    import numpy as np

    places = np.arange(len(active))
    last = np.maximum.accumulate(np.where(active, places, -len(active) - SAMPLE_RATE))
    return int((places - last <= round(HANGOVER * SAMPLE_RATE)).sum())
