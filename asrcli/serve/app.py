"""The routes: OpenAI's interface for files of speech, and what those who run a server look at."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

from asrcli.serve import messages as say
from asrcli.serve.answers import is_json
from asrcli.serve.backend import Backend, Inbox, not_ready
from asrcli.serve.errors import Gone, Refused
from asrcli.serve.fields import choose, wanted
from asrcli.serve.guard import Receive, Scope, Send, respond
from asrcli.serve.uploads import MARGIN, Limits, Reader, too_large

CREATED = 1_700_000_000  # OpenAI's clients want a time of each model, and nobody knows one

SILENCE = 15.0  # seconds without a byte, after which a sign of life is sent: clients and proxies give up


class Desk:
    """What all requests share."""

    def __init__(self, backend: Backend, folder: str, limits: Limits) -> None:
        self.backend, self.folder, self.limits = backend, folder, limits
        self.open = self.stored = 0  # requests, and bytes of their files
        self.answered: Counter[int] = Counter()  # by status
        self.seconds = 0.0  # of audio
        self.stopping = False

    @property
    def ready(self) -> bool:
        """Whether requests are taken."""
        return self.backend.ready and not self.stopping

    def admit(self, headers: dict[str, str]) -> None:
        """Raise `Refused` for a request that cannot be taken now."""
        if self.stopping:
            raise Refused(503, "the server is stopping", code="stopping", headers={"retry-after": "10"})
        if not self.backend.ready:
            raise not_ready()
        if self.open >= self.limits.requests:
            raise self._busy(f"{self.open} requests are open, and no more are taken")
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self.limits.upload + MARGIN:
            raise too_large(self.limits)

    def reserve(self, count: int) -> None:
        """Count bytes of a file. Raises `Refused` where all files together are too large."""
        if self.stored + count > self.limits.space:
            raise self._busy("the uploads that are open take all the room there is")
        self.stored += count

    def _busy(self, text: str) -> Refused:
        wait = str(min(60, 1 + self.open // 4))
        return Refused(429, f"{text}: ask again in {wait} s", code="busy", headers={"retry-after": wait})


class Audio:
    """The route for files. An ASGI application: it has to see the client hang up at any time."""

    def __init__(self, desk: Desk, task: str) -> None:
        self._desk, self._task = desk, task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._desk.admit(headers)
        desk, number = self._desk, next(self._desk.backend.numbers)
        path, taken = os.path.join(desk.folder, f"upload-{number}"), 0

        def reserve(count: int) -> None:
            """Reserve memory for bytes, and count them, so that they are released."""
            nonlocal taken
            desk.reserve(count)
            taken += count

        desk.open += 1
        try:
            form = await Reader(headers, path, desk.limits, reserve).read(receive)
            asked, ignored = wanted(form, desk.backend.cards, self._task)
            if form.size is None:
                raise Refused(400, "there is no file: send it in the field file", "file")
            if not form.size:
                raise Refused(422, "the file is empty (0 bytes)", "file")
            await self._transcribe(replace(asked, number=number, path=path), ignored, receive, send)
        finally:
            desk.open -= 1
            desk.stored -= taken
            with suppress(FileNotFoundError):
                os.unlink(path)

    async def _transcribe(self, asked: say.Transcribe, ignored: list[str], receive: Receive, send: Send) -> None:
        inbox = self._desk.backend.send(asked)
        reply = Reply(asked, _warning(ignored), send)
        watch = asyncio.create_task(_hung_up(receive, inbox))
        done = False
        try:
            while not done:
                message = await _next(inbox)
                if isinstance(message, Gone):
                    raise message
                if isinstance(message, say.Answer):
                    self._desk.seconds += message.seconds
                done = not isinstance(message, say.Heard | None)
                await reply.take(message)
        finally:
            watch.cancel()
            self._desk.backend.forget(asked.number, cancel=not done)


async def _hung_up(receive: Receive, inbox: Inbox) -> None:
    """Put the end of a connection among the messages."""
    while (await receive())["type"] != "http.disconnect":
        pass
    inbox.put_nowait(Gone())


async def _next(inbox: Inbox) -> say.About | Gone | None:
    """Return the next message; ``None`` after a long silence."""
    try:
        async with asyncio.timeout(SILENCE):
            return await inbox.get()
    except TimeoutError:
        return None


def _warning(ignored: list[str]) -> dict[str, str]:
    """Return the header that names ignored fields; of a stranger's names only what a header can hold."""
    names = ", ".join(re.sub(r"[^\w\[\]-]", "?", one, flags=re.ASCII)[:40] for one in ignored[:20])
    return {"warning": f'199 asr "ignored: {names}"'} if names else {}


class Application:
    """All routes, each with ``/v1`` before it and without."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._audio = {
            "/audio/transcriptions": Audio(desk, "transcribe"),
            "/audio/translations": Audio(desk, "translate"),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"].removeprefix("/v1")
        posted = path in self._audio
        kind, body = ("", "") if posted else self._look(path)  # first: what is not there is so with every method
        if scope["method"] not in (("POST",) if posted else ("GET", "HEAD")):
            allowed = "POST" if posted else "GET, HEAD"
            text = f"{scope['method']} is not for {path[:100]}, only {allowed}"
            raise Refused(405, text, code="method_not_allowed", headers={"allow": allowed})
        if posted:
            await self._audio[path](scope, receive, send)
            return
        await respond(send, 200, body, {"content-type": kind})

    def _look(self, path: str) -> tuple[str, str]:
        """Return the type and the text of what is to be looked at."""
        desk, cards = self._desk, self._desk.backend.cards
        match path.strip("/").split("/", 1):
            case ["health"]:
                return as_json({"status": "ok"})
            case ["metrics"]:
                return "text/plain; version=0.0.4", _metrics(desk)
            case ["ready"] if desk.ready:
                return as_json({"status": "ready"})
            case ["models"] if cards:
                return as_json({"object": "list", "data": [_model(card) for card in cards]})
            case ["models", name] if cards:
                return as_json(_model(cards[choose(name, cards)]))
            case ["ready"] | ["models", *_]:
                raise not_ready()
        raise Refused(404, f"nothing is served at {path[:100]}", code="not_found")


def as_json(value: Any) -> tuple[str, str]:
    """Return the type and the text of an answer."""
    return "application/json", json.dumps(value)


def _model(card: say.Card) -> dict[str, Any]:
    return {"id": card.id, "object": "model", "created": CREATED, "owned_by": "asr", "shutdown_date": None}


def _metrics(desk: Desk) -> str:
    """Return what a Prometheus server reads."""
    alive = desk.backend.alive
    values: list[tuple[str, str, float]] = [
        ("asr_audio_seconds_total", "counter", round(desk.seconds, 3)),
        ("asr_engine_seconds_total", "counter", round(alive.busy, 3)),
        ("asr_engine_clips_total", "counter", alive.clips),
        ("asr_engine_calls_total", "counter", alive.calls),
        ("asr_restarts_total", "counter", desk.backend.deaths),
        ("asr_requests_open", "gauge", desk.open),
        ("asr_uploads_bytes", "gauge", desk.stored),
        ("asr_ready", "gauge", desk.ready),
    ]
    lines = [f"# TYPE {name} {kind}\n{name} {value:g}\n" for name, kind, value in values]
    answered = [f'asr_requests_total{{status="{status}"}} {count}\n' for status, count in desk.answered.items()]
    return "".join([*lines, "# TYPE asr_requests_total counter\n", *answered])


class Reply:
    """The answer to one request.

    A stream begins with its first text. JSON waits for the whole, and after a long silence begins with white space,
    which every reader passes over, as soon as something is recognised. The status is spent then: what fails later
    breaks the connection, so that nobody takes half of it for the whole.

    Args:
        headers: of the answer, beside its type.
    """

    def __init__(self, asked: say.Transcribe, headers: dict[str, str], send: Send) -> None:
        self._asked, self._send = asked, send
        kind = "text/event-stream" if asked.stream else "application/json" if is_json(asked.format) else "text/plain"
        self._headers = {"content-type": kind if "json" in kind else f"{kind}; charset=utf-8", **headers}
        if asked.stream:
            self._headers |= {"cache-control": "no-cache", "x-accel-buffering": "no"}
        self._begun = self._heard = False

    async def take(self, message: say.About | None) -> None:
        """Answer with what there is now; ``None`` stands for a long silence.

        Raises:
            Refused: it has failed, and nothing was sent yet.
            Gone: it has failed, and the connection has to be broken.
        """
        match message:
            case None:
                await self._sign_of_life()
            case say.Heard(delta=delta):
                self._heard = True
                if self._asked.stream and delta:
                    await self._event("transcript.text.delta", {"type": "transcript.text.delta", "delta": delta})
            case say.Answer(body=body):
                await self._end(body)
            case say.Failed():
                await self._fail(Refused(message.status, message.text, code=message.code))

    async def _sign_of_life(self) -> None:
        if self._asked.stream:
            await self._piece(": still at it\n\n")
        elif self._heard and is_json(self._asked.format):
            await self._piece(" ")

    async def _end(self, body: str) -> None:
        if self._asked.stream:
            await self._event("transcript.text.done", body)
        elif not self._begun:
            await respond(self._send, 200, body, self._headers)
            return
        else:
            await self._piece(body)
        await self._send({"type": "http.response.body", "body": b""})

    async def _fail(self, refused: Refused) -> None:
        if not self._begun:
            raise refused
        if not self._asked.stream:
            raise Gone
        await self._event("error", refused.body())
        await self._send({"type": "http.response.body", "body": b""})

    async def _event(self, name: str, data: Any) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        await self._piece(f"event: {name}\ndata: {text}\n\n")

    async def _piece(self, text: str) -> None:
        if not self._begun:
            self._begun = True
            fields = [(name.encode(), value.encode()) for name, value in self._headers.items()]
            await self._send({"type": "http.response.start", "status": 200, "headers": fields})
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": True})
