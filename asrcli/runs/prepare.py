"""What a run works with: the engine, in this process or in workers, and the models beside it, all weights found."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asrcli.alignment.choice import AlignerChoice, aligner_for, prepare_aligner
from asrcli.base.background import Announce, follow
from asrcli.engines import companions
from asrcli.engines.device import first_device
from asrcli.engines.options import check_options
from asrcli.engines.recogniser import Choice, Recogniser
from asrcli.engines.selection import Setup
from asrcli.runs.events import Loaded, Note
from asrcli.runs.plan import Plan, Request, companions_of, for_engine, prepare_engine
from asrcli.types import Options
from asrcli.workers.pool import Crew, assemble

if TYPE_CHECKING:
    from asrcli.diarization.desk import DeskMaker


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run works with. All weights are on this machine now; those of the engine and the aligner load later."""

    recognisers: Sequence[Recogniser]  # of one engine and weights
    aligner: AlignerChoice | None  # times the words, where the engine does not
    desk_for: DeskMaker | None
    crew: Crew | None = None  # what was assembled for this run

    @property
    def choice(self) -> Choice:
        """Which engine, weights and device these are."""
        return self.recognisers[0].choice

    @property
    def workers(self) -> tuple[str, ...]:
        """What the workers are called; () when the engine is in this process."""
        return self.crew.names if self.crew else ()

    def close(self) -> None:
        """End the workers of this run."""
        if self.crew:
            self.crew.close()


def prepare(planned: Plan, recogniser: Recogniser | None = None) -> Generator[Note | Loaded, None, Prepared]:
    """Find all weights, pulling them when allowed; yield what there is to say meanwhile."""
    prepared = yield from follow(lambda announce: _prepare(planned, announce, recogniser), Note)
    yield Loaded(prepared.choice, prepared.workers)
    return prepared


def _prepare(planned: Plan, announce: Announce, recogniser: Recogniser | None) -> Prepared:
    request, options = planned.request, for_engine(planned.request.options)
    crew: Crew | None = None
    recognisers: Sequence[Recogniser]
    if recogniser is None:
        crew = _crew(planned, options, announce)
        recognisers = crew.recognisers
    else:
        check_options(recogniser.choice.engine, options)
        recognisers = [recogniser]
    try:
        for kind, spelling in companions_of(request):  # now: what is wrong with one ends the run before any input
            companions.prepare(kind, spelling, offline=request.offline, announce=announce)
        aligner = _timer(planned, recognisers[0].choice, announce)
        return Prepared(recognisers, aligner, _diarization(request, announce), crew)
    except BaseException:
        if crew is not None:
            crew.close()
        raise


def _crew(planned: Plan, options: Options, announce: Announce) -> Crew:
    """Return what to recognise with, its weights found: the engine in this process, or in workers."""
    request, engine = planned.request, planned.engine

    def choose(device: str, threads: int) -> Choice:
        """Find the weights for one recogniser on a device, with a number of threads."""
        asked = replace(request, device=device, threads=threads)
        return prepare_engine(asked, engine, planned.model, options, announce)

    return assemble(engine, request.workers, request.device, request.threads, choose)


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

    return prepare(request.speakers, first_device(request.device), request.offline, announce, request.threads)
