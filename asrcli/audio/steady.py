"""Whether a short stretch that a model takes for speech is the beginning of a sound that just goes on: hum, a motor.

A hum with harmonics that begins at once has the onset of a voice, and Silero calls its first 0.1 to 2 s speech, with
probabilities up to 0.94. What a voice says is over when its region ends; a hum still has the same level in every band.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    from asrcli.types import Samples

LONGEST = 5.0  # seconds; the longest region of a hum that was seen has 2.0
FOLLOWING = 0.4  # seconds after a region that it is compared with
# Mean difference of band levels in dB below which it is the same sound. Of 2,942 regions in hums (8 pitches, 6 sets of
# harmonics, pure, in noise, with a level that wavers) the largest is 2.4; of 1,280 words in silence, in hum as loud
# as the word, and in white noise 20 dB below it the smallest is 4.2, of 320 in noise 5 dB below it 1 % are below 3.0.
SAME = 2.5
FRAME, HOP = 512, 256  # samples, 32 and 16 ms
LEAST = FRAME + 3 * HOP  # samples: four frames
RANGE = 40.0  # dB below the loudest band; quieter ones do not count


def goes_on(samples: Samples, length: int) -> bool:
    """Tell whether what follows the first `length` of `samples` `(n,)` is the same sound."""
    import numpy as np

    region, following = samples[:length], samples[length : length + round(FOLLOWING * SAMPLE_RATE)]
    if length > LONGEST * SAMPLE_RATE or min(len(region), len(following)) < LEAST:
        return False
    inside = _levels(region)
    inside = inside[2:-1] if len(inside) > 4 else inside  # without the onset, and without the end
    after = _middle(_levels(following))
    loudest = np.maximum(after, _middle(inside))
    counted = loudest > loudest.max() - RANGE
    return bool(np.abs(inside - after)[:, counted].mean() < SAME)


def _levels(samples: Samples) -> Samples:
    """Return the level in dB of each band in each frame, `(frames, bands)`."""
    import numpy as np

    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    spectra = np.fft.rfft(frames * np.hanning(FRAME), axis=1)
    power = np.square(spectra.real) + np.square(spectra.imag)
    levels: Samples = 10 * np.log10(np.add.reduceat(power, _edges(), axis=1) + 1e-12)
    return levels


def _middle(levels: Samples) -> Samples:
    """Return the median over frames, `(bands,)`, without numpy's, which imports masked arrays: 50 ms, once."""
    ordered = levels.copy()
    ordered.sort(axis=0)
    middle: Samples = (ordered[(len(levels) - 1) // 2] + ordered[len(levels) // 2]) / 2
    return middle


@cache
def _edges() -> Any:
    """Return the first bin of each of about 16 bands from 60 Hz on, each a fixed ratio above the one before."""
    import numpy as np

    return sorted(set(np.round(np.geomspace(2, FRAME // 2, 17)).astype(int).tolist()))[:-1]
