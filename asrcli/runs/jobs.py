"""Jobs of a run: inputs with their outputs, which are named, checked, and held against what was made before."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from asrcli.audio.inputs import STDIN, Found
from asrcli.base.background import in_order
from asrcli.base.files import is_special
from asrcli.errors import InputError, UsageError
from asrcli.formats import FORMATS, Layout
from asrcli.outputs.ledger import Kept, Ledger, ledger_of
from asrcli.outputs.naming import Naming, check_collisions, check_template, check_writable
from asrcli.outputs.recipes import Recipe
from asrcli.outputs.targets import OUTPUT, File, check_targets, reads
from asrcli.places.addresses import is_address

if TYPE_CHECKING:
    from asrcli.runs.align_plan import AlignRequest
    from asrcli.runs.plan import Request

REQUESTS = 16  # at once, where what is there is asked of a server
FORCED = "--force"  # why an output is made again whatever lies there
SHAPED = frozenset({"srt", "vtt", "ass", "lrc"})  # formats that read the layout
# Options that only some formats have a place for; a file of another format does not depend on them.
PLACES = {"ask": frozenset({"json", "answers"}), "n_best": frozenset({"json", "jsonl"})}


@dataclass(frozen=True, slots=True)
class Output:
    """One file to write, and why; ``stale`` is None when it is up to date."""

    format: str
    path: str
    stale: str | None
    kept: Kept | None = None  # why it is left as it is, although it is stale

    @property
    def todo(self) -> bool:
        """Whether it has to be written."""
        return self.stale is not None and self.kept is None

    @property
    def forced(self) -> bool:
        """Whether it replaces whatever is there."""
        return self.stale == FORCED


@dataclass(frozen=True, slots=True)
class Job:
    """One input with its outputs."""

    found: Found
    outputs: tuple[Output, ...] = ()
    recipe: Recipe = field(default_factory=dict)  # what shapes its outputs, apart from format and layout
    text: str = ""  # the file with the words to align

    @property
    def name(self) -> str:
        """What messages call the input."""
        return self.found.path

    @property
    def up_to_date(self) -> bool:
        """Whether nothing has to be done."""
        return bool(self.outputs) and not any(output.todo for output in self.outputs)

    @property
    def kept(self) -> tuple[Output, ...]:
        """The outputs that are left as they are, although they are stale."""
        return tuple(output for output in self.outputs if output.kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a run is asked for, whatever it makes."""

    formats: tuple[str, ...] = ()  # () writes nothing: the caller takes the transcripts
    naming: Naming = field(default_factory=Naming)
    track: str | None = None  # a number, or a language; None: the track of the language, if one is marked so
    jumps: bool = False  # leaps of a file's clock over ten minutes and more are silence
    start: float = 0.0
    end: float | None = None
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0
    offline: bool = False
    force: bool = False

    @property
    def anew(self) -> str | None:
        """Why everything is made again, whatever lies there; ``None`` makes what is not up to date."""
        return FORCED if self.force else None


def plan_outputs(jobs: Sequence[Job], request: Request | AlignRequest) -> tuple[Job, ...]:
    """Return the jobs with the outputs that a request names, and why each has to be made.

    Raises:
        UsageError: a template that cannot work, two outputs of one name, or one that may not be written.
    """
    naming = request.naming
    check_template(naming.template, request.formats)
    if request.formats and not naming.to_stdout:
        naming.check()
        jobs = _planned(jobs, request)
    outputs = [(job.name, output) for job in jobs for output in job.outputs]
    check_collisions([(name, output.path) for name, output in outputs])
    read = reads("the input", *(job.name for job in jobs)) + reads("the text", *(job.text for job in jobs if job.text))
    check_targets([File(OUTPUT, output.path) for _, output in outputs], read)
    if any(output.todo and not is_special(output.path) for _, output in outputs):
        check_writable(naming.state_folder)
    return tuple(jobs)


def _planned(jobs: Sequence[Job], request: Request | AlignRequest) -> Sequence[Job]:
    """Return the jobs with their outputs; several at once where each look is a request."""
    if any(map(is_address, (request.naming.state_folder, *(job.name for job in jobs)))):
        return list(in_order(partial(plan_job, request=request), jobs, REQUESTS))
    return [plan_job(job, request) for job in jobs]


def plan_job(job: Job, request: Request | AlignRequest) -> Job:
    """Return the job with its outputs, and why each has to be made."""
    naming, read = request.naming, [job.name, *([job.text] if job.text else [])]
    ledger = ledger_of(naming.state_folder)
    outputs = []
    dated = STDIN not in read and (os.path.isfile(job.name) or is_address(job.name))
    for name in request.formats:
        path = naming.path(job.found, FORMATS[name].extension)
        stale = request.anew
        if stale is None and not dated:
            stale = "the input has no date"
        elif stale is None:
            stale = _stale(ledger, path, job.name, output_recipe(job.recipe, name, request.layout))
        outputs.append(planned_output(name, path, stale, naming))
    return replace(job, outputs=tuple(outputs))


def made_again(job: Job, request: Request | AlignRequest, why: str) -> Job:
    """Return the job with those outputs to be made, too, that would be up to date."""
    outputs = (one if one.stale else planned_output(one.format, one.path, why, request.naming) for one in job.outputs)
    return replace(job, outputs=tuple(outputs))


def _stale(ledger: Ledger, output: str, source: str, recipe: Recipe) -> str | None:
    try:
        return ledger.stale(output, source, recipe)
    except (OSError, InputError):  # it has gone since, or may not be read: it fails as an input
        return "the input cannot be read"


def planned_output(name: str, path: str, stale: str | None, naming: Naming) -> Output:
    """Return an output as it is planned: what is there and not as asr wrote it is kept, unless it is forced.

    Raises:
        UsageError: the one file that was named as the output is not ours.
    """
    if stale in (None, FORCED):
        return Output(name, path, stale)
    kept = ledger_of(naming.state_folder).kept(path)
    if kept and not kept.edited and naming.file is not None:
        raise UsageError(f"--output '{path}' is {kept}")
    return Output(name, path, stale, kept)


def output_recipe(recipe: Recipe, name: str, layout: Layout | None) -> Recipe:
    """Return what shapes one output: the recipe of its job, with as much of the rest as its format reads."""
    text = {key: value for key, value in recipe.items() if key not in PLACES or name in PLACES[key]}
    return {**text, "format": name, **(_shaping(layout) if layout is not None and name in SHAPED else {})}


@lru_cache(maxsize=64)
def _shaping(layout: Layout) -> Recipe:
    """Return what shapes subtitles."""
    return {f"layout.{one.name}": str(getattr(layout, one.name)) for one in fields(layout)}
