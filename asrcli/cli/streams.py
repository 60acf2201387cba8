"""The three standard streams: there, in UTF-8, and one of them, for talk, that never fails."""

from __future__ import annotations

import os
import select
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any

INPUT, OUTPUT, ERROR = range(3)


def prepare_streams() -> None:
    """Make the streams ready, whatever has become of them."""
    _reopen()
    for stream in (sys.stdout, sys.stderr):
        # Data is UTF-8 whatever the locale, and a file's name comes out as the bytes it has.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    if isinstance(sys.stderr, TextIOWrapper) and sys.stderr is sys.__stderr__ and sys.stderr.fileno() == ERROR:
        file = BufferedWriter(Talk(ERROR, "w", closefd=False))
        sys.stderr = TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", line_buffering=True)


class Talk(FileIO):
    """Standard error, whose reader may go or whose disk may fill: that is no reason to stop the work, or to fail."""

    def write(self, data: Any, /) -> int:
        """Write as much as is taken; what cannot be written counts as written."""
        try:
            while (count := super().write(data)) is None:  # others may have made it a stream that does not wait
                select.select([], [self], [], 1.0)
        except OSError:
            return memoryview(data).nbytes
        return int(count)


def _reopen() -> None:
    """Put something in the place of standard streams that were closed, or the next file that is opened takes it.

    Nothing comes in, what is said is lost, and writing data fails as it should.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    if sys.stdin is None:
        sys.stdin = open(INPUT, encoding="utf-8", closefd=False)  # noqa: SIM115 -- for as long as the program runs
    if sys.stdout is None:
        sys.stdout = open(OUTPUT, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- likewise
    if sys.stderr is None:
        sys.stderr = open(ERROR, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- likewise
