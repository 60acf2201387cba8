"""A process in the environment of a stranger's engine that tells the engine's card, and nothing else.

Run as ``python -m asrcli.workers.telling FD PARENT``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points

from asrcli.base.files import cause
from asrcli.base.import_guard import guard_imports
from asrcli.engine import GROUP
from asrcli.engines.foreign import Card, card_of, check
from asrcli.environments.store import Environment
from asrcli.errors import EngineUnavailable
from asrcli.transport.child import Child, Died
from asrcli.transport.codec import ProtocolError
from asrcli.transport.hosting import Next, Put, host

SECONDS = 120.0  # an engine that imports heavy libraries at once is slow, and is shown all the same


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the card of an engine."""

    name: str


def main() -> None:
    """Answer one question."""
    host(_work, (Tell,))


def _work(receive: Next, put: Put) -> None:
    asked: Tell = receive()
    known = {point.name: point for point in entry_points(group=GROUP)}
    if asked.name not in known:
        raise EngineUnavailable(
            f"the package declares no engine '{asked.name}'; it declares: {', '.join(known) or 'none'}"
        )
    guard_imports()
    try:
        card = card_of(known[asked.name].load())
    except EngineUnavailable:
        raise
    except Exception as error:  # whatever a stranger's module raises
        said = f"{type(error).__name__}: {' '.join(cause(error).split())[:200]}"
        raise EngineUnavailable(f"engine '{asked.name}' does not import in its environment: {said}") from error
    put(card)
    receive()  # until the parent goes away


def ask(environment: Environment, announce: Callable[[str], None]) -> Card:
    """Return the card of the engine that an environment was made for.

    Raises:
        EngineUnavailable: it cannot be told, or is none.
    """
    child = Child("asrcli.workers.telling", announce, {"PYTHONPATH": environment.modules}, environment.python)
    try:
        child.greet(SECONDS)
        child.send(Tell(environment.engine), SECONDS)
        card: Card = child.receive((Card,), SECONDS)
        check(card)
    except (Died, ProtocolError, ValueError) as error:
        raise EngineUnavailable(f"engine '{environment.engine}' tells no card: {error}") from None
    finally:
        child.close()
    return card


if __name__ == "__main__":
    main()
