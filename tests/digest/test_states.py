"""Quiet is not failed: what a source's answers are called, and what the exit code says."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from recordings import FRIDAY, Made, answer, api_address, arxiv_answers, arxiv_api, arxiv_feed, hub_answers, whole_day

from asrcli.digest.items import Report, State, exit_code, join
from asrcli.web.client import Answer

FEED = "https://rss.arxiv.org/atom/eess.AS"
SATURDAY = date(2026, 4, 18)
PAPERS = [Made("2604.12345"), Made("2604.12346")]


def replays() -> dict[str, tuple[date, list[Answer]]]:
    feed, api = arxiv_feed(PAPERS, FRIDAY), arxiv_api(PAPERS)
    old = FRIDAY - timedelta(days=9)
    old_papers = [Made("2604.02345", submitted=str(old))]
    return {
        "429": (FRIDAY, [answer(FEED, "Rate exceeded.", status=429), answer(api_address(), "", status=429)]),
        "empty 200": (FRIDAY, arxiv_answers(arxiv_feed([], FRIDAY), arxiv_api([]))),
        "stale feed": (FRIDAY, arxiv_answers(arxiv_feed(old_papers, old), arxiv_api(old_papers))),
        "truncated XML": (FRIDAY, arxiv_answers(feed[: int(len(feed) * 0.8)], api[: int(len(api) * 0.8)])),
        "ordinary day": (FRIDAY, arxiv_answers(feed, api)),
    }


EXPECTED = {
    "429": "failed",
    "empty 200": "empty",
    "stale feed": "stale",
    "truncated XML": "partial",
    "ordinary day": "ok",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_five_replays_give_five_states(name, run, out):
    day, answers = replays()[name]
    edition = run(answers, day, ("arxiv",))
    assert edition.sources[0].state == EXPECTED[name]
    page = (out / f"daily/{day}.md").read_text()
    assert "No news" not in page
    assert page.splitlines()[2].startswith(
        "All sources were read." if name == "ordinary day" else "**Not everything was read.**"
    )
    assert edition.exit_code == {"ordinary day": 0, "truncated XML": 3}.get(name, 4)


def test_a_weekend_is_quiet_and_only_quiet_is_no_news(run, out):
    run(arxiv_answers(arxiv_feed(PAPERS, FRIDAY), arxiv_api(PAPERS)), FRIDAY, ("arxiv",))
    edition = run(arxiv_answers(arxiv_feed([], SATURDAY), arxiv_api(PAPERS), SATURDAY), SATURDAY, ("arxiv",))
    assert edition.sources[0].state == "quiet"
    assert edition.exit_code == 0
    assert "No news" in (out / f"daily/{SATURDAY}.md").read_text()


def test_a_cut_answer_keeps_whole_entries_and_drops_the_half_one(run):
    feed = arxiv_feed(PAPERS, FRIDAY)
    cut = feed[: feed.rindex("Code and weights")]  # within the second abstract
    edition = run(arxiv_answers(cut, arxiv_api([])), FRIDAY, ("arxiv",))
    assert [paper.id for paper in edition.papers] == ["arxiv:2604.12345"]
    assert edition.sources[0].state == "partial"


@pytest.mark.slow
def test_arxivs_own_error_entry_is_a_failure(run, shared):
    from asrcli.digest.sources import Task, arxiv
    from asrcli.web.client import RecordedWeb, read_record

    records = [read_record(path) for path in sorted((shared / "digest/arxiv-api").glob("*.json"))]
    task = Task(FRIDAY, RecordedWeb(records))
    states = {}
    for one in records:
        report, _ = arxiv.read_api(task, one.url, "arxiv API")
        states[one.url] = report
    assert len(records) >= 19
    bad = [report for url, report in states.items() if "id_list=abc" in url]
    assert bad[0].state is State.FAILED and "400" in bad[0].evidence
    nothing = [report for url, report in states.items() if "id_list=0000.0000" in url]
    assert nothing[0].state is State.EMPTY
    assert max(len(report.items) for report in states.values()) == 100  # the largest recorded page


def test_hub_states(run):
    edition = run(hub_answers([]), sources=("hf",))
    assert edition.sources[0].state == "partial"  # models empty, datasets and papers read
    edition = run([answer(one.url, "<html>busy</html>") for one in hub_answers([])], sources=("hf",))
    assert edition.sources[0].state == "failed"


def test_one_failed_source_beside_good_ones_is_exit_3(run, out):
    answers = [one for one in whole_day() if "algolia" not in one.url]
    edition = run(answers)
    assert {one.name: one.state for one in edition.sources}["hn"] == "failed"
    assert edition.exit_code == 3
    assert "hn failed" in (out / f"daily/{FRIDAY}.md").read_text().splitlines()[2]


@pytest.mark.parametrize(
    ("states", "joined", "code"),
    [
        (["ok", "quiet"], "ok", 0),
        (["quiet", "quiet"], "quiet", 0),
        (["ok", "failed"], "partial", 3),
        (["stale", "stale"], "stale", 4),
        (["stale", "failed"], "failed", 4),
        (["off", "quiet"], "quiet", 0),
        (["off"], "off", 4),
    ],
)
def test_join_and_exit_code(states, joined, code):
    found = join(State(state) for state in states)
    assert found == joined
    assert exit_code([Report("one", found, "")]) == code


def test_entries_that_are_no_papers_are_not_passed_over(run):
    feed, api = arxiv_feed(PAPERS, FRIDAY), arxiv_api(PAPERS)
    changed = feed.replace("oai:arXiv.org:2604.12346v1", "urn:new-style:1").replace("abs/2604.12346", "item/1")
    assert run(arxiv_answers(changed, api), FRIDAY, ("arxiv",)).sources[0].state == "partial"
    changed = api.replace("abs/2604.12346v1", "item/1")
    assert run(arxiv_answers(feed, changed), FRIDAY, ("arxiv",)).sources[0].state == "partial"
    fewer = arxiv_api(PAPERS, total=250)
    edition = run(arxiv_answers(feed, fewer), FRIDAY, ("arxiv",))
    assert "2 papers where 250 were promised" in edition.sources[0].evidence


def test_a_long_listing_is_read_to_its_end_and_a_changed_one_is_noticed():
    from recordings import listing

    from asrcli.digest.sources.arxiv import listing_urls, read_listing

    ids = [f"2604.{number:05}" for number in range(3)]
    page = listing({FRIDAY: ids})
    assert read_listing(page) == (ids, 3, "")
    assert read_listing(f"Total of 2536 entries : 1-2000 {page}")[1] == 2536
    assert "promises 3 entries and holds 0" in read_listing(page.replace("/abs/", "/paper/"))[2]
    missed = [date(2026, 3, 2)]
    assert [url.rpartition("/")[2] for url in listing_urls("cs.SD", missed, FRIDAY)] == ["2026-02", "2026-03"]
    assert listing_urls("cs.SD", [date(2026, 4, 16)], FRIDAY) == ["https://arxiv.org/list/cs.SD/pastweek"]


def test_the_second_page_of_a_listing_is_asked_for(run):
    from recordings import listing

    from asrcli.digest.sources.arxiv import api_url

    tuesday = FRIDAY + timedelta(days=4)
    run(arxiv_answers(arxiv_feed(PAPERS, FRIDAY), arxiv_api(PAPERS)), FRIDAY, ("arxiv",))
    held = [Made("2604.00001"), Made("2604.00002")]
    pages = [f"Total of 2001 entries {listing({FRIDAY: [one.id]})}" for one in held]
    base = "https://arxiv.org/list/eess.AS/pastweek?skip="
    answers = [
        *arxiv_answers(arxiv_feed([], tuesday), arxiv_api(PAPERS), tuesday),
        *(answer(f"{base}{number * 2000}&show=2000", page, tuesday) for number, page in enumerate(pages)),
        answer(api_url(id_list="2604.00001,2604.00002", start=0, max_results=2), arxiv_api(held), tuesday),
    ]
    edition = run(answers, tuesday, ("arxiv",))
    assert {paper.id for paper in edition.papers} == {"arxiv:2604.00001", "arxiv:2604.00002"}


def test_a_feed_dated_in_the_future_does_not_hide_the_announcements_until_then(run):
    """Its date would become the watermark: the day after tomorrow nothing would seem to have been missed."""
    from recordings import listing

    from asrcli.digest.sources.arxiv import api_url

    monday, tuesday, wednesday = (FRIDAY + timedelta(days=number) for number in (3, 4, 5))
    run(arxiv_answers(arxiv_feed(PAPERS, FRIDAY), arxiv_api(PAPERS)), FRIDAY, ("arxiv",))
    ahead = [Made("2604.20001")]
    run(arxiv_answers(arxiv_feed(ahead, date(2027, 4, 20)), arxiv_api(ahead), monday), monday, ("arxiv",))
    missed, last = Made("2604.30001"), [Made("2604.40001")]
    answers = [
        *arxiv_answers(arxiv_feed(last, wednesday), arxiv_api(last), wednesday),
        answer("https://arxiv.org/list/eess.AS/pastweek?skip=0&show=2000", listing({tuesday: [missed.id]}), wednesday),
        answer(api_url(id_list=missed.id, start=0, max_results=1), arxiv_api([missed]), wednesday),
    ]
    edition = run(answers, wednesday, ("arxiv",))
    assert {paper.id for paper in edition.papers} == {"arxiv:2604.30001", "arxiv:2604.40001"}


def test_one_paper_submitted_in_the_future_does_not_make_old_answers_fresh(run):
    old = [Made(f"2604.0000{number}", submitted=str(FRIDAY - timedelta(days=9))) for number in range(3)]
    ahead = Made("2604.00009", submitted="9999-12-31")
    edition = run(arxiv_answers(arxiv_feed(old, FRIDAY), arxiv_api([*old, ahead])), FRIDAY, ("arxiv",))
    assert "API stale" in edition.sources[0].evidence
