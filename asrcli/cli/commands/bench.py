"""``asr bench``: options in, engines measured, records written, tables out."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asrcli.base.console import Console, table_console
from asrcli.cli.commands import bench_options as options
from asrcli.cli.groups import grouped
from asrcli.errors import CheckFailed, InputError, UsageError
from asrcli.outputs.targets import File, ReportPaths, check_targets, reads, writes
from asrcli.places.addresses import settle

if TYPE_CHECKING:
    from asrcli.bench.session import Request
    from asrcli.datasets.results import RunRecord


@grouped
def bench(
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET",
            help="Folder of recordings and texts, a manifest, or a name: esb:librispeech-clean, hf:owner/name.",
        ),
    ] = None,
    *,
    runs: options.RunOptions,
    data: options.DataOptions,
    how: options.RecognitionOptions,
    what: options.FigureOptions,
    machine: options.MachineOptions,
    reports: options.ReportOptions,
) -> None:
    """Measure accuracy, speed and memory of engines on your recordings.

    Each engine runs in fresh processes. Every run is a file of JSON Lines with all that was transcribed, which `asr
    compare` reads; an interrupted run goes on where it was when the same command is given again.

    Examples: asr bench recordings -e whisper:tiny -e pocketsphinx · asr bench esb:librispeech-clean -e whisper:base
    --sample 200 --html report.html · asr bench --replay RUN.jsonl
    """
    from asrcli.bench.session import Request
    from asrcli.cli.commands.running import interrupt, interrupt_code
    from asrcli.datasets.dataset import Wanted

    settle(data.allow_host, offline=machine.offline)
    files = reports.paths
    earlier = runs.beside or []
    _check(dataset, runs.engine, earlier, runs.replay)
    _check_files(files, [*_read(dataset, earlier), *reads("an earlier run", runs.replay)], force=reports.force)
    signal.signal(signal.SIGTERM, interrupt)
    with Console(quiet=reports.quiet, verbose=reports.verbose) as console:
        wanted = Request(
            dataset=Wanted(dataset or "", data.sample, data.seed, text_column=data.text_column),
            engines=tuple(runs.engine or ()), options=how.asked(data.language), plan=what.plan(data.seed), vad=how.vad,
            told=data.language != "auto", device=machine.device, dtype=machine.compute_type,
            threads=machine.threads, workers=machine.workers, offline=machine.offline, folder=runs.out,
        )  # fmt: skip
        try:
            if runs.replay:
                code = _replay(runs.replay, wanted, files, console, yes=runs.yes, force=reports.force)
            else:
                code = _measure(wanted, earlier, files, console, force=reports.force)
        except (KeyboardInterrupt, RuntimeError) as error:
            code = interrupt_code(error)
            console.error("interrupted; the same command goes on from here")
    raise typer.Exit(code)


def _check(dataset: str | None, engines: list[str] | None, beside: list[Path], replay: Path | None) -> None:
    """Raise `UsageError` where it is not clear what is to be measured."""
    if replay and (dataset or engines):
        raise UsageError("--replay takes dataset and engine from the run: leave them out")
    if not replay and dataset is None and not beside:
        raise UsageError("nothing to measure; name a dataset and an engine: asr bench recordings --engine whisper:tiny")
    if dataset is not None and not engines:
        raise UsageError(f"no engine to measure on '{dataset}'; give --engine whisper:tiny, for example")
    if dataset is None and engines:
        raise UsageError(f"no dataset for --engine {engines[0]}; name a folder, a manifest or a hub dataset")


def _check_files(files: ReportPaths, read: list[File], *, force: bool) -> None:
    """Raise what is wrong with the reports, before anything is measured."""
    from asrcli.reports.written import check_reports

    check_targets(writes(**files._asdict()), read)
    check_reports(files, force=force)


def _read(dataset: str | None, beside: list[Path]) -> list[File]:
    """Return the files that are read: earlier runs, and what of the dataset has a name."""
    from asrcli.datasets.dataset import files_of
    from asrcli.datasets.results import run_paths

    there = [path for path in beside if os.path.exists(path)]  # those that are not fail later
    return reads("an earlier run", *run_paths(there)) + reads("part of the dataset", *files_of(dataset or ""))


def _measure(wanted: Request, beside: list[Path], files: ReportPaths, console: Console, *, force: bool) -> int:
    """Measure, show and write; return the exit code."""
    from asrcli.bench.process import EngineBug
    from asrcli.bench.session import bench as measure
    from asrcli.bench.session import exit_code
    from asrcli.bench.watching import Board
    from asrcli.datasets.results import read_run, run_paths

    earlier = [(path, read_run(path)) for path in run_paths(beside)]
    runs, code = earlier, 0
    if wanted.engines:
        with Board(console) as board:
            results = measure(wanted, board)
        for system, error in results.failed:
            if isinstance(error, EngineBug):
                console.raw(error.trace)
            console.error(f"{system}: {error}")
        for _, record in results.runs:
            _say_failures(record, console)
        runs, code = [*results.runs, *earlier], exit_code(results)
    if runs:
        _show([record for _, record in runs], [str(path) for path, _ in runs], files, console, force=force)
    return code


def _say_failures(record: RunRecord, console: Console) -> None:
    """Say which utterances an engine could not transcribe; they count as missed."""
    failed = [(one.id, dict(one.fields).get("error", "")) for one in record.utterances if "error" in dict(one.fields)]
    for name, why in failed[:5]:
        console.error(f"{record.system}: {name}: {why}")
    if len(failed) > 5:
        console.error(f"{record.system}: ... and {len(failed) - 5} more utterances failed")


def _show(runs: list[RunRecord], paths: list[str], files: ReportPaths, console: Console, *, force: bool) -> None:
    """Write the reports, and print the tables."""
    from asrcli.bench import reports
    from asrcli.bench.plot import to_plot
    from asrcli.bench.verdicts import told_apart
    from asrcli.reports.written import Maker, write_reports

    recordings = {one.audio for run in runs for one in run.utterances}
    check_targets(writes(**files._asdict()), reads("a recording of the dataset", *recordings))
    runs = told_apart(runs)
    makers: dict[str, Maker] = {
        "json": lambda: reports.to_json(runs, paths),
        "csv": lambda: reports.to_csv(runs),
        "markdown": lambda: reports.to_markdown(runs),
        "html": lambda: reports.to_html(runs),
        "plot": lambda: to_plot(runs, files.plot or Path()),
    }
    write_reports(files, makers, force=force)
    if not console.quiet and not files.to_stdout:  # last: standard output may be closed, or its reader gone
        _print_tables(runs)


def _print_tables(runs: list[RunRecord]) -> None:
    """Print every table, and whether the engines can be told apart."""
    from rich.text import Text

    from asrcli.bench import tables
    from asrcli.bench.verdicts import verdicts
    from asrcli.reports.table import narrowed
    from asrcli.reports.terminal import Sheet

    console = table_console()
    console.print(Text(f"{tables.headline(runs)}: {tables.facts_line(runs)}", "dim"))
    for grid in (narrowed(one, console.width) for one in tables.grids(runs)):
        console.print(Sheet(grid.columns, grid.rows, grid.title))
        if grid.note:
            console.print(Text(grid.note, "dim"))
    for sentence in verdicts(runs):
        console.print(Text(sentence))


def _confirm(path: Path, named: list[str], console: Console, *, yes: bool) -> None:
    """Show where a run, which may be a stranger's, sends recordings and what it reads, and ask.

    Raises:
        UsageError: the user does not want it, or cannot be asked.
    """
    if yes or not named:
        return
    for line in named:
        console.error(f"{path} names {line}")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"'{path}' would be replayed with what it names: give --yes when that is right")
    print("asr: replay it with these? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError(f"'{path}' is not replayed")


def _replay(path: Path, typed: Request, files: ReportPaths, console: Console, *, yes: bool, force: bool) -> int:
    """Run a run again and say what has drifted; of what was typed the folder and ``--offline`` hold.

    Raises:
        CheckFailed: other texts were transcribed, or the data is not the same.
    """
    from asrcli.bench.replay import drift, named, request_of
    from asrcli.bench.session import bench as measure
    from asrcli.bench.watching import Board
    from asrcli.datasets.results import read_run

    before = read_run(path)
    _confirm(path, named(before), console, yes=yes)
    with Board(console) as board:
        results = measure(request_of(before, typed.folder or path.parent, offline=typed.offline), board)
    for _, error in results.failed:
        raise error
    if not results.runs:
        raise InputError(f"{path}: nothing was measured")
    made, after = results.runs[0]
    _show([before, after], [str(path), str(made)], files, console, force=force)
    found = drift(before, after)
    for sentence in found.sentences():
        console.note(f"drifted: {sentence}")
    if not found.same:
        raise CheckFailed(f"'{path}' was not reproduced: {'the data has' if found.dataset else 'texts have'} changed")
    console.note(f"reproduced: all {len(before.utterances)} texts are the same")
    return 0
