"""What the segmentation network finds in windows that overlap, put together: how many speak, where that changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from asr_plugins.campplus.segmentation import SegmentationNetwork
    from asrcli.types import HalfSamples, Samples

WINDOW = 160_000  # samples, ten seconds, as the network was trained
FRAME_SHIFT, FRAME_WIDTH = 270, 991  # samples between two frames, and those that a frame covers
WINDOW_FRAMES = (WINDOW - FRAME_WIDTH) // FRAME_SHIFT + 1
FRAME_SECONDS = FRAME_SHIFT / SAMPLE_RATE
STEP_FRAMES = 74  # between two windows, 1.25 s; with 2.5 s four people with overlaps have 9 % errors instead of 6 %
PEOPLE = 3  # whom a window can tell apart
# Windows at a time. On the CPU more are no faster, and each needs 20 MB between the layers.
BATCH, BATCH_ON_CPU = 8, 2
# Somebody speaks from this mean probability on, and two at once from the second. At a half for both, a third of the
# errors that are left with the true labels is speech that is missed, by telephone and in noise (docs/accuracy.md).
SPEECH, BOTH = 0.4, 0.6


@dataclass(frozen=True, slots=True)
class Activity:
    """Who speaks in each frame of each window; people are numbered anew in every window."""

    windows: NDArray[np.bool_]  # (windows, frames, 3)
    starts: NDArray[np.intp]  # (windows,), the first frame of each
    people: NDArray[np.intp]  # (frames,) how many speak in each frame of the recording: 0, 1 or 2
    changes: NDArray[np.bool_]  # (frames,) whether another one speaks than in the frame before

    def alone(self) -> Iterator[tuple[int, int]]:
        """Yield first and last + 1 frame of every stretch in which one person speaks, and nobody else."""
        import numpy as np

        alone = self.people == 1
        begins = alone & (self.changes | ~np.concatenate(([False], alone[:-1])))
        ends = alone & np.concatenate((begins[1:] | ~alone[1:], [True]))
        yield from zip(np.flatnonzero(begins).tolist(), (np.flatnonzero(ends) + 1).tolist(), strict=True)


def seconds_of(frame: float) -> float:
    """Return the time at the middle of what a frame covers, less half a shift: where it begins to count."""
    return (frame * FRAME_SHIFT + (FRAME_WIDTH - FRAME_SHIFT) / 2) / SAMPLE_RATE


def detect(network: SegmentationNetwork, samples: Samples | HalfSamples, device: str) -> Activity:
    """Return the activity in a recording `(n,)`."""
    import numpy as np

    from asr_plugins.campplus.segmentation import SETS

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
    import numpy as np
    import torch

    step = STEP_FRAMES * FRAME_SHIFT
    batch = np.zeros((len(windows), WINDOW), np.float32)
    for row, window in enumerate(windows):
        part = samples[window * step : window * step + WINDOW]
        batch[row, : len(part)] = part
    likely: NDArray[np.float32] = network(torch.from_numpy(batch).to(device)).exp().float().cpu().numpy()
    return likely


def _changes(windows: NDArray[np.bool_], starts: NDArray[np.intp], covered: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the frames in which most of the windows that cover them detect a change."""
    import numpy as np

    length = windows.shape[1]
    changing = np.zeros(starts[-1] + length)
    for window, start in zip(windows, starts, strict=True):
        changing[start + 1 : start + length] += (window[1:] != window[:-1]).any(1)
    # Windows do not agree on a change to the frame: those within a tenth of a second are one.
    near = np.convolve(changing, np.ones(7), "same")
    frames = len(covered)
    changes: NDArray[np.bool_] = (changing > 0)[:frames] & (near[:frames] > covered / 2)
    return changes
