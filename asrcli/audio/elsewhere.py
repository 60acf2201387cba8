"""What an address stands for: one recording, or all below a folder of a store, or what matches a pattern there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from asrcli.audio.inputs import EXTENSIONS
from asrcli.errors import InputError, UsageError
from asrcli.places.addresses import STORES, bucket_and_key, named


def expand_address(argument: str) -> list[tuple[str, str]]:
    """Return the names of the recordings that an address stands for, each with the folder that it was found under.

    What ends in the name of a media file is one, and so is everything on the web; another is one where it is there,
    and else a folder. One that is nothing stays in the list: it fails by itself and the others go on.

    Raises:
        UsageError: a folder without media, a pattern that matches nothing, or a place that cannot be listed.
    """
    name = named(argument)
    scheme, _, key = bucket_and_key(name)
    if scheme not in STORES or (_is_media(key) and not _has_magic(key)):
        return [(name, "")]
    if key and not key.endswith("/"):
        try:
            if _is_there(name):
                return [(name, "")]
        except InputError:  # it may be there, and says why not when it is opened
            return [(name, "")]
        if _has_magic(key):
            return [(one, "") for one in _matching(name)]
    found = list(walk_address(name))
    if not found and key and not key.endswith("/"):
        return [(name, "")]
    if not found:
        raise UsageError(f"no audio or video files in folder '{name}'; name files of other types themselves")
    return [(one, name.rstrip("/")) for one in found]


def walk_address(folder: str) -> Iterator[str]:
    """Yield the media files below a folder of a store, sorted, without hidden files and folders.

    Raises:
        UsageError: it cannot be listed.
    """
    from asrcli.places.remote import listed

    above = len(folder.rstrip("/")) + 1
    names = (name for name in listed(folder) if _is_media(name))
    yield from sorted(name for name in names if not any(part.startswith(".") for part in name[above:].split("/")))


def _is_there(name: str) -> bool:
    from asrcli.places.remote import facts

    return facts(name) is not None


def _is_media(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in EXTENSIONS


def _has_magic(key: str) -> bool:
    return any(sign in key for sign in "*?[")


def _matching(name: str) -> list[str]:
    """Return the objects that match a pattern, in which ``**`` stands for folders, as on a disk."""
    from asrcli.places.remote import listed

    parts = name.split("/")
    fixed = next(at for at, part in enumerate(parts) if _has_magic(part))
    folder = "/".join(parts[:fixed])
    found = sorted(one for one in listed(folder) if _matches(one.split("/")[fixed:], parts[fixed:]))
    if not found:
        raise UsageError(f"nothing matches the pattern '{name}'")
    return found


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern or not parts:
        return not pattern and not parts
    if pattern[0] == "**":
        return any(_matches(parts[at:], pattern[1:] or ["*"]) for at in range(len(parts)))
    hidden = parts[0].startswith(".") and not pattern[0].startswith(".")
    return not hidden and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
