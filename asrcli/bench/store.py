"""Where runs are kept: a run record of plain JSON Lines each, and what is under way in a hidden folder beside them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from asrcli.datasets.journal import Journal
from asrcli.datasets.results import RunRecord, read_run
from asrcli.errors import AsrError

UNDER_WAY = ".under-way"


def default_folder() -> Path:
    """Return the folder of runs where none is named."""
    from platformdirs import user_data_path

    return Path(user_data_path("asr")) / "runs"


def journal(folder: Path, task: dict[str, object]) -> Journal:
    """Return the journal of a run; the same work finds the same journal."""
    name = hashlib.sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()[:16]
    return Journal(folder / UNDER_WAY / f"{name}.jsonl", task)


class Command:
    """The runs of one command that are finished, kept until all of them are: after a kill they are not made again.

    A context manager; of a single run there is nothing to keep.
    """

    def __init__(self, folder: Path, tasks: Sequence[dict[str, object]]) -> None:
        self.folder = folder
        self._journal = journal(folder, {"command": list(tasks)}) if len(tasks) > 1 else None

    def __enter__(self) -> Self:
        if self._journal is not None:
            self._journal.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *unused: object) -> None:
        if self._journal is not None:
            if kind is None:
                self._journal.remove()
            self._journal.__exit__()

    def finished(self, number: int) -> tuple[Path, RunRecord] | None:
        """Return the run of an engine, by its place, that an interrupted command finished and that is still there."""
        for line in self._journal.lines if self._journal is not None else ():
            with suppress(AsrError, OSError):
                if line.get("run") == number:
                    path = self.folder / str(line["file"])
                    return path, read_run(path)
        return None

    def add(self, number: int, path: Path) -> None:
        """Keep that the run of an engine is finished."""
        if self._journal is not None:
            self._journal.add({"run": number, "file": path.name})


def new_path(folder: Path, started: str, dataset: str, system: str) -> Path:
    """Return a name for a finished run that no other has."""
    moment = re.sub(r"[^0-9T]", "", started.partition(".")[0].partition("+")[0])
    name = f"{moment}-{file_name(dataset)}-{file_name(system)}"
    number = 1
    path = folder / f"{name}.jsonl"
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.jsonl"
    return path


def file_name(text: str) -> str:
    """Return a text that can stand in the name of a file."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:60] or "run"
