"""Weights that installed packages carry: found without an import, checked, joined once, refused when they differ."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from asrcli.engine import Engine, Model, Packaged
from asrcli.errors import ModelError
from asrcli.weights import models, packaged
from asrcli.weights.hashes import hash_local

FIRST, SECOND, CONFIG = os.urandom(3 << 20), b"the rest", b'{"a": 1}'


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


IN_PARTS = Packaged(
    {"weights-one": "weights_one/data", "weights-two": "weights_two/data"},
    {"model.bin": sha256(FIRST + SECOND), "config.json": sha256(CONFIG)},
    parts={"model.bin": ("model.bin.part1", "model.bin.part2")},
)
WHOLE = Packaged({"weights-one": "weights_one/data"}, {"model.bin.part1": sha256(FIRST), "config.json": sha256(CONFIG)})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on the path with two packages of weights, whose import ends the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    folder = tmp_path / "site"
    install(folder, "weights-one", {"model.bin.part1": FIRST, "config.json": CONFIG})
    install(folder, "weights-two", {"model.bin.part2": SECOND})
    monkeypatch.syspath_prepend(str(folder))
    return folder


def install(site: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Lay out a package as pip does."""
    own = site / name.replace("-", "_")
    (own / "data").mkdir(parents=True)
    (own / "__init__.py").write_text("raise SystemExit('imported')")
    for file, data in files.items():
        (own / "data" / file).write_bytes(data)
    notes = site / f"{own.name}-1.0.0.dist-info"
    notes.mkdir()
    (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")


class Carried(Engine):
    """An engine whose model is on a hub and in packages."""

    name = "carried"
    weight_files = ("model.bin",)
    models: ClassVar[Mapping[str, Model]] = {"small": Model("owner/small", "f" * 40, packaged=IN_PARTS, licence="MIT")}
    default_model = "small"

    def __init__(self, weights: Any, device: Any) -> None: ...

    def transcribe(self, clips: Any, options: Any) -> Any: ...


def test_parts_are_joined_once(site: Path, tmp_path: Path) -> None:
    said: list[str] = []
    folder = packaged.ready(IN_PARTS, said.append)
    assert (folder / "model.bin").read_bytes() == FIRST + SECOND
    assert {path.name for path in folder.iterdir()} == {"model.bin", "config.json"}
    assert len(said) == 1 and "weights-one 1.0.0 and weights-two 1.0.0" in said[0]
    written = (folder / "model.bin").stat().st_mtime_ns
    assert packaged.ready(IN_PARTS, said.append) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == written and len(said) == 1
    assert "weights_one" not in sys.modules
    assert packaged.revision(IN_PARTS) == hash_local(folder)  # what a copy in a folder would be called


def test_a_damaged_copy_is_made_again(site: Path) -> None:
    folder = packaged.ready(IN_PARTS, print)
    (folder / "model.bin").write_bytes(FIRST)
    assert (packaged.ready(IN_PARTS, print) / "model.bin").read_bytes() == FIRST + SECOND


def test_whole_files_are_used_where_they_are(site: Path, tmp_path: Path) -> None:
    assert packaged.ready(WHOLE, print) == site / "weights_one/data"
    assert not (tmp_path / "cache/asr/packaged").exists()


def test_a_file_that_nobody_declared_is_not_beside_the_weights(site: Path) -> None:
    """Libraries read more than they are told, such as a preprocessor_config.json that lies there."""
    (site / "weights_one/data/preprocessor_config.json").write_text("{}")
    folder = packaged.ready(WHOLE, print)
    assert {path.name for path in folder.iterdir()} == set(WHOLE.sha256)


@pytest.mark.parametrize("kind", [IN_PARTS, WHOLE])
@pytest.mark.parametrize("file", ["model.bin.part1", "config.json"])
def test_a_file_that_differs_is_refused(site: Path, tmp_path: Path, kind: Packaged, file: str) -> None:
    with (site / "weights_one/data" / file).open("r+b") as stream:
        stream.write(b"X")
    with pytest.raises(ModelError, match=r"weights-one 1\.0\.0 .*SHA-256") as caught:
        packaged.ready(kind, print)
    assert "\n" not in str(caught.value)
    copies = tmp_path / "cache/asr/packaged"
    assert not [path for path in copies.rglob("*.bin*") if path.is_file()] or file == "config.json"


def test_the_hash_of_a_big_file_is_remembered(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged.ready(WHOLE, print)
    monkeypatch.setattr("asrcli.weights.hashes._read_hash", lambda path: pytest.fail("read again"))
    packaged.ready(WHOLE, print)


def test_packages_are_weights_that_are_here(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert models.is_here(Carried) and models.installed_size(Carried) == len(FIRST + SECOND + CONFIG)
    assert models.origin(Carried, "small") == "weights-one 1.0.0 and weights-two 1.0.0"
    weights = models.resolve(Carried, None, offline=True, pull=False, announce=print)
    assert weights.path and weights.model is Carried.models["small"]
    assert weights.revision == hash_local(weights.path)
    said: list[str] = []
    assert models.pull(Carried, None, said.append).path == weights.path and "already" in said[0]
    known = {"small": replace(Carried.models["small"], packaged=replace(IN_PARTS, revision="f" * 40))}
    monkeypatch.setattr(Carried, "models", known)
    assert models.resolve(Carried, None, offline=True, pull=False, announce=print).revision == "f" * 40


def test_a_missing_part_means_not_here(site: Path) -> None:
    (site / "weights_two/data/model.bin.part2").unlink()
    assert not models.is_here(Carried) and models.installed_size(Carried) is None
    assert models.origin(Carried, "small") == ""
    with pytest.raises(ModelError, match="asr engines pull carried:small"):
        models.resolve(Carried, None, offline=True, pull=False, announce=print)


def test_what_was_pulled_comes_first(site: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "hub/models--owner--small/snapshots" / ("f" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "model.bin").write_bytes(b"pulled")
    assert models.resolve(Carried, None, offline=True, pull=False, announce=print).path == str(snapshot)
    assert models.origin(Carried, "small") == ""
