"""Values as JSON with named fields, and the samples in them as raw float32 behind it.

By name, because a value whose fields have moved since must not be read in their order. What comes back is built from
the annotations of the classes that the reader expects: the other side names no class but those.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

SAMPLES = "<f4"
MOST_NUMBER = 1 << 64
Built = TypeVar("Built")

SIZES = struct.Struct("<IQ")  # bytes of the head, bytes of the samples
MOST_HEAD = 1 << 28
MOST_BODY = 1 << 34  # 74 hours of samples: what claims to be more is no message
STEP = 1 << 26  # bytes for which room is made at once
SECONDS_INSIDE = 60.0  # that a message which has begun may stand still


class ProtocolError(Exception):
    """What came is not what is spoken here."""


class Samples:
    """Stands for an array of samples in annotations: `asrcli.types.Samples` is a type for type checkers only."""


def encode(message: Any) -> tuple[bytes, list[memoryview]]:
    """Return a dataclass as its name and fields in JSON, and the samples that it holds, in the order of the fields."""
    samples: list[memoryview] = []
    head = {"is": type(message).__name__, "with": _plain(message, samples)}
    return json.dumps(head, separators=(",", ":")).encode(), samples


def _plain(value: Any, samples: list[memoryview]) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name), samples) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one, samples) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [_plain(one, samples) for one in value]
    if getattr(value, "ndim", None) == 0:  # a number of numpy or torch, which an engine should have turned into one
        return value.item()
    if getattr(value, "ndim", None) == 1:
        import numpy as np

        array = np.ascontiguousarray(value, dtype=SAMPLES)
        samples.append(memoryview(array.data).cast("B"))
        return len(array)
    raise ProtocolError(f"{type(value).__name__} cannot be sent to another process")


def decode(head: bytes | bytearray, body: bytearray, kinds: Sequence[type]) -> Any:
    """Return the message that was sent, which is of one of these dataclasses.

    Raises:
        ProtocolError: it is none of them.
    """
    try:
        found = json.loads(bytes(head))
        kind = {one.__name__: one for one in kinds}[found["is"]]
        return _build(kind, found["with"], _Cutter(body))
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        names = ", ".join(one.__name__ for one in kinds)
        raise ProtocolError(f"expected one of {names}: {type(error).__name__} {error}") from error


def build(kind: type[Built], values: Any) -> Built:
    """Return a dataclass of decoded JSON, with every value of the kind that its annotation names.

    Raises:
        LookupError, TypeError, ValueError, RecursionError: it is not that.
    """
    found: Built = _build(kind, values, _Cutter(bytearray()))
    return found


class _Cutter:
    """Takes one array after the other from the bytes behind a message."""

    def __init__(self, body: bytearray) -> None:
        self.body, self.at = body, 0

    def __call__(self, count: int) -> Any:
        import numpy as np

        if not 0 <= count <= (memoryview(self.body).nbytes - self.at) // 4:  # of bytes, or of samples already
            raise ValueError(f"{count} samples are not there")
        found = np.frombuffer(self.body, SAMPLES, count, self.at)
        self.at += 4 * count
        return found


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind, localns={"Samples": Samples})


def _build(hint: Any, data: Any, samples: _Cutter) -> Any:
    if hint is Samples:
        return samples(data)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if data is None and NoneType in inner:
            return None
        return _build(next(one for one in inner if one is not NoneType), data, samples)
    if origin is tuple:
        each = _each(inner, _of(list, data))
        return tuple(_build(one, item, samples) for one, item in each)
    if origin is list:
        return [_build(inner[0], item, samples) for item in _of(list, data)]
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _build(inner[1], item, samples) for key, item in _of(dict, data).items()}
    if isinstance(hint, type) and is_dataclass(hint):
        hints = _hints(hint)
        return hint(**{name: _build(hints[name], item, samples) for name, item in _of(dict, data).items()})
    return _simple(hint, data)


def _simple(hint: Any, data: Any) -> Any:
    """Return a text or a number, of the kind that is expected: whoever uses it does not look again."""
    if hint in (int, float):
        if isinstance(data, int) and abs(data) >= MOST_NUMBER:
            raise ValueError("a number without an end")
        if hint is int and isinstance(data, float) and not data.is_integer():
            raise ValueError(f"{data} where a whole number belongs")
        return _of((int, float), data)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(data)
    return _of(hint, data) if isinstance(hint, type) else data


def _of(kind: type | tuple[type, ...], data: Any) -> Any:
    if not isinstance(data, kind):
        raise TypeError(f"{type(data).__name__} where something else belongs")
    return data


def _each(inner: tuple[Any, ...], data: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield the items of a tuple with what each of them is."""
    if len(inner) == 2 and inner[1] is Ellipsis:
        yield from ((inner[0], item) for item in data)
    else:
        yield from zip(inner, data, strict=True)


class Channel:
    """One end of a socket between two processes of one machine: a JSON head, then raw samples.

    Any thread may send; one at a time may receive.
    """

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
        """Wait for the next message, one of these dataclasses; all of it has to be there ``until`` a `time.monotonic`.

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
