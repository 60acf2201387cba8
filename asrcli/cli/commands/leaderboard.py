"""``asr leaderboard``: what is published, dated and with its sources, and runs measured here beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.base.console import complain, harmless, tell
from asrcli.cli import apps
from asrcli.errors import InputError, UsageError
from asrcli.outputs.targets import File, ReportPaths, check_targets, reads, writes

if TYPE_CHECKING:
    from asrcli.leaderboard.tables import Table
    from asrcli.web.client import Web

app = apps.app()
Output = Path | None
Force = Annotated[bool, typer.Option("--force", help="Replace reports that were edited, and files of others.")]
DEFAULT = "english"
Tables = Annotated[
    list[str] | None, typer.Option("--table", "-t", help="Tables (see `asr leaderboard tables`). Default: english.")
]
Day = Annotated[str | None, typer.Option("--date", help="The version of this day or the last before it, YYYY-MM-DD.")]


@app.callback(invoke_without_command=True)
def leaderboard(
    context: typer.Context,
    table: Tables = None,
    date: Day = None,
    top: Annotated[int, typer.Option(min=0, help="How many rows; 0 shows all.")] = 20,
    sets: Annotated[str | None, typer.Option(help="Average over these test sets only, comma-separated.")] = None,
    without: Annotated[str | None, typer.Option(help="Leave these test sets out, comma-separated.")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Only test sets of this language.")] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", "--license", help="Only models whose licence contains this.")
    ] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only models with open weights.")] = False,
    min_size: Annotated[float | None, typer.Option(min=0, help="At least so many billion parameters.")] = None,
    max_size: Annotated[float | None, typer.Option(min=0, help="At most so many billion parameters.")] = None,
    min_rtfx: Annotated[
        float | None, typer.Option(min=0, help="At least so many seconds of audio in a second.")
    ] = None,
    search: Annotated[str | None, typer.Option(help="Only models whose name contains this.")] = None,
    sort: Annotated[str, typer.Option(help="average, rtfx, size, model or a test set.")] = "average",
    mix: Annotated[bool, typer.Option("--mix", help="Rank rows of different protocols against each other.")] = False,
    add: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN", help="Place a run of `asr bench`, or a folder of them, beside the rows."),
    ] = None,
    json_path: Annotated[Output, typer.Option("--json", help="Write JSON; - is standard output.")] = None,
    csv_path: Annotated[Output, typer.Option("--csv", help="Write CSV; - is standard output.")] = None,
    markdown_path: Annotated[
        Output,
        typer.Option("--markdown", help="Write Markdown between the markers of FILE; - is standard output."),
    ] = None,
    html_path: Annotated[Output, typer.Option("--html", help="Write a page to look at, in one file.")] = None,
    plot: Annotated[Output, typer.Option(help="Draw accuracy against speed: FILE.png, .svg or .pdf.")] = None,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no table.")] = False,
) -> None:
    """Show what is published about recognisers, dated and with its sources, and place your own runs beside it.

    Averages are computed here, and rows that lack a test set get no rank. Nothing is asked of the network: see update.

    Examples: asr leaderboard --open --max-size 1 · asr leaderboard -t multilingual -l de ·
    asr leaderboard --sets ami,earnings22 --plot speed.svg · asr leaderboard --add run.jsonl
    """
    if context.invoked_subcommand is not None:
        return
    from dataclasses import replace

    from asrcli.datasets.results import run_paths
    from asrcli.leaderboard.listing import newer_than
    from asrcli.leaderboard.output import report
    from asrcli.leaderboard.ranking import arrange
    from asrcli.leaderboard.runs import merge_rows, place_runs, sets_of
    from asrcli.leaderboard.snapshot import load
    from asrcli.leaderboard.view import View
    from asrcli.reports.written import check_reports

    paths = ReportPaths(json_path, csv_path, markdown_path, html_path, plot)
    check_reports(paths, blocks=True, force=force)
    if plot is not None:
        from asrcli.reports.plot import check_plot

        check_plot(plot)
    added = run_paths(add or [])
    check_targets(writes(**paths._asdict()), reads("a run", *added))
    tables = [load(name, day_of(date)) for name in dict.fromkeys(table or [DEFAULT])]
    runs = place_runs(added, tables[0])
    view = View(
        words(sets) or sets_of(runs, tables),
        words(without),
        language,
        licence,
        only_open,
        min_size,
        max_size,
        min_rtfx,
        search,
        sort,
        mix,
    )
    board = arrange(tables, view, merge_rows(runs))
    if table is None and date is None and (newer := newer_than(tables[0])):
        board = replace(board, notes=(*board.notes, newer))
    report(board, top, runs, paths, force=force, quiet=quiet)


def words(text: str | None) -> tuple[str, ...]:
    """Return the words of a comma-separated option."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def day_of(text: str | None) -> str | None:
    """Return a day as it stands in the names of versions.

    Raises:
        UsageError: it is none.
    """
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--date {text!r} is not a day: write YYYY-MM-DD") from None


@app.command()
def tables(
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the tables and their versions: who stands behind them, how many models, which test sets."""
    from asrcli.leaderboard.listing import show_tables

    show_tables(as_json=json)


@app.command()
def check(
    table: Tables = None,
    date: Day = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Recompute tables and list what is wrong or fragile in them, such as ranks that hang on one test set."""
    from asrcli.base.console import table_console
    from asrcli.leaderboard.defects import find_defects
    from asrcli.leaderboard.snapshot import load
    from asrcli.leaderboard.terminal import show_defects

    chosen: list[Table] = [load(name, day_of(date)) for name in dict.fromkeys(table or [DEFAULT])]
    found = [(one.name, defect) for one in chosen for defect in find_defects(one)]
    if json:
        from json import dumps

        facts = [{"table": name, "finding": one.fault, "model": one.model, "text": one.text} for name, one in found]
        print(dumps(facts, ensure_ascii=False, indent=1))
    else:
        show_defects(found, table_console())


@app.command()
def update(
    names: Annotated[list[str] | None, typer.Argument(metavar="TABLE", help="Default: all live tables.")] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Answer from recorded files in this folder and open no connection.")
    ] = None,
) -> None:
    """Read the live tables of the hub. What has changed becomes a new version; no version is ever lost.

    Versions are kept in the user's data folder, or in ASR_LEADERBOARD.
    """
    from asrcli.leaderboard.update import feeds
    from asrcli.leaderboard.update import update as run

    known = [feed.name for feed in feeds()]
    if unknown := [name for name in names or [] if name not in known]:
        raise UsageError(f"there is no live table '{unknown[0]}': choose {', '.join(known)}")
    failed = total = 0
    for outcome in run(web_for(replay), tuple(names or ())):
        total += 1
        failed += outcome.state == "failed"
        if outcome.state == "failed":
            complain(f"asr: {outcome.name}: {outcome.text}")
        else:
            tell(f"{outcome.name}: {outcome.text}" + (f" ({outcome.path})" if outcome.path else ""))
    if failed:
        raise InputError(f"{failed} of {total} live tables could not be read; the versions that are here are kept")


def web_for(replay: Path | None) -> Web:
    """Return the network, or a recording of it."""
    from asrcli.web.client import WebError, load_records

    if replay is None:
        from asrcli.web.live import LiveWeb

        return LiveWeb()
    if not replay.is_dir():
        raise UsageError(f"--replay {replay}: there is no such folder")
    try:
        return load_records(replay)
    except WebError as error:
        raise InputError(f"--replay {replay}: {error}") from error


@app.command()
def score(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Manifests of the leaderboard, or run records.")],
    language: Annotated[str, typer.Option("--language", "-l", help="Code; decides on the normaliser.")] = "en",
    write: Annotated[bool, typer.Option("--write", help="Write NAME.score.json beside each manifest.")] = False,
    eval_results: Annotated[
        Output,
        typer.Option("--eval-results", metavar="DIR", help="Write DIR/.eval_results, for the model's repository."),
    ] = None,
    force: Force = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
) -> None:
    """Score the Open ASR Leaderboard's manifests, MODEL_owner-name_DATASET_path_name_split.jsonl, as it does itself."""
    from asrcli.base.languages import language_code
    from asrcli.leaderboard import reports, submission
    from asrcli.leaderboard.scores import score_folder
    from asrcli.outputs.ledger import write_ours

    scores = score_folder(folder, language_code(language))
    made = [Path(one.file).with_suffix(".score.json") for one in scores] if write else []
    made += [eval_results / submission.FILE] if eval_results is not None else []
    check_targets([File("the output", str(path)) for path in made], reads("a manifest", *(one.file for one in scores)))
    for one in scores:
        for note in one.notes:
            complain(f"asr: {one.file}: {note}")
        if write:
            write_ours(Path(one.file).with_suffix(".score.json"), reports.score_json(one), force=force)
    if json:
        sys.stdout.write(harmless(reports.scores_json(scores)))
    elif csv:
        sys.stdout.write(harmless(reports.scores_csv(scores)))
    else:
        from asrcli.base.console import table_console
        from asrcli.leaderboard.terminal import show_scores

        show_scores(scores, table_console())
    if eval_results is not None:
        report = submission.eval_results(scores)
        write_ours(eval_results / submission.FILE, report.text, force=force)
        for line in report.missing:
            complain(f"asr: {submission.FILE} does not hold {line}")
        complain(f"asr: {eval_results / submission.FILE}")


@app.command()
def export(
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN", help="Run records of `asr bench`, or folders of them.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the manifests.")] = Path("results"),
    model: Annotated[str | None, typer.Option(help="The model's id on the hub, owner/name.")] = None,
    dataset: Annotated[str | None, typer.Option(help="path_name_split, as in the names of manifests.")] = None,
    force: Force = False,
) -> None:
    """Write run records as the Open ASR Leaderboard's manifests, ready to be submitted."""
    from asrcli.datasets.results import run_paths
    from asrcli.leaderboard.manifests import manifests_of
    from asrcli.outputs.ledger import check_replaceable, write_ours

    if not runs:
        raise UsageError("nothing to export: name run records of `asr bench`, asr leaderboard export RUN.jsonl")
    paths = run_paths(runs)
    made = manifests_of(paths, out, model, dataset)
    check_targets([File("the output", str(target)) for target in made], reads("a run", *paths))
    check_replaceable(made, force=force)
    for target, text in made.items():
        write_ours(target, text, force=force)
        tell(target)


@app.command()
def readme(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Holds <!-- leaderboard-top10-start --> and <!-- leaderboard-top10-end -->."
        ),
    ],
    table: Tables = None,
    date: Day = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only models with open weights.")] = False,
) -> None:
    """Rewrite the first ten of the leaderboard between two markers of a README; nothing else in it changes."""
    from asrcli.leaderboard.markdown import write_block
    from asrcli.leaderboard.ranking import arrange
    from asrcli.leaderboard.snapshot import load
    from asrcli.leaderboard.view import View
    from asrcli.reports.blocks import TopRow, top_block

    names = list(dict.fromkeys(table or [DEFAULT]))
    if len(names) > 1:
        raise UsageError("readme: one --table, since ranks of different tables cannot be mixed in a top ten")
    board = arrange([load(names[0], day_of(date))], View(open_only=only_open))
    ranked = [
        TopRow(one.row.model, one.average, one.row.is_open is True)
        for one in board.standings
        if one.rank and one.average is not None
    ]
    changed = write_block(file, top_block(ranked, board.tables[0].day, board.source))
    complain(f"asr: {file}: {'rewritten' if changed else 'unchanged'}, data of {board.tables[0].day}")
