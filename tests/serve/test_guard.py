"""Who may ask ``asr serve``: keys, names, pages of other sites; and where it refuses to start."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from support.command import Run

from asrcli.errors import UsageError
from asrcli.serve import guard
from asrcli.serve.guard import Guard
from asrcli.serve.server import Place

KEY = "k" * 20
HOME = {"host": "127.0.0.1:8000"}


def ask(headers: dict[str, str], key: str = "", path: str = "/v1/models", names: tuple[str, ...] = ()) -> Any:
    """Return the status and headers of an answer, and its error."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def send(message: Any) -> None:
        sent.append(message)

    fields = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": fields}
    asyncio.run(Guard(app, key, names, lambda status, text: None, print)(scope, None, send))  # type: ignore[arg-type]
    own = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], own, json.loads(sent[1]["body"]).get("error", {}).get("code")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost:8000", "LOCALHOST", "[::1]:8000", "192.168.1.7:8000", "asr.lan", "asr.lan:80"]
)
def test_its_own_names_and_addresses_are_answered(host: str) -> None:
    assert ask({"host": host}, names=("asr.lan",))[0] == 200


FORGED = """
evil.example evil.example:8000 127.0.0.1.evil.example localhost.evil.example localhost@evil.example
127.0.0.1:8000@evil.example evil.example:80:80 [::1].evil.example [evil] 127.0.0.1,evil.example
"""


@pytest.mark.parametrize("host", ["", *FORGED.split()])
def test_a_name_that_was_made_to_point_here_is_not(host: str) -> None:
    status, headers, code = ask({"host": host})
    assert (status, code) == (403, "host_not_allowed")
    assert headers["connection"] == "close"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "http://127.0.0.1:8000.evil.example"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000"},
    ],
)
def test_pages_of_other_sites_are_refused_also_with_a_key(headers: dict[str, str]) -> None:
    for key in ("", KEY):
        sent = {**HOME, **headers, "authorization": f"Bearer {KEY}"}
        status, answered, code = ask(sent, key)
        assert (status, code) == (403, "origin_not_allowed")
        assert "access-control-allow-origin" not in answered


def test_its_own_pages_and_programs_may_ask() -> None:
    assert ask({**HOME, "origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"})[0] == 200
    assert ask({**HOME, "sec-fetch-site": "none"})[0] == 200


@pytest.mark.parametrize("given", ["", KEY, f"Bearer {KEY}x", "Bearer ", f"Basic {KEY}", f"Bearer {KEY[:-1]}\u00e4"])
def test_without_the_key_nothing_is_answered_but_health(given: str) -> None:
    headers = {**HOME, "authorization": given} if given else HOME
    for path in ("/v1/models", "/metrics", "/ready", "/health/", "//health"):
        status, answered, code = ask(headers, KEY, path)
        assert (status, code, answered["www-authenticate"]) == (401, "invalid_api_key", "Bearer")
    assert ask(headers, KEY, "/health")[0] == 200
    assert ask({**HOME, "authorization": f"Bearer {KEY}"}, KEY)[0] == 200


def test_every_answer_has_a_number_and_is_what_it_says() -> None:
    for headers in (HOME, {"host": "evil.example"}):
        _, answered, _ = ask(headers)
        assert answered["x-content-type-options"] == "nosniff" and len(answered["x-request-id"]) == 32


@pytest.mark.parametrize("begun", [False, True])
def test_a_bug_has_a_traceback_for_who_runs_it_and_a_sentence_for_who_asks(begun: bool) -> None:
    sent: list[Any] = []
    printed: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError("secret")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost")]}
    asyncio.run(Guard(app, "", (), lambda status, text: None, printed.append)(scope, None, send))  # type: ignore[arg-type]
    assert "ZeroDivisionError: secret" in printed[0] and "Traceback" in printed[0]
    assert [message.get("status") for message in sent] == ([200] if begun else [500, None])
    assert "secret" not in str(sent)


def test_an_answer_that_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SECONDS_UNREAD", 0.05)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        await asyncio.sleep(60)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost")]}
    asyncio.run(Guard(app, "", (), lambda status, text: None, print)(scope, None, send))  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "asr.lan"])
def test_other_machines_need_a_key_or_a_word(host: str) -> None:
    with pytest.raises(UsageError, match="set ASR_SERVE_KEY"):
        Place(host, 8000, (), "", False).check()
    Place(host, 8000, (), KEY, False).check()
    Place(host, 8000, (), "", True).check()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_this_machine_needs_none(host: str) -> None:
    Place(host, 8000, (), "", False).check()


def test_what_cannot_be_is_one_line(asr: Run) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for words, code, said, environment in (
            (("--port", port), 2, f"--port {port}: address already in use; choose another", {}),
            (("--host", "0.0.0.0"), 2, "set ASR_SERVE_KEY to the key", {}),
            (("--host", "no.such.name.invalid", "--no-key"), 2, "--host no.such.name.invalid --port 8000: ", {}),
            ((), 2, "ASR_SERVE_KEY is no key", {"ASR_SERVE_KEY": "short"}),
            (("--port", 0, "-e", "wisper"), 2, "unknown engine 'wisper': did you mean 'whisper'?", {}),
            (("--port", 0, "-e", "fake:nonsense=1"), 3, "fake: unknown behaviour 'nonsense'", {}),
            (("--port", 0, "-e", "fake", "--device", "tpu"), 2, "unknown device 'tpu'", {}),
        ):
            done = asr("serve", *words, "-q", **environment)
            assert (done.code, len(done.err.splitlines()), done.out) == (code, 1, ""), done
            assert said.lower() in done.err.lower() and "short" not in done.err
