"""Where results and records go: standard output in the order of the inputs, the report, the events."""

from __future__ import annotations

import os
import sys
from json import loads
from typing import TYPE_CHECKING, Any

from asrcli.base.console import shown
from asrcli.errors import UsageError
from asrcli.outputs.targets import File, check_targets, plain, reads, writes
from asrcli.runs.records import Lines, print_json

if TYPE_CHECKING:
    from asrcli.formats import Layout
    from asrcli.runs.align_plan import AlignPlan
    from asrcli.runs.plan import Job, Plan
    from asrcli.types import Segment, Transcript

    Planned = Plan | AlignPlan


class Sinks:
    """Where results and records go: standard output in the order of the inputs, the report, the events."""

    def __init__(self, given: dict[str, Any], planned: Planned) -> None:
        """Open what a plan needs, after everything that it will write was held against everything that it reads.

        Raises:
            UsageError: a file would be overwritten that is none of ours, or that something else reads or writes.
        """
        check_targets([*written_by(planned), *writes(**_named(given))], [*read_by(planned), *_read(given)])
        self.dry_run: bool = given["dry_run"]
        self.fail_fast: bool = given["fail_fast"]
        self.json: bool = given["json"]
        taken = {plain(given[name] or "") for name in ("events", "report")}
        self.stdout_taken = self.json or "-" in taken  # no names of files among records
        force = given["force"]
        report, events = (None, None) if self.dry_run else (given["report"], given["events"])
        self.report = Lines(report, "--report", force=force)
        self.events = Lines(events, "--events", force=force)

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


def _named(given: dict[str, Any]) -> dict[str, str | None]:
    return {name: given[name] for name in ("report", "events")}


def _read(given: dict[str, Any]) -> list[File]:
    """Return the files that options name to be read."""
    found = reads("the list of inputs", given.get("files_from"))
    found += reads("the language model", given.get("language_model"))
    return found + reads("the model", given["model"] if os.path.isfile(given["model"] or "") else None)


def check_sinks(given: dict[str, Any], inputs: int, chosen: list[str]) -> None:
    """Raise `UsageError` when results would be lost or mixed up on their way out."""
    from asrcli.formats import FORMATS

    if given["output"] and given["output_dir"]:
        raise UsageError("--output names one file and --output-dir a folder: give one of them")
    if given["output"] and (inputs > 1 or len(chosen) > 1):
        raise UsageError(f"--output is for one input and one format; for {inputs} inputs give --output-dir")
    to_stdout = given["output"] is None and given["output_dir"] in (None, "-")
    if to_stdout and not given["json"]:
        if len(chosen) > 1:
            raise UsageError(f"{' and '.join(chosen)} cannot share standard output; give --output-dir")
        if inputs > 1 and not FORMATS[chosen[0]].joinable:
            joinable = ", ".join(name for name, one in FORMATS.items() if one.joinable)
            raise UsageError(
                f"{inputs} inputs as {chosen[0]} cannot share standard output; give --output-dir, or -f {joinable}"
            )
        if plain(given["events"] or "") == "-":
            raise UsageError("--events - and the text cannot share standard output; give --output-dir")
    if to_stdout and (given["mirror_tree"] or given["output_template"] != "{stem}.{format}"):
        raise UsageError("--mirror-tree and --output-template need --output-dir")


def written_by(planned: Planned) -> list[File]:
    """Return the outputs of a plan."""
    return [File("the output", output.path) for job in planned.jobs for output in job.outputs]


def read_by(planned: Planned) -> list[File]:
    """Return the inputs of a plan, with the files that belong to each."""
    from asrcli.alignment.reference import files_for
    from asrcli.runs.align_plan import AlignPlan

    names = [job.name for job in planned.jobs]
    found = reads("the input", *names)
    stems = [os.path.splitext(os.path.basename(name))[0] for name in names]
    if isinstance(planned, AlignPlan):
        found += reads("the text", *planned.texts.values())
        folder = planned.request.reference
        return found + reads("the reference", *(files_for(folder, stems) if folder else ()))
    speakers = planned.request.speakers
    if speakers is not None and speakers.rttm is not None:
        whole = not os.path.isdir(speakers.rttm)
        paths = [speakers.rttm] if whole else [os.path.join(speakers.rttm, f"{stem}.rttm") for stem in stems]
        found += reads("--rttm-in", *paths)
    return found


class Results:
    """Results on standard output, in the order of the inputs; lines of the one whose turn it is appear at once."""

    def __init__(self, planned: Planned, layout: Layout, sinks: Sinks) -> None:
        self.request, self.layout = planned.request, layout
        self.format = planned.request.formats[0]
        self.json = sinks.json
        self.pending = [job.name for job in planned.jobs]  # the first is the one whose turn it is
        self.ready: dict[str, Transcript | None] = {}
        self.streamed: dict[str, list[Segment]] = {}
        self.header = True
        self.streams = not self.json and self.format == "txt" and self.request.settles_early

    def segments(self, job: Job, segments: tuple[Segment, ...]) -> None:
        """Take segments that are settled; print them when it is the job's turn."""
        if self.streams:
            self.streamed.setdefault(job.name, []).extend(segments)
            if self.pending and self.pending[0] == job.name:
                self._print_streamed(job.name)

    def finished(self, job: Job, transcript: Transcript) -> None:
        """Take a finished transcript."""
        self.ready[job.name] = transcript
        self._advance()

    def skip(self, job: Job) -> None:
        """Go on without a job that failed."""
        self.ready[job.name] = None
        self._advance()

    def _advance(self) -> None:
        while self.pending and self.pending[0] in self.ready:
            name = self.pending.pop(0)
            transcript = self.ready.pop(name)
            if self.streams:
                self._print_streamed(name)
            elif transcript is not None:
                self._print(transcript)
            if self.streams and self.pending:
                self._print_streamed(self.pending[0])

    def _print_streamed(self, name: str) -> None:
        from asrcli.formats.text import text_line

        for segment in self.streamed.pop(name, []):
            self._write(text_line(segment))

    def _print(self, transcript: Transcript) -> None:
        from asrcli.formats import render

        if self.json:
            print_json(loads(render(transcript, "json", self.layout)))
            return
        self._write(render(transcript, self.format, self.layout, header=self.header))
        self.header = False

    def _write(self, text: str) -> None:
        sys.stdout.write(shown(text))
        sys.stdout.flush()
