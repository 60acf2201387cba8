"""The environments that are here, each in a folder named by the engine and a hash of what was asked for."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from asrcli.base.files import write_atomic

CARD = "card.json"  # of an engine that is installed there alone
RECORD = "environment.json"  # written last: a folder without it is not finished
MODULES = "modules"  # the folder with asr and the engine's own module, and nothing else


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, complete."""

    engine: str
    requirements: tuple[str, ...]
    interpreter: str  # its version
    folder: Path
    backend: str = ""  # of an engine with several
    cpu_torch: bool = False  # torch, if it is among them, without libraries for GPUs
    package: str = ""  # that declares the engine, where asr has it not

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    @property
    def modules(self) -> str:
        """The folder that its interpreter finds asr in."""
        return str(self.folder / MODULES)

    @property
    def ours(self) -> bool:
        """Whether this process runs in it."""
        return os.path.isdir(self.folder) and os.path.samefile(sys.prefix, self.folder)

    @property
    def problem(self) -> str:
        """Why it does not work; "" when nothing is known to be wrong."""
        if not os.path.exists(self.python):
            return f"its interpreter has gone (Python {self.interpreter})"
        return ""

    @property
    def size(self) -> int:
        """The bytes that it takes on the disk; files that several environments share count in each."""
        return sum(
            os.lstat(os.path.join(place, name)).st_size for place, _, names in os.walk(self.folder) for name in names
        )


def root() -> Path:
    """Return the folder of all environments."""
    from platformdirs import user_data_path

    return Path(user_data_path("asr")) / "environments"


def planned(engine: str, backend: str, requirements: Sequence[str], cpu_torch: bool, package: str = "") -> Environment:
    """Return the environment for an engine with these requirements and this interpreter, made or not."""
    version = platform.python_version()
    parts = [engine, backend, sorted(requirements), cpu_torch, version, sys.base_prefix]
    name = hashlib.blake2b(json.dumps(parts).encode(), digest_size=6).hexdigest()
    return Environment(engine, tuple(requirements), version, root() / f"{engine}-{name}", backend, cpu_torch, package)


def environments() -> list[Environment]:
    """Return the environments that are here, by name of the engine; what was not finished is passed over."""
    found = []
    for record in sorted(root().glob(f"*/{RECORD}")):
        try:
            values = json.loads(record.read_text(encoding="utf-8"))
            values["requirements"] = tuple(map(str, values["requirements"]))
            found.append(Environment(**values, folder=record.parent))
        except (OSError, ValueError, LookupError, TypeError):  # not as we write it
            continue
    return found


def environment_of(engine: str, backend: str = "") -> Environment | None:
    """Return the environment of an engine, or of one backend of it, the newest; ``None`` when it has none."""
    if not root().is_dir():
        return None
    own = [one for one in environments() if one.engine == engine and one.backend in ("", backend)]
    return max(own, key=lambda one: (one.folder / RECORD).stat().st_mtime, default=None)


def foreign() -> dict[str, Environment]:
    """Return the environments of engines that asr itself has not, by the name of the engine, whose card is there."""
    if not root().is_dir():
        return {}
    homes = {one.engine: environment_of(one.engine) for one in environments() if one.package}
    return {name: one for name, one in homes.items() if one is not None and (one.folder / CARD).exists()}


def keep(environment: Environment) -> None:
    """Write that an environment is complete."""
    values = asdict(environment)
    del values["folder"]
    write_atomic(environment.folder / RECORD, json.dumps(values, indent=1) + "\n")


def clear(path: Path) -> None:
    """Remove a folder, or what stands in its place; of a link the link alone."""
    if path.is_dir() and not path.is_symlink():
        (path / RECORD).unlink(missing_ok=True)  # from now on nobody uses it
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove(engine: str) -> list[Path]:
    """Remove all that there is of an engine's environments, and return the folders."""
    known = {one.folder for one in environments() if one.engine == engine}
    own = re.compile(re.escape(engine) + r"-[0-9a-f]{12}")
    unfinished = {path for path in root().glob("*") if own.fullmatch(path.name) and not (path / RECORD).exists()}
    for folder in (removed := sorted(known | unfinished)):
        clear(folder)
        folder.with_suffix(".lock").unlink(missing_ok=True)
    return removed
