"""The network: polite (one call at a time, a pause per host, retries with back-off), bounded, and guarded.

The guard against server-side request forgery resolves a host once, refuses every address that is not public, and
connects to the address it has checked, so that a second look-up cannot answer otherwise. Redirects go through the same
check.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from asrcli import __version__
from asrcli.base.deadline import deadline
from asrcli.base.files import cause
from asrcli.base.secret import Secret
from asrcli.web.client import Answer, Call, WebError
from asrcli.web.markup import MAX_BYTES
from asrcli.web.retries import LONGEST_WAIT, RETRIED, TRIES, retry_after
from asrcli.web.routes import check_name, client_through, proxy_of, public_addresses, resolve_host

if TYPE_CHECKING:
    import httpx2

USER_AGENT = f"asrcli-digest/{__version__} (+https://pypi.org/project/asrcli/)"
TIMEOUT = 30.0  # seconds to connect, and between two pieces of an answer
TOTAL = 120.0  # seconds for one answer in all: a server that drips bytes must not hold the run
RESOLVE_TRIES, RESOLVE_WAIT = 2, 2.0  # a name that does not resolve twice in two seconds means no network
REDIRECTS = 3
# Seconds between two calls: arXiv's terms say three for all its interfaces together; the others give room to spare.
PAUSES = (("arxiv.org", 3.0), ("huggingface.co", 0.6), ("semanticscholar.org", 3.0), ("", 1.0))


class LiveWeb:
    """Ask the network, one call at a time."""

    def __init__(
        self,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        resolve: Callable[[str], list[str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.transport = transport
        self.clients: dict[str | None, httpx2.Client] = {}  # by proxy
        self.sleep, self.clock = sleep, clock
        self.resolve = resolve or resolve_host
        self.given_up: set[str] = set()  # hosts
        self.last: dict[str, float] = {}  # host group -> when it was last asked

    def get(self, call: Call) -> Answer:
        """Return the answer of `_get`; nothing in it, or in the reason why there is none, holds the call's secret."""
        if not call.secret:
            return self._get(call)
        hide = call.secret.hide
        try:
            answer = self._get(call)
        except WebError as error:
            raise WebError(hide(str(error))) from None
        headers = tuple((name, hide(value)) for name, value in answer.headers)
        return Answer(answer.url, answer.status, call.secret.hide_bytes(answer.body), headers)

    def _get(self, call: Call) -> Answer:
        """Return the answer after at most four tries; 429 and 5xx are tried again after the time asked for.

        A host that gave no answer in the end is not asked again by this object: a run without a network ends soon, and
        a server that is overloaded is left alone.
        """
        host = checked_host(call.url)
        if host in self.given_up:
            raise WebError(f"{host} was given up before in this run")
        problem = ""
        for attempt in range(TRIES):
            try:
                answer = self._follow(call)
            except socket.gaierror as error:
                problem, wait = f"{host} cannot be resolved ({error.strerror})", RESOLVE_WAIT
                if attempt == RESOLVE_TRIES - 1:
                    break
            except _transient() as error:
                problem, wait = f"{type(error).__name__}: {cause(error)}", backoff(attempt)
            else:
                if answer.status not in RETRIED:
                    return answer
                problem, wait = f"HTTP {answer.status}", _wait(answer, attempt)
                if attempt == TRIES - 1 or wait > LONGEST_WAIT:
                    self.given_up.add(host)
                    return answer
            if attempt < TRIES - 1:
                self.sleep(wait)
        self.given_up.add(host)
        raise WebError(problem)

    def _follow(self, call: Call) -> Answer:
        url = call.url
        import httpx2

        for _ in range(REDIRECTS + 1):
            try:
                answer, location = self._once(url, call.accept, call.secret)
            except httpx2.InvalidURL as error:  # 0177.0.0.1
                raise WebError(f"not an address: {error}") from None
            if not location:
                return Answer(call.url, answer.status, answer.body, answer.headers)
            url = location
        raise WebError(f"more than {REDIRECTS} redirects")

    def _once(self, url: str, accept: str, secret: Secret | None) -> tuple[Answer, str]:
        host = checked_host(url)
        self._pause(host)
        headers = {"Accept": accept} | (secret.headers(url) if secret else {})  # to its own host, after redirects too
        proxy = proxy_of(url)
        client = self._client(proxy)
        if proxy:  # which resolves names and decides what may be reached
            check_name(host)
            return self._read(client, url, url, headers, {})
        addresses = public_addresses(host, self.resolve)
        headers["Host"] = urlsplit(url).netloc
        for left, address in enumerate(addresses, 1 - len(addresses)):
            try:
                return self._read(client, url, with_host(url, address), headers, {"sni_hostname": host})
            except _unreachable():  # no route to IPv6, say: the next address may be reached
                if left == 0:
                    raise
        raise AssertionError("a host has at least one address")

    def _client(self, proxy: str | None) -> httpx2.Client:
        if proxy not in self.clients:
            self.clients[proxy] = client_through(
                None if self.transport else proxy,
                transport=self.transport,
                timeout=TIMEOUT,
                follow_redirects=False,
                headers={"User-Agent": USER_AGENT},
            )
        return self.clients[proxy]

    def _read(
        self, client: httpx2.Client, url: str, address: str, headers: dict[str, str], extensions: dict[str, str]
    ) -> tuple[Answer, str]:
        started = self.clock()
        with deadline(TOTAL), client.stream("GET", address, headers=headers, extensions=extensions) as response:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_BYTES:
                    raise WebError(f"the answer is larger than {MAX_BYTES // 2**20} MB")
                if self.clock() - started > TOTAL:
                    raise WebError(f"the answer took longer than {TOTAL:.0f} s")
            location = response.headers.get("location", "") if response.is_redirect else ""
            kept = tuple(sorted((name.lower(), value) for name, value in response.headers.items()))
            return Answer(url, response.status_code, bytes(body), kept), urljoin(url, location) if location else ""

    def _pause(self, host: str) -> None:
        group, seconds = next(
            (name, pause) for name, pause in PAUSES if host == name or host.endswith(f".{name}") or not name
        )
        group = group or host
        since = self.clock() - self.last.get(group, float("-inf"))
        if since < seconds:
            self.sleep(seconds - since)
        self.last[group] = self.clock()


def _transient() -> tuple[type[Exception], ...]:
    import httpx2

    return (httpx2.TransportError,)


def _unreachable() -> tuple[type[Exception], ...]:
    import httpx2

    return (httpx2.ConnectError, httpx2.ConnectTimeout)


def backoff(attempt: int) -> float:
    """Return the seconds before the next try: 5, 10, 20."""
    return float(5 * 2**attempt)


def _wait(answer: Answer, attempt: int) -> float:
    """Return the seconds a server asks us to wait, else the back-off."""
    return retry_after(answer.header("retry-after"), answer.header("date"), backoff(attempt))


def checked_host(url: str) -> str:
    """Return the host of an https address.

    Raises:
        WebError: another scheme, another port, a user name, or no host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise WebError(f"not an address: {error}") from error
    if parts.scheme != "https" or not host or port not in (None, 443) or parts.username is not None:
        raise WebError("only https addresses on the usual port are asked")
    return host


def with_host(url: str, address: str) -> str:
    """Return the address with its host replaced by the number that was checked."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, f"[{address}]" if ":" in address else address, parts.path, parts.query, ""))
