"""A cluster of Ray as `asr` sees it: how many workers it takes, and each of them as if it were a process here."""

from __future__ import annotations

import itertools
import os
import queue
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from asrcli.base.counts import count_of
from asrcli.base.files import cause
from asrcli.engine import Device
from asrcli.engines.foreign import OWN, interpreter_of
from asrcli.engines.recogniser import Choice
from asrcli.errors import DeviceError, EngineUnavailable, NoPlace
from asrcli.transport.child import Child, Died, rounded
from asrcli.transport.codec import ProtocolError, decode, encode
from asrcli.transport.messages import Hello, Trouble, check, exception, hello
from asrcli.workers.messages import Answer, Ask, End, Join, Joined, Lacks, Lost, Open, Start

DRIVER = "asrcli.workers.ray_driver"
TO_JOIN = 180.0  # seconds, on a machine that has other work
TO_PLACE = 120.0  # seconds until the process of an engine answers: Ray waits for ever for what it has no room for
TO_LEAVE = 15.0
SECONDS_BETWEEN = 2.0

# Nothing is reported to the makers of Ray, and nothing is uploaded because `asr` was started by uv.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # the variables of an actor without a GPU stay as they are
}


def variables(address: str) -> dict[str, str]:
    """Return the variables of the driver. A cluster that it starts listens on the loopback alone.

    There every user of the machine can reach it, and run what he likes in the name of this one, unless he has to show a
    token. Ray would leave one in the home folder, readable by all.
    """
    if address != "local":
        return QUIET
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    return {**QUIET, **token, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


def divide(has: Joined, kind: str, count: int, threads: int) -> tuple[int, float]:
    """Return how many workers a cluster is to have, and the CPUs of each.

    Args:
        count: how many were asked for; 0: one on each GPU that is free, or else on each node.
        threads: of each; 0: one beside a GPU, and where there is none, what the smallest node can give to each.

    Raises:
        DeviceError: it has not so many GPUs free.
    """
    if kind == "cuda":
        free = int(has.free_gpus)
        if not 0 < max(count, 1) <= free:
            raise DeviceError(f"the cluster has {free} GPUs free, and {max(count, 1)} workers want one each")
        return count or free, max(1, threads)
    nodes = [one for one in has.cpus if one >= 1] or [1.0]
    most = max(1.0, min(min(nodes), sum(nodes) // (count or len(nodes))))
    return count or len(nodes), threads or most


class Cluster:
    """One connection to a cluster, through a driver in a process of its own.

    Raises:
        EngineUnavailable: it cannot be joined.
    """

    def __init__(self, address: str, announce: Callable[[str], None], keys: Sequence[str] = ()) -> None:
        self.address = address
        self.lost = ""  # why there is nobody to ask any more
        self.left_out: dict[str, str] = {}  # nodes, and what they lack
        self._guard = threading.Lock()
        self._numbers = itertools.count()
        self._inboxes: dict[int, queue.SimpleQueue[Any]] = {}
        # A short name: Ray's sockets are below it. The driver may die, and this process, too: both remove it.
        self._folder = tempfile.mkdtemp(prefix="asr-ray-", dir="/tmp") if address == "local" else ""
        self._driver = Child(DRIVER, announce, variables(address), keys=("RAY_", *(keys if self._folder else ())))
        try:
            self._driver.greet(TO_JOIN)
            self._driver.send(Join(address, self._folder))
            self.has: Joined = self._driver.receive((Joined,), TO_JOIN)
        except Died as death:
            self.close()
            raise EngineUnavailable(f"--ray {address}: its driver gave up: {death}") from None
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._listen, name="asr-ray", daemon=True).start()

    def launch(self, cpus: float, gpus: float) -> Callable[[Choice, Device, Callable[[str], None]], RayProcess]:
        """Return what starts the process of an engine on a node that has so much to give."""

        def start(choice: Choice, device: Device, announce: Callable[[str], None]) -> RayProcess:
            """Place a worker for an engine; what it needs has to lie at the same path on its node."""
            interpreter, found = interpreter_of(choice.engine)
            needs = [interpreter, os.path.join(found["PYTHONPATH"], OWN)] if interpreter else []
            needs += [os.path.abspath(choice.weights.path)] if choice.weights.path else []
            wanted = Open(-1, cpus, gpus, interpreter, found, tuple(needs), choice.engine.keys)
            return RayProcess(self, wanted, announce)

        return start

    @property
    def pid(self) -> int:
        """The process id of the driver."""
        return self._driver.pid

    def open(self, wanted: Open) -> tuple[int, queue.SimpleQueue[Any]]:
        """Ask for a worker; return its number, and what its answers are put into, or ``None`` if there are no more."""
        number = next(self._numbers)
        inbox = self._inboxes[number] = queue.SimpleQueue()
        self.tell(replace(wanted, worker=number, without=tuple(self.left_out)))
        return number, inbox

    def leave_out(self, lacks: Lacks) -> bool:
        """Place no more workers on a node; return whether that is new."""
        with self._guard:
            new = lacks.node not in self.left_out
            self.left_out[lacks.node] = lacks.why
        return new

    def tell(self, message: Any, seconds: float | None = None) -> None:
        """Send the driver a message; raise `EngineUnavailable` where it is not there any more."""
        try:
            if not self.lost:
                self._driver.send(message, seconds)
        except Died as death:
            self.lost = str(death)
        if self.lost:
            raise EngineUnavailable(f"the driver of Ray has gone: {self.lost}")

    def end(self, number: int) -> None:
        """End a worker; whoever waits for it is told."""
        if (inbox := self._inboxes.pop(number, None)) is None:
            return
        inbox.put(encode(Lost("it was ended"))[0])
        with suppress(EngineUnavailable):
            self.tell(End(number))

    def close(self) -> None:
        """Leave the cluster, which ends its workers."""
        self._driver.close(TO_LEAVE)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        """Give each worker its answers; with the driver all of them are lost."""
        try:
            while True:
                answer: Answer = self._driver.receive((Answer,))
                if inbox := self._inboxes.get(answer.worker):  # it may have been ended meanwhile
                    inbox.put(answer.head.encode())
        except Exception as error:
            self.lost = cause(error) or type(error).__name__
            for inbox in list(self._inboxes.values()):
                inbox.put(None)


class Unanswered(Died):
    """There was no answer in time."""


class NotPlaced(Died):
    """The node on which Ray wanted to place it has gone."""


class RayProcess:
    """The process of an engine on a node, as `asrcli.transport.child.Child` is one here."""

    def __init__(self, cluster: Cluster, wanted: Open, announce: Callable[[str], None]) -> None:
        self._cluster, self._wanted, self._announce = cluster, wanted, announce
        self._number, self._inbox = cluster.open(wanted)

    def greet(self, seconds: float | None = None) -> None:
        """Exchange greetings, when Ray has found a place. A node that lacks something is left out, with a line.

        Raises:
            NoPlace: it has found none.
        """
        limit = min(TO_PLACE, seconds or TO_PLACE)
        until = time.monotonic() + limit
        lacking: list[str] = []
        while True:
            self.send(hello())
            try:
                answer = self.receive((Hello, Lacks), max(0.0, until - time.monotonic()))
                if isinstance(answer, Hello):
                    self._welcome(answer, lacking)
                    return
                if self._cluster.leave_out(answer):
                    lacking.append(answer.why)
                self._again()
            except NotPlaced:  # Ray knows only some seconds later that a node has gone
                if time.monotonic() > until:
                    raise
                time.sleep(SECONDS_BETWEEN)
                self._again()
            except Unanswered:
                raise NoPlace(
                    f"--ray {self._cluster.address}: no place for a worker within {limit:.0f} s; CPUs or GPUs are taken"
                ) from None
            except NoPlace as none:
                if not (all_left := list(self._cluster.left_out.values())):
                    raise
                raise NoPlace(f"{none}; {count_of(all_left, 'node')} left out: {all_left[-1]}") from None

    def _welcome(self, answer: Hello, lacking: Sequence[str]) -> None:
        """Check who answers, and say which nodes lacked something before."""
        check(answer)
        for why in lacking:
            self._announce(f"{why}; it is left out")

    def _again(self) -> None:
        """Ask for another place."""
        self.close()
        self._number, self._inbox = self._cluster.open(self._wanted)

    def send(self, message: Any, seconds: float | None = None) -> None:
        """Ask something."""
        import numpy as np

        if isinstance(message, Start) and message.weights.path:  # a node works in another folder
            weights = replace(message.weights, path=os.path.abspath(message.weights.path))
            message = replace(message, weights=weights)
        head, samples = encode(message)
        body: Any = np.frombuffer(b"".join(samples), np.float32)
        self._cluster.tell(Ask(self._number, head.decode(), body), seconds)

    def receive(self, kinds: Sequence[type], seconds: float | None = None) -> Any:
        """Return the answer.

        Raises:
            Died: the engine's process has, or the actor beside it, or their node.
            EngineUnavailable: the driver has gone.
            Exception: what went wrong over there.
        """
        head = self._next(seconds)
        if head is None:
            raise EngineUnavailable(f"the driver of Ray has gone: {self._cluster.lost}")
        try:
            found = decode(head, bytearray(), (*kinds, Trouble, Lost))
        except ProtocolError as error:
            raise Died(f"its answer is not understood: {error}") from None
        if isinstance(found, Lost):
            raise (Died if found.placed else NotPlaced)(found.why)
        if isinstance(found, Trouble):
            raise exception(found)
        return found

    def close(self, seconds: float = 0.0) -> None:
        """End it."""
        self._cluster.end(self._number)

    def kill(self) -> None:
        """End it now, from any thread; whoever waits for an answer is told."""
        self._cluster.end(self._number)

    def _next(self, seconds: float | None) -> bytes | None:
        """Return the next answer as it came."""
        try:
            found: bytes | None = self._inbox.get(timeout=seconds)
        except queue.Empty:
            raise Unanswered(f"no answer within {rounded(seconds or 0.0)} s") from None
        return found
