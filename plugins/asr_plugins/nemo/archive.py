"""Look into a ``.nemo`` archive before NeMo unpacks it: a tar file that a stranger may have made.

It holds ``model_config.yaml``, ``model_weights.ckpt`` (a pickle in torch's zip) and the files of the tokenizer. What is
refused here: members that are not plain files in the archive's own folder, sizes that no model has, a configuration
that `checked` refuses or that grows without bound when its aliases are followed, and pickles that torch does not take
with ``weights_only=True``. A Canary may have a second model for the times of words in it, which is treated alike.
"""

from __future__ import annotations

import json
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from asr_plugins.nemo.checked import least_weights, model_config
from asrcli.base.files import cause
from asrcli.errors import ModelError
from asrcli.weights.plain import refusal

CONFIG, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
TIMES = "timestamps_asr_"  # before the names of both, for the second model
CONFIGS = {CONFIG: WEIGHTS, TIMES + CONFIG: TIMES + WEIGHTS}
NEMO_FILE = "nemo:"  # before the name of a file of the archive
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
    config: dict[str, Any]  # what NeMo may see of ``model_config.yaml``
    configs: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # that and the second model's, by file name

    @property
    def layout(self) -> str:
        """The kind of decoder: ``ctc``, ``rnnt`` (TDT too) or ``aed``."""
        name = self.target.rpartition(".")[2]
        return "aed" if "MultiTask" in name else "rnnt" if "RNNT" in name else "ctc"


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
    """Check an archive and return its configuration; without ``weights`` its pickles are not read.

    Raises:
        ModelError: the archive is damaged or could do harm.
    """
    try:
        with tarfile.open(path, "r:*") as tar:
            configs, sizes = _checked(tar, path, weights)
    except (tarfile.TarError, EOFError, OSError, ValueError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
        reason = cause(error).partition("\n")[0].rstrip(":")
        raise ModelError(f"'{path}' is no complete .nemo archive ({reason}): fetch it again") from error
    if CONFIG not in configs:
        raise ModelError(f"'{path}' has no {CONFIG}: it is no .nemo model")
    for name, config in configs.items() if weights else ():
        needed, there = least_weights(config), sizes.get(CONFIGS[name], 0)
        if needed > there:
            raise ModelError(f"'{path}' is not loaded: {name} declares {needed} weights, and {there} bytes are there")
    return Archive(path, str(configs[CONFIG]["target"]), configs[CONFIG], configs)


def _checked(tar: tarfile.TarFile, path: Path, weights: bool) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """Return the configurations of an open archive, and the size of each file in it; check its pickles."""
    configs: dict[str, dict[str, Any]] = {}
    sizes: dict[str, int] = {}
    for member in _members(tar, path):
        name = PurePosixPath(member.name).name
        sizes[name] = member.size
        if name in CONFIGS:
            configs[name] = _read_config(_open(tar, member), f"{path}: {name}")
            if not weights and name == CONFIG:
                break
        elif weights and name.endswith(PICKLES):
            _check_pickle(_open(tar, member), member.size, f"{path}: {name}")
    return configs, sizes


def unpack(archive: Archive, folder: Path) -> None:
    """Write what NeMo needs of an archive into a folder: weights, tokenizers, and the checked configurations.

    Raises:
        ModelError: the archive could do harm, or a file that its configuration names is not there.
    """
    wanted = {name for config in archive.configs.values() for name in named_files(config)}
    with tarfile.open(archive.path, "r:*") as tar:
        for member in _members(tar, archive.path):
            name = PurePosixPath(member.name).name
            if name not in wanted and name not in CONFIGS.values():
                continue
            with _open(tar, member) as packed, (folder / name).open("xb") as file:
                shutil.copyfileobj(packed, file)
    for name in sorted(wanted):
        if not (folder / name).is_file():
            raise ModelError(f"'{archive.path}' lacks '{name}', which its {CONFIG} names: fetch it again")
        if b"${" in (folder / name).read_bytes():
            raise ModelError(f"'{archive.path}' is not loaded: '{name}' has a token with '${{', which NeMo evaluates")
    for name, config in archive.configs.items():
        text = json.dumps(_placed(config, folder), ensure_ascii=False)  # JSON is YAML, and says which values are texts
        (folder / name).write_text(text, encoding="utf-8")


def named_files(config: Mapping[str, Any]) -> set[str]:
    """Return the names of the files that a checked configuration names, which are those of tokenizers."""
    tokenizer = config.get("tokenizer", {})
    parts = (tokenizer, *tokenizer.get("langs", {}).values())
    texts = [value for part in parts for value in part.values() if isinstance(value, str)]
    return {text.removeprefix(NEMO_FILE) for text in texts if text.startswith(NEMO_FILE)}


def _placed(value: Any, folder: Path) -> Any:
    """Return a configuration in which the tokenizers' files have their place in a folder."""
    if isinstance(value, Mapping):
        found = {key: _placed(one, folder) for key, one in value.items()}
        return found | {"dir": str(folder)} if "model_path" in value else found
    if isinstance(value, str) and value.startswith(NEMO_FILE):
        return str(folder / value.removeprefix(NEMO_FILE))
    return value


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


def _read_config(file: IO[bytes], source: str) -> dict[str, Any]:
    """Return what NeMo may see of a configuration."""
    import yaml

    data = file.read(MOST_CONFIG_BYTES + 1)
    if len(data) > MOST_CONFIG_BYTES:
        raise ModelError(f"'{source}' is bigger than {MOST_CONFIG_BYTES} bytes")
    try:
        config = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ModelError(f"'{source}' is not plain YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(config, dict):
        raise ModelError(f"'{source}' is not the configuration of a model")
    _check_size(config, source)
    return model_config(config, source)


def _check_size(config: dict[str, Any], source: str) -> None:
    """Raise when a configuration grows beyond bounds when its aliases are followed."""
    waiting: list[Any] = [config]
    for _ in range(MOST_CONFIG_NODES):
        if not waiting:
            return
        node = waiting.pop()
        waiting += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    raise ModelError(f"'{source}' is not safe to load: it grows to more than {MOST_CONFIG_NODES} entries")


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
