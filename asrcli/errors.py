"""The mistakes a user can fix, each with the exit code the shell sees.

Raise one of these with one sentence that holds the offending value and what to type next; ``asrcli.cli.main`` prints it
as one line and exits with its code. Everything else is a bug and keeps its traceback.

    AsrError                 1   something the user can fix
    ├── InputError           1   one input cannot be read; the others go on
    ├── OutputError          1   a result cannot be written (disk full, no permission)
    ├── CheckFailed          1   the work is done and a check asked for does not hold (--min-coverage, --fail-if)
    ├── UsageError           2   the command line is wrong; nothing was loaded or written
    ├── EngineUnavailable    3   an engine or its weights cannot be had
    │   ├── MissingExtra     3   a Python package of an extra is not installed
    │   └── ModelError       3   weights are missing, damaged or not safe to open
    └── DeviceError          4   a device cannot be used, after every fallback
        └── OutOfMemory      4   a batch did not fit; the pipeline catches it and goes down the ladder

An interrupt is 130 (SIGINT) or 143 (SIGTERM). Codes are listed in ``asr --help`` and in the man page.
"""

from __future__ import annotations

from collections.abc import Iterable

EXIT_CODES = {
    0: "everything is done, or was up to date",
    1: "some inputs failed (the rest is finished), or a check asked for does not hold",
    2: "wrong usage; nothing was loaded or written",
    3: "an engine or its weights are not available",
    4: "a device or its memory failed, after every fallback",
    130: "interrupted; what was finished is kept",
}


class AsrError(Exception):
    """A mistake the user can fix: one sentence, printed as one line."""

    exit_code = 1


class InputError(AsrError):
    """One input cannot be read; a run goes on with the others."""


class OutputError(AsrError):
    """A result cannot be written."""


class CheckFailed(AsrError):
    """The work is done, but a condition that the user set does not hold."""


class UsageError(AsrError):
    """The command line asks for something impossible; found before any weights load."""

    exit_code = 2


class EngineUnavailable(AsrError):
    """An engine or its weights cannot be had."""

    exit_code = 3


class NoPlace(EngineUnavailable):
    """There is no place for one of several workers; the others are not concerned."""


class MissingExtra(EngineUnavailable):
    """An engine, aligner or command needs packages that are not installed."""

    def __init__(self, what: str, modules: Iterable[str], extra: str = "", command: str = "") -> None:
        install = command or f"pip install 'asrcli[{extra}]'"
        super().__init__(f"{what} needs {', '.join(modules)}: {install}")


class ModelError(EngineUnavailable):
    """Weights are missing, damaged, of another shape than declared, or not safe to open."""


class DeviceError(AsrError):
    """A device cannot be used, after every fallback."""

    exit_code = 4


class OutOfMemory(DeviceError):
    """A batch did not fit on the device."""
