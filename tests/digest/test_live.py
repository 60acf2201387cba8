"""The network's rules, with a transport, a clock and a resolver of our own: nothing here leaves the machine."""

from __future__ import annotations

import re

import httpx2
import pytest

from asrcli.base.http import deadline
from asrcli.base.secret import Secret
from asrcli.web.client import (
    Answer,
    Call,
    RecordedWeb,
    Recording,
    WebError,
    canonical,
    load_records,
    read_record,
    without_secrets,
    write_record,
)
from asrcli.web.guard import GuardedHttp, public_addresses
from asrcli.web.live import LiveWeb

PUBLIC = "93.184.216.34"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


class Net:
    """A scripted network that keeps the time."""

    def __init__(self, *responses: httpx2.Response | Exception, addresses: dict[str, list[str]] | None = None) -> None:
        self.responses, self.requests = list(responses), []
        self.now, self.slept = 1000.0, []
        self.addresses = addresses or {}
        self.web = LiveWeb(
            httpx2.MockTransport(self.handle),
            self.sleep,
            lambda host: self.addresses.get(host, [PUBLIC]),
            lambda: self.now,
        )

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        response = self.responses.pop(0)
        if isinstance(response, Exception):
            raise response
        return response

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_429_is_tried_again_after_the_time_the_server_asks_for():
    net = Net(
        httpx2.Response(429, headers={"retry-after": "17"}), httpx2.Response(503), httpx2.Response(200, text="ok")
    )
    assert net.web.get(Call("https://export.arxiv.org/api/query")).body == b"ok"
    assert net.slept == [17.0, 10.0]


def test_a_server_that_never_answers_is_given_up():
    net = Net(*[httpx2.ConnectTimeout("slow")] * 4)
    with pytest.raises(WebError, match="ConnectTimeout"):
        net.web.get(Call("https://hn.algolia.com/api"))
    assert [wait for wait in net.slept if wait >= 5] == [5.0, 10.0, 20.0]


def test_a_wait_of_an_hour_is_reported_and_not_waited():
    net = Net(httpx2.Response(429, headers={"retry-after": "3600"}))
    assert net.web.get(Call("https://export.arxiv.org/api/query")).status == 429
    assert net.slept == []


def test_arxivs_hosts_share_three_seconds():
    net = Net(*[httpx2.Response(200) for _ in range(3)])
    for host in ("rss.arxiv.org", "export.arxiv.org", "arxiv.org"):
        net.web.get(Call(f"https://{host}/x"))
    assert net.slept == [3.0, 3.0]


def test_the_checked_address_is_the_one_connected_to():
    net = Net(httpx2.Response(200))
    net.web.get(Call("https://rss.arxiv.org/atom/cs.SD"))
    request = net.requests[0]
    assert request.url.host == PUBLIC and request.headers["host"] == "rss.arxiv.org"
    assert request.extensions["sni_hostname"] == "rss.arxiv.org"
    assert "asrcli-digest" in request.headers["user-agent"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
    ],
)
def test_private_addresses_are_refused(address):
    with pytest.raises(WebError, match="not a public address"):
        public_addresses("feed.example", lambda _: [PUBLIC, address])
    net = Net(addresses={"feed.example": [address]})
    with pytest.raises(WebError):
        net.web.get(Call("https://feed.example/rss"))
    assert net.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "file:///etc/passwd",
        "https://user@example.org/",
        "https://example.org:8080/",
        "ftp://x/",
        "https:///x",
        "https://[::1",
    ],
)
def test_addresses_that_are_not_asked(url):
    net = Net()
    with pytest.raises(WebError):
        net.web.get(Call(url))
    assert net.requests == []


@pytest.mark.parametrize("target", ["http://169.254.169.254/", "https://internal.example/", "file:///etc/passwd"])
def test_a_redirect_is_checked_like_an_address(target):
    net = Net(httpx2.Response(302, headers={"location": target}), addresses={"internal.example": ["10.0.0.8"]})
    with pytest.raises(WebError):
        net.web.get(Call("https://feed.example/rss"))
    assert len(net.requests) == 1


def test_a_token_does_not_follow_a_redirect_to_another_host():
    net = Net(httpx2.Response(302, headers={"location": "https://other.example/"}), httpx2.Response(200))
    net.web.get(Call("https://api.x.com/2/x", secret=Secret("s3cret", "https://api.x.com")))
    assert net.requests[0].headers["authorization"] == "Bearer s3cret"
    assert "authorization" not in net.requests[1].headers


def test_redirects_without_end_and_answers_without_end_stop():
    net = Net(*[httpx2.Response(302, headers={"location": "/again"}) for _ in range(9)])
    with pytest.raises(WebError, match="redirects"):
        net.web.get(Call("https://feed.example/rss"))
    net = Net(httpx2.Response(200, content=(b"x" * 2**20 for _ in range(50))))
    with pytest.raises(WebError, match="larger than"):
        net.web.get(Call("https://feed.example/rss"))


def test_records_hold_no_token_and_replay(tmp_path):
    net = Net(
        httpx2.Response(
            200,
            text="body",
            headers={"set-cookie": "session=s3cret", "etag": "x", "date": "Fri, 17 Apr 2026 12:00:00 GMT"},
        )
    )
    call = Call("https://api.x.com/2/tweets?query=a&access_token=pa55", secret=Secret("s3cret", "https://api.x.com"))
    Recording(net.web, tmp_path, "2026-04-17T12:00:00Z").get(call)
    (path,) = tmp_path.iterdir()
    assert not re.search("s3cret|pa55", path.read_text()) and "s3cret" not in repr(call)
    again = load_records(tmp_path).get(call)
    assert (again.body, again.status, again.header("date")) == (b"body", 200, "Fri, 17 Apr 2026 12:00:00 GMT")


def test_records_of_other_tools_load(shared):
    for path in (shared / "digest/arxiv-api").glob("*.json"):
        answer = read_record(path)
        assert answer.status in (200, 400) and answer.body.startswith(b"<?xml")


@pytest.mark.parametrize("text", ["[]", "{}", "nonsense", '{"url": 1}', '{"url": "x", "status": "many", "body": ""}'])
def test_files_that_are_no_records_are_named(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(WebError, match=r"a\.json"):
        load_records(tmp_path)


def test_bytes_survive_a_record(tmp_path):
    body = bytes(range(256))
    write_record(tmp_path, "https://x.example/", Answer("https://x.example/", 200, body), "")
    assert load_records(tmp_path).get(Call("https://x.example/")).body == body


def test_addresses_are_compared_without_order():
    assert canonical("HTTPS://Host.example/p?b=2&a=1#f") == canonical("https://host.example/p?a=1&b=2")
    assert without_secrets("https://u:p@x.example/?key=1&q=2") == "https://x.example/?key=-&q=2"
    with pytest.raises(WebError, match="not in"):
        RecordedWeb([]).get(Call("https://x.example/"))


def test_the_next_address_is_tried_when_the_first_cannot_be_reached():
    addresses = ["2606:2800:220:1::1", PUBLIC]
    net = Net(httpx2.ConnectError("no route"), httpx2.Response(200, text="ok"), addresses={"feed.example": addresses})
    assert net.web.get(Call("https://feed.example/rss")).body == b"ok"
    assert [str(request.url.host) for request in net.requests] == addresses and net.slept == []


def test_behind_a_proxy_names_are_left_to_it_and_numbers_are_still_checked(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    net = Net(httpx2.Response(200))
    net.web.get(Call("https://feed.example/rss"))
    assert net.requests[0].url.host == "feed.example"
    with pytest.raises(WebError, match="not a public"):
        Net(addresses={"169.254.169.254": ["169.254.169.254"]}).web.get(Call("https://169.254.169.254/latest"))


def test_a_connection_is_for_one_host_and_no_proxy_stands_where_none_is_wanted(monkeypatch):
    """Two names with one number: what was checked for the first name is not used for the second."""
    made = []
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "one.example,two.example")

    class Seen(GuardedHttp):
        def _made(self, **more):
            made.append(super()._made(**more))
            return made[-1]

    http = Seen(1.0, 10, resolve=lambda host: [PUBLIC], timeout=0.05)
    for host in ("one.example", "two.example", "one.example", "three.example"):
        with pytest.raises(httpx2.ConnectTimeout), deadline(-1.0):
            http.open("GET", f"https://{host}/")
    _, *direct, through = made
    assert len(direct) == 2
    url = httpx2.URL(f"https://{PUBLIC}/")
    assert all(one._transport_for_url(url) is one._transport for one in direct)
    assert through._transport_for_url(url) is not through._transport


@pytest.mark.slow
def test_the_certificate_is_checked_against_the_name_and_not_the_number(tmp_path):
    """A real TLS conversation: connected to a number, greeted and checked by name."""
    import http.server
    import shutil
    import ssl
    import subprocess
    import threading

    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=feed.example -keyout {key} -out {certificate}"
    subprocess.run(
        [*made.split(), "-addext", "subjectAltName=DNS:feed.example"], check=True, capture_output=True, timeout=60
    )
    names = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            names.append(self.headers["Host"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _, name, __: names.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        trust = ssl.create_default_context(cafile=str(certificate))
        with httpx2.Client(verify=trust, trust_env=False) as client:
            url, headers = f"https://127.0.0.1:{server.server_port}/", {"Host": "feed.example"}
            assert client.get(url, headers=headers, extensions={"sni_hostname": "feed.example"}).text == "ok"
            with pytest.raises(httpx2.ConnectError, match=r"other\.example"):
                client.get(url, headers=headers, extensions={"sni_hostname": "other.example"})
    finally:
        server.shutdown()
        server.server_close()
    assert names[:2] == ["feed.example", "feed.example"]


def test_without_a_network_a_run_ends_soon():
    import socket

    def nothing(host: str) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    net = Net()
    net.web.http.resolve = nothing
    for _ in range(3):
        with pytest.raises(WebError, match=r"cannot be resolved|was given up before"):
            net.web.get(Call("https://github.com/a/b/releases.atom"))
    assert sum(net.slept) <= 5


def test_a_host_that_says_429_to_the_end_is_left_alone():
    net = Net(*[httpx2.Response(429)] * 4)
    assert net.web.get(Call("https://export.arxiv.org/api/query?start=0")).status == 429
    with pytest.raises(WebError, match="was given up before"):
        net.web.get(Call("https://export.arxiv.org/api/query?start=300"))
    assert len(net.requests) == 4
