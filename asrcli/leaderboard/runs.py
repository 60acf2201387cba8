"""A run of `asr bench` as a row beside published ones, and what of it can be compared with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asrcli.base.counts import count_of
from asrcli.datasets.results import RunRecord, read_run, system_name
from asrcli.leaderboard.manifests import NORMALIZER, model_label
from asrcli.leaderboard.scores import count_errors
from asrcli.leaderboard.tables import Kind, Protocol, Row, Table, set_name
from asrcli.scoring.alignment import Convention
from asrcli.text.normalisers import NORMALIZERS

# Names of `asr bench` -> names of test sets here, where they differ by more than their prefix.
SETS = {
    "oal:ami": "ami-cleaned",
    "oal:gigaspeech": "gigaspeech-cleaned",
    "oal:voxpopuli": "voxpopuli-cleaned-aa",
    "oal:monsoon": "voice-arena-monsoon",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A run beside a table; ``set`` is the name of its test set, whether the table has it or not."""

    row: Row
    set: str
    failed: int  # utterances without an answer; they count as not recognised
    utterances: int
    path: str
    seconds: float | None = None  # of audio, and of work; None where one utterance lacks either
    time: float | None = None
    comparisons: tuple[str, ...] = ()


def summary(run: Measured) -> str:
    """Return what a run measured, in one line."""
    rates = [f"WER {rate:.2f} %" for rate in run.row.rates.values()]
    speed = [f"RTFx {run.seconds / run.time:,.2f}"] if run.seconds and run.time else []
    figures = ", ".join([*rates, *speed, count_of(run.utterances, "utterance")])
    return f"{run.row.model} on {run.set}: {figures} ({run.path})"


def grouped(runs: Sequence[Measured]) -> list[tuple[tuple[str, ...], list[Measured]]]:
    """Return what can be compared, each with the runs that it is true of."""
    found: dict[tuple[str, ...], list[Measured]] = {}
    for run in runs:
        found.setdefault(run.comparisons, []).append(run)
    return list(found.items())


def place_runs(paths: Sequence[Path], table: Table) -> list[Measured]:
    """Read runs and score each as the table was scored; raise `InputError` where a file is no run record."""
    return [measure(read_run(path), str(path), table) for path in paths]


def measure(record: RunRecord, path: str, table: Table) -> Measured:
    """Score one run in the way of a table: with its kind of counting, and the leaderboard's normaliser of today."""
    published = table.rows[0].protocol
    name = set_of(record.dataset or "")
    compounds = "compounds merged" in published.scorer
    convention = Convention.OPEN_ASR_LEADERBOARD if compounds else Convention.LEVENSHTEIN
    hypothesis = [text or "" for text in record.hypotheses]
    counts = count_errors([one.text for one in record.utterances], hypothesis, language_of(record, name), convention)
    seconds = [one.seconds for one in record.utterances]
    timed = bool(seconds) and all(seconds) and all(record.times)
    place, by = hardware_of(dict(record.facts)), system_name(record.engine, None, record.fact("backend"))
    protocol = Protocol("measured here", f"asr: {convention}", NORMALIZERS[NORMALIZER].label, place, by)
    row = Row(
        model=model_label(record.engine, record.model, record.fact("backend")),
        protocol=protocol,
        source=path,
        day=(record.started or "")[:10],
        kind=Kind.MEASURED,
        rates={} if counts.rate is None else {name: round(100 * counts.rate, 2)},
    )
    found = Measured(
        row,
        name,
        failed=sum(text is None for text in record.hypotheses),
        utterances=len(record.utterances),
        path=path,
        seconds=sum(one or 0.0 for one in seconds) if timed else None,
        time=sum(one or 0.0 for one in record.times) if timed else None,
    )
    return replace(found, comparisons=tuple(compare(found, table)))


def hardware_of(facts: Mapping[str, str]) -> str:
    """Return what a run says that it ran on."""
    on_gpu = facts.get("device", "").startswith("cuda") and facts.get("gpu")
    return str(facts["gpu"] if on_gpu else facts.get("cpu") or facts.get("device", ""))


def compare(run: Measured, table: Table) -> list[str]:
    """Return line by line what of a run can be compared with a table, and what not."""
    published = table.rows[0].protocol
    own = run.row.protocol
    known = next((one for one in table.sets if one.name == run.set), None)
    lines, utterances = [], count_of(run.utterances, "utterance")
    if known is None:
        sets = ", ".join(one.name for one in table.sets) or "none"
        lines.append(f"test set: NOT comparable: '{run.set}' is none of this table's ({sets})")
    elif known.utterances and known.utterances != run.utterances:
        lines.append(f"test set: NOT comparable: {utterances}, {run.set} has {known.utterances:,}")
    elif known.utterances:
        lines.append(f"test set: same name and same number of utterances ({run.utterances:,})")
    else:
        lines.append(f"test set: same name; {utterances}, how many the table has is not published")
    if run.failed:
        lines.append(f"answers: {run.failed:,} of {utterances} failed and count as not recognised")
    counted = "same way" if published.scorer.startswith(("jiwer", "kaldialign")) else "the table's way is not known"
    lines.append(f"counting: {counted} ({own.scorer}; the table: {published.scorer or 'not said'})")
    known_rules = published.normalizer.startswith("Open ASR Leaderboard") and "before" not in published.normalizer
    alike = "as the leaderboard's code of 2026-08" if known_rules else "DIFFERS, tenths of a point can come from it"
    lines.append(f"normaliser: {alike} ({own.normalizer}; the table: {published.normalizer or 'not said'})")
    same = bool(own.hardware) and own.hardware.split(" (")[0] in published.hardware
    speed = "same hardware, but one utterance at a time here, batches there" if same else "NOT comparable"
    machines = f"{own.hardware or 'hardware not said'}; the table: {published.hardware or 'not said'}"
    return [*lines, f"speed: {speed} ({machines})"]


def set_of(dataset: str) -> str:
    """Return the name of the test set that a data set of `asr bench` is."""
    if dataset in SETS:
        return SETS[dataset]
    prefix, colon, rest = dataset.partition(":")
    if colon and prefix == "ml" and rest.count("-") == 1:
        test, _, code = rest.partition("-")
        return f"{code}-{test}"
    if colon and prefix in ("esb", "oal", "long", "hf"):
        return set_name(rest)
    path = Path(dataset)
    return set_name(path.stem if path.suffix in (".jsonl", ".json", ".csv", ".tsv") else path.name) or "unnamed"


def language_of(record: RunRecord, name: str) -> str:
    """Return the language to normalise in: what the utterances say, else that of the test set's name, else English."""
    named = {one.language for one in record.utterances if one.language}
    if len(named) == 1:
        return named.pop().replace("_", "-").partition("-")[0].lower()
    return name[:2] if name[2:3] == "-" else "en"


def merge_rows(runs: Sequence[Measured]) -> list[Row]:
    """Return a row per model and machine, whose runs on several test sets stand together with their pooled speed.

    A second run of a model on the same set gets a row of its own.
    """
    groups: list[list[Measured]] = []
    for run in runs:
        own = (run.row.model, run.row.protocol)
        alike = (group for group in groups if (group[0].row.model, group[0].row.protocol) == own)
        group = next((group for group in alike if all(run.set != one.set for one in group)), None)
        if group is None:
            groups.append(group := [])
        group.append(run)
    return with_protocols([merged(group) for group in groups])


def with_protocols(rows: Sequence[Row]) -> list[Row]:
    """Return rows of which those that were measured alike share a protocol, whatever their engines."""
    engines: dict[Protocol, dict[str, None]] = {}
    for row in rows:
        engines.setdefault(replace(row.protocol, note=""), {})[row.protocol.note] = None
    shared = {}
    for number, (alike, names) in enumerate(engines.items(), 1):
        name = alike.name + (f" ({number})" if number > 1 else "")
        shared[alike] = replace(alike, name=name, note=f"by {', '.join(names)}")
    return [replace(row, protocol=shared[replace(row.protocol, note="")]) for row in rows]


def merged(group: Sequence[Measured]) -> Row:
    """Return the row of the runs of one model."""
    audio = [one.seconds for one in group if one.seconds is not None]
    work = [one.time for one in group if one.time is not None]
    return replace(
        group[0].row,
        rates={name: rate for one in group for name, rate in one.row.rates.items()},
        rtfx=round(sum(audio) / sum(work), 2) if len(work) == len(group) else None,
        source=" + ".join(one.path for one in group),
        day=max(one.row.day for one in group),
    )


def sets_of(runs: Sequence[Measured], tables: Sequence[Table]) -> tuple[str, ...]:
    """Return the test sets that both the runs and every table have: what the runs can be placed on."""
    measured = dict.fromkeys(run.set for run in runs)
    return tuple(name for name in measured if all(any(name == one.name for one in table.sets) for table in tables))
