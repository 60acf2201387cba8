"""The process that one engine is measured in: fresh, and with nothing of `asr` that the engine does not need.

Run as ``python -m asrcli.bench.worker FD``. It ends when its parent does: nobody is left to measure for.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from asrcli.bench import messages as say
from asrcli.bench.gauges import peak_rss
from asrcli.errors import AsrError, EngineUnavailable, UsageError

Put = Callable[[say.Answer], None]


def main() -> None:
    """Measure what the parent asks for until it goes away."""
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    os.dup2(2, 1)  # what libraries print is talk
    requests: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, requests), daemon=True).start()
    try:
        _work(requests, connection.send)
    except AsrError as error:
        connection.send(say.Trouble(type(error).__name__, str(error)))
    except BaseException as error:
        connection.send(say.Trouble("", told(error), traceback.format_exc()))
    sys.stderr.flush()
    os._exit(0)  # an engine's threads may still be at work


def told(error: BaseException) -> str:
    """Return what an unexpected exception says, and where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} in {os.path.basename(last.filename)} line {last.lineno}"


def _receive(connection: Connection[Any, Any], requests: SimpleQueue[Any]) -> None:
    """Hand on what the parent sends; end the process when it has gone."""
    while True:
        try:
            requests.put(connection.recv())
        except (EOFError, OSError):
            os._exit(1)


def _work(requests: SimpleQueue[Any], put: Put) -> None:
    job: say.Job = requests.get()
    from asrcli.bench.loaded import Loaded

    begun = time.perf_counter()
    engine = import_engine(job)
    imported = time.perf_counter()
    loaded = Loaded(engine, job, lambda text: put(say.Said(text)))
    loaded.load()
    ready = time.perf_counter()
    if job.warm_up is not None:
        loaded.hear(job.warm_up)
    first = time.perf_counter() - ready
    put(say.Cold(imported - begun, ready - imported, first, time.monotonic(), loaded.place))
    while True:
        request = requests.get()
        wall, cpu = time.perf_counter(), time.process_time()
        loaded.answer(request, put)
        put(ended(time.perf_counter() - wall, time.process_time() - cpu))


def import_engine(job: say.Job) -> Any:
    """Import an engine and all the libraries that it requires, and return the class that is meant for the weights."""
    from asrcli.capabilities import implementation
    from asrcli.engine import load_class

    engine = implementation(load_class(job.engine), job.backend).for_weights(job.weights)
    for module in engine.requires:
        try:
            import_module(module)
        except ImportError as error:
            raise EngineUnavailable(f"engine '{job.engine}': {module} does not import: {error}") from error
    return engine


def ended(wall: float, cpu: float) -> say.Ended:
    """Return what a request took, and the memory that this process has held at most."""
    allocated = reserved = None
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        allocated, reserved = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    return say.Ended(wall, cpu, peak_rss(), allocated, reserved)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise UsageError("asrcli.bench.worker is started by asr bench")
    main()
