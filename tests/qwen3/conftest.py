"""Random models with the token ids of the real ones, and the trained one that hears digits."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

sys.path.insert(0, str(Path(__file__).parent))

import cases  # noqa: E402
from asr_plugins.qwen3 import Qwen3  # noqa: E402

from asrcli.engine import Device, Weights  # noqa: E402


@pytest.fixture(scope="session")
def official() -> dict[str, np.ndarray]:
    """Return what the official package gave; see make_reference.py."""
    with np.load(Path(__file__).parent / "official.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="session", params=cases.SEEDS)
def random_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """Return seed and folder of a random recogniser."""
    return request.param, cases.write_original(tmp_path_factory.mktemp("random"), request.param)


@pytest.fixture(scope="session")
def digits(checkpoints: Path) -> Qwen3:
    """Return the engine with the digit model, native layout."""
    return load(checkpoints / "qwen3-asr-digits")


def load(folder: Path) -> Qwen3:
    return Qwen3(Weights(folder.name, str(folder)), Device("cpu", threads=1))
