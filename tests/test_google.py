"""Inputs, folders, results and claims in Google's store, on an emulator of it, where that is installed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import Result, Run, write_wav

pytest.importorskip("obstore")
pytest.importorskip("cryptography")

from cryptography.hazmat.primitives.asymmetric import rsa
from support.elsewhere import BUCKET, Server
from support.google_store import Google, google_bucket

from asrcli.errors import InputError, UsageError
from asrcli.places import stores
from asrcli.places.remote import facts
from asrcli.places.stores import Bucket, Taken

GS = f"gs://{BUCKET}"
MOST = 1 << 22  # bytes that are asked for at once


@pytest.fixture(scope="module")
def store() -> Iterator[tuple[Google, Server]]:
    with google_bucket() as both:
        yield both


@pytest.fixture
def google(store: tuple[Google, Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Google:
    for name, value in store[0].account(tmp_path / "account.json").items():
        monkeypatch.setenv(name, value)
    return store[0]


@pytest.fixture
def front(store: tuple[Google, Server]) -> Server:
    store[1].requests.clear()
    store[1].heads.clear()
    return store[1]


def test_an_object_is_created_once_and_replaced_by_who_knows_it(google: Google) -> None:
    bucket, key = Bucket("gs", BUCKET), "once/a b#?%é.txt"
    made: list[object] = []

    def create(number: int) -> None:
        try:
            made.append(bucket.write(key, b"%d" % number, None))
        except Taken as error:
            made.append(error)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (first,) = (one for one in made if not isinstance(one, Taken))
    assert len(made) == 8 and google.names("once/") == [key]
    second = bucket.write(key, b"second", first)
    assert second.tag != first.tag and bucket.facts(key) != bucket.facts("once/none") is None  # type: ignore[attr-defined]
    for known in (first, None):
        with pytest.raises(Taken):
            bucket.write(key, b"third", known)
    assert bucket.read(key, 10)[0] == google.get(key) == b"second"
    assert [(name, facts.tag) for name, facts in bucket.listed("once")] == [(key, second.tag)]
    for _ in range(2):
        bucket.delete(key)
    with pytest.raises(Taken):
        bucket.write(key, b"third", second)
    assert google.names("once/") == []


def test_an_object_is_read_where_it_is_sought(google: Google, front: Server) -> None:
    data = bytes(range(256)) * 40_000
    google.put("long.wav", data)
    file = Bucket("gs", BUCKET).open("long.wav")
    for at in (0, 9_000_000, 5_000_001, len(data) - 10):
        file.seek(at)
        assert file.read(100) == data[at : at + 100]
    assert front.sent("long") < MOST
    google.put("long.wav", bytes(len(data)))  # the server does not know If-Match, and gives what it has
    file.seek(7_000_000)
    with pytest.raises(InputError, match=f"{GS}/long.wav: it changed while it was read"):
        file.read(100)
    google.put("empty.wav", b"")
    assert Bucket("gs", BUCKET).open("empty.wav").read() == b""


def test_credentials_are_those_of_the_account(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    google.put("talk.wav", b"sound")
    place = f"{GS}/talk.wav"
    stores.bucket.cache_clear()
    assert facts(place) is not None
    google.account(tmp_path / "other.json", rsa.generate_private_key(65537, 2048))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(tmp_path / "other.json"))
    stores.bucket.cache_clear()
    with pytest.raises(InputError, match=rf"{place}: no permission \(401\): check the credentials"):
        facts(place)
    for name in [name for name in os.environ if name.startswith("GOOGLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    stores.bucket.cache_clear()
    with pytest.raises(UsageError, match="set GOOGLE_APPLICATION_CREDENTIALS"):
        facts(place)


@pytest.mark.slow
def test_googles_store_is_the_same(asr: Run, google: Google, front: Server, tmp_path: Path) -> None:
    around = google.account(tmp_path / "account.json")
    names = ("a-b", "c-d", "deep/e-f")
    for name in names:
        google.put(f"in/{name}.wav", write_wav(tmp_path / "in" / f"{name}.wav", 40.0).read_bytes())
    words = ("transcribe", "-e", "fake", "--no-vad", "-f", "txt,json", "--mirror-tree")
    assert asr(*words, "in", "-o", "out").code == 0
    first = asr(*words, f"{GS}/in", "-o", f"{GS}/out", **around)
    assert first.code == 0, first.err
    assert {name: google.get(f"out/{name}.txt") for name in names} == {
        name: (tmp_path / f"out/{name}.txt").read_bytes() for name in names
    }
    again = asr(*words, f"{GS}/in", "-o", f"{GS}/out", **around)
    assert again.code == 0 and "3 up to date" in again.err, again.err
    google.put("out/a-b.txt", b"edited")
    google.put("in/a-b.wav", write_wav(tmp_path / "other.wav", 3.0).read_bytes())
    third = asr(*words, f"{GS}/in", "-o", f"{GS}/out", **around)
    assert third.code == 0 and google.get("out/a-b.txt") == b"edited", third.err
    # Two runs on one folder: each recording is heard by one of them, and no claim is left.
    done: list[Result] = []
    slow = ("-m", "sleep=1", f"{GS}/in/**/*.wav", "-o", f"{GS}/two")
    runs = [threading.Thread(target=lambda: done.append(asr(*words, *slow, **around))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [one.code for one in done] == [0, 0], done
    assert sum(len(one.out.splitlines()) for one in done) == 2 * len(names)
    assert not google.names("two/.asr/claims")
    claims = [head for one, head in zip(front.requests, front.heads, strict=True) if "claims" in one[1]]
    assert "0" in {head.get("x_goog_if_generation_match") for head in claims}
    assert "no such object" in asr("transcribe", "-e", "fake", f"{GS}/in/none.wav", **around).err
