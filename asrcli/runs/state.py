"""What a folder of outputs remembers: how each was made, and how far an interrupted recording had come.

Both live in a hidden folder ``.asr`` beside the outputs, so that they move with them:

    .asr/made.jsonl         one line per finished output; the last line of a name counts
    .asr/journal/ID.jsonl   one line per clip heard, while a recording is under way; removed when it is finished

Lines are appended whole, so a killed run leaves at most one broken last line, which is ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from asrcli.base.files import is_special, reason
from asrcli.errors import OutputError, UsageError
from asrcli.pipeline.assembly import ClipKey, HeardClip
from asrcli.pipeline.events import Known
from asrcli.types import Alternative, Phone, Segment, Word

STATE = ".asr"
Recipe = Mapping[str, str]  # everything that shapes an output, by name: engine, model, options, layout


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


def same_content(path: str, known: Identity) -> bool:
    """Return whether a file still has the content it had; reads it only when size agrees and time does not."""
    facts = os.stat(path)
    if facts.st_size != known.size:
        return False
    return facts.st_mtime_ns == known.mtime_ns or digest_of(path) == known.digest


class Ledger:
    """The record of how each output of one folder was made."""

    def __init__(self, folder: str) -> None:
        self.folder = folder or "."
        self.path = Path(self.folder) / STATE / "made.jsonl"
        self._entries = {line["output"]: line for line in _read_lines(self.path) if "output" in line}

    def stale(self, output: str, source: str, recipe: Recipe) -> str | None:
        """Return why an output has to be made, or ``None`` when it is up to date.

        An output that was edited by hand still counts as made: it is never overwritten without --force.
        """
        if not os.path.lexists(output):
            return "not there yet"
        entry = self._entries.get(os.path.relpath(output, self.folder))
        if entry is None:
            return "not made by asr, or its record is gone"
        if "audio" not in entry:
            return "a run was killed while it was written"
        old = entry["recipe"]
        changed = sorted(name for name in {*old, *recipe} if old.get(name) != recipe.get(name))
        if changed:
            name = changed[0]
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            return f"{name} was {old.get(name, 'not set')}, now {recipe.get(name, 'not set')}{more}"
        if not same_content(source, Identity(**entry["audio"])):
            return "the recording has changed"
        return None

    def foreign(self, output: str) -> bool:
        """Return whether a file is there that no run of asr has made."""
        return os.path.lexists(output) and os.path.relpath(output, self.folder) not in self._entries

    def refuse_foreign(self, output: str) -> None:
        """Raise `UsageError` when a file is there that no run of asr has made."""
        if self.foreign(output):
            raise UsageError(
                f"'{output}' is there and asr did not make it; --force overwrites it, or choose another --output-dir"
            )

    def making(self, output: str) -> None:
        """Record that an output is about to be written: whatever happens next, the file is ours."""
        self._add({"output": os.path.relpath(output, self.folder)})

    def made(self, output: str, audio: Identity, recipe: Recipe) -> None:
        """Record that an output is finished."""
        self._add({"output": os.path.relpath(output, self.folder), "audio": asdict(audio), "recipe": dict(recipe)})

    def _add(self, entry: dict[str, Any]) -> None:
        if is_special(os.path.join(self.folder, entry["output"])):
            return  # a pipe or a device keeps nothing, and its folder is not ours
        self._entries[entry["output"]] = entry
        _append(self.path, entry)


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OutputError(f"cannot write '{path}': {reason(error)}") from error


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a file line by line; a line that a killed run left broken is passed over."""
    try:
        raw = path.read_bytes()
    except OSError:
        return
    for line in raw.splitlines():
        with suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found
