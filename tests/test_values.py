"""Values that need no conversion come out as Typer itself converts them, and pydantic stays where it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from asrcli.cli.apps import Conversion
from asrcli.cli.main import COMMANDS, application, build

TEXTS = ("", "de", "3", "true", "two words", "a\udcffb", "ünï")
SAY = """
import sys
from asrcli.start import main
try:
    main()
finally:
    print("pydantic" in sys.modules)
"""


def leaves(command: Any) -> Iterator[Any]:
    """Yield a command, or those of a group."""
    for one in getattr(command, "commands", {}).values():
        yield from leaves(one)
    yield command


@pytest.mark.parametrize("name", COMMANDS)
def test_as_typer_does(name: str) -> None:
    for command in leaves(build(name)):
        context = typer.Context(command)
        compared = 0
        for parameter in command.get_params(context):
            conversion = parameter.get_runtime_param()
            assert isinstance(conversion, Conversion)
            several = parameter.multiple or parameter.nargs != 1
            values = [[], list(TEXTS)] if several else [*TEXTS, 0, 0.5, True]
            values = [one for one in [None, parameter.get_default(context), *values] if not callable(one)]
            for source in ("DEFAULT", "COMMANDLINE"):
                context.set_parameter_source(parameter.name, parameter_source(source))
                for value in values if source == "COMMANDLINE" else values[:2]:
                    ours, theirs = (outcome(one, value, parameter, context) for one in (conversion, conversion.whole()))
                    assert ours == theirs, (parameter.name, source, value)
                    compared += 1
        assert compared


def parameter_source(name: str) -> Any:
    """Return where a value is from, as Typer has it."""
    with application().make_context("asr", ["--help"], resilient_parsing=True) as context:
        return type(context.get_parameter_source("version"))[name]


def outcome(conversion: Any, value: Any, parameter: Any, context: Any) -> Any:
    """Return what a value becomes, with its type, or that it is refused: what is said then is our own."""
    try:
        found = conversion.coerce(value, param=parameter, ctx=context)
    except typer.BadParameter:
        return typer.BadParameter
    return type(found), found


def test_an_ordinary_command_line_needs_no_pydantic(tmp_path: Any) -> None:
    (tmp_path / "talk.wav").touch()
    for words in (["--help"], ["transcribe", "talk.wav", "-e", "fake", "-f", "txt,srt", "-o", "out", "--dry-run"]):
        run = subprocess.run(
            [sys.executable, "-c", SAY, *words], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert run.stdout.splitlines()[-1] == "False", run.stdout
