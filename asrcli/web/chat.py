"""Language models behind an OpenAI-compatible server: vLLM, Ollama, llama.cpp, LM Studio, ..."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from asrcli.errors import EngineUnavailable, UsageError
from asrcli.web.retries import LONGEST_WAIT, RETRIED, TRIES, retry_after

KEY = "ASR_LLM_KEY"  # the environment variable of the key; on a command line others could read it
SILENCE = 120.0  # seconds without a byte, after which a server counts as gone
PATIENCE = 600.0  # seconds for one answer in all
MOST_BYTES = 2 << 20
FIRST_WAIT = 1.0  # seconds before the second try; doubled each time


class ChatFailed(EngineUnavailable):
    """A server did not answer in a usable way."""


class _Passing(ChatFailed):
    """It may answer a little later."""

    def __init__(self, text: str, wait: float) -> None:
        super().__init__(text)
        self.wait = wait  # seconds before the next try


@dataclass(frozen=True, slots=True)
class ChatServer:
    """Where a model answers; the key is shown nowhere."""

    url: str  # up to and including /v1
    model: str
    key: str = field(default="", repr=False)

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
            found = json.loads(self._ask(body))
            text = found["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise ChatFailed(f"{self.url} gave no answer: {type(error).__name__}: {str(error)[:100]}") from error
        if not isinstance(text, str):
            raise ChatFailed(f"{self.url} gave no text as its answer")
        return text.rpartition("</think>")[2].strip()

    def _ask(self, body: Mapping[str, Any]) -> bytes:
        """Return the answer to a request, which is sent again while the failure may pass."""
        for attempt in range(TRIES - 1):
            try:
                return self._send(body, FIRST_WAIT * 2**attempt)
            except _Passing as failure:
                if failure.wait > LONGEST_WAIT:
                    raise
                time.sleep(failure.wait)
        return self._send(body, 0.0)

    def _send(self, body: Mapping[str, Any], pause: float) -> bytes:
        """Send a request once; follow no redirect, since the key is for this server alone.

        Args:
            body: its JSON.
            pause: seconds before the next try, where the server does not ask for another time.
        """
        import httpx2

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        address = f"{self.url.rstrip('/')}/chat/completions"
        try:
            with httpx2.stream("POST", address, json=body, headers=headers, timeout=SILENCE) as answer:
                received = self._read(answer.iter_bytes())
        except (httpx2.ConnectError, httpx2.TimeoutException) as error:  # the next try would take as long, and fail
            raise ChatFailed(
                f"{self.url} does not answer ({str(error)[:100] or type(error).__name__}); is the server running?"
            ) from error
        except httpx2.HTTPError as error:
            raise _Passing(
                f"{self.url}: the connection broke ({str(error)[:100] or type(error).__name__})", pause
            ) from error
        if answer.status_code == 200:
            return received
        said = f"{self.url}: HTTP {answer.status_code} {' '.join(received[:200].decode('utf-8', 'replace').split())}"
        if answer.status_code in RETRIED:
            asked, date = answer.headers.get("retry-after", ""), answer.headers.get("date", "")
            raise _Passing(said, retry_after(asked, date, pause))
        raise ChatFailed(said)

    def _read(self, blocks: Iterable[bytes]) -> bytes:
        """Return an answer whole, unless it has no end."""
        received = bytearray()
        until = time.monotonic() + PATIENCE
        for block in blocks:
            received += block
            if len(received) > MOST_BYTES or time.monotonic() > until:
                raise ChatFailed(f"{self.url}: the answer does not come to an end")
        return bytes(received)


def is_address(text: str) -> bool:
    """Return whether the value of ``--llm`` means a server; the others are names of engines."""
    return ":" in text or "/" in text


def chat_server(url: str, model: str, key: str = "") -> ChatServer:
    """Return a server by its address.

    Raises:
        UsageError: not an address, or no model.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--llm {url!r} is not an address: write http://localhost:8000/v1")
    if parts.username or parts.password:
        raise UsageError(f"--llm: put no key into the address; it is read from the environment, {KEY}")
    if not model:
        raise UsageError("--llm needs --llm-model NAME")
    return ChatServer(url, model, key)
