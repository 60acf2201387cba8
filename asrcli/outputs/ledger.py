"""The record of how each output of a folder was made, in a hidden folder beside the outputs: they move together.

``.asr/made.jsonl`` has two lines per output, before and after it is written; the last line of a name counts, and the
hashes of all: a file with another content is not what asr has written.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from asrcli.base.files import is_special, link_elsewhere, lock, reason, write_atomic
from asrcli.base.lines import append_to, objects, opened
from asrcli.errors import OutputError, UsageError
from asrcli.outputs import recipes
from asrcli.outputs.identity import Identity, digest_of, same_content
from asrcli.outputs.recipes import Recipe
from asrcli.places.addresses import is_address

STATE = ".asr"


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a file that is there is not replaced."""

    why: str
    edited: bool = False  # asr wrote it and somebody has changed it since: it is a result all the same

    def __str__(self) -> str:
        return f"kept: {self.why}; --force replaces it"


# Why an output has to be made; any other reason is in what it was made with.
ABSENT, UNKNOWN = "not there yet", "not made by asr, or its record is gone"
HALF, CHANGED = "a run was killed while it was written", "the recording has changed"


class Ledger:
    """The record of how each output of one folder was made."""

    def __init__(self, folder: str) -> None:
        self.folder = folder or "."
        self.path = Path(self.folder) / STATE / "made.jsonl"
        self._entries: dict[str, dict[str, Any]] = {}  # the last line about each output
        self._written: dict[str, set[str]] = {}  # the hashes of all that asr has ever written under a name
        self._known = 0  # bytes of the file that have been read
        self.catch_up()

    def _note(self, entry: dict[str, Any]) -> None:
        self._entries[entry["output"]] = entry
        if isinstance(digest := entry.get("digest"), str):
            self._written.setdefault(entry["output"], set()).add(digest)

    def stale(self, output: str, source: str, recipe: Recipe) -> str | None:
        """Return why an output has to be made, or ``None`` when it is up to date.

        An output that was edited by hand still counts as made; whether it may be replaced is what `kept` says.
        """
        if not self._is_there(output):
            return ABSENT
        entry = self._entry(self._name(output))
        if entry is None:
            return UNKNOWN
        if "audio" not in entry:
            return HALF
        if changed := recipes.difference(entry["recipe"], recipe):
            return changed
        if not same_content(source, Identity(**entry["audio"])):
            return CHANGED
        return None

    def _name(self, output: str) -> str:
        """Return what an output is called here: its path from this folder."""
        folder, name = os.path.split(output)
        return name if folder == self.folder else os.path.relpath(output, self.folder)

    def _is_there(self, output: str) -> bool:
        return os.path.lexists(output)

    def _entry(self, name: str) -> dict[str, Any] | None:
        return self._entries.get(name)

    def kept(self, output: str) -> Kept | None:
        """Return why a file must not be replaced: it is not ours, or not as we wrote it. ``None``: it may be.

        An empty file holds nobody's work, and a pipe or a device keeps nothing. What a link of the folder leads to
        is not ours, whatever the record says: both may come with the folder.
        """
        if not self._is_there(output):
            return None
        if target := link_elsewhere(output):
            return Kept(f"a link to '{target}'")
        try:
            if is_special(output) or os.path.isdir(output) or not os.path.getsize(output):
                return None
        except OSError:  # a link to nothing, or gone since
            return None
        found = self._judge(output)
        if found is not None:
            self.catch_up()  # another process may have written it since this one looked
            found = self._judge(output)
        return found

    def _judge(self, output: str) -> Kept | None:
        name = self._name(output)
        if name not in self._entries:
            return Kept("asr did not make it, or its record is gone")
        if name not in self._written:
            return Kept("an older asr made it and kept no hash, so nobody knows whether it was edited")
        try:
            return None if digest_of(output) in self._written[name] else Kept("it was edited after asr wrote it", True)
        except OSError as error:
            return Kept(f"it cannot be read ({reason(error)})")

    def write(
        self,
        output: str,
        content: str | bytes,
        audio: Identity | None = None,
        recipe: Recipe | None = None,
        *,
        force: bool = False,
    ) -> None:
        """Write an output and record how it was made, in one step: two processes do it one after the other.

        The line before says what is about to be written, so that a run killed in between neither leaves a file without
        an owner nor makes another's file ours.

        Args:
            output: its path; a pipe or a device keeps nothing, and its folder is not ours.
            audio: what it was made of.
            recipe: how. Without these two it is ours, and out of date.

        Raises:
            OutputError: it cannot be written, or a file is there that is not ours, or not as asr wrote it.
        """
        if is_special(output):
            write_atomic(output, content)
            return
        name = self._name(output)
        with self._locked() as record:
            if not force and (kept := self.kept(output)):
                raise OutputError(f"'{output}' is {kept}")
            self._add(record, {"output": name, "digest": digest_of_content(content)})
            write_atomic(output, content)
            if audio is not None and recipe is not None:
                self._add(record, {"output": name, "audio": audio.facts(), "recipe": recipes.kept(recipe)})

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Open the record and hold it for this process, with what others have added to it."""
        with opened(self.path) as descriptor:
            lock(descriptor, wait=True)
            if os.fstat(descriptor).st_size != self._known:
                self.catch_up()
            yield descriptor

    def catch_up(self) -> None:
        """Read what has been added since the last time, here or by other processes."""
        with suppress(OSError):
            for line in filter(is_entry, objects(self._added())):
                self._note(line)

    def _added(self) -> bytes:
        """Return the whole lines that have been added since the last time."""
        if is_special(self.path):
            return b""
        with self.path.open("rb") as file:
            file.seek(self._known)
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._known += len(whole)
        return whole

    def _add(self, record: int, entry: dict[str, Any]) -> None:
        self._note(entry)
        length = append_to(record, entry)
        if os.lseek(record, 0, os.SEEK_CUR) == self._known + length:  # nobody else has added anything before it
            self._known += length


def is_entry(line: dict[str, Any]) -> bool:
    """Return whether a line is as `Ledger.write` adds them, with its types; others are passed over."""
    if not isinstance(line.get("output"), str):
        return False
    audio, recipe = line.get("audio"), line.get("recipe")
    if audio is None and "audio" not in line:
        return True
    types = {"size": int, "mtime_ns": int, "digest": str}
    return (
        isinstance(recipe, dict)
        and all(isinstance(value, str) for value in recipe.values())
        and isinstance(audio, dict)
        and audio.keys() == types.keys()
        and all(isinstance(audio[name], kind) for name, kind in types.items())
    )


def as_bytes(content: str | bytes) -> bytes:
    """Return content as it is written."""
    return content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content


def digest_of_content(content: str | bytes) -> str:
    """Return what `digest_of` says of a file with this content."""
    return hashlib.blake2b(as_bytes(content), digest_size=16).hexdigest()


def write_ours(path: str | os.PathLike[str], content: str | bytes, *, force: bool = False) -> None:
    """Write a file that is ours to replace, and remember what was written.

    Raises:
        OutputError: it cannot be written, or it is there, not as asr wrote it, and not to be replaced.
    """
    ledger_of(os.path.dirname(path)).write(os.fspath(path), content, force=force)


def check_replaceable(paths: Iterable[str | os.PathLike[str] | None], *, force: bool = False) -> None:
    """Raise `UsageError` where a report would replace a file that is not as asr wrote it: before any work is done."""
    for path in paths:
        if path is None or str(path) == "-" or force:
            continue
        if kept := ledger_of(os.path.dirname(path)).kept(os.fspath(path)):
            raise UsageError(f"'{path}' is {kept}")


@lru_cache(maxsize=1024)
def ledger_of(folder: str) -> Ledger:
    """Return the one ledger of a folder in this process."""
    if is_address(folder):
        from asrcli.outputs.elsewhere import LedgerElsewhere

        return LedgerElsewhere(folder)
    return Ledger(folder)
