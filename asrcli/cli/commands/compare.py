"""``asr compare``: score systems against a reference and against each other."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from asrcli.cli.commands.options import refuse

Output = Path | None


def compare(
    reference: Annotated[
        Path,
        typer.Argument(
            metavar="REFERENCE", help="References: a file or folder (txt, srt, vtt, json, jsonl, csv, tsv, trn, stm)."
        ),
    ],
    hypotheses: Annotated[
        list[Path], typer.Argument(metavar="HYPOTHESES", help="The texts of each system: files or folders.")
    ],
    no_ref: Annotated[bool, typer.Option("--no-ref", help="There is no reference: all arguments are systems.")] = False,
    consensus: Annotated[
        Output, typer.Option(help="With --no-ref: write what most systems say (FILE.jsonl, or a folder of txt).")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", help="How files are written: kaldi, trn, ...; of both sides, or stm,ctm."),
    ] = None,
    normalizer: Annotated[
        str | None,
        typer.Option(
            "--normalizer",
            "-n",
            help="none, basic, whisper-en, open-asr-leaderboard or asr, the default; of runs, theirs.",
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="Language code; guessed as English or not if left out.")
    ] = None,
    convention: Annotated[str | None, typer.Option(help="levenshtein, sclite or open-asr-leaderboard.")] = None,
    fragments: Annotated[
        bool, typer.Option("--fragments", help="With sclite: cut-off words (fr-) match by what there is of them.")
    ] = False,
    meetings: Annotated[
        bool,
        typer.Option(
            "--meetings", help="Score stm, SegLST or rttm files as conversations: cpWER, tcpWER, ORC-WER, DER."
        ),
    ] = False,
    collar: Annotated[
        float, typer.Option(min=0.0, help="With --meetings: seconds round each boundary that DER passes over.")
    ] = 0.0,
    explain_normalizer: Annotated[
        bool, typer.Option("--explain-normalizer", help="Show what each rule of the normaliser does to the score.")
    ] = False,
    by: Annotated[
        list[str] | None, typer.Option(help="Break errors down by: length, seconds, group, language or a field.")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Field that names the speaker or session, for intervals; none: utterances are independent."),
    ] = None,
    show: Annotated[str | None, typer.Option(help="Show aligned utterances: worst:20, different:20 or an id.")] = None,
    confusions: Annotated[int, typer.Option(min=0, help="How many of the most frequent errors to show.")] = 10,
    json_path: Annotated[Output, typer.Option("--json", help="Write everything as JSON; - is standard output.")] = None,
    csv_path: Annotated[Output, typer.Option("--csv", help="Write a row per utterance.")] = None,
    markdown_path: Annotated[Output, typer.Option("--markdown", help="Write the tables as Markdown.")] = None,
    html_path: Annotated[Output, typer.Option("--html", help="Write a report to look at, in one file.")] = None,
    junit_path: Annotated[Output, typer.Option("--junit", help="Write the outcome of --fail-if as JUnit XML.")] = None,
    fail_if: Annotated[
        list[str] | None, typer.Option(help="Exit 1 if this holds: 'wer > 0.08', 'delta > 0 and significant'.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace reports that were edited, and files of others.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no tables.")] = False,
) -> None:
    """Compare the texts of systems with a reference, and with each other.

    The first system is the baseline of --fail-if: delta is the error rate of a later one less that of the first.
    """
    from asrcli.base.console import Console
    from asrcli.cli.commands.notes import say_failure
    from asrcli.compare import report
    from asrcli.compare.conditions import Condition, check_baseline
    from asrcli.compare.losses import Losses
    from asrcli.compare.matching import each_run
    from asrcli.compare.run import Wanted, run
    from asrcli.compare.sources import files_of, format_choice
    from asrcli.outputs.ledger import check_replaceable
    from asrcli.outputs.targets import ReportPaths, check_targets, reads, writes
    from asrcli.reports.written import check_reports
    from asrcli.scoring.alignment import without_collector

    paths = ReportPaths(json_path, csv_path, markdown_path, html_path, junit=junit_path)
    check_targets(
        writes(**paths._asdict(), consensus=consensus),
        [*reads("the reference", *files_of(reference)), *reads("the texts of a system", *files_of(*hypotheses))],
    )
    conditions = [Condition(text) for text in fail_if or ()]
    wanted = Wanted(
        normalizer=normalizer,
        language=language,
        convention=convention,
        explain=explain_normalizer,
        fields=tuple(by or ()),
        group=group,
        fragments=fragments,
        formats=format_choice(format),
    )
    check_reports(paths, force=force)
    check_replaceable([consensus if consensus and consensus.suffix == ".jsonl" else None], force=force)
    console = Console(quiet)
    to = report.Sink(Losses(partial(say_failure, console)), force=force, quiet=quiet)
    hypotheses, runs = each_run([reference, *hypotheses] if no_ref else hypotheses)
    for line in runs:
        console.note(line)
    scored: dict[str, object] = {
        "--explain-normalizer": explain_normalizer,
        "--by": by,
        "--group": group,
        "--show": show,
        "--fragments": fragments,
    }
    scored |= {"--csv": csv_path, "--markdown": markdown_path, "--html": html_path, "--junit": junit_path}
    scored |= {"--fail-if": fail_if}  # a gate that is passed over would let everything through
    if no_ref:
        refuse({**scored, "--meetings": meetings, "--collar": collar}, "is not for --no-ref")
        report.unreferenced(hypotheses, wanted, paths, consensus, to)
        raise typer.Exit(to.code)
    if meetings:
        refuse({**scored, "--consensus": consensus, "--convention": convention}, "is not for --meetings")
        report.meetings(reference, hypotheses, wanted, paths, collar, to)
        raise typer.Exit(to.code)
    refuse({"--consensus": consensus}, "is for --no-ref only")
    refuse({"--collar": collar}, "is for --meetings only")
    with without_collector():
        comparison = run(reference, hypotheses, wanted, to.losses)
        check_baseline(conditions, comparison, hypotheses[0])
        outcomes = [outcome for condition in conditions for outcome in condition.outcomes(comparison)]
        report.write(comparison, paths, outcomes, fields=wanted.fields, force=force)
        if not quiet and not paths.to_stdout:
            report.print_tables(comparison, fields=wanted.fields, confusions=confusions, show=show)
    report.judge(outcomes, sys.stderr)
    raise typer.Exit(to.code)
