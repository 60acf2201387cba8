"""Messages over a socket between two processes of one machine: a JSON head, then raw samples."""

from __future__ import annotations

import math
import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from asrcli.transport.codec import ProtocolError, decode, encode

SIZES = struct.Struct("<IQ")  # bytes of the head, bytes of the samples
MOST_HEAD = 1 << 28
MOST_BODY = 1 << 34  # 74 hours of samples: what claims to be more is no message
STEP = 1 << 26  # bytes for which room is made at once
SECONDS_INSIDE = 60.0  # that a message which has begun may stand still


class Channel:
    """One end. Any thread may send; one at a time may receive."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._sending = threading.Lock()

    def send(self, message: Any, seconds: float | None = None) -> None:
        """Send a dataclass.

        Raises:
            TimeoutError: the other side has not taken it within ``seconds``.
            OSError: it has gone.
            ProtocolError: it holds something that cannot be sent; nothing was.
        """
        head, samples = encode(message)
        with self._sending:
            self._socket.settimeout(seconds)
            self._socket.sendall(SIZES.pack(len(head), sum(map(len, samples))) + head)
            for one in samples:
                self._socket.sendall(one)

    def ready(self, seconds: float) -> bool:
        """Wait so long for a message, or for the end, and return whether there is one."""
        self._socket.settimeout(max(0.001, seconds))
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return False
        except OSError:  # it has gone with a message unread, which `receive` will say
            return True
        return True

    def receive(self, kinds: Sequence[type], until: float = math.inf) -> Any:
        """Wait for the next message, which is one of these dataclasses, and return it.

        Args:
            kinds: the dataclasses.
            until: the time, as `time.monotonic` has it, at which the whole message has to be there.

        Raises:
            EOFError, OSError: the other side has gone.
            TimeoutError: it has begun a message and does not end it.
            ProtocolError: what came is something else.
        """
        head, body = SIZES.unpack(self._exactly(SIZES.size, until, None if until == math.inf else SECONDS_INSIDE))
        if head > MOST_HEAD or body > MOST_BODY:
            raise ProtocolError(f"a message of {head + body} bytes")
        return decode(self._exactly(head, until), self._exactly(body, until), kinds)

    def close(self) -> None:
        """Hang up, also while another thread waits for a message."""
        with suppress(OSError):  # the other side was first
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, count: int, until: float, seconds: float | None = SECONDS_INSIDE) -> bytearray:
        """Return ``count`` bytes; the room for them is made as they come, since the number may be a lie."""
        found, have = bytearray(min(count, STEP)), 0
        while have < count:
            if have == len(found):
                found.extend(bytes(min(have, count - have)))
            left = until - time.monotonic()
            self._socket.settimeout(None if seconds is None else max(0.001, min(seconds, left)))
            with memoryview(found) as view:
                if not (got := self._socket.recv_into(view[have:])):
                    raise EOFError
            have, seconds = have + got, SECONDS_INSIDE
        return found
