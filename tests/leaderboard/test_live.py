"""Reading the hub: what is new is kept beside the old, and whatever else comes back changes nothing."""

from __future__ import annotations

import json
import string
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leaderboard.conftest import Called

from asrcli.errors import InputError
from asrcli.leaderboard.published import Origin, read_published
from asrcli.leaderboard.snapshot import load, read, versions
from asrcli.leaderboard.tables import Protocol
from asrcli.leaderboard.update import feeds, update
from asrcli.web.client import Answer, Call, WebError, write_record
from asrcli.web.live import LiveWeb

COMMIT = "c23ca4f10e5f" + 28 * "0"
# The header of 2026-10 (two of its eight sets, and one of the uncleaned ones), with -1 for what is missing.
NEW = (
    "model,avg,RTFx,License,Size (B),# Languages,Encoder,Decoder,Training data disclosure,AMI-Cleaned WER,LS Clean WER,"
    "AMI-Cleaned RTFx,LS Clean RTFx,AMI WER\r\n"
    "zoom/scribe_v2_pro,3.59,-1,Proprietary,-1,50,?,?,no,5.68,1.5,-1,-1,9.1\r\n"
    '"nvidia/parakeet-tdt-0.6b-v2 (fast-gpu-asr)",4.68,14199.5,CC-BY-4.0,0.6,1,FastConformer,TDT,"yes, here",'
    "7.7,1.66,1,2,\r\n"
)
GERMAN = "model,RTFx,FLEURS WER,MCV WER\nopenai/whisper-large-v3,146,4.1,6.2\n"
LONG = "model_id,Average,RTFx,Model size (B),earnings21,coraal_avg,Avg (without CORAAL)\na/b,9.5,-1,,9.0,10.0,9.0\n"
API = json.dumps({"id": "x", "sha": COMMIT, "lastModified": "2026-10-02T09:00:00.000Z"})


class Hub:
    """Answers as the hub would."""

    def __init__(self, **files: str | bytes | int) -> None:
        self.files = {"english_short_latest": NEW, "longform_latest": LONG, "multilingual_de": GERMAN, **files}
        self.api: str | bytes | int = API
        self.asked: list[str] = []

    def get(self, call: Call) -> Answer:
        self.asked.append(call.url)
        stem = call.url.rpartition("/")[2].removesuffix(".csv")
        found = self.api if "/api/" in call.url else self.files.get(stem, 404)
        if isinstance(found, int):
            if found == 0:
                raise WebError("huggingface.co cannot be resolved (Name or service not known)")
            return Answer(call.url, found, b"nothing here")
        return Answer(call.url, 200, found.encode() if isinstance(found, str) else found)


def test_new_tables_are_kept_once_and_the_old_ones_stay(own_folder: Path) -> None:
    hub = Hub()
    outcomes = {one.name: one for one in update(hub)}
    assert {name for name, one in outcomes.items() if one.state == "new"} == {"english", "long-form", "multilingual-de"}
    assert len(outcomes) == len(feeds()) == 10
    assert "HTTP 404 (there is no such file)" in outcomes["multilingual-fr"].text
    assert "2 models more and 87 fewer than 2026-03-26 d1e99b25, which is kept" in outcomes["english"].text
    assert all(COMMIT in url for url in hub.asked if "/resolve/" in url)  # what was read is pinned, not "main"

    table = load("english")
    assert (table.day, table.revision) == ("2026-10-02", COMMIT)
    scribe, parakeet = table.rows
    assert (scribe.average, scribe.rtfx, scribe.parameters, scribe.licence) == (3.59, None, None, "Proprietary")
    assert scribe.rates == {"ami-cleaned": 5.68, "librispeech-clean": 1.5, "ami": 9.1}
    assert parakeet.model == "nvidia/parakeet-tdt-0.6b-v2 (fast-gpu-asr)"
    assert [one.name for one in table.sets if one.averaged] == ["ami-cleaned", "librispeech-clean"]
    assert "H200" in scribe.protocol.hardware and COMMIT[:8] in scribe.source
    assert [one.name for one in load("multilingual-de").sets] == ["de-fleurs", "de-mcv"]
    assert load("long-form").rows[0].rates == {"earnings21": 9.0, "coraal": 10.0}
    assert load("english", "2026-09-30").day == "2026-03-26"

    before = {path: path.read_bytes() for path in own_folder.iterdir()}
    again = {one.name: one for one in update(hub)}
    assert again["english"].state == "unchanged"
    assert again["english"].text == f"unchanged since 2026-10-02 {COMMIT[:8]} (2 models)"
    assert {path: path.read_bytes() for path in own_folder.iterdir()} == before

    changed = Hub(english_short_latest=NEW.replace("3.59", "3.58"))
    one = next(iter(update(changed, ("english",))))
    assert one.state == "new" and one.path is not None and one.path not in before
    assert len(versions("english")) == 3


def test_the_table_that_comes_with_asr_is_the_published_one_unchanged(own_folder: Path) -> None:
    """A live table that still says what the shipped one says is nothing new."""
    table = load("english")
    labels = [one.label for one in table.sets]
    lines = [",".join(["model", "Avg. WER", "RTFx", "Model size (B)", "License", *(f"{one} WER" for one in labels)])]
    for row in reversed(table.rows):
        facts = [row.average, row.rtfx or -1, row.parameters or -1, row.licence]
        lines.append(",".join(map(str, [row.model, *facts, *(row.rates[one.name] for one in table.sets)])))
    one = next(iter(update(Hub(english_short_latest="\n".join(lines)), ("english",))))
    assert (one.state, one.text) == ("unchanged", "unchanged since 2026-03-26 d1e99b25 (87 models)")
    assert not own_folder.exists()


GARBAGE = {
    "HTML": "<!doctype html><html><script>alert(1)</script>",
    "JSON": '{"error": "Entry not found"}',
    "no model column": "a,b\n1,2\n",
    "no test set": "model,License\nx,y\n",
    "no rows": "model,AMI WER\n",
    "no number": "model,AMI WER\nx,seven\n",
    "negative": "model,AMI WER\nx,-3\n",
    "not a number at all": "model,AMI WER\nx,inf\n",
    "a short row": "model,AMI WER\nx\n",
    "no name": "model,AMI WER\n \u202e,5\n",
    "a pointer of git LFS": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    "binary": b"PK\x03\x04\x00\xff\xfe",
    "another encoding": "model,AMI WER\nä,5\n".encode("utf-16"),
    "empty": "",
    "an open quote": 'model,AMI WER\n"x,5\n',
}


@pytest.mark.parametrize("name", GARBAGE)
def test_an_answer_that_is_no_table_changes_nothing(name: str, own_folder: Path) -> None:
    one = next(iter(update(Hub(english_short_latest=GARBAGE[name]), ("english",))))
    assert one.state == "failed" and "english_short_latest.csv@c23ca4f1" in one.text
    assert one.text.isprintable()
    assert not own_folder.exists() and load("english").day == "2026-03-26"


@pytest.mark.parametrize(
    "api", ["<html>", "[]", "{}", b"\xff\xfe", "", 401, 500, 0, '{"sha": "../..", "lastModified": "x"}']
)
def test_a_hub_that_gives_no_commit_changes_nothing(api: str | bytes | int, own_folder: Path) -> None:
    hub = Hub()
    hub.api = api
    one = next(iter(update(hub, ("english",))))
    assert one.state == "failed" and "huggingface.co/api/datasets/hf-audio/open-asr-leaderboard-results" in one.text
    assert not own_folder.exists()


def test_a_hub_that_does_not_answer_is_given_up_in_time() -> None:
    waited: list[float] = []

    def silent(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("timed out", request=request)

    web = LiveWeb(httpx2.MockTransport(silent), waited.append, lambda host: ["93.184.216.34"], lambda: 0.0)
    with pytest.raises(
        InputError, match=r"the hub does not answer; .* kept: https://.*ReadTimeout"
    ):  # once, not ten times
        list(update(web))
    assert sum(waited) < 60  # seconds


def test_an_answer_without_end_is_cut_off(own_folder: Path) -> None:
    def endless(request: httpx2.Request) -> httpx2.Response:
        if "/api/" in str(request.url):
            return httpx2.Response(200, content=API)
        return httpx2.Response(200, content=b"model,AMI WER\n" + b"x" * (21 * 2**20))

    web = LiveWeb(httpx2.MockTransport(endless), lambda _: None, lambda host: ["93.184.216.34"])
    one = next(iter(update(web, ("english",))))
    assert one.state == "failed" and "larger than 20 MB" in one.text
    assert not own_folder.exists()


def test_the_command_says_what_happened_and_fails_when_a_table_did(called: Called, tmp_path: Path) -> None:
    hub = Hub()
    for feed in feeds()[:3]:
        for url in (
            f"https://huggingface.co/api/datasets/{feed.repository}",
            f"https://huggingface.co/datasets/{feed.repository}/resolve/{COMMIT}/{feed.file}",
        ):
            write_record(tmp_path / "web", url, hub.get(Call(url)), "")
    code, out, err = called("update", "--replay", tmp_path / "web", "english", "long-form", "multilingual-de")
    assert (code, err) == (0, "")
    assert "english: 2 models of 2026-10-02 c23ca4f1" in out
    code, out, err = called("update", "--replay", tmp_path / "web")
    assert code == 1 and "english: unchanged since 2026-10-02" in out
    assert "7 of 10 live tables could not be read; the versions that are here are kept" in err
    assert called("update", "nope")[0] == 2
    assert called("update", "--replay", tmp_path / "nowhere")[0] == 2


def test_hostile_names_stay_text(tmp_path: Path, called: Called) -> None:
    from asrcli.leaderboard.ranking import arrange
    from asrcli.leaderboard.reports import page
    from asrcli.leaderboard.view import View
    from asrcli.reports.blocks import TopRow, top_block

    name = "<script>alert(1)</script><!-- leaderboard-top10-end --> | [x](javascript:1) \x1b[31m\u202e =cmd()"
    data = NEW.replace("zoom/scribe_v2_pro", f'"{name}"')
    one = next(iter(update(Hub(english_short_latest=data), ("english",))))
    assert one.path is not None
    assert "\x1b" not in read(one.path).rows[0].model and "\u202e" not in read(one.path).rows[0].model
    board = arrange([read(one.path)], View())
    assert "<script>alert" not in page(board)
    block = top_block([TopRow(row.row.model, 1.0, True) for row in board.standings], "2026")
    assert "<!--" not in block and "<script" not in block.replace("\\<", "")
    code, out, _ = called("--csv", "-", "--date", "2026-10-02")
    assert code == 0 and "<script>" in out
    assert "\x1b" not in called("--top", 0)[1].replace("\x1b[1m", "").replace("\x1b[0m", "")


HEADERS = st.lists(
    st.sampled_from(["model", "avg", "RTFx", "AMI WER", "License", "x", "AMI WER RTFx", "-", ""]), max_size=6
)
CELLS = st.one_of(st.sampled_from(["1", "-1", "nan", "", "5.5", "1e9", "inf"]), st.text(string.printable, max_size=8))


@given(HEADERS, st.lists(st.lists(CELLS, max_size=6), max_size=5))
@settings(max_examples=150)
def test_any_table_is_read_or_refused(header: list[str], lines: list[list[str]]) -> None:
    data = "\n".join(",".join(cells) for cells in (header, *lines)).encode()
    try:
        table = read_published(data, Origin("own", "", "2026-01-01", "source", Protocol("p")))
    except InputError:
        return
    assert table.rows and table.sets
    for row in table.rows:
        assert row.model and all(0 <= rate < 1e6 for rate in row.rates.values())
