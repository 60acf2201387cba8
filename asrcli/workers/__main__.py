"""A worker: loads one engine on one device and answers calls, with nothing of `asr` that the engine does not need.

Run as ``python -m asrcli.workers FD PARENT``. It ends when its parent does.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from typing import Any, get_args

from asrcli.base.import_guard import guard_imports
from asrcli.capabilities import Answers
from asrcli.engine import Engine
from asrcli.transport.hosting import Next, Put, host, tell
from asrcli.workers import messages as say


def main() -> None:
    """Answer calls until the parent goes away."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")  # when memory is short, the system ends this one and not its parent
    host(_work, (say.Start, *get_args(say.Request)))


def _work(receive: Next, put: Put) -> None:
    from asrcli.engines.device import telling_of_memory

    start: say.Start = receive()
    if start.verbose:
        from asrcli.base.console import show_logs

        show_logs()
    with telling_of_memory():
        engine = load(start)
    characters = engine.prompt_characters if isinstance(engine, Answers) else 0
    put(say.Ready(resident_bytes(), characters))
    while True:
        request = receive()
        try:
            with telling_of_memory():
                found = answer(engine, request)
            put(found)
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


def resident_bytes() -> int:
    """Return the memory that this process holds; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    main()
