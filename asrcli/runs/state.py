"""What a folder of outputs remembers: how each was made, and how far an interrupted recording had come.

Both live in a hidden folder ``.asr`` beside the outputs, so that they move with them:

    .asr/made.jsonl         two lines per output, before and after it is written; the last line of a name counts,
                            and the hashes of all: a file with another content is not what asr has written
    .asr/journal/ID.jsonl   one line per clip heard, while a recording is under way; removed when it is finished

Lines are appended whole, so a killed run leaves at most one broken last line, which is ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from asrcli import recipes
from asrcli.audio.inputs import STDIN
from asrcli.base.files import is_special, lock, open_lines, reason, write_atomic, write_whole
from asrcli.errors import InputError, OutputError, UsageError
from asrcli.pipeline.assembly import ClipKey, HeardClip
from asrcli.pipeline.events import Known
from asrcli.recipes import Recipe as Recipe
from asrcli.types import Alternative, Phone, Segment, Word

STATE = ".asr"


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one content of a file from another."""

    size: int
    mtime_ns: int
    digest: str  # BLAKE2b of the content, hexadecimal


def digest_of(path: str) -> str:
    """Return a hash of a file's content (about a gigabyte a second)."""
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
    ctime_ns: int  # tells a copy that was given the times of another file


def stamp(path: str) -> Stamp | None:
    """Return the stamp of a file; ``None`` when there is none, or a pipe, which keeps nothing."""
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
    if before is None and (is_special(path) or path == STDIN):
        return None
    try:
        found = identify(path) if stamp(path) == before else None
    except OSError:
        found = None
    if found is None or stamp(path) != before:  # it is read in between
        raise changed(path)
    return found


def changed(path: str) -> InputError:
    """Return the mistake of a file that was not left alone."""
    return InputError(f"{path}: it changed while it was read; the same command does it again")


def same_content(path: str, known: Identity) -> bool:
    """Return whether a file still has the content it had; reads it only when size agrees and time does not."""
    facts = os.stat(path)
    if facts.st_size != known.size:
        return False
    return facts.st_mtime_ns == known.mtime_ns or digest_of(path) == known.digest


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a file that is there is not replaced."""

    why: str
    edited: bool = False  # asr wrote it and somebody has changed it since: it is a result all the same

    def __str__(self) -> str:
        return f"kept: {self.why}; --force replaces it"


class Ledger:
    """The record of how each output of one folder was made."""

    def __init__(self, folder: str) -> None:
        self.folder = folder or "."
        self.path = Path(self.folder) / STATE / "made.jsonl"
        self._entries: dict[str, dict[str, Any]] = {}  # the last line about each output
        self._written: dict[str, set[str]] = {}  # the hashes of all that asr has ever written under a name
        self._known = 0  # bytes of the file that have been read
        self._catch_up()

    def _note(self, entry: dict[str, Any]) -> None:
        self._entries[entry["output"]] = entry
        if isinstance(digest := entry.get("digest"), str):
            self._written.setdefault(entry["output"], set()).add(digest)

    def stale(self, output: str, source: str, recipe: Recipe) -> str | None:
        """Return why an output has to be made, or ``None`` when it is up to date.

        An output that was edited by hand still counts as made; whether it may be replaced is what `kept` says.
        """
        if not os.path.lexists(output):
            return "not there yet"
        entry = self._entries.get(os.path.relpath(output, self.folder))
        if entry is None:
            return "not made by asr, or its record is gone"
        if "audio" not in entry:
            return "a run was killed while it was written"
        if changed := recipes.difference(entry["recipe"], recipe):
            return changed
        if not same_content(source, Identity(**entry["audio"])):
            return "the recording has changed"
        return None

    def kept(self, output: str) -> Kept | None:
        """Return why a file must not be replaced: it is not ours, or not as we wrote it. ``None``: it may be.

        An empty file holds nobody's work, and a pipe or a device keeps nothing.
        """
        try:
            if is_special(output) or os.path.isdir(output) or not os.path.getsize(output):
                return None
        except OSError:  # not there, or a link to nothing
            return None
        found = self._judge(output)
        if found is not None:
            self._catch_up()  # another process may have written it since this one looked
            found = self._judge(output)
        return found

    def _judge(self, output: str) -> Kept | None:
        name = os.path.relpath(output, self.folder)
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
            content: the whole of it.
            audio: what it was made of.
            recipe: how. Without these two it is ours, and out of date.
            force: replace whatever is there.

        Raises:
            OutputError: it cannot be written, or a file is there that is not ours, or not as asr wrote it.
        """
        if is_special(output):
            write_atomic(output, content)
            return
        name = os.path.relpath(output, self.folder)
        with self._locked():
            if not force and (kept := self.kept(output)):
                raise OutputError(f"'{output}' is {kept}")
            self._add({"output": name, "digest": _digest(content)})
            write_atomic(output, content)
            if audio is not None and recipe is not None:
                self._add({"output": name, "audio": asdict(audio), "recipe": recipes.kept(recipe)})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the record for this process, with what others have added to it."""
        with _opened(self.path) as descriptor:
            lock(descriptor, wait=True)
            self._catch_up()
            yield

    def _catch_up(self) -> None:
        """Read what has been added since the last time, here or by other processes."""
        with suppress(OSError):
            if not is_special(self.path):
                with self.path.open("rb") as file:
                    file.seek(self._known)
                    added = file.read()
                whole = added[: added.rfind(b"\n") + 1]
                self._known += len(whole)
                for line in _objects(whole):
                    if isinstance(line.get("output"), str):
                        self._note(line)

    def _add(self, entry: dict[str, Any]) -> None:
        self._note(entry)
        _append(self.path, entry)


def _digest(content: str | bytes) -> str:
    """Return what `digest_of` says of a file with this content."""
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def write_ours(path: str | os.PathLike[str], content: str | bytes, *, force: bool = False) -> None:
    """Write a file that is ours to replace, and remember what was written.

    Raises:
        OutputError: it cannot be written, or it is there, not as asr wrote it, and not to be replaced.
    """
    ledger(os.path.dirname(path)).write(os.fspath(path), content, force=force)


def check_replaceable(paths: Iterable[str | os.PathLike[str] | None], *, force: bool = False) -> None:
    """Raise `UsageError` where a report would replace a file that is not as asr wrote it: before any work is done."""
    for path in paths:
        if path is None or str(path) == "-" or force:
            continue
        if kept := ledger(os.path.dirname(path)).kept(os.fspath(path)):
            raise UsageError(f"'{path}' is {kept}")


@lru_cache(maxsize=1024)
def ledger(folder: str) -> Ledger:
    """Return the one ledger of a folder in this process."""
    return Ledger(folder)


class Journal:
    """The clips heard of one recording, kept until its outputs are written."""

    def __init__(self, folder: str, source: str, recipe: Recipe) -> None:
        # The digest of the content would read every recording twice; size and time are enough for a run cut short.
        facts = os.stat(source)
        parts = [os.path.abspath(source), facts.st_size, facts.st_mtime_ns, sorted(recipe.items())]
        name = hashlib.blake2b(json.dumps(parts).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
        self.path = Path(folder or ".") / STATE / "journal" / f"{name}.jsonl"

    def known(self) -> Known:
        """Return what an interrupted run had heard."""
        clips: dict[ClipKey, tuple[Segment, ...]] = {}
        language: str | None = None
        score: float | None = None
        for line in _read_lines(self.path):
            if "clip" in line:
                clips[(line["clip"][0], line["clip"][1])] = tuple(segment_from(one) for one in line["segments"])
            elif "language" in line:
                language, score = line["language"], line["score"]
        return Known(clips, language, score)

    def heard(self, heard: HeardClip) -> None:
        """Keep one clip."""
        _append(self.path, {"clip": list(heard.key), "segments": [asdict(one) for one in heard.segments]})

    def voted(self, language: str, score: float) -> None:
        """Keep the language, so that the clips to come are heard in the same one."""
        _append(self.path, {"language": language, "score": score})

    def remove(self) -> None:
        """Forget everything: the outputs are written."""
        with suppress(OSError):
            self.path.unlink()


def segment_from(data: Mapping[str, Any]) -> Segment:
    """Build a segment from what `dataclasses.asdict` made of it and JSON carried."""
    values = dict(data)
    values["words"] = tuple(
        Word(**{**word, "phones": tuple(Phone(**phone) for phone in word.get("phones", ()))}) for word in data["words"]
    )
    values["tokens"], values["flags"] = tuple(data["tokens"]), tuple(data["flags"])
    values["alternatives"] = tuple(
        Alternative(one["text"], one["search_score"], tuple(one["tokens"]), tuple(one["token_logprobs"]))
        for one in data.get("alternatives", ())
    )
    return Segment(**values)


def _append(path: Path, entry: Mapping[str, Any]) -> None:
    """Add one line in one write, which other processes' lines cannot split."""
    line = json.dumps(entry, ensure_ascii=True, separators=(",", ":")) + "\n"
    with _opened(path) as descriptor:
        if (size := os.fstat(descriptor).st_size) and os.lseek(descriptor, size - 1, os.SEEK_SET) >= 0:
            line = line if os.read(descriptor, 1) == b"\n" else "\n" + line  # a full disk left half a line
        write_whole(descriptor, line.encode())


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a file of lines, and name it in what goes wrong."""
    try:
        descriptor = open_lines(path)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OutputError(f"cannot write '{path}': {reason(error)}") from error


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a file line by line."""
    with suppress(OSError):
        if not is_special(path):
            yield from _objects(path.read_bytes())


def _objects(raw: bytes) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects among lines; what a killed run left broken is passed over."""
    for line in raw.splitlines():
        with suppress(ValueError, RecursionError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found
