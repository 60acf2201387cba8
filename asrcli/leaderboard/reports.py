"""Boards and scores as JSON, CSV and HTML, and how a board is written wherever it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from asrcli.base.console import complain, table_console
from asrcli.leaderboard import markdown, plot
from asrcli.leaderboard.markdown import protocol_sentences
from asrcli.leaderboard.plot import colour_of
from asrcli.leaderboard.ranking import Board, Standing, front
from asrcli.leaderboard.runs import Measured, grouped, summary
from asrcli.leaderboard.scores import Score, score_facts, totals
from asrcli.leaderboard.snapshot import Version
from asrcli.leaderboard.tables import Table
from asrcli.outputs.targets import ReportPaths
from asrcli.reports.page import dump, page_pieces
from asrcli.reports.table import csv_text, json_text
from asrcli.reports.written import Maker, write_reports

SCHEMA = "asr-leaderboard/1"
TOP = 20  # rows, where nobody says how many


def board_json(board: Board, top: int, runs: Sequence[Measured] = ()) -> str:
    """Return a board as one JSON object; every row has its source, its day and its protocol."""
    data = {
        "schema": SCHEMA,
        "tables": [
            {"name": one.name, "title": one.title, "day": one.day, "kind": one.kind, "revision": one.revision}
            for one in board.tables
        ],
        "unit": board.unit,
        "sets": [asdict(one) for one in board.columns],
        "protocols": {one.name: asdict(one) for one in board.protocols},
        "models": len(board.standings),
        "rows": [standing_facts(one) for one in board.first(top)],
        "runs": [
            {"path": run.path, "model": run.row.model, "set": run.set, "rates": dict(run.row.rates),
             "utterances": run.utterances, "failed": run.failed, "comparisons": list(run.comparisons)}
            for run in runs
        ],
        "notes": list(board.notes),
    }  # fmt: skip
    return json_text(data)


def standing_facts(one: Standing) -> dict[str, Any]:
    """Return one row."""
    row = one.row
    return {
        "rank": one.rank,
        "rank_interval": list(one.interval) if one.interval else None,
        "model": row.model,
        "average": one.average,
        "published_average": row.average,
        "rates": dict(row.rates),
        "rtfx": row.rtfx,
        "parameters": row.parameters,
        "licence": row.licence or None,
        "open": row.is_open,
        "kind": row.kind,
        "remark": one.remark,
        "protocol": row.protocol.name,
        "day": row.day,
        "source": row.source,
    }


def board_csv(board: Board, top: int) -> str:
    """Return a board as CSV, a line per model; numbers are as published, the average is computed."""
    ends = ("rtfx", "parameters", "licence", "kind", "remark", "day", "protocol", "scorer", "normalizer", "hardware")
    sets = [one.name for one in board.columns]
    columns = ["rank", "rank_low", "rank_high", "model", "average", "published_average", "unit", *sets, *ends, "source"]
    rows = []
    for one in board.first(top):
        row, protocol = one.row, one.row.protocol
        low, high = one.interval or (None, None)
        cells: list[Any] = [one.rank, low, high, row.model, one.average, row.average, board.unit]
        cells += [row.rates.get(name) for name in sets]
        cells += [row.rtfx, row.parameters, row.licence, row.kind, one.remark, row.day]
        cells += [protocol.name, protocol.scorer, protocol.normalizer, protocol.hardware, row.source]
        rows.append(cells)
    return csv_text(columns, rows)


def scores_json(scores: Sequence[Score]) -> str:
    """Return what the leaderboard makes of manifests, and each model's totals."""
    data = {
        "schema": "asr-leaderboard-score/1",
        "manifests": [
            {"file": one.file, "model": one.model, "dataset": one.dataset, "utterances": one.utterances,
             **score_facts(one), "notes": list(one.notes)}
            for one in scores
        ],
        "models": [asdict(one) for one in totals(scores)],
    }  # fmt: skip
    return json_text(data)


def scores_csv(scores: Sequence[Score]) -> str:
    """Return a line per manifest."""
    names = ("wer", "sub", "del", "ins", "audio_length", "inference_time", "rtfx", "language", "manifest_sha256")
    figures = [[own[name] for name in names] for own in map(score_facts, scores)]
    rows = ([one.model, one.dataset, one.utterances, *own] for one, own in zip(scores, figures, strict=True))
    return csv_text(["model", "dataset", "utterances", *names], rows)


def page(board: Board, runs: Sequence[Measured] = (), top: int = 0) -> str:
    """Return the page."""
    return "".join(page_pieces("asrcli.leaderboard.page", title(board), [dump(page_data(board, runs, top))]))


def title(board: Board) -> str:
    """Return the headline."""
    return "; ".join(f"{one.title}, {one.day}" for one in board.tables)


def page_data(board: Board, runs: Sequence[Measured], top: int) -> dict[str, Any]:
    """Return what the script shows."""
    best = {id(one) for one in front(board.standings)}
    shown = board.first(top)
    some = [f"{len(shown)} of {len(board.standings)} rows"] if len(shown) < len(board.standings) else []
    return {
        "title": title(board),
        "unit": board.unit,
        "sets": [{"name": one.name, "label": one.label, "unit": one.unit} for one in board.columns],
        "rows": [row_data(one, board, on_front=id(one) in best) for one in shown],
        "notes": [*some, *board.notes],
        "protocols": protocol_sentences(board),
        "runs": [{"titles": [summary(run) for run in alike], "lines": list(lines)} for lines, alike in grouped(runs)],
    }


def row_data(one: Standing, board: Board, *, on_front: bool) -> dict[str, Any]:
    """Return one row."""
    row = one.row
    return {
        "rank": one.rank,
        "interval": list(one.interval) if one.interval else None,
        "model": row.model,
        "average": one.average,
        "rates": [row.rates.get(column.name) for column in board.columns],
        "rtfx": row.rtfx,
        "size": row.parameters,
        "licence": row.licence,
        "group": colour_of(row.kind, row.is_open),
        "kind": row.kind,
        "protocol": row.protocol.name,
        "day": row.day,
        "source": row.source,
        "remark": one.remark,
        "front": on_front,
    }


def report(
    board: Board, most: int | None, runs: Sequence[Measured], paths: ReportPaths, *, force: bool, quiet: bool
) -> None:
    """Write the files and name them, then print the table unless standard output is taken.

    Raises:
        UsageError: nothing can be plotted.
        InputError: the Markdown file has no markers.
        OutputError: a file cannot be written.
    """
    top, page_top = (TOP, 0) if most is None else (most, most)  # a page is searched and sorted, so it has all
    makers: dict[str, Maker] = {
        "json": lambda: board_json(board, top, runs),
        "csv": lambda: board_csv(board, top),
        "markdown": lambda: markdown.board_markdown(board, top),
        "html": lambda: page(board, runs, page_top),
        "plot": lambda: plot.to_plot(board, paths.plot or Path()),
    }
    whole = paths if str(paths.markdown) == "-" else paths._replace(markdown=None)  # of a file a block alone is ours
    write_reports(whole, makers, force=force)
    if paths.markdown is not None and whole.markdown is None:
        markdown.write_block(paths.markdown, markdown.board_markdown(board, top), create=True)
    for path in paths:
        if path is not None and str(path) != "-" and not quiet:
            complain(f"asr: {path}")
    if not quiet and not paths.to_stdout:
        from asrcli.leaderboard.terminal import show

        show(board, table_console(), top, runs)


def tables_json(found: Iterable[tuple[Version, Table]]) -> str:
    """Return the facts of tables as JSON."""
    facts = [
        {"name": one.name, "day": one.day, "revision": one.revision, "kind": one.kind, "title": one.title,
         "models": len(one.rows), "sets": [own.name for own in one.sets], "shipped": version.shipped,
         "path": str(version.path)}
        for version, one in found
    ]  # fmt: skip
    return json.dumps(facts, ensure_ascii=False, indent=1)
