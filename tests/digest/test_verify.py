"""A finished digest is proven again, and one changed digit is found wherever it stands."""

from __future__ import annotations

import json
import random
import re
from contextlib import closing

import pytest
from recordings import FRIDAY, whole_day

from asrcli.digest.edition import Claim, from_json
from asrcli.digest.run import daily_path, pages_of
from asrcli.digest.store import Store
from asrcli.digest.verify import claim_problems, edition_problems, verify_day
from asrcli.errors import InputError

DAY = str(FRIDAY)
TEXT = "Ours reaches 5.2% WER with 1,000 hours of speech from Model-X/one, and halves the latency."


def problems(out):
    with closing(Store(out / "digest.sqlite")) as store:
        try:
            return verify_day(out, DAY, store)
        except InputError as error:
            return [str(error)]


def test_a_digest_verifies_with_and_without_its_store(run, out):
    run(whole_day())
    assert problems(out) == []
    assert verify_day(out, DAY, None) == []


@pytest.mark.parametrize("count", [12, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", ["json", "md", "html"])
def test_every_changed_digit_is_found(suffix, count, run, out):
    run(whole_day())
    path = daily_path(out, DAY, suffix)
    text = path.read_text("utf-8")
    places = [found.start() for found in re.finditer(r"\d", text)]
    for place in random.Random(1).sample(places, min(count, len(places))):
        digit = str((int(text[place]) + 1) % 10)
        path.write_text(text[:place] + digit + text[place + 1 :], "utf-8")
        assert problems(out), text[max(0, place - 40) : place + 40]
    path.write_text(text, "utf-8")
    assert problems(out) == []


def test_a_changed_quote_is_found_even_when_every_page_is_written_anew(run, out):
    """Without the store, whoever rewrites JSON and pages together still has to keep quotes and abstract in step."""
    run(whole_day())
    path = daily_path(out, DAY, "json")
    values = json.loads(path.read_text())
    values["papers"][0]["claims"][1]["text"] = values["papers"][0]["claims"][1]["text"].replace("5.2", "3.2")
    edition = from_json(json.dumps(values))
    for suffix, text in pages_of(edition).items():
        daily_path(out, DAY, suffix).write_text(text)
    assert verify_day(out, DAY, None) == ["arxiv:2604.12345: the number 3.2 is not in its quote"]
    assert any("not the one that was written" in problem for problem in problems(out))


def claim(text: str, quote: str = TEXT, start: int = 0, identity: str = "arxiv:1") -> Claim:
    return Claim(identity, start, start + len(quote), quote, text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TEXT, ""),
        ("It reaches 5.2% WER.", ""),
        ("It needs 1000 hours.", ""),
        ("It halves the latency with Model-X/one.", ""),
        ("It reaches 5.1% WER.", "number 5.1"),
        ("It reaches ５.1% WER.", "number 5.1"),
        ("It reaches 52% WER.", "number 52"),
        ("It needs two thousand hours.", "number"),
        ("It doubles the speed.", "number doubles"),
        ("It beats Other/model.", "name Other/model"),
        ("As in 2604.99999.", "number"),
        ("See https://evil.example/ for more.", "markup or a link"),
        ("It <b>wins</b>.", "markup or a link"),
        ("It [wins](x).", "markup or a link"),
    ],
)
def test_the_check_of_a_claim(text, problem):
    found = claim_problems(claim(text), {"arxiv:1": TEXT})
    assert (found == []) if not problem else any(problem in one for one in found), found


def test_quotes_must_stand_where_they_say():
    texts = {"arxiv:1": TEXT}
    assert claim_problems(claim(TEXT, start=1), texts)
    assert claim_problems(claim(TEXT, identity="arxiv:2"), texts)
    assert claim_problems(Claim("arxiv:1", 5, 5, "", ""), texts)
    assert claim_problems(Claim("arxiv:1", -6, -1, TEXT[-6:-1], TEXT[-6:-1]), texts)


def test_figures_are_read_again(run, out):
    edition = run(whole_day())
    assert edition_problems(edition) == []
    values = json.loads(daily_path(out, DAY, "json").read_text())
    values["papers"][0]["figures"][0]["value"] = 5.1
    assert edition_problems(from_json(json.dumps(values))) == [
        "arxiv:2604.12345: the figures are not those of its abstract"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("text", "Reports 5.2% WER on AMI."), ("text", "Claims the state of the art."), ("kind", "best")],
)
def test_what_is_said_of_a_paper_is_made_again(key, value, run, out):
    edition = run(whole_day())
    assert [claim.text for claim in edition.papers[0].own] == ["Reports 5.2% WER on LibriSpeech test-other."]
    values = json.loads(daily_path(out, DAY, "json").read_text())
    values["papers"][0]["own"][0][key] = value
    problems = edition_problems(from_json(json.dumps(values)))
    assert "arxiv:2604.12345: what is said of it is not what its abstract gives" in problems


def test_a_digest_of_an_earlier_version_says_what_to_do():
    with pytest.raises(InputError, match=r"of 1, an earlier version's: run its day again"):
        from_json('{"schema": 1}')


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 2}', "[" * 100_000, '{"schema": 1, "day": 3}']
)
def test_files_that_are_no_digest_are_named(text):
    with pytest.raises(InputError, match="not a digest"):
        from_json(text)
