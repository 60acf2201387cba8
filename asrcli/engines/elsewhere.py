"""What an engine needs in an environment of its own, as its distribution says."""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.engine import GROUP, Engine, declared
from asrcli.environments.making import link
from asrcli.errors import EngineUnavailable, UsageError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

OWN = "asrcli"
ALWAYS = "numpy"  # samples come as its arrays
TORCH_GIGABYTES = {True: 0.9, False: 6.0}  # of torch and its libraries on the disk: without those for GPUs, with them


def requirements_of(engine: type[Engine]) -> tuple[str, ...]:
    """Return what an engine needs besides asr: its extra, or what of its distribution's own requirements it imports.

    Raises:
        UsageError: no installed distribution declares the engine.
    """
    point = declared(GROUP).get(engine.name)
    if point is None or point.dist is None:
        raise UsageError(f"engine '{engine.name}' is of no installed package: there is nothing to install it by")
    lines = _required(point.dist)
    if engine.extra:
        found = [one for one in lines if one.marker and one.marker.evaluate({"extra": engine.extra})]
        found = [one for one in found if not one.marker or not one.marker.evaluate({"extra": ""})]
    else:
        plain = [one for one in lines if one.marker is None or one.marker.evaluate({"extra": ""})]
        modules = {_plain(module.partition(".")[0]) for module in engine.requires}
        ours = point.dist.name == OWN  # a distribution of one engine needs all that it says
        found = [one for one in plain if (not ours or _plain(one.name) in modules) and _plain(one.name) != OWN]
    names = {_plain(one.name) for one in found}
    found += [one for one in _required(distribution(OWN)) if one.name == ALWAYS and ALWAYS not in names]
    return tuple(sorted(f"{one.name}{_extras(one)}{one.specifier}" if not one.url else str(one) for one in found))


def modules_of(engine: type[Engine]) -> dict[str, Path]:
    """Return where asr and the engine's own module lie, which its environment has links to."""
    names = [OWN, engine.__module__.partition(".")[0]]
    home = engine.environment()
    return {name: _place(name) for name in names[: 1 if home is not None and home.package else 2]}


def interpreter_of(engine: type[Engine]) -> tuple[str | None, dict[str, str]]:
    """Return the interpreter of an engine's environment with the variables that it needs; none where it has none.

    Raises:
        EngineUnavailable: the environment does not work.
    """
    if (home := engine.environment()) is None:
        return None, {}
    if home.problem:
        said = f"the environment of engine '{home.engine}' does not work, {home.problem}"
        raise EngineUnavailable(f"{said}: asr engines install {home.engine}")
    link(home, modules_of(engine))  # asr may have moved since it was made
    return home.python, {"PYTHONPATH": home.modules}


def needs_torch(requirements: tuple[str, ...]) -> bool:
    """Return whether torch is among them, or comes with what is."""
    return any(one.startswith("torch") for one in requirements)


def _required(dist: Distribution) -> list[Requirement]:
    from packaging.requirements import Requirement

    return [Requirement(line) for line in dist.requires or ()]


def _extras(one: Requirement) -> str:
    return f"[{','.join(sorted(one.extras))}]" if one.extras else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _place(name: str) -> Path:
    """Return the folder of a package, or the file of a module."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise UsageError(f"module '{name}' is not to be found on {sys.path}")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin
