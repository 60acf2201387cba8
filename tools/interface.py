"""The program's interface as values: its commands, their options, and what each option accepts.

Completions, man pages and the tables of the README are written from these. They depend on the source alone: on no
terminal, no engine of another package, and no optional library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from importlib.metadata import distribution
from typing import Any, Literal, get_args, get_origin

from asrcli.aligner import Aligner
from asrcli.audio.vad import SILERO
from asrcli.base.languages import NAMES
from asrcli.capabilities import Backends
from asrcli.cli.main import application
from asrcli.companions import Detector, Identifier, Punctuator
from asrcli.engine import GROUP, Engine, Plugin, load_class, load_plugin
from asrcli.formats import FORMATS, PROFILES
from asrcli.scoring.alignment import Convention
from asrcli.text.normalisers import NORMALIZERS

Kind = Literal["word", "list", "file", "folder", "none"]  # list: words joined by commas; none: nothing to offer


@dataclass(frozen=True, slots=True)
class Decider:
    """Another option, on whose value it depends which words are offered."""

    name: str
    on: tuple[str, ...]
    words: tuple[tuple[str, tuple[str, ...]], ...]  # for each of its values


@dataclass(frozen=True, slots=True)
class Values:
    """What an option or argument accepts, as far as it can be offered."""

    kind: Kind = "none"
    words: tuple[str, ...] = ()
    decider: Decider | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One option; ``off`` holds the spellings that turn a flag off, ``metavar`` is "" for a flag."""

    name: str
    on: tuple[str, ...]
    off: tuple[str, ...]
    metavar: str
    values: Values
    repeatable: bool
    help: str


@dataclass(frozen=True, slots=True)
class Argument:
    """One positional argument."""

    name: str
    metavar: str
    values: Values
    many: bool
    required: bool
    help: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command; the root has the path ()."""

    path: tuple[str, ...]
    help: str
    options: tuple[Option, ...]
    arguments: tuple[Argument, ...]
    children: tuple[Command, ...]

    @property
    def summary(self) -> str:
        """The first line of the help."""
        return self.help.partition("\n")[0]

    @property
    def title(self) -> str:
        """What to type: ``asr engines pull``."""
        return " ".join(("asr", *self.path))


def root() -> Command:
    """Return the whole program."""
    return _command(application(), ())


def every(command: Command) -> list[Command]:
    """Return a command and all below it, parents first."""
    return [command, *(one for child in command.children for one in every(child))]


@cache
def engines() -> Mapping[str, type[Engine]]:
    """Return the engines of this distribution, in the order in which ``auto`` tries them, others after."""
    names = {point.name for point in distribution("asrcli").entry_points if point.group == GROUP}
    found = sorted((load_class(name) for name in names), key=lambda one: (-one.rank, one.name))
    return {one.name: one for one in found}


def _of_kind(kind: type[Plugin]) -> tuple[str, ...]:
    """Return the names of this distribution's plugins of another kind than engines."""
    return tuple(sorted(point.name for point in distribution("asrcli").entry_points if point.group == kind.group))


def _models(plugins: Mapping[str, type[Plugin]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(model for plugin in plugins.values() for model in plugin.models))


def _with_models(option: Option, others: Sequence[Option]) -> Option:
    """Give --model the models of all engines, or else aligners, and say which of them are whose."""
    aligners = {name: load_plugin(Aligner, name) for name in _of_kind(Aligner)}
    plugins: Mapping[str, Mapping[str, type[Plugin]]] = {"engine": engines(), "aligner": aligners}
    deciders = [one for name in plugins for one in others if one.name == name]
    if option.name != "model" or not deciders:
        return option
    own, decider = plugins[deciders[0].name], deciders[0]
    words = tuple((name, tuple(plugin.models)) for name, plugin in own.items())
    return replace(option, values=Values("word", _models(own), Decider(decider.name, decider.on, words)))


def _pullable() -> tuple[str, ...]:
    """Return ENGINE and ENGINE:MODEL for everything that has weights on the hub."""
    found = []
    for name, engine in engines().items():
        models = [model for model, card in engine.models.items() if card.hub_id]
        found += [name, *(f"{name}:{model}" for model in models)] if models else []
    return tuple(found)


def _dtypes() -> tuple[str, ...]:
    every_one = (dtype for engine in engines().values() for names in engine.dtypes.values() for dtype in names)
    return ("auto", *sorted({*every_one} - {"auto", "default"}))


def _backends() -> tuple[str, ...]:
    able = (engine for engine in engines().values() if issubclass(engine, Backends))
    return tuple(sorted({one for engine in able for one in engine.backends}))


@cache
def known_values() -> Mapping[str, Values]:
    """Return what options and arguments of a name accept, whatever the command; Typer knows only their types."""
    names = tuple(sorted(child.name for child in _children(application())))
    words: Mapping[str, tuple[str, ...]] = {
        "engine": ("auto", "fast", *engines()),
        "aligner": ("auto", "engine", *_of_kind(Aligner)),
        "vad_model": (SILERO, *_of_kind(Detector)),
        "punctuation_model": _of_kind(Punctuator),
        "identify_with": _of_kind(Identifier),
        "normalizer": tuple(NORMALIZERS),
        "convention": tuple(Convention),
        "model": _models(engines()),
        "backend": _backends(),
        "language": tuple(NAMES),
        "task": ("transcribe", "translate"),
        "channels": ("mix", "split"),
        "device": ("auto", "cpu", "cuda", "mps"),
        "compute_type": _dtypes(),
        "subs": tuple(PROFILES),
        "command": names,  # asr config COMMAND
        "names": _pullable(),  # asr engines pull ENGINE[:MODEL]
    }
    files = {
        "output", "files_from", "report", "events", "inputs", "manifest", "dataset", "replay", "beside", "plot",
        "audio", "text", "transcript", "reference", "hypotheses", "add", "runs", "file", "consensus",
        "json_path", "csv_path", "markdown_path", "html_path", "junit_path", "json", "csv", "markdown", "html",
        "rttm_in", "language_model", "interests", "leaderboard", "recordings",
    }  # fmt: skip
    folders = {
        "output_dir",
        "model_dir",
        "out",
        "folder",
        "safetensors",
        "eval_results",
        "diarize_model",
        "voice_dir",
        "voices",
    }
    return {
        **{name: Values("word", found) for name, found in words.items()},
        **dict.fromkeys(files, Values("file")),
        **dict.fromkeys(folders, Values("folder")),
        "format": Values("list", (*FORMATS, "all")),
        "languages": Values("list", tuple(NAMES)),
    }


def _children(command: Any) -> list[Any]:
    if not hasattr(command, "list_commands"):
        return []
    return [command.get_command(None, name) for name in command.list_commands(None)]


def _command(command: Any, path: tuple[str, ...]) -> Command:
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    options = [_option(one) for one in shown if one.param_type_name == "option"]
    if not any("--help" in one.on for one in options):
        options.append(
            Option("help", ("--help", "-h"), (), "", Values(), repeatable=False, help="Show this message and exit.")
        )
    return Command(
        path,
        (command.help or "").strip(),
        tuple(_with_models(one, options) for one in options),
        tuple(_argument(one) for one in shown if one.param_type_name == "argument"),
        tuple(_command(child, (*path, child.name)) for child in _children(command)),
    )


def _option(parameter: Any) -> Option:
    spellings = sorted(parameter.opts, key=lambda text: not text.startswith("--"))
    flag = bool(parameter.is_flag)
    values = Values() if flag else _values(parameter)
    return Option(
        parameter.name,
        tuple(spellings),
        tuple(parameter.secondary_opts),
        "" if flag else _metavar(parameter, values),
        values,
        bool(parameter.multiple),
        parameter.help or "",
    )


def _argument(parameter: Any) -> Argument:
    metavar = (parameter.metavar or parameter.name.upper()).rstrip(".")
    help_text = getattr(parameter, "help", None) or ""
    return Argument(
        parameter.name, metavar, _values(parameter), parameter.nargs != 1, bool(parameter.required), help_text
    )


def _annotation(parameter: Any) -> Any:
    descriptor = getattr(parameter, "type_descriptor", None)
    return getattr(descriptor, "annotation", None)


def _values(parameter: Any) -> Values:
    """Return what Typer was told (an enumeration or literals), or what is known of the name."""
    kind = _annotation(parameter)
    if get_origin(kind) is Literal:
        return Values("word", tuple(str(word) for word in get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Values("word", tuple(str(member.value) for member in kind))
    return known_values().get(parameter.name, Values())


def _metavar(parameter: Any, values: Values) -> str:
    """Return what stands for the value: what the command says, or a word for its type."""
    if parameter.metavar:
        return str(parameter.metavar)
    if values.kind in ("file", "folder"):
        return {"file": "FILE", "folder": "DIR"}[values.kind]
    if values.kind == "list":
        return f"{parameter.name.rstrip('s').upper()},..."
    if values.words:
        return str(parameter.name.upper().replace("_", "-"))
    return {int: "N", float: "X"}.get(_annotation(parameter), "TEXT")
