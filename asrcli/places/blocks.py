"""A recording elsewhere as a file that can be sought in: read in blocks, which grow while it is read in a row."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST = 1 << 18  # bytes of the first block, and of one after a leap: heads, an index, the tags at the end
MOST = 1 << 22  # bytes of the largest block
KEPT = 2 * MOST  # bytes of blocks that are kept besides the first: two large ones, or all leaps through an Ogg
QUICK = 2.0  # seconds that a block may take if the next one is to be larger


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server says of a recording or result."""

    size: int
    mtime_ns: int = 0  # 0 when it does not say
    tag: str = ""  # the ETag: another one for another content
    version: str = ""  # where the store counts them


class Blocks(io.RawIOBase):
    """The bytes of one content, fetched when they are asked for: ``fetch`` returns those between two positions."""

    def __init__(self, fetch: Callable[[int, int], bytes], facts: Facts, head: bytes) -> None:
        super().__init__()
        self.facts = facts
        self._fetch = fetch
        self._head = head
        self._held: list[tuple[int, bytes]] = []  # the last is the newest
        self._at = 0
        self._step = FIRST
        self._problem: Exception | None = None

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be sought in."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position."""
        at = offset + (0, self._at, self.facts.size)[whence]
        if at < 0:
            raise OSError(22, "a position before the start")
        self._at = at
        return at

    def read(self, size: int | None = -1) -> bytes:
        """Return all bytes that are asked for; fewer only at the end.

        Raises:
            InputError: they cannot be had, now or before: what follows a hole is not recognised.
        """
        end = self.facts.size if size is None or size < 0 else min(self._at + size, self.facts.size)
        if end <= self._at:
            return b""
        pieces = []
        while self._at < end:
            piece = self._piece(end)
            pieces.append(piece)
            self._at += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def check(self) -> None:
        """Raise the mistake that has ended reading, which a decoder may have taken for the end of the recording."""
        if self._problem is not None:
            raise self._problem

    def _piece(self, end: int) -> bytes:
        """Return bytes from the position on, at most up to an end."""
        self.check()
        for start, data in [(0, self._head), *reversed(self._held)]:
            if start <= self._at < start + len(data):
                return data[self._at - start : end - start]
        held = [(0, self._head), *self._held]
        ends = [start + len(data) for start, data in held]
        in_a_row = self._at in ends
        step = self._step if in_a_row else FIRST
        # After a leap from the grid on, and never up to what is held: nothing is fetched twice.
        first = self._at if in_a_row else max([self._at // FIRST * FIRST, *(at for at in ends if at < self._at)])
        last = min(self.facts.size, first + max(step, min(end - first, MOST)))
        last = min([last, *(start for start, _ in held if start > self._at)])
        started = time.monotonic()
        try:
            data = self._fetch(first, last)
        except Exception as error:
            self._problem = error
            raise
        quick = time.monotonic() - started < QUICK
        self._step = min(MOST, step * 2) if quick else step
        self._held.append((first, data))
        while sum(len(one) for _, one in self._held) > KEPT:
            del self._held[0]
        return data[self._at - first : end - first] or self._piece(end)
