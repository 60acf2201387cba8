"""A benchmark as Markdown, CSV and JSON, for documents, spreadsheets and programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from asrcli.bench.tables import facts_line, grids, headline
from asrcli.bench.verdicts import front, verdicts
from asrcli.datasets.results import RunRecord
from asrcli.reports.table import cell, csv_text, json_text, markdown_table


def to_markdown(runs: Sequence[RunRecord]) -> str:
    """Return all tables as Markdown."""
    lines = [f"# {headline(runs)}", "", facts_line(runs), ""]
    for grid in grids(runs):
        lines += [f"## {grid.title}", ""]
        lines += markdown_table(list(map(cell, grid.columns)), (list(map(cell, row)) for row in grid.rows))
        lines += ["", *([grid.note + ".", ""] if grid.note else [])]
    said = verdicts(runs)
    lines += [f"- {cell(one)}" for one in said] + ([""] if said else [])
    return "\n".join(lines)


def to_csv(runs: Sequence[RunRecord]) -> str:
    """Return every figure as a row."""
    return csv_text(
        ("system", "dataset", "started", "name", "condition", "value", "unit", "low", "high", "count"),
        (
            (
                run.system,
                run.dataset,
                run.started,
                one.name,
                one.condition,
                one.value,
                one.unit,
                one.low,
                one.high,
                one.count,
            )
            for run in runs
            for one in run.measures
        ),
    )


def to_json(runs: Sequence[RunRecord], paths: Sequence[str]) -> str:
    """Return every figure and fact; utterances stay in the records."""
    rows = [
        {
            "system": run.system,
            "record": path,
            **{name: getattr(run, name) for name in ("engine", "model", "revision", "dataset", "started")},
            "utterances": len(run.utterances),
            "on_pareto_front": at in front(runs),
            "facts": dict(run.facts),
            "measures": [asdict(one) for one in run.measures],
            **({"requests": [asdict(one) for one in run.requests]} if run.requests else {}),
        }
        for at, (run, path) in enumerate(zip(runs, paths, strict=True))
    ]
    return json_text({"schema": "asr-bench/1", "runs": rows, "verdicts": verdicts(runs)})
