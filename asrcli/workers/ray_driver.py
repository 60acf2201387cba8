"""The driver of Ray: a process that speaks with `asr` on one side and with the actors of a cluster on the other.

Ray prints on standard output, takes over signals, and costs seconds to import and connect: here all that is nobody's
trouble. Run as ``python -m asrcli.workers.ray_driver FD PARENT``; it leaves the cluster when its parent has gone.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any

from asrcli.base.files import cause
from asrcli.errors import EngineUnavailable, NoPlace
from asrcli.transport.codec import encode
from asrcli.transport.hosting import Next, Put, host
from asrcli.transport.messages import trouble
from asrcli.workers.messages import Answer, Ask, End, Join, Joined, Lost, Open
from asrcli.workers.ray_host import Host

NO_CLUSTER = "there is none on this machine: ray start --head, or name HOST:PORT, or say --ray local"
SECONDS_BETWEEN = 1.0  # two looks whether there is still room for the actors that have not answered
TO_CONNECT = 10.0  # seconds
LONGEST = 200  # characters of what Ray says
IMPORT = re.compile(r"(?:ModuleNotFound|Import)Error: .*")


def main() -> None:
    """Work for the parent until it goes away."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 -- Ray prints there the logs of nodes that have gone
    driver = Driver()
    host(driver.work, (Join, Open, Ask, End), driver.leave)


class Driver:
    """One connection to a cluster."""

    def __init__(self) -> None:
        self.ray: Any = None
        self.folder = ""  # of a cluster that was started here
        self.actors: dict[int, Any] = {}
        self.silent: dict[int, Open] = {}  # the workers that have not answered yet
        self.changing = threading.RLock()  # an answer that is there at once is handed on where it was asked for

    def work(self, receive: Next, put: Put) -> None:
        """Do what the parent says. Answers come when they come, from a thread of Ray."""
        put(self._join(receive()))
        threading.Thread(target=self._watch, args=(put,), daemon=True).start()
        while True:
            self._obey(receive(), put)

    def leave(self) -> None:
        """Leave the cluster, which ends the actors; one that was started here ends, and nothing of it is left."""
        if self.ray is not None:
            self.ray.shutdown()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _join(self, wanted: Join) -> Joined:
        """Connect to a cluster, or start one; raise `EngineUnavailable` where that fails."""
        import ray

        self.ray = ray
        more: dict[str, Any] = {}
        check_reachable(wanted.address)
        self.folder = wanted.folder
        if self.folder:
            more = {"include_dashboard": False, "_temp_dir": self.folder}
        try:
            ray.init(address=wanted.address, log_to_driver=False, logging_level=logging.WARNING, **more)
        except Exception as error:  # whatever a library raises: no address, no answer, another version
            none = wanted.address == "auto" and isinstance(error, ConnectionError)
            said = NO_CLUSTER if none else " ".join(cause(error).split())[:LONGEST]
            raise EngineUnavailable(f"--ray {wanted.address}: {said}") from error
        cpus = tuple(one.get("CPU", 0.0) for one in self._nodes().values())
        return Joined(cpus, ray.available_resources().get("GPU", 0.0))

    def _nodes(self) -> dict[str, dict[str, float]]:
        """Return what each node that is alive has, by its id."""
        return {one["NodeID"]: one["Resources"] for one in self.ray.nodes() if one["Alive"]}

    def _obey(self, message: Open | Ask | End, put: Put) -> None:
        with self.changing:
            match message:
                case Open():
                    self._open(message)
                case Ask(worker, head, body) if worker in self.actors:
                    answer = self.actors[worker].ask.remote(head, body).future()
                    answer.add_done_callback(partial(self._tell, put, worker))
                case End(worker) if worker in self.actors:
                    self.silent.pop(worker, None)
                    self.ray.kill(self.actors.pop(worker), no_restart=True)

    def _open(self, wanted: Open) -> None:
        """Ask for an actor. Ray is to restart and to repeat nothing: whoever asked knows what was not answered."""
        options: dict[str, Any] = {
            "num_cpus": wanted.cpus,
            "num_gpus": wanted.gpus,
            "max_restarts": 0,
            "max_task_retries": 0,
        }
        if wanted.without:
            options["label_selector"] = {"ray.io/node-id": f"!in({','.join(wanted.without)})"}
        actor = self.ray.remote(**options, scheduling_strategy="SPREAD")(Host)
        self.actors[wanted.worker] = actor.remote(wanted.interpreter, wanted.variables, wanted.needs, wanted.keys)
        self.silent[wanted.worker] = wanted

    def _tell(self, put: Put, worker: int, answer: Any) -> None:
        """Hand on what an actor answered, or that it cannot answer any more."""
        error = answer.exception()
        with self.changing:
            placed = self.silent.pop(worker, None) is None
        with suppress(OSError):  # the parent has gone
            put(Answer(worker, answer.result() if error is None else failure(error, placed)))

    def _watch(self, put: Put) -> None:
        """Say which actors will never be: with a node its room has gone, and Ray waits for it for ever."""
        while True:
            time.sleep(SECONDS_BETWEEN)
            with self.changing:
                found = self._one_too_many()
            if found is not None:
                worker, room = found
                said = f"the cluster has room for {room} workers, and this is one more"
                with suppress(OSError):
                    put(Answer(worker, written(trouble(NoPlace(said)))))

    def _one_too_many(self) -> tuple[int, int] | None:
        """Take the last worker for which there is no room; return it, and for how many there is."""
        nodes = self._nodes() if self.silent else {}
        for worker, wanted in reversed(self.silent.items()):
            room = sum(room_on(has, wanted) for node, has in nodes.items() if node not in wanted.without)
            if len(self.actors) > room:
                del self.silent[worker]
                return worker, room
        return None


def check_reachable(address: str) -> None:
    """Raise `EngineUnavailable` where nothing listens at HOST:PORT: Ray itself would try for minutes."""
    name, colon, port = address.rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((name.strip("[]"), int(port)), TO_CONNECT).close()
    except OSError as error:
        raise EngineUnavailable(f"--ray {address}: nobody answers there ({cause(error)})") from None


def room_on(node: dict[str, float], wanted: Open) -> int:
    """Return how many such workers a node has room for when it does nothing else."""
    rooms = [node.get(kind, 0.0) // much for kind, much in (("CPU", wanted.cpus), ("GPU", wanted.gpus)) if much]
    return int(min(rooms, default=0))


def failure(error: BaseException, placed: bool) -> str:
    """Return what an exception of Ray means to the parent, as a message."""
    if found := IMPORT.search(cause(error)):
        return written(trouble(NoPlace(f"a node of Ray has not the same asr as this one: {found[0]}")))
    return written(Lost(f"Ray has lost it, or its node ({type(error).__name__})", placed))


def written(message: Any) -> str:
    """Return a message without samples as text."""
    return encode(message)[0].decode()


if __name__ == "__main__":
    main()
