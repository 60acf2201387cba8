"""Fixtures: the trained models, and tiny random ones of other families, written once per run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from asr_plugins.transformers_models import Transformers
from transformers_engine import tiny

from asrcli.engine import Device, Weights
from asrcli.types import Clip, Recording
from tests.clips import clip

DIGITS = Path(__file__).parent.parent / "data/digits"


def load(folder: Path) -> Transformers:
    """Load a folder on one thread."""
    return Transformers(Weights(folder.name, str(folder)), Device(threads=1))


@pytest.fixture(scope="session")
def strings() -> list[tuple[Clip, str]]:
    """Return recordings of digit strings and their texts."""
    return [(clip(text.with_suffix(".wav")), text.read_text().strip()) for text in sorted(DIGITS.glob("*.txt"))]


@pytest.fixture(scope="session")
def trained(checkpoints: Path) -> Callable[[str], Transformers]:
    """Return a function that loads a trained model by the end of its name, once."""
    loaded: dict[str, Transformers] = {}

    def get(name: str) -> Transformers:
        if name not in loaded:
            loaded[name] = load(checkpoints / name)
        return loaded[name]

    return get


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory, checkpoints: Path) -> Callable[[str], Path]:
    """Return a function that writes a tiny random model of a family, once."""
    home = tmp_path_factory.mktemp("models")
    tokenizer = checkpoints / "parakeet-tdt-digits"

    def get(name: str) -> Path:
        folder = home / name
        if not folder.exists():
            if name == "moonshine":
                tiny.moonshine(folder, tokenizer)
            elif name == "canary":
                tiny.canary(folder, tokenizer)
            else:
                tiny.ctc(folder, name)
        return folder

    return get


@pytest.fixture(scope="session")
def sounds() -> list[Clip]:
    """Return sounds of different lengths that no model knows."""
    random = np.random.default_rng(0)
    lengths = (1.0, 3.3, 0.4, 2.1)
    made = [np.cumsum(random.standard_normal(int(seconds * 16_000))).astype(np.float32) for seconds in lengths]
    return [Clip(Recording("sound"), 0.0, (one / np.abs(one).max() * 0.5).astype(np.float32)) for one in made]
