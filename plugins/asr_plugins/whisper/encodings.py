"""What the encoder made of clips whose language was asked for, kept until their text is: half of the work of a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from asrcli.types import Samples

    Encoding = NDArray[np.float32]  # (1500, width)

MOST = 16  # windows; 50 MB with base, 120 MB with large


class Encodings:
    """Encodings of the first windows of clips, each to be taken once; beyond `MOST` the oldest go."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Samples, Encoding]] = {}  # with the samples, so that no others get their id

    def put(self, samples: Samples, encoding: Encoding) -> None:
        """Keep the encoding of a clip's samples."""
        self._kept[id(samples)] = (samples, encoding)
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]

    def take(self, samples: Samples) -> Encoding | None:
        """Return what is kept of the same samples, if it is, and forget it."""
        found = self._kept.pop(id(samples), None)
        return found[1] if found else None
