"""Inputs of a comparison that cannot be read: each is said once, and the others are compared without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from asrcli.base.files import cause, refusal
from asrcli.errors import AsrError, UsageError


class Losses:
    """What could not be read. Without ``say`` nobody would hear of it, so the first one is raised."""

    def __init__(self, say: Callable[[str, Exception], None] | None = None) -> None:
        self.say = say
        self.notes: list[str] = []

    @contextmanager
    def boundary(self, name: object) -> Iterator[None]:
        """Keep the failure of one input from the others; a mistake in the command line ends all."""
        try:
            yield
        except UsageError:
            raise
        except Exception as error:  # the per-input boundary
            if self.say is None:
                raise
            self.say(str(name), error)
            why = cause(error) if isinstance(error, AsrError) else refusal(error) or f"{name}: {type(error).__name__}"
            self.notes.append(f"not compared: {why}")


STRICT = Losses()
