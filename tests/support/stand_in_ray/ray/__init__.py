"""Imitates as much of Ray as the driver uses: actors are objects, each asked by a thread of its own.

The variable STAND_IN_RAY says in JSON what the cluster is like: ``nodes``, the CPUs of each; ``log``, a file for what
Ray was told; ``lose``, a word at which an actor goes with its node, once; ``crash``, one at which the driver ends;
``lacking``, the numbers of nodes that have not what engines need.
"""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

CLUSTER: dict[str, Any] = json.loads(os.environ["STAND_IN_RAY"])
ACTORS: dict[_Handle, int] = {}  # each with its node; one worker fits on each
HERE = threading.local()
PLACING = threading.Lock()
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
    return [
        {"Alive": True, "NodeID": f"node-{number}", "Resources": {"CPU": cpus}}
        for number, cpus in enumerate(CLUSTER["nodes"])
    ]


def available_resources() -> dict[str, float]:
    """Return what is free."""
    return {"CPU": sum(CLUSTER["nodes"])}


def get_runtime_context() -> Any:
    """Return what an actor can ask for its node."""
    return SimpleNamespace(get_node_id=lambda: f"node-{HERE.node}")


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
        self.without = str(options.get("label_selector", {}).get("ray.io/node-id", ""))

    def __call__(self, kind: Any) -> remote:
        self.kind = kind
        return self

    def remote(self, *words: Any) -> _Handle:
        return _Handle(self.kind, words, self.without)


class _Handle:
    def __init__(self, kind: Any, words: Any, without: str) -> None:
        self._actor, self._without, self._ended = kind(*words), without, False
        self._thread = ThreadPoolExecutor(1)
        self._place()
        self.ask = self

    def _place(self) -> bool:
        """Take a node that is free; return whether this has one."""
        with PLACING:
            if self in ACTORS:
                return True
            free = [one for one in range(len(CLUSTER["nodes"])) if one not in ACTORS.values()]
            free = [one for one in free if f"node-{one}" not in self._without]
            if not free:
                return False
            ACTORS[self] = free[0]
            if free[0] in CLUSTER.get("lacking", ()):
                self._actor._needs = ("/nowhere/weights",)
            return True

    def remote(self, head: str, body: Any) -> _Handle:
        self._answer = self._thread.submit(self._ask, head, body)
        return self

    def future(self) -> Future[str]:
        return self._answer

    def end(self) -> None:
        self._ended = True
        ACTORS.pop(self, None)
        if (child := self._actor._child) is not None:
            child.kill()

    def _ask(self, head: str, body: Any) -> str:
        while not self._ended and not self._place():
            time.sleep(0.02)
        if self._ended:
            raise ActorDiedError("The actor was killed.")
        if CLUSTER.get("crash", "\n") in head:
            os._exit(3)
        if CLUSTER.get("lose", "\n") in head:
            del CLUSTER["lose"], CLUSTER["nodes"][-1]
            self.end()
            raise ActorDiedError("The actor died because its node has died.")
        HERE.node = ACTORS.get(self)
        found: str = self._actor.ask(head, body)
        return found
