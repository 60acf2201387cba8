"""One time limit for a whole exchange with a server. The limits of HTTP libraries begin anew with every byte."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from asrcli.errors import UsageError

if TYPE_CHECKING:
    import httpx2

PATIENCE = 60.0  # seconds for an answer of a server that is `paced`
SLOWEST = 1 << 12  # and for so many bytes of it one more

_now = threading.local()  # .until: the time at which this thread's exchange has to be over


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End what this thread does with a client made by `bounded` after so many seconds: httpx2.ReadTimeout and the like.

    Name look-ups are not ended; the system bounds them.
    """
    before = getattr(_now, "until", None)
    _now.until = time.monotonic() + seconds
    try:
        yield
    finally:
        _now.until = before


def bounded(client: httpx2.Client) -> httpx2.Client:
    """Return a client whose reads and writes end with the thread's `deadline`."""
    for transport in [client._transport, *client._mounts.values()]:
        pool = getattr(transport, "_pool", None)  # a transport of a test has none
        if pool is not None:
            pool._network_backend = _Backend(pool._network_backend)
    return client


def paced(client: httpx2.Client) -> None:
    """Let a client of another library give up a server that drips: what it sends has to come at a pace.

    For weights of gigabytes no time for the whole is right, and each of that library's threads asks by itself.
    """
    for transport in [getattr(client, "_transport", None), *getattr(client, "_mounts", {}).values()]:
        pool = getattr(transport, "_pool", None)
        if pool is not None and not isinstance(pool._network_backend, _Backend):
            pool._network_backend = _Backend(pool._network_backend, _Paced)


def bounded_client(**settings: Any) -> httpx2.Client:
    """Return a client whose reads and writes end with the thread's `deadline`.

    Raises:
        UsageError: a proxy that the environment names is no address. It is not shown: it may hold a password.
    """
    import httpx2

    try:
        return bounded(httpx2.Client(**settings))
    except (ValueError, httpx2.InvalidURL, ImportError):
        raise UsageError(
            "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY holds no address of a proxy: correct or unset it"
        ) from None


def _left(timeout: float | None, error: str) -> float | None:
    """Return the seconds that a step may take."""
    until = getattr(_now, "until", None)
    if until is None:
        return timeout
    left = float(until - time.monotonic())
    if left <= 0:
        import httpcore2

        raise getattr(httpcore2, error)("the whole exchange takes too long")
    return left if timeout is None else min(left, timeout)


class _Backend:
    """Opens connections that know the deadline."""

    def __init__(self, inner: Any, kind: type[_Stream] | None = None) -> None:
        self._inner, self._kind = inner, kind or _Stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **more: Any) -> Any:
        return self._kind(self._inner.connect_tcp(host, port, timeout=_left(timeout, "ConnectTimeout"), **more))


class _Stream:
    """A connection that knows the deadline."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        return self._inner.read(max_bytes, timeout=_left(timeout, "ReadTimeout"))

    def write(self, buffer: bytes, timeout: float | None = None) -> Any:
        return self._inner.write(buffer, timeout=_left(timeout, "WriteTimeout"))

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        inner = self._inner.start_tls(ssl_context, server_hostname, timeout=_left(timeout, "ConnectTimeout"))
        return type(self)(inner)


class _Paced(_Stream):
    """A connection whose answers have a time that grows with what has come of them."""

    _began = _received = 0.0

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        now = time.monotonic()
        self._began = self._began or now
        with deadline(self._began + PATIENCE + self._received / SLOWEST - now):
            found = super().read(max_bytes, timeout)
        self._received += len(found)
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> Any:
        self._began = self._received = 0.0  # the next answer
        return super().write(buffer, timeout)
