"""From what was timed to figures: percentiles, shares, speeds, of one process and of several. Pure functions.

RTFx is seconds of audio per second of wall clock. A figure with ``low`` and ``high`` is the median of repeats, and
those are the least and the greatest of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from statistics import median

from asrcli.base.counts import count_of
from asrcli.bench import messages as say
from asrcli.bench.gauges import Reading
from asrcli.datasets.results import Measure

BUCKETS = (5.0, 15.0, 30.0, 60.0, 300.0)  # seconds; upper bounds, the last bucket has none
PERCENTILES = (50, 95, 99)
MIB = 1024 * 1024


def percentile(values: Iterable[float], share: float) -> float:
    """Return a percentile of at least one value, linear between the two nearest; ``share`` is 0 to 100."""
    import numpy as np

    return float(np.percentile(list(values), share))


def bucket(seconds: float) -> str:
    """Return the name of the bucket that a length falls into."""
    low = 0.0
    for high in BUCKETS:
        if seconds <= high:
            return f"{low:g}-{high:g} s"
        low = high
    return f"over {low:g} s"


def repeated(name: str, values: Sequence[float], unit: str, condition: str = "") -> Measure:
    """Return the median of repeats with their spread."""
    if not values:
        return Measure(name, None, unit, condition)
    return Measure(name, median(values), unit, condition, min(values), max(values), len(values))


def cold(starts: Sequence[tuple[say.Cold, float]]) -> list[Measure]:
    """Return what starting took, over several fresh processes."""
    columns = {
        "import": [one.imported for one, _ in starts],
        "load": [one.loaded for one, _ in starts],
        "first_result": [one.first for one, _ in starts],
        "cold_start": [total for _, total in starts],
    }
    return [repeated(name, values, "s") for name, values in columns.items()]


def latencies(times: Sequence[tuple[float, float]], repeats: Sequence[Sequence[tuple[float, float]]]) -> list[Measure]:
    """Return percentiles of the latency at batch 1, of all utterances and per bucket of length.

    Args:
        times: seconds of audio and of wall clock of every utterance.
        repeats: the same of a part of them, transcribed again; their percentiles are the spread.
    """
    found = []
    names = ["", *dict.fromkeys(bucket(seconds) for seconds, _ in sorted(times))]
    for name in names:
        values = [wall for seconds, wall in times if name in ("", bucket(seconds))]
        again = [[wall for seconds, wall in one if name in ("", bucket(seconds))] for one in repeats]
        for share in PERCENTILES:
            spread = [percentile(one, share) for one in again if one]
            low, high = (min(spread), max(spread)) if len(spread) > 1 else (None, None)
            found.append(Measure(f"latency_p{share}", percentile(values, share), "s", name, low, high, len(values)))
    return found


def in_turn(rows: Sequence[tuple[float, say.Transcribed]]) -> list[Measure]:
    """Return speed and shares of transcribing one after the other; a row is seconds of audio, and what was timed."""
    audio = sum(seconds for seconds, _ in rows)
    wall = sum(one.total for _, one in rows)
    if not rows or not wall or not audio:
        return []
    decode, model = sum(one.decode for _, one in rows), sum(one.model for _, one in rows)
    found = [Measure("rtfx", audio / wall, "x", "batch 1", count=len(rows))]
    speeds = [seconds / one.total for seconds, one in rows if one.total]
    found += [Measure(f"file_rtfx_p{p}", percentile(speeds, p), "x", count=len(rows)) for p in (5, 50, 95)]
    # Decoding runs beside the model in a long recording: what is left can then not be told, and is none.
    rest = max(0.0, wall - decode - model)
    whole = decode + model + rest
    shares = {"decode": decode, "model": model, "rest": rest}
    return found + [Measure(f"share_{name}", part / whole, "of time", "batch 1") for name, part in shares.items()]


def sweep(found: Sequence[say.Batched]) -> list[Measure]:
    """Return RTFx for every batch size, and the best of them; reading and decoding counts."""
    measures = []
    best: Measure | None = None
    for one in found:
        if not one.fits or not one.seconds:
            continue
        condition = f"batch {one.size}, swept"
        whole = repeated("rtfx", [one.seconds / (one.decode + time) for time in one.times], "x", condition)
        measures.append(whole)
        measures.append(repeated("rtfx_model", [one.seconds / time for time in one.times], "x", condition))
        measures.append(Measure("memory_peak", in_mib(one.peak_rss), "MiB", condition))
        measures.append(Measure("gpu_memory_peak", in_mib(one.peak_gpu), "MiB", condition))
        if best is None or (whole.value or 0) > (best.value or 0):
            best = whole
    if best is not None:
        size = best.condition.removesuffix(", swept")
        measures.append(Measure("rtfx_best", best.value, "x", size, best.low, best.high, best.count))
    too_big = [one.size for one in found if not one.fits]
    return [*measures, *(Measure("out_of_memory_at", size, "clips") for size in too_big)]


def streams(found: Sequence[say.Streamed]) -> list[Measure]:
    """Return when text came from streams."""
    columns: dict[str, list[float | None]] = {
        "first_text": [one.first for one in found],
        "stable_text": [one.stable for one in found],
        "after_end": [one.after_end for one in found],
    }
    measures = []
    for name, values in columns.items():
        known = [value for value in values if value is not None]
        for share in (50, 95):
            value = percentile(known, share) if known else None
            measures.append(Measure(f"{name}_p{share}", value, "s", count=len(known)))
    computed, audio = sum(one.computed for one in found), sum(one.seconds for one in found)
    return [*measures, Measure("rtfx", audio / computed if computed else None, "x", "streamed", count=len(found))]


def serving(callers: int, found: say.Served) -> list[Measure]:
    """Return throughput and latency with several callers at once."""
    condition = f"{callers} callers"
    measures = [
        Measure("rtfx", found.seconds / found.wall, "x", condition, count=len(found.times)),
        Measure("throughput", len(found.times) / found.wall, "utterances/s", condition, count=len(found.times)),
        Measure("failed", found.failed, "utterances", condition),
    ]
    for share in PERCENTILES:
        value = percentile(found.times, share) if found.times else None
        measures.append(Measure(f"latency_p{share}", value, "s", condition, count=len(found.times)))
    first = [one.first for one in found.requests if one.first is not None and not one.error]
    if first:
        values = {"p50": percentile(first, 50), "p95": percentile(first, 95), "mean": sum(first) / len(first)}
        measures += [Measure(f"ttft_{name}", one, "s", condition, count=len(first)) for name, one in values.items()]
    rates = [one.total / one.seconds for one in found.requests if one.seconds and not one.error]
    if rates:
        measures.append(Measure("rtf", sum(rates) / len(rates), "s/s", condition, count=len(rates)))
    return measures


def resources(reading: Reading, ended: say.Ended, audio: float, condition: str, idle: float | None) -> list[Measure]:
    """Return memory, load and energy of one stretch of work.

    Args:
        reading: the counters outside.
        ended: the counters of the process itself.
        audio: seconds transcribed.
        idle: watts that the GPUs take anyway; what they took above it counts.
    """
    rss = max(reading.rss or 0, ended.peak_rss) or None
    hours = audio / 3600
    gpu = None
    if reading.gpu_joules is not None and idle is not None and hours:
        gpu = max(0.0, reading.gpu_joules - idle * reading.seconds) / hours
    cpu = reading.cpu_joules / hours if reading.cpu_joules is not None and hours else None
    return [
        Measure("memory_peak", in_mib(rss), "MiB", condition),
        Measure("gpu_memory_peak", in_mib(reading.gpu_memory), "MiB", condition),
        Measure("torch_allocated", in_mib(ended.cuda_allocated), "MiB", condition),
        Measure("torch_reserved", in_mib(ended.cuda_reserved), "MiB", condition),
        Measure("gpu_energy", gpu, "J/h of audio", condition),
        Measure("cpu_energy", cpu, "J/h of audio", condition),
        Measure("cpu_load", ended.cpu / ended.wall if ended.wall else None, "cores", condition),
    ]


def in_mib(size: int | None) -> float | None:
    """Return bytes in MiB."""
    return None if size is None else size / MIB


def merged(measures: Sequence[Measure]) -> list[Measure]:
    """Return figures with one of each name and condition: after a kill, a part of the work may have two.

    Of memory the greater counts; of everything else the later one.
    """
    found: dict[tuple[str, str], Measure] = {}
    for one in measures:
        before = found.get((one.name, one.condition))
        if before is not None and one.name.endswith("_peak") and (before.value or 0) > (one.value or 0):
            continue
        found[one.name, one.condition] = one
    return list(found.values())


NAMED = re.compile(r"([0-9]{1,4}) workers?")
OF_ONE = ("torch_allocated", "torch_reserved", "cpu_load")  # counters of the measuring process itself


def condition_of(count: int) -> str:
    """Return the condition under which figures of several workers are kept."""
    return count_of(count, "worker")


def workers_in(condition: str) -> int:
    """Return how many workers a figure is of; 0 when it is of something else."""
    found = NAMED.fullmatch(condition)
    return int(found[1]) if found else 0


def team_sizes(most: int) -> list[int]:
    """Return with how many workers is measured: one, twice as many each time, and all."""
    return sorted({*(1 << at for at in range(most.bit_length()) if 1 << at < most), most} - {0})


def together(
    found: say.Pooled, reading: Reading, ended: say.Ended, started: float, idle: float | None
) -> list[Measure]:
    """Return speed, memory and energy of several workers; memory is that of all of them and of who feeds them."""
    condition, done = condition_of(found.workers), found.seconds if not found.failed else 0.0
    audio = found.seconds * len(found.times)
    every = resources(reading, ended, audio, condition, idle)
    return [
        repeated("rtfx", [done / one for one in found.times if done and one], "x", condition),
        Measure("cold_start", started, "s", condition, count=1),
        Measure("failed", found.failed, "utterances", condition),
        *(one for one in every if one.name not in OF_ONE),
    ]


def gains(known: Sequence[Measure]) -> list[Measure]:
    """Return how many times as fast as one worker several are, and what share of that each contributes."""
    speeds = {one.condition: one.value for one in known if one.name == "rtfx" and one.value}
    alone = speeds.get(condition_of(1))
    found = []
    for condition, speed in speeds.items():
        count = workers_in(condition)
        if count > 1 and alone:
            found.append(Measure("speedup", speed / alone, "x", condition))
            found.append(Measure("efficiency", speed / alone / count, "of one worker", condition))
    return found
