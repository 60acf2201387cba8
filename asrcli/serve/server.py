"""The server from its first line to its last: the socket, the application, the process behind it, signals."""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from asrcli.base.console import Console
from asrcli.base.files import cause
from asrcli.errors import MissingExtra, UsageError
from asrcli.places.addresses import is_loopback
from asrcli.serve.messages import Start
from asrcli.serve.uploads import Limits

KEY = "ASR_SERVE_KEY"
SHORTEST_KEY = 16  # characters
HEADER_SECONDS = 10.0  # from a connection, or the end of an answer, to the whole head of a request
GRACE_SECONDS = 30  # for requests that are open when the server is to stop


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens, and to whom."""

    host: str
    port: int
    names: tuple[str, ...]  # of this server, beside those of the loopback
    key: str
    no_key: bool  # although others can reach it

    def check(self) -> None:
        """Raise `UsageError` for a server open to everybody, or a key that can be guessed."""
        if self.key and (not self.key.isascii() or not self.key.isprintable() or len(self.key) < SHORTEST_KEY):
            raise UsageError(f"{KEY} is no key: set one of at least {SHORTEST_KEY} ASCII characters")
        if not self.key and not self.no_key and not is_loopback(self.host):
            raise UsageError(
                f"--host {self.host} lets other machines in: set {KEY} to the key that they bring, or say --no-key"
            )

    def listen(self) -> socket.socket:
        """Return a socket that listens; raise `UsageError` where the place is taken, or not of this machine."""
        found: socket.socket | None = None
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            found = socket.socket(family, kind)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
            found.listen(512)
            return found
        except (OSError, UnicodeError) as error:
            if found is not None:
                found.close()
            raise UsageError(f"--host {self.host} --port {self.port}: {cause(error)}; choose another") from None


def serve(place: Place, start: Start, limits: Limits, console: Console) -> None:
    """Serve until SIGTERM or Ctrl-C; requests that are open then are finished, unless it comes twice.

    Raises:
        AsrError: it cannot listen, or the engines cannot be loaded.
    """
    try:
        import python_multipart  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtra("asr serve", (str(error.name),), "serve") from None
    place.check()
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())  # the lines here say what it would
    logging.getLogger("uvicorn").propagate = False
    with (
        place.listen() as listener,
        tempfile.TemporaryDirectory(prefix="asr-serve-", ignore_cleanup_errors=True) as folder,
    ):
        host, port = listener.getsockname()[:2]
        console.note(f"http://{f'[{host}]' if ':' in host else host}:{port}: loading; Ctrl-C ends it")
        asyncio.run(_serve(place, replace(start, folder=folder), limits, console, listener))


async def _serve(place: Place, start: Start, limits: Limits, console: Console, listener: socket.socket) -> None:
    import uvicorn

    from asrcli.serve.app import Application, Desk
    from asrcli.serve.backend import Backend
    from asrcli.serve.guard import Guard

    loop = asyncio.get_running_loop()

    class Server(uvicorn.Server):
        """A server that says what it waits for when it is asked to stop."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            """Stop, at the second signal at once."""
            if not desk.stopping:  # said later: the signal may have come in the middle of another line
                text = f"stopping; requests that are open: {desk.open}; a second time does not wait for them"
                loop.call_soon_threadsafe(console.note, text)
            desk.stopping, self.force_exit, self.should_exit = True, self.should_exit, True

    def say(text: str) -> None:
        """Say a line, or a traceback as it is."""
        (console.raw if "\n" in text else console.note)(text)

    def log(status: int, text: str) -> None:
        """Count and say an answer."""
        desk.answered[status] += 1
        console.note(text)

    desk = Desk(Backend(start, say, console.error, lambda: setattr(server, "should_exit", True)), start.folder, limits)
    own = () if is_loopback(place.host) else (place.host, socket.gethostname())
    server = Server(
        uvicorn.Config(
            Guard(Application(desk), place.key, (*own, *place.names), log, console.raw),
            http=_protocol(),
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    try:
        await server.serve(sockets=[listener])
    finally:
        desk.backend.close()
    if desk.backend.failure is not None:
        raise desk.backend.failure


def _protocol() -> Any:
    """Return uvicorn's protocol with an end to waiting for the head of a request; its own waits for ever."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        """The protocol, with a timer while the head of a request is waited for."""

        _timer: Any = None

        def connection_made(self, transport: Any) -> None:
            """Begin to wait for the head of the first request."""
            super().connection_made(transport)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            """Wait no more."""
            super().connection_lost(exc)
            self._stop()

        def handle_events(self) -> None:
            """Wait no more once a head has come."""
            super().handle_events()
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop()

        def on_response_complete(self) -> None:
            """Wait for the head of the next request."""
            super().on_response_complete()
            if self.cycle is None or self.cycle.response_complete:
                self._watch()

        def _watch(self) -> None:
            self._stop()
            self._timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)

        def _stop(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return Protocol
