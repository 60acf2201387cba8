"""Files of a digest: written whole or not at all, and left alone when nothing in them changes."""

from __future__ import annotations

from pathlib import Path

from asrcli.files import write_atomic


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file unless it holds these bytes already.

    Raises:
        OutputError: the disk or the permissions do not allow it.
    """
    try:
        if path.read_bytes() == data:
            return
    except OSError:
        pass
    write_atomic(path, data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))
