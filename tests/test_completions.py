"""Completions and man pages: not stale, and they do in real shells what they should."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import generate, interface

ROOT = Path(__file__).parent.parent
COMPLETIONS = ROOT / "completions"

BASH = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_asr
printf '%s\n' "${COMPREPLY[@]}"
"""


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def words(output: str) -> list[str]:
    return [line for line in output.splitlines() if line]


def complete_in_bash(*typed: str, folder: Path) -> list[str]:
    """Return what bash offers for the last word; `compopt` outside of a real completion only warns."""
    command = [needs("bash"), "--norc", "-c", BASH, "bash", str(COMPLETIONS / "asr.bash"), *typed]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60, check=True)
    assert done.stderr == ""
    return words(done.stdout)


def complete_in_fish(line: str, folder: Path) -> list[str]:
    script = f'source {COMPLETIONS / "asr.fish"}; complete -C "$argv[1]"'
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    done = subprocess.run(
        [needs("fish"), "--no-config", "-c", script, line],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return [one.split("\t")[0] for one in words(done.stdout)]


@pytest.fixture(scope="module")
def sourced(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what sets completion up in a zsh; the functions that zsh has are looked for once."""
    found = tmp_path_factory.mktemp("zsh") / "dump"
    command = [needs("zsh"), "-f", "-c", f"autoload -Uz compinit; compinit -u -d {found}"]
    subprocess.run(command, check=True, timeout=60)
    return f"autoload -Uz compinit; compinit -C -d {found}; source {COMPLETIONS / 'asr.zsh'}"


def complete_in_zsh(typed: str, expected: str, folder: Path, setup: str) -> str:
    """Type a line and Tab into an interactive zsh on a terminal of its own; return what the terminal showed."""
    shell = needs("zsh")
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "HOME": str(folder), "COLUMNS": "200", "PS1": "> "}
    setup += "; PS1='> '; echo re''ady\n"
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execve(shell, [shell, "-f", "-i"], environment)
    try:
        os.write(terminal, setup.encode())
        shown = _read_until(terminal, "ready")
        assert "ready" in shown
        os.write(terminal, f"{typed}\t".encode())
        return _read_until(terminal, expected)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)


def _read_until(terminal: int, expected: str, seconds: float = 60.0) -> str:
    """Read what the terminal shows, without colours and the like, until the text is there or time is up."""
    shown, deadline = "", time.monotonic() + seconds
    while expected not in plain(shown) and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 65536).decode(errors="replace")
    return plain(shown)


def plain(shown: str) -> str:
    return re.sub("\x1b\\[[?0-9;]*[a-zA-Z]", "", shown)


def test_nothing_generated_is_stale() -> None:
    stale = [str(path.relative_to(ROOT)) for path in generate.stale()]
    assert stale == [], "run `make completions`"


@pytest.mark.slow
@pytest.mark.parametrize("setting", [{"COLUMNS": "40", "TERM": "dumb"}, {"COLUMNS": "300", "NO_COLOR": "1"}])
def test_generated_text_does_not_depend_on_the_terminal(setting: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tools.generate", "--check"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **setting}, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_name_with_known_values_is_an_option_or_argument_somewhere() -> None:
    commands = interface.every(interface.root())
    names = {one.name for command in commands for one in (*command.options, *command.arguments)}
    assert set(interface.known_values()) - names == set()


def test_options_in_the_scripts_are_those_of_the_program() -> None:
    transcribe = next(one for one in interface.every(interface.root()) if one.path == ("transcribe",))
    for name in ("asr.bash", "asr.zsh"):
        text = (COMPLETIONS / name).read_text()
        for option in transcribe.options:
            assert all(spelling in text for spelling in option.on if spelling[:2] == "--"), option.name


@pytest.mark.parametrize("name", ["transcribe", "ask"])
def test_the_help_says_that_an_engine_may_name_its_model(name: str) -> None:
    command = next(one for one in interface.every(interface.root()) if one.path == (name,))
    assert next(one for one in command.options if one.name == "engine").help.startswith("ENGINE or ENGINE:MODEL")


# ---- bash


def test_bash_completes_commands(tmp_path: Path) -> None:
    assert complete_in_bash("asr", "trans", folder=tmp_path) == ["transcribe"]
    assert {"transcribe", "config"} <= set(complete_in_bash("asr", "", folder=tmp_path))
    assert complete_in_bash("asr", "--ver", folder=tmp_path) == ["--version"]


def test_bash_completes_options_and_their_negations(tmp_path: Path) -> None:
    assert complete_in_bash("asr", "transcribe", "--word-t", folder=tmp_path) == ["--word-timestamps"]
    assert complete_in_bash("asr", "transcribe", "a.wav", "--no-wo", folder=tmp_path) == ["--no-word-timestamps"]


@pytest.mark.parametrize("typed", [("-e", "pock"), ("--engine", "pock"), ("--engine", "=", "pock")])
def test_bash_completes_engines(typed: tuple[str, ...], tmp_path: Path) -> None:
    assert complete_in_bash("asr", "transcribe", *typed, folder=tmp_path) == ["pocketsphinx"]


def test_bash_completes_choices_and_lists_of_them(tmp_path: Path) -> None:
    assert complete_in_bash("asr", "transcribe", "--device", "cu", folder=tmp_path) == ["cuda"]
    assert complete_in_bash("asr", "transcribe", "-f", "sr", folder=tmp_path) == ["srt"]
    assert complete_in_bash("asr", "transcribe", "-f", "srt,js", folder=tmp_path) == ["srt,json", "srt,jsonl"]
    assert complete_in_bash("asr", "config", "tr", folder=tmp_path) == ["transcribe"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["transcribe", "-e", "firered", "-m", ""], ["aed2", "aed", "llm2", "llm"]),
        (["transcribe", "--engine", "=", "firered", "x.wav", "--model", "=", "l"], ["llm2", "llm"]),
        (["transcribe", "-e", "openai_server", "-m", ""], []),
        (["align", "-a", "pocketsphinx", "-m", ""], ["en-us"]),
        (["align", "-m", "en"], ["en-us"]),
    ],
)
def test_bash_completes_models_of_the_engine(typed: list[str], offered: list[str], tmp_path: Path) -> None:
    assert complete_in_bash("asr", *typed, folder=tmp_path) == offered
    assert {"llm2", "tiny"} <= set(complete_in_bash("asr", "transcribe", "-m", "", folder=tmp_path))


def test_bash_completes_files_with_spaces_and_folders(tmp_path: Path) -> None:
    (tmp_path / "two words.wav").touch()
    (tmp_path / "two").mkdir()
    assert sorted(complete_in_bash("asr", "transcribe", "tw", folder=tmp_path)) == ["two", "two words.wav"]
    assert complete_in_bash("asr", "transcribe", "-o", "tw", folder=tmp_path) == ["two"]
    assert sorted(complete_in_bash("asr", "transcribe", "--", "tw", folder=tmp_path)) == ["two", "two words.wav"]


def test_bash_completes_commands_of_a_command(tmp_path: Path) -> None:
    assert complete_in_bash("asr", "engines", "pu", folder=tmp_path) == ["pull"]
    assert complete_in_bash("asr", "engines", "--js", folder=tmp_path) == ["--json"]
    assert complete_in_bash("asr", "engines", "pull", "--qu", folder=tmp_path) == ["--quiet"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["whis"], "whisper"),
        (["whisper", ":"], "large-v3-turbo"),  # readline breaks words at colons, and what is offered follows it
        (["whisper", ":", "large-v3-t"], "large-v3-turbo"),
        (["whisper", ":", "base", "whisper", ":", "tin"], "tiny"),
    ],
)
def test_bash_completes_words_with_colons(typed: list[str], offered: str, tmp_path: Path) -> None:
    assert offered in complete_in_bash("asr", "engines", "pull", *typed, folder=tmp_path)


def test_bash_offers_nothing_where_anything_may_stand(tmp_path: Path) -> None:
    assert complete_in_bash("asr", "transcribe", "--prompt", "", folder=tmp_path) == []


# ---- zsh


def test_zsh_reads_the_script() -> None:
    subprocess.run([needs("zsh"), "-n", str(COMPLETIONS / "asr.zsh")], check=True, timeout=60)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("asr trans", "asr transcribe "),
        ("asr transcribe -e pock", "asr transcribe -e pocketsphinx "),
        pytest.param("asr transcribe --engine=pock", "asr transcribe --engine=pocketsphinx ", marks=pytest.mark.slow),
        ("asr transcribe --no-word", "asr transcribe --no-word-timestamps "),
        pytest.param("asr transcribe -f srt,vt", "asr transcribe -f srt,vtt", marks=pytest.mark.slow),
        ("asr transcribe one", "asr transcribe one\\ two.wav "),
        pytest.param("asr transcribe x.wav -o some", "asr transcribe x.wav -o somewhere/", marks=pytest.mark.slow),
        pytest.param("asr config transc", "asr config transcribe ", marks=pytest.mark.slow),
        ("asr compare --convention scl", "asr compare --convention sclite "),
        pytest.param("asr compare one", "asr compare one\\ two.wav ", marks=pytest.mark.slow),
        ("asr align x.wav -a nem", "asr align x.wav -a nemo "),
        pytest.param("asr compare a b --html one", "asr compare a b --html one\\ two.wav ", marks=pytest.mark.slow),
        ("asr transcribe -e firered -m ae", "asr transcribe -e firered -m aed"),
        pytest.param(
            "asr transcribe -e pocketsphinx:x -m e",
            "asr transcribe -e pocketsphinx:x -m en-us ",
            marks=pytest.mark.slow,
        ),
        ("asr align x.wav -a pocketsphinx --model=", "asr align x.wav -a pocketsphinx --model=en-us "),
        pytest.param("asr transcribe -m large-v3-t", "asr transcribe -m large-v3-turbo ", marks=pytest.mark.slow),
        pytest.param("asr engines pu", "asr engines pull ", marks=pytest.mark.slow),
        ("asr engines pull whisper:large-v3-t", "asr engines pull whisper:large-v3-turbo "),
        pytest.param(
            "asr engines pull whisper:tiny --qui", "asr engines pull whisper:tiny --quiet ", marks=pytest.mark.slow
        ),
    ],
)
def test_zsh_completes(typed: str, expected: str, sourced: str, tmp_path: Path) -> None:
    (tmp_path / "one two.wav").touch()
    (tmp_path / "somewhere").mkdir()
    (tmp_path / "somefile").touch()
    assert expected in complete_in_zsh(typed, expected, tmp_path, sourced)


@pytest.mark.slow
def test_zsh_loads_the_script_from_its_path(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    shutil.copy(COMPLETIONS / "asr.zsh", tmp_path / "functions/_asr")
    setup = "fpath=($HOME/functions $fpath); autoload -Uz compinit; compinit -u -D"
    assert "asr transcribe " in complete_in_zsh("asr trans", "asr transcribe ", tmp_path, setup)


# ---- fish


def test_fish_reads_the_script() -> None:
    subprocess.run([needs("fish"), "-n", str(COMPLETIONS / "asr.fish")], check=True, timeout=60)


def test_fish_completes(tmp_path: Path) -> None:
    (tmp_path / "one.wav").touch()
    (tmp_path / "onward").mkdir()
    assert complete_in_fish("asr trans", tmp_path) == ["transcribe"]
    assert complete_in_fish("asr transcribe -e pock", tmp_path) == ["pocketsphinx"]
    assert complete_in_fish("asr transcribe --engine=pock", tmp_path) == ["--engine=pocketsphinx"]
    assert complete_in_fish("asr transcribe --no-word", tmp_path) == ["--no-word-timestamps"]
    assert complete_in_fish("asr transcribe -f srt,vt", tmp_path) == ["srt,vtt"]
    assert complete_in_fish("asr compare --convention scl", tmp_path) == ["sclite"]
    assert complete_in_fish("asr align x.wav -a nem", tmp_path) == ["nemo"]
    assert complete_in_fish("asr transcribe -e firered -m ll", tmp_path) == ["llm", "llm2"]
    assert complete_in_fish("asr transcribe --engine=pocketsphinx --model ", tmp_path) == ["en-us"]
    assert complete_in_fish("asr transcribe -e pocketsphinx:x -m ", tmp_path) == ["en-us"]
    assert complete_in_fish("asr transcribe -e openai_server -m ", tmp_path) == []
    assert complete_in_fish("asr align -a pocketsphinx -m ", tmp_path) == ["en-us"]
    assert complete_in_fish("asr transcribe -m large-v3-t", tmp_path) == ["large-v3-turbo"]
    assert complete_in_fish("asr config tr", tmp_path) == ["transcribe"]
    assert complete_in_fish("asr engines pu", tmp_path) == ["pull"]
    assert complete_in_fish("asr engines pull whisper:large-v3-t", tmp_path) == ["whisper:large-v3-turbo"]
    assert complete_in_fish("asr engines pull --qui", tmp_path) == ["--quiet"]
    assert complete_in_fish("asr transcribe on", tmp_path) == ["one.wav", "onward/"]
    assert complete_in_fish("asr transcribe x.wav -o on", tmp_path) == ["onward/"]


# ---- man pages

PAGES = sorted((COMPLETIONS / "man").glob("*.1"))


def test_there_is_a_page_for_every_command() -> None:
    commands = interface.every(interface.root())
    assert {page.name for page in PAGES} == {"-".join(("asr", *one.path)) + ".1" for one in commands}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_mandoc_has_nothing_to_say_about_a_page(page: Path) -> None:
    done = subprocess.run(
        [needs("mandoc"), "-T", "lint", "-W", "warning", str(page)], capture_output=True, text=True, timeout=60
    )
    said = [line for line in done.stdout.splitlines() if "missing date" not in line]  # a date would be stale tomorrow
    assert said == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_groff_sets_a_page_without_warnings(page: Path) -> None:
    command = [needs("groff"), "-man", "-ww", "-Tascii", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""


def test_the_page_of_transcribe_says_everything() -> None:
    command = [needs("mandoc"), "-T", "ascii", str(COMPLETIONS / "man/asr-transcribe.1")]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    text = re.sub(".\b", "", shown)  # mandoc prints bold as a letter over itself
    for section in ("SYNOPSIS", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"):
        assert f"\n{section}\n" in text
    for said in ("--beam-size N", "--no-word-timestamps", "asr.toml", "130", "asr transcribe talk.mp3"):
        assert said in text
