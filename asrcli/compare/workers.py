"""Share work among forked copies of this process, where that is safe and pays; otherwise do it here."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(work: Callable[[Item], Result], items: Sequence[Item], *, pays: bool = True) -> list[Result]:
    """Return the results in order; where one cannot be had from a copy, the work is done here, errors and all.

    Args:
        work: a function whose result is the same in every process.
        items: what to work on, each about as much.
        pays: there is so much to do that a copy of the process is worth its while.
    """
    if not pays or len(items) < 2 or not can_fork():
        return [work(item) for item in items]
    copies = min(len(os.sched_getaffinity(0)), len(items))
    children = [fork(work, items[place::copies]) for place in range(1, copies)]
    try:
        shares: list[Sequence[Result] | None] = [[work(item) for item in items[0::copies]]]
        shares += [collect(pipe) for _, pipe in children]
    finally:
        for child, _ in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)  # it has nothing more to do, or nobody waits for it
            os.waitpid(child, 0)
    results = []
    for place, item in enumerate(items):
        share = shares[place % copies]
        results.append(work(item) if share is None else share[place // copies])
    return results


def can_fork() -> bool:
    """Return whether a fork is safe and a processor free: Linux, and a process with a single thread.

    A copy has only the thread that forked, and locks that others held stay locked for ever: so not once numpy's
    libraries have started theirs.
    """
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    return len(os.listdir("/proc/self/task")) == 1


def fork(work: Callable[[Item], Result], items: Sequence[Item]) -> tuple[int, int]:
    """Start a copy that does the work and writes the results; return its process id and the pipe to read from."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    code = 1
    try:
        os.close(reading)
        data = pickle.dumps([work(item) for item in items], pickle.HIGHEST_PROTOCOL)
        with open(writing, "wb") as pipe:
            pipe.write(data)
        code = 0
    finally:
        os._exit(code)  # no buffers of the parent's are written twice, and no error is shown: the parent meets it too


def collect(pipe: int) -> Sequence[Result] | None:
    """Return what a copy wrote; ``None`` where it failed."""
    with open(pipe, "rb") as file:
        data = file.read()
    try:
        found: Sequence[Result] = pickle.loads(data)  # noqa: S301 - of our own making
    except (EOFError, pickle.UnpicklingError):
        return None
    return found
