"""Files of JSON objects, one a line, that are only added to; the broken last line of a killed run is passed over."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from asrcli.base.files import is_special, open_lines, reason, write_whole
from asrcli.errors import OutputError


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """Add one line in one write, which other processes' lines cannot split."""
    with opened(path) as descriptor:
        append_to(descriptor, entry)


def append_to(descriptor: int, entry: Mapping[str, Any]) -> int:
    """Add one line likewise to a file of lines that is open; return how many bytes that took."""
    line = json.dumps(entry, ensure_ascii=True, separators=(",", ":")) + "\n"
    if (size := os.fstat(descriptor).st_size) and os.lseek(descriptor, size - 1, os.SEEK_SET) >= 0:
        line = line if os.read(descriptor, 1) == b"\n" else "\n" + line  # a full disk left half a line
    data = line.encode()
    write_whole(descriptor, data)
    return len(data)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return JSON objects, one a line, in letters as they are."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file of lines, and name it in what goes wrong."""
    try:
        descriptor = open_lines(path)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OutputError(f"cannot write '{path}': {reason(error)}") from error


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a file line by line."""
    with suppress(OSError):
        if not is_special(path):
            yield from objects(path.read_bytes())


def objects(raw: bytes) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects among lines; what a killed run left broken is passed over."""
    for line in raw.splitlines():
        with suppress(ValueError, RecursionError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found
