"""The network: polite (one call at a time, a pause per host, retries with back-off), bounded, and guarded."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from asrcli import __version__
from asrcli.base.files import cause
from asrcli.base.http import RETRIED, Passing, TooLarge, deadline, persist
from asrcli.web.client import Answer, Call, WebError
from asrcli.web.guard import GuardedHttp, Resolve, resolve_host
from asrcli.web.markup import MAX_BYTES

if TYPE_CHECKING:
    import httpx2

USER_AGENT = f"asrcli-digest/{__version__} (+https://pypi.org/project/asrcli/)"
TIMEOUT = 30.0  # seconds to connect, and between two pieces of an answer
TOTAL = 120.0  # seconds for one answer in all: a server that drips bytes must not hold the run
RESOLVE_WAIT = 2.0  # seconds
REDIRECTS = 3
# Seconds between two calls: arXiv's terms say three for all its interfaces together; the others give room to spare.
PAUSES = (("arxiv.org", 3.0), ("huggingface.co", 0.6), ("semanticscholar.org", 3.0), ("", 1.0))


class _Failed(WebError, Passing):
    """A try gave no answer, or one that may be another a little later."""

    def __init__(self, text: str, wait: float, answer: Answer | None = None) -> None:
        Passing.__init__(self, text, wait)
        self.answer = answer


class LiveWeb:
    """Ask the network, one call at a time."""

    def __init__(
        self,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        resolve: Resolve = resolve_host,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        settings: dict[str, Any] = {"transport": transport} if transport else {}
        headers = {"User-Agent": USER_AGENT}
        self.http = GuardedHttp(TOTAL, MAX_BYTES, resolve=resolve, timeout=TIMEOUT, headers=headers, **settings)
        self.sleep, self.clock = sleep, clock
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
        try:
            return persist(lambda number: self._try(call, host, number), sleep=self.sleep)
        except _Failed as failure:
            self.given_up.add(host)
            if failure.answer:
                return failure.answer
            raise WebError(str(failure)) from None

    def _try(self, call: Call, host: str, number: int) -> Answer:
        import httpx2

        wait = 5.0 * 2**number
        try:
            with deadline(TOTAL), closing(self._open(call)) as response:
                reply = self.http.read(response)
        except TooLarge as error:
            raise WebError(str(error)) from None
        except socket.gaierror as error:  # a name that does not resolve twice in two seconds means no network
            wait = RESOLVE_WAIT if number == 0 else float("inf")
            raise _Failed(f"{host} cannot be resolved ({cause(error)})", wait) from None
        except httpx2.TransportError as error:
            raise _Failed(f"{type(error).__name__}: {cause(error)}", wait) from None
        headers = tuple(sorted((name.lower(), value) for name, value in reply.headers.items()))
        answer = Answer(call.url, reply.status, reply.body, headers)
        if reply.status in RETRIED:
            raise _Failed(f"HTTP {reply.status}", reply.retry_after(wait), answer)
        return answer

    def _open(self, call: Call) -> httpx2.Response:
        return self.http.follow(call.url, self._pause, REDIRECTS, call.secret, headers={"Accept": call.accept})[1]

    def _pause(self, url: str) -> None:
        """Wait until the host of an address may be asked again. Raises `WebError` as `checked_host`."""
        host = checked_host(url)
        group, seconds = next(
            (name, pause) for name, pause in PAUSES if host == name or host.endswith(f".{name}") or not name
        )
        group = group or host
        since = self.clock() - self.last.get(group, float("-inf"))
        if since < seconds:
            self.sleep(seconds - since)
        self.last[group] = self.clock()


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
