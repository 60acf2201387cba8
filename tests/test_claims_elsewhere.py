"""Runs that share a folder of a store: claims that only one can make, that live while they are renewed, and end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.command import Run, quiet_environment, write_wav
from support.elsewhere import BUCKET, Bucket, Fault, Generations, moto_bucket

from asrcli.errors import OutputError
from asrcli.outputs import claims_elsewhere
from asrcli.outputs.claims_elsewhere import ClaimsElsewhere
from asrcli.outputs.elsewhere import LedgerElsewhere
from asrcli.outputs.identity import Identity

pytest.importorskip("obstore")
OUT = f"s3://{BUCKET}/out"
COUNT = 6
COMMAND = ("transcribe", "-e", "fake", "-m", "sleep=0.15,load=0.5", "--no-vad", f"s3://{BUCKET}/in", "-f", "txt,json",
           "-o", OUT, "--batch-size", "1", "--json")  # fmt: skip


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def bucket(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for key in store.names():
        store.objects.delete_object(BUCKET, key)
    store.server.faults.clear()
    store.server.requests.clear()
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    return store


@pytest.fixture
def full(bucket: Bucket, tmp_path: Path) -> Bucket:
    for number in range(COUNT):
        bucket.put(f"in/talk-{number}.wav", write_wav(tmp_path / f"in/talk-{number}.wav", 2.0).read_bytes())
    return bucket


@pytest.mark.slow
def test_one_run_claims_an_output(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_elsewhere, "STALE", 0.5)
    monkeypatch.setattr(claims_elsewhere, "RENEWED", 0.1)
    first, second = ClaimsElsewhere(OUT), ClaimsElsewhere(OUT)
    a, b, c = (f"{OUT}/{name}.txt" for name in "abc")
    assert first.take([a, b]) and first.take([a]), "and has what it has"
    assert second.take([c]) and not second.take([c, a]), "all or none"
    until = time.monotonic() + 1.2
    while time.monotonic() < until:
        assert not second.take([a]), "it is renewed all the time"
        time.sleep(0.05)
    first.give_back([a])
    assert second.take([a]) and not first.take([a])
    second.give_back_all()
    first.give_back_all()
    assert not bucket.names("out/.asr/claims")


def test_a_claim_that_nobody_renews_is_taken_by_one(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_elsewhere, "STALE", 0.3)
    dead = ClaimsElsewhere(OUT)
    monkeypatch.setattr(dead, "_renew", lambda: None)
    assert dead.take([f"{OUT}/a.txt"])
    others = [ClaimsElsewhere(OUT) for _ in range(4)]
    taken: list[ClaimsElsewhere] = []

    def want(claims: ClaimsElsewhere) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and not taken:
            if claims.take([f"{OUT}/a.txt"]):
                taken.append(claims)
            time.sleep(0.05)

    threads = [threading.Thread(target=want, args=(one,)) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    taken[0].give_back_all()


def test_many_threads_want_one_claim(bucket: Bucket) -> None:
    runs = [ClaimsElsewhere(OUT) for _ in range(8)]
    results: list[bool] = []
    threads = [threading.Thread(target=lambda one=one: results.append(one.take([f"{OUT}/a.txt"]))) for one in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]
    for one in runs:
        one.give_back_all()


def test_where_nothing_may_be_written_it_is_said_before_any_work(bucket: Bucket) -> None:
    bucket.server.faults.append(Fault("PUT /bucket/out", status=403, code="AccessDenied"))
    with pytest.raises(OutputError, match=r"no permission \(403 AccessDenied\)"):
        ClaimsElsewhere(OUT).take([f"{OUT}/a.txt"])


def test_a_record_tells_what_is_up_to_date(bucket: Bucket) -> None:
    bucket.put("talk.wav", b"sound")
    ledger, output, source = LedgerElsewhere(OUT), f"{OUT}/talk.txt", f"s3://{BUCKET}/talk.wav"
    recipe = {"engine": "fake", "format": "txt", "prompt": "a secret"}
    from asrcli.places.remote import facts

    known = facts(source)
    assert known is not None
    assert ledger.stale(output, source, recipe) == "not there yet" and ledger.kept(output) is None
    ledger.write(output, "text", Identity(known.size, 0, known.tag), recipe)
    again = LedgerElsewhere(OUT)
    assert again.stale(output, source, recipe) is None and again.kept(output) is None
    assert "engine was" in str(again.stale(output, source, {**recipe, "engine": "other"}))
    (record,) = bucket.names("out/.asr/made")
    assert b"a secret" not in bucket.get(record)
    bucket.put("out/talk.txt", b"text")  # the same, by somebody else
    assert LedgerElsewhere(OUT).kept(output) is None
    bucket.put("out/talk.txt", b"edited")
    kept = LedgerElsewhere(OUT).kept(output)
    assert kept is not None and kept.edited
    for damaged in (
        b"",
        b"{",
        b"[]",
        b'{"output": 1}',
        b'{"output": "talk.txt", "written": [1]}',
        b"\xff" * 9,
        b"[" * 99_999,
    ):
        bucket.put(record, damaged)
        assert "record is gone" in str(LedgerElsewhere(OUT).kept(output)), damaged[:20]


def test_a_run_that_dies_between_record_and_output_leaves_nothing_of_others(bucket: Bucket) -> None:
    ledger, output = LedgerElsewhere(OUT), f"{OUT}/talk.txt"
    bucket.server.faults.append(Fault("PUT /bucket/out/talk", status=403, code="AccessDenied", times=1))
    with pytest.raises(OutputError):
        ledger.write(output, "first")
    assert bucket.made("out/") == {}
    bucket.server.faults.append(Fault("PUT /bucket/out/.asr", status=403, code="AccessDenied", skip=1, times=1))
    with pytest.raises(OutputError):
        ledger.write(output, "second")
    assert bucket.made("out/") == {"talk.txt": b"second"}
    assert LedgerElsewhere(OUT).kept(output) is None, "it is ours, although the record was not finished"
    LedgerElsewhere(OUT).write(output, "third")
    assert bucket.made("out/") == {"talk.txt": b"third"}


def test_an_answer_that_was_lost_is_no_conflict(bucket: Bucket) -> None:
    output = f"{OUT}/talk.txt"

    def written_before() -> None:
        bucket.put("out/talk.txt", b"text")

    bucket.server.faults.append(Fault("PUT /bucket/out/talk", then=written_before, times=1))
    LedgerElsewhere(OUT).write(output, "text")
    assert bucket.made("out/") == {"talk.txt": b"text"}


def start(folder: Path, bucket: Bucket, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "asrcli", *COMMAND, *more]
    environment = {**quiet_environment(folder), **bucket.environment}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def statuses(records: str) -> Counter[str]:
    return Counter(record["status"] for record in map(json.loads, records.splitlines()) if record["type"] == "input")


@pytest.mark.slow
def test_two_runs_share_a_folder(full: Bucket, tmp_path: Path) -> None:
    runs = [start(tmp_path, full) for _ in range(2)]
    results = [run.communicate(timeout=250) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], results
    found = [statuses(out) for out, _ in results]
    assert sum(one["done"] for one in found) == COUNT, "each recording is heard once"
    assert all(one["done"] + one["up_to_date"] == COUNT for one in found), "and both say that all is done"
    assert len(full.made("out/")) == 2 * COUNT and not full.names("out/.asr/claims")


@pytest.mark.slow
def test_a_recording_goes_on_where_a_killed_run_on_this_machine_was(asr: Run, bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("in/long.wav", write_wav(tmp_path / "long.wav", 300.0).read_bytes())
    whole = asr(*COMMAND, **bucket.environment)
    assert whole.code == 0, whole.err
    expected = bucket.made("out/")
    for key in bucket.names("out/"):
        bucket.objects.delete_object(BUCKET, key)
    run = start(tmp_path, bucket, "--batch-size", "1")
    until = time.monotonic() + 100
    journals: list[Path] = []
    while time.monotonic() < until and run.poll() is None:
        journals = list((tmp_path / ".local/state/asr/journal").glob("*.jsonl"))
        if journals and journals[0].read_bytes().count(b"\n") >= 4:
            break
        time.sleep(0.02)
    run.kill()
    run.communicate()
    assert run.returncode == -signal.SIGKILL and journals, "it was at work"
    heard = journals[0].read_bytes()
    assert b"secret" not in heard and not bucket.made("out/")
    for key in bucket.names("out/.asr/claims"):
        bucket.objects.delete_object(BUCKET, key)
    again = start(tmp_path, bucket, "--batch-size", "1", "--events", "events.jsonl")
    assert again.communicate(timeout=200) and again.returncode == 0
    assert not journals[0].exists()
    assert {name: data for name, data in bucket.made("out/").items() if name.endswith("txt")} == {
        name: data for name, data in expected.items() if name.endswith("txt")
    }


@pytest.mark.slow
def test_googles_store_is_the_same(asr: Run, tmp_path: Path) -> None:
    with moto_bucket(Generations) as bucket:
        for key in bucket.names():  # moto's buckets are those of the process
            bucket.objects.delete_object(BUCKET, key)
        for number in range(2):
            bucket.put(f"in/talk-{number}.wav", write_wav(tmp_path / "talk.wav", 2.0).read_bytes())
        account = {"gcs_base_url": bucket.server.url, "disable_oauth": True, "client_email": "", "private_key": ""}
        account |= {"private_key_id": ""}
        (tmp_path / "account.json").write_text(json.dumps(account))
        google = {
            "GOOGLE_SERVICE_ACCOUNT": str(tmp_path / "account.json"),
            "NO_GCE_CHECK": "true",
            "GOOGLE_ALLOW_HTTP": "true",
        }
        words = [word.replace("s3://", "gs://") for word in COMMAND]
        first = asr(*words, **google)
        assert first.code == 0, first.err
        assert len(bucket.made("out/")) == 4 and not bucket.names("out/.asr/claims")
        assert "2 up to date" in asr(*words, **google).err
        bucket.put("out/talk-1.txt", b"edited")
        bucket.put("in/talk-1.wav", write_wav(tmp_path / "talk.wav", 3.0).read_bytes())
        assert asr(*words, **google).code == 0 and bucket.get("out/talk-1.txt") == b"edited"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_gives_its_claims_back(full: Bucket, tmp_path: Path, number: signal.Signals) -> None:
    run = start(tmp_path, full)
    assert run.stdout is not None
    run.stdout.readline()  # it is at work
    run.send_signal(number)
    run.communicate(timeout=100)
    assert run.returncode == 128 + number
    assert not full.names("out/.asr/claims")


@pytest.mark.slow
@pytest.mark.parametrize("at", range(4))
def test_after_a_kill_the_same_command_does_the_rest(asr: Run, full: Bucket, tmp_path: Path, at: int) -> None:
    moments = ["PUT /bucket/out/.asr/claims", "PUT /bucket/out/.asr/made", "PUT /bucket/out/talk", "GET /bucket/in"]
    run = start(tmp_path, full)
    full.server.faults.append(Fault(moments[at], then=run.kill, skip=3, times=1))
    run.communicate(timeout=100)
    assert run.returncode == -signal.SIGKILL
    whole = {name: data for name, data in full.made("out/").items() if name.endswith(".json")}
    assert all(json.loads(data) for data in whole.values()), "whole, or not there"
    for key in full.names("out/.asr/claims"):  # as if hours had gone by
        full.objects.get_object(BUCKET, key).last_modified -= timedelta(hours=2)
    again = asr(*COMMAND, **full.environment, timeout=250)
    assert again.code == 0, again.err
    assert len(full.made("out/")) == 2 * COUNT and not full.names("out/.asr/claims")
    assert asr(*COMMAND, **full.environment).code == 0
