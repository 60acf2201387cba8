"""A real ``asr serve`` on a free port of the loopback interface."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from support.command import quiet_environment

PATIENCE = 120.0  # seconds: a busy machine is no reason to fail


class Running:
    """The process, what it says, and a client for it."""

    def __init__(self, words: tuple[str, ...], folder: Path, environment: dict[str, str]) -> None:
        self.uploads = folder / "uploads"
        self.uploads.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "asrcli", "serve", "--port", "0", *words],
            cwd=folder,
            env={**quiet_environment(folder), "TMPDIR": str(self.uploads), **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        line = self.wait_for(r"http://\S+: loading")
        self.port = int(re.findall(r":(\d+):", line)[-1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx2.Client(base_url=self.url, timeout=PATIENCE, trust_env=False)

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(line.rstrip("\n") for line in self.process.stderr)

    def wait_for(self, pattern: str) -> str:
        """Return the first line that matches."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for line in list(self.lines):
                if re.search(pattern, line):
                    return line
            if self.process.poll() is not None and not self._reader.is_alive():
                break
            time.sleep(0.02)
        raise AssertionError("\n".join([f"no {pattern!r} in:", *self.lines]))

    def ask(self, file: Any, task: str = "transcriptions", **fields: Any) -> httpx2.Response:
        """Send a file, and fields, whose names with brackets are written with two underscores at their end."""
        data = {f"{name[:-2]}[]" if name.endswith("__") else name: value for name, value in fields.items()}
        files = {"file": ("../../etc/passwd", file)} if file is not None else {"other": b""}
        return self.client.post(f"/v1/audio/{task}", data=data, files=files)

    def left(self) -> list[Path]:
        """Return the files of uploads that are here."""
        return [path for path in self.uploads.rglob("*") if path.is_file()]

    def children(self) -> list[int]:
        """Return the processes below it."""
        found, parents = [], [self.process.pid]
        while parents:
            parent = parents.pop()
            for path in Path("/proc").glob("[0-9]*/stat"):
                try:
                    words = path.read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(words[1]) == parent and words[0] != "Z":
                    found.append(int(path.parent.name))
                    parents.append(found[-1])
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        self.process.send_signal(number)  # nothing where it has ended
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code


@contextmanager
def serving(folder: Path, *words: str, ready: bool = True, **environment: str) -> Iterator[Running]:
    """Run a server; return when its engines are loaded, unless told not to wait."""
    server = Running(words, folder, environment)
    try:
        if ready:
            server.wait_for("asr: ready: ")
        yield server
    finally:
        server.client.close()
        server.end()


def gone(pid: int, seconds: float = PATIENCE) -> bool:
    """Return whether a process ends within so many seconds."""
    until = time.monotonic() + seconds
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return not os.path.exists(f"/proc/{pid}")


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def metric(server: Running, name: str) -> float:
    """Return a number that the server counts."""
    lines = server.client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])
