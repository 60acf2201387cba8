"""What every process that works for another says, whatever its work is."""

from __future__ import annotations

import builtins
import os
import traceback
from dataclasses import dataclass

import asrcli
from asrcli import errors
from asrcli.base.files import cause
from asrcli.errors import AsrError, EngineUnavailable

PROTOCOL = 1  # rises with every change of a message


@dataclass(frozen=True, slots=True)
class Hello:
    """The first word of both sides."""

    protocol: int
    version: str  # of asr
    pid: int


@dataclass(frozen=True, slots=True)
class Said:
    """A line for the user: a fallback of the engine."""

    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something failed: a mistake of the user by its class, or a bug with its traceback."""

    kind: str  # of `asrcli.errors`, or the name of any other exception
    text: str
    place: str = ""  # of a bug: file and line
    trace: str = ""


class RemoteTrace(Exception):
    """Where an exception was raised in the other process; the cause of the one that is raised here."""

    def __init__(self, told: Trouble) -> None:
        super().__init__(f"\n{told.trace}")
        self.told = told


class RemoteBug(RuntimeError):
    """An exception of the other process that this one does not know."""


# Exceptions that say in this process what they said in the other one.
ALIKE = (ArithmeticError, AttributeError, AssertionError, ImportError, IndexError, RuntimeError, TypeError, ValueError)


def hello() -> Hello:
    """Return who this process is."""
    return Hello(PROTOCOL, asrcli.__version__, os.getpid())


def check(theirs: Hello) -> None:
    """Raise `EngineUnavailable` when the other side is of another asr than this one."""
    if (theirs.protocol, theirs.version) != (PROTOCOL, asrcli.__version__):
        raise EngineUnavailable(
            f"the process of the engine is of asr {theirs.version} (protocol {theirs.protocol}), this is asr "
            f"{asrcli.__version__} (protocol {PROTOCOL}): install the same asr in both places"
        )


def trouble(error: BaseException) -> Trouble:
    """Return an exception as it is told to the other side."""
    if isinstance(error, AsrError):
        known = next(kind for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind)
        return Trouble(known.__name__, cause(error))
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)} line {frames[-1].lineno}" if frames else ""
    return Trouble(type(error).__name__, cause(error), place, "".join(traceback.format_exception(error)))


def exception(told: Trouble) -> Exception:
    """Return the exception that the other side met, as far as it can be told across processes."""
    kind = getattr(errors, told.kind, None)
    if not told.trace and isinstance(kind, type) and issubclass(kind, AsrError):
        known: AsrError = kind.__new__(kind)  # some of them compose their sentence from other arguments
        known.args = (told.text,)
        return known
    same = getattr(builtins, told.kind, None)
    alike = isinstance(same, type) and issubclass(same, ALIKE) and not issubclass(same, UnicodeError)
    error: Exception = same(told.text) if same and alike else RemoteBug(f"{told.kind}: {told.text}")
    error.__cause__ = RemoteTrace(told)
    return error
