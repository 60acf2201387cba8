"""The parent's side of a measuring process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self, get_args

from asrcli.base.children import STORES
from asrcli.bench import messages as say
from asrcli.bench.gauges import Gauges, Gpus, Packages
from asrcli.engine import Engine
from asrcli.engines.foreign import interpreter_of
from asrcli.errors import AsrError
from asrcli.transport.child import SECONDS_TO_END, Child
from asrcli.transport.messages import RemoteTrace, Trouble


class EngineBug(AsrError):
    """An exception of the engine that is no mistake of the user; ``trace`` says where it was raised."""

    def __init__(self, told: Trouble) -> None:
        super().__init__(f"{told.kind}: {told.text} in {told.place} (a bug of the engine)")
        self.trace = told.trace


class Worker:
    """One measuring process; a context manager that ends it."""

    def __init__(
        self,
        engine: type[Engine],
        job: say.Job,
        gpus: Gpus,
        packages: Packages,
        announce: Callable[[str], None],
    ) -> None:
        interpreter, variables = interpreter_of(engine) if not job.team else (None, {})
        self._started = time.monotonic()
        keys = (*engine.keys, *STORES)  # it reads recordings, wherever they are
        self._child = Child("asrcli.bench.worker", announce, variables, interpreter, keys)
        self.gauges = Gauges(self._child.pid, gpus, packages)
        self._job = job

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *unused: object) -> None:
        self.gauges.close()
        self._child.close(SECONDS_TO_END if kind is None else 0.2)

    def cold(self) -> tuple[say.Cold, float]:
        """Wait until the engine is ready; return its first moments, and the seconds since the process was started.

        Raises:
            AsrError: the engine does not load.
            Died: the process has ended.
        """
        self._child.greet()
        self._child.send(self._job)
        answer: say.Cold = self._receive(say.Cold)
        return answer, answer.ready_at - self._started

    def ask(self, request: say.Request, take: Callable[[Any], None]) -> say.Ended:
        """Hand on every result of a request as it comes, and return what all of it took.

        Raises:
            AsrError: the engine cannot go on.
            Died: the process has ended.
        """
        self._child.send(request)
        while not isinstance(answer := self._receive(*get_args(say.Answer)), say.Ended):
            take(answer)
        return answer

    def _receive(self, *kinds: type) -> Any:
        try:
            return self._child.receive(kinds)
        except Exception as error:
            if isinstance(trace := error.__cause__, RemoteTrace):
                raise EngineBug(trace.told) from None
            raise
