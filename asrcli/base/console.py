"""Talk on standard error: notes, errors, and a progress bar where a person looks on. Data never comes through here."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from asrcli.base import display

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.console import RenderableType
    from rich.progress import Progress, TaskID
    from rich.segment import Segment

WIDE = 240  # characters in a line of a table that no terminal shows
MOST_SAID = 5_000  # characters of a line: more than any path can have
UNBROKEN = "\u00a0"  # a space at which no line ends
NARROW = 72  # columns of a terminal below which a bar, or a table that is drawn again and again, says less


def printable(text: str) -> str:
    """Return text on one line; line breaks, control characters and undecodable bytes of names become escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def line_of(text: str) -> str:
    """Return text as one line for people; of a very long one, the beginning and the end."""
    text = printable(without_users(text))
    if len(text) > MOST_SAID:
        head, tail = text[:500], text[-300:]
        text = f"{head} [{len(text) - len(head) - len(tail)} characters left out] {tail}"
    return text


def brief(text: str, most: int = 60) -> str:
    """Return a text to be quoted in a sentence: all of it, or its beginning."""
    return text if len(text) <= most else f"{text[:most]}..."


CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # compiled where it is used: most commands need it never


def harmless(text: str) -> str:
    """Return text for standard output: for a program as it is, on a terminal with what it would obey as escapes.

    Joiners and spaces of all scripts stay, which `printable` shows: this is for texts, not names.
    """
    return without_controls(text) if _at_terminal() else text


def without_controls(text: str) -> str:
    """Return lines, of a traceback or a library's log, with what a terminal would obey as escapes."""
    return re.sub(CONTROLS, lambda found: printable(found[0]), text)


USER = r"(://)[^/\s@'\"]*@"


def without_users(text: str) -> str:
    """Return text whose addresses name no user and no password."""
    return re.sub(USER, r"\1***@", text)


def for_terminal(text: object) -> str:
    """Return data as standard output should have it: for a program as it is, on a terminal without control characters.

    A name may hold sequences that a terminal obeys.
    """
    return (
        "\n".join(printable(line) for line in str(text).replace("\t", "    ").split("\n"))
        if _at_terminal()
        else str(text)
    )


def _at_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def tell(text: object = "") -> None:
    """Print data on standard output, as `for_terminal` gives it."""
    print(for_terminal(text))


def complain(text: object) -> None:
    """Print one line on standard error."""
    print(line_of(str(text)), file=sys.stderr)


def say_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of an unexpected error, as `sys.excepthook` does; it may quote a name or a file."""
    import traceback

    print(without_controls("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def clock(seconds: float) -> str:
    """Return a duration as people read it: ``7.3 s``, ``12:05``, ``1:02:03``."""
    if 0 < seconds < 0.1:
        return f"{seconds:.2g} s"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _plain(segment: Segment) -> Segment:
    text = "\n".join(printable(line) for line in segment.text.split("\n"))
    return segment if text == segment.text else segment._replace(text=text)


def table_console() -> RichConsole:
    """Return a console for tables on standard output: as wide as the terminal (or ``COLUMNS``), wide for a file.

    Raises `BrokenPipeError` when standard output is closed, as all that prints does, instead of rich's exit.
    """
    from rich.console import Console as RichConsole

    class TableConsole(RichConsole):
        """A console whose text is drawn without control characters, and which raises when its reader has gone."""

        def on_broken_pipe(self) -> None:
            """Raise `BrokenPipeError`, as the rest of the program does; rich would exit with 1."""
            raise BrokenPipeError

        def _render_buffer(self, buffer: Iterable[Segment]) -> str:
            # What is printed comes from names and texts of others; colours are added behind this.
            return super()._render_buffer(one if one.control else _plain(one) for one in buffer)

    width = shutil.get_terminal_size((WIDE, 24)).columns
    return TableConsole(width=width, highlight=False, emoji=False, markup=False)


class Console:
    """Writes lines and one progress bar; the bar only on a terminal, nothing but errors when quiet."""

    def __init__(self, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet, self.verbose = quiet, verbose
        self._bar: Progress | None = None
        self._display: display.Display | None = None
        self._task: TaskID | None = None
        self._started = time.perf_counter()
        self._recognised: dict[str, float] = {}
        self._worked: dict[str, float] = {}  # seconds of audio that each worker has transcribed

        if verbose:
            show_logs()

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *unused: object) -> None:
        self.stop()

    def note(self, text: str) -> None:
        """Say something that is good to know."""
        if not self.quiet:
            self._line(line_of(f"asr: {text}"))

    def detail(self, text: str) -> None:
        """Say something that only --verbose wants to know."""
        if self.verbose:
            self._line(line_of(f"asr: {text}"))

    def error(self, text: str) -> None:
        """Say what went wrong; said even when quiet."""
        self._line(line_of(f"asr: {text}"))

    def raw(self, text: str) -> None:
        """Write lines as they are: a traceback."""
        self._line(without_controls(text))

    def _line(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def start(self, seconds: float | None, doing: str = "transcribing") -> None:
        """Show a bar over a number of seconds of audio; ``None`` when the length is not known."""
        self._started = time.perf_counter()
        if self.quiet or not display.possible():
            return
        from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

        columns: list[ProgressColumn] = [BarColumn(), TextColumn("{task.fields[facts]}"), TimeRemainingColumn()]
        if display.terminal_size(sys.stderr).columns >= NARROW:
            columns.insert(0, TextColumn("{task.description}"))
        self._bar = Progress(*columns)
        self._task = self._bar.add_task(doing, total=seconds, facts="")
        self._display = display.Display(self._drawn)
        self._display.start()

    def employ(self, workers: Iterable[str]) -> None:
        """Show, beside the bar, what each of these does; none for an engine in this process."""
        self._worked = dict.fromkeys(workers, 0.0)

    def worked(self, worker: str, seconds: float) -> None:
        """Add seconds of audio to what a worker has transcribed."""
        self._worked[worker] = self._worked.get(worker, 0.0) + seconds

    def _drawn(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        assert self._bar is not None
        if len(self._worked) < 2:
            return self._bar.get_renderable()
        elapsed = max(1e-9, time.perf_counter() - self._started)
        rates = [f"{name}: {seconds / elapsed:.1f} x" for name, seconds in self._worked.items()]
        width = display.terminal_size(sys.stderr).columns
        return Group(self._bar.get_renderable(), Text(in_lines(rates, width), no_wrap=True, overflow="ellipsis"))

    def recognised(self, name: str, until: float) -> None:
        """Move the bar: one input has been transcribed up to a time."""
        self._recognised[name] = max(until, self._recognised.get(name, 0.0))
        if self._bar is not None and self._task is not None:
            done = sum(self._recognised.values())
            rate = done / max(1e-9, time.perf_counter() - self._started)
            facts = f"{clock(done)} of audio, {rate:.1f} x real time"
            if display.terminal_size(sys.stderr).columns < NARROW:
                facts = f"{clock(done)}, {rate:.1f} x"
            self._bar.update(self._task, completed=done, facts=facts)

    def stop(self) -> None:
        """Take the bar away."""
        if self._display is not None:
            self._display.stop()
            self._display = self._bar = None


def in_lines(facts: Iterable[str], width: int, most: int = 4) -> str:
    """Return facts in lines of at most ``width`` characters, none of them split; what does not fit is left out."""
    whole = ", ".join(fact.replace(" ", UNBROKEN) for fact in facts)
    lines = textwrap.wrap(whole, width, max_lines=most, placeholder=" …", break_on_hyphens=False)
    return "\n".join(lines).replace(UNBROKEN, " ")


def show_logs() -> None:
    """Let engines talk on standard error, with what their libraries say."""
    import logging

    class Harmless(logging.Formatter):
        """Formats records of a log without control characters and names of users."""

        def format(self, record: logging.LogRecord) -> str:
            """Return the line of a record."""
            return without_controls(without_users(super().format(record)))

    for name in ("asrcli", "asr_plugins"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(Harmless("asr: %(message)s"))
            logger.addHandler(handler)
            logger.setLevel(logging.DEBUG)
