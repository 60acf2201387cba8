"""Files that are either complete or not there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from asrcli.errors import OutputError


def write_atomic(path: str | os.PathLike[str], data: str | bytes | Iterable[str]) -> None:
    """Write a file so that at every moment the old or the new content is there, never a part.

    The data goes to a hidden file in the same folder, is synced, and takes the name in one step. The hidden file is
    locked while it is written: a second process waits, and what a killed one left is taken over by the next. A link is
    followed; a device or a pipe is written directly, since a file must not take its place.

    Args:
        path: the file.
        data: its bytes, its text, or its text in parts, which are written as they come.

    Raises:
        OutputError: no permission, disk full, the folder is a file, ...
    """
    parts = [data] if isinstance(data, str | bytes) else data
    encoded = (part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part for part in parts)
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:200]}.asr-tmp")
    try:
        if is_special(path):  # /dev/fd/63 of a shell leads to nothing that has a name
            with open(path, "wb") as file:
                file.writelines(encoded)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _open_locked(temporary)
        try:
            with suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
            with open(descriptor, "wb", closefd=False) as file:
                file.writelines(encoded)
                file.flush()
                os.fsync(descriptor)
            os.replace(temporary, target)
        except BaseException:  # of the disk, or of what makes the parts
            with suppress(OSError):
                temporary.unlink()
            raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OutputError(f"cannot write '{path}': {reason(error)}") from error


def is_special(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is there and neither a file nor a folder: a pipe, a socket, a device."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _open_locked(path: Path) -> int:
    """Open and empty a file that no other process is writing."""
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            import fcntl
        except ImportError:  # Windows: os.replace refuses there while another process has the file open
            break
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # While this process waited, the other one may have given the file its final name.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                break
        os.close(descriptor)
    os.ftruncate(descriptor, 0)
    return descriptor


def reason(error: OSError) -> str:
    """Return the operating system's words for an error, in lower case, without number and name."""
    return (error.strerror or str(error)).lower()


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
