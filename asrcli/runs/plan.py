"""Inputs to planned outputs: what has to be made, decided before anything loads; `asrcli.runs.execute` does it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from asrcli import companions
from asrcli.alignment.words import aligner_for
from asrcli.audio.inputs import STDIN, Found
from asrcli.audio.vad import SILERO, VadOptions
from asrcli.base.files import is_special
from asrcli.diarization.known import KnownTurns, plan_speakers, speaker_recipe
from asrcli.diarization.speakers import SpeakerOptions
from asrcli.engine import Engine
from asrcli.engines import selection
from asrcli.errors import UsageError
from asrcli.formats import FORMATS, Layout
from asrcli.runs import state
from asrcli.runs.outputs import Naming, check_collisions, check_folder, check_template, check_writable
from asrcli.types import Options

if TYPE_CHECKING:
    from asrcli.aligner import Aligner
    from asrcli.engines.recogniser import Choice

SHAPED = frozenset({"srt", "vtt", "ass", "lrc"})  # formats that read the layout
# Options that only some formats have a place for; a file of another format does not depend on them.
PLACES = {"ask": frozenset({"json", "answers"}), "n_best": frozenset({"json", "jsonl"})}


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

    verb: ClassVar[str] = "transcribe"

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
    if request.options.n_best and request.speakers is not None:
        raise UsageError("--n-best lists readings of whole segments, which are parted where speakers change: run twice")
    turns: Mapping[str, KnownTurns] = {}
    if (wanted := request.speakers) is not None:
        request = _with_word_times(request, engine)
        aligner = aligner_for(engine, request.options, request.aligner)
        turns = plan_speakers(wanted, [found.path for found in request.inputs], request.channels)
    timed_by = {"aligner": f"{aligner[0].name}:{aligner[1] or aligner[0].default_model}"} if aligner else {}
    recipe = {**text_recipe(request, engine, model), **timed_by}
    writes = bool(request.formats) and not naming.to_stdout
    if writes:
        check_folder(naming.state_folder)
    request = replace(request, naming=naming)
    jobs = tuple(
        _plan_job(found, request, {**recipe, **speaker_recipe(request.speakers, turns.get(found.path))})
        if writes
        else Job(found)
        for found in request.inputs
    )
    check_outputs(jobs, naming)
    return Plan(request, engine, model, jobs, recipe, aligner, tuple(notices), turns)


def check_outputs(jobs: Sequence[Job], naming: Naming) -> None:
    """Raise `UsageError` where two outputs have one name, or what has to be made may not be written."""
    outputs = [(job.name, output) for job in jobs for output in job.outputs]
    check_collisions([(name, output.path) for name, output in outputs])
    if any(output.stale and not is_special(output.path) for _, output in outputs):
        check_writable(naming.state_folder)


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
    engine, model = selection.choose_class(request.engine, request.model, for_engine(request.options), announce)
    return engine, model, aligner_for(engine, request.options, request.aligner)


def for_engine(options: Options, engine: type[Engine] | None = None, aligned: bool = False) -> Options:
    """Return what an engine is asked for: word times only where it has them and nobody else gives them."""
    own = engine is not None and "word_timestamps" in engine.supports and not aligned
    return options if own else replace(options, word_timestamps=None)


def prepare_engine(
    request: Request, engine: type[Engine], model: str | None, options: Options, announce: Callable[[str], None]
) -> Choice:
    """Find the weights of the engine that a request has led to, and its device; load nothing.

    Raises:
        UsageError, ModelError, DeviceError: as `asrcli.engines.selection.prepare`.
    """
    setup = selection.Setup(request.backend, request.device, request.dtype, request.threads, request.offline)
    return selection.prepare(engine, model, options, setup, announce)


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
    }
    kept = {name: str(value) for name, value in parts.items() if value not in (None, (), 0.0)}
    return {**kept, **dict(request.options.recorded())}  # where 0 is an answer too


def _plan_job(found: Found, request: Request, recipe: state.Recipe) -> Job:
    naming = request.naming
    ledger = state.ledger(naming.state_folder)
    outputs = []
    for name in request.formats:
        path = naming.path(found, FORMATS[name].extension)
        if not request.force and naming.file is None:
            ledger.refuse_foreign(path)
        if request.force:
            stale: str | None = "--force"
        elif found.path == STDIN or not os.path.exists(found.path):
            stale = "the input has no date"
        else:
            stale = ledger.stale(path, found.path, output_recipe(recipe, name, request.layout))
        outputs.append(Output(name, path, stale))
    return Job(found, tuple(outputs), recipe)


def output_recipe(recipe: state.Recipe, name: str, layout: Layout) -> state.Recipe:
    """Return what shapes one output: the recipe of its job, with as much of the rest as its format reads."""
    shaping = asdict(layout) if name in SHAPED else {}
    text = {key: value for key, value in recipe.items() if key not in PLACES or name in PLACES[key]}
    return {**text, "format": name, **{f"layout.{key}": str(value) for key, value in shaping.items()}}


def companions_of(request: Request) -> Iterator[tuple[str, str]]:
    """Yield group and spelling of every model besides the engine that a request needs."""
    if request.vad is not None and request.vad.model != SILERO:
        yield companions.DETECTORS, request.vad.model
    if request.punctuation:
        yield companions.PUNCTUATORS, request.punctuation
    if request.identifier:
        yield companions.IDENTIFIERS, request.identifier
