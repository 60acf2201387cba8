"""Keep what a library prints to itself.

NeMo writes dozens of lines while it is imported, some of them to standard output, which is for data. Other threads keep
the real streams: only what the thread that uses the library writes is taken, and goes to the log at level DEBUG.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)


class Held:
    """Stands for a stream: holds back what the thread writes that made it, and passes on what others write."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        """Log the text at level DEBUG, or pass it on."""
        if threading.get_ident() != self._thread:
            return int(self._stream.write(text))
        if text.strip():
            log.debug("%s", text.rstrip())
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the real stream."""
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # whether it is a terminal, its encoding, ...
        return getattr(self._stream, name)


@contextmanager
def output_held_back() -> Iterator[None]:
    """Hold back what this thread writes to standard output and error, and its warnings.

    A logger that was set up inside goes on writing to the stand-in, and so is held back for good.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Held(sys.stdout), Held(sys.stderr)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.stdout, sys.stderr = before
