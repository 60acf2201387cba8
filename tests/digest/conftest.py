"""Fixtures of the digest's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported by path, so helpers beside them are not packages

from recordings import FRIDAY, SETTINGS

from asrcli.digest.edition import Edition
from asrcli.digest.run import Plan, run_day
from asrcli.digest.settings import Settings
from asrcli.digest.store import Store
from asrcli.web.client import Answer, RecordedWeb

Run = Callable[..., Edition]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder of a digest."""
    return tmp_path / "digest"


@pytest.fixture
def run(out: Path) -> Run:
    """Run one day from answers."""

    def one_day(
        answers: Sequence[Answer],
        day: date = FRIDAY,
        sources: Sequence[str] = ("arxiv", "hf", "github", "hn"),
        settings: Settings = SETTINGS,
    ) -> Edition:
        with closing(Store(out / "digest.sqlite")) as store:
            return run_day(Plan(out, day, RecordedWeb(answers), settings, sources), store)

    return one_day
