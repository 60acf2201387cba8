"""Asking a web server for some bytes of a recording."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asrcli.base.files import cause
from asrcli.base.http import Passing
from asrcli.places.addresses import is_allowed, may_be_plain
from asrcli.places.blocks import Facts
from asrcli.web.guard import GuardedHttp

if TYPE_CHECKING:
    import httpx2

REDIRECTS = 5
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
        """Yield the body as it is sent; raise `InputError` when it is longer than ``most`` bytes."""
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


class Later(Problem, Passing):
    """A failure that may pass: what to try again after a wait."""


def request_range(url: str, start: int, end: int) -> Answer:
    """Ask for some bytes of what is behind an address; return the head of the answer that leads nowhere else."""
    headers = {"Range": f"bytes={start}-{end - 1}", "Accept": "*/*", "Accept-Encoding": "identity"}
    check = partial(_check, secure=url.startswith("https:"))
    found, response = http().follow(url, check, REDIRECTS, headers=headers)
    return Answer(response, found)


def _check(url: str, secure: bool) -> None:
    """Raise `Problem` for an address that is not asked; from a ``secure`` one none leads to another that is not."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Problem("leads to something that is no address") from None
    if parts.scheme != "https" and (parts.scheme != "http" or secure or not may_be_plain(host, port)):
        raise Problem("leads to an address that is not encrypted")
    if not host or parts.username is not None:
        raise Problem("leads to an address with a password, or without a host")


@lru_cache(maxsize=1)
def http() -> GuardedHttp:
    """Return the client for recordings: hosts that the user allows may be on a private network."""
    return GuardedHttp(TIMEOUT, 0, allowed=is_allowed, timeout=TIMEOUT, headers={"User-Agent": "asrcli"})


def transport_errors() -> tuple[type[Exception], ...]:
    """Return the mistakes of connections."""
    import httpx2

    return (httpx2.TransportError,)


def failure_text(error: Exception) -> str:
    """Return what a mistake of a connection is, as the end of a sentence about the server."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return "takes too long"
    if isinstance(error, httpx2.ConnectError):
        return "cannot be reached" + (": its certificate is not valid" if "CERTIFICATE" in cause(error) else "")
    return "ends in the middle"
