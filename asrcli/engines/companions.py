"""Find and load the models that work beside an engine: ``NAME`` or ``NAME:MODEL`` to a loaded companion."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from asrcli.companions import Companion, Detector, Identifier, Punctuator
from asrcli.engine import check_installed, load_plugin
from asrcli.engines import ranking
from asrcli.engines.recogniser import Announce, opening
from asrcli.weights import models

C = TypeVar("C", bound=Companion)

OPTIONS: dict[type[Companion], str] = {
    Detector: "--vad-model",
    Punctuator: "--punctuation-model",
    Identifier: "--identify-with",
}


def find(kind: type[C], spelling: str) -> type[C]:
    """Return the class that ``NAME`` or ``NAME:MODEL`` means, with its packages installed.

    Raises:
        UsageError: no package declares the name.
        EngineUnavailable, MissingExtra: its module or packages are missing.
    """
    found = load_plugin(kind, ranking.split(kind, spelling, OPTIONS[kind])[0])
    check_installed(found)
    return found


def prepare(kind: type[Companion], spelling: str, *, offline: bool, announce: Announce) -> None:
    """Find the weights of a companion, downloading them when allowed, and load them, before any input is read.

    Raises:
        UsageError, EngineUnavailable: as `find`.
        ModelError: the weights are not here and cannot be had, or do not load.
    """
    model = ranking.split(kind, spelling, OPTIONS[kind])[1]
    models.resolve(find(kind, spelling), model, offline=offline, pull=True, announce=announce)
    _load(kind, spelling)


def load(kind: type[C], spelling: str) -> C:
    """Return a companion, loaded once per process."""
    found: C = _load(kind, spelling)
    return found


@cache
def _load(kind: type[Companion], spelling: str) -> Any:
    found, model = find(kind, spelling), ranking.split(kind, spelling, OPTIONS[kind])[1]
    weights = models.resolve(found, model, offline=True, pull=False, announce=lambda text: None)
    with opening(weights):
        return found(weights)
