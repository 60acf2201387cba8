"""A benchmark as Markdown, CSV and JSON, for documents, spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from asrcli.base.cells import safe_cell
from asrcli.bench.tables import Grid, facts_line, grids, headline
from asrcli.bench.verdicts import front, verdicts
from asrcli.datasets.results import RunRecord


def to_markdown(runs: Sequence[RunRecord]) -> str:
    """Return all tables as Markdown."""
    lines = [f"# {headline(runs)}", "", facts_line(runs), ""]
    for grid in grids(runs):
        lines += [f"## {grid.title}", ""]
        lines += markdown_rows(grid)
        lines += ["", *([grid.note + ".", ""] if grid.note else [])]
    said = verdicts(runs)
    lines += [f"- {escape(one)}" for one in said] + ([""] if said else [])
    return "\n".join(lines)


def markdown_rows(grid: Grid) -> Iterable[str]:
    """Yield the lines of one table."""
    yield "| " + " | ".join(map(escape, grid.columns)) + " |"
    yield "| --- " + "| ---: " * (len(grid.columns) - 1) + "|"
    for row in grid.rows:
        yield "| " + " | ".join(map(escape, row)) + " |"


def escape(text: str) -> str:
    """Return text that cannot break out of a cell."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("[", "\\[")


def to_csv(runs: Sequence[RunRecord]) -> str:
    """Return every figure as a row."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("system", "dataset", "started", "name", "condition", "value", "unit", "low", "high", "count"))
    for run in runs:
        for one in run.measures:
            figures = (one.value, one.unit, one.low, one.high, one.count)
            row = (run.system, run.dataset, run.started, one.name, one.condition, *figures)
            writer.writerow([safe_cell(cell) for cell in row])
    return stream.getvalue()


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
    return (
        json.dumps({"schema": "asr-bench/1", "runs": rows, "verdicts": verdicts(runs)}, ensure_ascii=False, indent=1)
        + "\n"
    )
