"""How hosts are reached: what a proxy is asked for and what it never sees, and numbers in every spelling."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from asrcli.places import addresses, web
from asrcli.web import guard
from asrcli.web.client import Call, WebError
from asrcli.web.guard import check_name, proxy_of, public_addresses
from asrcli.web.live import LiveWeb

PUBLIC = "93.184.216.34"  # never reached: a connection to it is refused here


class Line:
    """A server on the loopback that notes the first line of each request, and declines."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                with connection:
                    self.seen.append(connection.recv(65536).split(b"\r\n")[0].decode())
                    connection.sendall(b"HTTP/1.1 404 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """Return a proxy; no variable names it yet, and connections to public numbers are refused."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    connect = socket.create_connection

    def local(address: tuple[str, int], *more: Any, **named: Any) -> socket.socket:
        if not address[0].startswith("127."):
            raise ConnectionRefusedError(111, f"{address[0]} is asked directly")
        return connect(address, *more, **named)

    monkeypatch.setattr(socket, "create_connection", local)
    web.http.cache_clear()
    line = Line()
    yield line
    line.socket.close()
    web.http.cache_clear()


def address_of(line: Line) -> str:
    return f"http://me:planted@127.0.0.1:{line.port}"


def failure(url: str) -> str:
    with pytest.raises(Exception) as raised:
        web.request_range(url, 0, 9)
    return str(raised.value)


@pytest.mark.parametrize("variable", ["https_proxy", "all_proxy"])
def test_a_proxy_gets_names_and_an_exception_from_it_is_asked_directly(
    variable: str, proxy: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "public_addresses", lambda host, resolve: [PUBLIC])
    monkeypatch.setenv(variable, address_of(proxy))
    failure("https://talks.example/a.wav")
    assert proxy.seen == ["CONNECT talks.example:443 HTTP/1.1"]
    monkeypatch.setenv("no_proxy", "talks.example")
    assert f"{PUBLIC} is asked directly" in failure("https://talks.example/a.wav")
    assert len(proxy.seen) == 1


def test_hosts_that_the_user_allows_are_of_this_network_and_not_of_the_proxys(
    proxy: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Line()
    monkeypatch.setenv(addresses.ALLOWED, f"127.0.0.1:{own.port}")
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, address_of(proxy))
    answer = web.request_range(f"http://127.0.0.1:{own.port}/a.wav", 0, 9)
    answer.response.close()
    assert answer.response.status_code == 404
    assert (len(own.seen), proxy.seen) == (1, [])
    own.socket.close()


HIDDEN = [
    "127.1", "2130706433", "0x7f.1", "017700000001", "169.254.169.254", "0xa9fea9fe", "[::1]", "[64:ff9b::a00:1]",
    "localhost", "LOCALHOST.", "a.localhost", "metadata", "metadata.google.internal", "nas.local", "router.lan",
]  # fmt: skip


@pytest.mark.parametrize("host", HIDDEN)
def test_no_proxy_is_asked_for_a_private_host(host: str, proxy: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", address_of(proxy))
    assert "not a public address" in (said := failure(f"https://{host}/x")) or "a private network" in said
    with pytest.raises(WebError, match=r"not a public address|a private network|not an address"):
        LiveWeb(sleep=lambda _: None).get(Call(f"https://{host}/x"))
    assert proxy.seen == []


def test_a_second_look_up_of_an_exception_from_the_proxy_decides_nothing(
    proxy: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is checked, and this machine when it is asked."""
    monkeypatch.setenv("https_proxy", address_of(proxy))
    monkeypatch.setenv("no_proxy", "rebind.example")
    looked: list[str] = []

    def resolve(host: str, *unused: Any, **more: Any) -> Any:
        looked.append(host)
        raise AssertionError(f"{host} is looked up again")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(WebError, match=f"{PUBLIC} is asked directly"):
        LiveWeb(sleep=lambda _: None, resolve=lambda _: [PUBLIC]).get(Call("https://rebind.example/x"))
    assert (looked, proxy.seen) == ([], [])


@pytest.mark.parametrize("environment", [{"HTTPS_PROXY": "one:3128"}, {"ALL_PROXY": "one:3128"}])
def test_the_proxy_of_an_address(environment: dict[str, str], proxy: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of("https://a.example/x") == "one:3128"
    monkeypatch.setenv("NO_PROXY", ".example,10.0.0.1")
    assert (proxy_of("https://a.example/x"), proxy_of("https://10.0.0.1/x")) == (None, None)
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxy_of("https://b.net/x") is None


# Of IPv6 everything outside 2000::/3 is local, reserved or a translation of a number of IPv4.
INNER = [
    "::7f00:1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    "2002:7f00:1::", "2001:0:7f00:1::", "fec0::1", "fe80::1%eth0", "fd00:ec2::254", "4000::1", "5f00::1", "1::1", "::",
]  # fmt: skip


@pytest.mark.parametrize("number", INNER)
def test_numbers_that_lead_inside(number: str) -> None:
    with pytest.raises(WebError, match="not a public address"):
        public_addresses("x", lambda _: [number])


@pytest.mark.parametrize("number", ["2606:4700::1111", "64:ff9b::808:808", "8.8.8.8"])
def test_numbers_of_the_public(number: str) -> None:
    assert public_addresses("x", lambda _: [number]) == [number]
    check_name("talks.example")
