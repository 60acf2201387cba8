"""The parent's side of a process that works for this one."""

from __future__ import annotations

import logging
import math
import os
import queue
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from asrcli.base.background import fulfil
from asrcli.base.children import python, surroundings
from asrcli.transport.codec import Channel, ProtocolError
from asrcli.transport.messages import Hello, Said, Trouble, check, exception, hello

_log = logging.getLogger(__name__)

SECONDS_TO_END = 5.0
SECONDS_BETWEEN = 1.0  # two looks whether the process lives, where its end of the socket was inherited by another one
LOOK = 0.01  # seconds between two, where its end is waited for
MOST_SAID = 1000  # lines for the user before one answer; an engine has a few
LINES = 20  # of its talk that are kept: the last ones explain a crash
LONGEST = 1000  # characters of such a line
LAST = 200  # characters of the line that is shown


class Died(Exception):
    """The process has ended by itself, or did not answer in time."""


class Child:
    """One process, started and greeted. What it prints, on either descriptor, is talk; its last line explains a crash.

    Args:
        module: what to run, which calls `asrcli.transport.hosting.host`.
        announce: gets the lines that it has for the user.
        environment: variables beside those of this process.
        interpreter: another Python than this one; it finds asr by ``PYTHONPATH``.
        keys: the variables of this process with keys that it needs, as `asrcli.base.children.surroundings` takes them.
    """

    def __init__(
        self,
        module: str,
        announce: Callable[[str], None],
        environment: Mapping[str, str] = {},
        interpreter: str | None = None,
        keys: Sequence[str] = (),
    ) -> None:
        self.announce = announce
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        try:
            words = ("-m", module, str(theirs.fileno()), str(os.getpid()))
            command = python(*words, interpreter=interpreter) if interpreter else python(*words)
            self._process = _start(command, (theirs.fileno(),), writing, {**surroundings(*keys), **environment})
        except BaseException:
            ours.close()
            os.close(reading)
            raise
        finally:
            theirs.close()
            os.close(writing)
        self._channel = Channel(ours)
        self._talk = _Talk(reading)
        self._reaping = threading.Lock()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def greet(self, seconds: float | None = None) -> None:
        """Exchange greetings.

        Raises:
            EngineUnavailable: it is of another version of asr.
            Died: it has ended, or does not answer.
        """
        self.send(hello(), seconds)
        check(self.receive((Hello,), seconds))

    def send(self, message: Any, seconds: float | None = None) -> None:
        """Send a message; raise `Died` where it has ended, or does not take the message within ``seconds``."""
        try:
            self._channel.send(message, seconds)
        except TimeoutError:
            raise self._hung(seconds) from None
        except OSError:
            raise Died(self.last_words()) from None

    def receive(self, kinds: Sequence[type], seconds: float | None = None) -> Any:
        """Return its next message of these kinds; lines for the user are handed on meanwhile.

        Raises:
            Died: it has ended, or has not answered within ``seconds``.
            Exception: what went wrong over there.
        """
        until = math.inf if seconds is None else time.monotonic() + seconds
        for _ in range(MOST_SAID):
            self._wait(until, seconds)
            try:
                answer = self._channel.receive((*kinds, Said, Trouble), until)
            except TimeoutError:
                raise self._hung(seconds) from None
            except (EOFError, OSError, ProtocolError) as error:
                raise Died(self.last_words(error)) from None
            if isinstance(answer, Said):
                self.announce(answer.text)
            elif isinstance(answer, Trouble):
                raise exception(answer)
            else:
                return answer
        self.kill()
        raise Died(f"it says {MOST_SAID} lines for the user, and gives no answer")

    def close(self, seconds: float = SECONDS_TO_END) -> None:
        """Hang up, which ends it; after ``seconds`` it is killed, with all that it has started."""
        self._channel.close()
        if not self._ended(seconds):
            self.kill()
            self._ended(SECONDS_TO_END)  # nobody can end one that is stuck in a driver

    def kill(self) -> None:
        """End it now, from any thread; who waits for an answer gets `Died`."""
        if self._ended():  # its number may be another one's now
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self, error: BaseException | None = None) -> str:
        """Return how it ended, and the last line that it printed."""
        if isinstance(error, ProtocolError):
            self.kill()
            return f"its answer is not understood: {str(error)[:LAST]}"
        if not self._ended(SECONDS_TO_END):
            self.kill()
            return "it closed its connection"
        return ending(self._process.returncode) + self._talk.last()

    def _wait(self, until: float, seconds: float | None) -> None:
        """Return when there is something to receive."""
        while True:
            left = until - time.monotonic()
            if self._channel.ready(min(SECONDS_BETWEEN, left)):
                return
            if self._ended() and not self._channel.ready(0):
                raise Died(self.last_words())
            if time.monotonic() >= until:
                raise self._hung(seconds)

    def _ended(self, seconds: float = 0.0) -> bool:
        """Return whether it has ended within ``seconds``; what it has started and left behind is killed then."""
        until = time.monotonic() + seconds
        while not (over := self._is_over()) and (left := until - time.monotonic()) > 0:
            time.sleep(min(LOOK, left))
        return over

    def _is_over(self) -> bool:
        with self._reaping:
            if self._process.returncode is not None:
                return True
            if hasattr(os, "waitid"):  # not on macOS
                if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                    return False
                with suppress(ProcessLookupError, PermissionError):  # its number is its own until it is waited for
                    os.killpg(self.pid, signal.SIGKILL)
            return self._process.poll() is not None

    def _hung(self, seconds: float | None) -> Died:
        self.kill()
        late = "; it has begun one and does not end it" if seconds is None else f" within {rounded(seconds)} s"
        return Died(f"no answer{late}{self._talk.last()}")


def rounded(seconds: float) -> str:
    """Return a time as a message has it."""
    return f"{seconds:.0f}" if seconds >= 100 else f"{seconds:.2g}"


def ending(code: int) -> str:
    """Return how a process ended, by its exit code or the signal."""
    if code >= 0:
        return f"it ended with exit code {code}"
    name = signal.Signals(-code).name
    return f"it was ended by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


class _Talk:
    """What a process prints: read as it comes, the last lines are kept."""

    def __init__(self, descriptor: int) -> None:
        self._lines: deque[str] = deque(maxlen=LINES)
        self._descriptor = descriptor
        self._reader = threading.Thread(target=self._read, name="asr-talk", daemon=True)
        self._reader.start()

    def last(self) -> str:
        """Return the last line behind a colon; "" where there is none."""
        self._reader.join(0.5)  # a process that it has started may hold the other end for long
        said = next((line for line in reversed(self._lines) if line), "")
        return f": {said[:LAST]}" if said else ""

    def _read(self) -> None:
        rest = b""
        while piece := os.read(self._descriptor, 65536):
            *lines, rest = (rest + piece).replace(b"\r", b"\n").split(b"\n")
            rest = rest[-LONGEST:]
            for line in lines:
                self._take(line)
        self._take(rest)
        os.close(self._descriptor)

    def _take(self, line: bytes) -> None:
        if text := line.decode(errors="replace").strip()[:LONGEST]:
            self._lines.append(text)
            _log.debug("%s", text)


Job = tuple[Future["subprocess.Popen[bytes]"], Callable[[], "subprocess.Popen[bytes]"]]

# A process that is to die with its parent dies with the *thread* that started it, as Linux has it: so all of them are
# started by one thread that lives as long as this process. Keyed by process, because a fork takes no threads along.
_starters: dict[int, queue.SimpleQueue[Job]] = {}
_guard = threading.Lock()


def _start(
    command: Sequence[str], kept: Sequence[int], talk: int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a process from the thread that starts processes."""

    def popen() -> subprocess.Popen[bytes]:
        """Start the process; it has its own output and the descriptors that it is to keep."""
        return subprocess.Popen(
            command,
            pass_fds=kept,
            stdin=subprocess.DEVNULL,
            stdout=talk,
            stderr=talk,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches the parent, which keeps what is finished
        )

    with _guard:
        if (jobs := _starters.get(os.getpid())) is None:
            jobs = _starters[os.getpid()] = queue.SimpleQueue()
            threading.Thread(target=_keep_starting, args=(jobs,), name="starts-processes", daemon=True).start()
    result: Future[subprocess.Popen[bytes]] = Future()
    jobs.put((result, popen))
    return result.result()


def _keep_starting(jobs: queue.SimpleQueue[Job]) -> None:
    while True:
        fulfil(*jobs.get())
