"""Which engine and weights to use: what the user named, or the best that is on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass

from asrcli.base.background import Announce
from asrcli.engine import (
    AUTO_ORDER,
    Engine,
    Plugin,
    Weights,
    check_installed,
    installed,
    load_class,
)
from asrcli.engines import device as devices
from asrcli.engines.options import check_language, check_options, unsupported
from asrcli.engines.recogniser import Choice, Recogniser
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.types import Options
from asrcli.weights import models
from asrcli.weights.hashes import hash_local


def choose_class(name: str, model: str | None, options: Options, announce: Announce) -> tuple[type[Engine], str | None]:
    """Return the engine class and model for a name, checked against the options; ``auto`` takes the best that is here.

    The name may be ``ENGINE:MODEL``.

    Raises:
        UsageError: unknown engine, option or language, or two models.
        EngineUnavailable: a package or, for ``auto``, every suitable engine's weights are missing.
    """
    name, model = split_model(name, model)
    if name == "auto":
        name, model = _choose_auto(model, options, announce)
    engine = load_class(name)
    check_options(engine, options)
    check_language(engine, model or engine.default_model, options.language)
    check_installed(engine)
    return engine, model


def split_model(name: str, model: str | None) -> tuple[str, str | None]:
    """Return the engine and the model that ``ENGINE`` or ``ENGINE:MODEL`` names, or the model given apart.

    Raises:
        UsageError: two models are named, or a backend, which has an option of its own.
    """
    engine, _, named = name.partition(":")
    if named and model:
        raise UsageError(f"--engine {name} names a model, and --model {model} another: give one of them")
    plain, at, backend = engine.partition("@")
    if at:
        raise UsageError(f"--engine {name}: give the implementation as an option, --engine {plain} --backend {backend}")
    return engine, named or model


def choose_backend(engine: type[Engine], backend: str | None) -> str | None:
    """Return which implementation of an engine to use: the one asked for, or the first that is installed.

    ``None`` when the engine has only one.

    Raises:
        UsageError: the engine has no such backend.
        MissingExtra: the one asked for is not installed.
    """
    if not engine.backends:
        if backend is not None:
            raise UsageError(f"engine '{engine.name}' has one implementation only: leave --backend out")
        return None
    if backend is not None and backend not in engine.backends:
        raise UsageError(f"engine '{engine.name}' has no backend '{backend}', only: {', '.join(engine.backends)}")
    chosen = engine.for_weights(Weights(engine.default_model, None), backend)
    check_installed(chosen)
    return chosen.backend


@dataclass(frozen=True, slots=True)
class Setup:
    """How an engine is to run: which implementation, where, and whether its weights may be downloaded."""

    backend: str | None = None  # None: the first that is installed
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0  # of the CPU; 0: the library decides
    offline: bool = False


def prepare(engine: type[Engine], model: str | None, options: Options, setup: Setup, announce: Announce) -> Choice:
    """Find the weights, pulling them when allowed, and the device; load nothing."""
    weights = models.resolve(engine, model, offline=setup.offline, pull=True, announce=announce)
    engine = engine.for_weights(weights, chosen := choose_backend(engine, setup.backend))
    if chosen and not setup.backend:
        others = ", ".join(other for other in engine.backends if other != chosen)
        announce(f"backend {chosen} of engine {engine.name}; --backend names another: {others}")
    check_options(engine, options)
    return Choice(engine, weights, devices.choose(engine, setup.device, setup.dtype, setup.threads, announce=announce))


def prepare_to_answer(engine: str, model: str | None, setup: Setup, announce: Announce) -> Recogniser:
    """Return a recogniser for its language model alone; nothing is loaded yet.

    Raises:
        UsageError: the engine has no language model.
        EngineUnavailable: its packages or weights are not here.
    """
    engine, model = split_model(engine, model)
    found = load_class(engine)
    if not found.answers:
        able = [name for name in installed() if load_class(name).answers and name != "fake"]
        raise UsageError(f"engine '{engine}' has no language model to ask; engines that do: {', '.join(able)}")
    check_installed(found)
    return Recogniser(prepare(found, model, Options(), setup, announce), Options(), announce)


def _choose_auto(model: str | None, options: Options, announce: Announce) -> tuple[str, str]:
    """Return engine and model of the first engine in order that is installed, able, and has weights here."""
    here = [name for name in AUTO_ORDER if name in installed()]
    if model is not None:
        named = [name for name in here if model in load_class(name).models]
        if not named:
            raise UsageError(f"no engine declares a model '{model}'; name the engine too: --engine whisper -m {model}")
        announce(f"engine {named[0]}, which has the model '{model}'")
        return named[0], model
    reasons: list[str] = []
    for name in here:
        engine = load_class(name)
        found, why = usable(engine, options)
        if found:
            better = f" ({'; '.join(reasons)})" if reasons else ""
            announce(f"engine {name}:{found}, the best with its weights here{better}")
            if name == here[-1]:
                announce("better results: asr engines pull whisper:large-v3-turbo, then it is chosen by itself")
            return name, found
        reasons.append(f"{name}: {why}")
    wanted = f" speaks '{options.language}' and" if options.language else ""
    raise EngineUnavailable(
        f"no engine here{wanted} has its weights on this machine ({'; '.join(reasons)}): asr engines pull whisper:base"
    )


def usable(engine: type[Engine], options: Options) -> tuple[str | None, str]:
    """Return a model of the engine that can be used now, or ``None`` and why there is none."""
    if missing := engine.missing():
        return None, f"{missing[0]} is not installed"
    if lacking := unsupported(engine, options):
        return None, f"no {lacking[0]}"
    speaks = [
        model
        for model in weights_here(engine)
        if not options.language or not engine.languages(model) or options.language in engine.languages(model)
    ]
    if speaks:
        return max(speaks, key=lambda model: engine.models[model].parameters or 0), ""  # the largest hears best
    return None, "no weights here" if not weights_here(engine) else f"does not speak '{options.language}'"


def weights_here(engine: type[Engine]) -> list[str]:
    """Return the models of an engine whose weights are on this machine."""
    return [model for model in engine.models if models.is_here(engine, model)]


def declared_revision(engine: type[Plugin], model: str | None) -> str:
    """Return what pins the weights a name means, without loading them: a hub commit, or a hash of a folder."""
    name = model or engine.default_model
    if name in engine.models:
        return engine.models[name].revision or ""
    return hash_local(name) if os.path.exists(name) else ""
