"""The program: finds the command, runs it, and turns a mistake into one line and an exit code.

A command is a function (or a Typer app with commands of its own) in a module of `asrcli.cli.commands`. The table below
names it, so that ``asr --help`` imports none of them and ``asr transcribe`` imports one.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from asrcli import __version__
from asrcli.base.console import complain, line_of, say_bug
from asrcli.cli import apps
from asrcli.cli.apps import Sparing
from asrcli.cli.spelling import check_kinds, check_numbers, check_values, mistaken_name, modern_spelling, option_names
from asrcli.cli.streams import prepare_streams
from asrcli.errors import EXIT_CODES, AsrError, UsageError


class CommandEntry(NamedTuple):
    """Where a command lives, and its line in ``asr --help``."""

    module: str
    attribute: str  # a function, or a typer.Typer for a command with commands of its own
    help: str


COMMANDS = {
    name: CommandEntry(f"asrcli.cli.commands.{name}", attribute, help)
    for name, attribute, help in (
        ("transcribe", "transcribe", "Turn recordings into text and subtitles."),
        ("serve", "serve", "Serve engines over OpenAI's interface for speech."),
        ("align", "align", "Find when each word of a known text is said."),
        ("ask", "ask", "Put questions to a transcript."),
        ("compare", "compare", "Score systems against a reference and each other."),
        ("leaderboard", "app", "Show published results, and your runs beside."),
        ("bench", "bench", "Measure accuracy, speed and memory of engines."),
        ("report", "app", "Put the reports of several runs together."),
        ("voices", "app", "Keep prints of voices, by which speakers are named."),
        ("engines", "app", "List engines and models; pull weights."),
        ("doctor", "doctor", "Probe devices and libraries; say how to mend them."),
        ("config", "config", "Show every option with its value and origin."),
        ("digest", "app", "Follow the field: a verified digest of each day."),
    )
}
EPILOG = "Exit codes: " + "; ".join(f"{code}: {meaning}" for code, meaning in EXIT_CODES.items()) + "."
# What `--help` calls a value that its option does not name, instead of its type in Python.
VALUES = {"str": "TEXT", "path": "PATH", "Path": "PATH", "int": "N", "float": "N"}
VALUE = r"<(?:list\[)?(str|[pP]ath|int|float)(?: range)?\]?>"


class _Lenient(Sparing):
    """Parses openai-whisper's spellings too: ``--output_dir``, and ``--fp16 False`` for a flag; reads the settings.

    Help lists the options in sections where they name one (`rich_help_panel`, without rich).
    """

    params: Any  # these two are of the class beside it
    make_parser: Any

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Rewrite the spellings, look up what files and the environment set, then parse."""
        from asrcli.base.config import look_up

        words = modern_spelling(args, self._flags())
        check_values(words, self.params)
        typed = self._typed(ctx, words)
        looked_up = look_up(ctx.command_path.partition(" ")[2], option_names(self), COMMANDS, typed)
        found = looked_up.values
        check_kinds(found, self.params)
        ctx.default_map = {name: setting.value for name, setting in found.items()}
        try:
            rest: list[str] = cast(Any, super()).parse_args(ctx, words)
            check_numbers(ctx.params)
            for line in [*looked_up.lines(typed), *self._slips(ctx, typed, looked_up.strays)]:
                complain(f"asr: {line}")
            return rest
        except TyperException as error:
            if not isinstance(error, typer.BadParameter):
                cast(Any, error).ctx = (
                    getattr(error, "ctx", None) or ctx
                )  # what parses options does not know its command
                raise
            name = (error.param.name if error.param else None) or ""
            source = ctx.get_parameter_source(name)
            if name not in found or source is None or source.name != "DEFAULT_MAP":
                raise
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{found[name].origin}: '{found[name].value}' is no value for {option}") from error

    def _slips(self, ctx: Any, typed: Collection[str], strays: Mapping[str, Path]) -> list[str]:
        """Return a line about each setting that is nearly one of the command, once for the whole command line."""
        if "quiet" in typed:
            return []
        from asrcli.cli.variables import all_options, file_slips, sentence, slips

        def everything() -> Collection[str]:
            """Return the options of all commands."""
            return set(all_options(application()))

        own, said = option_names(self), ctx.meta.setdefault("asrcli.slips", set())
        lines = [*(sentence(*one) for one in slips(own, everything)), *file_slips(strays, own, everything)]
        found = [line for line in lines if line not in said]
        said.update(found)
        return found

    def _typed(self, ctx: Any, words: list[str]) -> frozenset[str]:
        """Return the names of the options among words; of words that are no command line, none."""
        try:
            return frozenset(self.make_parser(ctx).parse_args(list(words))[0])
        except TyperException:
            return frozenset()

    def _flags(self) -> dict[str, str]:
        """Return every on-spelling of a boolean option with its off-spelling ("" without one)."""
        flags: dict[str, str] = {}
        for parameter in self.params:
            if getattr(parameter, "is_flag", False):
                off = getattr(parameter, "secondary_opts", None) or [""]
                flags.update(dict.fromkeys(parameter.opts, off[0]))
        return flags

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then each section in the order of its first option."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": []}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
                section = sections.setdefault(getattr(parameter, "rich_help_panel", None) or kind, [])
                section.append((re.sub(VALUE, lambda found: VALUES[found[1]], record[0]), record[1]))
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Command(_Lenient, TyperCommand):
    """A command."""


class Group(_Lenient, TyperGroup):
    """A command with commands of its own."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, then the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command with the whole of its first sentence."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(200)) for name, command in found if command])


class LazyGroup(Sparing, TyperGroup):
    """The top level: a command's module is imported when the command is run or asked for its own help."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the module of one command and build it; ``None`` for an unknown name."""
        return build(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def build(name: str) -> Any:
    """Import one command of the table and return it as a Click command."""
    entry = COMMANDS[name]
    module = import_module(entry.module)
    found = getattr(module, entry.attribute)
    if isinstance(found, typer.Typer):
        for info in found.registered_commands:
            info.cls = Command
        kind = getattr(module, "KIND_OF_GROUP", None)
        (found.registered_callback or found.info).cls = type("Group", (kind, Group), {}) if kind else Group
    else:
        single = apps.app()
        single.command(name, cls=Command, epilog=EPILOG)(found)
        found = single
    command = typer.main.get_command(found)
    command.name = name
    return command


def _version(wanted: bool) -> None:
    if wanted:
        print(f"asr {__version__}")
        raise typer.Exit()


def top(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", "-V", is_eager=True, callback=_version, help="Show the version."),
) -> None:
    """One command for every open speech recogniser."""
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(2)


def application() -> Any:
    """Return the whole program as a Click group."""
    app = apps.app(pretty_exceptions_enable=False)
    app.callback(cls=LazyGroup, epilog=EPILOG, invoke_without_command=True)(top)
    group: Any = typer.main.get_command(app)
    group.commands = dict.fromkeys(COMMANDS)  # names only, for "did you mean"
    return group


# How a file system says that it takes no more. Such an error names no file when it comes from writing to an open one.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program and exit with its code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    prepare_streams()
    sys.excepthook = say_bug
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before anything imports onnxruntime, here or in a child
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(words)
    except TyperException as error:  # what Typer itself found wrong with the command line
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "asr"
        text = error.format_message().rstrip(".")
        file = mistaken_name(words)
        advice = f"write {file} for the file" if file else f"see {command} --help"
        if context and text.startswith(("No such command", "Missing command")) and not text.endswith("?"):
            advice = f"choose one of: {', '.join(context.command.list_commands(context))}"
            advice = "write --add before each run, or name their folder" if "--add" in words else advice
        advice = f" {advice[0].upper()}{advice[1:]}" if text.endswith("?") else f"; {advice}"
        line = line_of(f"asr: {text[:1].lower()}{text[1:]}{advice}")
        print(text if text.startswith("Usage:") else line, file=sys.stderr)
        sys.exit(error.exit_code)
    except AsrError as error:
        complain(f"asr: {error}")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, RuntimeError) as error:
        from asrcli.cli.commands.running import interrupt_code, leave

        code = interrupt_code(error)
        print("asr: interrupted", file=sys.stderr)
        leave(code)  # threads may be deep in a library
    except OSError as error:
        from asrcli.base.files import refusal

        _end_without_output(error)
        if not (said := refusal(error)):
            raise
        complain(f"asr: {said}")
        sys.exit(1)
    sys.exit(code)


def _run(words: list[str]) -> int:
    """Run the command that the words name and return its exit code, with everything it printed handed over."""
    group = application()
    try:
        with group.make_context("asr", words) as context:
            code: int | None = group.invoke(context)
    except typer.Exit as done:
        code = done.exit_code
    sys.stdout.flush()  # else a full disk would be found out when it is too late for the exit code
    return code or 0


def _end_without_output(error: OSError) -> None:
    """End the program when standard output is what failed; return when it was something else, which is a bug."""
    from asrcli.base.files import reason
    from asrcli.cli.commands.running import leave

    if isinstance(error, BrokenPipeError):
        leave(141)  # its reader has gone; there is nobody to tell
    if error.errno in FULL and error.filename is None:
        print(f"asr: cannot write to standard output: {reason(error)}", file=sys.stderr)
        leave(1)
