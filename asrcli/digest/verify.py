"""Check a finished digest again: sentences against the texts they quote, pages against the data they were made from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from asrcli.base.counts import count_of
from asrcli.digest.compose import own_claims
from asrcli.digest.edition import Claim, Edition
from asrcli.digest.figures import find_figures
from asrcli.digest.pages.rolling import DAYS, rolling_pages
from asrcli.digest.run import daily_path, digest_of, load_edition, load_editions, pages_of
from asrcli.digest.store import Store
from asrcli.digest.versions import UNRECORDED, Checked, as_written, check_page, maker

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MARKUP = re.compile(r"https?://|www\.|<[a-z/!]|\]\(|```", re.I)
_IDENTIFIER = re.compile(r"\b\d{4}\.\d{4,5}\b|\b[A-Za-z][\w.-]+/[\w.-]+\b")

_NUMBER_WORDS = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|[mb]illion|trillion|half|halves|halved|halving|"
    r"twice|doubles?d?|doubling|triples?d?|thrice|quarter|third|tenfold)\b",
    re.I,
)


def numbers_in(text: str) -> set[str]:
    """Return every number of a text, in digits or words; "1,000" and "1000" are one, digits of other scripts too."""
    plain = unicodedata.normalize("NFKC", text)
    digits = {found.replace(",", "").rstrip(".") for found in _NUMBER.findall(plain)}
    return digits | {found.lower() for found in _NUMBER_WORDS.findall(plain)}


def claim_problems(claim: Claim, texts: dict[str, str]) -> list[str]:
    """Return what is wrong with one claim; ``texts`` are those that its span counts in, by id."""
    if claim.id not in texts:
        return [f"{claim.id} is not among the sources of the day"]
    source = texts[claim.id]
    if not 0 <= claim.start < claim.end <= len(source) or source[claim.start : claim.end] != claim.quote:
        return [f"{claim.id} {claim.start}-{claim.end}: the quote does not stand there"]
    if claim.verbatim or claim.kind == "board":  # the board's numbers are the board's: `rule_problems` makes it again
        return []
    found = [
        f"{claim.id}: the number {one} is not in its quote"
        for one in sorted(numbers_in(claim.text) - numbers_in(claim.quote))
    ]
    found += [
        f"{claim.id}: the name {one} is not in its quote"
        for one in sorted(set(_IDENTIFIER.findall(claim.text)))
        if one not in claim.quote and one != claim.id.partition(":")[2]
    ]
    return found + ([f"{claim.id}: markup or a link in the sentence"] if _MARKUP.search(claim.text) else [])


def rule_problems(edition: Edition) -> list[str]:
    """Return where the rules of this version make something else of the abstracts."""
    found = [
        f"{one.id}: the figures are not those of its abstract"
        for one in edition.papers
        if find_figures(one.title, one.text) != one.figures
    ]
    return found + [
        f"{one.id}: what is said of it is not what its abstract gives"
        for one in edition.papers
        if one.own and own_claims(one.id, one.title, one.text, edition.board) != one.own
    ]


def claims_of(edition: Edition) -> Iterator[Claim]:
    """Yield every claim of an edition."""
    for idea in edition.ideas:
        yield from idea.claims
    for paper in edition.papers:
        yield from (*paper.claims, *paper.own)


def is_older(edition: Edition) -> bool:
    """Tell whether another version made an edition."""
    return edition.maker != maker()


def edition_problems(edition: Edition) -> list[str]:
    """Return what is wrong within an edition; the rules of this version judge only what this version made."""
    texts = {paper.id: paper.text for paper in edition.papers}
    found = [problem for claim in claims_of(edition) for problem in claim_problems(claim, texts)]
    titles = {paper.id: paper.title for paper in edition.papers}
    found += [f"{idea.id}: an idea under another title" for idea in edition.ideas if titles.get(idea.id) != idea.title]
    found += [
        f"{paper.id}: the quote of a figure does not stand in its abstract: “{one.quote}”"
        for paper in edition.papers
        for one in paper.figures
        if one.quote not in paper.text and one.quote not in paper.title
    ]
    return found if is_older(edition) else found + rule_problems(edition)


def store_problems(edition: Edition, store: Store, written: str) -> list[str]:
    """Return what the store knows otherwise; ``written`` is the text of the day's JSON."""
    found = []
    for paper in edition.papers:
        known = store.find(paper.id)
        if known is None or known.reported != edition.day:
            found.append(f"{paper.id}: the store did not report it on {edition.day}")
        elif known.item.version <= 1 and known.item.text != paper.text:
            found.append(f"{paper.id}: its abstract is not the one in the store")
    expected = store.edition_hash(edition.day)
    if expected is None:
        found.append(f"the store knows no digest of {edition.day}")
    elif expected != digest_of(written):
        found.append("the JSON is not the one that was written: something in it was changed")
    return found


def verify_day(out: Path, day: str, store: Store | None) -> Checked:
    """Check one day; raise `InputError` where there is no such day, or its JSON cannot be read at all."""
    from asrcli.digest.papers.files import cards_in

    edition = load_edition(out, day)
    checked = Checked(edition_problems(edition), [])
    if edition.day != day:
        checked.problems.append(f"the JSON says it is of {edition.day}")
    if store is not None:
        checked.problems.extend(store_problems(edition, store, daily_path(out, day, "json").read_text("utf-8")))
    other = is_older(edition)
    if other and (ruled := rule_problems(edition)):
        by, papers = edition.maker or UNRECORDED, count_of(ruled, "paper")
        checked.notes.append(f"made by {by}, whose rules said otherwise of {papers}; the quotes stand")
    older = [claim.text for claim in claims_of(edition)] if other else None
    for suffix, text in pages_of(edition, cards_in(out)).items():
        if not (other and suffix == "json"):  # keys that it does not have yet are written with what they stand for
            check_page(daily_path(out, day, suffix), text, older, edition.maker, checked)
    return checked


def rolling_problems(out: Path) -> Checked:
    """Check the rolling pages and feeds against what the days give."""
    checked = Checked([], [])
    editions = load_editions(out, DAYS)
    other = bool(editions) and is_older(editions[0])
    for name, text in rolling_pages(editions).items():
        try:
            same = (out / name).read_bytes() == text.encode("utf-8")
        except OSError:
            checked.problems.append(f"{name} is missing")
            continue
        if not same and other and as_written(out / name):
            checked.notes.append(f"{name} was drawn by {editions[0].maker or UNRECORDED}; the next run writes it again")
        elif not same:
            checked.problems.append(f"{name} is not what the days give: `asr digest feed --force` writes it again")
    return checked
