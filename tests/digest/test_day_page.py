"""The page of a day in a browser: search, topics, and how it fits a phone."""

from __future__ import annotations

import html
import re

import pytest
from recordings import FRIDAY, Made, arxiv_answers, arxiv_api, arxiv_feed
from support.browser import used

from asrcli.digest.edition import Edition
from asrcli.digest.pages.html import content_hash, day_html

PAPERS = [
    Made("2604.00001"),
    Made("2604.00002", "Speaker diarization of meetings", "We diarize meetings with speech recognition. It works."),
    Made("2604.00003", "Wide " + "x" * 300 + " speech recognition", "We propose speech recognition. " + "y" * 400),
]
USER = """<script>(() => {
const shown = () => Array.from(document.querySelectorAll("article")).filter((one) => one.offsetHeight).length;
const field = document.querySelector("#filters input"), choice = document.querySelector("#filters select");
const found = { all: shown(), wide: document.documentElement.scrollWidth - innerWidth,
  targets: [field, choice].map((one) => one.offsetHeight), topics: Array.from(choice.options).map((one) => one.text) };
const hint = getComputedStyle(field, "::placeholder");
// The grey of browsers is too dark at night.
found.hint = hint.color === getComputedStyle(field).color && hint.opacity >= 0.7;
const type = (text) => { field.value = text; field.dispatchEvent(new Event("input")); return shown(); };
found.word = type("DIARIZE meetings"); found.said = document.querySelector("[role=status]").textContent;
found.none = type("<b>nothing</b>"); type("");
choice.value = "Speaker diarisation"; choice.dispatchEvent(new Event("change")); found.topic = shown();
document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })); found.escaped = shown();
document.dispatchEvent(new KeyboardEvent("keydown", { key: "/" })); found.focus = document.activeElement === field;
document.body.textContent = "FOUND" + JSON.stringify(found) + "END";
})();</script>"""


@pytest.fixture
def edition(run) -> Edition:
    return run(arxiv_answers(arxiv_feed(PAPERS, FRIDAY), arxiv_api(PAPERS)), sources=("arxiv",))


def test_the_policy_allows_this_script_and_no_other(edition):
    page = day_html(edition)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 1 and f"script-src {content_hash(scripts[0])}" in html.unescape(page)
    assert page.count("data-topic=") == len(edition.papers)


def test_mail_has_no_script(edition):
    page = day_html(edition, filters=False)
    assert "<script" not in page and "filters" not in page.partition("</style>")[2] and "script-src" not in page


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1200])
def test_a_reader_finds_papers(width, edition, tmp_path):
    found = used(day_html(edition), USER, width, tmp_path)
    assert (found["all"], found["word"], found["none"], found["topic"], found["escaped"]) == (3, 1, 0, 1, 3)
    assert found["said"] == "1 of 3 papers" and found["focus"] and found["wide"] <= 0
    assert found["topics"][0] == "All topics (3)" and "Speaker diarisation (1)" in found["topics"]
    assert found["hint"]
    assert all(high >= 44 for high in found["targets"])
