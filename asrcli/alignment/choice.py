"""Which aligner to use: the one that the user named, or the best that speaks the language and has its weights here.

And the verifier for one that cannot reject absent words: another aligner, or a recogniser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from asrcli import engine as engines
from asrcli.aligner import Aligner
from asrcli.base.background import Announce
from asrcli.base.blas import pin_threads
from asrcli.engine import Device, Weights, check_installed, installed, load_plugin
from asrcli.engines import device as devices
from asrcli.engines import ranking, selection
from asrcli.engines.recogniser import opening
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.types import Options
from asrcli.weights import models

OWN = "engine"  # in place of an aligner's name: the engine's own word times

Finder = tuple[type[Aligner], str]
Listener = tuple[type[engines.Engine], str | None]


@dataclass(frozen=True, slots=True)
class AlignerChoice:
    """Which aligner to load, from where and onto what; nothing is loaded yet."""

    aligner: type[Aligner]
    weights: Weights
    device: Device

    def load(self) -> Aligner:
        """Load the weights."""
        pin_threads()
        with opening(self.weights):
            return self.aligner(self.weights, self.device)


def choose_aligner(name: str, model: str | None, language: str | None) -> tuple[type[Aligner], str | None]:
    """Return the aligner class and model for a name; ``auto`` takes the best that can be used now.

    The name may be ``ALIGNER:MODEL``, or the hub id of a model that an aligner declares.

    Raises:
        UsageError: no such aligner, two models, or it does not speak the language.
        EngineUnavailable: a package is missing or, for ``auto``, nothing here speaks the language.
    """
    plain, named = ranking.split(Aligner, name, "--aligner")
    if named and model:
        raise UsageError(f"--aligner {name} names a model, and --model {model} another: give one of them")
    model = named or model
    if plain == "auto":
        return _choose_auto(model, language)
    aligner = load_plugin(Aligner, plain)
    check_installed(aligner)
    model = model and aligner.short_name(model)
    ranking.check_language(aligner, model or aligner.default_model, language)
    return aligner, model


def _choose_auto(model: str | None, language: str | None) -> tuple[type[Aligner], str | None]:
    reasons: list[str] = []
    passed: list[type[Aligner]] = []
    for aligner in ranking.ranked(Aligner, reasons):
        found, why = ranking.usable_model(aligner, language, [aligner.short_name(model)] if model else ())
        if found:
            return aligner, found
        reasons.append(f"{aligner.name}: {why}")
        passed.append(aligner)
    wanted = f" speaks '{language}' and" if language else ""
    pull = "" if model else ranking.pull_hint(passed, language, kind="aligner:")
    raise EngineUnavailable(
        f"no aligner here{wanted} has its weights on this machine ({'; '.join(reasons)})"
        + (f": {pull}" if pull else "")
    )


def aligner_for(
    engine: type[engines.Engine], options: Options, aligner: str | None
) -> tuple[type[Aligner], str | None] | None:
    """Return the aligner that gives an engine's words their times; ``None`` where its own are kept or none are wanted.

    Args:
        engine: its card says whether it has times of its own, and who has better ones.
        options: whether word times are asked for, and in which language.
        aligner: the one that the user named, NAME or NAME:MODEL; it is then used even where the engine has times.
            ``engine`` keeps the engine's own.

    Raises:
        UsageError: the engine has no word times, and no aligner here speaks the language or it was to keep its own.
    """
    if not options.word_timestamps:
        if aligner:
            raise UsageError(f"--aligner {aligner} is for --word-timestamps: give both")
        return None
    if "word_timestamps" in engine.supports and aligner in (None, OWN):
        return _better(engine, options.language) if aligner is None else None
    if aligner == OWN:
        raise UsageError(f"engine '{engine.name}' has no word times of its own: leave --aligner {OWN} out")
    try:
        return choose_aligner(aligner or "auto", None, options.language)
    except EngineUnavailable as error:
        if aligner:
            raise
        raise UsageError(f"engine '{engine.name}' has no --word-timestamps of its own, and {error}") from error


def _better(engine: type[engines.Engine], language: str | None) -> tuple[type[Aligner], str | None] | None:
    """Return the aligner that has better word times than the engine in a language; in any, where that is not known."""
    for spoken, name in engine.better_timed_by.items():
        if language in (None, spoken) and name in installed(Aligner):
            aligner = load_plugin(Aligner, name)
            if not aligner.missing() and models.is_here(aligner):
                return aligner, aligner.default_model
    return None


def choose_verifier(
    asked: str, aligner: type[Aligner], language: str | None, announce: Announce
) -> tuple[Finder | None, Listener | None]:
    """Choose the verifier for an aligner that cannot reject absent words: another aligner, or a recogniser.

    Args:
        asked: ``auto`` takes a neural aligner that can, else a neural recogniser, else any aligner that can; ``none``;
            or ENGINE or ENGINE:MODEL.
        aligner: one that rejects words by itself needs neither.

    Raises:
        UsageError: an engine that does not exist or speak the language, or that is not needed.
        EngineUnavailable: its packages are not here.
    """
    if aligner.rejects and asked not in ("auto", "none"):
        raise UsageError(
            f"aligner '{aligner.name}' finds by itself which words are there: leave --listener {asked} out"
        )
    if aligner.rejects or asked == "none":
        return None, None
    if asked != "auto":
        return None, selection.choose_class(asked, None, Options(language=language), announce)
    finder = choose_finder(aligner, language)
    if finder is not None and finder[0].rank >= engines.LAST_RESORT:
        return finder, None
    listener = _choose_listener(language)
    return (None, listener) if listener else (finder, None)


def choose_second(asked: str, aligner: type[Aligner], language: str | None) -> Listener | None:
    """Return the recogniser to ask before a text is called another one, for an aligner of before neural networks.

    Such an aligner does not hear what a telephone or a cold leaves of a word; nothing is pulled for a second opinion.
    """
    weak = aligner.rejects and aligner.rank < engines.LAST_RESORT
    return _choose_listener(language) if weak and asked == "auto" else None


def _choose_listener(language: str | None) -> Listener | None:
    """Return the best engine that has its weights here and speaks the language; any, where nobody knows which."""
    for engine in ranking.ranked(engines.Engine):
        model, _ = selection.usable(engine, Options(language=language))
        if engine.rank >= engines.LAST_RESORT and model and (language or len(engine.languages(model)) != 1):
            return engine, model
    return None


def choose_finder(aligner: type[Aligner], language: str | None) -> Finder | None:
    """Choose the aligner that verifies for one that cannot reject absent words.

    It rejects words, speaks the language, and has its weights here: nothing is pulled for it. None where the aligner
    rejects by itself, and where there is no such one.
    """
    if aligner.rejects or language is None:
        return None
    for other in ranking.ranked(Aligner):
        if not other.rejects or other.missing():
            continue
        for model in other.preferred_models():
            if models.is_here(other, model) and language in other.languages(model):
                return other, model
    return None


def check_window(seconds: float | None, aligner: type[Aligner], finder: Finder | None) -> None:
    """Raise `UsageError` for stretches of a length that the aligner, or who finds the words, was not made for."""
    from asrcli.alignment.course import LEAST_SECONDS

    if seconds is None:
        return
    able = [aligner, *([finder[0]] if finder else [])]
    least = min(able, key=lambda one: max(one.made_for, one.max_seconds))
    most = max(least.made_for, least.max_seconds)
    if not LEAST_SECONDS <= seconds <= most:
        raise UsageError(
            f"--chunk-length {seconds:g}: aligner '{least.name}' takes up to {most:g} s at once; choose "
            f"{LEAST_SECONDS:g} to {most:g}, or leave it out for {least.max_seconds:g}"
        )


def prepare_aligner(
    aligner: type[Aligner], model: str | None, setup: selection.Setup, announce: Announce
) -> AlignerChoice:
    """Find the weights, pulling them when allowed, and the device; load nothing."""
    weights = models.resolve(aligner, model, offline=setup.offline, pull=True, announce=announce)
    place = devices.choose(cast(Any, aligner), setup.device, setup.dtype, setup.threads, announce=announce)
    return AlignerChoice(aligner, weights, place)
