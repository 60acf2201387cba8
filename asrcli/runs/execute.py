"""Planned jobs to finished outputs: each input is probed, heard, and written whole.

Nothing here prints: `execute` yields what happens and the command renders it, as a program that imports asr can.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asrcli import companions
from asrcli.alignment.choice import AlignerChoice, prepare_aligner
from asrcli.alignment.words import AlignedTimes, Timer, aligner_for, own_times
from asrcli.audio.inputs import STDIN
from asrcli.base.background import Announce, follow
from asrcli.base.files import is_special, write_atomic
from asrcli.diarization.speakers import Diarization, give_speakers, merge_channels
from asrcli.engines.recogniser import Choice
from asrcli.engines.selection import Setup
from asrcli.errors import AsrError, InputError, UsageError
from asrcli.formats import Layout, check, render
from asrcli.pipeline import run as pipeline
from asrcli.pipeline.events import ClipHeard, Event, Failed, Finished, Known, Notice, Settled, Voted
from asrcli.runs import state
from asrcli.runs.plan import Job, Output, Plan, Request, companions_of, for_engine, output_recipe, prepare_engine
from asrcli.types import Recording, Segment, Transcript

if TYPE_CHECKING:
    from asrcli.audio.decode import AudioInfo
    from asrcli.diarization.desk import DeskMaker

PROBES = 8  # inputs probed at once; each waits for the disk most of the time


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the user, about one job or about the run."""

    text: str
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class Probed:
    """The readable inputs and their lengths, before anything is loaded."""

    seconds: tuple[tuple[Job, float | None], ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine is chosen; its weights load while the first input is decoded."""

    choice: Choice


@dataclass(frozen=True, slots=True)
class Heard:
    """Further segments of one job, and how far it has been heard, in seconds."""

    job: Job
    recording: Recording
    segments: tuple[Segment, ...]
    until: float


@dataclass(frozen=True, slots=True)
class Done:
    """A job is finished; its outputs are written."""

    job: Job
    transcript: Transcript
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job cannot be finished."""

    job: Job
    error: Exception


JobEvent = Note | Probed | Loaded | Heard | Done | JobFailed


def execute(planned: Plan) -> Generator[JobEvent, None, None]:
    """Do what is planned; yield what happens. Jobs that are up to date are passed over.

    Raises:
        EngineUnavailable, DeviceError: no engine can do the rest; what was finished is written.
    """
    request = planned.request
    keep_newer(planned.jobs)
    todo = [job for job in planned.jobs if not job.up_to_date]
    readable: list[tuple[Job, AudioInfo | None]] = []
    for job, info in probe_all(todo):
        problem = info if isinstance(info, Exception) else planned.turns.get(job.name)
        if isinstance(problem, Exception):
            yield JobFailed(job, problem)
        else:
            assert not isinstance(info, Exception)
            readable.append((job, info))
    yield Probed(tuple((job, stretch_seconds(info, request.start, request.end)) for job, info in readable))
    if readable:
        prepared = yield from follow(lambda announce: _prepare(planned, announce), Note)
        yield Loaded(prepared.choice)
        yield from _Execution(planned, readable, prepared).events()


def keep_newer(jobs: Sequence[Job], texts: Mapping[str, str] | None = None) -> None:
    """Make outputs that are up to date newer than inputs that were only touched: else make asks again for ever.

    Args:
        jobs: all that are planned.
        texts: what else an output is made of, by the name of the recording.
    """
    made_of = texts or {}
    fresh = [(job.name, output.path) for job in jobs if job.up_to_date for output in job.outputs]
    for recording, made in fresh:
        for source in [recording, made_of[recording]] if recording in made_of else [recording]:
            _keep_newer(made, source)


def _keep_newer(made: str, source: str) -> None:
    with suppress(OSError):  # another user's file
        if os.stat(made).st_mtime_ns < os.stat(source).st_mtime_ns:
            os.utime(made)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a run works with. All weights are on this machine now; those of the engine and the aligner load later."""

    choice: Choice
    aligner: AlignerChoice | None  # times the words, where the engine does not
    desk_for: DeskMaker | None


def _prepare(planned: Plan, announce: Announce) -> _Prepared:
    """Find all weights, pulling them when allowed."""
    request = planned.request
    choice = prepare_engine(request, planned.engine, planned.model, for_engine(request.options), announce)
    prepare_companions(request, announce)
    return _Prepared(choice, _timer(planned, choice, announce), _diarization(request, announce))


def _timer(planned: Plan, choice: Choice, announce: Announce) -> AlignerChoice | None:
    """Return the aligner that times the words, where they are asked for and these weights do not time them."""
    request = planned.request
    if not request.options.word_timestamps:
        return None
    aligner = planned.aligner or aligner_for(choice.engine, request.options, request.aligner)
    if aligner is None:
        return None
    return prepare_aligner(*aligner, Setup(threads=request.threads, offline=request.offline), announce)


def _diarization(request: Request, announce: Announce) -> DeskMaker | None:
    """Return what makes a desk for diarization, its weights found; ``None`` when no model has to look for speakers."""
    if request.speakers is None or request.speakers.rttm is not None:
        return None
    from asrcli.diarization.desk import prepare

    return prepare(request.speakers, request.device, request.offline, announce)


def prepare_companions(request: Request, announce: Announce) -> None:
    """Load them all, so that what is wrong with one ends the run before any input is read."""
    for group, spelling in companions_of(request):
        companions.prepare(group, spelling, offline=request.offline, announce=announce)


def probe_all(jobs: Sequence[Job]) -> Iterator[tuple[Job, AudioInfo | InputError | None]]:
    """Look into every input, several at once, and yield the facts or the mistake, in order."""
    from asrcli.audio.decode import probe

    def look(job: Job) -> AudioInfo | InputError | None:
        if job.name == STDIN:
            return None
        try:
            return probe(job.name)
        except InputError as error:
            return error

    with ThreadPoolExecutor(PROBES) as pool:
        yield from zip(jobs, pool.map(look, jobs), strict=True)


def stretch_seconds(info: AudioInfo | None, start: float, end: float | None) -> float | None:
    """Return how much of an input lies between two times; ``None`` when its length is not known."""
    if info is None or info.seconds is None:
        return None
    last = info.seconds if end is None else min(info.seconds, end)
    return max(0.0, last - start)


@dataclass(frozen=True, slots=True)
class _Part:
    """One recording of a job: the whole input, or one of its channels."""

    job: Job
    recording: Recording
    journal: state.Journal | None


class _Execution:
    """The state of one run: recordings under way, and channels that wait for the others of their input."""

    def __init__(self, planned: Plan, readable: Sequence[tuple[Job, AudioInfo | None]], prepared: _Prepared) -> None:
        self.plan, self.request, self.choice = planned, planned.request, prepared.choice
        self.notes: list[str] = []
        self.words = self._word_times(prepared.aligner)
        self.options = for_engine(self.request.options, self.choice.engine, prepared.aligner is not None)
        self.parts = [part for job, info in readable for part in self._parts(job, info)]
        self.channels: dict[str, list[_Part]] = {}  # the parts of each job
        for part in self.parts:
            self.channels.setdefault(part.job.name, []).append(part)
        desk_for = prepared.desk_for
        self.desk = desk_for([part.recording for part in self.parts]) if desk_for else None
        self.finished: dict[str, list[Transcript]] = {}
        self.failed: set[str] = set()

    def _word_times(self, aligner: AlignerChoice | None) -> Timer | None:
        """Return what gives words their times, when they are asked for."""
        if not self.request.options.word_timestamps:
            return None
        return own_times if aligner is None else AlignedTimes(aligner, self.notes.append)

    def _parts(self, job: Job, info: AudioInfo | None) -> list[_Part]:
        channels: list[int | None] = [None]
        if self.request.channels == "split":
            if info is None:
                raise UsageError("--channels split needs a file: how many channels standard input has is not known")
            channels = list(range(info.channels)) if info.channels > 1 else [None]
        elif self.request.channels != "mix":
            channels = [int(self.request.channels)]
        seconds = info.seconds if info else None
        parts = []
        for channel in channels:
            recording = Recording(job.name, channel, seconds, self.request.start, self.request.end)
            parts.append(_Part(job, recording, self._journal(job, channel)))
        return parts

    def _journal(self, job: Job, channel: int | None) -> state.Journal | None:
        if job.name == STDIN or all(is_special(output.path) for output in job.outputs):
            return None
        recipe = {**self.plan.recipe, "channel": str(channel), "batch": str(self.request.batch_size)}
        journal = state.Journal(self.request.naming.state_folder, job.name, recipe)
        if self.request.force:
            journal.remove()
        return journal

    def events(self) -> Iterator[JobEvent]:
        """Run the pipeline and yield what happens to jobs."""
        happenings = pipeline.run(
            [part.recording for part in self.parts],
            self.choice,
            self.options,
            self._settings(),
            known=self._known,
        )
        for event in self.desk.add_speakers(happenings) if self.desk else happenings:
            while self.notes:
                yield Note(self.notes.pop(0))
            yield from self._handle(event)

    def _known(self, index: int) -> Known:
        journal = self.parts[index].journal
        return journal.known() if journal else Known()

    def _settings(self) -> pipeline.Settings:
        asked = replace(self.request, options=self.options)
        listen = self.desk.listen if self.desk else None
        return replace(pipeline_settings(asked, self.choice), words=self.words, listen=listen)

    def _handle(self, event: Event) -> Iterator[JobEvent]:
        if isinstance(event, Notice):
            yield Note(event.text, None if event.index is None else self.parts[event.index].job)
            return
        part = self.parts[event.index]
        match event:
            case ClipHeard(heard=heard) if part.journal:
                part.journal.heard(heard)
            case Voted(language=language, score=score) if part.journal:
                part.journal.voted(language, score)
            case Settled(segments=segments, until=until):
                yield Heard(part.job, part.recording, segments, until)
            case Failed(error=error) if part.job.name not in self.failed:  # of several channels the first counts
                self.failed.add(part.job.name)
                yield JobFailed(part.job, error)
            case Finished(transcript=transcript):
                yield from self._finish(part, transcript)

    def _finish(self, part: _Part, transcript: Transcript) -> Iterator[JobEvent]:
        """Write a job's outputs when the last of its channels is there."""
        job = part.job
        transcripts = self.finished.setdefault(job.name, [])
        transcripts.append(transcript)
        siblings = self.channels[job.name]
        if job.name in self.failed or len(transcripts) < len(siblings):
            return
        whole = merge_channels(self.finished.pop(job.name))
        if isinstance(turns := self.plan.turns.get(job.name), Diarization):
            whole = give_speakers(whole, turns)
        layout, ledger = self.request.layout, state.ledger(self.request.naming.state_folder)
        written = []
        try:
            for output in job.outputs:
                if output.stale:
                    recipe = None if job.name == STDIN else output_recipe(job.recipe, output.format, layout)
                    yield from write_output(job, output, whole, layout, ledger, recipe)
                    written.append(output.path)
        except AsrError as error:
            yield JobFailed(job, error)
            return
        for other in siblings:
            if other.journal:
                other.journal.remove()
        yield Done(job, whole, tuple(written))


def pipeline_settings(request: Request, choice: Choice) -> pipeline.Settings:
    """Return how the pipeline runs for a request."""
    from asrcli.audio.cut import CutOptions

    return pipeline.Settings(
        cut=CutOptions(max_seconds=choice.engine.clip_seconds(request.options), vad=request.vad),
        languages=request.languages,
        batch_size=request.batch_size or pipeline.MOST_CLIPS,
        punctuator=companions.load_punctuator(named) if (named := request.punctuation) else None,
        identifier=companions.load_identifier(named) if (named := request.identifier) else None,
        decode_threads=max(2, min(8, (os.cpu_count() or 2) // 2)),
    )


def write_output(
    job: Job,
    output: Output,
    transcript: Transcript,
    layout: Layout,
    ledger: state.Ledger,
    recipe: state.Recipe | None,
) -> Iterator[Note]:
    """Write one output of a job, and say how many cues, read again as a player would, could not keep to the layout.

    Args:
        job: what messages are about.
        output: where it goes, in which format.
        transcript: what it says.
        layout: the shape of subtitles.
        ledger: that of the output's folder.
        recipe: what shaped it; ``None`` remembers only whose file it is, so that it is never up to date.

    Raises:
        OutputError: it cannot be written.
    """
    text = render(transcript, output.format, layout)
    ledger.making(output.path)
    write_atomic(output.path, text)
    if recipe is not None:
        ledger.made(output.path, state.identify(job.name), recipe)
    if broken := check(text, output.format, layout):
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        yield Note(f"{output.path}: {broken[0]}{more}", job)


def write_live(planned: Plan, transcript: Transcript) -> list[str]:
    """Write the outputs of a live stream, which is the only job of its plan and cannot be heard again.

    Raises:
        OutputError: one cannot be written.
    """
    (job,) = planned.jobs
    for output in job.outputs:
        text = render(transcript, output.format, planned.request.layout)
        # From now on it is asr's own file, and out of date for a run over the finished recording.
        state.ledger(planned.request.naming.state_folder).making(output.path)
        write_atomic(output.path, text)
    return [output.path for output in job.outputs]
