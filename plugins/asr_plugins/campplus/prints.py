"""Voice prints of stretches of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from asr_plugins.campplus.activity import FRAME_SECONDS, seconds_of
from asrcli.types import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from asr_plugins.campplus.embedding import VoiceNetwork
    from asrcli.types import HalfSamples, Samples

Piece = tuple[int, int]  # first and last + 1 frame of the segmentation

# Of one piece. With 3 s, a change of speakers that the segmentation does not detect spoils twice as much: 13 % errors
# instead of 9 % in a conversation of four with overlaps, at the same cost.
MOST_SECONDS = 1.5
LEAST_SECONDS = 0.5  # a print of less says little
WINDOW, SHIFT = 400, 160  # samples of a mel frame, and between two
ROUND = 25  # mel frames: pieces of about one length go through the network together
BATCH, BATCH_ON_CPU = 16, 4  # pieces, as `activity.BATCH`
BINS = 80


def pieces(alone: Iterable[Piece]) -> list[Piece]:
    """Return stretches in which one person speaks, cut into equal pieces that are not too long for one print."""
    found: list[Piece] = []
    for first, last in alone:
        count = -(-(last - first) * FRAME_SECONDS // MOST_SECONDS)
        edges = [first + round((last - first) * at / count) for at in range(int(count) + 1)]
        found += pairwise(edges)
    return [(first, last) for first, last in found if (last - first) * FRAME_SECONDS >= LEAST_SECONDS]


def seconds(pieces: Sequence[Piece]) -> NDArray[np.float64]:
    """Return how long each piece is, `(pieces,)`."""
    import numpy as np

    return np.array([last - first for first, last in pieces], np.float64) * FRAME_SECONDS


def goes_on(pieces: Sequence[Piece]) -> NDArray[np.bool_]:
    """Return for each piece but the last whether the next one is the rest of the same stretch, `(pieces - 1,)`."""
    import numpy as np

    return np.array([one[1] == other[0] for one, other in pairwise(pieces)], np.bool_)


def voice_prints(
    network: VoiceNetwork, samples: Samples | HalfSamples, wanted: Sequence[Piece], device: str
) -> NDArray[np.float32]:
    """Return the print of each piece, `(pieces, 192)`."""
    import numpy as np
    import torch

    lengths = [_mel_frames(piece) for piece in wanted]
    prints = np.zeros((len(wanted), 192), np.float32)
    size = BATCH_ON_CPU if device == "cpu" else BATCH
    for length, group in groupby(sorted(range(len(wanted)), key=lengths.__getitem__), key=lengths.__getitem__):
        alike = list(group)
        for batch in (alike[at : at + size] for at in range(0, len(alike), size)):
            features = np.stack([mel_features(_part(samples, wanted[one]))[:length] for one in batch])
            prints[batch] = network(torch.from_numpy(features).to(device)).float().cpu().numpy()
    return prints


def _part(samples: Samples | HalfSamples, piece: Piece) -> Samples:
    import numpy as np

    first = min(int(seconds_of(piece[0]) * SAMPLE_RATE), max(0, len(samples) - WINDOW - SHIFT * _mel_frames(piece)))
    return samples[first : int(seconds_of(piece[1]) * SAMPLE_RATE) + WINDOW].astype(np.float32)


def _mel_frames(piece: Piece) -> int:
    """Return how many mel frames of a piece are taken: all but those that fill no round number."""
    seconds = seconds_of(piece[1]) - seconds_of(piece[0])
    return max(ROUND, int(seconds * SAMPLE_RATE / SHIFT) // ROUND * ROUND)


def mel_features(samples: Samples) -> NDArray[np.float32]:
    """Return Kaldi's log-mel filter banks `(frames, 80)`, without dither."""
    import kaldi_native_fbank as knf
    import numpy as np

    options = knf.FbankOptions()
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = BINS
    bank = knf.OnlineFbank(options)
    bank.accept_waveform(SAMPLE_RATE, samples)
    return np.stack([bank.get_frame(index) for index in range(bank.num_frames_ready)])
