"""The limits of every exchange with a server, and the tries of one that may go better."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from asrcli.base import http as limits
from asrcli.base.http import Http, Passing, TooLarge, deadline, paced, persist
from asrcli.base.secret import Secret


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


@pytest.fixture
def client() -> Iterator[Http]:
    http = Http(0.5, 4, timeout=60.0, trust_env=False)
    yield http
    http.close()


def test_dripped_headers_end_with_the_deadline(dripping: str, client: Http) -> None:
    """Every byte of the headers resets the limits of the library."""
    with pytest.raises(httpx2.ReadTimeout):
        client.ask("GET", dripping)


def test_a_deadline_that_is_over_lets_nothing_begin(client: Http) -> None:
    with deadline(-1.0), pytest.raises(httpx2.ConnectTimeout):
        client.open("GET", "http://127.0.0.1:1/")
    with pytest.raises(httpx2.ConnectError):
        client.open("GET", "http://127.0.0.1:1/")  # none is left behind


def test_an_answer_is_bounded_and_a_key_goes_to_its_own_host() -> None:
    sent = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.headers.get("authorization"))
        return httpx2.Response(200, content=b"1234" if request.url.host == "own.example" else b"12345")

    http = Http(9.0, 4, transport=httpx2.MockTransport(answer))
    key = Secret("s3cret", "https://own.example/v1")
    assert http.ask("GET", "https://own.example/x", key).body == b"1234"
    with pytest.raises(TooLarge):
        http.ask("GET", "https://other.example/x", key)
    assert sent == ["Bearer s3cret", None]


def test_tries_end_with_the_last_a_long_wait_or_the_deadline() -> None:
    def busy(wait: float) -> tuple[list[int], list[float]]:
        tries: list[int] = []
        slept: list[float] = []

        def attempt(number: int) -> None:
            tries.append(number)
            raise Passing("busy", wait)

        with pytest.raises(Passing, match="busy"):
            persist(attempt, 3, slept.append)
        return tries, slept

    assert busy(1.0) == ([0, 1, 2], [1.0, 1.0])
    assert busy(61.0) == ([0], [])
    with deadline(30.0):
        assert busy(31.0) == ([0], [])
    assert persist(lambda number: number) == 0


def test_a_server_of_another_librarys_client_has_to_keep_its_pace(
    dripping: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `asr engines pull` asks the hub, from threads that its library starts, without a limit of its own."""
    monkeypatch.setattr(limits, "PATIENCE", 0.2)
    with httpx2.Client(timeout=None, trust_env=False) as client:
        paced(client)
        paced(client)  # once is enough
        with pytest.raises(httpx2.ReadTimeout):
            client.get(dripping)


def test_what_comes_at_a_pace_may_take_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE", 0.2)
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


def test_certificates_are_read_once_for_all_clients(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[bool] = []
    create = httpx2.create_ssl_context

    def counted(trust_env: bool) -> ssl.SSLContext:
        made.append(trust_env)
        return create(trust_env=trust_env)

    monkeypatch.setattr(httpx2, "create_ssl_context", counted)
    limits._trusted.cache_clear()
    for trust_env in (True, False) * 3:
        Http(1.0, 1, trust_env=trust_env)
    assert made == [True, False]
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    Http(1.0, 1, trust_env=False)
    with pytest.raises(FileNotFoundError):
        Http(1.0, 1)
