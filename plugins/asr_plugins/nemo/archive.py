"""Look into a ``.nemo`` archive before NeMo unpacks it: a tar file that a stranger may have made.

It holds ``model_config.yaml``, ``model_weights.ckpt`` (a pickle in torch's zip) and the files of the tokenizer. What is
refused here: members that are not plain files in the archive's own folder, sizes that no model has, a configuration
that names classes outside NeMo or grows without bound when its aliases are followed, and pickles that torch does not
take with ``weights_only=True``. Nothing is unpacked to disk.
"""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from asrcli.errors import ModelError
from asrcli.weights.pickles import refusal

CONFIG, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
MOST_MEMBERS = 1_000
MOST_CONFIG_BYTES = 16 << 20
MOST_CONFIG_NODES = 500_000  # with every alias written out; the configurations of real models have a few thousand
MOST_BYTES = 64 << 30  # unpacked
MOST_GROWTH = 20  # times; weights hardly shrink, so a gzip that grows more is no model
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle")


@dataclass(frozen=True, slots=True)
class Archive:
    """What the configuration of a checked archive says."""

    path: Path
    target: str  # the class of the model, a dotted name inside NeMo
    config: dict[str, Any]  # the parsed ``model_config.yaml``

    @property
    def layout(self) -> str:
        """The kind of decoder: ``ctc``, ``rnnt`` (TDT too) or ``aed``."""
        name = self.target.rpartition(".")[2]
        for part, layout in (("MultiTask", "aed"), ("RNNT", "rnnt"), ("CTC", "ctc")):
            if part in name:
                return layout
        raise ModelError(f"'{self.path}' is a {name}, which is no recogniser that engine 'nemo' knows")


def find_archive(path: Path) -> Path:
    """Return the archive that a path means: itself, or the only one in a folder."""
    if path.is_file():
        return path
    found = sorted(path.glob("*.nemo"))
    if len(found) != 1:
        what = "no .nemo file" if not found else f"{len(found)} .nemo files"
        raise ModelError(f"'{path}' has {what}; name the file: -m {found[0] if found else path / 'model.nemo'}")
    return found[0]


def read_archive(path: Path, *, weights: bool = True) -> Archive:
    """Check an archive and return its configuration.

    Args:
        path: the ``.nemo`` file.
        weights: check the pickles too, which reads the file; without it only the configuration is looked at.

    Raises:
        ModelError: the archive is damaged or could do harm.
    """
    try:
        with tarfile.open(path, "r:*") as tar:
            config: dict[str, Any] | None = None
            for member in _members(tar, path):
                name = PurePosixPath(member.name).name
                if name == CONFIG:
                    config = _read_config(_open(tar, member), path)
                    if not weights:
                        break
                elif weights and name.endswith(PICKLES):
                    _check_pickle(_open(tar, member), member.size, f"{path}: {name}")
    except (tarfile.TarError, EOFError, OSError, ValueError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        raise ModelError(f"'{path}' is no complete .nemo archive ({reason}): fetch it again") from error
    if config is None:
        raise ModelError(f"'{path}' has no {CONFIG}: it is no .nemo model")
    return Archive(path, str(config.get("target", "")), config)


def unpack(path: Path, folder: Path) -> None:
    """Write the files of an archive below a folder. NeMo's own way needs a Python that has filters for tar archives.

    Raises:
        ModelError: the archive could do harm.
    """
    with tarfile.open(path, "r:*") as tar:
        for member in _members(tar, path):
            target = folder.joinpath(*PurePosixPath(member.name).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with _open(tar, member) as packed, target.open("xb") as file:
                shutil.copyfileobj(packed, file)


def _members(tar: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    """Yield the plain files of an archive, which are all that may be in it."""
    packed, total = path.stat().st_size, 0
    for number, member in enumerate(tar, 1):
        parts = PurePosixPath(member.name).parts
        if member.name.startswith(("/", "\\")) or ".." in parts or ":" in member.name:
            raise ModelError(f"'{path}' is not safe to unpack: '{member.name}' leaves its folder")
        if member.isdir():
            continue
        if not member.isreg() or member.sparse is not None:
            raise ModelError(f"'{path}' is not safe to unpack: '{member.name}' is a link or a special file")
        total += member.size
        if number > MOST_MEMBERS or total > min(MOST_BYTES, MOST_GROWTH * packed + MOST_CONFIG_BYTES):
            raise ModelError(f"'{path}' is not safe to unpack: {number} files of {total} bytes in {packed}")
        yield member


def _open(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    opened = tar.extractfile(member)
    assert opened is not None, "only plain files get here"
    return opened


def _read_config(file: IO[bytes], path: Path) -> dict[str, Any]:
    import yaml

    data = file.read(MOST_CONFIG_BYTES + 1)
    if len(data) > MOST_CONFIG_BYTES:
        raise ModelError(f"'{path}': {CONFIG} is bigger than {MOST_CONFIG_BYTES} bytes")
    try:
        config = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ModelError(f"'{path}': {CONFIG} is not plain YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(config, dict):
        raise ModelError(f"'{path}': {CONFIG} is not the configuration of a model")
    _check_targets(config, path)
    return config


def _check_targets(config: dict[str, Any], path: Path) -> None:
    """Raise when the configuration would have anything built that is not of NeMo."""
    waiting: list[Any] = [config]
    for _ in range(MOST_CONFIG_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += node.values()
            for key in ("_target_", "target"):
                if isinstance(node.get(key), str) and not node[key].startswith("nemo."):
                    raise ModelError(f"'{path}' is not safe to load: it would run '{node[key]}', which is not of NeMo")
        elif isinstance(node, list):
            waiting += node
    raise ModelError(f"'{path}' is not safe to load: {CONFIG} grows to more than {MOST_CONFIG_NODES} entries")


def _check_pickle(file: IO[bytes], size: int, name: str) -> None:
    """Raise unless torch would load a pickle with ``weights_only``; reads no tensor."""
    import torch

    most = 2 * size + MOST_CONFIG_BYTES  # torch stores tensors as they are
    try:
        unpacked = sum(one.file_size for one in zipfile.ZipFile(file).infolist()) if zipfile.is_zipfile(file) else 0
        if unpacked <= most:
            file.seek(0)
            torch.load(file, map_location="meta", weights_only=True)
            return
    except Exception as error:  # both stumble over damage in a dozen ways
        raise ModelError(f"'{name}' is a pickle that is not safe to load: {refusal(error)}") from error
    raise ModelError(f"'{name}' is not safe to load: {size} bytes become {unpacked}")
