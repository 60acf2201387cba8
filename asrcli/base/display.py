"""What is drawn over and over at the foot of the terminal, while lines that others write appear above it, as they are.

The one place for live displays. Data never goes through what draws: rich's own displays swap `sys.stdout` for the
console of standard error, so that redirected output would be on the screen and not in its file.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

SECONDS_BETWEEN = 0.1  # drawings
SECONDS_ASIDE = 0.15  # after data for a pipe: what reads there may write to the same terminal
FALLBACK = os.terminal_size((80, 24))

_shown: list[Display] = []  # at most one


def possible() -> bool:
    """Return whether standard error is a terminal that can be drawn on."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def take_down() -> None:
    """Take away what is shown, if anything is: before the process ends without unwinding."""
    for display in list(_shown):
        display.stop()


def write_aside(stream: IO[str], write: Callable[[], None]) -> None:
    """Write data of a stream that is not standard output, ``fd:3`` say, while nothing is drawn that it may run into."""
    if _shown and _may_collide(stream):
        _shown[0].clear(SECONDS_ASIDE, write)
    else:
        write()


def erasing(height: int) -> str:
    """Return what erases a number of lines, the last of which the cursor is in."""
    return "\r\x1b[2K" + "\x1b[1A\x1b[2K" * (height - 1) if height else ""


class Display:
    """Draws what a function returns; it may be called from a thread of its own.

    The cursor is not hidden, so that a killed process leaves the terminal as it was.
    """

    def __init__(self, content: Callable[[], RenderableType]) -> None:
        self._content = content
        self._lock = threading.RLock()
        self._height = 0  # lines of the terminal that are drawn on
        self._back = 0.0  # when it may be drawn again
        self._over = threading.Event()
        self._shared: list[SharedStream] = []

    def start(self) -> None:
        """Show it until `stop`."""
        from rich.console import Console

        # A stream of its own, beside the shared one that others write to.
        own = os.dup(sys.stderr.fileno())
        self._file = open(own, "w", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 -- `stop` closes it
        self._console = Console(file=self._file, force_terminal=True)
        self._shared = [SharedStream(stream, self.clear) for stream in (sys.stdout, sys.stderr) if _may_collide(stream)]
        threading.Thread(target=self._keep_drawing, daemon=True).start()
        with self._lock:
            _shown.append(self)
            self._draw()

    def stop(self) -> None:
        """Take it away; what was written in pieces comes out."""
        with self._lock:
            if self not in _shown:
                return
            _shown.remove(self)
            self._over.set()
            self._erase()
            for shared in self._shared:
                shared.release()
            with suppress(OSError):
                self._file.close()

    def clear(self, seconds: float, write: Callable[[], None]) -> None:
        """Write while nothing is drawn; it is drawn again after the given seconds."""
        with self._lock:
            self._erase()
            write()
            self._back = time.monotonic() + seconds

    def _keep_drawing(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN):
            with self._lock:
                if not self._over.is_set() and time.monotonic() >= self._back:
                    self._draw()

    def _erase(self) -> None:
        self._put(erasing(self._height))
        self._height = 0

    def _draw(self) -> None:
        size = terminal_size(self._file)
        self._console.size = size
        with self._console.capture() as drawn:
            self._console.print(self._content(), end="")
        lines = drawn.get().rstrip("\n").split("\n")[: size.lines - 1]
        before, self._height = self._height, len(lines)
        self._put(erasing(before) + "\n".join(lines))

    def _put(self, text: str) -> None:
        with suppress(OSError):  # the terminal has gone, which is no reason to stop the work
            self._file.write(text)
            self._file.flush()


def terminal_size(stream: IO[str]) -> os.terminal_size:
    """Return the size of a terminal now, or 80 by 24 where it does not say."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except OSError:
        size = os.terminal_size((0, 0))
    return os.terminal_size((size.columns or FALLBACK.columns, size.lines or FALLBACK.lines))


def _may_collide(stream: Any) -> bool:
    """Return whether what is written there may come to the terminal: not when it is a file."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # no real stream
        return False
    return stream.isatty() or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


class SharedStream:
    """A stream that others write to while a display is shown: whole lines appear when the place is clear.

    Its method `write` is replaced, not the stream in `sys`: loggers that were set up before hold the stream itself.
    """

    def __init__(self, stream: Any, clear: Callable[[float, Callable[[], None]], None]) -> None:
        self._stream, self._clear = stream, clear
        self._write = stream.write
        self._terminal = stream.isatty()
        self._rest = ""  # of a line of which more will come
        self._lock = threading.RLock()
        stream.write = self.write

    def write(self, text: str) -> int:
        """Write the lines that are whole; to a pipe, everything."""
        with self._lock:
            whole, self._rest = self._rest + text, ""
            if self._terminal:
                whole, newline, self._rest = whole.rpartition("\n")
                whole += newline
            if whole:
                self._clear(0.0 if self._terminal else SECONDS_ASIDE, lambda: self._pass_on(whole))
        return len(text)

    def _pass_on(self, text: str) -> None:
        self._write(text)
        self._stream.flush()

    def release(self) -> None:
        """Give the stream back, with the rest of the last line."""
        del self._stream.write
        if self._rest:
            self._pass_on(self._rest)
