"""The process that one engine is measured in: fresh, and with nothing of `asr` that the engine does not need.

Run as ``python -m asrcli.bench.worker FD PARENT``. It ends when its parent does.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import Any, get_args

from asrcli.bench import messages as say
from asrcli.bench.gauges import peak_rss
from asrcli.engine import load_class
from asrcli.errors import EngineUnavailable
from asrcli.transport.hosting import Next, Put, host
from asrcli.transport.messages import Said


def main() -> None:
    """Measure what the parent asks for until it goes away."""
    host(_work, (say.Job, *get_args(say.Request)))


def _work(receive: Next, put: Put) -> None:
    job: say.Job = receive()
    sys.path += [place for place in job.behind if place not in sys.path]  # behind: the environment's own packages win
    begun = time.perf_counter()
    engine = import_engine(job)
    imported = time.perf_counter()
    loaded = _measured(job)(engine, job, lambda text: put(Said(text)))
    loaded.load()
    ready = time.perf_counter()
    if job.warm_up is not None:
        loaded.transcribe(job.warm_up)
    first = time.perf_counter() - ready
    put(say.Cold(imported - begun, ready - imported, first, time.monotonic(), loaded.place))
    while True:
        request = receive()
        wall, cpu = time.perf_counter(), time.process_time()
        loaded.answer(request, put)
        put(ended(time.perf_counter() - wall, time.process_time() - cpu))


def import_engine(job: say.Job) -> Any:
    """Import an engine and all the libraries that it requires, and return the class that is meant for the weights."""
    from asrcli.capabilities import implementation

    engine = implementation(load_class(job.engine), job.backend).for_weights(job.weights)
    for module in engine.requires if not job.team else ():
        try:
            import_module(module)
        except ImportError as error:
            raise EngineUnavailable(f"engine '{job.engine}': {module} does not import: {error}") from error
    return engine


def _measured(job: say.Job) -> Any:
    """Return the class of what is measured: the engine in this process, or in several others."""
    if job.team:
        from asrcli.bench.team import Team

        return Team
    from asrcli.bench.loaded import Loaded

    return Loaded


def ended(wall: float, cpu: float) -> say.Ended:
    """Return what a request took, and the memory that this process has held at most."""
    allocated = reserved = None
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        allocated, reserved = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    return say.Ended(wall, cpu, peak_rss(), allocated, reserved)


if __name__ == "__main__":
    main()
