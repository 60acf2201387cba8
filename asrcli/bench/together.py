"""An engine in several processes: how fast they transcribe together what one transcribes alone. Pure functions.

They are the workers of ``asr transcribe --workers``, and share the recordings as there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from asrcli.base.counts import count_of
from asrcli.bench import figures
from asrcli.bench import messages as say
from asrcli.bench.gauges import Reading
from asrcli.datasets.results import Measure

NAMED = re.compile(r"([0-9]{1,4}) workers?")
OF_ONE = ("torch_allocated", "torch_reserved", "cpu_load")  # counters of the measuring process itself


def named(count: int) -> str:
    """Return the condition under which figures of several workers are kept."""
    return count_of(count, "worker")


def workers_in(condition: str) -> int:
    """Return how many workers a figure is of; 0 when it is of something else."""
    found = NAMED.fullmatch(condition)
    return int(found[1]) if found else 0


def counts(most: int) -> list[int]:
    """Return with how many workers is measured: one, twice as many each time, and all."""
    return sorted({*(1 << at for at in range(most.bit_length()) if 1 << at < most), most} - {0})


def measures(
    found: say.Pooled, reading: Reading, ended: say.Ended, started: float, idle: float | None
) -> list[Measure]:
    """Return speed, memory and energy of several workers; memory is that of all of them and of who feeds them."""
    condition, done = named(found.workers), found.seconds if not found.failed else 0.0
    audio = found.seconds * len(found.times)
    every = figures.resources(reading, ended, audio, condition, idle)
    return [
        figures.repeated("rtfx", [done / one for one in found.times if done and one], "x", condition),
        Measure("cold_start", started, "s", condition, count=1),
        Measure("failed", found.failed, "utterances", condition),
        *(one for one in every if one.name not in OF_ONE),
    ]


def gains(known: Sequence[Measure]) -> list[Measure]:
    """Return how many times as fast as one worker several are, and what share of that each contributes."""
    speeds = {one.condition: one.value for one in known if one.name == "rtfx" and one.value}
    alone = speeds.get(named(1))
    found = []
    for condition, speed in speeds.items():
        count = workers_in(condition)
        if count > 1 and alone:
            found.append(Measure("speedup", speed / alone, "x", condition))
            found.append(Measure("efficiency", speed / alone / count, "of one worker", condition))
    return found
