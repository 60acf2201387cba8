"""Making an environment: an empty one, what the engine requires by uv or pip, and links to asr and the engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from asrcli import __version__
from asrcli.base.children import INSTALLERS, python, surroundings
from asrcli.base.files import lock, reason
from asrcli.environments.store import MODULES, Environment, clear, keep
from asrcli.errors import EngineUnavailable

CPU_TORCH = "https://download.pytorch.org/whl/cpu"

Announce = Callable[[str], None]


def make(environment: Environment, modules: Mapping[str, Path], announce: Announce) -> None:
    """Make an environment; what is left of an attempt before is removed.

    Args:
        modules: what its interpreter is to find besides, by name: asr and the engine.
        announce: gets lines for the user. What uv or pip says goes to standard error.

    Raises:
        EngineUnavailable: there is neither uv nor pip, or what is required cannot be had.
    """
    folder = environment.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "ab") as claim:
        if lock(claim.fileno()) is False:
            raise EngineUnavailable(f"another process makes the environment of engine '{environment.engine}' now")
        if os.path.lexists(folder):
            announce(f"removing what is left in {folder}")
            clear(folder)
        for command in _commands(environment):
            if environment.package and command[-1] == environment.requirements[-1]:
                stand_for_asr(folder)
            # Elsewhere than the user is: uv obeys a uv.toml or pyproject.toml there, whose index may be anybody's.
            try:
                code = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stderr.fileno(),
                    check=False,
                    cwd=folder.parent,
                    env=surroundings(*INSTALLERS),
                ).returncode
                why = f"{os.path.basename(command[0])} ended with exit code {code}, see above" if code else ""
            except OSError as error:
                why = f"{command[0]} cannot be started: {reason(error)}"
            if why:
                raise EngineUnavailable(f"the environment of engine '{environment.engine}' cannot be made: {why}")
        link(environment, modules)
        keep(environment)


def stand_for_asr(folder: Path) -> None:
    """Let an environment count asr as installed, which a stranger's package requires and the links bring."""
    (packages,) = folder.glob("lib/python*/site-packages")
    place = packages / f"asrcli-{__version__}.dist-info"
    place.mkdir(exist_ok=True)
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: asrcli\nVersion: {__version__}\n", encoding="utf-8")
    (place / "INSTALLER").write_text("asr\n", encoding="utf-8")
    names = ("METADATA", "INSTALLER", "RECORD")
    (place / "RECORD").write_text("".join(f"{place.name}/{name},,\n" for name in names), encoding="utf-8")


def link(environment: Environment, modules: Mapping[str, Path]) -> None:
    """Let the interpreter of an environment find modules by links in a folder of its own, which holds nothing else."""
    place = environment.folder / MODULES
    if place.is_symlink():
        clear(place)
    place.mkdir(exist_ok=True)
    for name, source in modules.items():
        target = place / (name if source.is_dir() else source.name)
        if not target.is_symlink() or os.readlink(target) != str(source):
            clear(target)
            target.symlink_to(source)


def _commands(environment: Environment) -> list[list[str]]:
    """Return what makes an environment and fills it."""
    folder, wanted = str(environment.folder), list(environment.requirements)
    if (found := shutil.which("uv")) is not None:
        uv = os.path.abspath(found)
        torch = ["--torch-backend", "cpu"] if environment.cpu_torch else []
        offline = ["--no-python-downloads"]  # the interpreter is this one
        return [
            [uv, "venv", "--quiet", *offline, "--python", python()[0], folder],
            [uv, "pip", "install", *offline, "--python", environment.python, *torch, *wanted],
        ]
    if find_spec("pip") is None:
        raise EngineUnavailable("an environment needs uv or pip, and neither is here: install uv")
    torch = ["--extra-index-url", CPU_TORCH] if environment.cpu_torch else []
    talk = ["--disable-pip-version-check", "--no-input"]
    return [
        python("-m", "venv", "--without-pip", folder),
        python("-m", "pip", *talk, "--python", environment.python, "install", *torch, *wanted),
    ]
