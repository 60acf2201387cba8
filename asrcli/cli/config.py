"""Where an option's value comes from: the command line, the environment, the project's file, the user's file.

The first that has it wins: ``--beam-size 5``, then ``ASR_BEAM_SIZE=5``, then ``beam-size = 5`` in the nearest
``asr.toml`` of this folder or one above it, then the same in the user's ``config.toml``. In a file, options of one
command stand under its name (``[transcribe]``), options of every command at the top; a list is the same as its words
joined by commas. A key at the top that a command does not have is for others: ``asr config`` finds what nobody has.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrcli.base.files import reason
from asrcli.errors import UsageError

PROJECT_FILE = "asr.toml"


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that did not come from the command line."""

    value: Any
    origin: str  # "environment ASR_X", or a file's name


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
    """Return the values that files and the environment give the options of a command.

    Args:
        command: what is typed after asr, ``engines pull``; in a file it is the table ``[engines.pull]``.
        options: name of each option, with underscores -> whether it takes several values.
        commands: every command there is; a file may have no other tables. () leaves that unchecked.

    Raises:
        UsageError: a file is not TOML, or names a command or an option that there is not.
    """
    found: dict[str, Setting] = {}
    for path in (user_file(), project_file()):
        if path is not None and path.is_file():
            document = read(path)
            _check_tables(path, document, commands)
            found.update(_from_document(path, document, command, options))
    for name, several in options.items():
        variable = f"ASR_{name.upper()}"
        if value := os.environ.get(variable):
            found[name] = Setting(value.split(",") if several else value, f"environment {variable}")
    return found


def read(path: Path) -> dict[str, Any]:
    """Return what a file says.

    Raises:
        UsageError: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {reason(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"'{path}' is not TOML: {error}") from error


def _check_tables(path: Path, document: Mapping[str, Any], commands: Collection[str]) -> None:
    for key, value in document.items():
        if isinstance(value, dict) and commands and key not in commands:
            raise UsageError(f"'{path}': there is no command [{key}]; {_hint(key, commands, 'see asr --help')}")
        if key in commands and not isinstance(value, dict):
            raise UsageError(f"'{path}': '{key}' is a command: write its options below a line [{key}]")


def _from_document(
    path: Path, document: Mapping[str, Any], command: str, options: Mapping[str, bool]
) -> dict[str, Setting]:
    shared, own = _plain(document), document
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
            hint = _hint(name, options, f"see asr {command} --help").replace("_", "-")
            raise UsageError(f"'{path}': [{table}] has no option '{key}'; {hint}")
    return found


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries that are no tables of their own."""
    return {key: value for key, value in table.items() if not isinstance(value, dict)}


def _value(value: Any, several: bool) -> Any:
    """Return a value as the command line would give it: a list as words joined by commas, where one word is due."""
    if isinstance(value, list):
        words = [str(one) for one in value]
        return words if several else ",".join(words)
    return [value] if several else value


def _hint(name: str, known: Collection[str], otherwise: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else otherwise
