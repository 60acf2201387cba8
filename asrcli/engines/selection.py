"""Which engine and weights to use: what the user named, or the best that is on this machine."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from asrcli.base.background import Announce
from asrcli.capabilities import Answers, Backends, backend_of, implementation
from asrcli.engine import LAST_RESORT, Engine, Plugin, check_installed, load_class
from asrcli.engines import device as devices
from asrcli.engines import ranking
from asrcli.engines.options import check_options, clip_length, unsupported
from asrcli.engines.recogniser import Choice, opening
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.types import Options
from asrcli.weights import models, packaged
from asrcli.weights.hashes import hash_local

_log = logging.getLogger(__name__)


def choose_class(
    name: str, model: str | None, options: Options, announce: Announce, among: Sequence[str] = ()
) -> tuple[type[Engine], str | None]:
    """Return the engine class and model for a name, checked against the options, and languages one of which is spoken.

    ``auto`` takes the best that is here, ``fast`` the quickest. The name may be ``ENGINE:MODEL``, or the hub id of a
    model that an engine declares.

    Raises:
        UsageError: unknown engine, option or language, or two models.
        EngineUnavailable: a package or, for ``auto``, every suitable engine's weights are missing.
    """
    name, model = split_model(name, model)
    foreign = next((code for code in among if code != "en"), "en") if among else None  # whose models speak English too
    expected = replace(options, language=options.language or foreign)
    if name == "fast":
        name, model = _choose_fast(model, expected, announce)
    if name == "auto":
        name, model = _choose_auto(model, expected, announce)
    engine = load_class(name)
    model = model and engine.short_name(model)
    check_options(engine, options)
    ranking.check_language(engine, model or engine.default_model, options.language)
    ranking.check_languages(engine, model or engine.default_model, among)
    ranking.check_task(engine, model or engine.default_model, options.task)
    check_installed(engine)
    return engine, model


def split_model(name: str, model: str | None) -> tuple[str, str | None]:
    """Return the engine and the model that ``ENGINE`` or ``ENGINE:MODEL`` names, or the model given apart.

    Raises:
        UsageError: two models are named, or a backend, which has an option of its own.
    """
    plain, at, backend = name.partition(":")[0].partition("@")
    if at:
        raise UsageError(f"--engine {name}: give the implementation as an option, --engine {plain} --backend {backend}")
    engine, named = ranking.split(Engine, name, "--engine")
    if named and model:
        raise UsageError(f"--engine {name} names a model, and --model {model} another: give one of them")
    return engine, named or model


def choose_backend(engine: type[Engine], backend: str | None) -> str | None:
    """Return which implementation of an engine to use: the one asked for, or the first that is installed.

    ``None`` when the engine has only one.

    Raises:
        UsageError: the engine has no such backend.
        MissingExtra: the one asked for is not installed.
    """
    if not issubclass(engine, Backends):
        if backend is not None:
            raise UsageError(f"engine '{engine.name}' has one implementation only: leave --backend out")
        return None
    if backend is not None and backend not in engine.backends:
        raise UsageError(f"engine '{engine.name}' has no backend '{backend}', only: {', '.join(engine.backends)}")
    chosen = implementation(engine, backend)
    check_installed(chosen)
    return backend_of(chosen)


@dataclass(frozen=True, slots=True)
class Setup:
    """How an engine is to run: which implementation, where, and whether its weights may be downloaded."""

    backend: str | None = None  # None: the first that is installed
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0  # of the CPU; 0: the library decides
    offline: bool = False
    elsewhere: bool = False  # the device is one of another machine


def is_whole(engine: type[Engine]) -> bool:
    """Tell whether no weights make an engine another class, so that its card can be asked without them."""
    return getattr(engine.for_weights, "__func__", None) is getattr(Engine.for_weights, "__func__", None)


def prepare(engine: type[Engine], model: str | None, options: Options, setup: Setup, announce: Announce) -> Choice:
    """Find the weights, pulling them when allowed, and the device; load nothing."""
    implemented = implementation(engine, chosen := choose_backend(engine, setup.backend))
    if is_whole(implemented):  # before gigabytes come
        clip_length(implemented, options)
        if setup.device != "auto":
            devices.choose(implemented, setup.device, setup.dtype, setup.threads, elsewhere=setup.elsewhere)
    weights = models.resolve(engine, model, offline=setup.offline, pull=True, announce=announce)
    with opening(weights):
        engine = implemented.for_weights(weights)
    if chosen and not setup.backend and issubclass(engine, Backends):
        others = ", ".join(other for other in engine.backends if other != chosen)
        announce(f"backend {chosen} of engine {engine.name}; --backend names another: {others}")
    check_options(engine, options)
    clip_length(engine, options)
    device = devices.choose(engine, setup.device, setup.dtype, setup.threads, announce, setup.elsewhere)
    return Choice(engine, weights, device)


def prepare_to_answer(engine: str, model: str | None, setup: Setup, announce: Announce) -> Choice:
    """Return the engine to ask its language model; nothing is loaded yet. ``auto`` is the best with weights here.

    Raises:
        UsageError: the engine has no language model.
        EngineUnavailable: its packages or weights are not here.
    """
    engine, model = split_model(engine, model)
    known = ranking.ranked(Engine)
    able = [one.name for one in known if issubclass(one, Answers)]
    if engine == "auto":
        engine, model = _choose_to_answer([one for one in known if issubclass(one, Answers)], model, announce)
    found = load_class(engine)
    if not issubclass(found, Answers):
        raise UsageError(f"engine '{engine}' has no language model to ask; engines that do: {', '.join(able)}")
    check_installed(found)
    return prepare(found, model, Options(), setup, announce)


def _choose_to_answer(able: Sequence[type[Engine]], model: str | None, announce: Announce) -> tuple[str, str | None]:
    """Return engine and model of the first by rank that has a language model and weights here; a model says which."""
    reasons = []
    for engine in able:
        found, why = (model, "") if model else ranking.usable_model(engine, None)
        if found:
            announce(f"engine {engine.name}:{found}" + ("" if model else ", the best with its weights here"))
            return engine.name, found
        reasons.append(f"{engine.name}: {why}")
    ways = ", or ".join(filter(None, (ranking.pull_hint(able, None), "ask a server (--llm)")))
    why = "; ".join(reasons) or "none is installed"
    raise EngineUnavailable(f"no engine with a language model has its weights on this machine ({why}): {ways}")


def _choose_auto(model: str | None, options: Options, announce: Announce) -> tuple[str, str]:
    """Return engine and model of the first engine by rank that is installed, able, and has weights here."""
    if model is not None:
        return _declaring(model, announce)
    reasons: list[str] = []
    passed: list[type[Engine]] = []
    for engine in ranking.ranked(Engine, reasons):
        found, why = usable(engine, options)
        if found:
            better = ranking.pull_hint(passed, options.language, better=True) if engine.rank < LAST_RESORT else ""
            hint = f"; better: {better}" if better else ""
            announce(f"engine {engine.name}:{found}, the best with its weights here{hint}")
            for reason in reasons:
                _log.debug("not %s", reason)
            return engine.name, found
        reasons.append(f"{engine.name}: {why}")
        if not unsupported(engine, options):
            passed.append(engine)
    lacking = [set(unsupported(one, options)) for one in ranking.ranked(Engine)]
    for spelling in set.intersection(*lacking) if lacking else ():
        raise UsageError(f"no engine has {spelling}; asr engines shows what each has")
    wanted = f" speaks '{options.language}' and" if options.language else ""
    pull = ranking.pull_hint(passed, options.language)
    raise EngineUnavailable(
        f"no engine here{wanted} has its weights on this machine ({'; '.join(reasons)})" + (f": {pull}" if pull else "")
    )


def _choose_fast(model: str | None, options: Options, announce: Announce) -> tuple[str, str | None]:
    """Return engine and model of the quickest that is here and able, or ``auto``."""
    if model is not None:
        raise UsageError(f"--fast chooses the model: leave --model {model} out")
    able = [one for one in ranking.ranked(Engine) if not one.missing() and not unsupported(one, options)]
    quick = [(card.fast, engine, name) for engine in able for name, card in engine.models.items() if card.fast]
    for _, engine, name in sorted(quick, key=lambda one: -one[0]):
        if not ranking.translates(engine, name, options.task):
            continue
        if models.is_here(engine, name) and ranking.speaks(engine, name, options.language):
            spoken = engine.languages(name)
            only = f", for {spoken[0]} alone" if len(spoken) == 1 and not options.language else ""
            announce(f"engine {engine.name}:{name}, the quickest with its weights here{only}")
            return engine.name, name
    return "auto", None


def _declaring(model: str, announce: Announce) -> tuple[str, str]:
    """Return the engine that declares a model, by short name or hub id, and the model's short name."""
    engine = ranking.declaring(Engine, model)
    if engine is None:
        known = {short for one in ranking.ranked(Engine) for short in one.models}
        close = get_close_matches(model, sorted(known), n=1)
        near = f"did you mean '{close[0]}'? Else " if close else ""
        raise UsageError(
            f"no engine declares a model '{model}'; {near}name the engine too: --engine NAME --model {model} "
            "(asr engines lists them)"
        )
    short = engine.short_name(model)
    announce(f"engine {engine.name}, which has the model '{short}'")
    return engine.name, short


def usable(engine: type[Engine], options: Options) -> tuple[str | None, str]:
    """Return a model of the engine that can be used now, or ``None`` and why there is none."""
    if not engine.missing() and (lacking := unsupported(engine, options)):
        return None, f"no {lacking[0]}"
    wanted = [name for name in engine.preferred_models() if ranking.translates(engine, name, options.task)]
    if not wanted and not engine.missing():
        return None, f"cannot {options.task}"
    return ranking.usable_model(engine, options.language, wanted)


def declared_revision(engine: type[Plugin], model: str | None) -> str:
    """Return what pins the weights a name means, without loading them: a hub commit, or a hash of a folder."""
    name = engine.short_name(model or engine.default_model)
    if name in engine.models:
        model_here = engine.models[name]
        carried = model_here.packaged if model_here.hub_id is None else None
        return model_here.revision or (packaged.revision(carried) if carried is not None else "")
    return hash_local(name) if os.path.exists(name) else ""
