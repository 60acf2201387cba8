"""Nothing twice, nothing lost: state decides what is news, never an age."""

from __future__ import annotations

import csv
import hashlib
import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from recordings import (
    FRIDAY,
    SETTINGS,
    Made,
    answer,
    api_address,
    arxiv_answers,
    arxiv_api,
    arxiv_feed,
    listing,
    whole_day,
)

from asrcli.digest.sources import arxiv as arxiv_source
from asrcli.web.client import Answer, Call, WebError

PASTWEEK = "https://arxiv.org/list/eess.AS/pastweek?skip=0&show=2000"
FEED = "https://rss.arxiv.org/atom/eess.AS"


class Archive:
    """arXiv on one day: a feed of today's announcements, an API of all so far, a listing of the past week."""

    def __init__(self, papers: dict[Made, date], today: date) -> None:
        self.papers, self.today = papers, today

    def get(self, call: Call) -> Answer:
        visible = [one for one, day in self.papers.items() if day <= self.today]
        if call.url == FEED:
            fresh = [one for one in visible if self.papers[one] == self.today]
            return answer(call.url, arxiv_feed(fresh, self.today), self.today)
        if "id_list=" in call.url:
            wanted = call.url.partition("id_list=")[2].partition("&")[0].split("%2C")
            return answer(call.url, arxiv_api([one for one in visible if one.id in wanted]), self.today)
        if call.url.startswith("https://export.arxiv.org"):
            newest = sorted(visible, key=lambda one: (one.submitted, one.id), reverse=True)
            # A page far too small to reach back to papers that were held for weeks.
            return answer(call.url, arxiv_api(newest[:15], size=15), self.today)
        if call.url.startswith("https://arxiv.org/list/"):
            days: dict[date, list[str]] = {}
            for one in visible:
                if "pastweek" not in call.url or (self.today - self.papers[one]).days <= 7:
                    days.setdefault(self.papers[one], []).append(one.id)
            return answer(call.url, listing(days), self.today)
        raise WebError("not asked for in this test")


def replay_lags(rows, run, out, skipped):
    from contextlib import closing

    from asrcli.digest.run import Plan, run_day
    from asrcli.digest.store import Store

    papers = {
        Made(identity, f"Speech recognition {identity}", submitted=submitted): date.fromisoformat(seen)
        for identity, submitted, seen in rows
    }
    first, last = min(papers.values()), max(papers.values()) + timedelta(days=4)
    found: Counter[str] = Counter()
    with closing(Store(out / "digest.sqlite")) as store:
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if day in skipped:
                continue
            edition = run_day(Plan(out, day, Archive(papers, day), SETTINGS, ("arxiv",)), store)
            found.update(paper.id for paper in edition.papers)
    return found


@pytest.mark.slow
def test_the_recorded_lags_are_reported_exactly_once_each(shared, run, out):
    """370 papers, first visible up to 35 days after submission, while every fifth day no run takes place."""
    with open(shared / "digest/arxiv-visibility-lag.csv", newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    first, last = min(row[2] for row in rows), max(row[2] for row in rows)
    days = [
        date.fromisoformat(first) + timedelta(days=number)
        for number in range((date.fromisoformat(last) - date.fromisoformat(first)).days + 1)
    ]
    skipped = set(random.Random(8).sample(days[1:], len(days) // 5))
    found = replay_lags(rows, run, out, skipped)
    assert len(rows) == 370
    assert found == Counter({f"arxiv:{row[0]}": 1 for row in rows})


@pytest.mark.slow
def test_lags_of_a_fresh_clone(run, out):
    """The same with made-up lags, so that a clone without the shared data tests it too."""
    chance = random.Random(3)
    start = date(2026, 2, 2)
    rows = []
    for number in range(36):
        submitted = start + timedelta(days=number // 2)
        seen = submitted + timedelta(days=chance.choice([1, 1, 1, 2, 3, 4, 8, 20, 35]))
        seen += timedelta(days=max(0, 7 - seen.weekday()) if seen.weekday() >= 5 else 0)
        rows.append((f"2602.{number:05}", str(submitted), str(seen)))
    skipped = {start + timedelta(days=number) for number in (4, 9, 10, 11, 12, 13, 14, 15, 23, 30)}
    assert replay_lags(rows, run, out, skipped) == Counter({f"arxiv:{row[0]}": 1 for row in rows})


def hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".sqlite"
    }


def test_a_rerun_is_byte_identical(run, out):
    run(whole_day())
    first = hashes(out)
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("*.md")}
    run(list(reversed(whole_day())))
    assert hashes(out) == first
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.md")} == stamps


def test_a_later_version_is_an_update_line_once(run):
    monday, tuesday = FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=4)
    run(arxiv_answers(arxiv_feed([Made("2604.12345")], FRIDAY), arxiv_api([Made("2604.12345")])), sources=("arxiv",))
    second = Made("2604.12345", version=2, announced="replace")
    edition = run(arxiv_answers(arxiv_feed([second], monday), arxiv_api([second]), monday), monday, ("arxiv",))
    assert edition.papers == ()
    assert [(one.id, one.version) for one in edition.updates] == [("arxiv:2604.12345", 2)]
    edition = run(arxiv_answers(arxiv_feed([second], tuesday), arxiv_api([second]), tuesday), tuesday, ("arxiv",))
    assert edition.papers == edition.updates == ()


def test_one_paper_from_three_sources_is_one(run):
    answers = whole_day()
    daily = next(index for index, one in enumerate(answers) if "daily_papers" in one.url)
    answers[daily] = answer(answers[daily].url, '[{"paper": {"id": "2604.12345", "title": "x", "upvotes": 31}}]')
    edition = run(answers)
    paper = next(one for one in edition.papers if one.id == "arxiv:2604.12345")
    assert paper.sources == ("arxiv", "hf")
    assert "31 upvotes" in paper.reasons
    assert paper.models == ("nvidia/parakeet-next",)
    assert paper.title != "x"


def test_evidence_says_which_way_had_what(run):
    both, only_feed, only_api = Made("2604.1", "x"), Made("2604.00002"), Made("2604.00003")
    both = Made("2604.00001")
    edition = run(arxiv_answers(arxiv_feed([both, only_feed], FRIDAY), arxiv_api([both, only_api])), sources=("arxiv",))
    assert edition.sources[0].evidence.startswith("feeds 2, API 2, both 1, only feeds 1")
    assert len(edition.papers) == 3


def test_a_failed_feed_is_filled_in_later(run):
    """The watermark stays where it was, so the next run reads the listing of the missed day."""
    first, held = Made("2604.00001"), Made("2603.00009", submitted="2026-03-12")
    monday, tuesday = FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=4)
    run(arxiv_answers(arxiv_feed([first], FRIDAY), arxiv_api([first])), sources=("arxiv",))
    run([answer(FEED, "", status=503), answer(api_address(), arxiv_api([first]), monday)], monday, ("arxiv",))
    later = Made("2604.00005", submitted=str(monday))
    look_up = arxiv_source.api_url(id_list=f"{held.id}", start=0, max_results=1)
    answers = [
        *arxiv_answers(arxiv_feed([later], tuesday), arxiv_api([later]), tuesday),
        answer(
            "https://arxiv.org/list/eess.AS/pastweek?skip=0&show=2000",
            listing({FRIDAY: [first.id], monday: [held.id]}),
            tuesday,
        ),
        answer(look_up, arxiv_api([held]), tuesday),
    ]
    edition = run(answers, tuesday, ("arxiv",))
    assert {paper.id for paper in edition.papers} == {"arxiv:2603.00009", "arxiv:2604.00005"}
    assert "1 missed days from 2026-04-20" in edition.sources[0].evidence


def test_a_first_run_is_no_catalogue(run):
    old = [Made(f"2603.{number:05}", submitted="2026-03-20") for number in range(5)]
    new = Made("2604.00001")
    edition = run(arxiv_answers(arxiv_feed([new], FRIDAY), arxiv_api([new, *old])), sources=("arxiv",))
    assert [paper.id for paper in edition.papers] == ["arxiv:2604.00001"]
    assert edition.counts.older == 5


def test_a_feed_added_later_is_no_catalogue_either(run):
    from dataclasses import replace

    def feed(days):
        items = "".join(
            f"<item><title>Post of {day}</title><link>https://b.example/{day}</link><pubDate>{day}T08:00:00Z</pubDate></item>"
            for day in days
        )
        return answer("https://b.example/feed", f'<rss version="2.0"><channel><title>B</title>{items}</channel></rss>')

    run(whole_day())
    saturday = FRIDAY + timedelta(days=1)
    settings = replace(SETTINGS, feeds=("https://b.example/feed",))
    edition = run([feed(["2024-01-01", "2026-04-16"])], saturday, ("rss",), settings)
    assert [line.title for line in edition.lines] == ["Post of 2026-04-16"]
    edition = run([feed(["2024-01-01", "2026-04-16", "2026-01-05"])], saturday + timedelta(days=1), ("rss",), settings)
    assert [line.title for line in edition.lines] == [
        "Post of 2026-01-05"
    ]  # not seen before is news, whatever its date


def test_words_of_one_version_do_not_change_under_their_spans(run, out):
    from contextlib import closing

    from asrcli.digest.store import Store
    from asrcli.digest.verify import verify_day

    run(arxiv_answers(arxiv_feed([Made("2604.12345")], FRIDAY), arxiv_api([Made("2604.12345")])), sources=("arxiv",))
    monday = FRIDAY + timedelta(days=3)
    again = [Made("2604.12345", title="Other title", abstract="Other words about ASR.")]
    run(arxiv_answers(arxiv_feed(again, monday), arxiv_api(again), monday), monday, ("arxiv",))
    with closing(Store(out / "digest.sqlite")) as store:
        assert verify_day(out, str(FRIDAY), store).problems == []


def test_a_replacement_of_a_paper_from_before_is_no_news(run):
    old = Made("2301.00001", version=7, announced="replace", submitted="2023-01-01")
    new = Made("2604.12345")
    edition = run(arxiv_answers(arxiv_feed([old, new], FRIDAY), arxiv_api([new])), sources=("arxiv",))
    assert [paper.id for paper in edition.papers] == ["arxiv:2604.12345"] and edition.updates == ()
    monday = FRIDAY + timedelta(days=3)
    again = Made("2301.00001", version=8, announced="replace", submitted="2023-01-01")
    edition = run(arxiv_answers(arxiv_feed([again], monday), arxiv_api([new]), monday), monday, ("arxiv",))
    assert edition.papers == edition.updates == ()


def test_a_cross_listing_of_an_old_paper_is_news(run):
    cross = Made("2601.00001", announced="cross", submitted="2026-01-01")
    edition = run(arxiv_answers(arxiv_feed([cross], FRIDAY), arxiv_api([Made("2604.12345")])), sources=("arxiv",))
    assert {paper.id for paper in edition.papers} == {"arxiv:2601.00001", "arxiv:2604.12345"}


def test_a_missed_paper_that_comes_back_as_its_second_version_is_news(run):
    first, missed = Made("2604.00001"), Made("2604.00007", submitted="2026-04-18")
    tuesday = FRIDAY + timedelta(days=4)
    run(arxiv_answers(arxiv_feed([first], FRIDAY), arxiv_api([first])), sources=("arxiv",))
    second = Made("2604.00007", submitted="2026-04-18", version=2, announced="replace")
    edition = run(arxiv_answers(arxiv_feed([second], tuesday), arxiv_api([second]), tuesday), tuesday, ("arxiv",))
    assert [paper.id for paper in edition.papers] == [f"arxiv:{missed.id}"]


def test_a_spoiled_day_of_the_past_does_not_stop_today(run, out, capsys):
    run(whole_day())
    (out / f"daily/{FRIDAY}.json").write_text("spoiled")
    monday = FRIDAY + timedelta(days=3)
    edition = run(
        arxiv_answers(arxiv_feed([Made("2604.9")], monday), arxiv_api([Made("2604.00009")]), monday), monday, ("arxiv",)
    )
    assert len(edition.papers) == 1 and (out / f"daily/{monday}.md").exists()
    assert f"{FRIDAY}.json: not a digest" in capsys.readouterr().err


def test_an_old_batch_under_a_new_date_is_stale_and_its_day_is_filled_in(run):
    """arXiv rebuilt its feed with the batch of the day before: that is no quiet day."""
    monday, tuesday = FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=4)
    first, second = Made("2604.20001", "Speech recognition one"), Made("2604.20002", "Speech recognition two")
    run(arxiv_answers(arxiv_feed([first], FRIDAY), arxiv_api([first])), FRIDAY, ("arxiv",))
    stale = run(arxiv_answers(arxiv_feed([first], monday), arxiv_api([first]), monday), monday, ("arxiv",))
    (feed,) = [part for part in stale.sources[0].parts if "feed" in part.name]
    assert feed.state == "stale" and "an old batch under a new date" in feed.evidence and stale.exit_code == 3
    answers = arxiv_answers(arxiv_feed([Made("2604.20003")], tuesday), arxiv_api([first]), tuesday)
    answers.append(answer(PASTWEEK, listing({monday: [second.id]}), tuesday))
    asked = arxiv_source.api_url(id_list=second.id, start=0, max_results=1)
    answers.append(answer(asked, arxiv_api([second]), tuesday))
    assert {paper.id for paper in run(answers, tuesday, ("arxiv",)).papers} == {"arxiv:2604.20002", "arxiv:2604.20003"}


def test_after_a_day_of_429_the_papers_come_back(run):
    monday, tuesday = FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=4)
    first, missed = Made("2604.20001"), Made("2604.20002")
    run(arxiv_answers(arxiv_feed([first], FRIDAY), arxiv_api([first])), FRIDAY, ("arxiv",))
    failed = run([answer(FEED, "", monday, 429), answer(api_address(), "", monday, 429)], monday, ("arxiv",))
    assert failed.exit_code == 4 and "not a quiet day" in failed.headline
    answers = arxiv_answers(arxiv_feed([Made("2604.20003")], tuesday), arxiv_api([first]), tuesday)
    answers.append(answer(PASTWEEK, listing({monday: [missed.id]}), tuesday))
    answers.append(
        answer(arxiv_source.api_url(id_list=missed.id, start=0, max_results=1), arxiv_api([missed]), tuesday)
    )
    assert {paper.id for paper in run(answers, tuesday, ("arxiv",)).papers} == {"arxiv:2604.20002", "arxiv:2604.20003"}


def test_a_withdrawn_paper_is_counted_and_no_news_and_a_withdrawal_is_said(run):
    good, gone = Made("2604.20001"), Made("2604.20002", abstract="This paper has been withdrawn by the authors.")
    edition = run(arxiv_answers(arxiv_feed([good, gone], FRIDAY), arxiv_api([good, gone])), FRIDAY, ("arxiv",))
    assert [paper.id for paper in edition.papers] == ["arxiv:2604.20001"] and edition.counts.withdrawn == 1
    monday = FRIDAY + timedelta(days=3)
    later = replace(
        good,
        version=2,
        announced="replace",
        abstract="This paper has been withdrawn: an error.",
        title="Speech recognition",
    )
    edition = run(arxiv_answers(arxiv_feed([later], monday), arxiv_api([later]), monday), monday, ("arxiv",))
    assert [(one.id, one.withdrawn) for one in edition.updates] == [("arxiv:2604.20001", True)]
