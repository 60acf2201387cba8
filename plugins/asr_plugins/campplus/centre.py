"""The centre of voice prints: what all voices have in common, which says nothing about who speaks.

The mean of unit prints over twelve voices (English, Italian, German and Walloon: readers of LibriVox, speakers of Z.
Jackson's free spoken digits, prompts of telephone exchanges, synthesisers), each over wide band and over a telephone
band, with equal weight. CAM++ learnt from other languages and channels; its prints of these lie to one side of zero,
without the centre two people by telephone are near each other.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THOUSANDTHS = """
    -39 -32 44 -13 -15 -14 -25 40 14 -7 -62 28 -28 -26 -18 5 -30 46 -21 6 69 17 -19 48 37 -6 -27 -5 -31 47 1 -20
    35 2 38 16 -66 -49 50 10 26 10 -43 -3 18 -5 -20 6 10 61 27 22 -32 36 10 60 42 3 4 -6 -38 15 34 -18 9 -10 -30
    -33 -19 -42 29 6 -18 10 -47 -4 7 25 -33 19 -24 38 -14 25 4 27 32 -5 -38 -5 -36 -17 -13 57 -13 -4 19 -11 -1
    15 -9 -44 28 -19 26 -10 9 38 7 -15 12 -24 33 -22 -21 28 35 62 42 -36 -16 11 19 -16 -51 15 -37 32 0 38 -10
    -15 29 -29 -13 6 -17 -64 12 5 -1 -19 -21 49 -39 -14 33 -9 -20 -34 -5 -56 25 6 -28 -3 33 12 -27 -4 25 -14 18
    12 18 25 -4 -13 -45 -8 36 -34 32 -7 -17 0 83 -6 -16 -31 -29 -4 -17 -12 -2 -32 -6 -42 14 3 -40 13
"""


@cache
def centre() -> NDArray[np.float32]:
    """Return the centre `(192,)` of prints of length one."""
    import numpy as np

    common: NDArray[np.float32] = np.array(THOUSANDTHS.split(), np.float32) / np.float32(1000)
    return common
