"""Find and load the models that work beside an engine: ``NAME`` or ``NAME:MODEL`` to a loaded companion."""

from __future__ import annotations

from functools import cache

from asrcli.companions import DETECTORS, IDENTIFIERS, PUNCTUATORS, Companion, Detector, Identifier, Punctuator
from asrcli.engine import Weights, check_installed, declared, load_plugin
from asrcli.engines import ranking
from asrcli.engines.recogniser import Announce, opening
from asrcli.weights import models

KINDS = {"vad": DETECTORS, "punctuation": PUNCTUATORS, "language": IDENTIFIERS}  # as asr engines pull spells them

ROLES = {DETECTORS: Detector.role, PUNCTUATORS: Punctuator.role, IDENTIFIERS: Identifier.role}
OPTIONS = {DETECTORS: "--vad-model", PUNCTUATORS: "--punctuation-model", IDENTIFIERS: "--identify-with"}


def names(group: str) -> list[str]:
    """Return the names of all companions of a group, sorted; imports none."""
    return sorted(declared(group))


def find(group: str, spelling: str) -> type[Companion]:
    """Return the class that ``NAME`` or ``NAME:MODEL`` means, with its packages installed.

    Raises:
        UsageError: no package declares the name.
        EngineUnavailable, MissingExtra: its module or packages are missing.
    """
    role = ROLES[group]
    found: type[Companion] = load_plugin(group, role, ranking.split(group, role, spelling, OPTIONS[group])[0])
    check_installed(found)
    return found


def find_detector(spelling: str) -> type[Detector]:
    """Return the class of a voice-activity model; raises what `find` raises."""
    found = find(DETECTORS, spelling)
    assert issubclass(found, Detector)
    return found


def prepare(group: str, spelling: str, *, offline: bool, announce: Announce) -> Weights:
    """Return the weights of a companion, downloading them when allowed, so that loading it later needs no network.

    Raises:
        UsageError, EngineUnavailable: as `find`.
        ModelError: the weights are not here and cannot be had.
    """
    kind = find(group, spelling)
    weights = models.resolve(kind, _model(group, spelling), offline=offline, pull=True, announce=announce)
    _load(group, spelling)  # weights that do not load end the run before any input is read
    return weights


def load_detector(spelling: str) -> Detector:
    """Return a voice-activity model, loaded once per process."""
    found = _load(DETECTORS, spelling)
    assert isinstance(found, Detector)
    return found


def load_punctuator(spelling: str) -> Punctuator:
    """Return a punctuation model, loaded once per process."""
    found = _load(PUNCTUATORS, spelling)
    assert isinstance(found, Punctuator)
    return found


def load_identifier(spelling: str) -> Identifier:
    """Return a language identifier, loaded once per process."""
    found = _load(IDENTIFIERS, spelling)
    assert isinstance(found, Identifier)
    return found


def default_name(group: str) -> str:
    """Return the name of the companion of a group with the highest rank; raises `EngineUnavailable` without any."""
    return ranking.best_name(group, ROLES[group])


@cache
def _load(group: str, spelling: str) -> Companion:
    kind = find(group, spelling)
    weights = models.resolve(kind, _model(group, spelling), offline=True, pull=False, announce=lambda text: None)
    with opening(weights):
        return kind(weights)


def _model(group: str, spelling: str) -> str | None:
    return ranking.split(group, ROLES[group], spelling, OPTIONS[group])[1]
