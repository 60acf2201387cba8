"""What a digest holds, on the terminal: ``search``, ``why``, ``star``, ``hide``, ``status``, ``week`` and the like."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from asrcli.base.console import complain, tell
from asrcli.base.counts import count_of
from asrcli.cli.commands.digest.daily import settings_for
from asrcli.cli.commands.digest.options import OUT, Day, Force, Out, app, day_of, editions_in, store_in
from asrcli.digest.versions import Files
from asrcli.errors import CheckFailed, InputError, UsageError

EXAMPLE = """\
# OUT/digest.toml: every key is optional
categories = ["eess.AS", "cs.SD", "cs.CL"]
authors = ["Ada Example"]
mute = ["music generation"]
releases = ["openai/whisper", "NVIDIA/NeMo"]
feeds = ["https://example.org/blog/feed.xml"]
site = "https://example.org/digest"  # where the folder is published: makes links in feeds absolute

[interests]  # words = weight
"streaming" = 2.0
"code-switching" = 1.5
"""
Id = Annotated[str, typer.Argument(metavar="ID", help="An arXiv id, a link, or a name of the hub.")]


@app.command("search")
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words, or an author's name.")],
    out: Out = OUT,
    limit: int = typer.Option(20, "--max", "-n", min=1, help="How many."),
) -> None:
    """Find papers, models and stories among everything that was read; 1 when nothing matches, as grep has it."""
    from asrcli.digest import search as finder

    with store_in(out) as store:
        found = finder.search(store, query, limit)
    for ranked, day in found:
        item = ranked.item
        title = [] if item.title == item.id.partition(":")[2] else [item.title]  # a model's name is its id
        tell("\t".join([f"{ranked.score:.2f}", day or "not shown", item.id, *title]))
    if not found:
        raise CheckFailed(f"nothing that was read matches '{query}'")


@app.command("why")
def why(identity: Id, out: Out = OUT) -> None:
    """Say why an item is where it is, or why it was not shown."""
    from asrcli.digest.search import explain

    with store_in(out) as store:
        found = explain(store, identity, settings_for(out, None))
    item = found.ranked.item
    tell(f"{item.id}\t{item.title}")
    became = f"reported {found.day}" if found.day else f"not reported: {found.why_not}"
    tell(f"first seen {found.first_seen}; {became}")
    if found.day and found.why_not:
        tell(f"hidden: {found.why_not}")
    for reason in found.ranked.reasons:
        tell(f"{reason.points:+.2f}\t{reason.text}")
    tell(f"{found.ranked.score:.2f}\tin all")


def mark(identity: str, out: Path, name: str, undo: bool) -> None:
    """Put a mark on an item or take it off."""
    from asrcli.digest.search import identify

    with store_in(out) as store:
        wanted = identify(identity)
        if store.find(wanted) is None:
            raise InputError(f"{wanted} was never seen: `asr digest search` finds what was")
        with store:
            store.give_feedback(wanted, "" if undo else name)


def week_of(text: str) -> tuple[int, int]:
    """Return year and number of an ISO week; raise `UsageError` where there is no such week."""
    found = re.fullmatch(r"(\d{4})-W(\d{2})", text)
    try:
        if found is None:
            raise ValueError(text)
        date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError as error:
        raise UsageError(f"--week {text!r} is not a week: write YYYY-Www, as in 2026-W17") from error
    return int(found[1]), int(found[2])


Undo = Annotated[bool, typer.Option("--undo", help="Take the mark off again.")]


@app.command("star")
def star(identity: Id, out: Out = OUT, undo: Undo = False) -> None:
    """Rank what resembles this item higher from the next run on."""
    mark(identity, out, "star", undo)


@app.command("hide")
def hide(identity: Id, out: Out = OUT, undo: Undo = False) -> None:
    """Leave this item out from the next run on."""
    mark(identity, out, "hide", undo)


@app.command("status")
def status(out: Out = OUT, day: Day = None) -> None:
    """Show how every source ended on the last day, or on one day."""
    with store_in(out) as store:
        days = store.days()
        wanted = day_of(day).isoformat() if day else (days[-1] if days else "")
        rows = store.runs(wanted)
        if not rows:
            raise InputError(f"no run of {wanted or 'any day'} in {out}; days: {', '.join(days[-5:]) or 'none'}")
        for source, state, evidence in rows:
            tell(f"{wanted}\t{source}\t{state}\t{evidence}")


@app.command("prune")
def prune(
    out: Out = OUT,
    keep: int = typer.Option(90, "--days", min=30, help="The days that can still be run again exactly."),
) -> None:
    """Make digest.sqlite smaller; nothing that was seen becomes news again."""
    path = out / "digest.sqlite"
    with store_in(out) as store:
        before = path.stat().st_size
        days = store.days()
        newest = date.fromisoformat(days[-1]) if days else date.today()
        store.prune(newest - timedelta(days=keep))
    tell(f"{path}\t{before} bytes\t{path.stat().st_size} bytes")


@app.command("ideas")
def ideas(
    out: Out = OUT, week: Annotated[str | None, typer.Option(help="An ISO week, 2026-W17. Default: all days.")] = None
) -> None:
    """Print the ideas of all days or of a week: day, id, title, sentences, and where each stands in the abstract."""
    from asrcli.digest.pages.rolling import name_of, week_of_day

    if week is not None:
        week_of(week)
    editions = editions_in(out)
    for edition in editions:
        if week is None or week == name_of(week_of_day(edition.day)):
            for idea in edition.ideas:
                said = " ".join(claim.text for claim in idea.claims)
                places = " ".join(f"{claim.start}–{claim.end}" for claim in idea.claims)
                tell(f"{edition.day}\t{idea.id}\t{idea.title}\t{said}\t{places}")


@app.command("week")
def week(
    out: Out = OUT,
    wanted: Annotated[str | None, typer.Option("--week", help="An ISO week, 2026-W17. Default: the newest.")] = None,
    force: Force = False,
) -> None:
    """Write the summary of a week: its ideas, what was reported, and its topics beside those of the weeks before."""
    from asrcli.digest.pages.rolling import name_of, week_of_day, week_page

    editions = editions_in(out)
    chosen = week_of(wanted) if wanted else week_of_day(editions[0].day)
    if not any(week_of_day(one.day) == chosen for one in editions):
        raise InputError(f"no day of {name_of(chosen)} in {out}; the newest is {editions[0].day}")
    Files(force).tell({out / "weekly" / f"{name_of(chosen)}.md": week_page(editions, chosen)})


@app.command("doctor")
def doctor(
    out: Out = OUT,
    example: bool = typer.Option(False, "--example", help="Print an example of digest.toml and stop."),
) -> None:
    """Say what is there: settings, tokens (set or not, never their value), voices."""
    if example:
        print(EXAMPLE, end="")
        return

    own = out / "digest.toml"
    settings = settings_for(out, None)
    tell(f"settings\t{own if own.is_file() else 'built-in'}")
    tell(f"categories\t{', '.join(settings.categories)}")
    tell(f"phrases\t{', '.join(settings.phrases)}")
    tell(f"other topics\t{', '.join(settings.other_topics)}")
    tell(f"feeds\t{len(settings.feeds)}; repositories {len(settings.releases)}; interests {len(settings.interests)}")
    for name in ("ASR_X_TOKEN", "ASR_LLM_KEY"):
        tell(f"{name}\t{'set' if os.environ.get(name) else 'not set'}")
    from asrcli.digest.podcast.espeak import library

    found = library()
    tell(f"espeak-ng\t{found[0] if found else 'not found: apt-get install espeak-ng, or pip install espeakng-loader'}")
    tell(f"flite\t{shutil.which('flite') or 'not found'}")
    tell(f"store\t{out / 'digest.sqlite' if (out / 'digest.sqlite').is_file() else 'none yet'}")


@app.command("import")
def import_list(
    kind: Annotated[str, typer.Argument(metavar="opml|bibtex|awesome-asr", help="What the file is.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file, or the folder of a tracker's daily JSON files.")
    ],
    out: Out = OUT,
    force: Force = False,
) -> None:
    """Print lines for digest.toml (OPML: feeds; BibTeX: authors), or take over a tracker's days."""
    from asrcli.digest.tracker import import_days, read_authors

    match kind:
        case "opml":
            _print_feeds(file)
        case "bibtex":
            _print_list("authors", read_authors(file))
        case "awesome-asr":
            files = Files(force)
            for day, papers in import_days(file, out, settings_for(out, None), files):
                tell(f"{day}\t{papers} papers")
            files.check()
        case _:
            raise UsageError(f"import {kind!r}: write opml or bibtex (or awesome-asr)")


def _print_feeds(file: Path) -> None:
    from asrcli.digest.sources.feeds import read_opml_file

    feeds = [url for _, url in read_opml_file(file)]
    asked = [url for url in feeds if url.lower().startswith("https:")]
    _print_list("feeds", asked)
    for url in feeds:
        if url not in asked:
            complain(f"asr: left out, because only https is asked: {url}")


def _print_list(name: str, values: Sequence[str]) -> None:
    """Print a list of texts as a setting in TOML, for whose basic strings JSON's escapes are right."""
    tell(f"{name} = [\n" + "".join(f"  {json.dumps(one, ensure_ascii=False)},\n" for one in values) + "]")
    complain(f"asr: {count_of(values, name.removesuffix('s'))}: put these lines into digest.toml")
