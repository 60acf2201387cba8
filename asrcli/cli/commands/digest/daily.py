"""``asr digest run`` and ``verify``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.base.console import complain, tell
from asrcli.cli.commands.digest.options import EPILOG, OUT, Day, Force, Out, app, day_of, load_board
from asrcli.digest.settings import SOURCES, Settings, load_settings
from asrcli.digest.versions import Files
from asrcli.errors import AsrError, CheckFailed, InputError, UsageError

if TYPE_CHECKING:
    from asrcli.digest.run import Writer
    from asrcli.digest.store import Store
    from asrcli.web.client import Web


def chosen(sources: str) -> list[str]:
    """Return the sources of a comma-separated list."""
    names = [name.strip() for name in sources.split(",") if name.strip()]
    for name in names:
        if name not in SOURCES:
            raise UsageError(f"--sources: {name!r} is not one of {', '.join(SOURCES)}")
    if not names:
        raise UsageError(f"--sources is empty: name some of {', '.join(SOURCES)}")
    return [name for name in SOURCES if name in names]


def settings_for(out: Path, interests: Path | None) -> Settings:
    """Return the settings of ``--interests``, of OUT/digest.toml, or the built-in ones."""
    own = out / "digest.toml"
    return load_settings(interests or (own if own.is_file() else None))


def web_for(day: date, out: Path, replay: Path | None, record: bool) -> Web:
    """Return the network, with or without a recording, or a recording alone."""
    from asrcli.web.client import Recording, replayed

    if replay is None:
        from asrcli.web.live import LiveWeb

        live = LiveWeb()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return Recording(live, out / "cache" / "http" / day.isoformat(), now) if record else live
    if record:
        raise UsageError("--record needs the network: it does not go with --replay")
    return replayed(replay / day.isoformat() if (replay / day.isoformat()).is_dir() else replay)


@app.command("run", epilog=EPILOG)
def run(
    out: Out = OUT,
    day: Day = None,
    since: str | None = typer.Option(None, help="The first of several days."),
    until: str | None = typer.Option(None, help="The last of several days. Default: today."),
    sources: str = typer.Option(",".join(SOURCES), help="Comma-separated."),
    interests: Path | None = typer.Option(None, help="Settings (TOML). Default: OUT/digest.toml when it is there."),
    replay: Path | None = typer.Option(
        None, help="Answer from recorded files (DIR or DIR/DATE) and open no connection."
    ),
    record: bool = typer.Option(
        False, "--record", help="Keep every raw answer in OUT/cache/http/DATE, without tokens."
    ),
    leaderboard: Path | None = typer.Option(
        None, help="A board (JSON, CSV) to set claims against. Default: that of `asr leaderboard`."
    ),
    x_budget: float = typer.Option(0.0, help="US dollars for posts of X; needs ASR_X_TOKEN."),
    llm: str | None = typer.Option(
        None, help="What writes summaries, behind the gate: address of a server, or canary."
    ),
    llm_model: str = typer.Option("", help="The model's name there, or its folder."),
    strict: bool = typer.Option(False, "--strict", help="Also fail (1) when the finished digest does not verify."),
    force: Force = False,
) -> None:
    """Read every source and write the digest of a day."""
    from asrcli.digest.pages.rolling import ROLLING
    from asrcli.digest.run import Plan, daily_path, run_day
    from asrcli.digest.store import Store
    from asrcli.digest.verify import verify_day
    from asrcli.outputs.targets import File, check_targets, reads

    days = span(day, since, until)
    made = [daily_path(out, one.isoformat(), kind) for one in days for kind in ("json", "md", "html")]
    made += [out / name for name in (*ROLLING, "digest.sqlite")]
    check_targets(
        [File("the page", str(path)) for path in made],
        [*reads("--interests", interests), *reads("--leaderboard", leaderboard)],
    )
    names, settings = chosen(sources), settings_for(out, interests)
    board = load_board(leaderboard)
    writer = writer_for(llm, llm_model)
    codes, files = [], Files(force)
    webs = [web_for(one, out, replay, record) for one in days]
    with closing(Store(out / "digest.sqlite")) as store:
        for one, web in zip(days, webs, strict=True):
            token = os.environ.get("ASR_X_TOKEN", "")
            edition = run_day(Plan(out, one, web, settings, names, board, token, x_budget, writer, files), store)
            codes.append(edition.exit_code)
            for source in edition.sources:
                complain(f"asr: {one} {source.name}: {source.state}: {source.evidence}")
            complain(f"asr: {one}: {edition.headline}")
            tell(out / "daily" / f"{one}.md")
            if strict:
                fail_on(verify_day(out, one.isoformat(), store).problems, one.isoformat())
    if worst := max(codes):
        raise typer.Exit(worst)
    files.check()


def span(day: str | None, since: str | None, until: str | None) -> list[date]:
    """Return the days to run, oldest first."""
    if since is None:
        if until is not None:
            raise UsageError("--until needs --since")
        return [day_of(day)]
    if day is not None:
        raise UsageError("--date and --since exclude each other")
    first, last = day_of(since, "--since"), day_of(until, "--until")
    if first > last:
        raise UsageError(f"--since {first} is after --until {last}")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def writer_for(llm: str | None, model: str) -> Writer | None:
    """Return the language model behind its gate, ``None`` without one."""
    if llm is None:
        return None
    from asrcli.digest.language_model import endpoint, rewrite

    chat, name = endpoint(llm, model, os.environ.get("ASR_LLM_KEY", ""))
    return lambda edition: rewrite(edition, chat, name)


def fail_on(problems: list[str], day: str) -> None:
    """Print every problem; raise `CheckFailed` where there is one."""
    for problem in problems:
        complain(f"asr: {day}: {problem}")
    if problems:
        raise CheckFailed(f"{day} does not verify: {len(problems)} problems")


NOTES = 3  # on other versions' pages that are said one by one


@app.command("verify", epilog=EPILOG)
def verify(
    days: Annotated[list[str] | None, typer.Argument(metavar="DATE", help="Days. Default: all of them.")] = None,
    out: Out = OUT,
) -> None:
    """Check finished digests and pages of papers again: quotes, numbers, ids and pages."""
    from asrcli.digest.papers.files import cards_in
    from asrcli.digest.store import Store
    from asrcli.digest.verify import rolling_problems

    wanted = [day_of(one, "DATE").isoformat() for one in days or []]
    wanted = wanted or sorted(path.stem for path in (out / "daily").glob("????-??-??.json"))
    cards = [] if days else sorted(cards_in(out))
    if not wanted and not cards:
        raise InputError(f"no digest in {out}: start one with `asr digest run --out {out}`")
    path = out / "digest.sqlite"
    with closing(Store(path)) if path.is_file() else nullcontext() as store:
        failed, noted = verified(out, wanted, store)
    failed_cards = sum(not card_holds(out, name) for name in cards)
    if wanted and not days and not failed:
        problems, notes = rolling_problems(out)
        for said in problems:
            complain(f"asr: {said}")
        noted += notes
        failed += bool(problems)
    if len(noted) > NOTES:
        noted = [f"{len(noted)} pages are another version's, which hold; `asr digest verify DATE` says which"]
    for said in noted:
        complain(f"asr: {said}")
    if wanted and store is None:
        complain(f"asr: {path} is not there: pages were checked against the JSON alone")
    if failed_cards:
        raise CheckFailed(f"{out} does not verify: {failed_cards} of {len(cards)} pages of papers differ")
    if failed:
        raise CheckFailed(f"{out} does not verify: {failed} of {len(wanted)} days or their rolling pages differ")


def verified(out: Path, days: Sequence[str], store: Store | None) -> tuple[int, list[str]]:
    """Check days and say what is wrong with them; return how many failed, and the notes on other versions' pages."""
    from asrcli.digest.verify import verify_day

    failed, noted = 0, list[str]()
    for day in days:
        try:
            problems, notes = verify_day(out, day, store)
        except AsrError as error:
            problems, notes = [str(error)], []
        for said in problems:
            complain(f"asr: {day}: {said}")
        noted += [f"{day}: {said}" for said in notes]
        tell(f"{day}\t{'failed' if problems else 'ok'}")
        failed += bool(problems)
    return failed, noted


def card_holds(out: Path, name: str) -> bool:
    """Check the page of one paper; say what is wrong with it, and what it could not be checked with."""
    from asrcli.digest.papers.files import TEXTS, card_problems

    try:
        problems, notes, whole = card_problems(out, name)
    except AsrError as error:
        problems, notes, whole = [str(error)], [], True
    for problem in (*problems, *notes):
        complain(f"asr: {problem}")
    if not whole:
        complain(f"asr: {TEXTS / name}.json is not there: the page of {name} was checked against its own JSON alone")
    tell(f"papers/{name}\t{'failed' if problems else 'ok'}")
    return not problems
