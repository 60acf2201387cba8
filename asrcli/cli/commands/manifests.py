"""``asr transcribe --manifest``: options checked, and a run of `asrcli.runs.manifest` shown like any other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from asrcli.base.console import Console
from asrcli.cli.commands.options import InputOptions, OutputOptions, ReportOptions, RunOptions, of_recordings
from asrcli.cli.commands.running import run_planned
from asrcli.cli.commands.sinks import Sinks, check_sinks
from asrcli.cli.groups import refuse
from asrcli.errors import UsageError

if TYPE_CHECKING:
    from asrcli.runs.plan import Request


def run_manifest(
    wanted: Request,
    sources: InputOptions,
    results: OutputOptions,
    runs: RunOptions,
    reports: ReportOptions,
    console: Console,
) -> int:
    """Transcribe the utterances of a manifest and return the exit code: 1 when one of them failed."""
    from asrcli.runs.manifest import execute, plan

    of_files = of_recordings(wanted) | {
        "--diarize": wanted.speakers and wanted.speakers.rttm is None,
        "INPUT": sources.inputs, "--files-from": sources.files_from, "--format": results.format,
        "--output-template": results.template, "--mirror-tree": results.mirror_tree,
        "--channels": wanted.channels != "mix", "--aligner": wanted.aligner,
        "--word-timestamps": wanted.options.word_timestamps is not None,
    }  # fmt: skip
    refuse(of_files, "and --manifest do not go together: the manifest says what to transcribe and what to write")
    check_sinks(results, reports, 1, ["json"])
    if reports.json and wanted.naming.to_stdout:
        raise UsageError("--json and the manifest cannot share standard output; give --output")
    planned = plan(Path(sources.manifest or ""), wanted)
    return run_planned(planned, lambda: execute(planned), console, Sinks(reports, runs, planned))
