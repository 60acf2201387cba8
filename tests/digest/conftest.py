"""Fixtures of the digest's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported by path, so helpers beside them are not packages

from recordings import run_one_day

from asrcli.digest.edition import Edition

Run = Callable[..., Edition]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder of a digest."""
    return tmp_path / "digest"


@pytest.fixture
def run(out: Path) -> Run:
    """Run one day from answers."""
    return partial(run_one_day, out)
