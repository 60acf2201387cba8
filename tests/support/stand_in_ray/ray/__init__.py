"""Imitates as much of Ray as the driver uses: actors are objects, each asked by a thread of its own.

The variable STAND_IN_RAY says in JSON what the cluster is like: ``nodes``, the CPUs of each; ``log``, a file for what
Ray was told; ``lose``, a word at which an actor goes with its node, once; ``crash``, one at which the driver ends.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

CLUSTER: dict[str, Any] = json.loads(os.environ["STAND_IN_RAY"])
ACTORS: list[_Handle] = []
WATCHED = ("RAY_USAGE_STATS_ENABLED", "RAY_AUTH_TOKEN", "RAY_AUTH_MODE", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")


class ActorDiedError(Exception):
    """As Ray calls it."""


def _log(**told: Any) -> None:
    with open(CLUSTER["log"], "a") as file:
        file.write(json.dumps(told, default=str) + "\n")


def init(**told: Any) -> None:
    """Join."""
    print("what Ray says on standard output")
    if told["address"] == "auto":
        raise ConnectionError("Could not find any running Ray instance.")
    _log(init=told, variables={name: os.environ.get(name) for name in WATCHED})


def nodes() -> list[dict[str, Any]]:
    """Return what there is."""
    return [{"Alive": True, "Resources": {"CPU": cpus}} for cpus in CLUSTER["nodes"]]


def available_resources() -> dict[str, float]:
    """Return what is free."""
    return {"CPU": sum(CLUSTER["nodes"])}


def shutdown() -> None:
    """Leave."""
    _log(shutdown=True)


def kill(actor: _Handle, no_restart: bool) -> None:
    """End an actor."""
    actor.end()


class remote:
    """Makes actors of a class."""

    def __init__(self, **options: Any) -> None:
        _log(remote=options)

    def __call__(self, kind: Any) -> remote:
        self.kind = kind
        return self

    def remote(self, *words: Any) -> _Handle:
        return _Handle(self.kind, words)


class _Handle:
    def __init__(self, kind: Any, words: Any) -> None:
        self._actor = kind(*words)
        self._thread = ThreadPoolExecutor(1)
        self._placed = len(ACTORS) < len(CLUSTER["nodes"])
        if self._placed:
            ACTORS.append(self)
        self.ask = self

    def remote(self, head: str, body: Any) -> _Handle:
        self._answer = self._thread.submit(self._ask, head, body) if self._placed else Future()
        return self

    def future(self) -> Future[str]:
        return self._answer

    def end(self) -> None:
        if self in ACTORS:
            ACTORS.remove(self)
        if (child := self._actor._child) is not None:
            child.kill()

    def _ask(self, head: str, body: Any) -> str:
        if CLUSTER.get("crash", "\n") in head:
            os._exit(3)
        if CLUSTER.get("lose", "\n") in head:
            del CLUSTER["lose"], CLUSTER["nodes"][-1]
            self.end()
            raise ActorDiedError("The actor died because its node has died.")
        found: str = self._actor.ask(head, body)
        return found
