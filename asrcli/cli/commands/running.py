"""A run of jobs as a user sees it: what happens becomes results, records, lines on standard error, and an exit code."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from asrcli.base.console import Console, clock, for_terminal, harmless, printable
from asrcli.base.display import take_down
from asrcli.base.files import reason
from asrcli.cli.commands.notes import say_doubts, say_failure
from asrcli.cli.commands.options import of_recordings
from asrcli.cli.commands.sinks import Results, Sinks, check_sinks
from asrcli.cli.groups import refuse
from asrcli.errors import AsrError, UsageError
from asrcli.outputs.claims import give_back_elsewhere
from asrcli.outputs.targets import reads
from asrcli.runs.records import VERSION, discard_stdout, done_record, failed_record, now, print_json, segment_record

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from asrcli.cli.commands.options import InputOptions, OutputOptions, ReportOptions, RunOptions
    from asrcli.cli.commands.sinks import Planned
    from asrcli.runs.events import Done, JobEvent, Loaded, Note, Recognised, Worked, Written
    from asrcli.runs.jobs import Job, Output
    from asrcli.runs.plan import Request


def run(
    wanted: Request,
    sources: InputOptions,
    results: OutputOptions,
    runs: RunOptions,
    reports: ReportOptions,
    console: Console,
) -> int:
    """Transcribe recordings, or the utterances of a manifest, and return the exit code: 1 when one of them failed."""
    if sources.manifest:
        from asrcli.runs import manifest

        _check_manifest(wanted, sources, results, reports)
        utterances = manifest.plan(Path(sources.manifest), wanted)
        return run_planned(utterances, lambda: manifest.execute(utterances), console, Sinks(reports, runs, utterances))
    from asrcli.cli.commands.requests import say_format
    from asrcli.runs.execute import execute
    from asrcli.runs.plan import plan

    planned = plan(wanted)
    say_format(results, wanted.formats, console)
    sinks = Sinks(reports, runs, planned, reads("the list of inputs", sources.files_from))
    return run_planned(planned, lambda: execute(planned), console, sinks)


def _check_manifest(wanted: Request, sources: InputOptions, results: OutputOptions, reports: ReportOptions) -> None:
    """Raise `UsageError` for options that do not go together with a manifest."""
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


def run_planned(
    planned: Planned,
    execute: Callable[[], Generator[JobEvent, None, None]],
    console: Console,
    sinks: Sinks,
) -> int:
    """Do what is planned, rendering what happens, and return the exit code."""
    with closing(sinks):
        for text in planned.notices:
            console.note(text)
        if sinks.dry_run:
            return _say_plan(planned, console)
        return Run(planned, execute, console, sinks).go()


def _say_plan(planned: Planned, console: Console) -> int:
    for output in dict.fromkeys(output for job in planned.jobs for output in job.outputs):
        what = "keep" if output.kept else "make" if output.stale else "up to date"
        print(f"{what}\t{printable(output.path)}\t{output.kept.why if output.kept else output.stale or ''}")
    for job in planned.jobs:
        if not job.outputs:
            print(f"make\t{printable(job.name)}\tto standard output")
    stale = sum(not job.up_to_date for job in planned.jobs)
    kept = len(kept_by(planned))
    fresh = sum(job.up_to_date and not job.kept for job in planned.jobs)
    console.note(f"{stale} to {planned.request.verb}, {fresh} up to date" + (f", {kept} kept" if kept else ""))
    return 0


def kept_by(planned: Planned) -> list[Output]:
    """Return the outputs that are left as they are, each once."""
    return list(dict.fromkeys(output for job in planned.jobs for output in job.kept))


class Run:
    """One run: turns what happens to jobs into results, records, and lines on standard error."""

    def __init__(
        self,
        planned: Planned,
        execute: Callable[[], Generator[JobEvent, None, None]],
        console: Console,
        sinks: Sinks,
    ) -> None:
        self.plan, self.execute, self.console, self.sinks = planned, execute, console, sinks
        self.failed: dict[str, Exception] = {}
        self.done = 0
        self.resumed = 0  # done by an interrupted run, or by another one meanwhile
        self.left_alone = 0  # inputs all of whose stale outputs are kept
        self.refused = 0  # files that are not ours
        self.seconds = 0.0
        self.lengths: list[float | None] = []  # of the readable inputs
        self.bar = False  # has begun
        self.gone = False  # the reader of records on standard output
        self.full = False  # the disk that standard output is on
        for lines in (sinks.report, sinks.events):  # what is a file, or goes elsewhere, is still made
            lines.forgiving = not planned.request.naming.to_stdout or lines.target != "-"
        self.out = Results(planned, sinks) if planned.request.naming.to_stdout and planned.request.formats else None

    def go(self) -> int:
        """Run to the end and return the exit code; an interrupt keeps what is finished."""
        started = time.perf_counter()
        signal.signal(signal.SIGTERM, interrupt)
        fresh = [job for job in self.plan.jobs if job.up_to_date and not job.kept]
        for job in fresh:
            self._record(job, "up_to_date", outputs=[output.path for output in job.outputs])
        self._say_kept()
        self.sinks.events.write("start", time=now(), inputs=len(self.plan.jobs), up_to_date=len(fresh))
        happenings = self.execute()
        try:
            for event in happenings:
                self._handle(event)
                if self.failed and self.sinks.fail_fast:
                    self._summary(len(fresh), time.perf_counter() - started)
                    leave(1)
        except (KeyboardInterrupt, RuntimeError) as error:
            code = interrupt_code(error)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second one ends it at once
            self._summary(len(fresh), time.perf_counter() - started, "interrupted; the same command goes on from here")
            leave(code)
        except BrokenPipeError:
            leave(141)  # the reader of the text has gone; there is nobody to tell
        except AsrError as error:
            self.console.stop()
            if self.done or self.failed:
                self._summary(len(fresh), time.perf_counter() - started)
            self.console.error(str(error))
            leave(error.exit_code)  # the decoding threads are still at work: ending the usual way may abort in them
        finally:
            happenings.close()
        self.sinks.begin()
        self._summary(len(fresh), time.perf_counter() - started)
        if self.full:
            return 1
        if self.gone or self.sinks.stdout_gone:
            return 141
        return 1 if self.failed or self.refused else 0

    def _say_kept(self) -> None:
        """Say which files are left as they are; one that is not ours stands where a result should be: a failure."""
        for output in kept_by(self.plan):
            edited = output.kept is not None and output.kept.edited
            self.refused += not edited
            (self.console.note if edited else self.console.error)(f"{output.path}: {output.kept}")
        for job in [one for one in self.plan.jobs if one.kept and one.up_to_date]:
            self.left_alone += 1
            message = "; ".join(f"{output.path}: {output.kept}" for output in job.kept)
            self._record(job, "kept", outputs=[output.path for output in job.kept], message=message)

    def _summary(self, fresh: int, elapsed: float, last: str = "") -> None:
        self.console.stop()
        failed, before = len(self.failed), self.resumed
        left = len(self.plan.jobs) - self.done - before - fresh - self.left_alone - failed
        kept = len(kept_by(self.plan))
        counts = {"done": self.done, "done before": before, "up to date": fresh, "kept": kept, "failed": failed}
        counts["not done"] = left
        self.sinks.events.write(
            "end", time=now(), done=self.done, up_to_date=fresh + before, kept=kept, failed=failed, not_done=left
        )
        text = ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "done")
        if self.seconds and elapsed:
            text += f"; {clock(self.seconds)} of audio in {clock(elapsed)}, {self.seconds / elapsed:.1f} x real time"
        if len(self.plan.jobs) > 1 or left or kept or self.plan.request.naming.folder:
            self.console.note(text)
        if last:
            self.console.error(last)

    def _handle(self, event: JobEvent) -> None:
        from asrcli.runs import events

        if not isinstance(event, events.Note | events.Probed):  # without weights nothing is done
            self.sinks.begin()
        match event:
            case events.Note():
                self._note(event)
            case events.Resumed(jobs):
                self._resume(jobs)
            case events.Written():
                self._written(event)
            case events.Probed(lengths):
                self.lengths = [seconds for _, seconds in lengths]
            case events.Loaded() | events.Worked():
                self._at_work(event)
            case events.Recognised():
                self._start_bar()
                self._recognised(event)
            case events.Done():
                self._done(event)
            case events.JobFailed():
                self._fail(event.job, event.error)

    def _at_work(self, event: Loaded | Worked) -> None:
        from asrcli.runs import events

        if isinstance(event, events.Worked):
            self.console.worked(event.worker, event.seconds)
            return
        choice, places = event.choice, ", ".join(event.workers) or event.choice.device
        self.console.detail(f"{choice.engine.name} {choice.weights.name} on {places} ({choice.device.dtype})")
        self.console.employ(event.workers)
        self._start_bar()

    def _start_bar(self) -> None:
        """Show how far the work is, from when it begins: a download before that has a bar of its own."""
        if self.bar:
            return
        self.bar = True
        total = None if None in self.lengths else sum(seconds or 0.0 for seconds in self.lengths)
        self.console.start(total, f"{self.plan.request.verb.removesuffix('e')}ing")

    def _note(self, event: Note) -> None:
        name = f"{event.job.name}: " if event.job and event.job.name not in event.text else ""
        self.console.note(f"{name}{event.text}")
        self.sinks.events.write("warning", time=now(), input=event.job.name if event.job else None, text=event.text)

    def _recognised(self, event: Recognised) -> None:
        channel = f"#{event.recording.channel}"
        self.console.recognised(event.job.name + channel, event.until - event.recording.start)
        for segment in event.segments:
            self.sinks.events.write(
                "segment", input=event.job.name, channel=event.recording.channel, **segment_record(segment)
            )
        self.sinks.events.write("progress", time=now(), input=event.job.name, until=round(event.until, 3))
        if self.out:
            self.out.segments(event.job, event.segments)

    def _done(self, event: Done) -> None:
        self.done += 1
        self.seconds += max(0.0, event.transcript.seconds - event.known)
        outputs = list(event.written)
        self._record(event.job, "done", outputs=outputs, **done_record(event.transcript))
        self.sinks.events.write("file_done", time=now(), input=event.job.name, outputs=outputs)
        formats = self.plan.request.formats
        layout = self.plan.request.layout_for(event.job, (*formats, "")[0])
        mixed = getattr(self.plan.request, "channels", "") == "mix"  # those of an alignment have no such option
        say_doubts(self.console, event.job.name, event.transcript, formats, layout, mixed)
        if self.out:
            self.out.finished(event.job, event.transcript, layout)
        else:
            self._print_paths(outputs)

    def _resume(self, jobs: Sequence[Job]) -> None:
        self.resumed += len(jobs)
        for job in jobs:
            self._record(job, "up_to_date", outputs=[output.path for output in job.outputs])

    def _written(self, event: Written) -> None:
        if event.path is not None:
            self._print_paths([event.path])
            return
        sys.stdout.write(harmless(event.text))
        sys.stdout.flush()

    def _print_paths(self, paths: list[str]) -> None:
        """Print the names of finished files; they are worth finishing even when nobody reads their names."""
        if self.sinks.stdout_taken:
            return
        try:
            for path in paths:
                sys.stdout.write(for_terminal(path) + "\n")
            sys.stdout.flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError, *, asked: bool = False) -> None:
        """Go on without standard output, and say it: not of a reader that has gone, nor of names for a closed one."""
        discard_stdout()
        if not isinstance(error, BrokenPipeError) and (asked or error.errno != errno.EBADF):
            self.full = True
            self.console.error(f"cannot write to standard output: {reason(error)}")

    def _fail(self, job: Job, error: Exception) -> None:
        self.failed[job.name] = error
        say_failure(self.console, job.name, error)
        self._record(job, "failed", **failed_record(error))
        self.sinks.events.write("file_failed", time=now(), input=job.name, **failed_record(error))
        if self.out:
            self.out.skip(job)

    def _record(self, job: Job, status: str, **values: Any) -> None:
        record = {"input": job.name, "status": status, **values}
        self.sinks.report.write("input", **record)
        if self.sinks.json and not self.out and not self.gone:
            try:
                print_json({"v": VERSION, "type": "input", **record})
            except OSError as error:  # the files are still made
                self.gone = True
                self._lost(error, asked=True)


def interrupt(number: int, frame: object) -> None:
    """End the run as Ctrl-C does: processes and temporary files go, and what is finished is kept."""
    raise KeyboardInterrupt(number)


def interrupt_code(error: BaseException) -> int:
    """Return the exit code of the interrupt that an error is or comes of; any other error is raised.

    One that arrives while a thread is started, in a wait for a lock, leaves the lock released, and Python says that.
    """
    came_of = error.__context__ if isinstance(error, RuntimeError) else error
    if not isinstance(came_of, KeyboardInterrupt):
        raise error
    return 128 + (came_of.args[0] if came_of.args else signal.SIGINT)


def leave(code: int) -> NoReturn:
    """End the process now. The engine's thread may be deep in a library and cannot be asked to stop."""
    give_back_elsewhere()
    with suppress(OSError, ValueError):
        take_down()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
