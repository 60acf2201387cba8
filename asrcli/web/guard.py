"""Servers whose addresses come from strangers: no host on a private network is asked.

A host is resolved once, every address of it that is not public is refused, and the connection goes to the number that
was checked, so that a second look-up cannot answer otherwise. Every redirect goes through the same check.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from asrcli.base.http import Http
from asrcli.base.secret import Secret
from asrcli.web.client import WebError

if TYPE_CHECKING:
    import httpx2

Resolve = Callable[[str], list[str]]
NO_PROXY = {"mounts": {"all://": None, "http://": None, "https://": None}}
MOST_CLIENTS = 256


def resolve_host(host: str) -> list[str]:
    """Return every address of a host, in the order the system would try them."""
    found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedHttp(Http):
    """Asks hosts at numbers that were checked.

    Args:
        seconds: for a whole exchange.
        most: bytes of an answer that `ask` reads.
        resolve: returns the numbers of a host.
        allowed: tells of host and port whether a private number is meant; no proxy is asked for it.
        settings: of ``httpx2.Client``.
    """

    def __init__(
        self,
        seconds: float,
        most: int,
        *,
        resolve: Resolve = resolve_host,
        allowed: Callable[[str, int | None], bool] = lambda host, port: False,
        **settings: Any,
    ) -> None:
        import httpx2

        if "transport" not in settings:
            settings["verify"] = httpx2.create_ssl_context()  # one for all hosts
        super().__init__(seconds, most, **settings)
        self.resolve, self.allowed = resolve, allowed
        self._direct: dict[tuple[str, str], httpx2.Client] = {}

    def follow(
        self, url: str, check: Callable[[str], object], most: int, key: Secret | None = None, **request: Any
    ) -> tuple[str, httpx2.Response]:
        """Return the first answer that leads nowhere else, and the address that it comes from; the caller closes it.

        Args:
            url: where to begin.
            check: raises for an address that is not asked; called before each request.
            most: redirects.
            key: sent to its own host only, after redirects too.
            request: as of `open`.

        Raises:
            WebError: a host is on a private network, or leads on for ever or to no address.
        """
        for _ in range(most + 1):
            check(url)
            response = self.open("GET", url, key, **request)
            location = response.headers.get("location", "") if response.is_redirect else ""
            if not location:
                return url, response
            response.close()
            try:
                url = urljoin(url, location)
            except ValueError:
                raise WebError("the server leads to something that is no address") from None
        raise WebError(f"the server leads on more than {most} times (redirects)")

    def _send(self, method: str, url: str, headers: dict[str, str], request: dict[str, Any]) -> httpx2.Response:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_allowed = self.allowed(host, parts.port)
        proxied = parts.scheme in getproxies() and not proxy_bypass(host) and not is_allowed
        numbers = [] if proxied and not is_address(host) else self.resolve(host)
        if not is_allowed:
            check_public(host, numbers)
        if proxied:  # the proxy resolves names and decides what may be reached
            self._client.cookies.clear()
            return super()._send(method, url, headers, request)
        return self._sent_to(numbers, method, url, headers, request)

    def _sent_to(
        self, numbers: list[str], method: str, url: str, headers: dict[str, str], request: dict[str, Any]
    ) -> httpx2.Response:
        """Ask the first number of a host that can be reached."""
        import httpx2

        parts = urlsplit(url)
        client = self._client_of(parts.scheme, parts.netloc)
        more = {**request, "headers": {**headers, "Host": parts.netloc}, "extensions": {"sni_hostname": parts.hostname}}
        for left, number in enumerate(numbers, 1 - len(numbers)):
            try:
                return client.send(client.build_request(method, with_host(url, number), **more), stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):  # no route to IPv6, say
                if left == 0:
                    raise
        raise WebError(f"{parts.hostname} has no address")

    def _client_of(self, scheme: str, netloc: str) -> httpx2.Client:
        """Return the client for one host: a connection to a number is for the name that its certificate has."""
        if len(self._direct) > MOST_CLIENTS:
            self._direct.clear()
        if (scheme, netloc) not in self._direct:
            self._direct[scheme, netloc] = self._made(**NO_PROXY)
        client = self._direct[scheme, netloc]
        client.cookies.clear()
        return client


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def check_public(host: str, numbers: list[str]) -> None:
    """Raise `WebError` when a number of a host is private, loopback, link-local, reserved or multicast."""
    for number in numbers:
        found = ipaddress.ip_address(number.partition("%")[0])
        inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
        if not found.is_global or not inner.is_global or found.is_multicast:
            raise WebError(f"{host} is not a public address ({number})")


def with_host(url: str, number: str) -> str:
    """Return the address with its host replaced by the number that was checked."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=(f"[{number}]" if ":" in number else number) + port, fragment="").geturl()
