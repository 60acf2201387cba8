"""Mel cepstra with differences, as the US English model of PocketSphinx was trained on (its ``feat.params``).

Noise removal, which PocketSphinx does in the mel spectrum, is left out: it smears what precedes a pause, and boundaries
were further off with it than without.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asrcli.types import SAMPLE_RATE

Array = NDArray[np.float32]

HOP = 160  # samples; 100 frames a second
WINDOW = 410  # samples, 25.6 ms
FFT = 512
FILTERS = 25
LOWEST, HIGHEST = 130.0, 6800.0  # Hz
CEPSTRA = 13
LIFTER = 22
EMPHASIS = 0.97
QUIETEST = 1e-4  # of a mel band's power, in units of 16-bit samples; the library's own floor is lower
SILENT = 69.0  # of the first cepstrum, below its maximum: 60 dB. Frames so quiet are no room but digital silence


def features(samples: Array) -> Array:
    """Return cepstra, their differences and second differences ``(frames, 3, 13)`` of samples in [-1, 1]."""
    mel = cepstra(samples)
    mel -= mel[mel[:, 0] > mel[:, 0].max() - SILENT].mean(axis=0)
    padded = np.pad(mel, ((3, 3), (0, 0)), mode="edge")
    count = len(mel)

    def at(shift: int) -> Array:
        """Return the frames, moved by ``shift``."""
        return padded[3 + shift : 3 + shift + count]

    first = at(2) - at(-2)
    second = (at(3) - at(-1)) - (at(1) - at(-3))
    return np.stack((mel, first, second), axis=1)


def cepstra(samples: Array) -> Array:
    """Return ``(frames, 13)`` mel-frequency cepstra; one frame every 10 ms that lies within the samples."""
    scaled = samples.astype(np.float32) * 32768.0
    emphasised = np.empty_like(scaled)
    emphasised[:1] = scaled[:1]
    emphasised[1:] = scaled[1:] - EMPHASIS * scaled[:-1]
    if len(emphasised) < WINDOW:
        emphasised = np.pad(emphasised, (0, WINDOW - len(emphasised)))
    frames = np.lib.stride_tricks.sliding_window_view(emphasised, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * _window(), FFT)) ** 2
    bands = np.log(np.maximum(power @ _filters(), QUIETEST))
    found: Array = (bands @ _cosines()).astype(np.float32)
    return found


@cache
def _window() -> Array:
    return np.hamming(WINDOW).astype(np.float32)


@cache
def _filters() -> Any:
    """Return triangular filters of equal area ``(257, 25)``, their corners on bins of the transform."""

    def mel(hertz: float) -> float:
        """Return a frequency on the mel scale."""
        return 2595.0 * float(np.log10(1.0 + hertz / 700.0))

    step = SAMPLE_RATE / FFT
    places = np.linspace(mel(LOWEST), mel(HIGHEST), FILTERS + 2)
    corners = np.round((700.0 * (10.0 ** (places / 2595.0) - 1.0)) / step) * step
    bins = np.arange(FFT // 2 + 1) * step
    table = np.zeros((len(bins), FILTERS))
    for number in range(FILTERS):
        low, middle, high = corners[number : number + 3]
        rising = (bins - low) / (middle - low)
        falling = (high - bins) / (high - middle)
        table[:, number] = np.clip(np.minimum(rising, falling), 0.0, None) * 2.0 / (high - low)
    return table


@cache
def _cosines() -> Any:
    """Return the orthonormal cosine transform ``(25, 13)`` with its lifter."""
    numbers = np.arange(CEPSTRA)
    table = np.cos(np.pi / FILTERS * np.outer(np.arange(FILTERS) + 0.5, numbers)) * np.sqrt(2.0 / FILTERS)
    table[:, 0] /= np.sqrt(2.0)
    return table * (1.0 + LIFTER / 2.0 * np.sin(np.pi * numbers / LIFTER))
