"""Runs held against each other: their names, who is on the Pareto front, and who can be told apart from whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from asrcli.compare import wording
from asrcli.compare.comparison import Comparison, Settings, compare
from asrcli.compare.matching import Heard as System
from asrcli.compare.run import guess_language
from asrcli.results import LABEL, Measure, RunRecord


def told_apart(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return runs that each have a name of their own.

    Where several are the same system by name, it is the model in full, or else the moment at which each began.
    """
    same = Counter(one.system for one in runs)
    full = Counter((one.engine, one.model) for one in runs)

    def labelled(one: RunRecord) -> RunRecord:
        if same[one.system] == 1:
            return one
        distinct = full[one.engine, one.model] == 1
        label = f"{one.engine}:{one.model}" if distinct else f"{one.system} ({(one.started or '')[:19]})"
        return replace(one, facts=(*one.facts, (LABEL, label)))

    return [labelled(one) for one in runs]


def batch_of(record: RunRecord) -> str:
    """Return the batch size that was fastest."""
    return next((one.condition.removeprefix("batch ") for one in record.measures if one.name == "rtfx_best"), "")


def best_speed(record: RunRecord) -> Measure | None:
    """Return the greatest speed that was measured: of the sweep, or else at batch 1."""
    best = record.measure("rtfx_best", f"batch {batch_of(record)}")
    return best if best is not None and best.value else record.measure("rtfx", "batch 1")


def front(runs: Sequence[RunRecord]) -> list[int]:
    """Return the runs on the Pareto front, the most accurate first: none other is as good at both and better at one."""
    points = {at: (one.measure("wer"), best_speed(one)) for at, one in enumerate(runs)}
    known = {
        at: (rate.value, speed.value)
        for at, (rate, speed) in points.items()
        if rate is not None and speed is not None and rate.value is not None and speed.value is not None
    }
    return sorted(
        (
            at
            for at, (rate, fast) in known.items()
            if not any(
                other != at and r <= rate and f >= fast and (r < rate or f > fast) for other, (r, f) in known.items()
            )
        ),
        key=lambda at: known[at],
    )


def compared(runs: Sequence[RunRecord], seed: int = 0) -> Comparison | None:
    """Compare runs with each other, where they heard the same references; ``None`` otherwise."""
    if len(runs) < 2 or len({tuple((one.id, one.text) for one in run.utterances) for run in runs}) > 1:
        return None
    utterances = runs[0].utterances
    systems = [System(one.system, "", one.heard) for one in runs]
    return compare(utterances, systems, Settings("asr", guess_language(utterances), seed=seed))


def verdicts(runs: Sequence[RunRecord]) -> list[str]:
    """Return for every pair of engines whether they can be told apart."""
    found = compared(runs)
    return [wording.verdict(found, pair) for pair in found.pairs] if found else []
