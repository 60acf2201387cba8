"""Runs side by side: one way of scoring for table and verdict, and what differs between runs is said of each."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from asrcli.bench import tables
from asrcli.bench.plan import Plan
from asrcli.bench.records import compared, score
from asrcli.bench.verdicts import verdicts
from asrcli.compare.run import Wanted, run
from asrcli.datasets.results import Measure, RunRecord, write_run
from asrcli.types import Utterance

GERMAN = "der Bericht von heute und die Karten der Stadt"


def run_of(model: str, heard: str, said: str = GERMAN, speakers: int = 0, **facts: str) -> RunRecord:
    groups = [f"s{at % speakers}" if speakers else None for at in range(40)]
    utterances = tuple(Utterance(f"u{at}", said, group=groups[at], seconds=3.0) for at in range(40))
    known = {"cpu": "some processor", "cores": "2", "asr": "1", "normalizer": "asr", **facts}
    return RunRecord("e", utterances, (heard,) * 40, (1.0,) * 40, model, facts=tuple(known.items()), started="2026")


def with_rates(record: RunRecord) -> RunRecord:
    """Return a record with the figures that a benchmark puts into it."""
    return replace(
        record, measures=tuple(score(record.utterances, record.hypotheses, plan_of(record), language_of(record)))
    )


def plan_of(record: RunRecord) -> Plan:
    return Plan(normalizer=record.fact("normalizer"))


def language_of(record: RunRecord) -> str | None:
    return record.scoring.language


@pytest.mark.parametrize("normalizer", ["none", "basic", "whisper-en", "open-asr-leaderboard", "asr"])
def test_the_verdict_is_of_the_rates_in_the_table(normalizer: str) -> None:
    """Which of the two is better depends on the normaliser; table and verdict agree in all of them."""
    said = "the colour of the paper work is grey"
    options = json.dumps({"language": "en"})
    runs = [
        with_rates(run_of("a", "The color of the paperwork is gray.", said, normalizer=normalizer, options=options)),
        with_rates(run_of("b", "the colour of the paper wok is grey", said, normalizer=normalizer, options=options)),
    ]
    rates = [one.measure("wer").value for one in runs]  # type: ignore[union-attr]
    better = min((0, 1), key=lambda at: rates[at])
    assert verdicts(runs) == [f"e:{'ab'[better]} makes fewer errors than e:{'ab'[1 - better]}"]
    again = [compared(one.utterances, one.hypotheses, plan_of(one), "en").counts.rate for one in runs]
    assert again == rates


def test_the_leaderboards_rules_bring_its_convention_in_bench_and_card() -> None:
    record = run_of("a", "paperwork here", "paper work here", normalizer="open-asr-leaderboard")
    found = compared(record.utterances, record.hypotheses, plan_of(record), "en")
    assert found.counts.errors == 0
    assert compared(record.utterances, record.hypotheses, Plan(), "en").counts.errors == 80


def test_runs_that_are_scored_in_different_ways_have_no_verdict_and_a_line() -> None:
    runs = [run_of("a", "der Bericht"), run_of("b", GERMAN, normalizer="basic")]
    (line,) = verdicts(runs)
    assert line.startswith("no verdict") and "e:a: asr" in line and "e:b: basic" in line and "asr compare -n" in line
    assert "e:b" in tables.facts_line(runs)
    english = run_of("b", GERMAN, options=json.dumps({"language": "en"}))
    assert verdicts([runs[0], english])[0].startswith("no verdict")


def test_what_differs_between_runs_is_said_of_each() -> None:
    runs = [run_of("a", GERMAN), run_of("b", GERMAN, cpu="another processor", cores="64")]
    line = tables.facts_line(runs)
    assert "some processor, 2 cores (e:a) | another processor, 64 cores (e:b)" in line
    assert line.count("normaliser asr") == 1
    later = [replace(one, started=f"2026-0{at}") for at, one in enumerate(runs, 1)]
    assert "; asr 1; 2026-01 to 2026-02; normaliser" in tables.facts_line(later)
    assert "some processor" in tables.facts_line(runs[:1]) and "(e:a)" not in tables.facts_line(runs[:1])


def test_the_table_says_over_what_its_intervals_are() -> None:
    note = tables.summary([with_rates(run_of("a", "der", speakers=8)), with_rates(run_of("b", "der"))]).note
    assert "8 speakers or sessions (e:a) | 40 utterances (e:b)" in note
    few = with_rates(run_of("a", "der", speakers=3))
    assert "3 speakers or sessions, too few for an interval" in tables.summary([few]).note
    alone = replace(few, utterances=tuple(Utterance(str(at), "a", f"/{at}.wav") for at in range(4)))
    assert "95 % over 4 utterances, too few for an interval" in tables.summary([alone]).note
    assert (few.measure("wer").low, few.measure("wer").high) == (None, None)  # type: ignore[union-attr]


def test_the_memory_beside_the_best_speed_is_that_of_its_batches() -> None:
    record = replace(
        run_of("a", "der"),
        measures=(
            Measure("rtfx", 10.0, "x", "batch 1"),
            Measure("rtfx_best", 90.0, "x", "batch 16"),
            Measure("memory_peak", 500.0, "MiB", "batch 1"),
            Measure("memory_peak", 2500.0, "MiB", "batches"),
        ),
    )
    grid = tables.summary([record])
    assert grid.rows[0][grid.columns.index("memory MiB")] == "2500"
    swept = (
        Measure("memory_peak", 900.0, "MiB", "batch 16, swept"),
        Measure("memory_peak", 2500.0, "MiB", "batch 64, swept"),
    )
    of_each = tables.summary([replace(record, measures=(*record.measures, *swept))])
    assert of_each.rows[0][of_each.columns.index("memory MiB")] == "900"
    alone = replace(record, measures=(record.measures[0], record.measures[2]))
    assert tables.summary([alone]).rows[0][tables.summary([alone]).columns.index("memory MiB")] == "500"


def test_compare_scores_runs_as_they_say(tmp_path: Path) -> None:
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    said, german = "paper work on the way", json.dumps({"language": "de"})
    for path, normalizer, options in zip(paths, ("open-asr-leaderboard", "basic"), ("{}", german), strict=True):
        write_run(run_of(path.stem, "paperwork on the way", said, normalizer=normalizer, options=options), path)
    alone = run(paths[0], paths[:1], Wanted())
    assert alone.settings.normalizer == alone.settings.convention == "open-asr-leaderboard"
    assert alone.systems[0].counts.errors == 0
    assert any("normalizer open-asr-leaderboard, as the run records say" in note for note in alone.notes)
    german_run = run(paths[1], paths[1:], Wanted())
    assert (german_run.settings.normalizer, german_run.settings.language) == ("basic", "de")
    both = run(paths[0], paths, Wanted())
    assert both.settings.normalizer == "asr"
    assert any("scored with different normalizers (open-asr-leaderboard, basic)" in note for note in both.notes)
    assert run(paths[0], paths[:1], Wanted("none", "en")).settings.normalizer == "none"


def test_counters_are_called_blank_only_where_one_is() -> None:
    """Columns that no run has are left out; only what is left of a table may be blank."""
    (first, second) = (
        replace(run_of(name, GERMAN), measures=(Measure("memory_peak", 9.0, "MiB", "batch 1"),)) for name in "ab"
    )
    assert tables.resources([first, second]).note == ""
    counted = (*second.measures, Measure("cpu_energy", 7.0, "J/h", "batch 1"))
    assert "no such counter" in tables.resources([first, replace(second, measures=counted)]).note
    assert tables.resources([replace(second, measures=counted)]).note == ""
