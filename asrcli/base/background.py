"""Work in a thread of its own, whose announcements are passed on while it goes on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TypeVar

Result = TypeVar("Result")
Event = TypeVar("Event")
Item = TypeVar("Item")
Announce = Callable[[str], None]

TICK = 0.2  # seconds; a wait without an end would hold back SIGINT on some systems


def follow(work: Callable[[Announce], Result], event: Callable[[str], Event]) -> Generator[Event, None, Result]:
    """Do work and yield an event for each line that it announces, when it announces it; return its result.

    A download may take an hour: its announcement must not wait for its end, and an interrupt must not either. What is
    given up goes on in a daemon thread.

    Raises:
        BaseException: what the work raises.
    """
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    result: Future[Result] = Future()

    def run() -> None:
        """Do the work; the last item says that it is over."""
        fulfil(result, lambda: work(said.put))
        said.put(None)

    threading.Thread(target=run, name="asr-prepare", daemon=True).start()
    for text in until_none(said):
        yield event(text)
    return result.result()


def in_order(work: Callable[[Item], Result], items: Sequence[Item], threads: int) -> Iterator[Result]:
    """Yield the results of work on many items, in their order, done by several threads at once.

    The threads end with the program: an interrupt does not wait for what one of them is deep in.

    Raises:
        BaseException: what the work raises, in its turn.
    """
    results: list[Future[Result]] = [Future() for _ in items]
    waiting = iter(range(len(items)))
    lock = threading.Lock()

    def run() -> None:
        """Take items until none is left."""
        while True:
            with lock:
                at = next(waiting, None)
            if at is None:
                return
            fulfil(results[at], partial(work, items[at]))

    for _ in range(min(threads, len(items))):
        threading.Thread(target=run, name="asr-items", daemon=True).start()
    for result in results:
        while not result.done():
            with suppress(TimeoutError):
                result.result(timeout=TICK)
        yield result.result()


def fulfil(result: Future[Result], work: Callable[[], Result]) -> None:
    """Do work in this thread; its result, or what it raises, is there where it is asked for."""
    try:
        result.set_result(work())
    except BaseException as error:
        result.set_exception(error)


def until_none(source: queue.SimpleQueue[Event | None]) -> Iterator[Event]:
    """Yield what arrives, until ``None`` does."""
    while True:
        try:
            item = source.get(timeout=TICK)
        except queue.Empty:
            continue
        if item is None:
            return
        yield item
