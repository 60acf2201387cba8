"""Whether the two channels of a recording have nothing to do with each other: noise beside speech, or two speakers.

Mixed, each hides the other. Ordinary stereo rises and falls together, however the microphones stood (docs/speakers.md).
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from asrcli.errors import InputError

if TYPE_CHECKING:
    from asrcli.types import Recording, Samples

LONGEST = 300.0  # seconds that are looked at
LEAST = 50  # frames; fewer rise and fall together by chance
FRAME = 1600  # samples (0.1 s) with one level
# All of 360 pairs of noise, music or a second speaker beside speech are within these limits, and none of 320 pairs of
# ordinary stereo, noise and music.
ALIKE = 0.4  # correlation of the levels
SHARED = 0.05  # correlation of the samples; a panned voice has 0.46
LIVELY = 7.0  # dB, standard deviation of the levels of the livelier channel: speech has 9.5, music and noise have 5
STEADY = 0.1  # dB; what moves less is as good as steady
SILENT = 1e-4  # RMS of a channel that hides nothing


def apart(recording: Recording) -> bool:
    """Return whether a recording has two channels that differ so much that each should be transcribed by itself."""
    import numpy as np

    from asrcli.audio.decode import probe

    if recording.channel is not None or not os.path.isfile(recording.path):
        return False  # a pipe cannot be read again
    end = recording.start + LONGEST
    part = replace(recording, end=end if recording.end is None else min(end, recording.end))
    try:
        track = None if recording.track is None else str(recording.track)
        if probe(recording.path, track).channels != 2:
            return False
        pair = [_edges(replace(part, channel=channel)) for channel in range(2)]
    except (InputError, OSError):
        return False  # it has changed since it was transcribed
    count = min(map(len, pair)) // FRAME * FRAME
    if count < LEAST * FRAME:
        return False
    frames = np.stack([one[:count] for one in pair]).reshape(2, -1, FRAME)
    powers = np.square(frames).mean(axis=(1, 2))
    if powers.min() < SILENT**2:
        return False
    shared = abs(np.prod(frames, axis=0).mean()) / np.sqrt(powers.prod())
    levels = 10 * np.log10(np.square(frames).mean(axis=2) + 1e-9)
    spreads = levels.std(axis=1)
    if shared > SHARED or spreads.max() < LIVELY:
        return False
    alike = np.cov(levels, bias=True)[0, 1] / np.maximum(spreads, STEADY).prod()
    return bool(alike < ALIKE)


def _edges(recording: Recording) -> Samples:
    """Return the first difference of a channel: hum and rumble say little about it."""
    import numpy as np

    from asrcli.audio.decode import decode

    with closing(decode(recording, lambda text: None)) as blocks:
        found: Samples = np.diff(np.concatenate(list(blocks)))
    return found
