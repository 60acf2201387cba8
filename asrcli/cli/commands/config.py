"""``asr config``: what every option would be now, and where that comes from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from asrcli.base.config import Setting, look_up, project_file, read, shown_files
from asrcli.base.console import complain, tell, without_users
from asrcli.base.hints import hint
from asrcli.base.trust import trust, trust_file
from asrcli.cli.variables import sentence, unread
from asrcli.errors import UsageError

DEFAULT = "default"
TRUST = "trust"


@dataclass(frozen=True, slots=True)
class Row:
    """One option of one command."""

    command: str
    option: str  # as it is typed: --beam-size
    value: Any  # None: not set, the engine or the command decides
    origin: str  # "default", "environment ASR_X", or a file's name


def config(
    command: Annotated[
        str | None, typer.Argument(metavar="COMMAND", help="Only this command's options; or trust.")
    ] = None,
    changed: bool = typer.Option(False, "--changed", help="Only what is not the default."),
    as_json: bool = typer.Option(False, "--json", help="A JSON line per option."),
) -> None:
    """Show every option with its value and origin.

    An option is taken from the command line, else from the environment (ASR_BEAM_SIZE), else from the nearest asr.toml
    of this folder or one above it, else from the user's configuration file. In a file, options of every command stand
    at the top, those of one command under its name, [transcribe].

    A project's asr.toml sends nothing out, runs nothing and writes only into the project, whatever it says; `asr config
    trust` allows all that the one that counts here says now.

    Examples: asr config · asr config transcribe --changed · asr config trust
    """
    if command == TRUST:
        _trust()
        return
    rows = list(all_rows(command))
    if command is None:
        check_shared({row.option for row in rows})
        for one in unread({row.option.lstrip("-") for row in rows}):
            complain(f"asr: {sentence(*one)}")
    rows = [row for row in rows if not changed or row.origin != DEFAULT]
    if as_json:
        for row in rows:
            print(json.dumps(asdict(row), ensure_ascii=False, default=str))
        return
    for path, there in shown_files():
        tell(f"# {path}{'' if there else ' (not there)'}")
    widest = max((len(row.option) for row in rows), default=0)
    for name in dict.fromkeys(row.command for row in rows):
        print(f"\n[{name}]")
        for row in (one for one in rows if one.command == name):
            tell(f"{row.option:<{widest}}  {without_users(_shown(row.value))}  ({row.origin})")


def _trust() -> None:
    path = project_file()
    if path is None:
        raise UsageError("there is no asr.toml in this folder or one above it")
    read(path)
    trust(path)
    complain(f"asr: {path} is trusted as it is now (remembered in {trust_file()})")


def all_rows(only: str | None = None) -> Iterator[Row]:
    """Yield the options of one command, or of all.

    Raises:
        UsageError: there is no such command, or a file or variable is wrong.
    """
    from asrcli.cli.main import COMMANDS, application

    if only is not None and only not in COMMANDS:
        raise UsageError(f"no command '{only}'; {hint(only, COMMANDS)}")
    program = application()
    for name in [only] if only else COMMANDS:
        yield from _rows(program.get_command(None, name), name)


def _rows(command: Any, path: str) -> Iterator[Row]:
    """Yield the options of a command, then those of its own commands."""
    from asrcli.cli.main import COMMANDS
    from asrcli.cli.spelling import option_names

    names = option_names(command)
    found = look_up(path, names, COMMANDS).values
    for option in (one for one in command.params if one.name in names):
        setting = found.get(option.name, Setting(option.default, DEFAULT))
        typed = next((text for text in option.opts if text.startswith("--")), option.opts[0])
        yield Row(path, typed, setting.value, setting.origin)
    for name, child in getattr(command, "commands", {}).items():
        yield from _rows(child, f"{path} {name}")


def check_shared(names: Collection[str]) -> None:
    """Raise `UsageError` for an option at the top of a file that no command has; ``names`` are as they are typed."""
    known = {name.lstrip("-") for name in names}
    for path, there in shown_files():
        for key, value in (read(path) if there else {}).items():
            if not isinstance(value, dict) and key.replace("_", "-") not in known:
                near = hint(key.replace("_", "-"), known, "see asr config")
                raise UsageError(f"'{path}': no command has an option '{key}'; {near}")


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else str(value)
