"""A run: ask the sources, store what they gave, write the day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from asrcli.base.whole import read_text
from asrcli.digest.board import Board
from asrcli.digest.compose import Material, compose
from asrcli.digest.edition import Edition, from_json, to_json
from asrcli.digest.items import Kind, Report, State, is_withdrawn
from asrcli.digest.settings import SOURCES, Settings
from asrcli.digest.sources import Task
from asrcli.digest.store import NO_PHRASE, OLDER, WITHDRAWN, Store, older_than, own_parts, seen_mark
from asrcli.digest.versions import Files
from asrcli.errors import InputError
from asrcli.web.client import Web

MISSED_DAYS = 30
REPLACED = "a new version of a paper from before this digest"
Writer = Callable[[Edition], Edition]  # a language model behind its gate


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run does."""

    out: Path
    day: date
    web: Web
    settings: Settings = field(default_factory=Settings)
    sources: Sequence[str] = SOURCES
    board: Board | None = None
    x_token: str = field(default="", repr=False)
    x_budget: float = 0.0
    writer: Writer | None = None
    files: Files = field(default_factory=Files)


def collectors() -> dict[str, Callable[[Task], Report]]:
    """Return every source by name."""
    from asrcli.digest.sources import arxiv, feeds, hackernews, huggingface, x

    return {
        "arxiv": arxiv.collect,
        "hf": huggingface.collect,
        "github": feeds.collect_releases,
        "rss": feeds.collect_feeds,
        "hn": hackernews.collect,
        "x": x.collect,
    }


def run_day(plan: Plan, store: Store) -> Edition:
    """Ask, store, compose and write one day; afterwards the files are there, but for those kept."""
    task, found = task_of(plan, store), collectors()
    reports = [found[name](task) for name in plan.sources]
    return make_day(plan, store, reports, reasons_not_to_report(reports, task))


def task_of(plan: Plan, store: Store) -> Task:
    """Return what the sources of a day are asked."""

    def known(identity: str) -> bool:
        """Tell whether an item was seen before the day."""
        return store.known_before(identity, plan.day)

    marks = store.marks_before(plan.day)
    return Task(plan.day, plan.web, plan.settings, marks, known, plan.x_token, plan.x_budget)


def make_day(plan: Plan, store: Store, reports: Sequence[Report], why_not: dict[str, str]) -> Edition:
    """Store what the sources of a day gave, compose the day and write it."""
    with store:
        store.take_in(reports, plan.day, why_not)
        edition = compose(material_of(plan, store, settle(reports, store, plan.day)))
    edition = dated(plan.out, plan.writer(edition) if plan.writer else edition)
    write_edition(plan.out, edition, plan.files)
    with store:
        store.keep_edition(edition.day, digest_of(to_json(edition)))
    return edition


def reasons_not_to_report(reports: Sequence[Report], task: Task) -> dict[str, str]:
    """Return id -> reason for what is kept but is no news.

    Papers that no phrase matches are not about speech recognition. What a source gives when it is read for the first
    time and is older than some days is taken as known, or the first digest would be a catalogue.
    """
    items = [item for report in reports for item in report.items]
    why = {
        item.id: NO_PHRASE
        for item in items
        if item.kind is Kind.PAPER and not task.settings.matches(item.title, item.text)
    }
    for item in items:  # the feed's abstract may be cut where the API's is whole
        if why.get(item.id) and task.settings.matches(item.title, item.text):
            del why[item.id]
    why |= {item.id: WITHDRAWN for item in items if is_withdrawn(item)}
    for item in items:
        # A first version that was missed may come together with its second: then the submission is recent.
        old_work = not item.published or older_than([item], task.day, MISSED_DAYS)
        if item.announced.startswith("replace") and old_work and not task.known(item.id):
            why[item.id] = REPLACED
    old: set[str] = set()
    young: set[str] = set()
    for part in (part for report in reports for part in own_parts(report)):
        first = seen_mark(part.name) not in task.marks
        older = older_than(part.items, task.day, task.settings.first_days) if first else set()
        old |= older
        young |= {item.id for item in part.items} - older
    why |= dict.fromkeys(old - young - why.keys(), OLDER)
    return why


def settle(reports: Sequence[Report], store: Store, day: date) -> list[Report]:
    """Call a sound source quiet when nothing it gave is news on this day."""
    news = {item.id for item in store.reported(day)}
    return [
        replace(report, state=State.QUIET)
        if report.state is State.OK and not any(item.id in news for item in report.items)
        else report
        for report in reports
    ]


def material_of(plan: Plan, store: Store, reports: Sequence[Report]) -> Material:
    """Gather what the edition is made from."""
    return Material(
        day=plan.day,
        settings=plan.settings,
        reports=reports,
        items=store.reported(plan.day),
        updates=store.updates(plan.day),
        seen_by=store.sources_of(plan.day),
        starred=store.starred(),
        hidden=store.feedback("hide"),
        unmatched=store.unmatched(plan.day),
        older=store.count_why(plan.day, OLDER),
        withdrawn=store.count_why(plan.day, WITHDRAWN),
        board=plan.board,
    )


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def daily_path(out: Path, day: str, suffix: str) -> Path:
    """Return the path of one of a day's files."""
    return out / "daily" / f"{day}.{suffix}"


def pages_of(edition: Edition, cards: Collection[str] = ()) -> dict[str, str]:
    """Return suffix -> text for the pages of a day, made from it alone; they link the pages of papers in ``cards``."""
    from asrcli.digest.pages.html import day_html
    from asrcli.digest.pages.markdown import day_markdown

    return {"json": to_json(edition), "md": day_markdown(edition, cards), "html": day_html(edition, cards=cards)}


def write_edition(out: Path, edition: Edition, files: Files) -> None:
    """Write a day's pages, and the rolling pages and feeds over all days."""
    from asrcli.digest.pages.rolling import write_rolling

    write_pages(out, edition, files)
    write_rolling(out, files)


def write_pages(out: Path, edition: Edition, files: Files) -> None:
    """Write a day's own pages."""
    from asrcli.digest.papers.files import cards_in

    for suffix, text in pages_of(edition, cards_in(out)).items():
        files.write(daily_path(out, edition.day, suffix), text)


def dated(out: Path, edition: Edition) -> Edition:
    """Return an edition with the time of its last change: now when another content of the day is there.

    The same content stays what it is, its maker too, whatever version makes it again.
    """
    try:
        before = load_edition(out, edition.day)
    except InputError:
        return edition
    same = replace(edition, changed=before.changed, maker=before.maker)
    return same if same == before else replace(edition, changed=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def load_edition(out: Path, day: str, brief: bool = False) -> Edition:
    """Read a day's JSON; ``brief`` as in `asrcli.digest.edition.from_json`.

    Raises:
        InputError: there is none, or it is not a digest.
    """
    path = daily_path(out, day, "json")
    try:
        return from_json(read_text(path), brief)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"no digest of {day} in {out}: run `asr digest run --date {day} --out {out}`") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def load_editions(out: Path, last: int = 0, on_error: Callable[[InputError], None] | None = None) -> list[Edition]:
    """Read the editions in a folder, newest first and in brief.

    Args:
        last: > 0 limits how many.
        on_error: called for each day that cannot be read, and the others go on; without it the first error is raised.
    """
    days = sorted((path.stem for path in (out / "daily").glob("????-??-??.json")), reverse=True)
    found = []
    for day in days[:last] if last else days:
        try:
            found.append(load_edition(out, day, brief=True))
        except InputError as error:
            if on_error is None:
                raise
            on_error(error)
    return found
