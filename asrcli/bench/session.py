"""A whole benchmark: one dataset, several engines, each in processes of its own, a run record each."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asrcli.base.languages import language_code
from asrcli.bench import environment, records, robustness, store
from asrcli.bench.conversations import references
from asrcli.bench.gauges import Gpus
from asrcli.bench.plan import Contestant, Plan
from asrcli.bench.run import EngineRun
from asrcli.bench.watching import Board
from asrcli.capabilities import Backends, Streams, backend_of
from asrcli.compare.run import chosen_convention
from asrcli.datasets.dataset import Dataset, digest, open_dataset, sample
from asrcli.datasets.dataset import Wanted as WantedDataset
from asrcli.datasets.results import CARD_SUFFIX, RunRecord, system_name, write_run
from asrcli.diarization import choice as diarizers
from asrcli.diarization.choice import DiarizerChoice
from asrcli.diarization.speakers import SpeakerOptions
from asrcli.engine import Engine
from asrcli.engines import device as devices
from asrcli.engines import selection
from asrcli.engines.selection import is_whole
from asrcli.errors import AsrError, InputError, UsageError
from asrcli.scoring.meetings import check_installed
from asrcli.types import Options
from asrcli.weights.hashes import file_hashes
from asrcli.workers.wanted import Workers, share

REPLAY = "replay"  # the fact that holds what `--replay` needs


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a benchmark was asked for."""

    dataset: WantedDataset
    engines: tuple[str, ...]  # ENGINE[@BACKEND][:MODEL]
    options: Options = field(default_factory=Options)
    plan: Plan = field(default_factory=Plan)
    vad: bool = True
    told: bool = True  # the one language of the data, where it has one and `options` name none
    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0
    workers: int = 0  # that are measured together, too; 0: as many as there are devices, if several
    offline: bool = False
    folder: Path | None = None  # of the runs; None is the user's


@dataclass(frozen=True, slots=True)
class Named:
    """An engine as it was named, checked as far as that goes without weights."""

    engine: type[Engine]
    model: str | None
    backend: str | None  # of an engine with several: the one named, or the first that is installed

    @property
    def system(self) -> str:
        """What it is called."""
        return system_name(self.engine.name, self.model, self.backend)


@dataclass(frozen=True, slots=True)
class Results:
    """What came out: the runs that were finished, and the engines that could not be measured."""

    runs: tuple[tuple[Path, RunRecord], ...]
    failed: tuple[tuple[str, AsrError], ...]
    dataset: Dataset


def bench(request: Request, watcher: Board) -> Results:
    """Measure every engine on the dataset, write a record of each, and return them.

    An engine that cannot be measured is one failure; the others go on.

    Raises:
        UsageError: an engine, model or option that cannot work; nothing has been loaded.
        InputError: the dataset cannot be read.
    """
    request.plan.check()
    if request.plan.callers and (request.workers or "," in request.device or devices.ALL_GPUS in request.device):
        raise UsageError("--concurrency asks one process, not several workers: leave it, or --workers and devices, out")
    chosen = [choose(name, request, watcher) for name in request.engines]
    diarizer = prepare_diarizer(request, watcher) if request.plan.diarize else None
    wanted = replace(request.dataset, offline=request.offline, language=request.options.language)
    dataset = open_dataset(wanted, watcher.note)
    for text in dataset.notes:
        watcher.note(text)
    for text in shortened(dataset.missing):
        watcher.lost(text)
    own = request.options.language or not request.told
    options = request.options if own else with_language(request.options, dataset, chosen)
    folder = request.folder or store.default_folder()
    request = replace(request, options=options, folder=folder)
    failed: list[tuple[str, AsrError]] = []
    known = references(dataset) if request.plan.diarize else {}
    if 0 < len(known) < len(dataset.utterances):
        watcher.note(
            f"{len(known)} of {len(dataset.utterances)} recordings have an rttm or stm: speakers are found in these"
        )
    contestants = [replace(one, diarizer=diarizer) for one in prepared(chosen, request, watcher, failed)]
    whole = digest(dataset.utterances)
    runs: list[tuple[Path, RunRecord]] = []
    with ExitStack() as stack:
        tasks = [one.task(dataset, whole, request.plan) for one in contestants]
        command = stack.enter_context(store.Command(folder, tasks))
        conditions: Sequence[robustness.Condition] = ()
        if request.plan.robustness and contestants:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asr-bench-")))
            watcher.phase("", "making recordings worse", 0)
            some = sample(dataset.utterances, request.plan.robustness_sample, request.plan.seed)
            conditions = tuple(robustness.conditions(some, place, request.plan.seed))
        for number, one in enumerate(contestants):
            try:
                before = _told(command.finished(number), one, watcher)
                runs.append(before or one_run(one, dataset, whole, conditions, request, watcher))
                command.add(number, runs[-1][0])
            except AsrError as error:
                failed.append((one.system, error))
    return Results(tuple(runs), tuple(failed), dataset)


def _told(before: tuple[Path, RunRecord] | None, one: Contestant, watcher: Board) -> tuple[Path, RunRecord] | None:
    """Say of an engine that it was measured before the command was interrupted, if it was; return its record."""
    if before:
        watcher.note(f"{one.system}: measured before the interruption")
        watcher.finished(before[1].system, before[0])
    return before


def prepared(
    chosen: Sequence[Named], request: Request, watcher: Board, failed: list[tuple[str, AsrError]]
) -> Iterator[Contestant]:
    """Yield every engine whose weights and device can be had; the others are added to those that failed."""
    for one in chosen:
        try:
            yield prepare(one, request, watcher)
        except UsageError:
            raise
        except AsrError as error:
            failed.append((one.system, error))


def choose(name: str, request: Request, watcher: Board) -> Named:
    """Return what a name such as ``canary@native:FOLDER`` means.

    Raises:
        UsageError: there is no such engine or backend.
        EngineUnavailable: its packages are not installed.
    """
    system, _, model = name.partition(":")
    wanted, at, backend = system.partition("@")
    if not wanted or (at and not backend):
        raise UsageError(
            f"--engine '{name}': write an engine, ENGINE:MODEL such as whisper:tiny, or ENGINE@BACKEND:MODEL"
        )
    engine, found = selection.choose_class(wanted, model or None, request.options, watcher.note)
    if backend and not issubclass(engine, Backends):
        raise UsageError(f"--engine '{name}': engine '{wanted}' has one implementation only: leave @{backend} out")
    return Named(engine, found, selection.choose_backend(engine, backend or None))


def prepare_diarizer(request: Request, watcher: Board) -> DiarizerChoice:
    """Find the weights of the diarizer, and its device.

    Raises:
        UsageError: there is no such diarizer.
        MissingExtra: it, or what scores speakers, is not installed.
        ModelError: its weights cannot be had.
    """
    check_installed("--diarize", words=True)
    wanted = SpeakerOptions(model=request.plan.diarize_model)
    diarizers.check_wanted(wanted)
    device = devices.first_device(request.device)
    return diarizers.prepare(wanted, device, request.offline, watcher.note, request.threads)


def with_language(options: Options, dataset: Dataset, chosen: Sequence[Named]) -> Options:
    """Return the options with the one language that all utterances are said to be in, if all engines speak it."""
    named = {one.language for one in dataset.utterances}
    language = named.pop() if len(named) == 1 else None
    if not language:
        return options

    try:
        code = language_code(language)
    except UsageError:  # a language of the data that no engine has, or no language
        return options
    spoken = [one.engine.languages(one.model or one.engine.default_model) for one in chosen]
    return replace(options, language=code) if all(not one or code in one for one in spoken) else options


def prepare(one: Named, request: Request, watcher: Board) -> Contestant:
    """Find an engine's weights and device."""
    wanted = Workers(request.workers)
    places = wanted.places(one.engine, request.device)
    for place in places if is_whole(one.engine) else ():  # before weights are looked for
        devices.choose(one.engine, place, threads=request.threads)
    first = places[0] if places else request.device
    setup = selection.Setup(one.backend, first, request.dtype, request.threads, request.offline)
    choice = selection.prepare(one.engine, one.model, request.options, setup, watcher.note)
    if places and issubclass(choice.engine, Streams):
        raise UsageError(
            f"{len(places)} workers cannot share a stream, and engine '{one.system}' transcribes streams: leave "
            "--workers out, and name one device"
        )
    own, dtype = share(request.threads, len(places)), choice.device.dtype
    team = tuple(devices.choose(choice.engine, place, dtype, own) for place in places)
    return Contestant(choice, request.options, request.vad, team=team)


def one_run(
    contestant: Contestant,
    dataset: Dataset,
    whole: str,
    conditions: Sequence[robustness.Condition],
    request: Request,
    watcher: Board,
) -> tuple[Path, RunRecord]:
    """Measure one engine, write its record, and return both."""
    folder = request.folder or store.default_folder()
    task = contestant.task(dataset, whole, request.plan)
    gpus = Gpus()
    with store.journal(folder, task) as journal:
        if not journal.lines:
            journal.add({"started": datetime.now(UTC).isoformat(timespec="seconds")})
        elif len(journal.lines) > 1:
            transcribed = sum(1 for line in journal.lines if line.get("part") == "utterances")
            watcher.note(f"{contestant.system}: going on with an interrupted run, {transcribed} utterances transcribed")
        started = str(journal.lines[0]["started"])
        known = references(dataset) if contestant.diarizer else ()
        outcome = EngineRun(contestant, dataset, request.plan, journal, watcher, conditions, known, gpus).run()
        if digest(dataset.utterances) != whole:
            raise InputError(f"'{dataset.source}' changed while it was transcribed: the same command does it again")
        facts = all_facts(contestant, dataset, whole, request, gpus)
        record = records.run_record(contestant, dataset, request.plan, outcome, facts, started)
        path = store.new_path(folder, started, dataset.name, contestant.system)
        card = records.card_record(record, outcome)
        if card is not None:
            write_run(card, path.with_suffix(CARD_SUFFIX))
        write_run(record, path)
        journal.remove()
    watcher.finished(record.system, path)
    return path, record


def all_facts(contestant: Contestant, dataset: Dataset, whole: str, request: Request, gpus: Gpus) -> Mapping[str, str]:
    """Return everything that a later run is held against."""
    choice = contestant.choice
    return {
        "command": shlex.join(["asr", *sys.argv[1:]]),
        **environment.software(choice.engine),
        **environment.machine(gpus),
        "weights_sha256": json.dumps(file_hashes(choice.weights.path) if choice.weights.path else {}),
        "dataset_sha256": whole,
        "dataset_source": dataset.source,
        "dataset_missing": json.dumps(list(dataset.missing), ensure_ascii=False) if dataset.missing else "",
        "normalizer": request.plan.normalizer,
        "convention": chosen_convention(request.plan.normalizer).value,
        "seed": str(request.plan.seed),
        "options": json.dumps(dict(contestant.options.given()), ensure_ascii=False),
        **({"diarizer": contestant.diarizer_name} if contestant.diarizer else {}),
        **({"backend": backend} if (backend := backend_of(choice.engine)) else {}),
        **contestant.workers,
        "audio_seconds": f"{dataset.seconds:.2f}",
        REPLAY: replay_of(contestant, request),
    }


def replay_of(contestant: Contestant, request: Request) -> str:
    """Return what `asrcli.bench.replay.request_of` makes the same request from."""
    source = request.dataset.source
    here = os.path.abspath(source) if Path(source).exists() else source
    engine, weights = contestant.choice.engine, contestant.choice.weights
    backend = f"@{own}" if (own := backend_of(engine)) else ""
    values: dict[str, Any] = {
        "engine": f"{engine.name}{backend}:{records.model_of(weights)}",
        "dataset": {**asdict(request.dataset), "source": here, "cache": None},
        "options": dict(contestant.options.given()),
        "plan": asdict(request.plan),
        **{name: getattr(request, name) for name in ("vad", "told", "device", "dtype", "threads", "workers")},
    }
    return json.dumps(values, ensure_ascii=False)


def shortened(lines: Sequence[str], most: int = 5) -> list[str]:
    """Return the first lines of many, and how many more there are."""
    rest = [f"... and {len(lines) - most} more that cannot be transcribed"] if len(lines) > most else []
    return [*(f"left out: {line}" for line in lines[:most]), *rest]


def exit_code(results: Results) -> int:
    """Return the exit code: 1 when a part of what was asked for is missing."""
    if results.failed and not results.runs:
        return results.failed[0][1].exit_code
    lost = results.dataset.missing or any(text is None for _, record in results.runs for text in record.hypotheses)
    return 1 if results.failed or lost else 0
