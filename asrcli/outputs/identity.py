"""What tells one content of a file from another, and whether a file was left alone while it was read."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass

from asrcli.audio.inputs import STDIN
from asrcli.base.files import is_special
from asrcli.errors import InputError
from asrcli.places import remote
from asrcli.places.addresses import is_address
from asrcli.places.blocks import Facts


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one content of a file from another."""

    size: int
    mtime_ns: int
    digest: str  # BLAKE2b of the content, hexadecimal


def digest_of(path: str) -> str:
    """Return a hash of a file's content (about a gigabyte a second); of one elsewhere, what its server tells it by."""
    if is_address(path):
        found = _elsewhere(remote.seen(path))
        return found.digest if found else "unknown"
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def identify(path: str) -> Identity:
    """Return the identity of a file; reads all of it."""
    facts = os.stat(path)
    return Identity(facts.st_size, facts.st_mtime_ns, digest_of(path))


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the system says of a file's content: it changes with the content, and is had without reading it."""

    size: int
    mtime_ns: int
    ctime_ns: int = 0  # tells a copy that was given the times of another file
    tag: str = ""  # of one elsewhere: its ETag


def stamp(path: str) -> Stamp | None:
    """Return the stamp of a file; ``None`` when there is none, or a pipe, which keeps nothing.

    Raises:
        InputError: it is elsewhere, and cannot be asked for.
    """
    if is_address(path):
        said = remote.facts(path)
        return Stamp(said.size, 0 if said.tag else said.mtime_ns, tag=said.tag) if said else None
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return Stamp(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns) if stat.S_ISREG(facts.st_mode) else None


def unchanged(path: str, before: Stamp | None) -> Identity | None:
    """Return the identity of a file that is as it was when it was opened; ``None`` for what keeps no content.

    Raises:
        InputError: it has changed since, so that what was made of it belongs to no content that it has had.
    """
    if is_address(path):
        if before is None or stamp(path) != before:
            raise changed(path)
        return _elsewhere(remote.seen(path))
    if before is None and (is_special(path) or path == STDIN):
        return None
    try:
        found = identify(path) if stamp(path) == before else None
    except OSError:
        found = None
    if found is None or stamp(path) != before:  # it is read in between
        raise changed(path)
    return found


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
        found = _elsewhere(remote.seen(path))
        return found is not None and (found.size, found.digest) == (known.size, known.digest)
    facts = os.stat(path)
    if facts.st_size != known.size:
        return False
    return facts.st_mtime_ns == known.mtime_ns or digest_of(path) == known.digest
