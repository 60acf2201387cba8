"""The words of a command line as Click reads them: other spellings taken, mistakes found that it would not find."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from asrcli.base.console import complain
from asrcli.errors import UsageError

BOOLEAN_WORDS = {"true": True, "false": False, "on": True, "off": False}
MOST_NUMBER, MOST_SEED = (1 << 31) - 1, (1 << 32) - 2
# Flags that may name the model they turn on: `--vad firered`. Flag -> option for the model, entry-point group.
NAMED = {
    "--vad": ("--vad-model", "asrcli.detectors"),
    "--punctuate": ("--punctuation-model", "asrcli.punctuators"),
}


def _is_named(flag: str, word: str) -> bool:
    """Return whether a word after a flag is the name of a model, not an input; say so when it nearly is."""
    from difflib import get_close_matches

    from asrcli.engine import declared

    names = {"silero", *declared(NAMED[flag][1])}
    stem = word.partition(":")[0]
    if stem not in names and not os.path.lexists(word) and (close := get_close_matches(stem, names, n=1)):
        complain(f"asr: note: {flag} {word}: taken as an input; did you mean {flag} {close[0]}?")
    return stem in names


def _is_boolean(word: str) -> bool:
    """Return whether a word after a flag is its value, and no input of that name."""
    return word.lower() in BOOLEAN_WORDS and (word.lower() in ("true", "false") or not os.path.lexists(word))


def option_names(command: Any) -> dict[str, bool]:
    """Return the names of a command's options, and whether each takes several values."""
    options = [one for one in command.params if one.name and one.param_type_name == "option" and not one.is_eager]
    return {one.name: one.nargs != 1 or one.multiple for one in options}


def modern_spelling(args: Sequence[str], flags: dict[str, str]) -> list[str]:
    """Turn ``--x_y`` into ``--x-y`` and ``--flag True|False|on|off`` into ``--flag`` or ``--no-flag``.

    Args:
        args: the words after the command; those after ``--`` are left as they are.
        flags: boolean options, on-spelling -> off-spelling.
    """
    words: list[str] = []
    pending = list(args)
    while pending:
        word = pending.pop(0)
        if word == "--":
            return [*words, word, *pending]
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            name = name.replace("_", "-")
            if name in flags and not equals and pending and _is_boolean(pending[0]):
                equals, value = "=", pending.pop(0)
            if name in flags and value.lower() in BOOLEAN_WORDS:
                wanted = name if BOOLEAN_WORDS[value.lower()] else flags[name]
                note = f"--{name[2:]} {value}: write {wanted or 'nothing'} instead"
                complain(f"asr: note: {note}")
                words += [wanted] if wanted else []
                continue
            if name in NAMED and (chosen := value or (pending[0] if pending else "")) and _is_named(name, chosen):
                words += [name, f"{NAMED[name][0]}={value or pending.pop(0)}"]
                continue
            word = name + equals + value
        words.append(word)
    return words


def check_values(words: Sequence[str], parameters: Any) -> None:
    """Raise `UsageError` where an option would take another one as its value: ``--json --html`` makes no ``--html``."""
    options = [one for one in parameters if one.param_type_name == "option"]
    known = {spelling for one in options for spelling in (*one.opts, *one.secondary_opts)}
    valued = {spelling for one in options if not (one.is_flag or one.count) for spelling in one.opts}
    for option, value in pairwise(words[: words.index("--")] if "--" in words else words):
        if option in valued and value.partition("=")[0] in known:
            hint = f"; as its value it is written {option}={value}" if option.startswith("--") else ""
            raise UsageError(f"{option} needs a value, and '{value}' is an option{hint}")


def check_kinds(settings: Mapping[str, Any], parameters: Any) -> None:
    """Raise `UsageError` where a file says true or false of what is no switch: true would count as the number 1."""
    switches = {one.name for one in parameters if getattr(one, "is_flag", False)}
    for name, one in settings.items():
        if isinstance(one.value, bool) and name not in switches:
            said = f"'{str(one.value).lower()}' is no value for --{name.replace('_', '-')}"
            raise UsageError(f"{one.origin}: {said}")


def check_numbers(values: Mapping[str, Any]) -> None:
    """Raise `UsageError` for a number that is none, has no end, or is larger than libraries in C can count."""
    for name, value in values.items():
        whole = isinstance(value, int) and abs(value) > (MOST_SEED if name == "seed" else MOST_NUMBER)
        if whole or (isinstance(value, float) and not math.isfinite(value)):
            raise UsageError(f"--{name.replace('_', '-')} {value}: give a number that can be counted to")


def mistaken_name(words: Sequence[str]) -> str:
    """Return how to write the first file whose name begins as an option does; "" where there is none."""
    return next((f"./{word}" for word in words if word[:1] == "-" != word and os.path.lexists(word)), "")
