"""One recording on its way through a run."""

from __future__ import annotations

from dataclasses import dataclass

from asrcli.pipeline.assembly import Assembly
from asrcli.pipeline.events import Known
from asrcli.pipeline.feed import End
from asrcli.types import Clip


@dataclass(slots=True, eq=False)
class Track:
    """One recording on its way through a run."""

    index: int
    assembly: Assembly
    known: Known
    started: float
    undecided: list[Clip]  # held back until the language is known
    voting: bool = False  # a thread identifies the language now
    failed: bool = False
    told: bool = False  # the user, of a part in another language
    end: End | None = None  # the decoder's last word

    @property
    def over(self) -> bool:
        """Whether nothing more comes: failed, or recognised to the end."""
        return self.end is not None and not self.voting and (self.failed or self.assembly.complete)
