"""A real HTTP server on loopback that speaks OpenAI's protocol, and can be told to misbehave."""

from __future__ import annotations

import io
import json
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np


@dataclass
class Call:
    """One request as the server saw it."""

    path: str
    headers: dict[str, str]
    form: dict[str, list[str]] = field(default_factory=dict)
    file: bytes = b""
    json: Any = None

    @property
    def samples(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The sound that was sent."""
        with wave.open(io.BytesIO(self.file)) as reader:
            assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 16_000)
            return (np.frombuffer(reader.readframes(1 << 30), "<i2") / 32767).astype(np.float32)


@dataclass
class Reply:
    """One answer; `hang` seconds before it, and `cut`: the connection is closed in the middle instead.

    With `drip`, so many seconds pass before each byte.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0.0
    cut: bool = False
    drip: float = 0.0


Answer = Callable[[Call], Reply]


class Server:
    """What the tests look at."""

    def __init__(self, answer: Answer, models: list[str] | None) -> None:
        self.answer, self.models = answer, models
        self.calls: list[Call] = []
        self.now = self.most = 0
        self.url = ""
        self.lock = threading.Lock()

    def reply(self, call: Call) -> Reply:
        """Answer one request, counting how many are under way at once."""
        if call.path.endswith("/models"):
            if self.models is None:
                return Reply({"error": "not found"}, 404)
            return Reply({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})
        with self.lock:
            self.calls.append(call)
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return self.answer(call)
        finally:
            with self.lock:
                self.now -= 1


@contextmanager
def serving(answer: Answer, models: list[str] | None = ["tiny"]) -> Iterator[Server]:  # noqa: B006 -- only read
    """Run a server on a free port of the loopback interface."""
    server = Server(answer, models)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(server.reply(Call(self.path, dict(self.headers))))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(server.reply(_call(self.path, dict(self.headers), body)))

        def _send(self, reply: Reply) -> None:
            time.sleep(reply.hang)
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            kind = "application/json" if not isinstance(reply.body, bytes) else "text/html"
            for name, value in {"Content-Type": kind, **reply.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            try:
                self.end_headers()
                pieces = [body[: len(body) // 2] if reply.cut else body]
                for piece in [bytes([byte]) for byte in body] if reply.drip else pieces:
                    time.sleep(reply.drip)
                    self.wfile.write(piece)
            except OSError:
                pass  # the client has gone
            if reply.cut:
                self.close_connection = True
                self.connection.close()

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


def _call(path: str, headers: dict[str, str], body: bytes) -> Call:
    kind = headers.get("Content-Type", headers.get("content-type", ""))
    if kind.startswith("application/json"):
        return Call(path, headers, json=json.loads(body))
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    call = Call(path, headers)
    for part in message.iter_parts():  # type: ignore[attr-defined]
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if name == "file":
            call.file = content
        else:
            call.form.setdefault(name, []).append(content.decode())
    return call


def hearing(engine: Any) -> Answer:
    """Return the answers of a server that has a real engine inside: ``verbose_json`` with words at the top level."""
    from asrcli.types import Clip, Options, Recording

    lock = threading.Lock()

    def answer(call: Call) -> Reply:
        words = "word" in call.form.get("timestamp_granularities[]", ())
        clip = Clip(Recording("clip.wav"), 0.0, call.samples, language=(call.form.get("language") or [None])[0])
        with lock:
            (found,) = engine.transcribe([clip], Options(word_timestamps=words or None))
        segments = [
            {"id": at, "start": one.start, "end": one.end, "text": " " + one.text} for at, one in enumerate(found)
        ]
        body: dict[str, Any] = {
            "text": " ".join(one.text for one in found),
            "language": "english",
            "segments": segments,
        }
        if words:
            body["words"] = [
                {"word": word.text, "start": word.start, "end": word.end} for one in found for word in one.words
            ]
        return Reply(body)

    return answer
