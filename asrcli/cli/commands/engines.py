"""``asr engines``: which engines and models there are, and fetching weights before they are needed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from asrcli.base.console import Console
from asrcli.base.hints import hint
from asrcli.cli import apps
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.engine import Plugin
    from asrcli.engines.cards import EngineCard, ModelCard


class Named(TyperGroup):
    """Takes names of engines in the place of a command: ``asr engines qwen3`` is ``asr engines show qwen3``."""

    def resolve_command(self, context: Any, words: list[str]) -> Any:
        """Take what is no command for the name of an engine, unless it is nearly a command."""
        from difflib import get_close_matches

        from asrcli.engine import installed

        if words and (words[0] in installed() or not get_close_matches(words[0], self.commands, 1)):
            words = ["show", *words]
        return super().resolve_command(context, words)


KIND_OF_GROUP = Named  # as which `asrcli.cli.main` builds this
app = apps.app()

OWN_HEADINGS = ("ENGINE-OPTION", "RANGE", "WHAT IT DOES")
HEADINGS = ("MODEL", "WEIGHTS", "SIZE", "LANGUAGES", "LICENCE", "PARAMETERS")


@app.callback(invoke_without_command=True)
def engines(
    context: typer.Context,
    json: bool = typer.Option(False, "--json", help="Everything known, as JSON."),
) -> None:
    """List the engines, aligners and diarizers, their models, and which weights are on this machine.

    Nothing is loaded or downloaded. Columns that a narrow terminal has no room for are left out; --json has all.
    """
    if context.invoked_subcommand is not None:
        return
    from asrcli.engines.cards import cards

    _print(cards(), json, _block)


@app.command()
def show(
    names: Annotated[list[str], typer.Argument(metavar="ENGINE", help="qwen3; aligner:qwen3; diarizer:campplus.")],
    json: bool = typer.Option(False, "--json", help="Everything known, as JSON."),
) -> None:
    """Show engines with all languages of each model by code and name, and the dialects; `show` may be left out.

    Examples: asr engines qwen3 · asr engines show firered whisper
    """
    from asrcli.engines.cards import cards

    known = {card.name: card for card in cards()}
    if unknown := next((name for name in names if name not in known), None):
        # A card of another role is named with it: campplus is diarizer:campplus.
        whole = next((one for one in known if one.endswith(f":{unknown}")), unknown)
        raise UsageError(f"unknown engine '{unknown}': {hint(whole, known)}")
    _print([known[name] for name in names], json, lambda card, width: [*_block(card, width), *_languages(card, width)])


@app.command()
def pull(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="ENGINE[:MODEL]", help="whisper:base; whisper is its default; aligner:qwen3; vad:firered."
        ),
    ],
    safetensors: str | None = typer.Option(None, metavar="FOLDER", help="Also convert pickles, once, into FOLDER."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Errors only."),
) -> None:
    """Download weights, or complete those that are partly here; prints the folder of each.

    The hub's cache is used (HF_HUB_CACHE), a token is read from HF_TOKEN. A folder may be named instead of a model, to
    convert it: asr engines pull firered:./FireRedASR-AED-L --safetensors ./firered-safe
    """
    from asrcli.capabilities import ConvertsToSafetensors
    from asrcli.engine import Engine
    from asrcli.weights import models

    console = Console(quiet)
    known = [_plugin(name) for name in names]  # all are checked before one is pulled
    if safetensors and len(known) > 1:
        raise UsageError("--safetensors converts one model: name one")
    for engine, model in known:
        if model and model not in engine.models and os.path.isdir(model):
            weights = models.resolve(engine, model, offline=True, pull=False, announce=console.note)
        else:
            weights = models.pull(engine, model, console.note)
        if safetensors:
            card = engine.for_weights(weights) if issubclass(engine, Engine) else engine
            if not issubclass(card, ConvertsToSafetensors):
                raise UsageError(f"{engine.role} '{engine.name}' has no pickles to convert: leave --safetensors out")
            card.convert_to_safetensors(weights, safetensors)
        print(safetensors or weights.path)


@app.command()
def install(
    name: Annotated[str, typer.Argument(metavar="ENGINE", help="Which; ENGINE@BACKEND of one with several.")],
    torch: str = typer.Option("auto", help="cpu, or cuda with libraries for GPUs; auto: as this machine has one."),
    package: str | None = typer.Option(
        None, metavar="REQUIREMENT", help="Requirement that brings an engine not installed here."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be installed, and where."),
) -> None:
    """Install what an engine requires into an environment of its own, beside what does not go together with it.

    asr uses the engine from there, in a process of its own. It is made by uv where that is here, else by venv and pip,
    whose settings say where packages come from. Prints its folder.

    Examples: asr engines install nemo · asr engines install loudness --package asr-loudness
    """
    from asrcli.cli.environments import install

    print(install(name, torch, dry_run, Console(), package))


@app.command()
def remove(name: Annotated[str, typer.Argument(metavar="ENGINE", help="Which.")]) -> None:
    """Remove the environment of an engine; prints the folders that are gone."""
    from asrcli.environments import store

    if not (gone := store.remove(name)):
        known = ", ".join(one.engine for one in store.environments()) or "none has one"
        raise UsageError(f"engine '{name}' has no environment of its own; engines that do: {known}")
    print("\n".join(map(str, gone)))


def _plugin(name: str) -> tuple[type[Plugin], str | None]:
    """Return the class and the model of ``ENGINE[:MODEL]``; ``aligner:NAME[:MODEL]`` is the aligner of that name.

    ``diarizer:``, ``vad:``, ``punctuation:`` and ``language:`` are spelled likewise.
    """
    from asrcli.aligner import Aligner
    from asrcli.companions import Detector, Identifier, Punctuator
    from asrcli.diarizer import Diarizer
    from asrcli.engine import Engine, load_plugin
    from asrcli.engines import ranking

    kinds: dict[str, type[Plugin]] = {
        "aligner": Aligner,
        "diarizer": Diarizer,
        "vad": Detector,
        "punctuation": Punctuator,
        "language": Identifier,
    }
    kind, _, rest = name.partition(":")
    if kind not in kinds or not rest:
        kind, rest = "engine", name
    plugin = kinds.get(kind, Engine)
    own, model = ranking.split(plugin, rest, "asr engines pull")
    return load_plugin(plugin, own), model


def _print(found: Sequence[EngineCard], json: bool, lines_of: Callable[[EngineCard, int], list[str]]) -> None:
    """Print cards as JSON, or the lines of each at the width of the terminal."""
    if json:
        from dataclasses import asdict
        from json import dumps

        print(dumps([asdict(card) for card in found], ensure_ascii=False, indent=2))
        return
    width = shutil.get_terminal_size((120, 24)).columns
    print("\n\n".join("\n".join(lines_of(card, width)) for card in found))


def _block(card: EngineCard, width: int) -> list[str]:
    """Return the lines about one engine."""
    if card.problem:
        return [f"{card.name}: {card.problem}"]
    state = card.environment or "installed" if card.installed else f"needs {', '.join(card.missing)}: {card.install}"
    if not card.models:
        return [
            f"{card.name}: {state}",
            *(f"  {line}" for line in wrap("--model names a model of a server", width - 2)),
        ]
    rows = [HEADINGS, *(_row(model, model.name == card.default_model) for model in card.models)]
    return [f"{card.name}: {state}", *columns(rows, width - 2), *_carried(card, width), *_own_options(card, width)]


def _languages(card: EngineCard, width: int) -> list[str]:
    """Return the languages of an engine's models by code and name, models with the same ones together."""
    from asrcli.base.languages import NAMES

    by_languages: dict[tuple[str, ...], list[str]] = {}
    for model in card.models:
        by_languages.setdefault(model.languages, []).append(model.name)
    lines = []
    for codes, models in by_languages.items():
        said = ", ".join(f"{code} {NAMES.get(code, code).capitalize()}" for code in codes) or "any language"
        lines.append(f"{', '.join(models)}: {said}")
    for code, dialects in card.dialects.items():
        lines.append(f"dialects, with -l {code} or none: {', '.join(dialects)}")
    return [f"  {line}" for one in lines for line in wrap(one, max(20, width - 2), subsequent_indent="  ")]


def _carried(card: EngineCard, width: int) -> list[str]:
    """Return a line for each model whose weights an installed package carries: which one, and the licence."""
    said = [f"{model.name} is in {model.package}, {model.licence}" for model in card.models if model.package]
    return [f"  {line}" for one in said for line in wrap(one, width - 2, subsequent_indent="  ")]


def _own_options(card: EngineCard, width: int) -> list[str]:
    """Return a line for each option that this engine alone has, with its default, after a heading."""
    rows = [
        (f"{name.replace('_', '-')}={own.default:g}", f"{own.least:g} to {own.most:g}", own.help)
        for name, own in card.own_options.items()
    ]
    table = columns([OWN_HEADINGS, *rows], sys.maxsize) if rows else []
    if max(map(len, table), default=0) <= width:
        return table
    # What an option does is all that tells one from another: without room beside it, it stands below.
    lead = columns([OWN_HEADINGS[:2], *(row[:2] for row in rows)], width - 2)
    told = ([], *(wrap(text, width - 4) for *_, text in rows))
    return [line for first, own in zip(lead, told, strict=True) for line in (first, *(f"    {one}" for one in own))]


def _row(model: ModelCard, default: bool) -> tuple[str, ...]:
    return (
        model.name + ("*" if default else ""),
        "here" if model.here else "-",
        _size(model),
        language_list(model.languages),
        model.licence,
        f"{model.parameters / 1e6:.0f} M" if model.parameters else "",
    )


def _size(model: ModelCard) -> str:
    megabytes = model.installed_bytes / 1e6 if model.installed_bytes is not None else model.size_mb
    if megabytes is None:
        return ""
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def language_list(languages: Sequence[str]) -> str:
    """Return languages in a few characters: up to four codes, else how many."""
    if not languages:
        return "any"
    return " ".join(languages) if len(languages) <= 4 else f"{len(languages)} languages"


def columns(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Lay out rows in columns two spaces apart, leaving out the last columns when they do not fit."""
    widths = [max(len(row[number]) for row in rows) for number in range(len(rows[0]))]
    while len(widths) > 1 and sum(widths) + 2 * len(widths) > width:
        widths.pop()
    return [
        "  " + "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=False)).rstrip() for row in rows
    ]
