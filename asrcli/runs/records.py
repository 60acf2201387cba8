"""Records for programs: ``--events`` (what happens, as it happens) and ``--report`` (one record per input).

Both are JSON Lines; the schemas are ``docs/events.schema.json`` and ``docs/report.schema.json``. A record carries
``"v": 1``; a later version only adds keys or raises the number.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from asrcli.base.console import harmless
from asrcli.base.display import write_aside
from asrcli.base.files import cause, create_beside, is_special, link_elsewhere, lock, reason, write_whole
from asrcli.errors import AsrError, OutputError, UsageError
from asrcli.outputs.targets import usual_name
from asrcli.types import Segment, Transcript

VERSION = 1
MOST = 1 << 26  # bytes of a line; longer ones are no records


class Lines:
    """A sink of JSON Lines: a file, standard output (``-``), an inherited descriptor (``fd:3``), or nothing.

    A file is locked, and its old lines stay until `begin`: then it is replaced in one step by a file with what has been
    written so far, which grows by whole lines. A run that ends before that leaves it as it was.
    """

    def __init__(self, target: str | None, option: str, *, force: bool = False) -> None:
        self.name, self.option, self.force = f"{option} {target}", option, force
        self.path: str | None = None  # of a file that is not begun
        self.held: list[str] = []
        self.target = ""
        self.forgiving = False  # whether the command goes on when the reader of a pipe has gone
        self.gone = False  # it has
        self.file: IO[str] | None = None
        self._claim = -1
        if target is None:
            return
        self.target = target = usual_name(target)
        if target == "-" or target.startswith("fd:") or is_special(target):
            self.file = self._open(target)
        else:
            if not force and (elsewhere := link_elsewhere(target)):
                raise UsageError(f"{self.name}: it is a link to '{elsewhere}'; --force writes there, or name another")
            self.path = os.path.realpath(target)
            self._take()

    def write(self, kind: str, **values: Any) -> None:
        """Write one record at once, so that a reader sees it and a killed run keeps it.

        Raises:
            OutputError: the disk is full, ...
        """
        if self.path is None and self.file is None:
            return
        line = json.dumps({"v": VERSION, "type": kind, **values}, ensure_ascii=True, allow_nan=False) + "\n"
        if self.file is None:
            self.held.append(line)
        else:
            self._put(line)

    def begin(self) -> None:
        """Put what is held where it belongs: the work has begun.

        Raises:
            OutputError: the disk is full, ...
            UsageError: another process has taken the file since.
        """
        if self.path is None:
            return
        try:
            if self._claim < 0:
                self._take()
            descriptor = self._replace(Path(self.path)) if self._claim >= 0 else self._create(self.path)
            self.file = os.fdopen(descriptor, "w", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"cannot write {self.name}: {reason(error)}") from error
        if self._claim >= 0:
            os.close(self._claim)
            self._claim = -1
        else:
            self._put("".join(self.held))
        self.path, self.held = None, []

    def close(self) -> None:
        """Let go of the file; standard output stays open."""
        if self._claim >= 0:
            os.close(self._claim)
            self._claim = -1
        if self.file is not None and self.file is not sys.stdout:
            with suppress(OSError):  # its reader has gone: everything was flushed before
                self.file.close()

    def _replace(self, path: Path) -> int:
        descriptor, temporary = create_beside(path)
        try:
            write_whole(descriptor, "".join(self.held).encode())
            os.replace(temporary, path)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                temporary.unlink()
            raise
        return descriptor

    def _create(self, path: str) -> int:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        if lock(descriptor) is False:
            os.close(descriptor)
            raise self._busy()
        return descriptor

    def _locked(self, path: str) -> bool:
        """Lock the file at a path; return whether it is still the one there."""
        self._claim = os.open(path, os.O_RDWR)
        if lock(self._claim) is False:
            self.close()
            raise self._busy()
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self._claim), os.stat(path))
        return False

    def _take(self) -> None:
        """Lock the file that is there, and check that it may be replaced; check the folder where there is none."""
        assert self.path is not None
        try:
            while not self._locked(self.path):
                os.close(self._claim)
        except FileNotFoundError:
            self._claim = -1
            folder = next(one for one in Path(self.path).parents if one.exists())
            if not os.access(folder, os.W_OK | os.X_OK):
                raise UsageError(f"{self.name}: no permission to write into '{folder}'") from None
        except OSError as error:
            raise UsageError(f"{self.name}: {reason(error)}") from error
        else:
            if not self.force and not is_records(self.path):
                self.close()
                raise UsageError(
                    f"{self.name}: the file is there and asr did not write it; --force overwrites it, or name another"
                )

    def _busy(self) -> UsageError:
        return UsageError(f"{self.name}: another process is writing this file; name another one")

    def _put(self, text: str) -> None:
        file = self.file
        assert file is not None

        def write() -> None:
            """Write the lines out."""
            file.write(text)
            file.flush()

        try:
            if file is sys.stdout:  # a display looks after it
                write()
            else:
                write_aside(file, write)
        except OSError as error:
            if self.target == "-":  # else what it still holds fails once more at the end, with exit code 120
                discard_stdout()
            if not isinstance(error, BrokenPipeError):
                raise OutputError(f"cannot write {self.name}: {reason(error)}") from error
            if not self.forgiving:
                raise
            self.gone = True
            self.file = None
            if file is not sys.stdout:
                with suppress(OSError):  # what it still holds; later Python 3.13 would tell of it
                    file.close()

    def _open(self, target: str) -> IO[str]:
        if target == "-":
            return sys.stdout
        try:
            if target.startswith("fd:"):
                return os.fdopen(os.dup(int(target[3:])), "w", encoding="utf-8")
            return open(target, "w", encoding="utf-8")
        except (ValueError, OverflowError) as error:
            raise UsageError(f"{self.name}: write fd:N with a number, such as fd:3") from error
        except OSError as error:
            raise UsageError(f"{self.name}: {reason(error)}") from error


def is_records(path: str) -> bool:
    """Return whether a file holds nothing but records of asr; the last may be cut short by a kill."""
    seen = 0
    with open(path, "rb") as file:
        while line := file.readline(MOST):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                return seen > 0 and len(line) < MOST and not line.endswith(b"\n")
            if not isinstance(record, dict) or not isinstance(record.get("v"), int) or "type" not in record:
                return False
            seen += 1
    return True


def now() -> float:
    """Return the time of an event: seconds since 1970, to the millisecond."""
    return round(time.time(), 3)


def segment_record(segment: Segment) -> dict[str, Any]:
    """Return a segment as an event carries it; absent values are left out."""
    values = asdict(segment)
    values["words"] = [
        {key: value for key, value in word.items() if value not in (None, ())} for word in values["words"]
    ]
    return {key: value for key, value in values.items() if value not in (None, (), [])}


def done_record(transcript: Transcript) -> dict[str, Any]:
    """Return what a report says of a finished input, apart from its name and outputs."""
    flagged: dict[str, int] = {}
    for segment in transcript.segments:
        for flag in segment.flags:
            flagged[flag] = flagged.get(flag, 0) + 1
    return {
        "engine": transcript.engine,
        "model": transcript.model,
        "revision": transcript.revision,
        "language": transcript.language,
        "language_score": transcript.language_score,
        "seconds": round(transcript.seconds, 3),
        "segments": len(transcript.segments),
        "gaps": [[round(gap.start, 3), round(gap.end, 3)] for gap in transcript.gaps],
        "flags": flagged,
        "warnings": list(transcript.warnings),
        "timings": {name: round(value, 3) for name, value in asdict(transcript.timings).items()},
    }


def failed_record(error: Exception) -> dict[str, Any]:
    """Return what a report says of a failed input: the class of the error and its sentence."""
    kind = type(error).__name__ if isinstance(error, AsrError) else "unexpected"
    return {"error": kind, "message": cause(error)}


def discard_stdout() -> None:
    """Send what is still printed nowhere: its reader has gone, or it was closed before the program began."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object as a line of standard output."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    if any("\ud800" <= char <= "\udfff" for char in text):  # a name that is not UTF-8, which JSON has to be
        text = json.dumps(record, ensure_ascii=True, allow_nan=False)
    sys.stdout.write(harmless(text) + "\n")
    sys.stdout.flush()
