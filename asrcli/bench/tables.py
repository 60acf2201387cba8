"""The tables of a benchmark as plain text cells, which the terminal, Markdown, CSV and HTML all show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from asrcli.base.counts import count_of
from asrcli.bench.cells import BLANK, percent, value, with_spread
from asrcli.bench.conversations import COLLAR, WITH_SPEAKERS
from asrcli.bench.figures import workers_in
from asrcli.bench.records import RATES
from asrcli.bench.verdicts import batch_of, best_speed, scored_as
from asrcli.compare import identification, wording
from asrcli.compare.comparison import number_groups
from asrcli.compare.scores import LADDER
from asrcli.datasets.results import RunRecord
from asrcli.datasets.utterances import predicted_language
from asrcli.reports.table import Grid, without_empty
from asrcli.scoring.intervals import FEWEST_FOR_INTERVAL

ERRORS = ("substitutions", "deletions", "insertions")
MEMORY = "memory: the most up to the batch size of the best RTFx"


def grids(runs: Sequence[RunRecord]) -> list[Grid]:
    """Return every table that has something to show."""
    found = [summary(runs), rates(runs), languages(runs), starting(runs), latency(runs), speed(runs), resources(runs)]
    found += [streaming(runs), callers(runs), workers(runs), speakers(runs), card(runs)]
    return [grid for grid in found if grid.rows]


def summary(runs: Sequence[RunRecord]) -> Grid:
    """Return one line per engine: how accurate, how fast, how big."""
    columns = (
        *("system", "WER [95 %]", "CER", "RTFx batch 1", "best RTFx", "at batch", "p50 s", "p95 s", "p99 s"),
        *("cold start s", "memory MiB", "GPU MiB", "GPU J/h", "failed"),
    )
    rows = [
        (
            one.system,
            percent(one.measure("wer")),
            percent(one.measure("cer")),
            value(one, "rtfx", "batch 1"),
            with_spread(best_speed(one)).partition(" ")[0],
            batch_of(one),
            *(value(one, f"latency_p{share}").partition(" ")[0] for share in (50, 95, 99)),
            value(one, "cold_start", form="{:.2f}").partition(" ")[0],
            value(one, "memory_peak", part_of_best(one), "{:.0f}"),
            value(one, "gpu_memory_peak", part_of_best(one), "{:.0f}"),
            value(one, "gpu_energy", "batch 1", "{:.0f}"),
            value(one, "failed", form="{:.0f}"),
        )
        for one in runs
    ]
    spare = ("at batch", "p99 s", "CER", "cold start s", "p50 s", "RTFx batch 1")
    return without_empty(
        Grid("Accuracy and speed", columns, tuple(rows), f"{interval_note(runs)}; {MEMORY}", spare), keep=6
    )


def part_of_best(record: RunRecord) -> str:
    """Return the part of the work in which the best speed was reached: its memory belongs beside it."""
    swept = f"batch {batch_of(record)}, swept"
    if (one := record.measure("memory_peak", swept)) is not None and one.value:
        return swept
    # Records of before: the most with batches of any size.
    return "batches" if batch_of(record) not in ("", "1") and record.measure("memory_peak", "batches") else "batch 1"


def rates(runs: Sequence[RunRecord]) -> Grid:
    """Return the four error rates, from the texts as they are to the texts as they are usually scored."""
    rows = [
        (
            one.system,
            *(wording.percent(rate.value) if (rate := one.measure(name)) else BLANK for name in RATES),
            *(value(one, name, form="{:,.0f}") for name in ERRORS),
            f"{words.count:,}" if (words := one.measure("wer")) else BLANK,
        )
        for one in runs
    ]
    columns = ("system", *LADDER, *ERRORS, "of words")
    return Grid("Error rates", columns, tuple(rows), spare=("no case, no punctuation", "no case", "raw", "of words"))


def languages(runs: Sequence[RunRecord]) -> Grid:
    """Return how often each language was identified as what it is."""
    rows: list[tuple[str, ...]] = []
    for run in runs:
        found = identification.identified(run.utterances, list(map(predicted_language, run.utterances)))
        rows += identification.rows(run.system, found)
    note = (
        "of utterances whose language the data names, where the engine was told none; none: no language was identified"
    )
    return Grid(identification.TITLE, identification.COLUMNS, tuple(rows), note)


def starting(runs: Sequence[RunRecord]) -> Grid:
    """Return what starting took."""
    names = ("import", "load", "first_result", "cold_start")
    rows = [(one.system, *(value(one, name, form="{:.3f}") for name in names)) for one in runs]
    repeated = any("[" in cell for row in rows for cell in row)
    note = f"fresh processes; {'median [least, greatest]' if repeated else 'each started once'}"
    return Grid("Start, seconds", ("system", "import", "load", "first result", "all, from exec"), tuple(rows), note)


def latency(runs: Sequence[RunRecord]) -> Grid:
    """Return latencies by length of the audio."""
    rows = []
    for one in runs:
        found = [m for m in one.measures if m.name == "latency_p50" and "callers" not in m.condition]
        for first in found[:1] if len(found) == 2 else found:  # one bucket says the same as all of them
            shares = [value(one, f"latency_p{share}", first.condition, "{:.3f}") for share in (50, 95, 99)]
            again = BLANK if first.condition else value(one, "repeat_p50", form="{:.3f}")
            rows.append((one.system, first.condition or "all", f"{first.count:,}", *shares, again))
    columns = ("system", "audio", "utterances", "p50", "p95", "p99", "p50 of repeats")
    note = "one utterance at a time, decoding counted, first one left out"
    grid = without_empty(Grid("Warm latency, seconds", columns, tuple(rows), note), keep=6)
    return replace(grid, note=f"{note}; [least, greatest] of the repeats") if columns[-1] in grid.columns else grid


def speed(runs: Sequence[RunRecord]) -> Grid:
    """Return where the time goes, and RTFx by batch size."""
    conditions = list(
        dict.fromkeys(m.condition for one in runs for m in one.measures if m.name == "rtfx" and "swept" in m.condition)
    )
    parts = ("decode", "model", "rest")
    rows = [
        (
            one.system,
            *(
                wording.percent(m.value, 1) if (m := one.measure(f"share_{part}", "batch 1")) else BLANK
                for part in parts
            ),
            *(value(one, f"file_rtfx_p{share}") for share in (5, 50, 95)),
            *(value(one, "rtfx", condition) for condition in conditions),
        )
        for one in runs
    ]
    heads = tuple(condition.removesuffix(", swept") for condition in conditions)
    columns = ("system", *parts, "p5 file", "p50 file", "p95 file", *heads)
    note = "share of the time at batch 1; RTFx of single files"
    note += "; RTFx by batch size, decoding counted" if heads else ""
    return Grid("Where the time goes, and RTFx", columns, tuple(rows), note)


def resources(runs: Sequence[RunRecord]) -> Grid:
    """Return memory, load and energy."""
    names = "memory_peak gpu_memory_peak torch_allocated torch_reserved cpu_load gpu_energy cpu_energy".split()
    rows = [
        (one.system, part, *(value(one, name, part, "{:,.1f}") for name in names))
        for one in runs
        for part in ("batch 1", "batches")
        if one.measure("memory_peak", part)
    ]
    columns = (
        *("system", "while", "memory MiB", "GPU MiB", "torch allocated", "torch reserved", "CPU cores"),
        *("GPU J/h", "CPU J/h"),
    )
    grid = without_empty(Grid("Memory and energy", columns, tuple(rows)), keep=3)
    blank = any(cell == BLANK for row in grid.rows for cell in row)
    return replace(grid, note="blank: no such counter here") if blank else grid


def streaming(runs: Sequence[RunRecord]) -> Grid:
    """Return when text came from streams."""
    names = [f"{name}_p{share}" for name in ("first_text", "stable_text", "after_end") for share in (50, 95)]
    rows = [
        (one.system, *(value(one, name) for name in names), value(one, "rtfx", "streamed"))
        for one in runs
        if one.measure("first_text_p50")
    ]
    heads = ("first text p50", "p95", "stable text p50", "p95", "after the end p50", "p95", "RTFx")
    return Grid("Streams, seconds", ("system", *heads), tuple(rows), "from the start of the audio, and from its end")


def callers(runs: Sequence[RunRecord]) -> Grid:
    """Return throughput and latency with several callers at once."""
    rows = [
        (
            one.system,
            m.condition.removesuffix(" callers"),
            with_spread(m),
            value(one, "rtfx", m.condition),
            value(one, "rtf", m.condition),
            *(value(one, f"ttft_p{share}", m.condition) for share in (50, 95)),
            *(value(one, f"latency_p{share}", m.condition) for share in (50, 95, 99)),
            value(one, "failed", m.condition, "{:.0f}"),
        )
        for one in runs
        for m in one.measures
        if m.name == "throughput"
    ]
    columns = (
        *("system", "callers", "utterances/s", "audio s/s", "RTF", "first token p50 s", "p95 s"),
        *("whole text p50 s", "p95 s", "p99 s", "failed"),
    )
    note = "RTF: mean over requests of the time to the whole text by their audio; first token where the engine tells it"
    return without_empty(Grid("Several callers at once", columns, tuple(rows), note), keep=5)


def workers(runs: Sequence[RunRecord]) -> Grid:
    """Return how fast several workers are together, and what they hold."""
    rows = []
    for one in runs:
        places = one.fact("worker_devices").split(", ")
        for m in one.measures:
            if m.name != "rtfx" or not (count := workers_in(m.condition)):
                continue
            share = one.measure("efficiency", m.condition)
            rows.append(
                (
                    *(f"{count} × {one.system}", ", ".join(dict.fromkeys(places[:count])), one.fact("worker_threads")),
                    with_spread(m),
                    value(one, "speedup", m.condition, "{:.2f}"),
                    BLANK if share is None or share.value is None else wording.percent(share.value, 0),
                    value(one, "cold_start", m.condition, "{:.2f}"),
                    *(value(one, name, m.condition, "{:,.0f}") for name in ("memory_peak", "gpu_memory_peak")),
                    value(one, "gpu_energy", m.condition, "{:.0f}"),
                    value(one, "failed", m.condition, "{:.0f}"),
                )
            )
    columns = (
        *("workers", "on", "threads each", "RTFx", "times one", "efficiency", "start s", "memory MiB"),
        *("GPU MiB", "GPU J/h", "failed"),
    )
    note = "all recordings at once, decoding counted, each worker with the same threads in every row; memory of all "
    note += "workers and of the process that feeds them"
    return without_empty(Grid("Several workers", columns, tuple(rows), note, ("threads each", "start s", "on")), keep=4)


def speakers(runs: Sequence[RunRecord]) -> Grid:
    """Return how well it was found who speaks, and what that costs."""
    rates = ("der_missed", "der_false_alarm", "der_confusion", "der_collar", "jer", "cp_wer", "tcp_wer")
    rows = []
    for one in runs:
        if (whole := one.measure("der", WITH_SPEAKERS)) is None:
            continue
        right = one.measure("speaker_count_right", WITH_SPEAKERS)
        rows.append(
            (
                *(one.system, one.fact("diarizer").partition(" ")[0], percent(whole)),
                *(percent(one.measure(name, WITH_SPEAKERS)) for name in rates),
                BLANK if right is None else f"{right.value:.0f} of {right.count}",
                *(value(one, "rtfx", condition) for condition in ("diarizer", WITH_SPEAKERS)),
                value(one, "memory_peak", WITH_SPEAKERS, "{:.0f}"),
            )
        )
    columns = (
        *("system", "diarizer", "DER", "missed", "false", "confused", f"DER, {COLLAR:g} s collar", "JER", "cpWER"),
        *("tcpWER", "number right", "RTFx diarizer", "RTFx both", "memory MiB"),
    )
    note = "overlaps count; RTFx of the diarizer beside the engine, and of both; memory of the process with both"
    spare = ("tcpWER", "number right", "diarizer", f"DER, {COLLAR:g} s collar", "false", "missed", "confused")
    return without_empty(Grid("Speakers", columns, tuple(rows), note, spare), keep=3)


def card(runs: Sequence[RunRecord]) -> Grid:
    """Return the robustness card: a row per condition."""
    names = [
        (m.name, m.condition) for one in runs for m in one.measures if m.name in ("wer", "invented") and m.condition
    ]
    rows = []
    for name, condition in dict.fromkeys(names):
        cells = []
        for one in runs:
            found = one.measure(name, condition)
            cells.append(percent(found) if name == "wer" else invented(one, condition))
        active = next((m.value for one in runs if (m := one.measure("active_snr", condition))), None)
        label = condition if active is None else f"{condition} ({active:.1f} dB P.56)"
        rows.append((label, *cells))
    note = "WER [95 %]; dB over the whole utterance, and over active speech (P.56); of sounds without speech the "
    note += "characters invented per minute, and in how many of the files"
    return Grid("Robustness", ("condition", *(one.system for one in runs)), tuple(rows), note)


def invented(record: RunRecord, condition: str) -> str:
    """Return what was recognised where there is no speech."""
    found, where = record.measure("invented", condition), record.measure("invented_files", condition)
    if found is None or found.value is None or where is None:
        return BLANK
    return f"{found.value:.1f} chars/min in {where.value:.0f} of {where.count}"


def headline(runs: Sequence[RunRecord]) -> str:
    """Return what was measured, on what."""
    names = list(dict.fromkeys(one.dataset or "" for one in runs))
    return f"{count_of(runs, 'system')} on {', '.join(names)}"


def facts_line(runs: Sequence[RunRecord]) -> str:
    """Return the machines, the data and the scoring in a line; what differs between runs is said of each."""
    hours = [sum(one.seconds or 0.0 for one in run.utterances) / 60 for run in runs]
    amounts = [
        f"{count_of(run.utterances, 'utterance')}, {long:.1f} minutes" for run, long in zip(runs, hours, strict=True)
    ]
    machines = [
        ", ".join(filter(None, (run.fact("gpu"), run.fact("cpu"), f"{run.fact('cores')} cores"))) for run in runs
    ]
    versions = [f"asr {run.fact('asr')}" for run in runs]
    # Runs of one command begin one after the other: that is no difference between them.
    moments = sorted({run.started or "" for run in runs})
    begun = moments[0] if len(moments) == 1 else f"{moments[0]} to {moments[-1]}"
    scoring = [f"normaliser {scored_as(run)}" for run in runs]
    return "; ".join([*(of_each(runs, one) for one in (amounts, machines, versions)), begun, of_each(runs, scoring)])


def of_each(runs: Sequence[RunRecord], values: Sequence[str]) -> str:
    """Return what all runs have in common, or each value with the runs that have it."""
    names: dict[str, list[str]] = {}
    for run, own in zip(runs, values, strict=True):
        names.setdefault(own, []).append(run.system)
    if len(names) == 1:
        return values[0]
    return " | ".join(f"{own} ({', '.join(having)})" for own, having in names.items())


def interval_note(runs: Sequence[RunRecord]) -> str:
    """Return over what the intervals of the error rates are."""

    def over(run: RunRecord) -> str:
        """Return over how many independent units an interval was estimated, in words."""
        groups, _ = number_groups(run.utterances)
        units = len(run.utterances) if groups is None else int(groups.max()) + 1
        few = ", too few for an interval" if units < FEWEST_FOR_INTERVAL else ""
        nouns = ("utterance", "") if groups is None else ("speaker or session", "speakers or sessions")
        return count_of(units, *nouns) + few

    return f"WER: 95 % over {of_each(runs, [over(run) for run in runs])}"
