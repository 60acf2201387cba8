"""Where runs are kept: a run record of plain JSON Lines each, and what is under way in a hidden folder beside them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from asrcli.datasets.journal import Journal

UNDER_WAY = ".under-way"


def default_folder() -> Path:
    """Return the folder of runs where none is named."""
    from platformdirs import user_data_path

    return Path(user_data_path("asr")) / "runs"


def journal(folder: Path, task: dict[str, object]) -> Journal:
    """Return the journal of a run; the same work finds the same journal."""
    name = hashlib.sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()[:16]
    return Journal(folder / UNDER_WAY / f"{name}.jsonl", task)


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
