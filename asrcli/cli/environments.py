"""What ``asr engines install`` does: says what it is about to install, and makes the environment unless it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asrcli.capabilities import Backends, backend_of, implementation
from asrcli.engine import load_class
from asrcli.engines.device import driver_gpus
from asrcli.engines.elsewhere import TORCH_GIGABYTES, modules_of, needs_torch, requirements_of
from asrcli.environments import store
from asrcli.environments.making import make
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.base.console import Console
    from asrcli.environments.store import Environment

BUILDS = ("auto", "cpu", "cuda")


def install(name: str, torch: str, dry_run: bool, console: Console) -> str:
    """Make the environment of an engine unless it is there, and return its folder.

    Raises:
        UsageError: no such engine, backend or build of torch.
        EngineUnavailable: it cannot be made.
    """
    if torch not in BUILDS:
        raise UsageError(f"--torch {torch}: choose one of: {', '.join(BUILDS)}")
    own, _, backend = name.partition("@")
    engine = load_class(own)
    if backend and not (issubclass(engine, Backends) and backend in engine.backends):
        raise UsageError(f"engine '{own}' has no backend '{backend}'")
    engine = implementation(engine, backend) if backend else engine
    wanted = requirements_of(engine)
    cpu = needs_torch(wanted) and (torch == "cpu" or (torch == "auto" and not driver_gpus()))
    environment = store.planned(own, backend_of(engine), wanted, cpu)
    if environment in store.environments() and not environment.problem:
        console.note(f"engine '{own}' has its environment already")
        return str(environment.folder)
    console.note(f"engine '{own}', in an environment of its own: {', '.join(wanted)}{_size(environment)}")
    if not dry_run:
        make(environment, modules_of(engine), console.note)
        console.note(f"{environment.size / 1e6:.0f} MB in {environment.folder}; asr uses the engine from there")
    return str(environment.folder)


def _size(environment: Environment) -> str:
    """Return which build of torch is taken, and how much it is."""
    if not needs_torch(environment.requirements):
        return ""
    build = "without libraries for GPUs" if environment.cpu_torch else "with libraries for GPUs"
    return f" (torch {build}, about {TORCH_GIGABYTES[environment.cpu_torch]:g} GB; --torch chooses)"
