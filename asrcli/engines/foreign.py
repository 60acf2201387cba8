"""Engines in environments of their own: what they need there, and those that are installed nowhere else.

Of these there are cards, and classes made of the cards: what a stranger's class says is read once, by a process in its
environment (`asrcli.workers.telling`), as plain values, and kept there. Nothing of the stranger is imported here. The
classes of this module are looked up by name, as entry points are: `asrcli.engine.declared` names them so.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from asrcli.base.files import cause, write_atomic
from asrcli.capabilities import Answers, AnyModel, Backends, Concurrent
from asrcli.engine import GROUP, Engine, EngineOption, Model, Plugin, declared
from asrcli.environments.making import link
from asrcli.environments.store import CARD, Environment, foreign
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.transport.codec import ProtocolError, decode, encode

if TYPE_CHECKING:
    from packaging.requirements import Requirement

MOST = 1_000_000  # bytes of a card
ABLE: Mapping[str, type] = {"Answers": Answers, "AnyModel": AnyModel, "Concurrent": Concurrent}

OWN = "asrcli"
ALWAYS = "numpy"  # samples come as its arrays
TORCH_GIGABYTES = {True: 0.9, False: 6.0}  # of torch and its libraries on the disk: without those for GPUs, with them


@dataclass(frozen=True, slots=True)
class Card:
    """What the class of an engine says, by the names of its attributes."""

    module: str
    qualname: str
    able: tuple[str, ...]  # the names of `ABLE` that it inherits from
    name: str
    requires: tuple[str, ...]
    rank: int
    models: Mapping[str, Model]
    default_model: str
    better_model: str
    speaks: tuple[str, ...]
    dialects: Mapping[str, tuple[str, ...]]
    loads_folders: bool
    weight_files: tuple[str, ...]
    side_files: tuple[str, ...]
    devices: tuple[str, ...]
    dtypes: Mapping[str, tuple[str, ...]]
    max_seconds: float | None  # None without a limit
    supports: tuple[str, ...]
    batch_seconds: Mapping[str, float]
    longest_pause: float
    rejects_noise: bool
    identifies_language: bool
    own_options: Mapping[str, EngineOption] = field(default_factory=dict)
    better_timed_by: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    level_range: float | None = None
    clip_pad: float = 0.2


OF_ITSELF = ("module", "qualname", "able")


def card_of(engine: type[Engine]) -> Card:
    """Return the card of a class; raise `EngineUnavailable` where it is more than a card can say."""
    own_classes = getattr(engine.for_weights, "__func__", None) is not Engine.for_weights.__func__  # type: ignore[attr-defined]
    if own_classes or issubclass(engine, Backends):
        raise EngineUnavailable(
            f"engine '{engine.name}' is another one for some of its weights or backends, which a card cannot say: "
            "install its package beside asr"
        )
    said = {one.name: getattr(engine, one.name) for one in fields(Card) if one.name not in OF_ITSELF}
    said["max_seconds"] = None if math.isinf(engine.max_seconds) else engine.max_seconds
    said["supports"] = tuple(sorted(engine.supports))
    able = tuple(name for name, kind in ABLE.items() if issubclass(engine, kind))
    return Card(module=engine.__module__, qualname=engine.__qualname__, able=able, **said)


def keep(environment: Environment, card: Card) -> None:
    """Keep a card beside its environment, which shows it from now on."""
    write_atomic(environment.folder / CARD, encode(card)[0].decode() + "\n")


def read(folder: Path) -> Card:
    """Return the card that is kept in a folder; raise `EngineUnavailable` where it cannot be read, or is none."""
    try:
        with open(folder / CARD, "rb") as file:
            card: Card = decode(file.read(MOST), bytearray(), (Card,))
        check(card)
        return card
    except (OSError, ProtocolError, TypeError, ValueError) as error:
        raise EngineUnavailable(f"{folder / CARD} is no card of an engine: {cause(error)}") from error


def check(card: Card) -> None:
    """Raise `ValueError` for values that no card has: they come from a stranger, and are printed and counted with."""
    plain = json.loads(encode(card)[0])["with"]
    for text in _texts(plain):
        if not text.isprintable() or len(text) > 1000:
            raise ValueError(f"{text[:50]!r} is no word of a card")
    for one in fields(Card):
        value = getattr(card, one.name)
        if not isinstance(value, KINDS[str(one.type).partition("[")[0]]):
            raise ValueError(f"{one.name}: {str(value)[:50]}")
    names = (
        card.devices,
        card.supports,
        card.speaks,
        card.requires,
        card.keys,
        *card.dtypes.values(),
        *card.dialects.values(),
    )
    counts = [(one.parameters, one.size_mb, one.fast) for one in card.models.values()]
    numbers = [(one.default, one.least, one.most) for one in card.own_options.values()]
    for kind, groups in ((str, names), (int | None, counts), (int | float, (*numbers, card.batch_seconds.values()))):
        if not all(isinstance(one, kind) for group in groups for one in group):
            raise ValueError("words, counts or numbers that are none")
    for model in card.models.values():
        kept = [name for one in model.borrowed for name in one.files.values()]
        for path in (model.folder, *model.files, *kept, *card.weight_files, *card.side_files):
            if path.startswith(("/", "~")) or ".." in path.split("/"):
                raise ValueError(f"{path[:50]!r} leads out of a folder of weights")


KINDS: Mapping[str, Any] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": int | float,
    "float | None": int | float | None,
    "tuple": tuple,
    "Mapping": Mapping,
}


def _texts(plain: Any) -> list[str]:
    """Return every text in a value, those that are keys too."""
    if isinstance(plain, str):
        return [plain]
    if isinstance(plain, dict):
        return [*plain, *(text for one in plain.values() for text in _texts(one))]
    return [text for one in plain for text in _texts(one)] if isinstance(plain, list) else []


def class_of(card: Card) -> type[Engine]:
    """Return a class that says what a card says; a worker in the environment loads the one that it stands for."""
    said: dict[str, Any] = {one.name: getattr(card, one.name) for one in fields(Card) if one.name not in OF_ITSELF}
    said["max_seconds"] = math.inf if card.max_seconds is None else card.max_seconds
    said["supports"] = frozenset(card.supports)
    place = {"__module__": card.module, "__qualname__": card.qualname, "__doc__": "An engine in its own environment."}
    able = tuple(ABLE[name] for name in card.able if name in ABLE)
    made = type(card.name, (Elsewhere, *able), {**said, **place, "__abstractmethods__": frozenset()})
    return cast(type[Engine], made)


class Elsewhere(Engine):
    """What all of them have in common."""

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return what is missing: its environment, when that has gone since."""
        return () if cls.environment() else (cls.__module__,)

    @classmethod
    def install_command(cls) -> str:
        """Return the command that makes its environment again."""
        return f"asr engines install {cls.name} --package REQUIREMENT"


def __getattr__(name: str) -> type[Plugin]:
    """Return the class of an engine by its name."""
    if name.startswith("_") or (home := foreign().get(name)) is None:  # Python itself asks for __path__
        raise AttributeError(f"there is no environment of an engine '{name}'")
    return class_of(read(home.folder))


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
