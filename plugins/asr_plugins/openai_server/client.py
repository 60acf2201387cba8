"""HTTP to one server: bounded in time and size, patient with a busy server, and done with one that is gone.

Two kinds of failure are told apart, because they end differently. A request that the server refuses, or cannot
do after every try, is the failure of that clip (`Refused`); the others go on. A server that is not there, hangs, stays
overloaded or speaks another protocol is gone for everyone (`EngineUnavailable`): what waits is not sent any more.
"""

from __future__ import annotations

import json
import random
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from asr_plugins.openai_server.address import KEY_VARIABLE, URL_VARIABLE, Address
from asrcli.base.deadline import bounded_client, deadline
from asrcli.base.files import cause
from asrcli.errors import AsrError, EngineUnavailable

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 10.0
TRIES = 4
HANGS = 2  # tries of a request that is not answered in time: each one costs the whole time-out
FIRST_WAIT = 0.5  # seconds before the second try; doubled each time, and spread by up to half
LONGEST_WAIT = 60.0  # seconds; a server that asks for more is given up
BUSY = 429
RETRIED = frozenset({BUSY, 500, 502, 503, 504})
FAILURES = 8  # requests in a row that fail after every try: the server is given up
MOST_BYTES = 16 << 20  # of an answer
SHOWN = 200  # characters of the server's own words in a message


class Refused(AsrError):
    """The server does not do this request; others may work."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a try failed, and how long to wait before the next."""

    text: str
    wait: float
    status: int = 0  # of HTTP; 0 when there was no answer, or none that could be read
    hang: bool = False


class Client:
    """One server. May be used by several threads."""

    def __init__(self, address: Address, timeout: float) -> None:
        import httpx2

        self.address, self.timeout = address, timeout
        self._key = address.key()
        self._http = bounded_client(
            timeout=httpx2.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
            headers=self._key.headers(address.base),
            follow_redirects=False,  # a key is for the server that was named
            trust_env=not address.is_loopback,  # no proxy stands between this machine and itself
            limits=httpx2.Limits(max_connections=None),
        )
        weakref.finalize(self, self._http.close)
        self._gone = threading.Event()
        self._why = ""
        self._failures = 0
        self._lock = threading.Lock()  # over the two

    def get(self, url: str, tries: int = TRIES) -> Any:
        """Return the JSON at an address. Raises as `post`."""
        return self._ask(lambda: self._http.stream("GET", url), url, tries)

    def post(self, url: str, **request: Any) -> Any:
        """Send a request (`data` and `files`, or `json`) and return the JSON that is the answer.

        Raises:
            Refused: this request is not done.
            EngineUnavailable: the server is gone.
        """
        return self._ask(lambda: self._http.stream("POST", url, **request), url, TRIES)

    def _ask(self, send: Callable[[], Any], url: str, tries: int) -> Any:
        hangs = 0
        failure = _Failure("", 0.0)
        for attempt in range(tries):
            if attempt:
                self._gone.wait(failure.wait)
            if self._gone.is_set():
                raise EngineUnavailable(self._why)
            found = self._try(send, attempt)
            if not isinstance(found, _Failure):
                with self._lock:
                    self._failures = 0
                return found
            failure = found
            hangs += failure.hang
            if hangs == HANGS or failure.wait > LONGEST_WAIT:
                break
        with self._lock:
            self._failures += 1
            is_passing = self._failures < FAILURES
        text = f"{url}: {failure.text}"
        if failure.status and failure.status != BUSY and is_passing:
            raise Refused(text, failure.status)
        raise self._given_up(text)

    def _given_up(self, why: str) -> EngineUnavailable:
        """Send nothing more; the first reason is the one that all threads give."""
        with self._lock:
            self._why = self._why or why
        self._gone.set()
        return EngineUnavailable(self._why)

    def _try(self, send: Callable[[], Any], attempt: int) -> Any:
        """Return decoded JSON, or why this try failed; raise what no further try can change."""
        import httpx2

        pause = FIRST_WAIT * 2**attempt * random.uniform(1.0, 1.5)  # noqa: S311 -- spreads tries, guards nothing
        try:
            with deadline(self.timeout), send() as response:
                body = self._read(response)
        except httpx2.TimeoutException as error:
            if isinstance(error, httpx2.ConnectTimeout):
                return _Failure("cannot be reached: no answer; is the server running?", pause, hang=True)
            return _Failure(f"no answer within {self.timeout:g} s (ASR_SERVER_TIMEOUT)", pause, hang=True)
        except httpx2.ConnectError as error:
            return _Failure(f"cannot be reached ({self._clean(cause(error))}); is the server running?", pause)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            return _Failure(f"the connection broke ({self._clean(cause(error)) or type(error).__name__})", pause)
        if response.is_success:
            try:
                return self._key.hide_in(json.loads(body))
            except (ValueError, RecursionError):  # a thousand brackets
                what = self._clean(kind_of(response, body))
                return _Failure(f"answers {what} where JSON is due: is it the right address?", pause)
        text = f"answers {response.status_code} {self._words(response, body)}".rstrip()
        if response.status_code in RETRIED:
            return _Failure(text, retry_after(response, pause), response.status_code)
        raise self._refusal(str(response.url), text, response)

    def _refusal(self, url: str, text: str, response: httpx2.Response) -> AsrError:
        """Return the error for an answer that would be the same next time."""
        status = response.status_code
        if status in (401, 403):
            advice = f"is {KEY_VARIABLE} right?" if self._key else f"set {KEY_VARIABLE}"
            if self._key and not self._key.headers(self.address.base):
                advice = f"{KEY_VARIABLE} was not sent: it is for the server in {URL_VARIABLE}"
            return self._given_up(f"{url}: {text}: {advice}")
        if response.is_redirect:
            where = self._clean(response.headers.get("location", ""))
            return self._given_up(f"{url}: leads on to {where}: give that address")
        return Refused(f"{url}: {text}", status)

    def _read(self, response: httpx2.Response) -> bytes:
        """Return the body; one that does not end is a broken connection."""
        import httpx2

        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MOST_BYTES:
                raise httpx2.ReadError(f"its answer is larger than {MOST_BYTES >> 20} MB")
        return bytes(body)

    def _words(self, response: httpx2.Response, body: bytes) -> str:
        """Return what the server says about its refusal, in brackets."""
        try:
            said = json.loads(body)
            for name in ("error", "detail", "message"):
                if isinstance(said, dict) and name in said:
                    said = said[name]
            if isinstance(said, list) and said:
                said = said[0].get("msg", said[0]) if isinstance(said[0], dict) else said[0]
            text = said if isinstance(said, str) else json.dumps(said)
        except (ValueError, RecursionError):
            text = kind_of(response, body) if body else response.reason_phrase
        return f"({self._clean(text)})"

    def _clean(self, text: str) -> str:
        """Return text on one line, short, without the key."""
        text = self._key.hide(" ".join(text.split()))
        return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def kind_of(response: httpx2.Response, body: bytes) -> str:
    """Say what an answer is that is not JSON."""
    if not body.strip():
        return "nothing"
    if body.lstrip()[:1] == b"<":
        return "a web page"
    return f"'{response.headers.get('content-type', 'no type').split(';')[0]}'"


def retry_after(response: httpx2.Response, otherwise: float) -> float:
    """Return the seconds that a server asks to be left alone (``Retry-After``: seconds, or a date)."""
    text = response.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return otherwise
