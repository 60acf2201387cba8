"""What a person edited, and what asr did not make, is never replaced unasked."""

from __future__ import annotations

import json
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from recordings import FRIDAY, SETTINGS, whole_day

from asrcli.cli.commands.digest import look, publish
from asrcli.cli.commands.digest.publish import link_days
from asrcli.digest.edition import Edition
from asrcli.digest.items import Item, Kind, Report, State
from asrcli.digest.run import Plan, load_edition, run_day, write_edition
from asrcli.digest.store import ITEMS, SCHEMA, TABLES, Store
from asrcli.digest.verify import rolling_problems, verify_day
from asrcli.digest.versions import Files
from asrcli.errors import CheckFailed, InputError, UsageError
from asrcli.web.client import RecordedWeb

PAGES = [f"daily/{FRIDAY}.{kind}" for kind in ("json", "md", "html")] + [
    "ideas.md",
    "papers.md",
    "topics.md",
    "feed.xml",
    "feed.json",
]


@pytest.fixture
def edition(run) -> Edition:
    return run(whole_day())


@pytest.mark.parametrize("name", PAGES)
def test_an_edited_page_stays_and_the_others_are_written(name, edition, out, capsys):
    changed = replace(edition, title="Another title")
    (out / name).write_text("my own words\n")
    files = Files()
    write_edition(out, changed, files)
    assert (out / name).read_text() == "my own words\n"
    assert f"{out / name}: kept: it was edited after asr wrote it; --force replaces it" in capsys.readouterr().err
    files.check()  # an edited file is a result all the same
    if name != PAGES[0]:
        assert load_edition(out, edition.day).title == "Another title"
        titled = [other for other in PAGES if other not in (name, "ideas.md", "papers.md", "topics.md")]
        assert all("Another title" in (out / other).read_text() for other in titled)
        write_edition(out, changed, Files(force=True))
        assert "my own words" not in (out / name).read_text()


@pytest.mark.parametrize("name", PAGES)
def test_a_foreign_file_stays_and_the_run_fails(name, run, out, capsys):
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_text("somebody's file\n")
    files = Files()
    with closing(Store(out / "digest.sqlite")) as store:
        run_day(Plan(out, FRIDAY, RecordedWeb(whole_day()), SETTINGS, ("arxiv",), files=files), store)
    assert (out / name).read_text() == "somebody's file\n"
    assert "asr did not make it" in capsys.readouterr().err
    assert all((out / other).is_file() for other in PAGES)
    with pytest.raises(CheckFailed, match="1 of the files"):
        files.check()


def test_a_folder_in_the_place_of_a_page_stops_nothing(edition, out, capsys):
    (out / "ideas.md").unlink()
    (out / "ideas.md").mkdir()
    files = Files(force=True)
    write_edition(out, replace(edition, title="Another title"), files)
    assert (out / "ideas.md").is_dir() and "ideas.md: kept: a folder is there\n" in capsys.readouterr().err
    assert "Another title" in (out / "feed.xml").read_text() and files.refused == 1


def test_running_again_adds_nothing_to_the_record(edition, out):
    record = out / "daily/.asr/made.jsonl"
    before = record.read_bytes()
    write_edition(out, edition, Files())
    assert record.read_bytes() == before


def test_a_page_without_a_record_that_is_what_would_be_written_becomes_ours(edition, tmp_path):
    """A digest that an earlier version wrote, or whose hidden folders were not committed."""
    path = tmp_path / "page.md"
    path.write_text("the same\n")
    assert Files().write(path, "the same\n")
    assert Files().write(path, "the next\n") and path.read_text() == "the next\n"


def test_every_command_leaves_what_was_edited(edition, out, capsys, monkeypatch):
    """mindmap, feed, week, paper, podcast: each by its own name."""
    made = {
        "mindmap.md": lambda force: publish.mindmap(out, 30, force=force),
        "sources.opml": lambda force: publish.feed(out, True, force=force),
        "weekly/2026-W16.md": lambda force: look.week(out, None, force=force),
    }
    for name, command in made.items():
        command(False)
        whole = (out / name).read_text()
        (out / name).write_text("mine")
        command(False)
        assert (out / name).read_text() == "mine" and f"{out / name}: kept: it was edited" in capsys.readouterr().err
        command(True)
        assert (out / name).read_text() == whole
    for name, one in (
        ("papers/2604.12345.md", lambda force: publish.paper("2604.12345", out, None, True, False, force=force)),
        ("day.eml", lambda force: publish.mail(out, None, out / "day.eml", "", "", force=force)),
    ):
        one(False)
        one(False)
        (out / name).write_text("mine")
        with pytest.raises(UsageError, match="edited after asr wrote it"):
            one(False)
        assert (out / name).read_text() == "mine"
        one(True)
        assert (out / name).read_text() != "mine"


def test_a_spoken_day_that_was_cut_by_hand_is_not_spoken_over(edition, out, monkeypatch):
    from asrcli.digest.podcast import speech

    monkeypatch.setattr(speech, "choose_voice", lambda *_: None)  # it could not say a word
    (out / "podcast").mkdir()
    (out / f"podcast/{FRIDAY}.mp3").write_bytes(b"ID3 mine")
    with pytest.raises(UsageError, match="asr did not make it"):
        publish.podcast(out, None, 5.0, None, None, "mp3", False, "pocketsphinx")
    assert (out / f"podcast/{FRIDAY}.mp3").read_bytes() == b"ID3 mine"


def test_feeds_say_when_a_day_changed(run, out):
    """The first content is of the day itself, the same again changes nothing, another is of now."""

    def said() -> tuple[str, list[str]]:
        root = ET.fromstring((out / "feed.xml").read_bytes())
        atom = "{http://www.w3.org/2005/Atom}"
        modified = [one["date_modified"] for one in json.loads((out / "feed.json").read_text())["items"]]
        assert modified == [one.findtext(f"{atom}updated") for one in root.iter(f"{atom}entry")]
        return root.findtext(f"{atom}updated"), modified

    run(whole_day())
    first = (out / "feed.xml").read_bytes()
    assert said() == (f"{FRIDAY}T00:00:00Z", [f"{FRIDAY}T00:00:00Z"])
    run(whole_day())
    assert (out / "feed.xml").read_bytes() == first
    before = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    run(whole_day(), settings=replace(SETTINGS, title="Another title"))
    feed, (entry,) = said()
    assert feed == entry >= before
    after = (out / "feed.xml").read_bytes()
    run(whole_day(), settings=replace(SETTINGS, title="Another title"))
    assert (out / "feed.xml").read_bytes() == after
    with closing(Store(out / "digest.sqlite")) as store:
        assert verify_day(out, str(FRIDAY), store).problems == [] and rolling_problems(out).problems == []


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_database_of_another_program_is_not_touched(number, tmp_path: Path):
    path = tmp_path / "digest.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.executescript(f"CREATE TABLE photos (id); PRAGMA user_version = {number};")
    before = path.read_bytes()
    with pytest.raises(InputError, match="another program"):
        Store(path)
    assert path.read_bytes() == before


def test_a_store_takes_little_more_than_what_it_holds(tmp_path):
    """Of a table without row ids every abstract took a page of its own: two and a half times as much."""
    papers = [
        Item(f"arxiv:2604.{number:05}", Kind.PAPER, "A title", "", "arxiv", f"{number} " + "words of an abstract " * 68)
        for number in range(600)
    ]
    with closing(Store(tmp_path / "digest.sqlite")) as store, store:
        store.take_in([Report("arxiv", State.OK, "", tuple(papers))], FRIDAY, {})
    held = sum(len(paper.to_json()) for paper in papers)
    assert (tmp_path / "digest.sqlite").stat().st_size < 1.5 * held


def test_a_paper_that_was_never_news_links_no_day(tmp_path):
    """Its page is written, and no digest is there to be written again."""
    paper = Item("arxiv:2604.00001", Kind.PAPER, "A title", "", "arxiv", "words of an abstract")
    with closing(Store(tmp_path / "digest.sqlite")) as store, store:
        store.take_in([Report("arxiv", State.OK, "", (paper,))], FRIDAY, {paper.id: "older than a first run reports"})
    link_days(tmp_path, paper.id, False)
    assert [path.name for path in tmp_path.iterdir()] == ["digest.sqlite"]


def test_a_store_of_the_second_schema_is_converted(tmp_path):
    path = tmp_path / "digest.sqlite"
    paper = Item("arxiv:2604.00001", Kind.PAPER, "A title", "", "arxiv", "words " * 300)
    with closing(sqlite3.connect(path)) as base:
        base.executescript(
            TABLES.replace(ITEMS, ITEMS.replace(");", ") WITHOUT ROWID;", 1)) + "PRAGMA user_version = 2;"
        )
        base.execute(
            "INSERT INTO items VALUES (?, 'paper', ?, ?, '', ?)", (paper.id, str(FRIDAY), str(FRIDAY), paper.to_json())
        )
        base.commit()
    with closing(Store(path)) as store:
        assert store.reported(FRIDAY) == [paper]
        assert store.base.execute("PRAGMA user_version").fetchone()[0] == SCHEMA
        assert "WITHOUT" not in str(store.base.execute("SELECT sql FROM sqlite_master WHERE name = 'items'").fetchone())


def test_topics_are_counted_week_beside_week(edition):
    from asrcli.digest.pages.rolling import topics_page

    paper = edition.papers[0]
    days = [("2026-04-17", 2), ("2026-04-13", 1), ("2026-04-08", 3), ("2025-12-29", 4)]
    editions = [
        replace(edition, day=day, papers=tuple(replace(paper, topic="Efficiency") for _ in range(count)))
        for day, count in days
    ]
    page = topics_page(editions[:3])
    assert "| Topic | 2026-W15 | 2026-W16 |" in page and "| Efficiency | 3 | 3 |" in page
    heads = topics_page(editions).split("| Topic | ")[1].split("\n")[0].split(" | ")
    assert len(heads) == 13 and heads[0] == "2026-W04" and heads[-1] == "2026-W16 |"
    assert "| Topic" not in topics_page([])
