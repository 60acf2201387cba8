"""One deadline for a whole exchange: a server that sends its headers byte by byte resets every other limit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest

from asrcli.base import deadline as deadlines
from asrcli.base.deadline import bounded_client, deadline, paced


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


def test_a_server_of_another_librarys_client_has_to_keep_its_pace(
    dripping: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `asr engines pull` asks the hub, from threads that its library starts, without a limit of its own."""
    monkeypatch.setattr(deadlines, "PATIENCE", 0.5)
    with httpx2.Client(timeout=None, trust_env=False) as client:
        paced(client)
        paced(client)  # once is enough
        with pytest.raises(httpx2.ReadTimeout):
            client.get(dripping)


def test_what_comes_at_a_pace_may_take_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "PATIENCE", 0.2)
    parts = [b"x" * 65536] * 8
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % sum(map(len, parts)))
                for part in parts:
                    connection.sendall(part)
                    threading.Event().wait(0.05)

        threading.Thread(target=serve, daemon=True).start()
        with httpx2.Client(timeout=None, trust_env=False) as client:
            paced(client)
            assert len(client.get(f"http://127.0.0.1:{server.getsockname()[1]}/").content) == 8 * 65536
