"""What ``asr engines install`` does: says what it is about to install, and makes the environment unless it is there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import asrcli
from asrcli.capabilities import Backends, backend_of, implementation
from asrcli.engine import GROUP, declared, load_class
from asrcli.engines.device import driver_gpus
from asrcli.engines.foreign import ALWAYS, OWN, TORCH_GIGABYTES, keep, modules_of, needs_torch, requirements_of
from asrcli.environments import store
from asrcli.environments.making import make
from asrcli.errors import UsageError
from asrcli.workers.telling import ask

if TYPE_CHECKING:
    from asrcli.base.console import Console
    from asrcli.environments.store import Environment

NAME = re.compile(r"[a-z][a-z0-9_-]{0,60}")
BUILDS = ("auto", "cpu", "cuda")


def install(name: str, torch: str, dry_run: bool, console: Console, package: str | None = None) -> str:
    """Make the environment of an engine unless it is there, and return its folder.

    Args:
        name: of the engine; ``ENGINE@BACKEND`` of one with several.
        package: a requirement, as pip reads it, that brings an engine which is not installed here.

    Raises:
        UsageError: no such engine, backend or build of torch.
        EngineUnavailable: it cannot be made.
    """
    if torch not in BUILDS:
        raise UsageError(f"--torch {torch}: choose one of: {', '.join(BUILDS)}")
    if package is not None:
        return _install_foreign(name, package, torch, dry_run, console)
    own, _, backend = name.partition("@")
    engine = load_class(own)
    if backend and not (issubclass(engine, Backends) and backend in engine.backends):
        raise UsageError(f"engine '{own}' has no backend '{backend}'")
    engine = implementation(engine, backend) if backend else engine
    wanted = requirements_of(engine)
    cpu = needs_torch(wanted) and (torch == "cpu" or (torch == "auto" and not driver_gpus()))
    return _made(store.planned(own, backend_of(engine), wanted, cpu), modules_of(engine), dry_run, console)


def _install_foreign(name: str, package: str, torch: str, dry_run: bool, console: Console) -> str:
    """Make the environment of an engine that is not installed here, and read its card there."""
    if not NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no name of an engine")
    if package.startswith("-") or not package.isprintable():  # an option of pip
        raise UsageError(f"--package '{package}': give a requirement as for pip, or a folder")
    if (point := declared(GROUP).get(name)) is not None and point.dist is not None:
        raise UsageError(f"engine '{name}' is installed here: leave --package out")
    package = os.path.abspath(package) if os.path.isdir(package) else package
    cpu = torch == "cpu" or (torch == "auto" and not driver_gpus())
    environment = store.planned(name, "", (ALWAYS, package), cpu, package)
    folder = _made(environment, {OWN: Path(asrcli.__file__).parent}, dry_run, console)
    if not dry_run and not (environment.folder / store.CARD).exists():
        keep(environment, ask(environment, console.note))
    return folder


def _made(environment: Environment, modules: Mapping[str, Path], dry_run: bool, console: Console) -> str:
    """Make an environment unless it is there; return its folder."""
    own = environment.engine
    if environment in store.environments() and not environment.problem:
        console.note(f"engine '{own}' has its environment already")
        return str(environment.folder)
    wanted = ", ".join(environment.requirements)
    console.note(f"engine '{own}', in an environment of its own: {wanted}{_size(environment)}")
    if not dry_run:
        make(environment, modules, console.note)
        console.note(f"{environment.size / 1e6:.0f} MB in {environment.folder}; asr uses the engine from there")
    return str(environment.folder)


def _size(environment: Environment) -> str:
    """Return which build of torch is taken, and how much it is."""
    if not needs_torch(environment.requirements):
        return ""
    build = "without libraries for GPUs" if environment.cpu_torch else "with libraries for GPUs"
    return f" (torch {build}, about {TORCH_GIGABYTES[environment.cpu_torch]:g} GB; --torch chooses)"
