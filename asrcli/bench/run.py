"""One engine on one dataset: the parts of the work, each done once, remembered, and gone on with after a kill.

Everything that was measured is a line of the journal at once. The process that measures may die as well: an utterance
that takes it down twice is a failed utterance, any other part that does, or that raises, is left blank and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from asrcli.bench import conversations, figures
from asrcli.bench import messages as say
from asrcli.bench.gauges import Gpus, Packages, Reading, greatest, idle_watts
from asrcli.bench.plan import Contestant, Plan
from asrcli.bench.process import EngineBug, Worker
from asrcli.bench.robustness import Condition
from asrcli.bench.serving import enough
from asrcli.bench.watching import Board
from asrcli.capabilities import Streams
from asrcli.datasets.dataset import Dataset, sample
from asrcli.datasets.journal import Journal
from asrcli.datasets.results import Measure, RequestTime
from asrcli.diarization.choice import DiarizerChoice
from asrcli.errors import AsrError, EngineUnavailable
from asrcli.transport.child import Died
from asrcli.types import Utterance

EACH = 16  # utterances for each of several workers, at least
MOST_DEATHS = 2  # of the measuring process at one utterance
TRANSCRIBE, SPEAKERS = "utterances", "speakers"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that was measured about one engine."""

    transcribed: tuple[say.Transcribed, ...]  # in the order of the dataset
    measures: tuple[Measure, ...]
    card: tuple[tuple[Condition, tuple[say.Transcribed, ...]], ...]  # the robustness card
    notes: tuple[str, ...]
    device: str
    requests: tuple[RequestTime, ...] = ()  # one by one, of several callers at once
    spoken: tuple[say.Spoken, ...] = ()  # who speaks when in the recordings that have references for that


@dataclass(slots=True)
class _Phase:
    """A part of the work; `work` measures it."""

    name: str
    work: Callable[[Worker], list[Measure]]
    workers: int = 0  # that are started for it


@dataclass(slots=True)
class EngineRun:
    """One engine on one dataset, with its journal."""

    contestant: Contestant
    dataset: Dataset
    plan: Plan
    journal: Journal
    watcher: Board
    conditions: Sequence[Condition] = ()
    conversations: Collection[str] = ()  # ids of the recordings that have references of speakers
    gpus: Gpus = field(default_factory=Gpus)
    packages: Packages = field(default_factory=Packages)
    _at: Utterance | None = None  # being transcribed
    _phase: str = ""
    _deaths: dict[str, int] = field(default_factory=dict)
    _idle: float | None = None
    _started: float = 0.0  # seconds that the last start took

    def run(self) -> Outcome:
        """Do what is not done yet, and return everything; raise `AsrError` where the engine does not load."""
        self._idle = idle_watts(self.gpus) if self.contestant.choice.device.kind == "cuda" else None
        self.watcher.phase(self.contestant.system, "starting", 0)
        while todo := [phase for phase in self._phases() if phase.name not in self._done()]:
            # Diarizer and workers have processes of their own: their memory shall not be that of the batches.
            self._work_through([one for one in todo if one.name != SPEAKERS and not one.workers] or todo[:1])
        if (left := self.plan.repeats - len(self._starts())) > 0:
            self.watcher.phase(self.contestant.system, "cold starts", left)
        while len(self._starts()) < self.plan.repeats:
            self._work_through([])
            self.watcher.step(self.contestant.system)
        return self._outcome()

    def _work_through(self, todo: Sequence[_Phase]) -> None:
        """Start a process and do one part after the other in it, as long as it lives."""
        workers = todo[0].workers if todo else 0
        self._at, self._phase = None, todo[0].name if workers else ""  # workers that do not start are a part left blank
        try:
            job = self.contestant.job(self.dataset.utterances[0], workers)
            with Worker(self.contestant.choice.engine, job, self.gpus, self.packages, self.watcher.note) as worker:
                cold, self._started = worker.cold()
                if not workers:
                    self.journal.add({"cold": asdict(cold), "total": self._started})
                for phase in todo:
                    self._phase = phase.name
                    found = phase.work(worker)
                    self.journal.add({"phase": phase.name, "measures": [asdict(one) for one in found]})
        except Died as death:
            self._mourn(death)
        except AsrError as error:
            if not self._phase or self._at is not None:
                raise
            if isinstance(error, EngineBug):
                self.watcher.bug(error.trace)
            self._leave_blank(str(error))

    def _mourn(self, death: Died) -> None:
        """Go on after the measuring process has died."""
        if not self._phase:
            raise EngineUnavailable(
                f"engine '{self.contestant.system}' does not get as far as its first result: {death}"
            ) from death
        if self._at is None:
            self._leave_blank(f"the engine's process died, {death}")
            return
        deaths = self._deaths[self._at.id] = self._deaths.get(self._at.id, 0) + 1
        again = deaths < MOST_DEATHS
        self._note(
            f"the engine's process died at '{self._at.id}', {death}" + ("; it is tried once more" if again else "")
        )
        if not again:
            lost = say.Transcribed(self._at.id, None, 0.0, 0.0, 0.0, f"the engine's process died: {death}")
            self.journal.add({"part": self._phase, "row": asdict(lost)})

    def _leave_blank(self, why: str) -> None:
        """Give up one part of the work."""
        self._note(f"{self._phase} was not measured: {why}")
        self.journal.add({"phase": self._phase, "measures": []})

    def _note(self, text: str) -> None:
        self.watcher.note(f"{self.contestant.system}: {text}")
        self.journal.add({"note": text})

    # What the journal knows

    def _done(self) -> set[str]:
        return {line["phase"] for line in self.journal.lines if "phase" in line}

    def _starts(self) -> list[tuple[say.Cold, float]]:
        return [(say.Cold(**line["cold"]), line["total"]) for line in self.journal.lines if "cold" in line]

    def _rows(self, part: str) -> dict[str, say.Transcribed]:
        rows = (line["row"] for line in self.journal.lines if line.get("part") == part)
        return {row["id"]: say.Transcribed(**row) for row in rows}

    # The parts of the work

    def _phases(self) -> Iterator[_Phase]:
        plan, engine = self.plan, self.contestant.choice.engine
        yield _Phase(TRANSCRIBE, partial(self._transcribe, part=TRANSCRIBE, utterances=self.dataset.utterances))
        some = tuple(sample(self.dataset.utterances, plan.speed_sample, plan.seed))
        for number in range(2, plan.repeats + 1):
            yield _Phase(f"repeat {number}", partial(self._repeat, some=some))
        if plan.batches:
            yield _Phase("batches", partial(self._sweep, some=some))
        if issubclass(engine, Streams):
            yield _Phase("stream", partial(self._listen, some=some))
        for callers in plan.callers:
            yield _Phase(f"{callers} callers", partial(self._serve, some=some, callers=callers))
        for one in self.conditions:
            yield _Phase(part_of(one), partial(self._transcribe, part=part_of(one), utterances=one.utterances))
        if self.contestant.diarizer is not None:
            yield _Phase(SPEAKERS, partial(self._diarize, choice=self.contestant.diarizer))
        most = len(self.contestant.team)
        many = tuple(sample(self.dataset.utterances, max(plan.speed_sample, EACH * most), plan.seed))
        for count in figures.team_sizes(most):
            yield _Phase(figures.condition_of(count), partial(self._share, some=many), count)

    def _transcribe(self, worker: Worker, part: str, utterances: Sequence[Utterance]) -> list[Measure]:
        """Transcribe what has not been transcribed yet, one after the other, and remember each."""
        known = self._rows(part)
        left = [one for one in utterances if one.id not in known]
        self.watcher.phase(self.contestant.system, part, len(left))
        if not left:
            return []
        waiting = iter(left)
        self._at = next(waiting)

        def take(transcribed: say.Transcribed) -> None:
            """Keep one result, and show which utterance is next."""
            if transcribed.trace:
                self.watcher.bug(transcribed.trace)
            self.journal.add({"part": part, "row": asdict(replace(transcribed, trace=""))})
            self.watcher.step(self.contestant.system, transcribed, self._at)
            self._at = next(waiting, None)

        with worker.gauges.over() as readings:
            ended = worker.ask(say.Transcribe(tuple(left)), take)
        audio = sum(one.seconds or 0.0 for one in left)
        # Of a row of the robustness card the error rate is the figure.
        return figures.resources(readings[0], ended, audio, "batch 1", self._idle) if part == TRANSCRIBE else []

    def _repeat(self, worker: Worker, some: tuple[Utterance, ...]) -> list[Measure]:
        """Transcribe a part again; only its times count."""
        name = self._phase
        self.watcher.phase(self.contestant.system, name, len(some))

        def take(transcribed: say.Transcribed) -> None:
            """Keep one result of a repetition."""
            self.journal.add({"part": name, "row": asdict(replace(transcribed, trace=""))})
            self.watcher.step(self.contestant.system)

        worker.ask(say.Transcribe(some), take)
        return []

    def _sweep(self, worker: Worker, some: tuple[Utterance, ...]) -> list[Measure]:
        """Transcribe a part in batches of growing size."""
        sizes = tuple(size for size in self.plan.batches if size <= max(1, len(some)))
        found: list[say.Batched] = []

        def at_most(one: say.Batched) -> say.Batched:
            """Return the figures of a batch size with the greatest memory that was seen meanwhile."""
            rss, gpu = worker.gauges.peaks()
            return replace(one, peak_rss=greatest(one.peak_rss, rss), peak_gpu=gpu)

        request = say.Sweep(some, sizes, self.plan.repeats)
        reading, ended = self._ask(worker, request, found, len(sizes), at_most)
        audio = sum(one.seconds * (1 + len(one.times)) for one in found)
        return [*figures.sweep(found), *figures.resources(reading, ended, audio, "batches", self._idle)]

    def _listen(self, worker: Worker, some: tuple[Utterance, ...]) -> list[Measure]:
        """Transcribe a part as streams."""
        found: list[say.Streamed] = []
        self._ask(worker, say.Listen(some, self.plan.chunk), found, len(some))
        return figures.streams(found)

    def _serve(self, worker: Worker, some: tuple[Utterance, ...], callers: int) -> list[Measure]:
        """Transcribe a part from several callers at once."""
        found: list[say.Served] = []
        self._ask(worker, say.Serve(enough(some, callers), callers), found)
        self.journal.add({"callers": callers, "requests": [asdict(one) for one in found[0].requests]})
        return figures.serving(callers, found[0])

    def _diarize(self, worker: Worker, choice: DiarizerChoice) -> list[Measure]:
        """Transcribe the recordings of several people with a diarizer beside the engine."""
        some = tuple(one for one in self.dataset.utterances if one.id in self.conversations)
        found: list[say.Spoken | say.Diarized] = []
        request = say.Diarize(some, choice.diarizer.name, choice.weights, choice.device)
        reading, ended = self._ask(worker, request, found, len(some))
        rows = [asdict(one) for one in found if isinstance(one, say.Spoken)]
        self.journal.add({"spoken": rows})
        audio = sum(one.seconds or 0.0 for one in some)
        speeds = [each for one in found if isinstance(one, say.Diarized) for each in conversations.speeds(one, audio)]
        return [*speeds, *figures.resources(reading, ended, audio, conversations.WITH_SPEAKERS, self._idle)]

    def _share(self, worker: Worker, some: tuple[Utterance, ...]) -> list[Measure]:
        """Transcribe a part with several workers together."""
        found: list[say.Pooled] = []
        reading, ended = self._ask(worker, say.Together(some, self.plan.repeats), found)
        return figures.together(found[0], reading, ended, self._started, self._idle)

    def _ask(
        self,
        worker: Worker,
        request: say.Request,
        found: list[T],
        steps: int = 1,
        seen: Callable[[T], T] = lambda one: one,
    ) -> tuple[Reading, say.Ended]:
        """Ask for one part of the work and keep its results, each a step; return what it took."""
        self.watcher.phase(self.contestant.system, self._phase, steps)

        def take(result: T) -> None:
            """Keep one result, as it was seen from here."""
            found.append(seen(result))
            self.watcher.step(self.contestant.system)

        with worker.gauges.over() as readings:
            ended = worker.ask(request, take)
        return readings[0], ended

    # Everything together

    def _outcome(self) -> Outcome:
        rows = self._rows(TRANSCRIBE)
        lengths = {one.id: one.seconds or 0.0 for one in self.dataset.utterances}
        transcribed = tuple(rows[one.id] for one in self.dataset.utterances)
        good = [(lengths[one.id], one) for one in transcribed if one.text is not None]
        repeats = []
        for number in range(2, self.plan.repeats + 1):
            again = self._rows(f"repeat {number}").values()
            repeats.append([(lengths[one.id], one.total) for one in again if one.text is not None])
        measures = [*figures.cold(self._starts()), *figures.in_turn(good)]
        if good:
            times = [(seconds, one.total) for seconds, one in good]
            some = self._rows("repeat 2")
            repeats.append([(seconds, one.total) for seconds, one in good if one.id in some])
            # Percentiles of a part say nothing about the spread of those of the whole.
            measures += figures.latencies(times, repeats if len(some) == len(good) else [])
            middles = [figures.percentile([wall for _, wall in one], 50) for one in repeats if one]
            measures.append(figures.repeated("repeat_p50", middles, "s"))
        measures += [Measure(**one) for line in self.journal.lines if "phase" in line for one in line["measures"]]
        measures += figures.gains(measures)
        card = tuple((one, self._card_rows(one)) for one in self.conditions)
        notes = tuple(line["note"] for line in self.journal.lines if "note" in line)
        device, whole = self._starts()[-1][0].device, tuple(figures.merged(measures))
        return Outcome(transcribed, whole, card, notes, device, self._requests(), self._spoken())

    def _requests(self) -> tuple[RequestTime, ...]:
        """Return the requests of several callers; of a part that was done twice, those of the last time."""
        last = {line["callers"]: line["requests"] for line in self.journal.lines if "requests" in line}
        return tuple(RequestTime(**one) for _, rows in sorted(last.items()) for one in rows)

    def _spoken(self) -> tuple[say.Spoken, ...]:
        rows: list[dict[str, Any]] = next((line["spoken"] for line in self.journal.lines if "spoken" in line), [])
        return tuple(say.Spoken(**row) for row in rows)

    def _card_rows(self, condition: Condition) -> tuple[say.Transcribed, ...]:
        rows = self._rows(part_of(condition))
        lost = say.Transcribed("", None, 0.0, 0.0, 0.0, "not measured")
        return tuple(rows.get(one.id, replace(lost, id=one.id)) for one in condition.utterances)


def part_of(condition: Condition) -> str:
    """Return what the journal calls a row of the robustness card."""
    return f"robustness: {condition.name}"
