"""Imports the program once and forks for each command: a process of its own for a tenth of the processor time.

Run as ``python zygote.py FD FD``: the first is a socket at whose end it ends, the second listens. A connection brings a
JSON head (words, folder, environment, numbers of descriptors) and these descriptors, and takes the exit status. The
workers of a run of the suite share one such process. Commands may run side by side. Those whose words tell of no engine
but the fake one come from a process of a fifth of the size; a fork of it that has imported the libraries of engines
forks the others.
"""

from __future__ import annotations

import fcntl
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
from select import select
from selectors import EVENT_READ, DefaultSelector
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

# What commands import beside the program. Nothing here starts a thread, which a fork would lose, or reads HOME, which
# each command has its own of (huggingface_hub does, and with it transformers and faster_whisper).
MODULES = (
    "numpy", "av", "rich.console", "rich.progress", "httpx2", "jiwer", "rapidfuzz", "typer._adapters",
    "onnxruntime",  # for voice activity
    "numpy.fft", "numpy.ma", "av.subtitles.stream", "typer._click.decorators", "packaging.requirements", "pynvml",
)  # fmt: skip
# What engines import, where installed.
HEAVY = ("torch._dynamo", "ctranslate2", "safetensors.torch", "tokenizers", "scipy.optimize")
HEAD = 1 << 20  # bytes; words and environment of a command
WITH_ENGINES = {"align", "ask", "bench", "doctor", "transcribe"}  # commands that may import their libraries
PLACE = "ZYGOTE_PLACE"  # the variable that tells workers where it takes commands
COMPANIONS = (
    "--align",
    "--diari",
    "--identif",
    "--listen",
    "--punctuat",
    "--speaker",
    "--vad-model",
    "--word",
    "firered",
)


CLIENT = """import json, os, socket, sys
files = [int(name) for name in os.listdir("/dev/fd") if os.path.exists(f"/dev/fd/{{name}}")]
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as there:
    there.connect({place!r})
    head = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), files]).encode("utf-8", "surrogatepass")
    socket.send_fds(there, [head], files)
    status = int(there.recv(64))
sys.exit(status if status >= 0 else 128 - status)
"""


class Zygote:
    """The parent's side: starts the process when the first command is run, or has none where another started it."""

    def __init__(self, environment: dict[str, str], place: str = "") -> None:
        self.environment = environment
        self.place = place
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the process, which imports nothing before its first command, and return where it takes commands."""
        if not self.place:
            self._folder = TemporaryDirectory(prefix="zygote")
            self.place = f"{self._folder.name}/socket"
            self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening, theirs:
                listening.bind(self.place)
                listening.listen()
                numbers = [theirs.fileno(), listening.fileno()]
                command = [sys.executable, __file__, *map(str, numbers)]
                more: dict[str, Any] = {"pass_fds": numbers, "start_new_session": True}
                self._process = subprocess.Popen(command, env=self.environment, **more)
        return self.place

    def run(self, words: list[str], folder: Path, environment: dict[str, str], files: tuple[int, int, int]) -> int:
        """Run a command and return its exit status, as `subprocess` does: negative for a signal."""
        head = json.dumps([words, os.fspath(folder), environment, [0, 1, 2]]).encode("utf-8", "surrogatepass")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as there:
            there.connect(self.start())
            socket.send_fds(there, [head], files)
            status = there.recv(64)
        if not status:
            raise RuntimeError("the process that forks commands has died")
        return int(status)

    def client(self, path: Path) -> None:
        """Write a program that runs a command here, with its own folder, environment and descriptors."""
        from support.command import write_program

        write_program(path, CLIENT.format(place=self.start()), "-IS")

    def kill(self) -> None:
        """Kill the process, where it is ours, and the commands that are running."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._ours.close()
            self._folder.cleanup()
            self._process, self.place = None, ""


@cache
def common() -> Zygote:
    """Return the one of this process, or that of the process that started this one as a worker."""
    from support.command import quiet_environment  # not there where this file is run

    return Zygote(quiet_environment(Path(os.devnull)), os.environ.get(PLACE, ""))


def forked(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``asr`` in the current folder and return what it left behind, as `subprocess.run` does."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err, open(os.devnull, "rb") as nothing:
        files = (nothing.fileno(), out.fileno(), err.fileno())
        code = common().run(list(words), Path.cwd(), dict(environment), files)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, code, out.read(), err.read())


def serve(parent: socket.socket, others: socket.socket | None = None) -> None:
    """Fork for each command that a connection or the parent brings, until the parent goes away."""
    ended, wake = socket.socketpair()
    for end in (ended, wake):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    running: dict[int, int] = {}  # process -> where its status goes
    with DefaultSelector() as waiting:
        for one in filter(None, (parent, others, ended)):
            waiting.register(one, EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is ended:
                    ended.recv(1 << 10)
                    tell(running)
                elif key.fileobj is others:
                    there, _ = others.accept()
                    take(there, running)
                elif not take(parent, running, pass_on=others is not None):
                    return


@cache
def heavy() -> socket.socket:
    """Fork the process that imports the libraries of engines; return where it takes commands."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        signal.set_wakeup_fd(-1)  # that is about to be closed
        at = theirs.fileno()  # a pipe of the first command, held here, would never come to its end
        os.closerange(3, at)
        os.closerange(at + 1, os.sysconf("SC_OPEN_MAX"))
        prepare_engines()
        serve(theirs)
        os._exit(0)
    theirs.close()
    return ours


def light(words: list[str], environment: Mapping[str, str]) -> bool:
    """Tell whether a command will not need the libraries of engines. A wrong answer costs time and nothing else."""
    if not WITH_ENGINES & {*words[:1]} or "--help" in words:
        return True
    named = any(word == "-e" or word.startswith("--engine") for word in words)
    fake = any(word.startswith("fake") for word in words) if named else environment.get("ASR_ENGINE") == "fake"
    return fake and words[0] != "align" and not any(word.startswith(COMPANIONS) for word in words)


def tell(running: dict[int, int]) -> None:
    """Say the status of every command that has ended."""
    while running and (found := os.waitpid(-1, os.WNOHANG))[0]:
        answer = running.pop(found[0])
        with suppress(BrokenPipeError):
            os.write(answer, str(os.waitstatus_to_exitcode(found[1])).encode())
        os.close(answer)


def take(connection: socket.socket, running: dict[int, int], pass_on: bool = True) -> bool:
    """Fork for the command that a connection brings, or pass it on; return whether there was one."""
    head, files, _, _ = socket.recv_fds(connection, HEAD, 64)
    if not head:
        return False
    words, folder, environment, numbers = json.loads(head.decode("utf-8", "surrogatepass"))
    its_own = dict(zip(numbers, files, strict=False))
    answer = files[-1] if len(files) > len(numbers) else connection.detach()
    if pass_on and not light(words, environment):
        socket.send_fds(heavy(), [head], [*its_own.values(), answer])
        os.close(answer)
    elif child := os.fork():
        running[child] = answer
    else:
        become(words, folder, environment, its_own)
    for descriptor in its_own.values():
        os.close(descriptor)
    return True


def prepare() -> None:
    """Do once what every command would do again: import the program and build its command lines."""
    from asrcli import aligner, engine
    from asrcli.audio import silero
    from asrcli.base import http
    from asrcli.cli import main
    from asrcli.errors import ModelError

    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # as the program says; else its import starts a thread
    engine.installed(), engine.installed(aligner.Aligner)
    for name in MODULES:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(importlib.import_module("asrcli").__path__, "asrcli."):
        if not module.name.endswith(".__main__"):
            with suppress(ImportError):  # something is not installed
                importlib.import_module(module.name)
    for name in engine.installed():
        with suppress(ImportError):
            engine.load_class(name)
    with suppress(ImportError, ModelError):
        silero._silence_before()  # loads the model, which has no threads of its own
    for trust_env in (True, False):
        http.trusted(trust_env)
    main.build = cache(main.build)  # type: ignore[assignment]
    waiting = [main.application(), *map(main.build, main.COMMANDS)]
    while waiting:
        command = waiting.pop()
        waiting += filter(None, getattr(command, "commands", {}).values())
        for parameter in command.params:
            parameter.get_runtime_param()
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page


def prepare_engines() -> None:
    """Import what engines import when they load."""
    for name in HEAVY:
        with suppress(ImportError, OSError):
            importlib.import_module(name)
    for module in pkgutil.walk_packages(importlib.import_module("asr_plugins").__path__, "asr_plugins."):
        with suppress(ImportError):  # an engine that is not installed
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def become(words: list[str], folder: str, environment: dict[str, str], files: dict[int, int]) -> None:
    """Be the command: its descriptors, folder, environment and words; never returns."""
    import runpy
    import traceback

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    apart = {number: fcntl.fcntl(descriptor, fcntl.F_DUPFD, 64) for number, descriptor in files.items()}
    os.closerange(0, 64)
    for number, descriptor in apart.items():
        os.dup2(descriptor, number)
        os.close(descriptor)
    # Those of the parent know whether its files can be sought in.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
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
    parent, listening = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    if listening in select([parent, listening], [], [])[0]:
        prepare()
        serve(parent, listening)
