"""What strangers send to ``asr serve``: slowly, too much, in parts, as bombs, from pages of other sites, and often."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from support.browser import chromium
from support.serve import PATIENCE, metric, serving, until

pytestmark = pytest.mark.slow
ONE = Path(__file__).parent.parent / "data/digits/string00.wav"
HEAD = (
    b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
)
PAGE = """<script>
const form = new FormData();
form.append("file", new Blob(["x".repeat(100)]), "a.wav");
fetch("URL/v1/audio/transcriptions", {method: "POST", mode: "no-cors", body: form});
fetch("URL/v1/models", {mode: "no-cors"});
setTimeout(() => document.forms[0].submit(), 500);
</script><img src="URL/ready">
<form method="post" enctype="multipart/form-data" action="URL/v1/audio/translations"><input name="model"></form>"""


def test_heads_and_bodies_that_do_not_come(tmp_path: Path) -> None:
    """Ten seconds for a head, however it drips, also for the second of a connection; thirty for a piece of a body."""
    with serving(tmp_path, "-e", "fake") as server:
        begun = time.monotonic()
        again = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /hea"
        heads = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        body = socket.create_connection(("127.0.0.1", server.port))
        body.sendall(HEAD + b"--x\r\n")
        heads[2].sendall(again)
        while time.monotonic() < begun + 9:
            for one in heads[1:]:
                one.sendall(b"x")
            time.sleep(1)
        assert server.ask(ONE.read_bytes()).status_code == 200  # nobody else waits for them
        for one in heads:
            one.settimeout(PATIENCE)
            while one.recv(65536):
                pass
            one.close()
        body.settimeout(PATIENCE)
        assert body.recv(65536).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() > begun + 29
        body.close()


def test_many_who_leave_leave_nothing(tmp_path: Path) -> None:
    """Nor do large uploads stay in memory."""
    with serving(tmp_path, "-e", "fake:sleep=0.05", "--max-requests", "256") as server:
        transcriber, _ = server.children()
        for _ in range(5):
            server.ask(ONE.read_bytes())

        def state() -> tuple[int, int, int, int]:
            tasks = [len(os.listdir(f"/proc/{pid}/task")) for pid in (server.process.pid, transcriber)]
            files = [len(os.listdir(f"/proc/{pid}/fd")) for pid in (server.process.pid, transcriber)]
            return (tasks[0], tasks[1], files[0], files[1])

        def leave(number: int) -> None:
            url, seconds = f"{server.url}/v1/audio/transcriptions", 0.01 * (number % 10 + 1)
            with suppress(httpx2.HTTPError):
                httpx2.post(url, files={"file": ONE.read_bytes()}, timeout=seconds)

        def rest() -> None:
            until(lambda: metric(server, "asr_requests_open") == 0)
            until(lambda: state()[1] <= before[1] and state()[3] <= before[3])

        before = state()
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(leave, range(100)))
        rest()
        assert not server.left()
        after = state()
        assert after[0] <= before[0] + 12  # threads that write uploads stay for the next ones
        assert after[2] <= before[2] + 2
        resident = _resident(server.process.pid)
        large = bytes(100 << 20)
        for _ in range(4):
            assert server.ask(large).status_code == 415
        assert _resident(server.process.pid) < resident + (30 << 20)
        assert not server.left()


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_memory_stays_as_it_is(tmp_path: Path) -> None:
    with serving(tmp_path, "-e", "fake:pace=2") as server, ThreadPoolExecutor(4) as pool:
        transcriber, _ = server.children()
        for _ in pool.map(lambda _: server.ask(ONE.read_bytes()), range(100)):
            pass
        before = [_resident(pid) for pid in (server.process.pid, transcriber)]
        answers = list(pool.map(lambda _: server.ask(ONE.read_bytes(), response_format="verbose_json"), range(200)))
        assert {one.status_code for one in answers} == {200}
        after = [_resident(pid) for pid in (server.process.pid, transcriber)]
        assert all(last <= 1.1 * first for first, last in zip(before, after, strict=True)), (before, after)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
@pytest.mark.parametrize("claims", [True, False])
def test_a_bomb_is_refused_before_it_is_large(tmp_path: Path, claims: bool) -> None:
    """Ten hours of silence in less than a megabyte; a header that knows its length, and one that does not."""
    bomb = tmp_path / "bomb.flac"
    made = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "36000", "-f", "flac"]
    if claims:
        subprocess.run([*made, bomb], check=True)
    else:
        with open(bomb, "wb") as out:
            subprocess.run([*made, "-"], check=True, stdout=out)
    assert bomb.stat().st_size < 20 << 20
    with serving(tmp_path, "-e", "fake", "--max-hours", "0.2") as server:
        transcriber, _ = server.children()
        assert server.ask(ONE.read_bytes()).status_code == 200
        before = _resident(transcriber)
        answer = server.ask(bomb.read_bytes())
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "audio_too_long")
        assert _resident(transcriber) < before + (100 << 20)


def test_ten_thousand_parts_and_headers_without_an_end(tmp_path: Path) -> None:
    with serving(tmp_path, "-e", "fake") as server:
        kind = {"content-type": "multipart/form-data; boundary=x"}
        part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        for content in (part * 10_000, b"--x\r\n" + b"A: b\r\n" * 100_000, b"--x\r\nA: " + b"b" * 5_000_000):
            answer = server.client.post("/v1/audio/transcriptions", content=content, headers=kind)
            assert answer.status_code == 400, answer.text
        with socket.create_connection(("127.0.0.1", server.port)) as long:
            with suppress(OSError):
                long.sendall(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100_000)
            long.settimeout(PATIENCE)
            with suppress(OSError):
                assert long.recv(100).startswith(b"HTTP/1.1 400 ")
        assert server.ask(ONE.read_bytes()).status_code == 200


def test_pages_of_other_sites_in_a_browser(tmp_path: Path) -> None:
    """A form, a picture, and requests of a script; and a name that was made to point here."""
    browser = chromium()
    with serving(tmp_path, "-e", "fake") as server:

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(PAGE.replace("URL", server.url).encode())

            def log_message(self, *words: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
            threading.Thread(target=site.serve_forever, daemon=True).start()
            words = [browser, "--headless", "--no-sandbox"]
            other = f"http://127.0.0.1:{site.server_port}/"
            routes = ("POST /v1/audio/transcriptions", "GET /v1/models", "GET /ready", "POST /v1/audio/translations")
            visit = [
                *words,
                f"--user-data-dir={tmp_path / 'visitor'}",
                f"--screenshot={tmp_path / 'seen.png'}",
                "--virtual-time-budget=4000",
                other,
            ]
            quiet = subprocess.DEVNULL
            with subprocess.Popen(visit, stdout=quiet, stderr=quiet, start_new_session=True) as visitor:
                try:
                    for route in routes:
                        server.wait_for(f"{route} 403 ")
                finally:
                    os.killpg(visitor.pid, signal.SIGKILL)  # it may wait for ever for the page that was refused
            words.append(f"--user-data-dir={tmp_path / 'own'}")
            own = subprocess.run(
                [*words, "--dump-dom", f"{server.url}/ready"], capture_output=True, text=True, timeout=PATIENCE
            )
            assert '{"status": "ready"}' in own.stdout
            rebound = f"http://evil.example:{server.port}/ready"
            rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
            done = subprocess.run(
                [*words, rules, "--dump-dom", rebound], capture_output=True, text=True, timeout=PATIENCE
            )
            assert "this server is not 'evil.example" in done.stdout
            site.shutdown()
