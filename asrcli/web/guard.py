"""Servers whose addresses come from strangers: no host on a private network is asked.

A host is resolved once, every address of it that is not public is refused, and the connection goes to the number that
was checked, so that a second look-up cannot answer otherwise. Every redirect goes through the same check.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from asrcli.base.http import Http, trusted
from asrcli.base.secret import Secret
from asrcli.web.client import WebError
from asrcli.web.routes import Resolve, check_name, proxy_of, public_addresses, resolve_host

if TYPE_CHECKING:
    import httpx2

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
