"""Running ``asr`` as a process, and sounds to run it on."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Result:
    """What a finished command left behind."""

    code: int
    out: str
    err: str


GONE = 8  # a descriptor
READER_GONE = (
    f"exec {GONE}> >(true); wait $!"  # bash: that of a pipe whose reader has gone, however busy the machine is
)
PYTHON = shlex.quote(sys.executable)  # in a line for a shell
Run = Callable[..., Result]
Shell = Callable[[str], subprocess.CompletedProcess[str]]


def quiet_environment(home: Path) -> dict[str, str]:
    """Return an environment that no user's settings reach."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def write_program(path: Path, code: str, *options: str) -> Path:
    """Write a program in Python, begun by a shell: the kernel takes no path with a space after `#!`, nor a long one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"""#!/bin/sh\n'''exec' {shlex.join([sys.executable, *options])} "$0" "$@"\n' '''\n{code}""")
    path.chmod(0o755)
    return path


def write_wav(path: Path, seconds: float = 1.0, channels: int = 1, tone: float = 220.0) -> Path:
    """Write a 16-bit 16 kHz file with one steady tone per channel."""
    frames = round(seconds * 16_000)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, 16_000, 0, "NONE", ""))
        one = np.round(8000 * np.sin(2 * np.pi * tone * np.arange(frames) / 16_000)).astype("<i2")
        file.writeframes(np.repeat(one, channels).tobytes())
    return path


def write_silence(path: Path, seconds: float = 1.0) -> Path:
    """Write a 16-bit 16 kHz file without a sound, for engines that do not listen: much faster than a tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * round(16_000 * seconds)))
    return path
