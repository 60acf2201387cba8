"""Where an option's value comes from: the command line, the environment, the project's file, the user's file.

The first that has it wins: ``--beam-size 5``, then ``ASR_BEAM_SIZE=5``, then ``beam-size = 5`` in the nearest
``asr.toml`` of this folder or one above it, then the same in the user's ``config.toml``. In a file, options of one
command stand under its name (``[transcribe]``), options of every command at the top.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrcli.errors import UsageError
from asrcli.files import reason

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


def settings(command: str, options: Mapping[str, bool]) -> dict[str, Setting]:
    """Return the values that files and the environment give the options of a command.

    Args:
        command: its name, which is also its table in the files.
        options: name of each option, with underscores -> whether it takes several values.

    Raises:
        UsageError: a file is not TOML, or names an option that the command does not have.
    """
    found: dict[str, Setting] = {}
    for path in (user_file(), project_file()):
        if path is not None and path.is_file():
            found.update(_from_file(path, command, options))
    for name, several in options.items():
        variable = f"ASR_{name.upper()}"
        if value := os.environ.get(variable):
            found[name] = Setting(value.split(",") if several else value, f"environment {variable}")
    return found


def _from_file(path: Path, command: str, options: Mapping[str, bool]) -> dict[str, Setting]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read '{path}': {reason(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"'{path}' is not TOML: {error}") from error
    shared = {key: value for key, value in document.items() if not isinstance(value, dict)}
    own = document.get(command, {})
    found = {}
    for key, value in {**shared, **own}.items():
        name = key.replace("-", "_")
        if name in options:
            found[name] = Setting(value, str(path))
        elif key in own:
            from difflib import get_close_matches

            close = get_close_matches(name, options, n=1)
            hint = f"did you mean '{close[0].replace('_', '-')}'?" if close else f"see asr {command} --help"
            raise UsageError(f"'{path}': [{command}] has no option '{key}'; {hint}")
    return found
