"""Random models with the token ids of the real ones, and the trained one that hears digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asrcli.engine import Device, Weights, load_class
from tests.qwen3 import random_models

pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def official() -> dict[str, np.ndarray]:
    """Return what the official package gave; see make_reference.py."""
    with np.load(Path(__file__).parent / "official.npz") as stored:
        return dict(stored)


SEEDS = [seed if seed == 1 else pytest.param(seed, marks=pytest.mark.slow) for seed in random_models.SEEDS]


@pytest.fixture(scope="session", params=SEEDS)
def random_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """Return seed and folder of a random recogniser."""
    return request.param, random_models.write_original(tmp_path_factory.mktemp("random"), request.param)


@pytest.fixture(scope="session")
def digits(checkpoints: Path):
    """Return the engine with the digit model, native layout."""
    return load_class("qwen3")(Weights("digits", str(checkpoints / "qwen3-asr-digits")), Device("cpu", threads=1))
