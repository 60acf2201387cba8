"""``asr leaderboard``: what is published, dated and with its sources, and runs measured here beside it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.base.console import complain, harmless, table_console, tell
from asrcli.cli import apps
from asrcli.cli.groups import day_in, grouped, words
from asrcli.errors import InputError, UsageError
from asrcli.outputs.targets import File, ReportPaths, check_targets, reads, writes

if TYPE_CHECKING:
    from asrcli.leaderboard.tables import Table

Output = Path | None
Force = Annotated[bool, typer.Option("--force", help="Replace reports that were edited, and files of others.")]
Tables = Annotated[
    list[str] | None, typer.Option("--table", "-t", help="Tables (see `asr leaderboard tables`). Default: english.")
]
Day = Annotated[str | None, typer.Option("--date", help="The version of this day or the last before it, YYYY-MM-DD.")]


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Which tables, of which day."""

    table: Tables = None
    date: Day = None


@dataclass(frozen=True, kw_only=True)
class ViewOptions:
    """Which rows and columns, and their order."""

    top: int | None = typer.Option(None, min=0, help="How many rows; 0 shows all. Default: 20, of --html all.")
    sets: str | None = typer.Option(None, help="Average over these test sets only, comma-separated.")
    without: str | None = typer.Option(None, help="Leave these test sets out, comma-separated.")
    language: str | None = typer.Option(None, "--language", "-l", help="Only test sets of this language.")
    licence: str | None = typer.Option(None, "--licence", "--license", help="Only models whose licence contains this.")
    only_open: bool = typer.Option(False, "--open", help="Only models with open weights.")
    min_size: float | None = typer.Option(None, min=0, help="Least size, in billions of parameters.")
    max_size: float | None = typer.Option(None, min=0, help="Greatest size, in billions of parameters.")
    min_rtfx: float | None = typer.Option(None, min=0, help="Least speed (RTFx), in seconds of audio per second.")
    search: str | None = typer.Option(None, help="Only models whose name contains this.")
    sort: str = typer.Option("average", help="average, rtfx, size, model or a test set.")
    mix: bool = typer.Option(False, "--mix", help="Rank rows of different protocols against each other.")
    add: list[Path] | None = typer.Option(
        None, metavar="RUN", help="Place a run of `asr bench`, or a folder of them, beside the rows."
    )


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Where reports go."""

    json_path: Output = typer.Option(None, "--json", help="Write JSON; - is standard output.")
    csv_path: Output = typer.Option(None, "--csv", help="Write CSV; - is standard output.")
    markdown_path: Output = typer.Option(
        None, "--markdown", help="Write Markdown between the markers of FILE; - is standard output."
    )
    html_path: Output = typer.Option(None, "--html", help="Write a page to look at, in one file.")
    plot: Output = typer.Option(None, help="Draw accuracy against speed: FILE.png, .svg or .pdf.")
    force: Force = False
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print no table.")

    @property
    def paths(self) -> ReportPaths:
        """The files of the reports."""
        return ReportPaths(self.json_path, self.csv_path, self.markdown_path, self.html_path, self.plot)


app = apps.app()
DEFAULT = "english"


@app.callback(invoke_without_command=True)
@grouped
def leaderboard(
    context: typer.Context,
    which: TableOptions,
    rows: ViewOptions,
    reports: ReportOptions,
) -> None:
    """Show what is published about recognisers, dated and with its sources, and place your own runs beside it.

    Averages are computed here, and rows that lack a test set get no rank. Nothing is asked of the network: see update.

    Examples: asr leaderboard --open --max-size 1 · asr leaderboard -t multilingual -l de ·
    asr leaderboard --sets ami,earnings22 --plot speed.svg · asr leaderboard --add run.jsonl
    """
    if context.invoked_subcommand is not None:
        return

    from asrcli.datasets.results import run_paths
    from asrcli.leaderboard.ranking import arrange
    from asrcli.leaderboard.reports import report
    from asrcli.leaderboard.runs import merge_rows, place_runs, sets_of
    from asrcli.leaderboard.snapshot import load, newer_than
    from asrcli.leaderboard.view import View
    from asrcli.reports.written import check_reports

    paths = reports.paths
    check_reports(paths, blocks=True, force=reports.force)
    added = run_paths(rows.add or [])
    check_targets(writes(**paths._asdict()), reads("a run", *added))
    tables = [load(name, day_of(which.date)) for name in dict.fromkeys(which.table or [DEFAULT])]
    runs = place_runs(added, tables[0])
    view = View(
        words(rows.sets) or sets_of(runs, tables), words(rows.without), rows.language, rows.licence, rows.only_open,
        rows.min_size, rows.max_size, rows.min_rtfx, rows.search, rows.sort, rows.mix,
    )  # fmt: skip
    board = arrange(tables, view, merge_rows(runs))
    if which.table is None and which.date is None and (newer := newer_than(tables[0])):
        board = replace(board, notes=(*board.notes, newer))
    report(board, rows.top, runs, paths, force=reports.force, quiet=reports.quiet)


def day_of(text: str | None) -> str | None:
    """Return a day as it stands in the names of versions."""
    return day_in(text).isoformat() if text is not None else None


@app.command()
def tables(
    json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """List the tables and their versions: who stands behind them, how many models, which test sets."""
    from asrcli.leaderboard.terminal import show_tables

    show_tables(as_json=json)


@app.command()
def check(
    table: Tables = None,
    date: Day = None,
    json: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """Recompute tables and list what is wrong or fragile in them, such as ranks that hang on one test set."""
    from asrcli.leaderboard.defects import find_defects
    from asrcli.leaderboard.snapshot import load
    from asrcli.leaderboard.terminal import show_defects

    chosen: list[Table] = [load(name, day_of(date)) for name in dict.fromkeys(table or [DEFAULT])]
    found = [(one.name, defect) for one in chosen for defect in find_defects(one)]
    if json:
        facts = [{"table": name, "finding": one.fault, "model": one.model, "text": one.text} for name, one in found]
        print(dumps(facts, ensure_ascii=False, indent=1))
    else:
        show_defects(found, table_console())


@app.command()
def update(
    names: Annotated[list[str] | None, typer.Argument(metavar="TABLE", help="Default: all live tables.")] = None,
    replay: Path | None = typer.Option(None, help="Answer from recorded files in this folder and open no connection."),
) -> None:
    """Read the live tables of the hub. What has changed becomes a new version; no version is ever lost.

    Versions are kept in the user's data folder, or in ASR_LEADERBOARD.
    """
    from asrcli.leaderboard.update import feeds
    from asrcli.leaderboard.update import update as run
    from asrcli.web.client import replayed
    from asrcli.web.live import LiveWeb

    known = [feed.name for feed in feeds()]
    if unknown := [name for name in names or [] if name not in known]:
        raise UsageError(f"there is no live table '{unknown[0]}': choose {', '.join(known)}")
    failed = total = 0
    for outcome in run(LiveWeb() if replay is None else replayed(replay), tuple(names or ())):
        total += 1
        failed += outcome.state == "failed"
        if outcome.state == "failed":
            complain(f"asr: {outcome.name}: {outcome.text}")
        else:
            tell(f"{outcome.name}: {outcome.text}" + (f" ({outcome.path})" if outcome.path else ""))
    if failed:
        raise InputError(f"{failed} of {total} live tables could not be read; the versions that are here are kept")


@app.command()
def score(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Manifests of the leaderboard, or run records.")],
    language: str = typer.Option("en", "--language", "-l", help="Code; decides on the normaliser."),
    write: bool = typer.Option(False, "--write", help="Write NAME.score.json beside each manifest."),
    eval_results: Path | None = typer.Option(
        None, metavar="DIR", help="Write DIR/.eval_results, for the model's repository."
    ),
    force: Force = False,
    json: bool = typer.Option(False, "--json", help="As JSON."),
    csv: bool = typer.Option(False, "--csv", help="As CSV."),
) -> None:
    """Score the Open ASR Leaderboard's manifests, MODEL_owner-name_DATASET_path_name_split.jsonl, as it does itself."""
    from asrcli.base.languages import language_code
    from asrcli.leaderboard import reports, submission
    from asrcli.leaderboard.scores import score_facts, score_folder
    from asrcli.outputs.ledger import write_ours

    scores = score_folder(folder, language_code(language))
    made = [Path(one.file).with_suffix(".score.json") for one in scores] if write else []
    made += [eval_results / submission.FILE] if eval_results is not None else []
    check_targets([File("the output", str(path)) for path in made], reads("a manifest", *(one.file for one in scores)))
    for one in scores:
        for note in one.notes:
            complain(f"asr: {one.file}: {note}")
        if write:
            facts = dumps(score_facts(one), indent=2) + "\n"
            write_ours(Path(one.file).with_suffix(".score.json"), facts, force=force)
    if json:
        sys.stdout.write(harmless(reports.scores_json(scores)))
    elif csv:
        sys.stdout.write(harmless(reports.scores_csv(scores)))
    else:
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
    out: Path = typer.Option(Path("results"), "--out", "-o", help="Folder for the manifests."),
    model: str | None = typer.Option(None, help="The model's id on the hub, owner/name."),
    dataset: str | None = typer.Option(None, help="path_name_split, as in the names of manifests."),
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
    only_open: bool = typer.Option(False, "--open", help="Only models with open weights."),
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
