"""``asr compare``: score systems against a reference and against each other."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from asrcli.cli.groups import grouped, refuse
from asrcli.outputs.targets import ReportPaths, check_targets, reads, writes

Output = Path | None


@dataclass(frozen=True, kw_only=True)
class ReferenceOptions:
    """What there is to compare with."""

    no_ref: bool = typer.Option(False, "--no-ref", help="There is no reference: all arguments are systems.")
    consensus: Output = typer.Option(
        None, help="With --no-ref: write what most systems say (FILE.jsonl, or a folder of txt)."
    )
    format: str | None = typer.Option(
        None, "--format", "-f", help="How files are written: kaldi, trn, ...; of both sides, or stm,ctm."
    )


@dataclass(frozen=True, kw_only=True)
class ScoringOptions:
    """How errors are counted."""

    normalizer: str | None = typer.Option(
        None,
        "--normalizer",
        "-n",
        help="none, basic, whisper-en, open-asr-leaderboard or asr, the default; of runs, theirs.",
    )
    language: str | None = typer.Option(
        None, "--language", "-l", help="Language code; guessed as English or not if left out."
    )
    convention: str | None = typer.Option(None, help="levenshtein, sclite or open-asr-leaderboard.")
    fragments: bool = typer.Option(
        False, "--fragments", help="With sclite: cut-off words (fr-) match by what there is of them."
    )
    meetings: bool = typer.Option(
        False,
        "--meetings",
        help="Score stm, SegLST or rttm files, or folders of them, as conversations: cpWER, tcpWER, ORC-WER, DER, JER.",
    )
    collar: float = typer.Option(
        0.0, min=0.0, help="With --meetings: seconds round each boundary that DER passes over."
    )
    explain_normalizer: bool = typer.Option(
        False, "--explain-normalizer", help="Show what each rule of the normaliser does to the score."
    )


@dataclass(frozen=True, kw_only=True)
class DetailOptions:
    """What is looked at more closely."""

    by: list[str] | None = typer.Option(None, help="Break errors down by: length, seconds, group, language or a field.")
    group: str | None = typer.Option(
        None, help="Field that names the speaker or session, for intervals; none: utterances are independent."
    )
    show: str | None = typer.Option(None, help="Show aligned utterances: worst:20, different:20 or an id.")
    confusions: int = typer.Option(10, min=0, help="How many of the most frequent errors to show.")


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Where reports go, and what fails."""

    json_path: Output = typer.Option(None, "--json", help="Write everything as JSON; - is standard output.")
    csv_path: Output = typer.Option(None, "--csv", help="Write a row per utterance.")
    markdown_path: Output = typer.Option(None, "--markdown", help="Write the tables as Markdown.")
    html_path: Output = typer.Option(None, "--html", help="Write a report to look at, in one file.")
    junit_path: Output = typer.Option(None, "--junit", help="Write the outcome of --fail-if as JUnit XML.")
    fail_if: list[str] | None = typer.Option(
        None, help="Exit 1 if this holds: 'wer > 0.08', 'delta > 0 and significant'."
    )
    force: bool = typer.Option(False, "--force", help="Replace reports that were edited, and files of others.")
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print no tables.")

    @property
    def paths(self) -> ReportPaths:
        """The files of the reports."""
        return ReportPaths(self.json_path, self.csv_path, self.markdown_path, self.html_path, junit=self.junit_path)


@grouped
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
    source: ReferenceOptions,
    scoring: ScoringOptions,
    details: DetailOptions,
    reports: ReportOptions,
) -> None:
    """Compare the texts of systems with a reference, and with each other.

    The first system is the baseline of --fail-if: delta is the error rate of a later one less that of the first.
    """
    from asrcli.base.console import Console
    from asrcli.cli.commands.notes import say_failure
    from asrcli.compare import report
    from asrcli.compare.conditions import Condition, check_baseline
    from asrcli.compare.matching import each_run
    from asrcli.compare.run import Wanted, run
    from asrcli.compare.sources import Losses, format_choice
    from asrcli.scoring.alignment import without_collector

    paths, fields = reports.paths, tuple(details.by or ())
    _check_files(reference, hypotheses, source, reports)
    conditions = [Condition(text) for text in reports.fail_if or ()]
    wanted = Wanted(
        normalizer=scoring.normalizer, language=scoring.language, convention=scoring.convention,
        explain=scoring.explain_normalizer, fields=fields, group=details.group, fragments=scoring.fragments,
        formats=format_choice(source.format),
    )  # fmt: skip
    console = Console(reports.quiet)
    to = report.Sink(Losses(partial(say_failure, console)), force=reports.force, quiet=reports.quiet)
    _check_kind(source, scoring, details, reports)
    hypotheses, runs = each_run([reference, *hypotheses] if source.no_ref else hypotheses)
    for line in runs:
        console.note(line)
    if source.no_ref:
        report.unreferenced(hypotheses, wanted, paths, source.consensus, to)
        raise typer.Exit(to.code)
    if scoring.meetings:
        report.meetings(reference, hypotheses, wanted, paths, scoring.collar, to)
        raise typer.Exit(to.code)
    with without_collector():
        comparison = run(reference, hypotheses, wanted, to.losses)
        check_baseline(conditions, comparison, hypotheses[0])
        outcomes = [outcome for condition in conditions for outcome in condition.outcomes(comparison)]
        report.write(comparison, paths, outcomes, fields=fields, force=reports.force)
        if not reports.quiet and not paths.to_stdout:
            report.print_tables(comparison, fields=fields, confusions=details.confusions, show=details.show)
    report.judge(outcomes, sys.stderr)
    raise typer.Exit(to.code)


def _check_files(reference: Path, hypotheses: list[Path], source: ReferenceOptions, reports: ReportOptions) -> None:
    """Raise what is wrong with the files that would be written, before anything is scored."""
    from asrcli.compare.sources import files_of
    from asrcli.outputs.ledger import check_replaceable
    from asrcli.reports.written import check_reports

    consensus = source.consensus
    check_targets(
        writes(**reports.paths._asdict(), consensus=consensus),
        [*reads("the reference", *files_of(reference)), *reads("the texts of a system", *files_of(*hypotheses))],
    )
    check_reports(reports.paths, force=reports.force)
    check_replaceable([consensus if consensus and consensus.suffix == ".jsonl" else None], force=reports.force)


def _check_kind(
    source: ReferenceOptions, scoring: ScoringOptions, details: DetailOptions, reports: ReportOptions
) -> None:
    """Raise `UsageError` for an option that the kind of comparison would pass over."""
    scored: dict[str, object] = {
        "--explain-normalizer": scoring.explain_normalizer, "--by": details.by, "--group": details.group,
        "--show": details.show, "--fragments": scoring.fragments, "--csv": reports.csv_path,
        "--markdown": reports.markdown_path, "--html": reports.html_path, "--junit": reports.junit_path,
        "--fail-if": reports.fail_if,  # a gate that is passed over would let everything through
    }  # fmt: skip
    if source.no_ref:
        refuse({**scored, "--meetings": scoring.meetings, "--collar": scoring.collar}, "is not for --no-ref")
    elif scoring.meetings:
        refuse({**scored, "--consensus": source.consensus, "--convention": scoring.convention}, "is not for --meetings")
    else:
        refuse({"--consensus": source.consensus}, "is for --no-ref only")
        refuse({"--collar": scoring.collar}, "is for --meetings only")
