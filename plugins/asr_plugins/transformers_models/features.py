"""From clips to padded batches. Features are computed clip by clip, so that no clip depends on the ones beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from asrcli.types import SAMPLE_RATE, Samples

SHORTEST = 0.1  # seconds; shorter clips hold no word, and Parakeet's features are not a number below 20 ms
NAMES = ("input_values", "input_features")


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs of a network: the values (clips, frames or samples, ...), and which of them are real (clips, frames)."""

    name: str  # what the network calls the values
    values: Any
    mask: Any

    def inputs(self, masked: bool = True) -> dict[str, Any]:
        """Return keyword arguments for the network."""
        return {self.name: self.values} | ({"attention_mask": self.mask} if masked else {})


def make_batch(extractor: Any, samples: Sequence[Samples], device: torch.device, dtype: Any) -> Batch:
    """Return the clips as one batch, padded with zeros on the right.

    Args:
        samples: clips of at least `SHORTEST` seconds.
        dtype: of the network; features are computed in float32 and cast at the end.
    """
    made = [
        extractor(one, sampling_rate=SAMPLE_RATE, return_tensors="pt", return_attention_mask=True) for one in samples
    ]
    name = next(name for name in NAMES if name in made[0])
    values = pad_sequence([one[name][0] for one in made], batch_first=True)
    masks = [
        one["attention_mask"][0].long() if "attention_mask" in one else torch.ones(len(one[name][0]), dtype=torch.long)
        for one in made
    ]
    mask = pad_sequence(masks, batch_first=True)
    return Batch(name, values.to(device, dtype), mask.to(device))


def long_enough(samples: Samples) -> bool:
    """Return whether a clip can hold a word."""
    return len(samples) >= SHORTEST * SAMPLE_RATE
