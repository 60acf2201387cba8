"""Files that are either complete or not there, and files that grow by whole lines; no planted link is followed."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from asrcli.errors import OutputError, UsageError

MOST_SHOWN = 200  # characters of a name in a sentence about it
BLOCK = 1 << 22  # bytes read at once
# Compiled where they are used: that takes a millisecond in all, and most commands need none of them.
TEMPORARY = r"\.asr-[0-9a-f]{16}\.tmp"  # no part of a target's name: that may be as long as names can be
# Hidden folders of our own: a link in the place of one would lead what is written below it somewhere else.
OWN = frozenset({".asr", "journal", "manifests", ".under-way"})
MANGLED = r"[A-Za-z][A-Za-z0-9+.-]+:/+"  # what a path makes of an address
NUMBER = r"\[(?:Errno|WinError) -?\d+\] ?"
NO_SYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.EROFS})
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def folded(name: str) -> str:
    """Return a name as file systems compare it that know neither case nor the forms of a letter with an accent."""
    import unicodedata

    return unicodedata.normalize("NFC", name).casefold()


def as_stored(path: str) -> str:
    """Return a path with the name that its folder has for it: an accent may have another form there (NFC, NFD)."""
    import unicodedata

    folder, name = os.path.split(path)
    if name.isascii() or os.path.lexists(path):
        return path
    with suppress(OSError, ValueError):
        other = _names_in_nfc(folder or ".", os.stat(folder or ".").st_mtime_ns).get(unicodedata.normalize("NFC", name))
        return os.path.join(folder, other) if other else path
    return path


@lru_cache(maxsize=8)
def _names_in_nfc(folder: str, _changed: int) -> dict[str, str]:
    """Return the names in a folder by their composed forms, for as long as it has not changed."""
    import unicodedata

    return {unicodedata.normalize("NFC", name): name for name in os.listdir(folder) if not name.isascii()}


def check_local(path: str, cure: str) -> None:
    """Raise `UsageError` for an address such as ``s3://bucket/name``: as a path it is a folder that is called ``s3:``.

    Args:
        cure: what to do instead.
    """
    if re.match(MANGLED, path) and not os.path.lexists(path):
        path = re.sub(MANGLED, lambda found: found[0].rstrip("/") + "//", path, count=1)
        raise UsageError(f"'{path}' is an address, and asr reads and writes files: {cure}")


def write_atomic(path: str | os.PathLike[str], data: str | bytes | Iterable[str | bytes]) -> None:
    """Write a file so that at every moment the old or the new content is there, never a part.

    The data goes to a hidden file in the same folder, whose name nobody can guess, is synced, and takes the name in one
    step. What a killed process left behind is removed by the next. A link that the path itself names is followed; a
    device or a pipe is written directly, since a file must not take its place.

    Args:
        data: its bytes, its text, or either in parts, which are written as they come.

    Raises:
        OutputError: no permission, disk full, the folder is a file, ...
    """
    parts = [data] if isinstance(data, str | bytes) else data
    encoded = (part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part for part in parts)
    target = os.path.realpath(path)
    try:
        if is_special(path):  # /dev/fd/63 of a shell leads to nothing that has a name
            with open(path, "wb") as file:
                file.writelines(encoded)
            return
        make_folder(os.path.dirname(target))
        descriptor, temporary = create_beside(target)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.writelines(encoded)
                file.flush()
                _sync(descriptor)
            os.replace(temporary, target)
        except BaseException:  # of the disk, or of what makes the parts
            with suppress(OSError):
                temporary.unlink()
            raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OutputError(f"cannot write '{path}': {reason(error)}") from error


def make_folder(folder: str) -> None:
    """Make a folder and those above it where they are not there."""
    if not os.path.isdir(folder):  # `makedirs` tries to make it first
        os.makedirs(folder, exist_ok=True)


def create_beside(target: str | os.PathLike[str]) -> tuple[int, Path]:
    """Make and lock a new hidden file in a target's folder, with the target's mode; return its descriptor and path.

    The name is drawn by chance and must be new, so that no link that lies there is followed.
    """
    folder = os.path.dirname(target)
    _sweep(folder)
    while True:
        temporary = os.path.join(folder, f".asr-{os.urandom(8).hex()}.tmp")
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666)
        lock(descriptor)
        # Between the two lines above another process may have taken it for one that was left behind.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(temporary)):
                break
        os.close(descriptor)
    with suppress(OSError):  # nothing is there yet, or the file system has no modes
        os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
    return descriptor, Path(temporary)


@lru_cache(maxsize=1024)
def _sweep(folder: str) -> None:
    """Remove, once for each folder, the hidden files of processes that are dead: those that nobody has locked."""
    with suppress(OSError):
        for name in filter(re.compile(TEMPORARY).fullmatch, os.listdir(folder or ".")):
            _remove_unlocked(os.path.join(folder, name))


def _remove_unlocked(path: str) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | _NO_LINK)
        try:
            if lock(descriptor):
                os.unlink(path)
        finally:
            os.close(descriptor)


def lock(descriptor: int, *, wait: bool = False) -> bool | None:
    """Lock an open file for this process until it is closed; ``wait`` for another process that has it.

    Returns:
        ``False`` when another process has it, ``None`` where the system or the file system has no locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:  # some network file systems
        _say_once(f"this file system has no locks ({reason(error)}): run one asr at a time on these files")
        return None
    return True


def _sync(descriptor: int) -> None:
    """Put a file on the disk, where the file system can; a full or broken disk is an error all the same."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
        _say_once(f"this file system does not sync files ({reason(error)}): a power cut may lose the last ones")


@lru_cache
def _say_once(text: str) -> None:
    from asrcli.base.console import complain

    complain(f"asr: note: {text}")


def open_lines(path: Path) -> int:
    """Open a file of our own that lines are appended to, making it and its folder when they are not there.

    Raises:
        OSError: it cannot be opened, or it or a folder of our own above it is a link.
    """
    folder = os.path.dirname(path) or "."
    make_folder(folder)
    while os.path.basename(folder) in OWN:
        if os.path.islink(folder):
            raise OSError(f"'{folder}' is a link")
        folder = os.path.dirname(folder)
    if os.path.islink(path):
        raise OSError("it is a link")
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _NO_LINK, 0o666)


def write_whole(descriptor: int, data: bytes) -> None:
    """Write bytes in one call, which lines of other processes cannot split; in more only where the system stops."""
    while data:
        data = data[os.write(descriptor, data) :]


def blocks(path: Path) -> Iterator[bytes]:
    """Yield what is in a file, in parts that fit into memory."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def is_special(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is there and neither a file nor a folder: a pipe, a socket, a device."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def link_elsewhere(path: str | os.PathLike[str]) -> str:
    """Return where a link at a path leads, when that is another folder than its own; "" where nothing does.

    Whoever made a folder may have put one where a result will be, to a file that we would write or replace instead.
    """
    text = os.path.abspath(path)
    if not os.path.islink(text) or text.startswith(("/dev/", "/proc/")) or is_special(text):
        return ""
    target = os.path.realpath(text)
    return target if os.path.dirname(target) != os.path.realpath(os.path.dirname(text)) else ""


def reason(error: OSError) -> str:
    """Return the operating system's words for an error, in lower case, without number and name."""
    return error.strerror.lower() if error.strerror else re.sub(NUMBER, "", str(error))


def cause(error: BaseException) -> str:
    """Return what an error says, as `reason` for one of the system; without ``[Errno 2]``, as libraries quote it."""
    return reason(error) if isinstance(error, OSError) else re.sub(NUMBER, "", str(error))


def brief(error: Exception) -> str:
    """Return the cause of an error in one line that is not too long: libraries say more than anybody reads."""
    return " ".join(cause(error).split())[:200] or type(error).__name__


# What a system says of a name or a place that somebody gave: no bug of ours.
REFUSED = {
    getattr(errno, name, 0)
    for name in ("EACCES", "EPERM", "ENAMETOOLONG", "ELOOP", "ENOTDIR", "EIO", "ESTALE", "ENXIO", "EROFS", "EFBIG")
}


def refusal(error: BaseException) -> str:
    """Return the sentence about a file that the system does not give; "" for an error that is something else."""
    if not isinstance(error, OSError) or error.errno not in REFUSED or error.filename is None:
        return ""
    name = os.fsdecode(error.filename) if not isinstance(error.filename, int) else str(error.filename)
    return f"'{name if len(name) < MOST_SHOWN else name[:MOST_SHOWN] + '...'}': {reason(error)}"


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
