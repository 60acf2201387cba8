"""A worker: loads one engine on one device and answers calls, with nothing of `asr` that the engine does not need.

Run as ``python -m asrcli.workers FD PARENT``. It ends when its parent does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, get_args

from asrcli.base.files import cause
from asrcli.base.import_guard import guard_imports
from asrcli.capabilities import Answers
from asrcli.engine import Engine
from asrcli.errors import OutOfMemory
from asrcli.transport.hosting import Next, Put, host, tell
from asrcli.workers import messages as say


def main() -> None:
    """Answer calls until the parent goes away."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")  # when memory is short, the system ends this one and not its parent
    host(_work, (say.Start, *get_args(say.Request)))


def _work(receive: Next, put: Put) -> None:
    start: say.Start = receive()
    if start.verbose:
        from asrcli.base.console import show_logs

        show_logs()
    engine = _in_memory(lambda: load(start))
    characters = engine.prompt_characters if isinstance(engine, Answers) else 0
    put(say.Ready(resident_bytes(), characters))
    while True:
        request = receive()
        try:
            put(_in_memory(lambda: answer(engine, request)))  # noqa: B023 -- called at once
        except Exception as error:
            tell(put, error)


def load(start: say.Start) -> Engine:
    """Import an engine and load its weights."""
    from asrcli.base.blas import pin_threads

    guard_imports()
    module, _, name = start.engine.partition(":")
    kind: Any = import_module(module)
    for part in name.split("."):
        kind = getattr(kind, part)
    pin_threads()
    engine: Engine = kind(start.weights, start.device)
    return engine


def answer(engine: Engine, request: say.Request) -> Any:
    """Return what the engine answers."""
    match request:
        case say.Transcribe(clips, options):
            found = engine.transcribe(clips, options)
            return say.Transcribed(tuple(map(tuple, found)), resident_bytes())
        case say.Identify(clips):
            return say.Identified(tuple(engine.identify_language(clips)))
        case say.Generate(prompts, tokens):
            assert isinstance(engine, Answers)
            return say.Generated(tuple(engine.generate(prompts, tokens)))


def _in_memory(work: Callable[[], Any]) -> Any:
    """Do work; of all that libraries say when memory is short, the parent is told one thing."""
    from asrcli.engines.device import is_out_of_memory

    try:
        return work()
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemory(cause(error)) from error
        raise


def resident_bytes() -> int:
    """Return the memory that this process holds; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    main()
