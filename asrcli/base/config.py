"""Where an option's value comes from: the command line, the environment, the project's file, the user's file.

The first that has it wins: ``--beam-size 5``, then ``ASR_BEAM_SIZE=5``, then ``beam-size = 5`` in the nearest
``asr.toml`` of this folder or one above it, then the same in the user's ``config.toml``. In a file, options of one
command stand under its name (``[transcribe]``), options of every command at the top; a list is the same as its words
joined by commas. A key at the top that a command does not have is for others: ``asr config`` finds what nobody has.
What a project's file may decide is in `asrcli.base.trust`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asrcli.base.files import reason
from asrcli.base.hints import hint
from asrcli.base.trust import is_harmless, is_trusted, read_own
from asrcli.base.whole import read_whole
from asrcli.errors import UsageError

PROJECT_FILE = "asr.toml"
USER, PROJECT, VARIABLE, TYPED = range(4)
# At the top of a file these reach only the commands for which they mean the same: --language of a leaderboard chooses
# tables, --model of align is an aligner's, --json of compare is a file.
SHARED = {
    "language": ("transcribe", "align", "compare", "bench"),
    "model": ("transcribe",),
    "backend": ("transcribe",),
    "engine": ("transcribe", "bench"),
    "format": ("transcribe", "align"),
    "out": ("digest",),
    "date": ("digest",),
    "json": ("transcribe", "align", "ask"),
    "engine_option": ("transcribe",),
    **dict.fromkeys(("csv", "markdown", "html", "plot", "replay"), ()),
}
# A value for the first takes the place of the others, where these come from further away: a typed --engine must not
# get the model of another one, and --output does not meet an output-dir of a file.
DISPLACED = {
    "engine": ("model", "backend", "engine_option"),
    "output": ("output_dir", "output_template", "mirror_tree"),
    "output_dir": ("output",),
    "task": ("translate",),
    "translate": ("task",),
    "start": ("clip_timestamps",),
    "end": ("clip_timestamps",),
    "clip_timestamps": ("start", "end"),
    "compute_type": ("fp16",),
    "fp16": ("compute_type",),
    "device": ("device_index",),
    "device_index": ("device",),
    "language": ("languages", "identify_with"),
    "languages": ("language",),
    "rttm_in": ("diarize", "diarize_model", "speakers", "min_speakers", "max_speakers", "voices", "same_speakers"),
    "diarize": ("rttm_in",),
    "speakers": ("min_speakers", "max_speakers"),
    "min_speakers": ("speakers",),
    "max_speakers": ("speakers",),
    "quiet": ("verbose",),
    "verbose": ("quiet",),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that did not come from the command line."""

    value: Any
    origin: str  # "environment ASR_X", or a file's name
    level: int = USER  # what goes before what


@dataclass(slots=True)
class Lookup:
    """What the environment and files say about the options of a command."""

    values: dict[str, Setting] = field(default_factory=dict)
    project: Path | None = None  # the project's file, if there is one
    refused: list[str] = field(default_factory=list)  # options of it that need ``asr config trust``
    foreign: str = ""  # why it does not count at all
    strays: dict[str, Path] = field(default_factory=dict)  # entries at the top that the command lacks -> their file

    def notice(self) -> str:
        """Return one line about what the project's file may not decide, or ""."""
        allow = "after a look at it, asr config trust allows all of it"
        if self.foreign:
            return f"{self.project} is not used: {self.foreign}; {allow}"
        return f"{self.project}: not taken: {', '.join(self.refused)}; {allow}" if self.refused else ""

    def lines(self, typed: Collection[str]) -> list[str]:
        """Return what to say: what the project's file decides, and what it may not; it cannot ask for silence."""
        quiet = self.values.get("quiet")
        if "quiet" in typed or (quiet and quiet.level != PROJECT and str(quiet.value).lower() == "true"):
            return []
        taken = {name: one.value for name, one in self.values.items() if one.level == PROJECT and name not in typed}
        said = ", ".join(f"{name.replace('_', '-')} = {_shown(value)}" for name, value in taken.items())
        return [*([f"{self.project}: {said}"] if said else []), *([self.notice()] if self.notice() else [])]


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else ",".join(value) if isinstance(value, list) else str(value)


def user_file() -> Path:
    """Return the user's configuration file; it need not exist."""
    from platformdirs import user_config_path

    return user_config_path("asr") / "config.toml"


def project_file() -> Path | None:
    """Return the nearest ``asr.toml`` of the current folder or one above it."""
    here = Path.cwd()
    return next((folder / PROJECT_FILE for folder in [here, *here.parents] if (folder / PROJECT_FILE).is_file()), None)


def shown_files() -> list[tuple[Path, bool]]:
    """Return the files that are looked at, the user's first, and whether each is there."""
    found = [user_file(), project_file() or Path.cwd() / PROJECT_FILE]
    return [(path, path.is_file()) for path in found]


def settings(command: str, options: Mapping[str, bool], commands: Collection[str] = ()) -> dict[str, Setting]:
    """Return the values that `look_up` finds."""
    return look_up(command, options, commands).values


def look_up(
    command: str, options: Mapping[str, bool], commands: Collection[str] = (), typed: Collection[str] = ()
) -> Lookup:
    """Return the values that files and the environment give the options of a command.

    Args:
        command: what is typed after asr, ``engines pull``; in a file it is the table ``[engines.pull]``.
        options: name of each option, with underscores -> whether it takes several values.
        commands: every command there is; a file may have no other tables. () leaves that unchecked.
        typed: options on the command line, which what is found must not contradict.

    Raises:
        UsageError: a file is not TOML, or names a command or an option that there is not.
    """
    user = user_file()
    result = Lookup(project=project_file())
    if user.is_file():
        document = read(user)
        result.values.update(_from_document(user, document, command, options, commands))
        result.strays.update(_strays(user, document, options))
    if result.project is not None:
        _add_project(result, command, options, commands)
    for name, several in options.items():
        variable = f"ASR_{name.upper()}"
        if value := os.environ.get(variable):
            given = value.split(",") if several else value
            result.values[name] = Setting(given, f"environment {variable}", VARIABLE)
    _displace(result.values, typed)
    return result


def _add_project(result: Lookup, command: str, options: Mapping[str, bool], commands: Collection[str]) -> None:
    assert result.project is not None
    path = result.project
    try:
        content, foreign = read_own(path)
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {reason(error)}") from error
    trusted = is_trusted(path, content)
    if foreign and not trusted:
        result.foreign = foreign
        return
    document = _parsed(path, content)
    result.strays.update(_strays(path, document, options))
    for name, setting in _from_document(path, document, command, options, commands).items():
        if trusted or is_harmless(name, setting.value, path.parent):
            result.values[name] = Setting(setting.value, setting.origin, PROJECT)
        else:
            result.refused.append(name.replace("_", "-"))


def _displace(values: dict[str, Setting], typed: Collection[str]) -> None:
    """Drop what contradicts a value that goes before it."""
    levels = {**{name: one.level for name, one in values.items()}, **dict.fromkeys(typed, TYPED)}
    for name, others in DISPLACED.items():
        for other in others:
            if other in values and other not in typed and levels.get(name, USER) > levels[other]:
                del values[other]


def read(path: Path) -> dict[str, Any]:
    """Return what a file says; raise `UsageError` where it cannot be read, or is not TOML."""
    try:
        return _parsed(path, read_whole(path))
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {reason(error)}") from error


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except RecursionError:
        raise UsageError(f"'{path}' is not TOML that can be read: it is nested too deep") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"'{path}' is not TOML: {error}") from error


def _check_tables(path: Path, document: Mapping[str, Any], commands: Collection[str]) -> None:
    for key, value in document.items():
        if isinstance(value, dict) and commands and key not in commands:
            raise UsageError(f"'{path}': there is no command [{key}]; {hint(key, commands, 'see asr --help')}")
        if key in commands and not isinstance(value, dict):
            raise UsageError(f"'{path}': '{key}' is a command: write its options below a line [{key}]")


def _from_document(
    path: Path, document: Mapping[str, Any], command: str, options: Mapping[str, bool], commands: Collection[str]
) -> dict[str, Setting]:
    _check_tables(path, document, commands)
    shared, own = _shared(document, command), document
    for part in command.split():
        inner = own.get(part)
        own = inner if isinstance(inner, dict) else {}
    found = {}
    for key, value in {**shared, **_plain(own)}.items():
        name = key.replace("-", "_")
        if name in options:
            found[name] = Setting(_value(value, options[name]), str(path))
        elif key in own:
            table = ".".join(command.split())
            near = hint(name, options, f"see asr {command} --help").replace("_", "-")
            raise UsageError(f"'{path}': [{table}] has no option '{key}'; {near}")
    return found


def _shared(document: Mapping[str, Any], command: str) -> dict[str, Any]:
    """Return the entries at the top that are meant for a command."""
    first = command.partition(" ")[0]
    entries = _plain(document).items()
    return {key: value for key, value in entries if first in SHARED.get(key.replace("-", "_"), (first,))}


def _strays(path: Path, document: Mapping[str, Any], options: Collection[str]) -> dict[str, Path]:
    """Return the entries at the top that a command does not have: another one's, or slips of the keyboard."""
    names = (key.replace("-", "_") for key in _plain(document))
    return {name: path for name in names if name not in options and name not in SHARED}


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries that are no tables of their own."""
    return {key: value for key, value in table.items() if not isinstance(value, dict)}


def _value(value: Any, several: bool) -> Any:
    """Return a value as the command line would give it: a list as words joined by commas, where one word is due."""
    if isinstance(value, list):
        words = [str(one) for one in value]
        return words if several else ",".join(words)
    return [value] if several else value
