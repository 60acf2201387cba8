"""What can be said about every engine without loading one: installed or not, its models, and which of them are here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from asrcli import models
from asrcli.engine import Engine, installed, load_class
from asrcli.errors import EngineUnavailable


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


def cards() -> list[EngineCard]:
    """Return a card for every engine that an installed package declares; imports no engine's heavy library."""
    return [_card(name) for name in installed()]


def _card(name: str) -> EngineCard:
    try:
        engine = load_class(name)
    except EngineUnavailable as error:
        return EngineCard(name, False, (), "", "", (), (), None, False, (), problem=str(error))
    missing = engine.missing()
    return EngineCard(
        name,
        not missing,
        missing,
        f"pip install 'asrcli[{engine.extra or name}]'" if missing else "",
        engine.default_model,
        engine.devices,
        tuple(sorted(engine.supports)),
        None if math.isinf(engine.max_seconds) else engine.max_seconds,
        engine.identifies_language,
        tuple(_model_card(engine, model) for model in engine.models),
    )


def _model_card(engine: type[Engine], name: str) -> ModelCard:
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
    )
