"""pyannote's segmentation-3.0 (Bredin, 2023; MIT): which of up to three people speak, within ten seconds.

What it finds in windows that overlap is put together: how many speak, where that changes, and turns of the same people
throughout a recording.

SincNet filters over samples, recurrent layers, and a class for every set of at most two people who speak at once.
Modules are named as in the published weights, so that their state dict loads as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional

from asrcli.types import SAMPLE_RATE, HalfSamples, Samples

# The people who speak in each class: nobody, one, or two of the three.
SETS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
LOWEST_HZ = LEAST_BAND_HZ = 50.0
WINDOW = 160_000  # samples, ten seconds, as the network was trained
FRAME_SHIFT, FRAME_WIDTH = 270, 991  # samples between two frames, and those that a frame covers
WINDOW_FRAMES = (WINDOW - FRAME_WIDTH) // FRAME_SHIFT + 1
FRAME_SECONDS = FRAME_SHIFT / SAMPLE_RATE
STEP_FRAMES = 74  # between two windows, 1.25 s; with 2.5 s four people with overlaps have 9 % errors instead of 6 %
PEOPLE = 3  # whom a window can tell apart
# Windows at a time. On the CPU more are no faster, and each needs 20 MB between the layers.
BATCH, BATCH_ON_CPU = 8, 2
# Somebody speaks from this mean probability on, and two at once from the second. At a half for both, a third of the
# errors that are left with the true labels is speech that is missed, by telephone and in noise (docs/experiments.md).
SPEECH, BOTH = 0.4, 0.6

Piece = tuple[int, int]  # first and last + 1 frame
Stretch = tuple[int, int, int]  # speaker, first and last + 1 frame

SHORTEST_PAUSE = 12  # frames, 0.2 s: less silence within one person's speech is none
SHORTEST_TURN = 6  # frames, 0.1 s


class SegmentationNetwork(nn.Module):
    """Turns samples `(batch, samples)` into log-probabilities of `SETS`, `(batch, frames, 7)`."""

    def __init__(self) -> None:
        super().__init__()
        self.sincnet = _SincNet()
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList((nn.Linear(256, 128), nn.Linear(128, 128)))
        self.classifier = nn.Linear(128, len(SETS))

    def forward(self, samples: Tensor) -> Tensor:
        """Return log-probabilities; one frame every 270 samples."""
        outputs: Tensor = self.lstm(self.sincnet(samples[:, None]).transpose(1, 2))[0]
        for layer in self.linear:
            outputs = functional.leaky_relu(layer(outputs))
        return functional.log_softmax(self.classifier(outputs), -1)


class _SincNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        self.conv1d = nn.ModuleList((_SincFilters(), nn.Conv1d(80, 60, 5), nn.Conv1d(60, 60, 5)))
        self.norm1d = nn.ModuleList(nn.InstanceNorm1d(size, affine=True) for size in (80, 60, 60))

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples `(batch, 1, n)` to `(batch, 60, frames)`, a frame for every 270 of them."""
        outputs = self.wav_norm1d(samples)
        for convolution, norm in zip(self.conv1d, self.norm1d, strict=True):
            outputs = functional.leaky_relu(norm(functional.max_pool1d(convolution(outputs), 3)))
        return outputs


class _SincFilters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filterbank = _Bands()

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples `(batch, 1, n)` to the magnitude of each band, `(batch, 80, n / 10)`."""
        return functional.conv1d(samples, self.filterbank(), stride=10).abs()


class _Bands(nn.Module):
    """Eighty band-pass filters of 251 samples, even and odd ones, whose edges were learnt (Pariente et al., 2020)."""

    low_hz_: Tensor
    band_hz_: Tensor
    window_: Tensor
    n_: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, shape in (("low_hz_", (40, 1)), ("band_hz_", (40, 1)), ("window_", (125,)), ("n_", (1, 125))):
            self.register_buffer(name, torch.zeros(shape))

    def forward(self) -> Tensor:
        """Return the filters, `(80, 1, 251)`."""
        low = LOWEST_HZ + self.low_hz_.abs()
        high = (low + LEAST_BAND_HZ + self.band_hz_.abs()).clamp(LOWEST_HZ, SAMPLE_RATE / 2)
        width, half = high - low, self.n_ / 2
        even = ((high @ self.n_).sin() - (low @ self.n_).sin()) / half * self.window_
        odd = ((low @ self.n_).cos() - (high @ self.n_).cos()) / half * self.window_
        evens = torch.cat((even, 2 * width, even.flip(1)), 1)
        odds = torch.cat((odd, torch.zeros_like(width), -odd.flip(1)), 1)
        return (torch.cat((evens, odds)) / (2 * width).repeat(2, 1))[:, None]


@dataclass(frozen=True, slots=True)
class Activity:
    """Who speaks in each frame of each window; people are numbered anew in every window."""

    windows: NDArray[np.bool_]  # (windows, frames, 3)
    starts: NDArray[np.intp]  # (windows,), the first frame of each
    people: NDArray[np.intp]  # (frames,) how many speak in each frame of the recording: 0, 1 or 2
    changes: NDArray[np.bool_]  # (frames,) whether another one speaks than in the frame before

    def alone(self) -> Iterator[tuple[int, int]]:
        """Yield first and last + 1 frame of every stretch in which one person speaks, and nobody else."""
        alone = self.people == 1
        begins = alone & (self.changes | ~np.concatenate(([False], alone[:-1])))
        ends = alone & np.concatenate((begins[1:] | ~alone[1:], [True]))
        yield from zip(np.flatnonzero(begins).tolist(), (np.flatnonzero(ends) + 1).tolist(), strict=True)


def seconds_of(frame: float) -> float:
    """Return the time at the middle of what a frame covers, less half a shift: where it begins to count."""
    return (frame * FRAME_SHIFT + (FRAME_WIDTH - FRAME_SHIFT) / 2) / SAMPLE_RATE


def detect(network: SegmentationNetwork, samples: Samples | HalfSamples, device: str) -> Activity:
    """Return the activity in a recording `(n,)`."""
    step = STEP_FRAMES * FRAME_SHIFT
    count = max(1, -(-(len(samples) - WINDOW) // step) + 1)
    table = np.array([[person in people for person in range(PEOPLE)] for people in SETS])
    starts = np.arange(count) * STEP_FRAMES
    # What is kept has its place before the networks run: small arrays left between their large ones keep the allocator
    # from giving anything back.
    windows = np.empty((count, WINDOW_FRAMES, PEOPLE), np.bool_)
    # Windows that cover each frame, and their probabilities of speech and of two at once.
    sums = np.zeros((3, int(starts[-1]) + WINDOW_FRAMES))
    batch = BATCH_ON_CPU if device == "cpu" else BATCH
    for at in range(0, count, batch):
        likely = _window_sets(network, samples, range(at, min(at + batch, count)), device)
        for window, start in zip(likely, starts[at:], strict=False):
            pairs = window[:, PEOPLE + 1 :].sum(1)
            sums[:, start : start + WINDOW_FRAMES] += np.stack((np.ones_like(pairs), 1 - window[:, 0], pairs))
        speech = 1 - likely[..., 0] > SPEECH
        windows[at : at + batch] = table[np.where(speech, likely[..., 1:].argmax(-1) + 1, 0)]
    frames = max(1, min(sums.shape[1], -(-len(samples) // FRAME_SHIFT)))
    covered, speech, both = sums[:, :frames]
    people = (speech > SPEECH * covered).astype(np.intp)
    people += (people > 0) & (both > BOTH * covered)
    return Activity(windows, starts, people, _changes(windows, starts, covered))


def _window_sets(
    network: SegmentationNetwork, samples: Samples | HalfSamples, windows: range, device: str
) -> NDArray[np.float32]:
    """Return the probability of each of `SETS` in each frame of some windows, `(windows, frames, 7)`."""
    step = STEP_FRAMES * FRAME_SHIFT
    batch = np.zeros((len(windows), WINDOW), np.float32)
    for row, window in enumerate(windows):
        part = samples[window * step : window * step + WINDOW]
        batch[row, : len(part)] = part
    likely: NDArray[np.float32] = network(torch.from_numpy(batch).to(device)).exp().float().cpu().numpy()
    return likely


def _changes(windows: NDArray[np.bool_], starts: NDArray[np.intp], covered: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the frames in which most of the windows that cover them detect a change."""
    length = windows.shape[1]
    changing = np.zeros(starts[-1] + length)
    for window, start in zip(windows, starts, strict=True):
        changing[start + 1 : start + length] += (window[1:] != window[:-1]).any(1)
    # Windows do not agree on a change to the frame: those within a tenth of a second are one.
    near = np.convolve(changing, np.ones(7), "same")
    frames = len(covered)
    changes: NDArray[np.bool_] = (changing > 0)[:frames] & (near[:frames] > covered / 2)
    return changes


def speaking(
    activity: Activity, pieces: Sequence[Piece], labels: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return who speaks in each frame, `(frames, speakers)`, and who of two at once is detected by most windows.

    A piece of one person's speech is its speaker's. The people of a window are given to the speakers by the pieces that
    they share, and say for everything else, overlaps and short words, whose it is; as many speak as the windows detect.

    Args:
        pieces: of speech of one person, with prints.
        labels: the speaker of each piece, numbered from 0.
    """
    frames = len(activity.people)
    known = np.full(frames, -1)
    for (first, last), label in zip(pieces, labels, strict=True):
        known[first:last] = label
    speakers = int(labels.max()) + 1 if len(labels) else 1
    votes = _votes(activity, known, speakers)
    spoken = np.flatnonzero(known >= 0)
    votes[spoken, known[spoken]] += len(activity.windows) + 1
    rank = np.argsort(np.argsort(-votes, 1, kind="stable"), 1)
    everybody = (rank < activity.people[:, None]) & ((votes > 0) | (rank == 0))
    return everybody, everybody & (rank == 0)


def _votes(activity: Activity, known: NDArray[np.intp], speakers: int) -> NDArray[np.float64]:
    """Return how many windows detect each speaker in each frame, `(frames, speakers)`."""
    votes = np.zeros((len(known), speakers))
    for window, start in zip(activity.windows, activity.starts, strict=True):
        here = known[start : start + len(window)]
        active = window[: len(here)]
        shared = np.stack([active[here == speaker].sum(0) for speaker in range(speakers)], 1)  # (people, speakers)
        for person, speaker in zip(*linear_sum_assignment(-shared), strict=True):
            if shared[person, speaker]:
                votes[start : start + len(here), speaker] += active[:, person]
    return votes


def stretches(spoken: NDArray[np.bool_], pause: int = SHORTEST_PAUSE) -> Iterator[Stretch]:
    """Yield what each speaker says without a pause, speaker after speaker.

    Args:
        spoken: who speaks in each frame, `(frames, speakers)`.
        pause: frames of silence that are none; 0 where another one may speak in them.
    """
    for speaker in range(spoken.shape[1]):
        edges = np.diff(np.concatenate(([0], spoken[:, speaker].astype(np.int8), [0])))
        found: list[tuple[int, int]] = []
        for first, last in zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True):
            if found and first - found[-1][1] <= pause:
                found[-1] = (found[-1][0], last)
            else:
                found.append((first, last))
        yield from ((speaker, first, last) for first, last in found if last - first >= SHORTEST_TURN)
