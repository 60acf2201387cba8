"""One thread for numpy's matrices: how many there are decides the last bit of a product, and that decides words.

Whisper's features are such a product. With two threads of OpenBLAS 0.2 % of them differ by 1e-7 from those with one,
and a recording had 22 segments instead of 23. So that a transcript does not depend on the number of cores, of workers
or on the environment, all of them compute with one; a product of this size takes 3 ms on it.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

# How OpenBLAS calls it: as numpy carries it, with 64-bit integers, and as systems install it.
SETTERS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)
MAPPED = re.compile(r"\s(/\S.*openblas\S*)$", re.MULTILINE)


@cache
def pin_threads() -> int:
    """Let numpy multiply with one thread from now on, in this process; return how many libraries were told.

    The one of torch is left alone: its networks take all threads that they are given.
    """
    import numpy as np

    set_any = [_setter(path) for path in _libraries(Path(np.__file__).parent)]
    for setter in (known := [one for one in set_any if one is not None]):
        setter(1)
    return len(known)


def _libraries(numpy: Path) -> Iterator[str]:
    """Yield the paths of the OpenBLAS libraries that are loaded, or that numpy brings."""
    try:
        mapped = sorted(set(MAPPED.findall(Path("/proc/self/maps").read_text())))
    except OSError:  # not Linux
        folders = (numpy.with_name("numpy.libs"), numpy / ".dylibs")
        mapped = [str(path) for folder in folders for path in folder.glob("*openblas*")]
    yield from (path for path in mapped if "torch" not in path)


def _setter(path: str) -> ctypes._NamedFuncPointer | None:
    with suppress(OSError):
        library = ctypes.CDLL(path)
        return next((getattr(library, name) for name in SETTERS if hasattr(library, name)), None)
    return None
