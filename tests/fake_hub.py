"""A model hub on the loopback: what huggingface_hub asks of the real one to download a repository."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlparse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """Serves repositories; `sent` counts how often the bytes of each file went out."""

    def __init__(self, repositories: Mapping[str, Mapping[str, bytes]]) -> None:
        self.repositories = repositories
        self.sent: Counter[str] = Counter()
        self.requests: list[str] = []
        self.tokens: set[str] = set()
        self.url = ""

    def commit(self, revision: str) -> str:
        return COMMIT if revision == "main" else revision

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes, str]:
        """Return status, headers, body and the name of the file, "" for what is not a file."""
        parts = unquote(urlparse(path).path).strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            files = self.repositories.get("/".join(parts[2:4]))
            if files is None:
                return 404, {"X-Error-Code": "RepoNotFound"}, b"{}", ""
            if parts[4] == "revision":
                found = {"id": "/".join(parts[2:4]), "sha": self.commit(parts[5]), "siblings": []}
                return 200, {}, json.dumps(found).encode(), ""
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in files.items()
            ]
            return 200, {}, json.dumps(tree).encode(), ""
        repository, name = "/".join(parts[:2]), "/".join(parts[4:])
        data = self.repositories.get(repository, {}).get(name)
        if data is None:
            return 404, {"X-Error-Code": "EntryNotFound"}, b"", ""
        headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": self.commit(parts[3])}
        return 200, headers, data, name


@contextmanager
def serve(repositories: Mapping[str, Mapping[str, bytes]]) -> Iterator[FakeHub]:
    """Run a hub while the block runs."""
    hub = FakeHub(repositories)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _send(self, with_body: bool) -> None:
            status, headers, body, name = hub.answer(self.path)
            hub.requests.append(self.path)
            if name or self.path.startswith("/api/models"):
                hub.tokens.add(self.headers.get("Authorization", ""))
            if with_body and name:
                hub.sent[name] += 1
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self._send(False)

        def do_GET(self) -> None:
            self._send(True)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
