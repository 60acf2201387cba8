"""Files that are either complete or not there: atomic writing, appending whole lines, clear errors."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from asrcli.errors import OutputError


def write_atomic(path: str | os.PathLike[str], data: str | bytes) -> None:
    """Write a file so that at every moment the old or the new content is there, never a part.

    The data goes to a hidden temporary file in the same folder, is synced, and takes the name in one step. What a
    killed run leaves behind is hidden, and removed when the same file is next written.

    Raises:
        OutputError: no permission, disk full, the folder is a file, ...
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name[:200]}.asr-tmp")
    encoded = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise OutputError(f"cannot write '{target}': {reason(error)}") from error


def reason(error: OSError) -> str:
    """Return the operating system's words for an error, in lower case, without number and name."""
    return (error.strerror or str(error)).lower()
