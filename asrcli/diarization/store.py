"""Voice prints that somebody asked to keep: one small file per person, which stands for recordings of the voice.

They tell who somebody is. Nothing but `asr voices add` writes one, and only its owner may read the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.base.files import cause, write_atomic
from asrcli.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Print = NDArray[np.float32]  # (dimensions,), of length one

SUFFIX = ".voice"
KIND = "asr voice print 1"
MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class KeptVoice:
    """The print of one person."""

    name: str
    source: str  # the diarizer with its revision: prints of two are not comparable
    recordings: tuple[str, ...]  # names of the files that it was made of
    values: tuple[float, ...]

    @property
    def print(self) -> Print:
        """The print as an array."""
        import numpy as np

        return np.array(self.values, np.float32)


def voice_path(folder: str, name: str) -> Path:
    """Return the file of a person. Raises `UsageError` for a name that no file can have."""
    if not name.strip() or name.startswith(".") or any(sign in name for sign in "/\\\0\n:"):
        raise UsageError(f"'{name}' is no name for a voice: give one that a file can have, such as Anna")
    return Path(folder, name + SUFFIX)


def kept_voices(folder: str) -> dict[str, Path]:
    """Return the files of prints in a folder, by name."""
    return {path.stem: path for path in sorted(Path(folder).glob("*" + SUFFIX)) if path.is_file()}


def read_voice(path: Path) -> KeptVoice:
    """Return a print that was kept.

    Raises:
        UsageError: the file is none, or damaged.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("it is too large")
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["kind"] != KIND:
            raise ValueError(f"its kind is {data['kind']!r}")
        values = data["print"]
        if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
            raise ValueError("its print is no list of numbers")
        if not 0.99 <= sum(value * value for value in map(float, values)) <= 1.01:
            raise ValueError("its numbers are no print of length one")
        names = [data["source"], *list(data["recordings"])]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("what it was made of has no names")
        return KeptVoice(path.stem, names[0], tuple(names[1:]), tuple(map(float, values)))
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        reason = " ".join(cause(error).split())[:100]
        raise UsageError(f"'{path}' is no voice print that asr has written: {reason}") from error


def write_voice(folder: str, voice: KeptVoice) -> Path:
    """Write a print, to be read by its owner only, and return the file."""
    path = voice_path(folder, voice.name)
    Path(folder).mkdir(parents=True, exist_ok=True)
    values = [round(value, 7) for value in voice.values]
    data = {"kind": KIND, "source": voice.source, "recordings": list(voice.recordings), "print": values}
    before = os.umask(0o077)
    try:
        write_atomic(path, json.dumps(data, ensure_ascii=False) + "\n")
    finally:
        os.umask(before)
    path.chmod(0o600)
    return path


def join_prints(prints: Sequence[Print]) -> tuple[float, ...]:
    """Return the mean direction of several prints of one person."""
    total = sum(prints[1:], start=prints[0])
    length = float((total @ total) ** 0.5)
    return tuple(float(value) / length for value in total)
