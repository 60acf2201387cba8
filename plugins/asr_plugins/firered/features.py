"""Kaldi log-mel filter banks with global mean and variance normalisation, as the models were trained on."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.errors import ModelError
from asrcli.types import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


WINDOW = 400  # samples, 25 ms
SHIFT = 160  # samples, 10 ms
INT16_SCALE = 32768.0  # the models were trained on 16-bit integers, never divided
SMALLEST_VARIANCE = 1e-20


class FeatureExtractor:
    """Turns samples into normalised features.

    Raises:
        ModelError: the statistics are missing, damaged or for another number of bins.
    """

    def __init__(self, cmvn: Path, bins: int) -> None:
        self.bins = bins
        self.mean, self.scale = read_cmvn(cmvn, bins)

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """Return normalised features (frames, bins); 0 frames for less than 25 ms."""
        import numpy as np

        return ((FeatureStream(self.bins).feed(samples) - self.mean) * self.scale).astype(np.float32)


class FeatureStream:
    """Kaldi log-mel filter banks of samples that come in pieces: 20 Hz to Nyquist, no dither.

    Args:
        scale: what samples in [-1, 1] are multiplied by.
    """

    def __init__(self, bins: int, scale: float = INT16_SCALE) -> None:
        import kaldi_native_fbank as knf

        options = knf.FbankOptions()
        options.frame_opts.samp_freq = SAMPLE_RATE
        options.frame_opts.dither = 0.0
        options.mel_opts.num_bins = bins
        self.bins, self.scale = bins, scale
        self._bank = knf.OnlineFbank(options)
        self._frames = 0  # returned

    def feed(self, samples: Samples) -> NDArray[np.float32]:
        """Take samples in [-1, 1] and return the frames (n, bins) that they complete; the first needs 25 ms."""
        import numpy as np

        self._bank.accept_waveform(SAMPLE_RATE, np.asarray(samples, np.float32) * np.float32(self.scale))
        ready = self._bank.num_frames_ready
        features = np.empty((ready - self._frames, self.bins), np.float32)
        for index in range(self._frames, ready):
            features[index - self._frames] = self._bank.get_frame(index)
        self._bank.pop(ready - self._frames)
        self._frames = ready
        return features


def read_cmvn(path: Path, bins: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and 1 / standard deviation, each (bins,), from a key-less Kaldi matrix of doubles.

    Row 0 holds the sums and the frame count, row 1 the sums of squares.

    Raises:
        ModelError: the file is missing or not such a matrix.
    """
    import numpy as np

    try:
        blob = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} is missing; it holds the feature statistics: download the model again") from error
    header = b"\0BDM \x04" + struct.pack("<i", 2) + b"\x04" + struct.pack("<i", bins + 1)
    size = len(header) + 2 * (bins + 1) * 8
    if not blob.startswith(header) or len(blob) != size:
        raise ModelError(f"{path} is no Kaldi matrix of 2 x {bins + 1} doubles ({len(blob)} bytes, expected {size})")
    sums, squares = np.frombuffer(blob, "<f8", offset=len(header)).reshape(2, bins + 1)
    count = sums[bins]
    if not np.isfinite(count) or count < 1:
        raise ModelError(f"{path} counts {count} frames; download the model again")
    mean = sums[:bins] / count
    variance = np.maximum(squares[:bins] / count - mean**2, SMALLEST_VARIANCE)
    return mean, 1.0 / np.sqrt(variance)
