"""Planned jobs to finished outputs: each input is probed, transcribed, and written whole.

Nothing here prints: `execute` yields what happens and the command renders it, as a program that imports asr can.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from asrcli.audio.inputs import STDIN
from asrcli.audio.tracks import line_of, numbered
from asrcli.base.background import in_order
from asrcli.base.console import clock
from asrcli.base.files import is_special
from asrcli.companions import Identifier, Punctuator
from asrcli.diarization.speakers import Diarization, give_speakers, merge_channels
from asrcli.engines import companions
from asrcli.engines.options import clip_length
from asrcli.engines.recogniser import Choice, Recogniser
from asrcli.errors import InputError, UsageError
from asrcli.outputs.identity import Stamp, stamp
from asrcli.pipeline.events import ClipRecognised, Event, Failed, Finished, Known, Notice, Settled, Voted
from asrcli.pipeline.events import Worked as WorkedEvent
from asrcli.runs.events import Done, JobEvent, JobFailed, Note, Probed, Recognised, Worked
from asrcli.runs.jobs import Job
from asrcli.runs.journal import Journal
from asrcli.runs.outputs import identity_since, keep_newer, write_outputs
from asrcli.runs.plan import Plan, Request, for_engine
from asrcli.runs.prepare import Prepared, prepare
from asrcli.runs.sharing import DoneElsewhere, Shared
from asrcli.types import Clip, Recording, Segment, Transcript

if TYPE_CHECKING:
    from asrcli.alignment.choice import AlignerChoice
    from asrcli.alignment.words import Timer
    from asrcli.audio.decode import AudioInfo
    from asrcli.pipeline.settings import Settings
    from asrcli.runs.align_plan import AlignPlan, AlignRequest

PROBES = 8  # inputs probed at once; each waits for the disk most of the time


def execute(planned: Plan, recogniser: Recogniser | None = None) -> Generator[JobEvent, None, None]:
    """Do what is planned, jobs that are up to date aside, with this recogniser or the plan's; yield what happens.

    Raises:
        EngineUnavailable, DeviceError: no engine can do the rest; what was finished is written.
    """
    readable = yield from probe_jobs(planned, planned.turns)
    if readable:
        shared = Shared(planned.request)
        prepared = yield from prepare(planned, recogniser)
        with closing(prepared):
            parts = {job.name: _parts(planned, job, info) for job, info in readable}
            yield from Execution(planned, [part for own in parts.values() for part in own], prepared, shared).events()
            while left := (yield from shared.next_left()):
                own = [replace(part, job=left) for part in parts[left.name]]
                yield from Execution(planned, own, prepared, shared).events()


def probe_jobs(
    planned: Plan | AlignPlan, known: Mapping[str, object]
) -> Generator[JobFailed | Note | Probed, None, list[tuple[Job, AudioInfo | None]]]:
    """Look into the inputs of all jobs that are not up to date; yield what is wrong, and return the readable ones.

    Args:
        known: what was found out about an input before; an exception is why it fails.
    """
    keep_newer(planned.jobs)
    readable: list[tuple[Job, AudioInfo | None]] = []
    for job, info in _probe_all([job for job in planned.jobs if not job.up_to_date], planned.request):
        problem = info if isinstance(info, Exception) else known.get(job.name)
        if isinstance(problem, Exception):
            yield JobFailed(job, problem)
        else:
            assert not isinstance(info, Exception)
            readable.append((job, info))
            if info is not None and (line := line_of(info.tracks, info.track)):
                yield Note(f"{job.name}: {line}")
    start, end = planned.request.start, planned.request.end
    yield Probed(tuple((job, _stretch_seconds(info, start, end)) for job, info in readable))
    return readable


def _probe_all(
    jobs: Sequence[Job], request: Request | AlignRequest
) -> Iterator[tuple[Job, AudioInfo | Exception | None]]:
    """Look into every input, several at once, and yield the facts or the mistake, in order."""
    from asrcli.audio.decode import probe

    def look(job: Job) -> AudioInfo | Exception | None:
        """Return what is known of an input before it is decoded, or why it cannot be; None for standard input."""
        if job.name == STDIN:
            numbered(request.track)
            return None
        try:
            return probe(job.name, request.track, request.track_language)
        except Exception as error:  # also a bug: the other inputs go on, and its traceback is shown
            return error

    yield from zip(jobs, in_order(look, jobs, PROBES), strict=True)


def _stretch_seconds(info: AudioInfo | None, start: float, end: float | None) -> float | None:
    """Return how much of an input lies between two times; ``None`` when its length is not known."""
    if info is None or info.seconds is None:
        return None
    last = info.seconds if end is None else min(info.seconds, end)
    return max(0.0, last - start)


@dataclass(frozen=True, slots=True)
class Part:
    """One recording of a job: the whole input, one of its channels, or a stretch of it."""

    job: Job
    recording: Recording
    journal: Journal | None = None


def _parts(planned: Plan, job: Job, info: AudioInfo | None) -> list[Part]:
    """Return the recordings of a job: several where each channel is one."""
    request = planned.request
    channels: list[int | None] = [None]
    if request.channels == "split":
        if info is None:
            raise UsageError("--channels split needs a file: how many channels standard input has is not known")
        channels = list(range(info.channels)) if info.channels > 1 else [None]
    elif request.channels != "mix":
        channels = [int(request.channels)]
    seconds = info.seconds if info else None
    parts = []
    for channel in channels:
        track = info.track if info else numbered(request.track)
        recording = Recording(job.name, channel, seconds, request.start, request.end, track, request.jumps)
        parts.append(Part(job, recording, _journal(planned, job, channel)))
    return parts


def _journal(planned: Plan, job: Job, channel: int | None) -> Journal | None:
    """Return where the clips of a recording are kept until its outputs are written."""
    request = planned.request
    if job.name == STDIN or is_special(job.name) or all(is_special(output.path) for output in job.outputs):
        return None
    recipe = {**planned.recipe, "channel": str(channel), "batch": str(request.batch_size)}
    try:
        journal = Journal(request.naming.state_folder, job.name, recipe)
    except (OSError, InputError):  # the input has gone since it was looked into, which decoding will say
        return None
    if request.force:
        journal.remove()
    return journal


class Execution:
    """The state of one run: recordings under way, and channels that wait for the others of their input."""

    def __init__(self, planned: Plan, parts: Sequence[Part], prepared: Prepared, shared: Shared | None = None) -> None:
        self.plan, self.request, self.choice = planned, planned.request, prepared.choice
        self.recognisers, self.workers = prepared.recognisers, prepared.workers
        self.notes: list[str] = []
        self.before: dict[str, float] = {}  # seconds of jobs that an interrupted run had recognised
        self.words = self._word_times(prepared.aligner)
        self.left: set[str | None] = set()  # languages whose numbers stay as they come
        # Own times are wanted beside those of an aligner that nobody named: it may not speak the language.
        named = prepared.aligner is not None and self.request.aligner is not None
        self.options = for_engine(self.request.options, self.choice.engine, named)
        self.parts, self.shared = parts, shared
        self.channels: dict[str, list[Part]] = {}  # the parts of each job
        for part in self.parts:
            self.channels.setdefault(part.job.name, []).append(part)
        desk_for = prepared.desk_for
        self.desk = desk_for([part.recording for part in self.parts]) if desk_for else None
        self.finished: dict[str, list[Transcript]] = {}
        self.opened: dict[str, Stamp | None] = {}  # of each input, when its decoding began
        self.failed: set[str] = set()

    def _word_times(self, aligner: AlignerChoice | None) -> Timer | None:
        """Return what gives words their times, when they are asked for."""
        if not self.request.options.word_timestamps:
            return None
        from asrcli.alignment.words import AlignedTimes, own_times

        return own_times if aligner is None else AlignedTimes(aligner, self.notes.append)

    def _written(self, clip: Clip, segments: Sequence[Segment]) -> tuple[Segment, ...]:
        """Return the segments of a clip with word times and written as asked for."""
        writing = self.request.writing
        if self.words is not None:
            segments = self.words(clip, segments)
        for language in {one.language or clip.language for one in segments}:
            if writing.leaves(language) and language not in self.left:
                self.left.add(language)
                self.notes.append(f"--numbers {writing.numbers}: in '{language}' they stay as they come")
        if not writing.changes:
            return tuple(segments)
        from asrcli.alignment.spoken import spoken_words

        return tuple(writing.rewrite(one, clip.language, spoken_words) for one in segments)

    def events(self) -> Iterator[JobEvent]:
        """Run the pipeline and yield what happens to jobs."""
        from asrcli.pipeline.run import run  # not for a run that finds everything up to date

        happenings = run(
            [part.recording for part in self.parts], self.recognisers, self.options, self._settings(), known=self._known
        )
        for event in self.desk.add_speakers(happenings) if self.desk else happenings:
            while self.notes:
                yield Note(self.notes.pop(0))
            yield from self._handle(event)

    def _known(self, index: int) -> Known:
        part = self.parts[index]
        known = part.journal.known() if part.journal else Known()
        if known.clips:
            self.before[part.job.name] = self.before.get(part.job.name, 0.0) + known.until - part.recording.start
            self.notes.append(
                f"{part.recording.name}: an interrupted run got to {clock(known.until)}; this one goes on there"
            )
        return known

    def _opening(self, index: int) -> None:
        part = self.parts[index]
        if self.shared:
            self.shared.claim(part.job)
        self.opened.setdefault(part.job.name, stamp(part.recording.path))  # of several channels, that of the first

    def _settings(self) -> Settings:
        listen = self.desk.listen if self.desk else self.request.listen
        words = self._written if self.request.writing.changes else self.words
        settings = pipeline_settings(replace(self.request, options=self.options), self.choice, len(self.recognisers))
        return replace(settings, words=words, listen=listen, opening=self._opening, shared=self.shared is not None)

    def _handle(self, event: Event) -> Iterator[JobEvent]:
        if isinstance(event, Notice):
            yield Note(event.text, None if event.index is None else self.parts[event.index].job)
            return
        if isinstance(event, WorkedEvent):
            yield Worked(self.workers[event.recogniser], event.seconds)
            return
        part = self.parts[event.index]
        match event:
            case ClipRecognised(clip=clip) if part.journal:
                part.journal.add_clip(clip)
            case Voted(language=language, score=score) if part.journal:
                part.journal.voted(language, score)
            case Settled(segments=segments, until=until):
                yield Recognised(part.job, part.recording, segments, until)
            case Failed(error=error) if part.job.name not in self.failed:  # of several channels the first counts
                self.failed.add(part.job.name)
                if not isinstance(error, DoneElsewhere):
                    yield JobFailed(part.job, error)
                    self._release(part.job)
            case Finished(transcript=transcript):
                yield from self.finish(part, transcript)

    def finish(self, part: Part, transcript: Transcript) -> Iterator[JobEvent]:
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
        audio, changed = identity_since(job.name, self.opened.get(job.name))
        written, problem = yield from write_outputs(self.request, job, whole, audio)
        self._release(job)
        if problem is not None:
            yield JobFailed(job, problem)
            return
        for other in siblings:
            if other.journal:
                other.journal.remove()
        yield (
            JobFailed(job, changed)
            if changed
            else Done(job, whole, written, self.before.get(job.name, 0.0) / len(siblings))
        )

    def _release(self, job: Job) -> None:
        if self.shared:
            self.shared.release(job)


def pipeline_settings(request: Request, choice: Choice, recognisers: int = 1) -> Settings:
    """Return how the pipeline runs for a request."""
    from asrcli.ask.questions import answer
    from asrcli.audio.cut import CutOptions
    from asrcli.pipeline.settings import MOST_CLIPS, Settings, decode_threads

    longest = clip_length(choice.engine, request.options)
    writing = request.writing
    beside = {
        "punctuation": request.punctuation, "identifier": request.identifier,
        "numbers": None if writing.numbers == "as-is" else writing.numbers, "script": writing.script,
    }  # fmt: skip
    return Settings(
        cut=CutOptions(
            longest,
            max_gap=choice.engine.longest_pause,
            pad=choice.engine.clip_pad,
            vad=request.vad,
            level_range=choice.engine.level_range,
        ),
        languages=request.languages,
        batch_size=request.batch_size or MOST_CLIPS,
        punctuator=companions.load(Punctuator, named) if (named := request.punctuation) else None,
        identifier=companions.load(Identifier, named) if (named := request.identifier) else None,
        answer=partial(answer, questions=asked) if (asked := request.options.ask) else None,
        decode_threads=decode_threads(recognisers, request.workers.ray is not None),
        queue_seconds=request.queue_seconds,
        also=tuple((name, value) for name, value in beside.items() if value is not None),
    )
