"""Keys: every command with planted ones, servers that say them back, and nothing of them in all that comes out."""

from __future__ import annotations

import copy
import json
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest
from asr_plugins.openai_server import client
from support.command import write_wav

from asrcli.base.secret import Secret
from asrcli.cli.main import COMMANDS, build, main
from asrcli.errors import UsageError
from asrcli.places import stores
from asrcli.web import chat
from asrcli.web.client import Call, Recording
from asrcli.web.live import LiveWeb

KEYS = {
    "ASR_SERVER_KEY": "planted-server-5e1f",
    "ASR_LLM_KEY": "planted-llm-77ab",
    "ASR_X_TOKEN": "planted-x-90cd",
    "HF_TOKEN": "planted-hub-31ee",
    "OPENAI_API_KEY": "planted-openai-6d02",
    "AWS_ACCESS_KEY_ID": "planted-aws-id-44aa",
    "AWS_SECRET_ACCESS_KEY": "planted-aws-secret-19bc",
    "AWS_SESSION_TOKEN": "planted-aws-token-83de",
}
INDEX = "planted-index-55dd"  # the password of a package index, which pip and uv get in its address
Echo = Callable[[str], tuple[int, bytes]]  # the key that came -> status, body


@contextmanager
def echoing(echo: Echo) -> Iterator[tuple[str, list[str]]]:
    """Run a server that puts the key it is sent into what it answers."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            key = self.headers.get("Authorization", "").removeprefix("Bearer ")
            came.append(key)
            status, body = echo(key)
            if self.path.endswith("/models"):
                status, body = 200, json.dumps({"data": [{"id": "m"}]}).encode()
            self.send_response(status, f"no {key}")
            self.send_header("Location", f"/{key}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}/v1", came
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def transcript(key: str) -> tuple[int, bytes]:
    escaped = key.replace("p", "\\u0070")
    choice = f'{{"message": {{"content": "the key is {escaped}"}}}}'
    return 200, f'{{"text": "say {key} and {escaped}", "choices": [{choice}]}}'.encode()


ECHOES: list[Echo] = [
    transcript,
    lambda key: (401, json.dumps({"error": {"message": f"bad key {key}"}}).encode()),
    lambda key: (400, b"x" * 190 + key.encode() + b"x" * 190),  # cut in the middle of the key
    lambda key: (302, key.encode()),
    lambda key: (200, b"[" * 5000 + key.encode()),
]


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def everything(folder: Path) -> str:
    """Return all that lies in a folder, names too."""
    return "\n".join(
        f"{path} {path.read_bytes().decode('latin-1') if path.is_file() else ''}" for path in folder.rglob("*")
    )


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the current one, with keys in the environment and a home of its own."""
    for name in [name for name in os.environ if name.startswith(("ASR_", "HF_"))]:
        monkeypatch.delenv(name)
    for name, key in {**KEYS, "HF_HUB_OFFLINE": "1"}.items():
        monkeypatch.setenv(name, key)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr(os, "_exit", sys.exit)  # not the process of the tests
    monkeypatch.chdir(tmp_path)
    return tmp_path


def clean(capfd: pytest.CaptureFixture[str], folder: Path, more: Mapping[str, str] = {}) -> str:
    """Return what was printed, after a look through it and every file for the keys and their halves."""
    said, lying = "".join(capfd.readouterr()), everything(folder)
    for name, key in {**KEYS, "PIP_INDEX_URL": INDEX, **more}.items():
        for part in (key, key[:-3], key[3:]):
            assert part not in said, (name, said)
            assert part not in lying, name
    return said


@pytest.mark.parametrize("echo", ECHOES)
def test_servers_that_say_the_key_back(
    echo: Echo, planted: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for module in (client, chat):
        monkeypatch.setattr(module, "FIRST_WAIT", 0.01)
    write_wav(planted / "one.wav")
    said = {"text": "We meet in April.", "segments": [{"start": 0.0, "end": 1.0, "text": "We meet in April."}]}
    (planted / "talk.json").write_text(json.dumps(said))
    with echoing(echo) as (url, came):
        out = ["--report", "r.jsonl", "--events", "e.jsonl", "-f", "json", "-o", "out", "--no-vad", "-v"]
        run("transcribe", "one.wav", "-e", "openai_server", "-m", f"{url}#m", *out)
        assert KEYS["ASR_SERVER_KEY"] in came
        run("ask", "talk.json", "When?", "--llm", url, "--llm-model", "m", "--json")
        assert KEYS["ASR_LLM_KEY"] in came
    clean(capfd, planted)


def commands() -> Iterator[list[str]]:
    """Yield every command there is, also those below others."""
    for name in COMMANDS:
        children = getattr(build(name), "commands", {})
        yield [name]
        yield from ([name, child] for child in children)


MORE = {
    "digest run": ["--replay", "nowhere"],
    "digest doctor": ["x"],
    "leaderboard update": ["--replay", "nowhere"],
    "serve": ["-e", "nowhere", "--port", "0"],  # any other would go on
}


@pytest.mark.slow
def test_every_command_keeps_planted_keys(planted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_wav(planted / "one.wav")
    tried = list(commands())
    for words in tried:
        run(*words, *MORE.get(" ".join(words), []))
        run(*words, "one.wav", "--help")
        clean(capfd, planted)
    assert len(tried) > 20


def test_a_token_in_an_answer_of_the_web_is_in_no_record(planted: Path) -> None:
    key = "planted-x-90cd"

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent = request.headers.get("authorization", "nothing")
        return httpx2.Response(200, text=f"you sent {sent}", headers={"etag": sent})

    web = LiveWeb(httpx2.MockTransport(answer), sleep=lambda _: None, resolve=lambda _: ["93.184.216.34"])
    recorded = Recording(web, planted, "2026-01-01T00:00:00Z")
    found = recorded.get(Call("https://api.x.com/2", secret=Secret(key, "https://api.x.com")))
    assert found.body == b"you sent Bearer ***"
    assert key not in everything(planted)
    other = web.get(Call("https://feed.example/rss", secret=Secret(key, "https://api.x.com")))
    assert other.body == b"you sent nothing"


def test_a_secret_is_shown_nowhere_and_goes_to_its_host_only() -> None:
    secret = Secret(" planted-key\n", "https://one.example/v1", "ASR_KEY")
    for text in (repr(secret), str(secret), f"{secret}", f"{[secret]}", "%s" % secret):  # noqa: UP031
        assert "planted" not in text
    for copied in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            copied(secret)
    assert secret.headers("https://ONE.example/other") == {"Authorization": "Bearer planted-key"}
    for other in ("http://one.example/v1", "https://one.example:8443/v1", "https://one.example.net/v1", ""):
        assert secret.headers(other) == {}
    assert secret.hide_in({"planted-key": ["a planted-key"]}) == {"***": ["a ***"]}


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "ключ"])
def test_what_cannot_be_a_key_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(UsageError) as raised:
        Secret(value, "https://one.example", "ASR_KEY")
    assert value not in str(raised.value) and "ASR_KEY" in str(raised.value)


def test_the_key_of_a_named_server_is_not_sent_to_another(
    planted: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_wav(planted / "one.wav")
    monkeypatch.setenv("ASR_SERVER_URL", "http://10.0.0.1/v1")
    with echoing(lambda key: (401, b"")) as (url, came):
        run("transcribe", "one.wav", "-e", "openai_server", "-m", f"{url}#m", "--no-vad")
    assert set(came) == {""}
    assert "ASR_SERVER_KEY was not sent" in clean(capfd, planted)


@pytest.mark.parametrize("proxy", ["ftp://user:planted-x-90cd@127.0.0.1:1", "http://user:planted-x-90cd@:::bad"])
def test_a_password_of_a_proxy_or_an_address_is_not_shown(
    proxy: str, planted: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_wav(planted / "one.wav")
    run("transcribe", "one.wav", "-m", "http://user:planted-x-90cd@h/v1#m")
    run("transcribe", "one.wav", "-e", "openai_server", "-m", "http://user:planted-x-90cd@h/v1#m")
    monkeypatch.setenv("ASR_LLM", "http://user:planted-x-90cd@h/v1")
    run("config", "ask", "--changed")
    assert "user" not in clean(capfd, planted).replace("leave user", "")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    run("transcribe", "one.wav", "-e", "openai_server", "-m", "http://203.0.113.1/v1#m", "--no-vad")
    said = clean(capfd, planted)
    assert "holds no address of a proxy" in said and "Traceback" not in said


def place_of_work(folder: Path) -> None:
    """Write recordings, texts, a manifest, settings and records of the web for every command to work on."""
    from tests.digest.recordings import record, whole_day

    (folder / "talks").mkdir()
    for name in ("one", "two"):
        write_wav(folder / "talks" / f"{name}.wav", 1.0)
        (folder / "talks" / f"{name}.txt").write_text(f"{name}\n")
    rows = [{"id": name, "audio_filepath": f"talks/{name}.wav", "text": name} for name in ("one", "two")]
    (folder / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = {"text": "We meet in April.", "segments": [{"start": 0.0, "end": 1.0, "text": "We meet in April."}]}
    (folder / "talk.json").write_text(json.dumps(said))
    (folder / "asr.toml").write_text("[transcribe]\nquiet = false\n")
    (folder / "README.md").write_text("".join(f"<!-- {one} -->\n" for one in BLOCKS))
    (folder / "feeds.opml").write_text('<opml><body><outline xmlUrl="https://feed.example/rss"/></body></opml>')
    record(folder / "web", whole_day())


SERVER = "-e openai_server -m URL#m --no-vad -v"
WORK = [  # every command, doing what it is for; a + where the server must have been given a key
    f"+transcribe talks {SERVER} -o out -f json,srt,csv --report r.jsonl --events e.jsonl",
    f"+transcribe talks/one.wav {SERVER} --json",
    f"+transcribe --manifest all.jsonl {SERVER} --output heard.jsonl --force",
    "+transcribe --stream talks/one.wav -e openai_server -m URL#m --events s.jsonl",
    "transcribe talks/one.wav -e fake --ask When? -f json -o asked",
    "+ask talk.json When? --llm URL --llm-model m --json",
    "+bench talks -e openai_server:URL#m --no-vad --batches 1 --repeats 1 --out runs --json b.json --html b.html",
    "bench --with runs --csv b.csv",
    f"+transcribe talks {SERVER} --workers 2 -f txt -o workers --report w.jsonl",
    "transcribe talks/one.wav -e fake -m print=hello,kill=one --workers 1 --no-vad -v",
    "report merge r.jsonl w.jsonl --of talks --output merged.jsonl",
    "transcribe s3://bucket/talks s3://bucket/one.wav -e fake --no-vad --report s3.jsonl -v",
    "transcribe talks -e fake --no-vad -f txt -o s3://bucket/out -v",
    "voices list talks",
    "engines install fake",
    "align talks/one.wav talks/one.txt -a pocketsphinx -l en -f json -o aligned",
    "compare all.jsonl heard.jsonl --html c.html --json c.json",
    "leaderboard --csv l.csv --html l.html",
    "leaderboard update --replay web",
    "engines",
    "doctor",
    "config transcribe",
    "config trust",
    "+digest run -o news --date 2026-04-17 --replay web --sources arxiv,hf,github,hn --llm URL --llm-model m",
    "digest verify -o news",
    "digest search speech -o news",
    "digest status -o news",
    "digest mail -o news",
    "digest feed -o news",
    "digest week -o news",
    "digest ideas -o news",
    "digest mindmap -o news",
    "digest readme README.md -o news",
    "digest podcast -o news --voice flite",
    "digest paper talks/one.txt -o news",
    "digest doctor -o news",
    "digest import opml feeds.opml -o news",
    "=digest why 2604.12345 -o news",
    "=digest star 2604.12345 -o news",
    "=digest hide 2604.12345 -o news",
    "digest prune -o news",
    "digest demo -o demo",
    "leaderboard score runs",
    "leaderboard export runs -o results --model owner/name --dataset mine_all_test",
    "leaderboard readme README.md",
    "+engines pull whisper:tiny",
    "+engines pull qwen3:0.6b",
]
BLOCKS = ("digest:papers:start", "digest:papers:end", "leaderboard-top10-start", "leaderboard-top10-end")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("echo", ECHOES[:3], ids=["answer", "refusal", "cut"])
def test_every_command_at_work_keeps_planted_keys(
    echo: Echo, planted: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Servers say every key back that they are given; none is in what is printed or written, whole or in part."""
    place_of_work(planted)
    monkeypatch.setattr("signal.signal", lambda *unused: None)
    with echoing(echo) as (url, came):
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url.removesuffix("/v1"))
        around = {"AWS_ENDPOINT_URL": url.removesuffix("/v1"), "AWS_REGION": "us-east-1", "PIP_RETRIES": "0"}
        around |= {
            "PIP_INDEX_URL": url.replace("://", f"://me:{INDEX}@"),
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_NO_CACHE_DIR": "1",
        }
        for name, value in around.items():
            monkeypatch.setenv(name, value)
        for line in WORK:
            before = len(came)
            if " pull " in line:  # the last: doctor would look for the real hub
                monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
                monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
            code = run(*line.lstrip("+=").replace("URL", url).split())
            # A store that refuses to say whether there is a bucket at all is a place that cannot be written to: 2.
            assert code in (0, 1, 3, *([2] if "s3:" in line else [])), f"{line}: used wrongly"
            assert code == 0 or not line.startswith("="), line
            assert not line.startswith("+") or set(came[before:]) & {*KEYS.values()}, line
            clean(capfd, planted)
    made = {"runs", "news", "demo", "r.jsonl", "e.jsonl"} | ({"out"} if echo is transcript else set())
    assert made <= {path.name for path in planted.iterdir()}


STORES = {  # a variable with a key -> what reaches the store with it; SERVER is the address
    "GOOGLE_BEARER_TOKEN": ("gs", {"GOOGLE_BASE_URL": "SERVER", "GOOGLE_ALLOW_HTTP": "true"}),
    "AZURE_STORAGE_TOKEN": ("az", {"AZURE_ENDPOINT": "SERVER", "AZURE_STORAGE_ACCOUNT_NAME": "me"}),
    "AZURE_STORAGE_ACCOUNT_KEY": ("az", {"AZURE_ENDPOINT": "SERVER", "AZURE_STORAGE_ACCOUNT_NAME": "me"}),
    "AZURE_STORAGE_SAS_TOKEN": ("az", {"AZURE_ENDPOINT": "SERVER", "AZURE_STORAGE_ACCOUNT_NAME": "me"}),
    "AZURE_STORAGE_CLIENT_SECRET": (
        "az",
        {
            **dict.fromkeys(("AZURE_ENDPOINT", "AZURE_STORAGE_AUTHORITY_HOST"), "SERVER"),
            "AZURE_STORAGE_ACCOUNT_NAME": "me",
            "AZURE_STORAGE_CLIENT_ID": "who",
            "AZURE_STORAGE_TENANT_ID": "where",
        },
    ),
}
PLANTED = {
    "AZURE_STORAGE_ACCOUNT_KEY": "cGxhbnRlZC1henVyZS1rZXktMTE=",
    "AZURE_STORAGE_SAS_TOKEN": "sv=2024-01-01&sp=r&sig=planted-sas-77cd",
}
FROM_STORES = (
    "transcribe NAME://bucket/talks NAME://bucket/one.wav -e fake --no-vad --report r.jsonl --events e.jsonl -v",
    "transcribe talks -e fake --no-vad -f txt -o NAME://bucket/out --report w.jsonl -v",
    "transcribe --manifest there.jsonl -e fake --no-vad --output heard.jsonl -v",
    "align NAME://bucket/one.wav NAME://bucket/one.txt -a pocketsphinx -l en -f json -o aligned",
    "bench there.jsonl -e fake --no-vad --batches none --repeats 1 --out runs",
)


@pytest.mark.slow
@pytest.mark.parametrize("variable", STORES)
@pytest.mark.parametrize("echo", ECHOES[:4], ids=["answer", "refusal", "cut", "redirect"])
def test_keys_of_stores_are_shown_nowhere(
    echo: Echo, variable: str, planted: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As S3's in the test above: a server says back what it is given, in bodies, words of its status and addresses."""
    scheme, around = STORES[variable]
    key = PLANTED.get(variable, "planted-of-a-store-62ef")
    shown = {variable: key.rpartition("sig=")[2]}
    write_wav(planted / "talks/one.wav", 0.5)
    row = {"audio_filepath": f"{scheme}://bucket/one.wav", "text": "one", "duration": 0.5}
    (planted / "there.jsonl").write_text(json.dumps(row) + "\n")
    monkeypatch.setattr("signal.signal", lambda *unused: None)
    monkeypatch.setenv(variable, key)
    monkeypatch.setenv("AZURE_ALLOW_HTTP", "true")
    with echoing(echo) as (url, came):
        for name, value in around.items():
            monkeypatch.setenv(name, url.removesuffix("/v1") if value == "SERVER" else value)
        stores.bucket.cache_clear()
        for line in FROM_STORES:
            assert run(*line.replace("NAME", scheme).split()) in (0, 1, 2, 3), line
            assert "Traceback" not in clean(capfd, planted, shown), line
        assert came and (not variable.endswith("_TOKEN") or "SAS" in variable or key in came)
    stores.bucket.cache_clear()


def test_a_strangers_record_gets_nothing_unasked(planted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A record is changed to name a server: shown and refused; with --yes it is asked, and what it says is cleaned."""
    (planted / "talks").mkdir()
    write_wav(planted / "talks" / "one.wav", 1.0)
    (planted / "talks" / "one.txt").write_text("one\n")
    few = ("--no-vad", "--batches", "none", "--repeats", "1")
    assert run("bench", "talks", "-e", "fake", *few, "--out", "runs") == 0
    (path,) = (planted / "runs").glob("*.jsonl")
    with echoing(transcript) as (url, came):
        text = path.read_text()
        assert text.count('\\"engine\\": \\"fake:default\\"') == 1
        path.write_text(text.replace('\\"engine\\": \\"fake:default\\"', f'\\"engine\\": \\"openai_server:{url}#m\\"'))
        before = everything(planted)
        clean(capfd, planted)
        assert run("bench", "--replay", str(path)) == 2
        said = clean(capfd, planted)
        assert f"engine: openai_server:{url}#m" in said and f"dataset.source: {planted / 'talks'}" in said
        assert "give --yes when that is right" in said
        assert not came and everything(planted) == before
        assert run("bench", "--replay", str(path), "--yes") == 1  # other texts are heard
        assert KEYS["ASR_SERVER_KEY"] in came
    clean(capfd, planted)
