"""Inputs, folders, results and claims in Azure's store: on Azurite, its makers' emulator, where that is installed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.command import Result, Run, write_wav

from asrcli.places.stores import _facts

pytest.importorskip("obstore")
ACCOUNT = "devstoreaccount1"  # this and the key are Azurite's own, the same everywhere
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
AZ = "az://bucket"


def test_a_tag_of_a_list_is_that_of_its_object() -> None:
    meta = {"size": 1, "last_modified": datetime.now(UTC), "version": None}
    assert _facts({**meta, "e_tag": "0x1F"}).tag == _facts({**meta, "e_tag": '"0x1F"'}).tag == '"0x1F"'
    assert _facts({**meta, "e_tag": None}).tag == ""


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start a server with an empty container, and return what reaches it."""
    if (program := shutil.which("azurite-blob")) is None:
        pytest.skip("azurite is not installed (npm install -g azurite)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--blobPort", str(port)]
    command += ["--disableTelemetry"]  # it reports to its makers otherwise
    folder = tmp_path_factory.mktemp("azurite")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            url = f"http://127.0.0.1:{port}/{ACCOUNT}"
            make_container(url)
            yield {
                "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
                "AZURE_STORAGE_ACCOUNT_KEY": KEY,
                "AZURE_ENDPOINT": url,
                "AZURE_ALLOW_HTTP": "true",
            }
        finally:
            server.terminate()


def make_container(url: str) -> None:
    """Make the container, signed as Azure's documentation says, when the server answers."""
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    told = {"x-ms-date": date, "x-ms-version": "2021-08-06"}
    lines = ["PUT", *[""] * 11, *(f"{name}:{value}" for name, value in told.items())]
    text = "\n".join([*lines, f"/{ACCOUNT}/{ACCOUNT}/bucket", "restype:container"])
    signed = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    told |= {"Authorization": f"SharedKey {ACCOUNT}:{signed}", "Content-Length": "0"}
    request = urllib.request.Request(f"{url}/bucket?restype=container", method="PUT", headers=told)
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(request, timeout=60).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@pytest.mark.slow
def test_azures_store_is_the_same(
    asr: Run, azurite: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from obstore.store import AzureStore

    for name, value in azurite.items():
        monkeypatch.setenv(name, value)
    store = AzureStore("bucket", client_options={"allow_http": True})
    names = ("a-b", "c-d", "deep/e-f")
    for name in names:
        store.put(f"in/{name}.wav", write_wav(tmp_path / "in" / f"{name}.wav", 40.0).read_bytes())
    words = ("transcribe", "-e", "fake", "--no-vad", "-f", "txt,json", "--mirror-tree")
    assert asr(*words, "in", "-o", "out").code == 0
    first = asr(*words, f"{AZ}/in", "-o", f"{AZ}/out", **azurite)
    assert first.code == 0, first.err
    for name in names:
        made = bytes(store.get(f"out/{name}.txt").bytes())
        assert made == (tmp_path / f"out/{name}.txt").read_bytes()
    again = asr(*words, f"{AZ}/in", "-o", f"{AZ}/out", **azurite)
    assert again.code == 0 and "3 up to date" in again.err, again.err
    store.put("out/a-b.txt", b"edited")
    store.put("in/a-b.wav", write_wav(tmp_path / "other.wav", 3.0).read_bytes())
    third = asr(*words, f"{AZ}/in", "-o", f"{AZ}/out", **azurite)
    assert third.code == 0 and bytes(store.get("out/a-b.txt").bytes()) == b"edited", third.err
    # Two runs on one folder: each recording is heard by one of them, and no claim is left.
    done: list[Result] = []
    slow = ("-m", "sleep=1", f"{AZ}/in", "-o", f"{AZ}/two")
    runs = [threading.Thread(target=lambda: done.append(asr(*words, *slow, **azurite))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [one.code for one in done] == [0, 0], done
    assert sum(len(one.out.splitlines()) for one in done) == 2 * len(names)
    assert not [one for batch in store.list("two/.asr/claims") for one in batch]
    wrong = asr("transcribe", "-e", "fake", f"{AZ}/in/c-d.wav", **{**azurite, "AZURE_STORAGE_ACCOUNT_KEY": "QUJD"})
    assert wrong.code == 1 and "no permission (403" in wrong.err
    assert "no such object" in asr("transcribe", "-e", "fake", f"{AZ}/in/none.wav", **azurite).err
    assert "there is no such bucket" in asr("transcribe", "-e", "fake", "az://nowhere/none.wav", **azurite).err
