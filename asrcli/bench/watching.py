"""What a person sees while a benchmark runs: a table of the engines, how far each is, and how long it will take."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from asrcli.bench import messages as say
from asrcli.console import Console, clock, printable

if TYPE_CHECKING:
    from rich.table import Table

    from asrcli.types import Utterance


@dataclass(slots=True)
class State:
    """How far one engine is."""

    phase: str = ""
    total: int = 0
    done: int = 0
    begun: float = 0.0
    errors: int = 0
    words: int = 0
    audio: float = 0.0
    wall: float = 0.0

    @property
    def left(self) -> str:
        """How long the part that it is in will still take, if all of it goes as what is done."""
        if not self.done or self.done >= self.total:
            return ""
        return clock((time.perf_counter() - self.begun) / self.done * (self.total - self.done))


class Board:
    """The watcher of a command: a live table on a terminal, a line for every part of the work elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.states: dict[str, State] = {}
        self._live: Any = None
        self._normalize: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self.console.quiet:
            from rich.console import Console as RichConsole
            from rich.live import Live

            self._live = Live(console=RichConsole(stderr=True), transient=True, get_renderable=self.table)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def phase(self, system: str, name: str, total: int) -> None:
        """A part of the work begins."""
        state = self.states.setdefault(system, State())
        state.phase, state.total, state.done, state.begun = name, total, 0, time.perf_counter()
        if self._live is None:
            self.console.detail(f"{system}: {name}" if system else name)

    def step(self, system: str, heard: say.Heard | None = None, one: Utterance | None = None) -> None:
        """A step is done."""
        state = self.states[system]
        state.done += 1
        if heard is not None and one is not None and state.phase == "utterances":
            self._count(state, heard, one)

    def note(self, text: str) -> None:
        """Say something that is good to know."""
        if self._live is not None:
            self._live.console.print(f"asr: {printable(text)}", markup=False, highlight=False, soft_wrap=True)
        else:
            self.console.note(text)

    def _count(self, state: State, heard: say.Heard, one: Utterance) -> None:
        from asrcli.scoring.alignment import distances
        from asrcli.text.normalisers import build

        if self._normalize is None:
            self._normalize = build("basic", None)
        words = self._normalize(one.text).split()
        state.errors += distances([words], [self._normalize(heard.text or "").split()])[0]
        state.words += len(words)
        state.audio += one.seconds or 0.0
        state.wall += heard.total

    def table(self) -> Table:
        """Return the table as it is now."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("system", "now", "done", "left", "WER so far", "RTFx"):
            made.add_column(name, justify="left" if name in ("system", "now") else "right")
        for system, state in self.states.items():
            rate = f"{100 * state.errors / state.words:.2f} %" if state.words else ""
            speed = f"{state.audio / state.wall:.1f}" if state.wall else ""
            steps = f"{state.done}/{state.total}" if state.total else ""
            made.add_row(Text(system), Text(state.phase), steps, state.left, rate, speed)
        return made
