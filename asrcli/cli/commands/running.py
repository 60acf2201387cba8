"""A run of jobs as a user sees it: what happens becomes results, records, lines on standard error, and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from asrcli.base.console import Console, clock, printable, shown
from asrcli.base.display import take_down
from asrcli.base.files import reason
from asrcli.cli.commands.sinks import Results, Sinks
from asrcli.errors import AsrError
from asrcli.runs.records import VERSION, discard_stdout, done_record, failed_record, now, print_json, segment_record

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from asrcli.cli.commands.sinks import Planned
    from asrcli.formats import Layout
    from asrcli.runs.execute import Done, Heard, JobEvent, Note
    from asrcli.runs.plan import Job, Request
    from asrcli.types import Transcript

SERIOUS = frozenset({"repeat_loop", "truncated", "no_speech", "prompt_echo"})  # flags worth a line on standard error


def run(wanted: Request, console: Console, given: dict[str, Any]) -> int:
    """Transcribe what was asked for and return the exit code."""
    from asrcli.runs.execute import execute
    from asrcli.runs.plan import plan

    planned = plan(wanted)
    return run_planned(planned, lambda: execute(planned), planned.request.layout, console, Sinks(given, planned))


def run_planned(
    planned: Planned,
    execute: Callable[[], Generator[JobEvent, None, None]],
    layout: Layout,
    console: Console,
    sinks: Sinks,
) -> int:
    """Do what is planned, rendering what happens, and return the exit code."""
    with closing(sinks):
        for text in planned.notices:
            console.note(text)
        if sinks.dry_run:
            return _say_plan(planned, console)
        return Run(planned, execute, layout, console, sinks).go()


def _say_plan(planned: Planned, console: Console) -> int:
    for job in planned.jobs:
        for output in job.outputs:
            what = "keep" if output.kept else "make" if output.stale else "up to date"
            print(f"{what}\t{printable(output.path)}\t{output.kept.why if output.kept else output.stale or ''}")
        if not job.outputs:
            print(f"make\t{printable(job.name)}\tto standard output")
    stale = sum(not job.up_to_date for job in planned.jobs)
    kept = sum(len(job.kept) for job in planned.jobs)
    fresh = sum(job.up_to_date and not job.kept for job in planned.jobs)
    console.note(f"{stale} to {planned.request.verb}, {fresh} up to date" + (f", {kept} kept" if kept else ""))
    return 0


class Run:
    """One run: turns what happens to jobs into results, records, and lines on standard error."""

    def __init__(
        self,
        planned: Planned,
        execute: Callable[[], Generator[JobEvent, None, None]],
        layout: Layout,
        console: Console,
        sinks: Sinks,
    ) -> None:
        self.plan, self.execute, self.console, self.sinks = planned, execute, console, sinks
        self.layout = layout
        self.failed: dict[str, Exception] = {}
        self.done = 0
        self.left_alone = 0  # inputs all of whose stale outputs are kept
        self.refused = 0  # files that are not ours
        self.seconds = 0.0
        self.lengths: list[float | None] = []  # of the readable inputs
        self.bar = False  # has begun
        self.gone = False  # the reader of records on standard output
        for lines in (sinks.report, sinks.events):  # what is a file, or goes elsewhere, is still made
            lines.forgiving = not planned.request.naming.to_stdout or lines.target != "-"
        self.out = Results(planned, layout, sinks) if planned.request.naming.to_stdout else None

    def go(self) -> int:
        """Run to the end and return the exit code; an interrupt keeps what is finished."""
        started = time.perf_counter()
        signal.signal(signal.SIGTERM, _interrupt)
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
        except KeyboardInterrupt as interrupt:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second one ends it at once
            self._summary(len(fresh), time.perf_counter() - started, "interrupted; the same command goes on from here")
            leave(128 + (interrupt.args[0] if interrupt.args else signal.SIGINT))
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
        if self.gone or self.sinks.stdout_gone:
            return 141
        return 1 if self.failed or self.refused else 0

    def _say_kept(self) -> None:
        """Say which files are left as they are; one that is not ours stands where a result should be: a failure."""
        for job in [one for one in self.plan.jobs if one.kept]:
            kept = [output for output in job.kept if output.kept]
            lines = [f"{output.path}: {output.kept}" for output in kept]
            for output, line in zip(kept, lines, strict=True):
                edited = output.kept is not None and output.kept.edited
                self.refused += not edited
                (self.console.note if edited else self.console.error)(line)
            if job.up_to_date:
                self.left_alone += 1
                self._record(job, "kept", outputs=[output.path for output in kept], message="; ".join(lines))

    def _summary(self, fresh: int, elapsed: float, last: str = "") -> None:
        self.console.stop()
        left = len(self.plan.jobs) - self.done - fresh - self.left_alone - len(self.failed)
        kept = sum(len(job.kept) for job in self.plan.jobs)
        failed = len(self.failed)
        counts = {"done": self.done, "up to date": fresh, "kept": kept, "failed": failed, "not done": left}
        self.sinks.events.write(
            "end", time=now(), done=self.done, up_to_date=fresh, kept=kept, failed=failed, not_done=left
        )
        text = ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "done")
        if self.seconds and elapsed:
            text += f"; {clock(self.seconds)} of audio in {clock(elapsed)}, {self.seconds / elapsed:.1f} x real time"
        if len(self.plan.jobs) > 1 or left or kept or self.plan.request.naming.folder:
            self.console.note(text)
        if last:
            self.console.error(last)

    def _handle(self, event: JobEvent) -> None:
        from asrcli.runs import execute as execution

        if not isinstance(event, execution.Note | execution.Probed):  # without weights nothing is done
            self.sinks.begin()
        match event:
            case execution.Note():
                self._note(event)
            case execution.Probed(lengths):
                self.lengths = [seconds for _, seconds in lengths]
            case execution.Loaded(choice):
                self.console.detail(
                    f"{choice.engine.name} {choice.weights.name} on {choice.device} ({choice.device.dtype})"
                )
                self._start_bar()
            case execution.Heard():
                self._start_bar()
                self._heard(event)
            case execution.Done():
                self._done(event)
            case execution.JobFailed(job, error):
                self._fail(job, error)

    def _start_bar(self) -> None:
        """Show how far the work is, from when it begins: a download before that has a bar of its own."""
        if self.bar:
            return
        self.bar = True
        total = None if None in self.lengths else sum(seconds or 0.0 for seconds in self.lengths)
        self.console.start(total, f"{self.plan.request.verb.removesuffix('e')}ing")

    def _note(self, event: Note) -> None:
        name = f"{event.job.name}: " if event.job else ""
        self.console.note(f"{name}{event.text}")
        self.sinks.events.write("warning", time=now(), input=event.job.name if event.job else None, text=event.text)

    def _heard(self, event: Heard) -> None:
        self.console.heard(event.recording.name, event.until - event.recording.start)
        for segment in event.segments:
            self.sinks.events.write(
                "segment", input=event.job.name, channel=event.recording.channel, **segment_record(segment)
            )
        self.sinks.events.write("progress", time=now(), input=event.job.name, until=round(event.until, 3))
        if self.out:
            self.out.segments(event.job, event.segments)

    def _done(self, event: Done) -> None:
        self.done += 1
        self.seconds += event.transcript.seconds
        outputs = list(event.written)
        self._record(event.job, "done", outputs=outputs, **done_record(event.transcript))
        self.sinks.events.write("file_done", time=now(), input=event.job.name, outputs=outputs)
        say_doubts(self.console, event.job.name, event.transcript, self.plan.request.formats, self.layout)
        if self.out:
            self.out.finished(event.job, event.transcript)
        elif not self.sinks.stdout_taken:
            self._print_paths(outputs)

    def _print_paths(self, paths: list[str]) -> None:
        """Print the names of finished files; they are worth finishing even when nobody reads their names."""
        try:
            for path in paths:
                sys.stdout.write(shown(path) + "\n")
            sys.stdout.flush()
        except OSError:  # its reader has gone, or it was closed
            discard_stdout()

    def _fail(self, job: Job, error: Exception) -> None:
        self.failed[job.name] = error
        if isinstance(error, AsrError):
            text = str(error)
            self.console.error(text if job.name in text else f"{job.name}: {text}")
        else:  # a bug: nothing of it is hidden
            self.console.error(f"{job.name}: unexpected {type(error).__name__}: {error}")
            self.console.raw("".join(traceback.format_exception(error)))
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
                discard_stdout()
                if not isinstance(error, BrokenPipeError):
                    self.console.error(f"cannot write to standard output: {reason(error)}")


def say_doubts(console: Console, name: str, transcript: Transcript, formats: tuple[str, ...], layout: Layout) -> None:
    """Say on stderr what the reader of the text alone would not see."""
    from asrcli.formats.timeline import time_doubts

    for text in time_doubts(transcript, formats, layout.highlight_words):
        console.note(f"{name}: {text}")
    if transcript.gaps:
        missing = sum(gap.seconds for gap in transcript.gaps)
        first = transcript.gaps[0]
        console.note(
            f"{name}: {clock(missing)} of speech in {len(transcript.gaps)} places has no text, "
            f"first at {clock(first.start)}"
        )
    flagged = [segment for segment in transcript.segments if set(segment.flags) & SERIOUS]
    if flagged:
        kinds = ", ".join(sorted({flag for segment in flagged for flag in segment.flags if flag in SERIOUS}))
        console.note(
            f"{name}: {len(flagged)} of {len(transcript.segments)} segments are suspicious ({kinds}), "
            f"first at {clock(flagged[0].start)}"
        )


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt(number)


def leave(code: int) -> NoReturn:
    """End the process now. The engine's thread may be deep in a library and cannot be asked to stop."""
    with suppress(OSError, ValueError):
        take_down()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
