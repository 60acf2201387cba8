"""Running a command as a person does, at a terminal; and what the screen shows then."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Self

Stdout = Literal["file", "pipe", "terminal"]
CONTROL = re.compile(r"\x1b\[(?P<private>\??)(?P<number>[\d;]*)(?P<verb>[A-Za-z])")


@dataclass(frozen=True)
class Seen:
    """What a command at a terminal left behind."""

    code: int
    out: bytes  # in the file or the pipe; nothing when standard output was the terminal
    screen: str  # all that came to the terminal, escape sequences too
    columns: int

    @property
    def lines(self) -> list[str]:
        """The lines that are on the screen at the end, those that have scrolled away too."""
        return shown(self.screen, self.columns)


def at_terminal(
    command: Sequence[str],
    stdout: Stdout = "terminal",
    columns: int = 80,
    meanwhile: Callable[[int, str], bool] | None = None,
    **place: object,
) -> Seen:
    """Run a command with standard input and error at a pseudo-terminal, which is its controlling one.

    ``meanwhile`` gets the terminal and what came so far, until it returns true: a person who types.
    """
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    outputs: dict[Stdout, int | IO[bytes]] = {"pipe": subprocess.PIPE, "terminal": slave}
    with open(os.path.join(str(place.get("cwd") or "."), ".stdout"), "w+b") as file:
        process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=outputs.get(stdout, file),
            stderr=slave,
            preexec_fn=_take_terminal,
            **place,  # type: ignore[call-overload]
        )
        os.close(slave)
        out, screen = _read(process, master, meanwhile)
        file.seek(0)
        out += file.read()
    Path(file.name).unlink()
    os.close(master)
    return Seen(process.returncode, out, screen, columns)


class PseudoTerminal:
    """A terminal of this process's own, read all the time; a context manager."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (24, columns))
        self._came = b""
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        os.close(self.slave)
        self._reader.join(10)
        os.close(self._master)

    def stream(self) -> IO[str]:
        """Return a stream that writes to it, as `sys.stderr` would be."""
        return open(os.dup(self.slave), "w", encoding="utf-8", buffering=1)

    def text(self) -> str:
        """Return all that came so far, once it has arrived."""
        while True:
            with self._lock:
                if not select.select([self._master], [], [], 0)[0]:
                    return self._came.decode(errors="replace")
            time.sleep(0.001)

    def _read(self) -> None:
        with suppress(OSError):  # the other end is closed
            while select.select([self._master], [], []):
                with self._lock:
                    self._came += os.read(self._master, 65536)


def _take_terminal() -> None:
    import fcntl

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read(
    process: subprocess.Popen[bytes], master: int, meanwhile: Callable[[int, str], bool] | None
) -> tuple[bytes, str]:
    """Read both ends until the command has gone."""
    pipe = process.stdout.fileno() if process.stdout else None
    parts: dict[int, bytes] = {master: b"", **({pipe: b""} if pipe is not None else {})}
    open_ends = set(parts)
    until = time.monotonic() + 120
    while open_ends and time.monotonic() < until:
        for end in select.select(list(open_ends), [], [], 1.0)[0]:
            data = b""
            with suppress(OSError):  # the last one who had the terminal has gone
                data = os.read(end, 65536)
            parts[end] += data
            if not data:
                open_ends.discard(end)
        if meanwhile is not None and meanwhile(master, parts[master].decode(errors="replace")):
            meanwhile = None
    if open_ends:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()
    return parts.get(pipe, b"") if pipe is not None else b"", parts[master].decode(errors="surrogateescape")


class Screen:
    """A terminal as far as these programs use one: it wraps, erases, and moves the cursor; it never forgets a line."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.rows: list[list[str]] = [[]]
        self.wrapped: set[int] = set()  # rows that go on in the next one
        self.row = self.column = 0
        self.hidden = False

    def feed(self, text: str) -> None:
        """Take what a program wrote."""
        at = 0
        while at < len(text):
            found = CONTROL.match(text, at)
            if found:
                self._control(found)
                at = found.end()
            else:
                self._character(text[at])
                at += 1

    def _control(self, found: re.Match[str]) -> None:
        number = int(found["number"] or 0) if found["number"].isdigit() or not found["number"] else 0
        row = self.rows[self.row]
        match found["private"] + found["verb"]:
            case "K" if number == 2:
                row.clear()
                self.wrapped.discard(self.row)
            case "K":
                del row[self.column :]
            case "A":
                self.row = max(0, self.row - (number or 1))
            case "C":
                self.column = min(self.columns - 1, self.column + (number or 1))
            case "?h" | "?l":
                self.hidden = found["verb"] == "l"
            case "m":
                pass
            case unknown:
                raise AssertionError(f"the screen does not know {unknown!r}")

    def _character(self, char: str) -> None:
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self._next_row()
        else:
            if self.column == self.columns:
                self.wrapped.add(self.row)
                self._next_row()
                self.column = 0
            row = self.rows[self.row]
            row.extend(" " * (self.column + 1 - len(row)))
            row[self.column] = char
            self.column += 1

    def _next_row(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])


def shown(text: str, columns: int) -> list[str]:
    """Return the lines that a terminal shows after a text; what it wrapped is one line again."""
    screen = Screen(columns)
    screen.feed(text)
    assert not screen.hidden, "the cursor is not visible"
    while len(screen.rows) > screen.row + 1 and not screen.rows[-1]:
        screen.rows.pop()  # had been drawn on, below where the cursor is now
    lines, rest = [], ""
    for at, row in enumerate(screen.rows):
        rest += "".join(row)
        if at not in screen.wrapped:
            lines.append(rest.rstrip())
            rest = ""
    return lines
