"""A finished digest is proven again, and one changed digit is found wherever it stands."""

from __future__ import annotations

import json
import random
import re
from contextlib import closing

import pytest
from recordings import FRIDAY, whole_day

from asrcli.digest.edition import Claim, from_json
from asrcli.digest.pages.html import content_hash
from asrcli.digest.run import daily_path, digest_of, pages_of
from asrcli.digest.store import Store
from asrcli.digest.verify import claim_problems, edition_problems, verify_day
from asrcli.errors import InputError

DAY = str(FRIDAY)
TEXT = "Ours reaches 5.2% WER with 1,000 hours of speech from Model-X/one, and halves the latency."


def problems(out):
    with closing(Store(out / "digest.sqlite")) as store:
        try:
            return verify_day(out, DAY, store).problems
        except InputError as error:
            return [str(error)]


def test_a_digest_verifies_with_and_without_its_store(run, out):
    run(whole_day())
    assert problems(out) == []
    assert verify_day(out, DAY, None).problems == []


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
    assert verify_day(out, DAY, None).problems == ["arxiv:2604.12345: the number 3.2 is not in its quote"]
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


# --- what another version made ---


@pytest.fixture
def older(run, out, monkeypatch):
    """A day of another version: its own style and words around the sentences, and no record of how its pages looked."""
    with monkeypatch.context() as then:
        then.setattr("asrcli.digest.compose.maker", lambda: "asr 0.0.9 (00000000)")
        then.setattr("asrcli.digest.pages.html.asset", lambda name: "p { color: red }" if name.endswith("css") else "")
        then.setattr("asrcli.digest.pages.html.status", lambda edition: "Sources: see below. ")
        run(whole_day())
    return out


def checked(out):
    with closing(Store(out / "digest.sqlite")) as store:
        return verify_day(out, DAY, store)


def test_pages_of_another_version_are_told_from_edited_ones(older):
    found = checked(older)
    assert found.problems == [] and "drawn by asr 0.0.9 (00000000)" in found.notes[0]
    page = daily_path(older, DAY, "html")
    text = page.read_text("utf-8")
    assert "Made with asr 0.0.9 (00000000)." in text
    page.write_text(text.replace("5.2%", "5.3%"), "utf-8")
    assert checked(older).problems and checked(older).notes == []
    page.write_text(text.replace("color: red", "color: blue"), "utf-8")
    assert checked(older).problems, "an edited style is an edited page"


def restyled(page: str) -> str:
    """Return a page as another version with another style would have written it."""
    style = re.search("<style>(.*?)</style>", page, re.S)
    assert style is not None
    return page.replace(style[1], "p { color: red }").replace(content_hash(style[1]), content_hash("p { color: red }"))


def test_without_a_record_only_the_style_may_differ(older):
    page = daily_path(older, DAY, "html")
    forget(older)
    assert checked(older).problems, "the words around the sentences are another version's, or anybody's"
    same = restyled(pages_of(from_json(daily_path(older, DAY, "json").read_text()))["html"])
    page.write_text(same, "utf-8")
    assert checked(older).problems == [] and "drawn by" in checked(older).notes[0]
    for old, new in (
        ("5.2%", "5.3%"),
        ("https://arxiv.org/abs/2604.12345", "https://example.org/2604.12345"),
        ("</body>", "<script>alert(1)</script></body>"),
        ("<script>", "<script>alert(1);"),
    ):
        page.write_text(same.replace(old, new), "utf-8")
        assert checked(older).problems, old


def forget(out):
    """Take the record of what was written away, in this process too."""
    import shutil

    from asrcli.outputs.ledger import ledger_of

    shutil.rmtree(out / "daily/.asr")
    ledger_of.cache_clear()


def test_what_other_rules_said_is_no_edit_but_its_quotes_are_checked(run, out, monkeypatch):
    def said(identity, title, text, board):
        return (Claim(identity, 0, 20, text[:20], "Claims the state of the art.", "best"),)

    for maker, problems in (("asr 0.0.9 (00000000)", 0), ("", 0)):
        with monkeypatch.context() as then:
            then.setattr("asrcli.digest.compose.maker", lambda maker=maker: maker)
            then.setattr("asrcli.digest.compose.own_claims", said)
            run(whole_day())
        found = checked(out)
        assert len(found.problems) == problems and "rules said otherwise" in found.notes[0]
    values = json.loads(daily_path(out, DAY, "json").read_text())
    values["papers"][0]["own"][0]["start"] += 1
    daily_path(out, DAY, "json").write_text(json.dumps(values))
    assert any("the quote does not stand there" in one for one in checked(out).problems)


def test_a_day_of_before_versions_were_kept_verifies(run, out, monkeypatch):
    """Its JSON lacks the key, and what the store remembers of it is the hash of those bytes."""
    monkeypatch.setattr("asrcli.digest.compose.maker", lambda: "")
    run(whole_day())
    path = daily_path(out, DAY, "json")
    text = path.read_text("utf-8").replace(',\n "maker": ""', "")
    path.write_text(text, "utf-8")
    with closing(Store(out / "digest.sqlite")) as store, store:
        store.keep_edition(DAY, digest_of(text))
    assert checked(out).problems == []


def test_the_same_news_keep_their_maker(run, out, monkeypatch):
    with monkeypatch.context() as then:
        then.setattr("asrcli.digest.compose.maker", lambda: "asr 0.0.9 (00000000)")
        run(whole_day())
    before = daily_path(out, DAY, "json").read_bytes()
    run(whole_day())
    assert daily_path(out, DAY, "json").read_bytes() == before and checked(out) == ([], [])


def test_many_notes_are_one_line(older, capsys, monkeypatch):
    from asrcli.cli.commands.digest import daily

    daily.verify(None, older)
    told = capsys.readouterr()
    assert told.out == f"{DAY}\tok\n" and "drawn by asr 0.0.9 (00000000)" in told.err
    monkeypatch.setattr(daily, "NOTES", 0)
    daily.verify(None, older)
    assert "pages are another version's, which hold" in capsys.readouterr().err
