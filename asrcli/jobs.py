"""Inputs to finished outputs: what has to be made, made once, written whole, and remembered.

`plan` decides before anything loads; `execute` probes, transcribes and writes, and yields what happens. Neither prints:
the command renders the events, and a program that imports asr can do the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from asrcli import companions, pipeline, selection, state
from asrcli.alignment.choice import prepare_aligner
from asrcli.alignment.words import AlignedTimes, Timer, aligner_for, own_times
from asrcli.diarization.known import KnownTurns, plan_speakers, speaker_recipe
from asrcli.engine import Engine
from asrcli.errors import AsrError, InputError, UsageError
from asrcli.files import write_atomic
from asrcli.inputs import STDIN, Found
from asrcli.outputs import Naming, check_collisions, check_folder, check_template
from asrcli.recogniser import Choice
from asrcli.speakers import Diarization, SpeakerOptions, channel_speaker, give_speakers, turns_from
from asrcli.types import Options, Recording, Segment, Transcript
from asrcli.vad import SILERO, VadOptions
from asrcli.writers import FORMATS, Layout, check, render

if TYPE_CHECKING:
    from asrcli.aligner import Aligner
    from asrcli.audio import AudioInfo
    from asrcli.diarization.desk import DeskMaker

SHAPED = frozenset({"srt", "vtt", "ass", "lrc"})  # formats that read the layout
ANSWERED = frozenset({"json", "answers"})  # formats that hold answers
PROBES = 8  # inputs probed at once; each waits for the disk most of the time


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a run was asked for."""

    inputs: tuple[Found, ...]
    engine: str = "auto"
    model: str | None = None
    options: Options = field(default_factory=Options)
    backend: str | None = None  # of an engine with several; None is the first that is installed
    formats: tuple[str, ...] = ()  # () writes nothing: the caller takes the transcripts
    layout: Layout = field(default_factory=Layout)
    naming: Naming = field(default_factory=Naming)
    channels: str = "mix"  # "mix", "split", or the number of one channel
    start: float = 0.0
    end: float | None = None
    vad: VadOptions | None = None  # None transcribes everything, speech or not
    languages: tuple[str, ...] = ()
    punctuation: str | None = None  # a punctuation model, as `asrcli.companions` spells it
    identifier: str | None = None  # a language identifier, likewise
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0
    batch_size: int | None = None
    offline: bool = False
    force: bool = False
    aligner: str | None = None  # for word times; None: where the engine has none of its own, the best that is here
    speakers: SpeakerOptions | None = None  # None: words have no speakers, unless channels are split

    @property
    def settles_early(self) -> bool:
        """Whether segments are final before the whole input is done: not when channels or speakers are put together."""
        return self.channels != "split" and self.speakers is None


@dataclass(frozen=True, slots=True)
class Output:
    """One file to write, and why; ``stale`` is None when it is up to date."""

    format: str
    path: str
    stale: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """One input with its outputs."""

    found: Found
    outputs: tuple[Output, ...] = ()
    recipe: state.Recipe = field(default_factory=dict)  # what shapes its outputs, apart from format and layout

    @property
    def name(self) -> str:
        """What messages call the input."""
        return self.found.path

    @property
    def up_to_date(self) -> bool:
        """Whether nothing has to be done."""
        return bool(self.outputs) and all(output.stale is None for output in self.outputs)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do."""

    request: Request
    engine: type[Engine]
    model: str | None
    jobs: tuple[Job, ...]
    recipe: state.Recipe  # what shapes the text
    aligner: tuple[type[Aligner], str | None] | None  # gives the words their times, where the engine does not
    notices: tuple[str, ...]
    turns: Mapping[str, KnownTurns]  # by the name of the input, where they were found elsewhere


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


def plan(request: Request) -> Plan:
    """Check everything that can be checked without weights, and find what has to be made.

    Raises:
        UsageError: an engine, option, format, template or name that cannot work.
        EngineUnavailable: the engine's packages, or for ``auto`` all weights, are missing.
    """
    notices: list[str] = []
    engine, model, aligner = _choose(request, notices.append)
    for group, spelling in companions_of(request):
        companions.find(group, spelling)
    naming = replace(request.naming, engine=engine.name, model=model or engine.default_model)
    check_template(naming.template, request.formats)
    if request.options.ask and request.channels == "split":
        raise UsageError("--ask is about a whole recording, not a channel: transcribe with -f json, then use asr ask")
    turns: Mapping[str, KnownTurns] = {}
    if (wanted := request.speakers) is not None:
        request = _with_word_times(request, engine)
        aligner = aligner_for(engine, request.options, request.aligner)
        turns = plan_speakers(wanted, [found.path for found in request.inputs], request.channels)
    timed_by = {"aligner": f"{aligner[0].name}:{aligner[1] or aligner[0].default_model}"} if aligner else {}
    recipe = {**text_recipe(request, engine, model), **timed_by}
    writes = bool(request.formats) and not naming.to_stdout
    if writes:
        check_folder(_state_folder(naming))
    request = replace(request, naming=naming)
    jobs = tuple(
        _plan_job(found, request, {**recipe, **speaker_recipe(request.speakers, turns.get(found.path))})
        if writes
        else Job(found)
        for found in request.inputs
    )
    check_collisions([(job.name, output.path) for job in jobs for output in job.outputs])
    return Plan(request, engine, model, jobs, recipe, aligner, tuple(notices), turns)


def _with_word_times(request: Request, engine: type[Engine]) -> Request:
    """Return the request with word times, which speakers need, where they can be had and nobody refused them."""
    if request.options.word_timestamps is not None:
        return request
    wanted = replace(request, options=replace(request.options, word_timestamps=True))
    if "word_timestamps" not in engine.supports:
        try:
            aligner_for(engine, wanted.options, request.aligner)
        except UsageError:
            return request  # the words share the time of their segment
    return wanted


def _choose(
    request: Request, announce: Callable[[str], None]
) -> tuple[type[Engine], str | None, tuple[type[Aligner], str | None] | None]:
    """Return engine, model and aligner: an engine without word times is as good as one with them, given an aligner."""
    engine, model = selection.choose_class(request.engine, request.model, _for_engine(request.options), announce)
    return engine, model, aligner_for(engine, request.options, request.aligner)


def _for_engine(options: Options, engine: type[Engine] | None = None, aligned: bool = False) -> Options:
    """Return what an engine is asked for: word times only where it has them and nobody else gives them."""
    own = engine is not None and "word_timestamps" in engine.supports and not aligned
    return options if own else replace(options, word_timestamps=None)


def text_recipe(request: Request, engine: type[Engine], model: str | None) -> state.Recipe:
    """Return what shapes the text, by name and value; two runs with one recipe write the same bytes."""
    parts: dict[str, object] = {
        "engine": engine.name,
        "model": model or engine.default_model,
        "revision": selection.declared_revision(engine, model),
        "backend": selection.choose_backend(engine, request.backend),
        "channels": request.channels,
        "start": request.start,
        "end": request.end,
        "vad": "off" if request.vad is None else asdict(request.vad),
        "languages": request.languages,
        "punctuation": request.punctuation,
        "identifier": request.identifier,
        **dict(request.options.given()),
    }
    return {name: str(value) for name, value in parts.items() if value not in (None, (), 0.0)}


def _state_folder(naming: Naming) -> str:
    return naming.folder if naming.file is None and naming.folder else os.path.dirname(naming.file or "") or "."


def _plan_job(found: Found, request: Request, recipe: state.Recipe) -> Job:
    naming = request.naming
    ledger = state.ledger(_state_folder(naming))
    outputs = []
    for name in request.formats:
        path = naming.path(found, FORMATS[name].extension)
        if not request.force and naming.file is None and ledger.foreign(path):
            raise UsageError(
                f"'{path}' is there and asr did not make it; --force overwrites it, or choose another --output-dir"
            )
        if request.force:
            stale: str | None = "--force"
        elif found.path == STDIN or not os.path.exists(found.path):
            stale = "the input has no date"
        else:
            stale = ledger.stale(path, found.path, _output_recipe(recipe, name, request.layout))
        outputs.append(Output(name, path, stale))
    return Job(found, tuple(outputs), recipe)


def _output_recipe(recipe: state.Recipe, name: str, layout: Layout) -> state.Recipe:
    shaping = asdict(layout) if name in SHAPED else {}
    text = recipe if name in ANSWERED else {key: value for key, value in recipe.items() if key != "ask"}
    return {**text, "format": name, **{f"layout.{key}": str(value) for key, value in shaping.items()}}


def execute(planned: Plan) -> Generator[JobEvent, None, None]:
    """Do what is planned; yield what happens. Jobs that are up to date are passed over.

    Raises:
        EngineUnavailable, DeviceError: no engine can do the rest; what was finished is written.
    """
    request = planned.request
    todo = [job for job in planned.jobs if not job.up_to_date]
    readable: list[tuple[Job, AudioInfo | None]] = []
    for job, info in probe_all(todo):
        problem = info if isinstance(info, Exception) else planned.turns.get(job.name)
        if isinstance(problem, Exception):
            yield JobFailed(job, problem)
        else:
            assert not isinstance(info, Exception)
            readable.append((job, info))
    yield Probed(tuple((job, _length(info, request)) for job, info in readable))
    if readable:
        notes: list[str] = []
        choice = selection.prepare(
            planned.engine,
            planned.model,
            _for_engine(request.options),
            backend=request.backend,
            device=request.device,
            dtype=request.dtype,
            threads=request.threads,
            offline=request.offline,
            announce=notes.append,
        )
        prepare_companions(request, notes.append)
        desk_for = _diarization(request, notes.append)
        yield from (Note(text) for text in notes)
        yield Loaded(choice)
        yield from _Execution(planned, readable, choice, desk_for).events()


def _diarization(request: Request, announce: Callable[[str], None]) -> DeskMaker | None:
    """Return what makes a desk for diarization, its weights found; ``None`` when no model has to look for speakers."""
    if request.speakers is None or request.speakers.rttm is not None:
        return None
    from asrcli.diarization.desk import prepare

    return prepare(request.speakers, request.device, request.offline, announce)


def companions_of(request: Request) -> Iterator[tuple[str, str]]:
    """Yield group and spelling of every model besides the engine that a request needs."""
    if request.vad is not None and request.vad.model != SILERO:
        yield companions.DETECTORS, request.vad.model
    if request.punctuation:
        yield companions.PUNCTUATORS, request.punctuation
    if request.identifier:
        yield companions.IDENTIFIERS, request.identifier


def prepare_companions(request: Request, announce: Callable[[str], None]) -> None:
    """Load them all, so that what is wrong with one ends the run before any input is read."""
    for group, spelling in companions_of(request):
        companions.prepare(group, spelling, offline=request.offline, announce=announce)


def probe_all(jobs: Sequence[Job]) -> Iterator[tuple[Job, AudioInfo | InputError | None]]:
    """Look into every input, several at once, and yield the facts or the mistake, in order."""
    from asrcli.audio import probe

    def look(job: Job) -> AudioInfo | InputError | None:
        if job.name == STDIN:
            return None
        try:
            return probe(job.name)
        except InputError as error:
            return error

    with ThreadPoolExecutor(PROBES) as pool:
        yield from zip(jobs, pool.map(look, jobs), strict=True)


def _length(info: AudioInfo | None, request: Request) -> float | None:
    if info is None or info.seconds is None:
        return None
    end = info.seconds if request.end is None else min(info.seconds, request.end)
    return max(0.0, end - request.start)


@dataclass(frozen=True, slots=True)
class _Part:
    """One recording of a job: the whole input, or one of its channels."""

    job: Job
    recording: Recording
    journal: state.Journal | None


class _Execution:
    """The state of one run: recordings under way, and channels that wait for the others of their input."""

    def __init__(
        self,
        planned: Plan,
        readable: Sequence[tuple[Job, AudioInfo | None]],
        choice: Choice,
        desk_for: DeskMaker | None = None,
    ) -> None:
        self.plan, self.request, self.choice = planned, planned.request, choice
        request = planned.request
        self.notes: list[str] = []
        self.words = self._word_times()
        self.options = _for_engine(request.options, choice.engine, isinstance(self.words, AlignedTimes))
        self.parts = [part for job, info in readable for part in self._parts(job, info)]
        self.desk = desk_for([part.recording for part in self.parts]) if desk_for else None
        self.finished: dict[str, list[Transcript]] = {}
        self.failed: set[str] = set()

    def _word_times(self) -> Timer | None:
        """Return what gives words their times, when they are asked for; weights may have none though others have."""
        request = self.request
        if not request.options.word_timestamps:
            return None
        aligner = self.plan.aligner or aligner_for(self.choice.engine, request.options, request.aligner)
        if aligner is None:
            return own_times
        threads, offline = request.threads, request.offline
        chosen = prepare_aligner(*aligner, threads=threads, offline=offline, announce=self.notes.append)
        return AlignedTimes(chosen, self.notes.append)

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
        if not job.outputs or job.name == STDIN:
            return None
        recipe = {**self.plan.recipe, "channel": str(channel), "batch": str(self.request.batch_size)}
        journal = state.Journal(_state_folder(self.request.naming), job.name, recipe)
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

    def _known(self, index: int) -> pipeline.Known:
        journal = self.parts[index].journal
        return journal.known() if journal else pipeline.Known()

    def _settings(self) -> pipeline.Settings:
        asked = replace(self.request, options=self.options)
        listen = self.desk.listen if self.desk else None
        return replace(pipeline_settings(asked, self.choice), words=self.words, listen=listen)

    def _handle(self, event: pipeline.Event) -> Iterator[JobEvent]:
        if isinstance(event, pipeline.Notice):
            yield Note(event.text, None if event.index is None else self.parts[event.index].job)
            return
        part = self.parts[event.index]
        if isinstance(event, pipeline.ClipHeard):
            if part.journal:
                part.journal.heard(event.heard)
        elif isinstance(event, pipeline.Voted):
            if part.journal:
                part.journal.voted(event.language, event.score)
        elif isinstance(event, pipeline.Settled):
            yield Heard(part.job, part.recording, event.segments, event.until)
        elif isinstance(event, pipeline.Failed):
            if part.job.name not in self.failed:
                self.failed.add(part.job.name)
                yield JobFailed(part.job, event.error)
        else:
            yield from self._finish(part, event.transcript)

    def _finish(self, part: _Part, transcript: Transcript) -> Iterator[JobEvent]:
        """Write a job's outputs when the last of its channels is there."""
        job = part.job
        transcripts = self.finished.setdefault(job.name, [])
        transcripts.append(transcript)
        siblings = [other for other in self.parts if other.job is job]
        if job.name in self.failed or len(transcripts) < len(siblings):
            return
        whole = merge_channels(self.finished.pop(job.name))
        if isinstance(turns := self.plan.turns.get(job.name), Diarization):
            whole = give_speakers(whole, turns)
        written = []
        try:
            for output in job.outputs:
                if output.stale:
                    text = self._write(job, output, whole)
                    written.append(output.path)
                    yield from self._note_broken_cues(job, output, text)
        except AsrError as error:
            yield JobFailed(job, error)
            return
        for other in siblings:
            if other.journal:
                other.journal.remove()
        yield Done(job, whole, tuple(written))

    def _write(self, job: Job, output: Output, transcript: Transcript) -> str:
        ledger = state.ledger(_state_folder(self.request.naming))
        text = render(transcript, output.format, self.request.layout)
        ledger.making(output.path)
        write_atomic(output.path, text)
        if job.name != STDIN:
            recipe = _output_recipe(job.recipe, output.format, self.request.layout)
            ledger.made(output.path, state.identify(job.name), recipe)
        return text

    def _note_broken_cues(self, job: Job, output: Output, text: str) -> Iterator[Note]:
        """Read subtitles again as a player would, and say how many cues could not keep to the layout."""
        broken = check(text, output.format, self.request.layout)
        if broken:
            more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
            yield Note(f"{output.path}: {broken[0]}{more}", job)


def pipeline_settings(request: Request, choice: Choice) -> pipeline.Settings:
    """Return how the pipeline runs for a request."""
    from asrcli.cut import CutOptions

    return pipeline.Settings(
        cut=CutOptions(max_seconds=choice.engine.clip_seconds(request.options), vad=request.vad),
        languages=request.languages,
        batch_size=request.batch_size or pipeline.MOST_CLIPS,
        punctuator=companions.load_punctuator(named) if (named := request.punctuation) else None,
        identifier=companions.load_identifier(named) if (named := request.identifier) else None,
        decode_threads=max(2, min(8, (os.cpu_count() or 2) // 2)),
    )


def write_live(planned: Plan, transcript: Transcript) -> list[str]:
    """Write the outputs of a live stream, which is the only job of its plan and cannot be heard again.

    Raises:
        OutputError: one cannot be written.
    """
    (job,) = planned.jobs
    for output in job.outputs:
        text = render(transcript, output.format, planned.request.layout)
        # From now on it is asr's own file, and out of date for a run over the finished recording.
        state.ledger(_state_folder(planned.request.naming)).making(output.path)
        write_atomic(output.path, text)
    return [output.path for output in job.outputs]


def merge_channels(transcripts: Sequence[Transcript]) -> Transcript:
    """Return one transcript of an input's channels: a speaker per channel, by time, overlaps kept."""
    if len(transcripts) == 1:
        return transcripts[0]
    ordered = sorted(transcripts, key=lambda one: one.recording.channel or 0)
    spoken = []
    for one in ordered:
        speaker = channel_speaker(one.recording.channel)
        for segment in one.segments:
            words = tuple(replace(word, speaker=speaker) for word in segment.words)
            spoken.append(replace(segment, speaker=speaker, words=words))
    first = ordered[0]
    return replace(
        first,
        recording=replace(first.recording, channel=None),
        segments=tuple(sorted(spoken, key=lambda segment: (segment.start, segment.end))),
        turns=turns_from(spoken),
        seconds=max(one.seconds for one in ordered),
        speech=tuple(sorted((region for one in ordered for region in one.speech), key=lambda region: region.start)),
        gaps=tuple(sorted((region for one in ordered for region in one.gaps), key=lambda region: region.start)),
        warnings=tuple(dict.fromkeys(text for one in ordered for text in one.warnings)),
    )
