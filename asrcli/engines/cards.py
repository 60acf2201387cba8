"""What can be said about every engine without loading one: installed or not, its models, and which of them are here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from asrcli.aligner import Aligner
from asrcli.diarizer import Diarizer
from asrcli.engine import Engine, EngineOption, Plugin, installed, load_plugin
from asrcli.errors import EngineUnavailable
from asrcli.weights import models


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model of an engine."""

    name: str
    hub_id: str | None  # None: inside a package, or not on a hub
    revision: str | None
    parameters: int | None
    size_mb: int | None  # of the download
    languages: tuple[str, ...]  # () means any
    licence: str
    here: bool  # can be loaded now without a download
    installed_bytes: int | None
    package: str = ""  # the installed packages that carry the weights, with their versions


@dataclass(frozen=True, slots=True)
class EngineCard:
    """One engine, as its class declares it."""

    name: str
    installed: bool
    missing: tuple[str, ...]  # modules that are not installed
    install: str  # the command that installs them; "" when nothing is missing
    default_model: str
    devices: tuple[str, ...]
    options: tuple[str, ...]  # of `asrcli.types.Options` that it honours
    max_seconds: float | None  # longest clip; None without a limit
    identifies_language: bool
    models: tuple[ModelCard, ...]
    problem: str = ""  # why its class cannot be read, if it cannot
    own_options: Mapping[str, EngineOption] = field(default_factory=dict)  # by name, for --engine-option
    dialects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by the code of their language
    environment: str = ""  # of its own, with its size, if it has one
    role: str = "engine"  # or "aligner" or "diarizer", which have no options and tell no languages


PLUGINS: tuple[type[Plugin], ...] = (Engine, Aligner, Diarizer)  # of which there are cards


def cards() -> list[EngineCard]:
    """Return a card for every engine, aligner and diarizer of installed packages; imports no heavy library of one.

    Those that are no engines have their kind before the name, as ``asr engines pull`` takes them.
    """
    return [_card(name, kind) for kind in PLUGINS for name in installed(kind)]


def _card(name: str, kind: type[Plugin]) -> EngineCard:
    shown = name if kind is Engine else f"{kind.role}:{name}"
    try:
        engine = load_plugin(kind, name)
    except EngineUnavailable as error:
        return EngineCard(shown, False, (), "", "", (), (), None, False, (), problem=str(error), role=kind.role)
    missing = engine.missing()
    return EngineCard(
        shown,
        not missing,
        missing,
        engine.install_command() if missing else "",
        engine.default_model,
        engine.devices,
        tuple(sorted(getattr(engine, "supports", ()))),
        None if math.isinf(longest := getattr(engine, "max_seconds", math.inf)) else longest,
        bool(getattr(engine, "identifies_language", False)),
        tuple(_model_card(engine, model) for model in engine.models),
        dialects=dict(getattr(engine, "dialects", {})),
        own_options=dict(getattr(engine, "own_options", {})),
        environment=_environment(engine),
        role=kind.role,
    )


def _environment(engine: type[Plugin]) -> str:
    home = engine.environment() if issubclass(engine, Engine) else None
    if home is None:
        return ""
    return home.problem or f"in an environment of its own, {home.size / 1e6:.0f} MB: {home.folder}"


def _model_card(engine: type[Plugin], name: str) -> ModelCard:
    model = engine.models[name]
    return ModelCard(
        name,
        model.hub_id,
        model.revision,
        model.parameters,
        model.size_mb,
        engine.languages(name),
        model.licence,
        models.is_here(engine, name) and not engine.missing(),
        models.installed_size(engine, name),
        models.origin(engine, name),
    )
