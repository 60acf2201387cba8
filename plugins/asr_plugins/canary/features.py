"""Log-mel features as NeMo computes them, with the window and the filters that the checkpoint holds.

The stored window is rounded to bfloat16; an exact Hann window changes single features by up to 0.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

if TYPE_CHECKING:
    from asr_plugins.canary.layout import Encoder
    from asrcli.types import Samples

PREEMPHASIS = 0.97
GUARD = 2.0**-24  # added before the logarithm
EPSILON = 1e-5  # added to the standard deviation


class LogMel:
    """Turns clips into normalised log-mel features, in float32 whatever the model computes in.

    Args:
        encoder: sizes.
        window: (window,).
        filters: (mels, n_fft / 2 + 1).
    """

    def __init__(self, encoder: Encoder, window: Tensor, filters: Tensor) -> None:
        self.hop, self.n_fft = encoder.hop, encoder.n_fft
        self.window, self.filters = window, filters

    def __call__(self, clips: Sequence[Samples]) -> tuple[Tensor, Tensor]:
        """Return features (clips, frames, mels), zero after the end of each, and the frames of each (clips,).

        A clip must have two frames at least, since its features are divided by their deviation.
        """
        samples = torch.tensor([len(clip) for clip in clips])
        padded = pad_sequence([torch.from_numpy(clip) for clip in clips], batch_first=True).to(self.window.device)
        samples = samples.to(padded.device)
        inside = torch.arange(padded.shape[1], device=padded.device) < samples[:, None]
        sharpened = torch.cat((padded[:, :1], padded[:, 1:] - PREEMPHASIS * padded[:, :-1]), 1)
        spectrum = torch.stft(
            sharpened.masked_fill(~inside, 0.0),
            self.n_fft,
            hop_length=self.hop,
            win_length=len(self.window),
            window=self.window,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        power = torch.view_as_real(spectrum).pow(2).sum(-1).sqrt().pow(2)  # NeMo takes the root, too
        mel = torch.log(self.filters @ power + GUARD).transpose(1, 2)
        return _normalise(mel, samples // self.hop)


def _normalise(mel: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Give each feature of each clip mean 0 and deviation 1 (divisor n - 1) over the clip's own frames."""
    inside = (torch.arange(mel.shape[1], device=mel.device) < frames[:, None])[..., None]
    count = frames[:, None]
    mean = (mel * inside).sum(1) / count
    variance = ((mel - mean[:, None]) ** 2 * inside).sum(1) / (count - 1)
    normal = (mel - mean[:, None]) / (variance.sqrt()[:, None] + EPSILON)
    return normal.masked_fill(~inside, 0.0), frames
