"""``asr digest mindmap``, ``feed``, ``mail``, ``readme`` and the like: what is made of days that are written."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.base.console import complain, tell
from asrcli.cli.commands.digest.daily import fail_on, settings_for, web_for
from asrcli.cli.commands.digest.options import OUT, Force, Out, app, day_of, editions_in, load_board, store_in
from asrcli.digest.versions import Files
from asrcli.errors import EngineUnavailable, InputError, UsageError
from asrcli.outputs.ledger import check_replaceable, write_ours
from asrcli.outputs.targets import File, check_targets, reads, writes

if TYPE_CHECKING:
    from asrcli.digest.edition import Edition
    from asrcli.digest.papers.reading import Reading


@app.command("mindmap")
def mindmap(
    out: Out = OUT,
    days: int = typer.Option(30, min=1, help="How many days, counted back from the newest."),
    force: Force = False,
) -> None:
    """Draw the days as a tree: mindmap.html (one file, no request), mindmap.md (opens in markmap) and mindmap.opml."""
    from asrcli.digest.mindmap import build_tree, mindmap_html, outline_markdown, outline_opml

    editions = editions_in(out, days)
    tree = build_tree(editions, f"{editions[0].title}: {editions[-1].day} to {editions[0].day}")
    pages = {
        out / "mindmap.html": mindmap_html(tree, editions[0].language),
        out / "mindmap.md": outline_markdown(tree),
        out / "mindmap.opml": outline_opml(tree),
    }
    Files(force).tell(pages)


@app.command("feed")
def feed(
    out: Out = OUT,
    opml: bool = typer.Option(False, "--opml", help="Also write sources.opml, the feeds that are followed."),
    force: Force = False,
) -> None:
    """Write feed.xml (Atom), feed.json and the rolling pages again from the days that are there."""
    from asrcli.digest.pages.feeds import sources_opml
    from asrcli.digest.pages.rolling import write_rolling

    editions_in(out, 1)
    files = Files(force)
    written = write_rolling(out, files)
    if opml and files.write(out / "sources.opml", sources_opml(settings_for(out, None))):
        written.append("sources.opml")
    for name in written:
        tell(out / name)
    files.check()


@app.command("mail")
def mail(
    out: Out = OUT,
    day: str | None = typer.Option(None, "--date", help="The day. Default: the newest."),
    eml: Path | None = typer.Option(None, "--eml", help="Write to this file. Default: standard output."),
    sender: str = typer.Option("", "--from", help="Address of the sender."),
    to: str = typer.Option("", help="Address of the reader."),
    force: Force = False,
) -> None:
    """Write a verified day as a message of text and HTML, for a mail program: asr digest mail --to ME | sendmail -t."""
    from asrcli.digest.pages.feeds import day_message

    for option, address in (("--from", sender), ("--to", to)):
        if address and not re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", address):
            raise UsageError(f"{option} {address!r} is not an address: write name@example.org")
    check_targets(writes(eml=eml), reads("the digest", out / "digest.sqlite"))
    check_replaceable([eml], force=force)
    message = day_message(verified_edition(out, day), sender, to)
    if eml is None or str(eml) == "-":
        sys.stdout.buffer.write(message)
        return
    write_ours(eml, message, force=force)
    tell(eml)


@app.command("demo")
def demo(
    out: Path = typer.Option(Path("digest-demo"), "--out", "-o", help="A folder that holds no digest."),
    force: Force = False,
) -> None:
    """Write a week of made-up news into a folder, to look at without a network."""
    from asrcli.digest.demo import write_demo

    if (out / "digest.sqlite").exists():
        raise UsageError(f"--out {out} holds a digest already: name another folder")
    files = Files(force)
    days = write_demo(out, files)
    for path in (out / "daily" / f"{days[-1]}.html", out / "ideas.md", out / "feed.xml"):
        tell(path)
    files.check()


@app.command("readme")
def readme(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A README with <!-- digest:NAME:start --> and <!-- digest:NAME:end -->."),
    ],
    out: Out = OUT,
    leaderboard: Path | None = typer.Option(None, help="A board (JSON, CSV). Default: that of `asr leaderboard`."),
) -> None:
    """Replace the blocks papers, models, ideas, status and leaderboard of a README."""
    from asrcli.digest.pages.readme import update_readme

    check_targets([File("the README", str(file))], reads("--leaderboard", leaderboard))
    done = update_readme(file, editions_in(out, 30), lambda: load_board(leaderboard))
    complain(f"asr: {file}: {', '.join(done)}")


@app.command("podcast")
def podcast(
    out: Out = OUT,
    day: str | None = typer.Option(None, "--date", help="The day. Default: the newest."),
    minutes: float = typer.Option(5.0, min=0.5, max=60, help="The longest the show may be; a quiet day is shorter."),
    voice: str | None = typer.Option(None, help="espeak-ng, flite, kokoro or piper. Default: the best that is there."),
    voice_dir: Path | None = typer.Option(None, help="A folder with voices of Kokoro or Piper."),
    kind: str = typer.Option("mp3", "--format", "-f", help="mp3, opus or m4a."),
    selfcheck: bool = typer.Option(
        False, "--selfcheck", help="Transcribe and align the episode; report what is misheard."
    ),
    engine: str = typer.Option("auto", "--engine", "-e", help="The engine that transcribes it."),
    force: Force = False,
) -> None:
    """Speak a verified day: sound with chapters, transcript with word times, show notes and podcast.xml."""
    from asrcli.digest.podcast.episode import FORMATS, write_episode
    from asrcli.digest.podcast.feed import write_feed
    from asrcli.digest.podcast.lexicon import load_lexicon
    from asrcli.digest.podcast.script import script_markdown, write_script
    from asrcli.digest.podcast.selfcheck import check_times, listen, report_markdown
    from asrcli.digest.podcast.speech import choose_voice

    if kind not in FORMATS:
        raise UsageError(f"--format {kind!r} is not one of {', '.join(FORMATS)}")
    edition = verified_edition(out, day)
    script, files = write_script(edition, minutes), Files(force)
    try:
        speaker = choose_voice(voice, voice_dir)
    except EngineUnavailable as error:
        if voice is not None:
            raise
        complain(f"asr: no audio: {error}")
        files.tell({out / "podcast" / f"{edition.day}.script.md": script_markdown(script)})
        return
    together = (kind, "chapters.json", "vtt", "episode.json")  # all of them are made, or none
    check_replaceable([out / "podcast" / f"{edition.day}.{one}" for one in together], force=force)
    episode, show = write_episode(out, script, speaker, kind, files)
    tell(out / "podcast" / episode.file)
    settings = settings_for(out, None)
    tell(write_feed(out, settings, files))
    if not settings.site:
        complain("asr: no `site` in digest.toml: podcast apps need the address the folder is published at")
    if selfcheck:
        sound = out / "podcast" / episode.file
        own = load_lexicon(out / "lexicon.tsv")
        heard = listen(sound, script, engine, own, settings.language)
        for line in heard.warnings:
            complain(f"asr: {line}")
        path = out / "podcast" / f"{edition.day}.heard.md"
        if files.write(path, report_markdown(heard, check_times(sound, show.cues, own))):
            tell(path)
        if heard.warning:
            complain(f"asr: {heard.warning}: {path}")
    files.check()


def verified_edition(out: Path, day: str | None) -> Edition:
    """Return one day, after checking it.

    Raises:
        CheckFailed: it does not verify; nothing is spoken that has no proof.
    """
    from asrcli.digest.run import load_edition
    from asrcli.digest.verify import verify_day

    wanted = day_of(day).isoformat() if day else editions_in(out, 1)[0].day
    with store_in(out) as store:
        fail_on(verify_day(out, wanted, store).problems, wanted)
    return load_edition(out, wanted)


@app.command("paper")
def paper(
    what: Annotated[str, typer.Argument(metavar="ARXIV_ID|FILE", help="An arXiv id, or a paper as PDF, HTML or text.")],
    out: Out = OUT,
    replay: Path | None = typer.Option(None, help="Answer from recorded files and open no connection."),
    offline: bool = typer.Option(False, "--offline", help="Use only what the digest already holds."),
    citations: bool = typer.Option(False, "--citations", help="Also ask Semantic Scholar who cites it."),
    force: Force = False,
) -> None:
    """Write a page on one paper: its claim in a line, what carries it, what it rests on, what would show it wrong."""
    from asrcli.digest.papers.files import paths_of, write_card
    from asrcli.digest.papers.reading import read_file

    path = Path(what)
    if path.is_file():
        name = path.stem
        made = [File("the page", str(one)) for one in paths_of(out, name).values()]
        check_targets(made, reads("the paper", path))
        reading = read_file(path)
    else:
        reading = look_up_paper(what, out, replay, offline, citations)
        name = reading.identity
    for page in write_card(out, reading, name, force):
        tell(page)
    if reading.identity:
        link_days(out, f"arxiv:{reading.identity}", force)


def link_days(out: Path, identity: str, force: bool) -> None:
    """Write the day again that reported a paper, so that it links the paper's page."""
    from asrcli.digest.run import load_edition, write_pages
    from asrcli.digest.store import open_store

    if not (out / "digest.sqlite").is_file():
        return
    with closing(open_store(out / "digest.sqlite")) as store:
        known = store.find(identity)
    if known is not None and known.day:
        write_pages(out, load_edition(out, known.day), Files(force))


def look_up_paper(what: str, out: Path, replay: Path | None, offline: bool, citations: bool) -> Reading:
    """Return a paper as HTML from arXiv, else its abstract from the store or from arXiv.

    Raises:
        UsageError: neither an arXiv id nor a file.
        InputError: it is not in the store and could not be read.
    """
    from asrcli.digest.items import arxiv_id
    from asrcli.digest.papers.fetch import citations as ask_citations
    from asrcli.digest.papers.fetch import read_whole_paper
    from asrcli.digest.papers.reading import read_item
    from asrcli.digest.sources import Task
    from asrcli.digest.sources.arxiv import look_up
    from asrcli.web.client import RecordedWeb

    found = arxiv_id(what)
    if found is None:
        raise UsageError(f"{what!r} is neither an arXiv id nor a file")
    day = day_of(None)
    task = Task(day, RecordedWeb([], "the digest (--offline)") if offline else web_for(day, out, replay, False))
    known = None
    if (out / "digest.sqlite").is_file():
        with store_in(out) as store:
            known = store.find(f"arxiv:{found[0]}")
    if known is None:
        report = look_up(task, [found[0]], "arxiv API")
        items = [item for item in report.items if item.id == f"arxiv:{found[0]}"]
        if not items:
            raise InputError(f"arXiv:{found[0]} could not be read: {report.evidence}")
    reading = read_item(known.item if known else items[0])
    if not offline:
        reading = read_whole_paper(task, reading)
    return replace(reading, citations=ask_citations(task, found[0])) if citations else reading
