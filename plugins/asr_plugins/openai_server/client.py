"""Which server is asked, and HTTP to it: bounded in time and size, patient when it is busy, done when it is gone.

Two kinds of failure are told apart, because they end differently. A request that the server refuses, or cannot
do after every try, is the failure of that clip (`Refused`); the others go on. A server that is not there, hangs, stays
overloaded or speaks another protocol is gone for everyone (`EngineUnavailable`): what waits is not sent any more.
"""

from __future__ import annotations

import json
import os
import random
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit, urlunsplit

from asrcli.base.files import cause
from asrcli.base.http import BUSY, RETRIED, TRIES, Http, Passing, Reply, TooLarge, is_loopback, persist
from asrcli.base.secret import Secret
from asrcli.errors import AsrError, EngineUnavailable, UsageError

CONNECT_SECONDS = 10.0
HANGS = 2  # tries of a request that is not answered in time: each one costs the whole time-out
FIRST_WAIT = 0.5  # seconds before the second try; doubled each time, and spread by up to half
FAILURES = 8  # requests in a row that fail after every try: the server is given up
MOST_BYTES = 16 << 20  # of an answer
SHOWN = 200  # characters of the server's own words in a message

Style = Literal["transcriptions", "chat", "inference"]

URL_VARIABLE, KEY_VARIABLE, OPENAI_KEY_VARIABLE = "ASR_SERVER_URL", "ASR_SERVER_KEY", "OPENAI_API_KEY"
ANY_MODEL = "default"  # whichever model the server has
ENDPOINTS: Mapping[str, Style] = {
    "/audio/transcriptions": "transcriptions",
    "/chat/completions": "chat",
    "/inference": "inference",
}
OPENAI = "api.openai.com"
EXAMPLE = "-m http://127.0.0.1:8000/v1#MODEL"


class Refused(AsrError):
    """The server does not do this request; others may work."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class _Failure(Passing):
    """Why a try failed, and how long to wait before the next."""

    def __init__(self, text: str, wait: float, status: int = 0, hang: bool = False) -> None:
        super().__init__(text, wait)
        self.status = status  # of HTTP; 0 when there was no answer, or none that could be read
        self.hang = hang


class Client:
    """One server. May be used by several threads."""

    def __init__(self, address: Address, timeout: float) -> None:
        import httpx2

        self.address, self.timeout = address, timeout
        self._key = address.key()
        self._http = Http(
            timeout,
            MOST_BYTES,
            timeout=httpx2.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
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
        return self._ask("GET", url, tries)

    def post(self, url: str, **request: Any) -> Any:
        """Send a request (`data` and `files`, or `json`) and return the JSON that is the answer.

        Raises:
            Refused: this request is not done.
            EngineUnavailable: the server is gone.
        """
        return self._ask("POST", url, **request)

    def _ask(self, method: str, url: str, tries: int = TRIES, **request: Any) -> Any:
        hangs = 0

        def attempt(number: int) -> Any:
            """Send the request once and return what came.

            Raises:
                EngineUnavailable: the server has been given up.
            """
            nonlocal hangs
            if self._gone.is_set():
                raise EngineUnavailable(self._why)
            try:
                found = self._try(method, url, number, request)
            except _Failure as failure:
                hangs += failure.hang
                if hangs == HANGS:
                    failure.wait = inf
                raise
            with self._lock:
                self._failures = 0
            return found

        try:
            return persist(attempt, tries, self._gone.wait)
        except _Failure as failure:
            with self._lock:
                self._failures += 1
                is_passing = self._failures < FAILURES
            text = f"{url}: {failure}"
            if failure.status and failure.status != BUSY and is_passing:
                raise Refused(text, failure.status) from None
            raise self._given_up(text) from None

    def _given_up(self, why: str) -> EngineUnavailable:
        """Send nothing more; the first reason is the one that all threads give."""
        with self._lock:
            self._why = self._why or why
        self._gone.set()
        return EngineUnavailable(self._why)

    def _try(self, method: str, url: str, number: int, request: dict[str, Any]) -> Any:
        """Return decoded JSON; raise `_Failure`, or what no further try can change."""
        import httpx2

        pause = FIRST_WAIT * 2**number * random.uniform(1.0, 1.5)  # noqa: S311 -- spreads tries, guards nothing
        try:
            reply = self._http.ask(method, url, self._key, **request)
        except httpx2.TimeoutException as error:
            if isinstance(error, httpx2.ConnectTimeout):
                raise _Failure("cannot be reached: no answer; is the server running?", pause, hang=True) from error
            raise _Failure(f"no answer within {self.timeout:g} s (ASR_SERVER_TIMEOUT)", pause, hang=True) from error
        except httpx2.ConnectError as error:
            text = f"cannot be reached ({self._clean(cause(error))}); is the server running?"
            raise _Failure(text, pause) from error
        except (httpx2.TransportError, httpx2.DecodingError, TooLarge) as error:
            text = f"the connection broke ({self._clean(cause(error)) or type(error).__name__})"
            raise _Failure(text, pause) from error
        if 200 <= reply.status < 300:
            try:
                return self._key.hide_in(json.loads(reply.body))
            except (ValueError, RecursionError):  # a thousand brackets
                what = self._clean(kind_of(reply))
                raise _Failure(f"answers {what} where JSON is due: is it the right address?", pause) from None
        text = f"answers {reply.status} {self._words(reply)}".rstrip()
        if reply.status in RETRIED:
            raise _Failure(text, reply.retry_after(pause), reply.status)
        raise self._refusal(url, text, reply)

    def _refusal(self, url: str, text: str, reply: Reply) -> AsrError:
        """Return the error for an answer that would be the same next time."""
        status = reply.status
        if status in (401, 403):
            advice = f"is {KEY_VARIABLE} right?" if self._key else f"set {KEY_VARIABLE}"
            if self._key and not self._key.headers(self.address.base):
                advice = f"{KEY_VARIABLE} was not sent: it is for the server in {URL_VARIABLE}"
            return self._given_up(f"{url}: {text}: {advice}")
        if 300 <= status < 400:
            where = self._clean(reply.headers.get("location", ""))
            return self._given_up(f"{url}: leads on to {where}: give that address")
        return Refused(f"{url}: {text}", status)

    def _words(self, reply: Reply) -> str:
        """Return what the server says about its refusal, in brackets."""
        try:
            said = json.loads(reply.body)
            for name in ("error", "detail", "message"):
                if isinstance(said, dict) and name in said:
                    said = said[name]
            if isinstance(said, list) and said:
                said = said[0].get("msg", said[0]) if isinstance(said[0], dict) else said[0]
            text = said if isinstance(said, str) else json.dumps(said)
        except (ValueError, RecursionError):
            text = kind_of(reply) if reply.body else reply.reason
        return f"({self._clean(text)})"

    def _clean(self, text: str) -> str:
        """Return text on one line, short, without the key."""
        text = self._key.hide(" ".join(text.split()))
        return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def kind_of(reply: Reply) -> str:
    """Say what an answer is that is not JSON."""
    if not reply.body.strip():
        return "nothing"
    if reply.body.lstrip()[:1] == b"<":
        return "a web page"
    return f"'{reply.headers.get('content-type', 'no type').split(';')[0]}'"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and what is wanted of it."""

    base: str  # http://host:8000/v1
    style: Style
    model: str  # "" when none is named

    @property
    def endpoint(self) -> str:
        """The address that sound is sent to."""
        return self.base + next(path for path, style in ENDPOINTS.items() if style == self.style)

    @property
    def host(self) -> str:
        """The name of the machine, for messages and for what depends on it."""
        return urlsplit(self.base).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        return is_loopback(self.base)

    def key(self) -> Secret:
        """Return the key from the environment, an empty one without; OpenAI's own key goes to OpenAI only.

        The key of a server that the environment names is for that server, and for no other that a model's name has.

        Raises:
            UsageError: it cannot be sent in a header. The key is not in the message.
        """
        variable = KEY_VARIABLE
        if not os.environ.get(variable) and self.host == OPENAI and self.base.startswith("https:"):
            variable = OPENAI_KEY_VARIABLE
        given_for = self.base if variable == OPENAI_KEY_VARIABLE else os.environ.get(URL_VARIABLE, "").strip()
        return Secret.from_environment(variable, given_for or self.base)


def parse(name: str) -> Address:
    """Return the address that a model's name stands for.

    ``http://host:8000/v1#Qwen/Qwen3-ASR-1.7B`` names a server and, behind ``#``, one of its models. A plain name is a
    model of the server in ``ASR_SERVER_URL``. The end of the address says how to ask: nothing, or
    ``/audio/transcriptions``, is OpenAI's endpoint for files; ``/chat/completions`` sends the sound in a chat;
    ``/inference`` is whisper.cpp's server.

    Raises:
        UsageError: there is no address, or one with a user, a password or parameters, which would end up in records.
    """
    is_address = name.startswith(("http://", "https://"))
    text = name if is_address else os.environ.get(URL_VARIABLE, "").strip()
    if not text:
        raise UsageError(f"no server is named: give {EXAMPLE}, or set {URL_VARIABLE}")
    where = "--model" if is_address else URL_VARIABLE
    parts = _split(text, where)
    path = parts.path.rstrip("/")
    style: Style = "transcriptions"
    for ending, found in ENDPOINTS.items():
        if path.endswith(ending):
            path, style = path.removesuffix(ending), found
    if not path and style != "inference":
        path = "/v1"
    model = parts.fragment if is_address or name in ("", ANY_MODEL) else name
    return Address(urlunsplit((parts.scheme, parts.netloc, path, "", "")), style, model)


def _split(text: str, where: str) -> SplitResult:
    """Split an address; what must not be shown is not shown when it is refused."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"{where} is no address of a server: write {EXAMPLE}")
    if "@" in parts.netloc or parts.query:
        raise UsageError(
            f"{where}: leave user, password and parameters out of the address; a key goes in {KEY_VARIABLE}"
        )
    return parts
