"""The side of the process that works for another one: it is there for its parent, and ends when that does."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from asrcli.errors import UsageError
from asrcli.transport.codec import Channel, ProtocolError
from asrcli.transport.messages import Hello, check, hello, trouble

PR_SET_PDEATHSIG = 1

Put = Callable[[Any], None]
Next = Callable[[], Any]


def host(work: Callable[[Next, Put], None], kinds: Sequence[type], leave: Callable[[], object] | None = None) -> None:
    """Greet the parent and work for it until it goes away; never returns.

    Args:
        work: gets what returns the parent's next message, and what sends it one. An exception of it is told.
        kinds: of the messages that the parent sends.
        leave: what is still to be done when the parent has gone. Without it Linux ends this process with its parent.
    """
    if len(sys.argv) != 3:
        raise UsageError("this process is started by asr")
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(descriptor, False)  # what an engine starts must not hold the connection open
    if leave is None:
        _die_with(parent)
    channel = Channel(socket.socket(fileno=descriptor))
    try:
        channel.send(hello())
        check(channel.receive((Hello,)))
        inbox: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=_listen, args=(channel, kinds, inbox, leave or _nothing), daemon=True).start()
        work(inbox.get, channel.send)
    except BaseException as error:
        tell(channel.send, error)
    (leave or _nothing)()
    sys.stderr.flush()
    os._exit(0)  # an engine's threads may still be at work


def tell(put: Put, error: BaseException) -> None:
    """Tell the parent of an exception, if it is still there."""
    try:
        put(trouble(error))
    except OSError:
        os._exit(1)


def _nothing() -> None:
    """Leave without further ado."""


def _listen(channel: Channel, kinds: Sequence[type], inbox: SimpleQueue[Any], leave: Callable[[], object]) -> None:
    """Forward requests; end the process when the parent has died."""
    while True:
        try:
            inbox.put(channel.receive(kinds))
        except (EOFError, OSError):
            leave()
            os._exit(1)
        except ProtocolError as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(2)


def _die_with(parent: int) -> None:
    """Let the kernel end this process when its parent ends, however that ends and whatever holds the interpreter.

    Only Linux can; elsewhere the end of the connection does it, as soon as the interpreter gets to run.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it was gone before
