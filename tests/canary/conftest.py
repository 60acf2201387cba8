"""The trained tiny Canary-Qwen, its backends, and recordings of spoken digits."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from asrcli.audio import decode as audio
from asrcli.engine import Device, Engine, Weights
from asrcli.types import Clip, Recording
from tests.clips import clip

pytest.importorskip("torch")
pytest.importorskip("transformers")

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Spoken = list[tuple[Clip, str]]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(checkpoints: Path) -> Path:
    return checkpoints / "canary-qwen-digits"


@pytest.fixture
def changed(folder: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder to spoil."""
    return Path(shutil.copytree(folder, tmp_path / "model"))


@pytest.fixture(scope="session")
def load() -> Callable[..., Engine]:
    from asr_plugins.canary import Canary

    def _load(folder: Path, backend: str = "native", **device: object) -> Engine:
        weights = Weights(str(folder), str(folder))
        return Canary.for_weights(weights, backend)(weights, Device(**device))  # type: ignore[arg-type]

    return _load


@pytest.fixture(scope="session")
def native(load: Callable[..., Engine], folder: Path) -> Engine:
    return load(folder)


@pytest.fixture(scope="session")
def digits(digit_strings: list[tuple[Path, str]]) -> Spoken:
    """Return the digit strings of the repository (flite's voices)."""
    return [(clip(path), text) for path, text in digit_strings]


@pytest.fixture(scope="session")
def human(shared: Path) -> Spoken:
    """Return strings of 3 to 6 digits of six people, out of takes that no training saw."""
    choose = random.Random(9)
    takes = sorted((shared / "fsdd/recordings").glob("*_[34].wav"))
    speakers = sorted({path.stem.split("_")[1] for path in takes})
    return [_string(takes, choose.choice(speakers), choose) for _ in range(60)]


def _string(takes: list[Path], speaker: str, choose: random.Random) -> tuple[Clip, str]:
    own = [path for path in takes if path.stem.split("_")[1] == speaker]
    said, pieces = [], [np.zeros(3200, np.float32)]
    for _ in range(choose.randint(3, 6)):
        path = choose.choice(own)
        said.append(WORDS[int(path.stem[0])])
        pieces += list(audio.decode(Recording(str(path)), warn=lambda text: None))
        pieces.append(np.zeros(choose.randint(1600, 4800), np.float32))
    return Clip(Recording("human.wav"), 0.0, np.concatenate(pieces)), " ".join(said)
