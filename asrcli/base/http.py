"""HTTP as every part of the program speaks it: a limit of time and one of size for each exchange, keys, and tries.

The time-outs of HTTP libraries begin anew with every byte; `deadline` is for the whole exchange.
"""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from asrcli.base.secret import Secret
from asrcli.errors import UsageError

if TYPE_CHECKING:
    import ssl

    import httpx2

T = TypeVar("T")

TRIES = 4
LONGEST_WAIT = 60.0  # seconds; a server that asks for more is given up
BUSY = 429
RETRIED = frozenset({BUSY, 500, 502, 503, 504})  # answers that may be others a little later
PATIENCE = 60.0  # seconds for an answer of a server that is `paced`
SLOWEST = 1 << 12  # and for so many bytes of it one more

_now = threading.local()  # .until: the time at which this thread's exchange has to be over


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End what this thread does with a client of `Http` when the seconds are over: httpx2.ReadTimeout and the like.

    Name look-ups are not ended; the system bounds them.
    """
    before = getattr(_now, "until", None)
    _now.until = time.monotonic() + seconds
    try:
        yield
    finally:
        _now.until = before


class TooLarge(Exception):
    """An answer is larger than the client takes."""


class Passing(Exception):
    """A failure that may pass: what to try again after a wait."""

    def __init__(self, text: str, wait: float) -> None:
        super().__init__(text)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was read to its end."""

    status: int
    reason: str  # the server's word for it
    headers: httpx2.Headers
    body: bytes

    def retry_after(self, otherwise: float) -> float:
        """Return the seconds that the server asks to wait."""
        return retry_after(self.headers.get("retry-after", ""), self.headers.get("date", ""), otherwise)


def trusted(trust_env: bool = True) -> ssl.SSLContext:
    """Return what checks certificates: once for all clients, since reading those of the system takes 30 ms.

    Args:
        trust_env: ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` are heeded.
    """
    return _trusted(trust_env, *map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")))


@cache
def _trusted(trust_env: bool, *named: str | None) -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context(trust_env=trust_env)


class Http:
    """Asks servers, and follows no redirect. May be used by several threads.

    Args:
        seconds: for a whole exchange.
        most: bytes of an answer that `ask` reads.
        settings: of ``httpx2.Client``.

    Raises:
        UsageError: a proxy that the environment names is no address. It is not shown: it may hold a password.
    """

    def __init__(self, seconds: float, most: int, **settings: Any) -> None:
        self.seconds, self.most = seconds, most
        self._settings = settings
        self._client = self._made()

    def _made(self, **more: Any) -> httpx2.Client:
        """Return a client whose reads and writes end with the thread's `deadline`."""
        import httpx2

        settings = {**self._settings, **more, "follow_redirects": False}
        if "transport" not in settings:
            settings.setdefault("verify", trusted(settings.get("trust_env", True)))
        try:
            client = httpx2.Client(**settings)
        except (ValueError, httpx2.InvalidURL, ImportError):
            raise UsageError(
                "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY holds no address of a proxy: correct or unset it"
            ) from None
        _bound(client, _Stream)
        return client

    def open(self, method: str, url: str, key: Secret | None = None, **request: Any) -> httpx2.Response:
        """Send a request and return the head of the answer, whose body is still to come; the caller closes it.

        Args:
            url: the address; ``key`` is sent to its own host only.
            request: what ``httpx2.Client.build_request`` takes.
        """
        headers = {**request.pop("headers", {}), **(key.headers(url) if key else {})}
        return self._send(method, url, headers, request)

    def _send(self, method: str, url: str, headers: dict[str, str], request: dict[str, Any]) -> httpx2.Response:
        return self._client.send(self._client.build_request(method, url, headers=headers, **request), stream=True)

    def ask(self, method: str, url: str, key: Secret | None = None, **request: Any) -> Reply:
        """Send a request, as `open` does, and return the whole answer.

        Raises:
            TooLarge: it has more bytes than this client takes.
        """
        with deadline(self.seconds), closing(self.open(method, url, key, **request)) as response:
            return self.read(response)

    def read(self, response: httpx2.Response) -> Reply:
        """Return an answer whose head has come. Raises as `ask`."""
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > self.most:
                raise TooLarge(f"the answer is larger than {self.most >> 20} MB")
        return Reply(response.status_code, response.reason_phrase, response.headers, bytes(body))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def persist(attempt: Callable[[int], T], tries: int = TRIES, sleep: Callable[[float], object] = time.sleep) -> T:
    """Return what one of several attempts returns; each is given its number, from 0 on.

    Raises:
        Passing: of the last attempt, or of one after which the wait would be too long.
    """
    for number in range(tries):
        try:
            return attempt(number)
        except Passing as failure:
            until = getattr(_now, "until", None)
            most = LONGEST_WAIT if until is None else min(LONGEST_WAIT, until - time.monotonic())
            if number + 1 == tries or failure.wait > most:
                raise
            sleep(failure.wait)
    raise AssertionError("the last attempt returns or raises")


def retry_after(asked: str, date: str, otherwise: float) -> float:
    """Return the seconds that a server asks to wait.

    Args:
        asked: its ``Retry-After`` header: a number of seconds, or a date.
        date: its ``Date`` header, on whose clock the other date is.
        otherwise: what to return where it asks for nothing that can be understood.
    """
    text = asked.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        now = parsedate_to_datetime(date).timestamp() if date else time.time()
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return otherwise


def is_loopback(url: str) -> bool:
    """Return whether an address is on this machine, where no proxy stands in between."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def paced(client: httpx2.Client) -> None:
    """Let a client of another library give up a server that drips: what it sends has to come at a pace.

    For weights of gigabytes no time for the whole is right, and each of that library's threads asks by itself.
    """
    _bound(client, _Paced)


def _bound(client: httpx2.Client, kind: type[_Stream]) -> None:
    for transport in [getattr(client, "_transport", None), *getattr(client, "_mounts", {}).values()]:
        pool = getattr(transport, "_pool", None)  # a transport of a test has none
        if pool is not None and not isinstance(pool._network_backend, _Backend):
            pool._network_backend = _Backend(pool._network_backend, kind)


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

    def __init__(self, inner: Any, kind: type[_Stream]) -> None:
        self._inner, self._kind = inner, kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **more: Any) -> Any:
        """Connect within what is left of the deadline."""
        return self._kind(self._inner.connect_tcp(host, port, timeout=_left(timeout, "ConnectTimeout"), **more))


class _Stream:
    """A connection that knows the deadline."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        """Read up to ``max_bytes`` within what is left of the deadline."""
        return self._inner.read(max_bytes, timeout=_left(timeout, "ReadTimeout"))

    def write(self, buffer: bytes, timeout: float | None = None) -> Any:
        """Send bytes within what is left of the deadline."""
        return self._inner.write(buffer, timeout=_left(timeout, "WriteTimeout"))

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        """Return the connection encrypted; the handshake counts towards the deadline."""
        inner = self._inner.start_tls(ssl_context, server_hostname, timeout=_left(timeout, "ConnectTimeout"))
        return type(self)(inner)


class _Paced(_Stream):
    """A connection whose answers have a time that grows with what has come of them."""

    _began = _received = 0.0

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        """Read; the time for an answer is `PATIENCE`, and a second more for each `SLOWEST` bytes of it."""
        now = time.monotonic()
        self._began = self._began or now
        with deadline(self._began + PATIENCE + self._received / SLOWEST - now):
            found = super().read(max_bytes, timeout)
        self._received += len(found)
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> Any:
        """Send, and begin to count anew: what is read next is another answer."""
        self._began = self._received = 0.0  # the next answer
        return super().write(buffer, timeout)
