"""Reports of the jobs of an array as one: a record for each input, and what has none."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrcli.base.files import check_local, reason
from asrcli.base.whole import MOST_ROWS, read_whole
from asrcli.errors import InputError

Record = dict[str, Any]
# What of two records about one input counts: the first of these, and of two alike the one with more in it, the first.
STATUSES = ("done", "up_to_date", "kept", "failed")
BEGINNING = b'{"v": 1, "type": '  # of every line
SHARD = re.compile(r"(?<!\d)(\d{1,6})-of-(\d{1,6})(?!\d)")  # what `{shard}` in a report's name becomes


@dataclass(frozen=True, slots=True)
class Merged:
    """What several reports say together."""

    records: tuple[Record, ...]  # one for each input, in the order in which they were read
    shards: tuple[str, ...]  # those that the names of the reports say there are, and that have none: "3/8"
    missing: tuple[str, ...]  # inputs without a record, where it is known which there are
    notes: tuple[str, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many inputs have which status."""
        return Counter(record["status"] for record in self.records)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The inputs that have no result: they failed, or have no record."""
        return (*(record["input"] for record in self.records if record["status"] == "failed"), *self.missing)

    @property
    def complete(self) -> bool:
        """Whether all that there is has a result."""
        return not self.unfinished and not self.shards

    def lines(self) -> Iterator[str]:
        """Yield the merged report."""
        for record in self.records:
            yield json.dumps(record, ensure_ascii=True, allow_nan=False) + "\n"


def merge(paths: Sequence[str], inputs: Iterable[str] = ()) -> Merged:
    """Read reports and put them together.

    Args:
        paths: JSON Lines as ``--report`` writes them.
        inputs: the names of all inputs, as the runs had them.

    Raises:
        InputError: a file cannot be read, or is no report.
    """
    found: dict[str, Record] = {}
    notes: list[str] = []
    for path in paths:
        for record in _read(path, notes):
            known = found.get(record["input"])
            if known is None or STATUSES.index(record["status"]) < STATUSES.index(known["status"]):
                found[record["input"]] = record
    missing = tuple(name for name in dict.fromkeys(inputs) if name not in found)
    return Merged(tuple(found.values()), _missing_shards(paths), missing, tuple(notes))


def _read(path: str, notes: list[str]) -> Iterator[Record]:
    try:
        data = read_whole(path, MOST_ROWS)
    except OSError as error:
        check_local(path, "copy it here first")
        raise InputError(f"{path}: {reason(error)}") from None
    lines = data.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        record = _record(line)
        if record is not None:
            if record.get("type") == "input":
                yield record
        elif number == len(lines) and line.startswith(BEGINNING[: len(line)]):  # its run was killed while it wrote
            notes.append(f"{path}: the last line is cut short, and passed over")
        else:
            raise InputError(f"{path} line {number}: no record of asr; give files that --report has written")


def _record(line: bytes) -> Record | None:
    """Return a record of version 1, of whatever type; ``None`` for anything else."""
    try:
        record = json.loads(line)
        json.dumps(record, allow_nan=False)  # what asr writes can be written again: no NaN, and nothing endless
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.get("v") != 1 or not isinstance(record.get("type"), str):
        return None
    whole = isinstance(record.get("input"), str) and record.get("status") in STATUSES
    return record if whole or record["type"] != "input" else None


def _missing_shards(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the parts without a report, as far as the names of the others tell how many there are."""
    there: dict[int, set[int]] = {}
    for path in paths:
        if named := SHARD.findall(Path(path).name):
            number, count = map(int, named[-1])
            there.setdefault(count, set()).add(number)
    return tuple(
        f"{number}/{count}"
        for count, numbers in sorted(there.items())
        for number in range(1, count + 1)
        if number not in numbers
    )
