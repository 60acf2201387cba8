"""Language models behind an OpenAI-compatible server: vLLM, Ollama, llama.cpp, LM Studio, ..."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from asrcli.base.files import cause
from asrcli.base.http import RETRIED, TRIES, Http, Passing, TooLarge, is_loopback, persist
from asrcli.base.secret import Secret
from asrcli.errors import EngineUnavailable, UsageError

KEY = "ASR_LLM_KEY"  # the environment variable of the key; on a command line others could read it
SILENCE = 120.0  # seconds without a byte, after which a server counts as gone
PATIENCE = 600.0  # seconds for one answer in all
MOST_BYTES = 2 << 20
SHOWN = 200  # characters of a server's own words in a message
FIRST_WAIT = 1.0  # seconds before the second try; doubled each time


class ChatFailed(EngineUnavailable):
    """A server did not answer in a usable way."""


class _Passing(ChatFailed, Passing):
    """It may answer a little later."""

    def __init__(self, text: str, wait: float) -> None:
        Passing.__init__(self, text, wait)


@dataclass(frozen=True, slots=True)
class ChatServer:
    """Where a model answers; the key is shown nowhere."""

    url: str  # up to and including /v1
    model: str
    key: Secret | None = field(default=None, repr=False)

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Return the answer to each prompt, without what the model thought before it.

        A server that is busy, fails or drops the connection is asked up to four times.

        Raises:
            ChatFailed: no answer in time, another status than 200, or another shape.
        """
        return [self.chat([{"role": "user", "content": one}], max_tokens=max_new_tokens) for one in prompts]

    def chat(self, messages: Sequence[Mapping[str, str]], **settings: Any) -> str:
        """Return the answer to messages; settings go into the request as they are.

        Raises:
            ChatFailed: as `generate`.
        """
        body = {"model": self.model, "temperature": 0, "messages": list(messages), **settings}
        try:
            found = json.loads(persist(lambda number: self._send(body, FIRST_WAIT * 2**number), TRIES))
            text = found["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise ChatFailed(f"{self.url} gave no answer of a chat: is it the right address?") from error
        if not isinstance(text, str):
            raise ChatFailed(f"{self.url} gave no text as its answer")
        return (self.key.hide(text) if self.key else text).rpartition("</think>")[2].strip()

    def _send(self, body: Mapping[str, Any], pause: float) -> bytes:
        """Send a request once; follow no redirect, since the key is for this server alone.

        Args:
            pause: seconds before the next try, where the server does not ask for another time.
        """
        import httpx2

        http = Http(PATIENCE, MOST_BYTES, timeout=SILENCE, trust_env=not is_loopback(self.url))
        try:
            with closing(http):
                reply = http.ask("POST", f"{self.url.rstrip('/')}/chat/completions", self.key, json=body)
        except TooLarge:
            raise ChatFailed(f"{self.url}: the answer does not come to an end") from None
        except (httpx2.ConnectError, httpx2.TimeoutException) as error:  # the next try would take as long, and fail
            raise ChatFailed(
                f"{self.url} does not answer ({self._hide(error) or type(error).__name__}); is the server running?"
            ) from error
        except httpx2.HTTPError as error:
            raise _Passing(
                f"{self.url}: the connection broke ({self._hide(error) or type(error).__name__})", pause
            ) from error
        if reply.status == 200:
            return reply.body
        words = self._hide(" ".join(reply.body.decode("utf-8", "replace").split()))
        said = f"{self.url}: HTTP {reply.status} {words}".rstrip()
        if reply.status in (401, 403):
            said += f": is {KEY} right?" if self.key else f": set {KEY}"
        if 300 <= reply.status < 400:
            said += f" leads on to {self._hide(reply.headers.get('location', ''))}: give that address"
        if reply.status in RETRIED:
            raise _Passing(said, reply.retry_after(pause))
        raise ChatFailed(said)

    def _hide(self, said: object) -> str:
        """Return the first of what somebody else says, without the key, which may begin in it and end behind it."""
        text = cause(said) if isinstance(said, BaseException) else str(said)
        return (self.key.hide(text) if self.key else text)[:SHOWN]


def is_address(text: str) -> bool:
    """Return whether the value of ``--llm`` means a server; the others are names of engines."""
    return ":" in text or "/" in text


def chat_server(url: str, model: str, key: str = "") -> ChatServer:
    """Return a server by its address; a key is for this server alone.

    Raises:
        UsageError: not an address, or no model.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"--llm {_without_user(url)!r} is not an address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--llm {_without_user(url)!r} is not an address: write http://localhost:8000/v1")
    if "@" in parts.netloc or parts.query:
        raise UsageError(f"--llm: put no key and no parameters into the address; {KEY} in the environment is the key")
    if not model:
        raise UsageError("--llm needs --llm-model NAME")
    # Where the environment names the server, the key there is for that one, whatever else is typed.
    given_for = os.environ.get("ASR_LLM", "")
    return ChatServer(url, model, Secret(key, given_for if "://" in given_for else url, KEY))


def _without_user(url: str) -> str:
    head, mark, rest = url.partition("@")
    return f"...@{rest}" if mark else head
