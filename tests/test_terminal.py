"""At a terminal: what is redirected is complete, and what is shown is whole lines above the bar."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command import quiet_environment, write_silence
from support.recipes import ROOT, first_line, need, shell_recipes
from support.terminal import CONTROL, PseudoTerminal, Stdout, at_terminal, shown

from asrcli.base import display
from asrcli.base.console import Console, in_lines
from asrcli.bench.watching import Board
from asrcli.cli.commands.running import interrupt_code
from asrcli.cli.main import main
from asrcli.runs.records import Lines
from asrcli.streaming.recognition import Update
from asrcli.streaming.showing import Terminal
from asrcli.types import Segment

WAYS: list[tuple[Stdout, int]] = [(stdout, columns) for stdout in ("file", "pipe", "terminal") for columns in (80, 40)]
LONG = "long-line " * 30 + "and :smile: [bold]its end"
DATA = ["first", LONG, "  indented,  spaced  ", "well-known " * 3, "x" * 81, "last"]


@pytest.fixture(params=[40, pytest.param(80, marks=pytest.mark.slow)])
def columns(request: pytest.FixtureRequest) -> int:
    """Return the width of a terminal."""
    return int(request.param)


@contextmanager
def sitting(columns: int, stdout: Path | int | None = None) -> Iterator[PseudoTerminal]:
    """Make standard error of this process a terminal; standard output too, or a file or pipe.

    A fixture cannot: pytest sets its own streams when a test begins.
    """
    with PseudoTerminal(columns) as terminal, terminal.stream() as stderr, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, "stderr", stderr)
        with terminal.stream() if stdout is None else open(stdout, "w") as out:
            patch.setattr(sys, "stdout", out)
            try:
                yield terminal
            finally:
                display.take_down()


def drawn(terminal: PseudoTerminal, text: str) -> None:
    """Wait until something has been drawn."""
    while text not in terminal.text():
        time.sleep(0.01)


def write_lines(terminal: PseudoTerminal) -> None:
    """Write data with the bar drawn before, between and after."""
    with Console() as console:
        console.start(10.0)
        for line in DATA:
            before = terminal.text().count("━")
            print(line)
            console.recognised("a", 1.0)
            while terminal.text().count("━") == before:
                time.sleep(0.01)


def test_lines_on_the_same_terminal_are_above_the_bar(columns: int) -> None:
    with sitting(columns) as terminal:
        write_lines(terminal)
        assert shown(terminal.text(), columns) == [*(line.rstrip() for line in DATA), ""]


def test_lines_for_a_file_go_there_as_they_are(columns: int, tmp_path: Path) -> None:
    with sitting(columns, tmp_path / "out") as terminal:
        write_lines(terminal)
        assert shown(terminal.text(), columns) == [""]
    assert (tmp_path / "out").read_text() == "".join(f"{line}\n" for line in DATA)


def test_a_pipe_gets_lines_while_nothing_is_drawn(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads there may write to the same terminal: `| tr a-z A-Z`."""
    monkeypatch.setattr(display, "SECONDS_ASIDE", 3600.0)
    reader, writer = os.pipe()
    with sitting(columns, writer) as terminal:
        with Console() as console:
            console.start(10.0)
            drawn(terminal, "━")
            print("piece", end="")
            print(" of a line")
            assert os.read(reader, 100) == b"piece of a line\n"
            os.write(terminal.slave, b"PIECE OF A LINE\n")
        assert shown(terminal.text(), columns) == ["PIECE OF A LINE", ""]
    os.close(reader)


def test_a_pipe_of_its_own_gets_records_while_nothing_is_drawn(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--events fd:3 3>&1 >talk.txt | jq -r .type`: jq writes to the terminal."""
    monkeypatch.setattr(display, "SECONDS_ASIDE", 3600.0)
    reader, writer = os.pipe()
    lines = Lines(f"fd:{writer}", "--events")
    with sitting(columns) as terminal:
        with Console() as console:
            console.start(10.0)
            drawn(terminal, "━")
            lines.write("start")
            assert b'"start"' in os.read(reader, 100)
            os.write(terminal.slave, b"start\n")
        assert shown(terminal.text(), columns) == ["start", ""]
    lines.close()
    os.close(reader)
    os.close(writer)


def test_other_writers_on_standard_error_lose_nothing(columns: int) -> None:
    """Warnings of Python, and loggers that took hold of the stream before there was a bar."""
    with sitting(columns) as terminal:
        log = logging.Logger("engine")
        log.addHandler(logging.StreamHandler(sys.stderr))
        with Console() as console:
            console.start(10.0)
            drawn(terminal, "━")
            log.warning("a weight is %s", "missing-" * 20)
            sys.stderr.write(
                warnings.formatwarning("deprecated", UserWarning, "engine.py", 7, line="")
            )  # as Python does
            sys.stderr.write("in ")
            console.note("a note :cat: [x]")
            print("the rest", end="", file=sys.stderr)
        lines = shown(terminal.text(), columns)
    assert lines[:2] == ["a weight is " + "missing-" * 20, "engine.py:7: UserWarning: deprecated"]
    assert lines[-2:] == ["in asr: a note :cat: [x]", "the rest"]


def test_the_table_of_a_benchmark_leaves_lines_alone(columns: int, tmp_path: Path) -> None:
    note = ("a note of " + "many-words " * 20).strip()
    with sitting(columns, tmp_path / "out") as terminal:
        with Board(Console()) as board:
            board.phase("fake", "utterances", 30)
            drawn(terminal, "utter")
            print(LONG)
            board.note(note)
        assert shown(terminal.text(), columns) == [f"asr: {note}", ""]
    assert (tmp_path / "out").read_text() == LONG + "\n"


def test_the_bar_is_one_line_with_its_figures(columns: int) -> None:
    with sitting(columns) as terminal:
        console = Console()
        console.start(7500.0)
        console._started -= 600
        console.recognised("a", 3723.0)
        drawn(terminal, "1:02:03")
        (line,) = shown(terminal.text(), columns)
        assert "━" in line and line.endswith(" -:--:--") and "…" not in line and len(line) <= columns
        console.stop()
        assert shown(terminal.text(), columns) == [""]


def test_notes_come_between_text_that_is_heard_live(columns: int) -> None:
    with sitting(columns) as terminal:
        text = Terminal()
        text.show(Update("one two", " three fo", 1))
        os.write(terminal.slave, b"^C")  # the terminal shows what is typed
        Console().note("a note of " + "many-words " * 8)
        text.show(Update(" three", " four", 2))
        text.show(Update(" four", "", 3, Segment("one two three four", 0, 3)))
        text.stop()
        assert shown(terminal.text(), columns) == ["one two", "asr: a note of" + " many-words" * 8, "three four", ""]


def test_no_bar_where_nothing_can_be_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    with sitting(80) as terminal:
        monkeypatch.setenv("TERM", "dumb")
        with Console() as console, Board(console):
            console.start(10.0)
            console.note("said")
        assert terminal.text() == "asr: said\r\n"


def test_a_narrow_leaderboard_keeps_every_column(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit):
        main(["leaderboard", "--open", "--max-size", "1", "--top", "3"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    text = "\n".join(lines)
    assert all(word in text for word in ("nvidia/canary-1b-flash", "average WER", "6.35", "1,046", "licence"))


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "ref.jsonl", "a.jsonl", "b.jsonl", "--show", "worst:2"),
        ("compare", "--no-ref", "a.jsonl", "b.jsonl", "ref.jsonl"),
        ("leaderboard", "--open", "--top", "3"),
    ],
)
def test_no_colour_is_lost_on_a_light_terminal(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notes were yellow: on white that has a contrast of 1.7 in xterm and 2.4 in GNOME's terminal."""
    for name, texts in (("ref", ("one two", "three four")), ("a", ("one too", "three")), ("b", ("one", None))):
        rows = [{"id": f"u{at}", "text": text} for at, text in enumerate(texts) if text]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    with pytest.raises(SystemExit):
        main(list(words))
    out = capsys.readouterr().out
    codes = {code for found in re.findall(r"\x1b\[([0-9;]*)m", out) for code in found.split(";")}
    assert "note: " in re.sub(r"\x1b\[[0-9;]*m", "", out) and codes
    assert not codes & {"33", "36", "37", "38", *map(str, range(90, 98))}  # yellow, cyan, white, bright ones


def test_narrow_tables_of_a_comparison_break_no_system_s_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("whisper_tiny_en", "moonshine_tiny_en", "pocketsphinx_en_us", "qwen3_asr_small")
    for name, text in zip(("ref", *names), ("one two", "one too", "won two", "one", "on to"), strict=True):
        rows = [{"id": f"u{at}", "text": text, "room": f"r{at}"} for at in range(2)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["compare", "ref.jsonl", *(f"{name}.jsonl" for name in names), "--by", "room"])
    tables = capsys.readouterr().out.partition("Errors by class")[2]
    assert max(map(len, tables.splitlines())) <= 80
    for title in ("Most frequent errors", "By room"):
        assert title in tables
    for name in names:  # once in each of the three tables
        assert len(re.findall(rf"\b{name}\b", tables)) == 3


def test_nothing_else_draws() -> None:
    """Live displays of rich swap `sys.stdout`; there is one place for what is drawn over and over."""
    sources = [path for folder in ("asrcli", "plugins") for path in (ROOT / folder).rglob("*.py")]
    forbidden = re.compile(r"rich\.(live|status)|\.status\(\"|rich\.progress import track|_bar\.start\(")
    assert len(sources) > 100
    assert [path.name for path in sources if forbidden.search(path.read_text())] == []
    drawing = {path.name for path in sources if "rich.progress" in path.read_text()}
    assert drawing == {"console.py"}


def alone(recipe: str, folder: Path, **more: str) -> bytes:
    """Run a recipe where there is no terminal."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", recipe],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=folder,
        env={**os.environ, **more},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def fresh(folder: Path) -> Path:
    """Return a new copy of a folder, in the same place every time."""
    place = folder.with_name("at work")
    shutil.rmtree(place, ignore_errors=True)
    return Path(shutil.copytree(folder, place))


def check(recipe: str, stdout: Stdout, columns: int, folder: Path) -> None:
    """Run a recipe with and without a terminal, and hold one against the other.

    Names of files appear as they are finished, in any order.
    """
    seen = at_terminal(["bash", "-euo", "pipefail", "-c", recipe], stdout, columns, cwd=fresh(folder))
    assert seen.code == 0, seen.screen
    if stdout != "terminal":
        assert sorted(seen.out.split(b"\n")) == sorted(alone(recipe, fresh(folder)).split(b"\n"))
        return
    expected = alone(recipe, fresh(folder), COLUMNS=str(columns)).decode().splitlines()
    missing = Counter(line.rstrip() for line in expected) - Counter(seen.lines)  # standard error is there, too
    assert not missing, seen.lines


CHEAP = "asr transcribe recordings talk.wav -f ctm"


@pytest.mark.parametrize(
    ("stdout", "columns"),
    [("terminal", 40), *(pytest.param(*one, marks=pytest.mark.slow) for one in (("file", 80), ("pipe", 40)))],
)
def test_a_command_at_a_terminal_writes_the_same(stdout: Stdout, columns: int, recipe_place: Path) -> None:
    check(CHEAP, stdout, columns, recipe_place)


@pytest.mark.slow
@pytest.mark.parametrize(("stdout", "columns"), WAYS)
@pytest.mark.parametrize("recipe", shell_recipes(), ids=first_line)
def test_recipes_at_a_terminal_write_the_same(recipe: str, stdout: Stdout, columns: int, recipe_place: Path) -> None:
    need(recipe)
    check(recipe, stdout, columns, recipe_place)


MORE = [
    "asr transcribe talk.wav > talk.txt; cat talk.txt",
    "asr transcribe recordings | head -n 1 || test $? -eq 141",
    'text=$(asr transcribe talk.wav); echo "$text"',
    "asr transcribe talk.wav --json | jq .engine",
    "asr transcribe talk.wav --events fd:3 3>&1 >talk.txt | jq -r .type; cat talk.txt",
    "asr align talk.wav words.txt -f ctm | head -n 2 || test $? -eq 141",
    "asr engines",
]


@pytest.mark.slow
@pytest.mark.parametrize(("stdout", "columns"), WAYS)
@pytest.mark.parametrize("recipe", MORE)
def test_other_ways_to_redirect(recipe: str, stdout: Stdout, columns: int, recipe_place: Path) -> None:
    need(recipe)
    check(recipe, stdout, columns, recipe_place)


def test_ctrl_c_takes_the_bar_away(recipe_place: Path) -> None:
    """The fake engine hears nothing of a pipe that stays open, so that the bar is up until somebody interrupts."""
    fifo = recipe_place / "recordings/open.wav"
    os.mkfifo(fifo)

    def interrupt(terminal: int, screen: str) -> bool:
        if "━" not in screen:
            return False
        os.write(terminal, b"\x03")
        return True

    command = [sys.executable, "-m", "asrcli", "transcribe", "recordings/monday.wav", "recordings/open.wav"]
    end = os.open(fifo, os.O_RDWR)
    seen = at_terminal(command, "file", 80, interrupt, cwd=recipe_place)
    os.close(end)
    assert seen.code == 128 + signal.SIGINT
    assert seen.lines[-2:] == ["asr: interrupted; the same command goes on from here", ""]
    assert not any("━" in line for line in seen.lines)


def test_an_interrupt_while_a_thread_is_started_is_an_interrupt() -> None:
    """Its wait for a lock that it has not taken again ends in an error of Python's, in the place of the interrupt."""
    lock = threading.Lock()
    with pytest.raises(RuntimeError, match="release unlocked lock") as found, lock:
        lock.release()
        raise KeyboardInterrupt(signal.SIGTERM)
    assert interrupt_code(found.value) == 128 + signal.SIGTERM
    with pytest.raises(RuntimeError, match="a bug"):
        interrupt_code(RuntimeError("a bug"))


@pytest.mark.slow
def test_each_of_many_workers_is_shown(tmp_path: Path) -> None:
    """Eight on four GPUs, whose names do not fit into one line of 80 characters."""
    write_silence(tmp_path / "a-b.wav", 300.0)
    words = [
        "transcribe",
        "a-b.wav",
        "-e",
        "fake",
        "-m",
        "sleep=0.5",
        "--no-vad",
        "--batch-size",
        "1",
        "--workers",
        "8",
    ]
    command = [sys.executable, "-m", "asrcli", *words, "--device", "cuda:0,cuda:1,cuda:2,cuda:3"]
    seen = at_terminal(command, "file", 80, cwd=tmp_path, env=quiet_environment(tmp_path))
    assert seen.code == 0, seen.screen
    for number in (1, 2):
        for gpu in range(4):
            assert re.search(rf"cuda:{gpu} {number}: \d+\.\d x", seen.screen), seen.screen
    assert all(len(line) <= 80 for line in CONTROL.sub("", seen.screen).splitlines())


def test_facts_are_parted_between_lines_only() -> None:
    facts = [f"cuda:{number} 1: 10.0 x" for number in range(20)]
    lines = in_lines(facts, 40).splitlines()
    assert lines == ["cuda:0 1: 10.0 x, cuda:1 1: 10.0 x,", "cuda:2 1: 10.0 x, cuda:3 1: 10.0 x,",
                     "cuda:4 1: 10.0 x, cuda:5 1: 10.0 x,", "cuda:6 1: 10.0 x, cuda:7 1: 10.0 x, …"]  # fmt: skip
    assert in_lines(facts[:2], 80) == "cuda:0 1: 10.0 x, cuda:1 1: 10.0 x"
