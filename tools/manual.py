"""Man pages, one per command, in the ``man`` macros that groff and mandoc both read."""

from __future__ import annotations

import re

from asrcli import __version__
from asrcli.cli.config import PROJECT_FILE
from asrcli.errors import EXIT_CODES
from asrcli.runs.state import STATE
from tools.interface import Command, Option, every

ENVIRONMENT = {
    "ASR_OPTION": "A value for the option of that name, true or false for a flag: ASR_BEAM_SIZE=5 is --beam-size 5.",
    "HF_HOME, HF_HUB_CACHE": "Where downloaded weights are kept.",
    "HF_HUB_OFFLINE": "1 forbids the network, as --offline does.",
    "HF_TOKEN": "What the hub asks for before it hands out gated weights.",
    "NO_COLOR": "No colours in the progress bar.",
    "TERM": "dumb: no progress bar.",
}
FILES = {
    PROJECT_FILE: "Options of this project, in the current folder or the nearest one above it: one table per command.",
    "~/.config/asr/config.toml": "The same for this user. What the project says goes before it.",
    f"{STATE}/made.jsonl": "Beside the results: how each was made; a second run makes only what is not up to date.",
    f"{STATE}/journal/": "How far a run came that was interrupted; the same command goes on from there.",
}


def page(command: Command, program: Command) -> str:
    """Return the man page of one command."""
    name = "-".join(("asr", *command.path))
    paragraphs = [" ".join(one.split()) for one in command.help.split("\n\n")]
    summary, prose = paragraphs[0], paragraphs[1:]
    examples = [one for one in prose if one.startswith("Examples: ")]
    lines = [
        '.\\" Written by `make completions`: change the program, not this file.',
        f'.TH {name.upper()} 1 "" "asr {__version__}" "asr"',
        ".SH NAME",
        f"{_text(name)} \\- {_text(summary[0].lower() + summary[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        *_synopsis(command),
        ".SH DESCRIPTION",
        _text(summary),
    ]
    for one in prose:
        if one not in examples:
            lines += [".PP", _text(one)]
    lines += _commands(command) + _arguments(command) + _options(command)
    lines += _listed("EXIT STATUS", {str(code): f"{text[0].upper()}{text[1:]}." for code, text in EXIT_CODES.items()})
    lines += _listed("ENVIRONMENT", ENVIRONMENT) + _listed("FILES", FILES)
    lines += _examples(examples)
    return "\n".join([*lines, *_see_also(command, program)]) + "\n"


def _synopsis(command: Command) -> list[str]:
    words = [f".B {_text(command.title)}", "[\\fIOPTION\\fR...]"]
    if command.children:
        words.append("\\fICOMMAND\\fR ...")
    for argument in command.arguments:
        shown = f"\\fI{_text(argument.metavar)}\\fR" + ("..." if argument.many else "")
        words.append(shown if argument.required else f"[{shown}]")
    return words


def _commands(command: Command) -> list[str]:
    if not command.children:
        return []
    lines = [".SH COMMANDS"]
    for child in command.children:
        lines += [".TP", f".BR {_page_name(child)} (1)", _text(child.summary)]
    return lines


def _arguments(command: Command) -> list[str]:
    if not command.arguments:
        return []
    lines = [".SH ARGUMENTS"]
    for argument in command.arguments:
        lines += [".TP", f"\\fI{_text(argument.metavar)}\\fR", _text(argument.help or argument.name)]
    return lines


def _options(command: Command) -> list[str]:
    lines = [".SH OPTIONS"]
    for option in command.options:
        text = _text(option.help)
        if option.values.words and len(option.values.words) <= 20 and option.values.kind == "word":
            text += f"\n.br\nKnown: {_text(', '.join(option.values.words))}."
        lines += [".TP", _heading(option), text]
    return lines


def _heading(option: Option) -> str:
    value = f" \\fI{_text(option.metavar)}\\fR" if option.metavar else ""
    names = sorted((*option.on, *option.off), key=lambda name: name.startswith("--"))
    return ", ".join(f"\\fB{_text(name)}\\fR{value}" for name in names)


def _listed(title: str, entries: dict[str, str]) -> list[str]:
    lines = [f".SH {title}"]
    for name, text in entries.items():
        lines += [".TP", f"\\fB{_text(name)}\\fR", _text(text)]
    return lines


def _examples(paragraphs: list[str]) -> list[str]:
    commands = [one for paragraph in paragraphs for one in paragraph.removeprefix("Examples: ").split(" · ")]
    if not commands:
        return []
    return [".SH EXAMPLES", ".nf", *(_text(one) for one in commands), ".fi"]


def _see_also(command: Command, program: Command) -> list[str]:
    pages = [_page_name(one) for one in every(program) if one.path != command.path]
    return [".SH SEE ALSO", *(f".BR {one} (1){',' if one != pages[-1] else ''}" for one in pages)]


def _page_name(command: Command) -> str:
    return "\\-".join(("asr", *command.path))


def _text(text: str) -> str:
    """Return text with what roff would read as its own made plain; a hyphen stays one that can be copied."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(['.])", r"\\&\1", escaped, flags=re.MULTILINE)
