"""A file that work under way is written to, line by line, so that it goes on where it was killed.

The first line says what the work is. Every other one is a result, appended whole: a process that is killed leaves at
most one broken last line, which the next one cuts off. The file is locked while it is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from asrcli.base.files import reason
from asrcli.errors import OutputError, UsageError

HEAD = "asr_journal"


class Journal:
    """Results that are kept until the work is done; a context manager that holds the lock.

    Attributes:
        lines: what earlier processes and this one have done, in order.
    """

    def __init__(self, path: Path, task: Mapping[str, Any]) -> None:
        self.path, self.task = path, json.loads(json.dumps(task))
        self.lines: list[dict[str, Any]] = []
        self._file = -1

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            self._lock()
            self._read()
        except OSError as error:
            raise OutputError(f"cannot write '{self.path}': {reason(error)}") from error
        return self

    def __exit__(self, *unused: object) -> None:
        os.close(self._file)

    def add(self, line: Mapping[str, Any]) -> None:
        """Keep one result."""
        self.lines.append(dict(line))
        self._write(line)

    def clear(self) -> None:
        """Begin anew."""
        self.lines = []
        os.ftruncate(self._file, 0)
        self._write({HEAD: self.task})

    def remove(self) -> None:
        """Forget everything: the work is done."""
        with suppress(OSError):
            self.path.unlink()

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # Windows: two runs of one thing are then not told from each other
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise UsageError(f"'{self.path}' is being written by another process that does the same work") from None

    def _read(self) -> None:
        """Read what is there; what belongs to other work is dropped, and a broken last line too."""
        data = b""
        while block := os.read(self._file, 1 << 20):
            data += block
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.ftruncate(self._file, len(whole))
        lines: list[dict[str, Any]] = []
        with suppress(ValueError):
            lines = [json.loads(line) for line in whole.splitlines()]
        if lines and lines[0].get(HEAD) == self.task:
            self.lines = lines[1:]
        else:
            self.clear()

    def _write(self, line: Mapping[str, Any]) -> None:
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise OutputError(f"cannot write '{self.path}': {reason(error)}") from error
