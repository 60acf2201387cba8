"""How a request is answered while it is transcribed: at once, in pieces, or with signs of life until it is done."""

from __future__ import annotations

import json
from typing import Any

from asrcli.serve import messages as say
from asrcli.serve.answers import is_json
from asrcli.serve.errors import Gone, Refused
from asrcli.serve.guard import Send, respond

SILENCE = 15.0  # seconds without a byte, after which a sign of life is sent: clients and proxies give up


class Reply:
    """The answer to one request.

    A stream begins with its first text. JSON waits for the whole, and after a long silence begins with white space,
    which every reader passes over, as soon as something is recognised. The status is spent then: what fails later
    breaks the connection, so that nobody takes half of it for the whole.

    Args:
        asked: the request.
        headers: of the answer, beside its type.
        send: of ASGI.
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
