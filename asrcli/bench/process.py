"""The parent's side of a measuring process."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from types import TracebackType
from typing import Any, Self

from asrcli import errors
from asrcli.base.children import python
from asrcli.bench import messages as say
from asrcli.bench.gauges import Gauges, Gpus, Packages
from asrcli.errors import AsrError

SECONDS_TO_END = 5.0


class Died(Exception):
    """The measuring process has ended by itself: a crash of the engine, or the system was out of memory."""


class EngineBug(AsrError):
    """An exception of the engine that is no mistake of the user; ``trace`` says where it was raised."""

    def __init__(self, answer: say.Trouble) -> None:
        super().__init__(f"{answer.text} (a bug of the engine)")
        self.trace = answer.trace


class Worker:
    """One measuring process; a context manager that ends it."""

    def __init__(self, job: say.Job, gpus: Gpus, packages: Packages, announce: Callable[[str], None]) -> None:
        self.announce = announce
        ours, theirs = Pipe()
        self._talk = tempfile.TemporaryFile()  # noqa: SIM115 -- closed on leaving; what libraries print; its last line explains a crash
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            python("-m", "asrcli.bench.worker", str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._talk,
            start_new_session=True,  # Ctrl-C reaches the parent, which keeps what is finished
        )
        theirs.close()
        self._connection = ours
        self.gauges = Gauges(self._process.pid, gpus, packages)
        self._connection.send(job)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gauges.close()
        self._connection.close()  # which the process takes as its end
        try:
            self._process.wait(SECONDS_TO_END if kind is None else 0.2)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._talk.close()

    def cold(self) -> tuple[say.Cold, float]:
        """Wait until the engine is ready; return its first moments, and the seconds since the process was started.

        Raises:
            AsrError: the engine does not load.
            Died: the process has ended.
        """
        answer = self._receive()
        if not isinstance(answer, say.Cold):
            raise RuntimeError(f"the measuring process began with {answer!r}")
        return answer, answer.ready_at - self._started

    def ask(self, request: say.Request, take: Callable[[Any], None]) -> say.Ended:
        """Hand on every result of a request as it comes, and return what all of it took.

        Raises:
            AsrError: the engine cannot go on.
            Died: the process has ended.
        """
        self._connection.send(request)
        while not isinstance(answer := self._receive(), say.Ended):
            take(answer)
        return answer

    def _receive(self) -> say.Answer:
        while True:
            try:
                answer: say.Answer = self._connection.recv()
            except (EOFError, OSError):
                raise Died(self._last_words()) from None
            if isinstance(answer, say.Said):
                self.announce(answer.text)
            elif isinstance(answer, say.Trouble):
                raise trouble(answer)
            else:
                return answer

    def _last_words(self) -> str:
        try:
            code = self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            return "it closed its connection"
        self._talk.seek(0)
        lines = self._talk.read().decode(errors="replace").strip().splitlines()
        said = f": {lines[-1].strip()[:200]}" if lines else ""
        if code >= 0:
            return f"it ended with exit code {code}{said}"
        name = signal.Signals(-code).name
        return f"it was ended by {name}" + (" (out of memory?)" if name == "SIGKILL" else "") + said


def trouble(answer: say.Trouble) -> AsrError:
    """Return the exception that the measuring process met, as far as it can be told across processes."""
    kind = getattr(errors, answer.kind, None)
    if kind is None:
        return EngineBug(answer)
    error: AsrError = kind.__new__(kind)  # some of them compose their sentence from other arguments
    error.args = (answer.text,)
    return error
