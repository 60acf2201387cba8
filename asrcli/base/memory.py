"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def give_back() -> None:
    """Give back what was freed between things that are still held; does nothing where there is no glibc.

    glibc keeps it for each thread, up to 64 MiB at a time, until everything behind it is free too. When a recording of
    two hours has been decoded and half of its clips recognised, that is some hundred MiB.
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return None
