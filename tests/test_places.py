"""Recordings and results elsewhere: objects of a real S3 server, and web servers that know ranges or do not."""

from __future__ import annotations

import io
import itertools
import json
import os
import socket
import threading
import wave
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import Run, write_wav
from support.elsewhere import BUCKET, App, Bucket, Fault, Server, Site, certificate, moto_bucket, serving

from asrcli.audio.inputs import Found, expand
from asrcli.base.trust import is_harmless
from asrcli.errors import InputError, UsageError
from asrcli.outputs.naming import Naming
from asrcli.places import addresses, blocks, remote, stores, web
from asrcli.places.addresses import below, file_of, named, request_address, settle
from asrcli.places.blocks import Blocks, Facts
from asrcli.places.stores import Bucket as Store
from asrcli.places.web import WebRecording
from asrcli.runs.align_pairs import find_pairs

FAKE = ("transcribe", "-e", "fake", "--no-vad")
SIGNED = "?X-Amz-Signature=0123456789abcdef&X-Amz-Credential=AKIA%2Fme&id=7"


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def bucket(store: Bucket) -> Bucket:
    for key in store.names():
        store.objects.delete_object(BUCKET, key)
    store.server.faults.clear()
    store.server.requests.clear()
    store.server.heads.clear()
    return store


@pytest.fixture
def site() -> Iterator[tuple[Site, Server]]:
    pages = Site()
    with serving(pages) as server:
        yield pages, server


@pytest.fixture
def wav(tmp_path: Path) -> bytes:
    return write_wav(tmp_path / "made/talk.wav", 2.0).read_bytes()


def long_wav(seconds: int = 60) -> bytes:
    """Return noise, of which no part is like another."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(os.urandom(32_000 * seconds))
    return data.getvalue()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("ftp://example.org/talk.wav", "is an address, and asr reads https://"),
        ("s3://KEY:secret@bucket/talk.wav", "'s3://bucket/talk.wav' was given with a password"),
        ("https://me:secret@example.org/talk.wav", "'https://example.org/talk.wav' was given with a password"),
        ("ftp://me:secret@example.org/talk.wav", "'ftp://example.org/talk.wav'"),
        ("http://example.org/talk.wav", "is not encrypted"),
        ("http://127.0.0.1/talk.wav", "is not encrypted"),
        ("https:///talk.wav", "names no host"),
        ("https://example.org:99999/talk.wav", "is no address"),
        ("s3://b!cket/talk.wav", "'b!cket' is no name of a bucket"),
        ("s3:///talk.wav", "is no name of a bucket"),
        ("s3://bucket/a\nb.wav", "holds characters that no address has"),
    ],
)
def test_addresses_that_are_refused(address: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        named(address)
    assert sentence in str(caught.value) and "secret" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_name_holds_nothing_secret_and_still_tells_recordings_apart() -> None:
    address = f"https://Example.org/talks/a%20b.wav{SIGNED}"
    name = named(address)
    assert name == "https://example.org/talks/a%20b.wav?id=7" and request_address(name).endswith(SIGNED)
    azure = named("https://box.blob.core.windows.net/c/talk.wav?sv=2024&sp=r&se=2030-01-01&sig=abcdefgh%3D")
    assert azure == "https://box.blob.core.windows.net/c/talk.wav"
    names = {named(f"https://example.org/get?key=talk-{number}&token=same") for number in range(50)}
    assert len(names) == 50 and not any("talk-" in one or "same" in one for one in names)
    assert not named("https://example.org/talk.wav?session=0123456789").endswith("0123456789")


def test_without_the_package_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"s3://bucket/talk.wav' needs the package obstore: pip install 'asrcli\[rem"):
        named("s3://bucket/talk.wav")
    assert named("https://example.org/talk.wav"), "which needs none"


@given(
    parts=st.lists(st.sampled_from(["..", ".", "", "a", "a b", "ü", "..\\x", "x\x01", "%2e%2e", "...."]), max_size=6)
)
def test_no_name_of_an_object_leads_out_of_the_output_folder(parts: list[str]) -> None:
    found = Found("/".join(["s3://bucket/in", *parts, "talk.wav"]), "s3://bucket/in")
    for mirror in (False, True):
        path = Naming("/out", mirror=mirror, template="{parent}-{stem}.{format}").path(found, "txt")
        assert path.startswith("/out/") and ".." not in path.split("/") and "\x01" not in path


def test_names_of_results() -> None:
    assert file_of("https://example.org/talks/a%2Fb%20c.wav?id=1").as_posix() == "example.org/talks/a/b c.wav"
    assert file_of("https://example.org").name == "index"
    assert below("s3://bucket/in/a/b/talk.wav", "s3://bucket/in/") == "a/b"
    one = Found("s3://bucket/in/a/talk.wav", "s3://bucket/in")
    assert Naming("s3://bucket/out/", mirror=True).path(one, "srt") == "s3://bucket/out/a/talk.srt"
    assert Naming(file="s3://bucket/out/it.srt").state_folder == "s3://bucket/out"


@given(data=st.data(), size=st.integers(0, 5000), most=st.integers(64, 1024))
def test_blocks_are_a_file(data: st.DataObject, size: int, most: int) -> None:
    content = os.urandom(size)
    fetched = []

    def fetch(first: int, last: int) -> bytes:
        fetched.append((first, last))
        assert 0 < first < last <= size
        return content[first:last] if data.draw(st.booleans()) else content[first : first + 1 + (last - first) // 2]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "FIRST", 64)
        patch.setattr(blocks, "MOST", most)
        ours, real = Blocks(fetch, Facts(size), content[:64]), io.BytesIO(content)
        for _ in range(data.draw(st.integers(1, 12))):
            place, count = data.draw(st.integers(0, size + 50)), data.draw(st.integers(-1, 700))
            whence = data.draw(st.sampled_from([0, 2]))
            assert ours.seek(place if whence == 0 else -min(place, size), whence) == real.seek(
                place if whence == 0 else -min(place, size), whence
            )
            assert ours.read(count) == real.read(count) and ours.tell() == real.tell()
    assert all(last - first <= most for first, last in fetched), "memory is bounded"


def test_what_cannot_be_read_ends_a_recording_for_good() -> None:
    def fetch(first: int, last: int) -> bytes:
        raise InputError("gone")

    file = Blocks(fetch, Facts(1000), b"x" * 10)
    assert file.read(10) == b"x" * 10
    for again in (lambda: file.read(5), lambda: file.read(5), file.check):
        with pytest.raises(InputError):
            again()


@pytest.mark.slow
def test_a_folder_of_a_store_into_another(asr: Run, bucket: Bucket, tmp_path: Path, wav: bytes) -> None:
    for name in ("talk.wav", "a b/ü%20#.wav", "deep/er/talk.wav", ".hidden/no.wav", "notes.txt"):
        bucket.put(f"in/{name}", wav)
        if not name.startswith("."):
            (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "in" / name).write_bytes(wav)
    words = (*FAKE, "-f", "txt,srt", "--mirror-tree")
    result = asr(*words, f"s3://{BUCKET}/in", "-o", f"s3://{BUCKET}/out", **bucket.environment)
    assert result.code == 0, result.err
    assert asr(*words, "in", "-o", "out").code == 0
    here = {path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in (tmp_path / "out").rglob("*.*")
            if path.is_file() and ".asr" not in path.parts}  # fmt: skip
    assert bucket.made("out/") == here and len(here) == 6
    assert not bucket.names("out/.asr/claims"), "given back"
    assert not (tmp_path / "s3:").exists()
    count = bucket.server.counted(r"/in/deep/er/talk\.wav")
    assert count == {"HEAD": 2, "GET": 2}, "probed, looked at, heard, looked at"

    bucket.server.requests.clear()
    again = asr(*words, f"s3://{BUCKET}/in", "-o", f"s3://{BUCKET}/out", **bucket.environment)
    assert again.code == 0 and "3 up to date" in again.err
    assert set(bucket.server.counted("wav")) == set() and bucket.server.counted()["PUT"] == 0

    bucket.put("in/talk.wav", wav[:-400])
    bucket.put("out/deep/er/talk.txt", b"edited")
    bucket.put("out/a b/\u00fc%20#.txt", b"")
    third = asr(*words, f"s3://{BUCKET}/in", "-o", f"s3://{BUCKET}/out", "--json", **bucket.environment)
    assert third.code == 0, third.err
    assert bucket.get("out/deep/er/talk.txt") == b"edited"
    statuses = {one["input"][-12:]: one["status"] for one in map(json.loads, third.out.splitlines())}
    assert statuses["/in/talk.wav"] == "done"
    forced = asr(*words, f"s3://{BUCKET}/in", "-o", f"s3://{BUCKET}/out", "--force", **bucket.environment)
    assert forced.code == 0 and bucket.get("out/deep/er/talk.txt") == here["deep/er/talk.txt"]


def test_objects_of_others_are_kept(asr: Run, bucket: Bucket, wav: bytes) -> None:
    bucket.put("talk.wav", wav)
    bucket.put("out/talk.txt", b"theirs")
    words = (*FAKE, f"s3://{BUCKET}/talk.wav")
    result = asr(*words, "-f", "txt", "-o", f"s3://{BUCKET}/out", **bucket.environment)
    assert bucket.get("out/talk.txt") == b"theirs" and "asr did not make it" in result.err
    named_one = asr(*words, "--output", f"s3://{BUCKET}/out/talk.txt", **bucket.environment)
    assert named_one.code == 2 and "--force replaces it" in named_one.err
    meanwhile = Fault("PUT /bucket/new/talk.txt", then=lambda: bucket.put("new/talk.txt", b"quicker"), times=1)
    bucket.server.faults.append(meanwhile)
    result = asr(*words, "-f", "txt", "-o", f"s3://{BUCKET}/new", **bucket.environment)
    assert result.code == 1 and "written by others meanwhile" in result.err, "between the look and the write"
    assert bucket.get("new/talk.txt") == b"quicker"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault("(GET|HEAD) /bucket/talk", status=403, code="AccessDenied"), "no permission (403 AccessDenied)"),
        (Fault("(GET|HEAD) /bucket/talk", status=400, code="ExpiredToken"), "the credentials are refused (400 Expired"),
        (Fault("(GET|HEAD) /bucket/talk", status=404, code="NoSuchKey"), "no such object"),
        (Fault("GET /bucket/talk", status=501, code="NotImplemented"), "the server answers 501 NotImplemented"),
        (Fault("PUT /bucket/out/", status=403, code="AccessDenied"), "cannot write 's3://bucket/out/"),
        (Fault("PUT /bucket/out/talk", status=403, code="AccessDenied"), "cannot write 's3://bucket/out/talk.txt'"),
    ],
)
def test_what_a_store_refuses(asr: Run, bucket: Bucket, wav: bytes, fault: Fault, sentence: str) -> None:
    bucket.put("talk.wav", wav)
    bucket.server.faults.append(fault)
    result = asr(*FAKE, f"s3://{BUCKET}/talk.wav", "-f", "txt", "-o", f"s3://{BUCKET}/out", **bucket.environment)
    assert result.code == 1 and sentence in result.err and "secret-of-tests" not in result.err
    assert len(result.err.splitlines()) <= 2 and "key-of-tests" not in result.err, result.err
    assert bucket.made("out/") == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("GET /bucket/talk", status=500, code="InternalError", times=2), 0),
        (Fault("GET /bucket/talk", status=503, code="SlowDown"), 1),
        (Fault("GET /bucket/talk", cut=True, times=1), 0),
        (Fault("GET /bucket/talk", cut=True, skip=1), 1),
        (Fault("PUT /bucket/out/talk", status=500, code="InternalError", times=2), 0),
    ],
)
def test_what_may_go_better_is_tried_again(asr: Run, bucket: Bucket, fault: Fault, code: int) -> None:
    bucket.put("talk.wav", long_wav())
    bucket.server.faults.append(fault)
    result = asr(*FAKE, f"s3://{BUCKET}/talk.wav", "-f", "txt", "-o", f"s3://{BUCKET}/out", **bucket.environment)
    assert result.code == code, result.err
    assert (bucket.made("out/") != {}) == (code == 0), "nothing is written of half a recording"


@pytest.mark.slow
def test_what_changes_while_it_is_heard_is_refused(asr: Run, bucket: Bucket) -> None:
    bucket.put("talk.wav", long_wav())
    other = long_wav()
    bucket.server.faults.append(Fault("GET /bucket/talk", then=lambda: bucket.put("talk.wav", other), skip=3, times=1))
    result = asr(*FAKE, f"s3://{BUCKET}/talk.wav", "-f", "txt", "-o", "out", **bucket.environment)
    assert result.code == 1 and "it changed while it was read" in result.err


def test_contents_are_not_mixed_where_the_server_knows_no_conditions(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    bucket.put("talk.wav", bytes(2_000_000))
    app = bucket.server.app

    def without(environ: dict[str, Any], start: Any) -> Any:
        return app({name: value for name, value in environ.items() if name != "HTTP_IF_MATCH"}, start)

    monkeypatch.setattr(bucket.server, "app", without)
    file = remote.open_recording(f"s3://{BUCKET}/talk.wav")
    bucket.put("talk.wav", b"1" * 2_000_000)
    file.seek(1_000_000)
    with pytest.raises(InputError, match="it changed while it was read"):
        file.read(10)


@pytest.mark.slow
def test_lists_and_manifests_and_texts_name_objects(asr: Run, bucket: Bucket, tmp_path: Path, wav: bytes) -> None:
    bucket.put("in/talk.wav", wav)
    bucket.put("in/talk.txt", b"one two")
    (tmp_path / "list").write_text(f"s3://{BUCKET}/in/talk.wav\n")
    listed = asr(*FAKE, "--files-from", "list", **bucket.environment)
    assert listed.code == 0 and listed.out == asr(*FAKE, "made/talk.wav").out
    lines = [{"audio_filepath": f"s3://{BUCKET}/in/talk.wav", "offset": at, "duration": 1.0} for at in (0.0, 1.0)]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = asr(*FAKE, "--manifest", "m.jsonl", "-o", f"s3://{BUCKET}/out", **bucket.environment)
    assert result.code == 0, result.err
    rows = [json.loads(line) for line in bucket.get("out/m.jsonl").splitlines()]
    assert all(row["pred_text"] and row["audio_filepath"].startswith("s3://") for row in rows)
    again = asr(*FAKE, "--manifest", "m.jsonl", "-o", f"s3://{BUCKET}/out", "--dry-run", **bucket.environment)
    assert again.code == 0 and "0 to transcribe" in again.err
    pattern = asr(*FAKE, f"s3://{BUCKET}/**/*.wav", **bucket.environment)
    assert pattern.out == listed.out
    nothing = asr(*FAKE, f"s3://{BUCKET}/in/*.mp3", **bucket.environment)
    assert nothing.code == 2 and "nothing matches the pattern" in nothing.err


def test_recordings_and_texts_elsewhere_are_paired(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    for name in ("in/a/one.wav", "in/a/one.txt", "in/two.wav", "texts/two.srt"):
        bucket.put(name, b"x")
    (tmp_path / "texts/a").mkdir(parents=True)
    (tmp_path / "texts/a/one.txt").write_text("one")
    top = f"s3://{BUCKET}"

    def pairs(audio: str, text: str | None = None) -> list[tuple[str, str]]:
        return [(pair.audio.path.removeprefix(top), pair.text.removeprefix(top)) for pair in find_pairs(audio, text)]

    assert pairs(f"{top}/in") == [("/in/a/one.wav", "/in/a/one.txt"), ("/in/two.wav", "")]
    assert pairs(f"{top}/in", "texts") == [("/in/a/one.wav", "texts/a/one.txt"), ("/in/two.wav", "")]
    assert pairs(f"{top}/in", f"{top}/texts/") == [("/in/two.wav", "/texts/two.srt"), ("/in/a/one.wav", "")]
    assert pairs(f"{top}/in/two.wav", "texts/a/one.txt") == [("/in/two.wav", "texts/a/one.txt")]
    assert pairs(f"{top}/in/two.wav", f"{top}/texts") == [("/in/two.wav", "/texts/two.srt")]
    assert pairs("one.wav", f"{top}/in/a/one.txt") == [("one.wav", "/in/a/one.txt")]
    for audio, text in [(f"{top}/in/two.wav", None), (f"{top}/in", "texts/a/one.txt"), (f"{top}/texts", None)]:
        with pytest.raises(UsageError):
            find_pairs(audio, text)


@pytest.mark.parametrize("key", ["in/../../x.wav", "in//x.wav", "in/a\tb.wav"])
def test_a_folder_that_cannot_be_listed_says_why(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    bucket.put(key, b"x")
    with pytest.raises(
        UsageError, match=r"^s3://bucket/in/: holds an object named 'in/.*x?.wav', with which"
    ) as caught:
        expand([f"s3://{BUCKET}/in/"])
    assert "\t" not in str(caught.value)


def heedless(app: App) -> App:
    """Return a store that answers a part of whatever there is now, whatever it is asked for."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        environ.pop("HTTP_IF_MATCH", None)
        return app(environ, start_response)

    return answer


def test_parts_of_two_contents_are_no_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 3 * blocks.FIRST
    with moto_bucket(heedless) as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        store.put("talk", b"a" * size)
        opened = Store("s3", BUCKET).open("talk")
        assert opened.read(blocks.FIRST) == b"a" * blocks.FIRST
        for other in (b"b" * size, b"a" * (size + 1)):
            store.put("talk", other)
            with pytest.raises(InputError, match="s3://bucket/talk: it changed while it was read"):
                opened._fetch(blocks.FIRST, 2 * blocks.FIRST)


def test_a_store_that_lists_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MOST_LISTED", 1000)
    monkeypatch.setattr(Store, "__init__", lambda self, scheme, name: None)
    monkeypatch.setattr(Store, "facts", lambda self, key: None)
    monkeypatch.setattr(Store, "listed", lambda self, prefix: ((f"in/{n}.wav", Facts(1)) for n in itertools.count()))
    with pytest.raises(UsageError, match="'s3://listless/in' holds more than 1000 objects: name a folder in it"):
        expand(["s3://listless/in"])


@pytest.mark.slow
def test_a_list_of_empty_parts_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that always says that there is more, and never what, is not asked for ever."""

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
        body += b"</ListBucketResult>"
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    monkeypatch.setattr(stores, "LISTING", 1.0)
    with serving(answer) as server:
        for name, value in Bucket(server).environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(UsageError, match="'s3://endless/in': its list does not come to an end"):
            list(Store("s3", "endless").listed("in"))


@pytest.mark.slow
def test_a_profile_signs_requests(asr: Run, bucket: Bucket, tmp_path: Path, wav: bytes) -> None:
    bucket.put("talk.wav", wav)
    (tmp_path / "credentials").write_text("[lab]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = hidden\n")
    (tmp_path / "config").write_text(f"[profile lab]\nregion = eu-west-1\nendpoint_url = {bucket.server.url}\n")
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION")
    without = {name: value for name, value in bucket.environment.items() if name not in names}
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_CONFIG_FILE": str(tmp_path / "config")}
    result = asr(*FAKE, f"s3://{BUCKET}/talk.wav", **without, **files, AWS_PROFILE="lab")
    assert result.code == 0, result.err
    signed = {head.get("authorization", "") for head in bucket.server.heads}
    assert all("Credential=AKIDPROFILE/" in one and "/eu-west-1/" in one for one in signed)
    for more, sentence in [({}, "there are no credentials"), ({"AWS_PROFILE": "other"}, "AWS_PROFILE is 'other'")]:
        result = asr(*FAKE, f"s3://{BUCKET}/talk.wav", **without, **files, **more)
        assert sentence in result.err and len(result.err.splitlines()) <= 2 and "hidden" not in result.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("talk.wav", "-o", "https://example.org/out"), "can be read and not written"),
        (
            ("talk.wav", "-f", "txt", "--report", "s3://bucket/run.jsonl"),
            "is an address, and asr reads and writes files",
        ),
        (("s3://bucket/talk.wav", "--offline"), "is on the network, which --offline forbids"),
        (("s3://bucket/talk.wav", "--stream"), "--stream follows what grows"),
        (("talk.wav", "--allow-host", "https://nas"), "--allow-host 'https://nas' is no host"),
        (("https://127.0.0.1/talk.wav",), "127.0.0.1 is not a public address"),
        (("https://[::ffff:169.254.169.254]/x.wav",), "is not a public address"),
        (("https://localhost/talk.wav",), "localhost is not a public address"),
    ],
)
def test_places_that_are_refused(asr: Run, tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    write_wav(tmp_path / "talk.wav", 1.0)
    result = asr(*FAKE, *words)
    assert result.code in (1, 2) and sentence in result.err.splitlines()[0], result.err
    assert {path.name for path in tmp_path.iterdir()} == {"talk.wav"}


@pytest.mark.parametrize("ranges", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_recording_behind_an_address(
    asr: Run, site: tuple[Site, Server], tmp_path: Path, wav: bytes, ranges: bool
) -> None:
    pages, server = site
    pages.files["/talks/my talk.wav"], pages.ranges = wav, ranges
    pages.moved["/latest"] = "/talks/my%20talk.wav"
    words = (*FAKE, "-f", "txt,json", "-o", "out", "--allow-host", server.host, "--report", "run.jsonl")
    address = f"{server.url}/talks/my%20talk.wav{SIGNED}"
    result = asr(*words, address, "--events", "events.jsonl")
    assert result.code == 0, result.err
    assert (tmp_path / "out/my talk.txt").read_text() == "my%20talk\n", "which is what this engine hears"
    assert "0 done, 1 up to date" in asr(*words, address).err
    written = [
        path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".wav"
    ]
    assert len(written) >= 5
    for text in [result.out, result.err, *written]:
        assert "X-Amz" not in text and "0123456789abcdef" not in text and "AKIA" not in text
    assert all("X-Amz-Signature" in path for _, path, _ in server.requests)
    assert asr(*words, f"{server.url}/latest").code == 0 and (tmp_path / "out/latest.txt").exists()
    pages.files["/talks/my talk.wav"] = wav[:-3200]
    assert "1 done" in asr(*words, address).err, "it has another tag"
    gone = asr(*words, f"{server.url}/nothing.wav")
    assert gone.code == 1 and "nothing.wav: no such file (404)" in gone.err


def test_redirects_and_names_are_checked_too(
    site: tuple[Site, Server], monkeypatch: pytest.MonkeyPatch, wav: bytes
) -> None:
    pages, server = site
    monkeypatch.setenv(addresses.ALLOWED, server.host)
    metadata = "http://169.254.169.254/latest/meta-data"
    pages.moved |= {
        "/meta": metadata,
        "/loop": "/loop",
        "/private": "https://10.0.0.1/talk.wav",
        "/odd": "file:///etc/passwd",
    }
    for path, sentence in [
        ("/meta", "is not encrypted"), ("/loop", "leads on more than 5 times"),
        ("/private", "10.0.0.1 is not a public address"), ("/odd", "is not encrypted"),
    ]:  # fmt: skip
        with pytest.raises(InputError, match=sentence):
            WebRecording(named(server.url + path)).open()
    monkeypatch.setattr(web.http(), "resolve", lambda host: ["8.8.8.8", "192.168.1.1"])
    with pytest.raises(InputError, match=r"example\.org is not a public address \(192\.168\.1\.1\)"):
        WebRecording(named("https://example.org/talk.wav")).open()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault("GET /talk", status=403), "gives no permission \\(403\\)"),
        (Fault("GET /talk", cut=True, skip=1), "ends in the middle"),
        (Fault("GET /talk", drip=0.2, skip=1), "takes too long"),
        (Fault("GET /talk", status=404, skip=1), "it changed while it was read"),
    ],
)
def test_what_a_web_server_does_wrong(
    site: tuple[Site, Server], monkeypatch: pytest.MonkeyPatch, fault: Fault, sentence: str
) -> None:
    pages, server = site
    monkeypatch.setenv(addresses.ALLOWED, server.host)
    monkeypatch.setattr("asrcli.places.web.EXCHANGE", 0.4)
    pages.files["/talk.wav"] = long_wav()
    server.faults.append(fault)
    with pytest.raises(InputError, match=sentence) as caught:
        WebRecording(named(f"{server.url}/talk.wav")).open().read()
    assert str(caught.value).startswith(f"{server.url}/talk.wav: ")


OK = b"HTTP/1.1 206 Partial Content\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"\0" * 99, b"HTTP/9.9 hello\r\n\r\n", b"HTTP/1.1 206\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Range: bytes 5-9/10\r\n\r\n12345",
        OK + b"Content-Length: 5\r\nContent-Range: bytes 0-9/10\r\n\r\n12345",
        OK + b"Content-Length: 5\r\nContent-Range: bytes 9-4/-1\r\n\r\n12345",
        OK + b"Content-Length: 99999999999999\r\nContent-Range: bytes 0-4/5\r\n\r\n12345",
        OK + b"Content-Range: bytes 0-4/5\r\n\r\n" + b"1" * (1 << 19),
        OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\nContent-Range: bytes 0-4/5\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n12345",
        b"HTTP/1.1 302 Found\r\nLocation: https://[bad\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://\x7f\xff/%zz\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://example.org:x/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Later\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nLast-Modified: never\r\nETag: \xff\r\n\r\n",
    ],
)  # fmt: skip
def test_no_answer_is_more_than_one_sentence(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asrcli.places.web.TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, suppress(OSError):
                        connection.recv(65536)
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setenv(addresses.ALLOWED, host)
        recording = WebRecording(named(f"http://{host}/talk.wav"))
        with pytest.raises(InputError) as caught, recording.open() as file:
            file.read()
        assert "\n" not in str(caught.value)
        with suppress(InputError):
            recording.facts()
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.slow
def test_encrypted_and_checked_by_name(tmp_path: Path, wav: bytes, asr: Run) -> None:
    pytest.importorskip("cryptography")
    context, trusted = certificate(tmp_path)
    with serving(Site({"/talk.wav": wav}), context) as server:
        host = server.host.replace("127.0.0.1", "localhost")
        words = (*FAKE, f"https://{host}/talk.wav", "--allow-host", host)
        result = asr(*words, SSL_CERT_FILE=str(trusted))
        assert result.code == 0 and result.out, result.err
        assert "its certificate is not valid" in asr(*words).err
        number = asr(*FAKE, f"https://{server.host}/talk.wav", "--allow-host", server.host, SSL_CERT_FILE=str(trusted))
        assert "its certificate is not valid" in number.err, "it is for the name"


@pytest.mark.slow
def test_few_requests_and_few_bytes(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    from asrcli.audio.decode import decode, probe
    from asrcli.types import Recording

    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    size = 19_200_044
    bucket.put("long.wav", long_wav(600))
    (one,) = expand([f"s3://{BUCKET}/long.wav"])
    assert probe(one.path).seconds == 600
    assert bucket.server.counted("long") == {"GET": 1} and bucket.server.sent("long") <= 1 << 18
    bucket.server.requests.clear()
    assert sum(map(len, decode(Recording(one.path), pytest.fail))) == 600 * 16_000
    assert bucket.server.counted("long")["GET"] <= 10 and bucket.server.sent("long") <= 1.05 * size
    bucket.server.requests.clear()
    assert sum(map(len, decode(Recording(one.path, start=300.0, end=310.0), pytest.fail))) == 160_000
    assert bucket.server.counted("long")["GET"] <= 4 and bucket.server.sent("long") <= 0.1 * size


@pytest.mark.parametrize("place", ["s3://bucket/out", "gs://bucket/out", "s3:/bucket/out", "https://example.org/out"])
def test_a_project_of_a_stranger_sends_nothing_away(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for option in ("output_dir", "output", "report", "events", "out", "json"):
        assert is_harmless(option, "out", tmp_path) and not is_harmless(option, place, tmp_path)
    assert not is_harmless("allow_host", ["nas.local"], tmp_path)


def test_settling_is_for_all_that_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(addresses.ALLOWED, "")
    settle(["nas.local", "[::1]:8080"], offline=False)
    assert addresses.is_allowed("NAS.local", 80) and addresses.is_allowed("::1", 8080)
    assert not addresses.is_allowed("::1", 80) and not addresses.is_allowed("other", 80)
