"""``--shard I/N``: the part of the inputs that one job of an array does, the same on every machine.

An input belongs to a part by a hash of its name below the folder that was named, so that no job has to know what the
others do, and a recording that is added moves no other to another part.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asrcli.audio.inputs import Found
from asrcli.errors import UsageError

PLACEHOLDER = "{shard}"  # in the names of reports

# Variables of schedulers: index, number of parts, and the first index where that is not fixed.
SCHEDULERS: Mapping[str, tuple[str, str, str | int]] = {
    "Slurm": ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"),
    "Kubernetes": ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", 0),  # the second has to be set in the manifest of the job
    "GNU parallel": ("PARALLEL_SEQ", "PARALLEL_JOBS", 1),  # likewise, by: --env PARALLEL_JOBS
}

NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` (from 1) of ``count``."""

    number: int
    count: int
    source: str = ""  # who says so, if it was not typed

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def has(self, found: Found) -> bool:
        """Tell whether an input belongs to this part."""
        name = os.path.relpath(found.path, found.root) if found.root else found.path
        digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1

    def of(self, found: Sequence[Found]) -> list[Found]:
        """Return the inputs of this part, in their order."""
        return [one for one in found if self.has(one)]

    def named(self, path: str | None) -> str | None:
        """Return the name of a report with the part in the place of ``{shard}``.

        Raises:
            UsageError: there is no place for it, so that all jobs would write one file.
        """
        if path is None or path == "-" or path.startswith("fd:"):
            return path
        part = f"{self.number}-of-{self.count}"
        if PLACEHOLDER not in path and not re.search(rf"(?<!\d){part}(?!\d)", path):  # a loop of a shell wrote it there
            stem, extension = os.path.splitext(path)
            raise UsageError(
                f"'{path}' would be written by all {self.count} shards: write '{stem}-{PLACEHOLDER}{extension}'"
            )
        return path.replace(PLACEHOLDER, part)


def shard_of(text: str | None, environment: Mapping[str, str] = os.environ) -> Shard | None:
    """Return the part that ``I/N`` or ``auto`` names; ``auto`` asks the variables of Slurm, Kubernetes or GNU parallel.

    Raises:
        UsageError: it is no part, or no scheduler says one.
    """
    if text is None:
        return None
    if text == "auto":
        return _scheduled(environment)
    number, separator, count = text.partition("/")
    numbers = NUMBER.fullmatch(number) and NUMBER.fullmatch(count)
    if not separator or not numbers or not 1 <= int(number) <= int(count):
        raise UsageError(f"--shard {text}: give I/N, I from 1 to N, such as 3/8; or auto in a job of an array")
    return Shard(int(number), int(count))


def _scheduled(environment: Mapping[str, str]) -> Shard:
    for name, (index, count, first) in SCHEDULERS.items():
        if not environment.get(index):
            continue
        for wanted, tells in ((count, "how many"), (first, "where they begin")):
            if isinstance(wanted, str) and not environment.get(wanted):
                raise UsageError(
                    f"--shard auto: {name} says {index}={environment[index]}, and not {tells}: set {wanted}"
                )
        values = [environment[index], environment[count], str(first if isinstance(first, int) else environment[first])]
        if not all(map(NUMBER.fullmatch, values)):
            raise UsageError(f"--shard auto: {index}={values[0]} of {count}={values[1]} are no numbers")
        number, parts, least = map(int, values)
        if not 1 <= number - least + 1 <= parts:  # an array such as --array=0-30:10
            raise UsageError(f"--shard auto: {index}={number} is not one of {parts} in a row: give --shard I/N")
        return Shard(number - least + 1, parts, f"{name}, {index}={number}")
    known = ", ".join(index for index, _, _ in SCHEDULERS.values())
    raise UsageError(f"--shard auto: none of {known} is set; give --shard I/N")
