"""One deadline for a whole exchange: a server that sends its headers byte by byte resets every other limit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest

from asrcli.base.deadline import bounded_client, deadline


@pytest.fixture
def dripping() -> Iterator[str]:
    """Run a server that sends a byte of a header every twentieth of a second, without end."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                    while not stop.wait(0.05):
                        connection.sendall(b"y")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        stop.set()
        thread.join(10)


def test_dripped_headers_end_with_the_deadline(dripping: str) -> None:
    with bounded_client(timeout=60.0, trust_env=False) as client, deadline(0.5), pytest.raises(httpx2.ReadTimeout):
        client.get(dripping)


def test_a_deadline_that_is_over_lets_nothing_begin() -> None:
    with bounded_client(timeout=60.0, trust_env=False) as client, deadline(-1.0), pytest.raises(httpx2.ConnectTimeout):
        client.get("http://127.0.0.1:1/")
    with bounded_client(timeout=60.0, trust_env=False) as client, pytest.raises(httpx2.ConnectError):
        client.get("http://127.0.0.1:1/")  # none is left behind
