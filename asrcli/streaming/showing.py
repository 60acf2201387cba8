"""Text on standard output while it is spoken: piece by piece for a pipe, with what is not settled yet on a terminal."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

from asrcli.base.display import SharedStream
from asrcli.streaming.recognition import Update

LEAST_ROOM = 20  # cells of a line that the tail is shown in


def text_shown() -> Text:
    """Return what shows text on standard output, as a terminal or as a pipe wants it."""
    return Terminal() if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" else Plain()


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _label(update: Update) -> str:
    """Return what stands before a line whose speaker is known."""
    speaker = update.segment.speaker if update.segment is not None else None
    return f"[{_printable(speaker)}] " if speaker else ""


class Silent:
    """Shows nothing: standard output is for something else."""

    def show(self, update: Update) -> None:
        """Show nothing."""

    def stop(self) -> None:
        """Do nothing: nothing is held."""


class Plain:
    """Settled text only, piece by piece, a line for each segment: for pipes and files."""

    def __init__(self) -> None:
        self.begun = False

    def show(self, update: Update) -> None:
        """Write what is settled now, at once."""
        text = _printable(update.settled)
        if not self.begun:
            text = _label(update) + text.lstrip()
        self.begun = self.begun or bool(text)
        if update.segment is not None and self.begun:
            text += "\n"
            self.begun = False
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()

    def stop(self) -> None:
        """Do nothing: nothing is held."""


class Terminal:
    """Settled text, and behind it on the same line the tail, dimmed and redrawn.

    Lines that others write to standard error on the same terminal get lines of their own.
    """

    def __init__(self) -> None:
        self.column = 0  # cells of the line that settled text takes
        self.drawn = 0  # cells of the tail
        self._lock = threading.RLock()
        self._shared = SharedStream(sys.stderr, self._between) if sys.stderr.isatty() else None

    def stop(self) -> None:
        """Let others write as they like again."""
        if self._shared is not None:
            self._shared.release()
            self._shared = None

    def _between(self, seconds: float, write: Callable[[], None]) -> None:
        """Write lines of others: without the tail, below the settled text."""
        with self._lock:
            sys.stdout.write(self._without_tail() + ("\n" if self.column else ""))
            sys.stdout.flush()
            self.column = self.drawn = 0
            write()

    def _without_tail(self) -> str:
        """Return what erases the tail, wherever the cursor is in its line: ^C is echoed behind it."""
        if not self.drawn:
            return ""
        return f"\r\x1b[{self.column}C\x1b[K" if self.column else "\r\x1b[K"

    def show(self, update: Update) -> None:
        """Take the tail away, write what is settled, and draw the new tail."""
        import shutil

        from asrcli.streaming.agreement import pieces as split

        width = shutil.get_terminal_size().columns
        text = _label(update) + _printable(update.settled) if not self.column else _printable(update.settled)
        with self._lock:
            pieces = [self._without_tail()]
            for at, (word, spaced) in enumerate(split(text)):
                pieces.append(self._placed(word, width, spaced and (at > 0 or text.startswith(" "))))
            self.drawn = 0
            if update.segment is not None:
                pieces.append("\n" if self.column else "")
                self.column = 0
            elif update.tail:
                pieces.append(self._tail(_printable(update.tail).strip(), width))
            sys.stdout.write("".join(pieces))
            sys.stdout.flush()

    def _placed(self, word: str, width: int, spaced: bool) -> str:
        """Return a word with what comes before it: nothing, a space, or a new line."""
        from rich.cells import cell_len

        size = cell_len(word)
        if self.column and self.column + 1 + size >= width:
            self.column = size
            return "\n" + word
        before = " " if self.column and spaced else ""
        self.column += len(before) + size
        return before + word

    def _tail(self, tail: str, width: int) -> str:
        """Return the end of the tail that fits on the line."""
        from rich.cells import cell_len

        before = " " if self.column else ""
        if width - self.column < min(LEAST_ROOM, cell_len(tail)) + 2:
            before, self.column = "\n", 0
        room = width - self.column - 2
        shown = tail
        while shown and cell_len(shown) > room:
            shown = shown[1:]
        self.drawn = cell_len(shown) + (before == " ")
        return f"{before}\x1b[2m{shown}\x1b[22m"


Text = Silent | Plain | Terminal  # where text appears
