"""Fixtures that every test may use."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.command import Result, Run, quiet_environment

from asrcli.base.torchaudio_guard import guard_torchaudio

HERE = Path(__file__).parent

# A busy machine is no reason to fail: what is measured in time belongs to the benchmarks.
settings.register_profile("asr", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("asr")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background by a shell: children would ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
guard_torchaudio()  # tests import pyannote and NeMo directly, too


@pytest.fixture(autouse=True)
def log_levels() -> None:
    """Let pytest's log handlers take everything again: loading a model with NeMo sets all handlers to ERROR."""
    for handler in logging.root.handlers:
        handler.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of data kept beside the repository, or skip."""
    folder = Path(os.environ.get("ASR_TEST_SHARED", HERE.parent.parent / "shared"))
    if not (folder / "README.md").exists():
        pytest.skip(f"needs the shared data: {folder} is not there (set ASR_TEST_SHARED)")
    return folder


@pytest.fixture(scope="session")
def checkpoints() -> Path:
    """Return the folder of tiny trained models that the repository carries."""
    return HERE / "checkpoints"


@pytest.fixture(scope="session")
def digit_strings() -> list[tuple[Path, str]]:
    """Return recordings of spoken digit strings (flite voices) with their texts."""
    return [
        (text.with_suffix(".wav"), text.read_text().strip()) for text in sorted((HERE / "data/digits").glob("*.txt"))
    ]


@pytest.fixture
def asr(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a function that runs ``asr`` as a process of its own in a temporary folder."""
    home = tmp_path_factory.mktemp("home")

    def run(*words: object, stdin: bytes = b"", timeout: float = 120, **environment: str) -> Result:
        command = [
            sys.executable,
            "-m",
            "asrcli",
            *(os.fspath(word) if isinstance(word, Path) else str(word) for word in words),
        ]
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            timeout=timeout,
            env={**quiet_environment(home), **environment},
        )
        return Result(
            done.returncode,
            done.stdout.decode("utf-8", "surrogateescape"),
            done.stderr.decode("utf-8", "surrogateescape"),
        )

    return run
