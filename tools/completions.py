"""Completion scripts for bash, zsh and fish: static text, so that Tab never waits for Python to start."""

from __future__ import annotations

from tools.interface import Command, Option, Values, every

HEADER = "# Completions of asr for {name}. Written by `make completions`: change the program, not this file."


def spelled(command: Command) -> list[str]:
    """Return every spelling of every option of a command."""
    return [spelling for option in command.options for spelling in (*option.on, *option.off)]


# ---------------------------------------------------------------------------------------------------------------- bash

BASH = r"""{header}
# Source it, or put it into ~/.local/share/bash-completion/completions/ under the name asr.

_asr_words() {{  # offer words that begin with what was typed
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}}

_asr_list() {{  # the same after the last comma: srt,json
    local done=""
    [[ $cur == *,* ]] && done="${{cur%,*}},"
    COMPREPLY=($(compgen -P "$done" -W "$1" -- "${{cur##*,}}"))
    compopt -o nospace 2>/dev/null
}}

_asr_colons() {{  # words with colons, at which readline breaks a line into words: whisper:base
    local start="" word
    case $cur in
        :) start="$prev:" cur="" ;;
        *) [[ $prev == : ]] && start="${{COMP_WORDS[COMP_CWORD-2]}}:" ;;
    esac
    COMPREPLY=()
    for word in $1; do
        [[ $word == "$start$cur"* ]] && COMPREPLY+=("${{word#"$start"}}")
    done
}}

_asr_files() {{
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
}}

_asr_folders() {{
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -d -- "$cur"))
}}

_asr_path() {{  # the command that was typed so far, and of its own commands
    local word number
    path=""
    for ((number = 1; number < COMP_CWORD; number++)); do
        word="${{COMP_WORDS[number]}}"
        case "$path/$word" in
{paths}
        esac
    done
}}

_asr() {{
    local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}" path number
    COMPREPLY=()
    if [[ $cur == = ]]; then  # --engine=
        cur=""
    elif [[ $prev == = ]]; then  # --engine=w
        prev="${{COMP_WORDS[COMP_CWORD-2]}}"
    fi
    _asr_path
    for ((number = 1; number < COMP_CWORD; number++)); do
        [[ ${{COMP_WORDS[number]}} == -- ]] && {{ _asr_files; return; }}
    done
    case "$path $prev" in
{values}
    esac
    case "$path" in
{commands}
    esac
}}

complete -F _asr asr
"""


def bash(root: Command) -> str:
    """Return the completion script for bash."""
    commands = every(root)
    paths = [
        f'            "{_path(parent)}/{child.path[-1]}") path="{_path(child)}" ;;'
        for parent in commands
        for child in parent.children
    ]
    values = [line for command in commands for line in _bash_values(command)]
    offers = [line for command in commands for line in _bash_offer(command)]
    return BASH.format(
        header=HEADER.format(name="bash"), paths="\n".join(paths), values="\n".join(values), commands="\n".join(offers)
    )


def _path(command: Command) -> str:
    return " ".join(command.path)


def _bash_call(values: Values) -> str:
    if values.kind == "file":
        return "_asr_files"
    if values.kind == "folder":
        return "_asr_folders"
    if values.kind == "none":
        return ":"
    shape = "list" if values.kind == "list" else "colons" if any(":" in word for word in values.words) else "words"
    return f'_asr_{shape} "{" ".join(values.words)}"'


def _bash_values(command: Command) -> list[str]:
    """Return the branches for words that follow an option with a value."""
    path = _path(command)
    return [
        f"        {'|'.join(_quoted(f'{path} {one}') for one in option.on)}) {_bash_call(option.values)}; return ;;"
        for option in command.options
        if option.metavar
    ]


def _bash_offer(command: Command) -> list[str]:
    """Return the branch for what stands where no value is due: an option, a command, or an argument."""
    rest = f'_asr_words "{" ".join(child.path[-1] for child in command.children)}"'
    if not command.children:
        rest = _bash_call(command.arguments[0].values) if command.arguments else ":"
    flags = " ".join(spelling for spelling in spelled(command) if spelling.startswith("--"))
    return [
        f'        "{_path(command)}")',
        f'            if [[ $cur == -* ]]; then _asr_words "{flags}"; else {rest}; fi ;;',
    ]


def _quoted(text: str) -> str:
    return f'"{text}"'


# ----------------------------------------------------------------------------------------------------------------- zsh

ZSH = r"""#compdef asr
{header}
# Put it into a folder of $fpath under the name _asr.

{functions}

if [[ $funcstack[1] == _asr ]]; then
    _asr "$@"
else
    compdef _asr asr
fi
"""


def zsh(root: Command) -> str:
    """Return the completion script for zsh."""
    functions = "\n\n".join(_zsh_function(command) for command in every(root))
    return ZSH.format(header=HEADER.format(name="zsh"), functions=functions)


def _zsh_name(command: Command) -> str:
    return "_".join(("_asr", *command.path)).replace("-", "_")


def _zsh_function(command: Command) -> str:
    specs = [spec for option in command.options for spec in _zsh_option(option)]
    if command.children:
        specs += ["'1:command:->command'", "'*::argument:->argument'"]
    for place, argument in enumerate(command.arguments, start=1):
        which = "*" if argument.many else str(place)
        specs.append(_single(f"{which}:{_zsh_text(argument.metavar.lower())}:{_zsh_action(argument.values)}"))
    lines = [f"{_zsh_name(command)}() {{", "    local curcontext=$curcontext state line", "    local -A opt_args"]
    lines += ["    _arguments -s -S -C \\", " \\\n".join(f"        {spec}" for spec in specs)]
    if command.children:
        described = " ".join(_single(f"{child.path[-1]}:{child.summary}") for child in command.children)
        branches = [f"                {child.path[-1]}) {_zsh_name(child)} ;;" for child in command.children]
        lines += [
            "    case $state in",
            f"        command) local -a commands=({described}); _describe -t commands command commands ;;",
            "        argument)",
            "            case $words[1] in",
            *branches,
            "            esac ;;",
            "    esac",
        ]
    return "\n".join([*lines, "}"])


def _zsh_option(option: Option) -> list[str]:
    spellings = (*option.on, *option.off)
    excluded = "*" if option.repeatable else f"({' '.join(spellings)})"
    found = []
    for spelling in spellings:
        if not option.metavar:
            found.append(_single(f"{excluded}{spelling}[{_zsh_text(option.help)}]"))
            continue
        joint = "=" if spelling.startswith("--") else "+"
        value = f":{_zsh_text(option.metavar)}:{_zsh_action(option.values)}"
        found.append(_single(f"{excluded}{spelling}{joint}[{_zsh_text(option.help)}]{value}"))
    return found


def _zsh_action(values: Values) -> str:
    if values.kind == "file":
        return "_files"
    if values.kind == "folder":
        return "_files -/"
    words = " ".join(word.replace(":", r"\:") for word in values.words)
    if values.kind == "list":
        return f"_sequence compadd - {words}"
    return f"({words})" if words else " "


def _zsh_text(text: str) -> str:
    for sign in "\\[]:":
        text = text.replace(sign, f"\\{sign}")
    return text


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# ---------------------------------------------------------------------------------------------------------------- fish

FISH = r"""{header}
# Put it into ~/.config/fish/completions/.

function __asr_at -d 'Whether this is the command that was typed so far'
    set -l path
    for word in (commandline -opc)[2..-1]
        switch "$path/$word"
{paths}
        end
    end
    test "$path" = "$argv"
end

complete -c asr -f
{lines}
"""


def fish(root: Command) -> str:
    """Return the completion script for fish."""
    commands = every(root)
    paths = [
        f"            case '{_path(parent)}/{child.path[-1]}'\n                set path '{_path(child)}'"
        for parent in commands
        for child in parent.children
    ]
    lines = [line for command in commands for line in _fish_command(command)]
    return FISH.format(header=HEADER.format(name="fish"), paths="\n".join(paths), lines="\n".join(lines))


def _fish_command(command: Command) -> list[str]:
    start = f"complete -c asr -n {_fish_quote(f'__asr_at {_path(command)}'.rstrip())}"
    lines = [f"{start} -a {_fish_quote(child.path[-1])} -d {_fish_quote(child.summary)}" for child in command.children]
    lines += [
        f"{start} {_fish_action(argument.values)}" for argument in command.arguments if argument.values.kind != "none"
    ]
    for option in command.options:
        value = f" -r {_fish_action(option.values)}" if option.metavar else ""
        for names in (option.on, option.off):
            if names:
                spelled_out = " ".join(
                    f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in names
                )
                lines.append(f"{start} {spelled_out}{value} -d {_fish_quote(option.help)}")
    return lines


def _fish_action(values: Values) -> str:
    if values.kind == "file":
        return "-F"
    words = " ".join(values.words)
    offers = {
        "folder": "(__fish_complete_directories)",
        "list": f"(__fish_complete_list , 'printf \"%s\\n\" {words}')",
        "word": words,
        "none": "",
    }
    return f"-f -a {_fish_quote(offers[values.kind])}" if offers[values.kind] else "-f"


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
