"""What a person sees while a benchmark runs: a table of the engines, how far each is, and how long it will take."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from asrcli.base import display
from asrcli.base.console import NARROW, Console, clock
from asrcli.bench import messages as say

if TYPE_CHECKING:
    from rich.table import Table

    from asrcli.types import Utterance


AROUND = 6  # lines of a terminal that the rows of the table must leave
SECONDS_BETWEEN = 60.0  # lines about a part that takes long, where nobody looks on


@dataclass(slots=True)
class State:
    """How far one engine is."""

    phase: str = ""
    total: int = 0
    done: int = 0
    begun: float = 0.0
    said: float = 0.0  # when there was a line about it last
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

    @property
    def rate(self) -> str:
        """The error rate so far, with the basic normaliser."""
        return f"{100 * self.errors / self.words:.2f} %" if self.words else ""

    @property
    def speed(self) -> str:
        """RTFx so far."""
        return f"{self.audio / self.wall:.1f}" if self.wall else ""

    @property
    def far(self) -> str:
        """How far it is, in a line."""
        more = {"left": self.left, "WER so far": self.rate, "RTFx": self.speed}
        told = "".join(f", {name} {value}" for name, value in more.items() if value)
        return f"{self.phase} {self.done}/{self.total}{told}"


class Board:
    """The watcher of a command: a live table on a terminal; elsewhere a line for each part, and one a minute in it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.states: dict[str, State] = {}
        self.traces: set[str] = set()
        self._live: display.Display | None = None
        self._normalize: Any = None

    def __enter__(self) -> Self:
        if display.possible() and not self.console.quiet:
            self._live = display.Display(self.table)
            self._live.start()
        return self

    def __exit__(self, *unused: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def phase(self, system: str, name: str, total: int) -> None:
        """A part of the work begins."""
        state = self.states.setdefault(system, State())
        before, state.phase = state.phase, name
        state.total, state.done, state.begun = total, 0, time.perf_counter()
        if self._live is None and kind_of(name) != kind_of(before):
            self._say(system, state, kind_of(name))

    def step(self, system: str, transcribed: say.Transcribed | None = None, one: Utterance | None = None) -> None:
        """A step is done."""
        state = self.states[system]
        state.done += 1
        if transcribed is not None and one is not None and state.phase == "utterances":
            self._count(state, transcribed, one)
        if self._live is None and state.done < state.total and time.perf_counter() - state.said > SECONDS_BETWEEN:
            self._say(system, state, state.far)

    def finished(self, system: str, record: Path) -> None:
        """Say where the record of an engine is."""
        state = self.states.setdefault(system, State())
        state.phase, state.total = "finished", 0
        self.note(f"{system}: {record}")

    def _say(self, system: str, state: State, text: str) -> None:
        state.said = time.perf_counter()
        self.console.note(f"{system}: {text}" if system else text)

    def note(self, text: str) -> None:
        """Say something that is good to know."""
        self.console.note(text)

    def bug(self, trace: str) -> None:
        """Show a traceback, once however many utterances have it."""
        if trace not in self.traces:
            self.traces.add(trace)
            self.console.raw(trace)

    def lost(self, text: str) -> None:
        """Say what cannot be had, also to those who want errors only."""
        self.console.error(text)

    def _count(self, state: State, transcribed: say.Transcribed, one: Utterance) -> None:
        from asrcli.scoring.alignment import distances
        from asrcli.text.normalisers import build

        if self._normalize is None:
            self._normalize = build("basic", None)
        words = self._normalize(one.text).split()
        state.errors += distances([words], [self._normalize(transcribed.text or "").split()])[0]
        state.words += len(words)
        state.audio += one.seconds or 0.0
        state.wall += transcribed.total

    def table(self) -> Table:
        """Return the table as it is now."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        size = display.terminal_size(sys.stderr)
        wide = size.columns >= NARROW
        made = Table(box=box.SIMPLE_HEAD if wide else None, pad_edge=False, padding=(0, 1) if wide else (0, 0, 0, 1))
        names = ("system", "now", "done", "left", "WER so far", "RTFx")[: None if wide else 4]
        for name in names:
            made.add_column(name, justify="left" if name in ("system", "now") else "right", no_wrap=True)
        for system, state in list(self.states.items())[-max(1, size.lines - AROUND) :]:  # the last one is at work
            steps = f"{state.done}/{state.total}" if state.total else ""
            cells = (Text(system), Text(state.phase), steps, state.left, state.rate, state.speed)
            made.add_row(*cells[: len(names)])
        return made


def kind_of(phase: str) -> str:
    """Return the name that parts have in common: of ``repeat 2`` and ``repeat 3``, of all rows of a card."""
    return phase.partition(":")[0].rstrip("0123456789 ")
