"""The server's side of the process that transcribes: requests out, what becomes of them in, a fresh one if it dies."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
import time
from collections.abc import Callable

from asrcli.base.files import cause
from asrcli.errors import AsrError
from asrcli.serve import messages as say
from asrcli.serve.errors import Gone, Refused
from asrcli.transport.child import Child, Died

STALLED = 120.0  # seconds without a sign of life, after which it is ended
SILENT = 10.0  # and after which the server is not ready
PAUSES = (0.0, 1.0, 5.0, 30.0)  # seconds before it is started again, the more the oftener it has died while loading

Inbox = asyncio.Queue[say.About | Gone]


class Backend:
    """One process, and the requests that are with it.

    Args:
        announce: gets its lines for whoever runs the server.
        complain: gets a line for each of its deaths.
        over: called when it cannot be started at all: its error is `failure`.
    """

    def __init__(
        self,
        start: say.Start,
        announce: Callable[[str], None],
        complain: Callable[[str], None],
        over: Callable[[], object],
    ) -> None:
        self._start, self._announce, self._complain, self._over = start, announce, complain, over
        self._loop = asyncio.get_running_loop()
        self.numbers = itertools.count(1)  # of requests
        self._inboxes: dict[int, Inbox] = {}
        self._child: Child | None = None
        self._closed = threading.Event()
        self.cards: tuple[say.Card, ...] = ()  # () until it has loaded for the first time
        self.failure: BaseException | None = None
        self.alive = say.Alive(0.0, 0, 0)
        self.deaths = 0
        self._loaded = False
        self._heard_of = 0.0  # the time of its last message
        self._thread = threading.Thread(target=self._keep_going, name="asr-backend", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether weights are loaded and the process shows signs of life."""
        return self._loaded and time.monotonic() - self._heard_of < SILENT

    def send(self, wanted: say.Transcribe) -> Inbox:
        """Hand a request on and return where what becomes of it will be.

        Raises:
            Refused: the process is not there.
        """
        child = self._child
        if not self._loaded or child is None:
            raise not_ready()
        inbox = self._inboxes[wanted.number] = Inbox()
        try:
            child.send(wanted, SILENT)
        except Died:
            self._inboxes.pop(wanted.number, None)
            raise not_ready() from None
        return inbox

    def forget(self, number: int, cancel: bool) -> None:
        """Let go of a request, and have it cancelled where it is not done."""
        if self._inboxes.pop(number, None) is not None and cancel and (child := self._child) is not None:
            try:
                child.send(say.Cancel(number), SILENT)
            except Died:
                return  # and the request with it

    def close(self) -> None:
        """End the process and all that it has started."""
        self._closed.set()
        if (child := self._child) is not None:
            child.kill()
        self._thread.join()

    # In the thread that listens

    def _keep_going(self) -> None:
        failures = 0
        while not self._closed.wait(PAUSES[min(failures, len(PAUSES) - 1)]):
            try:
                self._run()
            except Died as death:
                failures = 0 if self._loaded else failures + 1
                why = cause(death)
            except BaseException as error:
                failures, why = failures + 1, cause(error)
                self.failure = None if self.cards else error  # what never ran will not run
            if self._closed.is_set():
                return
            self._loaded = False
            if failures > 1 and not self.cards:
                self.failure = self.failure or AsrError(f"the process that transcribes dies while loading: {why}")
            if self.failure is not None:
                self._loop.call_soon_threadsafe(self._over)
                return
            self.deaths += 1
            self._complain(f"the process that transcribes has ended, and is started again: {why}")
            self._loop.call_soon_threadsafe(self._fail_all, f"the process that transcribes has ended: {why}")

    def _run(self) -> None:
        """Start the process and hand on what it says, until it dies."""
        self._child = child = Child("asrcli.serve.transcriber", self._announce)
        try:
            if self._closed.is_set():
                return
            child.greet(STALLED)
            child.send(self._start, STALLED)
            needs: say.Needs = child.receive((say.Needs,))
            keys = tuple((name, os.environ[name]) for name in needs.names if name in os.environ)
            child.send(say.Keys(keys), STALLED)
            ready: say.Ready = child.receive((say.Ready,))
            self.cards, self._loaded, self._heard_of = ready.cards, True, time.monotonic()
            self._announce(f"ready: {', '.join(card.id for card in self.cards)}")
            while True:
                message = child.receive((say.Alive, say.Heard, say.Answer, say.Failed), STALLED)
                self._heard_of = time.monotonic()
                if isinstance(message, say.Alive):
                    self.alive = message
                else:
                    self._loop.call_soon_threadsafe(self._deliver, message)
        finally:
            self._child = None
            child.close(0.2)

    def _deliver(self, message: say.About) -> None:
        if (inbox := self._inboxes.get(message.number)) is not None:
            inbox.put_nowait(message)

    def _fail_all(self, text: str) -> None:
        for number in list(self._inboxes):
            self._deliver(say.Failed(number, 500, text, "process_ended"))


def not_ready() -> Refused:
    """Return the refusal while weights are loading."""
    return Refused(503, "the engine is loading: ask again", code="loading", headers={"retry-after": "2"})
