"""Inputs to planned outputs: what has to be made, decided before anything loads; `asrcli.runs.execute` does it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from asrcli.alignment.choice import aligner_for
from asrcli.audio.inputs import Found, lines_of_passed_over
from asrcli.audio.vad import SILERO, VadOptions
from asrcli.companions import Companion, Detector, Identifier, Punctuator
from asrcli.diarization.known import KnownTurns, plan_speakers, speaker_recipe
from asrcli.diarization.speakers import SpeakerOptions
from asrcli.engine import Engine
from asrcli.engines import companions, selection
from asrcli.errors import UsageError
from asrcli.formats import HIGHLIGHTING, Layout, worded
from asrcli.formats.timeline import file_label
from asrcli.outputs.recipes import Recipe
from asrcli.outputs.targets import File, reads
from asrcli.pipeline.settings import QUEUE_SECONDS
from asrcli.runs.jobs import Job, RunRequest, made_again, plan_outputs
from asrcli.text.writing import Writing
from asrcli.types import Options
from asrcli.workers.wanted import Workers

if TYPE_CHECKING:
    from asrcli.aligner import Aligner
    from asrcli.engines.recogniser import Choice
    from asrcli.pipeline.settings import Listen
    from asrcli.types import Transcript


LABELLED = frozenset({"ctm", "stm", "rttm"})  # in which each line names its recording


@dataclass(frozen=True, slots=True)
class Request(RunRequest):
    """Everything that a run was asked for."""

    inputs: tuple[Found, ...]
    engine: str = "auto"
    model: str | None = None
    options: Options = field(default_factory=Options)
    backend: str | None = None  # of an engine with several; None is the first that is installed
    layout: Layout = field(default_factory=Layout)
    channels: str = "mix"  # "mix", "split", or the number of one channel
    vad: VadOptions | None = None  # None transcribes everything, speech or not
    languages: tuple[str, ...] = ()
    punctuation: str | None = None  # a punctuation model, as `asrcli.engines.companions` spells it
    identifier: str | None = None  # a language identifier, likewise
    writing: Writing = field(default_factory=Writing)  # numbers and Chinese in the results
    workers: Workers = field(default_factory=Workers)
    batch_size: int | None = None
    aligner: str | None = None  # for word times; None: the better source; "engine": the engine's own
    speakers: SpeakerOptions | None = None  # None: words have no speakers, unless channels are split
    queue_seconds: float = QUEUE_SECONDS  # audio decoded ahead of the engine
    listen: Listen | None = None  # gets the blocks of each recording as they are decoded; what it raises fails it

    verb: ClassVar[str] = "transcribe"

    def layout_for(self, job: Job, format: str) -> Layout:
        """Return how subtitles are shaped."""
        return self.layout

    def own_text(self, job: Job, transcript: Transcript, format: str) -> str | None:
        """Return what an output is where it is not rendered from the transcript alone."""
        return None

    @property
    def track_language(self) -> str | None:
        """The language whose sound track is transcribed where a file marks one."""
        return self.options.language

    @property
    def settles_early(self) -> bool:
        """Whether segments are final before the whole input is done: not when channels or speakers are put together."""
        return self.channels != "split" and self.speakers is None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do."""

    request: Request
    engine: type[Engine]
    model: str | None
    jobs: tuple[Job, ...]
    recipe: Recipe  # what shapes the text
    aligner: tuple[type[Aligner], str | None] | None  # gives the words their times, where the engine does not
    notices: tuple[str, ...]
    turns: Mapping[str, KnownTurns]  # by the name of the input, where they were found elsewhere

    @property
    def read(self) -> list[File]:
        """The files that are read, as far as they have names."""
        names = [job.name for job in self.jobs]
        found = reads("the input", *names) + self.read_by_engine
        speakers = self.request.speakers
        if speakers is not None and speakers.rttm is not None:
            folder = speakers.rttm if os.path.isdir(speakers.rttm) else None
            paths = [os.path.join(folder, f"{Path(name).stem}.rttm") for name in names] if folder else [speakers.rttm]
            found += reads("--rttm-in", *paths)
        return found

    @property
    def read_by_engine(self) -> list[File]:
        """The model and the language model, where they are files."""
        return model_file(self.request.model) + reads("the language model", self.request.options.language_model)


def model_file(model: str | None) -> list[File]:
    """Return the file that a model is, if it is one."""
    return reads("the model", model if os.path.isfile(model or "") else None)


def plan(request: Request) -> Plan:
    """Check everything that can be checked without weights, and find what has to be made.

    Raises:
        UsageError: an engine, option, format, template or name that cannot work.
        EngineUnavailable: the engine's packages, or for ``auto`` all weights, are missing.
    """
    request.writing.check(request.options.language)
    notices: list[str] = []
    options = for_engine(request.options)
    engine, model = selection.choose_class(request.engine, request.model, options, notices.append, request.languages)
    notices += lines_of_passed_over(found.root for found in request.inputs)
    if request.naming.to_stdout and LABELLED.intersection(request.formats):
        notices += _same_labels([found.path for found in request.inputs])
    request.workers.check(engine, request.device, request.options)
    request = _with_word_times(request, engine, notices.append)
    aligner = aligner_for(engine, request.options, request.aligner)
    for kind, spelling in companions_of(request):
        companions.find(kind, spelling)
    request = replace(request, naming=request.naming.by(engine.name, model or engine.default_model))
    if request.options.ask and request.channels == "split":
        raise UsageError("--ask is about a whole recording, not a channel: transcribe with -f json, then use asr ask")
    if request.options.n_best and request.speakers is not None:
        raise UsageError("--n-best lists readings of whole segments, which are parted where speakers change: run twice")
    paths = [found.path for found in request.inputs]
    turns: Mapping[str, KnownTurns] = {}
    if (wanted := request.speakers) is not None:
        turns = plan_speakers(wanted, paths, request.channels)
    timed_by = {"aligner": f"{aligner[0].name}:{aligner[1] or aligner[0].default_model}"} if aligner else {}
    recipe = {**text_recipe(request, engine, model), **timed_by}
    jobs = [
        Job(found, recipe={**recipe, **speaker_recipe(request.speakers, turns.get(found.path), paths)})
        for found in request.inputs
    ]
    planned = plan_outputs(jobs, request)
    if request.speakers is not None and request.speakers.same and not all(job.up_to_date for job in planned):
        planned = tuple(made_again(job, request, "--same-speakers: other recordings have changed") for job in planned)
    return Plan(request, engine, model, planned, recipe, aligner, tuple(notices), turns)


NO_WORDS = "; -f stm holds segments"


def _same_labels(paths: Sequence[str]) -> Iterator[str]:
    """Yield a line about the recordings that one file of many cannot tell apart."""
    labels = Counter(map(file_label, paths))
    if labels and (most := labels.most_common(1)[0])[1] > 1:
        yield f"{most[1]} inputs are called '{most[0]}' in what follows; give --output-dir to keep them apart"


def _with_word_times(request: Request, engine: type[Engine], announce: Callable[[str], None]) -> Request:
    """Return the request with word times where they are needed and an engine or aligner can give them.

    Raises:
        UsageError: a format has nothing but words, or words are to be marked, and there are no times to be had.
    """
    options = request.options
    shown = worded(request.formats, request.layout.highlight_words)
    if options.word_timestamps is False and "ctm" in shown:
        raise UsageError(f"ctm holds words with their times: leave --no-word-timestamps out{NO_WORDS}")
    if options.word_timestamps is False and HIGHLIGHTING & set(shown):
        raise UsageError("--highlight-words needs to know when each word is said: leave --no-word-timestamps out")
    if options.word_timestamps is not None or not (shown or request.speakers):
        return request
    wanted = replace(request, options=replace(options, word_timestamps=True))
    if "word_timestamps" not in engine.supports:
        try:
            aligner_for(engine, wanted.options, request.aligner)
        except UsageError as error:
            if request.aligner:
                raise
            if "ctm" in shown:
                raise UsageError(f"ctm holds words with their times, and {error}{NO_WORDS}") from error
            if shown:
                announce(f"{' and '.join(shown)}: segments without word times, since {error}")
            return request
    return wanted


def for_engine(options: Options, engine: type[Engine] | None = None, aligned: bool = False) -> Options:
    """Return what an engine is asked for: word times only where it has them and no aligner gives them."""
    own = engine is not None and "word_timestamps" in engine.supports and not aligned
    return options if own else replace(options, word_timestamps=None)


def prepare_engine(
    request: Request, engine: type[Engine], model: str | None, options: Options, announce: Callable[[str], None]
) -> Choice:
    """Find the weights of the engine that a request has led to, and its device; load nothing.

    Raises:
        UsageError, ModelError, DeviceError: as `asrcli.engines.selection.prepare`.
    """
    elsewhere = request.workers.ray is not None
    setup = selection.Setup(request.backend, request.device, request.dtype, request.threads, request.offline, elsewhere)
    return selection.prepare(engine, model, options, setup, announce)


def text_recipe(request: Request, engine: type[Engine], model: str | None) -> Recipe:
    """Return what shapes the text, by name and value; two runs with one recipe write the same bytes."""
    parts: dict[str, object] = {
        "engine": engine.name,
        "model": model or engine.default_model,
        "revision": selection.declared_revision(engine, model),
        "backend": selection.choose_backend(engine, request.backend),
        "channels": request.channels,
        "track": request.track,
        "jumps": request.jumps or None,
        "start": request.start,
        "end": request.end,
        "vad": "off" if request.vad is None else asdict(request.vad),
        "dtype": None if request.dtype == "auto" else request.dtype,
        "batch_size": request.batch_size,
        "languages": request.languages,
        "punctuation": request.punctuation,
        "identifier": request.identifier,
        "writing": asdict(request.writing) if request.writing.changes else None,
    }
    kept = {name: str(value) for name, value in parts.items() if value not in (None, (), 0.0)}
    return {**kept, **dict(request.options.recorded())}  # where 0 is an answer too


def companions_of(request: Request) -> Iterator[tuple[type[Companion], str]]:
    """Yield group and spelling of every model besides the engine that a request needs."""
    if request.vad is not None and request.vad.model != SILERO:
        yield Detector, request.vad.model
    if request.punctuation:
        yield Punctuator, request.punctuation
    if request.identifier:
        yield Identifier, request.identifier
