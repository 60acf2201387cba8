"""How a source ended. A failed source is never "no news"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from asrcli.digest.items import Item


class State(StrEnum):
    """How a source, or one way of asking it, ended."""

    OK = "ok"  # answered, and there is news
    QUIET = "quiet"  # answered, fresh, and nothing is new: the only state that may be called "no news"
    STALE = "stale"  # answered with old data
    PARTIAL = "partial"  # some of it was read: a cut answer, or one of two ways failed
    EMPTY = "empty"  # answered 200 with nothing where something must be
    FAILED = "failed"  # no usable answer
    OFF = "off"  # needs a token or a budget that was not given


SOUND = frozenset({State.OK, State.QUIET})
USABLE = frozenset({State.OK, State.QUIET, State.PARTIAL})


@dataclass(frozen=True, slots=True)
class Report:
    """What one source, or one transport of it, gave and how that is known."""

    name: str  # "arxiv", or "arxiv rss" for a transport
    state: State
    evidence: str  # status, totals, dates: one line, for the reader of the digest
    items: tuple[Item, ...] = ()
    parts: tuple[Report, ...] = ()  # the transports it was put together from
    marks: tuple[tuple[str, str], ...] = ()  # watermarks to keep when the run is stored: name and value


def join(states: Iterable[State]) -> State:
    """Return the state of a source from the states of its transports.

    One bad way beside a usable one is partial. Ways that fail alike keep their name; different failures are failed.
    """
    found = [state for state in states if state is not State.OFF]
    if not found:
        return State.OFF
    if all(state in SOUND for state in found):
        return State.OK if State.OK in found else State.QUIET
    if any(state in USABLE for state in found):
        return State.PARTIAL
    return found[0] if len(set(found)) == 1 else State.FAILED


def exit_code(reports: Sequence[Report]) -> int:
    """Return 0 when every source asked is sound, 3 when some are not, 4 when none is usable."""
    asked = [report.state for report in reports if report.state is not State.OFF]
    if asked and not any(state in USABLE for state in asked):
        return 4
    return 0 if asked and all(state in SOUND for state in asked) else (3 if asked else 4)
