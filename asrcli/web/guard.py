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

from asrcli.base.http import Http, trusted
from asrcli.base.secret import Secret
from asrcli.web.client import WebError

if TYPE_CHECKING:
    import httpx2

Resolve = Callable[[str], list[str]]
# What no name server of the public knows, and a proxy may: itself, and what stands beside it.
PRIVATE = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa")
GLOBAL = ipaddress.ip_network("2000::/3")  # all that is handed out of IPv6
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # NAT64: the last four bytes are an address of IPv4


def proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for an address; ``None`` where it is asked directly."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all") or None


def check_name(host: str) -> None:
    """Check the name of a host that a proxy will resolve.

    Raises:
        WebError: it is the number of one that is not public, however it is spelled, or a name of a private network.
    """
    plain = host.rstrip(".").lower()
    try:
        number = str(ipaddress.ip_address(plain))
    except ValueError:
        try:
            number = socket.inet_ntoa(socket.inet_aton(plain))  # 127.1, 2130706433, 0x7f.1
        except OSError:
            number = ""
    if number:
        public_addresses(host, lambda _: [number])
    elif "." not in plain or plain.endswith(tuple(f".{one}" for one in PRIVATE)):
        raise WebError(f"{host} is a name of a private network")


def resolve_host(host: str) -> list[str]:
    """Return every address of a host, in the order the system would try them."""
    found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_addresses(host: str, resolve: Resolve = resolve_host) -> list[str]:
    """Return the addresses of a host, all of which are public.

    Raises:
        WebError: one of them is private, loopback, link-local (cloud metadata), reserved or multicast.
    """
    addresses = resolve(host)
    for address in addresses:
        if not _is_public(ipaddress.ip_address(address.partition("%")[0])):
            raise WebError(f"{host} is not a public address ({address})")
    if not addresses:
        raise WebError(f"{host} has no address")
    return addresses


def _is_public(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(number, ipaddress.IPv6Address):
        inner = number.ipv4_mapped or number.sixtofour
        if number in TRANSLATED:
            inner = ipaddress.IPv4Address(number.packed[-4:])
        elif number not in GLOBAL and inner is None:
            return False
        if inner is not None and not _is_public(inner):
            return False
    return number.is_global and not number.is_multicast


MOST_CLIENTS = 256


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
        if "transport" not in settings:
            settings["verify"] = trusted()
        super().__init__(seconds, most, trust_env=False, **settings)
        self.resolve, self.allowed = resolve, allowed
        self._clients: dict[tuple[str, str, str | None], httpx2.Client] = {}

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
        import httpx2

        parts = urlsplit(url)
        host = parts.hostname or ""
        is_allowed = self.allowed(host, parts.port)  # by name and number of this network: not of the proxy's
        proxy = None if is_allowed else proxy_of(url)
        try:
            if proxy:  # which resolves names and decides what may be reached
                check_name(host)
                client = self._client_of(parts.scheme, parts.netloc, proxy)
                return client.send(client.build_request(method, url, headers=headers, **request), stream=True)
            numbers = self.resolve(host) if is_allowed else public_addresses(host, self.resolve)
            return self._sent_to(numbers, method, url, headers, request)
        except httpx2.InvalidURL as error:  # 0177.0.0.1
            raise WebError(f"not an address: {error}") from None

    def _sent_to(
        self, numbers: list[str], method: str, url: str, headers: dict[str, str], request: dict[str, Any]
    ) -> httpx2.Response:
        """Ask the first number of a host that can be reached."""
        import httpx2

        parts = urlsplit(url)
        client = self._client_of(parts.scheme, parts.netloc, None)
        more = {**request, "headers": {**headers, "Host": parts.netloc}, "extensions": {"sni_hostname": parts.hostname}}
        for left, number in enumerate(numbers, 1 - len(numbers)):
            try:
                return client.send(client.build_request(method, with_host(url, number), **more), stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):  # no route to IPv6, say
                if left == 0:
                    raise
        raise WebError(f"{parts.hostname} has no address")

    def _client_of(self, scheme: str, netloc: str, proxy: str | None) -> httpx2.Client:
        """Return the client for one host: a connection to a number is for the name that its certificate has.

        It asks through this proxy, or through none: the environment is not read a second time, since its exceptions
        from the proxy say nothing of numbers.
        """
        if len(self._clients) > MOST_CLIENTS:
            self._clients.clear()
        if (scheme, netloc, proxy) not in self._clients:
            through = {"proxy": proxy if "://" in proxy else f"http://{proxy}"} if proxy else {}
            self._clients[scheme, netloc, proxy] = self._made(**({} if "transport" in self._settings else through))
        client = self._clients[scheme, netloc, proxy]
        client.cookies.clear()
        return client


def with_host(url: str, number: str) -> str:
    """Return the address with its host replaced by the number that was checked."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=(f"[{number}]" if ":" in number else number) + port, fragment="").geturl()
