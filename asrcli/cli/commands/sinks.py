"""Where results and records go: standard output in the order of the inputs, the report, the events."""

from __future__ import annotations

import sys
from json import loads
from os.path import dirname, isdir
from typing import TYPE_CHECKING

from asrcli.base.console import for_terminal
from asrcli.errors import UsageError
from asrcli.outputs.targets import File, check_targets, usual_name, writes
from asrcli.runs.records import Lines, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asrcli.cli.commands.options import OutputOptions, ReportOptions, RunOptions
    from asrcli.formats import Layout
    from asrcli.runs.align_plan import AlignPlan
    from asrcli.runs.jobs import Job
    from asrcli.runs.plan import Plan
    from asrcli.types import Segment, Transcript

    Planned = Plan | AlignPlan


HELD = ("the input", "the text")  # against the outputs, when these were planned


class Sinks:
    """Where results and records go: standard output in the order of the inputs, the report, the events."""

    def __init__(self, reports: ReportOptions, runs: RunOptions, planned: Planned, read: Sequence[File] = ()) -> None:
        """Open what a plan needs, after everything that it will write was held against everything that it reads.

        Raises:
            UsageError: a file would be overwritten that is none of ours, or that something else reads or writes.
        """
        named = writes(report=reports.report, events=reports.events)
        reading = [*planned.read, *read]
        if named or any(one.what not in HELD for one in reading):
            outputs = dict.fromkeys(one.path for job in planned.jobs for one in job.outputs)
            check_targets([*(File("the output", path) for path in outputs), *named], reading)
        self.dry_run, self.fail_fast, self.json = runs.dry_run, runs.fail_fast, reports.json
        self.stdout_taken = self.json or any(one.path == "-" for one in named)  # no names of files among records
        report, events = (None, None) if self.dry_run else (reports.report, reports.events)
        self.report = Lines(report, "--report", force=runs.force)
        self.events = Lines(events, "--events", force=runs.force)

    @property
    def stdout_gone(self) -> bool:
        """Whether records were to go to standard output, and its reader has left."""
        return any(one.gone and one.target == "-" for one in (self.report, self.events))

    def begin(self) -> None:
        """Replace the files of an earlier run: this one does something."""
        self.report.begin()
        self.events.begin()

    def close(self) -> None:
        """Let go of all files."""
        self.report.close()
        self.events.close()


def check_sinks(results: OutputOptions, reports: ReportOptions, inputs: int, chosen: list[str]) -> None:
    """Raise `UsageError` when results would be lost or mixed up on their way out."""
    from asrcli.formats import FORMATS

    if results.output and results.output_dir:
        raise UsageError("--output names one file and --output-dir a folder: give one of them")
    if results.output and (inputs > 1 or len(chosen) > 1):
        several = f"{inputs} inputs" if inputs > 1 else f"{len(chosen)} formats"
        raise UsageError(f"--output is for one input and one format; for {several} give --output-dir")
    folder = results.output_dir or ""
    named = folder.lower().endswith(tuple(f".{one.extension.lower()}" for one in FORMATS.values()))
    if named and not isdir(folder) and isdir(dirname(folder) or "."):
        raise UsageError(f"--output-dir {folder} is for a folder, and that is a file's name: give --output {folder}")
    to_stdout = results.naming.to_stdout
    if to_stdout and not reports.json:
        if len(chosen) > 1:
            raise UsageError(f"{' and '.join(chosen)} cannot share standard output; give --output-dir")
        if inputs > 1 and not FORMATS[chosen[0]].joinable:
            joinable = ", ".join(name for name, one in FORMATS.items() if one.joinable)
            raise UsageError(
                f"{inputs} inputs as {chosen[0]} cannot share standard output; give --output-dir, or -f {joinable}"
            )
        if usual_name(reports.events or "") == "-":
            raise UsageError("--events - and the text cannot share standard output; give --output-dir")
    if to_stdout and (results.mirror_tree or results.template):
        raise UsageError("--mirror-tree and --output-template need --output-dir")


class Results:
    """Results on standard output, in the order of the inputs; lines of the one whose turn it is appear at once."""

    def __init__(self, planned: Planned, sinks: Sinks) -> None:
        self.request = planned.request
        self.format = planned.request.formats[0]
        self.json = sinks.json
        self.pending = [job.name for job in planned.jobs]  # the first is the one whose turn it is
        self.ready: dict[str, tuple[Transcript, Layout, str | None] | None] = {}
        self.alone = len(planned.jobs) == 1  # then subtitles come back with all that is theirs
        self.streamed: dict[str, list[Segment]] = {}
        self.header = True
        self.streams = not self.json and self.format == "txt" and self.request.settles_early

    def segments(self, job: Job, segments: tuple[Segment, ...]) -> None:
        """Take segments that are settled; print them when it is the job's turn."""
        if self.streams:
            self.streamed.setdefault(job.name, []).extend(segments)
            if self.pending and self.pending[0] == job.name:
                self._print_streamed(job.name)

    def finished(self, job: Job, transcript: Transcript, layout: Layout) -> None:
        """Take a finished transcript, and how its cues are shaped."""
        own = self.request.own_text(job, transcript, self.format) if self.alone and not self.json else None
        self.ready[job.name] = transcript, layout, own
        self._advance()

    def skip(self, job: Job) -> None:
        """Go on without a job that failed."""
        self.ready[job.name] = None
        self._advance()

    def _advance(self) -> None:
        while self.pending and self.pending[0] in self.ready:
            name = self.pending.pop(0)
            ready = self.ready.pop(name)
            if self.streams:
                self._print_streamed(name)
            elif ready is not None:
                self._print(*ready)
            if self.streams and self.pending:
                self._print_streamed(self.pending[0])

    def _print_streamed(self, name: str) -> None:
        from asrcli.formats.text import text_line

        for segment in self.streamed.pop(name, []):
            self._write(text_line(segment))

    def _print(self, transcript: Transcript, layout: Layout, own: str | None) -> None:
        from asrcli.formats import render

        if self.json:
            print_json(loads(render(transcript, "json", layout)))
            return
        self._write(own or render(transcript, self.format, layout, header=self.header))
        self.header = False

    def _write(self, text: str) -> None:
        sys.stdout.write(for_terminal(text))
        sys.stdout.flush()
