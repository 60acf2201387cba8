"""Servers on the loopback that hold recordings: moto's S3, and one for plain addresses; both count and misbehave."""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

App = Callable[[dict[str, Any], Any], Iterable[bytes]]
BUCKET = "bucket"


@dataclass
class Fault:
    """What is done to requests whose method and path match, to so many of them after the first few."""

    pattern: str
    status: int = 0  # answered instead; 0 answers rightly
    code: str = "Fault"
    cut: bool = False  # only half of the body comes
    drip: float = 0.0  # seconds before each hundredth of the body
    then: Callable[[], object] | None = None  # done before the answer
    skip: int = 0
    times: int = 1_000_000


@dataclass
class Server:
    """An application behind a port, and what was asked of it."""

    app: App
    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, int]] = field(default_factory=list)  # method, path, bytes of the answer
    heads: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host(self) -> str:
        """The host and port."""
        return self.url.partition("://")[2]

    def counted(self, pattern: str = "") -> Counter[str]:
        """Return how often each method was used on paths that match."""
        return Counter(method for method, path, _ in self.requests if re.search(pattern, path))

    def sent(self, pattern: str = "") -> int:
        """Return the bytes of all answers for paths that match."""
        return sum(size for _, path, size in self.requests if re.search(pattern, path))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        query = environ.get("QUERY_STRING", "")
        place = f"{path}?{query}" if query else path
        fault = self._fault(f"{method} {place}")
        if fault and fault.then:
            fault.then()
        if fault and fault.status:
            body = f"<Error><Code>{fault.code}</Code><Message>no</Message></Error>".encode()
            start_response(f"{fault.status} Fault", [("Content-Length", str(len(body)))])
        else:
            body = b"".join(self.app(environ, start_response))
        with self.lock:
            self.requests.append((method, place, len(body)))
            self.heads.append({name[5:].lower(): value for name, value in environ.items() if name[:5] == "HTTP_"})
        if fault and fault.cut:
            return [body[: len(body) // 2]]
        return _dripping(body, fault.drip) if fault and fault.drip else [body]

    def _fault(self, request: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if re.search(fault.pattern, request):
                    fault.skip -= 1
                    if fault.skip < 0 < fault.times:
                        fault.times -= 1
                        return fault
        return None


def _dripping(body: bytes, pause: float) -> Iterator[bytes]:
    step = max(1, len(body) // 100)
    for at in range(0, len(body), step):
        time.sleep(pause)
        yield body[at : at + step]


@contextmanager
def serving(app: App, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run an application on a free port."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *words: Any) -> None:
            """Say nothing."""

    server = Server(app)
    http = make_server("127.0.0.1", 0, server, threaded=True, request_handler=Quiet, ssl_context=context)
    http.daemon_threads = True  # type: ignore[attr-defined]
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    server.url = f"{'https' if context else 'http'}://127.0.0.1:{http.server_port}"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


class Bucket:
    """A bucket of moto's, and the variables with which it is reached."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.environment = {
            "AWS_ACCESS_KEY_ID": "key-of-tests",
            "AWS_SECRET_ACCESS_KEY": "secret-of-tests",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": server.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_GCE_CHECK": "true",
        }

    @property
    def objects(self) -> Any:
        """Moto's own store, with which tests look and write without a request."""
        from moto.s3.models import s3_backends

        return s3_backends["123456789012"]["aws"]

    def put(self, key: str, data: bytes) -> None:
        """Write an object."""
        self.objects.put_object(BUCKET, key, data)

    def get(self, key: str) -> bytes:
        """Return an object."""
        return bytes(self.objects.get_object(BUCKET, key).value)

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of all objects."""
        return sorted(key for key in self.objects.get_bucket(BUCKET).keys if key.startswith(prefix))

    def made(self, prefix: str) -> dict[str, bytes]:
        """Return the results below a folder, without what asr keeps beside them."""
        return {key[len(prefix) :]: self.get(key) for key in self.names(prefix) if "/.asr/" not in key}


@contextmanager
def moto_bucket(wrap: Callable[[App], App] = lambda app: app) -> Iterator[Bucket]:
    """Run moto's S3 with one bucket; skip where it is not installed."""
    pytest.importorskip("obstore")
    pytest.importorskip("moto")
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from asrcli.places import remote, stores

    with serving(wrap(DomainDispatcherApplication(create_backend_app))) as server:
        bucket = Bucket(server)
        stores.bucket.cache_clear()  # of a server that an earlier module had
        remote._seen.clear()
        if not bucket.objects.buckets:
            bucket.objects.create_bucket(BUCKET, "us-east-1")
        yield bucket


class Generations:
    """Moto's S3 as Google's XML interface: the same requests, with a count of contents instead of ETags."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.counts: dict[str, int] = {}
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        environ["HTTP_AUTHORIZATION"] = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request"
        environ["RAW_URI"] = environ["REQUEST_URI"] = environ["RAW_URI"].replace("%2F", "/")
        with self.lock:
            wanted = environ.pop("HTTP_X_GOOG_IF_GENERATION_MATCH", None)
            if wanted is not None and int(wanted) != self.counts.get(path, 0):
                start_response("412 Precondition Failed", [("Content-Length", "0")])
                return [b""]
            if method == "PUT":
                self.counts[path] = 1 + max(self.counts.values(), default=0)
            elif method == "DELETE":
                self.counts.pop(path, None)

            def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                return start_response(status, [*headers, ("x-goog-generation", str(self.counts.get(path, 0)))], *more)

            return [b"".join(self.app(environ, start))]


@dataclass
class Site:
    """An application with recordings by path, which knows ranges or does not."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    tags: bool = True
    moved: dict[str, str] = field(default_factory=dict)  # path -> where it leads

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path in self.moved:
            start_response("302 Found", [("Location", self.moved[path]), ("Content-Length", "0")])
            return []
        if path not in self.files:
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        data = self.files[path]
        heads = [("ETag", f'"{hash(data) & 0xFFFFFFFF:x}"')] if self.tags else []
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", environ.get("HTTP_RANGE", ""))
        if asked and self.ranges:
            first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
            if first > last:
                start_response("416 Range Not Satisfiable", [("Content-Length", "0")])
                return []
            part = data[first : last + 1]
            heads += [("Content-Range", f"bytes {first}-{last}/{len(data)}"), ("Content-Length", str(len(part)))]
            start_response("206 Partial Content", heads)
            return [part]
        start_response("200 OK", [*heads, ("Content-Length", str(len(data)))])
        return [data]


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return what a server for ``localhost`` needs, and the file that its clients trust."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "server.pem", folder / "server.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem
