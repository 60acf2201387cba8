"""Models, clips and reference values for the tests of the engine `firered`."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from asrcli.engine import Device, Engine, Weights
from asrcli.types import Clip, Recording

pytest.importorskip("torch")
pytest.importorskip("kaldi_native_fbank")

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def cases() -> ModuleType:
    """Return the module of random models that the official code was run on."""
    spec = importlib.util.spec_from_file_location("firered_cases", HERE / "cases.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict[str, np.ndarray]]:
    """Return what the official code answered, by file name."""
    return lambda name: dict(np.load(HERE.parent / "data/firered" / f"{name}.npz"))


@pytest.fixture(scope="session")
def decode() -> Callable[[Path], np.ndarray]:
    """Decode a file as the core does."""
    from asrcli.audio import decode as audio

    return lambda path: np.concatenate(list(audio.decode(Recording(str(path)), warn=lambda text: None)))


@pytest.fixture(scope="session")
def clip() -> Callable[[np.ndarray], Clip]:
    """Wrap samples as a clip that starts the recording."""
    return lambda samples: Clip(Recording("test.wav"), 0.0, np.asarray(samples, np.float32))


@pytest.fixture(scope="session")
def digits(digit_strings, decode, clip) -> list[tuple[Clip, list[str]]]:
    """Return the digit strings of the repository as clips with their words."""
    return [(clip(decode(path)), text.split()) for path, text in digit_strings]


@pytest.fixture(scope="session")
def first_generation(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the first-generation folder out of the second: the same network without CTC branch and ``<sil>``."""
    import torch

    folder = tmp_path_factory.mktemp("firered-aed-digits")
    shutil.copytree(checkpoints / "firered2-aed-digits", folder, dirs_exist_ok=True)
    with torch.serialization.safe_globals([argparse.Namespace]):
        package = torch.load(folder / "model.pth.tar", weights_only=True)
    state = {name: one for name, one in package["model_state_dict"].items() if not name.startswith("ctc.")}
    package["args"].odim -= 1
    embedding = state["decoder.tgt_word_emb.weight"][:-1].clone()
    state["decoder.tgt_word_emb.weight"] = state["decoder.tgt_word_prj.weight"] = embedding
    state["encoder.positional_encoding.pe"] = torch.zeros(1, 9999, 64)  # the official files hold it, and it is not read
    torch.save({**package, "model_state_dict": state}, folder / "model.pth.tar")
    lines = (folder / "dict.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "dict.txt").write_text("".join(lines[:-1]), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def folders(checkpoints: Path, first_generation: Path) -> dict[str, Path]:
    """Return the folders of the three trained models, by the names of the reference values."""
    return {
        "aed": first_generation,
        "aed2": checkpoints / "firered2-aed-digits",
        "llm": checkpoints / "firered-llm-digits",
    }


@pytest.fixture(scope="session")
def load() -> Callable[..., Engine]:
    """Load the engine with a folder."""
    from asr_plugins.firered import FireRed

    return lambda folder, **device: FireRed(Weights(str(folder), str(folder)), Device(**device))


@pytest.fixture(scope="session")
def engines(folders: dict[str, Path], load: Callable[..., Engine]) -> dict[str, Engine]:
    """Load the three trained models once."""
    return {name: load(folder) for name, folder in folders.items()}
