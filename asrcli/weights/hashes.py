"""What a model's files contain, as hashes: how a run says which weights it used."""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

SMALL = 1 << 20  # bytes; smaller files are hashed anew each time, bigger ones when their size or time changed
BLOCK = 1 << 22


def hash_local(place: str | Path) -> str:
    """Return a hash of the names and contents of a model folder, or of the contents of a file: 16 hexadecimal digits.

    It says the same about a copy of the folder. A big file is read once and remembered by path, size and time.
    """
    root = Path(place)
    if root.is_file():
        return _file_hash(root)[:16]
    digest = hashlib.sha256()
    for path in sorted(model_files(root)):
        digest.update(f"{path.relative_to(root).as_posix()}\0{_file_hash(path)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def file_hashes(folder: str | Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a model folder, by its path below it."""
    root = Path(folder)
    return {path.relative_to(root).as_posix(): _file_hash(path) for path in sorted(model_files(root))}


def model_files(root: Path) -> Iterator[Path]:
    """Yield the files of a folder that belong to a model: not hidden ones, caches or texts about it."""
    for directory, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        for name in names:
            path = Path(directory, name)
            if not name.startswith(".") and not fnmatch.fnmatch(name, "*.md") and path.is_file():  # no dangling link
                yield path


def _file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, remembered across runs when the file is big."""
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
    _remember(note, f"{stamp} {digest}")
    return digest


def _read_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _remember(note: Path, text: str) -> None:
    """Write a small cache file in one step; a cache that cannot be written is no reason to fail."""
    temporary = note.with_name(f"{note.name}.{os.getpid()}")
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="ascii")
        temporary.replace(note)
    with suppress(OSError):
        temporary.unlink()  # what is left of it where one of these failed
