"""What a model's files contain, as hashes: how a run says which weights it used."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from asrcli.base.files import blocks, write_atomic
from asrcli.errors import ModelError, OutputError

SMALL = 1 << 20  # bytes; smaller files are hashed anew each time, bigger ones when their size or time changed


def hash_local(place: str | Path) -> str:
    """Return a hash of the names and contents of a model folder, or of the contents of a file: 16 hexadecimal digits.

    It says the same about a copy of the folder. A big file is read once and remembered by path, size and time.
    """
    root = Path(place)
    if root.is_file():
        return file_hash(root)[:16]
    digest = hashlib.sha256()
    for path in sorted(model_files(root)):
        digest.update(f"{path.relative_to(root).as_posix()}\0{file_hash(path)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def file_hashes(folder: str | Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a model folder, by its path below it."""
    root = Path(folder)
    return {path.relative_to(root).as_posix(): file_hash(path) for path in sorted(model_files(root))}


def model_files(root: Path) -> Iterator[Path]:
    """Yield the files of a folder that belong to a model: not hidden ones, caches or texts about it."""
    for directory, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        for name in names:
            path = Path(directory, name)
            if not name.startswith(".") and not fnmatch.fnmatch(name, "*.md") and path.is_file():  # no dangling link
                yield path


def check_kinds(root: Path) -> None:
    """Raise `ModelError` for a pipe, socket or device in a model folder, or a link to one: its reading has no end."""
    for directory, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(directory, name)
            try:
                mode = path.stat().st_mode
            except OSError:
                continue  # a dangling link, which whoever needs it will miss
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise ModelError(f"'{path}' is not loaded: it is a pipe, a socket or a device, and no file of a model")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, remembered across runs when the file is big."""
    facts = path.stat()
    if facts.st_size < SMALL:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    from platformdirs import user_cache_path

    key = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    note = user_cache_path("asr") / "hashes" / key
    stamp = f"{facts.st_size} {facts.st_mtime_ns}"
    with suppress(OSError, ValueError):
        known, _, digest = note.read_text(encoding="ascii").rpartition(" ")
        if known == stamp:
            return digest
    digest = _read_hash(path)
    with suppress(OutputError):  # a cache that cannot be written is no reason to fail
        write_atomic(note, f"{stamp} {digest}")
    return digest


def _read_hash(path: Path) -> str:
    digest = hashlib.sha256()
    for block in blocks(path):
        digest.update(block)
    return digest.hexdigest()
