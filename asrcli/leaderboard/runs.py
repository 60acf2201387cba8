"""A run of `asr bench` as a row beside published ones, and what of it can be compared with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asrcli.leaderboard.manifests import NORMALIZER, count_errors
from asrcli.leaderboard.tables import Kind, Protocol, Row, Table, set_name
from asrcli.results import RunRecord, read_run
from asrcli.scoring.alignment import Convention
from asrcli.text.normalisers import NORMALIZERS

# Names of `asr bench` -> names of test sets here, where they differ by more than their prefix.
SETS = {
    "oal:ami": "ami-cleaned",
    "oal:gigaspeech": "gigaspeech-cleaned",
    "oal:voxpopuli": "voxpopuli-cleaned-aa",
    "oal:earnings22": "earnings22-cleaned-aa-chunked",
    "oal:monsoon": "voice-arena-monsoon",
}
HARDWARE = ("gpu", "device", "cpu", "machine")  # facts of a run that say what it ran on, the first that is there


@dataclass(frozen=True, slots=True)
class Measured:
    """A run beside a table; ``set`` is the name of its test set, whether the table has it or not."""

    row: Row
    set: str
    failed: int  # utterances without an answer; they count as not heard
    utterances: int
    path: str
    comparisons: tuple[str, ...] = ()


def place_runs(paths: Sequence[Path], table: Table) -> list[Measured]:
    """Read runs and score each as the table was scored.

    Raises:
        InputError: a file is no run record.
    """
    return [measure(read_run(path), str(path), table) for path in paths]


def measure(record: RunRecord, path: str, table: Table) -> Measured:
    """Score one run in the way of a table: with its kind of counting, and the leaderboard's normaliser of today."""
    published = table.rows[0].protocol
    name = set_of(record.dataset or "")
    compounds = "compounds merged" in published.scorer
    convention = Convention.OPEN_ASR_LEADERBOARD if compounds else Convention.LEVENSHTEIN
    heard = [text or "" for text in record.heard]
    counts = count_errors([one.text for one in record.utterances], heard, language_of(record, name), convention)
    seconds = [one.seconds for one in record.utterances]
    timed = bool(seconds) and all(seconds) and all(record.times)
    rtfx = sum(one or 0.0 for one in seconds) / sum(one or 0.0 for one in record.times) if timed else None
    facts = dict(record.facts)
    protocol = Protocol(
        "measured here",
        f"asr: {convention}",
        NORMALIZERS[NORMALIZER].label,
        next((facts[key] for key in HARDWARE if facts.get(key)), ""),
        f"{record.engine}, {record.dataset or 'no data set named'}",
    )
    row = Row(
        model=record.model or record.engine,
        protocol=protocol,
        source=path,
        day=(record.started or "")[:10],
        kind=Kind.MEASURED,
        rates={} if counts.rate is None else {name: round(100 * counts.rate, 2)},
        rtfx=None if rtfx is None else round(rtfx, 2),
    )
    failed = sum(text is None for text in record.heard)
    found = Measured(row, name, failed, len(record.utterances), path)
    return Measured(row, name, failed, len(record.utterances), path, tuple(compare(found, table)))


def compare(run: Measured, table: Table) -> list[str]:
    """Return line by line what of a run can be compared with a table, and what not."""
    published = table.rows[0].protocol
    own = run.row.protocol
    known = next((one for one in table.sets if one.name == run.set), None)
    lines = []
    if known is None:
        sets = ", ".join(one.name for one in table.sets) or "none"
        lines.append(f"test set: NOT comparable: '{run.set}' is none of this table's ({sets})")
    elif known.utterances and known.utterances != run.utterances:
        lines.append(f"test set: NOT comparable: {run.utterances:,} utterances, {run.set} has {known.utterances:,}")
    elif known.utterances:
        lines.append(f"test set: same name and same number of utterances ({run.utterances:,})")
    else:
        lines.append(f"test set: same name; {run.utterances:,} utterances, how many the table has is not published")
    if run.failed:
        lines.append(f"answers: {run.failed:,} of {run.utterances:,} utterances failed and count as not heard")
    counted = "same way" if published.scorer.startswith(("jiwer", "kaldialign")) else "the table's way is not known"
    lines.append(f"counting: {counted} ({own.scorer}; the table: {published.scorer or 'not said'})")
    known_rules = published.normalizer.startswith("Open ASR Leaderboard") and "before" not in published.normalizer
    alike = "as the leaderboard's code of 2026-08" if known_rules else "DIFFERS, tenths of a point can come from it"
    lines.append(f"normaliser: {alike} ({own.normalizer}; the table: {published.normalizer or 'not said'})")
    same = bool(own.hardware) and own.hardware.split(" (")[0] in published.hardware
    speed = "same hardware" if same else "NOT comparable"
    lines.append(
        f"speed: {speed} ({own.hardware or 'hardware not said'}; the table: {published.hardware or 'not said'})"
    )
    return lines


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
    """Return one row per model: runs of a model on several test sets stand in one row, its speed over all of them."""
    from dataclasses import replace

    rows: dict[tuple[str, str], Row] = {}
    for run in runs:
        key = (run.row.model, run.row.protocol.hardware)
        if key in rows and run.set not in rows[key].rates:
            before = rows[key]
            same = before.rtfx == run.row.rtfx
            rows[key] = replace(before, rates={**before.rates, **run.row.rates}, rtfx=before.rtfx if same else None)
        else:
            rows[key if key not in rows else (run.path, "")] = run.row
    return list(rows.values())


def sets_of(runs: Sequence[Measured], tables: Sequence[Table]) -> tuple[str, ...]:
    """Return the test sets that both the runs and every table have: what the runs can be placed on."""
    measured = dict.fromkeys(run.set for run in runs)
    return tuple(name for name in measured if all(any(name == one.name for one in table.sets) for table in tables))
