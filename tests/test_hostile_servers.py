"""Servers that speak HTTP as none should, byte by byte: both clients end in time, in one line, and keep the key."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from asr_plugins.openai_server import client as speech
from asr_plugins.openai_server.answers import read_chat, read_transcription
from asr_plugins.openai_server.client import parse

from asrcli.errors import AsrError
from asrcli.types import SAMPLE_RATE, Clip, Recording
from asrcli.web import chat

KEY = "planted-key-4fd1e2"
SECONDS = 1.0  # for a whole exchange, of both clients
Send = Callable[[socket.socket], object]


def answer(body: object, status: str = "200 OK", *heads: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *heads, f"Content-Length: {len(data)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def bomb(megabytes: int, times: int = 1) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()
    for _ in range(times - 1):
        data = gzip.compress(data)
    return data


def said(content: object) -> dict[str, object]:
    return {"text": content, "choices": [{"message": {"content": content}}]}


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SEGMENT = {"start": 0.0, "end": 1.0, "text": "a"}
RAW: dict[str, bytes] = {
    "nothing": b"",
    "bytes": bytes(range(256)) * 50,
    "http 0.9": b"<html>hi</html>",
    "a status that is a word": b"HTTP/1.1 abc OK\r\n\r\n",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "a length without end": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}abc",
    "length and chunks": CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + answer({}),
    "an unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a chunk without end": CHUNKED + b"ffffffffffffffffffff\r\n{}",
    "a chunk of letters": CHUNKED + b"zz\r\n{}\r\n",
    "two answers": answer(said("first")) + answer(said("second")),
    "NUL in a header": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "a thousand codings": answer({}, "200 OK", "Content-Encoding: " + ", ".join(["gzip"] * 1000)),
    "no gzip": answer(said("a"), "200 OK", "Content-Encoding: gzip"),
    "brackets": answer(b"[" * 100_000),
    "brackets in a refusal": answer(b'{"error":' * 2000, "400 No"),
    "UTF-16": answer('{"text": "a"}'.encode("utf-16")),
    "no UTF-8": answer(b'{"text": "\xff\xfe"}'),
    "a number that is too long": answer(b'{"text": "a", "duration": 1' + b"0" * 5000 + b"}"),
    "another number": answer(5),
    "text that is none": answer({"text": 5, "choices": 5}),
    "no choice": answer({"choices": [], "text": None}),
    "content that is none": answer(said(["a"])),
    "segments that are none": answer({**said("a"), "segments": 5}),
    "a segment that is none": answer({**said("a"), "segments": ["x"]}),
    "times that are none": answer({**said("a"), "segments": [{**SEGMENT, "start": float("nan"), "end": float("inf")}]}),
    "times without end": answer({**said("a"), "segments": [{**SEGMENT, "start": 1e308, "end": -1e308}]}),
    "a time of 400 digits": answer({**said("a"), "segments": [{**SEGMENT, "start": 10**400}]}),
    "too long a text": answer(said("ab " * 100_000)),
    "too many segments": answer({**said("a"), "segments": [SEGMENT] * 12_000}),
    "too many words": answer({**said("a"), "words": [{"word": "a", "start": 0, "end": 1}] * 12_000}),
    "words that are none": answer({**said("a"), "segments": [{**SEGMENT, "words": [{"word": 5, "start": "x"}]}]}),
    "a language that is none": answer({**said("a"), "language": ["x"]}),
    "half a surrogate pair": answer(said("\ud800")),
    "the key": answer(said(f"the {KEY} key")),
    "the key as a name": answer({KEY: KEY, **said(KEY)}),
    "a refusal with the key": answer({"error": {"message": f"bad {KEY}"}}, f"401 {KEY}"),
    "a refusal with the key in lists": answer({"error": [[[{"msg": KEY}]]]}, "401 No"),
    "a failure with the key, cut": answer(b"x" * 190 + KEY.encode() + b"x" * 190, "500 No", "Retry-After: 0"),
    "a wait without end": answer(b"", "429 No", "Retry-After: 1" + "0" * 400),
    "a wait before now": answer(b"", "429 No", "Retry-After: -5"),
    "leading to a file": answer(b"", "302 Found", "Location: file:///etc/passwd"),
    "leading to itself": answer(b"", "308 Moved", "Location: /v1/again"),
    "leading with the key": answer(b"", "307 Moved", f"Location: /v1/{KEY}"),
}  # fmt: skip


def bombs() -> dict[str, bytes]:
    """Return what unpacks to much more than it is; made where it is sent, for that takes most of a second."""
    packed = bomb(64)
    return {
        "a bomb": answer(packed, "200 OK", "Content-Encoding: gzip"),
        "a bomb in a bomb": answer(bomb(128, 2), "200 OK", "Content-Encoding: gzip, gzip"),
        "a bomb that refuses": answer(packed, "401 No", "Content-Encoding: gzip"),
    }


def pouring(first: bytes, piece: bytes, pause: float = 0.0) -> Send:
    """Send some bytes, and others for as long as they are taken."""

    def send(connection: socket.socket) -> None:
        connection.sendall(first)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            connection.sendall(piece)
            time.sleep(pause)

    return send


ENDLESS: dict[str, Send] = {
    "silence": pouring(b"", b"", 0.05),
    "a dripped head": pouring(b"", b"H", 0.05),
    "a dripped body": pouring(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b" ", 0.05),
    "go on": pouring(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers": pouring(b"HTTP/1.1 200 OK\r\n", b"X: " + b"a" * 1000 + b"\r\n"),
    "one header": pouring(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65536),
    "chunks": pouring(CHUNKED, b"1\r\n \r\n"),
    "an extension of a chunk": pouring(CHUNKED + b"1;", b"x" * 65536),
    "trailers": pouring(CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n"),
}


@contextmanager
def server(send: Send) -> Iterator[tuple[str, list[bytes]]]:
    """Answer every request with bytes, whatever they are; give its address and what came."""
    came: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def handle(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            came.append(connection.recv(1 << 16))
            send(connection)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1", came
    finally:
        listening.close()


def ask_speech(url: str) -> object:
    """Ask as engine `openai_server` does, and read the answer in both of its ways."""
    client = speech.Client(parse(f"{url}#m"), SECONDS)
    found = client.post(f"{url}/audio/transcriptions", json={})
    clip = Clip(Recording("a.wav"), 0.0, np.zeros(SAMPLE_RATE, "float32"))
    for read in (read_transcription, read_chat):
        with suppress(AsrError):
            segments = read(found, clip)
            assert len(segments) < 10_000 and sum(len(one.text) for one in segments) < 200_000
            assert all(0 <= one.start <= one.end <= clip.seconds for one in segments), segments
    return found


def ask_chat(url: str) -> object:
    """Ask as `asr ask` and `asr digest --llm` do."""
    return chat.chat_server(url, "m", KEY).generate(["Say so."], 10)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both clients wait for nothing, and for no answer longer than a second."""
    for name in ("ASR_LLM", "ASR_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ASR_SERVER_KEY", KEY)
    monkeypatch.setattr(speech, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(chat, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(chat, "PATIENCE", SECONDS)


def judge(ask: Callable[[str], object], send: Send, most: int = 120 << 20) -> str:
    """Ask a server; return the line that it ends in, or ""; hold what it must not do."""
    tracemalloc.start()
    line = ""
    try:
        with server(send) as (url, came):
            try:
                found = ask(url)
                assert KEY not in repr(found)
            except AsrError as error:
                line = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert came and len(came) <= 4  # tries
    assert KEY not in line and KEY[:-2] not in line and "\n" not in line and len(line) < 600, line
    assert peak < most, f"{peak >> 20} MB"
    return line


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("ask", [ask_speech, ask_chat])
def test_answers_that_no_server_gives(ask: Callable[[str], object]) -> None:
    for name, data in (RAW | bombs()).items():
        line = judge(ask, lambda connection, data=data: connection.sendall(data))  # type: ignore[misc]
        assert line or name not in ("bytes", "two lengths", "a bomb", "a bomb in a bomb", "no gzip"), name


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("another number", "gave no answer of a chat: is it the right address?"),
        ("brackets", "gave no answer of a chat: is it the right address?"),
        ("a refusal with the key in lists", 'HTTP 401 {"error": [[[{"msg": "***"}]]]}: is ASR_LLM_KEY right?'),
        ("leading with the key", "HTTP 307 leads on to /v1/***: give that address"),
    ],
)
def test_what_is_wrong_with_a_chat_is_said_in_words(name: str, said: str) -> None:
    assert judge(ask_chat, lambda connection: connection.sendall(RAW[name])).endswith(said)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("ask", [ask_speech, ask_chat])
@pytest.mark.parametrize("name", ENDLESS)
def test_answers_without_an_end(name: str, ask: Callable[[str], object]) -> None:
    assert judge(ask, ENDLESS[name]), name


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("ask", [ask_speech, ask_chat])
def test_no_redirect_is_followed_with_the_key(ask: Callable[[str], object]) -> None:
    with server(lambda connection: connection.sendall(answer(said("other")))) as (other, came):
        for status in ("301 A", "302 B", "303 C", "307 D", "308 E"):
            lead = answer(b"", status, f"Location: {other}/audio")
            assert judge(ask, lambda connection, lead=lead: connection.sendall(lead)), status  # type: ignore[misc]
        assert not came
