"""The files of a paper's page, and how they are checked again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import NamedTuple, TypeVar

from asrcli.base.files import reason
from asrcli.base.whole import read_text
from asrcli.digest.pages.paper import paper_html, paper_markdown
from asrcli.digest.papers.card import Card, card_of
from asrcli.digest.papers.reading import Reading
from asrcli.digest.verify import numbers_in
from asrcli.digest.versions import UNRECORDED, Checked, as_written, check_page, holds, maker
from asrcli.errors import InputError
from asrcli.outputs.ledger import check_replaceable, write_ours
from asrcli.reports.table import json_text
from asrcli.transport.codec import build
from asrcli.web.cleaning import file_name

T = TypeVar("T")
FOLDER, TEXTS = "papers", Path("cache", "papers")


def paths_of(out: Path, name: str) -> dict[str, Path]:
    """Return the files of a page by their kind: what is read by people first, then what is checked with."""
    stem = file_name(name)
    pages = {kind: out / FOLDER / f"{stem}.{kind}" for kind in ("md", "html", "json")}
    return {**pages, "text": out / TEXTS / f"{stem}.json"}


def pages_of_card(card: Card) -> dict[str, str]:
    """Return kind -> text of the pages, all made from the card alone."""
    return {"md": paper_markdown(card), "html": paper_html(card), "json": as_json(card)}


def as_json(value: Card | Reading) -> str:
    """Return the text of a JSON file: the same bytes for the same value."""
    return json_text(dataclasses.asdict(value))


def write_card(out: Path, reading: Reading, name: str, force: bool = False) -> list[Path]:
    """Write the pages of what was read, and its text into the cache; return the pages.

    Raises:
        UsageError: one of them is edited or was not made by asr.
        OutputError: the disk or the permissions do not allow it.
    """
    paths = paths_of(out, name)
    texts = {**pages_of_card(card_of(reading, file_name(name))), "text": as_json(reading)}
    check_replaceable(list(paths.values()), force=force)
    for kind, path in paths.items():
        if not holds(path, texts[kind].encode("utf-8")):
            write_ours(path, texts[kind], force=force)
    return [paths["md"], paths["html"]]


def cards_in(out: Path) -> frozenset[str]:
    """Return the names of the papers that have a page in a digest's folder."""
    return frozenset(path.stem for path in (out / FOLDER).glob("*.json"))


def load(path: Path, kind: type[T]) -> T:
    """Read a card or what it was made from; raise `InputError` where there is none, or it is not one."""
    try:
        return build(kind, json.loads(read_text(path)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: not a page of a paper ({type(error).__name__}: {str(error)[:100]})") from error


class CardChecked(NamedTuple):
    """What was found when the page of a paper was checked."""

    problems: list[str]
    notes: list[str]  # another version made it, and what it says holds
    whole: bool  # the text that it quotes was there


def card_problems(out: Path, name: str) -> CardChecked:
    """Check a paper's page; raise `InputError` where its JSON cannot be read at all."""
    paths = paths_of(out, name)
    card = load(paths["json"], Card)
    other = card.maker != maker()
    checked = Checked([], [])
    for line in card.lines:
        lacking = sorted(numbers_in(line.text) - numbers_in(line.quote))
        checked.problems.extend(f"{FOLDER}/{name}: the number {number} is not in its quote" for number in lacking)
    there = paths["text"].is_file()
    if there:
        reading = load(paths["text"], Reading)
        check_quotes(card, reading, checked)
        if dataclasses.replace(card_of(reading, name), maker=card.maker) != card:
            if other:
                by = card.maker or UNRECORDED
                checked.notes.append(f"made by {by}, whose rules said otherwise; its quotes stand")
            else:
                checked.problems.append(f"{FOLDER}/{name}.json is not what the text that was read gives")
    older = [line.text for line in card.lines] if other else None
    for kind, text in pages_of_card(card).items():
        if not (other and kind == "json" and as_written(paths[kind])):
            check_page(paths[kind], text, None if kind == "json" else older, card.maker, checked)
    return CardChecked(*checked, there)


def check_quotes(card: Card, reading: Reading, checked: Checked) -> None:
    """Find quotes that do not stand where the card says."""
    if card.sha256 != hashlib.sha256(reading.text.encode("utf-8")).hexdigest():
        checked.problems.append(f"{FOLDER}/{card.name}.json was made from another text than the one in {TEXTS}")
        return
    quotes = [(one.start, one.end, one.quote) for one in card.lines]
    quotes += [(one.start, one.end, one.quote) for one in card.cited]
    checked.problems.extend(
        f"{FOLDER}/{card.name}: {start}-{end}: the quote does not stand there"
        for start, end, quote in quotes
        if reading.text[start:end] != quote
    )
