"""What tells one content of a file from another, and whether a file was left alone while it was read."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, replace
from functools import lru_cache

from asrcli.audio.inputs import STDIN
from asrcli.base.files import is_special
from asrcli.errors import InputError
from asrcli.places import remote
from asrcli.places.addresses import is_address
from asrcli.places.blocks import Facts

TRIES = 3  # to read a file again that is linked to, or given other permissions, meanwhile


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one content of a file from another."""

    size: int
    mtime_ns: int
    digest: str  # BLAKE2b of the content, hexadecimal

    def facts(self) -> dict[str, int | str]:
        """Return all of it, as records have it."""
        return {"size": self.size, "mtime_ns": self.mtime_ns, "digest": self.digest}


def digest_of(path: str) -> str:
    """Return a hash of a file's content (about a gigabyte a second); of one elsewhere, what its server tells it by."""
    if is_address(path):
        found = _elsewhere(remote.facts_of(path))
        return found.digest if found else "unknown"
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def identify(path: str) -> Identity:
    """Return the identity of a file; reads all of it."""
    facts = os.stat(path)
    return Identity(facts.st_size, facts.st_mtime_ns, digest_of(path))


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file is when it is opened; all but the hash is had without reading it."""

    size: int
    mtime_ns: int
    ctime_ns: int = 0  # changes with the content, also when a copy was given the times of another file
    inode: int = 0
    tag: str = ""  # of one elsewhere: its ETag
    digest: str = ""  # as `digest_of`


def stamp(path: str, most: int | None = None) -> Stamp | None:
    """Return the stamp of a file, with its hash; ``None`` when there is none, or a pipe, which keeps nothing.

    One of more than `most` bytes is not hashed: reading it says that it is too large.

    Raises:
        InputError: it is elsewhere, and cannot be asked for.
    """
    found = _glance(path)
    if found is None or is_address(path) or (most is not None and found.size > most):
        return found
    try:
        return replace(found, digest=_digest(path, found))
    except OSError:  # opening it says why
        return found


@lru_cache(maxsize=256)
def _digest(path: str, _: Stamp) -> str:
    """Return the hash of a file, once for the many utterances that one recording can have."""
    return digest_of(path)


def _glance(path: str) -> Stamp | None:
    """Return a stamp without the hash."""
    if is_address(path):
        said = remote.facts(path)
        return Stamp(said.size, 0 if said.tag else said.mtime_ns, tag=said.tag) if said else None
    try:
        facts = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(facts.st_mode):
        return None
    return Stamp(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def unchanged(path: str, before: Stamp | None) -> Identity | None:
    """Return the identity of a file that is as it was when it was opened; ``None`` for what keeps no content.

    A link to it, other permissions or an attribute change its ``ctime`` and nothing else: then its hash decides.

    Raises:
        InputError: it has changed since, so that what was made of it belongs to no content that it has had.
    """
    if is_address(path):
        if before is None or _glance(path) != before:
            raise changed(path)
        return _elsewhere(remote.facts_of(path))
    if before is None and (is_special(path) or path == STDIN):
        return None
    for _ in range(TRIES if before is not None and before.digest else 0):
        now = _glance(path)
        if before is None or now is None or not _is_as(before, now):
            break
        if now.ctime_ns == before.ctime_ns or _has(path, now, before.digest):
            return Identity(before.size, before.mtime_ns, before.digest)
    raise changed(path)


def _has(path: str, now: Stamp, digest: str) -> bool:
    """Return whether a file has a content, and was left alone while it was read again."""
    try:
        return _digest(path, now) == digest and _glance(path) == now
    except OSError:
        return False


def _is_as(before: Stamp, now: Stamp) -> bool:
    """Return whether a file is as it was, as far as can be told without reading it, but for its ``ctime``."""
    return replace(now, ctime_ns=before.ctime_ns, digest=before.digest) == before


def _elsewhere(facts: Facts | None) -> Identity | None:
    """Return the identity of a file elsewhere; ``None`` when its server says nothing that changes with the content."""
    if facts is None or not (facts.tag or facts.mtime_ns):
        return None
    return Identity(facts.size, facts.mtime_ns, facts.tag or f"modified {facts.mtime_ns}")


def changed(path: str) -> InputError:
    """Return the mistake of a file that was not left alone."""
    return InputError(f"{path}: it changed while it was read; the same command does it again")


def same_content(path: str, known: Identity) -> bool:
    """Return whether a file still has the content it had; reads it only when size agrees and time does not.

    Raises:
        OSError, InputError: it is not there, or cannot be read.
    """
    if is_address(path):
        found = _elsewhere(remote.facts_of(path))
        return found is not None and (found.size, found.digest) == (known.size, known.digest)
    facts = os.stat(path)
    if facts.st_size != known.size:
        return False
    return facts.st_mtime_ns == known.mtime_ns or digest_of(path) == known.digest
