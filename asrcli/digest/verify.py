"""Check a finished digest again: sentences against the texts they quote, pages against the data they were made from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from asrcli.digest.board import Best
from asrcli.digest.compose import own_claims
from asrcli.digest.edition import Claim, Edition, Paper, to_json
from asrcli.digest.figures import find_figures
from asrcli.digest.pages.rolling import DAYS, rolling_pages
from asrcli.digest.run import daily_path, digest_of, load_edition, load_editions, pages_of
from asrcli.digest.store import Store

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
    """Return what is wrong with one claim.

    Args:
        claim: the sentence and its proof.
        texts: id -> the text that spans count in.
    """
    if claim.id not in texts:
        return [f"{claim.id} is not among the sources of the day"]
    source = texts[claim.id]
    if not 0 <= claim.start < claim.end <= len(source) or source[claim.start : claim.end] != claim.quote:
        return [f"{claim.id} {claim.start}-{claim.end}: the quote does not stand there"]
    if claim.verbatim or claim.kind == "board":  # the board's numbers are the board's: `paper_problems` makes it again
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


def paper_problems(paper: Paper, board: Sequence[Best]) -> list[str]:
    """Return what is wrong with the figures of one paper, and with what is said of it in our own words."""
    found = []
    if find_figures(paper.title, paper.text) != paper.figures:
        found.append(f"{paper.id}: the figures are not those of its abstract")
    if paper.own and own_claims(paper.id, paper.title, paper.text, board) != paper.own:
        found.append(f"{paper.id}: what is said of it is not what its abstract gives")
    return found


def edition_problems(edition: Edition) -> list[str]:
    """Return what is wrong within an edition."""
    texts = {paper.id: paper.text for paper in edition.papers}
    in_ideas = (claim for idea in edition.ideas for claim in idea.claims)
    claims: Iterable[Claim] = (*in_ideas, *(claim for paper in edition.papers for claim in (*paper.claims, *paper.own)))
    found = [problem for claim in claims for problem in claim_problems(claim, texts)]
    titles = {paper.id: paper.title for paper in edition.papers}
    found += [f"{idea.id}: an idea under another title" for idea in edition.ideas if titles.get(idea.id) != idea.title]
    return found + [problem for paper in edition.papers for problem in paper_problems(paper, edition.board)]


def store_problems(edition: Edition, store: Store) -> list[str]:
    """Return what the store knows otherwise."""
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
    elif expected != digest_of(to_json(edition)):
        found.append("the JSON is not the one that was written: something in it was changed")
    return found


def verify_day(out: Path, day: str, store: Store | None) -> list[str]:
    """Return every problem of one day, [] when it holds.

    Raises:
        InputError: there is no such day, or its JSON cannot be read at all.
    """
    from asrcli.digest.papers.files import cards_in

    edition = load_edition(out, day)
    found = edition_problems(edition)
    if edition.day != day:
        found.append(f"the JSON says it is of {edition.day}")
    if store is not None:
        found += store_problems(edition, store)
    for suffix, text in pages_of(edition, cards_in(out)).items():
        path = daily_path(out, day, suffix)
        try:
            written = path.read_bytes()
        except OSError:
            found.append(f"{path.name} is missing")
            continue
        if written != text.encode("utf-8"):
            found.append(
                f"{path.name} is not what the data gives: {first_difference(written.decode('utf-8', 'replace'), text)}"
            )
    return found


def rolling_problems(out: Path) -> list[str]:
    """Return which of the rolling pages and feeds are not what the days give."""
    found = []
    for name, text in rolling_pages(load_editions(out, DAYS)).items():
        try:
            same = (out / name).read_bytes() == text.encode("utf-8")
        except OSError:
            found.append(f"{name} is missing")
            continue
        if not same:
            found.append(f"{name} is not what the days give: `asr digest feed --force` writes it again")
    return found


def first_difference(left: str, right: str) -> str:
    """Name the first line that differs."""
    pairs = zip(left.splitlines(), right.splitlines(), strict=False)
    return next((f"line {number} differs" for number, (a, b) in enumerate(pairs, 1) if a != b), "its length differs")
