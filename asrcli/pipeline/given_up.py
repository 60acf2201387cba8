"""Recognisers of a run that have failed while others go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from asrcli.base.files import cause
from asrcli.errors import NoPlace
from asrcli.pipeline.events import Event, Notice

if TYPE_CHECKING:
    from asrcli.engines.recogniser import Recogniser


class GivenUp:
    """Which have failed, and why.

    That is said when another one has recognised something, or when none is left; what all of them suffer from is said
    once, as the failure of the run. That one of them has no place does not concern the others.
    """

    def __init__(self, left: list[Recogniser], put: Callable[[Event], None]) -> None:
        self.left, self._put = left, put
        self._unsaid: list[tuple[str, str]] = []

    def spare(self, recogniser: Recogniser, error: Exception, others_work: bool) -> bool:
        """Give up one that has failed, if others are left; return whether there are."""
        if recogniser not in self.left:
            return True
        if len(self.left) < 2:
            self._end(error)
            return False
        self.left.remove(recogniser)
        self._unsaid.append((str(recogniser.choice.device), cause(error)))
        if others_work or isinstance(error, NoPlace):
            self.say()
        return True

    def say(self) -> None:
        """Say who has failed, since others go on."""
        for device, why in self._unsaid:
            self._put(Notice(f"{device}: {why}; the other workers go on"))
        self._unsaid = []

    def _end(self, error: Exception) -> None:
        """Say why the others have failed, if that was something else than the failure of the last one."""
        for device, why in self._unsaid:
            if why != cause(error):
                self._put(Notice(f"{device}: {why}"))
        self._unsaid = []
