"""Imports the program once and forks for each command: a process of its own for a tenth of the processor time.

Run as ``python zygote.py FD``: FD is a socket that brings, for each command, a JSON head (words, folder, environment)
and the three standard descriptors, and takes back the exit status.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

# What commands import beside the program. Nothing here starts a thread, which a fork would lose, or reads HOME, which
# each command has its own of (huggingface_hub does, and with it transformers and faster_whisper).
MODULES = ("numpy", "av", "rich.console", "rich.progress", "httpx2", "jiwer", "rapidfuzz", "typer._adapters")
# What engines import, where installed.
HEAVY = ("torch._dynamo", "ctranslate2", "onnxruntime", "safetensors.torch", "tokenizers")
HEAD = 1 << 20  # bytes; words and environment of a command


class Zygote:
    """The parent's side: starts the process when the first command is run."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, words: list[str], folder: Path, environment: dict[str, str], files: tuple[int, int, int]) -> int:
        """Run a command and return its exit status, as `subprocess` does: negative for a signal."""
        if self._process is None:
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            command = [sys.executable, __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, env=self.environment, pass_fds=[theirs.fileno()], start_new_session=True
            )
            theirs.close()
        head = json.dumps([words, os.fspath(folder), environment]).encode("utf-8", "surrogatepass")
        try:
            socket.send_fds(self._socket, [head], files)
            status = self._socket.recv(64)
        except BaseException:  # the test has run out of time
            self.kill()
            raise
        if not status:
            raise RuntimeError("the process that forks commands has died")
        return int(status)

    def kill(self) -> None:
        """Kill the process and the command that is running; the next command starts another."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._socket.close()
            self._process = None


@cache
def common() -> Zygote:
    """Return the one of this process; it ends with it."""
    from support.command import quiet_environment  # not there where this file is run

    return Zygote(quiet_environment(Path(os.devnull)))


def forked(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``asr`` in the current folder and return what it left behind, as `subprocess.run` does."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err, open(os.devnull, "rb") as nothing:
        files = (nothing.fileno(), out.fileno(), err.fileno())
        code = common().run(list(words), Path.cwd(), dict(environment), files)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, code, out.read(), err.read())


def serve(connection: socket.socket) -> None:
    """Fork for each command until the parent goes away."""
    prepare()
    while True:
        head, files, _, _ = socket.recv_fds(connection, HEAD, 3)
        if not head:
            return
        words, folder, environment = json.loads(head.decode("utf-8", "surrogatepass"))
        child = os.fork()
        if child == 0:
            connection.close()
            become(words, folder, environment, files)
        for descriptor in files:
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def prepare() -> None:
    """Do once what every command would do again: import the program and build its command lines."""
    from asrcli import aligner, engine
    from asrcli.cli import main

    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # as the program says; else its import starts a thread
    engine.installed(), aligner.installed_aligners()
    for name in MODULES:
        importlib.import_module(name)
    for name in HEAVY:
        with suppress(ImportError, OSError):
            importlib.import_module(name)
    for package in map(importlib.import_module, ("asrcli", "asr_plugins")):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__"):
                with suppress(ImportError):  # an engine that is not installed
                    importlib.import_module(module.name)
    main.build = cache(main.build)  # type: ignore[assignment]
    waiting = [main.application(), *map(main.build, main.COMMANDS)]
    while waiting:
        command = waiting.pop()
        waiting += filter(None, getattr(command, "commands", {}).values())
        for parameter in command.params:
            parameter.get_runtime_param()
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page


def become(words: list[str], folder: str, environment: dict[str, str], files: list[int]) -> None:
    """Be the command: its descriptors, folder, environment and words; never returns."""
    import runpy
    import traceback

    for number, descriptor in enumerate(files):
        os.dup2(descriptor, number)
    os.closerange(3, 64)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["asr", *words]
    code = 1
    try:
        runpy.run_module("asrcli", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
