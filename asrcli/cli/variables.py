"""Variables that begin with ASR_, and entries of files, that nothing reads: slips by which a setting is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

PREFIX = "ASR_"
OWN = frozenset(  # what is no option, and read where it is needed
    {
        "ASR_ALLOW_HOST", "ASR_DIGEST", "ASR_FUZZ_SEED", "ASR_LEADERBOARD", "ASR_LLM_KEY", "ASR_SERVER_CONCURRENCY",
        "ASR_SERVER_KEY", "ASR_SERVE_KEY", "ASR_SERVER_TIMEOUT", "ASR_SERVER_URL", "ASR_TEST_SHARED", "ASR_X_TOKEN",
    }
)  # fmt: skip
NEAR = 0.8  # share of letters that two names have in common; ASR_OUT and ASR_OUTPUT have less


def slips(options: Collection[str], everything: Callable[[], Collection[str]]) -> Iterator[tuple[str, str]]:
    """Yield each variable that is nearly one that this command reads, and that no command reads; and that one.

    Args:
        options: names of the command's options, with underscores.
        everything: returns those of all commands; it imports them all, and is asked only where a name is near.
    """
    known = {*OWN, *map(variable_of, options)}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and os.environ[name] and name not in known:
            close = get_close_matches(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], 1, NEAR)
            if close and name not in map(variable_of, everything()):
                yield name, PREFIX + close[0]


def file_slips(
    strays: Mapping[str, Path], options: Collection[str], everything: Callable[[], Collection[str]]
) -> Iterator[str]:
    """Yield a sentence about each entry of a file that is nearly an option of this command, and one of no command.

    Args:
        strays: entries at the top of files that the command does not have, with underscores -> their file.
        options: as for `slips`, and so is ``everything``.
    """
    for name, path in strays.items():
        close = get_close_matches(name.lower(), options, 1, NEAR)
        if close and name not in everything():
            yield f"{path}: nothing reads {name.replace('_', '-')}: did you mean {close[0].replace('_', '-')}?"


def unread(options: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each variable that none of these options reads, and the nearest that one does, or ""."""
    known = {*OWN, *map(variable_of, options)}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            yield name, next(iter(get_close_matches(name, known, 1)), "")


def variable_of(option: str) -> str:
    """Return the variable of an option."""
    return PREFIX + option.upper().replace("-", "_")


def sentence(name: str, near: str) -> str:
    """Return the sentence about a variable that nothing reads."""
    return f"{name} is set, and nothing reads it" + (f": did you mean {near}?" if near else "")


def all_options(group: Any) -> Iterator[str]:
    """Yield the names of the options of a group of commands, with those below it."""
    from asrcli.cli.spelling import option_names

    yield from option_names(group)
    for name in group.list_commands(None) if hasattr(group, "list_commands") else ():
        yield from all_options(group.get_command(None, name))
