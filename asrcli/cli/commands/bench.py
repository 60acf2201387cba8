"""``asr bench``: options in, engines measured, records written, tables out."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from asrcli.base.console import Console, table_console
from asrcli.base.files import reason
from asrcli.errors import CheckFailed, InputError, OutputError, UsageError

if TYPE_CHECKING:
    from asrcli.bench.session import Request
    from asrcli.datasets.results import RunRecord

Output = Optional[Path]  # noqa: UP045 - Typer reads the annotation


def _option(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, show_default=False, **more)


def bench(
    dataset: Annotated[
        str | None,
        typer.Argument(
            help="Folder of recordings and texts, a manifest, or a name: esb:librispeech-clean, hf:owner/name."
        ),
    ] = None,
    engine: Annotated[
        list[str] | None, _option("--engine", "-e", help="ENGINE[@BACKEND][:MODEL]; several times for several.")
    ] = None,
    beside: Annotated[
        list[Path] | None,
        _option("--with", help="Show this earlier run, or all in a folder; without a dataset, only such."),
    ] = None,
    replay: Annotated[Output, _option("--replay", help="Run this run again, and say what has drifted.")] = None,
    out: Annotated[Output, _option("--out", "-o", help="Folder for the records; default: the user's.")] = None,
    sample: Annotated[int | None, _option("--sample", min=1, help="Only so many utterances, chosen by --seed.")] = None,
    seed: Annotated[int, _option("--seed", min=0, help="Of the sample, the noise and the bootstrap; default 0.")] = 0,
    text_column: Annotated[str | None, _option("--text-column", help="Where the references are, if not found.")] = None,
    language: Annotated[
        str | None, _option("--language", "-l", help="Code or name; default: the dataset's own.")
    ] = None,
    beam_size: Annotated[int | None, _option("--beam-size", min=1, help="Hypotheses kept while decoding.")] = None,
    length_penalty: Annotated[float | None, _option("--length-penalty", help="Exponent of the length.")] = None,
    engine_option: Annotated[
        list[str] | None,
        _option("--engine-option", metavar="NAME=VALUE", help="Of the engine alone; asr engines lists them."),
    ] = None,
    vad: Annotated[
        bool, _option("--vad/--no-vad", help="Leave silence out, as transcribe does; default: hear all.")
    ] = False,
    normalizer: Annotated[
        str, _option("--normalizer", "-n", help="none, basic, whisper-en, open-asr-leaderboard or asr, the default.")
    ] = "asr",
    repeats: Annotated[int, _option("--repeats", min=1, help="Of starts, latencies and batches; default 3.")] = 3,
    speed_sample: Annotated[
        int, _option("--speed-sample", min=1, help="Utterances for repeats, batches, streams, callers; default 32.")
    ] = 32,
    batches: Annotated[
        str, _option("--batches", help="Batch sizes to try, or none; default 1,2,4,8,16,32.")
    ] = "1,2,4,8,16,32",
    concurrency: Annotated[
        str | None, _option("--concurrency", help="Callers at once, for engines that are servers: 1,4,16.")
    ] = None,
    robustness: Annotated[
        bool, _option("--robustness", help="Noise, lengths, telephone, codecs, and sounds without speech too.")
    ] = False,
    robustness_sample: Annotated[
        int, _option("--robustness-sample", min=1, help="Utterances for every row of that; default 24.")
    ] = 24,
    device: Annotated[str, _option("--device", help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    compute_type: Annotated[str, _option("--compute-type", "--dtype", help="auto, int8, float16, ...")] = "auto",
    threads: Annotated[int, _option("--threads", "-t", min=0, help="CPU threads; 0: the library decides.")] = 0,
    offline: Annotated[bool, _option("--offline", help="Never use the network.")] = False,
    json: Annotated[Output, _option("--json", help="Write every figure as JSON; - is standard output.")] = None,
    csv: Annotated[Output, _option("--csv", help="Write a row per figure.")] = None,
    markdown: Annotated[Output, _option("--markdown", help="Write the tables as Markdown.")] = None,
    html: Annotated[Output, _option("--html", help="Write a report to look at, in one file.")] = None,
    plot: Annotated[Output, _option("--plot", help="Accuracy against speed: FILE.png or FILE.svg.")] = None,
    quiet: Annotated[bool, _option("--quiet", "-q", help="Errors only, and no tables.")] = False,
    verbose: Annotated[bool, _option("--verbose", "-v", help="More about what is going on.")] = False,
) -> None:
    """Measure accuracy, speed and memory of engines on your recordings.

    Each engine runs in fresh processes. Every run is a file of JSON Lines with all that was heard, which `asr compare`
    reads; an interrupted run goes on where it was when the same command is given again.

    Examples: asr bench recordings -e whisper:tiny -e pocketsphinx · asr bench esb:librispeech-clean -e whisper:base
    --sample 200 --html report.html · asr bench --replay RUN.jsonl
    """
    given = dict(locals())
    files = {name: given[name] for name in ("json", "csv", "markdown", "html", "plot")}
    _check(given, files)
    signal.signal(signal.SIGTERM, _interrupt)
    with Console(quiet=quiet, verbose=verbose) as console:
        try:
            code = _replay(replay, given, console, files) if replay else _measure(given, console, files)
        except KeyboardInterrupt as interrupt:
            console.error("interrupted; the same command goes on from here")
            code = 128 + (interrupt.args[0] if interrupt.args else signal.SIGINT)
    raise typer.Exit(code)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt(number)  # so that processes and temporary files go too; what is finished is kept


def _check(given: dict[str, Any], files: dict[str, Path | None]) -> None:
    """Raise what is wrong with the command line, before anything is measured."""
    if sum(path is not None and str(path) == "-" for path in files.values()) > 1:
        raise UsageError("only one of --json, --csv, --markdown and --html can have standard output")
    for path in files.values():
        check_folder(path)
    if files["plot"]:
        from asrcli.bench.plot import check_plot

        check_plot(files["plot"])
    if given["replay"] and (given["dataset"] or given["engine"]):
        raise UsageError("--replay takes dataset and engine from the run: leave them out")
    if not given["replay"] and given["dataset"] is None and not given["beside"]:
        raise UsageError("nothing to measure; name a dataset and an engine: asr bench recordings --engine whisper:tiny")
    if given["dataset"] is not None and not given["engine"]:
        raise UsageError(f"no engine to measure on '{given['dataset']}'; give --engine whisper:tiny, for example")
    if given["dataset"] is None and given["engine"]:
        raise UsageError(f"no dataset for --engine {given['engine'][0]}; name a folder, a manifest or a hub dataset")


def check_folder(path: Path | None) -> None:
    """Raise before hours of work when a report could not be written after them.

    Raises:
        OutputError: its folder is not there and cannot be made, or takes no files.
    """
    if path is None or str(path) == "-":
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write '{path}': {reason(error)}") from error
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"cannot write '{path}': no permission in its folder")


def request(given: dict[str, Any]) -> Request:
    """Return what the options ask for."""
    from asrcli.base.languages import language_code
    from asrcli.bench.plan import Plan
    from asrcli.bench.session import Request
    from asrcli.datasets.dataset import Wanted
    from asrcli.engines.options import parse_engine_options
    from asrcli.text.normalisers import NORMALIZERS
    from asrcli.types import Options

    if given["normalizer"] not in NORMALIZERS:
        raise UsageError(f"there is no normaliser '{given['normalizer']}': choose {', '.join(NORMALIZERS)}")
    language = language_code(given["language"]) if given["language"] else None
    return Request(
        dataset=Wanted(given["dataset"], given["sample"], given["seed"], text_column=given["text_column"]),
        engines=tuple(given["engine"]),
        options=Options(
            language=language,
            beam_size=given["beam_size"],
            length_penalty=given["length_penalty"],
            engine_options=parse_engine_options(given["engine_option"] or ()),
        ),
        plan=Plan(
            repeats=given["repeats"],
            speed_sample=given["speed_sample"],
            batches=_sizes(given["batches"], "--batches"),
            callers=_sizes(given["concurrency"], "--concurrency"),
            robustness=given["robustness"],
            robustness_sample=given["robustness_sample"],
            seed=given["seed"],
            normalizer=given["normalizer"],
        ),
        vad=given["vad"],
        device=given["device"],
        dtype=given["compute_type"],
        threads=given["threads"],
        offline=given["offline"],
        folder=given["out"],
    )


def _sizes(text: str | None, option: str) -> tuple[int, ...]:
    """Return numbers above zero, in order, each once."""
    if text is None or text == "none":
        return ()
    try:
        sizes = sorted({int(part) for part in text.split(",") if part.strip()})
    except ValueError:
        sizes = [0]
    if not sizes or sizes[0] < 1:
        raise UsageError(f"{option} {text}: give whole numbers above 0, separated by commas")
    return tuple(sizes)


def _measure(given: dict[str, Any], console: Console, files: dict[str, Path | None]) -> int:
    """Measure, show and write; return the exit code."""
    from asrcli.bench.process import EngineBug
    from asrcli.bench.session import bench as measure
    from asrcli.bench.session import exit_code
    from asrcli.bench.watching import Board
    from asrcli.datasets.results import read_run, run_paths

    earlier = [(path, read_run(path)) for path in run_paths(given["beside"] or ())]
    runs, code = earlier, 0
    if given["dataset"] is not None:
        with Board(console) as board:
            results = measure(request(given), board)
        for system, error in results.failed:
            if isinstance(error, EngineBug):
                console.raw(error.trace)
            console.error(f"{system}: {error}")
        for _, record in results.runs:
            _say_failures(record, console)
        runs, code = [*results.runs, *earlier], exit_code(results)
    if runs:
        _show([record for _, record in runs], [str(path) for path, _ in runs], files, quiet=given["quiet"])
    return code


def _say_failures(record: RunRecord, console: Console) -> None:
    """Say which utterances an engine could not hear; they count as missed."""
    failed = [(one.id, dict(one.fields).get("error", "")) for one in record.utterances if "error" in dict(one.fields)]
    for name, why in failed[:5]:
        console.error(f"{record.system}: {name}: {why}")
    if len(failed) > 5:
        console.error(f"{record.system}: ... and {len(failed) - 5} more utterances failed")


def _show(runs: list[RunRecord], paths: list[str], files: dict[str, Path | None], *, quiet: bool) -> None:
    """Print the tables, and write the reports."""
    from asrcli.base.files import write_atomic
    from asrcli.bench import reports
    from asrcli.bench.verdicts import told_apart

    runs = told_apart(runs)
    taken = any(path is not None and str(path) == "-" for path in files.values())
    if not quiet and not taken:
        _print_tables(runs)
    for name, path in files.items():
        if path is None:
            continue
        if name == "plot":
            from asrcli.bench.plot import write_plot

            write_plot(runs, path)
            continue
        if name == "html":
            from asrcli.bench.html import to_html

            text = to_html(runs)
        else:
            text = {
                "json": lambda: reports.to_json(runs, paths),
                "csv": lambda: reports.to_csv(runs),
                "markdown": lambda: reports.to_markdown(runs),
            }[name]()
        if str(path) == "-":
            sys.stdout.write(text)
        else:
            write_atomic(path, text)


def _print_tables(runs: list[RunRecord]) -> None:
    """Print every table, and whether the engines can be told apart."""
    from rich.text import Text

    from asrcli.bench import tables
    from asrcli.bench.verdicts import verdicts
    from asrcli.compare.terminal import Sheet

    console = table_console()
    console.print(Text(f"{tables.headline(runs)}: {tables.facts_line(runs)}", "dim"))
    for grid in (tables.narrowed(one, console.width) for one in tables.grids(runs)):
        console.print(Sheet(grid.columns, grid.rows, grid.title))
        if grid.note:
            console.print(Text(grid.note, "dim"))
    for sentence in verdicts(runs):
        console.print(Text(sentence))


def _replay(path: Path, given: dict[str, Any], console: Console, files: dict[str, Path | None]) -> int:
    """Run a run again and say what has drifted.

    Raises:
        CheckFailed: other texts were heard, or the data is not the same.
    """
    from asrcli.bench.replay import drift
    from asrcli.bench.session import bench as measure
    from asrcli.bench.session import request_of
    from asrcli.bench.watching import Board
    from asrcli.datasets.results import read_run

    before = read_run(path)
    with Board(console) as board:
        results = measure(request_of(before, given["out"] or path.parent), board)
    for _, error in results.failed:
        raise error
    if not results.runs:
        raise InputError(f"{path}: nothing was measured")
    made, after = results.runs[0]
    _show([before, after], [str(path), str(made)], files, quiet=given["quiet"])
    found = drift(before, after)
    for sentence in found.sentences():
        console.note(f"drifted: {sentence}")
    if not found.same:
        raise CheckFailed(f"'{path}' was not reproduced: {'the data has' if found.dataset else 'texts have'} changed")
    console.note(f"reproduced: all {len(before.utterances)} texts are the same")
    return 0
