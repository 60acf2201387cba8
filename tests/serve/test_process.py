"""The processes of ``asr serve``: limits, clients that leave, deaths, signals, and what is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from support.command import write_silence, write_wav
from support.serve import Running, gone, metric, serving, until

ONE = Path(__file__).parent.parent / "data/digits/string00.wav"

HEAD = (
    b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
)


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    words = ("-e", "fake:sleep=1,fail=upload-1", "--max-upload", "1", "--max-hours", "0.001", "--max-requests", "2")
    with serving(tmp_path_factory.mktemp("limited"), *words) as server:
        yield server


@pytest.mark.slow
def test_limits_are_said_with_their_status(limited: Running, tmp_path: Path) -> None:
    failed = limited.ask(ONE.read_bytes())
    assert (failed.status_code, failed.json()["error"]["message"]) == (422, "fake: told to fail on 'upload-1'")
    large = limited.ask(bytes((2 << 20) + 1))
    assert (large.status_code, large.json()["error"]["message"]) == (413, "the file is larger than 1 MiB")
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    pieces = (piece for piece in [head, *[bytes(1 << 16)] * 40])
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert limited.client.post("/v1/audio/transcriptions", content=pieces, headers=kind).status_code == 413
    long = limited.ask(write_wav(tmp_path / "a.wav", 5).read_bytes())
    assert (long.status_code, long.json()["error"]["code"]) == (413, "audio_too_long")
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: limited.ask(ONE.read_bytes()), range(3)))
    busy = sorted(answers, key=lambda one: one.status_code)
    assert [one.status_code for one in busy] == [200, 200, 429]
    assert busy[2].headers["retry-after"].isdecimal() and busy[2].json()["error"]["code"] == "busy"
    assert not limited.left() and metric(limited, "asr_requests_open") == 0


def test_a_client_that_leaves_is_noticed(limited: Running) -> None:
    """With the whole of its file sent, and in the middle of it."""
    with pytest.raises(httpx2.TimeoutException):
        httpx2.post(f"{limited.url}/v1/audio/transcriptions", files={"file": ONE.read_bytes()}, timeout=0.3)
    until(lambda: sum("client gone" in line for line in limited.lines) == 1)
    with socket.create_connection(("127.0.0.1", limited.port)) as half:
        half.sendall(HEAD + b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF')
        until(limited.left)
    until(lambda: sum("client gone" in line for line in limited.lines) == 2)
    until(lambda: metric(limited, "asr_requests_open") == 0)
    assert not limited.left()


@pytest.mark.slow
def test_while_it_loads_it_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, "-e", "fake:load=2,pace=2", ready=False) as server:
        for path in ("/ready", "/v1/models"):
            answer = server.client.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "loading")
            assert answer.headers["retry-after"] == "2"
        assert server.ask(ONE.read_bytes()).status_code == 503
        assert server.client.get("/health").status_code == 200
        server.wait_for("asr: ready: fake:load=2,pace=2")
        assert server.client.get("/ready").status_code == 200


@pytest.mark.slow
def test_a_signal_lets_open_requests_end_and_leaves_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, "-e", "fake:sleep=2") as server, ThreadPoolExecutor(1) as pool:
        children = server.children()
        assert len(children) == 2  # one that decodes, and one with the engine
        asked = pool.submit(server.ask, ONE.read_bytes())
        until(server.left)
        assert server.end(signal.SIGTERM) == 0
        answer = asked.result()
        assert (answer.status_code, answer.json()["text"]) == (200, "upload 1")
        assert all(gone(one) for one in children)
        assert not list(server.uploads.iterdir())


@pytest.mark.slow
def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with serving(tmp_path, "-e", "fake:sleep=60") as server, ThreadPoolExecutor(1) as pool:
        children = server.children()
        asked = pool.submit(server.ask, ONE.read_bytes())
        until(server.left)
        server.process.send_signal(signal.SIGINT)
        server.wait_for("stopping; requests that are open: 1")
        assert server.end(signal.SIGINT) == 0
        answer = asked.result()
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "stopping")
        assert all(gone(one) for one in children) and not list(server.uploads.iterdir())


def test_the_process_that_listens_imports_no_engine_and_no_decoder() -> None:
    code = """
import sys, uvicorn
import asrcli.cli.commands.serve, asrcli.serve.app, asrcli.serve.backend, asrcli.serve.guard, asrcli.serve.server
heavy = ("numpy", "av", "asr_plugins", "asrcli.engines", "asrcli.audio", "asrcli.pipeline", "asrcli.runs")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_keys_go_to_the_engine_that_reads_them_alone(tmp_path: Path) -> None:
    """One server behind another, which needs a key: and no process of either has it in its environment."""
    key, own = "key-of-the-server-behind", "key-of-the-server-in-front"
    (tmp_path / "behind").mkdir()
    with (
        serving(tmp_path / "behind", "-e", "fake", ASR_SERVE_KEY=key) as behind,
        serving(
            tmp_path, "-e", "openai_server",
            ASR_SERVE_KEY=own, ASR_SERVER_KEY=key, ASR_SERVER_URL=f"{behind.url}/v1", HF_TOKEN="hf_planted",
            ASR_LLM_KEY="key-of-a-model",
        ) as front,
    ):  # fmt: skip
        front.client.headers["authorization"] = f"Bearer {own}"
        answer = front.ask(ONE.read_bytes())
        assert answer.status_code == 200 and answer.json()["text"], (answer.text, front.lines)
        decoding = front.children()[0]
        shown = [Path(f"/proc/{pid}/environ").read_text() for pid in (decoding, *behind.children())]
        assert not any(secret in one for one in shown for secret in (key, own, "hf_planted", "key-of-a-model"))


@pytest.mark.slow
def test_several_workers_share_the_requests(tmp_path: Path) -> None:
    with serving(tmp_path, "-e", "fake:sleep=0.5", "--workers", "2") as server, ThreadPoolExecutor(6) as pool:
        assert len(server.children()) == 3
        answers = list(pool.map(lambda _: server.ask(ONE.read_bytes()).json()["text"], range(6)))
        assert sorted(answers) == [f"upload {number}" for number in range(1, 7)]
        until(lambda: metric(server, "asr_engine_clips_total") == 6)


@pytest.mark.slow
def test_an_engine_that_dies_costs_one_request(tmp_path: Path) -> None:
    with serving(tmp_path, "-e", "fake:kill=upload-2") as server:
        answers = [server.ask(ONE.read_bytes()) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 422, 200]
        assert "died twice" in answers[1].json()["error"]["message"]
        assert metric(server, "asr_restarts_total") == 0


@pytest.mark.slow  # quick with an engine that dies: the one before
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_kill_9_of_each_process(tmp_path: Path) -> None:
    long = write_silence(tmp_path / "long.wav", 300).read_bytes()  # two calls of the engine
    fields = {"stream": "true", "vad": "false"}
    with serving(tmp_path, "-e", "fake:rtf=0.02,pace=1") as server:
        transcriber, engine = server.children()
        with server.client.stream("POST", "/audio/transcriptions", data=fields, files={"file": long}) as answer:
            pieces = answer.iter_lines()
            assert next(pieces) == "event: transcript.text.delta"
            os.kill(transcriber, signal.SIGKILL)
            rest = list(pieces)
        assert rest[-3] == "event: error" and "SIGKILL" in rest[-2] and '"process_ended"' in rest[-2]
        assert gone(engine)
        until(lambda: server.client.get("/ready").status_code == 200)
        assert server.ask(ONE.read_bytes()).json()["text"] == "upload 2 upload"
        assert metric(server, "asr_restarts_total") == 1
        children = server.children()
        with server.client.stream("POST", "/audio/transcriptions", data=fields, files={"file": long}) as answer:
            pieces = answer.iter_lines()
            assert next(pieces) == "event: transcript.text.delta"
            assert server.end(signal.SIGKILL) == -signal.SIGKILL
            with pytest.raises(httpx2.HTTPError):
                list(pieces)
        assert all(gone(one) for one in children)
        assert not list(server.uploads.iterdir())
