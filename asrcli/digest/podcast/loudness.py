"""As loud as podcasts are: integrated loudness by ITU-R BS.1770, as ffmpeg measures it, and peaks below full scale."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TARGET = -16.0  # LUFS, what podcast directories ask for
PEAK = 0.84  # of full scale, -1.5 dB: encoders add a little
SILENT = -60.0  # LUFS, under which nothing is made louder
CLOSE = 0.3  # LU


def loudness(samples: NDArray[np.int16], rate: int) -> float:
    """Return the integrated loudness of one channel in LUFS, -70 for silence and what is shorter than 0.4 s."""
    frames = filtered(samples, rate, [("ebur128", "metadata=1")])
    told = [frame.metadata["lavfi.r128.I"] for frame in frames if "lavfi.r128.I" in frame.metadata]
    return float(told[-1]) if told else -70.0  # a last piece of less than 0.1 s has no figure


def levelled(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """Return the sound, of the same length, at `TARGET`; silence stays silence."""
    import numpy as np

    gain = 0.0
    made = samples
    for _ in range(3):  # what the limiter takes away is given back by the next
        found = loudness(made, rate)
        if found < SILENT or abs(TARGET - found) < CLOSE:
            break
        gain += TARGET - found
        limiter = f"limit={PEAK}:level=false:attack=5:release=50:latency=1"
        chain = [("volume", f"{gain:.2f}dB:precision=float"), ("alimiter", limiter), ("aformat", "sample_fmts=s16")]
        pieces = [frame.to_ndarray()[0] for frame in filtered(samples, rate, chain)]
        made = np.concatenate(pieces)[: len(samples)].astype(np.int16)
        made = np.pad(made, (0, len(samples) - len(made)))
    return made


def filtered(samples: NDArray[np.int16], rate: int, chain: list[tuple[str, str]]) -> list[Any]:
    """Return what comes out of a chain of ffmpeg's filters, as frames."""
    import av
    import numpy as np

    graph = av.filter.Graph()
    last = graph.add_abuffer(sample_rate=rate, format="s16", layout="mono", time_base=Fraction(1, rate))
    for name, options in [*chain, ("abuffersink", "")]:
        made = graph.add(name, options)
        last.link_to(made)
        last = made
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :]), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    graph.push(frame)
    graph.push(None)
    found: list[Any] = []
    while True:
        try:
            found.append(graph.pull())
        except (av.BlockingIOError, av.EOFError):
            return found
