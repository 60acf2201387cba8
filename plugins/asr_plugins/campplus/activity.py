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
FRAME_SECONDS = FRAME_SHIFT / SAMPLE_RATE
STEP_FRAMES = 74  # between two windows, 1.25 s; with 2.5 s four people with overlaps have 9 % errors instead of 6 %
PEOPLE = 3  # whom a window can tell apart
BATCH = 8  # windows


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
    found = [_window_sets(network, samples, range(at, min(at + BATCH, count)), device) for at in range(0, count, BATCH)]
    table = np.array([[person in people for person in range(PEOPLE)] for people in SETS])
    windows = table[np.concatenate(found)]
    starts = np.arange(count) * STEP_FRAMES
    frames = max(1, min(int(starts[-1]) + windows.shape[1], -(-len(samples) // FRAME_SHIFT)))
    return Activity(windows, starts, *_together(windows, starts, frames))


def _window_sets(
    network: SegmentationNetwork, samples: Samples | HalfSamples, windows: range, device: str
) -> NDArray[np.intp]:
    """Return the likeliest of `SETS` in each frame of some windows, `(windows, frames)`."""
    import numpy as np
    import torch

    step = STEP_FRAMES * FRAME_SHIFT
    batch = np.zeros((len(windows), WINDOW), np.float32)
    for row, window in enumerate(windows):
        part = samples[window * step : window * step + WINDOW]
        batch[row, : len(part)] = part
    sets: NDArray[np.intp] = network(torch.from_numpy(batch).to(device)).argmax(-1).cpu().numpy()
    return sets


def _together(
    windows: NDArray[np.bool_], starts: NDArray[np.intp], frames: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return how many speak in each frame, by the mean of the windows, and where most of them detect a change."""
    import numpy as np

    length = windows.shape[1]
    covered, speaking, changing = (np.zeros(starts[-1] + length) for _ in range(3))
    for window, start in zip(windows, starts, strict=True):
        covered[start : start + length] += 1
        speaking[start : start + length] += window.sum(1)
        changing[start + 1 : start + length] += (window[1:] != window[:-1]).any(1)
    people = np.rint(speaking / covered).astype(np.intp)
    # Windows do not agree on a change to the frame: those within a tenth of a second are one.
    near = np.convolve(changing, np.ones(7), "same")
    return people[:frames], (changing > 0)[:frames] & (near > covered / 2)[:frames]
