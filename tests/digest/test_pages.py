"""Paper pages, mindmap, feeds, the other sources, and the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from recordings import (
    FRIDAY,
    SETTINGS,
    STORY,
    Made,
    answer,
    arxiv_answers,
    arxiv_api,
    arxiv_feed,
    model,
    record,
    release_answer,
    story_answers,
    task,
    whole_day,
)  # fmt: skip
from support.zygote import forked

from asrcli.digest.items import State
from asrcli.digest.mindmap import build_tree, mindmap_html, outline_markdown
from asrcli.digest.pages.markdown import footer
from asrcli.digest.run import load_editions
from asrcli.digest.sources import Task, feeds, hackernews, huggingface, x
from asrcli.digest.sources.feeds import read_opml
from asrcli.digest.store import Store
from asrcli.errors import InputError
from asrcli.web.client import RecordedWeb

DAY = str(FRIDAY)
TOML = 'categories = ["eess.AS"]\nreleases = ["openai/whisper"]\nhacker_news = ["speech recognition"]\n'


# --- mindmap ---


@pytest.mark.slow
def test_the_mindmap_is_the_same_whatever_the_order_and_marks_what_is_new(run, out):
    run(whole_day())
    old = [Made("2603.00001", "Old streaming work", submitted=str(FRIDAY))]
    for number in range(1, 9):
        day = FRIDAY + timedelta(days=number)
        papers = [replace(one, id=f"2603.{number:05}", title=f"Day {number} streaming ASR") for one in old]
        run(arxiv_answers(arxiv_feed(papers, day), arxiv_api(papers), day), day, ("arxiv",))
    editions = load_editions(out)
    tree = build_tree(editions, "T")
    assert mindmap_html(tree) == mindmap_html(build_tree(list(reversed(editions)), "T"))
    leaves = {leaf.text: leaf.new for branch in tree.children for leaf in branch.children}
    assert leaves["Day 8 streaming ASR"] and not leaves["Streaming speech recognition with a chunked encoder"]
    assert tree.children[0].text == "Speaker diarisation"  # the taxonomy's order
    assert outline_markdown(tree).count("**new**") == sum(leaves.values())
    page = mindmap_html(tree)
    assert len(page) < 340_000 and not re.search(r"(?:src|href)=[\"']?https?://(?!arxiv\.org|huggingface\.co)", page)


# --- sources ---


def test_real_hacker_news_answers_are_read(shared):
    text = (shared / "digest/other-apis/hn-algolia.json").read_text()
    hits = [hit for one in json.loads(text) for hit in one["reply"].get("hits", [])]
    stories = [hackernews.read_hit(hit) for hit in hits]
    found = [item for item in stories if item is not None]
    assert hits and all(item.id.startswith("hn:") and item.title for item in found)
    assert all(hackernews.read_hit(hit) is None for hit in hits if not hit.get("title"))


def test_x_is_off_without_a_token_and_keeps_its_budget():
    assert x.collect(task()).state is State.OFF
    assert x.collect(replace(task(), x_token="t", x_budget=0.04)).state is State.OFF
    asked = []
    fresh = str(int((datetime(2026, 4, 16, tzinfo=UTC) - x.EPOCH).total_seconds() * 1000) << 22)

    class Asked:
        def get(self, call):
            asked.append(call)
            return answer(
                call.url,
                json.dumps(
                    {"data": [{"id": "5", "text": "ASR!", "public_metrics": {"like_count": 2}}, {"id": "x"}, 3]}
                ),
            )

    report = x.collect(replace(task(), web=Asked(), x_token="s3cret", x_budget=0.21, marks={"x": fresh}))
    assert "max_results=42" in asked[0].url and f"since_id={fresh}" in asked[0].url and "expansions" not in asked[0].url
    assert "s3cret" not in asked[0].url and "s3cret" not in repr(asked[0])
    assert asked[0].secret and asked[0].secret.headers(asked[0].url) == {"Authorization": "Bearer s3cret"}
    x.collect(replace(task(), web=Asked(), x_token="s3cret", x_budget=1.0, marks={"x": "4"}))
    assert "since_id" not in asked[1].url  # older than the search reaches: it would refuse
    assert [item.id for item in report.items] == ["x:5"] and report.marks == (("x", "5"),)


def test_a_known_hub_page_ends_the_reading_and_a_next_page_must_be_the_hubs_own():
    first = huggingface.models_url(pipeline_tag="automatic-speech-recognition", sort="createdAt", limit=100)
    second = "https://huggingface.co/api/models?cursor=2"
    pages = [
        answer(first, json.dumps([model("a/new")]), link=f'<{second}>; rel="next"'),
        answer(second, json.dumps([model("a/older")]), link='<https://evil.example/api/models>; rel="next"'),
    ]
    run = Task(FRIDAY, RecordedWeb(pages), SETTINGS, {"run": "2026-04-16"})
    report = huggingface.read_pages(run, first, "hf", huggingface.read_repository)
    assert [item.title for item in report.items] == ["a/new", "a/older"] and report.state is State.OK
    known = replace(run, known=lambda identity: identity == "hf:a/new")
    assert len(huggingface.read_pages(known, first, "hf", huggingface.read_repository).items) == 1


RSS2 = (
    '<rss version="2.0"><channel><title>B</title><item><title>One &amp; two</title><link>https://b.example/1</link>'
    "<pubDate>Fri, 17 Apr 2026 08:00:00 GMT</pubDate></item></channel></rss>"
)
RSS1 = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
    "<channel><title>B</title></channel><item><title>A</title><link>https://b.example/2</link></item></rdf:RDF>"
)
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>B</title><entry><id>u:1</id>'
    '<title type="html">&lt;b&gt;A&lt;/b&gt;</title><link href="https://b.example/3"/>'
    "<updated>2026-04-17T08:00:00+02:00</updated></entry></feed>"
)


@pytest.mark.parametrize(
    ("body", "title", "when"),
    [(RSS2, "One & two", "2026-04-17T08:00:00Z"), (RSS1, "A", ""), (ATOM, "A", "2026-04-17T06:00:00Z")],
    ids=["RSS 2.0", "RSS 1.0", "Atom"],
)
def test_three_kinds_of_feeds(body, title, when):
    (entry,) = feeds.read_feed(body.encode()).entries
    assert (entry.title, entry.when) == (title, when) and entry.link.startswith("https://b.example/")


def test_opml_goes_out_and_comes_in():
    from asrcli.digest.pages.feeds import sources_opml

    written = sources_opml(replace(SETTINGS, feeds=("https://b.example/feed?a=1&b=2",)))
    urls = [url for _, url in read_opml(written.encode())]
    assert urls == [
        "https://b.example/feed?a=1&b=2",
        "https://github.com/openai/whisper/releases.atom",
        "https://rss.arxiv.org/atom/eess.AS",
    ]
    for bad in (b"", b"<x/>", b"<opml>"):
        with pytest.raises(InputError):
            read_opml(bad)


def test_feedback_moves_and_hides(run, out):
    first = run(whole_day())
    last = first.papers[-1].id
    with closing(Store(out / "digest.sqlite")) as store, store:
        store.give_feedback(last, "star")
        store.give_feedback(first.papers[0].id, "hide")
    again = run(whole_day())
    assert [paper.id for paper in again.papers] == [last] and "starred" in again.papers[0].reasons
    assert again.counts.hidden == 1


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 of the papers read is about"), (2, "2 of the papers read are about")]
)
def test_the_footer_counts_in_sentences(run, number, said):
    day = run(whole_day())
    assert said in footer(replace(day, counts=replace(day.counts, unmatched=number)))


# --- the command line ---


def asr(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    return forked(["digest", *map(str, words)], {**os.environ, **environment})


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of recorded answers and a digest's folder with settings."""
    record(tmp_path / "rec" / DAY, whole_day())
    (tmp_path / "d").mkdir()
    (tmp_path / "d/digest.toml").write_text(TOML)
    return tmp_path / "rec", tmp_path / "d"


def test_a_day_from_the_command_line(recorded):
    answers, out = recorded
    done = asr("run", "--replay", answers, "--date", DAY, "-o", out, "--strict")
    assert (done.returncode, done.stdout) == (0, f"{out}/daily/{DAY}.md\n"), done.stderr
    assert "arxiv: ok" in done.stderr
    assert asr("verify", "-o", out).stdout == f"{DAY}\tok\n"
    assert "reported 2026-04-17" in asr("why", "https://arxiv.org/abs/2604.12345v1", "-o", out).stdout
    shown = json.loads((out / "daily" / f"{DAY}.json").read_text())["papers"]
    for paper in shown:  # the same score as in the digest
        assert f"{paper['score']:.2f}\tin all" in asr("why", paper["id"], "-o", out).stdout
    assert "no phrase" in asr("why", "2604.00001", "-o", out).stdout
    assert asr("why", "2604.77777", "-o", out).returncode == 1
    assert "arxiv:2604.12346" in asr("search", "diarisation", "-o", out).stdout.splitlines()[0]
    assert "nvidia/parakeet-next" in asr("search", "akeet-ne", "-o", out).stdout, "within a word, when no word is it"
    assert asr("search", " ", "-o", out).returncode == 2
    nothing = asr("search", "zzzz", "-o", out)
    assert (nothing.returncode, nothing.stdout) == (1, "") and nothing.stderr == (
        "asr: nothing that was read matches 'zzzz'\n"
    )
    ideas = [line.split("\t") for line in asr("ideas", "-o", out).stdout.splitlines()]
    texts = {paper["id"]: paper["text"] for paper in shown}
    for _, identity, _, said, places in ideas:  # the help promised the characters
        spans = [tuple(map(int, place.split("–"))) for place in places.split()]
        assert " ".join(texts[identity][start:end] for start, end in spans) == said
    assert ideas and asr("ideas", "-o", out / "nothing").returncode == 1
    for line in asr("search", "whisper", "-o", out).stdout.splitlines():
        _, _, name, *title = line.split("\t")
        assert title != [name.partition(":")[2]], "a model's name is said once"
    assert asr("mindmap", "-o", out).stdout.splitlines() == [f"{out}/mindmap.{kind}" for kind in ("html", "md", "opml")]
    pages = [f"{out}/papers/2604.12345.{kind}" for kind in ("md", "html")]
    assert asr("paper", "2604.12345", "-o", out, "--offline").stdout.splitlines() == pages
    assert "../papers/2604.12345.html" in (out / "daily" / f"{DAY}.html").read_text()
    assert "papers/2604.12345\tok" in asr("verify", "-o", out).stdout
    assert f"{DAY}\tarxiv\tok" in asr("status", "-o", out).stdout
    page = out / "daily" / f"{DAY}.md"
    page.write_text(page.read_text().replace("5.2%", "5.3%"))
    done = asr("verify", DAY, "-o", out)
    assert done.returncode == 1 and "not what the data gives" in done.stderr
    assert asr("podcast", "-o", out).returncode == 1  # what does not verify is not spoken
    page.unlink()
    (out / "feed.xml").write_text("changed")
    done = asr("run", "--replay", answers, "--date", DAY, "-o", out)
    assert (
        done.returncode == 0 and "feed.xml: kept: it was edited after asr wrote it; --force replaces it" in done.stderr
    )
    assert asr("verify", "-o", out).returncode == 1
    assert "feed.xml" in asr("feed", "--force", "-o", out).stdout
    assert asr("verify", "-o", out).returncode == 0


def test_exit_codes_say_what_failed(recorded, tmp_path):
    answers, out = recorded
    empty = tmp_path / "none"
    empty.mkdir()
    done = asr("run", "--replay", empty, "--date", DAY, "-o", out)
    assert done.returncode == 4 and "this is not a quiet day" in done.stderr
    for path in (answers / DAY).glob("*.json"):
        if "algolia" in path.read_text():
            path.unlink()
    assert asr("run", "--replay", answers, "--date", DAY, "-o", out).returncode == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--date", "yesterday"), "is not a day"),
        (("run", "--sources", "arxiv,myspace"), "myspace"),
        (("run", "--replay", "/nowhere"), "/nowhere"),
        (("run", "--until", DAY), "--until needs --since"),
        (("run", "--since", "2026-04-18", "--until", DAY), "is after"),
        (("run", "--replay", ".", "--record"), "--record"),
        (("podcast", "--format", "wav"), "wav"),
        (("import", "rss", "x"), "opml or bibtex"),
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_2_and_names_the_value(words, said, tmp_path):
    done = asr(*words, ASR_DIGEST=str(tmp_path / "d"))
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("mindmap",),
        ("why", "2604.1"),
        ("status",),
        ("search", "x"),
        ("feed",),
        ("podcast",),
        ("star", "2604.1"),
    ],
)
def test_an_empty_folder_is_one_clear_line(words, tmp_path):
    done = asr(*words, "-o", tmp_path / "d")
    assert done.returncode == 1 and done.stderr.startswith("asr: no digest in") and done.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_replay_opens_no_connection(recorded, tmp_path):
    """A process in which every socket fails still writes the day."""
    answers, out = recorded
    code = (
        "import socket, sys\n"
        "def no(*a, **k): raise SystemExit('a socket was opened')\n"
        "socket.socket = no; socket.create_connection = no; socket.getaddrinfo = no\n"
        "from asrcli.cli.main import main\n"
        f"main(['digest', 'run', '--replay', {str(answers)!r}, '--date', {DAY!r}, '-o', {str(out)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom asrcli.cli.main import main\n"
        "try: main(['digest', 'run', '--help'])\nexcept SystemExit: pass\n"
        "heavy = ('numpy', 'av', 'httpx2', 'torch', 'jiwer', 'sqlite3')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip() == "[]"


def test_a_bibliography_gives_authors(tmp_path):
    path = tmp_path / "my.bib"
    path.write_text(
        '@article{a, author = {Example, Ada and {Ben} Sample}, title={x}}\n@misc{b, author = "Ada Example and others"}'
    )
    assert asr("import", "bibtex", path).stdout == 'authors = [\n  "Ada Example",\n  "Ben Sample",\n]\n'


def test_accents_of_a_bibliography(tmp_path):
    from asrcli.digest.tracker import read_authors

    path = tmp_path / "my.bib"
    names = r"""Schl{\"u}ter, Ralf and {\O}stergaard, Bo and Gonz\'alez, Ana"""
    path.write_text(f"@article{{a, author = {{{names}}}}}")
    assert read_authors(path) == ["Ana González", "Bo Østergaard", "Ralf Schlüter"]
    # Braces within braces, and quotation marks that end no value.
    path.write_text(
        r"""@article{a, author = {Dvo{\v{r}}{\'a}k, Jan and {\AA}str{\"o}m, Karl and Gar{\c c}on, Zo\"e}, year = 2024}
        @article{b, author = "M{\"u}ller, J{\o}rgen"} @article{c, author = {never closed"""
    )
    assert read_authors(path) == ["Jan Dvořák", "Jørgen Müller", "Karl Åström", "Zoë Garçon"]


def test_feeds_that_are_not_asked_are_said(tmp_path, capsys):
    from asrcli.cli.commands.digest.look import import_list

    path = tmp_path / "feeds.opml"
    outlines = "".join(f'<outline xmlUrl="{one}/f"/>' for one in ("https://a.example", "http://b.example"))
    path.write_text(f"<opml><body>{outlines}</body></opml>")
    import_list("opml", path)
    said = capsys.readouterr()
    assert "https://a.example/f" in said.out and "b.example" not in said.out and "http://b.example/f" in said.err


def test_a_demonstration_verifies_and_is_the_same_each_time(tmp_path):
    from asrcli.digest.demo import write_demo
    from asrcli.digest.verify import rolling_problems, verify_day

    days = write_demo(tmp_path / "a")
    write_demo(tmp_path / "b")
    with closing(Store(tmp_path / "a" / "digest.sqlite")) as store:
        assert [problem for day in days for problem in verify_day(tmp_path / "a", day, store).problems] == []
    assert rolling_problems(tmp_path / "a").problems == [] and len(days) == 7
    for path in (tmp_path / "a").rglob("*.*"):
        if path.is_file() and path.suffix != ".sqlite":
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
    said = " ".join(path.read_text() for path in (tmp_path / "a/daily").glob("*.md"))
    assert "Reports 5.1% WER on LibriSpeech test-other." in said.replace("\\", "")
    assert "0.4% WER degradation" in said.replace("\\", "") and "Reports 0.4%" not in said


def test_the_days_of_a_tracker_are_taken_over(shared, tmp_path):
    from asrcli.digest.tracker import import_days
    from asrcli.digest.verify import verify_day

    for day in ("2026-03-11", "2026-03-12"):
        (tmp_path / f"{day}.json").write_text((shared / f"digest/awesome-asr/daily/{day}.json").read_text())
    out = tmp_path / "d"
    days = dict(import_days(tmp_path, out, SETTINGS))
    assert list(days) == ["2026-03-11", "2026-03-12"] and sum(days.values()) >= 12
    with closing(Store(out / "digest.sqlite")) as store:
        assert [problem for day in days for problem in verify_day(out, day, store).problems] == []
    (tmp_path / "2026-03-13.json").write_text("[]")
    with pytest.raises(InputError, match="not a day of the tracker"):
        list(import_days(tmp_path, out, SETTINGS))


def test_a_day_as_a_message(run, out):
    from email import message_from_bytes
    from email.policy import default

    from asrcli.digest.pages.feeds import day_message

    edition = replace(run(whole_day()), title="A title\r\nBcc: someone@evil.example")
    data = day_message(edition, "me@example.org", "you@example.org")
    assert data == day_message(edition, "me@example.org", "you@example.org")
    message = message_from_bytes(data, policy=default)
    assert message["To"] == "you@example.org" and message["Bcc"] is None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert "Content-Security-Policy" in message.get_body(("html",)).get_content()


def test_a_week_in_one_page(run, out):
    from asrcli.cli.commands.digest.look import week

    run(whole_day())
    week(out, None)
    page = (out / "weekly" / "2026-W16.md").read_text()
    assert "1 day, 2 papers, 1 model family. All sources were read." in page
    assert "| Topic | 2026-W13 | 2026-W14 | 2026-W15 | 2026-W16 |" in page and "## Ideas" in page
    with pytest.raises(InputError, match="no day of 2026-W01"):
        week(out, "2026-W01")


def test_the_store_keeps_ids_alone_of_what_no_phrase_matches(run, out):
    import sqlite3

    other = [Made(f"2604.3{number:04}", "About pictures", "Pictures. " * 100) for number in range(200)]
    run(
        arxiv_answers(arxiv_feed([Made("2604.12345"), *other], FRIDAY), arxiv_api([Made("2604.12345")])),
        FRIDAY,
        ("arxiv",),
    )
    with closing(sqlite3.connect(out / "digest.sqlite")) as base:
        assert base.execute("SELECT count(*) FROM items").fetchone()[0] == 1
        assert base.execute("SELECT count(*) FROM passed").fetchone()[0] == 200
        base.execute("VACUUM")
    assert (out / "digest.sqlite").stat().st_size < 120_000  # the abstracts alone are 200 000
    with closing(Store(out / "digest.sqlite")) as store:
        assert store.known_before("arxiv:2604.30001", FRIDAY + timedelta(days=1)) and store.unmatched(FRIDAY) == 200


def test_an_earlier_store_is_read(tmp_path):
    import sqlite3

    from asrcli.digest.items import Item, Kind
    from asrcli.digest.store import TABLES

    path = tmp_path / "digest.sqlite"
    old = TABLES.replace("CREATE TABLE passed (id TEXT PRIMARY KEY, first_seen TEXT NOT NULL) WITHOUT ROWID;", "")
    item = Item("arxiv:1", Kind.PAPER, "T", "", "arxiv", "Pictures.").to_json()
    with closing(sqlite3.connect(path)) as base:
        base.executescript(f"{old} PRAGMA user_version = 1;")
        base.execute("INSERT INTO items VALUES ('arxiv:1', 'paper', '2026-04-16', '-', 'no phrase', ?)", (item,))
        base.commit()
    with closing(Store(path)) as store:
        assert store.passed_on("arxiv:1") == "2026-04-16" and store.find("arxiv:1") is None
        store.prune(FRIDAY)
        assert store.passed_on("arxiv:1") == "2026-04-16"


@pytest.mark.parametrize("week", ["2026-99", "2026-W00", "2026-W54", "2025-W53", "W17"])
def test_a_week_that_is_none_is_an_error(week):
    from asrcli.cli.commands.digest.look import week_of
    from asrcli.errors import UsageError

    with pytest.raises(UsageError, match="is not a week"):
        week_of(week)


__all__ = ["STORY", "release_answer", "story_answers"]
