"""Who may ask: keys, names of this server, and no page of another site. Everything else passes through here too.

A browser sends what any page tells it to, also to the loopback: a POST with a form needs no leave. Pages are told by
``Origin`` and ``Sec-Fetch-Site``; a page whose name was made to point here (DNS rebinding), by ``Host``.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from asrcli.serve.errors import BUG, Gone, Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PORT = re.compile(r":\d+$")
NUMBERS = re.compile(r"[\d.]+|\[[0-9a-f:.]+\]", re.ASCII)  # an address: no site can have it as its name
SECONDS_UNREAD = 60.0  # that a client may leave a piece of an answer unread
OPEN = "/health"  # what needs no key: it says nothing


class Guard:
    """An application in front of another.

    Args:
        key: that requests have to bring; "" for none.
        hosts: names of this server, beside those of the loopback; addresses in numbers are never forged.
        log: gets a line for each answer.
        bug: gets the traceback of an unexpected error.
    """

    def __init__(
        self, app: App, key: str, hosts: Sequence[str], log: Callable[[int, str], None], bug: Callable[[str], None]
    ) -> None:
        self._app, self._log, self._bug = app, log, bug
        self._key = f"Bearer {key}".encode() if key else b""
        self._hosts = {"localhost", *(one.lower() for one in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begun, status = time.monotonic(), 0
        number = uuid.uuid4().hex

        async def marked(message: MutableMapping[str, Any]) -> None:
            """Send a message of the answer, its head with our headers; give up on a client that does not read."""
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = [(b"x-request-id", number.encode()), (b"x-content-type-options", b"nosniff")]
                message["headers"] = [*message["headers"], *own]
            try:
                async with asyncio.timeout(SECONDS_UNREAD):
                    await send(message)
            except TimeoutError:
                raise Gone from None

        try:
            self._check(scope)
            await self._app(scope, receive, marked)
        except Refused as refused:  # raised before anything was sent
            await answer(refused, marked)
        except Gone:  # what is not ended is broken off by the server
            pass
        except asyncio.CancelledError:  # the time is over that open requests have when it stops
            if not status:
                await answer(Refused(503, "the server is stopping", code="stopping"), marked)
            raise
        except Exception:
            self._bug(traceback.format_exc())
            if not status:
                await answer(Refused(500, BUG, code="bug"), marked)
        finally:
            seconds = time.monotonic() - begun
            shown = str(status) if status else "client gone"
            self._log(status, f"{scope['method']} {scope['path'][:100]} {shown} {seconds:.1f} s")

    def _check(self, scope: Scope) -> None:
        """Raise `Refused` for who may not ask."""
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = PORT.sub("", host)
        if name not in self._hosts and not NUMBERS.fullmatch(name):
            text = f"this server is not '{host[:100]}': start it with --allow-name NAME, or ask by its address"
            raise Refused(403, text, code="host_not_allowed")
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        foreign = headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin")
        if foreign or (origin and origin.partition("://")[2] != host):
            raise Refused(403, "pages of other sites may not ask this server", code="origin_not_allowed")
        if self._key and scope["path"] != OPEN:
            given = headers.get(b"authorization", b"")
            if not hmac.compare_digest(given, self._key):
                text = "a key is needed: Authorization: Bearer KEY" if not given else "this is not the key"
                raise Refused(401, text, code="invalid_api_key", headers={"www-authenticate": "Bearer"})


async def answer(refused: Refused, send: Send) -> None:
    """Send a refusal; the connection is closed, since the rest of a body may still be on its way."""
    headers = {"content-type": "application/json", "connection": "close", **refused.headers}
    await respond(send, refused.status, refused.body(), headers)


async def respond(send: Send, status: int, body: str, headers: dict[str, str]) -> None:
    """Send a whole answer."""
    data = body.encode()
    fields = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    fields.append((b"content-length", str(len(data)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": data})
