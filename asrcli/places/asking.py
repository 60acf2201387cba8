"""Asking a web server for some bytes, at a number that was checked.

A host is resolved here, no address of it may be private, and the connection goes to the number that was checked, so
that a second look-up cannot answer otherwise. Every redirect goes through the same check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asrcli.base.files import cause
from asrcli.places.addresses import is_allowed, may_be_plain
from asrcli.places.blocks import Facts
from asrcli.web.live import with_host
from asrcli.web.routes import check_name, client_through, proxy_of, public_addresses, resolve_host

if TYPE_CHECKING:
    import httpx2

TIMEOUT = 20.0  # seconds to connect, and between two pieces of an answer
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(slots=True)
class Answer:
    """The head of an answer, whose body is still to come."""

    response: httpx2.Response
    url: str  # that has answered, after redirects

    def header(self, name: str) -> str:
        """Return a header, "" when it is not there."""
        return str(self.response.headers.get(name, ""))

    @property
    def range(self) -> tuple[int, int, int] | None:
        """The first byte, the one behind the last, and the size of all; ``None`` when the whole is coming."""
        found = RANGE.fullmatch(self.header("content-range").strip()) if self.response.status_code == 206 else None
        return (int(found[1]), int(found[2]) + 1, int(found[3])) if found else None

    def facts(self, size: int) -> Facts:
        """Return what the server says of the recording."""
        try:
            modified = round(parsedate_to_datetime(self.header("last-modified")).timestamp()) * 1_000_000_000
        except (TypeError, ValueError, OverflowError):
            modified = 0
        return Facts(size, modified, self.header("etag")[:200])

    def body(self, most: int) -> Iterator[bytes]:
        """Yield the body as it is sent; raise `InputError` when it is longer than so many bytes."""
        if self.header("content-encoding") not in ("", "identity"):
            raise Problem("sends something packed, which was not asked for")
        seen = 0
        for piece in self.response.iter_raw():
            seen += len(piece)
            if seen > most:
                raise Problem(f"sends more than {most} bytes")
            yield piece

    @property
    def length(self) -> int | None:
        """The size of the body, where it is promised."""
        text = self.header("content-length")
        return int(text) if text.isascii() and text.isdigit() else None


class Problem(Exception):
    """What a server does wrong, as the end of a sentence that begins with its address."""


class Later(Problem):
    """What may go better in so many seconds."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


def sent(url: str, start: int, end: int) -> httpx2.Response:
    """Ask for some bytes of what is behind an address, at a number that was checked; return the head of the answer."""
    import httpx2

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Problem("leads to something that is no address") from None
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not may_be_plain(host, port)):
        raise Problem("leads to an address that is not encrypted")
    if not host or parts.username is not None:
        raise Problem("leads to an address with a password, or without a host")
    headers = {"Range": f"bytes={start}-{end - 1}", "Accept": "*/*", "Accept-Encoding": "identity"}
    allowed = is_allowed(host, port)  # by name and number of this network: not of the proxy's
    proxy = None if allowed else proxy_of(url)
    client = _client(parts.scheme, host, port, proxy)
    client.cookies.clear()
    try:
        if proxy:  # which resolves names and decides what may be reached
            check_name(host)
            return client.send(client.build_request("GET", url, headers=headers), stream=True)
        return _sent_to(client, resolve_host(host) if allowed else public_addresses(host), url, headers)
    except httpx2.InvalidURL:
        raise Problem("leads to something that is no address") from None


def _sent_to(client: httpx2.Client, numbers: list[str], url: str, headers: dict[str, str]) -> httpx2.Response:
    """Ask the first number of a host that can be reached."""
    import httpx2

    parts = urlsplit(url)
    headers = {**headers, "Host": parts.netloc}
    for left, number in enumerate(numbers, 1 - len(numbers)):
        target = with_host(url, number)
        try:
            request = client.build_request(
                "GET", _with_port(target, parts.port), headers=headers, extensions={"sni_hostname": parts.hostname}
            )
            return client.send(request, stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):  # no route to IPv6, say
            if left == 0:
                raise
    raise AssertionError("a host has at least one address")


def _with_port(url: str, port: int | None) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc}:{port}").geturl() if port else url


@lru_cache(maxsize=256)
def _client(scheme: str, host: str, port: int | None, proxy: str | None) -> httpx2.Client:
    """Return the client for one host: a connection to a number is for the name that its certificate was checked for."""
    return client_through(proxy, timeout=TIMEOUT, follow_redirects=False, headers={"User-Agent": "asrcli"})


def transport_errors() -> tuple[type[Exception], ...]:
    """Return the mistakes of connections."""
    import httpx2

    return (httpx2.TransportError,)


def why(error: Exception) -> str:
    """Return what a mistake of a connection is, as the end of a sentence about the server."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return "takes too long"
    if isinstance(error, httpx2.ConnectError):
        return "cannot be reached" + (": its certificate is not valid" if "CERTIFICATE" in cause(error) else "")
    return "ends in the middle"
