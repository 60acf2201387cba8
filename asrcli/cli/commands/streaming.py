"""``asr transcribe --stream``: text on standard output while it is spoken, files when it is over."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from asrcli.base.console import Console, clock, harmless, tell
from asrcli.capabilities import Streams
from asrcli.cli.commands.notes import say_doubts, say_failure
from asrcli.cli.commands.options import InputOptions, LiveOptions, ReportOptions, RunOptions, of_recordings
from asrcli.cli.commands.running import leave
from asrcli.cli.commands.sinks import Sinks
from asrcli.cli.groups import refuse
from asrcli.errors import AsrError, EngineUnavailable, InputError, UsageError
from asrcli.outputs.ledger import check_replaceable
from asrcli.outputs.targets import reads
from asrcli.runs.records import VERSION, done_record, failed_record, now, print_json, segment_record
from asrcli.streaming.recognition import USUAL, Pace, Update
from asrcli.streaming.showing import Silent, Text, text_shown

if TYPE_CHECKING:
    from types import FrameType

    from asrcli.diarization.live import LiveSpeakers
    from asrcli.engine import Engine
    from asrcli.runs.plan import Plan, Request
    from asrcli.streaming.session import Happening, Over, Session

IDLE = 10.0  # seconds without growth after which a followed file is over


def run_live(
    wanted: Request,
    sources: InputOptions,
    runs: RunOptions,
    reports: ReportOptions,
    live: LiveOptions,
    console: Console,
) -> int:
    """Transcribe one input while it is made and return the exit code.

    Raises:
        UsageError: options that do not go together.
    """
    from asrcli.runs.plan import plan, prepare_engine
    from asrcli.streaming.listener import Listening
    from asrcli.streaming.session import Session
    from asrcli.streaming.sources import LIST, open_source, parse_pcm

    name = _check(wanted, sources, runs, live)
    if wanted.speakers is not None:
        wanted = replace(wanted, speakers=replace(wanted.speakers, live=True))
    if name == LIST:
        return _list_devices()
    channel = None if wanted.channels == "mix" else int(wanted.channels)
    pcm = parse_pcm(live.pcm) if live.pcm else None
    source = open_source(name, pcm, IDLE if live.idle is None else live.idle, channel)
    if source.recording.path != name:
        wanted = replace(wanted, inputs=(replace(wanted.inputs[0], path=source.recording.path),))
    planned = plan(wanted)
    wanted = _timed_live(planned, wanted)
    planned = replace(planned, request=wanted)
    check_replaceable([output.path for job in planned.jobs for output in job.outputs], force=wanted.force)
    with closing(Sinks(reports, runs, planned, reads("the list of inputs", sources.files_from))) as sinks:
        for text in planned.notices:
            console.note(text)
        choice = prepare_engine(wanted, planned.engine, planned.model, wanted.options, console.note)
        pace = _pace(choice.engine, wanted, live)
        console.note(f"loading {choice.engine.name} {choice.weights.name}")
        how = Listening(wanted.vad, pace, _speakers(wanted, planned, console))
        session = Session(source, choice, wanted.options, how)
        return Live(planned, console, sinks, session).go()


def _pace(engine: type[Engine], wanted: Request, live: LiveOptions) -> Pace:
    """Return how soon text settles; raise `UsageError` where the engine decides about that itself."""
    if live.settle_after is None:
        return USUAL
    if issubclass(engine, Streams) and not wanted.options.word_timestamps:
        raise UsageError(
            f"engine '{engine.name}' has a stream of its own, and settles text itself: leave --settle-after out"
        )
    return replace(USUAL, settle_after=live.settle_after)


def _speakers(wanted: Request, planned: Plan, console: Console) -> LiveSpeakers | None:
    """Return what tells who speaks, its weights found, where that is asked for."""
    if wanted.speakers is None:
        return None
    from asrcli.alignment.choice import prepare_aligner
    from asrcli.alignment.words import AlignedTimes
    from asrcli.diarization.choice import prepare
    from asrcli.diarization.live import LiveSpeakers
    from asrcli.engines.selection import Setup

    found = prepare(wanted.speakers, wanted.device, wanted.offline, console.note, wanted.threads)
    timer = None
    if planned.aligner is not None and not wanted.options.word_timestamps:
        setup = Setup(threads=wanted.threads, offline=wanted.offline)
        timer = AlignedTimes(prepare_aligner(*planned.aligner, setup, console.note), console.note)
    return LiveSpeakers(found, wanted.speakers, timer)


def _timed_live(planned: Plan, wanted: Request) -> Request:
    """Return the request without word times where only an aligner could give them: a stream has them for speakers only.

    Raises:
        UsageError: the format has nothing but words.
    """
    request = planned.request
    if planned.aligner is None or wanted.options.word_timestamps:
        return request
    if "ctm" in request.formats:
        raise UsageError(
            f"ctm holds words with their times, and engine '{planned.engine.name}' has none; -f stm holds segments"
        )
    return replace(request, options=replace(request.options, word_timestamps=None))


def _check(wanted: Request, sources: InputOptions, runs: RunOptions, live: LiveOptions) -> str:
    """Return the name of the one input. Raises `UsageError`."""
    if not live.stream:
        raise UsageError(f"--{live.given[0]} is for --stream: add it")
    of_files = of_recordings(wanted) | {
        "--workers": wanted.workers.count, "--ray": wanted.workers.ray,
        "--languages": wanted.languages, "--identify-with": wanted.identifier, "--punctuate": wanted.punctuation,
        "--batch-size": wanted.batch_size, "--manifest": sources.manifest, "--dry-run": runs.dry_run,
        "--ask": wanted.options.ask, "--numbers": wanted.writing.numbers != "as-is", "--script": wanted.writing.script,
    }  # fmt: skip
    if (speakers := wanted.speakers) is not None:
        of_files |= {"--same-speakers": speakers.same, "--min-speakers": speakers.at_least}
    refuse(of_files, "does not go with --stream; leave it out")
    if len(wanted.inputs) != 1:
        raise UsageError(f"--stream takes one input, not {len(wanted.inputs)}: name a file, - or mic:")
    if wanted.channels == "split":
        raise UsageError("--channels split does not go with --stream; give mix or a number")
    name = wanted.inputs[0].path
    if name == "-" and sys.stdin.isatty():
        raise UsageError("standard input is the keyboard: pipe sound into it, or name a file or mic:")
    return name


def _list_devices() -> int:
    from asrcli.streaming.sources import devices

    found = devices()
    if not found:
        raise InputError("no microphone is there")
    for number, name, channels, rate in found:
        tell(f"mic:{number}\t{name}\t{channels} channels\t{rate} Hz")
    return 0


class Live:
    """One stream: turns what happens into text, records, files, and lines on standard error."""

    def __init__(self, planned: Plan, console: Console, sinks: Sinks, session: Session) -> None:
        self.plan, self.console, self.sinks, self.session = planned, console, sinks, session
        (self.job,) = planned.jobs
        self.name = "standard input" if self.job.name == "-" else self.job.name
        self.stopped = 0  # the exit code of what stopped it from outside
        as_text = planned.request.formats[:1] == ("txt",) or not planned.request.naming.to_stdout
        self.text: Text = Silent() if sinks.stdout_taken or not as_text else text_shown()

    def go(self) -> int:
        """Transcribe until the end and return the exit code; an interrupt settles what has been said."""
        from asrcli.streaming.session import Over

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupt)
        self._event("start", time=now(), inputs=1, up_to_date=0)
        try:
            for happening in self.session.start():
                if isinstance(happening, Over):
                    code = self._over(happening)
                    break
                self._guarded(self._handle, happening)
        finally:
            self.text.stop()
        if self.stopped or code:
            leave(self.stopped or code)  # the reading thread may wait for bytes for ever
        return 0

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.stopped:
            leave(128 + number)  # a second one ends it at once
        self.stopped = 128 + number
        self.session.stop()

    def _guarded(self, write: Callable[..., None], *values: object) -> None:
        """Write; when the reader has gone, transcribe no more, and write what are files."""
        try:
            write(*values)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if not self.job.outputs:
                leave(141)
            self.stopped = self.stopped or 141
            self.session.stop()

    def _handle(self, happening: Happening) -> None:
        from asrcli.streaming.session import Note, Ready

        if isinstance(happening, Ready):
            self.sinks.begin()
            self.console.note(f"listening to {self.name}, ready on {happening.device} after {happening.seconds:.1f} s")
            self._event("listening", time=now(), input=self.job.name, after=round(happening.seconds, 3))
        elif isinstance(happening, Note):
            told = happening.of_input and self.name not in happening.text
            self.console.note(f"{self.name}: {happening.text}" if told else happening.text)
            name = self.job.name if happening.of_input else None
            self._event("warning", time=now(), input=name, text=happening.text)
        elif isinstance(happening, Update):
            self._update(happening)

    def _update(self, update: Update) -> None:
        if update.failed is not None:
            say_failure(self.console, self.job.name, update.failed)
        texts = {"settled": update.settled, "tail": update.tail, "until": round(update.until, 3)}
        self._event("text", time=now(), input=self.job.name, **texts)
        if update.segment is not None:
            channel = self.session.source.recording.channel
            self._event("segment", input=self.job.name, channel=channel, **segment_record(update.segment))
        self.text.show(update)

    def _over(self, over: Over) -> int:
        """Write what is to be written and return the exit code."""
        from asrcli.runs.outputs import write_live

        error, transcript = over.error, over.transcript
        if not isinstance(error, EngineUnavailable):  # without weights nothing was done
            self.sinks.begin()
        if error is not None and not any(error is one for one in self.session.failures):
            say_failure(self.console, self.job.name, error)
        say_doubts(self.console, self.name, transcript, self.plan.request.formats, self.plan.request.layout)
        written: list[str] = []
        try:
            written = write_live(self.plan, transcript)
        except AsrError as failure:
            self.console.error(str(failure))
            error = error or failure
        record: dict[str, Any] = {"outputs": written, **done_record(transcript)}
        if error is not None:
            record = failed_record(error)
        self.sinks.report.write("input", input=self.job.name, status="failed" if error else "done", **record)
        self._guarded(self._last_words, over, written, error)
        return 0 if error is None else getattr(error, "exit_code", 1)

    def _last_words(self, over: Over, written: list[str], error: Exception | None) -> None:
        from asrcli.formats import render

        to_stdout = self.plan.request.naming.to_stdout and not self.sinks.stdout_taken
        if to_stdout and isinstance(self.text, Silent):
            sys.stdout.write(harmless(render(over.transcript, self.plan.request.formats[0], self.plan.request.layout)))
            sys.stdout.flush()
        if error is None:
            self._event("file_done", time=now(), input=self.job.name, outputs=written)
        else:
            self._event("file_failed", time=now(), input=self.job.name, **failed_record(error))
        self._event("end", time=now(), done=int(not error), up_to_date=0, kept=0, failed=int(bool(error)), not_done=0)
        for path in written:
            self.console.note(f"written: {path}")
        self.console.detail(
            f"{clock(over.transcript.seconds)} recognised, {over.transcript.timings.engine:.1f} s of work"
        )

    def _event(self, kind: str, **values: Any) -> None:
        self.sinks.events.write(kind, **values)
        if self.sinks.json:
            print_json({"v": VERSION, "type": kind, **values})
