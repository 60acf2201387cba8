"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


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
