"""Texts that are read whole, as much as a text may be, and what pipes hold only once."""

from __future__ import annotations

import errno
import os
import stat
from functools import lru_cache
from pathlib import Path

MOST = 1 << 28  # bytes of a text, a transcript, a table or settings
MOST_ROWS = 1 << 30  # of a file with a line for each of many recordings
STDIN = "-"


def read_whole(path: str | os.PathLike[str], most: int = MOST) -> bytes:
    """Return all that is in a file, or comes out of a pipe, which is asked once however often this is called.

    Args:
        path: the file; ``-`` is standard input.
        most: bytes that there may be. Devices never end, and of a file of zeros the size alone takes no disk.

    Raises:
        OSError: it cannot be read, or there is more.
    """
    facts = os.stat(path) if path != STDIN else os.fstat(0)
    if not stat.S_ISREG(facts.st_mode) and not stat.S_ISDIR(facts.st_mode):
        return _from_pipe(os.fspath(path), facts.st_dev, facts.st_ino, most)
    return _read(path, most)


@lru_cache(maxsize=16)
def _from_pipe(path: str, device: int, inode: int, most: int) -> bytes:
    return _read(path, most)


def _read(path: str | os.PathLike[str], most: int) -> bytes:
    with open(os.dup(0) if path == STDIN else path, "rb") as file:
        if os.fstat(file.fileno()).st_size > most:
            raise _too_much(path, most)
        parts = []
        while part := file.read(1 << 20):
            parts.append(part)
            if (most := most - len(part)) < 0:
                raise _too_much(path, most + sum(map(len, parts)))
    return b"".join(parts)


def _too_much(path: str | os.PathLike[str], most: int) -> OSError:
    return OSError(errno.EFBIG, f"larger than a text may be ({most / 1e6:.0f} million bytes)", os.fspath(path))


def read_text(path: Path, most: int = MOST) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        OSError: as `read_whole`.
        UnicodeDecodeError: it is not UTF-8.
    """
    return read_whole(path, most).decode("utf-8")
