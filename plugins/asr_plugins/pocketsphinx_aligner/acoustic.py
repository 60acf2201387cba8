"""The acoustic model inside the PocketSphinx wheel: tied Gaussian mixtures over the states of triphones.

PocketSphinx aligns with the beams of its recogniser: with those it finds no path through half a minute of spontaneous
speech, and with beams wide enough it takes half as long as the speech. It also says nothing about how well the words
fit. So the model's files are read here and searched exactly. Formats: ``bin_mdef.c``, ``ms_gauden.c`` and
``ptm_mgau.c`` of PocketSphinx (BSD); the scores are compared with the library's own in the tests.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asrcli.types import SAMPLE_RATE

Array = NDArray[np.float32]

# Mixture weights and scores are steps of this many nats: the natural logarithm of 1.0001, shifted by ten bits.
STEP = float(np.log(1.0001)) * 1024.0
LEAST_VARIANCE = 1e-4
LEAST_TRANSITION = 1e-4
INTERNAL, BEGIN, END, SINGLE = range(4)  # positions of a phone in its word
STATES = 3  # of each phone

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


@dataclass(frozen=True, slots=True)
class Mixtures:
    """One codebook's Gaussians for one stream: ``log density = square @ x**2 + linear @ x + constant``."""

    square: Array  # (13, 128)
    linear: Array  # (13, 128)
    constant: Array  # (128,)


class AcousticModel:
    """Scores of phone states, frame by frame."""

    def __init__(self, folder: Path) -> None:
        self.phones: list[str]
        self._read_definition((folder / "mdef").read_bytes())
        self.numbers = {name: number for number, name in enumerate(self.phones)}
        self.silence = self.numbers["SIL"]
        self.fillers = {number for name, number in self.numbers.items() if name.startswith("+")} | {self.silence}
        self._read_mixtures(folder)
        self._read_transitions(folder / "transition_matrices")

    def _read_definition(self, raw: bytes) -> None:
        header = 12 + struct.unpack_from("<i", raw, 8)[0]
        base, phones, _, _, senones, _, sequences, _, nodes, _ = struct.unpack_from("<10i", raw, header)
        at = header + 40
        names = raw[at:].split(b"\0", base)[:base]
        self.phones = [name.decode() for name in names]
        at += (sum(len(name) + 1 for name in names) + 3) // 4 * 4 + 8 * nodes
        table = np.frombuffer(
            raw, np.dtype([("sequence", "<i4"), ("matrix", "<i4"), ("attributes", "u1", 4)]), phones, at
        )
        at += 12 * phones + 4
        states = np.frombuffer(raw, "<u2", sequences * STATES, at).reshape(sequences, STATES)
        self.senones = states[table["sequence"]].astype(np.int32)  # (phones, 3): base phones first, then triphones
        attributes = table["attributes"][base:].astype(int)
        keys = ((attributes[:, 0] * base + attributes[:, 1]) * base + attributes[:, 2]) * base + attributes[:, 3]
        self._triphones = dict(zip(keys.tolist(), range(base, phones), strict=True))
        centre = np.concatenate((np.arange(base), attributes[:, 1]))
        self.codebook = np.zeros(senones, np.int32)  # of each senone: the number of its base phone
        self.codebook[self.senones] = centre[:, None]

    def _read_mixtures(self, folder: Path) -> None:
        means, variances = _gaussians(folder / "means"), np.maximum(_gaussians(folder / "variances"), LEAST_VARIANCE)
        constant = -0.5 * np.sum(np.log(2.0 * np.pi * variances) + means**2 / variances, axis=-1)
        square, linear = (np.swapaxes(one, -1, -2) for one in (-0.5 / variances, means / variances))
        self._mixtures = [
            [Mixtures(*one) for one in zip(*book, strict=True)] for book in zip(square, linear, constant, strict=True)
        ]
        raw = (folder / "sendump").read_bytes()
        at = 0
        while length := struct.unpack_from("<i", raw, at)[0]:
            at += 4 + length
        rows, columns = struct.unpack_from("<2i", raw, at + 4)
        streams = means.shape[1]
        steps = np.frombuffer(raw, "u1", streams * rows * columns, at + 12).reshape(streams, rows, columns)
        self._weights: Any = np.exp(-STEP * steps.astype(np.float32))  # (streams, 128, senones)

    def _read_transitions(self, path: Path) -> None:
        raw, at = _after_header(path)
        matrices, states, exits, _ = struct.unpack_from("<4i", raw, at)
        counts = np.frombuffer(raw, "<f4", matrices * states * exits, at + 16).reshape(matrices, states, exits)
        shares = np.maximum(counts / counts.sum(axis=-1, keepdims=True), LEAST_TRANSITION)
        numbers = np.arange(states)
        self.stay = np.log(shares[:, numbers, numbers])  # (base phones, 3): log probability of one more frame
        self.leave = np.log(shares[:, numbers, numbers + 1])

    def states(self, phone: int, left: int, right: int, position: int) -> NDArray[np.int32]:
        """Return the three senones of a phone between two others, those of the nearest context that was trained."""
        base = len(self.phones)
        left = self.silence if left in self.fillers else left
        right = self.silence if right in self.fillers else right
        outer = (
            self.silence if position in (BEGIN, SINGLE) else left,
            self.silence if position in (END, SINGLE) else right,
        )
        keys = (
            ((place * base + phone) * base + before) * base + after
            for before, after in ((left, right), outer)
            for place in (position, INTERNAL, BEGIN, END, SINGLE)
        )
        found = next((self._triphones[key] for key in keys if key in self._triphones), phone)
        senones: NDArray[np.int32] = self.senones[found]
        return senones

    def score(self, features: Array, senones: NDArray[np.int32]) -> Array:
        """Return log likelihoods ``(frames, len(senones))``.

        Args:
            features: ``(frames, 3, 13)``.
            senones: which, each once, ascending or not.
        """
        frames = len(features)
        scores = np.empty((frames, len(senones)), np.float32)
        books = self.codebook[senones]
        squares = features**2
        for book in np.unique(books):
            places = np.flatnonzero(books == book)
            total = np.zeros((frames, len(places)), np.float32)
            for stream, mixtures in enumerate(self._mixtures[book]):
                density = squares[:, stream] @ mixtures.square + features[:, stream] @ mixtures.linear
                density += mixtures.constant
                greatest = density.max(axis=1, keepdims=True)
                np.exp(density - greatest, out=density)
                total += np.log(density @ self._weights[stream][:, senones[places]] + 1e-30) + greatest
            scores[:, places] = total
        return scores

    def base_senones(self) -> NDArray[np.int32]:
        """Return the senones of all phones without context: any sound at all."""
        return np.unique(self.senones[: len(self.phones)])


def _after_header(path: Path) -> tuple[bytes, int]:
    raw = path.read_bytes()
    at = raw.index(b"endhdr\n") + 7
    if raw[at : at + 4] != b"\x44\x33\x22\x11":
        raise ValueError(f"{path} is not in little-endian order")
    return raw, at + 4


def _gaussians(path: Path) -> Array:
    """Return ``(codebooks, streams, 128, 13)``; all streams have one length."""
    raw, at = _after_header(path)
    books, streams, densities, *lengths = struct.unpack_from("<6i", raw, at)
    count = books * densities * sum(lengths)
    return np.frombuffer(raw, "<f4", count, at + 12 + 4 * streams + 4).reshape(books, streams, densities, lengths[0])


def features(samples: Array) -> Array:
    """Return cepstra, their differences and second differences ``(frames, 3, 13)`` of samples in [-1, 1].

    They are those that the model was trained on (its ``feat.params``), but for the removal of noise, which PocketSphinx
    does in the mel spectrum: it smears what precedes a pause, and boundaries were further off with it than without.
    """
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
