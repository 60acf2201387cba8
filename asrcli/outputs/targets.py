"""Every file that a command will write, held against everything it reads and against each other, before any is opened.

Files are told apart as the system does, by device and inode, so that links and other spellings do not matter.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from asrcli.audio.inputs import EXTENSIONS
from asrcli.base.files import check_local, folded
from asrcli.errors import UsageError
from asrcli.places.addresses import is_stored

DESCRIPTOR = re.compile(r"fd:(\d{1,9})")
SPELLINGS = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,9})")
NO_NAMES = ("", os.curdir, os.pardir)
OUTPUT = "the output"  # what may be an object of a store; reports and events grow, which objects cannot
Key = tuple[object, ...]


@dataclass(frozen=True)
class File:
    """A file that a command reads or writes, by a name or as standard input, standard output or ``fd:N``."""

    what: str  # "--report", "the input"
    path: str
    descriptor: int | None = None  # what "-" is

    @property
    def number(self) -> int | None:
        """The descriptor that the name stands for."""
        if self.path == "-":
            return self.descriptor
        found = DESCRIPTOR.fullmatch(self.path) if self.path.startswith("fd:") else None
        return int(found[1]) if found else None

    def content(self) -> Key | None:
        """What tells its content from that of others; ``None`` when nothing is there, or a pipe or device."""
        try:
            facts = os.stat(self.path) if self.number is None else os.fstat(self.number)
        except (OSError, ValueError, OverflowError):
            return None
        return ("content", facts.st_dev, facts.st_ino) if stat.S_ISREG(facts.st_mode) else None

    def place(self, content: Key | None, folder_key: Callable[[str], Key]) -> Key | None:
        """What tells its place from others, with every link followed, also when nothing is there yet.

        Args:
            content: what tells its content.
            folder_key: `_folder_key`, or what remembers it.
        """
        if is_stored(self.path):  # the system knows nothing of it, and would be asked for each part of the name
            return ("place", self.path)
        if self.number is not None or (content is None and os.path.exists(self.path)):
            return None
        folder, name = os.path.split(self.path)
        if name in NO_NAMES or os.path.islink(self.path):
            folder, name = os.path.split(os.path.realpath(self.path))
        return ("place", *folder_key(folder), folded(name))

    def __str__(self) -> str:
        return self.what if self.path == "-" else f"{self.what} '{self.path}'"


class ReportPaths(NamedTuple):
    """The files that a report goes to, each in its own format; ``-`` is standard output."""

    json: Path | None = None
    csv: Path | None = None
    markdown: Path | None = None
    html: Path | None = None
    plot: Path | None = None
    junit: Path | None = None

    @property
    def to_stdout(self) -> bool:
        """Whether standard output is taken."""
        return any(path is not None and str(path) == "-" for path in self)


def reads(what: str, *paths: str | os.PathLike[str] | None) -> list[File]:
    """Return files that are read; ``-`` is standard input."""
    return [File(what, os.fspath(path), 0) for path in paths if path is not None]


def writes(**options: str | os.PathLike[str] | None) -> list[File]:
    """Return the files that options name, ``report="run.jsonl"``; ``-`` is standard output."""
    return [
        File(f"--{name.replace('_', '-')}", usual_name(os.fspath(path)), 1)
        for name, path in options.items()
        if path is not None
    ]


def usual_name(path: str) -> str:
    """Return ``-`` and ``fd:N`` for the names that the system has for open files."""
    if path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        return "-"
    found = SPELLINGS.fullmatch(path)
    return f"fd:{found[1]}" if found else path


def check_targets(written: Iterable[File], read: Iterable[File]) -> None:
    """Refuse all together when one file would be overwritten that is read, or written twice.

    Standard output and the settings files count too. A recording is never written to, read or not.

    Raises:
        UsageError: with the first that is wrong, and how many more are.
    """
    targets = [one for one in written if one.path != "-"] + [File("standard output", "-", 1)]
    for one in targets:
        if one.what != OUTPUT or not is_stored(one.path):
            check_local(one.path, "write here and copy it there")
    problems = list(_problems(targets, [*read, *_settings()]))
    if problems:
        more = f" (and {len(problems) - 1} more like this)" if len(problems) > 1 else ""
        raise UsageError(f"{problems[0]}{more}")


def _folder_key(folder: str) -> Key:
    """Return what tells a folder from others."""
    try:
        facts = os.stat(folder or os.curdir)
    except (OSError, ValueError):
        return (folded(os.path.realpath(folder)),)
    return (facts.st_dev, facts.st_ino)


def _problems(targets: list[File], read: list[File]) -> Iterator[str]:
    folder_key = cache(_folder_key)
    sources: dict[Key, File] = {}
    for one in read:
        for key in (content := one.content(), one.place(content, folder_key)):
            if key is not None:
                sources.setdefault(key, one)
    taken: dict[Key, File] = {}
    for target in targets:
        content = target.content()
        place = target.place(content, folder_key)
        source = sources.get(content or ()) or sources.get(place or ())
        # Two names of one content are two files when they are written anew; an open file is not.
        keys = [key for key in (place, content) if key is not None]
        other = next((taken[key] for key in keys if key in taken and _meet(taken[key], target, key)), None)
        for key in keys:
            taken.setdefault(key, target)
        if source is not None:
            same = source.what if source.path in (target.path, "-") else str(source)
            yield f"{target} is {same}, which it would overwrite; name another file"
            continue
        named_as_audio = os.path.splitext(target.path)[1].lower() in EXTENSIONS
        if other is not None:
            yield f"{other} and {target} are one file; give each its own"
        elif content and target.number is None and named_as_audio:
            yield f"{target} is a recording, by its name; it is not overwritten: name another file"


def _meet(one: File, other: File, key: Key) -> bool:
    return key[0] == "place" or one.number is not None or other.number is not None


def _settings() -> list[File]:
    from asrcli.base.config import shown_files

    return reads("a settings file", *(path for path, there in shown_files() if there))
