"""Plugins in the order of their own ranks, and which of them can be used now: one rule for engines and aligners."""

from __future__ import annotations

from collections.abc import Sequence

from asrcli.engine import P, Plugin, declared, load_plugin
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.weights import models

SHOWN = 12  # languages in a message
UNKNOWN_SIZE = 10**6  # megabytes; a model of unknown size is suggested last


def ranked(kind: type[P], reasons: list[str] | None = None) -> list[type[P]]:
    """Return the classes of a kind that ``auto`` may take, by rank and name; ``reasons`` get why some do not import."""
    found: list[type[P]] = []
    for name in declared(kind.group):
        try:
            found.append(load_plugin(kind, name))
        except EngineUnavailable as error:
            if reasons is not None:
                reasons.append(f"{name}: {error}")
    return sorted((one for one in found if one.rank > 0), key=lambda one: (-one.rank, one.name))


def best_name(kind: type[Plugin]) -> str:
    """Return the name of the plugin of a kind with the highest rank.

    Raises:
        EngineUnavailable: no installed package declares one.
    """
    for one in ranked(kind):
        return one.name
    raise EngineUnavailable(f"no installed package has a {kind.role}")


def declaring(kind: type[P], model: str) -> type[P] | None:
    """Return the plugin of a kind that declares a model by short name or hub id; None when none does.

    One whose packages are installed comes before others, and then the one of higher rank.
    """
    found = [one for one in ranked(kind) if one.short_name(model) in one.models]
    return min(found, key=lambda one: bool(one.missing()), default=None)


def usable_model(plugin: type[Plugin], language: str | None, wanted: Sequence[str] = ()) -> tuple[str | None, str]:
    """Return a model that can be used now, or ``None`` and why there is none.

    Args:
        plugin: with its packages installed.
        language: code that the model has to speak; None is any.
        wanted: the models to choose from; () is all that are declared.
    """
    if missing := plugin.missing():
        return None, f"{missing[0]} is not installed"
    here = [model for model in wanted or plugin.preferred_models() if models.is_here(plugin, model)]
    for model in here:
        if speaks(plugin, model, language):
            return model, ""
    return None, f"does not speak '{language}'" if here else "no weights here"


def speaks(plugin: type[Plugin], model: str, language: str | None) -> bool:
    """Return whether a model speaks a language, as far as is known."""
    spoken = plugin.languages(model)
    return not language or not spoken or language in spoken


def check_language(plugin: type[Plugin], model: str, language: str | None) -> None:
    """Raise `UsageError` when the model does not speak the language asked for."""
    if speaks(plugin, model, language):
        return
    spoken = plugin.languages(model)
    shown = ", ".join(spoken[:SHOWN]) + (", ..." if len(spoken) > SHOWN else "")
    called = f"{plugin.role} '{plugin.name}'"
    if model != plugin.default_model:
        called = f"model '{model}' of {called}"
    raise UsageError(f"{called} does not speak '{language}', only: {shown}")


def check_languages(plugin: type[Plugin], model: str, among: Sequence[str]) -> None:
    """Raise `UsageError` when the model speaks none of the languages that are expected."""
    if among and not any(speaks(plugin, model, one) for one in among):
        check_language(plugin, model, among[0])


def translates(plugin: type[Plugin], model: str, task: str | None) -> bool:
    """Return whether a task is possible: what recognises English alone has nothing to translate into English."""
    return task != "translate" or set(plugin.languages(model)) != {"en"}


def check_task(plugin: type[Plugin], model: str, task: str | None) -> None:
    """Raise `UsageError` for translation by a model that recognises English alone."""
    if translates(plugin, model, task):
        return
    able = [name for name in plugin.models if translates(plugin, name, task)]
    other = f", or choose {plugin.name}:{able[0]}" if able else ""
    raise UsageError(
        f"model '{model}' of {plugin.role} '{plugin.name}' recognises English alone and translates nothing into it: "
        f"leave --translate out{other}"
    )


def pull_hint(candidates: Sequence[type[Plugin]], language: str | None, better: bool = False, kind: str = "") -> str:
    """Return the command that brings what makes one of several plugins usable, "" when there is none.

    An extra with the largest model that packages carry; and, of those whose packages are installed, the smallest
    download: of the default models, or of the better ones that plugins declare, or of those that speak the language.
    """
    able = []
    named = [one for one in candidates if one.better_model] if better else []
    for one in (one for one in named or candidates if not one.missing()):
        name = (one.better_model if better else "") or one.default_model
        if not speaks(one, name, language):
            speaking = [(card.size_mb or UNKNOWN_SIZE, short) for short, card in one.models.items()]
            name = min((pair for pair in speaking if speaks(one, pair[1], language)), default=(0, ""))[1]
        card = one.models.get(name)
        if card is not None and card.hub_id:
            narrow = language is None and len(card.languages) == 1  # what is said may be in another
            able.append((narrow, card.size_mb or UNKNOWN_SIZE, f"asr engines pull {kind}{one.name}:{name}"))
    carried = [
        (-(card.parameters or 0), card.packaged.extra)
        for one in candidates
        for name, card in one.models.items()
        if card.packaged is not None and card.packaged.extra and not models.is_here(one, name)
        if speaks(one, name, language)
    ]
    install = f"pip install 'asrcli[{min(carried)[1]}]'" if carried else ""
    return ", or ".join(filter(None, (install, min(able)[2] if able else "")))


def split(kind: type[Plugin], spelling: str, option: str) -> tuple[str, str | None]:
    """Return plugin and model of ``NAME``, ``NAME:MODEL`` or the hub id of a model that a plugin declares.

    This is how every plugin is named, whichever option names it.

    Args:
        spelling: what was typed; a name is not looked up here.

    Raises:
        UsageError: a hub id that no plugin declares.
    """
    name, _, model = spelling.partition(":")
    if models.HUB_ID.fullmatch(spelling) and name not in declared(kind.group):
        plugin = declaring(kind, spelling)
        if plugin is None:
            able = [one.name for one in ranked(kind) if one.loads_folders]
            known = f" ({', '.join(able)})" if able else ""
            raise UsageError(
                f"{option} {spelling}: no {kind.role} declares this model; "
                f"name one{known} too: {option} NAME:{spelling}"
            )
        return plugin.name, plugin.short_name(spelling)
    return name, model or None
