"""Runs compared: their names, the Pareto front, and which differences are significant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from asrcli.compare import wording
from asrcli.compare.comparison import compare
from asrcli.compare.matching import Hypotheses as System
from asrcli.compare.run import settings_of
from asrcli.compare.scores import Comparison, Settings
from asrcli.datasets.results import LABEL, Measure, RunRecord, workers_of

MOST_IN_PAIRS = 3  # of more systems only the best one is held against each other


def told_apart(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return runs that each have a name of their own.

    Where several are the same system by name, it is the model in full, where they ran, or else when each began.
    """
    same = Counter(one.system for one in runs)
    full = Counter((one.engine, one.model) for one in runs)
    places = Counter((one.system, place_of(one)) for one in runs)

    def labelled(one: RunRecord) -> RunRecord:
        """Return a run with a label that no other run has."""
        if same[one.system] == 1:
            return one
        apart = place_of(one) if places[one.system, place_of(one)] == 1 else (one.started or "")[:19]
        distinct = full[one.engine, one.model] == 1
        label = f"{one.engine}:{one.model}" if distinct else f"{one.system} ({apart})"
        return replace(one, facts=(*one.facts, (LABEL, label)))

    return [labelled(one) for one in runs]


def place_of(record: RunRecord) -> str:
    """Return where a run was: its device, or its workers and theirs."""
    return workers_of(dict(record.facts)) or record.fact("device")


def batch_of(record: RunRecord) -> str:
    """Return the batch size that was fastest."""
    return next((one.condition.removeprefix("batch ") for one in record.measures if one.name == "rtfx_best"), "")


def best_speed(record: RunRecord) -> Measure | None:
    """Return the greatest speed that was measured: of the sweep, or else at batch 1."""
    best = record.measure("rtfx_best", f"batch {batch_of(record)}")
    return best if best is not None and best.value else record.measure("rtfx", "batch 1")


@dataclass(frozen=True, slots=True)
class Point:
    """One run in a plot of accuracy against speed."""

    at: int  # which of the runs
    name: str
    speed: float
    rate: float  # with the ends of its interval, which are the rate itself where there is none
    low: float
    high: float


def points(runs: Sequence[RunRecord]) -> list[Point]:
    """Return the runs that have a rate and a speed."""
    found = []
    for at, one in enumerate(runs):
        rate, speed = one.measure("wer"), best_speed(one)
        if rate is None or rate.value is None or speed is None or not speed.value:
            continue
        low = rate.value if rate.low is None else rate.low
        high = rate.value if rate.high is None else rate.high
        found.append(Point(at, one.system, speed.value, rate.value, low, high))
    return found


def front(runs: Sequence[RunRecord]) -> list[int]:
    """Return the runs on the Pareto front, the most accurate first: none other is as good at both and better at one."""
    known = points(runs)

    def beaten(one: Point) -> bool:
        """Tell whether another run is as accurate and as fast, and better in one of the two."""
        return any(
            other.rate <= one.rate and other.speed >= one.speed and (other.rate, other.speed) != (one.rate, one.speed)
            for other in known
        )

    best = [one for one in known if not beaten(one)]
    return [one.at for one in sorted(best, key=lambda one: (one.rate, one.speed))]


def compared(runs: Sequence[RunRecord]) -> Comparison | None:
    """Compare runs with each other, as they say that they are scored; ``None`` where that or their data differ."""
    if len(runs) < 2 or len({tuple((one.id, one.text) for one in run.utterances) for run in runs}) > 1:
        return None
    if unlike(runs):
        return None
    utterances = runs[0].utterances
    systems = [System(one.system, "", one.hypotheses) for one in runs]
    return compare(utterances, systems, scoring_of(runs[0]))


def scoring_of(run: RunRecord) -> Settings:
    """Return how a run is scored, as it says."""
    return settings_of(run.scoring.normalizer, run.scoring.language, run.utterances)


def scored_as(run: RunRecord) -> str:
    """Return how a run is scored: normaliser, language and convention."""
    settings = scoring_of(run)
    return ", ".join([settings.normalizer, settings.language or "no language", f"convention {settings.convention}"])


def unlike(runs: Sequence[RunRecord]) -> str:
    """Return how runs differ that are scored in different ways, so that their rates are of different kinds."""
    ways: dict[str, list[str]] = {}
    for one in runs:
        ways.setdefault(scored_as(one), []).append(one.system)
    return "; ".join(f"{', '.join(names)}: {way}" for way, names in ways.items()) if len(ways) > 1 else ""


def verdicts(runs: Sequence[RunRecord]) -> list[str]:
    """Return whether engines can be told apart: of a few every pair, of many each from the best."""
    if differ := unlike(runs):
        return [f"no verdict, these rates are of different kinds ({differ}); asr compare -n NAME scores all alike"]
    found = compared(runs)
    if found is None:
        return []
    if len(runs) <= MOST_IN_PAIRS:
        return [wording.verdict(found, pair) for pair in found.pairs]
    return against_best(found)


def against_best(found: Comparison) -> list[str]:
    """Return which systems make significantly more errors than the best one, and of which that is not known."""
    systems = found.systems
    best = min(range(len(systems)), key=lambda at: systems[at].counts.rate or 0.0)
    said: dict[str, list[str]] = {"as many errors": [], "not distinguishable from it": [], "significantly more": []}
    same, unsure, worse = said.values()
    for pair in found.pairs:
        if best not in (pair.first, pair.second):
            continue
        other = systems[pair.second if pair.first == best else pair.first].name
        (worse if pair.significant else same if pair.difference == 0 else unsure).append(other)
    told = [f"{name}: {', '.join(others)}" for name, others in said.items() if others]
    return [f"{systems[best].name} makes the fewest errors; `asr compare` holds each against each", *told]
